"""How photon timing sees light: pile-up, spread of the transit time, afterpulses.

The electronics keep one photon per cycle (:func:`pile_up`); the detector delays each photon by a little
that differs from pulse to pulse, and now and then gives a second pulse of its own (:class:`Response`). A
decay longer than the period wraps around: :class:`~.waveform.Waveform` is periodic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr, ndtr

from .physics.constants import FWHM_PER_SIGMA

Array = npt.NDArray[np.float64]

_FAR = 12.0  # time constants; what comes later (6e-6) is left out
# where delays are divided: in standard deviations, and in time constants
_GAUSSIAN = np.linspace(-5.0, 5.0, 81)
_EXPONENTIAL = _FAR * np.linspace(0.0, 1.0, 65) ** 2

_ITERATIONS, _ROUNDING = 40, 1e-13


def pile_up(mean: npt.ArrayLike, dead_bins: int | None = None) -> Array:
    """Chance that a counted photon of a cycle falls into each bin, (..., bins).

    Without *dead_bins* only the first photon of a cycle counts::

        P_i = (1 − exp(−μ_i))·exp(−Σ_{j<i} μ_j)

    D. V. O'Connor and D. Phillips, Time-correlated Single Photon Counting (1984). With them the counter wakes
    again so many bins after a photon: P_i = (1 − exp(−μ_i))·(1 − Σ_{i−dead≤j<i} P_j).

    :param mean: μ, photons per cycle in each bin, (..., bins), one-dimensional with *dead_bins*
    """
    mean = np.asarray(mean, dtype=float)
    if not np.all((mean >= 0) & np.isfinite(mean)):
        raise ValueError("photons per cycle must be finite and not negative")
    result: Array = -np.expm1(-mean)
    if dead_bins is None or dead_bins >= mean.shape[-1]:
        return result * np.exp(mean - np.cumsum(mean, axis=-1))
    # P = chance·(1 − sum of P over the dead time before): iterated, from what is right in the first dead time
    chances = result
    result = chances * np.exp(-_before(mean, dead_bins))
    for _ in range(_ITERATIONS):
        last, result = result, chances * (1 - _before(result, dead_bins))
        if np.abs(result - last).max() <= _ROUNDING * chances.max():
            break
    else:
        result = _one_by_one(chances, dead_bins)
    return np.maximum(result, 0.0)  # where the counter is always blind, a rounding error is left


def _before(values: Array, bins: int) -> Array:
    """Sum over so many bins before each."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    total[bins:] -= total[:-bins].copy()
    result: Array = total[:-1]
    return result


def _one_by_one(chances: Array, dead_bins: int) -> Array:
    """The same for light so strong that iterating does not end."""
    result, blocked = chances.tolist(), 0.0
    for i, chance in enumerate(result):
        if i > dead_bins:
            blocked -= result[i - dead_bins - 1]
        result[i] = chance * max(1 - blocked, 0.0)  # which rounding may take below nothing
        blocked += result[i]
    return np.array(result)


@dataclass(frozen=True)
class Response:
    """A detector's answer to one photon: a Gaussian with an exponential tail, and afterpulses.

    Delays are counted from the mean of the Gaussian. An afterpulse follows its pulse by an exponentially
    distributed time, and can be followed by one itself.

    :param fwhm: transit-time spread, s
    :param tail: share of the photons that are delayed further
    :param tail_time: mean of that delay, s
    :param afterpulsing: afterpulses per pulse, below 1
    :param afterpulse_time: their mean delay, s
    """

    fwhm: float = 0.0
    tail: float = 0.0
    tail_time: float = 0.0
    afterpulsing: float = 0.0
    afterpulse_time: float = 100e-9

    def __post_init__(self) -> None:
        if not (self.fwhm >= 0 and self.tail_time >= 0 and self.afterpulse_time >= 0):
            raise ValueError(f"{self}: times must not be negative")
        if not (0 <= self.tail <= 1 and 0 <= self.afterpulsing < 1):
            raise ValueError(f"{self}: tail must be 0 to 1, afterpulsing 0 to below 1")

    @property
    def gain(self) -> float:
        """Pulses per photon: 1 + p + p² + …"""
        return 1 / (1 - self.afterpulsing)

    @property
    def is_ideal(self) -> bool:
        return not (self.fwhm or self.tail * self.tail_time or self.afterpulsing)

    @property
    def reach(self) -> float:
        """The longest delay, either way, s."""
        tail = self.tail_time if self.tail else 0.0
        after = self.afterpulse_time * self.gain if self.afterpulsing else 0.0
        return 5 * self.fwhm / FWHM_PER_SIGMA + _FAR * (tail + after)

    def until(self, light: Callable[[Array], Array], times: Array) -> Array:
        """Expected pulses up to *times* (n,) when *light* gives the photons up to a time.

        All generations of afterpulses together are p/τ·exp(−(1 − p)·t/τ) per photon, p/(1 − p) of them.
        """
        delays, weights = self._kernel
        result = np.zeros(len(times))
        for delay, weight in zip(delays, weights, strict=True):
            result += weight * light(times - delay)
        return result

    def delayed(self, photons: Array, rng: np.random.Generator) -> Array:
        """Times of the pulses, sorted, that photons at these times (n,) in s cause."""
        pulses = photons + self.fwhm / FWHM_PER_SIGMA * rng.standard_normal(len(photons))
        late = rng.random(len(photons)) < self.tail
        pulses[late] += rng.exponential(self.tail_time, np.count_nonzero(late))
        generations = [pulses]
        while len(pulses):
            pulses = pulses[rng.random(len(pulses)) < self.afterpulsing]
            pulses = pulses + rng.exponential(self.afterpulse_time, len(pulses))
            generations.append(pulses)
        return np.sort(np.concatenate(generations))

    @cached_property
    def _kernel(self) -> tuple[Array, Array]:
        """Delays in s and their weights, which add up to :attr:`gain`."""
        sigma, after = self.fwhm / FWHM_PER_SIGMA, self.afterpulsing * self.gain
        parts = [
            (1 - self.tail, _delays(sigma, 0.0)),
            (self.tail, _delays(sigma, self.tail_time)),
            # their spread is small beside their delay
            (after, _delays(0.0, self.afterpulse_time * self.gain)),
        ]
        parts = [part for part in parts if part[0]]
        delays = np.concatenate([nodes for _, (nodes, _) in parts])
        return delays, np.concatenate([share * weights for share, (_, weights) in parts])


def _delays(sigma: float, mean: float) -> tuple[Array, Array]:
    """Nodes in s and their weights, which add up to 1: a Gaussian about 0 plus an exponential delay."""
    edges = np.unique(np.concatenate([sigma * _GAUSSIAN, mean * _EXPONENTIAL]))
    if len(edges) == 1:
        return np.zeros(1), np.ones(1)
    if not mean:
        reached = ndtr(edges / sigma)
    elif not sigma:
        reached = -np.expm1(-edges / mean)
    else:  # an exponentially modified Gaussian; the logarithm keeps the product from overflowing
        late = 0.5 * (sigma / mean) ** 2 - edges / mean + log_ndtr(edges / sigma - sigma / mean)
        reached = ndtr(edges / sigma) - np.exp(late)
    weights = np.diff(reached)
    return (edges[1:] + edges[:-1]) / 2, weights / weights.sum()
