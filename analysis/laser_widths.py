"""The line of a laser at each pump: its width without that of the instrument, and how far it is tuned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .bands import good_points, pixel_widths
from .emission_lines import Line, background, find_lines, smooth_errors
from .findings import Finding
from .laser_lines import LASER_MASK, laser_free
from .slit_width import own_width, too_coarse

if TYPE_CHECKING:
    import xarray as xr

#: a resolution above this part of the line's own width makes that width a small difference
_WIDEST_SLIT = 0.5
#: of the light in the band that a line's height times its width must be
_LEAST_AREA = 0.5


class LineAt(NamedTuple):
    """The line at one point.

    :param irradiance, irradiance_stderr: mean irradiance in W/cm², and 1 σ (0: not known)
    :param wanted: the set-point, W/cm²
    """

    irradiance: float
    irradiance_stderr: float
    wanted: float
    line: Line


def lines_of(ds: xr.Dataset, window: tuple[float, float]) -> list[LineAt]:
    """The highest line in *window* at each usable point, by rising irradiance."""
    order = np.argsort(ds["wavelength"].values)
    wavelength = ds["wavelength"].values[order].astype(float)
    usable = (wavelength >= window[0]) & (wavelength <= window[1])
    free = laser_free(wavelength, ds.attrs.get("excitation_wavelength"), LASER_MASK)
    spectra = ds["spectrum"].transpose("point", "wavelength").values[:, order]
    errors = ds["spectrum_errors"].transpose("point", "wavelength").values[:, order]
    irradiance = ds["irradiance_mean"].values
    doubt = np.zeros(len(irradiance))
    if "irradiance_mean_errors" in ds:
        doubt = np.nan_to_num(ds["irradiance_mean_errors"].values)
    # a run that was set in another unit has no set-point in this one
    wanted = ds["irradiance"].values if "irradiance" in ds.coords else irradiance
    widths, good = pixel_widths(wavelength), good_points(ds)
    found = []
    for i in np.argsort(irradiance, kind="stable"):
        if not good[i] or not np.isfinite(spectra[i]).all():
            continue
        sigma = smooth_errors(spectra[i], errors[i])
        offset, _ = background(spectra[i], sigma, free)
        signal = spectra[i] - offset
        lines = find_lines(wavelength, signal, sigma, usable & free)
        area = float((signal * widths)[usable].sum())
        # less than that is a spike of the noise, not the line that is in the band
        whole = [line for line in lines if line.height * line.fwhm > _LEAST_AREA * area]
        if whole:
            highest = max(whole, key=lambda line: line.height)
            found.append(LineAt(float(irradiance[i]), float(doubt[i]), float(wanted[i]), highest))
    return found


def line_widths(
    name: str, lines: list[LineAt], threshold: float, resolution: float, pixel: float
) -> tuple[list[Finding], list[str]]:
    """Line widths at the highest and the lowest pump, the instrument's taken out, and what is doubtful."""
    above = [one for one in lines if one.irradiance > threshold]
    below = [one for one in lines if one.irradiance < threshold]
    found, doubts = [], []
    for some, where in ((above[-1:], "above threshold"), (below[:1], "below threshold")):
        for one in some:
            value, stderr, _, note = own_width(one.line, resolution, pixel)
            found.append(
                Finding(
                    quantity="linewidth", of=name, value=value, stderr=stderr, unit="nm",
                    at={"irradiance_mean": one.irradiance}, note=f"{where}; {note}",
                )
            )  # fmt: skip
            if not math.isfinite(value):
                doubts.append(f"band '{name}', {where}: the line is {note}; {too_coarse(resolution, pixel)}")
            elif resolution > _WIDEST_SLIT * value:
                doubts.append(
                    f"band '{name}', {where}: a resolution of {resolution:g} nm is coarse for a line of "
                    f"{value:.2g} nm; at most {_WIDEST_SLIT * value:.2g} nm is needed"
                )
            elif not resolution:
                doubts.append(f"band '{name}', {where}: the resolution is not known; it is in the line width")
    return found, doubts


def tuning_range(name: str, lines: list[LineAt], threshold: float) -> Finding | None:
    """Between the shortest and the longest wavelength above *threshold*; None with fewer than two lines.

    Each line is brought from the irradiance it was seen at to its set-point, along the line's own course:
    else the range would change with how well the power was set. The error of the irradiance counts likewise.
    """
    above = [one for one in lines if one.wanted > threshold]
    if len({one.irradiance for one in above}) < 2:
        return None
    pump = np.array([one.irradiance for one in above])
    position = np.array([one.line.wavelength for one in above])
    # up and down again: one course, and no division by a distance of nearly nothing
    levels, back = np.unique([one.wanted for one in above], return_inverse=True)
    mean = [np.bincount(back, values) / np.bincount(back) for values in (pump, position)]
    slope = np.gradient(mean[1], mean[0])[back] if len(levels) > 1 else np.zeros(len(pump))
    at_wanted = position - slope * (pump - levels[back])
    doubt = np.hypot(
        [one.line.wavelength_stderr for one in above], slope * [one.irradiance_stderr for one in above]
    )
    first, last = int(np.argmin(at_wanted)), int(np.argmax(at_wanted))
    return Finding(
        quantity="tuning range", of=name, value=float(at_wanted[last] - at_wanted[first]),
        stderr=float(np.hypot(doubt[first], doubt[last])), unit="nm",
        note=f"of the line above threshold, from {levels[0]:.4g} to {levels[-1]:.4g} W/cm²",
    )  # fmt: skip
