"""Twins of Thorlabs' PM100-class power meters with an S120C-like silicon head behind the pick-off.

Wire behaviour from the operation manuals of PM100D (17654-D02), PM100USB (19570-D02) and PM400 (2017), which
print one table of commands; ranges are typical of such a head and assumed. Assumed too: the PM100D takes 3000
samples a second (its manual says about 3 ms for one), what the head cannot measure is -241, and zeroing with
light on the head takes that light for darkness.
"""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

from ..power_head import PowerHead, PowerHeadSettings, choose_range
from ..scpi import ILLEGAL_VALUE, ScpiError, boolean, number, query_number, scpi
from ..twin import answers
from .thorlabs_pm100d_settings import DisplayTwin, SettingsTwin, as_number

_CURRENT_RANGES = [5e-7, 5e-6, 5e-5, 5e-4, 5e-3]  # A, full scale
_OVER_RANGE = 9.9e37
_AUTO_RANGE_TIME = 0.05  # s until a reading is valid again
_ZERO_TIME = 1.0  # s
_TEMPERATURE = 24.0  # °C, of the head
_WATT = {"W": 1.0, "MW": 1e-3, "UW": 1e-6}
_AMPERE = {"A": 1.0, "MA": 1e-3, "UA": 1e-6}
_HARDWARE_MISSING = (-241, "Hardware missing")
# what can be measured, by the first letters; another head measures more
_MEASURABLE = ("POW", "CURR", "FREQ", "PDEN", "TEMP")
_QUANTITY = (
    r"(?::SCAL(?:AR)?)?(?::(POW|CURR|VOLT|ENER|FREQ|PDEN|EDEN|RES|TEMP)"
    r"(?:ER|ENT|AGE|GY|UENCY|SITY|ISTANCE|ERATURE)?(?::DC)?)?"
)
_RANGE = r"(?i::?(?:SENSE?1?:)?(POW|CURR)(?:ER|ENT)?(?::DC)?:RANGE?(?::UPP(?:ER)?)?"


class Model(NamedTuple):
    """In what the meters differ."""

    name: str
    firmware: str
    samples_per_second: float
    most_averages: int


