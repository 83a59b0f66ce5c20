"""What goes wrong between a program and an instrument: at random by a seed, or at a given message.

Station file ``[simulation.faults]``, or in Python :meth:`Faults.inject`. Every fault that struck is kept in
:attr:`Faults.struck`, so that a test can ask whether each has been named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, NamedTuple, Protocol, get_args

import numpy as np
from msgspec import Meta

from antistokes.instruments.errors import Refused, nearest
from antistokes.instruments.records import Fraction, NonNegative, Record

Kind = Literal["lost", "silent", "garbage", "half", "late", "stuck", "nan", "over-range", "dropped"]
KINDS: tuple[Kind, ...] = get_args(Kind)

#: answers of an instrument that has no number: SCPI 1999, volume 1, section 7.2.1
_NOT_A_NUMBER, _OVER_RANGE = b"9.91E37", b"9.9E37"
_PRINTABLE = (33, 127)


class FaultAt(Record, kw_only=True, frozen=True):
    """``[[simulation.faults.at]]``: at a message to *device*, counted from 1."""

    device: str
    message: Annotated[int, Meta(ge=1)]
    kind: Kind


class FaultSettings(Record, kw_only=True, frozen=True):
    """``[simulation.faults]``; off unless stated.

    :ivar probability: of a fault at each message
    :ivar kinds: of random faults
    :ivar devices: that random faults strike; empty: all
    """

    probability: Fraction = 0.0
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1)] = KINDS
    devices: tuple[str, ...] = ()
    #: by how much an answer is late
    late_s: NonNegative = 30.0
    at: tuple[FaultAt, ...] = ()


class Struck(NamedTuple):
    """A fault that happened: to which message of which device, counted from 1."""

    device: str
    message: int
    kind: Kind
    text: str


class Wired(Protocol):
    """A device on a wire."""

    #: what goes wrong there; None: nothing does, and it costs a message no time
    line_faults: FaultyLine | None


class Faults:
    """All faults of one bench.

    :param devices: on its wires, by name
    :param rng: the random stream of a name
    :raises Refused: a name that is none of them
    """

    def __init__(
        self,
        settings: FaultSettings,
        devices: Mapping[str, Wired],
        rng: Callable[[str], np.random.Generator],
    ) -> None:
        self.settings = settings
        self.struck: list[Struck] = []
        self._devices, self._rng = devices, rng
        self._lines: dict[str, FaultyLine] = {}
        if settings.probability:
            for device in settings.devices or devices:
                self._line(device).probability = settings.probability
        for fault in settings.at:
            self.inject(fault.device, fault.kind, fault.message)

    def inject(self, device: str, kind: Kind, message: int | None = None) -> None:
        """Make a message to *device* fail: the next one, or number *message* of all from now on.

        :raises Refused: there is no such device on a wire
        """
        line = self._line(device)
        line.planned[line.messages + (1 if message is None else message)] = kind

    def _line(self, device: str) -> FaultyLine:
        if device not in self._devices:
            raise Refused(f"'{device}' is no instrument on a wire; {nearest(device, self._devices)}")
        if device not in self._lines:
            self._lines[device] = FaultyLine(self, device, self._rng(f"faults of {device}"))
            self._devices[device].line_faults = self._lines[device]
        return self._lines[device]

    def end(self) -> None:
        """No further faults; what is stuck moves again."""
        for device in self._lines:
            self._devices[device].line_faults = None
        self._lines.clear()


class FaultyLine:
    """What messages to one device and their answers meet.

    :ivar messages: so many have come
    :ivar planned: what happens to the message of a number
    """

    def __init__(self, faults: Faults, device: str, rng: np.random.Generator) -> None:
        self._faults, self._device, self._rng = faults, device, rng
        self._last: dict[bytes, bytes] = {}
        self._stuck: dict[bytes, bytes] = {}
        self.probability = 0.0
        self.planned: dict[int, Kind] = {}
        self.messages = 0

    def strikes(self, message: bytes) -> Kind | None:
        """What goes wrong with this *message*, the next one."""
        self.messages += 1
        kind = self.planned.pop(self.messages, None)
        if kind is None and self.probability and self._rng.random() < self.probability:
            kind = self._faults.settings.kinds[self._rng.integers(len(self._faults.settings.kinds))]
        if kind is not None:
            text = message.decode("latin-1")
            self._faults.struck.append(Struck(self._device, self.messages, kind, text))
        return kind

    def spoilt(self, kind: Kind | None, message: bytes, answer: bytes) -> tuple[bytes, float]:
        """What arrives in place of *answer* to *message*, and by how many s later."""
        ending = answer[len(answer.rstrip(b"\r\n")) :]
        body = answer[: len(answer) - len(ending)]
        if kind == "stuck":
            self._stuck[message] = self._last.get(message, answer)
        self._last[message] = answer
        answer = self._stuck.get(message, answer)
        if kind == "silent":
            return b"", 0.0
        if kind == "garbage":
            return bytes(self._rng.integers(*_PRINTABLE, len(body), dtype=np.uint8)) + ending, 0.0
        if kind == "half":
            return answer[: len(answer) // 2], 0.0
        if kind in ("nan", "over-range"):
            return (_NOT_A_NUMBER if kind == "nan" else _OVER_RANGE) + ending, 0.0
        return answer, self._faults.settings.late_s if kind == "late" else 0.0
