"""ID Quantique ID900 Time Controller: SCPI over ZeroMQ, one request and one reply at a time.

Every message gets a reply, settings too; an error is a reply that ends with ``SCPI_ERR_…``. Sources: the
maker's user manual (chapters 8 and 9, command tree) and public programs that run the device. Not in them,
the careful reading is taken: what ``*IDN?`` answers (must have "ID900" in it), how many counts fill a bin.
The counters' integration time is in ms or in ns by firmware; it is not used, counts are accumulated.
"""

from __future__ import annotations

import math
import re
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ..answers import number
from ..clock import Clock
from ..device import Limit, SdkInstrument
from ..errors import BadAnswer, ConnectionFailed, DeviceFault, DeviceTimeout, Refused, WrongModel
from ..roles import PhotonCounter
from .binning import Binning
from .zmq_requests import Requests, Zmq

_PS = 1e12  # ps in a second
_STEP = 100  # ps; bins are whole multiples of it
_MARGIN = 0.02  # s that the gate may close later than it is asked to
_RATE_TIME = 0.1  # s
_SHORTEST, _LONGEST = 1e-3, 1e6  # s the gate is opened for
_GATE = "TSGE8"  # the block that all public programs open and close histograms with
_UNITS = {"": 1.0, "TB": 1.0, "KTB": 1e3, "MTB": 1e6, "GTB": 1e9, "TTB": 1e12, "V": 1.0, "MV": 1e-3}


