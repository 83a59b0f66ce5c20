"""Position and width of a band against temperature, and the band gap's law that moves it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from .bands import Array

if TYPE_CHECKING:
    import xarray as xr

HC = 1239.841984  # eV nm
K_MEV = 0.08617333262  # Boltzmann's constant, meV/K
_FWHM = 2 * np.sqrt(2 * np.log(2))
_WORST_FIT, _WORST_MISFIT = 3.0, 0.02  # chi2/nu, of the height; a band that fits worse is no single line
_SURE = 30.0  # standard errors of the intensity; a weaker band has no shape


def line_shapes(ds: xr.Dataset, window: tuple[float, float]) -> Array:
    """Photon energy of the peak and full width of a Gaussian on a constant ground, at each point.

    Counts per pixel become photons per energy first (dE = hc·dλ/λ²).

    :param window: of the band, in nm
    :return: (points, 4): meV, 1 σ, meV, 1 σ; NaN where the band is too weak or has another shape
    """
    from scipy.optimize import OptimizeWarning, curve_fit

    nm = ds["wavelength"].values.astype(float)
    inside = (nm >= window[0]) & (nm <= window[1])
    energy = 1e3 * HC / nm[inside]
    jacobian = nm[inside] ** 2 / np.abs(np.gradient(nm))[inside]
    spectra = ds["spectrum"].transpose("point", "wavelength").values[:, inside] * jacobian
    errors = ds["spectrum_errors"].transpose("point", "wavelength").values[:, inside] * jacobian
    result = np.full((len(spectra), 4), np.nan)
    for i, (y, sigma) in enumerate(zip(spectra, errors, strict=True)):
        if not (
            np.isfinite(y).all() and np.isfinite(sigma).all() and y.sum() > _SURE * np.linalg.norm(sigma)
        ):
            continue
        # few frames estimate a pixel's error badly; neighbours have much the same
        smooth = np.sqrt(np.convolve(np.pad(sigma**2, 5, "edge"), np.ones(11) / 11, "valid"))
        width = np.ptp(energy) / 6
        start = [float(y.max()), float(np.average(energy, weights=np.clip(y, 0, None))), width, 0.0]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", OptimizeWarning)  # then the covariance is infinite
                beta, covariance = curve_fit(_gauss, energy, y, start, smooth, True)
        except RuntimeError:  # does not settle: it has another shape
            continue
        rest = y - _gauss(energy, *beta)
        chi2 = float(((rest / smooth) ** 2).mean())
        error = np.sqrt(np.diag(covariance) * max(chi2, 1.0))
        one_line = chi2 < _WORST_FIT or rest.std() < _WORST_MISFIT * beta[0]
        if np.isfinite(error).all() and energy.min() < beta[1] < energy.max() and one_line:
            result[i] = beta[1], error[1], _FWHM * abs(beta[2]), _FWHM * error[2]
    return result


def _gauss(energy: Array, height: float, centre: float, width: float, ground: float) -> Array:
    shape: Array = height * np.exp(-0.5 * ((energy - centre) / width) ** 2) + ground
    return shape


def fit_odonnell_chen(temperature: Array, energy: Array, stderr: Array) -> dict[str, list[float]] | None:
    """E(T) = E₀ − S·ħω·(coth(ħω/2kT) − 1) (O'Donnell and Chen, Appl. Phys. Lett. 58, 2924, 1991).

    :param temperature: K, (n,)
    :param energy, stderr: meV, (n,)
    :return: value and 1 σ of ``energy_0`` (meV), ``coupling`` (S) and ``phonon`` (ħω, meV); None where the
        temperatures do not fix them (the phonon is not known to 50 %)
    """
    from scipy.optimize import curve_fit

    if len(temperature) < 5:
        return None

    def gap(kelvin: Array, origin: float, coupling: float, phonon: float) -> Array:
        return origin - coupling * phonon * (1 / np.tanh(phonon / (2 * K_MEV * kelvin)) - 1)

    bounds = ([0.0, -50.0, 1.0], [np.inf, 50.0, 200.0])
    start = [
        float(energy.max()),
        2.0 if energy[temperature.argmin()] > energy[temperature.argmax()] else -2.0,
        20.0,
    ]
    try:
        beta, covariance = curve_fit(gap, temperature, energy, start, stderr, True, bounds=bounds)
    except RuntimeError:
        return None
    error = np.sqrt(np.diag(covariance))
    if not np.isfinite(error).all() or error[2] > 0.5 * beta[2]:
        return None
    names = ("energy_0", "coupling", "phonon")
    return {name: [float(b), float(e)] for name, b, e in zip(names, beta, error, strict=True)}
