"""Least squares with errors of both coordinates, as scans of a position need it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, least_squares

from .bands import AnalysisError, Array
from .fitting import chi2_scale

_PASSES = 5
_STEP, _LARGEST = 1e-5, 0.1  # of the range of x: for a slope; an error that may still be one of x


@dataclass(frozen=True, eq=False)
class WeightedFit:
    """What was fitted.

    :param beta, covariance: parameters (k,), (k, k)
    :param reduced_chi2: with the errors of y alone; NaN without degrees of freedom
    :param x_error: 1 σ of x, common to all points, that explains what the errors of y do not
    :param unexplained: what errors of both do not explain has multiplied the covariance by this; 1: nothing
    """

    beta: Array
    covariance: Array
    reduced_chi2: float
    x_error: float
    unexplained: float

    def stderr(self, gradient: Sequence[float] | Array) -> float:
        """Of a function of the parameters with this *gradient* (k,)."""
        g = np.asarray(gradient, float)
        return float(np.sqrt(max(g @ self.covariance @ g, 0.0)))


def weighted_fit(
    model: Callable[[Array, Array], Array],
    x: Array,
    y: Array,
    sigma: Array,
    start: Sequence[float],
    scale: Sequence[float],
    expected: Sequence[tuple[int, float, float]] = (),
    errors_in_x: bool = True,
) -> WeightedFit:
    """Fit y = model(beta, x), all (n,), with errors *sigma* of y.

    Where points on the slopes scatter by more, x gets the error that makes this likeliest (effective
    variance: J. Orear, Am. J. Phys. 50, 912 (1982)); what is still unexplained multiplies the covariance.

    :param start, scale: of the parameters: first guess, and size
    :param expected: parameters known beforehand: index, value, 1 σ
    :raises AnalysisError: fewer points than parameters
    """
    freedom = len(x) - len(start) + len(expected)
    if freedom < 0 or not len(x):
        raise AnalysisError(f"{len(x)} usable points; at least {len(start) - len(expected)} are needed")
    index = [i for i, _, _ in expected]
    value, doubt = (np.array([row[k] for row in expected], float) for k in (1, 2))
    beta, total, x_error, reduced = np.array(start, float), sigma, 0.0, np.nan
    for _ in range(_PASSES if errors_in_x else 1):

        def residuals(b: Array, total: Array = total) -> Array:
            return np.concatenate([(y - model(b, x)) / total, (b[index] - value) / doubt])

        found = least_squares(residuals, beta, x_scale=np.array(scale, float), method="trf")
        beta = found.x
        departure = y - model(beta, x)
        reduced = float(((departure / sigma) ** 2).sum() / freedom) if freedom else np.nan
        step = _STEP * max(float(np.ptp(x)), 1e-12)
        slope = (model(beta, x + step) - model(beta, x - step)) / (2 * step)
        if errors_in_x and freedom:
            # the curve follows each point a little: by its leverage
            leverage = np.einsum("ij,jk,ik->i", found.jac, np.linalg.pinv(found.jac.T @ found.jac), found.jac)
            variance = departure**2 / np.clip(1 - leverage[: len(x)], 0.05, None)
            x_error = _explaining(variance, sigma, slope, _LARGEST * float(np.ptp(x)))
        total = np.hypot(sigma, slope * x_error)
    chi2 = float(((departure / total) ** 2).sum())
    jacobian = found.jac
    unexplained = chi2_scale(chi2, freedom)
    covariance = np.linalg.pinv(jacobian.T @ jacobian) * unexplained
    return WeightedFit(beta, covariance, reduced, x_error, unexplained)


def _explaining(variance: Array, sigma: Array, slope: Array, most: float) -> float:
    """The likeliest error of x; 0 where none is needed, or none up to *most* would do.

    Points where the curve is flat say nothing about it.

    :param variance: of each point, estimated from it alone: (n,)
    """

    def excess(error: float) -> float:
        # the derivative of the Gaussian log-likelihood by the variance of x
        total = sigma**2 + (slope * error) ** 2
        return float((slope**2 * (variance - total) / total**2).sum())

    if excess(0.0) <= 0 or excess(most) > 0:
        return 0.0
    return float(brentq(excess, 0.0, most, xtol=1e-6 * most))
