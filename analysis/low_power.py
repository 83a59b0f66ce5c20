"""The straight line that a power curve approaches at one of its ends, and how far it can be told.

One number over a saturating curve is no exponent (Pollnau et al., Phys. Rev. B 61, 3337, 2000). Populations
that follow rate equations are analytic in the irradiance, so that at low power

    ln I = ln A + n·ln P + b·P + c·P² + …

n is the exponent of the low-power regime; b and c say how it is left. The high-power end is the same in 1/P.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .bands import Array
from .fitting import Fit, Points, bend_terms, chi2_scale, fit, fit_each
from .local_exponents import DECADE, ONSET, SLACK

#: The least a range must span to be fitted: decades, and detected points.
LEAST_SPAN, LEAST_POINTS = 0.5 * DECADE, 4
#: So many terms describe a bend ...
TERMS = 2
#: ... that changes the exponent by no more than this fraction of it: beyond, saturation has set in.
LARGEST_CHANGE = 1 - ONSET
#: Standard deviations: a change is too large, a χ² too large, only when it is so by that many.
_CLEARLY, _MISFIT = 2.0, 3.0
_FEW = 16  # points
_DEAREST = 2.0  # that a parameter of few points may cost beside its 2: a χ² that says so must be able to win


@dataclass(frozen=True, eq=False)
class Asymptote:
    """The line ln I = intercept + exponent·ln P.

    :param beta, covariance: (intercept, exponent), (2,) and (2, 2)
    :param points: those that were fitted
    :param reduced_chi2: χ²/ν of the better model; NaN without degrees of freedom
    :param bend: weight of the model with a bend, 0 to 1
    :param reached: False where the exponent changes at once: then this is the mean slope of the points
    """

    beta: Array
    covariance: Array
    points: Points
    reduced_chi2: float
    bend: float
    reached: bool


def straight_line(points: Points) -> Asymptote:
    """One straight line through all *points*."""
    line = fit(points, 1, 0.0)
    return Asymptote(line.beta, line.covariance, points, _reduced(line), 0.0, True)


def asymptote(points: Points, change_by: float | None = None) -> Asymptote:
    """The line that the curve approaches towards its lowest irradiance.

    The range is the longest one from the lowest irradiance which the line with two terms of the bend
    describes and in which the bend, as far as can be told, changes the exponent by a tenth at most; it spans
    half a decade and four detected points at least. It does not end where the bend becomes significant: that
    would build in a bias of some 1 σ. In it the line alone and the line with its bend are averaged with
    weights of exp(−AIC/2); the errors contain how far both are apart (Burnham & Anderson, Model Selection
    and Multimodel Inference, 2002, 4.3). Where χ² is beyond noise in every range, it is divided by the least
    that it is per degree of freedom.

    :param change_by: it must be certain that the exponent changes by no more than that within the range
    """
    ends = list(_ends(points))
    if not ends:
        return straight_line(points)
    fits = fit_each([points[:k] for k in ends], 1, [float(points.x[:k].mean()) for k in ends], TERMS)
    bent = {k: one for k, one in zip(ends, fits, strict=True) if np.isfinite(one.chi2) and one.freedom >= 0}
    excess = min((chi2_scale(one.chi2, one.freedom) for one in bent.values()), default=1.0)
    shortest = points[: ends[0]]
    for k in sorted(bent, reverse=True):
        change, doubt = _change(bent[k], points.x[:k])
        if change_by is None:
            too_much = change - _CLEARLY * doubt > LARGEST_CHANGE * abs(bent[k].beta[1])
        else:
            too_much = change + _CLEARLY * doubt > change_by
        if too_much:
            continue
        spread = np.sqrt(2 * bent[k].freedom)
        if bent[k].chi2 / excess > bent[k].freedom + _MISFIT * spread and k != ends[0]:
            continue
        return _averaged(points[:k], bent[k], excess)
    line = straight_line(shortest)
    return Asymptote(line.beta, line.covariance, shortest, line.reduced_chi2, 1.0, not bent)


def mirrored(points: Points) -> Points:
    """The same against 1/P: the highest irradiance first."""
    turned = points[::-1]
    return Points(-turned.x, turned.y, turned.sigma, turned.pump, turned.setpoint)


def _ends(points: Points) -> Iterator[int]:
    """How many points a range may take in: whole set-points, and enough of them."""
    detected = points.detected
    first, count = points.x[np.argmax(detected)], np.cumsum(detected)
    for k in np.flatnonzero(np.append(np.diff(points.x) > SLACK, True)) + 1:
        if count[k - 1] >= LEAST_POINTS and points.x[k - 1] - first >= LEAST_SPAN:
            yield int(k)


def _change(bent: Fit, x: Array) -> tuple[float, float]:
    """The largest change of the exponent by the bend within the range, and 1 σ."""
    terms = bend_terms(x, TERMS) * np.arange(1, TERMS + 1)
    change = terms @ bent.beta[2:]
    at = int(np.abs(change).argmax())
    variance = terms[at] @ bent.covariance[2:, 2:] @ terms[at]
    return float(abs(change[at])), float(np.sqrt(variance))


def _averaged(points: Points, bent: Fit, excess: float) -> Asymptote:
    """Line and line with bend, by their AIC.

    The mean is that of the line plus the weight times the difference. Where the line is right, least squares
    make the difference independent of it, of a variance that is the difference of both. This counts with the
    weight²; the difference counts as a doubt between the models only by what it has beyond that noise.
    """
    centre = float(points.x.mean())
    line = fit(points, 1, centre)
    weight = 1.0
    if np.isfinite(line.chi2):
        gain = _criterion(line, excess) - _criterion(bent, excess)
        weight = float(1 / (1 + np.exp(-0.5 * np.clip(gain, -100, 100))))
    else:
        line = bent
    apart = bent.beta[:2] - line.beta[:2]
    noise = max(bent.covariance[1, 1] - line.covariance[1, 1], 0.0)
    doubt = weight * (1 - weight) * (1 - min(noise / max(apart[1] ** 2, 1e-30), 1.0))
    covariance = (
        (1 - weight**2) * line.covariance[:2, :2]
        + weight**2 * bent.covariance[:2, :2]
        + doubt * np.outer(apart, apart)
    )
    to_unit = np.array([[1.0, -centre], [0.0, 1.0]])  # from the centre to 1 W/cm²
    return Asymptote(
        beta=to_unit @ (line.beta[:2] + weight * apart),
        covariance=to_unit @ covariance @ to_unit.T,
        points=points,
        reduced_chi2=_reduced(bent if weight > 0.5 else line),
        bend=weight,
        reached=True,
    )


def _criterion(one: Fit, excess: float) -> float:
    """Akaike's; with few points towards AICc (ibid., 2.4), else a short sweep could not do without a bend."""
    count = len(one.beta)
    few = one.freedom + count < _FEW
    penalty = min(2 * count * (count + 1) / max(one.freedom - 1, 0.5), _DEAREST * count) if few else 0.0
    return one.chi2 / excess + 2 * count + penalty


def _reduced(one: Fit) -> float:
    return one.chi2 / one.freedom if one.freedom else float("nan")
