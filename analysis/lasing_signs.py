"""Whether an emitter lases at all: what its light and its line must show before a threshold is told.

A fit of the rate equation finds a threshold in any curve. What makes it one is a kink: the light rises with a
higher power of the pump there than on either side of it. An avalanche shows that too. So the line must become
narrower as well, where it is resolved (Samuel, Namdas & Turnbull, Nature Photonics 2009, 3, 546).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import chi2

from .bands import Array
from .fitting import Points
from .laser_curve import check_number
from .laser_widths import LineAt

#: standard deviations by which the exponent must exceed those below and above it, and the factor
_SURE, _STEEPER = 5.0, 1.3
#: neighbours to both sides over which an exponent is taken
_AROUND = 2
#: a line has become narrower whose width is this part of what it was, by so many standard deviations
_NARROWER, _CLEARLY = 0.8, 3.0


def has_kink(points: Points) -> bool:
    """Whether somewhere the local exponent is higher than before and after it.

    :raises AnalysisError: too few points to tell
    """
    check_number(points)
    slope, sigma = _exponents(points[points.detected])
    # row: where it might be steep, column: against which
    doubt = _SURE * np.hypot(sigma[:, None], sigma)
    above = (slope[:, None] - slope > doubt) & (slope[:, None] > _STEEPER * slope)
    return bool((np.tril(above).any(axis=1) & np.triu(above).any(axis=1)).any())


def _exponents(seen: Points) -> tuple[Array, Array]:
    """d ln signal/d ln pump at each set-point with two neighbours to both sides, and 1 σ; both (m,).

    Straight lines: a kink is narrower than what the local exponents of a power sweep are taken over. Where
    most parabolas through the same points do not describe them, all errors are enlarged by what is missing.
    """
    logs, levels = np.log(seen.y), np.unique(seen.setpoint)
    exponent = np.abs(np.gradient(logs, seen.x + 1e-9 * np.arange(len(logs))))
    weight = 1 / np.sqrt((seen.sigma / seen.y) ** 2 + (exponent * seen.pump) ** 2 + 1e-18)
    rows, misfit = [], []
    for i in range(_AROUND, len(levels) - _AROUND):
        near = (seen.setpoint >= levels[i - _AROUND]) & (seen.setpoint <= levels[i + _AROUND])
        u, y, w = seen.x[near] - np.log(levels[i]), logs[near], weight[near]
        line, covariance = np.polyfit(u, y, 1, w=w, cov="unscaled")
        rows.append((line[0], np.sqrt(covariance[0, 0])))
        left = (y - np.polyval(np.polyfit(u, y, 2, w=w), u)) * w
        misfit.append(left @ left / chi2.median(len(u) - 3))
    slope, sigma = np.reshape(rows, (-1, 2)).T
    return slope, sigma * np.sqrt(max(np.median([1.0, *misfit]), 1.0))


def narrows(lines: list[LineAt], threshold: float, least: float) -> bool | None:
    """Whether the line is narrower above *threshold* (W/cm²) than below; None where it is not known.

    :param least: narrowest line that the instrument resolves, nm
    """
    below = [one.line for one in lines if one.irradiance < threshold]
    above = [one.line for one in lines if one.irradiance > threshold]
    if not below or not above:
        return None
    # a single fit may have gone astray
    wide = sorted(below, key=lambda line: line.fwhm)[len(below) // 2]
    narrow = sorted(above, key=lambda line: line.fwhm)[len(above) // 2]
    if wide.fwhm < least:
        return None
    clearly = wide.fwhm - narrow.fwhm > _CLEARLY * np.hypot(wide.fwhm_stderr, narrow.fwhm_stderr)
    return bool(clearly and narrow.fwhm < _NARROWER * wide.fwhm)
