"""Settings of the 33500B twin that stand for themselves, by their headers; parsing with clipping.

A value beyond its range is set to the end of the range, and -222 says so. Ranges as in the guide of the
33500 series for a 33522B; where it was not at hand they are wide, and assumed. Trigger settings are also
taken below ``SOURce``, where pylablib sends them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from ..scpi import (
    ILLEGAL_VALUE,
    MISSING_PARAMETER,
    OUT_OF_RANGE,
    ScpiError,
    boolean,
    header_pattern,
    number,
)

_TIME = {"S": 1.0, "MS": 1e-3, "US": 1e-6, "NS": 1e-9}
_FREQUENCY = {"HZ": 1.0, "KHZ": 1e3, "MHZ": 1e6, "UHZ": 1e-6}
_VOLT = {"V": 1.0, "MV": 1e-3, "VPP": 1.0, "MVPP": 1e-3, "VRMS": 1.0, "MVRMS": 1e-3, "DBM": 1.0}
#: suffixes by the unit of a setting
SUFFIXES: dict[str, dict[str, float]] = {
    "s": _TIME,
    "Hz": _FREQUENCY,
    "V": _VOLT,
    "%": {"PCT": 1.0},
    "deg": {"DEG": 1.0},
    "Ohm": {"OHM": 1.0, "KOHM": 1e3, "MOHM": 1e6},
    "Sa/s": {"SA/S": 1.0, "KSA/S": 1e3, "MSA/S": 1e6},
    "": {},
}
INFINITY = 9.9e37
_SWITCH = ("OFF", "ON")


class Setting(NamedTuple):
    """One value: a number with a range, or a word of *choices* (capitals are the short form)."""

    default: Any
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    choices: tuple[str, ...] = ()
    infinite: bool = False

    def parse(self, text: str, complain: Callable[[ScpiError], None]) -> Any:
        """:raises ScpiError: not a value of this kind; one beyond its range is only complained about"""
        if self.choices == _SWITCH:
            return "ON" if boolean(text) else "OFF"
        if self.choices:
            return choice(text, self.choices)
        if self.infinite and text.strip().upper() in ("INF", "INFINITY"):
            return INFINITY
        return clipped(text, self.low, self.high, self.default, SUFFIXES[self.unit], complain)

    def show(self, value: Any, text: str) -> str:
        """The answer to a query, also to one for MIN, MAX or DEF."""
        if self.choices == _SWITCH:
            return str(int(value == "ON"))
        if self.choices:
            return str(value)
        if text:
            value = number(text, self.low, self.high, self.default)
        return f"{value:+.15E}"


def choice(text: str, choices: tuple[str, ...]) -> str:
    """The short form of the one of *choices* that *text* names. :raises ScpiError: none"""
    word = text.strip().upper()
    if not word:
        raise ScpiError(*MISSING_PARAMETER)
    for known in choices:
        short = "".join(c for c in known if not c.islower())
        if word in (short, known.upper()):
            return short
    raise ScpiError(*ILLEGAL_VALUE)


def clipped(
    text: str,
    low: float,
    high: float,
    default: float,
    units: dict[str, float],
    complain: Callable[[ScpiError], None],
) -> float:
    """A numeric parameter; beyond [low, high] the end of it, and -222 is complained about."""
    try:
        return number(text, low, high, default, units)
    except ScpiError as error:
        if error.code != OUT_OF_RANGE[0]:
            raise
    value = number(text, -INFINITY, INFINITY, default, units)
    end, name = (low, "lower") if value < low else (high, "upper")
    complain(ScpiError(-222, f"Data out of range; value clipped to {name} limit"))
    return end


def _switch(on: bool = False) -> Setting:
    return Setting("ON" if on else "OFF", choices=_SWITCH)


def _word(*choices: str) -> Setting:
    return Setting("".join(c for c in choices[0] if not c.islower()), choices=choices)


def _modulation(**more: Setting) -> dict[str, Setting]:
    return {
        "[:STATe]": _switch(),
        ":SOURce": _word("INTernal", "EXTernal", "CH1", "CH2"),
        ":INTernal:FUNCtion": _word(
            "SINusoid", "SQUare", "RAMP", "NRAMp", "TRIangle", "NOISe", "PRBS", "ARB"
        ),
        ":INTernal:FREQuency": Setting(10.0, 1e-6, 30e6, "Hz"),
        ":INTernal:RATE": Setting(10.0, 1e-6, 1e6, "Hz"),
    } | {":" + name.replace("_", ":"): setting for name, setting in more.items()}


_MODULATIONS = {
    "AM": _modulation(DEPTh=Setting(100.0, 0, 120, "%"), DSSC=_switch()),
    "FM": _modulation(DEViation=Setting(100.0, 1e-6, 15e6, "Hz")),
    "PM": _modulation(DEViation=Setting(180.0, 0, 360, "deg")),
    "PWM": _modulation(DEViation=Setting(10e-6, 0, 1e6, "s"), DEViation_DCYCle=Setting(1.0, 0, 100, "%")),
    "FSKey": _modulation(FREQuency=Setting(100.0, 1e-6, 30e6, "Hz")),
    "BPSK": _modulation(PHASe=Setting(180.0, 0, 360, "deg")),
    "SUM": _modulation(AMPLitude=Setting(0.1, 0, 100, "%")),
}
_PER_SOURCE = {
    "FREQuency:MODE": _word("CW", "LIST", "SWEep", "FIXed"),
    "FREQuency:STARt": Setting(100.0, 1e-6, 30e6, "Hz"),
    "FREQuency:STOP": Setting(1000.0, 1e-6, 30e6, "Hz"),
    "FREQuency:CENTer": Setting(550.0, 1e-6, 30e6, "Hz"),
    "FREQuency:SPAN": Setting(900.0, -30e6, 30e6, "Hz"),
    "FREQuency:COUPle[:STATe]": _switch(),
    "VOLTage:COUPle[:STATe]": _switch(),
    "VOLTage:RANGe:AUTO": _switch(True),
    "VOLTage:LIMit:STATe": _switch(),
    "VOLTage:LIMit:HIGH": Setting(10.0, -10, 10, "V"),
    "VOLTage:LIMit:LOW": Setting(-10.0, -10, 10, "V"),
    "PHASe[:ADJust]": Setting(0.0, -360, 360, "deg"),
    "FUNCtion:RAMP:SYMMetry": Setting(100.0, 0, 100, "%"),
    "FUNCtion:NOISe:BANDwidth": Setting(1e5, 1e-3, 30e6, "Hz"),
    "FUNCtion:PRBS:BRATe": Setting(1000.0, 1e-3, 50e6, "Hz"),
    "FUNCtion:PRBS:DATA": _word(*(f"PN{n}" for n in (7, 9, 11, 15, 20, 23))),
    "FUNCtion:PRBS:TRANsition[:BOTH]": Setting(8.4e-9, 8.4e-9, 1e-6, "s"),
    "FUNCtion:ARBitrary:SRATe": Setting(4e4, 1e-6, 250e6, "Sa/s"),
    "FUNCtion:ARBitrary:FILTer": _word("NORMal", "STEP", "OFF"),
    "FUNCtion:ARBitrary:ADVance": _word("SRATe", "TRIGger"),
    "FUNCtion:ARBitrary:PTPeak": Setting(0.1, 1e-3, 20, "V"),
    "BURSt:STATe": _switch(),
    "BURSt:MODE": _word("TRIGgered", "GATed"),
    "BURSt:NCYCles": Setting(1.0, 1, 1e8, infinite=True),
    "BURSt:PHASe": Setting(0.0, -360, 360, "deg"),
    "BURSt:INTernal:PERiod": Setting(0.01, 1e-6, 8000, "s"),
    "BURSt:GATE:POLarity": _word("NORMal", "INVerted"),
    "SWEep:STATe": _switch(),
    "SWEep:TIME": Setting(1.0, 1e-3, 250e3, "s"),
    "SWEep:HTIMe": Setting(0.0, 0, 3600, "s"),
    "SWEep:RTIMe": Setting(0.0, 0, 3600, "s"),
    "SWEep:SPACing": _word("LINear", "LOGarithmic"),
    "MARKer[:STATe]": _switch(),
    "MARKer:FREQuency": Setting(500.0, 1e-6, 30e6, "Hz"),
    "MARKer:CYCLe": Setting(2.0, 2, 1e8),
    "MARKer:POINt": Setting(10.0, 4, 1e6),
    "TRACk": _word("OFF", "ON", "INVerted"),
    "COMBine:FEED": _word("NONE", "CH1", "CH2"),
    **{f"{kind}{name}": s for kind, table in _MODULATIONS.items() for name, s in table.items()},
}
_PER_TRIGGER = {
    "SOURce": _word("IMMediate", "EXTernal", "TIMer", "BUS"),
    "SLOPe": _word("POSitive", "NEGative"),
    "COUNt": Setting(1.0, 1, 1e6),
    "DELay": Setting(0.0, 0, 1000, "s"),
    "TIMer": Setting(1.0, 1e-6, 8000, "s"),
    "LEVel": Setting(1.4, 0.9, 3.8, "V"),
}
#: settings a channel has, by their header
CHANNEL = {
    **{f"[SOURce#:]{name}": setting for name, setting in _PER_SOURCE.items()},
    **{f"[SOURce#:]TRIGger#:{name}": setting for name, setting in _PER_TRIGGER.items()},
    "OUTPut#:POLarity": _word("NORMal", "INVerted"),
    "OUTPut#:MODE": _word("NORMal", "GATed"),
    "OUTPut#:SYNC:MODE": _word("NORMal", "CARRier", "MARKer"),
    "OUTPut#:SYNC:POLarity": _word("NORMal", "INVerted"),
    "INITiate#:CONTinuous": _switch(True),
}
#: settings there is one of
COMMON = {
    "OUTPut[1][2]:SYNC[:STATe]": _switch(True),
    "OUTPut:SYNC:SOURce": _word("CH1", "CH2"),
    "[SOURce[1][2]:]OUTPut[1][2]:TRIGger[:STATe]": _switch(),
    "[SOURce[1][2]:]OUTPut[1][2]:TRIGger:SLOPe": _word("POSitive", "NEGative"),
    "OUTPut:TRIGger:SOURce": _word("CH1", "CH2"),
    "UNIT:ANGLe": _word("DEGree", "RADian", "SECond"),
    "FORMat:BORDer": _word("NORMal", "SWAPped"),
    "DISPlay[:STATe]": _switch(True),
    "DISPlay:UNIT:RATE": _word("FREQuency", "PERiod"),
    "DISPlay:UNIT:PULSe": _word("WIDTh", "DUTY"),
    "DISPlay:UNIT:VOLTage": _word("AMPLitude", "HIGHlow"),
    "SYSTem:BEEPer:STATe": _switch(True),
    "ROSCillator:SOURce": _word("INTernal", "EXTernal"),
    "ROSCillator:SOURce:AUTO": _switch(True),
    "OUTPut:PROTection:MODE": _word("NORMal"),
    "MEMory:STATe:RECall:AUTO": _switch(True),
}


def compiled(header: str) -> re.Pattern[str]:
    """What a printed header matches; groups: the channel for each ``#``, ``?``, the parameter."""
    pattern = header_pattern(header).replace("#", "([12])?")
    return re.compile(pattern + r"(\?)?(?:\s+(.*?))?\s*", re.DOTALL)
