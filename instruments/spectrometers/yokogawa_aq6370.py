"""Yokogawa AQ6370D and AQ6373B optical spectrum analysers (GPIB, Ethernet, RS-232).

Sources: command names and answers as pymeasure's and InstrumentKit's drivers use them; AQ6370C remote
control manual (time-outs, auto offset); rated sweep times and input powers from the data sheets as
remembered, to be checked against the instrument's own. On a socket (TCP 10001) a login comes first and
the password goes in plain text; GPIB and VXI-11 know no login. What ends a binary block (LF, CR LF or
nothing) is not certain, so anything of it is skipped before the next answer.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument

from ..clock import Clock
from ..errors import BadAnswer, ConnectionFailed, DeviceFault, DeviceTimeout, LimitError, Refused
from ..instrument import ScpiInstrument
from ..roles import Spectrometer
from .yokogawa_models import AQ6370D, AQ6373B, Model

Array = npt.NDArray[np.float64]

_POLL = 0.05  # s between two questions for the end of a sweep
_AUTO_OFFSET = 30.0  # s, every ten minutes unless switched off; a sweep waits for it
_SWEPT = 1  # bit of the operation event register
_PICOMETRE = 1e-12  # m
_WATTS = 1  # unit of the level axis
_SENSITIVITIES = {"NHLD": 0, "NAUT": 1, "MID": 2, "HIGH1": 3, "HIGH2": 4, "HIGH3": 5, "NORM": 6}


def _length(question: str, setting: str, doc: str) -> Any:
    """The property for a wavelength or a difference of two, in m."""
    return Instrument.control(
        question, setting, doc, check_set_errors=True, values_kwargs={"least": _PICOMETRE}
    )


class YokogawaAQ(ScpiInstrument):
    """Common to the family. Fulfils :class:`~antistokes.instruments.roles.Spectrometer`.

    A frame is one single sweep of trace A: the level over the resolution, in W/nm. Noise below 0 is cut off
    by the instrument (-210 dBm), so that the mean of many frames of nothing is a little above zero.

    :param start, stop: nm, the window that is swept
    :param resolution: nm, one of the model's; of the bandwidth a value belongs to
    :param sensitivity: ``NHLD``, ``NAUT``, ``NORM``, ``MID``, ``HIGH1``, ``HIGH2`` or ``HIGH3``
    :param points: wavelengths in the window
    :param user, password: for a socket
    """

    ROLES = (Spectrometer,)
    INTERFACES = ("GPIB", "TCP 10001 (login)", "VXI-11", "RS-232 115200")
    VERIFIED = (
        "Against its own twin, also over TCP by pyvisa-py; the twin against pymeasure's AQ6370D and AQ6373B "
        "and InstrumentKit's Yokogawa6370 (socket and HiSLIP); never against an instrument."
    )
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",
        "write_termination": "\n",
        "timeout": 40_000,  # the AQ6373B hears nothing during its auto offset
        "tcpip": {"write_termination": "\r\n"},
        "asrl": {"write_termination": "\r\n", "baud_rate": 115200},
    }
    SNAPSHOT = ("start", "stop", "resolution", "sensitivity", "points", "exposure")
    DATA: ClassVar[Model]

    #: a frame is a sweep that begins afterwards
    settle_time = 0.0
    signal_unit = "W/nm"

    _block_ended = False  # its terminator may still be on the line

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        start: float | None = None,
        stop: float | None = None,
        resolution: float = 1.0,
        sensitivity: str = "MID",
        points: int = 1001,
        user: str = "anonymous",
        password: str = "",
        **connection: Any,
    ) -> None:
        self._login = (user, password)
        super().__init__(adapter, name, clock=clock, **connection)
        self.write("*CLS")
        # whatever the front panel was doing, from here on single sweeps of trace A in W over wavelength
        for command in (
            ":ABOR",
            ":FORM:DATA REAL,64",
            ":INIT:SMOD 1",
            ":UNIT:X 0",
            ":DISP:TRAC:Y1:SPAC 1",
            f":DISP:TRAC:Y1:UNIT {_WATTS}",
            ":TRAC:ACT TRA",
            ":TRAC:ATTR:TRA 0",
        ):
            self.write(command)
            self.check_errors()
        low, high = self.DATA.wavelengths
        self.window = (low if start is None else start, high if stop is None else stop)
        self.resolution = resolution
        self.sensitivity = sensitivity
        self.points = points

    # -- the wire ---------------------------------------------------------------------------------

    def check_model(self) -> None:
        """On a socket log in first. :raises ConnectionFailed: the login is refused"""
        if getattr(getattr(self.adapter, "connection", None), "resource_class", "") == "SOCKET":
            user, password = self._login
            for message, word in ((f'OPEN "{user}"', "AUTHENTICATE"), (password, "READY")):
                try:
                    answer = self.ask(message).strip()
                except DeviceTimeout as error:
                    raise ConnectionFailed(self.name, f"login of '{user}' was not answered") from error
                if not answer.upper().startswith(word):
                    raise ConnectionFailed(
                        self.name, f"login of '{user}' was refused: {answer!r} where {word} was expected"
                    )
        super().check_model()

    def _answer(self, command: str, **kwargs: Any) -> str:
        answer = super()._answer(command, **kwargs)
        if self._block_ended and not answer.strip():
            answer = super()._answer(command, **kwargs)
        self._block_ended = False
        return answer

    # -- settings ---------------------------------------------------------------------------------

    _start = _length(":SENS:WAV:STAR?", ":SENS:WAV:STAR %.3fNM", "Control the start, in m.")
    _stop = _length(":SENS:WAV:STOP?", ":SENS:WAV:STOP %.3fNM", "Control the stop, in m.")
    _resolution = _length(":SENS:BAND:RES?", ":SENS:BAND:RES %.2fNM", "Control the bandwidth, in m.")
    _points = Instrument.control(
        ":SENS:SWE:POIN?", ":SENS:SWE:POIN %d", "Control the points.", cast=int, check_set_errors=True
    )

    @property
    def start(self) -> float:
        """Control the first wavelength, in nm; it must be below :attr:`stop`."""
        return self.possible("start", _nm(self._start))

    @start.setter
    def start(self, nm: float) -> None:
        self.window = (nm, self.stop)

    @property
    def stop(self) -> float:
        """Control the last wavelength, in nm; it must be above :attr:`start`."""
        return self.possible("stop", _nm(self._stop))

    @stop.setter
    def stop(self, nm: float) -> None:
        self.window = (self.start, nm)

    @property
    def window(self) -> tuple[float, float]:
        """Control first and last wavelength, in nm."""
        start, stop = self.start, self.stop
        if not start < stop:
            raise BadAnswer(self.name, f"says that its window is from {start:g} to {stop:g} nm")
        return start, stop

    @window.setter
    def window(self, window: tuple[float, float]) -> None:
        start, stop = window
        self.check_limit("start", start)
        self.check_limit("stop", stop)
        if not start < stop:
            raise Refused(f"{self.name}: start = {start:g} nm must be below stop = {stop:g} nm")
        with self.lock:
            # at no time may the instrument's start lie above its stop
            if start < _nm(self._stop):
                self._start, self._stop = start, stop
            else:
                self._stop = stop
                self._start = start

    @property
    def resolution(self) -> float:
        """Control the resolution bandwidth, in nm; one of the model's values."""
        nm, widest = _nm(self._resolution), max(self.DATA.resolutions)
        if nm > 2 * widest:
            raise BadAnswer(
                self.name, f"says that its resolution is {nm:g} nm; {self.MODEL} has up to {widest:g} nm"
            )
        return nm

    @resolution.setter
    def resolution(self, nm: float) -> None:
        if nm not in self.DATA.resolutions:
            known = ", ".join(f"{r:g}" for r in self.DATA.resolutions)
            raise Refused(f"{self.name}: resolution = {nm:g} nm: {self.MODEL} has {known} nm")
        self._resolution = nm

    @property
    def points(self) -> int:
        """Control the number of points in the window; setting it turns the automatic choice off."""
        return int(self.possible("points", self._points))

    @points.setter
    def points(self, number: int) -> None:
        self._points = number

    @property
    def sensitivity(self) -> str:
        """Control the sensitivity: ``NHLD``, ``NAUT``, ``NORM``, ``MID``, ``HIGH1``, ``HIGH2``, ``HIGH3``."""
        answer = self.ask(":SENS:SENS?").strip()
        for word, number in _SENSITIVITIES.items():
            if answer in (str(number), word):
                return word
        raise BadAnswer(self.name, f"':SENS:SENS?' was answered by {answer!r}")

    @sensitivity.setter
    def sensitivity(self, word: str) -> None:
        if word not in _SENSITIVITIES:
            raise Refused(f"{self.name}: sensitivity = {word!r}: must be one of {', '.join(_SENSITIVITIES)}")
        with self.lock:
            self.write(f":SENS:SENS {word}")
            self.check_errors()

    # -- spectra ----------------------------------------------------------------------------------

    @property
    def exposure(self) -> float:
        """Get the rated time of one sweep, in s; sensitivity, window and points decide it.

        Setting it to anything else is refused.
        """
        start, stop = self.window
        return self.DATA.sweep_time(stop - start, self.points, self.sensitivity)

    @exposure.setter
    def exposure(self, seconds: float) -> None:
        fixed = self.exposure
        if not abs(seconds - fixed) <= 1e-6 * fixed:
            raise LimitError(f"{self.name}: exposure", seconds, fixed, fixed, "s")

    @property
    def exposure_limits(self) -> tuple[float, float]:
        """Get the rated time of one sweep twice, in s: it cannot be chosen."""
        fixed = self.exposure
        return fixed, fixed

    @property
    def saturation(self) -> float:
        """Get the level of the maximum input power, in W/nm."""
        return self.DATA.input_power / self.resolution

    def wavelengths(self) -> Array:
        """Get the wavelength of each point, in nm, shape (points,)."""
        return np.linspace(*self.window, self.points)

    def frame(self) -> Array:
        """Make one single sweep: W/nm at each point, shape (points,): the level over the resolution.

        :raises DeviceTimeout: the sweep does not end
        :raises DeviceFault: the level axis or the window was changed at the front panel
        :raises BadAnswer: a trace of another size, or values that are not finite
        """
        with self.lock:
            (unit,) = self.values(":DISP:TRAC:Y1:UNIT?", cast=int)
            if unit != _WATTS:
                raise DeviceFault(self.name, f"the level axis is in unit {unit}, not in W ({_WATTS})")
            expected = self.wavelengths()
            self._sweep()
            axis, level = self._trace("X") * 1e9, self._trace("Y")
            if len(level) != len(expected) or len(axis) != len(expected):
                raise BadAnswer(
                    self.name,
                    f"a trace of {len(axis)} wavelengths and {len(level)} levels, expected {len(expected)}",
                )
            step = expected[1] - expected[0]
            if not np.abs(axis - expected).max() < 0.5 * step:
                raise DeviceFault(
                    self.name,
                    f"the sweep went from {axis[0]:.3f} to {axis[-1]:.3f} nm, "
                    f"not from {expected[0]:.3f} to {expected[-1]:.3f} nm",
                )
            if not np.isfinite(level).all():
                raise BadAnswer(
                    self.name, f"':TRAC:Y? TRA' gave {np.sum(~np.isfinite(level))} values that are not finite"
                )
            return level / self.resolution

    def _sweep(self) -> None:
        """Sweep once; the event of an older sweep is cleared before."""
        rated = self.exposure
        longest = 5 * rated + 2 * _AUTO_OFFSET
        self.write(":ABOR")  # of a sweep that was left alone
        self.write("*CLS;:INIT")
        begin = self.clock.now()
        while not self._swept():
            if self.clock.now() - begin > longest:
                self.write(":ABOR")
                raise DeviceTimeout(self.name, f"a sweep rated {rated:g} s has not ended in {longest:g} s")
            self.clock.sleep(max(_POLL, rated / 50))
        self.check_errors()

    def _swept(self) -> bool:
        (events,) = self.values(":STAT:OPER:EVEN?", cast=int)
        return bool(events & _SWEPT)

    def _trace(self, axis: str) -> Array:
        """Column X (m) or Y (W) of trace A."""
        self._drop_unread()
        self._unread = True
        self.write(f":TRAC:{axis}? TRA")
        block = self.read_block()
        self._unread, self._block_ended = False, True
        self.check_errors()
        if len(block) % 8:
            raise BadAnswer(self.name, f"':TRAC:{axis}? TRA' gave {len(block)} bytes, no multiple of 8")
        return np.frombuffer(block, "<f8").astype(np.float64)

    def make_safe(self) -> None:
        """End a sweep that is running."""
        self.write(":ABOR")


def _nm(metres: float) -> float:
    """Wavelengths are told in m with a picometre as last digit."""
    return round(metres * 1e9, 4)


class AQ6370(YokogawaAQ):
    """600 to 1700 nm. Fulfils :class:`~antistokes.instruments.roles.Spectrometer`."""

    MODEL = "Yokogawa AQ6370D"
    IDN_WORDS = ("AQ6370",)
    DATA = AQ6370D
    LIMITS = AQ6370D.limits()


class AQ6373(YokogawaAQ):
    """350 to 1200 nm. Fulfils :class:`~antistokes.instruments.roles.Spectrometer`."""

    MODEL = "Yokogawa AQ6373B"
    IDN_WORDS = ("AQ6373",)
    DATA = AQ6373B
    LIMITS = AQ6373B.limits()
