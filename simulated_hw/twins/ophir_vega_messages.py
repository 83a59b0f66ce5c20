"""The dialect of Ophir's meters: ``$`` and two letters, an answer to everything, settings that do nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..twin import Answer, Handler, Twin, answers

_BAUD_RATES = (9600, 19200, 38400, 300, 1200, 4800)
PARAMETER = "PARAM ERROR"


class OphirError(Exception):
    """The answer is a question mark and this text."""


def ophir(letters: str) -> Callable[[Handler], Handler]:
    """Mark the handler of a command of two letters; it gets the rest of the message."""
    return answers(rf"\$(?i:{letters})\s*(.*?)\s*")


class MessageTwin(Twin):
    """Every command has an answer, setters too."""

    answer_terminator = b"\r\n"
    latency = 5e-3

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.baud_rate = self.mains = self.average = 1

    def respond(self, message: str) -> Answer:
        text = message.strip()
        if not text:
            return None
        try:
            reply = super().respond(text)
        except OphirError as error:
            return f"?{error}"
        return f"*{reply}" if isinstance(reply, str) else "*"

    def unknown(self, message: str) -> Answer:
        raise OphirError("UNKNOWN COMMAND" if message.startswith("$") else "BAD COMMAND")

    @ophir("BC")
    def battery(self, _: str) -> str:
        return "1"

    @ophir("BR")
    def set_baud_rate(self, text: str) -> str:
        index = integer(text or "0", 0, len(_BAUD_RATES))
        self.baud_rate = index or self.baud_rate
        return " ".join(map(str, (self.baud_rate, *_BAUD_RATES)))

    @ophir("HC")
    def save(self, text: str) -> str:
        if text.upper() not in ("S", ""):
            raise OphirError(PARAMETER)
        return "SAVED"

    @ophir("DQ")
    def diffuser(self, text: str) -> str:
        if text:
            raise OphirError(PARAMETER)
        return "1 N/A"

    @ophir("MA")
    def mains_frequency(self, text: str) -> str:
        self.mains = integer(text or str(self.mains), 1, 2)
        return f"{self.mains} 50Hz 60Hz"

    @ophir("AQ")
    def averaging(self, text: str) -> str:
        self.average = integer(text or str(self.average), 1, 4)
        return f"{self.average} NONE 0.5SEC 1SEC 3SEC"


def integer(text: str, low: float, high: float) -> int:
    if not re.fullmatch(r"[+-]?\d+", text) or not low <= int(text) <= high:
        raise OphirError(PARAMETER)
    return int(text)
