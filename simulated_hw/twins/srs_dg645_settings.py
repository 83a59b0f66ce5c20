"""What the DG645 twin can be told: settings by their command, and the errors of its queue."""

from __future__ import annotations

import re
from typing import NamedTuple

ILLEGAL_VALUE, ILLEGAL_DELAY, ILLEGAL_LINK, RECALL_FAILED = 10, 12, 13, 14
ILLEGAL_COMMAND, UNDEFINED_COMMAND, ILLEGAL_QUERY, ILLEGAL_SET = 110, 111, 112, 113
NULL_PARAMETER, EXTRA_PARAMETERS, MISSING_PARAMETERS = 114, 115, 116
INVALID_FLOAT, INVALID_INTEGER, TOO_MANY_ERRORS = 118, 120, 254


class DG645Error(Exception):
    """Goes to the queue that ``LERR?`` empties.

    :param code: number of the error
    """

    def __init__(self, code: int) -> None:
        self.code = code
        super().__init__(f"error {code}")


class Setting(NamedTuple):
    """A value, or one for each of *indices*.

    :param digits: after the decimal point of the answer; None: an integer
    """

    default: float
    low: float
    high: float
    digits: int | None = None
    indices: range | None = None

    def parse(self, text: str) -> float:
        """:raises DG645Error: not a value of this kind"""
        value = integer(text) if self.digits is None else real(text)
        if not self.low <= value <= self.high:
            raise DG645Error(ILLEGAL_VALUE)
        return value if self.digits is None else round(value, self.digits)

    def show(self, value: float) -> str:
        return f"{value:.0f}" if self.digits is None else f"{value:+.{self.digits}f}"


def real(text: str) -> float:
    """:raises DG645Error: no number"""
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        raise DG645Error(INVALID_FLOAT if text else NULL_PARAMETER)
    return float(text)


def integer(text: str) -> int:
    """:raises DG645Error: no whole number"""
    if not re.fullmatch(r"[+-]?\d+", text):
        raise DG645Error(INVALID_INTEGER if text else NULL_PARAMETER)
    return int(text)


def _choice(default: int, high: int, indices: range | None = None) -> Setting:
    return Setting(default, 0, high, None, indices)


_OUTPUTS, _CHANNELS = range(5), range(10)  # T0 AB CD EF GH; T0 T1 A to H
_COUNT = 2**32 - 1
_BURST_PERIOD = _COUNT * 10e-9  # s; another source says 2000 s

#: steps of the front panel's buttons: command of the step, of its size, what it steps
STEPS = {
    "SPDL": ("SSDL", "DLAY"),
    "SPLA": ("SSLA", "LAMP"),
    "SPLO": ("SSLO", "LOFF"),
    "SPHD": ("SSHD", "HOLD"),
    "SPTL": ("SSTL", "TLVL"),
    "SPTR": ("SSTR", "TRAT"),
    "SPPS": ("SSPS", "PRES"),
    "SPPH": ("SSPH", "PHAS"),
    "SPBC": ("SSBC", "BURC"),
    "SPBD": ("SSBD", "BURD"),
    "SPBP": ("SSBP", "BURP"),
}
#: values after ``*RST`` are assumed but for the trigger
SETTINGS: dict[str, Setting] = {
    "ADVT": _choice(0, 1),
    "HOLD": Setting(0.0, 0.0, 2000.0, 12),
    "INHB": _choice(0, 5),
    "TLVL": Setting(1.0, 0.0, 3.5, 2),
    "TRAT": Setting(1000.0, 1e-4, 1e7, 6),
    "TSRC": _choice(5, 6),
    "PRES": Setting(1, 1, 32767, None, _OUTPUTS),
    "PHAS": _choice(0, 32766, range(1, 5)),
    "BURM": _choice(0, 1),
    "BURC": Setting(5, 1, _COUNT),
    "BURD": Setting(0.0, 0.0, 2000.0, 12),
    "BURP": Setting(1e-5, 1e-7, _BURST_PERIOD, 8),
    "BURT": _choice(0, 1),
    "LAMP": Setting(2.5, 0.5, 5.0, 2, _OUTPUTS),
    "LOFF": Setting(0.0, -2.0, 2.0, 2, _OUTPUTS),
    "LPOL": _choice(1, 1, _OUTPUTS),
    "SHDP": _choice(1, 1),
    "SSDL": Setting(1e-9, 0.0, 2000.0, 12, _CHANNELS),
    "SSLA": Setting(0.1, 0.0, 5.0, 2, _OUTPUTS),
    "SSLO": Setting(0.1, 0.0, 2.0, 2, _OUTPUTS),
    "SSHD": Setting(1e-6, 0.0, 2000.0, 12),
    "SSTL": Setting(0.1, 0.0, 3.5, 2),
    "SSTR": Setting(100.0, 0.0, 1e7, 6),
    "SSPS": Setting(1, 0, 32767, None, _OUTPUTS),
    "SSPH": Setting(1, 0, 32766, None, range(1, 5)),
    "SSBC": Setting(1, 0, _COUNT),
    "SSBD": Setting(1e-6, 0.0, 2000.0, 12),
    "SSBP": Setting(1e-6, 0.0, _BURST_PERIOD, 8),
    "*ESE": _choice(0, 255),
    "*SRE": _choice(0, 255),
    "*PSC": _choice(1, 1),
    "INSE": _choice(0, 255),
}
#: settings that ``*RST`` leaves alone
KEPT = ("*ESE", "*SRE", "*PSC", "INSE")
#: ``IFCF``: whole numbers, and addresses
INTERFACE: dict[int, str] = {
    **dict.fromkeys(range(11), "1"),
    1: "9600",
    3: "15",
    11: "192.168.0.5",
    12: "255.255.255.0",
    13: "192.168.0.1",
}
#: the twin's method by its command, and how few and how many parameters it takes
ACTIONS: dict[str, tuple[str, int, int]] = {
    "*IDN?": ("identify", 0, 0),
    "*RST": ("reset", 0, 0),
    "*CLS": ("clear_status", 0, 0),
    "*TRG": ("trigger", 0, 0),
    "*ESR?": ("event", 0, 1),
    "*STB?": ("status_byte", 0, 1),
    "*OPC": ("complete", 0, 0),
    "*OPC?": ("one", 0, 0),
    "*WAI": ("nothing", 0, 0),
    "*TST?": ("zero", 0, 0),
    "*CAL?": ("zero", 0, 0),
    "*SAV": ("save", 1, 1),
    "*RCL": ("recall", 1, 1),
    "LERR?": ("last_error", 0, 0),
    "INSR?": ("instrument_event", 0, 1),
    "TIMB?": ("zero", 0, 0),
    "DLAY?": ("get_delay", 1, 1),
    "DLAY": ("set_delay", 3, 3),
    "LINK?": ("get_link", 1, 1),
    "LINK": ("set_link", 2, 2),
    "DISP?": ("get_display", 0, 0),
    "DISP": ("set_display", 2, 2),
    "IFCF?": ("get_interface", 1, 1),
    "IFCF": ("set_interface", 2, 2),
    "IFRS": ("nothing", 1, 1),
    "EMAC?": ("hardware_address", 0, 0),
    "LCAL": ("nothing", 0, 0),
    "REMT": ("nothing", 0, 0),
    "LOCK?": ("one", 0, 0),
    "UNLK?": ("one", 0, 0),
    "XTRM": ("nothing", 1, 3),
}
