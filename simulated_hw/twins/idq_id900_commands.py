"""Commands of the ID900 twin: the tree, abbreviations, values with units, chains of commands.

Capitals are the short form; everything from there to the full word is taken, in any case. After ``;`` a
command goes on below the block of the last one unless it begins with ``:``.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

INVALID_CMD, NO_COMMAND = "SCPI_ERR_INVALID_CMD", "SCPI_ERR_NO_COMMAND"
PARAM_TYPE, PARAM_COUNT = "SCPI_ERR_PARAM_TYPE", "SCPI_ERR_PARAM_COUNT"

BLOCKS = {"INPU": 4, "DELA": 8, "TSCO": 24, "TSGE": 8, "HIST": 4, "RAW": 4, "TSST": 4, "OUTP": 4, "REC": 1}
_SCALES = {"K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:E[-+]?\d+)?)\s*([A-Z]*)")


class CommandError(Exception):
    """What is wrong with a command, as the end of its reply says it."""


class Kind(NamedTuple):
    """A setting: what it may be, and what it is after switching on."""

    default: Any
    low: float = 0.0
    high: float = 0.0
    unit: str = ""
    choices: tuple[str, ...] = ()
    link: bool = False

    def parse(self, text: str) -> Any:
        """:raises CommandError: not a value of this kind"""
        if self.link:
            return parse_link(text)
        if self.choices:
            return self._choice(text.upper())
        match = _NUMBER.fullmatch(text.upper())
        if match is None:
            raise CommandError(PARAM_TYPE)
        value = float(match[1]) * self._scale(match[2])
        if not self.low <= value <= self.high:
            raise CommandError(PARAM_TYPE)
        return value

    def _choice(self, word: str) -> str:
        for choice in self.choices:
            if word == choice or (len(word) >= 3 and choice.startswith(word)):
                return choice
        raise CommandError(PARAM_TYPE)

    def _scale(self, unit: str) -> float:
        if unit in ("", self.unit):
            return 1.0
        if self.unit == "V" and unit == "MV":
            return 1e-3
        if self.unit == "TB" and unit in ("KTB", "MTB", "GTB", "TTB"):
            return _SCALES[unit[0]]
        raise CommandError(PARAM_TYPE)

    def show(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        return f"{value:.3f}V" if self.unit == "V" else f"{round(value)}{self.unit}"


def parse_link(text: str) -> str:
    """A block's address in its short form. :raises CommandError: there is no such block"""
    for name, number in {"NONE": 0, "START": 0, **BLOCKS}.items():
        match = re.fullmatch(rf"({_abbreviations(_LONG.get(name, name))})(\d*)", text.strip().upper())
        if match and (int(match[2] or 1) <= number if number else not match[2]):
            return name[:4] + (str(int(match[2] or 1)) if number else "")
    raise CommandError(f"No connection to {text}")


def _abbreviations(word: str) -> str:
    """``ENABle`` → ``ENAB(?:L(?:E)?)?``."""
    short = re.match(r"[A-Z]*", word)
    assert short
    return (
        short[0] + "".join(f"(?:{c}" for c in word[short.end() :].upper()) + ")?" * (len(word) - short.end())
    )


#: older programs say so
_OTHER_NAMES = {"HISTogram#": "TSSTatistic#:HISTogram", "RAW#": "TSSTatistic#:DATA:RAW"}
_LONG = {"INPU": "INPUt", "DELA": "DELAy", "START": "STARt", "REC": "RECord", "HIST": "HISTogram"}


def switch(on: bool = False) -> Kind:
    return Kind("ON" if on else "OFF", choices=("ON", "OFF"))


def time(default: float, low: float, high: float) -> Kind:
    """In ps."""
    return Kind(default, low, high, "TB")


def word(*choices: str) -> Kind:
    return Kind(choices[0], choices=choices)


def link(default: str = "NONE") -> Kind:
    return Kind(default, link=True)


