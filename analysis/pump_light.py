"""Whether light of the laser stands in the bands of a power sweep.

It is in proportion to the irradiance, and where it makes up part of a band it draws the exponent towards one.
What can be told from emission is taken off (:mod:`~antistokes.analysis.ground`); here it is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .bands import band_windows, spectra
from .ground import stray_shares
from .laser_lines import lasers_of, mask_of, overlaps
from .power_law import PowerLaw, lit_points

if TYPE_CHECKING:
    import xarray as xr

_NOTED_SHARE = 0.1  # of a band's counts
_SURE = 5.0  # standard errors
_OUTSHINES = 20.0  # times the emission: exposures, and with them the emission, are that much smaller


def pump_light(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None, laws: Mapping[str, PowerLaw]
) -> list[str]:
    """What to know about it, in words.

    :param laws: of the bands that were fitted
    """
    known = band_windows(ds, windows)
    said = [
        f"{words}; left out of its counts" if "masked" not in words else words
        for words in overlaps(known, lasers_of(ds), mask_of(ds))
        if "harmonic" not in words
    ]
    return said + _stray(ds, {name: known[name] for name in laws}, laws) + laser_line(ds, windows)


def _stray(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]], laws: Mapping[str, PowerLaw]
) -> list[str]:
    irradiance, lit = ds["irradiance_mean"].values, lit_points(ds)
    said = []
    for name, (share, error) in stray_shares(ds, windows).items():
        low, high = laws[name].irradiance_range
        used = lit & (irradiance >= low) & (irradiance <= high) & (share > _SURE * error)
        most = int(np.argmax(np.where(used, share, 0.0)))
        if used[most] and share[most] > _NOTED_SHARE:
            said.append(
                f"{name}: {100 * share[most]:.2g} % of its counts at {irradiance[most]:.3g} W/cm² are stray "
                "light, which is taken off"
            )
    return said


def laser_line(ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None) -> list[str]:
    """Whether the laser outshines the emission where that is weakest: then the filter is no match for it."""
    seen, lit = spectra(ds), lit_points(ds)
    at_laser = np.zeros(len(seen.wavelength), dtype=bool)
    for nm in lasers_of(ds):
        at_laser |= np.abs(seen.wavelength - nm) <= mask_of(ds)
    in_bands = np.zeros(len(seen.wavelength), dtype=bool)
    for low, high in band_windows(ds, windows).values():
        in_bands |= (seen.wavelength >= low) & (seen.wavelength <= high) & ~at_laser
    if not (at_laser.any() and in_bands.any() and lit.any()):
        return []
    irradiance = np.where(lit, ds["irradiance_mean"].values, np.inf)
    weakest = int(np.argmin(irradiance))
    signal, error = seen.spectrum[weakest], seen.errors[weakest]
    laser, emission = signal[at_laser].max(), signal[in_bands].max()
    noise = _SURE * float(np.sqrt(np.nanmean(error**2)))
    ratio = laser / max(emission, noise)
    if not ratio > _OUTSHINES:
        return []
    least = "" if emission > noise else "at least "
    return [
        f"at {irradiance[weakest]:.3g} W/cm² the laser line is {least}{ratio:.2g} times as high as the "
        "emission: a denser filter before the spectrometer would keep it out"
    ]
