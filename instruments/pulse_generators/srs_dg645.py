"""SRS DG645 digital delay generator (TCP 5025, RS-232, GPIB); pulses come from its output AB.

Sources: public drivers of EPICS, lantz and InstrumentKit, which agree on the commands, and their list of
errors. The device has no switch for its outputs. A pulse is made for each trigger, so "off" is the trigger
source single shot: without ``*TRG`` there is no trigger and no pulse at any output. The inhibit setting would
not do (it says what the inhibit *input* inhibits), nor would the amplitude (at least 0.5 V). Bursts are off
as well: what was triggered before may be a burst of any length. At rest the output is at its offset, with
inverted polarity at offset and amplitude, so being safe is also: offset 0, polarity positive. Whether a pulse
or burst under way ends at once or as set is not known.

The first query after connecting may get lost: one is sent for that and what comes of it is ignored.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pyvisa.constants import ControlFlow

from ..clock import Clock
from ..device import Limit, do_all
from ..errors import BadAnswer, DeviceFault, DeviceTimeout, LimitError
from ..instrument import YES_NO, VisaInstrument
from ..light_switch import LightSwitch
from ..roles import PulseGenerator
from .timing import PulseTiming

_T0, _A, _B = 0, 2, 3  # channels
_INTERNAL, _SINGLE_SHOT = 0, 5  # trigger sources
_COMMANDED = (3, 4, _SINGLE_SHOT)  # those that wait for a command
_LEVEL_MAX = 6.0  # V, amplitude and offset together
_DIGITS = 2  # after the decimal point of a level in V
_QUEUE = 64  # more errors than the device keeps
_ERRORS = {
    10: "illegal value",
    11: "illegal in this mode",
    12: "illegal delay",
    13: "illegal link",
    14: "recall failed",
    15: "not allowed: locked by another interface",
    16: "self-test failed",
    17: "calibration failed",
    30: "data lost",
    32: "no listener",
    110: "illegal command",
    111: "undefined command",
    112: "no such query",
    113: "can only be queried",
    114: "empty parameter",
    115: "too many parameters",
    116: "parameter missing",
    117: "parameter overflow",
    118: "not a number",
    120: "not an integer",
    121: "integer overflow",
    122: "not hexadecimal",
    126: "syntax error",
    170: "communication error",
    171: "overrun",
    254: "too many errors",
}


class DG645(LightSwitch, PulseTiming, VisaInstrument):
    """A delay generator on its own clock. Fulfils :class:`~antistokes.instruments.roles.PulseGenerator`.

    Channel A is :attr:`delay` after T0, channel B is :attr:`width` after A; output AB is high in between.
    T0 starts the counters.
    """

    MODEL = "SRS DG645"
    INTERFACES = ("TCP 5025", "RS-232 (9600 baud, RTS/CTS)", "GPIB")
    VERIFIED = (
        "Its twin, which the drivers of qcodes_contrib_drivers (mended) and InstrumentKit also drive. "
        "Not checked on a device; how a pulse under way ends when the trigger is switched off is not known."
    )
    ROLES = (PulseGenerator,)
    IDN_WORDS = ("DG645",)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\r\n",
        "write_termination": "\n",
        "timeout": 3000,
        "asrl": {"baud_rate": 9600, "flow_control": ControlFlow.rts_cts},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {
        "period": Limit(1e-7, 1e4, "s"),
        "width": Limit(1e-9, 2000, "s"),
        "delay": Limit(0, 2000, "s"),
        "amplitude": Limit(0.5, 5, "V"),
        "offset": Limit(-2, 2, "V"),
    }
    SNAPSHOT = (*LIMITS, "output", "positive")
    #: assumed: triggers come at most every 100 ns and the longest delay
    GAP = 100e-9

    settle_time = 0.0

    def __init__(
        self, adapter: Adapter | str, name: str = "", *, clock: Clock | None = None, **connection: Any
    ) -> None:
        super().__init__(adapter, name, clock=clock, **connection)
        # what was wrong before this driver came does not concern it
        self.write("*CLS")

    def check_model(self) -> None:
        try:
            self.ask("LERR?")
        except (DeviceTimeout, BadAnswer):
            self._unread = True  # should it only have been late, it is not taken for the name
        super().check_model()

    def check_errors(self) -> list[Any]:
        """Empty the error queue. :raises DeviceFault: with the errors in it"""
        found = []
        for _ in range(_QUEUE):
            answer = self.ask("LERR?").strip()
            if not re.fullmatch(r"\d+", answer):
                raise self.wrong_answer("LERR?", answer)
            if not (code := int(answer)):
                break
            found.append(f"error {code} {_ERRORS.get(code, 'of the device')}")
        if found:
            raise DeviceFault(self.name, "; ".join(found))
        return found

    # -- timing ---------------------------------------------------------------------------------------

    _rate = Instrument.control(
        "TRAT?",
        "TRAT %.6f",
        "Control the rate of the internal trigger, in Hz.",
        check_set_errors=True,
        values_kwargs={"least": 1e-6},
    )

    @property
    def period(self) -> float:
        """Control the time from one trigger to the next, in s; the rate has steps of 1 µHz.

        :raises LimitError: the pulse does not fit; nothing is sent then
        """
        return 1 / float(self._rate)

    @period.setter
    def period(self, seconds: float) -> None:
        with self.lock:
            self.check_period(seconds, self._end())
            self._rate = 1 / seconds

    @property
    def width(self) -> float:
        """Control the time output AB is high, in s.

        :raises LimitError: the pulse does not fit into the period; nothing is sent then
        """
        return abs(self._time(_B) - self._time(_A))

    @width.setter
    def width(self, seconds: float) -> None:
        with self.lock:
            start = self._time(_A)
            self.check_width(seconds, start, self.period)
            self._link(start, seconds)

    @property
    def delay(self) -> float:
        """Control the time from the trigger (T0) to the pulse, in s; the width is kept.

        :raises LimitError: the pulse does not fit into the period; nothing is sent then
        """
        return min(self._time(_A), self._time(_B))

    @delay.setter
    def delay(self, seconds: float) -> None:
        with self.lock:
            width = self.width
            self.check_width(width, seconds, self.period)
            self._link(seconds, width)

    def _end(self) -> float:
        return max(self._time(_A), self._time(_B))

    def _time(self, channel: int) -> float:
        """From T0 to *channel*, s; its delay counts from another channel, that one's from a third one."""
        total = 0.0
        for _ in range(10):
            if channel <= 1:  # T0 and T1 begin every cycle
                return total
            question = f"DLAY?{channel}"
            answer = self.ask(question)
            match = re.fullmatch(r"\s*(\d)\s*,\s*([+-]?\d{1,4}\.?\d*(?:[eE][+-]?\d{1,2})?)\s*", answer)
            if match is None:
                raise self.wrong_answer(question, answer)
            channel, total = int(match[1]), total + float(match[2])
        raise BadAnswer(self.name, "delays refer to each other in a circle")

    def _link(self, start: float, width: float) -> None:
        """A refers to T0 and B to A; A first, lest they refer to each other."""
        self.write(f"DLAY {_A},{_T0},{start:.12f}")
        self.write(f"DLAY {_B},{_A},{width:.12f}")
        self.check_errors()

    # -- levels -----------------------------------------------------------------------------------------

    _amplitude = Instrument.control(
        "LAMP?1", "LAMP 1,%.2f", "Control the height of the pulses, in V.", check_set_errors=True
    )
    _offset = Instrument.control(
        "LOFF?1", "LOFF 1,%.2f", "Control the level between the pulses, in V.", check_set_errors=True
    )
    positive = Instrument.control(
        "LPOL?1",
        "LPOL 1,%d",
        "Control whether pulses go up from the offset; otherwise they come down to it.",
        cast=int,
        get_process=bool,
        check_set_errors=True,
        values_kwargs={"known": YES_NO},
    )

    @property
    def amplitude(self) -> float:
        """Control the height of the pulses, in V; at which load is not said by the sources."""
        value: float = self._amplitude
        return value

    @amplitude.setter
    def amplitude(self, volts: float) -> None:
        with self.lock:
            self._amplitude = self._level("amplitude", volts, self.offset)

    @property
    def offset(self) -> float:
        """Control the level between the pulses, in V."""
        value: float = self._offset
        return value

    @offset.setter
    def offset(self, volts: float) -> None:
        with self.lock:
            self._offset = self._level("offset", volts, self.amplitude)

    def _level(self, quantity: str, volts: float, other: float) -> float:
        """*volts* as it is sent, checked."""
        volts = round(volts, _DIGITS)
        self.check_limit(quantity, volts)
        if volts + other > _LEVEL_MAX + 1e-9:
            low = self.limits[quantity].low
            thing = f"{self.name}: {quantity} (amplitude and offset together at most {_LEVEL_MAX:g} V)"
            raise LimitError(thing, volts, low, _LEVEL_MAX - other, "V")
        return volts

    # -- pulses -----------------------------------------------------------------------------------------

    _source = Instrument.control(
        "TSRC?",
        "TSRC %d",
        "Control the trigger source, 0 internal to 6 line.",
        cast=int,
        check_set_errors=True,
    )
    _burst = Instrument.measurement("BURM?", "Get whether a trigger makes a burst.", cast=int)

    @property
    def output(self) -> bool:
        """Control whether pulses are sent: triggered internally, or not at all.

        Reading is True with every trigger source that needs no command. True also switches bursts,
        prescalers and inverted pulses off, so that there is one pulse per period. When it fails there are
        none.

        :raises DeviceFault: the trigger did not follow
        """
        return bool(self._source not in _COMMANDED)

    @output.setter
    def output(self, on: bool) -> None:
        with self.lock:
            self.switch(on)

    def _light_up(self) -> None:
        self.write("BURM 0")
        self.write("ADVT 0")
        self.positive = True
        self._source = _INTERNAL
        if self._source != _INTERNAL:
            raise DeviceFault(self.name, "the trigger is still off after it was switched on")

    def _go_dark(self) -> None:
        do_all(lambda: self.write(f"TSRC {_SINGLE_SHOT}"), lambda: self.write("BURM 0"))
        if self._source != _SINGLE_SHOT or self._burst:
            raise DeviceFault(self.name, "trigger or bursts are still on after they were switched off")

    def make_safe(self) -> None:
        """No trigger and no burst, then AB at rest at 0 V; all read back.

        :raises InstrumentError: one of them could not be confirmed
        """
        with self.lock:
            super().make_safe()

    def _disarm(self) -> None:
        # not through the limits: a station may have narrowed 0 out of them
        do_all(lambda: self.write("LPOL 1,1"), lambda: self.write("LOFF 1,0"))
        if not self.positive or self._offset:
            raise DeviceFault(self.name, "output AB does not rest at 0 V")
