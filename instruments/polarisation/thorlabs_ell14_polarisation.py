"""Thorlabs ELL14 rotation mount turning a half-wave plate that nothing polarising follows.

Messages: :mod:`antistokes.instruments.ellx` and :mod:`antistokes.instruments.ellx_mover`. A half-wave plate
turns the polarisation by twice the angle it is turned by, and is the same again after half a turn.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter

from ..clock import Clock
from ..device import Limit
from ..ellx_mover import ELLxMover
from ..errors import DeviceFault
from ..roles import PolarisationRotator

_TOLERANCE = 0.5  # degrees between where a move of the plate should and did end


class ELL14Polarisation(ELLxMover):
    """Thorlabs ELL14 with half-wave plate. Fulfils
    :class:`~antistokes.instruments.roles.PolarisationRotator`.

    :param address: of the mount on its bus, one hexadecimal digit
    :param zero: degrees from the mount's home to where the plate leaves the light polarised at 0 degrees
    """

    MODEL = "Polarisation rotator Thorlabs ELL14"
    INTERFACES = ("RS-232 (USB adapter)",)
    VERIFIED = "Its twin, written from the protocol manual; not on a real mount."
    ROLES = (PolarisationRotator,)
    IDN_WORDS = ("IN0E",)  # as of every ELL14, whatever it turns
    LIMITS: ClassVar[dict[str, Limit]] = {"polarisation": Limit(-180, 360, "deg")}
    SNAPSHOT = ("serial_number", "polarisation", "zero", "homed")

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        address: str = "0",
        zero: float = 0.0,
        **connection: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, address=address, **connection)
        self.zero = zero
        self._wanted = 0.0  # what was set last: polarisations repeat every 180 degrees
        self.read_scale(per_travel=True)

    @property
    def polarisation(self) -> float:
        """Control the angle of the light's polarisation, in deg; returns when it is reached.

        Read, it is that of the equal angles which is nearest to the one that was set.

        :raises DeviceFault: the mount reports a fault, or stands elsewhere than it should
        """
        angle = 2 * (self.where() - self.zero)
        return angle + 180 * round((self._wanted - angle) / 180)

    @polarisation.setter
    def polarisation(self, angle: float) -> None:
        plate = (self.zero + angle / 2) % 180
        self._wanted = angle
        reached = self.go(plate)
        if abs((reached - plate + 45) % 90 - 45) > _TOLERANCE:
            raise DeviceFault(self.name, f"plate stopped at {reached:.2f} deg on its way to {plate:.2f} deg")

    @property
    def polarisation_range(self) -> tuple[float, float]:
        """Get the angles that can be asked for, in deg."""
        low, high, _ = self.limits["polarisation"]
        return low, high
