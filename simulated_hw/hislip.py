"""HiSLIP, the server's side, without sockets (IVI-6.1, protocol version 1.0, synchronized mode).

A client has two connections: messages travel on the synchronous one; status, device clear and the
like on the asynchronous one. Every answer carries the id of the message it answers.
"""

from __future__ import annotations

import itertools
import struct
import time
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from .connection import MAX_MESSAGE, TURN, Wire
from .twin import Line, Twin

#: prologue, message type, control code, message parameter, payload length
HEADER = struct.Struct("!2sBBIQ")
_VERSION = 0x0100
_MESSAGE_AVAILABLE = 0x10


class Kind(IntEnum):
    """Message types (table 4)."""

    INITIALIZE = 0
    INITIALIZE_RESPONSE = 1
    FATAL_ERROR = 2
    ERROR = 3
    ASYNC_LOCK = 4
    ASYNC_LOCK_RESPONSE = 5
    DATA = 6
    DATA_END = 7
    DEVICE_CLEAR_COMPLETE = 8
    DEVICE_CLEAR_ACKNOWLEDGE = 9
    ASYNC_REMOTE_LOCAL_CONTROL = 10
    ASYNC_REMOTE_LOCAL_RESPONSE = 11
    TRIGGER = 12
    ASYNC_MAX_MESSAGE_SIZE = 15
    ASYNC_MAX_MESSAGE_SIZE_RESPONSE = 16
    ASYNC_INITIALIZE = 17
    ASYNC_INITIALIZE_RESPONSE = 18
    ASYNC_DEVICE_CLEAR = 19
    ASYNC_STATUS_QUERY = 21
    ASYNC_STATUS_RESPONSE = 22
    ASYNC_DEVICE_CLEAR_ACKNOWLEDGE = 23
    ASYNC_LOCK_INFO = 24
    ASYNC_LOCK_INFO_RESPONSE = 25


class Fatal(IntEnum):
    """Errors that end the session (table 13)."""

    POORLY_FORMED_HEADER = 1
    CHANNELS_NOT_ESTABLISHED = 2
    INVALID_INITIALIZATION = 3


class Fault(IntEnum):
    """Errors that refuse one message (table 15)."""

    UNIDENTIFIED = 0
    UNRECOGNIZED_MESSAGE_TYPE = 1
    MESSAGE_TOO_LARGE = 4


class Message(NamedTuple):
    """One message; the payload of one that is too large is dropped."""

    kind: int
    control: int
    parameter: int
    payload: bytes
    size: int


#: Acts on a message that came on a channel.
Handler = Callable[["Channel", Message], None]


