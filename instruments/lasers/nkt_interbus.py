"""Interbus: the telegrams between a computer and the modules of an NKT Photonics system.

``0D`` destination source type register data… CRC ``0A``; bytes 0A, 0D and 5E in between are sent as
``5E`` and the byte + 40h. The CRC is CRC-16/XMODEM over destination to data, high byte first; numbers in
the data are little-endian. A module that is not there does not answer. Source: NKT SDK instruction manual
as quoted by public drivers. Not settled: what NACK, BUSY and CRC-error answers carry (only their type is
looked at) and whether a busy module has a longest time (it is asked for two seconds).
"""

from __future__ import annotations

import binascii
import itertools
import re
import struct
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

from pyvisa.constants import Parity, StopBits

from ..errors import BadAnswer, DeviceFault, DeviceTimeout
from ..instrument import VisaInstrument

_START, _END, _ESCAPE, _SHIFT = 0x0D, 0x0A, 0x5E, 0x40
_SPECIAL = re.compile(rb"[\x0A\x0D\x5E]")
_ESCAPED = re.compile(rb"\x5E([\x4A\x4D\x9E])")
_LONGEST = 600  # bytes; more than any telegram
_TRIES = 3
_BUSY_MAX, _BUSY_PAUSE = 2.0, 0.05  # s
_HOSTS = range(0xA1, 0xFF)  # addresses for computers


class Kind(IntEnum):
    """Type of a telegram."""

    NACK, CRC_ERROR, BUSY, ACK, READ, WRITE = range(6)
    DATA = 8


class Telegram(NamedTuple):
    """One message; *content* begins with the register."""

    destination: int
    source: int
    kind: int
    content: bytes

    def pack(self) -> bytes:
        """The bytes on the wire."""
        body = bytes([self.destination, self.source, self.kind]) + self.content
        body += binascii.crc_hqx(body, 0).to_bytes(2, "big")
        escaped = _SPECIAL.sub(lambda byte: bytes([_ESCAPE, byte[0][0] + _SHIFT]), body)
        return bytes([_START]) + escaped + bytes([_END])

    @classmethod
    def unpack(cls, received: bytes) -> Telegram:
        """The telegram *received* ends with. :raises ValueError: it ends with none"""
        _, start, escaped = received[:-1].rpartition(bytes([_START]))
        body = _ESCAPED.sub(lambda pair: bytes([pair[1][0] - _SHIFT]), escaped)
        if not start or len(body) < 5:
            raise ValueError(f"{received!r} is no telegram")
        if binascii.crc_hqx(body, 0):  # with its own CRC behind it, what is whole gives 0
            raise ValueError(f"CRC error in {received!r}")
        return cls(body[0], body[1], body[2], body[3:-2])


class InterbusInstrument(VisaInstrument):
    """Base of drivers of Interbus systems: registers are read and written, numbers by a ``struct`` format.

    Each telegram comes from another host address, so that a late answer is not taken for a new one.
    Damaged telegrams are sent up to three times, a busy module is asked again for two seconds. Sending
    twice does no harm: registers hold values, nothing counts.
    """

    INTERFACES = ("USB (serial)", "RS-232", "TCP")
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",
        "write_termination": "",
        "timeout": 1000,
        "asrl": {"baud_rate": 115200, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }

    def _resynchronise(self) -> None:
        """Not needed: every answer says which question it belongs to."""

    def read_number(self, module: int, register: int, form: str) -> int:
        """A register's number, the first where it holds several. :raises BadAnswer: another length came"""
        data = self.read_register(module, register)
        size = struct.calcsize(form)
        if not data or len(data) % size:
            question = _question(Kind.READ, module, register)
            raise self.wrong_answer(question, data, f"; {size} bytes expected")
        number: int = struct.unpack_from(form, data)[0]
        return number

    def write_number(self, module: int, register: int, form: str, value: int) -> None:
        """Set a register to a number. :raises DeviceFault: the module refuses it"""
        self.write_register(module, register, struct.pack(form, value))

    def read_register(self, module: int, register: int) -> bytes:
        """A register's data. :raises DeviceFault: there is no such register"""
        return self._exchange(Kind.READ, module, register, b"")

    def write_register(self, module: int, register: int, data: bytes) -> None:
        """Set a register. :raises DeviceFault: the module refuses it"""
        self._exchange(Kind.WRITE, module, register, data)

    # -- telegrams --------------------------------------------------------------------------------

    def _exchange(self, kind: Kind, module: int, register: int, data: bytes) -> bytes:
        expected = Kind.DATA if kind == Kind.READ else Kind.ACK
        question, wanted = _question(kind, module, register), bytes([register])
        problem, tries = "", 0
        with self.lock:
            self._drop_unread()
            give_up = self.clock.now() + _BUSY_MAX
            while tries < _TRIES:
                host = next(self._hosts)
                self._unread = True
                self.write_bytes(Telegram(module, host, kind, wanted + data).pack())
                try:
                    answer = self._telegram_for(host, question)
                except ValueError as error:
                    problem, tries = str(error), tries + 1
                    continue
                self._unread = False
                if answer.kind == Kind.NACK:
                    raise DeviceFault(self.name, f"'{question}' was refused (NACK)")
                if answer.kind == Kind.BUSY:
                    if self.clock.now() >= give_up:
                        raise DeviceFault(self.name, f"'{question}': busy for {_BUSY_MAX:g} s")
                    self.clock.sleep(_BUSY_PAUSE)
                elif (answer.source, answer.kind, answer.content[:1]) == (
                    module,
                    expected,
                    bytes([register]),
                ):
                    return answer.content[1:]
                elif answer.kind == Kind.CRC_ERROR:
                    problem, tries = "the module reports CRC errors", tries + 1
                else:
                    problem, tries = f"{answer} came", tries + 1
        raise BadAnswer(self.name, f"'{question}' failed {_TRIES} times: {problem}")

    @property
    def _hosts(self) -> itertools.cycle[int]:
        """Get the host addresses, the next one first."""
        hosts: itertools.cycle[int] = self.__dict__.setdefault("_host_addresses", itertools.cycle(_HOSTS))
        return hosts

    def _telegram_for(self, host: int, question: str) -> Telegram:
        """The next telegram to *host*; those to others answer older questions, or those of another host.

        :raises ValueError: what came is no telegram
        """
        begin = self.clock.now()
        while (telegram := Telegram.unpack(self._frame(question))).destination != host:
            if self.clock.now() - begin > self._timeout():
                others = f"within {self._timeout():g} s; the bus carries telegrams of others only"
                raise DeviceTimeout(self.name, f"no answer to '{question}' {others}")
        return telegram

    def _frame(self, question: str) -> bytes:
        received = b""
        while not received.endswith(bytes([_END])):
            try:
                received += self.adapter.read_bytes(1)
            except Exception as error:
                named = self._named(error, question)
                if received and isinstance(named, DeviceTimeout):
                    raise DeviceTimeout(
                        self.name, f"{named.problem}; received so far: {received!r}"
                    ) from error
                raise named from error
            if len(received) > _LONGEST:
                raise self.wrong_answer(question, received[:40], "…, bytes without end")
        return received


def _question(kind: Kind, module: int, register: int) -> str:
    return f"{kind.name.lower()} register {register:02X}h at address {module}"
