"""Swabian Instruments Time Tagger (20, Ultra, X) through the maker's Python package.

Source: docstrings and behaviour without hardware of ``swabian-timetagger`` 2.22.6.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from ..clock import Clock
from ..counts import check_counts
from ..device import Limit, SdkInstrument
from ..errors import BadAnswer, ConnectionFailed, DeviceFault, DeviceTimeout, Refused, WrongModel
from ..roles import PhotonCounter, TimeTagger
from ..tags import Tags
from .binning import Binning
from .swabian_sdk import StreamBuffer, Tagger, TimeTaggerSdk

T = TypeVar("T")

_PS = 1e12  # ps in a second
_BLOCK = 0.05  # s between two blocks of a stream
_RATE_TIME = 0.1  # s
_LATE = 5.0  # s that a measurement may end after its time
_EVENTS = {1: "an error of the time base", 2: "an overflow", 3: "an overflow", 4: "missed events"}


def _of_channel(getter: str, setter: str, channel: str, scale: float, doc: str) -> Any:
    """A property that the SDK knows per channel, as *scale* times our unit."""

    def read(self: SwabianTimeTagger) -> float:
        call = getattr(self._tagger, getter)
        return float(self._ask(getter, call, getattr(self, channel))) / scale

    def write(self: SwabianTimeTagger, value: float) -> None:
        sent = value if scale == 1 else round(value * scale)
        self._ask(setter, getattr(self._tagger, setter), getattr(self, channel), sent)

    return property(read, write, doc=doc)


class SwabianTimeTagger(Binning, SdkInstrument):
    """A Time Tagger with the excitation's trigger on one input and the photons on another.

    Fulfils :class:`~antistokes.instruments.roles.TimeTagger` and
    :class:`~antistokes.instruments.roles.PhotonCounter`. Its histogram counts every photon after every
    trigger, also when the next trigger has come in between.

    :param sdk: the module ``Swabian.TimeTagger``, or the twin of it
    :param resource: serial number
    :param trigger_channel, photon_channel: inputs; a negative number means falling edges
    :param trigger_level, photon_level: V to begin with
    :param buffer: tags that may wait in the computer between two blocks of a stream
    """

    MODEL = "Swabian Time Tagger"
    SDK_MODULE = "Swabian.TimeTagger"
    INTERFACES = ("USB",)
    VERIFIED = (
        "Names, parameters and refusals against swabian-timetagger 2.22.6 without hardware, behaviour "
        "against the twin. Not against a Time Tagger."
    )
    ROLES = (TimeTagger, PhotonCounter)
    LIMITS: ClassVar[dict[str, Limit]] = {
        "trigger_level": Limit(-5, 5, "V"),
        "photon_level": Limit(-5, 5, "V"),
        "trigger_delay": Limit(-1, 1, "s"),
        "photon_delay": Limit(-1, 1, "s"),
        "dead_time": Limit(0, 2.2e-3, "s"),
        "bin_width": Limit(1e-12, 1, "s"),
        "bins": Limit(1, 1_000_000, "bins"),
    }
    SNAPSHOT = ("serial_number", "trigger_channel", "photon_channel", *LIMITS)

    settle_time = 0.0
    #: counts at which a bin is full: the SDK's bins have 32 bits with a sign
    saturation = float(2**31 - 1)

    trigger_level = _of_channel(
        "getTriggerLevel", "setTriggerLevel", "trigger_channel", 1, "Control the trigger's threshold, in V."
    )
    photon_level = _of_channel(
        "getTriggerLevel", "setTriggerLevel", "photon_channel", 1, "Control the photons' threshold, in V."
    )
    trigger_delay = _of_channel(
        "getInputDelay", "setInputDelay", "trigger_channel", _PS, "Control what is added to triggers, in s."
    )
    photon_delay = _of_channel(
        "getInputDelay", "setInputDelay", "photon_channel", _PS, "Control what is added to photons, in s."
    )
    dead_time = _of_channel(
        "getDeadtime",
        "setDeadtime",
        "photon_channel",
        _PS,
        "Control how long no photon is seen after a photon, in s; the device rounds it.",
    )

    def __init__(
        self,
        sdk: TimeTaggerSdk,
        resource: str,
        name: str = "",
        *,
        clock: Clock | None = None,
        trigger_channel: int = 1,
        photon_channel: int = 2,
        trigger_level: float = 0.5,
        photon_level: float = 0.5,
        buffer: int = 10_000_000,
    ) -> None:
        self._begin(name or self.MODEL, clock)
        self._sdk, self.buffer = sdk, buffer
        self.trigger_channel, self.photon_channel = trigger_channel, photon_channel
        self._tagger = self._open(resource)
        try:
            self._configure(trigger_level, photon_level)
        except BaseException:
            self.close()
            raise

    def _open(self, serial: str) -> Tagger:
        attached = self._ask("scanTimeTagger", self._sdk.scanTimeTagger)
        if serial not in attached:
            there = ", ".join(attached) or "none"
            raise ConnectionFailed(self.name, f"no Time Tagger with serial number '{serial}'; free: {there}")
        try:
            return self._sdk.createTimeTagger(serial)
        except Exception as error:
            raise ConnectionFailed(self.name, f"cannot open '{serial}': {error}") from error

    def _configure(self, trigger_level: float, photon_level: float) -> None:
        tagger = self._tagger
        self.model: str = self._ask("getModel", tagger.getModel)
        self.serial_number: str = self._ask("getSerial", tagger.getSerial)
        if "time tagger" not in self.model.lower():
            raise WrongModel(self.name, f"{self.MODEL} expected, but '{self.model}' answers")
        known = list(self._ask("getChannelList", tagger.getChannelList))
        for word in ("trigger", "photon"):
            channel = getattr(self, f"{word}_channel")
            if channel not in known:
                raise Refused(f"{self.name}: {word}_channel = {channel}: {self.model} has {known}")
            low, high = self._ask("getTriggerLevelRange", tagger.getTriggerLevelRange, channel)
            self.told_limit(f"{word}_level", low, high)
        shortest, longest = self._ask("getDeadtimeRange", tagger.getDeadtimeRange, self.photon_channel)
        self.told_limit("dead_time", shortest / _PS, longest / _PS)
        self.trigger_level, self.photon_level = trigger_level, photon_level
        self._bin_width, self._bins = 1_000_000, 10_000  # ps; 10 ms in all
        #: triggers in the last histogram
        self.triggers = 0.0

    def snapshot(self) -> dict[str, Any]:
        """Its settings now, and which Time Tagger it is."""
        return super().snapshot() | {"model": self.model}

    # -- PhotonCounter ------------------------------------------------------------------------------

    @property
    def bin_width(self) -> float:
        """Control the width of a bin, in s; whole ps, never shorter than what was asked for."""
        return self._bin_width / _PS

    @bin_width.setter
    def bin_width(self, seconds: float) -> None:
        # 1e-9 takes away what the float has too much: 3e-12 is 3 ps
        self._bin_width = math.ceil(seconds * _PS * (1 - 1e-9))

    @property
    def bins(self) -> int:
        """Control the number of bins of a histogram."""
        return self._bins

    @bins.setter
    def bins(self, number: int) -> None:
        self._bins = math.ceil(number)

    def histogram(self, seconds: float) -> npt.NDArray[np.float64]:
        """Collect for *seconds*: photons per bin, shape (bins,), dark counts included.

        :raises DeviceFault: events were lost on the way to the computer
        """
        sdk = self._sdk
        with self.lock:
            together = self._ask("SynchronizedMeasurements", sdk.SynchronizedMeasurements, self._tagger)
            proxy = self._ask("getTagger", together.getTagger)
            clicks = self._ask(
                "Histogram",
                sdk.Histogram,
                proxy,
                self.photon_channel,
                self.trigger_channel,
                self._bin_width,
                self._bins,
            )
            starts = self._ask("Countrate", sdk.Countrate, proxy, [self.trigger_channel])
            self._measure(together, seconds)
            self.triggers = float(self._ask("getCountsTotal", starts.getCountsTotal)[0])
            counts = np.array(self._ask("getData", clicks.getData), dtype=np.float64)
            if counts.shape != (self._bins,):
                raise BadAnswer(self.name, f"a histogram of shape {counts.shape}, expected ({self._bins},)")
            check_counts(self.name, "getData", counts, self.saturation)
            return counts

    def count_rate(self) -> float:
        """Photons per second now, counted for 0.1 s."""
        with self.lock:
            counter = self._ask("Countrate", self._sdk.Countrate, self._tagger, [self.photon_channel])
            self._measure(counter, _RATE_TIME)
            return float(self._ask("getCountsTotal", counter.getCountsTotal)[0]) / _RATE_TIME

    def _measure(self, measurement: Any, seconds: float) -> None:
        """Run *measurement* for *seconds* and see that nothing was lost."""
        self._ask("getOverflowsAndClear", self._tagger.getOverflowsAndClear)
        self._ask("startFor", measurement.startFor, round(seconds * _PS))
        try:
            self.clock.sleep(seconds)
            finished = self._ask("waitUntilFinished", measurement.waitUntilFinished, round(_LATE * 1e3))
        finally:
            self._ask("stop", measurement.stop)
        if not finished:
            raise DeviceTimeout(
                self.name, f"a measurement of {seconds:g} s has not ended after {_LATE:g} s more"
            )
        overflows = self._ask("getOverflowsAndClear", self._tagger.getOverflowsAndClear)
        if overflows:
            raise DeviceFault(
                self.name, f"events were lost: {overflows} overflows; fewer events per second are needed"
            )

    # -- TimeTagger -----------------------------------------------------------------------------------

    def stream(self, seconds: float) -> Iterator[Tags]:
        """Every event of the *seconds* from the first block on, in blocks, in order of time; none is empty.

        :raises DeviceFault: events were lost, on the device or because blocks were taken too slowly
        """
        channels = [self.trigger_channel, self.photon_channel]
        with self.lock:
            stream = self._ask("TimeTagStream", self._sdk.TimeTagStream, self._tagger, self.buffer, channels)
            self._ask("startFor", stream.startFor, round(seconds * _PS))
        begin = self.clock.now()
        due, running = begin, True
        try:
            while running:
                due = max(due + min(_BLOCK, seconds), self.clock.now())
                self.clock.sleep(due - self.clock.now())
                with self.lock:
                    # asked before the data are: what came until the end is in the last block
                    running = self._ask("isRunning", stream.isRunning)
                    tags = self._block(self._ask("getData", stream.getData))
                if len(tags.times):
                    yield tags
                if running and self.clock.now() > begin + seconds + _LATE:
                    raise DeviceTimeout(
                        self.name, f"a stream of {seconds:g} s has not ended {_LATE:g} s later"
                    )
        finally:
            with self.lock:
                self._ask("stop", stream.stop)

    def _block(self, buffer: StreamBuffer) -> Tags:
        size = int(buffer.size)
        if size >= self.buffer:
            raise DeviceFault(
                self.name,
                f"events were lost: {size} waited, more than the buffer holds; blocks are taken too slowly",
            )
        kinds = np.asarray(buffer.getEventTypes())
        if buffer.hasOverflows or kinds.any():
            words = sorted(
                {_EVENTS.get(int(kind), f"event type {kind}") for kind in np.unique(kinds[kinds != 0])}
            )
            missed = int(np.asarray(buffer.getMissedEvents(), dtype=np.int64).sum())
            raise DeviceFault(
                self.name, f"events were lost ({missed} or more): {', '.join(words) or 'an overflow'}"
            )
        times = np.asarray(buffer.getTimestamps(), dtype=np.int64) - int(buffer.tStart)
        channels = np.array(buffer.getChannels(), dtype=np.int32)
        if times.shape != (size,) or channels.shape != (size,):
            raise BadAnswer(self.name, f"{times.shape} times and {channels.shape} channels for {size} events")
        return Tags(times, channels)

    def close(self) -> None:
        if "_tagger" in self.__dict__:
            with self.lock:
                self._ask("freeTimeTagger", self._sdk.freeTimeTagger, self.__dict__.pop("_tagger"))

    def _ask(self, what: str, call: Callable[..., T], *args: Any) -> T:
        """Call the SDK. :raises DeviceFault: whatever it raises"""
        try:
            return call(*args)
        except Exception as error:
            raise DeviceFault(self.name, f"'{what}' failed: {type(error).__name__}: {error}") from error
