"""Stray light that a spectrometer spreads over all its pixels, told from where nothing is emitted.

It goes with the light of the laser, and would draw the exponent of a weak band towards one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .bands import (
    Array,
    Spectra,
    band_weights,
    band_windows,
    good_points,
    integrate_bands,
    pixel_fractions,
    spectra,
)
from .colour import without_pedestal
from .emission_lines import Mask
from .laser_lines import LASER_MASK, lasers_of, mask_of, undisturbed

if TYPE_CHECKING:
    import xarray as xr

Windows = Mapping[str, tuple[float, float]]

_SMOOTHING = 9  # pixels, over which a line that no band names is looked for
_QUIET = 4.0  # standard deviations, beyond which there is one
_MAD = 1.4826  # standard deviations per median absolute deviation


class StrayFree(NamedTuple):
    """What each pixel counts in each band, (pixels, bands); NaN for a band of which nothing is left.

    :param kept: without the pixels that show the laser, or the second order of another band
    :param weights: the same, less what strays over all pixels: the mean of those that are *quiet* (pixels,)
    """

    kept: Array
    weights: Array
    quiet: Mask


def integrate_less_ground(ds: xr.Dataset, windows: Windows, ground: tuple[float, float]) -> xr.Dataset:
    """As :func:`~antistokes.analysis.bands.integrate_bands`, less what the band's pixels get of the ground.

    :param ground: (low, high) in nm, without emission; its mean per pixel is taken off every pixel, and its
        uncertainty is in that of the bands (which therefore share a little of it)
    """
    result = integrate_bands(ds, windows)
    dark = integrate_bands(ds, {"ground": ground})
    wavelength = np.sort(ds["wavelength"].values.astype(float))
    pixels = pixel_fractions(wavelength, ground).sum()
    for name, window in windows.items():
        share = pixel_fractions(wavelength, window).sum() / pixels
        error = np.hypot(result[f"{name}_errors"].values, share * dark["ground_errors"].values)
        result[name] = result[name].copy(data=result[name].values - share * dark["ground"].values)
        result[f"{name}_errors"] = result[f"{name}_errors"].copy(data=error)
    return result


def integrate_less_stray(ds: xr.Dataset, windows: Windows | None = None) -> xr.Dataset:
    """As :func:`~antistokes.analysis.bands.integrate_bands`, without what comes from the laser.

    Pixels of a band where the laser, its harmonic, its second order or that of another band may stand are
    left out; what strays evenly over all pixels, the mean of the quiet ones, is taken off. A band of which
    nothing is left is NaN.
    """
    windows = band_windows(ds, windows)
    return integrate_bands(ds, windows, stray_free(ds, spectra(ds), windows).weights)


def stray_free(ds: xr.Dataset, seen: Spectra, windows: Windows) -> StrayFree:
    """For the spectra *seen* of the run *ds* and the bands *windows*."""
    lasers, distance = lasers_of(ds), mask_of(ds)
    free = [undisturbed(seen.wavelength, name, windows, lasers, distance) for name in windows]
    kept = band_weights(seen, windows) * np.stack(free, axis=1)
    kept = np.where(kept.any(axis=0), kept, np.nan)
    quiet = quiet_pixels(seen, windows, lasers, good_points(ds), distance)
    return StrayFree(kept, without_pedestal(kept, quiet), quiet)


def stray_shares(ds: xr.Dataset, windows: Windows | None = None) -> dict[str, tuple[Array, Array]]:
    """By band: which part of its counts strays evenly over all pixels, and 1 σ; both (point,)."""
    windows = band_windows(ds, windows)
    free = stray_free(ds, spectra(ds), windows)
    whole, clean = (integrate_bands(ds, windows, weights) for weights in (free.kept, free.weights))
    shares = {}
    for name in windows:
        counts = np.where(whole[name].values > 0, whole[name].values, np.nan)
        shares[name] = 1 - clean[name].values / counts, clean[f"{name}_errors"].values / counts
    return shares


def quiet_pixels(
    seen: Spectra, windows: Windows, lasers: list[float], good: Mask, distance: float = LASER_MASK
) -> Mask:
    """Where nothing but stray light is seen, (pixels,): away from every band by half its width and from the
    lasers, and where the *good* points together show no further line."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    away: Mask = np.logical_and.reduce(np.isfinite(seen.spectrum[good]), axis=0)
    for low, high in windows.values():
        reach = (high - low) / 2
        away = away & ((seen.wavelength < low - reach) | (seen.wavelength > high + reach))
    for nm in lasers:
        for factor in (0.5, 1.0, 2.0):
            away = away & (np.abs(seen.wavelength - factor * nm) > distance)
    if not (away.any() and good.any()):
        return away
    # every point in units of its own noise: a line may be strong where the others are weak
    smooth = uniform_filter1d(np.where(away, seen.spectrum[good], 0.0), _SMOOTHING, axis=1)
    total = np.sum([_standardised(one, away) for one in smooth], axis=0)
    line = away & (np.abs(_standardised(total, away)) > _QUIET)
    quiet: Mask = away & ~maximum_filter1d(line, _SMOOTHING)
    return quiet


def _standardised(values: Array, usable: Mask) -> Array:
    centre = np.median(values[usable])
    scale = _MAD * np.median(np.abs(values[usable] - centre))
    return (values - centre) / (scale if scale > 0 else 1.0)
