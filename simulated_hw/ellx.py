"""Twins of Thorlabs ELLx modules: how they hear messages, and answer at the end of a move.

Wire behaviour from the ELLx modules protocol manual. Assumed where it is silent: a message not completed
within half a second is dropped (status 01).
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

from .twin import Answer, Twin, answers

HALF_MESSAGE = 0.5  # s until half a message is dropped
COMMUNICATION, UNKNOWN, OUT_OF_RANGE, ISOLATED, BUSY = 1, 3, 4, 5, 9

#: characters that follow a command; none if it is not here
_DATA = {"ho": 1, "ma": 8, "mr": 8, "sj": 8, "so": 8, "sv": 2, "ca": 1, "is": 2}
_DATA |= dict.fromkeys(("f1", "b1", "f2", "b2"), 4)


class ELLxTwin(Twin):
    """A module at one address. Its settings have an ``address``."""

    answer_terminator = b"\r\n"
    settings: Any

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.address: str = self.settings.address
        #: says "busy" when a move begins, as some firmware does
        self.announces = False
        self._fault = 0
        self._isolated_until = 0.0
        self._last_byte = 0.0
        self._end = self.clock.now()  # of the present move
        self._ending: tuple[float, bytes] | None = None  # what waits in the outbox for the move to end

    def busy(self) -> bool:
        """Is a move, or a search, under way?"""
        return self.clock.now() < self._end

    def _at_end(self, text: str) -> bytes | None:
        data = self._say(text)
        self.send(data, self._end - self.clock.now())
        self._ending = next(entry for entry in self._outbox if entry[1] is data)
        return self._say(f"GS{BUSY:02X}") if self.announces else None

    def _forget_ending(self) -> None:
        if self._ending is not None and self._ending in self._outbox:
            self._outbox.remove(self._ending)
        self._ending = None

    # -- the wire ---------------------------------------------------------------------------------

    def feed(self, data: bytes, end: bool = False) -> None:
        if self._inbox and self.clock.now() > self._last_byte + HALF_MESSAGE:
            self._inbox.clear()
            self._fault = COMMUNICATION
        self._last_byte = self.clock.now()
        super().feed(data, end)

    def next_message(self, end: bool) -> bytes | None:
        """Messages have no terminator: the command says how long it is. Line ends are passed over."""
        box = self._inbox
        while box and not re.match(rb"[0-9A-F]", box):
            del box[0]
        line_end = re.search(rb"[\r\n]", box)
        have = line_end.start() if line_end else len(box)
        wanted = 3 + _DATA.get(box[1:3].decode("latin-1"), 0)
        if have < wanted and not line_end and not (end and box):
            return None
        message = bytes(box[: min(wanted, have)])
        del box[: len(message)]
        return message

    def send(self, data: bytes, delay: float = 0.0) -> None:
        """An answer given during a move comes before the one that ends the move."""
        self._outbox.append((self.clock.now() + delay, data))
        self._outbox = deque(sorted(self._outbox, key=lambda entry: entry[0]))

    def respond(self, message: str) -> Answer:
        address, command = message[:1], message[1:]
        if address != self.address:
            return None
        if self.busy() and command != "st":
            return self._say(f"GS{BUSY:02X}")
        if self.clock.now() < self._isolated_until and not command.startswith("is"):
            return self._say(f"GS{ISOLATED:02X}")
        return super().respond(command)

    def unknown(self, message: str) -> Answer:
        return self._refuse(UNKNOWN)

    def _say(self, text: str) -> bytes:
        return f"{self.address}{text}".encode() + self.answer_terminator

    def _refuse(self, status: int) -> bytes:
        """The status is kept until it is asked for once more."""
        self._fault = status
        return self._say(f"GS{status:02X}")

    @answers("gs")
    def get_status(self) -> bytes:
        status, self._fault = self._fault, 0
        return self._say(f"GS{status:02X}")

    @answers("ca([0-9A-Fa-f])")
    def change_address(self, data: str) -> bytes:
        self.address = data.upper()
        return self._say("GS00")

    @answers("is([0-9A-Fa-f]{2})")
    def isolate(self, minutes: str) -> bytes:
        """Listen to nobody for some minutes; 00 ends it."""
        self._isolated_until = self.clock.now() + 60.0 * int(minutes, 16)
        return self._say("GS00")

    @answers("us")
    def save(self) -> bytes:
        return self._say("GS00")


def signed(data: str) -> int:
    value = int(data, 16)
    return value - (1 << 32) if value & 0x80000000 else value


def hexadecimal(pulses: int) -> str:
    return f"{pulses & 0xFFFFFFFF:08X}"
