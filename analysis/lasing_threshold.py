"""Threshold of a laser from the straight line far above it, and how much too low that is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError


def extrapolated_threshold(pump: npt.ArrayLike, signal: npt.ArrayLike, order: float = 1.0) -> float:
    """Where the straight line through *signal* against pump^m meets zero, unit of *pump*; unweighted.

    It lies below the threshold, by :func:`extrapolation_bias`. Regressed on the pump itself (m = 1)
    although two or three photons feed the gain, it would lie far above.

    :param pump, signal: shape (n,), at or beyond three times the threshold; any units
    :param order: m
    :raises AnalysisError: where no line that rises meets zero above zero
    """
    power, y = np.asarray(pump, dtype=float), np.asarray(signal, dtype=float)
    if not (np.all(np.isfinite(power)) and np.all(power >= 0) and np.all(np.isfinite(y))):
        raise AnalysisError("lasing threshold: pump and signal must be finite, the pump not negative")
    x = power**order
    if x.size < 2 or np.ptp(x) == 0:
        taken = min(x.size, 1)
        raise AnalysisError(
            f"lasing threshold: pump takes {taken} value; a line needs at least 2 different ones"
        )
    slope = np.polyfit(x, y, 1)[0]
    if not slope > 0:
        raise AnalysisError(
            f"lasing threshold: the signal's slope against pump^m is {slope:.4g}; must be above 0"
        )
    crossing = x.mean() - y.mean() / slope
    if not crossing > 0:
        raise AnalysisError(f"lasing threshold: no signal at pump^m = {crossing:.4g}; must be above 0")
    return float(crossing ** (1 / order))


def extrapolation_bias(
    coupling: float, low: float = 3.0, high: float = 20.0, order: float = 1.0, points: int = 50
) -> float:
    """F_ext/F_th that a noise-free regression finds, by which :func:`extrapolated_threshold` is divided.

    Of a single mode with S = [(p - 1) + √((p - 1)² + 4βp)]/(2β) photons (Björk & Yamamoto, IEEE J. Quantum
    Electron. 1991, 27, 2386, without transparency) at p = (F/F_th)^m. Far above threshold β·S = p - 1 + β +
    β/(p - 1) + …, so that it tends to (1 - β)^(1/m).

    :param coupling: β, share of the spontaneous emission that goes into the mode, above 0 and at most 1
    :param low, high: range of p, at least 1, spaced evenly in ln p
    :param order: m
    """
    if not 0 < coupling <= 1:
        raise AnalysisError(f"lasing threshold: coupling = {coupling:g}; must be above 0, at most 1")
    if not 1 <= low < high:
        raise AnalysisError(f"lasing threshold: p from {low:g} to {high:g}; must rise from at least 1")
    p = np.geomspace(low, high, points)
    photons = (p - 1 + np.hypot(p - 1, 2 * np.sqrt(coupling) * np.sqrt(p))) / (2 * coupling)
    return float(extrapolated_threshold(p, photons) ** (1 / order))
