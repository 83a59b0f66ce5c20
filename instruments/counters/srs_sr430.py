"""SRS SR430 multichannel scaler (GPIB).

Sources: manual pages 8, 13, 81, 96; public drivers of GSI (LabVIEW) and LabRAD. After each trigger the device
fills a record of bins and then needs 250 ns per bin and 150 µs more; triggers in that time are ignored, so
records are fewer than triggers, and a record longer than the period sees the next pulse in itself. Bins are
16 bit, signed in toggle mode: full at 32767. Binary data have neither header nor end, only their length.
``OUTP 1`` comes first: it sends answers to the GPIB. How RS-232 answers end is not known: not offered here.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument

from ..answers import whole
from ..clock import Clock
from ..device import Limit
from ..errors import BadAnswer, DeviceFault, OverRange, Refused
from ..instrument import YES_NO, VisaInstrument
from ..roles import PhotonCounter
from .binning import Binning

_WIDTHS = (5e-9, *(40e-9 * 2**i for i in range(19)))  # s, by the number of BWTH
_BLOCK = 1024  # bins
_FULL = 32767
_RATE_TIME = 0.2  # s
_RECORDS_FOREVER = 0
_FAULTS = {1: "input overflow", 4: "query error", 16: "execution error", 32: "command error"}  # *ESR?
_CLOCK_UNLOCKED, _OVERFLOW = 32, 128  # ERRS?


class SR430(Binning, VisaInstrument):
    """A scaler triggered by the excitation. Fulfils :class:`~antistokes.instruments.roles.PhotonCounter`.

    :param threshold: of the photons' discriminator, V to begin with; ``rising`` is its edge
    :param trigger_level: V to begin with; ``trigger_rising`` is its edge
    """

    MODEL = "SRS SR430"
    INTERFACES = ("GPIB",)
    VERIFIED = (
        "Its twin; no third-party driver for it could be had as a package. Not checked on a device; whether "
        "data can be read while a scan is paused is inferred."
    )
    ROLES = (PhotonCounter,)
    IDN_WORDS = ("SR430",)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",
        "write_termination": "\n",
        "timeout": 5000,
    }
    LIMITS: ClassVar[dict[str, Limit]] = {
        "bin_width": Limit(_WIDTHS[0], _WIDTHS[-1], "s"),
        "bins": Limit(1, 16 * _BLOCK, "bins"),
        "offset": Limit(0, 16320, "bins"),
        "threshold": Limit(-0.3, 0.3, "V"),
        "trigger_level": Limit(-2, 2, "V"),
    }
    SNAPSHOT = (*LIMITS, "rising", "trigger_rising")

    settle_time = 0.0
    #: counts at which a bin is full
    saturation = float(_FULL)

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        threshold: float = 0.02,
        rising: bool = True,
        trigger_level: float = 1.0,
        trigger_rising: bool = True,
        **connection: Any,
    ) -> None:
        #: records in the last histogram
        self.triggers = 0.0
        super().__init__(adapter, name, clock=clock, **connection)
        # what was wrong before this driver came does not concern it
        self.write("*CLS")
        if self._integer("BCLK?"):  # refused while a scan is paused, so not without need
            self.write("BCLK 0")
        self.rising, self.trigger_rising = rising, trigger_rising
        self.threshold, self.trigger_level = threshold, trigger_level

    def check_model(self) -> None:
        self.write("OUTP 1")
        super().check_model()

    def check_errors(self) -> list[Any]:
        """Read the event register. :raises DeviceFault: the last commands were not taken"""
        event = self._integer("*ESR?")
        found = [text for bit, text in _FAULTS.items() if event & bit]
        if found:
            raise DeviceFault(self.name, "; ".join(found))
        return found

    # -- settings ---------------------------------------------------------------------------------------

    @property
    def bin_width(self) -> float:
        """Control the width of a bin, in s: 5 ns, 40 ns and doublings of it; never shorter than asked."""
        index = self._integer("BWTH?")
        if index not in range(len(_WIDTHS)):
            raise self.wrong_answer("BWTH?", index)
        return _WIDTHS[index]

    @bin_width.setter
    def bin_width(self, seconds: float) -> None:
        self._set_record("BWTH", next(i for i, width in enumerate(_WIDTHS) if width >= seconds * (1 - 1e-9)))

    @property
    def bins(self) -> int:
        """Control the number of bins of a record, multiples of 1024; never fewer than asked."""
        return int(self.possible("bins", self._integer("BREC?") * _BLOCK))

    @bins.setter
    def bins(self, number: int) -> None:
        self._set_record("BREC", math.ceil(number / _BLOCK))

    @property
    def offset(self) -> int:
        """Control how many bins after the trigger a record begins; multiples of 16 bins."""
        return int(self.possible("offset", self._integer("BOFF?")))

    @offset.setter
    def offset(self, number: int) -> None:
        if number % 16:
            raise Refused(f"{self.name}: offset = {number:g} bins: must be a multiple of 16")
        self._set_record("BOFF", int(number))

    threshold = Instrument.control(
        "DCLV?", "DCLV %.4f", "Control the photons' threshold, in V.", check_set_errors=True
    )
    trigger_level = Instrument.control(
        "TRLV?", "TRLV %.3f", "Control the trigger's threshold, in V.", check_set_errors=True
    )
    rising = Instrument.control(
        "DCSL?",
        "DCSL %d",
        "Control whether photons' rising edges count, else falling ones.",
        map_values=True,
        values={True: 0, False: 1},
        cast=int,
        check_set_errors=True,
        values_kwargs={"known": YES_NO},
    )
    trigger_rising = Instrument.control(
        "TRSL?",
        "TRSL %d",
        "Control whether rising edges trigger, else falling ones.",
        map_values=True,
        values={True: 0, False: 1},
        cast=int,
        check_set_errors=True,
        values_kwargs={"known": YES_NO},
    )

    def times(self) -> npt.NDArray[np.float64]:
        """Start of each bin after the trigger, s, shape (bins,)."""
        return super().times() + self.offset * self.bin_width

    # -- measuring --------------------------------------------------------------------------------------

    def histogram(self, seconds: float) -> npt.NDArray[np.float64]:
        """Collect records for *seconds*: photons per bin, shape (bins,), dark counts included.

        :raises DeviceFault: there was no trigger, or the device's clock is unlocked
        :raises OverRange: a bin is full; collect for a shorter time
        """
        with self.lock:
            self._collect(seconds)
            counts = self._read(self.bins)
            faults = self._integer("ERRS?")
            if faults & _CLOCK_UNLOCKED:
                raise DeviceFault(self.name, "its clock is unlocked")
            if faults & _OVERFLOW or counts.max() >= _FULL:
                raise OverRange(self.name, f"a bin is full ({_FULL} counts) after {self.triggers:g} records")
            return counts

    def _collect(self, seconds: float) -> None:
        """One scan from an empty memory; it is stopped, not limited: nobody knows the rate of triggers."""
        self.write("PAUS")
        self.write("CLRS")
        self.write(f"RSCN {_RECORDS_FOREVER}")
        self.check_errors()
        self._integer("ERRS?")  # forgets what was before
        self.write("SSCN")
        try:
            self.clock.sleep(seconds)
        finally:
            self.write("PAUS")
        self.triggers = float(self._integer("SCAN?"))
        if not self.triggers:
            raise DeviceFault(self.name, f"no record in {seconds:g} s: no trigger, or none at its level")

    def _read(self, bins: int) -> npt.NDArray[np.float64]:
        self._before("BINB?")
        self.write("BINB?")
        content = self.read_bytes(2 * bins)
        self._unread = False
        counts = np.frombuffer(content, "<i2").astype(np.float64)
        if counts.min() < 0:
            raise BadAnswer(self.name, f"'BINB?' was answered by {counts.min():g} counts in a bin")
        return counts

    def count_rate(self) -> float:
        """Photons per second now, the mean over the records of 0.2 s; clears the memory."""
        with self.lock:
            self._collect(_RATE_TIME)
            bins = self.bins
            return float(self._read(bins).sum()) / (self.triggers * bins * self.bin_width)

    def make_safe(self) -> None:
        """Stop counting; what was counted stays."""
        self.write("PAUS")

    # -- messages ---------------------------------------------------------------------------------------

    def _integer(self, question: str) -> int:
        answer = self.ask(question)
        try:
            return whole(answer)
        except ValueError:
            raise self.wrong_answer(question, answer) from None

    def _set_record(self, command: str, value: int) -> None:
        """What shapes a record is changed with an empty memory."""
        with self.lock:
            self.write("PAUS")
            self.write("CLRS")
            self.write(f"{command} {value}")
            self.check_errors()
