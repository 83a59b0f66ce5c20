"""Whether the laser shines at another wavelength than the run says.

Its scattered line is as narrow as the instrument shows any, stands away from the bands, outshines all that is
emitted where that is weakest, and goes with the first power of the irradiance. Where there is light at the
wavelength that the run says, that is the laser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .bands import Array, Spectra, spectra
from .emission_lines import Line, Mask, background, find_lines, smooth_errors
from .laser_lines import lasers_of, mask_of
from .slit_width import pixel_at

if TYPE_CHECKING:
    import xarray as xr

_NARROW = 8.0  # pixels
_WIDER = 1.5  # than the resolution, where the run is told it
_SURE = 20.0  # standard errors of the height
_ONE_POWER = 1.2  # within such a factor the power is the same
_SPAN = 2.0  # factor in irradiance from which on the exponent tells
_LINEAR = 0.2  # what the exponent may be off one, besides 3 standard errors
_SEEN = 5.0  # standard errors


def other_laser(ds: xr.Dataset, windows: Mapping[str, tuple[float, float]]) -> list[str]:
    """A laser line where none should be, in words; nothing of a run with several wavelengths.

    :param windows: of the bands, nm: what stands in them is emission, and where there are none all may be
    """
    lasers, mask, seen = lasers_of(ds), mask_of(ds), spectra(ds)
    usable = np.asarray(np.isfinite(seen.spectrum).all(axis=1), dtype=bool)
    if not (usable.any() and lasers and windows) or np.ptp(lasers) > mask:
        return []
    nm = float(np.mean(lasers))
    if not seen.wavelength[0] + mask < nm < seen.wavelength[-1] - mask:
        return []
    irradiance = ds["irradiance_mean"].values if "irradiance_mean" in ds else np.ones(len(usable))
    usable &= irradiance > 0
    weakest = usable & (irradiance < _ONE_POWER * np.min(irradiance[usable], initial=np.inf))
    lines = _lines(seen, weakest) if weakest.any() else []
    line = max(lines, key=lambda one: one.height, default=None)
    if line is None or any(abs(one.wavelength - nm) <= mask for one in lines + _lines(seen, usable)):
        return []
    resolution = float((ds.attrs.get("parameters") or {}).get("resolution", 0.0))
    widest = max(_NARROW * pixel_at(seen.wavelength, line.wavelength), _WIDER * resolution)
    noise = float(np.median(seen.errors[weakest])) / np.sqrt(weakest.sum())
    known = any(low <= line.wavelength <= high for low, high in windows.values())
    known |= any(abs(line.wavelength - factor * nm) <= mask for factor in (0.5, 2.0))
    sharp = line.fwhm <= widest and line.height > _SURE * noise
    if known or not sharp or not _linear(seen, line, usable, irradiance):
        return []
    return [f"a laser line at {line.wavelength:.0f} nm; the station says {nm:.4g} nm"]


def _lines(seen: Spectra, points: Mask) -> list[Line]:
    """What stands out of the mean of the *points*."""
    mean = seen.spectrum[points].mean(axis=0)
    errors = np.sqrt((seen.errors[points] ** 2).sum(axis=0)) / points.sum()
    errors = smooth_errors(mean, errors)
    everywhere = np.ones(len(mean), dtype=bool)
    signal = mean - background(mean, errors, everywhere)[0]
    return find_lines(seen.wavelength, signal, errors, everywhere)


def _linear(seen: Spectra, line: Line, usable: Mask, irradiance: Array) -> bool:
    """Whether the *line* goes with the irradiance; where that was not varied nothing speaks against it."""
    if np.ptp(np.log(irradiance[usable])) < np.log(_SPAN):
        return True
    near = np.abs(seen.wavelength - line.wavelength) <= line.fwhm
    signal = seen.spectrum[:, near].sum(axis=1) - near.sum() * np.median(seen.spectrum, axis=1)
    error = np.sqrt((seen.errors[:, near] ** 2).sum(axis=1))
    clear = usable & (signal > _SEEN * error)
    x, y = np.log(irradiance[clear]), np.log(signal[clear])
    if len(x) < 3 or np.ptp(x) < np.log(_SPAN):
        return False
    weight = signal[clear] / error[clear]
    (slope, _), covariance = np.polyfit(x, y, 1, w=weight, cov="unscaled")
    return bool(abs(slope - 1) < _LINEAR + 3 * np.sqrt(covariance[0, 0]))
