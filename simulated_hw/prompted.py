"""Twins of controllers that talk as if to a person at a terminal: echo, answer, prompt.

Seen in public drivers and logs of Thorlabs' SC10 and FW102C: an answer ends with CR, an error with LF CR,
then comes ``> ``. Commands are in lower case; a line feed is no line end, it becomes part of the next line.
"""

from __future__ import annotations

from typing import Any, Literal

from antistokes.instruments.records import Record

from .twin import Answer, Twin

NOT_DEFINED = "CMD_NOT_DEFINED"
INVALID = "CMD_ARG_INVALID"

#: some firmware leaves the blank out
Prompt = Literal["> ", ">"]


class CommandError(Exception):
    """What the controller says instead of an answer."""


class PromptSettings(Record, kw_only=True, frozen=True):
    """Settings every twin of this kind has."""

    prompt: Prompt = "> "


class PromptedTwin(Twin):
    """Echoes a complete line, answers it, and prompts. Its settings are :class:`PromptSettings`."""

    terminator = b"\r"
    settings: PromptSettings

    def respond(self, message: str) -> Answer:
        try:
            answer: Any = super().respond(message)  # text, or nothing
            text = "" if answer is None else f"{answer}\r"
        except CommandError as error:
            text = f"Command error {error}\n\r"
        return f"{message}\r{text}{self.settings.prompt}".encode("latin-1")

    def unknown(self, message: str) -> Answer:
        raise CommandError(NOT_DEFINED)


def whole(text: str, low: int, high: int) -> int:
    """A whole number from *low* to *high*. :raises CommandError: it is none"""
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise CommandError(INVALID)
    return int(text)
