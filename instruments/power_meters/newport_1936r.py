"""Newport 1936-R and 2936-R optical power meters (RS-232).

Sources: 1936-R/2936-R manual, chapter 8, and public drivers. Not settled by them, and read on the safe
side here: the texts of errors (code 0 is none, all else raises), whether the status of a reading is
separated by a comma or a blank (both are taken), how long the meter looks for its range (it is asked until
it has it; over-range counts when it stays). Over USB the meter needs the maker's driver: not supported.
"""

from __future__ import annotations

import math
import re
from typing import Any, ClassVar, NamedTuple

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..device import Limit
from ..errors import DeviceFault, OverRange, Refused
from ..instrument import YES_NO, VisaInstrument
from ..roles import PowerMeter

_ECHO_LINES = 3  # at most, left from the time before the echo was switched off
_ERRORS = 64  # more than its queue can hold
_SAMPLES_PER_SECOND = 10000.0
_RANGING_MAX = 3.0  # s
_POLL = 0.1  # s
#: status bits of a reading
_OVER_RANGE, _SATURATED, _RANGING, _DETECTOR = 1, 2, 4, 8
_UNITS = ("A", "V", "W", "W/cm²", "J", "J/cm²", "dBm", "sun")
_WATT = _UNITS.index("W")


class _Reading(NamedTuple):
    power: float
    status: int
    running: bool

    @property
    def unit(self) -> str:
        return _UNITS[self.status >> 7 & 7]


