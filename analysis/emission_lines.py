"""Emission lines in a spectrum: found, fitted, with errors that the noise of the spectrum explains.

Errors from the scatter of a few frames scatter themselves, far too much to weight a fit with. What all
pixels have in common is how variance goes with signal: read noise and dark current give v₀, photons a part
in proportion (J. R. Janesick, Photon Transfer, SPIE 2007). :func:`smooth_errors` fits that.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .bands import Array
from .fitting import chi2_scale

Mask = npt.NDArray[np.bool_]

#: meV nm
EV_NM = 1239.84193e3
#: a peak stands out by so many standard deviations, and by this part of its own height
_SIGNIFICANT, _LEAST_PART = 6.0, 0.05
_CLEAR = 3  # pixels around a peak that must be usable: where a mask ends is no peak
#: a line is fitted so far to both sides, in units of its full width
_FIT_REACH = 0.75
#: of its width, 1 σ of where a line is: the highest of several peaks of noise on a faint band passes for a
#: line, but is too narrow for its errors
_POSITION = 0.05
_LEAST_PIXELS = 5
_PASSES = 3
#: relative change per nm of a response that nobody has measured (1 σ, assumed: that of silicon is
#: 1e-3 at 600 and 5e-3 at 850 nm). It moves the maximum of a Gaussian by σ² times as much
RESPONSE_SLOPE = 3e-3
_SMOOTHING = 1.5  # pixels, σ of the Gaussian before peaks are searched


@dataclass(frozen=True)
class Line:
    """A Gaussian as it is seen, in nm and the unit of the spectrum; errors 1 σ."""

    wavelength: float
    wavelength_stderr: float
    fwhm: float
    fwhm_stderr: float
    height: float


def energy(wavelength: float, wavelength_stderr: float = 0.0) -> tuple[float, float]:
    """Photon energy in meV, and its 1 σ."""
    return EV_NM / wavelength, EV_NM / wavelength**2 * wavelength_stderr


def anti_stokes_shift(emission: float, stderr: float, excitation: float) -> tuple[float, float]:
    """Energy in meV that a photon has gained, and its 1 σ; wavelengths in nm."""
    return EV_NM / emission - EV_NM / excitation, energy(emission, stderr)[1]


def smooth_errors(signal: Array, errors: Array) -> Array:
    """1 σ of each pixel by variance = v₀ + g·signal, fitted to the stated errors; shape (wavelength,).

    Iterated least squares with weights for variances, whose scatter goes with their size. Where the fit
    finds nothing that grows with the signal, all pixels get the mean variance.
    """
    known = np.isfinite(signal) & np.isfinite(errors)
    design = np.stack([np.ones(len(signal)), np.maximum(signal, 0.0)], axis=1)
    variance = errors**2
    v0, gain = float(variance[known].mean()), 0.0
    for _ in range(8):
        weight = 1 / (design[known] @ [v0, gain] + 1e-12 * v0 + 1e-300)
        a, b = np.linalg.lstsq(design[known] * weight[:, None], variance[known] * weight, rcond=None)[0]
        v0, gain = (float(a), float(b)) if a > 0 < b else (float(variance[known].mean()), 0.0)
    return np.sqrt(design @ [v0, gain])


def background(signal: Array, errors: Array, usable: Mask) -> tuple[float, float]:
    """What every pixel sees besides the lines, and its 1 σ: the median of the *usable* pixels."""
    if not usable.any():
        return 0.0, 0.0
    spread = float(np.sqrt(np.mean(errors[usable] ** 2)))
    return float(np.median(signal[usable])), spread * float(np.sqrt(np.pi / 2 / usable.sum()))


def find_lines(
    wavelength: Array,
    signal: Array,
    errors: Array,
    usable: Mask,
    response_slope: float = RESPONSE_SLOPE,
) -> list[Line]:
    """Every significant peak, by wavelength, each fitted around its maximum.

    :param wavelength: nm, rising
    :param signal, errors: per pixel, background subtracted; errors as :func:`smooth_errors` gives them
    :param usable: pixels that may belong to a line
    :param response_slope: relative 1 σ per nm of the response; 0: the spectrum is corrected for it
    """
    from scipy.ndimage import gaussian_filter1d, minimum_filter1d
    from scipy.signal import find_peaks

    shown = np.where(usable, signal, 0.0)
    smooth = gaussian_filter1d(shown, _SMOOTHING)
    # of white noise after such a filter
    noise = gaussian_filter1d(errors, _SMOOTHING) / np.sqrt(2 * np.sqrt(np.pi) * _SMOOTHING)
    least = np.maximum(_SIGNIFICANT * noise, _LEAST_PART * smooth)
    peaks, found = find_peaks(smooth, height=least, prominence=0.0)
    clear = minimum_filter1d(usable, 2 * _CLEAR + 1)
    peaks = peaks[(found["prominences"] >= least[peaks]) & clear[peaks]]
    fitted: dict[int, Line] = {}
    for _ in range(_PASSES):  # a line's wings lie under its neighbours: all others are subtracted
        for peak, own in _shares(peaks, smooth, usable):
            others = [line for other, line in fitted.items() if other != peak]
            rest = signal - sum(_gaussian(wavelength, o.height, o.wavelength, o.fwhm) for o in others)
            line = _fit(wavelength, rest, errors, own, peak, smooth)
            fitted = fitted | {peak: line} if line else {k: v for k, v in fitted.items() if k != peak}
    lines = []
    for peak in sorted(fitted):
        line = fitted[peak]
        moved = response_slope * line.fwhm**2 / (8 * np.log(2))
        doubt = float(np.hypot(line.wavelength_stderr, moved))
        lines.append(replace(line, wavelength_stderr=doubt))
    return lines


def _shares(peaks: npt.NDArray[np.int_], smooth: Array, usable: Mask) -> Iterator[tuple[int, Mask]]:
    """Each peak and the usable pixels between the valleys to both sides of it."""
    for i, peak in enumerate(peaks):
        first = 0 if i == 0 else peaks[i - 1] + int(np.argmin(smooth[peaks[i - 1] : peak]))
        last = len(smooth) if i + 1 == len(peaks) else peak + int(np.argmin(smooth[peak : peaks[i + 1]]))
        own = np.zeros(len(smooth), dtype=bool)
        own[first:last] = usable[first:last]
        yield int(peak), own


def _fit(wavelength: Array, signal: Array, errors: Array, own: Mask, peak: int, smooth: Array) -> Line | None:
    """A Gaussian around the maximum; None where too few pixels show it."""
    from scipy.optimize import OptimizeWarning, curve_fit

    centre, width = float(wavelength[peak]), _width(wavelength, smooth, peak)
    near = own & (np.abs(wavelength - centre) <= _FIT_REACH * width)
    if near.sum() < _LEAST_PIXELS:
        return None
    x, y, sigma = wavelength[near], signal[near], errors[near]
    start = (float(smooth[peak]), centre, width)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", OptimizeWarning)
            beta, covariance = curve_fit(_gaussian, x, y, start, sigma, absolute_sigma=True)
    except (RuntimeError, OptimizeWarning):  # no minimum, or no curvature: it is no line
        return None
    chi2 = float((((y - _gaussian(x, *beta)) / sigma) ** 2).sum())
    stderr = np.sqrt(np.diag(covariance) * chi2_scale(chi2, len(x) - 3))
    height, position, fwhm = beta
    if not (x[0] <= position <= x[-1] and height > 0 and stderr[1] <= _POSITION * abs(fwhm)):
        return None
    return Line(float(position), float(stderr[1]), abs(float(fwhm)), float(stderr[2]), float(height))


def _gaussian(x: Array, height: float, centre: float, fwhm: float) -> Array:
    result: Array = height * np.exp(-4 * np.log(2) * ((x - centre) / fwhm) ** 2)
    return result


def _width(wavelength: Array, smooth: Array, peak: int) -> float:
    """Full width at half maximum, nm, from the nearer of the two flanks."""
    low = np.flatnonzero(smooth < smooth[peak] / 2)
    left, right = low[low < peak].max(initial=0), low[low > peak].min(initial=len(smooth) - 1)
    return 2 * float(min(wavelength[peak] - wavelength[left], wavelength[right] - wavelength[peak]))
