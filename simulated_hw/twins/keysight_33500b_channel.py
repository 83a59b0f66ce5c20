"""One channel of the 33500B twin: what goes together and what does not.

Voltages are kept as the open-circuit ones, which the load setting does not change; shown and set are those
at the load the instrument is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ..scpi import ScpiError
from ..waveform import PulseTrain
from .keysight_33500b_settings import CHANNEL, INFINITY, SUFFIXES, clipped

FUNCTIONS = ("SINusoid", "SQUare", "TRIangle", "RAMP", "PULSe", "PRBS", "NOISe", "ARB", "DC")
_SLOW = {"RAMP": 200e3, "TRI": 200e3}  # Hz
SLOWEST = 1e-6  # Hz
_SOURCE_OHM = 50.0
OPEN_CIRCUIT = 10.0  # V, either way
LEAST = 2e-3  # V peak to peak, open circuit
NARROWEST = 16e-9  # s
EDGES = (8.4e-9, 1e-6)  # s
#: peak to peak by RMS
_CREST = {"SIN": 2 * math.sqrt(2), "RAMP": 2 * math.sqrt(3), "TRI": 2 * math.sqrt(3)}
BUILT_IN = r"INT:\BUILTIN\EXP_RISE.ARB"

Complain = Callable[[ScpiError], None]


class Channel:
    """Settings of one channel.

    :param fastest: highest frequency of the model, Hz
    :param complain: takes an error to the queue
    """

    def __init__(self, fastest: float, complain: Complain) -> None:
        self._fastest, self._complain = fastest, complain
        self.arbs: dict[str, npt.NDArray[np.float64]] = {}
        self.reset()

    def reset(self) -> None:
        self.values: dict[str, Any] = {name: setting.default for name, setting in CHANNEL.items()}
        self.output = False
        self.load = _SOURCE_OHM  # told
        self.function = "SIN"
        self.frequency = 1000.0
        self.amplitude, self.offset = 0.2, 0.0  # V, open circuit
        self.unit = "VPP"
        self.square_duty = 50.0  # %
        self.pulse_width = 1e-4
        self.hold = "WIDT"
        self.leading = self.trailing = 10e-9
        self.arb = BUILT_IN

    # -- frequency and time -------------------------------------------------------------------------------

    def highest(self, function: str | None = None) -> float:
        """Frequency, Hz."""
        return _SLOW.get(function or self.function, self._fastest)

    def set_function(self, function: str) -> None:
        self.function = function
        if self.frequency > self.highest():
            self.frequency = self.highest()
            self._conflict(f"frequency reduced for {function.lower()} function")
        if function == "PULS":
            self._fit_pulse()

    def set_frequency(self, text: str) -> None:
        self._move(clipped(text, SLOWEST, self.highest(), 1000.0, SUFFIXES["Hz"], self._complain))

    def set_period(self, text: str, function: str) -> None:
        shortest = 1 / self.highest(function)
        self._move(1 / clipped(text, shortest, 1 / SLOWEST, 1e-3, SUFFIXES["s"], self._complain))

    def _move(self, frequency: float) -> None:
        duty = self.pulse_duty
        self.frequency = frequency
        if self.hold == "DCYC":
            self.pulse_width = min(max(duty / 100 / frequency, NARROWEST), self.widest())
        elif self.function == "PULS":
            self._fit_pulse()

    @property
    def pulse_duty(self) -> float:
        """In %."""
        return self.pulse_width * self.frequency * 100

    def widest(self) -> float:
        """Pulse at the present period, s."""
        return max(1 / self.frequency - NARROWEST, NARROWEST)

    def _fit_pulse(self) -> None:
        if self.pulse_width > self.widest():
            self.pulse_width = self.widest()
            self._conflict("pulse width decreased due to period")
        self._fit_edges()

    def _fit_edges(self) -> None:
        # an edge is 10 % to 90 %, all of it is 1.25 times as long
        room = min(self.pulse_width, 1 / self.frequency - self.pulse_width) / 1.25
        if max(self.leading, self.trailing) > max(room, EDGES[0]):
            self.leading = min(self.leading, max(room, EDGES[0]))
            self.trailing = min(self.trailing, max(room, EDGES[0]))
            self._conflict("edge time decreased due to pulse width")

    def set_pulse_width(self, text: str) -> None:
        width = clipped(text, NARROWEST, 1 / SLOWEST, 1e-4, SUFFIXES["s"], self._complain)
        self.pulse_width = width
        self._fit_pulse()

    def set_pulse_duty(self, text: str) -> None:
        percent = clipped(text, 0.0, 100.0, 10.0, SUFFIXES["%"], self._complain)
        self.pulse_width = max(percent / 100 / self.frequency, NARROWEST)
        self._fit_pulse()

    def set_edges(self, text: str, which: str) -> None:
        seconds = clipped(text, *EDGES, 10e-9, SUFFIXES["s"], self._complain)
        if which != "TRA":
            self.leading = seconds
        if which != "LEAD":
            self.trailing = seconds
        self._fit_edges()

    def set_square_duty(self, text: str) -> None:
        narrowest = max(0.01, NARROWEST * self.frequency * 100)
        self.square_duty = clipped(text, narrowest, 100 - narrowest, 50.0, SUFFIXES["%"], self._complain)

    # -- voltage ------------------------------------------------------------------------------------------

    @property
    def share(self) -> float:
        """What is shown of the open-circuit voltage."""
        return 1.0 if self.load >= INFINITY else self.load / (self.load + _SOURCE_OHM)

    def set_load(self, text: str) -> None:
        if text.strip().upper() in ("INF", "INFINITY") or text.strip().upper().startswith("9.9E"):
            self.load = INFINITY
            self.unit = "VPP" if self.unit == "DBM" else self.unit
        else:
            self.load = clipped(text, 1.0, 1e4, 50.0, SUFFIXES["Ohm"], self._complain)

    def set_unit(self, unit: str) -> None:
        if unit == "DBM" and self.load >= INFINITY:
            raise ScpiError(-221, "Settings conflict; dBm not available with infinite load")
        self.unit = unit

    def shown(self, amplitude: float) -> float:
        """An open-circuit amplitude in the present unit."""
        volts = amplitude * self.share
        if self.unit == "VPP":
            return volts
        rms = volts / _CREST.get(self.function, 2.0)
        return rms if self.unit == "VRMS" else 10 * math.log10(rms**2 / self.load / 1e-3)

    def _open(self, shown: float) -> float:
        if self.unit == "DBM":
            shown = math.sqrt(10 ** (shown / 10) * 1e-3 * self.load)
        return shown * (1.0 if self.unit == "VPP" else _CREST.get(self.function, 2.0)) / self.share

    def set_amplitude(self, text: str) -> None:
        ends = self.shown(LEAST), self.shown(2 * OPEN_CIRCUIT)
        amplitude = self._open(clipped(text, *ends, self.shown(0.2), SUFFIXES["V"], self._complain))
        room = 2 * (OPEN_CIRCUIT - abs(self.offset))
        if amplitude > room * (1 + 1e-9):
            amplitude = max(room, LEAST)
            self._conflict("amplitude reduced due to offset")
        self.amplitude = amplitude

    def set_offset(self, text: str) -> None:
        end = OPEN_CIRCUIT * self.share
        offset = clipped(text, -end, end, 0.0, SUFFIXES["V"], self._complain) / self.share
        room = OPEN_CIRCUIT if self.function == "DC" else OPEN_CIRCUIT - self.amplitude / 2
        if abs(offset) > room * (1 + 1e-9):
            offset = math.copysign(room, offset)
            self._conflict("offset reduced due to amplitude")
        self.offset = offset

    @property
    def high(self) -> float:
        """Open circuit, V."""
        return self.offset + self.amplitude / 2

    @property
    def low(self) -> float:
        """Open circuit, V."""
        return self.offset - self.amplitude / 2

    def set_level(self, text: str, which: str) -> None:
        """A level that would cross the other one moves it 1 mV away, and -221 says so."""
        end = OPEN_CIRCUIT * self.share
        default = {"HIGH": 0.1, "LOW": -0.1}[which] * self.share
        level = clipped(text, -end, end, default, SUFFIXES["V"], self._complain) / self.share
        high, low = (level, self.low) if which == "HIGH" else (self.high, level)
        if high < low + LEAST / 2:
            step = 1e-3 / self.share
            high, low = (level, level - step) if which == "HIGH" else (level + step, level)
            self._conflict(f"{'low' if which == 'HIGH' else 'high'} level changed")
        self.amplitude, self.offset = high - low, (high + low) / 2

    def _conflict(self, what: str) -> None:
        self._complain(ScpiError(-221, f"Settings conflict; {what}"))

    # -- what comes out -----------------------------------------------------------------------------------

    def pulses(self, share: float) -> PulseTrain | None:
        """Rectangular pulses, *share* of the open-circuit voltage; None for anything else, and for none.

        Of a burst, its first pulse.
        """
        if not self.output or self.function not in ("PULS", "SQU"):
            return None
        period, delay = 1 / self.frequency, 0.0
        width = self.pulse_width if self.function == "PULS" else period * self.square_duty / 100
        if self.values["[SOURce#:]BURSt:STATe"] == "ON":
            cycles = self.values["[SOURce#:]BURSt:NCYCles"]
            if self.values["[SOURce#:]BURSt:MODE"] == "GAT":
                return None
            if cycles < INFINITY:
                repeat = self._burst_period()
                if repeat is None:
                    return None
                period = math.ceil(max(repeat, cycles * period) / repeat * (1 - 1e-9)) * repeat
                delay = self.values["[SOURce#:]TRIGger#:DELay"]
        high, low = self.high * share, self.low * share
        if self.values["OUTPut#:POLarity"] == "INV":
            high, low = low, high
        return PulseTrain(period, width, delay, high, low)

    def _burst_period(self) -> float | None:
        """Of the triggers, s; None when they do not come by themselves."""
        source = self.values["[SOURce#:]TRIGger#:SOURce"]
        if source == "TIM":
            return float(self.values["[SOURce#:]TRIGger#:TIMer"])
        return float(self.values["[SOURce#:]BURSt:INTernal:PERiod"]) if source == "IMM" else None

    # -- arbitrary waveforms --------------------------------------------------------------------------------

    def add_arb(self, name: str, points: npt.NDArray[np.float64]) -> None:
        """:raises ScpiError: the name is taken, or too few points"""
        if name in self.arbs:
            raise ScpiError(786, "Specified arb waveform already exists")
        if len(points) < 8:
            raise ScpiError(-222, "Data out of range; too few arb points")
        if np.abs(points).max() > 1:
            raise ScpiError(-222, "Data out of range")
        self.arbs[name] = points

    def choose_arb(self, text: str) -> None:
        name = text.strip().strip("\"'")
        if name.upper() != BUILT_IN and name not in self.arbs:
            raise ScpiError(785, "Specified arb waveform does not exist")
        self.arb = name

    def points(self, text: str) -> npt.NDArray[np.float64]:
        """Of the waveform named, or the chosen one."""
        name = text.strip().strip("\"'") or self.arb
        if name not in self.arbs and name != BUILT_IN:
            raise ScpiError(785, "Specified arb waveform does not exist")
        return self.arbs.get(name, 1 - 2 * np.exp(-np.arange(410) / 82))
