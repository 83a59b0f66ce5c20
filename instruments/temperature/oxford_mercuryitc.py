"""Oxford Instruments MercuryiTC temperature controller (TCP port 7020, RS-232, USB serial, GPIB).

Source: MercuryiTC operator's manual, issue 1 (chapter 10.3) and issue 5 (chapter 8.3), and public drivers.
The device must be set to the SCPI command set. Read the safe way, because the manual is silent or its issues
differ: a refusal may follow any word of the question; values come with or without unit and unit prefix;
during a ramp ``TSET`` may be the moving set-point and a ramp may start at the old one.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..device import Limit, do_all, try_twice
from ..errors import BadAnswer, DeviceFault, DeviceTimeout, OverRange, Refused
from ..instrument import VisaInstrument
from ..roles import TemperatureController

_REFUSALS = ("INVALID", "N/A", "DENIED", "NOT_FOUND")
_UID = re.compile(r"[MD]B\d+(\.[A-Z]\d+)?")
_VALUE = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf)\s*:?\s*(.*)")
_PREFIXES = {"": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6}
_NOTHING = ("", "0", "None")  # a loop without heater


class MercuryITC(VisaInstrument):
    """One loop of a MercuryiTC. Fulfils :class:`~antistokes.instruments.roles.TemperatureController`.

    :attr:`control` is whether any power may reach the heater. Switching the loop off (``ENAB:OFF``) is not
    enough for that: the device then holds the last output by hand, so that the output is set to 0 as well.
    Safe is that state in every loop with a heater; gas flow and level meters are left alone, because
    stopping the flow of a cold cryostat is no safe thing to do unseen.

    :param loop: unique identifier of the sensor whose loop is used
    :param sample_sensor: of the sensor at the sample; by default the loop's own
    :param keep_control: being made safe leaves the heaters on, so that a cold sample stays where it is
        between two runs
    """

    MODEL = "Oxford MercuryiTC"
    INTERFACES = ("TCP 7020", "RS-232", "USB (serial)", "GPIB")
    VERIFIED = (
        "Against its twin, which pymeasure's MercuryiTC and PyPI mercuryitc also drive; messages from two "
        "issues of the manual; no real device was at hand."
    )
    ROLES = (TemperatureController,)
    IDN_WORDS = ("MERCURY ITC",)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",
        "write_termination": "\n",
        "timeout": 3000,
        "asrl": {"baud_rate": 57600, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }
    # the device takes 0 to 2000 K; optical cryostats do not
    LIMITS: ClassVar[dict[str, Limit]] = {"setpoint": Limit(1.4, 500, "K"), "ramp": Limit(0, 100, "K/min")}
    SNAPSHOT = ("temperature", "setpoint", "control", "heater_output", "ramp", "pid", "loop", "sample_sensor")

    #: the temperature itself is watched
    settle_time = 0.0

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        loop: str = "MB1.T1",
        sample_sensor: str = "",
        keep_control: bool = False,
        **connection: Any,
    ) -> None:
        self.loop, self.sample_sensor = loop, sample_sensor or loop
        for uid in (self.loop, self.sample_sensor):
            if not _UID.fullmatch(uid):
                raise Refused(f"{name or self.MODEL}: sensor '{uid}': must be written like 'MB1.T1'")
        self.keep_control = keep_control
        self._target: float | None = None
        super().__init__(adapter, name, clock=clock, **connection)
        sensors = [uid for uid, kind in self._catalogue() if kind == "TEMP"]
        for uid in (self.loop, self.sample_sensor):
            if uid not in sensors:
                raise Refused(f"{self.name}: sensor '{uid}' is not fitted; fitted: {', '.join(sensors)}")
        self._heaters = {uid: heater for uid in sensors if (heater := self._heater_of(uid))}
        #: K between which the sensor at the sample is calibrated
        self.calibrated = self._calibration("COLDL", 0.0), self._calibration("HOTL", math.inf)

    # -- temperatures -----------------------------------------------------------------------------

    @property
    def temperature(self) -> float:
        """Measure the temperature of the sensor at the sample, in K.

        :raises OverRange: beyond what the sensor is calibrated for
        :raises DeviceFault: the sensor gives no reading
        """
        kelvin = self._kelvin(self.sample_sensor)
        low, high = self.calibrated
        if not low < kelvin < high:
            reading = f"sensor {self.sample_sensor} reads {kelvin:g} K"
            raise OverRange(self.name, f"{reading}; it is calibrated from {low:g} to {high:g} K")
        return kelvin

    def _kelvin(self, uid: str) -> float:
        noun = f"DEV:{uid}:TEMP:SIG:TEMP"
        kelvin = self._quantity(noun, "K")
        if not 0 < kelvin < math.inf:
            raise BadAnswer(self.name, f"'READ:{noun}' was answered by {kelvin:g} K")
        return kelvin

    # -- set-point --------------------------------------------------------------------------------

    @property
    def setpoint(self) -> float:
        """Control the temperature to reach at the loop's sensor, in K.

        With a :attr:`ramp` the approach starts at the present temperature, wherever the set-point was, and
        what is read is what was last set through this connection.
        """
        if self._target is not None and self.ramp:
            return self._target
        return self.working_setpoint

    @setpoint.setter
    def setpoint(self, kelvin: float) -> None:
        with self.lock:
            if rate := self.ramp:
                # with the ramp off the set-point jumps: let it, to where the temperature is
                here = self._kelvin(self.loop)
                self.ramp = 0.0
                self._set(self._loop("TSET"), f"{here:.4f}")
                self.ramp = rate
            self._set(self._loop("TSET"), f"{kelvin:.4f}")
            self._target = float(kelvin)

    @property
    def setpoint_range(self) -> tuple[float, float]:
        """Get the set-points allowed, in K."""
        limit = self.limits["setpoint"]
        return limit.low, limit.high

    @property
    def working_setpoint(self) -> float:
        """Get where the loop aims now, in K; during a ramp on its way to the set-point."""
        return self._quantity(self._loop("TSET"), "K")

    @property
    def ramp(self) -> float:
        """Control how fast the set-point moves, in K/min; 0: it jumps."""
        if not self._switch(self._loop("RENA")):
            return 0.0
        rate = self._quantity(self._loop("RSET"), "K/m")
        return rate if rate < math.inf else 0.0

    @ramp.setter
    def ramp(self, rate: float) -> None:
        with self.lock:
            if rate:
                self._set(self._loop("RSET"), f"{rate:g}")
            self._set(self._loop("RENA"), "ON" if rate else "OFF")

    # -- heater -----------------------------------------------------------------------------------

    @property
    def heater_output(self) -> float:
        """Measure the heater output, in % of its full power."""
        return self._quantity(self._loop("HSET"), "%")

    @property
    def pid(self) -> tuple[float, float, float]:
        """Control P, I (min) and D (min) of the loop: a tuple."""
        p, i, d = (self._quantity(self._loop(letter), "") for letter in "PID")
        return p, i, d

    @pid.setter
    def pid(self, values: tuple[float, float, float]) -> None:
        with self.lock:
            for letter, value in zip("PID", values, strict=True):
                self._set(self._loop(letter), f"{value:g}")

    @property
    def control(self) -> bool:
        """Control whether power may reach the heater: the loop is on, or its output is set by hand.

        Switching it on with a ramp starts the ramp afresh at the present temperature.

        :raises DeviceFault: the loop has no heater, or the device reports an alarm of its parts
        """
        return self._switch(self._loop("ENAB")) or self.heater_output > 0

    @control.setter
    def control(self, on: bool) -> None:
        with self.lock:
            if not on:
                self._switch_off(self.loop)
                return
            if self.loop not in self._heaters:
                raise DeviceFault(self.name, f"the loop of sensor {self.loop} has no heater")
            if self.ramp and not self._switch(self._loop("ENAB")):
                self.setpoint = self.setpoint
            self._set(self._loop("ENAB"), "ON")
            self.check_errors()

    def make_safe(self) -> None:
        """Switch off every loop with a heater, unless the station says ``keep_control``.

        :raises DeviceFault: a heater stays on
        """
        if self.keep_control:
            return
        with self.lock:
            do_all(*(partial(self._switch_off, uid) for uid in self._heaters))

    def _switch_off(self, uid: str) -> None:
        loop = f"DEV:{uid}:TEMP:LOOP"
        try:
            try_twice(lambda: self._heater_off(uid, loop))
        except (BadAnswer, DeviceTimeout):
            # it may hear what it does not answer
            self.tell(f"SET:{loop}:ENAB:OFF")
            self.tell(f"SET:{loop}:HSET:0")
            raise

    def _heater_off(self, uid: str, loop: str) -> None:
        do_all(lambda: self._set(f"{loop}:ENAB", "OFF"), lambda: self._set(f"{loop}:HSET", "0"))
        output = self._quantity(f"{loop}:HSET", "%")
        if self._switch(f"{loop}:ENAB") or output:
            raise DeviceFault(self.name, f"the heater of loop {uid} stays on at {output:g} %")

    def check_errors(self) -> list[Any]:
        """Read the alarms. :raises DeviceFault: of this loop, its heater or the sensor at the sample"""
        log = self._ask("SYS:ALRM")
        own = {self.loop, self.sample_sensor, self._heaters.get(self.loop)}
        alarms = [entry.partition("\t") for entry in log.split(";")]
        if found := [f"{part}: {text.strip()}" for part, _, text in alarms if part.strip() in own]:
            raise DeviceFault(self.name, "; ".join(found))
        return []

    # -- what is fitted ---------------------------------------------------------------------------

    def _catalogue(self) -> list[tuple[str, str]]:
        """Identifier and kind of every part: ``MB1.T1``, ``TEMP``."""
        answer = self._read("SYS:CAT")
        words = [word.strip() for word in answer.split(":")]
        if not words or len(words) % 3 or set(words[::3]) != {"DEV"}:
            raise self.wrong_answer("READ:SYS:CAT", answer)
        return list(zip(words[1::3], words[2::3], strict=True))

    def _heater_of(self, uid: str) -> str:
        """Heater of a sensor's loop; empty: none."""
        answer = self._ask(f"DEV:{uid}:TEMP:LOOP:HTR")
        return "" if answer in (*_NOTHING, *_REFUSALS) else answer

    def _calibration(self, noun: str, unknown: float) -> float:
        noun = f"DEV:{self.sample_sensor}:TEMP:CAL:{noun}"
        answer = self._ask(noun)
        return unknown if answer in _REFUSALS else self._number(noun, answer, "K")

    # -- messages ---------------------------------------------------------------------------------

    def _loop(self, noun: str) -> str:
        return f"DEV:{self.loop}:TEMP:LOOP:{noun}"

    def _ask(self, noun: str) -> str:
        """What follows *noun* in the answer: a value or one of the refusals."""
        question = f"READ:{noun}"
        answer = self.ask(question).strip()
        head = f"STAT:{noun}:"
        if answer.startswith(head):
            return answer[len(head) :].strip()
        return self._refusal(question, answer)

    def _read(self, noun: str) -> str:
        answer = self._ask(noun)
        if answer in _REFUSALS:
            raise DeviceFault(self.name, f"'READ:{noun}' was answered by {answer}")
        return answer

    def _set(self, noun: str, value: str) -> None:
        command = f"SET:{noun}:{value}"
        answer = self.ask(command).strip()
        head = f"STAT:SET:{noun}:"
        if not answer.startswith(head) or not answer.endswith(":VALID"):
            raise DeviceFault(self.name, f"'{command}' was refused: {self._refusal(command, answer)}")
        echo = answer[len(head) : -len(":VALID")]
        if not _agree(echo, value):
            raise self.wrong_answer(command, answer)

    def _refusal(self, message: str, answer: str) -> str:
        """The refusal in *answer*, which may have cut *message* short anywhere."""
        words = answer.removesuffix(":").split(":")
        if words[-1] in _REFUSALS:
            return words[-1]
        raise self.wrong_answer(message, answer)

    def _switch(self, noun: str) -> bool:
        answer = self._read(noun)
        if answer not in ("ON", "OFF"):
            raise self.wrong_answer(f"READ:{noun}", answer)
        return answer == "ON"

    def _quantity(self, noun: str, unit: str) -> float:
        return self._number(noun, self._read(noun), unit)

    def _number(self, noun: str, answer: str, unit: str) -> float:
        """A number in *unit*, with whatever prefix the device chose."""
        match = _VALUE.fullmatch(answer)
        prefix = match[2].removesuffix(unit) if match else None
        value = math.nan
        if match is not None and prefix in _PREFIXES and (not prefix or prefix != match[2]):
            value = float(match[1]) * _PREFIXES[prefix]
        endless = unit == "K/m" and answer.startswith("inf")
        if not (math.isfinite(value) or endless) or (unit == "K" and value < 0):
            raise self.wrong_answer(f"READ:{noun}", answer, f", no number in {unit or '1'}")
        return value


def _agree(echo: str, value: str) -> bool:
    """Is *echo* the *value* that was sent, perhaps with a unit and in other digits?"""
    if echo == value:
        return True
    numbers = [_VALUE.fullmatch(text) for text in (echo, value)]
    read, sent = (float(number[1]) if number else math.nan for number in numbers)
    return math.isclose(read, sent, rel_tol=1e-4)
