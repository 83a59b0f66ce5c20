"""Thorlabs ELLx modules (piezo mounts and sliders): their messages, and how a move ends.

Source: ELLx modules protocol manual (messages without terminator to the module, CR LF from it), checked
against public drivers. Read on the safe side where that is silent: a move too soon after another may end
at 0, so one waits 0.1 s; whether the module was homed since power-up cannot be asked.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, NoReturn

from pymeasure.adapters import Adapter
from pyvisa.constants import Parity, StopBits

from .clock import Clock
from .errors import BadAnswer, DeviceFault, DeviceTimeout, Refused
from .instrument import VisaInstrument

OK, BUSY = 0, 9
_FAULTS = {
    1: "communication time-out",
    2: "mechanical time-out: is the mount blocked?",
    3: "command not supported",
    4: "value out of range",
    5: "module isolated",
    6: "module out of isolation",
    7: "initialisation failed",
    8: "too hot: let it cool down",
    BUSY: "busy",
    10: "sensor fault",
    11: "motor fault",
    12: "out of its range",
    13: "over-current",
}
_MESSAGE = re.compile(r"([0-9A-F])([A-Z][A-Z0-9])([0-9A-Za-z]*)")
_BUTTONS = ("BS", "BO")  # somebody pressed a button; comes unasked
PAUSE = 0.1  # s before a move and between questions while it is busy
_MOVE_MAX = 30.0  # s


class ELLxInstrument(VisaInstrument):
    """Base of drivers for such a module.

    :param address: of the module on its bus, one hexadecimal digit
    """

    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\r\n",
        "write_termination": "",
        "timeout": 5000,
        "asrl": {"baud_rate": 9600, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        address: str = "0",
        **connection: Any,
    ) -> None:
        self.address = str(address).upper()
        if not re.fullmatch("[0-9A-F]", self.address):
            raise Refused(f"{name or self.MODEL}: address is {address!r}; must be one hexadecimal digit")
        #: homed since the connection was opened
        self.homed = False
        self._sent = ""  # what the next message answers
        super().__init__(adapter, name, clock=clock, **connection)

    def information(self) -> str:
        """What it says of itself, 30 characters: type, serial number, year, versions, travel, pulses."""
        information = self.identity()[3:]
        self.serial_number = information[2:10]
        return information

    def _resynchronise(self) -> None:
        """Not needed: every answer says which question it belongs to, and this driver looks."""

    def identity(self) -> str:
        """The answer to ``in``: address, ``IN``, type, serial number, year, versions, travel, pulses."""
        return f"{self.address}IN{self._question('in', 'IN')}"

    def home(self) -> None:
        """Search the zero (of a rotation clockwise) and stay there."""
        self._move("ho", "0")
        self.homed = True

    # -- messages ---------------------------------------------------------------------------------

    def _move(self, command: str, data: str) -> int:
        """Start a move and wait for its end; the position reached, in pulses."""
        with self.lock:
            self.clock.sleep(PAUSE)
            self._drop_unread()
            end = self.clock.now() + _MOVE_MAX
            self._send(command, data)
            asked = False
            while True:
                try:
                    code, answer = self._receive()
                except DeviceTimeout:
                    if asked:
                        raise
                    asked = True  # a slow move, or an answer was lost
                    self._send("gs")
                    continue
                if code == "PO":
                    self._unread = asked  # the answer to gs may still come
                    return self._pulses_of(answer)
                asked = False
                status = self._status_of(code, answer, command)
                if status == OK:  # the answer with the position was lost
                    return self._pulses_of(self._question("gp", "PO"))
                if status != BUSY:
                    self._fault(status, command)
                if self.clock.now() >= end:
                    raise DeviceTimeout(self.name, f"'{command}' has not ended after {_MOVE_MAX:g} s")

    def _question(self, command: str, expected: str, data: str = "") -> str:
        """Data of the answer *expected* to *command*; waits while the mount is busy."""
        with self.lock:
            end = self.clock.now() + _MOVE_MAX
            while True:
                self._drop_unread()
                self._send(command, data)
                code, answer = self._receive()
                if code == expected != "GS":
                    return answer
                status = self._status_of(code, answer, command)
                if status == OK:
                    if expected != "GS":
                        raise BadAnswer(self.name, f"'{command}' was answered by 'GS00'")
                    return answer
                if status != BUSY or self.clock.now() >= end:
                    self._fault(status, command)
                self.clock.sleep(PAUSE)
                self._unread = True  # "busy" may have answered an earlier question

    def _status(self) -> int:
        self._send("gs")
        return self._status_of(*self._receive(), "gs")

    def _send(self, command: str, data: str = "") -> None:
        self._sent = f"{self.address}{command}{data}"
        self.write(self._sent)

    def _receive(self) -> tuple[str, str]:
        """Code and data of the next message that is an answer of this mount."""
        while True:
            text = self._answer(self._sent).strip()
            message = _MESSAGE.fullmatch(text)
            if message is None:
                self._unread = True
                raise BadAnswer(self.name, f"{text!r} is no message of an {self.MODEL.split()[-1]}")
            address, code, data = message.groups()
            if address == self.address and code not in _BUTTONS:
                return code, data

    def _status_of(self, code: str, data: str, command: str) -> int:
        if code != "GS":
            self._unread = True
            raise BadAnswer(self.name, f"'{command}' was answered by '{code}{data}'")
        return self._hexadecimal(data, 2)

    def _pulses_of(self, data: str) -> int:
        """Two's complement."""
        value = self._hexadecimal(data, 8)
        return value - (1 << 32) if value & 0x80000000 else value

    def _hexadecimal(self, data: str, digits: int) -> int:
        if not re.fullmatch(f"[0-9A-Fa-f]{{{digits}}}", data):
            self._unread = True
            raise BadAnswer(self.name, f"{data!r} is no number of {digits} hexadecimal digits")
        return int(data, 16)

    def _fault(self, status: int, command: str) -> NoReturn:
        """Raise the fault; the mount keeps it until it is asked once more."""
        if status != BUSY:
            self._status()
        raise DeviceFault(self.name, f"'{command}': {_FAULTS.get(status, f'status {status:02X}')}")
