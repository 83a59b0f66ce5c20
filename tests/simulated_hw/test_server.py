"""The virtual bench over TCP, met by pyvisa-py, by pymeasure, and by clients that behave badly."""

import json
import logging
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import closing, contextmanager, suppress

import pytest
import pyvisa
from pymeasure.instruments.thorlabs import ThorlabsPM100USB
from pyvisa_py.protocols import hislip as client

from antistokes.instruments.clock import RealClock, VirtualClock
from antistokes.instruments.errors import Refused
from antistokes.simulated_hw import connection, hislip
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.server import TwinServer
from antistokes.simulated_hw.twin import Twin, answers
from antistokes.simulated_hw.twins.thorlabs_pm100d import PM100DTwin

USB = "USB0::0x1313::0x8078::P0012345::INSTR"
Kind = hislip.Kind


class Parrot(Twin):
    """Says what it is told."""

    model = "Parrot 1"
    latency = 0.0

    @answers("say (.*)")
    def say(self, text):
        return text

    @answers("go (.*)")
    def go(self, text):
        self.send(b"going\n")
        self.send(b"there " + text.encode() + b"\n", 0.02)

    @answers("slow (.*)")
    def slow(self, text):
        self.take_time(0.05)
        return text

    @answers("never")
    def never(self):
        self.take_time(3600)
        return "too late"

    @answers(r"block (\d+)")
    def block(self, size):
        data = bytes(range(256)) * (int(size) // 256)
        return b"#8%08d" % len(data) + data + b"\n"

    @answers("break")
    def fail(self):
        raise ZeroDivisionError("a fault in the twin")


def parrot(clock=None, resource=USB):
    twin = Parrot("parrot", Bench(clock or RealClock(), None, None, OpticsSettings(), 0))
    twin.resource_name = resource
    return twin


@pytest.fixture
def server():
    with TwinServer({"parrot": parrot()}) as server:
        yield server
    assert not [thread for thread in threading.enumerate() if thread.name == "twin server"]


@pytest.fixture
def endpoint(server):
    return server.endpoints[0]


@contextmanager
def raw(endpoint):
    """A plain socket and a file to read lines from it."""
    with (
        socket.create_connection((endpoint.host, endpoint.port), timeout=10) as sock,
        sock.makefile("rb") as file,
    ):
        yield sock, file


def hislip_port(endpoint):
    return int(endpoint.hislip.split(",")[1].split(":")[0])


@contextmanager
def hislip_socket(endpoint):
    with socket.create_connection((endpoint.host, hislip_port(endpoint)), timeout=10) as sock:
        yield sock


@contextmanager
def hislip_client(endpoint):
    with closing(client.Instrument(endpoint.host, port=hislip_port(endpoint), timeout=10)) as instrument:
        yield instrument


def flood(sock, data):
    """Send until the server takes no more, at most 64 MB."""
    sock.settimeout(0.05)
    with suppress(TimeoutError):
        for _ in range(64_000_000 // len(data)):
            sock.sendall(data)


def message(kind, control=0, parameter=0, payload=b""):
    return hislip.HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload


def receive(sock):
    """(type, control code, parameter, payload) of the next message."""
    header = client.receive_exact(sock, hislip.HEADER.size)
    _, kind, control, parameter, size = hislip.HEADER.unpack(header)
    return kind, control, parameter, bytes(client.receive_exact(sock, size))


@contextmanager
def opened(name, **settings):
    resource = pyvisa.ResourceManager("@py").open_resource(name, timeout=10000, **settings)
    with closing(resource):
        yield resource


@contextmanager
def both_ways(endpoint):
    settings = {"read_termination": "\n", "write_termination": "\n"}
    with opened(endpoint.resource, **settings) as plain, opened(endpoint.hislip, **settings) as framed:
        yield plain, framed


# -- clients that behave --------------------------------------------------------------------------


def test_an_endpoint_says_where_its_instrument_is(endpoint):
    assert (endpoint.name, endpoint.model, endpoint.host) == ("parrot", "Parrot 1", "127.0.0.1")
    assert endpoint.resource == f"TCPIP::127.0.0.1::{endpoint.port}::SOCKET"
    assert endpoint.hislip.startswith("TCPIP::127.0.0.1::hislip0,")


def test_a_serial_instrument_has_no_hislip():
    with TwinServer({"parrot": parrot(resource="ASRL1::INSTR")}) as server:
        assert server.endpoints[0].hislip is None


def test_pyvisa_asks_over_both_protocols(endpoint):
    with both_ways(endpoint) as resources:
        for resource in resources:
            assert [resource.query(f"say {i}") for i in range(20)] == [str(i) for i in range(20)]


@pytest.mark.parametrize("size", [0, 256, 20 * 1024, 3 << 20])
def test_binary_blocks_come_whole_over_both_protocols(endpoint, size):
    with both_ways(endpoint) as resources:
        for resource in resources:
            resource.read_termination = None
            resource.write(f"block {size}")
            assert resource.read_bytes(size + 11)[10:-1] == bytes(range(256)) * (size // 256)


def test_long_messages_arrive_whole_over_both_protocols(endpoint):
    text = "x" * (3 << 20)
    with both_ways(endpoint) as resources:
        for resource in resources:
            assert resource.query(f"say {text}") == text


def test_pymeasure_drives_the_power_meter_over_both_protocols():
    twin = PM100DTwin("meter", Bench(RealClock(), None, None, OpticsSettings(), 0))
    twin.resource_name = USB
    with TwinServer({"meter": twin}) as server:
        for name in (server.endpoints[0].resource, server.endpoints[0].hislip):
            with pytest.warns(FutureWarning):
                meter = ThorlabsPM100USB(
                    name, visa_library="@py", read_termination="\n", write_termination="\n"
                )
            meter.wavelength = 700
            assert "S120C" in meter.sensor_name
            assert meter.wavelength == 700
            assert abs(meter.power) < 1e-6
            meter.adapter.connection.close()


def test_a_message_that_comes_later_is_delivered_unasked(endpoint):
    with raw(endpoint) as (sock, lines):
        sock.sendall(b"go home\n")
        assert [lines.readline(), lines.readline()] == [b"going\n", b"there home\n"]


def test_each_client_of_an_instrument_gets_its_own_answers(endpoint):
    wrong = []

    def ask(name, query):
        for i in range(1000):
            if (answer := query(f"say {name}{i}")) != f"{name}{i}":
                wrong.append(answer)

    with both_ways(endpoint) as (plain, framed), both_ways(endpoint) as (plain2, framed2):
        clients = enumerate([plain, framed, plain2, framed2])
        threads = [threading.Thread(target=ask, args=(f"{i}:", c.query)) for i, c in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_late_answer_goes_to_the_client_that_asked(endpoint):
    with raw(endpoint) as (one, lines), raw(endpoint) as (other, other_lines):
        one.sendall(b"slow one\n")
        other.sendall(b"slow other\n")
        assert (lines.readline(), other_lines.readline()) == (b"one\n", b"other\n")


def test_half_a_message_waits_for_the_rest_of_its_own_client(endpoint):
    with raw(endpoint) as (one, lines), raw(endpoint) as (other, other_lines):
        one.sendall(b"say o")
        other.sendall(b"say other\n")
        assert other_lines.readline() == b"other\n"
        one.sendall(b"ne\r\n")
        assert lines.readline() == b"one\n"


def test_a_client_that_has_finished_asking_still_gets_its_answer(endpoint):
    with raw(endpoint) as (sock, lines):
        sock.sendall(b"slow goodbye\n")
        sock.shutdown(socket.SHUT_WR)
        assert lines.read() == b"goodbye\n"


def test_an_idle_server_waits_for_nothing(server, endpoint):
    with both_ways(endpoint) as resources:
        for resource in resources:
            resource.query("say x")
    with raw(endpoint) as (sock, lines):
        sock.sendall(b"say x\nsay y\n")
        assert lines.readline() + lines.readline() == b"x\ny\n"
        sock.sendall(b"say z\n")
        assert lines.readline() == b"z\n"
        assert len(server._connections) == 1
        assert server.expecting == set()


# -- HiSLIP ---------------------------------------------------------------------------------------


def test_status_byte_tells_that_an_answer_waits(endpoint):
    with opened(endpoint.hislip, read_termination="\n") as resource:
        assert resource.read_stb() == 0
        resource.write("say x")
        while not resource.read_stb():
            continue
        assert resource.read_stb() == 0x10
        assert resource.read() == "x"
        assert (resource.read_stb(), resource.read_stb()) == (0, 0)


def test_device_clear_forgets_the_answer_under_way(endpoint):
    with opened(endpoint.hislip, read_termination="\n") as resource:
        resource.write("never")
        resource.clear()
        assert resource.query("say x") == "x"


def test_a_new_message_replaces_an_answer_under_way(endpoint):
    with opened(endpoint.hislip, read_termination="\n") as resource:
        resource.write("never")
        assert resource.query("say x") == "x"


def test_messages_sent_while_clearing_are_dropped(endpoint):
    with hislip_client(endpoint) as instrument:
        feature = instrument.async_device_clear()
        instrument.send(b"say dropped")
        instrument.device_clear_complete(feature)
        instrument.send(b"say x")
        assert instrument.receive() == b"x\n"


def test_device_clear_sends_nothing_later(endpoint):
    with hislip_client(endpoint) as instrument, raw(endpoint) as (sock, lines):
        instrument.send(b"slow x")
        instrument.device_clear()
        sock.sendall(b"slow y\n")
        assert lines.readline() == b"y\n"
        assert select.select([instrument._sync], [], [], 0)[0] == []


def test_an_answer_under_way_survives_a_trigger(endpoint):
    with hislip_client(endpoint) as instrument:
        instrument.send(b"slow x")
        instrument.trigger()
        assert instrument.receive() == b"x\n"


def test_a_message_in_parts_is_one_message(endpoint):
    with hislip_client(endpoint) as instrument:
        instrument._send_data_packet(b"say a")
        instrument._send_data_packet(b"b\nsay c")
        instrument._send_data_end_packet(b"d")
        assert instrument.receive() == b"ab\n"
        # pyvisa-py takes what follows the end of an answer for another message's
        assert receive(instrument._sync)[3] == b"cd\n"


def test_answers_come_in_parts_no_larger_than_the_client_takes(endpoint):
    with hislip_client(endpoint) as instrument:
        instrument.max_msg_size = 300
        instrument._message_id = 0x1234
        instrument._send_data_end_packet(b"say " + b"x" * 600)
        parts = [receive(instrument._sync) for _ in range(3)]
    assert [(kind, parameter, len(data)) for kind, _, parameter, data in parts] == [
        (Kind.DATA, 0x1234, 284),
        (Kind.DATA, 0x1234, 284),
        (Kind.DATA_END, 0x1234, 33),
    ]


def test_locks_remote_control_and_trigger_are_accepted(endpoint):
    with hislip_client(endpoint) as instrument:
        assert instrument.async_lock_request(1.0, "key") == "success"
        assert instrument.async_lock_info() == 0
        instrument.trigger()
        instrument.async_remote_local_control("enableAndGotoRemote")
        assert instrument.async_lock_release() == "success"
        instrument.send(b"say x")
        assert instrument.receive() == b"x\n"


def test_overlap_mode_and_later_versions_are_not_offered(endpoint):
    with hislip_socket(endpoint) as sock:
        sock.sendall(message(Kind.INITIALIZE, 1, 0x0200 << 16, b"hislip0"))
        kind, control, parameter, _ = receive(sock)
    assert (kind, control, parameter >> 16) == (Kind.INITIALIZE_RESPONSE, 0, 0x0100)


def test_losing_one_channel_closes_the_other(endpoint):
    with hislip_client(endpoint) as instrument:
        instrument._async.shutdown(socket.SHUT_RDWR)
        assert instrument._sync.recv(1) == b""


# -- clients that do not --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", hislip.Fatal.POORLY_FORMED_HEADER),
        (message(Kind.DATA_END, payload=b"say x"), hislip.Fatal.INVALID_INITIALIZATION),
        (message(Kind.ASYNC_INITIALIZE, 0, 77), hislip.Fatal.INVALID_INITIALIZATION),
    ],
)
def test_a_bad_start_is_a_fatal_error(endpoint, data, code):
    with hislip_socket(endpoint) as sock:
        sock.sendall(data)
        assert receive(sock)[:2] == (Kind.FATAL_ERROR, code)
        assert sock.recv(1) == b""


def test_data_without_an_asynchronous_channel_is_a_fatal_error(endpoint):
    with hislip_socket(endpoint) as sock:
        sock.sendall(message(Kind.INITIALIZE, 0, 0x0100 << 16, b"hislip0"))
        receive(sock)
        sock.sendall(message(Kind.DATA_END, payload=b"say x"))
        assert receive(sock)[:2] == (Kind.FATAL_ERROR, hislip.Fatal.CHANNELS_NOT_ESTABLISHED)


def test_a_session_has_one_asynchronous_channel(endpoint):
    with hislip_client(endpoint), hislip_socket(endpoint) as sock:
        sock.sendall(message(Kind.ASYNC_INITIALIZE, 0, 1))
        assert receive(sock)[:2] == (Kind.FATAL_ERROR, hislip.Fatal.INVALID_INITIALIZATION)


def test_a_fatal_error_of_the_client_ends_both_channels(endpoint):
    with hislip_client(endpoint) as instrument:
        instrument.fatal_error("Unidentified error")
        assert instrument._sync.recv(1) == b""
        assert instrument._async.recv(1) == b""


def test_a_bad_header_ends_both_channels(endpoint):
    with hislip_client(endpoint) as instrument:
        instrument._sync.sendall(b"x" * 16)
        assert receive(instrument._sync)[:2] == (Kind.FATAL_ERROR, hislip.Fatal.POORLY_FORMED_HEADER)
        assert instrument._async.recv(1) == b""


def test_an_unknown_message_is_refused_and_the_session_goes_on(endpoint):
    with hislip_client(endpoint) as instrument:
        instrument._sync.sendall(message(99, payload=b"what"))
        assert receive(instrument._sync)[:2] == (Kind.ERROR, hislip.Fault.UNRECOGNIZED_MESSAGE_TYPE)
        instrument.send(b"say x")
        assert instrument.receive() == b"x\n"


def test_a_wrong_size_of_the_message_size_is_refused(endpoint):
    with hislip_client(endpoint) as instrument:
        instrument._async.sendall(message(Kind.ASYNC_MAX_MESSAGE_SIZE, payload=b"12"))
        assert receive(instrument._async)[:2] == (Kind.ERROR, hislip.Fault.UNIDENTIFIED)


@pytest.mark.parametrize("parts", [1, 2])
def test_a_message_that_is_too_large_is_refused_and_dropped(endpoint, monkeypatch, parts):
    monkeypatch.setattr(hislip, "MAX_MESSAGE", 1000)
    with hislip_client(endpoint) as instrument:
        for _ in range(parts):
            instrument._send_data_packet(b"say " + b"x" * (1200 // parts))
        assert receive(instrument._sync)[:2] == (Kind.ERROR, hislip.Fault.MESSAGE_TOO_LARGE)
        instrument._send_data_end_packet(b"\nsay no")
        instrument.send(b"say x")
        assert instrument.receive() == b"x\n"


def test_a_huge_length_costs_no_memory_and_no_other_client(endpoint):
    with hislip_client(endpoint) as instrument, raw(endpoint) as (sock, lines):
        instrument._sync.sendall(struct.pack("!2sBBIQ", b"HS", Kind.DATA, 0, 0, 1 << 63))
        assert receive(instrument._sync)[:2] == (Kind.ERROR, hislip.Fault.MESSAGE_TOO_LARGE)
        sock.sendall(b"say x\n")
        assert lines.readline() == b"x\n"


def test_a_raw_message_without_end_is_cut_off(endpoint, monkeypatch, caplog):
    monkeypatch.setattr(connection, "MAX_MESSAGE", 1000)
    with raw(endpoint) as (sock, lines):
        sock.sendall(b"x" * 1001)
        assert lines.read() == b""
    assert "no end" in caplog.text


def test_clients_that_vanish_leave_no_trace(server, endpoint, caplog, capfd):
    caplog.set_level(logging.INFO)
    reset = struct.pack("ii", 1, 0)
    for port in (endpoint.port, hislip_port(endpoint)):
        for data in (b"", b"say", b"slow x\nslow y\n", b"block 1000000\n", message(Kind.INITIALIZE)):
            sock = socket.create_connection((endpoint.host, port))
            sock.sendall(data)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            sock.close()
    with raw(endpoint) as (sock, lines):
        sock.sendall(b"slow x\n")  # slower than what the others left behind
        assert lines.readline() == b"x\n"
        assert len(server._connections) == 1
    assert caplog.text == ""
    assert capfd.readouterr().err == ""


def test_a_client_that_does_not_read_is_not_heard_and_holds_up_nobody(server, endpoint):
    with raw(endpoint) as (deaf, _):
        flood(deaf, b"say " + b"x" * 1000 + b"\n")
        [stuck] = server._connections
        with raw(endpoint) as (sock, lines):
            sock.sendall(b"say x\n")
            assert lines.readline() == b"x\n"
            assert 0 < len(stuck._unsent) < 2 << 20


def test_a_client_that_does_not_wait_is_not_heard_and_holds_up_nobody(server, endpoint):
    with raw(endpoint) as (hasty, _):
        flood(hasty, b"never\n" * 1000)
        [stuck] = server._connections
        with raw(endpoint) as (sock, lines):
            sock.sendall(b"say x\n")
            assert lines.readline() == b"x\n"
            assert stuck._talk._line.waiting() < 1000


def test_many_connections_are_served_or_turned_away(endpoint, caplog):
    first, *others = [
        socket.create_connection((endpoint.host, endpoint.port), timeout=10) for _ in range(300)
    ]
    with first:
        first.sendall(b"say x\n")
        assert first.recv(10) == b"x\n"
        assert others[-1].recv(10) == b""
        for sock in others:
            sock.close()
        # answered after the server has noticed that the others are gone
        first.sendall(b"slow x\n")
        assert first.recv(10) == b"x\n"
    with raw(endpoint) as (sock, lines):
        sock.sendall(b"say x\n")
        assert lines.readline() == b"x\n"
    assert "turned away" in caplog.text


def test_a_fault_in_a_twin_is_logged_and_costs_only_its_client(endpoint, caplog):
    with raw(endpoint) as (one, lines), raw(endpoint) as (other, other_lines):
        one.sendall(b"break\n")
        assert lines.read() == b""
        other.sendall(b"say x\n")
        assert other_lines.readline() == b"x\n"
    assert "a fault in the twin" in caplog.text


# -- starting and stopping ------------------------------------------------------------------------


def test_stopping_drops_clients_and_closes_ports():
    server = TwinServer({"parrot": parrot()})
    [endpoint] = server.start()
    with raw(endpoint) as (sock, lines):
        sock.sendall(b"say x\nnever\n")
        assert lines.readline() == b"x\n"
        server.stop()
        assert lines.read() == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((endpoint.host, endpoint.port))
    server.stop()
    [endpoint] = server.start()
    with raw(endpoint) as (sock, lines):
        sock.sendall(b"say again\n")
        assert lines.readline() == b"again\n"
    server.stop()


def test_ports_follow_the_first_one_when_it_is_given(endpoint):
    with pytest.raises(Refused, match=str(endpoint.port)):
        TwinServer({"parrot": parrot()}, port=endpoint.port).start()


def test_a_bench_in_virtual_time_is_not_served():
    with pytest.raises(ValueError, match="virtual time"):
        TwinServer({"parrot": parrot(VirtualClock())})


@contextmanager
def command(tmp_path, *arguments):
    """``antistokes serve`` in a process of its own, ended at the end."""
    station = tmp_path / "lab.toml"
    station.write_text(
        f'backend = "@sim"\n[instruments.meter]\ndriver = "thorlabs_pm100d"\nresource = "{USB}"\n'
    )
    program = [sys.executable, "-W", "error", "-m", "antistokes.cli", "serve", "--station", station]
    pipe = subprocess.PIPE
    process = subprocess.Popen([*program, *arguments], stdout=pipe, stderr=pipe, text=True, encoding="utf-8")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_prints_json_lines_and_runs_until_interrupted(tmp_path, number):
    with command(tmp_path, "--json") as process:
        instrument, ready = json.loads(process.stdout.readline()), json.loads(process.stdout.readline())
        assert list(instrument) == ["name", "model", "resource", "host", "port", "hislip"]
        assert (instrument["name"], instrument["model"], ready) == (
            "meter",
            "Thorlabs PM100D",
            {"ready": True},
        )
        with opened(instrument["hislip"]) as meter:
            assert meter.query("*IDN?").startswith("Thorlabs,PM100D")
        process.send_signal(number)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


def test_the_command_warns_when_others_can_reach_it(tmp_path):
    with command(tmp_path, "--host", "0.0.0.0") as process:
        assert "anybody who reaches 0.0.0.0" in process.stderr.readline()
        assert "simulated" in process.stdout.readline()
