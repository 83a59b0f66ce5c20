"""Twins on real ZeroMQ sockets, and the driver through pyzmq."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import asdict
from types import SimpleNamespace

import pytest

from antistokes.cli import serve
from antistokes.instruments.clock import RealClock, VirtualClock
from antistokes.instruments.counters.idq_id900 import ID900
from antistokes.instruments.errors import DeviceTimeout, MissingDependency, Refused
from antistokes.simulated_hw import zmq_server
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.idq_id900 import ID900Twin
from antistokes.simulated_hw.waveform import PulseTrain
from antistokes.simulated_hw.zmq_server import ZmqServer

STATION = """
backend = "@sim"
[instruments.counter]
driver = "idq_id900"
resource = "tcp://192.168.1.50:5555"
[instruments.meter]
driver = "thorlabs_pm100d"
resource = "USB0::0x1313::0x8078::P0012345::INSTR"
"""

zmq = pytest.importorskip("zmq")


class Pulser:
    def pulses(self):
        return PulseTrain(1e-3, 1e-4)


def make_twin(clock=None) -> ID900Twin:
    bench = Bench(clock or RealClock(), None, None, OpticsSettings(), seed=1)
    bench.generator = Pulser()
    return ID900Twin("counter", bench)


@pytest.fixture
def server():
    with ZmqServer({"counter": make_twin(), "other": make_twin()}) as server:
        yield server
    assert not [thread for thread in threading.enumerate() if thread.name == "zmq server"]


@pytest.fixture
def client(server):
    """Makes clients of the first twin."""
    context = zmq.Context()
    context.linger = 0
    clients = []

    def client():
        clients.append(made := context.socket(zmq.REQ))
        made.rcvtimeo = 5000
        made.connect(server.endpoints[0].resource)
        return made

    yield client
    for each in clients:
        each.close()
    context.term()


def test_every_twin_has_an_endpoint_of_its_own(server):
    first, second = map(asdict, server.endpoints)
    port = first["port"]
    assert first == {
        "name": "counter",
        "model": "ID Quantique ID900",
        "resource": f"tcp://127.0.0.1:{port}",
        "host": "127.0.0.1",
        "port": port,
        "hislip": None,
    }
    assert second["port"] != port


def test_several_clients_get_their_own_replies(client):
    clients = [client() for _ in range(8)]
    for n, each in enumerate(clients, 1):
        each.send_string(f"HIST1:BCOU {n}")
    assert [each.recv_string() for each in clients] == [str(n) for n in range(1, 9)]


def test_a_client_that_goes_without_its_reply_disturbs_nobody(client):
    gone = client()
    gone.send_string("*IDN?")
    gone.close(0)
    other = client()
    for _ in range(10):
        other.send_string("*IDN?")
        assert "ID900" in other.recv_string()


def test_a_request_in_parts_has_one_reply(client):
    one = client()
    one.send_multipart([b"*ID", b"N?"])
    assert "ID900" in one.recv_string()


def test_what_is_no_zeromq_disturbs_nobody(server, client):
    with socket.create_connection((server.endpoints[0].host, server.endpoints[0].port)) as raw:
        raw.sendall(b"*IDN?\n" * 100)
        one = client()
        one.send_string("*IDN?")
        assert "ID900" in one.recv_string()


def test_the_driver_measures_through_pyzmq(server):
    driver = ID900(zmq, server.endpoints[0].resource, "counter")
    try:
        driver.bin_width, driver.bins = 10e-6, 200
        counts = driver.histogram(0.1)
        assert counts.shape == (200,)
        assert driver.triggers == pytest.approx(100, rel=0.1)
        assert driver.count_rate() == pytest.approx(50, abs=50)
    finally:
        driver.close()


def test_the_driver_goes_on_after_a_reply_that_did_not_come(server):
    driver = ID900(zmq, server.endpoints[0].resource, "counter", timeout=0.2)
    twin = server._twins["counter"]
    try:
        twin.bench.lock.acquire()  # a reply waits for it
        with pytest.raises(DeviceTimeout, match="counter: no answer to 'FIRST' within 0.2 s"):
            driver.ask("FIRST")
        twin.bench.lock.release()
        assert driver.ask("*IDN?").startswith("ID QUANTIQUE")
    finally:
        driver.close()


def test_it_can_be_stopped_twice_and_with_nothing_to_serve():
    server = ZmqServer({})
    assert server.start() == []
    server.stop()
    server.stop()


def test_an_address_that_cannot_be_had_is_refused():
    with pytest.raises(Refused, match="cannot listen on 192.0.2.1"):
        ZmqServer({"counter": make_twin()}, host="192.0.2.1").start()
    with pytest.raises(Refused, match="cannot listen on no.such.host.invalid"):
        ZmqServer({"counter": make_twin()}, host="no.such.host.invalid").start()


def test_a_bench_in_virtual_time_is_refused():
    with pytest.raises(ValueError, match="virtual time"):
        ZmqServer({"counter": make_twin(VirtualClock())})


def test_without_pyzmq_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "zmq", None)
    with pytest.raises(MissingDependency, match=r"needs the package 'pyzmq': pip install antistokes\[zmq\]"):
        ZmqServer({"counter": make_twin()}).start()
    monkeypatch.setattr(zmq_server.importlib.util, "find_spec", lambda name: None)
    assert not zmq_server.can_serve()


# -- antistokes serve -----------------------------------------------------------------------------------


@pytest.fixture
def served(tmp_path, monkeypatch, capsys):
    """Runs the command until it has said what it serves; *ask* is called with the lines of ``--json``."""
    (tmp_path / "lab.toml").write_text(STATION)

    def run(as_json, ask=lambda lines: None):
        @contextmanager
        def at_once():
            yield SimpleNamespace(get=lambda timeout: ask(capsys.readouterr().out.splitlines()))

        monkeypatch.setattr(serve, "_interruption", at_once)
        serve.serve(station=str(tmp_path / "lab.toml"), as_json=as_json)
        return capsys.readouterr().out

    return run


def test_the_command_offers_zeromq_beside_visa(served):
    def ask(lines):
        meter, counter, ready = map(json.loads, lines)
        assert list(counter) == list(meter)
        assert (meter["name"], counter["name"], counter["hislip"], ready) == (
            "meter",
            "counter",
            None,
            {"ready": True},
        )
        driver = ID900(zmq, counter["resource"], "counter")
        assert driver.identity().startswith("ID QUANTIQUE,ID900")
        driver.close()

    served(True, ask)


def test_the_command_says_what_it_lacks_for_zeromq(served, monkeypatch):
    monkeypatch.setattr(zmq_server, "can_serve", lambda: False)
    seen = []
    served(False, seen.extend)
    text = " ".join(" ".join(seen).split())
    assert "counter is not served: it needs the package 'pyzmq': pip install antistokes[zmq]" in text
    assert "Thorlabs PM100D" in text
    served(True, lambda lines: seen.append([json.loads(line).get("name") for line in lines]))
    assert seen[-1] == ["meter", None]
