"""SCPI on top of a twin: long and short headers, optional nodes, compound messages, the error queue.

IEEE 488.2 and SCPI-1999 vol. 1: 6.2.4 (header paths), 21.8 (error queue).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import ClassVar

from .twin import Answer, Handler, Twin, answers


class ScpiError(Exception):
    """Goes to the instrument's error queue.

    :param code: SCPI error number
    :param text: its text
    """

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f'{code:+d},"{text}"')


UNDEFINED_HEADER = (-113, "Undefined header")
DATA_TYPE = (-104, "Data type error")
MISSING_PARAMETER = (-109, "Missing parameter")
OUT_OF_RANGE = (-222, "Data out of range")
ILLEGAL_VALUE = (-224, "Illegal parameter value")
QUEUE_OVERFLOW = (-350, "Queue overflow")


def scpi(header: str) -> Callable[[Handler], Handler]:
    """Mark a handler by a header as manuals print it, e.g. ``[SENSe[1]:]CORRection:WAVelength?``.

    The handler gets the parameter text (empty when there is none) as its only argument.
    """
    return answers(header_pattern(header) + r"(?:\s+(.*?))?\s*")


def header_pattern(header: str) -> str:
    """Regular expression of a printed header: capitals are the short form, brackets are optional."""

    def word(match: re.Match[str]) -> str:
        long = match[0]
        short = re.match(r"[A-Z]+", long)
        rest = long[short.end() :] if short else ""
        return f"{short[0]}(?:{rest.upper()})?" if short and rest else long.upper()

    pattern = re.sub(r"[A-Za-z]+", word, header.replace("?", r"\?").replace("*", r"\*"))
    pattern = pattern.replace("[", "(?:").replace("]", ")?")
    return f"(?i::?{pattern})"


class ScpiTwin(Twin):
    """A twin with an error queue and SCPI message structure."""

    #: the queue's answer when it is empty
    no_error: ClassVar[str] = '+0,"No error"'
    queue_length: ClassVar[int] = 20

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.errors: deque[ScpiError] = deque()

    def respond(self, message: str) -> Answer:
        """Answer every unit of a compound message, joined by ``;``."""
        path = ""
        replies: list[str] = []
        for unit in split_units(message):
            if not (unit := unit.strip()):
                continue
            absolute = unit.startswith((":", "*"))
            # a header that is unknown below the present path may still be a complete one
            reply, header = self._unit([unit] if absolute or not path else [path + unit, unit])
            if isinstance(reply, bytes):
                return ";".join([*replies, ""]).encode("latin-1") + reply
            if isinstance(reply, str):
                replies.append(reply)
            if not header.startswith("*"):
                path = header[: header.rfind(":") + 1]
        return ";".join(replies) if replies else None

    def _unit(self, candidates: list[str]) -> tuple[Answer, str]:
        """The answer to the first of *candidates* that exists, and its header."""
        for unit in candidates:
            header = unit.split(None, 1)[0]
            try:
                reply = super().respond(unit)
            except ScpiError as error:
                self.push(error)
                return None, header
            if reply is not _UNKNOWN:
                return reply, header
        self.push(ScpiError(*UNDEFINED_HEADER))
        return None, header

    def unknown(self, message: str) -> Answer:
        return _UNKNOWN

    def push(self, error: ScpiError) -> None:
        """Queue an error; a full queue ends in "Queue overflow"."""
        if len(self.errors) >= self.queue_length:
            self.errors[-1] = ScpiError(*QUEUE_OVERFLOW)
        else:
            self.errors.append(error)

    @scpi("SYSTem:ERRor[:NEXT]?")
    def next_error(self, _: str | None) -> str:
        return str(self.errors.popleft()) if self.errors else self.no_error

    @scpi("*CLS")
    def clear_status(self, _: str | None) -> None:
        self.errors.clear()

    @scpi("*OPC?")
    def operation_complete(self, _: str | None) -> str:
        return "1"


_UNKNOWN = "\0unknown"


def split_units(message: str) -> list[str]:
    """The units of a compound message: split at ``;`` outside quotes; an open quote runs to the end."""
    return re.findall(r"""(?:[^;"']|"[^"]*"?|'[^']*'?)+""", message)


def number(
    text: str | None, low: float, high: float, default: float, units: dict[str, float] | None = None
) -> float:
    """A numeric parameter: ``1.5``, ``100mA`` (with *units* ``{"MA": 1e-3}``), ``MIN``, ``MAX``, ``DEF``.

    :raises ScpiError: no number, or outside [low, high]
    """
    if not text:
        raise ScpiError(*MISSING_PARAMETER)
    word = text.strip().upper()
    keyword = {"MIN": low, "MINIMUM": low, "MAX": high, "MAXIMUM": high, "DEF": default, "DEFAULT": default}
    if word in keyword:
        return keyword[word]
    match = re.fullmatch(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)\s*([A-Z]*)", word)
    if match is None or (match[2] and match[2] not in (units or {})):
        raise ScpiError(*DATA_TYPE)
    value = float(match[1]) * ((units or {})[match[2]] if match[2] else 1.0)
    if not low <= value <= high:
        raise ScpiError(*OUT_OF_RANGE)
    return value


def query_number(text: str | None, low: float, high: float, default: float, present: float) -> float:
    """The answer to a query that takes MIN, MAX or DEF."""
    return present if not text else number(text, low, high, default)


def boolean(text: str | None) -> bool:
    """``ON``, ``OFF``, or a number (zero is off)."""
    word = (text or "").strip().upper()
    if word in ("ON", "OFF"):
        return word == "ON"
    return number(text, -1e9, 1e9, 0) != 0
