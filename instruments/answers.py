"""Numbers as instruments write them.

Python's own conversions also take ``nan``, ``inf``, ``1_000`` and the digits of other scripts, and make
infinity of what is too large: here none of it is a number.
"""

from __future__ import annotations

import math
import re

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)
_WHOLE = re.compile(r"\s*[+-]?\d{1,19}\s*", re.ASCII)


def number(text: str) -> float:
    """:raises ValueError: *text* is no finite number"""
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no finite number")
    return value


def whole(text: str) -> int:
    """:raises ValueError: *text* is no whole number, or has more digits than any device's"""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)
