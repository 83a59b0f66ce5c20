"""Luminescence thermometry: the ratio of two bands whose emitting levels are in thermal equilibrium.

    R = I_upper/I_lower = C·exp(−ΔE/kT)        relative sensitivity S_r = d ln R/dT = ΔE/(kT²)

ΔE, S_r and changes of temperature do not depend on the response of the spectrometer, which goes into C; a
temperature from a C of elsewhere does. (Suta and Meijerink, Adv. Theory Simul. 2020, 3, 2000176.)

Light warms what it excites: without knowing by how much, a fit against the temperature of the cryostat takes
the warming for a property of the sample. :func:`fit_boltzmann` therefore extrapolates to zero power where
several powers were measured, and says what the light did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError, Array, band_windows, good_points, integrate_bands
from .fitting import chi2_scale
from .ground import integrate_less_ground

if TYPE_CHECKING:
    import xarray as xr

K_CM = 0.695034800  # Boltzmann's constant, cm⁻¹/K (CODATA 2018)
#: 2H11/2 and 4S3/2 of Er3+ to its ground level; nm, apart far enough that neither is in the other's window
ERBIUM = {"green 520": (505.0, 520.0), "green 541": (541.0, 560.0)}
#: nm; there erbium is dark, and what is seen is stray light, which the spectrometer spreads over all pixels
ERBIUM_GROUND = (575.0, 620.0)
#: cm⁻¹ between these levels in beta-NaYF4 (Suta et al., Nanoscale 2025, 17, 7091)
ERBIUM_GAP = 650.0
_SURE = 5.0  # standard errors; the logarithm of a weaker band is biased


@dataclass(frozen=True, eq=False)
class Boltzmann:
    """ln R = ln C − ΔE/kT at zero power.

    :param gap, stderr: ΔE in cm⁻¹, and 1 σ
    :param log_prefactor: ln C
    :param covariance: (2, 2) of (ln C, ΔE)
    :param warming: (n, 3): each temperature that was measured at several powers, by how many K 1 W/cm² warms
        the sample there, and 1 σ; empty where there was only one power
    :param chi2, freedom: of the fit
    """

    gap: float
    stderr: float
    log_prefactor: float
    covariance: Array
    warming: Array
    chi2: float
    freedom: int

    def sensitivity(self, temperature: npt.ArrayLike) -> tuple[Array, Array]:
        """S_r in 1/K at temperatures in K, and 1 σ."""
        scale = 1 / (K_CM * np.asarray(temperature, float) ** 2)
        return self.gap * scale, self.stderr * scale

    def temperature(self, log_ratio: npt.ArrayLike, stderr: npt.ArrayLike) -> tuple[Array, Array]:
        """Temperature in K that a ratio measured with the same instrument means, and 1 σ (of all three)."""
        room = self.log_prefactor - np.asarray(log_ratio, float)
        kelvin = self.gap / (K_CM * room)
        gradient = np.stack([-kelvin / room, kelvin / self.gap], axis=-1)
        variance = np.einsum("...i,ij,...j->...", gradient, self.covariance, gradient)
        return kelvin, np.sqrt(variance + (kelvin / room * np.asarray(stderr, float)) ** 2)


def fit_boltzmann(temperature: Array, irradiance: Array, log_ratio: Array, stderr: Array) -> Boltzmann:
    """ΔE and C by least squares on ln R, with T = T_sensor + δ·P, one δ for each temperature where P varies.

    Every δ is free: how much is absorbed may depend on temperature. The covariance is multiplied by χ²/ν
    where the stated errors do not explain the scatter.

    :param temperature: K, the set-points' mean readings: equal numbers are one temperature, (n,)
    :param irradiance: W/cm², (n,)
    :param log_ratio, stderr: ln R and 1 σ, (n,)
    :raises AnalysisError: fewer than three temperatures
    """
    from scipy.optimize import least_squares

    kelvin, which = np.unique(temperature, return_inverse=True)
    if len(kelvin) < 3:
        raise AnalysisError(f"thermometry: {len(kelvin)} temperatures with both bands; needs at least 3")
    top = float(irradiance.max()) or 1.0
    several = np.flatnonzero([np.ptp(irradiance[which == i]) > 0.1 * top for i in range(len(kelvin))])
    slot = np.full(len(kelvin), -1)
    slot[several] = np.arange(len(several))
    scale = irradiance / top

    def residuals(beta: Array) -> Array:
        warming = np.append(beta[2:], 0.0)[slot[which]] * scale  # slot −1: none
        rest: Array = (log_ratio - beta[0] + beta[1] / (K_CM * (temperature + warming))) / stderr
        return rest

    slope, level = np.polyfit(1 / (K_CM * temperature), log_ratio, 1)
    solution = least_squares(residuals, [level, -slope, *np.zeros(len(several))], x_scale="jac")
    chi2, freedom = float((solution.fun**2).sum()), len(log_ratio) - len(solution.x)
    covariance = np.linalg.pinv(solution.jac.T @ solution.jac) * chi2_scale(chi2, freedom)
    errors = np.sqrt(np.diag(covariance))
    return Boltzmann(
        gap=float(solution.x[1]),
        stderr=float(errors[1]),
        log_prefactor=float(solution.x[0]),
        covariance=covariance[:2, :2],
        warming=np.stack([kelvin[several], solution.x[2:] / top, errors[2:] / top], axis=1),
        chi2=chi2,
        freedom=freedom,
    )


@dataclass(frozen=True, eq=False)
class Warming:
    """By how much the excitation warms the sample in a power sweep.

    :param rate, stderr: K per W/cm², and 1 σ
    :param sensor: K, temperature that the sample's sensor shows
    :param table: (points, 3): irradiance in W/cm², warming in K from that point's ratio alone, and 1 σ
    :param chi2, freedom: of warming ∝ irradiance
    """

    rate: float
    stderr: float
    sensor: float
    table: Array
    chi2: float
    freedom: int


def find_warming(
    irradiance: Array, log_ratio: Array, stderr: Array, sensor: float, gap: float = ERBIUM_GAP
) -> Warming | None:
    """Warming in proportion to the irradiance, from the ratio relative to that at zero power (extrapolated).

    The response of the spectrometer does not enter.

    :param irradiance, log_ratio, stderr: W/cm², ln R and 1 σ, (n,)
    :param sensor: K, of the sample at zero power
    :param gap: ΔE in cm⁻¹
    :return: None with fewer than four points
    """
    from scipy.optimize import least_squares

    if len(irradiance) < 4:
        return None
    top = float(irradiance.max())

    def residuals(beta: Array) -> Array:
        hot = sensor + beta[1] * irradiance / top
        rest: Array = (log_ratio - beta[0] - gap / K_CM * (1 / sensor - 1 / hot)) / stderr
        return rest

    start = [float(np.average(log_ratio, weights=stderr**-2)), 0.0]
    solution = least_squares(residuals, start, x_scale="jac", bounds=([-np.inf, -0.9 * sensor], np.inf))
    chi2, freedom = float((solution.fun**2).sum()), len(irradiance) - 2
    covariance = np.linalg.pinv(solution.jac.T @ solution.jac) * chi2_scale(chi2, freedom)
    # each point against the ratio at zero power
    room = 1 / sensor - K_CM / gap * (log_ratio - solution.x[0])
    hot = 1 / room
    error = hot**2 * K_CM / gap * np.sqrt(stderr**2 + covariance[0, 0])
    return Warming(
        rate=float(solution.x[1] / top),
        stderr=float(np.sqrt(covariance[1, 1]) / top),
        sensor=sensor,
        table=np.stack([irradiance, hot - sensor, error], axis=1),
        chi2=chi2,
        freedom=freedom,
    )


def thermometer_bands(ds: xr.Dataset, pair: Mapping[str, tuple[float, float]]) -> xr.Dataset:
    """Intensities of the two bands, less the ground that stray light makes, where its place was recorded.

    Without that the weaker band, at low temperature, would seem too strong, and ΔE too small.
    """
    low, high = float(ds["wavelength"].min()), float(ds["wavelength"].max())
    recorded = low <= ERBIUM_GROUND[0] and ERBIUM_GROUND[1] <= high
    return integrate_less_ground(ds, pair, ERBIUM_GROUND) if recorded else integrate_bands(ds, pair)


def log_ratios(integrated: xr.Dataset, upper: str, lower: str) -> tuple[Array, Array, npt.NDArray[np.bool_]]:
    """ln(I_upper/I_lower) at every point and 1 σ, and which points have both bands clear of their noise."""
    rows = [(integrated[name].values, integrated[f"{name}_errors"].values) for name in (upper, lower)]
    clear = good_points(integrated)
    for value, error in rows:
        clear = clear & (value > _SURE * error) & np.isfinite(value) & (error > 0)
    (a, sigma_a), (b, sigma_b) = ((np.where(clear, v, 1.0), np.where(clear, e, 1.0)) for v, e in rows)
    return np.log(a / b), np.hypot(sigma_a / a, sigma_b / b), clear


def thermometer_windows(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None
) -> dict[str, tuple[float, float]]:
    """The two bands of the thermometer, the upper first: those of erbium; empty where there is none.

    Erbium is looked for in the sample's formula; windows by hand of the same names win.
    """
    if windows is not None and all(name in windows for name in ERBIUM):
        return band_windows(ds, {name: windows[name] for name in ERBIUM})
    low, high = float(ds["wavelength"].min()), float(ds["wavelength"].max())
    recorded = all(low <= a and b <= high for a, b in ERBIUM.values())
    formula = str((ds.attrs.get("sample") or {}).get("formula", ""))
    return dict(ERBIUM) if recorded and "Er" in formula else {}


def temperatures(
    ds: xr.Dataset,
    law: Boltzmann,
    windows: Mapping[str, tuple[float, float]] | None = None,
    force: bool = False,
) -> tuple[Array, Array]:
    """Temperature in K at every point of *ds* by a law known from elsewhere, and 1 σ; NaN without a signal.

    :param windows: the upper band, then the lower one; by default those of erbium
    :param force: also from spectra that are not corrected for the response: *law* is from the same instrument
    :raises AnalysisError: not corrected, or no such bands
    """
    require_response(ds, "temperature from the band ratio", force)
    pair = band_windows(ds, windows) if windows else thermometer_windows(ds, None)
    if len(pair) != 2:
        raise AnalysisError(
            f"temperature from the band ratio: {len(pair)} bands; needs the upper and the lower one"
        )
    value, error, clear = log_ratios(thermometer_bands(ds, pair), *pair)
    kelvin, sigma = law.temperature(value, error)
    return np.where(clear, kelvin, np.nan), np.where(clear, sigma, np.nan)


def require_response(ds: xr.Dataset, what: str, force: bool = False) -> None:
    """:raises AnalysisError: *what* needs spectra corrected for the response, and these are not"""
    if not force and not ds.attrs.get("response_corrected", False):
        raise AnalysisError(
            f"{what}: the spectra are not corrected for the spectrometer's response (force it?)"
        )
