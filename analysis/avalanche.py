"""The threshold of a photon avalanche: where emission rises most steeply with irradiance."""

from __future__ import annotations

import numpy as np

from .bands import Array
from .fitting import Points

_KNOWN = 0.1  # relative; an exponent less certain than that is not the steepest one
_REPETITIONS = 100
_UNKNOWN_SHAPE = 30.0


def steepest(points: Points) -> tuple[float, float, float, float] | None:
    """Where emission rises most steeply: irradiance in W/cm² and 1 σ, exponent there and 1 σ.

    The exponents are those between set-points, no further apart than it takes to know the largest to 10 %: an
    avalanche has no width to average over. The place is the vertex of a parabola through the logarithm of the
    largest and those beside it. Its error is the scatter of that over 100 repetitions with other noise, and
    beside it a thirtieth of the distance of these set-points for what a parabola cannot know of the shape;
    where there is nothing on one side, 1/√12 of it.

    :param points: of one branch, by rising irradiance
    :return: None where no exponent is known to 10 %
    """
    seen = points[points.detected]
    rows = [seen[seen.setpoint == value] for value in np.unique(seen.setpoint)]
    x = np.array([row.x.mean() for row in rows])
    y = np.array([np.log(row.y).mean() for row in rows])
    noise = np.array([np.mean(row.sigma / row.y) for row in rows])
    pump = np.array([row.pump.mean() for row in rows])
    for lag in range(1, len(x)):
        place, slope, k, edge = _steepest(x, y, lag)
        gap = x[k + lag] - x[k]
        if not (gap > 0 and slope > 0):
            continue
        error = np.hypot(np.hypot(noise[k], noise[k + lag]), slope * np.hypot(pump[k], pump[k + lag])) / gap
        if error < _KNOWN * slope:
            rng = np.random.default_rng(0)
            shape = (_REPETITIONS, len(x))
            noisy = x + pump * rng.standard_normal(shape), y + noise * rng.standard_normal(shape)
            scatter = np.std([_steepest(*other, lag)[0] for other in zip(*noisy, strict=True)])
            doubt = float(np.hypot(scatter, gap / (np.sqrt(12) if edge else _UNKNOWN_SHAPE)))
            irradiance = float(np.exp(place))
            return irradiance, irradiance * doubt, slope, float(error)
    return None


def _steepest(x: Array, y: Array, lag: int) -> tuple[float, float, int, bool]:
    """Place and slope of the steepest stretch of *lag* steps, which one it is, whether it is at an end."""
    gap = x[lag:] - x[:-lag]
    slope = np.where(gap > 0, (y[lag:] - y[:-lag]) / np.where(gap > 0, gap, 1.0), 0.0)
    middle = (x[lag:] + x[:-lag]) / 2
    k = int(slope.argmax())
    place, edge = float(middle[k]), not lag <= k < len(slope) - lag
    if not edge and min(slope[k - lag], slope[k + lag]) > 0:
        near = [k - lag, k, k + lag]
        bend, tilt, _ = np.polyfit(middle[near] - place, np.log(slope[near]), 2)
        place += float(np.clip(-tilt / (2 * bend), -gap[k] / 2, gap[k] / 2)) if bend < 0 else 0.0
    return place, float(slope[k]), k, edge
