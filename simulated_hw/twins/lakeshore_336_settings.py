"""Grammar of the Lake Shore 336: the settings it keeps, for which input or output, in which range.

Model 336 user's manual, chapter 6; where it gives no power-up value, the value is assumed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..twin import Handler, answers


class Refused(Exception):
    """A parameter that is missing, no number or out of range: an execution error."""


class Number(NamedTuple):
    """A numeric field: allowed range and the format it is answered in."""

    low: float
    high: float
    form: str = "d"

    def read(self, text: str) -> float:
        read = integer if self.form.endswith("d") else number
        return read(text, self.low, self.high)

    def show(self, value: Any) -> str:
        return format(value, self.form)


class Text(NamedTuple):
    """A text field, answered padded with blanks."""

    length: int

    def read(self, text: str) -> str:
        return text.strip().strip('"')[: self.length]

    def show(self, value: Any) -> str:
        return format(value, f"<{self.length}")


@dataclass(frozen=True, slots=True)
class Setting:
    """:param keys: what the first parameter may be; empty when there is none"""

    keys: tuple[str, ...]
    fields: tuple[Number | Text, ...]
    start: tuple[Any, ...]

    def read(self, texts: list[str], old: tuple[Any, ...]) -> tuple[Any, ...]:
        """New values; a field left empty or out keeps its old one."""
        if not any(texts) or len(texts) > len(self.fields):
            raise Refused
        texts = texts + [""] * (len(self.fields) - len(texts))
        each = zip(self.fields, texts, old, strict=True)
        return tuple(field.read(text) if text else value for field, text, value in each)

    def show(self, values: tuple[Any, ...]) -> str:
        """The answer to a query."""
        return ",".join(field.show(value) for field, value in zip(self.fields, values, strict=True))


_NONE, _INPUTS, _OUTPUTS, _HEATERS, _ANALOG = ("",), tuple("ABCD"), tuple("1234"), tuple("12"), tuple("34")
_SWITCH = Number(0, 1)
_KELVIN = Number(-9999, 9999, "+08.3f")
_PERCENT = Number(0, 100, "+07.3f")
_BYTE = Number(0, 255, "03d")
_P, _I, _D = Number(0.1, 1000, "+07.1f"), Number(0.1, 1000, "+07.1f"), Number(0, 200, "+05.0f")
_RATE = Number(0, 100, "+08.3f")

#: by command; names with an underscore are no commands of their own
STORED: dict[str, Setting] = {
    "INTYPE": Setting(_INPUTS, (Number(0, 4), _SWITCH, Number(0, 9), _SWITCH, Number(1, 3)), (1, 0, 0, 0, 1)),
    "INNAME": Setting(_INPUTS, (Text(15),), ("",)),
    "INCRV": Setting(_INPUTS, (Number(0, 59, "02d"),), (2,)),
    "DIOCUR": Setting(_INPUTS, (_SWITCH,), (0,)),
    "FILTER": Setting(_INPUTS, (_SWITCH, Number(2, 64, "02d"), Number(1, 10, "02d")), (0, 8, 10)),
    "TLIMIT": Setting(_INPUTS, (Number(0, 9999, "+07.1f"),), (420.0,)),
    "ALARM": Setting(_INPUTS, (_SWITCH, *[_KELVIN] * 3, *[_SWITCH] * 3), (0, 475.0, 0.0, 0.0, 0, 0, 1)),
    "OUTMODE": Setting(_OUTPUTS, (Number(0, 5), Number(0, 8), _SWITCH), (0, 0, 0)),
    "SETPOINT_K": Setting(_OUTPUTS, (_KELVIN,), (0.0,)),
    "RANGE": Setting(_OUTPUTS, (Number(0, 3),), (0,)),
    "RAMP": Setting(_OUTPUTS, (_SWITCH, _RATE), (0, 0.0)),
    "PID": Setting(_OUTPUTS, (_P, _I, _D), (50.0, 20.0, 0.0)),
    "MOUT": Setting(_OUTPUTS, (_PERCENT,), (0.0,)),
    "HTRSET": Setting(
        _HEATERS, (Number(1, 2), Number(0, 4), Number(0, 2, "+.3f"), Number(1, 2)), (1, 4, 2.0, 1)
    ),
    "ZONE_TABLE": Setting(
        tuple(f"{output}/{zone}" for output in "12" for zone in range(1, 11)),
        (_KELVIN, _P, _I, _D, _PERCENT, Number(0, 3), Number(0, 8), _RATE),
        (0.0, 50.0, 20.0, 0.0, 0.0, 1, 0, 0.1),
    ),
    "WARMUP": Setting(_ANALOG, (_SWITCH, _PERCENT), (0, 0.0)),
    "ANALOG": Setting(_ANALOG, (Number(0, 8), Number(1, 3), _KELVIN, _KELVIN, _SWITCH), (0, 1, 0.0, 0.0, 0)),
    "POLARITY": Setting(_ANALOG, (_SWITCH,), (0,)),
    "RELAY": Setting(_HEATERS, (Number(0, 2), Text(1), Number(0, 2)), (0, "A", 0)),
    "DISPLAY": Setting(_NONE, (Number(0, 7), Number(0, 2), Number(1, 4)), (0, 0, 1)),
    "DISPFLD": Setting(tuple("12345678"), (Number(0, 8), Number(1, 6)), (1, 1)),
    "BRIGT": Setting(_NONE, (Number(1, 32),), (16,)),
    "LEDS": Setting(_NONE, (_SWITCH,), (1,)),
    "LOCK": Setting(_NONE, (_SWITCH, Number(0, 999, "03d")), (0, 123)),
    "MODE": Setting(_NONE, (Number(0, 2),), (1,)),
    "IEEE": Setting(_NONE, (Number(1, 30),), (12,)),
    "INTSEL": Setting(_NONE, (Number(0, 2),), (1,)),
    "OPSTE": Setting(_NONE, (_BYTE,), (0,)),
    "*ESE": Setting(_NONE, (_BYTE,), (0,)),
    "*SRE": Setting(_NONE, (_BYTE,), (0,)),
}


def defaults(start: float) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Everything at power-up; output 1 holds *start* K in closed loop on input A, medium range."""
    values = {(name, key): setting.start for name, setting in STORED.items() for key in setting.keys}
    names = {"A": "Stage", "B": "Sample", "C": "Cold head", "D": ""}
    values |= {("INNAME", name): (text,) for name, text in names.items()}
    values["INTYPE", "D"] = (0, 0, 0, 0, 1)
    values["OUTMODE", "1"] = (1, 1, 0)
    values["RANGE", "1"] = (2,)
    values |= {("SETPOINT_K", output): (start,) for output in _OUTPUTS}
    return values


