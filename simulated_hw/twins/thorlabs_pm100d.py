"""Twin of the Thorlabs PM100D with an S120C-like silicon head behind the pick-off.

Wire behaviour from the PM100D operation manual (17654-D02); responsivity, ranges and noise are
typical of a silicon photodiode head and assumed.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from antistokes.instruments.records import NonNegative, Positive, Record

from ..scpi import ScpiError, ScpiTwin, boolean, number, query_number, scpi

# Silicon behind a neutral absorber: relative responsivity, A/W against nm (typical shape, assumed).
_WAVELENGTH = [400, 450, 500, 550, 600, 650, 700, 750, 800, 850, 900, 950, 980, 1000, 1050, 1100]
_RESPONSIVITY = [
    0.006,
    0.012,
    0.019,
    0.025,
    0.030,
    0.035,
    0.039,
    0.043,
    0.047,
    0.051,
    0.055,
    0.058,
    0.056,
    0.050,
    0.030,
    0.012,
]
_CURRENT_RANGES = [5e-7, 5e-6, 5e-5, 5e-4, 5e-3]  # A, full scale
_OVER_RANGE = 9.9e37
_READINGS_PER_SECOND = 3000.0
_AUTO_RANGE_TIME = 0.05  # s until a reading is valid again


class PM100DSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    serial: str = "P0012345"
    sensor_serial: str = "1234567"
    #: relative noise of one reading with 100 averages
    noise: NonNegative = 0.002
    #: W, noise floor of one reading
    floor_W: NonNegative = 1e-9
    wavelength_min: Positive = 400.0
    wavelength_max: Positive = 1100.0


class PM100DTwin(ScpiTwin):
    """Sees the pick-off of the excitation beam through a silicon head."""

    model = "Thorlabs PM100D"
    Settings = PM100DSettings
    settings: PM100DSettings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.wavelength = 635.0
        self.averages = 1
        self.auto_range = True
        self.range = len(_CURRENT_RANGES) - 1
        self.unit = "W"
        self._previous = 0.0  # the reading that comes once more after a range change
        self._stale = False

    # -- identity ---------------------------------------------------------------------------------

    @scpi("*IDN?")
    def identify(self, _: str | None) -> str:
        return f"Thorlabs,PM100D,{self.settings.serial},2.6.0"

    @scpi("*RST")
    def reset(self, _: str | None) -> None:
        self.wavelength, self.averages, self.auto_range, self.unit = 635.0, 1, True, "W"

    @scpi("SYSTem:SENSor:IDN?")
    def identify_sensor(self, _: str | None) -> str:
        # power sensor (1), responsivity settable (16), wavelength settable (32), temperature sensor (256)
        return f'"S120C","{self.settings.sensor_serial}","01-JAN-2026",1,18,{1 + 16 + 32 + 256}'

    # -- settings ---------------------------------------------------------------------------------

    @scpi("[SENSe[1]:]CORRection:WAVelength?")
    def get_wavelength(self, text: str | None) -> str:
        s = self.settings
        return _number(query_number(text, s.wavelength_min, s.wavelength_max, 635.0, self.wavelength))

    @scpi("[SENSe[1]:]CORRection:WAVelength")
    def set_wavelength(self, text: str | None) -> None:
        self.wavelength = number(
            text, self.settings.wavelength_min, self.settings.wavelength_max, 635.0, {"NM": 1.0}
        )

    @scpi("[SENSe[1]:]AVERage[:COUNt]?")
    def get_averages(self, text: str | None) -> str:
        return f"{query_number(text, 1, 3000, 1, self.averages):.0f}"

    @scpi("[SENSe[1]:]AVERage[:COUNt]")
    def set_averages(self, text: str | None) -> None:
        self.averages = round(number(text, 1, 3000, 1))

    @scpi("[SENSe[1]:]POWer[:DC]:RANGe[:UPPer]?")
    def get_range(self, text: str | None) -> str:
        return _number(
            query_number(
                text,
                self._full_scale(0),
                self._full_scale(-1),
                self._full_scale(-1),
                self._full_scale(self.range),
            )
        )

    @scpi("[SENSe[1]:]POWer[:DC]:RANGe[:UPPer]")
    def set_range(self, text: str | None) -> None:
        power = number(
            text, 0.0, self._full_scale(-1) * 1.001, self._full_scale(-1), {"W": 1.0, "MW": 1e-3, "UW": 1e-6}
        )
        self.auto_range = False
        index = next(i for i in range(len(_CURRENT_RANGES)) if self._full_scale(i) * 1.001 >= power)
        self._stale = self._stale or index != self.range
        self.range = index

    @scpi("[SENSe[1]:]POWer[:DC]:RANGe:AUTO?")
    def get_auto_range(self, _: str | None) -> str:
        return str(int(self.auto_range))

    @scpi("[SENSe[1]:]POWer[:DC]:RANGe:AUTO")
    def set_auto_range(self, text: str | None) -> None:
        self.auto_range = boolean(text)

    @scpi("[SENSe[1]:]POWer[:DC]:UNIT?")
    def get_unit(self, _: str | None) -> str:
        return self.unit

    @scpi("[SENSe[1]:]POWer[:DC]:UNIT")
    def set_unit(self, text: str | None) -> None:
        if (text or "").upper() not in ("W", "DBM"):
            raise ScpiError(-224, "Illegal parameter value")
        self.unit = "W" if (text or "").upper() == "W" else "DBM"

    # -- readings ---------------------------------------------------------------------------------

    @scpi("CONFigure[:SCALar][:POWer]")
    @scpi("INITiate[:IMMediate]")
    @scpi("ABORt")
    def configure(self, _: str | None) -> None:
        """Only power is measured, and always."""

    @scpi("CONFigure?")
    def get_configuration(self, _: str | None) -> str:
        return "POW"

    @scpi("MEASure[:SCALar][:POWer]?")
    @scpi("READ?")
    @scpi("FETCh?")
    def measure_power(self, _: str | None) -> str:
        self.take_time(self.averages / _READINGS_PER_SECOND)
        power = self._reading()
        if self.unit == "DBM" and abs(power) < _OVER_RANGE:
            power = 10 * np.log10(max(power, 1e-12) / 1e-3)
        return f"{power:.8E}"

    def _reading(self) -> float:
        current = sum(p * _responsivity(wavelength) for wavelength, p in self.bench.pickoff())
        shown = current / _responsivity(self.wavelength)
        sigma = self.settings.noise * shown * (100 / self.averages) ** 0.5
        shown += sigma * self.rng.standard_normal() + self.settings.floor_W * self.rng.standard_normal()
        if self.auto_range:
            needed = next(
                (i for i, full in enumerate(_CURRENT_RANGES) if current <= full), len(_CURRENT_RANGES) - 1
            )
            if needed > self.range or current < 0.08 * _CURRENT_RANGES[self.range]:
                self.range = needed
                self.take_time(_AUTO_RANGE_TIME)
        if self._stale:
            self._stale = False
            return self._previous
        self._previous = shown
        return shown if current <= _CURRENT_RANGES[self.range] * 1.01 else _OVER_RANGE

    def _full_scale(self, index: int) -> float:
        return _CURRENT_RANGES[index] / _responsivity(self.wavelength)


@lru_cache(maxsize=64)
def _responsivity(wavelength: float) -> float:
    """A/W; falls to nothing outside the table."""
    return float(np.interp(wavelength, _WAVELENGTH, _RESPONSIVITY, left=1e-6, right=1e-6))


def _number(value: float) -> str:
    return f"{value:.8E}"
