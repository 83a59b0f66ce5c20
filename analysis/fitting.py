"""Power laws with honest errors: a polynomial in the log–log plane, fitted to the intensities.

How a power law is fitted
-------------------------
Model I = exp(Σ βⱼ·uʲ) with u = ln(P/P₀): a straight line (or, for curvature, a parabola; or a line and the
bend at its end, see :mod:`.low_power`) in the log-log plane, fitted to the intensities themselves, not to
their logarithms. So points without signal, even with a negative intensity, take part with the weight they
deserve, and nothing is biased by leaving them out. It is a generalised linear model with logarithmic link,
solved by iterated weighted least squares (McCullagh & Nelder, Generalized Linear Models, 2nd ed., 1989, 2.5).
The weights are 1/σ² with the effective variance σ² = σ_I² + (n·I·σ_P/P)²: n is the local exponent, I and n
come from the iteration before (Orear, Am. J. Phys. 50, 912, 1982).

What the uncertainty means
--------------------------
The covariance follows from the stated errors. It is multiplied by χ²/ν only if χ² exceeds ν by three of
its standard deviations √(2ν): then something besides the stated errors is at work (drift, hysteresis, a
bend). Scaling always would only add the scatter of χ² itself to honest errors; scaling down would trust
luck. When the run has no errors for the irradiance, one relative error common to all points is
taken from the scatter about a smooth curve. Whether a bend is there or not is part of the uncertainty of
a low-power exponent (:func:`~antistokes.analysis.low_power.asymptote`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .bands import Array

_ITERATIONS, _SETTLED = 60, 1e-8  # largest step of ln I
_AT_ONCE = 20_000  # points that are fitted together
#: A point counts as detected when its intensity exceeds this many standard deviations.
DETECTION = 3.0


@dataclass(frozen=True, eq=False)
class Points:
    """What is fitted: ln P, intensity, its 1 σ, relative 1 σ of P, set-point; all (n,), by rising P."""

    x: Array
    y: Array
    sigma: Array
    pump: Array
    setpoint: Array

    def __getitem__(self, choice: slice | npt.NDArray[np.bool_]) -> Points:
        return Points(
            self.x[choice], self.y[choice], self.sigma[choice], self.pump[choice], self.setpoint[choice]
        )

    @property
    def detected(self) -> npt.NDArray[np.bool_]:
        return self.y > DETECTION * self.sigma


class Fit(NamedTuple):
    """β (degree + 1 + bends,), its covariance, χ² and ν."""

    beta: Array
    covariance: Array
    chi2: float
    freedom: int


def fit(points: Points, degree: int, centre: float, bends: int = 0) -> Fit:
    """ln I as a polynomial in u = x − centre, fitted as the head of this file says.

    :param bends: how many terms (P/P_top)ʲ, j = 1, 2, …, are added to it; P_top is the highest irradiance
    :return: NaN throughout when the iteration does not settle
    """
    return fit_each([points], degree, [centre], bends)[0]


def fit_each(parts: Sequence[Points], degree: int, centres: Sequence[float], bends: int = 0) -> list[Fit]:
    """:func:`fit` to each of *parts* about its centre; together, which is much faster."""
    found: list[Fit] = []
    while len(found) < len(parts):
        longest = max(len(one.x) for one in parts[len(found) :])
        some = slice(len(found), len(found) + max(1, _AT_ONCE // longest))
        found += _fit_together(parts[some], degree, np.array(centres[some]), bends)
    return found


def _fit_together(parts: Sequence[Points], degree: int, centres: Array, bends: int) -> list[Fit]:
    """Shorter ones are filled up with points of no weight."""
    number = np.array([len(one.x) for one in parts])
    inside = np.arange(number.max()) < number[:, None]

    def filled(arrays: Iterable[Array]) -> Array:
        result = np.zeros(inside.shape)
        result[inside] = np.concatenate(list(arrays))
        return result

    u = filled(one.x - centre for one, centre in zip(parts, centres, strict=True))
    y, sigma, pump = (filled(getattr(one, name) for one in parts) for name in ("y", "sigma", "pump"))
    powers, orders = np.arange(degree + 1), np.arange(1, bends + 1)
    polynomial = u[..., None] ** powers
    bend = np.zeros((*inside.shape, bends))
    bend[inside] = np.concatenate([bend_terms(one.x, bends) for one in parts])
    design = np.concatenate([polynomial, bend], axis=2)
    gradient = np.concatenate([polynomial[..., :-1] * powers[1:], bend * orders], axis=2)
    beta = _start(y, sigma, inside, design)
    size = design.shape[2]
    fits = [Fit(np.full(size, np.nan), np.full((size, size), np.nan), np.nan, 0)] * len(parts)
    going = np.arange(len(parts))
    for _ in range(_ITERATIONS):
        terms, b = design[going], beta[going]
        mu = np.exp((terms @ b[..., None])[..., 0])
        steepness = (gradient[going] @ b[:, 1:, None])[..., 0]
        # the last term only keeps exact data without errors from dividing by zero
        variance = sigma[going] ** 2 + (steepness * mu * pump[going]) ** 2 + (1e-9 * mu) ** 2
        weight, left = inside[going] / variance, y[going] - mu
        normal = (terms * (mu**2 * weight)[..., None]).swapaxes(1, 2) @ terms
        step = _solved(normal, (terms * (mu * left * weight)[..., None]).sum(axis=1))
        length = np.abs((terms @ step[..., None])[..., 0]).max(axis=1)
        for i in np.flatnonzero(length < _SETTLED):
            freedom = int(number[going[i]]) - size
            chi2 = float((left[i] ** 2 * weight[i]).sum())
            covariance = np.linalg.inv(normal[i]) * chi2_scale(chi2, freedom)
            fits[going[i]] = Fit(b[i], covariance, chi2, freedom)
        on = (length >= _SETTLED) & np.isfinite(length)
        going = going[on]
        if not len(going):
            break
        # never more than a factor e at once
        beta[going] = b[on] + step[on] * np.minimum(1.0, 1.0 / length[on])[:, None]
    return fits


def _solved(normal: Array, right: Array) -> Array:
    """Solutions (k, m) of *normal* (k, m, m) for *right*; NaN where there is none."""
    try:
        return np.linalg.solve(normal, right[..., None])[..., 0].astype(np.float64)
    except np.linalg.LinAlgError:
        if len(normal) == 1:
            return np.full_like(right, np.nan)
        return np.concatenate([_solved(normal[i : i + 1], right[i : i + 1]) for i in range(len(normal))])


def bend_terms(x: Array, bends: int) -> Array:
    """(P/P_top)ʲ for j = 1 … *bends* at each point of ln P = *x*, (n, bends)."""
    terms: Array = np.exp((x - x.max())[:, None] * np.arange(1, bends + 1))
    return terms


def _start(y: Array, sigma: Array, inside: npt.NDArray[np.bool_], design: Array) -> Array:
    """Straight lines through the logarithms of the detected points."""
    detected = inside & (y > DETECTION * sigma)
    y = np.where(detected, y, 1.0)
    weight = detected / ((sigma / y) ** 2 + 0.01**2)
    line = design[..., :2]
    normal = (line * weight[..., None]).swapaxes(1, 2) @ line
    right = (line * (weight * np.log(y))[..., None]).sum(axis=1)
    # of a single point, the flattest
    beta = np.zeros((len(design), design.shape[2]))
    beta[:, :2] = (np.linalg.pinv(normal, rcond=1e-12, hermitian=True) @ right[..., None])[..., 0]
    return beta


def chi2_scale(chi2: float, freedom: int) -> float:
    """By what a covariance is multiplied: 1 unless the stated errors cannot explain the scatter."""
    return chi2 / freedom if freedom and chi2 > freedom + 3 * np.sqrt(2 * freedom) else 1.0
