"""The adapter of all drivers on a real socket whose other end misbehaves."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from antistokes.instruments.errors import BadAnswer, ConnectionFailed, DeviceTimeout
from antistokes.instruments.instrument import VisaInstrument

_TIMEOUT = 0.15  # s


class Meter(VisaInstrument):
    """Anything that is asked in lines."""

    MODEL = "Meter"


class Peer:
    """Accepts one connection and does what it is told when a line comes."""

    def __init__(self, act: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._act = act
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    @property
    def resource(self) -> str:
        return f"TCPIP::127.0.0.1::{self._listener.getsockname()[1]}::SOCKET"

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        with client:
            try:
                while client.recv(4096):
                    self._act(client)
            except OSError:
                return

    def close(self) -> None:
        self._listener.close()
        self.thread.join()


@pytest.fixture
def connect() -> Iterator[Callable[..., Meter]]:
    opened: list[tuple[Meter, Peer]] = []

    def connect(act: Callable[[socket.socket], None]) -> Meter:
        peer = Peer(act)
        meter = Meter(
            peer.resource,
            "meter",
            visa_library="@py",
            timeout=_TIMEOUT * 1000,
            read_termination="\n",
            write_termination="\n",
        )
        opened.append((meter, peer))
        return meter

    yield connect
    for meter, peer in opened:
        meter.close()
        peer.close()


def endless(client: socket.socket) -> None:
    never = threading.Event()
    while not never.wait(0.001):
        client.sendall(b"x" * 10)


def test_a_peer_that_closes_is_said_at_once_and_ever_after(connect: Callable[..., Meter]) -> None:
    meter = connect(lambda client: client.shutdown(socket.SHUT_RDWR))
    begin = time.monotonic()
    for _ in range(3):
        with pytest.raises(ConnectionFailed, match=r"^meter: connection lost at '(P\?|clear)': "):
            meter.ask("P?")
    assert time.monotonic() - begin < _TIMEOUT


def test_half_an_answer_is_shown_when_its_time_is_over(connect: Callable[..., Meter]) -> None:
    meter = connect(lambda client: client.sendall(b"1.2"))
    with pytest.raises(
        DeviceTimeout, match=r"^meter: no answer to 'P\?' within 0\.15 s; received so far: b'1\.2'$"
    ):
        meter.ask("P?")


def test_an_answer_without_end_ends_with_the_time_out(connect: Callable[..., Meter]) -> None:
    meter = connect(endless)
    for _ in range(2):
        begin = time.monotonic()
        with pytest.raises(DeviceTimeout, match="^meter: no answer to "):
            meter.ask("P?")
        assert time.monotonic() - begin < 10 * _TIMEOUT


def test_bytes_that_do_not_come_end_with_the_time_out(connect: Callable[..., Meter]) -> None:
    meter = connect(lambda client: client.sendall(b"#3"))
    meter.write("CURV?")
    with pytest.raises(DeviceTimeout, match=r"received so far: b'#3'"):
        meter.read_bytes(10)


def test_what_came_unasked_is_no_answer(connect: Callable[..., Meter]) -> None:
    meter = connect(lambda client: client.sendall(b"1.5\n9.9\n"))
    assert meter.values("P?") == [1.5]
    assert meter.values("P?") == [1.5]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (b"nan\n", "'nan', not a number"),
        (b"inf\n", "'inf', not a number"),
        (b"1,2\n", "'1.0,2.0', 2 values where 1 should be"),
        (b"\n", "'', not a number"),
    ],
)
def test_only_one_finite_number_is_a_number(
    connect: Callable[..., Meter], answer: bytes, problem: str
) -> None:
    meter = connect(lambda client: client.sendall(answer))
    with pytest.raises(BadAnswer) as bad:
        meter.values("P?")
    assert str(bad.value) == f"meter: 'P?' was answered by {problem}"
