"""Heat that light leaves in a sample or takes out of it, from the temperature it changes and what is emitted.

Per second, with N photons emitted and P incident,

    K·ΔT = (absorbed by the emitter) + (absorbed by everything else) - (emitted)
         = N·hc/(η_ext·λ) + α_b·L·P - N·hc/λ_f

(Sheik-Bahae & Epstein, Phys. Rev. Lett. 2004, 92, 247403, eq. 4, multiplied by the absorbed power: η_c =
η_ext·α/(α + α_b)·λ/λ_f - 1). So ΔT is linear in N/λ, P and N, of which N need be known but for a factor: a
spectrometer's counts will do as long as the shape of the emission does not depend on the excitation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from .bands import AnalysisError, Array
from .fitting import chi2_scale

_ITERATIONS = 20
#: the background is taken as real from so many standard errors on
_SIGNIFICANT = 3.0


@dataclass(frozen=True, eq=False)
class HeatPoints:
    """Points of a scan; all (n,): λ set and measured in nm, P measured and set in W, ΔT in K, N in any unit;
    errors 1 σ."""

    setpoint: Array
    wavelength: Array
    power: Array
    power_errors: Array
    nominal: Array
    change: Array
    change_errors: Array
    counts: Array
    counts_errors: Array

    def __getitem__(self, choice: npt.NDArray[np.bool_]) -> HeatPoints:
        return HeatPoints(*(getattr(self, name)[choice] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class HeatBalance:
    """ΔT = a·N/λ + d·P - c·N.

    :param parameters: a, c, d; d is 0 where no background stands out
    :param covariance: (3, 3) of them
    :param zero: nm, the shortest measured wavelength beyond which light cools; None: ΔT keeps its sign
    :param zero_stderr: 1 σ
    :param reduced_chi2: NaN without degrees of freedom
    """

    parameters: Array
    covariance: Array
    zero: float | None
    zero_stderr: float
    reduced_chi2: float

    @property
    def efficiency(self) -> tuple[float, float]:
        """η_ext·1/λ_f in 1/nm: what remains to be multiplied by the emission's mean wavelength; and 1 σ."""
        a, c, _ = self.parameters
        ratio = c / a
        gradient = np.array([-ratio / a, 1 / a, 0.0])
        return float(ratio), float(np.sqrt(gradient @ self.covariance @ gradient))

    def background(self, points: HeatPoints) -> tuple[Array, Array]:
        """α_b/α at each point, d·P·λ/(a·N), and 1 σ; both (n,)."""
        a, _, d = self.parameters
        scale = points.power * points.wavelength / points.counts
        ratio = d / a * scale
        gradient = np.stack([-ratio / a, np.zeros_like(ratio), scale / a])
        return ratio, np.sqrt(np.einsum("ip,ij,jp->p", gradient, self.covariance, gradient))

    def per_count(self, wavelength: Array, power_per_count: Array) -> Array:
        """ΔT/N at *wavelength* nm."""
        a, c, d = self.parameters
        heat: Array = a / wavelength + d * power_per_count - c
        return heat


def heat_balance(points: HeatPoints, most: float = np.inf) -> HeatBalance:
    """Fit the balance; the background only where it stands out.

    :param most: K; points that change the temperature by more take no part in the fit
    :raises AnalysisError: fewer than three points with emission, or all at one wavelength
    """
    everywhere = points[points.counts > 3 * points.counts_errors]
    seen = everywhere[np.abs(everywhere.change) <= most]
    number = len(np.unique(seen.setpoint))
    if number < 3:
        raise AnalysisError(
            f"heat balance: emission is seen at {number} wavelengths; at least 3 are needed to tell what "
            "is absorbed from what is emitted"
        )
    balance = _fit(seen, background=False)
    if number > 3:
        full = _fit(seen, background=True)
        if full.parameters[2] > _SIGNIFICANT * np.sqrt(full.covariance[2, 2]):
            balance = full
    a, c, _ = balance.parameters
    if not (a > 0 and c > 0):
        raise AnalysisError("heat balance: the temperature does not follow what is absorbed and emitted")
    return _with_zero(balance, everywhere)


def _fit(points: HeatPoints, background: bool) -> HeatBalance:
    """Weighted least squares; errors of the counts by effective variance, iterated."""
    used = 3 if background else 2
    design = np.stack([points.counts / points.wavelength, -points.counts, points.power], axis=1)[:, :used]
    scale = np.abs(design).max(axis=0)
    beta = np.zeros(used)
    normal, chi2 = np.eye(used), np.nan
    for _ in range(_ITERATIONS):
        a, c = beta[:2] / scale[:2]
        variance = points.change_errors**2 + ((a / points.wavelength - c) * points.counts_errors) ** 2
        weighted = design / scale / variance[:, None]
        normal = weighted.T @ (design / scale)
        beta = np.linalg.lstsq(normal, weighted.T @ points.change, rcond=None)[0]
        chi2 = float(((points.change - design / scale @ beta) ** 2 / variance).sum())
    freedom = len(points.change) - used
    covariance = np.zeros((3, 3))
    covariance[:used, :used] = np.linalg.pinv(normal) / np.outer(scale, scale) * chi2_scale(chi2, freedom)
    parameters = np.zeros(3)
    parameters[:used] = beta / scale
    return HeatBalance(parameters, covariance, None, np.nan, chi2 / freedom if freedom else np.nan)


def _with_zero(balance: HeatBalance, points: HeatPoints) -> HeatBalance:
    """The same with its first change from warming to cooling within the measured wavelengths."""
    wavelength, first = np.unique(points.wavelength, return_index=True)
    logs = np.log(points.power[first] / points.counts[first])

    def per_count(nm: float) -> float:
        return float(balance.per_count(np.array(nm), np.exp(np.interp(nm, wavelength, logs))))

    heat = np.array([per_count(nm) for nm in wavelength])
    changes = np.flatnonzero((heat[:-1] > 0) & (heat[1:] <= 0))
    if not len(changes):
        return balance
    low, high = wavelength[changes[0]], wavelength[changes[0] + 1]
    zero = float(brentq(per_count, low, high))
    step = 1e-3 * (high - low)
    slope = (per_count(zero + step) - per_count(zero - step)) / (2 * step)
    gradient = np.array([1 / zero, -1.0, np.exp(np.interp(zero, wavelength, logs))])
    stderr = float(np.sqrt(gradient @ balance.covariance @ gradient) / abs(slope))
    return HeatBalance(balance.parameters, balance.covariance, zero, stderr, balance.reduced_chi2)
