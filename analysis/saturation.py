"""Where a power law ends: saturation irradiance, critical power density.

Saturation irradiance P_s, by a curve with two straight asymptotes in the log-log plane that meet there:

    I = A·Pⁿ / (1 + (P/P_s)^w)^((n − n')/w)

n is the exponent far below P_s, n' that far above, and w says how sharp the bend is: w = 1 unless that cannot
describe the points. With n = 1, n' = 0, w = 1 it is the textbook's I = A·P/(1 + P/P_s). Rate equations of
several steps bend more slowly than that; then P_s depends a little on the range that was swept.

Critical power density, without a model of the bend: where the straight line of the low-power regime meets the
straight line through the highest half decade. Joseph et al., J. Phys. Chem. A 2019, 123, 6799
(doi 10.1021/acs.jpca.9b03851) define it by rate equations of a quadratic process, whose asymptotes have
exponents 2 and 1; here the exponents are those that were measured, and where the sweep does not reach its
upper asymptote the value is too low.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bands import Array
from .fitting import Fit, Points, chi2_scale, fit
from .local_exponents import SLACK
from .low_power import LEAST_SPAN
from .power_law import PowerLaw

_CLEARLY_BETTER = 10.0  # AIC; a bend of another sharpness must be that much better
_LARGEST_DOUBT = 0.5  # relative; a saturation irradiance less certain than that is none
_LEAST_FALL = 0.1  # of the exponent


@dataclass(frozen=True)
class Saturation:
    """The curve that was fitted; irradiance in W/cm².

    :param irradiance, stderr: P_s, and 1 σ
    :param exponent, high_exponent, sharpness: n, n' and w
    :param misfit: relative, common to all points: by how much the curve fails beyond their stated errors
    """

    irradiance: float
    stderr: float
    exponent: float
    high_exponent: float
    sharpness: float
    misfit: float


def find_saturation(points: Points, law: PowerLaw) -> Saturation | None:
    """Fits the curve at the head of this file; None without a bend, or where the points do not fix P_s.

    Where χ² says that the curve is not quite what the sample does, the points get a relative error, common to
    all, that makes χ² equal ν: else the few brightest ones would decide alone.
    """
    if law.saturation_onset is None:
        return None
    simple = _fit_curve(points, law, free_sharpness=False)
    best = _fit_curve(points, law, free_sharpness=True)
    if best is None or (simple is not None and simple[2] < best[2] + 2 + _CLEARLY_BETTER):
        best = simple
    if best is None:
        return None
    misfit, freedom = 0.0, len(points.x) - len(best[0])
    if chi2_scale(best[2], freedom) > 1:
        misfit = 0.01
        for _ in range(15):
            best = _fit_curve(points, law, len(best[0]) > 4, misfit)
            if best is None:
                return None
            misfit *= float(np.sqrt(best[2] / freedom))
    beta, covariance, _ = best
    error = float(np.sqrt(covariance[3, 3]))
    if not error < _LARGEST_DOUBT or not points.x[0] < beta[3] < points.x[-1]:
        return None
    irradiance = float(np.exp(beta[3]))
    return Saturation(
        irradiance=irradiance,
        stderr=irradiance * error,
        exponent=float(beta[1]),
        high_exponent=float(beta[1] - beta[2]),
        sharpness=float(np.exp(beta[4])) if len(beta) > 4 else 1.0,
        misfit=misfit,
    )


def _curve(beta: Array, x: Array) -> tuple[Array, Array]:
    """ln I and local exponent at ln P = *x*; β = ln A, n, n − n', ln P_s, and ln w where it is free."""
    w = float(np.exp(beta[4])) if len(beta) > 4 else 1.0
    u = w * (x - beta[3])
    bend = np.logaddexp(0.0, u)
    return beta[0] + beta[1] * x - beta[2] / w * bend, beta[1] - beta[2] * np.exp(u - bend)


def _fit_curve(
    points: Points, law: PowerLaw, free_sharpness: bool, misfit: float = 0.0
) -> tuple[Array, Array, float] | None:
    """β, covariance and χ² by least squares with the effective variance; None where it does not settle."""
    from scipy.optimize import least_squares

    count = 5 if free_sharpness else 4
    if law.saturation_onset is None or int(points.detected.sum()) <= count:
        return None
    if not law.prefactor > 0:  # an avalanche, so steep that nothing is left of it at 1 W/cm²
        return None
    beta = np.array([np.log(law.prefactor), law.exponent, 1.0, np.log(3 * law.saturation_onset), 0.0])[:count]
    low = np.array([-np.inf, 0.0, 0.0, points.x[0] - 5, -2.0])[:count]
    high = np.array([np.inf, 30.0, 30.0, points.x[-1] + 5, 2.0])[:count]
    solution = None
    for _ in range(4):  # the variance follows the curve
        value, slope = _curve(beta, points.x)
        sigma = np.sqrt(
            points.sigma**2 + np.exp(2 * value) * ((slope * points.pump) ** 2 + misfit**2 + 1e-18)
        )

        def residuals(b: Array, sigma: Array = sigma) -> Array:
            rest: Array = (points.y - np.exp(np.minimum(_curve(b, points.x)[0], 700))) / sigma
            return rest

        start = np.clip(beta, low + 1e-9, high - 1e-9)
        solution = least_squares(residuals, start, bounds=(low, high), x_scale="jac")
        beta = solution.x
    if solution is None or not solution.success:
        return None
    normal = solution.jac.T @ solution.jac
    if not np.linalg.cond(normal) < 1e14:
        return None
    return beta, np.linalg.inv(normal), float((solution.fun**2).sum())


def critical_power_density(points: Points, law: PowerLaw) -> tuple[float, float] | None:
    """W/cm² and 1 σ, as the head of this file says; None where the exponent falls by less than 0.1 or 3 σ."""
    lowest, highest = (np.log(edge) for edge in law.irradiance_range)
    inside = (points.x >= lowest - SLACK) & (points.x <= highest + SLACK)
    top = points.x >= points.x[-1] - LEAST_SPAN - SLACK
    if len(np.unique(points.setpoint[top])) < 3 or inside[top].any():
        return None
    low, high = _line(points[inside]), _line(points[top])
    n_low, n_high = low[1].beta[1], high[1].beta[1]
    variance = np.array(
        [law.stderr**2, high[1].covariance[1, 1]]
    )  # that of the law knows its systematic part
    if not n_low - n_high > max(_LEAST_FALL, 3 * np.sqrt(variance.sum())):
        return None
    level = low[1].beta[0] - high[1].beta[0]
    x = (level - n_low * low[0] + n_high * high[0]) / (n_high - n_low)
    gradient = np.array([x - low[0], x - high[0]]) / (n_low - n_high)
    levels = (low[1].covariance[0, 0] + high[1].covariance[0, 0]) / (n_low - n_high) ** 2
    error = float(np.sqrt(gradient**2 @ variance + levels))
    return (float(np.exp(x)), float(np.exp(x) * error)) if np.isfinite(error) else None


def _line(points: Points) -> tuple[float, Fit]:
    """A straight line about the centre of the points, where its two parameters are nearly independent."""
    centre = float(points.x.mean())
    return centre, fit(points, 1, centre)
