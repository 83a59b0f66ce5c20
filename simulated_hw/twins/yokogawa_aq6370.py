"""Twins of the Yokogawa AQ6370D and AQ6373B, which see the light that the bench's optics collect.

Wire behaviour as far as public drivers and the AQ6370C remote control manual tell it: messages, status
bits, auto offset every ten minutes for 30 s (during which the AQ6373B hears nothing), only the last error
is kept. Until a sweep has ended a trace holds the one before. What is zero or below is told as -210 dBm
(1e-24 W). Level noise per sensitivity is assumed, sweep times are the rated ones as remembered.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from antistokes.instruments.records import NonNegative, Record

from ..physics.constants import FWHM_PER_SIGMA, photon_energy
from ..scpi import ILLEGAL_VALUE, ScpiError, boolean, number, scpi
from ..twin import Answer, answers
from .yokogawa_login import LoginTwin
from .yokogawa_settings import Model, WindowTwin, choice, real

Array = npt.NDArray[np.float64]

_FLOOR = 1e-24  # W, the least that is told
_NOISE_DBM = (-60.0, -63.0, -75.0, -80.0, -85.0, -90.0, -70.0)  # assumed; NHLD, NAUT, MID, HIGH1 to 3, NORM
_TRACES = ("TRA", "TRB", "TRC", "TRD", "TRE", "TRF", "TRG")
_MODES = ("WRIT", "FIX", "MAX", "MIN", "RAVG", "CALC")
_OFFSET_EVERY, _OFFSET_TIME = 600.0, 30.0  # s


class YokogawaSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    serial: str = "91V000001"
    #: passwords of users besides ``anonymous``
    users: dict[str, str] = {}
    #: fraction of the collected light that reaches the analyser's detector
    throughput: NonNegative = 1.0


class YokogawaTwin(WindowTwin):
    """Common to the family."""

    Settings = YokogawaSettings
    settings: YokogawaSettings
    no_error = '0,"No error"'

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.data_format, self.active = "ASCII", 0
        self.modes = dict.fromkeys(_TRACES, "FIX") | {"TRA": "WRIT"}
        self.traces: dict[str, tuple[Array, Array]] = {}
        self.sweep_mode = 1
        self.sweeping, self.swept = False, False
        self._ends = 0.0
        self._coming: tuple[Array, Array] | None = None
        self.auto_offset = True
        self._offset_at = self.clock.now() + _OFFSET_EVERY
        self._deaf_until = 0.0
        self.marker: tuple[float, float] | None = None
        self.analysis: tuple[float, float] | None = None

    # -- messages ---------------------------------------------------------------------------------

    def respond(self, message: str) -> Answer:
        self._advance()
        super().respond("")  # latches what has happened since the last message
        if self.data.deaf:
            self.take_time(max(0.0, self._deaf_until - self.clock.now()))
        return super().respond(message)

    def push(self, error: ScpiError) -> None:
        """Only the last error is kept."""
        self.errors.clear()
        super().push(error)

    @scpi("*IDN?")
    def identify(self, _: str | None) -> str:
        return f"YOKOGAWA,{self.data.name},{self.settings.serial},02.08"

    @scpi("*RST")
    def reset(self, _: str | None) -> None:
        """Everything as after power-on but the traces."""
        self.abort(_)
        self.data_format, self.sweep_mode = "ASCII", 1
        self.preset()

    @scpi("*OPC?")
    def operation_complete(self, _: str | None) -> str:
        if self.sweeping and self.sweep_mode == 1:
            self.take_time(max(0.0, self._ends - self.clock.now()))
        return "1"

    @scpi("SYSTem:WARNing?")
    def next_warning(self, _: str | None) -> str:
        return self.next_error(_)

    def condition(self, register: str) -> int:
        return int(self.swept) if register == "OPER" else 0

    # -- sweeping ---------------------------------------------------------------------------------

    def sweep_time(self) -> float:
        """s of one sweep, by the data sheet's rule."""
        span = max((self.stop - self.start) / 100.0, 1.0)
        return self.data.sweep[self.sensitivity] * span * max(self.points / 1001, 1.0)

    def _advance(self) -> None:
        """Bring the trace and the auto offset up to the present time."""
        now = self.clock.now()
        if self.sweeping and now >= self._ends and self._coming is not None:
            if self.modes[_TRACES[self.active]] == "WRIT":
                self.traces[_TRACES[self.active]] = self._coming
            self.sweeping, self.swept = False, True
            if self.sweep_mode == 2:
                self._begin_sweep()
        if now >= self._offset_at:
            missed = (now - self._offset_at) // _OFFSET_EVERY * _OFFSET_EVERY
            if self.auto_offset:
                self._deaf_until = self._offset_at + missed + _OFFSET_TIME
            self._offset_at += missed + _OFFSET_EVERY

    def _begin_sweep(self) -> None:
        """The spectrum is that of the light there is now."""
        self.sweeping, self.swept = True, False
        begin = max(self.clock.now(), self._deaf_until)
        self._ends = begin + self.sweep_time()
        if self.auto_offset and self._ends > self._offset_at:
            self._ends += _OFFSET_TIME
        axis = np.linspace(self.start, self.stop, self.points)
        self._coming = axis, np.maximum(self._power(axis) + self._noise(self.points), _FLOOR)

    def _power(self, axis: Array) -> Array:
        """W in the resolution bandwidth, the slit's and the lines' shapes taken as Gaussians."""
        result = np.zeros_like(axis)
        slit = self.resolution / FWHM_PER_SIGMA
        for light in self.bench.collected():
            sigma = np.hypot(slit, light.fwhm / FWHM_PER_SIGMA)
            watts = light.photons * float(photon_energy(light.wavelength)) * self.settings.throughput
            shape = np.exp(-0.5 * ((axis - light.wavelength) / sigma) ** 2)
            result += watts * slit / sigma * shape
        return result

    def _noise(self, points: int) -> Array:
        floor = 1e-3 * 10 ** (_NOISE_DBM[self.sensitivity] / 10)
        return floor * self.rng.standard_normal(points)

    @scpi("INITiate[:IMMediate]")
    @scpi("*TRG")
    def initiate(self, _: str | None) -> None:
        if self.sweeping:
            raise ScpiError(-213, "Init ignored")
        self._begin_sweep()

    @scpi("INITiate:SMODe")
    def set_sweep_mode(self, text: str | None) -> None:
        self.sweep_mode = 1 + choice(text, ("SINGLE", "REPEAT", "AUTO", "SEGMENT"), 1)

    @scpi("INITiate:SMODe?")
    def get_sweep_mode(self, _: str | None) -> str:
        return str(self.sweep_mode)

    @scpi("ABORt")
    def abort(self, _: str | None) -> None:
        self.sweeping, self._coming = False, None

    @scpi("CALibration:ZERO[:AUTO]?")
    def get_auto_offset(self, _: str | None) -> str:
        return str(int(self.auto_offset))

    @scpi("CALibration:ZERO[:AUTO]")
    def set_auto_offset(self, text: str | None) -> None:
        if (text or "").upper() in ("ONCE", "2"):
            self._deaf_until = self.clock.now() + _OFFSET_TIME
        else:
            self.auto_offset = boolean(text)

    # -- traces -----------------------------------------------------------------------------------

    @scpi("FORMat[:DATA]?")
    def get_format(self, _: str | None) -> str:
        return self.data_format

    @scpi("FORMat[:DATA]")
    def set_format(self, text: str | None) -> None:
        word = (text or "").upper().replace(" ", "")
        known = {"ASC": "ASCII", "ASCII": "ASCII", "REAL": "REAL,64"}
        known |= {f"REAL,{bits}": f"REAL,{bits}" for bits in (32, 64)}
        if word not in known:
            raise ScpiError(*ILLEGAL_VALUE)
        self.data_format = known[word]

    @scpi("TRACe[:DATA]:X?")
    def get_axis(self, text: str | None) -> Answer:
        return self._column(text, 0)

    @scpi("TRACe[:DATA]:Y?")
    def get_level(self, text: str | None) -> Answer:
        return self._column(text, 1)

    def _column(self, text: str | None, column: int) -> Answer:
        """All of a trace, or samples from a first to a last one, counted from 1."""
        name, *area = (part.strip() for part in (text or "").split(","))
        axis, watts = self._stored(name)
        first, last = (int(number(part, 1, len(axis), 1)) for part in area) if area else (1, len(axis))
        if column == 0:
            values = axis * 1e-9
        else:
            values = watts / (self.resolution if self.unit >= 2 else 1.0)
            values = values if self.linear else 10 * np.log10(values / 1e-3)
        values = values[first - 1 : last]
        if self.data_format == "ASCII":
            return ",".join(map(real, values))
        block = values.astype("<f8" if self.data_format.endswith("64") else "<f4").tobytes()
        size = str(len(block))
        return f"#{len(size)}{size}".encode() + block + b"\n"

    def _stored(self, name: str | None) -> tuple[Array, Array]:
        trace = self._trace_name(name)
        if trace not in self.traces:
            raise ScpiError(-230, "Data corrupt or stale")
        return self.traces[trace]

    @staticmethod
    def _trace_name(text: str | None) -> str:
        return _TRACES[choice(text, _TRACES)]

    @scpi("TRACe[:DATA]:SNUMber?")
    def get_samples(self, text: str | None) -> str:
        name = self._trace_name(text)
        return str(len(self.traces[name][0])) if name in self.traces else "0"

    @scpi("TRACe:ACTive?")
    def get_active(self, _: str | None) -> str:
        return _TRACES[self.active]

    @scpi("TRACe:ACTive")
    def set_active(self, text: str | None) -> None:
        self.active = choice(text, _TRACES)

    @scpi("TRACe:DELete:ALL")
    def delete_all(self, _: str | None) -> None:
        self.traces.clear()

    @scpi("TRACe:DELete")
    def delete(self, text: str | None) -> None:
        self.traces.pop(self._trace_name(text), None)

    @scpi("TRACe:COPY")
    def copy(self, text: str | None) -> None:
        source, _, target = (text or "").partition(",")
        self.traces[self._trace_name(target)] = self._stored(source)

    @answers(r"(?i::?TRAC(?:E)?:(ATTR|STAT)[A-Z]*:?(TR[A-G])?\?\s*(.*))")
    def get_attribute(self, kind: str, name: str | None, text: str) -> str:
        mode = self.modes[self._trace_name(name or text or _TRACES[self.active])]
        return str(_MODES.index(mode)) if kind.upper() == "ATTR" else "1"

    @answers(r"(?i::?TRAC(?:E)?:(ATTR|STAT)[A-Z]*:?(TR[A-G])?\s+(.*))")
    def set_attribute(self, kind: str, name: str | None, text: str) -> None:
        if kind.upper() == "ATTR":
            self.modes[self._trace_name(name or _TRACES[self.active])] = _MODES[choice(text, _MODES)]

    # -- marker and analysis ----------------------------------------------------------------------

    @scpi("CALCulate:MARKer:MAXimum")
    def mark_peak(self, _: str | None) -> None:
        axis, watts = self._stored(_TRACES[self.active])
        peak = int(np.argmax(watts))
        self.marker = float(axis[peak]), float(watts[peak])

    @scpi("CALCulate:MARKer:MAXimum:SRLevel")
    def peak_to_reference(self, _: str | None) -> None:
        self.mark_peak(_)
        self.kept["DISP:TRAC:Y1:RLEV"] = self.get_marker_level(_)

    @scpi("CALCulate:MARKer:MAXimum:SCENter")
    def peak_to_center(self, _: str | None) -> None:
        self.mark_peak(_)
        self.set_center(f"{self._marked()[0]}NM")

    @scpi("CALCulate:MARKer:X?")
    def get_marker_wavelength(self, _: str | None) -> str:
        return real(self._marked()[0] * 1e-9)

    @scpi("CALCulate:MARKer:Y?")
    def get_marker_level(self, _: str | None) -> str:
        watts = self._marked()[1]
        return real(watts if self.linear else 10 * np.log10(watts / 1e-3))

    @scpi("CALCulate[:IMMediate]")
    def analyse(self, _: str | None) -> None:
        """Centre and width 3 dB below the peak: the analysis that is selected after power-on."""
        axis, watts = self._stored(_TRACES[self.active])
        above = axis[watts > watts.max() / 2]
        self.analysis = (above[0] + above[-1]) / 2 * 1e-9, (above[-1] - above[0]) * 1e-9

    @scpi("CALCulate:DATA?")
    def get_analysis(self, _: str | None) -> str:
        if self.analysis is None:
            raise ScpiError(-230, "Data corrupt or stale")
        return ",".join([*map(real, self.analysis), "1"])

    def _marked(self) -> tuple[float, float]:
        if self.marker is None:
            raise ScpiError(-221, "Settings conflict")
        return self.marker


_SLOW = (2.0, 5.0, 20.0, 75.0, 1.0)  # MID, HIGH1 to 3, NORM
_FINE = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


class AQ6370Twin(LoginTwin, YokogawaTwin):
    """600 to 1700 nm."""

    model = "Yokogawa AQ6370D"
    data = Model("AQ6370D", 600.0, 1700.0, _FINE, (0.2, 0.2, *_SLOW), deaf=False)


class AQ6373Twin(LoginTwin, YokogawaTwin):
    """350 to 1200 nm."""

    model = "Yokogawa AQ6373B"
    data = Model("AQ6373B", 350.0, 1200.0, (*_FINE, 5.0, 10.0), (0.5, 0.5, *_SLOW), deaf=True)
