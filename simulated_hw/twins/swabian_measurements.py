"""Measurements of the Time Tagger twin: stream, histogram, count rate, and several that begin together.

Each takes what its device saw, slice by slice of time, when somebody asks. A histogram knows photons after
triggers; of other pairs of channels it stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from .swabian_timetagger import TaggerDevice

TIME_TAG, ERROR, OVERFLOW_BEGIN, OVERFLOW_END, MISSED_EVENTS = range(5)
_PS = 1e12
_MISSED_AT_ONCE = 65_535
_FULL_BIN = 2**31 - 1


class Measurement:
    """``IteratorBase``: begins when it is made, unless it is made with a proxy.

    :param channels: whose events it needs
    """

    def __init__(self, tagger: TaggerDevice | Proxy, channels: Sequence[int]) -> None:
        self.channels = [int(channel) for channel in channels]
        self.tagger = tagger.device
        for channel in self.channels:
            self.tagger.check_channel(channel)
        self._begin = self._end = 0.0
        self.captured = 0.0  # s
        self.clear()
        tagger.attach(self)

    def take(self, begin: float, end: float, lost: float) -> None:
        """The device saw [begin, end), and lost the fraction *lost* of it."""
        begin, end = max(begin, self._begin), min(end, self._end)
        if begin < end:
            self.captured += end - begin
            self._take(begin, end, lost)

    def _take(self, begin: float, end: float, lost: float) -> None:
        raise NotImplementedError

    def _reset(self) -> None:
        raise NotImplementedError

    def clear(self) -> None:
        self.tagger.advance()
        self.captured = 0.0
        self._reset()

    def start(self) -> None:
        _start([self], float("inf"))

    def startFor(self, capture_duration: int, clear: bool = True) -> None:  # noqa: N802
        if clear:
            self.clear()
        _start([self], capture_duration / _PS)

    def run_from(self, begin: float, seconds: float) -> None:
        """Take what comes in *seconds* from the time *begin* on."""
        self._begin, self._end = begin, begin + seconds
        self.tagger.running.add(self)

    def stop(self) -> None:
        self.tagger.advance()
        self._end = min(self._end, self.tagger.now())
        self.tagger.running.discard(self)

    def abort(self) -> None:
        self.stop()
        self.clear()

    def isRunning(self) -> bool:  # noqa: N802
        self.tagger.advance()
        if self.tagger.now() >= self._end:
            self.tagger.running.discard(self)
        return self in self.tagger.running

    def waitUntilFinished(self, timeout: int = -1) -> bool:  # noqa: N802
        """:raises RuntimeError: it would wait for ever; the SDK would"""
        left = self._end - self.tagger.now() if self in self.tagger.running else 0.0
        if timeout < 0 and left == float("inf"):
            raise RuntimeError("a measurement without an end was waited for")
        # a little more: what the sum of two floats leaves away
        self.tagger.clock.sleep(min(left + 1e-9, timeout / 1e3) if timeout >= 0 else left + 1e-9)
        return not self.isRunning()

    def getCaptureDuration(self) -> int:  # noqa: N802
        self.tagger.advance()
        return round(self.captured * _PS)


def _start(measurements: list[Measurement], seconds: float) -> None:
    """All at the same moment."""
    if measurements:
        begin = measurements[0].tagger.advance()
        for measurement in measurements:
            measurement.run_from(begin, seconds)


class Proxy:
    """What ``SynchronizedMeasurements.getTagger`` gives: measurements made with it wait for the others."""

    def __init__(self, device: TaggerDevice, members: list[Measurement]) -> None:
        self.device, self._members = device, members

    def attach(self, measurement: Measurement) -> None:
        self._members.append(measurement)


class SynchronizedMeasurements:
    """``SynchronizedMeasurements``: all at once, on the same events."""

    def __init__(self, tagger: TaggerDevice) -> None:
        self._device, self._members = tagger.device, list[Measurement]()

    def getTagger(self) -> Proxy:  # noqa: N802
        return Proxy(self._device, self._members)

    def registerMeasurement(self, measurement: Measurement) -> None:  # noqa: N802
        self._members.append(measurement)

    def start(self) -> None:
        _start(self._members, float("inf"))

    def startFor(self, capture_duration: int, clear: bool = True) -> None:  # noqa: N802
        if clear:
            self.clear()
        _start(self._members, capture_duration / _PS)

    def stop(self) -> None:
        for member in self._members:
            member.stop()

    def clear(self) -> None:
        for member in self._members:
            member.clear()

    def isRunning(self) -> bool:  # noqa: N802
        return any(member.isRunning() for member in self._members)

    def waitUntilFinished(self, timeout: int = -1) -> bool:  # noqa: N802
        return all(member.waitUntilFinished(timeout) for member in self._members)


class StreamBuffer:
    """``TimeTagStreamBuffer``."""

    def __init__(self, columns: list[npt.NDArray[Any]], start: int, end: int) -> None:
        self._columns = columns
        self.size = len(columns[0])
        self.hasOverflows = bool(columns[2].any())
        self.tStart, self.tGetData = start, end

    def getTimestamps(self) -> npt.NDArray[np.int64]:  # noqa: N802
        return self._columns[0]

    def getChannels(self) -> npt.NDArray[np.int32]:  # noqa: N802
        return self._columns[1]

    def getEventTypes(self) -> npt.NDArray[np.uint8]:  # noqa: N802
        return self._columns[2]

    def getMissedEvents(self) -> npt.NDArray[np.uint16]:  # noqa: N802
        return self._columns[3]


class TimeTagStream(Measurement):
    """``TimeTagStream``: keeps at most *n_max_events* until they are fetched, and drops what comes then."""

    def __init__(self, tagger: TaggerDevice | Proxy, n_max_events: int, channels: Sequence[int]) -> None:
        self._most = int(n_max_events)
        super().__init__(tagger, channels)

    def _reset(self) -> None:
        self._pieces: list[list[npt.NDArray[Any]]] = []
        self._count = 0

    def _take(self, begin: float, end: float, lost: float) -> None:
        room = self._most - self._count
        if room <= 0:
            return
        piece = self._merged(begin, end)
        if lost > 0:
            piece = self._overflown(piece, begin, end, lost)
        self._pieces.append([column[:room] for column in piece])
        self._count += len(self._pieces[-1][0])

    def _merged(self, begin: float, end: float) -> list[npt.NDArray[Any]]:
        times = [self.tagger.events(channel, begin, end) for channel in self.channels]
        channels = [np.full(len(t), c, dtype=np.int32) for t, c in zip(times, self.channels, strict=True)]
        joined = np.concatenate(times)
        order = np.argsort(joined, kind="stable")  # merges runs that are sorted
        zeros = np.zeros(len(joined), dtype=np.uint8)
        return [joined[order], np.concatenate(channels)[order], zeros, zeros.astype(np.uint16)]

    def _overflown(
        self, piece: list[npt.NDArray[Any]], begin: float, end: float, lost: float
    ) -> list[npt.NDArray[Any]]:
        """The end of *piece* is replaced by the marks of an overflow and how many are missed."""
        kept = int(len(piece[0]) * (1 - lost))
        first, last = round((end - (end - begin) * lost) * _PS), round(end * _PS)
        marks = [(first, 0, OVERFLOW_BEGIN, 0)]
        for channel in self.channels:
            missed = int(np.sum(piece[1][kept:] == channel))
            while missed > 0:
                marks.append((last, channel, MISSED_EVENTS, min(missed, _MISSED_AT_ONCE)))
                missed -= _MISSED_AT_ONCE
        marks.append((last, 0, OVERFLOW_END, 0))
        return [
            np.append(column[:kept], np.array(mark, dtype=column.dtype))
            for column, mark in zip(piece, zip(*marks, strict=True), strict=True)
        ]

    def getData(self) -> StreamBuffer:  # noqa: N802
        self.tagger.advance()
        empty = [np.empty(0, dtype=kind) for kind in (np.int64, np.int32, np.uint8, np.uint16)]
        columns = [np.concatenate(column) for column in zip(empty, *self._pieces, strict=True)]
        self._reset()
        return StreamBuffer(columns, round(self._begin * _PS), round(self.tagger.now() * _PS))

    def getCounts(self) -> int:  # noqa: N802
        self.tagger.advance()
        return self._count


class Histogram(Measurement):
    """``Histogram``: every click after every start."""

    def __init__(
        self,
        tagger: TaggerDevice | Proxy,
        click_channel: int,
        start_channel: int,
        binwidth: int = 1000,
        n_bins: int = 1000,
    ) -> None:
        self._index = np.arange(n_bins, dtype=np.int64) * int(binwidth)
        self._edges = np.arange(n_bins + 1, dtype=np.float64) * (binwidth / _PS)
        super().__init__(tagger, [click_channel, start_channel])

    def _reset(self) -> None:
        self._data = np.zeros(len(self._index))

    def _take(self, begin: float, end: float, lost: float) -> None:
        click, start = self.channels
        starts = len(self.tagger.events(start, begin, end)) * (1 - lost)
        self._data += self.tagger.after_triggers(click, start, self._edges, starts)

    def getData(self) -> npt.NDArray[np.int32]:  # noqa: N802
        self.tagger.advance()
        return self.tagger.handed_over(np.minimum(self._data, _FULL_BIN).astype(np.int32))

    def getIndex(self) -> npt.NDArray[np.int64]:  # noqa: N802
        return self._index.copy()


class Countrate(Measurement):
    """``Countrate``: the mean since it began."""

    def _reset(self) -> None:
        self._counts = np.zeros(len(self.channels), dtype=np.int64)

    def _take(self, begin: float, end: float, lost: float) -> None:
        self._counts += [round(self.tagger.counts(c, begin, end) * (1 - lost)) for c in self.channels]

    def getCountsTotal(self) -> npt.NDArray[np.int64]:  # noqa: N802
        self.tagger.advance()
        return self._counts.copy()

    def getData(self) -> npt.NDArray[np.float64]:  # noqa: N802
        self.tagger.advance()
        return self._counts / (self.captured or np.nan)
