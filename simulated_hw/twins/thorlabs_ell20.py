"""Twin of the Thorlabs ELL20 linear stage, which may carry a knife edge across the excitation beam.

Wire behaviour: :mod:`..ellx`. Assumed where the manual is silent: 1024 pulses to a mm, as public drivers note
of it; after power-up the count is right; ``st`` is answered by a position.
"""

from __future__ import annotations

from antistokes.instruments.records import NonNegative, Positive, Record

from ..ellx import OUT_OF_RANGE, hexadecimal, signed
from ..ellx_mover import ELLxMover
from ..light_path import KnifeEdge, KnifeSettings
from ..twin import Answer, answers

_TRAVEL, _PULSES = 60, 1024  # mm, and pulses to each


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


class ELL20Twin(ELLxMover):
    """Moves along 60 mm."""

    model = "Thorlabs ELL20"
    Settings = ELL20Settings
    settings: ELL20Settings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._stand(self.settings.power_up_mm)
        if self.settings.knife is not None and self.bench.beam is not None:
            self.bench.elements[self.name] = KnifeEdge(self.settings.knife, self.bench.beam, self.place)

    def _move(self, to: float) -> Answer:
        fault = self._set_out(to, self.settings.speed_mm_per_s, self.settings.error_pulses / _PULSES)
        return self._at_end(fault or self._position(self._to))

    def _where(self) -> str:
        return self._position(self.place())

    def _position(self, mm: float) -> str:
        return f"PO{hexadecimal(round(mm * _PULSES))}"

    @answers("in")
    def identify(self) -> bytes:
        return self._say(f"IN14{self.settings.serial:0>8.8}20231701{_TRAVEL:04X}{_PULSES:08X}")

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
