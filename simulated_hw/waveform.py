"""Rates that repeat: the pulses that gate a pump, and the light that follows them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

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
    """A rate in s⁻¹ that repeats with the trigger, linear between *times*.

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
        steps = np.diff(self.times) * (self.rates[1:] + self.rates[:-1]) / 2
        return np.concatenate([[0.0], np.cumsum(steps)])

    @property
    def mean(self) -> float:
        """Mean rate, s⁻¹."""
        return float(self._integral[-1]) / self.period

    def until(self, time: npt.ArrayLike) -> Array:
        """Integral from a trigger to *time* after it, which may be many periods later."""
        periods, rest = np.divmod(np.asarray(time, dtype=float), self.period)
        i = np.clip(np.searchsorted(self.times, rest, side="right") - 1, 0, len(self.times) - 2)
        length = self.times[i + 1] - self.times[i]
        share = np.where(length > 0, (rest - self.times[i]) / np.where(length > 0, length, 1.0), 0.0)
        slope = self.rates[i + 1] - self.rates[i]
        inside = (rest - self.times[i]) * (self.rates[i] + slope * share / 2)
        result: Array = periods * self._integral[-1] + self._integral[i] + inside
        return result

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
        result: Array = self.times[i] + np.clip(x, 0.0, 1.0) * length
        return result

    def delayed(self, seconds: float) -> Waveform:
        """The same, so much later after the trigger."""
        shift = seconds % self.period
        if not shift:
            return self
        cut = self.period - shift
        level = float(np.interp(cut, self.times, self.rates))
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
