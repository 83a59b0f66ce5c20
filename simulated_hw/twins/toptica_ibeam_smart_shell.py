"""The command line of a Toptica iBeam smart: words and abbreviations, echo, verbosity, prompt or ``[OK]``.

Seen in public drivers and their notes: an answer is the echo (where it is on), CR LF, lines, and at the end
``CMD> `` or, with the prompt off, ``[OK]``, after errors too. Only ``talk gabby`` says that a reading has
been scaled; with ``talk quiet`` some questions are not answered. Assumed: which word an abbreviation stands
for where several would do, and the numbers and texts of the errors.
"""

from __future__ import annotations

import re
from typing import Literal

from antistokes.instruments.records import Record

from ..twin import Answer, Twin, answers

_WORDS = (
    *("show", "status", "channel", "power", "laser", "enable", "disable", "current", "temperature", "system"),
    *("satellite", "set", "serial", "version", "level", "limit", "data", "timer", "uptime", "echo", "prompt"),
    *("talk", "external", "fine", "clip", "skill", "oscillation", "flash", "save", "reset", "initialize"),
    *("help", "identification", "micro", "milli", "nano", "on", "off", "quiet", "usual", "gabby"),
)
_SHORTEST = 2  # letters of an abbreviation
_ALIASES = {"x": "external"}

UNKNOWN_COMMAND = "E-021, unknown command"
WRONG_PARAMETER = "E-016, parameter out of range"


class LaserError(Exception):
    """What the laser says instead of an answer, after ``%SYS-``."""


class ShellSettings(Record, kw_only=True, frozen=True):
    """Settings of the line."""

    #: as an earlier user left them
    echo: bool = True
    prompt: bool = True
    talk: Literal["quiet", "usual", "gabby"] = "gabby"


class ShellTwin(Twin):
    """Expands the words of a message, lets a handler answer with lines, and frames them."""

    settings: ShellSettings
    terminator = b"\r"

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.start_shell()

    def start_shell(self) -> None:
        """As after switching on."""
        s = self.settings
        self.echo, self.prompt = s.echo, s.prompt
        self.talk: str = s.talk

    def next_message(self, end: bool) -> bytes | None:
        if self._inbox.startswith(b"\n"):
            del self._inbox[:1]
        return super().next_message(end)

    def respond(self, message: str) -> Answer:
        echo = message if self.echo else ""
        try:
            answer = super().respond(expand(message)) if message.strip() else None
            lines = [] if answer is None else [answer] if isinstance(answer, str) else list(answer)
        except LaserError as error:
            lines = [f"%SYS-{error}"]
        return self.framed(echo, *map(str, lines))

    def framed(self, *lines: str) -> bytes:
        """*lines*, and after them the sign that the next command may come."""
        text = "".join(f"{line}\r\n" for line in lines)
        return (text + ("CMD> " if self.prompt else "[OK]\r\n")).encode("latin-1")

    def scaled(self, line: str) -> list[str]:
        """A reading and, where it is wanted, the information that it is in units."""
        return ["%SYS-I-077, scaled", line] if self.talk == "gabby" else [line]

    def unknown(self, message: str) -> Answer:
        raise LaserError(UNKNOWN_COMMAND)

    @answers("echo (on|off)")
    def set_echo(self, word: str) -> None:
        self.echo = word == "on"

    @answers("prompt (on|off)")
    def set_prompt(self, word: str) -> None:
        self.prompt = word == "on"

    @answers("talk (quiet|usual|gabby)")
    def set_talk(self, word: str) -> None:
        self.talk = word


def expand(message: str) -> str:
    """*message* in full words, one blank between them."""
    return " ".join(_full(word) for word in message.lower().split())


def _full(word: str) -> str:
    if len(word) < _SHORTEST or not re.fullmatch("[a-z]+", word):
        return _ALIASES.get(word, word)
    return next((full for full in _WORDS if full.startswith(word)), word)
