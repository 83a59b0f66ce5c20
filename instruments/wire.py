"""The adapter of all drivers on VISA: pymeasure's, without what hides a fault.

An answer cut short is refused; an answer without end, and a peer that has gone, end in an error within the
time-out (pyvisa-py 0.8 waits on sockets for as long as anything, or nothing at all, can be received); what
came unasked is forgotten before the next question.
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import Any

from pymeasure.adapters import VISAAdapter
from pyvisa.constants import BufferOperation, InterfaceType

_MOST = 1 << 20  # bytes that are forgotten at a time: somebody may never stop


class CutShort(Exception):
    """An answer without the end that every answer of this device has.

    :param received: what came
    """

    def __init__(self, received: str) -> None:
        self.received = received
        super().__init__(f"{received!r} has no end")


class NoAnswer(Exception):
    """Nothing, or not enough, came in time.

    :param received: what came
    """

    def __init__(self, received: bytes) -> None:
        self.received = received
        super().__init__(f"{received!r} is not enough")


class SocketLine:
    """What is received on a socket, with time-outs that end.

    :raises NoAnswer: not enough in time
    :raises ConnectionResetError: the other end has closed the connection
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = bytearray()

    def read_until(self, end: bytes, seconds: float) -> bytes:
        """Up to and including *end*."""
        deadline = time.monotonic() + seconds
        searched = 0
        while (position := self._buffer.find(end, searched)) < 0:
            searched = max(0, len(self._buffer) - len(end) + 1)
            self._receive(deadline)
        return self._take(position + len(end))

    def read(self, count: int, seconds: float) -> bytes:
        """*count* bytes."""
        deadline = time.monotonic() + seconds
        while len(self._buffer) < count:
            self._receive(deadline)
        return self._take(count)

    def forget(self) -> None:
        """Drop what has arrived."""
        self._buffer.clear()
        dropped = 0
        while dropped < _MOST and select.select([self._socket], [], [], 0)[0]:
            dropped += len(self._chunk())

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _receive(self, deadline: float) -> None:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self._socket], [], [], left)[0]:
            raise NoAnswer(self._take(len(self._buffer)))
        self._buffer += self._chunk()

    def _chunk(self) -> bytes:
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ConnectionResetError("the other end has closed the connection")
        return chunk


class WireAdapter(VISAAdapter):
    """pymeasure's adapter; *adapter* is a VISA resource name."""

    def __init__(self, resource_name: str, visa_library: Any = "", **connection: Any) -> None:
        super().__init__(resource_name, visa_library, **connection)
        for handler in self.log.handlers[1:]:  # pymeasure adds one for each adapter that was ever made
            self.log.removeHandler(handler)
        opened: Any = self.connection
        self._line = _socket_line(opened)
        self._stream = opened.resource_class == "SOCKET" or opened.interface_type == InterfaceType.asrl

    def forget_unasked(self) -> None:
        """Drop what has arrived without a question. A message-based device drops it by itself."""
        if self._stream:
            self.flush_read_buffer()

    def flush_read_buffer(self) -> None:
        connection: Any = self.connection
        if self._line is not None:
            self._line.forget()
            return
        with contextlib.suppress(NotImplementedError):  # this kind of resource has no buffer
            connection.flush(BufferOperation.discard_read_buffer)

    def _read(self, **kwargs: Any) -> str:
        connection: Any = self.connection
        end: str | None = connection.read_termination
        if self._line is not None and end:
            raw = self._line.read_until(end.encode(connection.encoding), self._seconds())
        else:
            raw = connection.read_raw()
        text: str = raw.decode(connection.encoding)
        if not end:
            return text
        if not text.endswith(end):
            raise CutShort(text)
        return text.removesuffix(end)

    def _read_bytes(self, count: int, break_on_termchar: bool = False, **kwargs: Any) -> bytes:
        if self._line is not None and count >= 0 and not break_on_termchar:
            return self._line.read(count, self._seconds())
        content: bytes = super()._read_bytes(count, break_on_termchar, **kwargs)
        return content

    def _seconds(self) -> float:
        timeout: float | None = self.connection.timeout
        return 1e9 if timeout is None else timeout / 1000


def _socket_line(connection: Any) -> SocketLine | None:
    """The socket behind *connection*, where pyvisa-py holds one; what it has read itself is lost."""
    if connection.resource_class != "SOCKET":
        return None
    session = getattr(connection.visalib, "sessions", {}).get(connection.session)
    found = getattr(session, "interface", None)
    return SocketLine(found) if isinstance(found, socket.socket) else None
