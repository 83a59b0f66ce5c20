"""Twin of the Thorlabs CLD1015; see :mod:`.thorlabs_4000`."""

from __future__ import annotations

from collections.abc import Callable

from antistokes.instruments.records import Positive

from ..scpi import scpi
from .thorlabs_4000 import ControllerTwin, Fault
from .thorlabs_4000_tec import ControllerSettings

_TEC_LIMIT, _MOUNT = 128, 8192  # STAT:MEAS:COND?, beside those of all models
_TEC_AT_LIMIT = 5.0  # K from the set-point


class CLD1015Settings(ControllerSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    current_limit_A: Positive = 1.5


class CLD1015Twin(ControllerTwin):
    """A diode in the instrument's own mount."""

    model = "Thorlabs CLD1015"
    Settings = CLD1015Settings
    current_max = 1.5
    modulation_A_per_V = 0.15
    stops_laser = ControllerTwin.stops_laser | _MOUNT
    stops_tec = ControllerTwin.stops_tec | _MOUNT
    trips = ControllerTwin.trips | {"CONN": _MOUNT}

    mount_missing = Fault(_MOUNT)

    def condition(self, register: str) -> int:
        bits = super().condition(register)
        return bits | (register == "MEAS" and self.off_setpoint() > _TEC_AT_LIMIT) * _TEC_LIMIT

    def quantities(self) -> dict[str, Callable[[], float]]:
        return super().quantities() | {"POW1": self.mean_power}

    @scpi("SENSe3:CURRent[:DC][:DATA]?")
    def sense_current(self, _: str | None) -> str:
        return self.measure("CURR", "")

    @scpi("SENSe4:VOLTage[:DC][:DATA]?")
    def sense_voltage(self, _: str | None) -> str:
        return self.measure("VOLT", "")

    @scpi("[SENSe2:]TEMPerature[:DATA]?")
    def sense_temperature(self, _: str | None) -> str:
        return self.measure("TEMP", "")
