"""Light–light curve of a laser: the rate equation of one mode, fitted on both sides of its threshold.

With x = F/F_th and p = x^m the photons in the mode are S = [(p - 1) + √((p - 1)² + 4βp)]/(2β) (Björk &
Yamamoto, IEEE J. Quantum Electron. 1991, 27, 2386, without transparency). Below threshold what feeds the
mode need not go with x^m, and may be saturating already; from the threshold on it is clamped. So

    signal = A·β·S(p)·v^(n - m)/(1 - c + c·v^k) with v = min(x, 1),

which goes with the power n far below and n - c·k just below the threshold, far above is A·(x^m - 1), and
rises by about 1/√β across it. Where the data do not show how what feeds the mode saturates, what may happen
does: c = 0.3 ± 1 (below 0 where a lower power of the pump adds to it), and k from n to n/2 (as where
upconversion takes over from linear decay), ln(k/n) = -0.35 ± 1. Both are added to χ² as measurements would
be, so that what is not known of them is in the error of the threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import least_squares

from .bands import AnalysisError, Array
from .fitting import Points, chi2_scale

#: where β, m and n, c and ln(k/n) are looked for; ln F_th so far beyond the points
_BEYOND, _COUPLING, _ORDER, _SATURATION, _FALL = 1.0, (1e-7, 1.0), (0.3, 8.0), (-1.0, 0.999), (-3.0, 3.0)
#: c and ln(k/n), and 1 σ
_EXPECTED, _DOUBT = np.array([0.3, -0.35]), np.array([1.0, 1.0])
_LEAST_POINTS = 8
_PASSES = 3
_SCALE = np.array([1, 0.1, 1, 0.3, 0.3, 0.3, 0.5])
_STEP = 1e-5 * _SCALE  # of the derivatives
#: β
_STARTS = (1e-4, 1e-2, 0.3)


@dataclass(frozen=True, eq=False)
class LaserCurve:
    """Fitted curve; the pump in the unit of the points.

    :param beta: ln A, ln F_th, ln β, m, n, c, ln(k/n)
    :param covariance: (7, 7)
    :param reduced_chi2: NaN without degrees of freedom
    """

    beta: Array
    covariance: Array
    reduced_chi2: float

    @property
    def threshold(self) -> tuple[float, float]:
        """F_th and 1 σ."""
        value = math.exp(self.beta[1])
        return value, value * math.sqrt(self.covariance[1, 1])

    @property
    def coupling(self) -> float:
        """β, the share of the spontaneous light in the mode."""
        return math.exp(self.beta[2])

    @property
    def order_above(self) -> float:
        """m, to whose power of the pump the gain goes."""
        return float(self.beta[3])

    @property
    def order_below(self) -> float:
        """Exponent of what feeds the mode just below threshold."""
        n, share, fall = self.beta[4:]
        return float(n * (1 - share * math.exp(fall)))

    def signal(self, pump: npt.ArrayLike) -> Array:
        """At *pump*, in the unit of the points."""
        value: Array = np.exp(_log_signal(self.beta, np.log(np.asarray(pump, float))))
        return value

    @property
    def kink(self) -> tuple[float, float]:
        """d ln signal/d ln pump at threshold, m·(1 + β^-½)/2, and 1 σ."""
        order, root = self.beta[3], self.coupling**-0.5
        gradient = np.array([0.0, 0.0, -order * root / 4, (1 + root) / 2, 0.0, 0.0, 0.0])
        return float(order * (1 + root) / 2), float(np.sqrt(gradient @ self.covariance @ gradient))


def laser_curve(points: Points, shared: Array | None = None) -> LaserCurve:
    """Fit the curve to *points*, with errors of signal and pump.

    :param shared: (n, n), covariance of the signals beyond their own errors, in their unit squared
    :raises AnalysisError: too few points, or no threshold among them
    """
    check_number(points)
    extra = np.zeros((len(points.x), len(points.x))) if shared is None else shared
    chi2, beta, covariance = _fit(points, extra)
    freedom = len(points.x) - len(beta)
    curve = LaserCurve(
        beta, covariance * chi2_scale(chi2, freedom), chi2 / freedom if freedom > 0 else np.nan
    )
    threshold, stderr = curve.threshold
    low, high = (float(np.exp(x)) for x in (points.x[points.detected].min(), points.x.max()))
    if not (low < threshold < high) or not stderr < threshold:
        raise AnalysisError(f"laser curve: no threshold between {low:.3g} and {high:.3g} of the pump")
    return curve


def check_number(points: Points) -> None:
    """:raises AnalysisError: there are too few points with a signal for a threshold"""
    number = int(points.detected.sum())
    if number < _LEAST_POINTS:
        raise AnalysisError(
            f"laser curve: {number} points with a signal; at least {_LEAST_POINTS} are needed"
        )


def _fit(points: Points, shared: Array) -> tuple[float, Array, Array]:
    """χ², parameters and covariance; errors of the pump count by effective variance."""
    beyond = points.x.min() - _BEYOND, points.x.max() + _BEYOND
    ranges = (-np.inf, np.inf), beyond, np.log(_COUPLING), _ORDER, _ORDER, _SATURATION, _FALL
    bounds = tuple(zip(*ranges, strict=True))

    def adjusted(beta: Array, variance: Array) -> Any:
        root = cholesky(variance, lower=True)

        def residuals(b: Array) -> Array:
            away = solve_triangular(root, points.y - _signal(b, points.x), lower=True)
            return np.concatenate([away, (b[5:] - _EXPECTED) / _DOUBT])

        def slopes(b: Array) -> Array:
            each = np.diag(_STEP)
            low, high = (_signal((b + side).T[..., None], points.x) for side in (-each, each))
            away = solve_triangular(root, ((low - high) / (2 * _STEP[:, None])).T, lower=True)
            return np.vstack([away, np.eye(len(b))[5:] / _DOUBT[:, None]])

        return least_squares(residuals, beta, slopes, bounds=bounds, x_scale=_SCALE)

    # wide at first: far from the start it is not linear
    wide = np.diag(points.sigma**2 + (0.2 * points.y) ** 2)
    found = min((adjusted(_start(points, beta), wide) for beta in _STARTS), key=lambda one: float(one.cost))
    for _ in range(_PASSES):
        step = 1e-4
        low, high = (_log_signal(found.x, points.x + side) for side in (-step, step))
        model = np.exp(_log_signal(found.x, points.x))
        pumped = (high - low) / (2 * step) * model * points.pump
        variance = points.sigma**2 + pumped**2 + (1e-9 * model) ** 2
        found = adjusted(found.x, np.diag(variance) + shared)
    left = found.fun[: -len(_EXPECTED)]
    return float(left @ left), found.x, np.linalg.pinv(found.jac.T @ found.jac)


def _start(points: Points, coupling: float) -> Array:
    """Parameters with the threshold where *points* are steepest, and β = *coupling*."""
    seen = points[points.detected]
    logs = np.log(seen.y)
    slopes = np.gradient(logs, seen.x + 1e-9 * np.arange(len(seen.x)))
    # of a few neighbours: a single pair may be steep by noise
    steepest = int(np.argmax(np.convolve(slopes, np.ones(3) / 3, mode="same")))
    beta = math.log(coupling)
    return np.array([logs[steepest] - beta / 2, seen.x[steepest], beta, 1.5, 1.5, *_EXPECTED])


def _signal(beta: Array, x: Array) -> Array:
    """The signal at ln pump *x*."""
    result: Array = np.exp(np.clip(_log_signal(beta, x), -700, 700))
    return result


def _log_signal(beta: Array, x: Array) -> Array:
    """ln of the signal at ln pump *x* (n,) for parameters (7,), or (k, n) for several (7, k, 1)."""
    scale, threshold, coupling, order, below, share, fall = beta
    u = x - threshold
    log_p = np.clip(order * u, -300, 300)
    p, b = np.exp(log_p), np.exp(coupling)
    root = np.hypot(p - 1, 2 * np.sqrt(b * p))
    # β·S without the difference of nearly equal numbers
    photons = np.where(p < 1, 2 * b * p / (np.maximum(1 - p, 0) + root), (p - 1 + root) / 2)
    under = np.minimum(u, 0.0)
    bent = np.log1p(share * np.expm1(below * np.exp(fall) * under))
    result: Array = scale + np.log(photons) + (below - order) * under - bent
    return result
