"""One client's connection to a served twin: its socket, and the protocol spoken on it."""

from __future__ import annotations

import logging
import selectors
import socket
import time
from collections.abc import Callable
from typing import Protocol

from .twin import Line, Twin

log = logging.getLogger(__name__)

#: bytes in the longest message to an instrument
MAX_MESSAGE = 1 << 24
#: s that one client's messages are answered before it is the others' turn
TURN = 1e-3
_CHUNK = 4096  # bytes read at a time, so that no client holds up the others
_MAX_UNSENT = 1 << 20  # bytes; a client that does not read its answers is not heard
_MAX_WAITING = 64  # answers; the same for one that does not wait for them


class Wire(Protocol):
    """A connection as a protocol uses it."""

    def send(self, data: bytes) -> None:
        """Send now, or as soon as the client takes it."""

    def hang_up(self) -> None:
        """Close once everything is sent."""

    def clogged(self) -> bool:
        """Does the client leave too many answers unread?"""


class Talk(Protocol):
    """The protocol spoken on one connection."""

    def received(self, data: bytes) -> None:
        """Bytes came."""

    def deliver(self) -> None:
        """Go on with what has come, and send the answers that are due."""

    def seconds_left(self) -> float | None:
        """Until there is something to do without the client; None when nothing is."""

    def busy(self) -> bool:
        """Should the client be left waiting for now?"""

    def closed(self) -> None:
        """The connection is gone."""


class RawTalk:
    """A plain stream of bytes, as on an instrument's socket port."""

    def __init__(self, twin: Twin, wire: Wire) -> None:
        self._line, self._wire = Line(twin), wire
        self._more = False  # messages wait for their turn

    def received(self, data: bytes) -> None:
        self._more = self._line.feed(data, seconds=TURN)
        if self._line.half() > MAX_MESSAGE:
            log.warning("%s: dropped a client whose message has no end", self._line.twin.name)
            self._wire.hang_up()

    def deliver(self) -> None:
        if self._has_turn():
            self._more = self._line.feed(b"", seconds=TURN)
        while (answer := self._line.take()) is not None:
            self._wire.send(answer)

    def seconds_left(self) -> float | None:
        return 0.0 if self._has_turn() else self._line.seconds_left()

    def busy(self) -> bool:
        return self._more or self._is_full()

    def _has_turn(self) -> bool:
        return self._more and not self._is_full() and not self._wire.clogged()

    def _is_full(self) -> bool:
        return self._line.waiting() >= _MAX_WAITING

    def closed(self) -> None:
        self._line.discard()


class Keeper(Protocol):
    """What a connection needs of the loop that serves it."""

    selector: selectors.BaseSelector
    #: connections that get a turn when their answer is due, or at once when none is
    expecting: set[Connection]

    def forget(self, connection: Connection) -> None:
        """*connection* is closed."""


class Connection:
    """One client's socket; a :class:`~antistokes.simulated_hw.hislip.Wire`."""

    def __init__(self, keeper: Keeper, client: socket.socket, speak: Callable[[Wire], Talk]) -> None:
        self._keeper, self._socket = keeper, client
        self._unsent = bytearray()
        self._watched = 0
        self._ending = self._closed = False
        #: of the clock on the wall: when the client was heard last, or came; was it ever answered?
        self.heard_at, self.answered = time.monotonic(), False
        self._talk = speak(self)

    def send(self, data: bytes) -> None:
        self._unsent += data
        self.answered = True
        self._flush()

    def hang_up(self) -> None:
        self._ending = True
        if not self._closed:
            self._keeper.expecting.add(self)

    def clogged(self) -> bool:
        return len(self._unsent) > _MAX_UNSENT

    def work(self, events: int = 0) -> None:
        """Read, answer and write what is possible now."""
        try:
            if events & selectors.EVENT_READ and not self._closed:
                self._read()
            if not self._closed:
                self._talk.deliver()
                self._flush()
            self._settle()
        except Exception:
            # a fault in a twin costs the client that met it its connection, nobody else
            log.exception("fault while serving; connection closed")
            self.close()

    def seconds_left(self) -> float | None:
        """Until there is something to do without the client; None when nothing is."""
        return self._talk.seconds_left()

    def close(self) -> None:
        """Close at once; closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self._watch(0)
            self._socket.close()
            self._keeper.forget(self)
            self._talk.closed()

    def _read(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            # the client vanished; it is owed nothing
            self.close()
            return
        if data:
            if self.answered:  # a first message has its time
                self.heard_at = time.monotonic()
            self._talk.received(data)
        else:
            # it has finished asking, and may still wait for answers
            self._ending = True

    def _flush(self) -> None:
        if self._unsent and not self._closed:
            try:
                del self._unsent[: self._socket.send(self._unsent)]
            except BlockingIOError:
                return
            except OSError:
                self.close()

    def _settle(self) -> None:
        """Decide what to wait for next."""
        if self._closed:
            return
        waiting = self._talk.seconds_left() is not None
        if self._ending and not waiting and not self._unsent:
            self.close()
            return
        if waiting:
            self._keeper.expecting.add(self)
        else:
            self._keeper.expecting.discard(self)
        hears = not (self._ending or self._talk.busy() or self.clogged())
        self._watch((selectors.EVENT_READ if hears else 0) | (selectors.EVENT_WRITE if self._unsent else 0))

    def _watch(self, events: int) -> None:
        if events != self._watched:
            selector = self._keeper.selector
            if not events:
                selector.unregister(self._socket)
            elif self._watched:
                selector.modify(self._socket, events, self.work)
            else:
                selector.register(self._socket, events, self.work)
            self._watched = events
