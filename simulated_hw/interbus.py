"""Interbus as the modules of an NKT Photonics system speak it: telegrams in, telegrams out.

From the NKT SDK manual as public drivers quote it. Assumed where they are silent: NACK, BUSY and
CRC-error answers carry the register asked for; a value outside a register's range is answered by NACK;
telegrams of other modules, answers and what stands between telegrams are passed over.
"""

from __future__ import annotations

import binascii
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from .twin import Answer, Twin

_START, _END, _ESCAPE = b"\x0d", b"\x0a", 0x5E
_NACK, _CRC_ERROR, _BUSY, _ACK, _READ, _WRITE, _SET, _CLEAR, _DATA, _TOGGLE = range(10)
_CHANGES: dict[int, Callable[[int, int], int]] = {
    _WRITE: lambda old, new: new,
    _SET: lambda old, bits: old | bits,
    _CLEAR: lambda old, bits: old & ~bits,
    _TOGGLE: lambda old, bits: old ^ bits,
}


class Nack(Exception):
    """The module does not do that."""


class Received(NamedTuple):
    """A telegram to a module."""

    module: int
    host: int
    kind: int
    content: bytes
    #: its CRC is right
    whole: bool


def telegram(destination: int, source: int, kind: int, content: bytes, flaw: int = 0) -> bytes:
    """The bytes on the wire; *flaw* is added to the CRC."""
    body = bytes([destination, source, kind]) + content
    body += (binascii.crc_hqx(body, 0) ^ flaw).to_bytes(2, "big")
    return _START + b"".join(bytes([_ESCAPE, b + 0x40] if b in b"\x0a\x0d\x5e" else [b]) for b in body) + _END


def parse(escaped: bytes) -> Received | None:
    """What stands between start and end; None where it is too short to be answered."""
    body, stream = bytearray(), iter(escaped)
    for byte in stream:
        body.append(byte if byte != _ESCAPE else (next(stream, 0) - 0x40) % 256)
    if len(body) < 6:
        return None
    whole = binascii.crc_hqx(bytes(body[:-2]), 0) == int.from_bytes(body[-2:], "big")
    return Received(body[0], body[1], body[2], bytes(body[3:-2]), whole)


@dataclass(frozen=True)
class Register:
    """A register of a module.

    :ivar form: ``struct`` format of its number; ``s`` for text
    :ivar get, set: its value; without *set* it can only be read
    :ivar low, high: values it takes
    :ivar values: numbers in the answer; only the first can be written, the others repeat it
    """

    form: str
    get: Callable[[], Any]
    set: Callable[[Any], None] | None = None
    low: float = 0
    high: float = math.inf
    values: int = 1

    def read(self) -> bytes:
        value = self.get()
        if self.form == "s":
            return str(value).encode("latin-1")
        return struct.pack(self.form, value) * self.values

    def change(self, kind: int, data: bytes) -> None:
        """:raises Nack: it cannot be written, or not that"""
        if self.set is None:
            raise Nack
        if self.form == "s":
            self.set(data.decode("latin-1"))
            return
        if len(data) != struct.calcsize(self.form):
            raise Nack
        value = _CHANGES[kind](self.get(), struct.unpack(self.form, data)[0])
        if not self.low <= value <= self.high:
            raise Nack
        self.set(value)


class InterbusTwin(Twin):
    """Base of twins of Interbus systems.

    :ivar modules: by address, their registers by number
    :ivar busy: so many of the next telegrams are answered by BUSY
    :ivar unheard: so many arrive damaged and are answered by a CRC error
    :ivar damaged: so many of the next answers leave with a wrong CRC
    """

    latency = 2e-3

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.modules: dict[int, dict[int, Register]] = {}
        self.busy = self.unheard = self.damaged = 0

    def next_message(self, end: bool) -> bytes | None:
        """What stands between the next end and the last start before it."""
        while (position := self._inbox.find(_END)) >= 0:
            _, start, message = bytes(self._inbox[:position]).rpartition(_START)
            del self._inbox[: position + 1]
            if start:
                return message
        return None

    def respond(self, message: str) -> Answer:
        received = parse(message.encode("latin-1"))
        if received is None or received.module not in self.modules:
            return None
        kind, content = self._answer(received)
        flaw, self.damaged = (0x0101, self.damaged - 1) if self.damaged else (0, 0)
        return telegram(received.host, received.module, kind, content, flaw)

    def _answer(self, received: Received) -> tuple[int, bytes]:
        register, data = received.content[:1], received.content[1:]
        if not received.whole or self.unheard:
            self.unheard = max(0, self.unheard - 1)
            return _CRC_ERROR, register
        if self.busy:
            self.busy -= 1
            return _BUSY, register
        self.heard()
        known = self.modules[received.module].get(register[0])
        if known is not None and received.kind == _READ and not data:
            return _DATA, register + known.read()
        if known is not None and received.kind in _CHANGES:
            try:
                known.change(received.kind, data)
                return _ACK, register
            except Nack:
                return _NACK, register
        return _NACK, register

    def heard(self) -> None:
        """A telegram to this system arrived whole."""
