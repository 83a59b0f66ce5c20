"""The virtual bench over TCP: every twin on a raw socket and, where messages have an end, on HiSLIP.

One thread serves all clients and sleeps until bytes come or an answer is due. Each connection is a
:class:`~antistokes.simulated_hw.twin.Line` of its own: an answer goes to the client whose message
caused it, also when it comes later, and is lost when that client has gone.
"""

from __future__ import annotations

import logging
import select
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType

from antistokes.instruments.errors import Refused

from .connection import Connection, RawTalk, Talk, Wire
from .hislip import Channel, Session
from .twin import Twin

log = logging.getLogger(__name__)

_MAX_CONNECTIONS = 256
#: s that a connection may be silent while others wait for its place: answered before, or never
_PATIENCE, _PATIENCE_AT_FIRST = 600.0, 10.0
_TOLD_EVERY = 10.0  # s, that it is full


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one instrument is reached.

    :param resource: VISA resource name of its raw socket at *host* and *port*, or its ZeroMQ address
    :param hislip: VISA resource name for HiSLIP; None for ZeroMQ, and for an instrument on a serial line,
        whose messages have no end mark
    """

    name: str
    model: str
    resource: str
    host: str
    port: int
    hislip: str | None


class TwinServer:
    """Serves twins until :meth:`stop`; also a context manager.

    :param twins: by the instrument's name, on a bench in real time
    :param host: address to listen on; anybody who reaches it controls the instruments
    :param port: first port; the others follow. 0: any free ports
    """

    def __init__(self, twins: Mapping[str, Twin], host: str = "127.0.0.1", port: int = 0) -> None:
        if any(twin.clock.virtual for twin in twins.values()):
            raise ValueError("a bench in virtual time cannot be served: nobody advances its clock")
        self.endpoints: list[Endpoint] = []
        self._twins, self._host, self._port = dict(twins), host, port
        self._connections: set[Connection] = set()
        self.expecting: set[Connection] = set()
        self._listeners: list[socket.socket] = []
        self._told_at = -_TOLD_EVERY
        self._thread: threading.Thread | None = None

    def start(self) -> list[Endpoint]:
        """Listen. :raises Refused: an address or port cannot be had"""
        self.selector: selectors.BaseSelector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._stopping = False
        self.selector.register(self._woken, selectors.EVENT_READ, self._wake)
        try:
            self.endpoints = [self._offer(name, twin) for name, twin in self._twins.items()]
        except BaseException:
            self._close()
            raise
        self._thread = threading.Thread(target=self._run, name="twin server", daemon=True)
        self._thread.start()
        return self.endpoints

    def stop(self) -> None:
        """Close everything; returns when the thread has ended."""
        if self._thread is not None:
            self._waker.send(b"\0")
            self._thread.join()
            self._thread = None

    def __enter__(self) -> TwinServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def forget(self, connection: Connection) -> None:
        """*connection* is closed."""
        self._connections.discard(connection)
        self.expecting.discard(connection)

    # -- the loop ---------------------------------------------------------------------------------

    def _offer(self, name: str, twin: Twin) -> Endpoint:
        port = self._listen(partial(RawTalk, twin))
        hislip = None
        if not (twin.resource_name or "").startswith("ASRL"):
            sessions: dict[int, Session] = {}
            number = self._listen(partial(Channel, twin, sessions))
            hislip = f"TCPIP::{self._host}::hislip0,{number}::INSTR"
        return Endpoint(name, twin.model, f"TCPIP::{self._host}::{port}::SOCKET", self._host, port, hislip)

    def _listen(self, speak: Callable[[Wire], Talk]) -> int:
        wanted = self._port + len(self._listeners) if self._port else 0
        try:
            listener = socket.create_server((self._host, wanted), backlog=_MAX_CONNECTIONS)
        except (OSError, OverflowError) as error:
            raise Refused(f"cannot listen on {self._host}:{wanted}: {error}") from None
        self._listeners.append(listener)
        listener.setblocking(False)
        self.selector.register(listener, selectors.EVENT_READ, partial(self._accept, listener, speak))
        port: int = listener.getsockname()[1]
        return port

    def _accept(self, listener: socket.socket, speak: Callable[[Wire], Talk], events: int) -> None:
        try:
            client, _ = listener.accept()
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except OSError as error:
            # the client has gone already
            log.debug("nobody to accept: %s", error)
            return
        if len(self._connections) >= _MAX_CONNECTIONS and not self._make_room():
            client.close()
            return
        connection = Connection(self, client, speak)
        self._connections.add(connection)
        connection.work()

    def _make_room(self) -> bool:
        """Drop who has been silent for longest, and for long: first of those that were never answered."""
        idlest = min(self._connections, key=lambda each: (each.answered, each.heard_at))
        silent = time.monotonic() - idlest.heard_at
        full = silent < (_PATIENCE if idlest.answered else _PATIENCE_AT_FIRST)
        if time.monotonic() > self._told_at + _TOLD_EVERY:
            self._told_at = time.monotonic()
            whose = "was turned away" if full else f"who was silent for {silent:.0f} s made room for another"
            log.warning("a client %s: %d are connected", whose, _MAX_CONNECTIONS)
        if not full:
            idlest.close()
        return not full

    def _wake(self, events: int) -> None:
        self._stopping = True

    def _run(self) -> None:
        try:
            while not self._stopping:
                for key, events in self._wait():
                    key.data(events)
                for connection in tuple(self.expecting):
                    connection.work()
        finally:
            self._close()

    def _wait(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Events, or none when an answer is due."""
        left = [c.seconds_left() or 0.0 for c in self.expecting]
        timeout = min(left) if left else None
        if timeout and hasattr(self.selector, "fileno"):
            # epoll counts whole milliseconds, which a query notices; select does not
            select.select([self.selector], [], [], timeout)
            timeout = 0
        return self.selector.select(timeout)

    def _close(self) -> None:
        for connection in tuple(self._connections):
            connection.close()
        for each in (*self._listeners, self._waker, self._woken):
            each.close()
        self._listeners.clear()
        self.selector.close()
