"""Thorlabs ELL14 rotation mount turning a half-wave plate before a polariser.

Source: ELLx modules protocol manual (messages without terminator to the mount, CR LF from it), checked
against public drivers. Read on the safe side where that is silent: ``st`` may be answered by a position, a
status or not at all; a move too soon after another may end at 0, so one waits 0.1 s; whether the mount was
homed since power-up cannot be asked, so it is homed once per connection.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, NoReturn

from pymeasure.adapters import Adapter
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..device import Limit
from ..errors import BadAnswer, DeviceFault, DeviceTimeout, Refused
from ..instrument import VisaInstrument
from ..roles import Attenuator

_OK, _BUSY = 0, 9
_FAULTS = {
    1: "communication time-out",
    2: "mechanical time-out: is the mount blocked?",
    3: "command not supported",
    4: "value out of range",
    5: "module isolated",
    6: "module out of isolation",
    7: "initialisation failed",
    8: "too hot: let it cool down",
    _BUSY: "busy",
    10: "sensor fault",
    11: "motor fault",
    12: "out of its range",
    13: "over-current",
}
_MESSAGE = re.compile(r"([0-9A-F])([A-Z][A-Z0-9])([0-9A-Za-z]*)")
_BUTTONS = ("BS", "BO")  # somebody pressed a button; comes unasked
_PAUSE = 0.1  # s before a move and between questions while it is busy
_MOVE_MAX = 30.0  # s
_STOP_MAX = 2.0  # s
_TOLERANCE = 0.5  # degrees between where a move should and did end


class ELL14Attenuator(VisaInstrument):
    """Thorlabs ELL14 with wave plate. Fulfils :class:`~antistokes.instruments.roles.Attenuator`.

    Opening does not move it. The first set position homes it: on its way the plate passes angles of any
    transmission, so open the beam only afterwards where that matters. Until then :attr:`position` counts
    from wherever the mount stood when it got power.

    :param address: of the mount on its bus, one hexadecimal digit
    :param position_range: degrees between which the transmission goes from most to least
    """

    MODEL = "Thorlabs ELL14"
    INTERFACES = ("RS-232 (USB adapter)",)
    VERIFIED = "Its twin, written from the protocol manual; not on a real mount."
    ROLES = (Attenuator,)
    IDN_WORDS = ("IN0E",)  # the answer to ``in`` begins with the motor type: 0E is 14
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\r\n",
        "write_termination": "",
        "timeout": 5000,
        "asrl": {"baud_rate": 9600, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {
        "position": Limit(0, 360, "deg"),
        "velocity": Limit(25, 100, "%"),  # slower, the motor may stall
    }
    SNAPSHOT = ("serial_number", "position", "velocity", "homed")

    position_unit = "deg"
    settle_time = 0.05

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        address: str = "0",
        position_range: tuple[float, float] = (0.0, 90.0),
        **connection: Any,
    ) -> None:
        self.address = str(address).upper()
        if not re.fullmatch("[0-9A-F]", self.address):
            raise Refused(f"{name or self.MODEL}: address is {address!r}; must be one hexadecimal digit")
        #: homed since the connection was opened
        self.homed = False
        super().__init__(adapter, name, clock=clock, **connection)
        low, high = position_range
        self.check_limit("position", low)
        self.check_limit("position", high)
        self.position_range = (low, high)
        information = self.identity()[3:]
        try:
            self.serial_number = information[2:10]
            self._pulses = int(information[22:30], 16) * 360 / int(information[18:22], 16)
        except (ValueError, ZeroDivisionError):
            raise BadAnswer(self.name, f"'in' was answered by {information!r}") from None

    def _resynchronise(self) -> None:
        """Not needed: every answer says which question it belongs to, and this driver looks."""

    def identity(self) -> str:
        """The answer to ``in``: address, ``IN``, type, serial number, year, versions, travel, pulses."""
        return f"{self.address}IN{self._question('in', 'IN')}"

    # -- movement ---------------------------------------------------------------------------------

    @property
    def position(self) -> float:
        """Control the angle of the plate from its home, in degrees; returns when the move has ended.

        :raises DeviceFault: the mount reports a fault, or stands elsewhere than it should
        """
        return self._pulses_of(self._question("gp", "PO")) * 360 / self._pulses

    @position.setter
    def position(self, angle: float) -> None:
        if not self.homed:
            self.home()
        pulses = round(angle / 360 * self._pulses)
        reached = self._move("ma", f"{pulses & 0xFFFFFFFF:08X}") * 360 / self._pulses
        if abs((reached - angle + 180) % 360 - 180) > _TOLERANCE:
            raise DeviceFault(self.name, f"stopped at {reached:.2f} deg on its way to {angle:.2f} deg")

    def home(self) -> None:
        """Search the mount's zero (clockwise) and stay there."""
        self._move("ho", "0")
        self.homed = True

    @property
    def velocity(self) -> float:
        """Control the speed, in % of the fastest."""
        return float(self._hexadecimal(self._question("gv", "GV"), 2))

    @velocity.setter
    def velocity(self, percent: float) -> None:
        self._question("sv", "GS", f"{round(percent):02X}")

    def make_safe(self) -> None:
        """Stop a move. A plate cannot close a beam, and it is not turned to where more light may pass.

        :raises DeviceFault: it still moves
        """
        with self.lock:
            self._send("st")
            end = self.clock.now() + _STOP_MAX
            while True:
                self.clock.sleep(_PAUSE)
                self._unread = True  # whatever answered st
                self._drop_unread()
                if self._status() != _BUSY:
                    return
                if self.clock.now() >= end:
                    raise DeviceFault(self.name, f"still moves {_STOP_MAX:g} s after it was told to stop")

    # -- messages ---------------------------------------------------------------------------------

    def _move(self, command: str, data: str) -> int:
        """Start a move and wait for its end; the position reached, in pulses."""
        with self.lock:
            self.clock.sleep(_PAUSE)
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
                if status == _OK:  # the answer with the position was lost
                    return self._pulses_of(self._question("gp", "PO"))
                if status != _BUSY:
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
                if status == _OK:
                    if expected != "GS":
                        raise BadAnswer(self.name, f"'{command}' was answered by 'GS00'")
                    return answer
                if status != _BUSY or self.clock.now() >= end:
                    self._fault(status, command)
                self.clock.sleep(_PAUSE)
                self._unread = True  # "busy" may have answered an earlier question

    def _status(self) -> int:
        self._send("gs")
        return self._status_of(*self._receive(), "gs")

    def _send(self, command: str, data: str = "") -> None:
        self.write(f"{self.address}{command}{data}")

    def _receive(self) -> tuple[str, str]:
        """Code and data of the next message that is an answer of this mount."""
        while True:
            text = self.read().strip()
            message = _MESSAGE.fullmatch(text)
            if message is None:
                self._unread = True
                raise BadAnswer(self.name, f"{text!r} is no message of an ELL14")
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
        if status != _BUSY:
            self._status()
        raise DeviceFault(self.name, f"'{command}': {_FAULTS.get(status, f'status {status:02X}')}")