class PM100DSettings(PowerHeadSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    serial: str = "P0012345"
    sensor_serial: str = "1234567"


class PowerMeterTwin(SettingsTwin):
    """Sees the pick-off of the excitation beam through a silicon head."""

    Settings = PM100DSettings
    settings: PM100DSettings
    kind: ClassVar[Model]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.head = PowerHead(self.bench, self.rng, self.settings)
        self.range = len(_CURRENT_RANGES) - 1
        self._previous = 0.0  # the reading that comes once more after a range change
        self._stale = False
        self._zero = self._zero_to_be = 0.0  # A
        self._zero_end = -math.inf
        self._seconds = 0.0  # of the measurement under way
        self._choose_defaults()

    def _choose_defaults(self) -> None:
        self.wavelength = 635.0
        self.averages = 1
        self.auto_range = True
        self.unit = "W"
        self.quantity = "POW"
        self._measured: tuple[float, float] | None = None  # the last value, and when it is ready

    # -- identity ---------------------------------------------------------------------------------

    @scpi("*IDN?")
    def identify(self, _: str | None) -> str:
        return f"Thorlabs,{self.kind.name},{self.settings.serial},{self.kind.firmware}"

    @scpi("*RST")
    def reset(self, _: str | None) -> None:
        super().reset(_)
        self._choose_defaults()

    @scpi("SYSTem:SENSor:IDN?")
    def identify_sensor(self, _: str | None) -> str:
        # power sensor (1), responsivity settable (16), wavelength settable (32), temperature sensor (256)
        return f'"S120C","{self.settings.sensor_serial}","01-JAN-2026",1,18,{1 + 16 + 32 + 256}'

    # -- settings ---------------------------------------------------------------------------------

    @scpi("[SENSe[1]:]CORRection:WAVelength?")
    def get_wavelength(self, text: str | None) -> str:
        s = self.settings
        return as_number(query_number(text, s.wavelength_min, s.wavelength_max, 635.0, self.wavelength))

    @scpi("[SENSe[1]:]CORRection:WAVelength")
    def set_wavelength(self, text: str | None) -> None:
        self.wavelength = number(
            text, self.settings.wavelength_min, self.settings.wavelength_max, 635.0, {"NM": 1.0}
        )
        self.numbers.pop("responsivity", None)

    @scpi("[SENSe[1]:]CORRection:POWer[:PDIode][:RESPonse]?")
    def get_responsivity(self, text: str | None) -> str:
        present = self._responsivity()
        return as_number(
            query_number(text, present / 2, present * 2, self.head.responsivity(self.wavelength), present)
        )

    @scpi("[SENSe[1]:]CORRection:POWer[:PDIode][:RESPonse]")
    def set_responsivity(self, text: str | None) -> None:
        default = self.head.responsivity(self.wavelength)
        self.numbers["responsivity"] = number(text, default / 2, default * 2, default, {"A": 1.0})

    @scpi("[SENSe[1]:]AVERage[:COUNt]?")
    def get_averages(self, text: str | None) -> str:
        return f"{query_number(text, 1, self.kind.most_averages, 1, self.averages):.0f}"

    @scpi("[SENSe[1]:]AVERage[:COUNt]")
    def set_averages(self, text: str | None) -> None:
        self.averages = round(number(text, 1, self.kind.most_averages, 1))

    @answers(_RANGE + r"\?(?:\s+(.*?))?\s*)")
    def get_range(self, quantity: str, text: str | None) -> str:
        tops = self._tops(quantity)
        return as_number(query_number(text, tops[0], tops[-1], tops[-1], tops[self.range]))

    @answers(_RANGE + r"(?:\s+(.*?))?\s*)")
    def set_range(self, quantity: str, text: str | None) -> None:
        tops = self._tops(quantity)
        value = number(text, 0.0, tops[-1] * 1.001, tops[-1], _WATT | _AMPERE)
        self.auto_range = False
        index = next(i for i, top in enumerate(tops) if top * 1.001 >= value)
        self._stale = self._stale or index != self.range
        self.range = index

    @scpi("[SENSe[1]:]CURRent[:DC]:RANGe:AUTO?")
    @scpi("[SENSe[1]:]POWer[:DC]:RANGe:AUTO?")
    def get_auto_range(self, _: str | None) -> str:
        return str(int(self.auto_range))

    @scpi("[SENSe[1]:]CURRent[:DC]:RANGe:AUTO")
    @scpi("[SENSe[1]:]POWer[:DC]:RANGe:AUTO")
    def set_auto_range(self, text: str | None) -> None:
        self.auto_range = boolean(text)

    @scpi("[SENSe[1]:]POWer[:DC]:UNIT?")
    def get_unit(self, _: str | None) -> str:
        return self.unit

    @scpi("[SENSe[1]:]POWer[:DC]:UNIT")
    def set_unit(self, text: str | None) -> None:
        if (text or "").upper() not in ("W", "DBM"):
            raise ScpiError(*ILLEGAL_VALUE)
        self.unit = "W" if (text or "").upper() == "W" else "DBM"

    # -- zeroing ----------------------------------------------------------------------------------

    @scpi("[SENSe[1]:]CORRection:COLLect:ZERO[:INITiate]")
    def start_zeroing(self, _: str | None) -> None:
        self._zero_to_be = self.head.current()
        self._zero_end = self.clock.now() + _ZERO_TIME

    @scpi("[SENSe[1]:]CORRection:COLLect:ZERO:ABORt")
    def stop_zeroing(self, _: str | None) -> None:
        if self.clock.now() < self._zero_end:
            self._zero_to_be, self._zero_end = self._zero, -math.inf

    @scpi("[SENSe[1]:]CORRection:COLLect:ZERO:STATe?")
    def is_zeroing(self, _: str | None) -> str:
        return str(int(self.clock.now() < self._zero_end))

    @scpi("[SENSe[1]:]CORRection:COLLect:ZERO:MAGNitude?")
    def get_zero(self, _: str | None) -> str:
        return as_number(self._dark())

    def _dark(self) -> float:
        if self.clock.now() >= self._zero_end:
            self._zero = self._zero_to_be
        return self._zero

    # -- readings ---------------------------------------------------------------------------------

    @answers(rf"(?i::?CONF(?:IGURE)?{_QUANTITY}\s*)")
    def configure(self, quantity: str | None) -> None:
        self.quantity = self._measurable(quantity)

    @scpi("CONFigure?")
    def get_configuration(self, _: str | None) -> str:
        return self.quantity

    @scpi("INITiate[:IMMediate]")
    def start(self, _: str | None) -> None:
        self._measure()

    @scpi("ABORt")
    def abort(self, _: str | None) -> None:
        """A measurement that runs ends by itself."""

    @answers(rf"(?i::?MEAS(?:URE)?1?{_QUANTITY}\s*)")
    def configure_and_start(self, quantity: str | None) -> None:
        self.configure(quantity)
        self._measure()

    @answers(rf"(?i::?MEAS(?:URE)?1?{_QUANTITY}\?\s*)")
    def configure_and_read(self, quantity: str | None) -> str:
        self.configure(quantity)
        return self.read("")

    @scpi("READ?")
    def read(self, _: str | None) -> str:
        self._measure()
        return self.fetch(_)

    @scpi("FETCh?")
    def fetch(self, _: str | None) -> str:
        value, ready = self._measured or self._measure()
        self.take_time(max(0.0, ready - self.clock.now()))
        return as_number(value)

    def _measurable(self, quantity: str | None) -> str:
        word = (quantity or "POW").upper()
        if word not in _MEASURABLE:
            raise ScpiError(*_HARDWARE_MISSING)
        return word

    def _measure(self) -> tuple[float, float]:
        self._seconds = self.averages / self.kind.samples_per_second
        value = {
            "POW": self._power,
            "CURR": self._current,
            "FREQ": self._frequency,
            "PDEN": self._power_density,
            "TEMP": self._temperature,
        }[self.quantity]()
        self._measured = value, self.clock.now() + self._seconds
        return self._measured

    def _power(self) -> float:
        power = self._watts()
        if abs(power) >= _OVER_RANGE:
            return power
        if self.switches.get("power relative"):
            power -= self.numbers.get("power reference", 0.0)
        return power if self.unit == "W" else 10 * math.log10(max(power, 1e-12) / 1e-3)

    def _watts(self) -> float:
        light = self.head.current()
        seen = light - self._dark()
        # a responsivity of the user's own, and an attenuator in front of the head
        factor = self.head.responsivity(self.wavelength) / self._responsivity() * self._attenuation()
        shown = factor * self.head.power(seen, self.wavelength, self.averages)
        if self.auto_range:
            needed = choose_range(light, self.range, _CURRENT_RANGES)
            if needed != self.range:
                self.range = needed
                self._seconds += _AUTO_RANGE_TIME
        if self._stale:
            self._stale = False
            return self._previous
        self._previous = shown
        return shown if light <= _CURRENT_RANGES[self.range] * 1.01 else _OVER_RANGE

    def _current(self) -> float:
        power = self._watts()
        if abs(power) >= _OVER_RANGE:
            return power
        current = power * self._responsivity() / self._attenuation()
        relative = self.switches.get("current relative")
        return current - self.numbers.get("current reference", 0.0) if relative else current

    def _power_density(self) -> float:
        """W/cm² in a beam that fills a circle of the diameter set."""
        power = self._watts()
        radius = self.numbers.get("beam", 9.5) / 20  # cm
        return power if abs(power) >= _OVER_RANGE else power / (math.pi * radius**2)

    def _frequency(self) -> float:
        train = self.bench.pulses()
        return 0.0 if train is None else 1 / train.period

    def _temperature(self) -> float:
        return _TEMPERATURE + 0.02 * float(self.rng.standard_normal())

    def _responsivity(self) -> float:
        return self.numbers.get("responsivity", self.head.responsivity(self.wavelength))

    def _attenuation(self) -> float:
        """The factor the reading is multiplied with."""
        return float(10 ** (self.numbers.get("attenuation", 0.0) / 10))

    def _tops(self, quantity: str) -> list[float]:
        """Full scale of each range, W or A."""
        factor = self._attenuation() / self._responsivity() if quantity.upper() == "POW" else 1.0
        return [top * factor for top in _CURRENT_RANGES]


class PM100DTwin(PowerMeterTwin, DisplayTwin):
    """Handheld console."""

    model = "Thorlabs PM100D"
    kind = Model("PM100D", "2.6.0", 3000, 3000)


class PM100USBTwin(PowerMeterTwin):
    """Interface without a display."""

    model = "Thorlabs PM100USB"
    kind = Model("PM100USB", "1.4.0", 1 / 0.003, 3000)


class PM400Twin(PowerMeterTwin, DisplayTwin):
    """Touch-screen console."""

    model = "Thorlabs PM400"
    kind = Model("PM400", "1.1.0", 1000, 10000)
