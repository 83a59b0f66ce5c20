"""The dialect of the Newport 1936-R: shortened headers, commas between answers, echo, errors in a queue.

Assumed: numbers and texts of errors, and that a header may be cut anywhere after its capitals.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Any

from pyvisa_sim.component import NoResponse

from ..twin import Answer, Handler, Twin, answers

_NOT_KNOWN = (115, "IDENTIFIER NOT VALID")
OUT_OF_RANGE = (201, "VALUE OUT OF RANGE")

#: settings that are only kept: lowest, highest and first value
_KEPT = {
    "ADDRess": (1, 31, 1),
    "BEEP": (0, 2, 1),
    "DISP:BRIGHT": (0, 7, 7),
    "PM:FILTer": (0, 3, 0),
    "PM:ANALOGFILTER": (0, 4, 0),
    "PM:DIGITALFILTER": (1, 10000, 1),
    "PM:ANALOG:IMPedance": (0, 2, 0),
    "PM:ANALOG:OUTput": (0, 3, 0),
    "PM:THREShold": (0, 100, 5),
    "PM:TRIG:EXTernal": (0, 3, 0),
    "PM:TRIG:EDGE": (0, 1, 0),
    "PM:TRIG:STARt": (0, 3, 0),
    "PM:TRIG:STOP": (0, 4, 0),
    "PM:TRIG:TIMe": (0, 100000, 1000),
    "PM:TRIG:STATE": (0, 1, 0),
}


class NewportError(Exception):
    """Goes to the error queue."""

    def __init__(self, code: int, text: str) -> None:
        self.code, self.text = code, text
        super().__init__(f"{code} {text}")


def newport(header: str) -> Callable[[Handler], Handler]:
    """Mark a handler by a header as the manual prints it: what follows the capitals may be cut anywhere."""
    return answers(_pattern(header) + r"(?:\s+(.*?))?\s*")


def _pattern(header: str) -> str:
    def word(match: re.Match[str]) -> str:
        rest = match[2].upper()
        return match[1] + "".join(f"(?:{letter}" for letter in rest) + ")?" * len(rest)

    pattern = re.sub(r"([A-Z]+)([a-z]*)", word, header.replace("?", r"\?").replace("*", r"\*"))
    return f"(?i:{pattern})"


_KEPT_PATTERNS = [(re.compile(rf"({_pattern(header)})(\?)?(?:\s+(.*))?"), header) for header in _KEPT]


class MessageTwin(Twin):
    """Reads messages, answers them, and keeps the settings that do nothing else."""

    answer_terminator = b"\r\n"
    latency = 5e-3

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.errors: deque[tuple[int, str]] = deque(maxlen=16)
        self.kept = {header: float(first) for header, (_, _, first) in _KEPT.items()}
        self.echo = False

    def feed(self, data: bytes, end: bool = False) -> None:
        """While the echo is on every character comes back, before the answer to the message it ends."""
        for part in re.findall(rb"[^\r]*\r|[^\r]+", data) or [b""]:
            if self.echo:
                self.send(part.replace(b"\r", b"\r\n"))
            super().feed(part)
        if end:
            super().feed(b"", end)

    def next_message(self, end: bool) -> bytes | None:
        """Messages end with CR, LF or both; over USB with nothing."""
        while match := re.match(rb"([^\r\n]*)[\r\n]", bytes(self._inbox)):
            del self._inbox[: match.end()]
            if match[1].strip():
                return match[1]
        return super().next_message(end)

    def _match(self, query: bytes) -> Any:
        answer = super()._match(query)
        if not self.echo:
            return answer
        return (b"" if answer is NoResponse else answer) + b"> "

    def respond(self, message: str) -> Answer:
        """Answers to all commands of a message, joined by commas; a setter has none."""
        replies = []
        for unit in message.split(";"):
            try:
                reply = super().respond(unit.strip()) if unit.strip() else None
            except NewportError as error:
                self.errors.append((error.code, error.text))
                continue
            if isinstance(reply, str):
                replies.append(reply)
        return ",".join(replies) if replies else None

    def unknown(self, message: str) -> Answer:
        """Settings that are only kept."""
        for pattern, header in _KEPT_PATTERNS:
            if match := pattern.fullmatch(message):
                low, high, _ = _KEPT[header]
                if match[2]:
                    return f"{self.kept[header]:g}"
                self.kept[header] = number(match[3], low, high)
                return None
        raise NewportError(*_NOT_KNOWN)

    @newport("ERRors?")
    def next_error(self, _: str | None) -> str:
        return str(self._pop_error()[0])

    @newport("ERRSTR?")
    def next_error_text(self, _: str | None) -> str:
        code, text = self._pop_error()
        return f'{code}, "{text}"'

    def _pop_error(self) -> tuple[int, str]:
        return self.errors.popleft() if self.errors else (0, "NO ERROR")

    @newport("ECHO")
    @newport("ECHO SET")
    def set_echo(self, text: str | None) -> None:
        self.echo = bool(integer(text, 0, 1))

    @newport("ECHO?")
    def get_echo(self, _: str | None) -> str:
        return str(int(self.echo))


def number(text: str | None, low: float, high: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        raise NewportError(*OUT_OF_RANGE) from None
    if not low <= value <= high:
        raise NewportError(*OUT_OF_RANGE)
    return value


def integer(text: str | None, low: float, high: float) -> int:
    return int(number(text, low, high))