class Channel:
    """One connection of a client, before it is known which of the two.

    :param sessions: all sessions with this twin, by number
    """

    def __init__(self, twin: Twin, sessions: dict[int, Session], wire: Wire) -> None:
        self._twin, self._sessions, self._wire = twin, sessions, wire
        self._session: Session | None = None
        self._buffer = bytearray()
        self._skip = 0
        self._over = self._more = False  # hung up; messages wait for their turn
        self._handlers: dict[int, Handler] = {
            Kind.INITIALIZE: Channel._initialize,
            Kind.ASYNC_INITIALIZE: Channel._async_initialize,
        }

    # -- what the server calls --------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """Bytes came."""
        self._buffer += data
        self._take_turn()

    def deliver(self) -> None:
        """Go on with what has come, and send the answers that are due."""
        if self._answering is not None:
            self._answering.deliver()
        if self._more and not self._wire.clogged():
            self._take_turn()

    def seconds_left(self) -> float | None:
        """Until there is something to do without the client; None when nothing is."""
        if self._more and not self._wire.clogged():
            return 0.0
        return None if self._answering is None else self._answering.seconds_left()

    def busy(self) -> bool:
        """Not with answers: a new message discards those to older ones."""
        return self._more

    def closed(self) -> None:
        """The connection is gone, and with it the session."""
        self._over = True
        if self._session is not None:
            self._session.end()

    # -- what the session calls -------------------------------------------------------------------

    def send(self, kind: Kind, control: int = 0, parameter: int = 0, payload: bytes = b"") -> None:
        """Send one message."""
        self._wire.send(HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload)

    def refuse(self, fault: Fault) -> None:
        """Tell the client that its last message has no effect."""
        self.send(Kind.ERROR, fault, payload=_text(fault))

    def fail(self, fatal: Fatal) -> None:
        """Tell the client why, and hang up; that ends the session."""
        self.send(Kind.FATAL_ERROR, fatal, payload=_text(fatal))
        self.hang_up()

    def hang_up(self) -> None:
        """No more messages are read; close when all is sent."""
        self._over = True
        self._wire.hang_up()

    # -- messages ---------------------------------------------------------------------------------

    def _take_turn(self) -> None:
        """Act on the messages that have come, but leave the others their turn."""
        end = time.monotonic() + TURN
        while not self._over:
            self._more = time.monotonic() > end or (self._answering is not None and self._answering.more)
            if self._more or (message := self._next()) is None:
                return
            self._handle(message)

    @property
    def _answering(self) -> Session | None:
        """The session whose answers go out here."""
        session = self._session
        return session if session is not None and session.sync is self and not self._over else None

    def _next(self) -> Message | None:
        """Cut the next message from the stream."""
        buffer = self._buffer
        if self._skip:
            skipped = min(self._skip, len(buffer))
            del buffer[:skipped]
            self._skip -= skipped
        if self._skip or len(buffer) < HEADER.size:
            return None
        prologue, kind, control, parameter, size = HEADER.unpack_from(buffer)
        if prologue != b"HS":
            self.fail(Fatal.POORLY_FORMED_HEADER)
            return None
        if size > MAX_MESSAGE:
            del buffer[: HEADER.size]
            self._skip = size
            return Message(kind, control, parameter, b"", size)
        end = HEADER.size + size
        if len(buffer) < end:
            return None
        payload = bytes(buffer[HEADER.size : end])
        del buffer[:end]
        return Message(kind, control, parameter, payload, size)

    def _handle(self, message: Message) -> None:
        handler = self._handlers.get(message.kind)
        if handler is not None:
            handler(self, message)
        elif self._session is None:
            self.fail(Fatal.INVALID_INITIALIZATION)
        elif message.kind == Kind.FATAL_ERROR:
            self.hang_up()
        elif message.kind != Kind.ERROR:
            self.refuse(Fault.UNRECOGNIZED_MESSAGE_TYPE)

    def _initialize(self, message: Message) -> None:
        number = next(n for n in itertools.count(1) if n not in self._sessions)
        self._session = self._sessions[number] = Session(Line(self._twin), self, self._sessions, number)
        self._handlers = self._session.sync_handlers()
        version = min(message.parameter >> 16, _VERSION)
        self.send(Kind.INITIALIZE_RESPONSE, 0, version << 16 | number)

    def _async_initialize(self, message: Message) -> None:
        session = self._sessions.get(message.parameter)
        if session is None or session.asynchronous is not None:
            self.fail(Fatal.INVALID_INITIALIZATION)
            return
        self._session, session.asynchronous = session, self
        self._handlers = session.async_handlers()
        self.send(Kind.ASYNC_INITIALIZE_RESPONSE)


