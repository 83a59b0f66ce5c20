"""What pulse generators have in common: a pulse must fit into its period."""

from __future__ import annotations

from typing import ClassVar

from ..device import Device
from ..errors import LimitError


class PulseTiming(Device):
    """A generator of one pulse per period; ``LIMITS`` has ``period`` and ``width``.

    Devices answer a pulse that does not fit by changing the other quantity or by leaving pulses out; here
    it is refused, so the caller sets the width first when the period becomes shorter.
    """

    #: s between the end of a pulse and the next trigger that the device needs
    GAP: ClassVar[float] = 0.0

    @property
    def period_limits(self) -> tuple[float, float]:
        """Get the shortest and longest period allowed, in s."""
        low, high, _ = self.limits["period"]
        return low, high

    @property
    def width_limits(self) -> tuple[float, float]:
        """Get the shortest and longest pulse allowed, in s, whatever the period."""
        low, high, _ = self.limits["width"]
        return low, high

    def check_period(self, period: float, end: float) -> None:
        """:raises LimitError: a pulse that ends *end* after its trigger does not fit into *period*, both s"""
        if period < end + self.GAP:
            high = self.period_limits[1]
            raise LimitError(f"{self.name}: period (with this pulse)", period, end + self.GAP, high, "s")

    def check_width(self, width: float, start: float, period: float) -> None:
        """:raises LimitError: a pulse of *width* from *start* after its trigger does not fit, all in s"""
        longest = period - self.GAP - start
        if width > longest:
            raise LimitError(
                f"{self.name}: width (at this period)", width, self.width_limits[0], longest, "s"
            )
