"""A rule of a station file: what may not be while a run goes on, and what is done then.

    [interlocks]
    warm = { when = "cryostat.temperature > 320 K", do = "emission off", grace_s = 5 }
    chiller = { when = "chiller.flow_ok is false", do = "stop" }

Rules are read, never executed: an instrument's quantity, one of five operators, a number with its unit or a
truth value. What they do is the affair of a run (:mod:`antistokes.procedures.interlocks`).
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .errors import Refused
from .records import NonNegative, Positive, Record

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.eq,
}
_TRUTH = {"true": 1.0, "false": 0.0}
_RULE = re.compile(r"\s*([^\s.][^.]*)\.(\w+)\b\s*([^\s\w.+-]+|\w+)\s*(.*?)\s*")
_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\s\d].*)?")
_FORM = (
    "must be INSTRUMENT.QUANTITY, then < <= > or >= and a number with its unit, or 'is true', 'is false': "
    "'cryostat.temperature > 320 K'"
)


class InterlockEntry(Record, kw_only=True, frozen=True):
    """``[interlocks]``: a quantity that is watched, and recorded, beside every run."""

    #: what may not be: ``cryostat.temperature > 320 K``, ``chiller.flow_ok is false``
    when: str
    do: Literal["emission off", "stop", "pause"]
    #: s for which it may be all the same, and for which no reading may come
    grace_s: NonNegative = 0.0
    #: s between two readings
    every_s: Positive = 1.0


@dataclass(frozen=True, slots=True)
class Condition:
    """The ``when`` of a rule.

    :ivar number: truth is 1, its contrary 0
    :ivar unit: as it is written; empty: none is
    """

    instrument: str
    quantity: str
    word: str
    number: float
    unit: str

    @classmethod
    def read(cls, text: str) -> Condition:
        """:raises Refused: it is no rule; what would be right"""
        parts = _RULE.fullmatch(text)
        if parts is None:
            raise Refused(_FORM)
        instrument, quantity, word, value = parts.groups()
        if word not in _COMPARE:
            raise Refused(f"there is no operator '{word}'; {_FORM}")
        if word == "is":
            if value not in _TRUTH:
                raise Refused(f"'is {value}': 'is' takes true or false")
            return cls(instrument, quantity, word, _TRUTH[value], "")
        number = _NUMBER.fullmatch(value)
        if number is None or not math.isfinite(float(number[1])):
            raise Refused(f"'{value}' is no number with its unit, such as '320 K'")
        return cls(instrument, quantity, word, float(number[1]), number[2] or "")

    @property
    def of(self) -> str:
        """``INSTRUMENT.QUANTITY``."""
        return f"{self.instrument}.{self.quantity}"

    @property
    def of_truth(self) -> bool:
        """It is about true and false, not about a number."""
        return self.word == "is"

    def holds(self, value: float, number: float) -> bool:
        """Is it so at *value*? *number* is the condition's own in the unit of the quantity."""
        return _COMPARE[self.word](value, number)
