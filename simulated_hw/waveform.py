"""Rates that repeat: the pulses that gate a pump, and the light that follows them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_STEP = 0.05  # a rate that falls below this share from one time to the next makes a step
_EARLIEST, _EARLY, _EARLY_POINTS, _LATE_POINTS = 1e-5, 0.1, 120, 180


class PulseTrain(NamedTuple):
    """What a pulse generator sends now: rectangular pulses, each beginning *delay* after its trigger.

    Times in s, levels in V.
    """

    period: float
    width: float
    delay: float = 0.0
    high: float = 5.0
    low: float = 0.0


class PulseSource(Protocol):
    """A pulse generator; its trigger output starts the counters."""

    def pulses(self) -> PulseTrain | None:
        """The pulses now; None while its output is off."""


@dataclass(frozen=True)
class Waveform:
    """A rate in s⁻¹ that repeats with the trigger.

    Between *times* it is linear; where it falls exponential, as decays are: chords would lie above them.

    :param times: from 0 to the period, s, (n,), never decreasing (two equal ones: a step)
    :param rates: (n,)
    """

    times: Array
    rates: Array

    @classmethod
    def constant(cls, rate: float, period: float = 1.0) -> Waveform:
        return cls(np.array([0.0, period]), np.array([rate, rate]))

    @property
    def period(self) -> float:
        return float(self.times[-1])

    @cached_property
    def _integral(self) -> Array:
        steps = self._inside(np.arange(len(self.times) - 1), np.diff(self.times))
        return np.concatenate([[0.0], np.cumsum(steps)])

    @cached_property
    def _falls(self) -> Array:
        """How quickly the rate falls after each time, s⁻¹, (n − 1,); 0 where it is linear."""
        first, second = self.rates[:-1], self.rates[1:]
        falls = (np.diff(self.times) > 0) & (second < first * (1 - 1e-9)) & (second > _STEP * first)
        ratio = np.divide(first, second, out=np.ones(len(first)), where=falls)
        return np.asarray(np.log(ratio) / np.where(falls, np.diff(self.times), 1.0))

    def _inside(self, i: npt.NDArray[np.intp], late: Array) -> Array:
        """Integral over *late* s that follow the times *i*."""
        length = self.times[i + 1] - self.times[i]
        share = np.where(length > 0, late / np.where(length > 0, length, 1.0), 0.0)
        fall, slope = self._falls[i], self.rates[i + 1] - self.rates[i]
        linear = late * (self.rates[i] + slope * share / 2)
        falling = self.rates[i] * -np.expm1(-fall * late) / np.where(fall > 0, fall, 1.0)
        return np.asarray(np.where(fall > 0, falling, linear))

    @property
    def mean(self) -> float:
        """Mean rate, s⁻¹."""
        return float(self._integral[-1]) / self.period

    def until(self, time: npt.ArrayLike) -> Array:
        """Integral from a trigger to *time* after it, which may be many periods later."""
        periods, rest = np.divmod(np.asarray(time, dtype=float), self.period)
        i = np.clip(np.searchsorted(self.times, rest, side="right") - 1, 0, len(self.times) - 2)
        result: Array = periods * self._integral[-1] + self._integral[i]
        return result + self._inside(i, rest - self.times[i])

    def draw(self, begin: float, end: float, rng: np.random.Generator) -> Array:
        """Times of the events of a Poisson process with this rate in [begin, end), sorted.

        A trigger falls on time 0.
        """
        low, high = self.until([begin, end])
        wanted = low + (high - low) * np.sort(rng.random(rng.poisson(max(high - low, 0.0))))
        periods, rest = np.divmod(wanted, max(self._integral[-1], 1e-300))
        return np.clip(periods * self.period + self._inverse(rest), begin, end)

    def _inverse(self, integral: Array) -> Array:
        """The time after the trigger at which the integral has this value."""
        i = np.clip(np.searchsorted(self._integral, integral, side="right") - 1, 0, len(self.times) - 2)
        length, left = self.times[i + 1] - self.times[i], integral - self._integral[i]
        rate, slope = self.rates[i], self.rates[i + 1] - self.rates[i]
        # length·(rate·x + slope·x²/2) = left, for x in [0, 1], in the form that does not cancel
        root = np.sqrt(np.maximum(rate**2 + 2 * slope * left / np.where(length > 0, length, 1.0), 0.0))
        bottom = length * (rate + root)
        x = np.where(bottom > 0, 2 * left / np.where(bottom > 0, bottom, 1.0), 0.0)
        fall = self._falls[i]
        with np.errstate(invalid="ignore"):  # where it is linear
            falling = -np.log1p(-fall * left / np.where(rate > 0, rate, 1.0)) / np.where(fall > 0, fall, 1.0)
        late = np.where(fall > 0, falling, x * length)
        result: Array = self.times[i] + np.clip(late, 0.0, length)
        return result

    def delayed(self, seconds: float) -> Waveform:
        """The same, so much later after the trigger."""
        shift = seconds % self.period
        if not shift:
            return self
        cut = self.period - shift
        i = max(int(np.searchsorted(self.times, cut)) - 1, 0)
        level = float(np.interp(cut, self.times, self.rates))
        if self._falls[i] > 0:
            level = float(self.rates[i] * np.exp(-self._falls[i] * (cut - self.times[i])))
        late, early = self.times > cut, self.times < cut
        times = [np.zeros(1), self.times[late] - cut, self.times[early] + shift, np.array([self.period])]
        ends = np.array([level])
        rates = [ends, self.rates[late], self.rates[early], ends]
        return Waveform(np.concatenate(times), np.concatenate(rates))


def pulse_times(width: float, period: float) -> Array:
    """Times at which a response to a pulse is worth knowing: dense after both edges, both included, (n,)."""
    grid = np.concatenate(
        [
            [0.0],
            np.geomspace(_EARLIEST, _EARLY, _EARLY_POINTS, endpoint=False),
            np.linspace(_EARLY, 1.0, _LATE_POINTS),
        ]
    )
    return np.concatenate([grid * width, width + grid[1:] * (period - width)])
