"""Twin of the Thorlabs ELL20 linear stage, which may carry a knife edge across the excitation beam.

Wire behaviour: :mod:`..ellx`. Assumed where the manual is silent: 1024 pulses to a mm, as public drivers note
of it; after power-up the count is right; ``st`` is answered by a position.
"""

from __future__ import annotations

from antistokes.instruments.records import NonNegative, Positive, Record

from ..ellx import OUT_OF_RANGE, ELLxTwin, hexadecimal, signed
from ..light_path import KnifeEdge, KnifeSettings
from ..twin import Answer, answers

_TRAVEL, _PULSES = 60, 1024  # mm, and pulses to each
_START_TIME = 0.05  # s, before a move gets going
_BLOCKED_TIME = 2.0  # s until the stage gives a move up


class ELL20Settings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    #: none: it carries nothing
    knife: KnifeSettings | None = None
    address: str = "0"
    serial: str = "12000077"
    speed_mm_per_s: Positive = 100.0
    power_up_mm: NonNegative = 0.0
    #: largest distance from a position that was asked for, where a move ends
    error_pulses: NonNegative = 2


class ELL20Twin(ELLxTwin):
    """Moves along 60 mm."""

    model = "Thorlabs ELL20"
    Settings = ELL20Settings
    settings: ELL20Settings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.velocity = 100  # %
        #: status with which the next moves fail; 0: they work
        self.motor_fault = 0
        # it moves evenly from one place (mm) and time to another
        self._from = self._to = self.settings.power_up_mm
        self._begin = self._end = self.clock.now()
        if self.settings.knife is not None and self.bench.beam is not None:
            self.bench.elements[self.name] = KnifeEdge(self.settings.knife, self.bench.beam, self.place)

    def place(self) -> float:
        """Where it is now, mm."""
        if not self.busy() or self._end == self._begin:
            return self._to
        gone = max(0.0, self.clock.now() - self._begin) / (self._end - self._begin)
        return self._from + gone * (self._to - self._from)

    def _move(self, to: float) -> Answer:
        start = self.place()
        self._begin = self.clock.now() + self.latency + _START_TIME
        if self.motor_fault:
            self._from = self._to = start
            self._end = self._begin + _BLOCKED_TIME
            self._fault = self.motor_fault
            return self._at_end(f"GS{self.motor_fault:02X}")
        error = self.rng.uniform(-1, 1) * self.settings.error_pulses / _PULSES
        self._from, self._to = start, to + error
        self._end = self._begin + abs(to - start) / (self.settings.speed_mm_per_s * self.velocity / 100)
        return self._at_end(f"PO{hexadecimal(round(self._to * _PULSES))}")

    @answers("in")
    def identify(self) -> bytes:
        return self._say(f"IN14{self.settings.serial:0>8.8}20231701{_TRAVEL:04X}{_PULSES:08X}")

    @answers("gp")
    def get_position(self) -> bytes:
        return self._say(f"PO{hexadecimal(round(self.place() * _PULSES))}")

    @answers("gv")
    def get_velocity(self) -> bytes:
        return self._say(f"GV{self.velocity:02X}")

    @answers("sv([0-9A-Fa-f]{2})")
    def set_velocity(self, data: str) -> Answer:
        if not 1 <= int(data, 16) <= 100:
            return self._refuse(OUT_OF_RANGE)
        self.velocity = int(data, 16)
        return self._say("GS00")

    @answers("ho[01]?")
    def home(self) -> Answer:
        return self._move(0.0)

    @answers("ma([0-9A-Fa-f]{8})")
    def move_to(self, data: str) -> Answer:
        return self._move_within(signed(data) / _PULSES)

    @answers("mr([0-9A-Fa-f]{8})")
    def move_by(self, data: str) -> Answer:
        return self._move_within(self.place() + signed(data) / _PULSES)

    def _move_within(self, to: float) -> Answer:
        return self._move(to) if 0 <= to <= _TRAVEL else self._refuse(OUT_OF_RANGE)

    @answers("st")
    def stop(self) -> Answer:
        self._from = self._to = self.place()
        self._end = self.clock.now()
        self._forget_ending()
        return self.get_position()
