"""Twin of the Thorlabs ELL9 four-position slider, which carries what ``[simulation.holder]`` says.

Wire behaviour: :mod:`..ellx`; positions in mm, 31 apart, as public drivers have them. Assumed: a move to
somewhere else than a slot ends at the nearest one, since the slider only finds its slots.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from antistokes.instruments.records import Positive, Record

from ..ellx import OUT_OF_RANGE, ELLxTwin, hexadecimal, signed
from ..twin import Answer, answers

_APART, _SLOTS = 31, 4  # mm from one slot to the next, and their number
_START_TIME = 0.05  # s, before a move gets going
_BLOCKED_TIME = 2.0  # s until a blocked slider gives a move up


class ELL9Settings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    address: str = "0"
    serial: str = "10900034"
    #: time from one slot to the next
    step_s: Positive = 0.45
    #: where it stands when it gets power
    power_up_slot: Annotated[int, Meta(ge=1, le=_SLOTS)] = 1


class ELL9Twin(ELLxTwin):
    """Brings a slot of the bench's holder into the beam."""

    model = "Thorlabs ELL9"
    Settings = ELL9Settings
    settings: ELL9Settings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._slot = self.settings.power_up_slot
        #: status with which the next moves fail; 0: they work
        self.motor_fault = 0
        self.bench.holder = self

    def slot(self) -> int | None:
        """The slot in the beam, from 1; None on the way from one to another."""
        return None if self.busy() else self._slot

    def _go(self, slot: int) -> Answer:
        """Answers when there, with a position that may be a count off."""
        steps = abs(slot - self._slot)
        begin = self.clock.now() + self.latency + _START_TIME
        if self.motor_fault:
            self._fault = self.motor_fault
            self._end = begin + _BLOCKED_TIME
            return self._at_end(f"GS{self.motor_fault:02X}")
        self._slot, self._end = slot, begin + steps * self.settings.step_s
        return self._at_end(self._position(int(self.rng.integers(0, 2))))

    def _position(self, error: int = 0) -> str:
        return f"PO{hexadecimal((self._slot - 1) * _APART + error)}"

    @answers("in")
    def identify(self) -> bytes:
        return self._say(f"IN09{self.settings.serial:0>8.8}20231701{_APART * (_SLOTS - 1):04X}{1:08X}")

    @answers("gp")
    def get_position(self) -> bytes:
        return self._say(self._position())

    @answers("ho[01]?")
    def home(self) -> Answer:
        return self._go(1)

    @answers("ma([0-9A-Fa-f]{8})")
    def move_to(self, data: str) -> Answer:
        position = signed(data)
        if not 0 <= position <= _APART * (_SLOTS - 1):
            return self._refuse(OUT_OF_RANGE)
        return self._go(round(position / _APART) + 1)

    @answers("(fw|bw)")
    def step(self, command: str) -> Answer:
        """To the next slot, or the one before."""
        slot = self._slot + (1 if command == "fw" else -1)
        return self._go(slot) if 1 <= slot <= _SLOTS else self._refuse(OUT_OF_RANGE)
