"""The counters and gates of the SR400's twin.

A photomultiplier is at INPUT 1, nothing at INPUT 2, the pulse generator at TRIG. What a count period gives is
drawn when it begins, from the light of that moment. From the manual: N + 1 triggers make a period of N; a
gate follows its trigger by 25 ns more than its delay; a trigger that comes before the end of a gate and 1 µs
more is missed and sets the rate error; counters hold 1E9. Assumed: heights of pulses, noise of the
discriminators; a period that is interrupted is lost; counters A and B see different pulses.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

import numpy as np

from ..bench import Bench
from ..photon_counting import Photomultiplier
from .srs_sr400_settings import SCANNED

TEN_MHZ, INPUT_1, INPUT_2, TRIG = range(4)
CHANGED, READY, FINISHED, OVERFLOW, RATE, RECALL, SRQ, COMMAND = (1 << bit for bit in range(8))
A_FOR_B = 3
FULL = 10**9
_CLOCK = 1e7  # Hz
_INSERTION, _RECOVERY = 25e-9, 1e-6  # s
_HEIGHT = 0.02  # V
_NOISE, _NOISE_RATE = 7e-4, 1e7  # V, 1/s at 0 V

Settings = Mapping[tuple[str, str], float]


class Counting:
    """Counts periods of the settings it is given a view of."""

    def __init__(self, bench: Bench, tube: Photomultiplier, rng: np.random.Generator, view: Settings) -> None:
        self.bench, self.tube, self.rng, self._settings = bench, tube, rng, view
        self.status = 0
        #: counters A and B of each completed period of this scan
        self.points: list[tuple[int, int]] = []
        # begin and length of the period in progress, and what it gives
        self._begin: float | None = None
        self._length = math.inf
        self._drawn = (0, 0)
        self._planned: deque[tuple[float, tuple[int, int]]] = deque()

    # -- start and stop -----------------------------------------------------------------------------

    @property
    def in_reset(self) -> bool:
        return self._begin is None and not self.points

    def reset(self) -> None:
        self._begin = None
        self._planned.clear()
        self.points = []

    def pause(self) -> None:
        self.advance()
        self._begin = None

    def start(self) -> None:
        """Begin or go on; a scan that has ended must be reset first, unless it has one period only."""
        self.advance()
        if self._begin is not None:
            return
        if len(self.points) >= self._settings["NP", ""]:
            if self._settings["NP", ""] > 1:
                return
            self.points = []
        self._next(self.bench.clock.now())

    def start_planned(self) -> list[tuple[float, tuple[int, int]]]:
        """Start a scan; the periods that need nothing more to begin, and s from now to the end of each."""
        dwell, result, end = self._settings["DT", ""], [], 0.0
        for _ in range(int(self._settings["NP", ""]) if dwell else 1):
            self._planned.append(self._period())
            end += self._planned[-1][0]
            if not math.isfinite(end):
                break
            result.append((end, self._planned[-1][1]))
            end += dwell
        self.start()
        return result

    def advance(self) -> None:
        """Complete what has ended by now."""
        now = self.bench.clock.now()
        while self._begin is not None and self._begin + self._length <= now:
            self.points.append(self._drawn)
            self.status |= READY
            end, dwell = self._begin + self._length, self._settings["DT", ""]
            self._begin = None
            if len(self.points) >= self._settings["NP", ""]:
                self.status |= FINISHED
                if not self._settings["NE", ""]:
                    return
                self.points = []
            if dwell:
                self._next(end + dwell)

    def is_counting(self) -> bool:
        self.advance()
        return self._begin is not None and self.bench.clock.now() >= self._begin

    def live(self) -> tuple[int, int]:
        """Contents of counters A and B now."""
        if not self.is_counting() or self._begin is None:
            return 0, 0
        share = min((self.bench.clock.now() - self._begin) / self._length, 1.0)
        return int(self._drawn[0] * share), int(self._drawn[1] * share)

    # -- one period ---------------------------------------------------------------------------------

    def scanned(self, name: str, index: str) -> float:
        """A scanned setting in the present period."""
        start, step, mode, scans = SCANNED[name]
        s = self._settings
        moved = len(self.points) * s[step, index] if s[mode, index] == scans else 0.0
        return s[start, index] + moved

    def _next(self, time: float) -> None:
        self._begin = time
        self._length, self._drawn = self._planned.popleft() if self._planned else self._period()

    def _period(self) -> tuple[float, tuple[int, int]]:
        """Length in s, and what counters A and B get."""
        seconds = self._seconds()
        if not math.isfinite(seconds):
            return seconds, (0, 0)
        a, b = self._draw("0", seconds), self._draw("1", seconds)
        if max(a, b) >= FULL - 1:
            self.status |= OVERFLOW
        return seconds, (a % FULL, -1 if self._settings["CM", ""] == A_FOR_B else b % FULL)

    def _seconds(self) -> float:
        """Length of a period; inf when what is to be counted never comes."""
        s = self._settings
        if s["CM", ""] == A_FOR_B:
            rate, preset = self._rate("1"), s["CP", "1"]
            return float(self.rng.gamma(preset)) / rate if rate else math.inf
        preset = s["CP", "2"]
        if s["CI", "2"] == TEN_MHZ:
            return preset / _CLOCK
        period = self.trigger_period()
        return preset * period if s["CI", "2"] == TRIG and period else math.inf

    def trigger_period(self) -> float | None:
        """s; None without triggers that cross the level."""
        train = self.bench.pulses()
        if train is None or not train.low < self._settings["TL", ""] < train.high:
            return None
        return train.period

    def _gate(self, counter: str) -> tuple[float, float, float] | None:
        """From and to after each trigger, and the share of the triggers that open it; None: always open."""
        if not self._settings["GM", counter]:
            return None
        begin = self.scanned("GZ", counter) + _INSERTION
        end = begin + self._settings["GW", counter]
        period = self.trigger_period()
        if period is None:
            return begin, end, 0.0
        missed = math.ceil((end - _INSERTION + _RECOVERY) / period - 1e-9) - 1
        if missed > 0:
            self.status |= RATE
        return begin, end, 1 / (1 + max(missed, 0))

    def _rate(self, counter: str) -> float:
        """Counts per s."""
        if self._settings["CI", counter] != INPUT_1:
            return 0.0
        return self.tube.rate() * self._seen(counter) + self._noise(counter)

    def _draw(self, counter: str, seconds: float) -> int:
        source, gate = self._settings["CI", counter], self._gate(counter)
        if gate is not None:
            seconds *= gate[2]
        period = self.trigger_period()
        open_for = seconds if gate is None or period is None else seconds / period * (gate[1] - gate[0])
        if not seconds:
            return 0
        if source == TEN_MHZ:
            return round(open_for * _CLOCK)
        if source != INPUT_1:
            return 0
        pulses = self.tube.counts(seconds, None if gate is None else gate[:2])
        noise = self._noise(counter) * open_for
        return int(self.rng.binomial(pulses, self._seen(counter)) + self.rng.poisson(noise))

    def _seen(self, counter: str) -> float:
        """Share of the tube's negative pulses that cross the discriminator."""
        x = -self.scanned("DZ", counter) / _HEIGHT
        return (1 + x) * math.exp(-x) if x >= 0 else 0.0

    def _noise(self, counter: str) -> float:
        """Crossings per s without pulses."""
        x = self.scanned("DZ", counter) / _NOISE
        return _NOISE_RATE * math.exp(-x * x / 2)
