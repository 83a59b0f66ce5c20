"""Twin of a PicoQuant PicoHarp 300 behind PHLib 3.0.

Source: phlib.h, phdefin.h, errorcodes.h and demo programs of PHLib 3.0.0.3; PicoQuant's glossary of T2 and
T3 mode (dead time 95 ns, buffer of 256 k records). Assumed: 5 million records per s over USB.

A photomultiplier is at input 1; at input 0 the trigger of the pulse generator, or a clock; the trigger is
also at a marker input. In real time it keeps up with about a million photons per s.
"""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from antistokes.instruments.records import NonNegative, Positive, Record

from ..bench import Bench
from ..faulty_messages import SdkTwin
from ..photon_counting import Photomultiplier, PhotomultiplierSettings, alive
from .picoharp_300_phlib import PHLibrary
from .picoharp_300_records import DELAYS, Pulses, Words, t2_words, t3_words

HISTOGRAM, T2, T3 = 0, 2, 3
BINS = 65_536
FULL_BIN = 65_535
BASE_PS = 4.0
_FIFO = 262_144
_GATE = 0.1  # s of the rate meters
_STEP = 100_000  # pulses drawn at once
_READ = 1e-3  # s one look into the buffer takes


class PicoHarpSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    detector: PhotomultiplierSettings = PhotomultiplierSettings()
    #: of a clock at input 0; 0: the pulse generator's trigger is there
    sync_clock_Hz: NonNegative = 0.0
    #: marker input that the trigger is wired to, 1 to 4
    marker: int = 1
    dead_time_s: NonNegative = 95e-9
    #: records over USB
    records_per_s: Positive = 5e6
    #: as the device answers; another one is refused by a driver
    hardware: str = "PicoHarp 300"
    library: str = "3.0"
    #: bits: library 1, time tagging 2, markers 4
    features: int = 7


