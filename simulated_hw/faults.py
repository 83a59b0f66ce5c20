"""What goes wrong: between a program and an instrument, with an instrument, or around it.

At random by a seed, or at a given message or time: station file ``[simulation.faults]``, or in Python
:meth:`Faults.inject`. Every fault that struck is kept in :attr:`Faults.struck`, so that a test can ask
whether each has been named.
"""

from __future__ import annotations

import functools
import heapq
import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, cast

import numpy as np
from msgspec import Meta

from antistokes.instruments.errors import Refused, nearest
from antistokes.instruments.records import Fraction, NonNegative, Positive, Record

from .bench import Bench
from .events import EVENT_KINDS, End, EventKind, Extent, begin, fits
from .faulty_messages import MESSAGE_KINDS, FaultyCalls, FaultyLine, MessageKind, SdkTwin, Spoiler

Kind = Literal[MessageKind, EventKind]
KINDS: tuple[Kind, ...] = (*MESSAGE_KINDS, *EVENT_KINDS)
_HOUR = 3600.0  # s


class FaultAt(Record, kw_only=True, frozen=True):
    """``[[simulation.faults.at]]``: at a message to *device*, counted from 1, or s after the beginning."""

    device: str
    kind: Kind
    message: Annotated[int, Meta(ge=1)] | None = None
    at_s: NonNegative | None = None

    def __post_init__(self) -> None:
        needed, other = ("message", "at_s") if self.kind in MESSAGE_KINDS else ("at_s", "message")
        if getattr(self, needed) is None or getattr(self, other) is not None:
            raise ValueError(f"'{self.kind}' needs {needed} to say when, and no {other}")


class FaultSettings(Record, kw_only=True, frozen=True):
    """``[simulation.faults]``; off unless stated.

    :ivar probability: of a fault at each message to a device, or call of its SDK
    :ivar events_per_hour: that happen to each device which any of the kinds fits
    :ivar kinds: of random faults
    :ivar devices: that random faults strike; empty: all
    """

    probability: Fraction = 0.0
    events_per_hour: Annotated[float, Meta(ge=0, le=1e5)] = 0.0
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1)] = KINDS
    devices: tuple[str, ...] = ()
    #: by how much an answer is late
    late_s: Annotated[float, Meta(ge=0, le=1e6)] = 30.0
    #: after that an interlock is closed again, a room dark, …; none: what lasts, lasts
    lasts_s: Positive | None = None
    #: a mode hop: how far, and the relative loss of power
    hop_nm: Annotated[float, Meta(ge=-20, le=20)] = 0.5
    hop_power: Fraction = 0.05
    #: how far around its set-point a cryostat swings that never settles
    swing_K: Positive = 5.0
    #: hits of an array detector; at sea level about 2
    cosmics_per_min_cm2: Positive = 2000.0
    at: tuple[FaultAt, ...] = ()


class Struck(NamedTuple):
    """A fault that happened: to which message of which device, counted from 1; None: to the device itself.

    :ivar time: s on the clock of the bench
    """

    device: str
    message: int | None
    kind: Kind
    text: str
    time: float


