"""The settings of the SR400's twin: their ranges, how numbers are rounded and written.

From the detailed command list of the SR400 manual, rev. 2.6. Assumed: the values it is switched on with where
they are not those that :func:`defaults` marks as the manual's, and the size of the discriminator's scan step.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple

Round = Callable[[float], float]


class Setting(NamedTuple):
    """A command that sets with its last number and reads without.

    :ivar values: what it is at first, by index (counter, gate, port), or by "" where it takes none
    """

    low: float
    high: float
    values: dict[str, float]
    round: Round = round
    also: float | None = None
    whole: bool = False


class Unusable(Exception):
    """A command that cannot be, or a number out of range."""


def one_digit(value: float) -> float:
    """Only the first digit is used."""
    return digits(value, 1, math.floor)


def digits(value: float, number: int, cut: Callable[[float], float]) -> float:
    if value == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value)) + 1e-12) - number + 1)
    return float(f"{cut(value / unit + 1e-9) * unit:.12g}")


def gate_time(value: float) -> float:
    """To 1 ns below 1 µs, and by steps of 1, 2, 4 and 8 in the fourth digit above it."""
    if value < 1e-6:
        return round(value * 1e9) * 1e-9
    unit = 10.0 ** (math.floor(math.log10(value) + 1e-12) - 3)
    fourth = value / unit
    step = next(step for top, step in ((2048, 1), (4096, 2), (8192, 4), (1e9, 8)) if fourth < top)
    return float(f"{round(fourth / step) * step * unit:.12g}")


def steps(size: float) -> Round:
    return lambda value: float(f"{round(value / size) * size:.12g}")


def both(value: float) -> dict[str, float]:
    return {"0": value, "1": value}


def three(value: float) -> dict[str, float]:
    return both(value) | {"2": value}


#: what each counter's input may be: 10 MHz, INPUT 1, INPUT 2, TRIG
INPUTS = {"0": (0, 1), "1": (1, 2), "2": (0, 2, 3)}

SETTINGS: dict[str, Setting] = {
    "CM": Setting(0, 3, {"": 0}, whole=True),
    "CI": Setting(0, 3, {"0": 1, "1": 2, "2": 0}, whole=True),
    "CP": Setting(10, 9e11, {"1": 1e3, "2": 1e7}, one_digit),
    "NP": Setting(1, 2000, {"": 1000}, whole=True),
    "NE": Setting(0, 1, {"": 0}, whole=True),
    "DT": Setting(2e-3, 6e1, {"": 2e-3}, one_digit, also=0.0),
    "AS": Setting(0, 3, {"": 0}, whole=True),
    "AM": Setting(0, 7, {"": 0}, whole=True),
    "SD": Setting(0, 1, {"": 0}, whole=True),
    "TS": Setting(0, 1, {"": 0}, whole=True),
    "TL": Setting(-2.0, 2.0, {"": 0.1}, steps(1e-3)),
    "DS": Setting(0, 1, three(1), whole=True),
    "DM": Setting(0, 1, three(0), whole=True),
    "DY": Setting(-0.02, 0.02, three(0.0), steps(2e-4)),
    "DL": Setting(-0.3, 0.3, three(-0.01), steps(2e-4)),
    "PM": Setting(0, 1, {"1": 0, "2": 0}, whole=True),
    "PY": Setting(-0.5, 0.5, {"1": 0.0, "2": 0.0}, steps(5e-3)),
    "PL": Setting(-10.0, 10.0, {"1": 0.0, "2": 0.0}, steps(5e-3)),
    "GM": Setting(0, 2, both(0), whole=True),
    "GY": Setting(0.0, 99.92e-3, both(0.0), gate_time),
    "GD": Setting(0.0, 999.2e-3, both(0.0), gate_time),
    "GW": Setting(5e-9, 999.2e-3, both(5e-9), gate_time),
}
#: current value of a scanned one, and the settings of its start, step and mode
SCANNED = {"DZ": ("DL", "DY", "DM", 1), "GZ": ("GD", "GY", "GM", 2), "PZ": ("PL", "PY", "PM", 1)}


def defaults() -> dict[tuple[str, str], float]:
    """All settings, by command and index."""
    return {(name, index): value for name, s in SETTINGS.items() for index, value in s.values.items()}


def checked(name: str, index: str, text: str) -> float:
    """The value that *text* sets. :raises Unusable: none that can be set"""
    setting, value = SETTINGS[name], number(text)
    if value == setting.also:
        return value
    if setting.whole and value != int(value):
        raise Unusable
    if not setting.low <= value <= setting.high * (1 + 1e-9):
        raise Unusable
    if name == "CI" and value not in INPUTS[index]:
        raise Unusable
    return setting.round(value)


def number(text: str) -> float:
    """In integer, real or floating point format. :raises Unusable: something else"""
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(E[-+]?\d{1,3})?", text, re.ASCII | re.IGNORECASE):
        raise Unusable
    value = float(text)
    if not math.isfinite(value):
        raise Unusable
    return value


def written(name: str, value: float) -> str:
    """As the SR400 sends a setting: 1, 1E7, 1.2E-6, -0.01."""
    setting = SETTINGS[name]
    if setting.whole:
        return str(round(value))
    if setting.low < 0:
        return f"{value:.4f}".rstrip("0").rstrip(".").replace("-0", "0" if value == 0 else "-0")
    mantissa, exponent = f"{value:.3E}".split("E")
    return f"{mantissa.rstrip('0').rstrip('.')}E{int(exponent)}" if value else "0"