class ID900(Binning, SdkInstrument):
    """A time controller with the excitation's trigger on START and photons on an input.

    Fulfils :class:`~antistokes.instruments.roles.PhotonCounter`. Its histogram counts a photon after the last
    trigger before it, so a bin later than the next trigger stays empty. Opening loads the device's own
    configuration "HISTO" and switches both inputs on.

    :param sdk: the module ``zmq``, or the twin of it
    :param resource: such as ``tcp://192.168.1.50:5555``
    :param channel: input of the photons, 1 to 4
    :param edge, start_edge: "RISING" or "FALLING", of the photons' and of the trigger's pulses
    :param threshold, start_threshold: V to begin with
    :param timeout: for one reply, s
    """

    MODEL = "ID Quantique ID900"
    SDK_MODULE = "zmq"
    INTERFACES = ("Ethernet (ZeroMQ, TCP 5555)",)
    VERIFIED = (
        "Against the twin, in process and through pyzmq over TCP; the twin's replies are those of the manual "
        "and of public programs. Not against an ID900."
    )
    ROLES = (PhotonCounter,)
    LIMITS: ClassVar[dict[str, Limit]] = {
        "bin_width": Limit(100e-12, 1e-3, "s"),
        "bins": Limit(1, 16384, "bins"),
        "threshold": Limit(-2, 2, "V"),
        "start_threshold": Limit(-2, 2, "V"),
    }
    SNAPSHOT = ("channel", "edge", "start_edge", *LIMITS)

    settle_time = 0.0
    #: counts at which a bin is full; not documented
    saturation = float(2**31 - 1)

    def __init__(
        self,
        sdk: Zmq,
        resource: str,
        name: str = "",
        *,
        clock: Clock | None = None,
        channel: int = 1,
        edge: str = "RISING",
        start_edge: str = "RISING",
        threshold: float = 0.5,
        start_threshold: float = 0.5,
        timeout: float = 2.0,
    ) -> None:
        self._begin(name or self.MODEL, clock)
        if channel not in (1, 2, 3, 4):
            raise Refused(f"{self.name}: channel = {channel}: must be 1 to 4")
        self._resource = resource
        self.channel, self.edge, self.start_edge = channel, edge, start_edge
        #: triggers in the last histogram, from the rate of START while it was taken
        self.triggers = 0.0
        self._requests = Requests(sdk, resource, self.name, timeout)
        try:
            self._check_model()
            self._configure(threshold, start_threshold)
        except BaseException:
            self.close()
            raise

    def _check_model(self) -> None:
        try:
            identity = self.identity()
        except DeviceTimeout as error:
            raise ConnectionFailed(
                self.name, f"nobody answers on {self._resource}: {error.problem}"
            ) from error
        if "id900" not in identity.lower():
            raise WrongModel(
                self.name, f"{self.MODEL} expected, but '{identity}' answers on {self._resource}"
            )

    def _configure(self, threshold: float, start_threshold: float) -> None:
        self.ask("DEVI:CONF:LOAD HISTO")
        self.ask("DEVI:RES LOWRES")
        for block, edge in ((f"INPU{self.channel}", self.edge), ("STAR", self.start_edge)):
            for setting in (f"EDGE {edge}", "COUP DC", "SELE UNSHAPED", "ENAB ON"):
                self.ask(f"{block}:{setting}")
        self.threshold, self.start_threshold = threshold, start_threshold
        self._gate("OFF")
        self.ask(f"{_GATE}:MODE ONESHOT")  # it then closes by itself
        links = {"STOP": f"TSCO{4 + self.channel}", "REF": "STAR", "ENAB": _GATE}
        for port, block in links.items():
            self.ask(f"HIST1:INPO:{port}:LINK {block}")
        self.ask("HIST1:MIN 0")
        self.ask("STAR:COUN:MODE ACCUM")
        self.ask(f"INPU{self.channel}:COUN:MODE ACCUM")

    def identity(self) -> str:
        """The answer to ``*IDN?``."""
        return self.ask("*IDN?")

    # -- settings ---------------------------------------------------------------------------------------

    @property
    def bin_width(self) -> float:
        """Control the width of a bin, in s; multiples of 100 ps, never shorter than what was asked for."""
        return self.possible("bin_width", self._number("HIST1:BWID") / _PS)

    @bin_width.setter
    def bin_width(self, seconds: float) -> None:
        # 1e-9 takes away what the float has too much
        self._set("HIST1:BWID", math.ceil(seconds * _PS / _STEP * (1 - 1e-9)) * _STEP)

    @property
    def bins(self) -> int:
        """Control the number of bins of a histogram."""
        return round(self.possible("bins", self._number("HIST1:BCOU")))

    @bins.setter
    def bins(self, number: int) -> None:
        self._set("HIST1:BCOU", math.ceil(number))

    @property
    def threshold(self) -> float:
        """Control the photons' threshold, in V."""
        return self.possible("threshold", self._number(f"INPU{self.channel}:THRE"))

    @threshold.setter
    def threshold(self, volts: float) -> None:
        self._set(f"INPU{self.channel}:THRE", volts, "V")

    @property
    def start_threshold(self) -> float:
        """Control the trigger's threshold, in V."""
        return self.possible("start_threshold", self._number("STAR:THRE"))

    @start_threshold.setter
    def start_threshold(self, volts: float) -> None:
        self._set("STAR:THRE", volts, "V")

    # -- measuring ----------------------------------------------------------------------------------------

    def histogram(self, seconds: float) -> npt.NDArray[np.float64]:
        """Collect for *seconds*: photons per bin, shape (bins,), dark counts included.

        :raises DeviceFault: no trigger came; the device would count from the beginning of the histogram
        """
        if not _SHORTEST <= seconds <= _LONGEST:
            raise Refused(f"{self.name}: collect for {seconds:g} s: must be {_SHORTEST:g} to {_LONGEST:g} s")
        with self.lock:
            bins = self.bins
            self._gate("OFF")
            self._expect("HIST1:FLUS", "Flushed")
            self.ask(f"{_GATE}:ONES:PWID {round(seconds * _PS)}")
            self._restart("STAR")
            begin = self.clock.now()
            try:
                self._gate("ON")
                self.clock.sleep(seconds + _MARGIN)
                rate = self._counts("STAR") / (self.clock.now() - begin)
            finally:
                self._gate("OFF")
            if not rate:
                raise DeviceFault(self.name, "no trigger came at START while the histogram was taken")
            self.triggers = rate * seconds
            return self._data(bins)

    def _data(self, bins: int) -> npt.NDArray[np.float64]:
        answer = self.ask("HIST1:DATA?")
        if not re.fullmatch(r"\[[\d,\s]*\]", answer):
            raise BadAnswer(
                self.name, f"'HIST1:DATA?' was answered by {answer[:80]!r}, not by a list of counts"
            )
        words = answer[1:-1].split(",")
        if len(words) != bins or not all(word.strip().isdecimal() for word in words):
            raise BadAnswer(self.name, f"'HIST1:DATA?' was answered by {len(words)} bins, expected {bins}")
        return np.array([int(word) for word in words], dtype=np.float64)

    def count_rate(self) -> float:
        """Photons per second now, counted for 0.1 s."""
        block = f"INPU{self.channel}"
        with self.lock:
            self._restart(block)
            begin = self.clock.now()
            self.clock.sleep(_RATE_TIME)
            return self._counts(block) / (self.clock.now() - begin)

    def _gate(self, state: str) -> None:
        answer = self.ask(f"{_GATE}:ENAB {state}")
        if not answer.upper().endswith(state):
            raise BadAnswer(self.name, f"'{_GATE}:ENAB {state}' was answered by {answer!r}")

    def _restart(self, block: str) -> None:
        self._expect(f"{block}:COUN:RESE", "Counter value set to 0")

    def _counts(self, block: str) -> int:
        counted = self._number(f"{block}:COUN")
        if counted < 0:
            raise BadAnswer(self.name, f"'{block}:COUN?' was answered by {counted:g}")
        return round(counted)

    # -- requests and replies -------------------------------------------------------------------------------

    def ask(self, command: str) -> str:
        """Send *command* and give back its reply without blanks around it; one thread at a time.

        :raises DeviceFault: the reply is an error
        """
        with self.lock:
            raw = self._requests.exchange(command)
        try:
            answer = raw.decode().strip()
        except UnicodeDecodeError:
            raise BadAnswer(
                self.name, f"'{command}' was answered by bytes that are no text: {raw!r}"
            ) from None
        if re.search(r"SCPI_ERR\w*$", answer) or answer.startswith("No connection"):
            raise DeviceFault(self.name, f"'{command}' was answered by {answer!r}")
        return answer

    def _expect(self, command: str, words: str) -> None:
        answer = self.ask(command)
        if words not in answer:
            raise BadAnswer(self.name, f"'{command}' was answered by {answer!r}, expected '{words}'")

    def _set(self, quantity: str, value: float, unit: str = "") -> None:
        """:raises DeviceFault: the device has another value afterwards"""
        self.ask(f"{quantity} {value:.12g}{unit}")
        found = self._number(quantity)
        if not math.isclose(found, value, rel_tol=1e-3, abs_tol=1e-3):
            raise DeviceFault(
                self.name, f"{quantity} = {value:.9g}{unit} was refused: it is {found:.9g}{unit}"
            )

    def _number(self, quantity: str) -> float:
        answer = self.ask(f"{quantity}?")
        parts = re.fullmatch(r"(.*?)\s*([kMGT]?TB|m?V|)", answer, re.IGNORECASE | re.DOTALL)
        assert parts is not None, "the unit may be empty"
        value, unit = parts.groups()
        try:
            return number(value) * _UNITS[unit.upper()]
        except ValueError:
            raise BadAnswer(self.name, f"'{quantity}?' was answered by {answer!r}, not a number") from None

    def close(self) -> None:
        if "_requests" in self.__dict__:
            with self.lock:
                self.__dict__.pop("_requests").close()
