"""What single-photon timing loses, put back: pile-up of histograms, dead time of rates, light left over.

A time-correlated counter that stops at the first photon of a cycle sees early photons too often
(pile-up); any counter misses what comes while it is busy (dead time); and a decay longer than the period
wraps around into the next cycle.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError

Array = npt.NDArray[np.float64]

#: a decay is over, to 0.7 %, after so many of its lifetimes
LIFETIMES = 5.0


class Corrected(NamedTuple):
    """Counts per bin as they would be without pile-up, and their standard errors (1 σ); both (bins,)."""

    counts: Array
    errors: Array


def coates(counts: npt.ArrayLike, cycles: float) -> Corrected:
    """Undo the pile-up of a histogram that holds at most the first photon of each cycle.

        μᵢ = −ln(1 − Nᵢ/Mᵢ), Mᵢ = M − Σⱼ<ᵢ Nⱼ

    is the mean number of photons per cycle in bin i, of Mᵢ cycles that were still waiting; counts are M·μᵢ.
    The bins must begin where a cycle can first stop. Nᵢ is binomial, hence σ(μᵢ) = √(Nᵢ/(Mᵢ·(Mᵢ − Nᵢ))).
    Without noise the correction is exact (P. B. Coates, J. Phys. E: Sci. Instrum. 1, 878 (1968)).

    :param counts: N, (bins,)
    :param cycles: M: excitation pulses while the histogram was collected, those without a photon included
    """
    counts = np.asarray(counts, dtype=float)
    if np.any(~np.isfinite(counts)) or np.any(counts < 0):
        raise AnalysisError("pile-up: counts must be finite and not negative")
    total = counts.sum()
    if not total < cycles:
        raise AnalysisError(
            f"pile-up: {total:g} counts in {cycles:g} cycles; must be fewer, as a cycle holds at most one"
        )
    waiting = cycles - (np.cumsum(counts) - counts)
    share = counts / waiting
    mean = -np.log1p(-share)
    return Corrected(cycles * mean, cycles * np.sqrt(share / (waiting * (1 - share))))


def dead_time_corrected(rate: npt.ArrayLike, dead_time: float) -> Array:
    """The rate of pulses r of which a counter that is blind for *dead_time* after each counts m.

        m = r/(1 + r·t_d), hence r = m/(1 − m·t_d)

    for a dead time that pulses missed do not prolong and a rate that is constant over it (G. F. Knoll,
    Radiation Detection and Measurement, non-paralysable model).

    :param rate: m, s⁻¹, any shape
    :param dead_time: s
    :return: r, s⁻¹
    """
    rate = np.asarray(rate, dtype=float)
    if not dead_time >= 0 or np.any(rate < 0):
        raise AnalysisError(f"dead time: {dead_time:g} s and the rates must not be negative")
    busy = rate * dead_time
    if np.any(busy >= 1):
        highest = float(np.nanmax(rate))
        raise AnalysisError(
            f"dead time: {highest:g} counts/s with {dead_time:g} s each; below {1 / dead_time:g} is possible"
        )
    return rate / (1 - busy)


def period_suffices(period: npt.ArrayLike, lifetime: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Has a decay ended before the next pulse: is the period at least five lifetimes? Both in s."""
    return np.asarray(period, dtype=float) >= LIFETIMES * np.asarray(lifetime, dtype=float)
