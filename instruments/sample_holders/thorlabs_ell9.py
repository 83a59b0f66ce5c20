"""Thorlabs ELL9 four-position slider that carries samples.

Messages: :mod:`antistokes.instruments.ellx`. The four positions are 31 mm apart and counted in mm; public
drivers take a position that is 1 mm off as reached. Where the slider stands when it gets power is not known,
so it is homed once per connection.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter

from ..clock import Clock
from ..device import Limit
from ..ellx import ELLxInstrument
from ..errors import DeviceFault, Refused
from ..roles import SampleHolder

_APART = 31  # mm from one slot to the next
_TOLERANCE = 1  # mm


class ELL9SampleHolder(ELLxInstrument):
    """Thorlabs ELL9. Fulfils :class:`~antistokes.instruments.roles.SampleHolder`.

    Opening does not move it. The first slot that is set homes it, past whatever is on the way.

    :param address: of the slider on its bus, one hexadecimal digit
    :param names: what is in the slots, from the first; a slot without a name is called by its number
    """

    MODEL = "Thorlabs ELL9"
    INTERFACES = ("RS-232 (USB adapter)",)
    VERIFIED = "Its twin, written from the protocol manual and public drivers; not on a real slider."
    ROLES = (SampleHolder,)
    IDN_WORDS = ("IN09",)  # the answer to ``in`` begins with the motor type
    LIMITS: ClassVar[dict[str, Limit]] = {"slot": Limit(1, 4, "")}
    SNAPSHOT = ("serial_number", "slot", "names", "homed")

    slots = 4
    settle_time = 0.05

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        address: str = "0",
        names: tuple[str, ...] = (),
        **connection: Any,
    ) -> None:
        if len(names) > self.slots or len(set(names)) < len(names):
            raise Refused(
                f"{name or self.MODEL}: names are {list(names)}; must be at most {self.slots}, all different"
            )
        #: what is in the slots
        self.names = (*names, *(str(number) for number in range(len(names) + 1, self.slots + 1)))
        super().__init__(adapter, name, clock=clock, address=address, **connection)
        self.information()

    @property
    def slot(self) -> int:
        """Control which sample is in the beam, from 1; returns when it is there.

        :raises DeviceFault: the slider reports a fault, or stands between two slots
        """
        return self._slot_at(self._pulses_of(self._question("gp", "PO")))

    @slot.setter
    def slot(self, number: int) -> None:
        if number != int(number):
            raise Refused(f"{self.name}: slot = {number}: must be a whole number")
        if not self.homed:
            self.home()
        reached = self._slot_at(self._move("ma", f"{(int(number) - 1) * _APART:08X}"))
        if reached != number:
            raise DeviceFault(self.name, f"stands at slot {reached} when it should be at {int(number)}")

    def make_safe(self) -> None:
        """Nothing: it closes no beam, and its moves end by themselves."""

    def _slot_at(self, position: int) -> int:
        """The slot at *position* mm."""
        slot = round(position / _APART) + 1
        if abs(position - (slot - 1) * _APART) > _TOLERANCE or not 1 <= slot <= self.slots:
            raise DeviceFault(self.name, f"stands at {position} mm, at none of its {self.slots} slots")
        return slot
