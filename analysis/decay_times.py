"""Times of a decay that need no model: from a smooth curve through the counts.

ln I is a cubic spline in ln(1 + t/s), s a little below the fastest feature, fitted to the counts by Poisson
maximum likelihood with so weak a penalty on bends that it matters only where there are no counts (Eilers &
Marx, Stat. Sci. 11, 89, 1996). Definitions are read off the curve; their errors are the scatter among curves
drawn from its covariance, and what 1 σ of the background does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError

Array = npt.NDArray[np.float64]
#: value and 1 σ, s
Time = tuple[float, float]

_PENALTY = 1.0
_PER_FOLD = 2.0  # stretches of the spline while 1 + t/s grows by a factor e
_ITERATIONS, _SETTLED = 100, 1e-9
_DRAWS = 200
_QUANTILES = (0.1587, 0.5, 0.8413)  # a drawn curve may be far off
_GRID = 2000
_RISEN = 1 - np.exp(-1)


@dataclass(frozen=True, eq=False)
class Counted:
    """Counts and what is known of them.

    :param time: start of each bin, s, (bins,), evenly spaced
    :param live: share of the cycles in which each bin could count, (bins,)
    :param background: counts per bin and 1 σ
    :param scale: s: the fastest feature is no shorter
    :param raised: by how much one count more in each bin raised the background, where it was found from these
        counts, (bins,); none: it was not
    """

    time: Array
    counts: Array
    live: Array
    background: tuple[float, float]
    scale: float
    raised: Array | None = None

    @property
    def width(self) -> float:
        return float(self.time[-1] - self.time[0]) / (len(self.time) - 1)

    def __getitem__(self, choice: slice) -> Counted:
        raised = None if self.raised is None else self.raised[choice]
        return replace(
            self,
            time=self.time[choice],
            counts=self.counts[choice],
            live=self.live[choice],
            raised=raised,
        )


@dataclass(frozen=True, eq=False)
class Curve:
    """ln I on a grid from the start of the first bin to the end of the last.

    :param time: s, (grid,)
    :param basis: (grid, splines)
    :param weights, covariance: of the splines
    """

    time: Array
    basis: Array
    weights: Array
    covariance: Array

    @property
    def light(self) -> Array:
        """Counts per bin, (grid,)."""
        return np.asarray(np.exp(self.basis @ self.weights))

    def drawn(self) -> list[Array]:
        """Curves that the counts allow as well, always the same ones."""
        rng = np.random.default_rng(0)
        values, vectors = np.linalg.eigh(self.covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        drawn = self.weights + rng.standard_normal((_DRAWS, len(values))) @ root.T
        return list(np.exp(np.clip(drawn @ self.basis.T, -700.0, 700.0)))


def curve_through(counted: Counted) -> Curve:
    """The smooth curve through *counted*."""
    basis, bins, grid = _splines(counted)
    bends = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    penalty = _PENALTY * bends.T @ bends
    background = counted.background[0]
    light = np.maximum(counted.counts / np.maximum(counted.live, 1e-6) - background, 0.1)
    weight = 1 / np.hypot(1.0, 3 / light)[:, None]
    start = np.linalg.solve(
        (basis * weight).T @ (basis * weight) + penalty, (basis * weight).T @ (np.log(light) * weight[:, 0])
    )
    weights, information = start, np.eye(len(start))
    for _ in range(_ITERATIONS):
        shown = np.exp(np.clip(basis @ weights, -50.0, 50.0))
        expected = counted.live * (shown + background)
        slopes = (counted.live * shown)[:, None] * basis
        information = (slopes.T / expected) @ slopes + penalty
        gradient = slopes.T @ ((counted.counts - expected) / expected) - penalty @ weights
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            raise AnalysisError(
                f"decay: {counted.counts.sum():.0f} counts show no course in time; needs more light or time"
            ) from None
        length = float(np.abs(basis @ step).max())
        weights = weights + step * min(1.0, 1.0 / length)
        if length < _SETTLED:
            break
    return Curve(bins, grid, np.asarray(weights), np.asarray(np.linalg.inv(information), float))


def _splines(counted: Counted) -> tuple[Array, Array, Array]:
    """The splines at the middle of the bins, a grid of times, and the splines there."""
    from scipy.interpolate import BSpline

    first, width = counted.time[0], counted.width
    end = counted.time[-1] + width

    def warped(time: Array) -> Array:
        return np.asarray(np.log1p((time - first) / counted.scale))

    last = float(warped(np.array([end]))[0])
    stretches = max(4, int(np.ceil(_PER_FOLD * last)))
    knots = last * (np.arange(-3, stretches + 4) / stretches)

    def splines(time: Array) -> Array:
        at = np.clip(warped(time), 0.0, last * (1 - 1e-12))
        return np.asarray(BSpline.design_matrix(at, knots, 3).toarray())

    grid = first + counted.scale * np.expm1(np.linspace(0.0, last, _GRID))
    return splines(counted.time + width / 2), grid, splines(grid)


def measured(counted: Counted, *definitions: Callable[[Array, Array], float]) -> list[Time]:
    """What each of *definitions* (of time and light, on a grid) gives, with its error.

    NaN where the curve, or too many of those drawn from it, does not show it.
    """
    curve = curve_through(counted)
    level, doubt = counted.background
    levels = (level + doubt, max(level - doubt, 0.0)) if doubt else ()
    others = [curve_through(replace(counted, background=(other, 0.0))).light for other in levels]
    drawn = curve.drawn()
    found: list[Time] = []
    for definition in definitions:
        value = definition(curve.time, curve.light)
        scatter = np.array([definition(curve.time, light) for light in drawn])
        seen = scatter[np.isfinite(scatter)]
        low, middle, high = np.quantile(seen, _QUANTILES) if len(seen) > _DRAWS / 2 else (np.nan,) * 3
        changes = [abs(definition(curve.time, light) - value) for light in others]
        # of two curves one may no longer show it
        by_background = max((c for c in changes if np.isfinite(c)), default=np.nan if changes else 0.0)
        # a peak is the highest place of a noisy curve: what drawing again adds is taken off once
        found.append((2 * value - float(middle), float(np.hypot((high - low) / 2, by_background))))
    return found


def tail(high: float, low: float) -> Callable[[Array, Array], float]:
    """Lifetime of the tail: a line through ln I from *high* to *low* of the peak, all times alike."""

    def lifetime(time: Array, light: Array) -> float:
        top = int(light.argmax())
        first, last = _falls(time, light, top, high), _falls(time, light, top, low)
        if not np.isfinite(first + last):
            return np.nan
        even = np.linspace(first, last, 200)
        slope = np.polyfit(even, np.interp(even, time, np.log(light)), 1)[0]
        return float(-1 / slope) if slope < 0 else np.nan

    return lifetime


def to_one_over_e(time: Array, light: Array) -> float:
    """From the peak to 1/e of it."""
    top = int(light.argmax())
    return _falls(time, light, top, float(np.exp(-1))) - float(time[top])


def rise_to_peak(time: Array, light: Array) -> float:
    """From time 0 to 63 % of the peak; NaN where the light begins above that."""
    return _rises(time, light[: light.argmax() + 1])


def rise_to_end(time: Array, light: Array) -> float:
    """From time 0 to 63 % of the light at the end."""
    return _rises(time, light[: np.argmax(light >= light[-1]) + 1])


def _rises(time: Array, rising: Array) -> float:
    level = _RISEN * rising[-1]
    below = np.flatnonzero(rising < level)
    return _crossing(time, rising, int(below[-1]), level) if len(below) else np.nan


def _falls(time: Array, light: Array, top: int, share: float) -> float:
    """When *light* has fallen to *share* of its value at *top*; NaN if it has not."""
    level = share * light[top]
    below = np.flatnonzero(light[top:] < level)
    return _crossing(time, light, top + int(below[0]) - 1, level) if len(below) else np.nan


def _crossing(time: Array, light: Array, before: int, level: float) -> float:
    """Between a point of the grid and the next, on a straight line in ln I."""
    a, b = np.log(light[before]), np.log(light[before + 1])
    share = (np.log(level) - a) / (b - a)
    return float(time[before] + share * (time[before + 1] - time[before]))


def mean_arrival(counted: Counted) -> Time:
    """Mean time of the light after the first bin begins, Σt·n/Σn with n free of background, and its 1 σ."""
    level, doubt = counted.background
    weight = 1 / np.maximum(counted.live, 1e-6)
    light = counted.counts * weight - level
    middle = counted.time - counted.time[0] + counted.width / 2
    total = light.sum()
    mean = float((middle * light).sum() / total)
    lever = float((middle - mean).sum())  # of the background
    raised = np.zeros(len(light)) if counted.raised is None else counted.raised
    statistical = float((((middle - mean) * weight - lever * raised) ** 2 * counted.counts).sum())
    elsewhere = max(doubt**2 - float((raised**2 * counted.counts).sum()), 0.0)
    return mean, float(np.sqrt(statistical + lever**2 * elsewhere) / abs(total))
