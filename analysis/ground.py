"""Stray light that a spectrometer spreads over all its pixels, told from a stretch without emission."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .bands import integrate_bands, pixel_fractions

if TYPE_CHECKING:
    import xarray as xr


def integrate_less_ground(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]], ground: tuple[float, float]
) -> xr.Dataset:
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
