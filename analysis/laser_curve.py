"""Light–light curve of a laser: the rate equation of one mode, fitted on both sides of its threshold.

With x = F/F_th and p = x^m the photons in the mode are S = [(p - 1) + √((p - 1)² + 4βp)]/(2β) (Björk &
Yamamoto, IEEE J. Quantum Electron. 1991, 27, 2386, without transparency). Below threshold what feeds the
mode goes with x^n, where n need not be m: the emission may be saturating already; from the threshold on it is
clamped. So

    signal = A·β·S(p)·exp((n - m)·u + q·u²) with u = ln min(x, 1),

which is A·β·x^n below (with an exponent that may bend by q), A·(x^m - 1) far above, and rises by about 1/√β
across the threshold. A pump that saturates what feeds the mode in proportion bends it; else q is 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from .bands import AnalysisError, Array
from .fitting import Points, chi2_scale

#: β and orders that are looked for
_COUPLING, _ORDER = (1e-7, 1.0), (0.3, 8.0)
#: a threshold is claimed where the curve is steeper than that of the pump below and above by this factor
_LEAST_KINK = 1.3
_LEAST_POINTS = 8
#: the bend below threshold is looked for in so many points, and taken as real where χ² falls by more
_LEAST_BELOW, _BEND, _MOST_BEND = 6, 9.0, 1.0
_PASSES = 4
_SCALE = np.array([1, 0.1, 1, 0.3, 0.3, 0.1])
_STARTS = (1e-4, 1e-2, 0.3)


@dataclass(frozen=True, eq=False)
class LaserCurve:
    """Fitted curve; the pump in the unit of the points.

    :param beta: ln A, ln F_th, ln β, m, n, q
    :param covariance: (6, 6)
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

    def signal(self, pump: npt.ArrayLike) -> Array:
        """At *pump*, in the unit of the points."""
        value: Array = np.exp(_log_signal(self.beta, np.log(np.asarray(pump, float))))
        return value

    @property
    def kink(self) -> tuple[float, float]:
        """d ln signal/d ln pump at threshold, m·(1 + β^-½)/2, and 1 σ."""
        order, root = self.beta[3], self.coupling**-0.5
        gradient = np.array([0.0, 0.0, -order * root / 4, (1 + root) / 2, 0.0, 0.0])
        return float(order * (1 + root) / 2), float(np.sqrt(gradient @ self.covariance @ gradient))


def laser_curve(points: Points) -> LaserCurve:
    """Fit the curve to *points*, with errors of signal and pump.

    :raises AnalysisError: too few points, or a curve that shows no threshold within them
    """
    number = int(points.detected.sum())
    if number < _LEAST_POINTS:
        raise AnalysisError(
            f"laser curve: {number} points with a signal; at least {_LEAST_POINTS} are needed"
        )
    used = 5
    chi2, beta, covariance = min((_fit(points, coupling) for coupling in _STARTS), key=lambda one: one[0])
    if np.count_nonzero(points.detected & (points.x < beta[1])) >= _LEAST_BELOW:
        bent = _fit(points, math.exp(beta[2]), beta)
        if chi2 - bent[0] > _BEND:
            used, (chi2, beta, covariance) = 6, bent
    freedom = len(points.x) - used
    covariance = covariance * chi2_scale(chi2, freedom)
    curve = LaserCurve(beta, covariance, chi2 / freedom if freedom > 0 else np.nan)
    threshold, stderr = curve.threshold
    low, high = (float(np.exp(x)) for x in (points.x[points.detected].min(), points.x.max()))
    if not (low < threshold < high) or not stderr < threshold:
        raise AnalysisError(f"laser curve: no threshold between {low:.3g} and {high:.3g} of the pump")
    if curve.kink[0] < _LEAST_KINK * max(beta[3], beta[4]):
        raise AnalysisError(
            f"laser curve: no kink between {low:.3g} and {high:.3g} of the pump; the signal rises with its "
            f"power {beta[4]:.2g} throughout"
        )
    return curve


def _fit(points: Points, coupling: float, bend_from: Array | None = None) -> tuple[float, Array, Array]:
    """χ², parameters and covariance from a start at *coupling*; errors of the pump by effective variance.

    :param bend_from: start from these parameters and fit q as well
    """
    seen = points[points.detected]
    logs = np.log(seen.y)
    slopes = np.gradient(logs, seen.x + 1e-9 * np.arange(len(seen.x)))
    # of a few neighbours: a single pair may be steep by noise
    steepest = int(np.argmax(np.convolve(slopes, np.ones(3) / 3, mode="same")))
    low = np.array([-np.inf, points.x.min() - 1, math.log(_COUPLING[0]), _ORDER[0], _ORDER[0], -_MOST_BEND])
    high = np.array([np.inf, points.x.max() + 1, math.log(_COUPLING[1]), _ORDER[1], _ORDER[1], _MOST_BEND])
    beta = np.array(
        [logs[steepest] - 0.5 * math.log(coupling), seen.x[steepest], math.log(coupling), 1.0, 1.0, 0.0]
    )
    used = 5
    if bend_from is not None:
        beta, used = np.clip(bend_from, low, high), 6
    sigma = np.hypot(
        points.sigma, 0.2 * np.abs(points.y)
    )  # wide at first: far from the start it is not linear
    jacobian, chi2 = np.zeros((len(points.x), used)), np.inf
    for i in range(_PASSES):

        def residuals(b: Array, sigma: Array = sigma) -> Array:
            model = np.exp(np.clip(_log_signal(b, points.x), -700, 700))
            return np.asarray((points.y - model) / sigma)

        found = least_squares(
            residuals, beta[:used], bounds=(low[:used], high[:used]), x_scale=_SCALE[:used], max_nfev=200
        )
        beta = np.pad(found.x, (0, 6 - used))
        jacobian, chi2 = found.jac, float(2 * found.cost)
        if i < _PASSES - 1:
            step = 1e-4
            slope = (_log_signal(beta, points.x + step) - _log_signal(beta, points.x - step)) / (2 * step)
            model = np.exp(_log_signal(beta, points.x))
            sigma = np.sqrt(points.sigma**2 + (slope * model * points.pump) ** 2 + (1e-9 * model) ** 2)
    covariance = np.zeros((6, 6))
    covariance[:used, :used] = np.linalg.pinv(jacobian.T @ jacobian)
    return chi2, beta, covariance


def _log_signal(beta: Array, x: Array) -> Array:
    """ln of the signal at ln pump *x*."""
    scale, threshold, coupling, order, below, bend = np.pad(beta, (0, 6 - len(beta)))
    u = x - threshold
    log_p = np.clip(order * u, -300, 300)
    p, b = np.exp(log_p), math.exp(coupling)
    root = np.hypot(p - 1, 2 * np.sqrt(b * p))
    # β·S without the difference of nearly equal numbers
    photons = np.where(p < 1, 2 * b * p / (np.maximum(1 - p, 0) + root), (p - 1 + root) / 2)
    under = np.minimum(u, 0.0)
    result: Array = scale + np.log(photons) + (below - order + bend * under) * under
    return result
