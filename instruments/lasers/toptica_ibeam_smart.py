"""Toptica iBeam smart: diode laser head that regulates its own power.

Sources: public drivers (pymeasure, pylablib, Micro-Manager, qudi). An answer is an empty line, lines, and
``[OK]``, which comes after errors (``%SYS-E…``) too. Read on the safe side where they differ: a line with
``%SYS-W``, ``-E`` or ``-F`` is an error, one with ``%SYS-I`` is not part of the answer; the light may be the
sum of all channels, so that the other ones are set to 0 before the laser is switched on; the least power at
which a head is stable is not known here and not enforced.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..device import Limit
from ..errors import BadAnswer, DeviceFault, InstrumentError, WrongModel
from ..instrument import VisaInstrument
from ..light_switch import LightSwitch
from ..roles import Laser
from .steps import range_in_steps

_ENDS = (b"[OK]\r\n", b"CMD> ")  # the second until the prompt is off
_LATE_ANSWERS = 16  # more than can be under way after a time-out, and at opening
_FAULT = re.compile(r"%SYS-[WEF]")
_INFORMATION = "%SYS-"
_POLL, _ON_MAX = 0.1, 5.0  # s
_UNIT = {"mW": 1e-3, "uW": 1e-6}
_NANO = 1e9  # steps of a power in 1 W


class IBeamSmart(LightSwitch, VisaInstrument):
    """Toptica iBeam smart. Fulfils :class:`~antistokes.instruments.roles.Laser`, driven in W.

    Opening the connection switches echo and prompt off, no light.

    :param wavelength: of the head, nm; the serial number names it only nominally
    :param channel: whose level is the drive; 2 is the one that a TTL signal can gate
    """

    MODEL = "Toptica iBeam smart"
    INTERFACES = ("RS-232 (115200 baud)",)
    VERIFIED = (
        "Its twin, which the drivers of pymeasure, pylablib and python-microscope also drive; not checked on "
        "a device, and the texts of its errors are not known here."
    )
    ROLES = (Laser,)
    IDN_WORDS = ("iBEAM-SMART",)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "timeout": 2000,
        "asrl": {"baud_rate": 115200, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {"power": Limit(0, 0.2, "W")}
    SNAPSHOT = ("wavelength", "channel", "power", "emission", "external_gate")

    drive_unit = "W"
    #: until the power is regulated
    settle_time = 0.5

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        wavelength: float = 980.0,
        channel: int = 2,
        **connection: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, **connection)
        self.wavelength, self.channel = wavelength, channel
        self.told_limit("power", 0, self.power_max)

    # -- the wire ---------------------------------------------------------------------------------

    def check_model(self) -> None:
        # the first of these may be spoilt by half a command that somebody else has left in the device
        for command in ("echo off", "echo off", "prom off", "talk usual"):
            self.ask_bytes(f"{command}\r\n".encode(), *_ENDS)
        try:
            self._resynchronise()
            super().check_model()
        except BadAnswer as error:
            message = f"{self.MODEL} expected on {self._where()}; {error.problem}"
            raise WrongModel(self.name, message) from error

    def identity(self) -> str:
        """Its serial number, which begins with the kind of head."""
        return self._one("serial", r"SN: (.+)")

    def _resynchronise(self) -> None:
        """Answers come in the order of the questions: what comes before the version belongs to older ones.

        Nothing else asks for the version.
        """
        self.write_bytes(b"ver\r\n")
        blocks = []
        for _ in range(_LATE_ANSWERS):
            blocks.append(self.read_until(*_ENDS, command="ver"))
            if re.search(rb"^iB", blocks[-1], re.MULTILINE):
                return
        raise self.wrong_answer("ver", b"".join(blocks))

    def write(self, command: str, **kwargs: Any) -> None:
        """Send *command* and wait until it is done.

        :raises DeviceFault: the device refuses it
        :raises BadAnswer: it is answered like a question
        """
        if answer := self.ask(command):
            raise self.wrong_answer(command, answer)

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """The lines that answer *command*. :raises DeviceFault: an error is among them"""
        block = self.ask_bytes(f"{command}\r\n".encode(), *_ENDS)
        if not block.isascii():
            raise self.wrong_answer(command, block)
        lines = [line.strip() for line in block.decode().splitlines()[:-1]]
        if faults := [line for line in lines if _FAULT.match(line)]:
            raise DeviceFault(self.name, f"'{command}': {'; '.join(faults)}")
        return "\n".join(line for line in lines if line and not line.startswith(_INFORMATION))

    def _one(self, question: str, pattern: str) -> str:
        """The group of *pattern* in the one line of the answer that it fits."""
        answer = self.ask(question)
        found = [match[1] for line in answer.splitlines() if (match := re.fullmatch(pattern, line))]
        if len(found) != 1:
            raise self.wrong_answer(question, answer)
        return found[0]

    def _on(self, question: str) -> bool:
        return self._one(question, "(ON|OFF)") == "ON"

    def _number(self, question: str, name: str, unit: str) -> float:
        return float(self._one(question, rf"{name}\s*=\s*(-?\d+(?:\.\d+)?)\s*{unit}"))

    # -- power ------------------------------------------------------------------------------------

    def _levels(self) -> dict[int, float]:
        """Levels of all channels, in W."""
        answer = self.ask("sh level pow")
        found = [re.fullmatch(r"CH(\d+), PWR:\s*(\d+\.?\d*)\s*(mW|uW)", line) for line in answer.splitlines()]
        levels = {int(match[1]): float(match[2]) * _UNIT[match[3]] for match in found if match}
        if len(levels) != len(found) or self.channel not in levels:
            raise self.wrong_answer("sh level pow", answer)
        return levels

    @property
    def power(self) -> float:
        """Control the power the channel is regulated to, in W."""
        return self._levels()[self.channel]

    @power.setter
    def power(self, value: float) -> None:
        value = round(value * _NANO) / _NANO
        self.check_limit("power", value)
        self.write(f"ch {self.channel} pow {value * 1e6:.3f} mic")

    @property
    def drive(self) -> float:
        """Control the power the channel is regulated to, in W: :attr:`power`."""
        return self.power

    @drive.setter
    def drive(self, value: float) -> None:
        self.power = value

    @property
    def power_max(self) -> float:
        """Get the most the head can emit, in W."""
        answer = self.ask("sh sat")
        match = re.search(r"^Pmax:\s*(\d+(?:\.\d+)?)\s*mW\s*$", answer, re.MULTILINE)
        if match is None:
            raise self.wrong_answer("sh sat", answer)
        return float(match[1]) / 1000

    @property
    def drive_limits(self) -> tuple[float, float]:
        """Get the lowest and highest power allowed by this station and by the head, in W."""
        low, high, _ = self.limits["power"]
        return range_in_steps(low, high, _NANO)

    @property
    def rated_power(self) -> float:
        """Get the highest power allowed, in W."""
        return self.drive_limits[1]

    @property
    def measured_power(self) -> float:
        """Measure the power by the photodiode of the head, in W."""
        return self._number("sh pow", "PIC", "uW") * 1e-6

    @property
    def measured_current(self) -> float:
        """Measure the current of the diode, in A."""
        return self._number("sh cur", "LDC", "mA") * 1e-3

    @property
    def temperature(self) -> float:
        """Measure the temperature of the diode, in °C."""
        return self._number("sh temp", "TEMP", "C")

    @property
    def base_temperature(self) -> float:
        """Measure the temperature of the base plate, in °C."""
        return self._number("sh temp sys", "TEMP", "C")

    # -- light ------------------------------------------------------------------------------------

    @property
    def external_gate(self) -> bool:
        """Control whether the channel emits only while the digital input is high (TTL)."""
        return self._on("sta ext")

    @external_gate.setter
    def external_gate(self, on: bool) -> None:
        self.write("en ext" if on else "di ext")

    @property
    def emission(self) -> bool:
        """Control the laser, with the light of this channel alone; returns when it has done so.

        True sets the levels of the other channels to 0, also where the laser is on already.

        :raises DeviceFault: the laser did not follow; the message is the device's
        """
        return self._on("sta la")

    @emission.setter
    def emission(self, on: bool) -> None:
        self.switch(on)

    def _light_up(self) -> None:
        lit = self.emission
        for other, level in self._levels().items():
            if other != self.channel and level:
                self.write(f"ch {other} pow 0 mic")
        self.write(f"en {self.channel}")
        if not lit:
            self.write("la on")
            if not self.wait_for(lambda: self.emission, _ON_MAX, _POLL):
                raise DeviceFault(self.name, "the laser did not come on")
        self.clock.sleep(self.settle_time)

    def switch_off(self) -> None:
        try:
            self._go_dark()
        except InstrumentError:
            # a device whose answers are lost may still hear; the second try reports
            self.write_bytes(b"la off\r\n")
            self._unread = True
            self._go_dark()

    def _go_dark(self) -> None:
        self.write("la off")
        if self.emission:
            raise DeviceFault(self.name, "the laser is still on after it was switched off: use its key")

    def _disarm(self) -> None:
        # not through the limits: a station may have narrowed 0 out of them
        self.write(f"ch {self.channel} pow 0 mic")
        if left := self.power:
            raise DeviceFault(self.name, f"channel {self.channel} is at {left:g} W after it was set to 0")