class Faults:
    """All faults of one bench.

    :param twins: by the instrument's name
    :raises Refused: a name that is none of them, or a kind that does not fit
    """

    def __init__(self, settings: FaultSettings, twins: Mapping[str, Any], bench: Bench) -> None:
        self.settings = settings
        self.struck: list[Struck] = []
        self._twins, self._bench = twins, bench
        s = settings
        self._extent = Extent(s.hop_nm, s.hop_power, s.swing_K, s.cosmics_per_min_cm2)
        self._spoilers: dict[str, Spoiler] = {}
        self._due: list[tuple[float, int, str, EventKind | End, bool]] = []
        self._number = itertools.count()
        self._ends: dict[tuple[str, EventKind], End] = {}
        self._chances: dict[str, np.random.Generator] = {}
        self._began = bench.clock.now()
        for device in settings.devices:
            self._twin(device)
        self._message_kinds = cast(
            "tuple[MessageKind, ...]", tuple(kind for kind in s.kinds if kind in MESSAGE_KINDS)
        )
        for device in settings.devices or twins:
            if settings.probability and self._message_kinds:
                self._spoiler(device).probability = settings.probability
            self._plan_random_event(device)
        for fault in settings.at:
            self.inject(fault.device, fault.kind, fault.message, fault.at_s)

    def inject(self, device: str, kind: Kind, message: int | None = None, at_s: float | None = None) -> None:
        """Make something go wrong with *device*.

        :param message: that fails, of all to it from now on; the next one unless stated
        :param at_s: s after the beginning of the bench; now unless stated
        :raises Refused: there is no such device, or *kind* does not fit it
        """
        if kind in MESSAGE_KINDS:
            spoiler = self._spoiler(device)
            spoiler.planned[spoiler.messages + (1 if message is None else message)] = kind
            return
        event = cast(EventKind, kind)
        self._check_fit(device, event)
        if at_s is None:
            with self._bench.lock:
                self._happen(device, event)
        else:
            self._plan(self._began + at_s, device, event)

    def end(self) -> None:
        """No further faults; what is stuck moves again, what lasts is over."""
        for device in self._spoilers:
            self._attach(device, None)
        self._spoilers.clear()
        self._bench.happenings = None
        self._due.clear()
        for end in self._ends.values():
            end()
        self._ends.clear()

    # -- messages ---------------------------------------------------------------------------------

    def _spoiler(self, device: str) -> Spoiler:
        twin = self._twin(device)
        if device not in self._spoilers:
            told = functools.partial(self._tell, device)
            rng = self._bench.rng(f"faults of {device}")
            arguments = told, self._message_kinds, self.settings.late_s, rng
            self._spoilers[device] = (
                FaultyCalls(*arguments, clock=self._bench.clock)
                if isinstance(twin, SdkTwin)
                else FaultyLine(*arguments)
            )
            self._attach(device, self._spoilers[device])
        return self._spoilers[device]

    def _attach(self, device: str, spoiler: Spoiler | None) -> None:
        twin = self._twins[device]
        setattr(twin, "call_faults" if isinstance(twin, SdkTwin) else "line_faults", spoiler)

    def _twin(self, device: str) -> Any:
        if device not in self._twins:
            raise Refused(f"'{device}' is no instrument of the bench; {nearest(device, self._twins)}")
        return self._twins[device]

    def _tell(self, device: str, message: int | None, kind: Kind, text: str) -> None:
        self.struck.append(Struck(device, message, kind, text, self._bench.clock.now()))

    # -- events -----------------------------------------------------------------------------------

    def _check_fit(self, device: str, kind: EventKind) -> None:
        if not fits(kind, self._twin(device), self._bench):
            fitting = [name for name, twin in self._twins.items() if fits(kind, twin, self._bench)]
            raise Refused(
                f"'{device}': '{kind}' does not happen to it; it does to: {', '.join(fitting) or 'none'}"
            )

    def _plan(self, time: float, device: str, what: EventKind | End, repeats: bool = False) -> None:
        heapq.heappush(self._due, (time, next(self._number), device, what, repeats))
        self._bench.happenings = self.catch_up

    def _plan_random_event(self, device: str) -> None:
        kinds = [
            kind
            for kind in EVENT_KINDS
            if kind in self.settings.kinds and fits(kind, self._twins[device], self._bench)
        ]
        if not self.settings.events_per_hour or not kinds:
            return
        rng = self._chances.setdefault(device, self._bench.rng(f"events of {device}"))
        wait = rng.exponential(_HOUR / self.settings.events_per_hour)
        kind = kinds[rng.integers(len(kinds))]
        self._plan(self._bench.clock.now() + float(wait), device, kind, repeats=True)

    def catch_up(self) -> None:
        """What should have happened until now."""
        while self._due and self._due[0][0] <= self._bench.clock.now():
            _, _, device, what, repeats = heapq.heappop(self._due)
            if callable(what):
                what()
            else:
                self._happen(device, what)
            if repeats:
                self._plan_random_event(device)

    def _happen(self, device: str, kind: EventKind) -> None:
        self._tell(device, None, kind, "")
        end = begin(kind, self._twins[device], self._bench, self._extent)
        if end is None:
            return
        self._ends[device, kind] = end
        if self.settings.lasts_s is not None:
            self._plan(self._bench.clock.now() + self.settings.lasts_s, device, end)