_INPUT = {
    "ENABle": switch(),
    "COUPling": word("DC", "AC"),
    "EDGE": word("RISING", "FALLING"),
    "THREshold": Kind(1.0, -2.0, 2.0, "V"),
    "SELEct": word("UNSHAPED", "SHAPED", "LOOP", "OUTPUT"),
    "DELAy": time(0, 0, 1e12),
    "COUNter:INTEgrationtime": Kind(1000, 1, 65535),
    "COUNter:MODE": word("CYCLE", "ACCUM", "ACCUMULATE"),
}
_HISTOGRAM = {
    "[INPOrt:]REF:LINK": link(),
    "[INPOrt:]STOP:LINK": link(),
    "[INPOrt:]ENABle:LINK": link(),
    "MINimum": time(0, 0, 1e12),
    "BWIDth": time(100, 100, 1e9),
    "BCOUnt": Kind(400, 1, 16384),
}
_EVENT = word("MUTE", "ONLYFIR", "ONLYSEC", "AND", "OR")
#: settings by their pattern: block, # for its number, the rest
SETTINGS: dict[str, Kind] = {
    **{f"INPUt#:{name}": kind for name, kind in _INPUT.items()},
    "INPUt#:RESYncpolicy": word("AUTO", "MANUAL"),
    "INPUt#:MODE": word("LOWRES", "HIRES", "ACCUM", "CYCLE"),
    **{f"STARt:{name}": kind for name, kind in _INPUT.items()},
    "DELAy#:[INPOrt:]LINK": link(),
    "DELAy#:VALUe": time(0, 0, 1e12),
    **{f"HISTogram#:{name}": kind for name, kind in _HISTOGRAM.items()},
    "RAW#:[INPOrt:]REF:LINK": link(),
    "RAW#:[INPOrt:]STOP:LINK": link(),
    "RAW#:[INPOrt:]ENABle:LINK": link(),
    "RAW#:SEND": switch(),
    "TSCOmbiner#:[INPOrt:]FIRst:LINK": link(),
    "TSCOmbiner#:[INPOrt:]SECond:LINK": link(),
    "TSCOmbiner#:[INPOrt:]BEGIn:LINK": link(),
    "TSCOmbiner#:[INPOrt:]END:LINK": link(),
    "TSCOmbiner#:WINDow:ENABle": switch(),
    **{
        f"TSCOmbiner#:WINDow:{edge}:{name}": kind
        for edge in ("BEGIn", "END")
        for name, kind in {"EDGE": word("RISING", "FALLING"), "DELAy": time(0, 0, 1e12)}.items()
    },
    "TSCOmbiner#:COUNter:INTEgrationtime": Kind(1000, 1, 65535),
    "TSCOmbiner#:COUNter:MODE": word("CYCLE", "ACCUM", "ACCUMULATE"),
    "TSCOmbiner#:OPIN": _EVENT,
    "TSCOmbiner#:OPOUt": _EVENT,
    "TSGEnerator#:ENABle": switch(),
    "TSGEnerator#:MODE": word("ONESHOT", "SPULSE"),
    "TSGEnerator#:ONEShot:PWIDth": time(3.6e15, 1, 1e18),
    "TSGEnerator#:SPULse:PWIDth": time(4000, 1, 1e12),
    "TSGEnerator#:TRIGger:MODE": word("INTERNAL", "INPORT", "MANUAL"),
    "TSGEnerator#:TRIGger:DELAy": time(0, 0, 1e12),
    "TSGEnerator#:TRIGger:INTErnal:PERiod": time(24000, 1, 1e15),
    "TSGEnerator#:TRIGger:[INPOrt:]LINK": link(),
    "OUTPut#:ENABle": switch(),
    "OUTPut#:DELAy": time(0, 0, 1e12),
    "OUTPut#:MODE": word("NIM", "TTL"),
    "OUTPut#:[INPOrt:]LINK": link(),
    "RECord#:ENABle": switch(),
    "RECord#:NUMber": Kind(1, 1, 1e6),
    "RECord#:DURation": time(1e12, 1, 1e18),
    "RECord#:TRIGger:ARM:MODE": word("MANUAL", "AUTO"),
    "DEVIce:SYNC": word("INTERNAL", "EXTERNAL"),
    "DEVIce:RESolution": word("LOWRES", "HIRES"),
}


