"""Fitting any model to counts by Poisson maximum likelihood, or to values by least squares, with one engine.

What is minimised is the deviance 2·Σ(μ − N + N·ln(N/μ)), which is least where the Poisson likelihood of the
counts N is greatest (Baker & Cousins, Nucl. Instrum. Meth. 221, 437, 1984). As a sum of squares of signed
roots it goes to the trust-region method of :func:`scipy.optimize.least_squares`. Least squares of counts
would bias a decay: the weights then come from the noise itself.

Errors are those of the Fisher information Jᵀ·diag(1/μ)·J at the best parameters. A parameter that ends on its
bound is taken as known there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Likelihood = Literal["poisson", "least squares"]

_STEP = np.finfo(float).eps ** (1 / 3)  # relative, of central differences
_LEAST_PARAMETER = 1e-4  # below it steps are those of this size
_LEAST_EXPECTED = 1e-9  # counts; a model may touch zero
_NEAR = 1e-3  # N/μ so near to 1 that the deviance is better taken from its series
_AT_BOUND = 1e-6
_SINGULAR = 1e13  # condition of an information that tells nothing of some combination


@dataclass(frozen=True, eq=False)
class Estimate:
    """The best parameters.

    :param theta: (parameters,)
    :param covariance: (parameters, parameters); zero for those on a bound, NaN where the data do not tell
    :param deviance: of counts; the sum of squares otherwise
    :param expected: what the model gives there, (data,)
    :param on_bound: which parameters ended on a bound, (parameters,)
    :param converged: the search has come to rest
    """

    theta: Array
    covariance: Array
    deviance: float
    expected: Array
    on_bound: npt.NDArray[np.bool_]
    converged: bool

    def stderr(self, quantity: Callable[[Array], float]) -> float:
        """1 σ of a *quantity* that follows from the parameters (linear propagation)."""
        slope = jacobian(lambda theta: np.atleast_1d(quantity(theta)), self.theta)[0]
        known = ~self.on_bound
        variance = slope[known] @ self.covariance[np.ix_(known, known)] @ slope[known]
        return float(np.sqrt(variance)) if variance >= 0 else float("nan")


def maximise(
    model: Callable[[Array], Array],
    data: Array,
    start: Array,
    bounds: tuple[Array, Array] | None = None,
    likelihood: Likelihood = "poisson",
    tolerance: float = 1e-12,
    most: int = 1000,
    slopes: Callable[[Array], Array] | None = None,
) -> Estimate:
    """The parameters under which *data* are the most likely.

    :param model: expected data (data,) from the parameters (parameters,)
    :param data: counts, or values of equal but unknown error for ``least squares``
    :param start: where the search begins
    :param bounds: lowest and highest parameters
    :param tolerance: relative, of the deviance and of the parameters, at which the search ends
    :param most: evaluations of the model's derivatives
    :param slopes: these derivatives (data, parameters); None: by differences
    """
    from scipy.optimize import least_squares

    low, high = (np.full(len(start), -np.inf), np.full(len(start), np.inf)) if bounds is None else bounds
    residuals, derivative = _POISSON if likelihood == "poisson" else _LEAST_SQUARES
    inside = np.clip(start, low, high)
    of_model = partial(jacobian, model) if slopes is None else slopes
    found = least_squares(
        lambda theta: residuals(model(theta), data),
        inside,
        lambda theta: derivative(model(theta), data)[:, None] * of_model(theta),
        bounds=(low, high),
        x_scale="jac",
        ftol=tolerance,
        xtol=tolerance,
        gtol=tolerance,
        max_nfev=most,
    )
    theta, expected = found.x, model(found.x)
    room = np.minimum(theta - low, high - theta)
    on_bound = room <= _AT_BOUND * np.maximum(np.abs(theta), _AT_BOUND)
    variance = np.maximum(expected, _LEAST_EXPECTED)
    if likelihood == "least squares":
        variance = np.full(len(data), 2 * found.cost / max(len(data) - len(theta), 1))
    covariance = _covariance(of_model(theta), variance, ~on_bound)
    return Estimate(theta, covariance, float(2 * found.cost), expected, on_bound, found.status > 0)


def jacobian(function: Callable[[Array], Array], theta: Array) -> Array:
    """Derivatives by central differences, (values, parameters)."""
    columns = []
    for i, value in enumerate(theta):
        step = np.zeros(len(theta))
        step[i] = _STEP * max(abs(value), _LEAST_PARAMETER)
        columns.append((function(theta + step) - function(theta - step)) / (2 * step[i]))
    return np.stack(columns, axis=1)


def _covariance(slopes: Array, variance: Array, free: npt.NDArray[np.bool_]) -> Array:
    """The inverse of the Fisher information of the *free* parameters; NaN where it has none."""
    covariance = np.zeros((len(free), len(free)))
    weighted = slopes[:, free] / np.sqrt(variance)[:, None]
    scale = np.linalg.norm(weighted, axis=0)
    inverse = np.full((len(scale), len(scale)), np.nan)
    if scale.all():
        weighted = weighted / scale
        information = weighted.T @ weighted
        if np.linalg.cond(information) < _SINGULAR:
            inverse = np.linalg.inv(information) / np.outer(scale, scale)
    covariance[np.ix_(free, free)] = inverse
    return covariance


def deviance(expected: Array, counts: Array) -> float:
    """2·Σ(μ − N + N·ln(N/μ)): how far *counts* are from what was expected."""
    return float((_deviance_roots(expected, counts) ** 2).sum())


def _deviance_roots(expected: Array, counts: Array) -> Array:
    """Signed roots of the deviance, whose squares add up to it."""
    mu = np.maximum(expected, _LEAST_EXPECTED)
    counted = np.where(counts > 0, counts, 1.0)
    x = (mu - counted) / counted
    series = x**2 * (1 - x * (2 / 3 - x * (1 / 2 - x * 2 / 5)))
    full = 2 * counted * np.where(np.abs(x) < _NEAR, series / 2, x - np.log1p(x))
    squares = np.where(counts > 0, full, 2 * mu)
    return np.asarray(np.sign(mu - counts) * np.sqrt(np.maximum(squares, 0.0)))


def _deviance_slopes(expected: Array, counts: Array) -> Array:
    """Derivatives of those roots by the expected counts; 1/√μ where both agree."""
    mu = np.maximum(expected, _LEAST_EXPECTED)
    roots = _deviance_roots(mu, counts)
    near = np.abs(mu - counts) < 1e-6 * mu
    return np.asarray(np.where(near, 1 / np.sqrt(mu), (1 - counts / mu) / np.where(near, 1.0, roots)))


_POISSON = (_deviance_roots, _deviance_slopes)
_LEAST_SQUARES = (
    lambda expected, values: expected - values,
    lambda expected, values: np.ones(len(values)),
)