class Session:
    """What the two channels of one client share."""

    def __init__(self, line: Line, sync: Channel, sessions: dict[int, Session], number: int) -> None:
        self.line, self.sync, self._sessions, self._number = line, sync, sessions, number
        self.asynchronous: Channel | None = None
        self._inbox: bytearray | None = bytearray()  # None: the message was too large, its rest is dropped
        self._message_id = 0
        self._largest = (1 << 20) - HEADER.size
        self._unread = False
        self._clearing = False
        #: the end of the last message waits for its turn
        self.more = False

    def sync_handlers(self) -> dict[int, Handler]:
        """What each message on the synchronous channel does."""
        return {
            Kind.DATA: self._data,
            Kind.DATA_END: self._data,
            Kind.TRIGGER: self._trigger,
            Kind.DEVICE_CLEAR_COMPLETE: self._clear_complete,
        }

    def async_handlers(self) -> dict[int, Handler]:
        """What each message on the asynchronous channel does."""
        return {
            Kind.ASYNC_MAX_MESSAGE_SIZE: self._max_message_size,
            Kind.ASYNC_STATUS_QUERY: self._status,
            Kind.ASYNC_DEVICE_CLEAR: self._clear,
            Kind.ASYNC_LOCK: self._lock,
            Kind.ASYNC_LOCK_INFO: self._lock_info,
            Kind.ASYNC_REMOTE_LOCAL_CONTROL: self._remote_local,
        }

    def deliver(self) -> None:
        """Go on with the last message, and send the answers that are due, in parts the client takes."""
        if self.more:
            self.more = self.line.feed(b"", end=True, seconds=TURN)
        while (answer := self.line.take()) is not None:
            last = max(0, len(answer) - 1) // self._largest * self._largest
            for start in range(0, last, self._largest):
                self.sync.send(Kind.DATA, 0, self._message_id, answer[start : start + self._largest])
            self.sync.send(Kind.DATA_END, 0, self._message_id, answer[last:])
            self._unread = True

    def seconds_left(self) -> float | None:
        """Until there is something to do without the client; None when nothing is."""
        return 0.0 if self.more else self.line.seconds_left()

    def end(self) -> None:
        """Close both channels."""
        if self._sessions.pop(self._number, None) is not None:
            self.sync.hang_up()
            if self.asynchronous is not None:
                self.asynchronous.hang_up()

    # -- the synchronous channel ------------------------------------------------------------------

    def _data(self, channel: Channel, message: Message) -> None:
        if self.asynchronous is None:
            channel.fail(Fatal.CHANNELS_NOT_ESTABLISHED)
            return
        self._note_delivery(message)
        if self._clearing:
            return
        if self._inbox is not None and len(self._inbox) + message.size > MAX_MESSAGE:
            channel.refuse(Fault.MESSAGE_TOO_LARGE)
            self._inbox = None
        if self._inbox is not None:
            self._inbox += message.payload
        if message.kind == Kind.DATA_END:
            complete, self._inbox = self._inbox, bytearray()
            if complete is not None:
                self._interrupt()
                self._message_id = message.parameter
                self.more = self.line.feed(bytes(complete), end=True, seconds=TURN)

    def _trigger(self, channel: Channel, message: Message) -> None:
        """Accepted; no twin is triggered over the bus."""
        self._note_delivery(message)
        self._message_id = message.parameter

    def _clear_complete(self, channel: Channel, message: Message) -> None:
        self._clearing = False
        channel.send(Kind.DEVICE_CLEAR_ACKNOWLEDGE)

    def _interrupt(self) -> None:
        """Forget unread answers: the client accepts none to an older message."""
        self.line.discard()
        self._unread = self.more = False

    def _note_delivery(self, message: Message) -> None:
        """The lowest bit of the control code says that the client has read the last answer."""
        if message.control & 1:
            self._unread = False

    # -- the asynchronous channel -----------------------------------------------------------------

    def _max_message_size(self, channel: Channel, message: Message) -> None:
        if message.size != 8:
            channel.refuse(Fault.UNIDENTIFIED)
            return
        # no smaller than a header and some data, whatever the client says
        self._largest = max(256, int.from_bytes(message.payload, "big")) - HEADER.size
        channel.send(Kind.ASYNC_MAX_MESSAGE_SIZE_RESPONSE, payload=MAX_MESSAGE.to_bytes(8, "big"))

    def _status(self, channel: Channel, message: Message) -> None:
        self._note_delivery(message)
        channel.send(Kind.ASYNC_STATUS_RESPONSE, _MESSAGE_AVAILABLE if self._unread else 0)

    def _clear(self, channel: Channel, message: Message) -> None:
        self._clearing = True
        self._inbox = bytearray()
        self._interrupt()
        channel.send(Kind.ASYNC_DEVICE_CLEAR_ACKNOWLEDGE)

    def _lock(self, channel: Channel, message: Message) -> None:
        """Granted to everybody; it keeps nobody out."""
        channel.send(Kind.ASYNC_LOCK_RESPONSE, 1)

    def _lock_info(self, channel: Channel, message: Message) -> None:
        channel.send(Kind.ASYNC_LOCK_INFO_RESPONSE)

    def _remote_local(self, channel: Channel, message: Message) -> None:
        """Accepted; no twin has a front panel."""
        channel.send(Kind.ASYNC_REMOTE_LOCAL_RESPONSE)


def _text(error: IntEnum) -> bytes:
    return error.name.replace("_", " ").capitalize().encode()
