"""What a PM100-class power meter lets one set beside the measurement itself: corrections, input, system.

Commands from the tables of the PM100D (17654-D02) and PM100USB (19570-D02) manuals; ranges of values that
these do not print are assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..scpi import ILLEGAL_VALUE, ScpiError, boolean, number, query_number, scpi
from ..scpi_status import StatusTwin

_Pair = tuple[Callable[[Any, str | None], str], Callable[[Any, str | None], None]]


def as_number(value: float) -> str:
    """A number as the meter writes it."""
    return f"{value:.8E}"


def numeric(
    header: str, name: str, low: float, high: float, default: float, units: dict[str, float] | None = None
) -> _Pair:
    """Query and command of a number kept in ``numbers[name]``; they take MIN, MAX and DEF."""

    @scpi(header + "?")
    def query(self: SettingsTwin, text: str | None) -> str:
        return as_number(query_number(text, low, high, default, self.numbers.get(name, default)))

    @scpi(header)
    def command(self: SettingsTwin, text: str | None) -> None:
        self.numbers[name] = number(text, low, high, default, units)

    return query, command


def switch(header: str, name: str) -> _Pair:
    """Query and command of an on/off setting kept in ``switches[name]``."""

    @scpi(header + "?")
    def query(self: SettingsTwin, text: str | None) -> str:
        return str(int(self.switches.get(name, False)))

    @scpi(header)
    def command(self: SettingsTwin, text: str | None) -> None:
        self.switches[name] = boolean(text)

    return query, command


class SettingsTwin(StatusTwin):
    """Settings of the meter; those nobody has touched are not in the tables."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.numbers: dict[str, float] = {}
        self.switches: dict[str, bool] = {}
        self.adapter = "PHOT"

    @scpi("*RST")
    def reset(self, _: str | None) -> None:
        self.numbers.clear()
        self.switches.clear()
        self.adapter = "PHOT"

    # corrections
    get_attenuation, set_attenuation = numeric(
        "[SENSe[1]:]CORRection[:LOSS[:INPut[:MAGNitude]]]", "attenuation", -60, 60, 0, {"DB": 1.0}
    )
    get_beam, set_beam = numeric(
        "[SENSe[1]:]CORRection:BEAMdiameter", "beam", 0.01, 1000, 9.5, {"MM": 1.0, "M": 1e3}
    )
    get_threshold, set_threshold = numeric("[SENSe[1]:]PEAKdetector:THReshold", "threshold", 1, 100, 20)
    get_accelerator, set_accelerator = switch("INPut:THERmopile:ACCelerator[:STATe]", "accelerator")
    get_tau, set_tau = numeric("INPut:THERmopile:ACCelerator:TAU", "tau", 0.1, 30, 3, {"S": 1.0})

    # readings relative to a reference
    get_power_reference, set_power_reference = numeric(
        "[SENSe[1]:]POWer[:DC]:REFerence[:VALue]", "power reference", -100, 100, 0, {"W": 1.0, "MW": 1e-3}
    )
    get_power_relative, set_power_relative = switch("[SENSe[1]:]POWer[:DC]:REFerence:STATe", "power relative")
    get_current_reference, set_current_reference = numeric(
        "[SENSe[1]:]CURRent[:DC]:REFerence[:VALue]", "current reference", -1, 1, 0, {"A": 1.0, "MA": 1e-3}
    )
    get_current_relative, set_current_relative = switch(
        "[SENSe[1]:]CURRent[:DC]:REFerence:STATe", "current relative"
    )

    # for heads of other kinds
    get_energy_range, set_energy_range = numeric(
        "[SENSe[1]:]ENERgy:RANGe[:UPPer]", "energy range", 1e-6, 1, 1e-3, {"J": 1.0, "MJ": 1e-3}
    )
    get_energy_reference, set_energy_reference = numeric(
        "[SENSe[1]:]ENERgy:REFerence[:VALue]", "energy reference", -1, 1, 0, {"J": 1.0, "MJ": 1e-3}
    )
    get_energy_relative, set_energy_relative = switch("[SENSe[1]:]ENERgy:REFerence:STATe", "energy relative")
    get_pyro, set_pyro = numeric("[SENSe[1]:]CORRection:ENERgy[:PYRo][:RESPonse]", "pyro", 1, 1e4, 100)
    get_thermopile, set_thermopile = numeric(
        "[SENSe[1]:]CORRection:POWer:THERmopile[:RESPonse]", "thermopile", 1e-3, 10, 0.25, {"V": 1.0}
    )
    get_voltage_range, set_voltage_range = numeric(
        "[SENSe[1]:]VOLTage[:DC]:RANGe[:UPPer]", "voltage range", 1e-3, 10, 1, {"V": 1.0, "MV": 1e-3}
    )
    get_voltage_auto, set_voltage_auto = switch("[SENSe[1]:]VOLTage[:DC]:RANGe:AUTO", "voltage auto")
    get_voltage_reference, set_voltage_reference = numeric(
        "[SENSe[1]:]VOLTage[:DC]:REFerence[:VALue]", "voltage reference", -10, 10, 0, {"V": 1.0, "MV": 1e-3}
    )
    get_voltage_relative, set_voltage_relative = switch(
        "[SENSe[1]:]VOLTage[:DC][:REFerence]:STATe", "voltage relative"
    )

    # input, system
    get_low_pass, set_low_pass = switch("INPut[:PDIode]:FILTer[:LPASs][:STATe]", "low pass")
    get_beeper, set_beeper = switch("SYSTem:BEEPer:STATe", "beeper")

    @scpi("[SENSe[1]:]FREQuency:RANGe[:UPPer]?")
    def get_highest_frequency(self, _: str | None) -> str:
        return as_number(1e5)

    @scpi("[SENSe[1]:]FREQuency:RANGe:LOWer?")
    def get_lowest_frequency(self, _: str | None) -> str:
        return as_number(1.0)

    @scpi("INPut:ADAPter[:TYPE]?")
    def get_adapter(self, _: str | None) -> str:
        return self.adapter

    @scpi("INPut:ADAPter[:TYPE]")
    def set_adapter(self, text: str | None) -> None:
        word = (text or "").strip().upper()[:4]
        if word not in ("PHOT", "THER", "PYRO", "PYR"):
            raise ScpiError(*ILLEGAL_VALUE)
        self.adapter = word[:3] if word.startswith("PYR") else word

    @scpi("SYSTem:BEEPer[:IMMediate]")
    def beep(self, _: str | None) -> None:
        """Nobody hears it."""

    @scpi("SYSTem:VERSion?")
    def get_version(self, _: str | None) -> str:
        return "1999.0"

    @scpi("SYSTem:LFRequency?")
    def get_line_frequency(self, _: str | None) -> str:
        return f"{self.numbers.get('line frequency', 50):.0f}"

    @scpi("SYSTem:LFRequency")
    def set_line_frequency(self, text: str | None) -> None:
        hertz = number(text, 50, 60, 50, {"HZ": 1.0})
        self.numbers["line frequency"] = 50 if hertz < 55 else 60

    @scpi("SYSTem:DATE?")
    def get_date(self, _: str | None) -> str:
        return "2026,1,1"

    @scpi("SYSTem:TIME?")
    def get_time(self, _: str | None) -> str:
        hours, rest = divmod(int(self.clock.now()), 3600)
        return f"{hours % 24},{rest // 60},{rest % 60}"

    @scpi("SYSTem:DATE")
    @scpi("SYSTem:TIME")
    def set_date(self, _: str | None) -> None:
        """Its calendar has no part in a measurement."""

    @scpi("CALibration:STRing?")
    def get_calibration(self, _: str | None) -> str:
        return '"01-JAN-2026"'


class DisplayTwin(SettingsTwin):
    """With a display of its own."""

    get_brightness, set_brightness = numeric("DISPlay:BRIGhtness", "brightness", 0, 1, 1)
    get_contrast, set_contrast = numeric("DISPlay:CONTrast", "contrast", 0, 1, 0.5)
