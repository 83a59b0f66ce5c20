"""Slopes along a power curve, and where they have fallen: the onset of saturation."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .bands import Array
from .fitting import Points, fit_each

DECADE = float(np.log(10.0))
#: Half width of the window of a local exponent, and its least whole width at the ends of the sweep.
HALF_WINDOW, END_WINDOW = DECADE / 3, DECADE * 5 / 6
#: The least number of set-points in that window.
LOCAL_SETPOINTS = 5
#: Saturation has set in where the local exponent is this fraction of the low-power exponent.
ONSET = 0.9
_SMEARED, _COARSE = 0.05, 0.4  # relative, and per squared distance of set-points (of ln P)
#: By what fraction measured irradiances may lie beyond a range given by hand, or beyond a window.
SLACK = 0.02


def local_exponents(points: Points) -> tuple[Array, Array]:
    """Slope of the curve in the log-log plane at each set-point: (m, 2) irradiance and slope, (m,) 1 σ.

    A parabola is fitted to the points of both sweep directions within a third of a decade and its slope
    taken at the set-point, so that a bend does no harm where the window is one-sided. Towards the ends
    of the sweep the window is widened, to 5/6 of a decade at the very end; everywhere it takes in at
    least five set-points. With three detected set-points only, a straight line has to do.
    """
    around = list(neighbourhoods(points))
    table = np.full((len(around), 3), np.nan)
    table[:, 0] = [np.exp(x) for x, _ in around]
    degrees = np.array([_degree(x, window) for x, window in around], dtype=int)
    for degree in (1, 2):
        chosen = np.flatnonzero(degrees == degree)
        fits = fit_each([around[i][1] for i in chosen], degree, [around[i][0] for i in chosen])
        for i, local in zip(chosen, fits, strict=True):
            table[i, 1:] = local.beta[1], np.sqrt(local.covariance[1, 1])
    return table[:, :2], table[:, 2]


def _degree(x: float, window: Points) -> int:
    """Of the curve through *window* whose slope at *x* is wanted; 0 where nothing can be said."""
    detected = window.detected
    known = len(np.unique(window.setpoint[detected]))
    if known < 3 or not detected[np.abs(window.x - x) <= SLACK].all():
        return 0
    return 2 if known > 3 else 1


def neighbourhoods(points: Points) -> Iterator[tuple[float, Points]]:
    """For each set-point, rising: ln of the irradiance measured there, and the points around it."""
    centres = np.sort([points.x[points.setpoint == value].mean() for value in np.unique(points.setpoint)])
    for x in centres:
        nearest = np.sort(np.abs(centres - x))[:LOCAL_SETPOINTS]
        to_end = min(x - centres[0], centres[-1] - x)
        reach = max(HALF_WINDOW, END_WINDOW - 2 * to_end, nearest[-1])
        yield float(x), points[np.abs(points.x - x) <= reach + SLACK]


def saturation_onset(
    local: Array, local_stderr: Array, exponent: float, stderr: float, above: float
) -> tuple[float, float] | None:
    """Where the local exponent falls to 90 % of the low-power exponent, with 1 σ; W/cm².

    That is the lowest crossing after which the local exponent, before it recovers, is at least once
    3 σ below the low-power exponent; interpolated in log irradiance. The uncertainty is that of both
    exponents divided by the steepness of the fall, taken from a line through the neighbourhood, and what it
    does that local exponents are means over some set-points: on curves of rate equations without noise the
    onset comes out 4 % low with 12 set-points per decade, 6 % with 6, and 20 % with 3.

    :param above: the lowest irradiance to look at (the lower end of the range of the exponent)
    :return: None when there is no such crossing
    """
    known = np.isfinite(local_stderr) & (local[:, 0] >= above * (1 - SLACK))
    x, slope, sigma = np.log(local[known, 0]), local[known, 1], local_stderr[known]
    limit = ONSET * exponent
    low = slope < limit
    significant = exponent - slope > 3 * np.hypot(sigma, stderr)
    for i in range(1, len(x)):
        if not low[i] or low[i - 1]:
            continue
        recovered = i + int(np.argmin(np.append(low[i:], False)))
        if not significant[i:recovered].any():
            continue
        part = (slope[i - 1] - limit) / (slope[i - 1] - slope[i])
        crossing = x[i - 1] + part * (x[i] - x[i - 1])
        near = np.abs(x - crossing) <= max(HALF_WINDOW, x[i] - x[i - 1]) + SLACK
        steepness = abs(np.polyfit(x[near], slope[near], 1)[0])
        error = np.hypot(np.interp(crossing, x, sigma), ONSET * stderr) / steepness
        error = np.hypot(error, max(_SMEARED, _COARSE * (x[i] - x[i - 1]) ** 2))
        onset = float(np.exp(crossing))
        return onset, float(onset * error)
    return None