class PicoHarp300Twin(SdkTwin):
    """One PicoHarp 300.

    :param name: the instrument's name in the station
    :param bench: the shared world
    :param settings: the twin's own table ``[simulation.twins.NAME]``
    """

    model = "PicoQuant PicoHarp 300"
    Settings = PicoHarpSettings
    #: serial number; the world sets it to the station file's resource
    resource_name = "1012345"

    def __init__(self, name: str, bench: Bench, settings: PicoHarpSettings | None = None) -> None:
        self.name, self.bench = name, bench
        self.settings = PicoHarpSettings() if settings is None else settings
        self.rng = bench.rng(name)
        self.detector = Photomultiplier(bench, self.settings.detector, self.rng)
        self.plugged = True
        self.is_open = False
        self.system_error = False
        self.mode: int | None = None
        self.reset(None)

    def sdk(self) -> Any:
        """What plays the module that loads PHLib, with this one device plugged in."""
        return SimpleNamespace(load=lambda: PHLibrary(self))

    def reset(self, mode: int | None) -> None:
        """What initialising does."""
        self.mode = mode
        self.calibrated = self.running = self.stopped = self.fifo_full = self.overflow = False
        self.divider, self.binning, self.offset_ps = 1, 0, 0
        self.levels = {0: (100, 10), 1: (100, 10)}
        self.stop_at: int | None = FULL_BIN
        self.markers_enabled = [True] * 4
        self.rates_read: dict[int, int] = {0: 0, 1: 0}
        self.rates_valid = self.bench.clock.now() + _GATE
        self.histogram = np.zeros(BINS, dtype=np.int64)
        self.start = self.length = self.seen = 0.0
        self._last = {0: -1.0, 1: -1.0}
        self._fifo: deque[Words] = deque()
        self.waiting = 0

    # -- what it hears ------------------------------------------------------------------------------

    def sync_rate(self) -> float:
        """Pulses per s at input 0; 0 without any."""
        if self.settings.sync_clock_Hz:
            return self.settings.sync_clock_Hz
        train = self.bench.triggers()
        return 0.0 if train is None else 1 / train.period

    def counted_syncs(self) -> float:
        """Sync pulses per s it can follow: behind the divider the dead time is between them."""
        dead = self.settings.dead_time_s
        return min(self.sync_rate(), self.divider / dead if dead else np.inf)

    def resolution(self) -> float:
        """s."""
        return BASE_PS * 1e-12 * 2**self.binning

    def rate(self, channel: int) -> int:
        """Of the gate of 0.1 s that has ended now; 0 while none has since initialising."""
        now = self.bench.clock.now()
        if now < self.rates_valid:
            rate = 0
        elif channel == 0:
            syncs = self.sync_rate()
            rate = round((np.floor(now * syncs) - np.floor((now - _GATE) * syncs)) / _GATE)
        else:
            mean = self.detector.rate()
            mean /= 1 + mean * (self.settings.dead_time_s + self.settings.detector.dead_time_s)
            rate = round(self.rng.poisson(mean * _GATE) / _GATE)
        self.rates_read[channel] = rate
        return rate

    def warnings(self) -> int:
        """By the rates read last."""
        sync, photons = self.rates_read[0], self.rates_read[1]
        highest = 5_000_000 if self.mode == T2 else 10_000_000
        result = 0x0001 * (sync == 0) | 0x0010 * (photons == 0) | 0x0040 * (photons > highest)
        if self.mode == T2:
            return result | 0x0004 * (sync > highest) | 0x0200 * (self.divider > 1)
        span = (BINS if self.mode == HISTOGRAM else DELAYS) * self.resolution()
        result |= 0x0002 * (self.divider > 1 and 0 < sync < 1000) | 0x0004 * (
            sync / self.divider > 10_000_000
        )
        result |= 0x0100 * (photons > sync / 20) | 0x0400 * (sync > 0 and 1 / max(sync, 1) > span)
        return result | 0x0800 * (self.offset_ps > 0 and sync * span > 1)

    # -- measuring ------------------------------------------------------------------------------------

    def begin(self, seconds: float) -> None:
        self.running, self.stopped = True, False
        self.fifo_full = self.overflow = False
        self.start, self.length, self.seen = self.bench.clock.now(), seconds, 0.0
        self._last = {0: -1.0, 1: -1.0}
        self._fifo.clear()
        self.waiting = 0

    def end(self) -> None:
        self.advance()
        self.running, self.stopped = False, True
        self.length = min(self.length, self.seen)

    def has_ended(self) -> bool:
        self.advance()
        return self.stopped or (self.running and self.seen >= self.length)

    def advance(self) -> None:
        """Measure up to now."""
        if not self.running:
            return
        until = min(self.bench.clock.now() - self.start, self.length)
        if until <= self.seen:
            return
        if self.mode == HISTOGRAM:
            self._collect(until)
            return
        rate = self.detector.rate() + (self.sync_rate() if self.mode == T2 else 0.0) + 1.0
        while self.seen < until and not self.fifo_full:
            end = min(until, self.seen + _STEP / rate)
            self._record(self.seen, end)
            self.seen = end
        self.seen = until

    def _collect(self, until: float) -> None:
        """Into the histogram; it ends when a bin is full."""
        syncs, offset = self.counted_syncs(), self.offset_ps * 1e-12
        triggers = np.floor(until * syncs) - np.floor(self.seen * syncs)
        edges = offset + np.arange(BINS + 1, dtype=np.float64) * self.resolution()
        # the cycle ends, and with it any dead time, when the next sync comes
        inside = int(np.searchsorted(edges[:-1], 1 / syncs)) if syncs else BINS
        new = np.zeros(BINS, dtype=np.int64)
        if inside:
            if self.settings.sync_clock_Hz:
                mean = self.detector.rate() * self.resolution() * triggers
                new[:inside] = self.rng.poisson(mean, inside)
            else:
                seen = self.detector.histogram(edges[: inside + 1], triggers, self.settings.dead_time_s)
                new[:inside] = seen
        top = int(np.argmax(self.histogram + new))
        limit = FULL_BIN if self.stop_at is None else self.stop_at
        if self.stop_at is not None and self.histogram[top] + new[top] >= limit:
            share = (limit - self.histogram[top]) / new[top]
            new = self.rng.binomial(new, share)
            new[top] = limit - self.histogram[top]
            until = self.length = self.seen + share * (until - self.seen)
            self.overflow = True
        self.overflow = self.overflow or bool((self.histogram + new >= limit).any())
        self.histogram = np.minimum(self.histogram + new, limit)
        self.seen = until

    def _record(self, begin: float, end: float) -> None:
        """Into the buffer."""
        photons = self._heard(1, self.detector.arrivals(self.start + begin, self.start + end) - self.start)
        bit = 1 << (self.settings.marker - 1)
        markers = {}
        if self.markers_enabled[self.settings.marker - 1] and (train := self.bench.triggers()) is not None:
            markers[bit] = self._pulses(1 / train.period, begin, end)
        if self.mode == T2:
            syncs = self._heard(0, self._pulses(self.sync_rate(), begin, end))
            self._push(t2_words(Pulses(begin, end, photons, syncs, markers), BASE_PS * 1e-12))
        elif syncs_per_s := self.counted_syncs():
            pulses = Pulses(begin, end, photons, np.empty(0), markers)
            self._push(t3_words(pulses, syncs_per_s, self.resolution(), self.offset_ps * 1e-12))

    def _pulses(self, rate: float, begin: float, end: float) -> npt.NDArray[np.float64]:
        """Of something that is regular since the bench's time 0."""
        first, last = np.ceil((self.start + begin) * rate), np.ceil((self.start + end) * rate)
        return np.arange(first, last) / rate - self.start if rate else np.empty(0)

    def _heard(self, channel: int, times: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        heard = alive(times, self.settings.dead_time_s, self._last[channel])
        if len(heard):
            self._last[channel] = float(heard[-1])
        return heard

    def _push(self, words: Words) -> None:
        room = _FIFO - self.waiting
        if len(words) > room:
            words, self.fifo_full = words[:room], True
        if len(words):
            self._fifo.append(words)
            self.waiting += len(words)

    def take(self, count: int) -> Words:
        """Words from the buffer; while they come over the wire new ones arrive."""
        with self.bench.lock:
            self.advance()
            taken: list[Words] = []
            while count and self._fifo:
                words = self._fifo.popleft()
                if len(words) > count:
                    self._fifo.appendleft(words[count:])
                taken.append(words[:count])
                count -= len(taken[-1])
            result = np.concatenate(taken) if taken else np.empty(0, dtype=np.uint32)
            self.waiting -= len(result)
        self.bench.clock.sleep(_READ + len(result) / self.settings.records_per_s)
        return result
