"""The module ``zmq`` as far as a client needs it, in one process and in the bench's time.

A REQ socket behaves as ZeroMQ's: a request, then its reply, then the next; a request to an address where
nobody listens waits for ever.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Protocol, runtime_checkable

from .bench import Bench

REQ, LINGER, RCVTIMEO, POLLIN = 3, 17, 27, 1  # as in zmq.h


@runtime_checkable
class Replier(Protocol):
    """A twin that is reached by ZeroMQ: every request has one reply."""

    model: str
    resource_name: str
    bench: Bench
    #: s from a request to its reply
    latency: float

    def reply(self, request: bytes) -> bytes: ...
    def call_fails(self, call: str) -> bool: ...


class ZMQError(Exception):
    """What pyzmq raises."""


class Again(ZMQError):
    """Nothing came in time."""


class Socket:
    """``zmq.Socket`` of the kind REQ."""

    def __init__(self, twin: Replier) -> None:
        self._twin = twin
        self._listener: Replier | None = None
        self._reply: tuple[float, bytes] | None = None
        self._waiting = self.closed = False
        self._options: dict[int, int] = {RCVTIMEO: -1}

    def connect(self, addr: str) -> None:
        self._check()
        if addr != self._twin.resource_name and not addr.startswith("tcp://"):
            raise ZMQError("Invalid argument")
        self._listener = self._twin if addr == self._twin.resource_name else None

    def setsockopt(self, option: int, value: int) -> None:
        self._check()
        self._options[option] = value

    def send(self, data: bytes) -> None:
        self._check()
        if self._waiting:
            raise ZMQError("Operation cannot be accomplished in current state")
        self._waiting = True
        if self._listener is not None:
            twin = self._listener
            if twin.call_fails(data.decode("latin-1")):
                return  # no reply comes
            self._reply = (twin.bench.clock.now() + twin.latency, twin.reply(data))

    def send_string(self, u: str) -> None:
        self.send(u.encode())

    def poll(self, timeout: int | None = None, flags: int = POLLIN) -> int:
        """Wait at most *timeout* ms for the reply."""
        self._check()
        clock = self._twin.bench.clock
        left = self._reply[0] - clock.now() if self._reply else float("inf")
        if timeout is not None and timeout >= 0 and left > timeout / 1e3:
            clock.sleep(timeout / 1e3)
            return 0
        if self._reply is None:
            raise RuntimeError("a reply that never comes was waited for without a time-out")
        clock.sleep(left)
        return POLLIN

    def recv(self) -> bytes:
        self._check()
        if not self._waiting:
            raise ZMQError("Operation cannot be accomplished in current state")
        if not self.poll(self._options[RCVTIMEO]) or self._reply is None:
            raise Again("Resource temporarily unavailable")
        answer = self._reply[1]
        self._reply, self._waiting = None, False
        return answer

    def recv_string(self) -> str:
        return self.recv().decode()

    def close(self, linger: int | None = None) -> None:
        self.closed = True

    def _check(self) -> None:
        if self.closed:
            raise ZMQError("not a socket")


def zmq_module(twin: Replier) -> Any:
    """What plays ``zmq``, with *twin* listening at its resource name."""

    class Context:
        def socket(self, socket_type: int) -> Socket:
            if socket_type != REQ:
                raise ZMQError("Invalid argument")
            return Socket(twin)

        def term(self) -> None:
            """Sockets are closed by who made them."""

    return SimpleNamespace(
        Context=Context,
        REQ=REQ,
        LINGER=LINGER,
        RCVTIMEO=RCVTIMEO,
        POLLIN=POLLIN,
        ZMQError=ZMQError,
        Again=Again,
    )
