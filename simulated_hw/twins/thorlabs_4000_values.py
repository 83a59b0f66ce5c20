"""Parameters, answers and error texts of the Thorlabs series 4000 and CLD101x, for their twins."""

from __future__ import annotations

import re

from ..scpi import ILLEGAL_VALUE, MISSING_PARAMETER, ScpiError

AMPERE = {"A": 1.0, "MA": 1e-3, "UA": 1e-6}
WATT = {"W": 1.0, "MW": 1e-3, "UW": 1e-6}
VOLT = {"V": 1.0, "MV": 1e-3}
SECOND = {"S": 1.0, "MS": 1e-3, "US": 1e-6}
HERTZ = {"HZ": 1.0, "KHZ": 1e3}
PERCENT = {"PCT": 1.0}
#: whatever the suffix: UNIT:TEMP decides
DEGREE = {"C": 1.0, "CEL": 1.0, "K": 1.0, "F": 1.0, "FAR": 1.0}

NO_READING = 9.9e37

SETTINGS_CONFLICT = (-221, "Settings conflict")
OUTPUT_IS_ON = (20, "Not allowed while LD output is on")


def real(value: float) -> str:
    """A number as these controllers write it."""
    return f"{value:.8E}"


def choice(text: str | None, *words: str) -> str:
    """A discrete parameter: the short form of the one of *words* (capitals as manuals print them) it is.

    :raises ScpiError: it is none of them
    """
    if not text:
        raise ScpiError(*MISSING_PARAMETER)
    for word in words:
        short = re.sub("[^A-Z0-9]", "", word)
        if text.strip().upper() in (short, word.upper()):
            return short
    raise ScpiError(*ILLEGAL_VALUE)