_FRONT = [(name, name) for name in ("COUP", "EDGE", "THRE", "SELE")]
_COUNTER = "COUNter:INTEgrationtime"
#: what STATe? says of a block: (text, setting)
STATES = {
    "INPU#": [
        ("INPU#:ENAB", "ENAB"),
        *_FRONT,
        ("RESY", "RESY"),
        (f":INPU#:{_COUNTER}", "COUN:INTE"),
        ("MODE", "COUN:MODE"),
    ],
    "STAR": [
        ("STAR:ENAB", "ENAB"),
        *_FRONT,
        ("DELA", "DELA"),
        (f":STAR:{_COUNTER}", "COUN:INTE"),
        ("MODE", "COUN:MODE"),
    ],
    "DELA#": [("DELAy#:VALU", "VALU"), ("INPO:LINK", "LINK")],
    "HIST#": [
        ("HIST#:INPOrt:STOP:LINK", "STOP:LINK"),
        (":HIST#:INPOrt:REF:LINK", "REF:LINK"),
        (":HIST#:INPOrt:ENAB:LINK", "ENAB:LINK"),
        (":HIST#:MIN", "MIN"),
        ("BWID", "BWID"),
        ("BCOUnt", "BCOU"),
    ],
    "DEVI": [("DEVIce:SYNC", "SYNC"), ("RES", "RES")],
}


def _regex(pattern: str) -> str:
    parts = []
    for piece in re.findall(r"\[\w+:\]|\w+#?|:|\*\w+\?|\?", pattern):
        if piece.startswith("["):
            parts.append(f"(?:{_abbreviations(piece[1:-2])}:)?")
        elif piece[0] in ":*?":
            parts.append(re.escape(piece))
        else:
            parts.append(_abbreviations(piece.rstrip("#")) + (r"(\d*)" if piece.endswith("#") else ""))
    return "".join(parts)


def _short(pattern: str) -> str:
    """The name a setting has in the twin: ``INPUt#:ENABle`` → ``INPU#:ENAB``."""
    return re.sub(r"[a-z]|\[\w+:\]", "", pattern)


#: by the short form
KINDS = {_short(pattern): kind for pattern, kind in SETTINGS.items()}


class Header(NamedTuple):
    """What a command is about: the pattern's short form and the number of its block."""

    name: str
    number: int

    @property
    def key(self) -> str:
        return self.name.replace("#", str(self.number))


class Grammar:
    """Finds the pattern that a header matches."""

    def __init__(self, actions: list[str]) -> None:
        patterns = [*SETTINGS, *(f"{pattern}?" for pattern in SETTINGS), *actions]
        self._patterns = [(re.compile(_regex(p)), _short(p)) for p in patterns]
        for block, other in _OTHER_NAMES.items():
            same = [p for p in patterns if p.startswith(block)]
            self._patterns += [(re.compile(_regex(p.replace(block, other, 1))), _short(p)) for p in same]

    def find(self, header: str) -> Header:
        """:raises CommandError: there is none"""
        for regex, name in self._patterns:
            if match := regex.fullmatch(header):
                number = int(match[1] or 1) if "#" in name else 0
                if number <= BLOCKS.get(name.partition("#")[0], 0):
                    return Header(name, number)
        raise CommandError(INVALID_CMD)


def commands(message: str) -> list[tuple[str, str]]:
    """(full header in capitals, parameter) of each command of a message."""
    result, path = [], ""
    for command in message.split(";"):
        header, _, parameter = command.strip().partition(" ")
        if not header:
            continue
        full = header.lstrip(":").upper() if header[0] in ":*" or not path else path + header.upper()
        if header[0] != "*":
            path = full[: full.rfind(":") + 1]
        result.append((full, parameter.strip()))
    return result
