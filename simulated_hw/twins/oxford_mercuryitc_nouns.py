"""Grammar of the MercuryiTC: the nouns of each kind of part, what they hold and what may be set.

MercuryiTC operator's manual, issue 1, chapter 10.3, and issue 5, chapter 8.3; where they give no value
at delivery, it is assumed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf)(.*)")


class Number(NamedTuple):
    """A number; its unit may be sent or left out."""

    low: float
    high: float
    unit: str = ""
    form: str = ".4f"

    def read(self, text: str) -> float | None:
        match = _NUMBER.fullmatch(text.strip())
        if match is None or match[2] not in ("", self.unit):
            return None
        value = float(match[1])
        return value if self.low <= value <= self.high else None

    def show(self, value: float) -> str:
        return f"{value:{self.form}}{self.unit}"


class Whole(NamedTuple):
    """A whole number."""

    low: int
    high: int

    def read(self, text: str) -> int | None:
        return int(text) if re.fullmatch(r"\d{1,9}", text) and self.low <= int(text) <= self.high else None

    def show(self, value: int) -> str:
        return str(value)


class Word(NamedTuple):
    """One of some words."""

    words: tuple[str, ...]

    def read(self, text: str) -> str | None:
        return text if text in self.words else None

    def show(self, value: str) -> str:
        return value


class Text(NamedTuple):
    """Text of a form."""

    pattern: str = r"[^:]{1,32}"

    def read(self, text: str) -> str | None:
        return text if re.fullmatch(self.pattern, text) else None

    def show(self, value: str) -> str:
        return value


@dataclass(frozen=True, slots=True)
class Noun:
    """:param fields: parts of its value that colons separate; 0 for an action"""

    kind: Number | Whole | Word | Text
    start: Any = None
    writable: bool = True
    fields: int = 1


_SWITCH = Word(("OFF", "ON"))
_READ = Text()


def _shown(text: str = "") -> Noun:
    """Read only."""
    return Noun(_READ, text, writable=False)


_MAKE = {"MAN:HVER": _shown("1"), "MAN:FVER": _shown("2.6.04"), "MAN:SERL": _shown("132750010")}

#: nouns of each kind of part in the order they are listed; "SYS" is the device itself
NOUNS: dict[str, dict[str, Noun]] = {
    "SYS": {
        "TIME": Noun(Text(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d"), fields=3),
        "DATE": Noun(Text(r"\d{4}:\d\d:\d\d"), fields=3),
        **_MAKE,
        "FLSH": _shown("81920"),
        "DISP:DIMA": Noun(_SWITCH, "OFF"),
        "DISP:DIMT": Noun(Whole(0, 99999), 300),
        "DISP:BRIG": Noun(Number(10, 100, form=".1f"), 80.0),
        "USER": Noun(Word(("NORM",)), "NORM"),
        "LOCK": Noun(_SWITCH, "OFF"),
        "RST": Noun(_READ, fields=0),
        "CAT": _shown(),
        "ALRM": _shown(),
    },
    "TEMP": {
        **_MAKE,
        "NICK": Noun(Text()),
        "TYPE": Noun(Word(("PTC", "NTC", "DDE", "TCE")), "DDE"),
        "EXCT:TYPE": Noun(Word(("UNIP", "BIP", "SOFT")), "UNIP"),
        "EXCT:MAG": Noun(Number(0, 1000, "uA"), 10.0),
        "CAL:FILE": Noun(Text(), "DT-670.dat"),
        "CAL:INT": Noun(Word(("LIN", "SPL", "LAGR")), "SPL"),
        "CAL:SCAL": Noun(Number(0.5, 1.5), 1.0),
        "CAL:OFFS": Noun(Number(-100, 100), 0.0),
        "CAL:HOTL": _shown("500.0000K"),
        "CAL:COLDL": _shown("1.4000K"),
        "SIG:VOLT": _shown(),
        "SIG:CURR": _shown(),
        "SIG:RES": _shown(),
        "SIG:TEMP": _shown(),
        "SIG:SLOP": _shown(),
        "LOOP:HTR": Noun(Text()),
        "LOOP:AUX": Noun(Text(), "None"),
        "LOOP:P": Noun(Number(0, 200), 50.0),
        "LOOP:I": Noun(Number(0, 200), 0.8333),
        "LOOP:D": Noun(Number(0, 300), 0.0),
        "LOOP:PIDT": Noun(_SWITCH, "OFF"),
        "LOOP:PIDF": Noun(Text(), "None"),
        "LOOP:THTF": Noun(Text(), "None"),
        "LOOP:SWMD": Noun(Word(("FIX", "SWP", "OFF", "ON")), "FIX"),
        "LOOP:SWFL": Noun(Text(), "None"),
        "LOOP:ENAB": Noun(_SWITCH, "OFF"),
        "LOOP:TSET": Noun(Number(0, 2000, "K"), 300.0),
        "LOOP:HSET": Noun(Number(0, 100), 0.0),
        "LOOP:FSET": Noun(Number(0, 100), 0.0),
        "LOOP:FAUT": Noun(_SWITCH, "OFF"),
        "LOOP:RSET": Noun(Number(0, math.inf, "K/m"), math.inf),
        "LOOP:RENA": Noun(_SWITCH, "OFF"),
    },
    "HTR": {
        **_MAKE,
        "NICK": Noun(Text()),
        "VLIM": Noun(Number(0, 40), 20.0),
        "RES": Noun(Number(10, 2000), 40.0),
        "PMAX": _shown("80.0000"),
        "SIG:VOLT": Noun(Number(0, 40, "V")),
        "SIG:CURR": _shown(),
        "SIG:POWR": Noun(Number(0, 80, "W")),
    },
    "AUX": {
        **_MAKE,
        "NICK": Noun(Text()),
        "GMIN": Noun(Number(0, 100), 5.0),
        "GFSF": Noun(Number(0, 99), 1.0),
        "TES": Noun(Number(0, 20), 0.0),
        "TVES": Noun(Number(0, 20), 0.0),
        "GEAR": Noun(Whole(0, 7), 0),
        "SPD": Noun(Whole(0, 2), 1),
        "SIG:STEP": _shown("0"),
        "SIG:PERC": _shown("0.0000%"),
        "SIG:IN": _shown("0"),
    },
    "LVL": {
        **_MAKE,
        "NICK": Noun(Text()),
        "HEL:PULS:SLOW": Noun(_SWITCH, "ON"),
        "SIG:HEL:LEV": _shown("78.5000%"),
        "SIG:NIT:LEV": _shown("64.0000%"),
    },
}


def walk(nouns: dict[str, Noun], words: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Follow *words* through *nouns*: (what was sent, full name of the noun, words left) for every step.

    The name of a group of nouns ends with a colon; a word that leads nowhere is the last step, its name
    empty. The caller takes the value of a noun off the words left.
    """
    group = ""
    while words:
        word = words.pop(0)
        for start in dict.fromkeys((group, "")):
            name = start + word
            if name in nouns:
                group = start
                yield word, name, words
                break
            if any(noun.startswith(name + ":") for noun in nouns):
                group = name + ":"
                yield word, group, words
                break
        else:
            yield word, "", words
            return


def below(nouns: dict[str, Noun], group: str) -> list[str]:
    """Names of all nouns in *group* (``LOOP:``; empty: all)."""
    return [name for name in nouns if name.startswith(group)]
