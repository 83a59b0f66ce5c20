"""ZeroMQ in one process: the twin's module behaves as pyzmq, with somebody listening and without."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.simulated_hw.faulty_messages import SdkTwin
from antistokes.simulated_hw.zmq_sockets import Replier, zmq_module


class Echo(SdkTwin):
    model, latency, resource_name = "echo", 0.25, "tcp://127.0.0.1:5555"

    def __init__(self):
        self.bench = SimpleNamespace(clock=VirtualClock())

    def reply(self, request):
        return request + b"!"


@pytest.fixture(params=["ours", "pyzmq"])
def wire(request):
    """(module, address where somebody says everything again)."""
    if request.param == "ours":
        echo = Echo()
        yield zmq_module(echo), echo.resource_name
        return
    zmq = pytest.importorskip("zmq")
    context = zmq.Context()
    listener = context.socket(zmq.REP)
    port = listener.bind_to_random_port("tcp://127.0.0.1")

    def answer():
        while (message := listener.recv()) != b"end":
            listener.send(message + b"!")
        listener.send(b"")

    thread = threading.Thread(target=answer)
    thread.start()
    yield zmq, f"tcp://127.0.0.1:{port}"
    last = context.socket(zmq.REQ)
    last.connect(f"tcp://127.0.0.1:{port}")
    last.send(b"end")
    last.recv()
    thread.join()
    context.destroy(0)


@pytest.fixture
def socket(wire):
    zmq, address = wire
    context = zmq.Context()
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(address)
    yield socket
    socket.close()
    context.term()


def test_a_request_has_a_reply(wire, socket):
    socket.send_string("a")
    assert socket.poll(1000) == wire[0].POLLIN
    assert socket.recv() == b"a!"
    socket.send(b"b")
    assert socket.recv_string() == "b!"


def test_request_and_reply_take_turns(wire, socket):
    with pytest.raises(wire[0].ZMQError, match="current state"):
        socket.recv()
    socket.send(b"a")
    with pytest.raises(wire[0].ZMQError, match="current state"):
        socket.send(b"b")


def test_where_nobody_listens_nothing_comes(wire):
    zmq, _ = wire
    context = zmq.Context()
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect("tcp://127.0.0.1:9")
    socket.send(b"a")
    assert socket.poll(10) == 0
    socket.setsockopt(zmq.RCVTIMEO, 10)
    with pytest.raises(zmq.Again):
        socket.recv()
    socket.close()
    context.term()


def test_what_is_no_address_is_refused_and_so_is_a_closed_socket(wire):
    zmq, address = wire
    context = zmq.Context()
    socket = context.socket(zmq.REQ)
    with pytest.raises(zmq.ZMQError):
        socket.connect("USB0::1::INSTR")
    socket.close()
    assert socket.closed
    with pytest.raises(zmq.ZMQError):
        socket.connect(address)
    context.term()


def test_a_reply_takes_its_time_by_the_benchs_clock():
    echo = Echo()
    assert isinstance(echo, Replier)
    zmq = zmq_module(echo)
    socket = zmq.Context().socket(zmq.REQ)
    socket.connect(echo.resource_name)
    socket.send(b"a")
    assert socket.poll(100) == 0
    assert echo.bench.clock.now() == pytest.approx(0.1)
    assert socket.poll(1000) == zmq.POLLIN
    assert echo.bench.clock.now() == pytest.approx(0.25)


def test_waiting_for_ever_is_refused():
    zmq = zmq_module(Echo())
    socket = zmq.Context().socket(zmq.REQ)
    socket.connect("tcp://127.0.0.1:9")
    socket.send(b"a")
    with pytest.raises(RuntimeError, match="without a time-out"):
        socket.recv()


def test_only_requests_are_played():
    zmq = zmq_module(Echo())
    with pytest.raises(zmq.ZMQError):
        zmq.Context().socket(4)
