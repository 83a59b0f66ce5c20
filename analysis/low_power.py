"""Which points of a power sweep belong to the low-power regime.

One number over a saturating curve is no exponent (Pollnau et al., Phys. Rev. B 61, 3337, 2000).
"""

from __future__ import annotations

import numpy as np

from .fitting import Points, chi2_scale, fit
from .local_exponents import DECADE

#: The least the low-power regime must span to be fitted: decades, and detected points.
LEAST_SPAN, LEAST_POINTS = 0.5 * DECADE, 4
#: A bend is seen when the curvature exceeds this many standard deviations ...
BEND = 2.0
#: ... and is certain from this many on, whatever a longer range may look like.
CERTAIN_BEND = 4.0
#: A bend that changes the exponent by less than this, from the middle of the range to its end, is none.
NEGLIGIBLE_BEND = 0.02


def low_power_range(points: Points) -> tuple[Points, float]:
    """The points of the low-power regime, and how much the exponent may still change within it.

    The regime is the longest straight range from the lowest irradiance. A range is straight when the
    curvature c of a parabola fitted to it is below 2 σ, or when it changes the exponent by less than
    0.02 between the middle and the end of the range. Longer ranges are not looked at once c exceeds
    4 σ: a curve that bends twice is not straight because the bends cancel.

    Where c reaches 2 σ the exponent has long begun to fall: for evenly spread points its change from the
    middle of the range to the low end is then some 8 times the standard error of the straight line.
    Therefore, if a bend ends the range, only its lower half is used, up to the centre of gravity of its
    points in log irradiance, and the change that is left counts as a systematic error: 2c·Δu, from the
    centre of gravity down to the lowest detected point, but over one unit of u at most, because a
    departure that begins in proportion to P has died away there. No range is shorter than half a decade
    and four detected points.

    :return: the points, and the systematic error (1 σ): 0 when no bend was seen in the whole sweep
    """
    detected = points.detected
    first = points.x[np.argmax(detected)]  # below lies nothing that could show a bend
    count = np.cumsum(detected)
    ends = [
        k
        for k in range(LEAST_POINTS, len(points.x) + 1)
        if count[k - 1] >= LEAST_POINTS and points.x[k - 1] - first >= LEAST_SPAN
    ]
    if not ends:
        return points, 0.0
    straight, curvature = ends[0], 0.0
    for k in ends:
        c, bend = _curvature(points[:k])
        if not abs(c) * np.ptp(points.x[:k]) > NEGLIGIBLE_BEND:
            bend = 0.0
        if k == ends[0] or bend <= BEND:
            straight, curvature = k, c
        if bend > CERTAIN_BEND:
            break
    if straight == len(points.x):
        return points, 0.0
    middle = _middle(points[:straight])
    chosen = points[: next(k for k in ends if points.x[k - 1] >= middle)]
    return chosen, abs(2 * curvature) * min(_middle(chosen) - first, 1.0)


def _curvature(points: Points) -> tuple[float, float]:
    """c of ln I = … + c·u², and how many standard deviations it is away from 0.

    The latter is the root of the gain in χ² over a straight line, not c/σ_c: where most points are noise
    the parabola is far from linear in its parameters, and c/σ_c finds bends that are none.
    """
    centre = float(points.x.mean())
    line, parabola = fit(points, 1, centre), fit(points, 2, centre)
    gain = (line.chi2 - parabola.chi2) / chi2_scale(parabola.chi2, parabola.freedom)
    return float(parabola.beta[2]), float(np.sqrt(max(gain, 0.0)))


def _middle(points: Points) -> float:
    """The centre of gravity of ln P, each detected point with its weight in the fit of a line."""
    seen = points[points.detected]
    return float(np.average(seen.x, weights=1 / ((seen.sigma / seen.y) ** 2 + seen.pump**2 + 1e-18)))
