"""SRS SR400 gated photon counter.

Source: SR400 manual rev. 2.6, chapter on remote programming. It knows no question for its name: an SR400 is
recognised by what it says of its counters. Counter A counts INPUT 1 for a time that counter T takes from the
10 MHz clock; the gate is that of counter A.
"""

from __future__ import annotations

import itertools
import math
import re
from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..device import Limit
from ..errors import BadAnswer, DeviceFault, DeviceTimeout, OverRange, Refused, WrongModel
from ..instrument import VisaInstrument
from ..roles import GatedCounter

_CLOCK = 1e7  # Hz
_FULL = 1e9 - 1  # counts; the counter begins again from zero
_LATE = 2.0  # s more than a count should take
_PAUSE = 0.01  # s between questions
_MOST_LINES = 16  # of what something else says to a question
_READY, _OVERFLOW, _MISSED = 1 << 1, 1 << 3, 1 << 4  # bits of the status byte
_FAULTS = {
    1 << 0: "a setting was changed at its front panel",
    1 << 5: "its recalled settings are damaged",
    1 << 7: "it did not understand a command",
}
_TOO_FAST = "gates were missed: the triggers are closer than delay, width and 1 µs"
#: what may be answered to the questions that stand in for that of its name
_INPUTS = {"CI 0": "[01]", "CI 1": "[12]", "CI 2": "[023]"}
_ONE_DIGIT = r"[1-9]E\+?\d\d?"
_NUMBER = r"[-+]?(\d{1,20}\.?\d*|\.\d+)(E[-+]?\d{1,2})?"


