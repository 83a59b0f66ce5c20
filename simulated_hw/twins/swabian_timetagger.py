"""Twin of a Swabian Time Tagger: plays the module ``Swabian.TimeTagger``.

Names, parameters and refusals as in swabian-timetagger 2.22.6, whose docstrings also give dead times and
buffers of the models. Rates to the computer and ranges of the thresholds are assumed. Not simulated: the
jitter of a time tag (34 ps or less), conditional filter, event divider, reference clocks, virtual channels.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from antistokes.instruments.records import Positive, Record

from ..bench import Bench
from ..faulty_messages import SdkTwin
from ..photon_counting import Photomultiplier, PhotomultiplierSettings
from . import swabian_measurements
from .swabian_measurements import Measurement

_PS = 1e12
_SLICE = 1e6  # events made at once
_TEST_PERIOD = 1.2e-6  # s
_EDGES = {0: (1, -1), 1: (1,), 2: (-1,)}  # ChannelEdge.All, Rising, Falling


class TaggerModel(NamedTuple):
    """Data of one model; times in ps."""

    inputs: int
    rate: float  # tags per second to the computer
    buffer: int  # tags in the device
    clock: int
    longest_dead_time: int
    whole_clocks: bool  # dead times are


MODELS = {
    "Time Tagger 20": TaggerModel(8, 8.5e6, 8_000_000, 6000, 393_000_000, True),
    "Time Tagger Ultra": TaggerModel(18, 70e6, 64_000_000, 2000, 2_147_000_000, False),
    "Time Tagger X": TaggerModel(18, 70e6, 64_000_000, 1333, 716_000_000, False),
}
_LEVELS = (-2.5, 2.5)  # V


class SwabianSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    model: Literal["Time Tagger 20", "Time Tagger Ultra", "Time Tagger X"] = "Time Tagger 20"
    #: tags per second that reach the computer; without it the model's
    rate_per_s: Positive | None = None
    #: where the cables are
    trigger_input: int = 1
    photon_input: int = 2
    #: height and width of the detector's pulses
    pulse_V: Positive = 2.0
    pulse_s: Positive = 10e-9
    detector: PhotomultiplierSettings = PhotomultiplierSettings()


class SwabianTwin(SdkTwin):
    """One Time Tagger on the computer's USB.

    :param name: the instrument's name in the station
    :param bench: the shared world
    :param settings: the twin's own table ``[simulation.twins.NAME]``
    """

    model = "Swabian Time Tagger"
    Settings = SwabianSettings
    #: serial number; the world sets it to the station file's resource
    resource_name = "1740000JG2"

    def __init__(self, name: str, bench: Bench, settings: SwabianSettings | None = None) -> None:
        self.name, self.bench = name, bench
        self.settings = SwabianSettings() if settings is None else settings
        self.rng = bench.rng(name)
        self.is_open = False

    def sdk(self) -> Any:
        """The object that plays ``Swabian.TimeTagger`` with this one device plugged in."""
        names = ("TimeTagStream", "Histogram", "Countrate", "SynchronizedMeasurements")
        return SimpleNamespace(
            scanTimeTagger=self._scan,
            createTimeTagger=self._create,
            freeTimeTagger=lambda tagger: tagger.free(),
            getTimeTaggerModel=lambda serial: self.settings.model,
            **{name: getattr(swabian_measurements, name) for name in names},
        )

    def _scan(self, include_model_name: bool = False) -> tuple[str, ...]:
        line = f"{self.resource_name},{self.settings.model}" if include_model_name else self.resource_name
        return () if self.is_open else (line,)

    def _create(self, serial: str = "", resolution: int = 0) -> TaggerDevice:
        if serial not in ("", self.resource_name):
            raise RuntimeError(
                f"The serial number argument '{serial}' is not a valid Time Tagger serial number."
            )
        if self.is_open:
            raise RuntimeError("No Time Tagger attached or already in use.")
        self.is_open = True
        return TaggerDevice(self)


class TaggerDevice:
    """What ``createTimeTagger`` gives. A trigger of the pulse generator falls on time 0 of the bench."""

    def __init__(self, twin: SwabianTwin) -> None:
        self.device, self._twin = self, twin
        self.clock, self._bench = twin.bench.clock, twin.bench
        self._data = MODELS[twin.settings.model]
        self._rate = twin.settings.rate_per_s or self._data.rate
        self.running: set[Measurement] = set()
        self._overflows, self._backlog = 0, 0.0
        self._time = self.now()
        self.reset()

    # -- settings -------------------------------------------------------------------------------------

    def reset(self) -> None:
        channels = self.getChannelList(0)
        self._levels = dict.fromkeys(range(1, self._data.inputs + 1), 0.5)
        self._delays, self._dead = dict.fromkeys(channels, 0), dict.fromkeys(channels, self._data.clock)
        self._test: set[int] = set()

    def free(self) -> None:
        """The object must not be used after it."""
        self.running.clear()
        self._twin.is_open = False

    def check_channel(self, channel: int) -> int:
        if not self._twin.is_open:
            raise RuntimeError("the Time Tagger has been freed")
        if channel not in self._delays:
            raise RuntimeError(f"The channel {channel} is not available")
        return channel

    def getChannelList(self, type: int = 0) -> tuple[int, ...]:  # noqa: N802
        return tuple(sign * n for sign in _EDGES[type] for n in range(1, self._data.inputs + 1))

    def getModel(self) -> str:  # noqa: N802
        return self._twin.settings.model

    def getSerial(self) -> str:  # noqa: N802
        return self._twin.resource_name

    def getPsPerClock(self) -> int:  # noqa: N802
        return self._data.clock

    def getHardwareBufferSize(self) -> int:  # noqa: N802
        return self._data.buffer

    def getTriggerLevelRange(self, channel: int) -> tuple[float, ...]:  # noqa: N802
        return _LEVELS

    def getTriggerLevel(self, channel: int) -> float:  # noqa: N802
        return self._levels[abs(self.check_channel(channel))]

    def setTriggerLevel(self, channel: int, voltage: float) -> None:  # noqa: N802
        if not _LEVELS[0] <= voltage <= _LEVELS[1]:
            raise RuntimeError(f"The trigger level {voltage} V is out of range")
        self._change(self._levels, abs(self.check_channel(channel)), voltage)

    def getInputDelay(self, channel: int) -> int:  # noqa: N802
        return self._delays[self.check_channel(channel)]

    def setInputDelay(self, channel: int, delay: int) -> None:  # noqa: N802
        self._change(self._delays, self.check_channel(channel), int(delay))

    def getDeadtimeRange(self, channel: int) -> tuple[int, ...]:  # noqa: N802
        return self._data.clock, self._data.longest_dead_time

    def getDeadtime(self, channel: int) -> int:  # noqa: N802
        return self._dead[self.check_channel(channel)]

    def setDeadtime(self, channel: int, deadtime: int) -> int:  # noqa: N802
        """The dead time in force."""
        data = self._data
        if deadtime > data.longest_dead_time:
            raise RuntimeError(f"The dead time {deadtime} ps is too long")
        rounded = round(deadtime / data.clock) * data.clock if data.whole_clocks else int(deadtime)
        self._change(self._dead, self.check_channel(channel), max(rounded, data.clock))
        return self._dead[channel]

    def setTestSignal(self, channels: int | list[int], enabled: bool) -> None:  # noqa: N802
        """Regular events of the device's own in place of what is on the input."""
        self.advance()
        numbers = {abs(self.check_channel(c)) for c in np.atleast_1d(channels).tolist()}
        self._test = self._test | numbers if enabled else self._test - numbers

    def getOverflows(self) -> int:  # noqa: N802
        self.advance()
        return self._overflows

    def clearOverflows(self) -> None:  # noqa: N802
        self.advance()
        self._overflows = 0

    def getOverflowsAndClear(self) -> int:  # noqa: N802
        found = self.getOverflows()
        self._overflows = 0
        return found

    def sync(self, timeout: int = -1) -> bool:
        self.advance()
        return True

    def _change(self, table: dict[int, Any], channel: int, value: Any) -> None:
        self.advance()  # what came before came with the old value
        table[channel] = value

    # -- events -----------------------------------------------------------------------------------------

    def now(self) -> float:
        return self.clock.now()

    def handed_over(self, data: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What the computer gets in place of *data*."""
        return self._twin.handed_over(data)

    def attach(self, measurement: Measurement) -> None:
        measurement.start()

    def advance(self) -> float:
        """Give the measurements what came since the last call, through the link to the computer.

        :returns: the time until which they have it
        """
        if self._twin.call_fails("transfer"):
            raise RuntimeError("The Time Tagger got disconnected or the USB transfer failed")
        with self._bench.lock:
            now = self.now()
            while self._time < now:
                channels = {channel for measurement in self.running for channel in measurement.channels}
                rate = sum(self._channel_rate(channel) for channel in channels)
                end = min(now, self._time + max(_SLICE / rate, 1e-3)) if rate else now
                lost = self._transfer(rate, end - self._time)
                for measurement in tuple(self.running):
                    measurement.take(self._time, end, lost)
                self._time = end
            return self._time

    def _transfer(self, rate: float, seconds: float) -> float:
        """The fraction of the events that find the device's buffer full."""
        waiting = max(0.0, self._backlog + (rate - self._rate) * seconds)
        self._backlog = min(waiting, float(self._data.buffer))
        if waiting <= self._data.buffer:
            return 0.0
        self._overflows += 1
        return min(1.0, (waiting - self._backlog) / (rate * seconds))

    def _detector(self, channel: int) -> Photomultiplier:
        settings = self._twin.settings.detector
        dead = max(settings.dead_time_s, self._dead[channel] / _PS)
        return Photomultiplier(
            self._bench, msgspec.structs.replace(settings, dead_time_s=dead), self._twin.rng
        )

    def _period(self, channel: int) -> float | None:
        """Of events that come regularly, s."""
        if abs(channel) in self._test:
            return _TEST_PERIOD
        train = self._bench.triggers()
        wired = abs(channel) == self._twin.settings.trigger_input
        return train.period if train and wired and self._crosses(channel, train.high) else None

    def _has_photons(self, channel: int) -> bool:
        settings = self._twin.settings
        wired = abs(channel) == settings.photon_input and abs(channel) not in self._test
        return wired and self._crosses(channel, settings.pulse_V)

    def _crosses(self, channel: int, volts: float) -> bool:
        return 0 < self._levels[abs(channel)] < volts

    def _channel_rate(self, channel: int) -> float:
        period = self._period(channel)
        if period is not None:
            return 1 / period
        return self._detector(channel).rate() if self._has_photons(channel) else 0.0

    def _delay(self, channel: int) -> float:
        """From a rising edge at the input to the time tag, s."""
        falling = 0.0
        if channel < 0:
            train = self._bench.triggers()
            trigger = abs(channel) == self._twin.settings.trigger_input
            falling = train.width if train and trigger else self._twin.settings.pulse_s
        return self._delays[channel] / _PS + falling

    def events(self, channel: int, begin: float, end: float) -> npt.NDArray[np.int64]:
        """Time tags of *channel* in [begin, end), ps."""
        delay = self._delay(channel)
        begin, end = begin - delay, end - delay
        period = self._period(channel)
        if period is not None:
            seconds = np.arange(math.ceil(begin / period), math.ceil(end / period)) * period
        elif self._has_photons(channel):
            seconds = self._detector(channel).arrivals(begin, end)
        else:
            seconds = np.empty(0)
        return np.rint((seconds + delay) * _PS).astype(np.int64)

    def counts(self, channel: int, begin: float, end: float) -> int:
        """Events of *channel* in [begin, end)."""
        if self._has_photons(channel):
            return self._detector(channel).counts(end - begin)
        return len(self.events(channel, begin, end))

    def after_triggers(
        self, click: int, start: int, edges: npt.NDArray[np.float64], starts: float
    ) -> npt.NDArray[np.float64]:
        """Clicks between *edges* (s) after *starts* starts."""
        if not starts or not self._has_photons(click) or abs(start) != self._twin.settings.trigger_input:
            return np.zeros(len(edges) - 1)
        shift = self._delay(click) - self._delay(start)
        return self._detector(click).histogram(edges - shift, starts)
