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

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .bands import Array

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
    powers, orders = np.arange(degree + 1), np.arange(1, bends + 1)
    polynomial = (points.x - centre)[:, None] ** powers
    bend = bend_terms(points.x, bends)
    design = np.hstack([polynomial, bend])
    gradient = np.hstack([polynomial[:, :-1] * powers[1:], bend * orders])
    beta = _start(points, design)
    normal = np.eye(design.shape[1])
    chi2 = np.nan
    for _ in range(60):
        mu = np.exp(design @ beta)
        # the last term only keeps exact data without errors from dividing by zero
        variance = points.sigma**2 + (gradient @ beta[1:] * mu * points.pump) ** 2 + (1e-9 * mu) ** 2
        chi2 = float(((points.y - mu) ** 2 / variance).sum())
        normal = (design.T * (mu**2 / variance)) @ design
        try:
            step = np.linalg.solve(normal, design.T @ (mu * (points.y - mu) / variance))
        except np.linalg.LinAlgError:
            break
        length = float(np.abs(design @ step).max())
        if not np.isfinite(length):
            break
        if length < 1e-8:
            freedom = len(points.x) - design.shape[1]
            covariance = np.linalg.inv(normal) * chi2_scale(chi2, freedom)
            return Fit(beta, covariance.astype(np.float64), chi2, freedom)
        beta = beta + step * min(1.0, 1.0 / length)  # never more than a factor e at once
    nan = np.full(design.shape[1], np.nan)
    return Fit(nan, np.diag(nan), np.nan, 0)


def bend_terms(x: Array, bends: int) -> Array:
    """(P/P_top)ʲ for j = 1 … *bends* at each point of ln P = *x*, (n, bends)."""
    terms: Array = np.exp((x - x.max())[:, None] * np.arange(1, bends + 1))
    return terms


def _start(points: Points, design: Array) -> Array:
    """A straight line through the logarithms of the detected points."""
    detected = points.detected
    y = points.y[detected]
    weight = 1 / np.hypot(points.sigma[detected] / y, 0.01)
    line = np.linalg.lstsq(design[detected, :2] * weight[:, None], np.log(y) * weight, rcond=None)[0]
    return np.pad(line, (0, design.shape[1] - 2))


def chi2_scale(chi2: float, freedom: int) -> float:
    """By what a covariance is multiplied: 1 unless the stated errors cannot explain the scatter."""
    return chi2 / freedom if freedom and chi2 > freedom + 3 * np.sqrt(2 * freedom) else 1.0
