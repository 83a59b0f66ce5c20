"""Twins: simulated instruments that speak the real wire protocol and act on the bench.

A twin is a pyvisa-sim ``Device`` whose answers Python computes. It is written from the manual, never
from its driver. Bytes go in by :meth:`Twin.feed`, answers wait in the outbox until they are due, so
that slow instruments, late answers and unasked-for messages look as they do on the wire.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from pyvisa import rname
from pyvisa_sim.component import NoResponse
from pyvisa_sim.devices import Device

from antistokes.instruments.records import Record

from .bench import Bench
from .faulty_messages import FaultyLine

#: What a handler may return: text (the answer terminator is added), raw bytes, several, or nothing.
Answer = str | bytes | Iterable[str | bytes] | None
Handler = TypeVar("Handler", bound=Callable[..., Answer])


def answers(pattern: str) -> Callable[[Handler], Handler]:
    """Mark a method as the answer to messages that match *pattern* completely; groups become arguments."""

    def mark(handler: Handler) -> Handler:
        handler.__dict__.setdefault("_answers", []).append(pattern)
        return handler

    return mark


class NoSettings(Record, frozen=True):
    """A twin with nothing to set."""


class Twin(Device):
    """Base of all twins on a wire.

    :param name: the instrument's name in the station
    :param bench: the shared world
    :param settings: the twin's own table ``[simulation.twins.NAME]``
    """

    #: what the twin stands for, e.g. ``Thorlabs PM100D``
    model: ClassVar[str] = ""
    #: settings table of this twin
    Settings: ClassVar[type[Record]] = NoSettings
    #: ends a message to the instrument; a carriage return before it is accepted
    terminator: ClassVar[bytes] = b"\n"
    #: ends an answer
    answer_terminator: ClassVar[bytes] = b"\n"
    #: seconds from a complete message to its answer
    latency: ClassVar[float] = 1e-3

    #: of the clock on the wall: no message is begun after it; None: all that came are answered at once
    turn_ends: float | None = None

    _patterns: ClassVar[list[tuple[re.Pattern[str], str]]] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._patterns = [
            (re.compile(pattern), method)
            for base in cls.__mro__
            for method, function in vars(base).items()
            for pattern in getattr(function, "_answers", ())
        ]

    def __init__(self, name: str, bench: Bench, settings: Any = None) -> None:
        super().__init__(name, b"")
        self.bench = bench
        self.clock = bench.clock
        self.settings = self.Settings() if settings is None else settings
        self.rng = bench.rng(name)
        self._inbox = bytearray()
        self._outbox: deque[tuple[float, bytes]] = deque()
        self._delay = 0.0
        #: what goes wrong on the line; None: nothing does
        self.line_faults: FaultyLine | None = None
        #: goes up when the line is interrupted: connections from before are dead
        self.connection_number = 0
        self._known: dict[str, tuple[Callable[..., Answer], tuple[str, ...]]] = {}

    # -- the wire ---------------------------------------------------------------------------------

    @property
    def resource_name(self) -> str | None:
        """Canonical VISA resource name the twin is bound to."""
        return self._resource_name

    @resource_name.setter
    def resource_name(self, value: str) -> None:
        self._resource_name = rname.to_canonical_name(value)

    def feed(self, data: bytes, end: bool = False) -> None:
        """Take bytes from the line; *end* says that the transport marked the end of a message."""
        self._inbox += data
        while not self.turn_is_over() and (message := self.next_message(end)) is not None:
            self._delay = self.latency
            if self.line_faults is not None:
                self._answer_faultily(self.line_faults, message)
                continue
            answer = self._match(message)
            if answer is not NoResponse:
                self.send(answer, self._delay)

    def turn_is_over(self) -> bool:
        """Others are waiting: what has come besides is answered at the next turn."""
        return self.turn_ends is not None and time.monotonic() > self.turn_ends

    def _answer_faultily(self, line: FaultyLine, message: bytes) -> None:
        kind = line.strikes(message.decode("latin-1"))
        if kind == "dropped":
            self.connection_number += 1
        if kind in ("dropped", "lost"):
            return
        answer = self._match(message)
        if answer is not NoResponse:
            answer, late = line.spoilt(kind, message, answer)
            if answer:
                self.send(answer, self._delay + late)

    def next_message(self, end: bool) -> bytes | None:
        """Cut the next complete message, without its terminator, from the inbox."""
        position = self._inbox.find(self.terminator)
        if position >= 0:
            message = bytes(self._inbox[:position])
            del self._inbox[: position + len(self.terminator)]
        elif end and self._inbox:
            message = bytes(self._inbox)
            self._inbox.clear()
        else:
            return None
        return message.removesuffix(b"\r")

    def send(self, data: bytes, delay: float = 0.0) -> None:
        """Put bytes on the line *delay* seconds from now, never before what waits already."""
        due = self.clock.now() + delay
        if self._outbox:
            due = max(due, self._outbox[-1][0])
        self._outbox.append((due, data))

    def take_time(self, seconds: float) -> None:
        """The answer to the message being handled comes this much later."""
        self._delay += seconds

    def next_due(self) -> float | None:
        """When the next answer is on the line; None when none waits."""
        return self._outbox[0][0] if self._outbox else None

    def take(self) -> bytes | None:
        """The next answer that is due, removed from the outbox."""
        if self._outbox and self._outbox[0][0] <= self.clock.now():
            return self._outbox.popleft()[1]
        return None

    def put_back(self, rest: bytes) -> None:
        """Return the unread end of an answer to the front of the line."""
        self._outbox.appendleft((self.clock.now(), rest))

    def bytes_due(self) -> int:
        """Bytes that could be read now."""
        now = self.clock.now()
        return sum(len(data) for due, data in self._outbox if due <= now)

    def discard(self) -> None:
        """Forget half a message and all unread answers: what clearing the device does."""
        self._inbox.clear()
        self._outbox.clear()

    # -- what it says -----------------------------------------------------------------------------

    def _match(self, query: bytes) -> Any:
        """pyvisa-sim's hook: the bytes that answer one message, or NoResponse."""
        self.bench.advance()
        answer = self.respond(query.decode("latin-1"))
        if answer is None:
            return NoResponse
        parts = [answer] if isinstance(answer, (str, bytes)) else answer
        return b"".join(
            p.encode("latin-1") + self.answer_terminator if isinstance(p, str) else p for p in parts
        )

    def respond(self, message: str) -> Answer:
        """Find the handler of one message and call it."""
        found = self._known.get(message)
        if found is None:
            found = self._find(message)
            if len(self._known) < 256:
                self._known[message] = found
        handler, arguments = found
        return handler(*arguments)

    def _find(self, message: str) -> tuple[Callable[..., Answer], tuple[str, ...]]:
        for pattern, method in self._patterns:
            if match := pattern.fullmatch(message):
                return getattr(self, method), match.groups()
        return self.unknown, (message,)

    def unknown(self, message: str) -> Answer:
        """Answer to a message nobody handles; most instruments stay silent."""
        return None


