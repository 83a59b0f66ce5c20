"""Controllers that talk as if to a person at a terminal: echo, answer, prompt (Thorlabs SC10, FW102C)."""

from __future__ import annotations

import itertools
from typing import Any, ClassVar

from pymeasure.adapters import Adapter

from .clock import Clock
from .errors import BadAnswer, DeviceFault, DeviceTimeout
from .instrument import VisaInstrument

#: Everything up to here is one answer. A blank may follow, and then precedes the next echo.
_PROMPT = b">"
_LONGEST = 2048  # bytes; the longest answer lists all commands
_LATE_ANSWERS = 16  # more than can be under way after a time-out
#: what a controller of this kind may call the question for its name
_NAME_QUESTIONS = ("id?", "*idn?")


class PromptedInstrument(VisaInstrument):
    """Base of drivers for such a controller.

    A message ends with CR. The device echoes it, answers a question (or says ``Command error …``, which
    ends with LF CR) and prompts; a setting is done when the prompt is here, so :meth:`write` waits for it.
    """

    NAME_QUESTION: ClassVar[str] = ""

    def __init__(
        self, adapter: Adapter | str, name: str = "", *, clock: Clock | None = None, **connection: Any
    ) -> None:
        self._words = itertools.count(1)
        super().__init__(adapter, name, clock=clock, **connection)

    def check_model(self) -> None:
        try:
            super().check_model()
        except BadAnswer:  # what an earlier user left half typed was in front of the first question
            super().check_model()

    def identity(self) -> str:
        """Its name and version, also of a controller that has another question for it."""
        try:
            return self.ask(self.NAME_QUESTION)
        except DeviceFault:
            return self.ask(next(question for question in _NAME_QUESTIONS if question != self.NAME_QUESTION))

    def write(self, command: str, **kwargs: Any) -> None:
        """Send *command* and wait until it is done. :raises DeviceFault: the device refuses it"""
        self.ask(command)

    def tell(self, command: str) -> None:
        """Send *command* whatever state the line is in, and drop what is answered."""
        with self.lock:
            self.write_bytes(f"{command}\r".encode())
            self._unread = True

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """What comes between the echo of *command* and the prompt.

        :raises DeviceFault: the device says that it is an error
        :raises BadAnswer: the echo is of something else
        """
        with self.lock:
            self._before(command)
            self.write_bytes(f"{command}\r".encode())
            block = self._block(command)
            echo, _, answer = block.lstrip(b"> \r\n").removesuffix(_PROMPT).partition(b"\r")
            if echo != command.encode() or not answer.isascii():
                raise self.wrong_answer(command, block)
            self._unread = False
        text = answer.decode().strip()
        if "CMD_" in text or "error" in text.lower():
            raise DeviceFault(self.name, f"'{command}': {text}")
        return text

    def _block(self, command: str) -> bytes:
        """Everything up to the next prompt; one that nobody read comes first and is part of it."""
        block = b""
        while not block.endswith(_PROMPT) or block.strip() == _PROMPT:
            if len(block) == _LONGEST:
                raise self.wrong_answer(command, block[:40], "… without an end")
            try:
                block += self.read_bytes(1)
            except DeviceTimeout:
                received = f"; received so far: {block!r}" if block.strip(b"> ") else ""
                raise DeviceTimeout(
                    self.name, f"no answer to '{command}' within {self._timeout():g} s{received}"
                ) from None
        return block

    def _resynchronise(self) -> None:
        """The echo says which message an answer belongs to: send a word that was never sent before.

        It is no command, and makes none of half a command that waits in the device for its end.
        """
        word = f"sync{next(self._words)}"
        self.write_bytes(f"{word}\r".encode())
        for _ in range(_LATE_ANSWERS):
            if f"{word}\r".encode() in self._block(word):
                return
        raise BadAnswer(self.name, f"'{word}' was answered by {_LATE_ANSWERS} answers to something else")

    def _whole(self, question: str) -> int:
        """A whole number."""
        answer = self.ask(question)
        if not answer.isdecimal():
            raise self.wrong_answer(question, answer, ", not a whole number")
        return int(answer)

    def _flag(self, question: str) -> bool:
        """0 or 1."""
        answer = self.ask(question)
        if answer not in ("0", "1"):
            raise self.wrong_answer(question, answer, ", neither 0 nor 1")
        return answer == "1"
