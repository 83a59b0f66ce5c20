"""What a Yokogawa AQ637x sweeps and shows: window, resolution, points, sensitivity, level axis.

Settings without an effect on the bench are kept and told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..scpi import ILLEGAL_VALUE, MISSING_PARAMETER, ScpiError, boolean, number, scpi
from ..scpi_status import StatusTwin
from ..twin import Answer

_SENSITIVITIES = ("NHLD", "NAUT", "MID", "HIGH1", "HIGH2", "HIGH3", "NORM")
_UNITS = ("DBM", "W", "DBM/NM", "W/NM")
_METRES = {"M": 1.0, "MM": 1e-3, "UM": 1e-6, "NM": 1e-9, "PM": 1e-12}
_OPTIONAL = {"WINDOW", "WIND", "SCALE", "SCAL"}


@dataclass(frozen=True)
class Model:
    """What differs in the family; wavelengths in nm, times in s per 100 nm with 1001 points."""

    name: str
    low: float
    high: float
    resolutions: tuple[float, ...]
    #: in the order of _SENSITIVITIES
    sweep: tuple[float, ...]
    #: hears nothing during the auto offset
    deaf: bool


#: settings that are only kept, by their short header: first value
_KEPT = {
    "DISP:TRAC:Y1:RLEV": "-1.00000000E+001",
    "DISP:TRAC:Y1:RPOS": "8",
    "DISP:TRAC:Y1:PDIV": "1.00000000E+001",
    "DISP:TRAC:Y1:BLEV": "0.00000000E+000",
    "UNIT:X": "0",
    "SENS:SWE:SPE": "0",
    "SENS:SWE:TIME:INT": "0",
    "SENS:SENS:LEV": "-7.00000000E+001",
    "SENS:CHOP": "0",
    "SENS:AVER:COUN": "1",
    "SENS:CORR:WAV:SHIF": "0.00000000E+000",
    "SENS:CORR:LEV:SHIF": "0.00000000E+000",
    "SENS:CORR:RVEL:MED": "0",
    "SENS:SETT:CORR": "0",
    "SENS:SETT:FIB": "0",
    "SENS:SETT:SMO": "0",
    "CALC:MARK:MAX:SCEN:AUTO": "0",
    "CALC:CAT": "0",
    "SYST:COMM:CFOR": "1",
    "SYST:BUZZ:CLIC": "0",
    "SYST:BUZZ:WARN": "0",
    "TRIG:STAT": "0",
}


class WindowTwin(StatusTwin):
    """Keeps the settings; wavelengths are in nm."""

    data: Model

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.preset()

    def preset(self) -> None:
        """As after power-on."""
        self.kept = dict(_KEPT)
        self.unit, self.linear = 0, False
        self.sensitivity, self.auto_points, self._points = 1, True, 1001
        self.resolution = 1.0
        self.start, self.stop = self.data.low, self.data.high

    def unknown(self, message: str) -> Answer:
        """Settings that are only kept."""
        header, _, value = message.partition(" ")
        words = [w for w in header.upper().strip(":?").split(":") if w not in _OPTIONAL]
        key = ":".join(map(short, words))
        if key not in self.kept:
            return super().unknown(message)
        if header.endswith("?"):
            return self.kept[key]
        if not (value := value.strip().upper()):
            raise ScpiError(*MISSING_PARAMETER)
        self.kept[key] = {"ON": "1", "OFF": "0", "WAV": "0", "WAVELENGTH": "0"}.get(value, value)
        return None

    # -- what is swept ----------------------------------------------------------------------------

    @scpi("[SENSe:]WAVelength:STARt?")
    def get_start(self, _: str | None) -> str:
        return real(self.start * 1e-9)

    @scpi("[SENSe:]WAVelength:STARt")
    def set_start(self, text: str | None) -> None:
        self._set_window(self._nm(text), self.stop)

    @scpi("[SENSe:]WAVelength:STOP?")
    def get_stop(self, _: str | None) -> str:
        return real(self.stop * 1e-9)

    @scpi("[SENSe:]WAVelength:STOP")
    def set_stop(self, text: str | None) -> None:
        self._set_window(self.start, self._nm(text))

    @scpi("[SENSe:]WAVelength:CENTer?")
    def get_center(self, _: str | None) -> str:
        return real((self.start + self.stop) / 2 * 1e-9)

    @scpi("[SENSe:]WAVelength:CENTer")
    def set_center(self, text: str | None) -> None:
        center, half = self._nm(text), (self.stop - self.start) / 2
        half = min(half, center - self.data.low, self.data.high - center)
        self._set_window(center - half, center + half)

    @scpi("[SENSe:]WAVelength:SPAN?")
    def get_span(self, _: str | None) -> str:
        return real((self.stop - self.start) * 1e-9)

    @scpi("[SENSe:]WAVelength:SPAN")
    def set_span(self, text: str | None) -> None:
        largest = self.data.high - self.data.low
        span = number(text, 0.0, largest * 1.0001e-9, largest * 1e-9, _METRES) * 1e9
        center = (self.start + self.stop) / 2
        self._set_window(max(center - span / 2, self.data.low), min(center + span / 2, self.data.high))

    def _set_window(self, start: float, stop: float) -> None:
        if not start < stop:
            raise ScpiError(-221, "Settings conflict")
        self.start, self.stop = round(start, 3), round(stop, 3)

    def _nm(self, text: str | None) -> float:
        low, high = self.data.low * 0.999999e-9, self.data.high * 1.000001e-9
        return round(number(text, low, high, low, _METRES) * 1e9, 3)

    @scpi("[SENSe:]BANDwidth[:RESolution]?")
    @scpi("[SENSe:]BWIDth[:RESolution]?")
    def get_resolution(self, _: str | None) -> str:
        return real(self.resolution * 1e-9)

    @scpi("[SENSe:]BANDwidth[:RESolution]")
    @scpi("[SENSe:]BWIDth[:RESolution]")
    def set_resolution(self, text: str | None) -> None:
        """The nearest there is."""
        known = self.data.resolutions
        wanted = number(text, 0.0, known[-1] * 1.0001e-9, 1e-9, _METRES) * 1e9
        self.resolution = min(known, key=lambda r: abs(r - wanted))

    @property
    def points(self) -> int:
        """Samples of the next sweep; chosen by itself they are a fifth of the resolution apart."""
        if not self.auto_points:
            return self._points
        return int(np.clip(round((self.stop - self.start) / self.resolution * 5) + 1, 101, 50001))

    @scpi("[SENSe:]SWEep:POINts?")
    def get_points(self, _: str | None) -> str:
        return str(self.points)

    @scpi("[SENSe:]SWEep:POINts")
    def set_points(self, text: str | None) -> None:
        self._points, self.auto_points = round(number(text, 101, 50001, 1001)), False

    @scpi("[SENSe:]SWEep:POINts:AUTO?")
    def get_auto_points(self, _: str | None) -> str:
        return str(int(self.auto_points))

    @scpi("[SENSe:]SWEep:POINts:AUTO")
    def set_auto_points(self, text: str | None) -> None:
        self._points, self.auto_points = self.points, boolean(text)

    @scpi("[SENSe:]SENSe?")
    def get_sensitivity(self, _: str | None) -> str:
        return str(self.sensitivity)

    @scpi("[SENSe:]SENSe")
    def set_sensitivity(self, text: str | None) -> None:
        self.sensitivity = choice(text, _SENSITIVITIES)

    # -- the level axis --------------------------------------------------------------------------

    @scpi("DISPlay[:WINDow]:TRACe:Y1[:SCALe]:SPACing?")
    def get_spacing(self, _: str | None) -> str:
        return str(int(self.linear))

    @scpi("DISPlay[:WINDow]:TRACe:Y1[:SCALe]:SPACing")
    def set_spacing(self, text: str | None) -> None:
        self.linear = bool(choice(text, ("LOGARITHMIC", "LINEAR")))
        self.unit = self.unit // 2 * 2 + self.linear

    @scpi("DISPlay[:WINDow]:TRACe:Y1[:SCALe]:UNIT?")
    def get_unit(self, _: str | None) -> str:
        return str(self.unit)

    @scpi("DISPlay[:WINDow]:TRACe:Y1[:SCALe]:UNIT")
    def set_unit(self, text: str | None) -> None:
        self.unit = choice(text, _UNITS)
        self.linear = bool(self.unit % 2)


def choice(text: str | None, words: tuple[str, ...], first: int = 0) -> int:
    """Index of a word of *words*, given whole, by its first four letters, or by its number from *first*."""
    word = (text or "").strip().upper()
    if not word:
        raise ScpiError(*MISSING_PARAMETER)
    if word.isdecimal() and 0 <= int(word) - first < len(words):
        return int(word) - first
    for index, known in enumerate(words):
        if word in (known, short(known)):
            return index
    raise ScpiError(*ILLEGAL_VALUE)


def short(word: str) -> str:
    """The short form of a keyword (SCPI-1999 vol. 1, 6.2.1): four letters, three if the fourth is a vowel."""
    if len(word) <= 4:
        return word
    return word[:3] if word[3] in "AEIOU" else word[:4]


def real(value: float) -> str:
    """``+1.55000000E-006``."""
    mantissa, _, exponent = f"{value:+.8E}".partition("E")
    return f"{mantissa}E{int(exponent):+04d}"
