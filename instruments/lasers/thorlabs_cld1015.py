"""Thorlabs CLD1015: one instrument of diode mount, current and temperature controller, up to 1.5 A."""

from __future__ import annotations

from typing import ClassVar

from ..device import Limit
from .thorlabs_4000 import LaserDiodeController


class CLD1015(LaserDiodeController):
    """Thorlabs CLD1015. Fulfils :class:`~antistokes.instruments.roles.Laser`, driven in A.

    It can be modulated by its analogue input only. See :class:`LaserDiodeController` for the parameters.
    """

    MODEL = "Thorlabs CLD1015"
    VERIFIED = (
        "Its twin, written from the SCPI reference of the CLD1010LP and the status bits of the vendor's "
        "header TL4000.h, which the CLD101x driver of FIREpyDAQ also drives; not checked on a device."
    )
    IDN_WORDS = ("CLD1015",)
    LIMITS: ClassVar[dict[str, Limit]] = {
        "current": Limit(0, 1.5, "A"),
        "current_limit": Limit(0, 1.5, "A"),
        "tec_setpoint": Limit(5, 60, "°C"),
    }
    CAUSES = LaserDiodeController.CAUSES | {8192: "the laser mount is not connected"}
    BLOCKS = LaserDiodeController.BLOCKS | 8192

    measured_current_get_command = "SENS3:CURR:DATA?"
    voltage_get_command = "SENS4:VOLT:DATA?"
    _temperature_get_command = "SENS2:TEMP:DATA?"
