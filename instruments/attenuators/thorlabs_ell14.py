"""Thorlabs ELL14 rotation mount turning a half-wave plate before a polariser.

Messages: :mod:`antistokes.instruments.ellx` and :mod:`antistokes.instruments.ellx_mover`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter

from ..clock import Clock
from ..device import Limit
from ..ellx_mover import ELLxMover
from ..errors import DeviceFault
from ..roles import Attenuator

_TOLERANCE = 0.5  # degrees between where a move should and did end


class ELL14Attenuator(ELLxMover):
    """Thorlabs ELL14 with wave plate. Fulfils :class:`~antistokes.instruments.roles.Attenuator`.

    Opening does not move it. The first set position homes it: on its way the plate passes angles of any
    transmission, so open the beam only afterwards where that matters. Until then :attr:`position` counts
    from wherever the mount stood when it got power.

    :param address: of the mount on its bus, one hexadecimal digit
    :param position_range: degrees between which the transmission goes from most to least
    """

    MODEL = "Thorlabs ELL14"
    INTERFACES = ("RS-232 (USB adapter)",)
    VERIFIED = "Its twin, written from the protocol manual; not on a real mount."
    ROLES = (Attenuator,)
    IDN_WORDS = ("IN0E",)  # the answer to ``in`` begins with the motor type: 0E is 14
    LIMITS: ClassVar[dict[str, Limit]] = {
        "position": Limit(0, 360, "deg"),
        "velocity": Limit(25, 100, "%"),  # slower, the motor may stall
    }
    SNAPSHOT = ("serial_number", "position", "velocity", "homed")

    position_unit = "deg"

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        address: str = "0",
        position_range: tuple[float, float] = (0.0, 90.0),
        **connection: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, address=address, **connection)
        low, high = position_range
        self.check_limit("position", low)
        self.check_limit("position", high)
        self.position_range = (low, high)
        self.read_scale(per_travel=True)

    # -- movement ---------------------------------------------------------------------------------

    @property
    def position(self) -> float:
        """Control the angle of the plate from its home, in degrees; returns when the move has ended.

        :raises DeviceFault: the mount reports a fault, or stands elsewhere than it should
        """
        return self.where()

    @position.setter
    def position(self, angle: float) -> None:
        reached = self.go(angle)
        if abs((reached - angle + 180) % 360 - 180) > _TOLERANCE:
            raise DeviceFault(self.name, f"stopped at {reached:.2f} deg on its way to {angle:.2f} deg")

    @property
    def velocity(self) -> float:
        """Control the speed, in % of the fastest."""
        return float(self._hexadecimal(self._question("gv", "GV"), 2))

    @velocity.setter
    def velocity(self, percent: float) -> None:
        self._question("sv", "GS", f"{round(percent):02X}")