def command(header: str) -> Callable[[Handler], Handler]:
    """Mark a handler by a header; it gets the text of the parameters, a blank before them is optional."""
    end = "" if header.endswith("?") else r"(?:\s|(?=\d)|$)"
    return answers(rf"(?i){re.escape(header)}{end}\s*(.*)")


def split(text: str) -> list[str]:
    """The parameters in *text*."""
    return [part.strip() for part in text.split(",")] if text.strip() else []


def key_of(setting: Setting, parameters: list[str]) -> tuple[str, list[str]]:
    """Take the input or output a message is about off its parameters."""
    if setting.keys == _NONE:
        return "", parameters
    if not parameters or parameters[0].upper() not in setting.keys:
        raise Refused
    return parameters[0].upper(), parameters[1:]


def one_of(text: str, allowed: str) -> str:
    """One letter or digit out of *allowed*, in capitals."""
    word = text.strip().upper()
    if len(word) != 1 or word not in allowed:
        raise Refused
    return word


def number(text: str, low: float, high: float) -> float:
    """A decimal number in [low, high]."""
    if not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d+)?\s*", text, re.IGNORECASE):
        raise Refused
    value = float(text)
    if not (low <= value <= high and math.isfinite(value)):
        raise Refused
    return value


def integer(text: str, low: float, high: float) -> int:
    """A whole number in [low, high]."""
    value = number(text, low, high)
    if value != int(value):
        raise Refused
    return int(value)
