"""Keysight (Agilent) 33500B function generators as pulse generators (SCPI over TCP 5025, USB, GPIB).

Sources: operating and service guide of the 33500 series, public drivers. Amplitudes are the ones at the load
the device is told: told 50 Ω and connected to an input of high impedance, it puts out twice what it shows.
So the load is set at opening, to high impedance unless the station file says otherwise. A value that does
not go together with another one makes the device change the other one and report -221: refused here before.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument

from ..clock import Clock
from ..device import Limit
from ..errors import DeviceFault, LimitError, Refused
from ..instrument import YES_NO, ScpiInstrument
from ..light_switch import LightSwitch
from ..roles import PulseGenerator
from .timing import PulseTiming

#: channels and highest frequency in Hz
_MODELS = {
    "33509B": (1, 20e6),
    "33510B": (2, 20e6),
    "33511B": (1, 20e6),
    "33512B": (2, 20e6),
    "33519B": (1, 30e6),
    "33520B": (2, 30e6),
    "33521B": (1, 30e6),
    "33522B": (2, 30e6),
}
_SOURCE_OHM = 50.0
_SHORTEST = 1e-9  # s, of whatever a device of this series says
_OPEN_CIRCUIT = 10.0  # V, either way
_LEAST = 2e-3  # V between the levels
#: what else the output may be doing
_MODULATIONS = ("AM", "FM", "PM", "PWM", "FSK", "BPSK", "SUM", "SWE", "BURS")


class Keysight33500B(LightSwitch, PulseTiming, ScpiInstrument):
    """One channel of a generator. Fulfils :class:`~antistokes.instruments.roles.PulseGenerator`.

    The Sync connector starts the counters.

    :param channel: 1, or 2 where the model has it
    :param load: what is connected, in Ω; None: high impedance, such as a laser's modulation input
    """

    MODEL = "Keysight 33500B"
    INTERFACES = ("TCP 5025", "USB", "GPIB")
    VERIFIED = (
        "Its twin, which the drivers of pymeasure, QCoDeS and pylablib also drive. Not checked on a device; "
        "texts of its errors are known for some settings conflicts only."
    )
    ROLES = (PulseGenerator,)
    IDN_WORDS = tuple(_MODELS)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",
        "write_termination": "\n",
        "timeout": 3000,
    }
    LIMITS: ClassVar[dict[str, Limit]] = {
        "period": Limit(1 / 30e6, 1e6, "s"),
        "width": Limit(16e-9, 1e6, "s"),
        "high": Limit(-_OPEN_CIRCUIT, _OPEN_CIRCUIT, "V"),
        "low": Limit(-_OPEN_CIRCUIT, _OPEN_CIRCUIT, "V"),
    }
    SNAPSHOT = (*LIMITS, "channel", "load", "output")
    #: edges as the device has them after *RST, and the shortest time between them
    GAP = 32e-9

    settle_time = 0.0

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        channel: int = 1,
        load: float | None = None,
        **connection: Any,
    ) -> None:
        if load is not None and not 1 <= load <= 1e4:
            raise Refused(f"{name or self.MODEL}: load = {load!r}: must be 1 to 10000 Ω, or left out")
        self.channel = channel
        super().__init__(adapter, name, clock=clock, **connection)
        identity = self.identity()
        found = [data for model, data in _MODELS.items() if model in identity]
        if not found:
            raise self.wrong_answer("*IDN?", identity)
        self._channels, fastest = found[0]
        if channel not in range(1, self._channels + 1):
            raise Refused(f"{self.name}: channel = {channel!r}: this model has {self._channels}")
        self.told_limit("period", 1 / fastest, math.inf)
        # what was wrong before this driver came does not concern it
        self.write("*CLS")
        self.write(f"OUTP{{ch}}:LOAD {'INF' if load is None else f'{load:g}'}")
        self.write("SOUR{ch}:VOLT:UNIT VPP")
        self.check_errors()
        highest = _OPEN_CIRCUIT if load is None else _OPEN_CIRCUIT * load / (load + _SOURCE_OHM)
        self.told_limit("high", -highest, highest)
        self.told_limit("low", -highest, highest)

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Write *command*, with the channel in place of ``{ch}``, and read the answer."""
        return super().ask(command.replace("{ch}", str(self.channel)), query_delay)

    def write(self, command: str, **kwargs: Any) -> None:
        """Write *command*, with the channel in place of ``{ch}``."""
        super().write(command.replace("{ch}", str(self.channel)), **kwargs)

    @property
    def load(self) -> float | str:
        """Get the load the shown levels are meant for, in Ω, or "high impedance"."""
        ohm = float(self._load)
        return ohm if ohm < 1e9 else "high impedance"

    _load = Instrument.measurement("OUTP{ch}:LOAD?", "Get the load, in Ω; 9.9e37 for high impedance.")

    # -- timing ---------------------------------------------------------------------------------------

    _period = Instrument.control(
        "SOUR{ch}:FUNC:PULS:PER?",
        "SOUR{ch}:FUNC:PULS:PER %.12E",
        "Control the pulse period, in s.",
        check_set_errors=True,
        values_kwargs={"least": _SHORTEST},
    )
    _width = Instrument.control(
        "SOUR{ch}:FUNC:PULS:WIDT?",
        "SOUR{ch}:FUNC:PULS:WIDT %.12E",
        "Control the pulse width, in s.",
        check_set_errors=True,
        values_kwargs={"least": _SHORTEST},
    )

    @property
    def period(self) -> float:
        """Control the time from one pulse to the next, in s.

        :raises LimitError: the pulse does not fit; nothing is sent then
        """
        value: float = self._period
        return value

    @period.setter
    def period(self, seconds: float) -> None:
        with self.lock:
            self.check_period(seconds, self._width)
            self._period = seconds

    @property
    def width(self) -> float:
        """Control the width of a pulse, in s.

        :raises LimitError: it does not fit into the period; nothing is sent then
        """
        value: float = self._width
        return value

    @width.setter
    def width(self, seconds: float) -> None:
        with self.lock:
            self.check_width(seconds, 0.0, self._period)
            self._width = seconds

    # -- levels -----------------------------------------------------------------------------------------

    _high = Instrument.control(
        "SOUR{ch}:VOLT:HIGH?",
        "SOUR{ch}:VOLT:HIGH %.6f",
        "Control the level of the pulses, in V.",
        check_set_errors=True,
    )
    _low = Instrument.control(
        "SOUR{ch}:VOLT:LOW?",
        "SOUR{ch}:VOLT:LOW %.6f",
        "Control the level between the pulses, in V.",
        check_set_errors=True,
    )

    @property
    def high(self) -> float:
        """Control the level of the pulses, in V at the load that is set.

        :raises LimitError: not above :attr:`low`; nothing is sent then
        """
        value: float = self._high
        return value

    @high.setter
    def high(self, volts: float) -> None:
        with self.lock:
            low = self._low
            if volts < low + _LEAST:
                raise LimitError(
                    f"{self.name}: high (above low)", volts, low + _LEAST, self.limits["high"].high, "V"
                )
            self._high = volts

    @property
    def low(self) -> float:
        """Control the level between the pulses, in V at the load that is set.

        :raises LimitError: not below :attr:`high`; nothing is sent then
        """
        value: float = self._low
        return value

    @low.setter
    def low(self, volts: float) -> None:
        with self.lock:
            high = self._high
            if volts > high - _LEAST:
                raise LimitError(
                    f"{self.name}: low (below high)", volts, self.limits["low"].low, high - _LEAST, "V"
                )
            self._low = volts

    # -- pulses -----------------------------------------------------------------------------------------

    _output = Instrument.measurement(
        "OUTP{ch}?",
        "Get the state of the output.",
        cast=int,
        get_process=bool,
        values_kwargs={"known": YES_NO},
    )

    @property
    def output(self) -> bool:
        """Control whether the channel's output is connected.

        True chooses plain pulses, one per period, and this channel's Sync signal first. False disconnects
        the output: neither pulses nor their lower level. It is also disconnected when switching on fails.

        :raises DeviceFault: it did not follow
        """
        on: bool = self._output
        return on

    @output.setter
    def output(self, on: bool) -> None:
        with self.lock:
            self.switch(on)

    def _light_up(self) -> None:
        for modulation in _MODULATIONS:
            self.write(f"SOUR{{ch}}:{modulation}:STAT 0")
        self.write("SOUR{ch}:FUNC PULS")
        self.write("OUTP{ch}:POL NORM")
        if self._channels > 1:
            self.write("OUTP:SYNC:SOUR CH{ch}")
        self.write("OUTP:SYNC 1")
        self.check_errors()  # before light can come of it
        self.write("OUTP{ch} 1")
        self.check_errors()
        if not self._output:
            raise DeviceFault(self.name, "the output is still off after it was switched on")

    def _go_dark(self) -> None:
        self.write("OUTP{ch} 0")
        if self._output:
            raise DeviceFault(self.name, "the output is still on after it was switched off")

    def make_safe(self) -> None:
        """Output off, read back. :raises DeviceFault: it is still on"""
        with self.lock:
            self.switch_off()