class Line:
    """A connection of its own to a twin that others talk to as well: nobody gets another's answer.

    It holds its own half message and its own answers, lent to the twin while a message is handled, so
    that a late answer goes to the line that asked. What happens at the instrument itself (a button is
    pressed) shows on the twin's own line only. Safe to use from several threads.
    """

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self._inbox = bytearray()
        self._outbox: deque[tuple[float, bytes]] = deque()

    @contextmanager
    def _connected(self) -> Iterator[Twin]:
        twin = self.twin
        with twin.bench.lock:
            own = twin._inbox, twin._outbox
            twin._inbox, twin._outbox = self._inbox, self._outbox
            try:
                yield twin
            finally:
                self._inbox, self._outbox = twin._inbox, twin._outbox
                twin._inbox, twin._outbox = own

    def feed(self, data: bytes, end: bool = False, seconds: float | None = None) -> bool:
        """See :meth:`Twin.feed`.

        :param seconds: after which no further message is begun
        :return: there may be more of them: feed nothing for another turn
        """
        with self._connected() as twin:
            twin.turn_ends = None if seconds is None else time.monotonic() + seconds
            try:
                twin.feed(data, end)
                return twin.turn_is_over()
            finally:
                twin.turn_ends = None

    def take(self) -> bytes | None:
        """See :meth:`Twin.take`."""
        with self._connected() as twin:
            return twin.take()

    def next_due(self) -> float | None:
        """See :meth:`Twin.next_due`."""
        with self._connected() as twin:
            return twin.next_due()

    def seconds_left(self) -> float | None:
        """Until the next answer is on the line; None when none waits."""
        due = self.next_due()
        return None if due is None else max(0.0, due - self.twin.clock.now())

    def put_back(self, rest: bytes) -> None:
        """See :meth:`Twin.put_back`."""
        with self._connected() as twin:
            twin.put_back(rest)

    def bytes_due(self) -> int:
        """See :meth:`Twin.bytes_due`."""
        with self._connected() as twin:
            return twin.bytes_due()

    def discard(self) -> None:
        """See :meth:`Twin.discard`."""
        with self._connected() as twin:
            twin.discard()

    def half(self) -> int:
        """Bytes of a message whose end has not come yet."""
        return len(self._inbox)

    def waiting(self) -> int:
        """Answers that have not been taken, due or not."""
        return len(self._outbox)
