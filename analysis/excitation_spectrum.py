"""Excitation spectra: how bright a band is under each excitation, wherever the laser stands meanwhile.

The laser's line may hide a part of the band, another part under every excitation, so that no window can be
summed. What all spectra have in common is the band's shape (emission does not know what excited it: Kasha,
Discuss. Faraday Soc. 9, 14, 1950). So the shape t_k of the visible pixels k and the intensities A_j of the
points j are found together, S_jk = A_j·t_k by alternating least squares over the pixels that are not masked,
and Σt = 1 makes A_j the intensity of the whole band. The background of each spectrum, taken beside the band,
is subtracted first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .bands import AnalysisError, Array, good_points
from .emission_lines import EV_NM, Mask, background, smooth_errors
from .fitting import chi2_scale
from .laser_lines import excitation_wavelengths, laser_free
from .spectrum import Windows, inside, pixels

if TYPE_CHECKING:
    import xarray as xr

_ITERATIONS = 100
#: a pixel that so little is known of, relative to the best, is left out: it would fit its own noise
_KNOWN = 0.03
#: to both sides, in widths of a band: what belongs to it (lines move with temperature), what is beside it
_WIDER, _BESIDE = 0.25, 0.75
_HC = 1.98644586e-16  # J nm
_DETECTED = 3.0
_MEDIAN_TO_SIGMA = 1.4826


@dataclass(frozen=True, eq=False)
class Excitations:
    """One band of a scan, one row per point.

    :param laser: excitation wavelength, nm
    :param setpoint: the same as it was asked for
    :param flux, flux_errors: photons per second on the sample
    :param intensity, errors: of the band, counts/s; NaN where the laser hides it all
    :param wavelength, shape, shape_errors: of the band, nm and per pixel, with Σ shape = 1
    """

    laser: Array
    setpoint: Array
    flux: Array
    flux_errors: Array
    intensity: Array
    errors: Array
    wavelength: Array
    shape: Array
    shape_errors: Array

    @property
    def energy(self) -> Array:
        """Of the exciting photons, meV."""
        result: Array = EV_NM / self.laser
        return result


def excitations(ds: xr.Dataset, band: str, windows: Windows, distance: float) -> Excitations:
    """How bright *band* is at each usable point.

    :param distance: nm from the laser line within which nothing counts
    :raises AnalysisError: no point at which it can be seen
    """
    points = good_points(ds) & np.isfinite(ds["spectrum"].values).all(axis=1)
    laser = excitation_wavelengths(ds)
    points &= np.isfinite(laser)
    if not points.any():
        raise AnalysisError("ple-scan: 0 usable points (saturated, or not read); at least 1 is needed")
    wavelength, signal, errors = pixels(ds, points)
    laser = laser[points]
    errors = np.stack([smooth_errors(s, e) for s, e in zip(signal, errors, strict=True)])
    visible = np.stack([laser_free(wavelength, nm, distance) for nm in laser])
    window = windows[band]
    offset, doubt = _backgrounds(wavelength, signal, errors, visible, window, windows)
    own = _wide(wavelength, window, _WIDER) & ~_others(wavelength, band, windows)
    seen = visible[:, own]
    s, sigma = (signal - offset[:, None])[:, own], errors[:, own]
    shape, intensity = _factorise(s, sigma, seen)
    reached = seen @ shape**2
    hidden = reached < 0.02 * (shape**2).sum()
    reached = np.where(hidden, np.nan, reached)
    variance = (seen * sigma**2) @ shape**2 + (doubt * (seen @ shape)) ** 2
    weight = (seen * intensity[:, None] ** 2 / sigma**2).sum(axis=0)
    power, power_errors = (
        ds[name].values[points].astype(float) for name in ("pump_power", "pump_power_errors")
    )
    return Excitations(
        laser=laser,
        setpoint=ds["excitation_wavelength"].values[points].astype(float)
        if "excitation_wavelength" in ds
        else laser,
        flux=power * laser / _HC,
        flux_errors=power_errors * laser / _HC,
        intensity=np.where(hidden, np.nan, intensity),
        errors=np.sqrt(variance) / reached,
        wavelength=wavelength[own],
        shape=shape,
        shape_errors=1 / np.sqrt(np.maximum(weight, 1e-300)),
    )


def _wide(wavelength: Array, window: tuple[float, float], part: float) -> Mask:
    """Pixels within the window made wider by *part* of its width to both sides."""
    more = part * (window[1] - window[0])
    return (wavelength >= window[0] - more) & (wavelength <= window[1] + more)


def _others(wavelength: Array, band: str, windows: Windows) -> Mask:
    return inside(wavelength, {name: window for name, window in windows.items() if name != band})


def _backgrounds(
    wavelength: Array,
    signal: Array,
    errors: Array,
    visible: Mask,
    window: tuple[float, float],
    windows: Windows,
) -> tuple[Array, Array]:
    """Background of each spectrum and its 1 σ, from beside the band."""
    beside = _wide(wavelength, window, _BESIDE) & ~_wide(wavelength, window, _WIDER)
    beside &= ~inside(wavelength, windows)
    rows = [background(s, e, beside & v) for s, e, v in zip(signal, errors, visible, strict=True)]
    offset, doubt = np.array(rows).T
    return offset, doubt


def _factorise(signal: Array, sigma: Array, seen: Mask) -> tuple[Array, Array]:
    """Shape (pixels,) with Σ = 1, and intensities (points,), of signal = intensity·shape where *seen*."""
    weight = 1 / (sigma**2).mean(axis=1)
    shape = (seen * signal).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    intensity = np.zeros(len(signal))
    for _ in range(_ITERATIONS):
        shape = shape / shape.sum() if shape.sum() > 0 else np.full(len(shape), 1 / len(shape))
        overlap = seen @ shape**2
        intensity = (seen * signal) @ shape / np.where(overlap > 0, overlap, np.inf)
        strength = seen.T @ (weight * intensity**2)
        known = strength > _KNOWN * strength.max()
        shape = (seen * signal).T @ (weight * intensity) / np.where(known, strength, np.inf)
    total = shape.sum()
    return (shape / total, intensity * total) if total > 0 else (shape, intensity)


def exponent(points: Excitations) -> tuple[float, float, Array]:
    """n of I ∝ flux^n: mean over the wavelengths, its 1 σ, and (wavelengths, 3): nm, n, 1 σ of each.

    :raises AnalysisError: fewer than three wavelengths have the signal of two powers
    """
    rows = []
    for nm in np.unique(points.setpoint):
        own = (points.setpoint == nm) & (points.intensity > _DETECTED * points.errors)
        x, y = np.log(points.flux[own]), np.log(points.intensity[own])
        if len(x) < 2 or np.ptp(x) < 0.1:
            continue
        relative = points.errors[own] / points.intensity[own]
        n = float(np.polyfit(x, y, 1)[0])
        sigma = np.hypot(relative, n * points.flux_errors[own] / points.flux[own])
        weight = 1 / sigma**2
        centre = np.average(x, weights=weight)
        spread = float(weight @ (x - centre) ** 2)
        rows.append((nm, float(weight @ ((x - centre) * y)) / spread, spread**-0.5))
    if len(rows) < 3:
        raise AnalysisError(f"two powers with a signal at {len(rows)} wavelengths; at least 3 are needed")
    table = np.array(rows)
    weight = table[:, 2] ** -2
    mean = float(np.average(table[:, 1], weights=weight))
    chi2 = float(weight @ (table[:, 1] - mean) ** 2)
    return mean, float(np.sqrt(chi2_scale(chi2, len(rows) - 1) / weight.sum())), table


def at_one_flux(points: Excitations, n: float) -> Excitations:
    """Intensities divided by (flux/mean flux)^n; the error of each flux is added to them."""
    factor = (points.flux / points.flux.mean()) ** n
    errors = np.hypot(points.errors, n * points.intensity * points.flux_errors / points.flux) / factor
    return replace(points, intensity=points.intensity / factor, errors=errors)


def as_held(points: Excitations) -> Excitations:
    """Intensities as they are; how far off each flux was is added to their errors, as far as n = 1 goes.

    A point that was not brought to the flux asked for thus counts little. The others are as far off as they
    usually are, whatever the meter says of one.
    """
    off = np.abs(points.flux / np.median(points.flux) - 1)
    usual = np.hypot(_MEDIAN_TO_SIGMA * np.median(off), np.median(points.flux_errors / points.flux))
    return replace(points, errors=np.hypot(points.errors, np.maximum(off, usual) * points.intensity))
