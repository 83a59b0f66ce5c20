"""Where a power law ends: saturation irradiance, critical power density.

Saturation irradiance P_s, by a curve with two straight asymptotes in the log-log plane that meet there:

    I = A·Pⁿ / (1 + (P/P_s)^w)^((n − n')/w)

n is the exponent far below P_s, n' that far above, and w says how sharp the bend is. With n = 1, n' = 0 and
w = 1 it is the textbook's I = A·P/(1 + P/P_s). Rate equations of several steps bend more slowly than that, so
w is always fitted, and its doubt is in the error of P_s; it is expected to be 1 within a factor of 1.6, which
matters only where the points say little of it.

Critical power density, without a model of the bend: where the straight lines meet that the curve approaches
at low and at high power (see :mod:`.low_power`). Joseph et al., J. Phys. Chem. A 2019, 123, 6799
(doi 10.1021/acs.jpca.9b03851) define it by rate equations of a quadratic process, whose asymptotes have
exponents 2 and 1; here the exponents are those that were measured. Unless it is certain that the exponent
falls by less than a tenth of its low-power value over the highest half decade, the line through that half
decade meets the other one too early: a lower limit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .bands import Array
from .fitting import Points, chi2_scale
from .low_power import LARGEST_CHANGE, asymptote, mirrored
from .power_law import PowerLaw

_SHARPNESS = 0.5  # 1 σ of ln w before anything is measured
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
    best = _fit_curve(points, law)
    if best is None:
        return None
    misfit, freedom = 0.0, len(points.x) - len(best[0])
    if chi2_scale(best[2], freedom) > 1:
        misfit = 0.01
        for _ in range(15):
            best = _fit_curve(points, law, misfit)
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
        sharpness=float(np.exp(beta[4])),
        misfit=misfit,
    )


def _curve(beta: Array, x: Array) -> tuple[Array, Array]:
    """ln I and local exponent at ln P = *x*; β = ln A, n, n − n', ln P_s, ln w."""
    w = float(np.exp(beta[4]))
    u = w * (x - beta[3])
    bend = np.logaddexp(0.0, u)
    return beta[0] + beta[1] * x - beta[2] / w * bend, beta[1] - beta[2] * np.exp(u - bend)


def _fit_curve(points: Points, law: PowerLaw, misfit: float = 0.0) -> tuple[Array, Array, float] | None:
    """β, covariance and χ² by least squares with the effective variance; None where it does not settle."""
    from scipy.optimize import least_squares

    if law.saturation_onset is None or int(points.detected.sum()) <= 5:
        return None
    if not law.prefactor > 0:  # an avalanche, so steep that nothing is left of it at 1 W/cm²
        return None
    beta = np.array([np.log(law.prefactor), law.exponent, 1.0, np.log(3 * law.saturation_onset), 0.0])
    low = np.array([-np.inf, 0.0, 0.0, points.x[0] - 5, -2.0])
    high = np.array([np.inf, 30.0, 30.0, points.x[-1] + 5, 2.0])
    solution = None
    for _ in range(4):  # the variance follows the curve
        value, slope = _curve(beta, points.x)
        sigma = np.sqrt(
            points.sigma**2 + np.exp(2 * value) * ((slope * points.pump) ** 2 + misfit**2 + 1e-18)
        )

        def residuals(b: Array, sigma: Array = sigma) -> Array:
            rest: Array = (points.y - np.exp(np.minimum(_curve(b, points.x)[0], 700))) / sigma
            return np.append(rest, b[4] / _SHARPNESS)

        start = np.clip(beta, low + 1e-9, high - 1e-9)
        solution = least_squares(residuals, start, bounds=(low, high), x_scale="jac")
        beta = solution.x
    if solution is None or not solution.success:
        return None
    normal = solution.jac.T @ solution.jac
    if not np.linalg.cond(normal) < 1e14:
        return None
    return beta, np.linalg.inv(normal), float((solution.fun[:-1] ** 2).sum())


@dataclass(frozen=True)
class CriticalPowerDensity:
    """W/cm², and 1 σ.

    :param reached: False where the high-power line was not, for certain: then it is a lower limit
    """

    irradiance: float
    stderr: float
    reached: bool


def critical_power_density(points: Points, law: PowerLaw) -> CriticalPowerDensity | None:
    """As the head of this file says; None where the exponent falls by less than 0.1 or 3 σ."""
    if not law.reached:
        return None
    high = asymptote(mirrored(points), LARGEST_CHANGE * abs(law.exponent))
    if not np.isfinite(high.beta).all() or np.exp(-high.points.x[-1]) <= law.irradiance_range[1]:
        return None
    mirror = np.diag([1.0, -1.0])
    level, exponent = mirror @ high.beta
    fall = law.exponent - exponent
    covariance = law.covariance + mirror @ high.covariance @ mirror
    if not (fall > max(_LEAST_FALL, 3 * np.sqrt(covariance[1, 1])) and law.prefactor > 0):
        return None
    x = (level - np.log(law.prefactor)) / fall
    gradient = np.array([1.0, x]) / fall
    error = float(np.sqrt(gradient @ covariance @ gradient))
    if not np.isfinite(error):
        return None
    return CriticalPowerDensity(float(np.exp(x)), float(np.exp(x) * error), high.reached)