class Newport1936R(VisaInstrument):
    """Newport 1936-R, or one channel of a 2936-R. Fulfils
    :class:`~antistokes.instruments.roles.PowerMeter`.

    Opening makes it show W, continuously and without holding. The limits of the wavelength are read from
    the detector then. A multiplier or offset set at the panel (PM:CORR) stays in force.

    :param channel: 1 or 2 (channel B of a 2936-R)
    :param averaging: readings in the moving average, 10 000 per s
    """

    MODEL = "Newport 1936-R"
    INTERFACES = ("RS-232",)
    VERIFIED = (
        "Against its twin only, which is written from manual pages and public drivers; "
        "no third-party client for a serial line or socket was found, no instrument was tried."
    )
    ROLES = (PowerMeter,)
    IDN_WORDS = ("1936-R", "2936-R")
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\r\n",
        "write_termination": "\r",
        "timeout": 3000,
        "asrl": {"baud_rate": 38400, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {
        "wavelength": Limit(190, 20000, "nm"),
        "range": Limit(0, 7, ""),
        "averaging": Limit(1, 10000, "readings"),
    }
    SNAPSHOT = (
        "instrument",
        "detector",
        "wavelength",
        "auto_range",
        "range",
        "full_scale",
        "averaging",
        "zero",
        "attenuator",
    )

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        channel: int = 1,
        averaging: int = 1000,
        **connection: Any,
    ) -> None:
        if channel not in (1, 2):
            raise Refused(f"{name or self.MODEL}: channel is {channel!r}; must be 1 or 2")
        self.channel = channel
        super().__init__(adapter, name, clock=clock, **connection)
        if "2936" in self.instrument:
            self.write(f"PM:CHAN {channel}")
        elif channel != 1:
            raise Refused(f"{self.name}: channel is {channel}; {self.instrument} has one only")
        self._all_errors()  # what was wrong before this driver came does not concern it
        self.detector = self.ask("PM:DETMODEL?").strip()
        low, high = self.values("PM:MIN:L?")[0], self.values("PM:MAX:L?")[0]
        self.told_limit("wavelength", low, high)
        self.wavelength_range = self.limits["wavelength"][:2]
        for command in ("PM:MODE 0", "PM:RUN 1", f"PM:UNITS {_WATT}", "PM:FILT 2"):
            self.write(command)
        self.check_errors()
        self.averaging = averaging
        self.auto_range = True

    def check_model(self) -> None:
        """Switch the echo off, then ask who is there."""
        with self.lock:
            self.write("ECHO 0")
            answer = self.identity()
            for _ in range(_ECHO_LINES):
                if answer and answer != "ECHO 0":
                    break
                answer = self._without_prompt(self.read())
            self.instrument = answer
        super().check_model()

    def identity(self) -> str:
        """The answer to ``*IDN?``."""
        return self._without_prompt(self.ask("*IDN?"))

    @staticmethod
    def _without_prompt(answer: str) -> str:
        return answer.rpartition(">")[2].strip()

    def check_errors(self) -> list[Any]:
        """Empty the error queue. :raises DeviceFault: with the errors in it."""
        found = self._all_errors()
        if found:
            raise DeviceFault(self.name, "; ".join(found))
        return found

    def _all_errors(self) -> list[str]:
        found = []
        for _ in range(_ERRORS):
            answer = self.ask("ERRSTR?").strip()
            error = re.fullmatch(r"([+-]?\d+)\s*(?:,\s*(.*))?", answer)
            if error is None:
                raise self.wrong_answer("ERRSTR?", answer)
            if int(error[1]) == 0:
                break
            found.append(f"error {error[1]} {error[2] or ''}".strip())
        return found

    # -- settings ---------------------------------------------------------------------------------

    _wavelength = Instrument.control(
        "PM:L?",
        "PM:L %d",
        "Control the wavelength, in whole nm.",
        check_set_errors=True,
        values_kwargs={"least": 1},
    )

    @property
    def wavelength(self) -> float:
        """Control the wavelength the reading is corrected for, in whole nm (the nearest is taken)."""
        nm: float = self._wavelength
        return nm

    @wavelength.setter
    def wavelength(self, wavelength: float) -> None:
        nm = round(wavelength)
        self.check_limit("wavelength", nm)
        self._wavelength = nm

    _digital_filter = Instrument.control(
        "PM:DIGITALFILTER?",
        "PM:DIGITALFILTER %d",
        "Control the length of the moving average, in readings.",
        get_process=int,
        check_set_errors=True,
    )

    @property
    def averaging(self) -> int:
        """Control the number of readings in the moving average, 10 000 readings per s."""
        readings: int = self._digital_filter
        return readings

    @averaging.setter
    def averaging(self, readings: int) -> None:
        self._digital_filter = readings
        self.settle_time = readings / _SAMPLES_PER_SECOND

    auto_range = Instrument.control(
        "PM:AUTO?",
        "PM:AUTO %d",
        "Control whether the meter chooses its range by itself.",
        get_process=bool,
        check_set_errors=True,
        values_kwargs={"known": YES_NO},
    )

    _range = Instrument.control(
        "PM:RAN?", "PM:RAN %d", "Control the range.", get_process=int, check_set_errors=True
    )

    @property
    def range(self) -> int:
        """Control the range, 0 (most sensitive) to 7; setting it turns :attr:`auto_range` off."""
        index: int = self._range
        return index

    @range.setter
    def range(self, index: int) -> None:
        with self.lock:
            self.auto_range = False
            self._range = index

    full_scale = Instrument.measurement("PM:MAX:P?", "Measure the upper end of the present range, in W.")

    zero = Instrument.control(
        "PM:ZEROVAL?",
        "PM:ZEROVAL %.6e",
        "Control the value subtracted from every reading, in W.",
        check_set_errors=True,
    )

    attenuator = Instrument.measurement(
        "PM:ATT?",
        "Get whether the meter counts on the detector's attenuator.",
        get_process=bool,
        values_kwargs={"known": YES_NO},
    )

    # -- reading ----------------------------------------------------------------------------------

    @property
    def power(self) -> float:
        """Measure the optical power, in W; waits while the meter looks for its range.

        :raises OverRange: the light is more than the range or the detector can measure
        :raises DeviceFault: no detector, a held reading, another unit than W
        """
        end = self.clock.now() + _RANGING_MAX
        while True:
            reading = self._reading()
            if not reading.status & _DETECTOR:
                raise DeviceFault(self.name, "no detector is connected")
            if not reading.running:
                raise DeviceFault(self.name, "the reading is held (PM:RUN 0): switch HOLD off")
            if reading.status >> 7 != _WATT:
                raise DeviceFault(self.name, f"shows {reading.unit} where it was set to W")
            if not reading.status & (_RANGING | _OVER_RANGE | _SATURATED):
                return reading.power
            if self.clock.now() >= end:
                break
            self.clock.sleep(_POLL)
        if reading.status & _SATURATED:
            raise OverRange(self.name, "power saturates the detector")
        if reading.status & _OVER_RANGE:
            raise OverRange(self.name, f"power is above the range of {self.full_scale:g} W")
        raise DeviceFault(self.name, f"has found no range within {_RANGING_MAX:g} s")

    def _reading(self) -> _Reading:
        """Power and status of each channel (a 1936-R may leave the second out), then whether it runs."""
        question = "PM:PWS?;PM:RUN?"
        answer = self.ask(question).strip()
        fields = re.split(r"[,\s]+", answer)
        if len(fields) not in (3, 5) or len(fields) < 2 * self.channel + 1:
            raise self.wrong_answer(question, answer)
        power, status = fields[2 * self.channel - 2 : 2 * self.channel]
        try:
            reading = _Reading(float(power), int(status, 16), bool(int(fields[-1])))
        except ValueError:
            raise self.wrong_answer(question, answer) from None
        if not math.isfinite(reading.power):
            raise self.wrong_answer(question, answer)
        return reading
