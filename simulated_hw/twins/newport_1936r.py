"""Twin of the Newport 1936-R (or 2936-R with nothing on channel B) with a silicon head behind the pick-off.

Wire behaviour from the 1936-R/2936-R manual, chapter 8, as public drivers use it. Assumed where these are
silent: eight ranges, a decade each; a reading while the meter looks for its range is the one before; over
its range it shows a little more than the range. The digital filter lowers the noise and does not lag.
Trigger and analog output commands only keep what they are told.
"""

from __future__ import annotations

import math
import re
from typing import Any, Literal

from ..power_head import PowerHead, PowerHeadSettings, choose_range
from .newport_1936r_messages import OUT_OF_RANGE, NewportError, integer, newport, number
from .newport_1936r_store import StoreTwin, number_text

_TOPS = [5e-10 * 10**i for i in range(8)]  # A, full scale of each range
_OVER = 1.01  # of the full scale; above, the reading is over range
_CLIP = 1.05  # of the full scale: what is shown then
_RANGE_TIME = 0.1  # s per step of the range
_AMPERE, _WATT, _WATT_PER_CM2, _DBM = 0, 2, 3, 6


class Newport1936RSettings(PowerHeadSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    instrument: Literal["1936-R", "2936-R"] = "1936-R"
    serial: str = "SN20010"
    detector: str = "918D-SL-OD3R"
    detector_serial: str = "10234"


class Newport1936RTwin(StoreTwin):
    """Sees the pick-off of the excitation beam through a silicon head on channel A."""

    model = "Newport 1936-R"
    Settings = Newport1936RSettings
    settings: Newport1936RSettings

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.head = PowerHead(self.bench, self.rng, self.settings)
        self.channel = 1
        self.detector_present = True
        self.wavelength = 635
        self.unit, self.mode, self.range = _WATT, 0, len(_TOPS) - 1
        self.auto_range = self.running = True
        self.zero = 0.0
        self.correction = (1.0, 0.0, 1.0)
        self.attenuator = True
        self._ranging_until = -math.inf
        self._shown = 0.0
        self._held = (0.0, 0)

    # -- instrument -------------------------------------------------------------------------------

    @newport("*IDN?")
    def identify(self, _: str | None) -> str:
        return f"NEWPORT {self.settings.instrument} v1.2.5 03/14/25 {self.settings.serial}"

    @newport("*RCL")
    @newport("*SAV")
    def configuration(self, text: str | None) -> None:
        """Nothing was changed that a recall would bring back."""
        integer(text, 0, 5)

    @newport("CALDATE?")
    @newport("PM:CALDATE?")
    def calibration_date(self, _: str | None) -> str:
        return "14MAR2025"

    @newport("CALTEMP?")
    @newport("PM:CALTEMP?")
    @newport("PM:TEMPerature?")
    def temperature(self, _: str | None) -> str:
        return number_text(24.6)

    # -- detector ---------------------------------------------------------------------------------

    @newport("PM:DETMODEL?")
    def detector_model(self, _: str | None) -> str:
        return self.settings.detector if self._detected() else "NO DETECTOR"

    @newport("PM:DETSN?")
    @newport("PM:ATTSN?")
    def detector_serial(self, _: str | None) -> str:
        return self.settings.detector_serial if self._detected() else "0"

    @newport("PM:DETSIZE?")
    def detector_size(self, _: str | None) -> str:
        return number_text(1.0)

    @newport("PM:RESPonsivity?")
    def get_responsivity(self, _: str | None) -> str:
        return number_text(self.head.responsivity(self.wavelength))

    @newport("PM:ATTenuator?")
    def get_attenuator(self, _: str | None) -> str:
        return str(int(self.attenuator))

    @newport("PM:ATTenuator")
    def set_attenuator(self, text: str | None) -> None:
        """Says that it is there; whether it is, the meter cannot know."""
        self.attenuator = bool(integer(text, 0, 1))

    @newport("PM:CHANnel?")
    def get_channel(self, _: str | None) -> str:
        return str(self.channel)

    @newport("PM:CHANnel")
    def set_channel(self, text: str | None) -> None:
        self.channel = integer(text, 1, 2 if self._two_channels() else 1)

    def _two_channels(self) -> bool:
        return self.settings.instrument.startswith("2")

    def _detected(self) -> bool:
        return self.detector_present and self.channel == 1

    # -- settings ---------------------------------------------------------------------------------

    @newport("PM:Lambda?")
    def get_wavelength(self, _: str | None) -> str:
        return str(self.wavelength)

    @newport("PM:Lambda")
    def set_wavelength(self, text: str | None) -> None:
        self.wavelength = integer(text, self.settings.wavelength_min, self.settings.wavelength_max)

    @newport("PM:MIN:Lambda?")
    def shortest(self, _: str | None) -> str:
        return f"{self.settings.wavelength_min:.0f}"

    @newport("PM:MAX:Lambda?")
    def longest(self, _: str | None) -> str:
        return f"{self.settings.wavelength_max:.0f}"

    @newport("PM:MAX:Power?")
    def full_scale(self, _: str | None) -> str:
        return number_text(self._in_units(_TOPS[self.range]))

    @newport("PM:MIN:Power?")
    def least(self, _: str | None) -> str:
        return number_text(self._in_units(_TOPS[self.range] * 1e-5))

    @newport("PM:RANge?")
    def get_range(self, _: str | None) -> str:
        return str(self.range)

    @newport("PM:RANge")
    def set_range(self, text: str | None) -> None:
        self._take_range(integer(text, 0, len(_TOPS) - 1))
        self.auto_range = False

    @newport("PM:AUTO?")
    def get_auto_range(self, _: str | None) -> str:
        return str(int(self.auto_range))

    @newport("PM:AUTO")
    def set_auto_range(self, text: str | None) -> None:
        self.auto_range = bool(integer(text, 0, 1))

    @newport("PM:UNITs?")
    @newport("PM:DS:UNITs?")
    def get_unit(self, _: str | None) -> str:
        return str(self.unit)

    @newport("PM:UNITs")
    def set_unit(self, text: str | None) -> None:
        unit = integer(text, 0, 6)
        if unit not in (_AMPERE, _WATT, _WATT_PER_CM2, _DBM):
            raise NewportError(*OUT_OF_RANGE)  # not with a photodiode
        self.unit = unit

    @newport("PM:MODE?")
    def get_mode(self, _: str | None) -> str:
        return str(self.mode)

    @newport("PM:MODE")
    def set_mode(self, text: str | None) -> None:
        self.mode = integer(text, 0, 7)

    @newport("PM:RUN?")
    def get_running(self, _: str | None) -> str:
        return str(int(self.running))

    @newport("PM:RUN")
    def set_running(self, text: str | None) -> None:
        """0 holds the reading; 1 in a single mode takes one and holds it."""
        self.running = True
        self._held = self._measure()
        self.running = bool(integer(text, 0, 1)) and self.mode not in (1, 4, 6)

    @newport("PM:ZEROSTOre")
    def store_zero(self, _: str | None) -> None:
        self.zero += self.reading()

    @newport("PM:ZEROVALue?")
    @newport("PM:ZERO?")
    def get_zero(self, _: str | None) -> str:
        return number_text(self.zero)

    @newport("PM:ZEROVALue")
    def set_zero(self, text: str | None) -> None:
        self.zero = number(text, -1e3, 1e3)

    @newport("PM:CORRection?")
    def get_correction(self, _: str | None) -> str:
        return " ".join(map(number_text, self.correction))

    @newport("PM:CORRection")
    def set_correction(self, text: str | None) -> None:
        """reading·M1 + offset, then ·M2"""
        values = [number(part, -1e6, 1e6) for part in re.split(r"[,\s]+", text or "")]
        if len(values) != 3:
            raise NewportError(*OUT_OF_RANGE)
        self.correction = (values[0], values[1], values[2])

    # -- readings ---------------------------------------------------------------------------------

    @newport("PM:Power?")
    @newport("PM:DPower?")
    def power(self, _: str | None) -> str:
        return number_text(self.reading())

    @newport("PM:PWS?")
    def power_and_status(self, _: str | None) -> str:
        value, status = self._measure()
        if not self._two_channels():
            return f"{number_text(value)},{status:03X}"
        other = f"{number_text(0.0)} {self.unit << 7:03X}"
        mine = f"{number_text(value)} {status:03X}"
        return f"{mine} {other}" if self.channel == 1 else f"{self._channel_a()} {mine}"

    def _channel_a(self) -> str:
        self.channel = 1
        value, status = self._measure()
        self.channel = 2
        return f"{number_text(value)} {status:03X}"

    def reading(self) -> float:
        return self._measure()[0]

    def _measure(self) -> tuple[float, int]:
        """Reading and status: bits 9–7 unit, 6–4 range, 3 detector, 2 ranging, 1 saturated, 0 over range."""
        if not self._detected():
            return 0.0, self.unit << 7 | self.range << 4
        if not self.running:
            return self._held
        current = self.head.current()
        if self.auto_range:
            self._take_range(choose_range(current, self.range, _TOPS))
        top = _TOPS[self.range]
        ranging = self.clock.now() < self._ranging_until
        if not ranging:
            power = self.head.power(min(current, _CLIP * top), self.wavelength, self.kept["PM:DIGITALFILTER"])
            first, offset, second = self.correction
            self._shown = self._in_units(
                ((power * first + offset) * second) * self.head.responsivity(self.wavelength)
            )
        status = self.unit << 7 | self.range << 4 | 1 << 3 | ranging << 2
        status |= (current > _OVER * _TOPS[-1]) << 1 | (current > _OVER * top)
        return self._shown - self.zero, status

    def _take_range(self, index: int) -> None:
        if index != self.range:
            self._ranging_until = self.clock.now() + _RANGE_TIME * abs(index - self.range)
            self.range = index

    def _in_units(self, current: float) -> float:
        if self.unit == _AMPERE:
            return current
        power = current / self.head.responsivity(self.wavelength)  # the detector has 1 cm²
        return 10 * math.log10(max(power, 1e-14) / 1e-3) if self.unit == _DBM else power
