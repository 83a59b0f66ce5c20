"""Twins of the Ophir Vega, Nova II and StarLite with a PD300-like silicon head behind the pick-off.

Wire behaviour from Ophir's guide to programmers and user commands, as public drivers use them. Assumed where
these are silent: ranges of the head; a StarLite speaks like a Vega; the reading is renewed 15 times a second
and stays as it was for 0.3 s after a new range or wavelength; the answer is late while the meter looks for
its range; ``$FQ`` with the filter of the head set out makes readings that are 20 times too small.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from ..power_head import PowerHead, PowerHeadSettings, choose_range
from .ophir_vega_messages import PARAMETER, MessageTwin, OphirError, integer, ophir

_RANGES = {  # W, ascending, filter in and out
    True: [3e-8, 3e-7, 3e-6, 3e-5, 3e-4, 3e-3, 3e-2, 3e-1, 1.0],
    False: [3e-9, 3e-8, 3e-7, 3e-6, 3e-5, 3e-4, 3e-3, 3e-2],
}
_FILTER = 20.0  # attenuation
_OVER = 1.05  # of the full scale; above, OVER
_PERIOD = 1 / 15  # s between readings
_CHANGE_TIME = 0.3  # s
_ZEROING_TIME = 25.0  # s
_AUTOMATIC, _DBM = -1, -2
_FAVOURITES = 6


class OphirSettings(PowerHeadSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    serial: str = "612345"
    head: str = "PD300-1W"
    head_serial: str = "123456"
    head_type: Literal["SI", "TH", "PY", "XX"] = "SI"


class OphirVegaSettings(OphirSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    instrument: Literal["VEGA", "NOVA-II"] = "VEGA"


class OphirTwin(MessageTwin):
    """Sees the pick-off of the excitation beam."""

    version: ClassVar[str]
    Settings = OphirSettings
    settings: OphirSettings

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.silicon = PowerHead(self.bench, self.rng, self.settings)
        self.connected = self.settings.head_type != "XX"
        self.main_screen = True
        self._zeroing_from: float | None = None
        self._shown = 0.0  # W
        self._renewal = -math.inf  # when the reading changes next
        self._unseen = True
        self.reset("")

    def instrument(self) -> str:
        """What it calls itself."""
        return "STARLITE"

    # -- identity ---------------------------------------------------------------------------------

    @ophir("II")
    def identify(self, _: str) -> str:
        return f"{self.instrument()} {self.settings.serial} {self.instrument()}"

    @ophir("VE")
    def get_version(self, _: str) -> str:
        return self.version

    @ophir("HI")
    def identify_head(self, _: str) -> str:
        s = self.settings
        if not self.connected:
            return "XX 0 NONE 00000000"
        abilities = {"SI": 1, "TH": 3, "PY": 1 << 31 | 2}[s.head_type]
        return f"{s.head_type} {s.head_serial} {s.head} {abilities:08X}"

    @ophir("HT")
    def head_type(self, _: str) -> str:
        return self.settings.head_type if self.connected else "XX"

    @ophir("RE")
    def reset(self, _: str) -> None:
        self.wavelengths: list[int | None] = [635, 532, 980, None, None, None]
        self.active = 0
        self.range = len(_RANGES[True]) - 1  # ascending, of those with this filter
        self.mode = _AUTOMATIC  # or _DBM, or 0 for a range chosen by hand
        self.filter_in = True
        self.energy = False

    # -- wavelength -------------------------------------------------------------------------------

    @ophir("AW")
    def all_wavelengths(self, _: str) -> str:
        self._need_head()
        if self.settings.head_type != "SI":
            return "DISCRETE 1 YAG CO2"
        s = self.settings
        favourites = [str(w) if w else "NONE" for w in self.wavelengths]
        return f"CONTINUOUS {s.wavelength_min:.0f} {s.wavelength_max:.0f} {self.active + 1} " + " ".join(
            favourites
        )

    @ophir("WL")
    def set_wavelength(self, text: str) -> None:
        """Overwrites the active favourite."""
        self._need_silicon()
        s = self.settings
        self.wavelengths[self.active] = integer(text, s.wavelength_min, s.wavelength_max)
        self._change()

    @ophir("WI")
    def choose_wavelength(self, text: str) -> None:
        self._need_head()
        index = integer(text, 1, _FAVOURITES) - 1
        if self.wavelengths[index] is None:
            raise OphirError(PARAMETER)
        self.active = index
        self._change()

    @ophir("WW")
    def name_wavelength(self, text: str) -> None:
        self._need_head()
        if self.settings.head_type == "SI" or text.upper() != "YAG":
            raise OphirError(PARAMETER)

    # -- range, filter and other choices ----------------------------------------------------------

    @ophir("AR")
    def all_ranges(self, _: str) -> str:
        self._need_head()
        names = [_power_name(top) for top in reversed(_RANGES[self.filter_in])]
        return " ".join([self.get_range(""), "dBm", "AUTO", *names])

    @ophir("RN")
    def get_range(self, _: str) -> str:
        """0 is the highest."""
        self._need_head()
        return str(self.mode or len(_RANGES[self.filter_in]) - 1 - self.range)

    @ophir("WN")
    def set_range(self, text: str) -> None:
        self._need_head()
        tops = _RANGES[self.filter_in]
        index = integer(text, _DBM, len(tops) - 1)
        self.mode = min(index, 0)
        if index >= 0:
            self.range = len(tops) - 1 - index
        self._change()

    @ophir("FQ")
    def filter(self, text: str) -> str:
        self._need_head()
        if self.settings.head_type != "SI":
            return "1 N/A"
        if text:
            self.filter_in = integer(text, 1, 2) == 2
            self.range = min(self.range, len(_RANGES[self.filter_in]) - 1)
            self._change()
        return f"{1 + self.filter_in} OUT IN"

    @ophir("FS")
    def force_screen(self, text: str) -> None:
        self.energy = bool(integer(text, 0, 1))
        self.main_screen = True

    @ophir("FP")
    def force_power(self, _: str) -> None:
        self._need_head()
        self.energy, self.main_screen = False, True

    @ophir("FE")
    def force_energy(self, _: str) -> None:
        self._need_head()
        if self.settings.head_type == "SI":
            raise OphirError("HEAD NOT MEASURING ENERGY")
        self.energy, self.main_screen = True, True

    @ophir("ZE")
    def zero(self, _: str) -> None:
        self._need_head()
        self._zeroing_from = self.clock.now()
        self.main_screen = False

    @ophir("ZQ")
    def zeroing(self, _: str) -> str:
        if self._zeroing_from is None:
            return "ZEROING NOT STARTED"
        over = self.clock.now() >= self._zeroing_from + _ZEROING_TIME
        return "ZEROING COMPLETED" if over else "ZEROING IN PROGRESS"

    # -- readings ---------------------------------------------------------------------------------

    @ophir("SI")
    def unit(self, _: str) -> str:
        if not self.connected:
            return "X"
        return "J" if self.energy else "d" if self.mode == _DBM else "W"

    @ophir("EF")
    def is_new(self, _: str) -> str:
        """1 when there is a reading nobody has asked for yet."""
        return str(int(self._unseen or self.clock.now() >= self._renewal))

    @ophir("SP")
    def power(self, text: str) -> str:
        """The number, if any, is how long to wait, in 0.1 s."""
        self._need_head()
        integer(text or "0", 0, 10000)
        if not self.main_screen:
            raise OphirError("NOT IN MAIN POWER SCREEN")
        if self.energy or self.settings.head_type == "PY":
            raise OphirError("HEAD NOT MEASURING POWER")
        power = self._reading()
        if power > _OVER * _RANGES[self.filter_in][self.range]:
            return "OVER"
        if self.mode == _DBM:
            power = 10 * math.log10(max(power, 1e-14) / 1e-3)
        return f"{power:.3E}"

    @ophir("SE")
    def pulse_energy(self, text: str) -> str:
        self._need_head()
        if not self.energy:
            raise OphirError("HEAD NOT MEASURING ENERGY")
        self.take_time(integer(text or "10", 0, 10000) * 0.1)
        raise OphirError("TIMEOUT: NO PULSE")

    @ophir("SF")
    def frequency(self, _: str) -> str:
        self._need_head()
        raise OphirError("HEAD NOT MEASURING FREQUENCY")

    def _reading(self) -> float:
        """W, as of the last renewal; looking for a range takes its time."""
        self._unseen = False
        if self.clock.now() < self._renewal:
            return self._shown
        self._renewal = self.clock.now() + _PERIOD
        scale = 1.0 if self.filter_in else 1 / _FILTER
        wavelength = self.wavelengths[self.active] or 635
        self._shown = self.silicon.power(self.silicon.current(), wavelength) * scale
        if self.mode:
            best = choose_range(self._shown, self.range, _RANGES[self.filter_in])
            if best != self.range:
                self.range = best
                self.take_time(_CHANGE_TIME)
        return self._shown

    def _change(self) -> None:
        """The reading shown stays for a while."""
        self._renewal = max(self._renewal, self.clock.now() + _CHANGE_TIME)

    def _need_head(self) -> None:
        if not self.connected:
            raise OphirError("HEAD NOT CONNECTED")

    def _need_silicon(self) -> None:
        self._need_head()
        if self.settings.head_type != "SI":
            raise OphirError(PARAMETER)


class OphirVegaTwin(OphirTwin):
    """A Vega or a Nova II."""

    model = "Ophir Vega"
    Settings = OphirVegaSettings
    settings: OphirVegaSettings
    version = "VG2.38"

    def instrument(self) -> str:
        return self.settings.instrument


class OphirStarLiteTwin(OphirTwin):
    """A StarLite."""

    model = "Ophir StarLite"
    version = "SL1.22"


def _power_name(power: float) -> str:
    """As on the display: three digits and a unit."""
    for prefix, factor in (("", 1.0), ("m", 1e-3), ("u", 1e-6), ("n", 1e-9)):
        if power >= 0.9999 * factor:
            return f"{power / factor:#.3g}".rstrip(".") + prefix + "W"
    raise ValueError(power)
