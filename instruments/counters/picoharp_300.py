"""PicoQuant PicoHarp 300, time-correlated photon counter, through PicoQuant's PHLib 3.0.

Source: phlib.h and phdefin.h of PHLib 3.0.0.3, PicoQuant's demo programs, PTU format description.

Two inputs: 0 is the sync (the excitation's trigger), 1 the photons. A histogram ends 33.5 µs after the
sync and a T3 delay after 2.1 µs; decays of ms need T2 (trigger at input 0), or T3 with a fast clock at
input 0 and the trigger at a marker input.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import numpy.typing as npt

from ..clock import Clock
from ..device import Limit, SdkInstrument
from ..errors import BadAnswer, DeviceFault, DeviceTimeout, Refused, WrongModel
from ..roles import PhotonCounter, TimeTagger
from ..tags import Tags
from .binning import Binning
from .picoquant_phlib import (
    FEATURE_TTTR,
    FULL_BIN,
    HISTOGRAM_BINS,
    MAX_RECORDS,
    MODE_HISTOGRAM,
    MODE_T2,
    MODE_T3,
    PHLib,
    PicoHarpConnection,
)
from .picoquant_records import MARKER, PHOTONS, SYNC, Decoder

log = logging.getLogger(__name__)

_BINNINGS = 8
_T3_DELAYS = 4096
_LONGEST = 360_000  # s
_RATES = 0.2  # s until the rate meters (gate 0.1 s) can be read after initialising
_DIVIDERS, _FASTEST_SYNC = (1, 2, 4, 8), 10.5e6  # Hz: 84 MHz at most, by the data sheet
_POLL = 0.1  # s between looks at a histogram
_PAUSE = 0.01  # s for the buffer (262144 words, filled by at most 10 million per s) to gather some
_PATIENCE = 5.0  # s that a measurement may end late
_MODES = {MODE_HISTOGRAM: "histogram", MODE_T2: "T2", MODE_T3: "T3"}


def _level(channel: int) -> Any:
    def read(self: PicoHarp300) -> float:
        return self._levels[channel]

    def write(self: PicoHarp300, millivolts: float) -> None:
        self._set_level(channel, millivolts)

    return property(read, write, doc=f"Control the discriminator of input {channel}, in mV below ground.")


class PHLibModule(Protocol):
    """What the driver needs of :mod:`.picoquant_phlib`."""

    def load(self) -> PHLib: ...


class PicoHarp300(Binning, SdkInstrument):
    """Two inputs and four markers.

    Fulfils :class:`~antistokes.instruments.roles.PhotonCounter` (histogram mode) and
    :class:`~antistokes.instruments.roles.TimeTagger` (T2 or T3).

    Initialising and calibrating takes place when it opens and when the kind of measurement changes.

    :param sdk: :mod:`.picoquant_phlib`, or the twin of it
    :param resource: serial number
    :param mode: of the stream: "T2" with the trigger at input 0, "T3" with a fast clock there (0.5 to 10 MHz)
        and the trigger at a marker input
    :param marker: that marker input, 1 to 4; rising edge
    :param sync_level, photon_level: discriminators of inputs 0 and 1, mV below ground
    :param zero_cross: of both constant-fraction discriminators, mV
    """

    MODEL = "PicoQuant PicoHarp 300"
    INTERFACES = ("USB 2.0 (PHLib 3.0)",)
    VERIFIED = (
        "Against the twin, whose PHLib functions also served the QMI 0.54 driver and the calls of "
        "PicoQuant's Python demo; records against ptufile's decoder; not with a PicoHarp or PHLib."
    )
    SDK_MODULE = "antistokes.instruments.counters.picoquant_phlib"
    ROLES = (PhotonCounter, TimeTagger)
    LIMITS: ClassVar[dict[str, Limit]] = {
        "bin_width": Limit(4e-12, 512e-12, "s"),
        "bins": Limit(1, HISTOGRAM_BINS, "bins"),
        "sync_level": Limit(0, 800, "mV"),
        "photon_level": Limit(0, 800, "mV"),
    }
    SNAPSHOT = ("serial_number", "library_version", "mode", *LIMITS)

    settle_time = 0.0
    #: counts at which a bin is full; a histogram ends there
    saturation = float(FULL_BIN)
    photon_channel = PHOTONS
    sync_level = _level(0)
    photon_level = _level(1)

    def __init__(
        self,
        sdk: PHLibModule,
        resource: str,
        name: str = "",
        *,
        clock: Clock | None = None,
        mode: Literal["T2", "T3"] = "T2",
        marker: int = 1,
        sync_level: float = 100.0,
        photon_level: float = 100.0,
        zero_cross: tuple[int, int] = (10, 10),
    ) -> None:
        self._begin(name or self.MODEL, clock)
        if not 1 <= marker <= 4 or not all(0 <= level <= 20 for level in zero_cross):
            raise Refused(
                f"{self.name}: marker = {marker}, zero_cross = {zero_cross}: "
                "must be 1 to 4, and 0 to 20 mV for both inputs"
            )
        self.serial_number, self.mode, self._marker = resource, mode, marker
        self._zero_cross = zero_cross
        self.check_limit("sync_level", sync_level)
        self.check_limit("photon_level", photon_level)
        self._levels = [float(round(sync_level)), float(round(photon_level))]
        self._mode: int | None = None
        self._divider = 1
        self._binning = _BINNINGS - 1
        self._bins = HISTOGRAM_BINS
        self._triggers = 0.0
        self._streaming = False
        self._harp = PicoHarpConnection(sdk.load(), resource, self.name)
        self.library_version = self._harp.library_version
        try:
            self._use(MODE_HISTOGRAM)
            self.identity()
            self._base = self._harp.base_resolution() * 1e-12
        except BaseException:
            self.close()
            raise

    def identity(self) -> str:
        """Model, part number and version. :raises WrongModel: no PicoHarp 300"""
        with self.lock:
            model, part, version = self._harp.hardware()
        if model.replace(" ", "").lower() != "picoharp300":
            raise WrongModel(
                self.name, f"{self.MODEL} expected, but '{model}' answers as '{self.serial_number}'"
            )
        return f"{model} {part} {version}"

    # -- settings ---------------------------------------------------------------------------------

    @property
    def bin_width(self) -> float:
        """Control the width of a histogram's bin, in s: 4 ps times a power of two."""
        return self._base * 2.0**self._binning

    @bin_width.setter
    def bin_width(self, seconds: float) -> None:
        self._binning = min(max(math.ceil(math.log2(seconds / self._base) - 1e-9), 0), _BINNINGS - 1)

    @property
    def bins(self) -> int:
        """Control how many bins of a histogram are read (of 65536)."""
        return self._bins

    @bins.setter
    def bins(self, count: int) -> None:
        self._bins = math.ceil(count)

    def _set_level(self, channel: int, millivolts: float) -> None:
        with self.lock:
            self._levels[channel] = float(round(millivolts))
            self._harp.call("SetInputCFD", channel, round(millivolts), self._zero_cross[channel])

    @property
    def trigger_channel(self) -> int:
        """Get the channel of the trigger in a stream: 0 for input 0, 101 to 104 for a marker."""
        return SYNC if self.mode == "T2" else MARKER + self._marker

    @property
    def triggers(self) -> float:
        """Get the triggers in the last histogram: mean rate at the sync input times the time measured.

        The device does not count them; its rate meter knows 10 per s.
        """
        return self._triggers

    # -- histograms ---------------------------------------------------------------------------------

    def count_rate(self) -> float:
        """Photons per second now."""
        with self.lock:
            return float(self._harp.integer("GetCountRate", 1))

    def histogram(self, seconds: float) -> npt.NDArray[np.float64]:
        """Collect for *seconds*, or until a bin is full: photons per bin, (bins,)."""
        milliseconds = self._milliseconds(seconds)
        with self.lock:
            self._use(MODE_HISTOGRAM)
            self._divide_syncs()
            harp = self._harp
            harp.call("SetBinning", self._binning)
            width = harp.real("GetResolution") * 1e-12
            if not math.isclose(width, self.bin_width):
                raise BadAnswer(self.name, f"bin width is {width:g} s; {self.bin_width:g} s was set")
            harp.call("SetStopOverflow", 1, FULL_BIN)
            harp.call("ClearHistMem", 0)
            self._start(milliseconds)
            try:
                rates = self._wait(milliseconds / 1e3)
                elapsed = harp.real("GetElapsedMeasTime") / 1e3
            finally:
                harp.call("StopMeas")
            harp.check_flags()
            self._triggers = float(np.mean(rates)) * elapsed
            return harp.histogram()[: self._bins].astype(np.float64)

    def _divide_syncs(self) -> None:
        """Behind its divider the sync input must not be faster than its dead time allows, or the rate meter,
        which tells the rate before the divider, counts triggers that were not heard.
        """
        rate = self._harp.integer("GetCountRate", 0)
        divider = next((d for d in _DIVIDERS if rate <= d * _FASTEST_SYNC), None)
        if divider is None:
            most = _DIVIDERS[-1] * _FASTEST_SYNC
            raise DeviceFault(self.name, f"{rate}/s at the sync input; it follows {most:g}/s at most")
        if divider != self._divider:
            self._harp.call("SetSyncDiv", divider)
            self._divider = divider
            self.clock.sleep(_RATES)

    def _wait(self, seconds: float) -> list[int]:
        """Until the measurement has ended; the sync rates meanwhile."""
        begin = self.clock.now()
        rates = [self._harp.integer("GetCountRate", 0)]
        while not self._harp.integer("CTCStatus"):
            left = seconds - (self.clock.now() - begin)
            if left < -_PATIENCE:
                raise DeviceTimeout(
                    self.name, f"a histogram of {seconds:g} s has not ended {-left:g} s later"
                )
            self.clock.sleep(min(max(left, _PAUSE), _POLL))
            rates.append(self._harp.integer("GetCountRate", 0))
        return rates

    # -- streams ------------------------------------------------------------------------------------

    def stream(self, seconds: float) -> Iterator[Tags]:
        """Every event of the next *seconds* in blocks, in order of time, from the first one asked for on.

        :raises DeviceFault: events were lost (the buffer was not read in time), or the sync rate is none
            that T3 can work with
        """
        return self._stream(self._milliseconds(seconds))

    def _stream(self, milliseconds: int) -> Iterator[Tags]:
        harp = self._harp
        with self.lock:
            decoder = self._prepare_stream()
            self._start(milliseconds)
            self._streaming = True
        deadline = self.clock.now() + milliseconds / 1e3 + _PATIENCE
        try:
            ended = False
            while True:
                with self.lock:
                    words = harp.records()
                    harp.check_flags()
                    last = ended and not len(words)
                    ended = ended or (len(words) < MAX_RECORDS and harp.integer("CTCStatus") != 0)
                if last:
                    return
                if len(words):
                    try:
                        tags = decoder.decode(words)
                    except ValueError as error:
                        raise BadAnswer(self.name, f"'PH_ReadFiFo': {error}") from error
                    yield tags
                if self.clock.now() > deadline and not ended:
                    raise DeviceTimeout(self.name, f"a stream of {milliseconds / 1e3:g} s does not end")
                if len(words) < MAX_RECORDS // 2 and not ended:
                    self.clock.sleep(_PAUSE)
        finally:
            with self.lock:
                self._streaming = False
                harp.call("StopMeas")

    def _prepare_stream(self) -> Decoder:
        harp = self._harp
        if not harp.integer("GetFeatures") & FEATURE_TTTR:
            raise DeviceFault(self.name, "it has no time-tagging option (TTTR)")
        self._use(MODE_T2 if self.mode == "T2" else MODE_T3)
        if self.mode == "T2":
            return Decoder("T2", self._base * 1e12)
        rate = harp.integer("GetCountRate", 0)
        period = 1 / rate if rate else math.inf
        longest = _T3_DELAYS * self._base * 2.0 ** (_BINNINGS - 1)
        if period > longest:
            raise DeviceFault(
                self.name,
                f"{rate}/s at the sync input: T3 loses photons later than {longest * 1e6:.3g} µs after "
                "a sync; use a clock of at least 500 kHz there and a marker for the trigger, or T2",
            )
        # a little longer than the period, for its jitter
        binning = max(math.ceil(math.log2(1.01 * period / (_T3_DELAYS * self._base))), 0)
        harp.call("SetBinning", min(binning, _BINNINGS - 1))
        return Decoder("T3", period * 1e12, harp.real("GetResolution"))

    # -- common ---------------------------------------------------------------------------------------

    def make_safe(self) -> None:
        """End the measurement; it switches nothing that could harm."""
        with self.lock:
            self._harp.call("StopMeas")

    def close(self) -> None:
        if "_harp" in self.__dict__:
            with self.lock:
                self._harp.close()

    def _use(self, mode: int) -> None:
        """Initialise for *mode*, if it is another one; all settings are lost by that."""
        if self._streaming:
            raise Refused(f"{self.name}: a stream is running; it must end before another measurement")
        if mode == self._mode:
            return
        self._mode, self._divider = None, 1
        markers = [mode == MODE_T3 and i == self._marker for i in range(1, 5)]
        self._harp.initialise(
            mode, tuple(zip(map(int, self._levels), self._zero_cross, strict=True)), markers
        )
        self.clock.sleep(_RATES)
        self._mode = mode

    def _start(self, milliseconds: int) -> None:
        if warnings := self._harp.start(milliseconds):
            log.warning("%s: %s mode: %s", self.name, _MODES[self._mode or 0], warnings)

    def _milliseconds(self, seconds: float) -> int:
        if not 1e-3 <= seconds <= _LONGEST:
            raise Refused(f"{self.name}: measure for {seconds:g} s: must be 0.001 to {_LONGEST} s")
        return round(seconds * 1e3)
