"""Whether light of the laser stands in the bands of a power sweep, and outshines the emission of any run.

It is in proportion to the irradiance, and where it makes up part of a band it draws the exponent towards one.
What can be told from emission is taken off (:mod:`~antistokes.analysis.ground`); here it is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .bands import band_windows, good_points, spectra
from .ground import stray_shares
from .laser_lines import excitation_wavelengths, lasers_of, mask_of, overlaps
from .other_laser import other_laser
from .power_law import PowerLaw, lit_points

if TYPE_CHECKING:
    import xarray as xr

_NOTED_SHARE = 0.1  # of a band's counts
_SURE = 5.0  # standard errors
_ONE_POWER = 1.2  # within such a factor the power is the same
#: times the emission: exposures, and with them the emission, are that much smaller. At the least of several
#: powers, and at the only one
_OUTSHINES, _OUTSHINES_ALWAYS = 20.0, 5.0


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


def laser_line(ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None = None) -> list[str]:
    """Whether the laser outshines the emission: then the filter is no match for it. And whether it shines at
    another wavelength than the run says (:mod:`~antistokes.analysis.other_laser`).

    Of the points with the least power, where emission is weakest against the laser, the brightest one counts:
    that others show less is what was to be measured.
    """
    said, mask = excitation_wavelengths(ds), mask_of(ds)
    seen, lit = spectra(ds), lit_points(ds) if "irradiance_mean" in ds else good_points(ds)
    lit &= np.isfinite(said) & np.isfinite(seen.spectrum).all(axis=1)
    inside = np.zeros(len(seen.wavelength), dtype=bool)
    known = band_windows(ds, windows)
    for low, high in known.values():
        inside |= (seen.wavelength >= low) & (seen.wavelength <= high)
    irradiance = ds["irradiance_mean"].values if "irradiance_mean" in ds else np.ones(len(said))
    brightest = -np.inf, 0.0, 0
    lowest = _ONE_POWER * np.min(irradiance[lit], initial=np.inf)
    for i in np.flatnonzero(lit & (irradiance <= lowest)).tolist():
        at_laser = np.abs(seen.wavelength - said[i]) <= mask
        in_bands = inside & ~at_laser
        if at_laser.any() and in_bands.any():
            signal = seen.spectrum[i]
            brightest = max(brightest, (float(signal[in_bands].max()), float(signal[at_laser].max()), i))
    warnings = other_laser(ds, known)
    emission, laser, i = brightest
    if not np.isfinite(emission):
        return warnings
    noise = _SURE * float(np.sqrt(np.nanmean(seen.errors[i] ** 2)))
    ratio = laser / max(emission, noise)
    several = np.max(irradiance[lit]) > _ONE_POWER * irradiance[i]
    if ratio > (_OUTSHINES if several else _OUTSHINES_ALWAYS):
        at = f"at {irradiance[i]:.3g} W/cm² " if "irradiance_mean" in ds else ""
        least = "" if emission > noise else "at least "
        warnings.append(
            f"{at}the laser line is {least}{ratio:.2g} times as high as the emission: a denser filter before "
            "the spectrometer would keep it out"
        )
    return warnings