class SR400(VisaInstrument):
    """SRS SR400. Fulfils :class:`~antistokes.instruments.roles.GatedCounter`.

    Opening stops a scan and sets what a simple count needs; levels, slopes and the gate stay as they are. The
    level of discriminator T, which nothing uses then, is changed for a moment after a time-out: its value
    tells whether an answer is to the present question. A setting changed at the front panel makes the next
    count fail.
    """

    MODEL = "SRS SR400"
    INTERFACES = ("RS-232", "GPIB")
    VERIFIED = (
        "Against its twin, written from the manual, which a public pyvisa script for the SR400 was run "
        "against too; not on a device."
    )
    ROLES = (GatedCounter,)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "write_termination": "\r",
        "timeout": 3000,
        "asrl": {
            "read_termination": "\r",
            "baud_rate": 9600,
            "data_bits": 8,
            "parity": Parity.none,
            "stop_bits": StopBits.two,
        },
        "gpib": {"read_termination": "\r\n"},
        "tcpip": {"read_termination": "\r"},
        "usb": {"read_termination": "\r"},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {
        "exposure": Limit(1e-6, 9e4, "s"),
        "gate_delay": Limit(0, 0.9992, "s"),
        "gate_width": Limit(5e-9, 0.9992, "s"),
        "discriminator_level": Limit(-0.3, 0.3, "V"),
        "trigger_level": Limit(-2, 2, "V"),
    }
    SNAPSHOT = (*LIMITS, "gated", "discriminator_falling", "trigger_falling")

    settle_time = 0.0
    saturation = _FULL

    def __init__(
        self, adapter: Adapter | str, name: str = "", *, clock: Clock | None = None, **connection: Any
    ) -> None:
        self._sync_levels = itertools.cycle(range(500))
        self._level_t: float | None = None
        super().__init__(adapter, name, clock=clock, **connection)
        self._level_t = self._number("DL 2")
        self._asked("SS", r"\d{1,3}")  # what happened before is no fault now
        self._set("CR;CM 0;CI 0,1;CI 2,0;NP 1;NE 0;DM 0,0")

    def check_model(self) -> None:
        self.write("")  # ends half a command of an earlier user
        self.write("SW 0")  # otherwise it waits 20 ms after each character; GPIB has no such wait and refuses
        try:
            self.identity()
            self._asked("CM", "[0-3]")
            self._asked("CP 2", _ONE_DIGIT)
        except BadAnswer as error:
            said = error.problem + self._rest()
            if "OK>" in said or "??>" in said:
                raise DeviceFault(self.name, "echoes: set RS-232 ECHO to OFF in its COM menu") from None
            raise WrongModel(self.name, f"{self.MODEL} expected on {self._where()}, but {said}") from None

    def _rest(self) -> str:
        """What else it has said."""
        lines = [""]
        while len(lines) < _MOST_LINES:
            try:
                lines.append(repr(self.read()))
            except (BadAnswer, DeviceTimeout):
                break
        return ", ".join(lines)

    def identity(self) -> str:
        """What its three counters count, which only an SR400 is likely to answer so."""
        return "SR400 " + ",".join(self._asked(question, able) for question, able in _INPUTS.items())

    # -- time of a count ----------------------------------------------------------------------------

    @property
    def exposure(self) -> float:
        """Control how long it counts, in s: a number with one digit that is not zero, such as 0.2.

        :raises Refused: another number; names the nearest
        """
        return self.possible("exposure", self._number("CP 2") / _CLOCK)

    @exposure.setter
    def exposure(self, seconds: float) -> None:
        cycles = seconds * _CLOCK
        power = math.floor(math.log10(cycles) + 1e-9)
        digit = round(cycles / 10**power)
        if abs(cycles / 10**power - digit) > 1e-6 * digit:
            low = math.floor(cycles / 10**power)
            near = " and ".join(f"{n * 10**power / _CLOCK:g} s" for n in (low, low + 1))
            raise Refused(
                f"{self.name}: exposure = {seconds:g} s: it takes one digit, the nearest are {near}"
            )
        self._set(f"CP 2,{digit}E{power}")

    @property
    def exposure_limits(self) -> tuple[float, float]:
        """Get the shortest and the longest count, in s."""
        low, high, _ = self.limits["exposure"]
        return low, high

    # -- gate ---------------------------------------------------------------------------------------

    @property
    def gate(self) -> tuple[float, float] | None:
        """Control delay and width of the gate in s; None: it is always open.

        The device takes the nearest of its values: 1 ns apart below 1 µs, and about 1/1000 above. The gate
        opens 25 ns later than the delay says.
        """
        return (self.gate_delay, self.gate_width) if self.gated else None

    @gate.setter
    def gate(self, gate: tuple[float, float] | None) -> None:
        if gate is None:
            self._set("GM 0,0")
            return
        self.check_limit("gate_delay", gate[0])
        self.check_limit("gate_width", gate[1])
        with self.lock:
            self.gate_delay, self.gate_width = gate
            self._set("GM 0,1")

    @property
    def gated(self) -> bool:
        """Get whether the gate is in use."""
        return self._asked("GM 0", "[012]") != "0"

    @property
    def gate_delay(self) -> float:
        """Control the time from a trigger to the gate, in s."""
        return self._number("GD 0")

    @gate_delay.setter
    def gate_delay(self, seconds: float) -> None:
        self._set(f"GD 0,{seconds:.6g}")

    @property
    def gate_width(self) -> float:
        """Control how long the gate is open, in s."""
        return self._number("GW 0")

    @gate_width.setter
    def gate_width(self, seconds: float) -> None:
        self._set(f"GW 0,{seconds:.6g}")

    # -- levels -------------------------------------------------------------------------------------

    @property
    def discriminator_level(self) -> float:
        """Control the voltage at INPUT 1 that a pulse must cross, in V (steps of 0.2 mV)."""
        return self._number("DL 0")

    @discriminator_level.setter
    def discriminator_level(self, volts: float) -> None:
        self._set(f"DL 0,{volts:.4f}")

    @property
    def discriminator_falling(self) -> bool:
        """Control whether it counts falling edges, as a photomultiplier's pulses begin with."""
        return self._asked("DS 0", "[01]") == "1"

    @discriminator_falling.setter
    def discriminator_falling(self, falling: bool) -> None:
        self._set(f"DS 0,{falling:d}")

    @property
    def trigger_level(self) -> float:
        """Control the voltage that a trigger must cross, in V (steps of 1 mV)."""
        return self._number("TL")

    @trigger_level.setter
    def trigger_level(self, volts: float) -> None:
        self._set(f"TL {volts:.3f}")

    @property
    def trigger_falling(self) -> bool:
        """Control whether a falling edge triggers."""
        return self._asked("TS", "[01]") == "1"

    @trigger_falling.setter
    def trigger_falling(self, falling: bool) -> None:
        self._set(f"TS {falling:d}")

    # -- counting -----------------------------------------------------------------------------------

    def count(self) -> float:
        """Count for one exposure.

        :raises OverRange: the counter has begun again from zero
        :raises DeviceFault: gates were missed, a setting was changed by hand, or it does not come to an end
        """
        with self.lock:
            exposure = self.exposure
            self._status("CR;SS;CS")
            end = self.clock.now() + exposure
            self.clock.sleep(exposure)
            status = self._status()
            while not status & _READY:
                if self.clock.now() > end + _LATE:
                    raise DeviceFault(
                        self.name, f"has not counted {exposure:g} s {_LATE:g} s after their end"
                    )
                self.clock.sleep(_PAUSE)
                status |= self._status()
            counted = int(self._asked("QA", r"-1|\d+"))
            if status & _MISSED and self.gated:
                raise DeviceFault(self.name, _TOO_FAST)
        if status & _OVERFLOW:
            raise OverRange(self.name, f"more than {_FULL:.0f} counts in {exposure:g} s")
        if counted < 0:
            raise DeviceFault(self.name, "has lost its count")
        return counted

    def _status(self, question: str = "SS") -> int:
        """The status byte, which reading clears. :raises DeviceFault: no count can be trusted"""
        status = int(self._asked(question, r"\d{1,3}"))
        problems = [text for bit, text in _FAULTS.items() if status & bit]
        if problems:
            raise DeviceFault(self.name, "; ".join(problems))
        return status

    def make_safe(self) -> None:
        """Stop counting."""
        self.write("CR")

    # -- messages -----------------------------------------------------------------------------------

    def _set(self, command: str) -> None:
        """Send *command*. :raises DeviceFault: it is not understood"""
        with self.lock:
            self.write(command)
            refused = self._asked("SS 7", "[01]") == "1"
        if refused:
            raise DeviceFault(self.name, f"'{command}' was refused")

    def _number(self, question: str) -> float:
        return float(self._asked(question, _NUMBER))

    def _asked(self, question: str, pattern: str) -> str:
        """The answer, if it is as *pattern* says."""
        answer = self.ask(question).strip()
        if not re.fullmatch(pattern, answer):
            raise self.wrong_answer(question, answer)
        return answer

    def _resynchronise(self) -> None:
        """An answer does not say what it answers: ask for a value that was never set before.

        The empty line ends half a command that may wait in the device.
        """
        level = 0.1 + 2e-4 * next(self._sync_levels)

        def is_level(answer: str) -> bool:
            return bool(re.fullmatch(_NUMBER, answer.strip())) and abs(float(answer) - level) < 1e-5

        self.write("")
        self._read_up_to(f"SS 7;DL 2,{level:.4f};DL 2", is_level)
        if self._level_t is not None:
            self.write(f"DL 2,{self._level_t:.4f}")
