"""Thorlabs ELL20 linear stage, 60 mm.

Messages: :mod:`antistokes.instruments.ellx` and :mod:`antistokes.instruments.ellx_mover`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter

from ..clock import Clock
from ..device import Limit
from ..ellx_mover import ELLxMover
from ..errors import DeviceFault
from ..roles import LinearStage

_TOLERANCE = 0.05  # mm between where a move should and did end


class ELL20Stage(ELLxMover):
    """Thorlabs ELL20. Fulfils :class:`~antistokes.instruments.roles.LinearStage`.

    Opening does not move it. The first position that is set homes it, past whatever is on the way; until
    then :attr:`position` counts from wherever the stage stood when it got power.

    :param address: of the stage on its bus, one hexadecimal digit
    """

    MODEL = "Thorlabs ELL20"
    INTERFACES = ("RS-232 (USB adapter)",)
    VERIFIED = "Its twin, written from the protocol manual; not on a real stage."
    ROLES = (LinearStage,)
    IDN_WORDS = ("IN14",)  # the answer to ``in`` begins with the motor type: 14 is 20 in hexadecimal
    LIMITS: ClassVar[dict[str, Limit]] = {"position": Limit(0, 60, "mm")}
    SNAPSHOT = ("serial_number", "position", "homed")

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        address: str = "0",
        **connection: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, address=address, **connection)
        self.read_scale(per_travel=False)

    @property
    def position(self) -> float:
        """Control the position, in mm from its home; returns when the move has ended.

        :raises DeviceFault: the stage reports a fault, or stands elsewhere than it should
        """
        return self.where()

    @position.setter
    def position(self, position: float) -> None:
        reached = self.go(position)
        if abs(reached - position) > _TOLERANCE:
            raise DeviceFault(self.name, f"stopped at {reached:.3f} mm on its way to {position:.3f} mm")

    @property
    def position_range(self) -> tuple[float, float]:
        """Get the first and the last position, in mm."""
        low, high, _ = self.limits["position"]
        return low, high
