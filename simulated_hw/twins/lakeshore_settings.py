"""Grammar of the Lake Shore controllers: messages, their parameters, and the settings that are kept."""

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
    """A text field, answered padded with blanks; 0 is any length. *allowed*: it is one of these letters."""

    length: int
    allowed: str = ""

    def read(self, text: str) -> str:
        return one_of(text, self.allowed) if self.allowed else text.strip().strip('"')[: self.length or None]

    def show(self, value: Any) -> str:
        return str(value).ljust(self.length)


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


#: keys of a setting there is only one of
NO_KEY = ("",)


def command(header: str) -> Callable[[Handler], Handler]:
    """Mark a handler by a header; it gets the text of the parameters, a blank before them is optional."""
    end = "" if header.endswith("?") else r"(?:\s|(?=\d)|$)"
    return answers(rf"(?i){re.escape(header)}{end}\s*(.*)")


def split(text: str) -> list[str]:
    """The parameters in *text*."""
    return [part.strip() for part in text.split(",")] if text.strip() else []


def first(count: int, text: str) -> list[str]:
    """The first *count* parameters in *text*; empty where there are fewer."""
    return [*split(text), *[""] * count][:count]


def key_of(setting: Setting, parameters: list[str]) -> tuple[str, list[str]]:
    """Take the input or output a message is about off its parameters."""
    if setting.keys == NO_KEY:
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
