"""Colour of emission: CIE 1931 chromaticity of spectra and of lines, for the standard 2° observer.

    X = ∫ S(λ) x̄(λ) dλ, Y and Z likewise;   x = X/(X + Y + Z), y = Y/(X + Y + Z)

S is spectral POWER: counted photons are divided by λ first (CIE 015:2018, Colorimetry). The colour-matching
functions x̄, ȳ, z̄ are the CIE's table in steps of 1 nm (https://doi.org/10.25039/CIE.DS.xvudnb9b), linear in
between and zero outside 360 to 830 nm.

No run is needed here: procedures steer by these functions, :mod:`.emission_colour` analyses with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError, pixel_widths
from .laser_lines import LASER_MASK, laser_free

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
#: what a spectrum or an intensity counts
Quantity = Literal["photons", "power"]

#: nm; a spectrum that ends inside of it may miss a colour
VISIBLE = (380.0, 780.0)
_LEAST_EMPTY = 20  # pixels without emission that a pedestal is taken from
_FWHM = 2 * np.sqrt(2 * np.log(2))  # in standard deviations of a Gaussian
_OFFSETS = np.linspace(-5.0, 5.0, 201)  # from the centre of a line, in standard deviations


def matching_functions(wavelength: npt.ArrayLike) -> Array:
    """x̄, ȳ and z̄ at wavelengths (...) in nm: shape (..., 3), no unit, zero outside the table."""
    table = _table()
    wavelength = np.asarray(wavelength, dtype=float)
    columns = [np.interp(wavelength, table[:, 0], table[:, i], left=0.0, right=0.0) for i in (1, 2, 3)]
    return np.stack(columns, axis=-1)


def pure_chromaticity(wavelength: npt.ArrayLike) -> Array:
    """(x, y) of monochromatic light of wavelengths (...) in nm: the spectral locus, shape (..., 2)."""
    return _chromaticity(matching_functions(wavelength))


def spectrum_chromaticity(wavelength: npt.ArrayLike, spectrum: npt.ArrayLike, quantity: Quantity) -> Array:
    """(x, y) of spectra, shape (..., 2); nan where there is no visible light or a nan in it.

    Integrated by the trapezoidal rule over the wavelengths given, which should resolve the lines.

    :param wavelength: increasing, nm, (n,)
    :param spectrum: photons or power per nm, any scale, (..., n); for counts per pixel of uneven width divide
        by :func:`~.bands.pixel_widths` first
    :param quantity: what *spectrum* counts: ``photons`` (a spectrometer's counts) or ``power``
    """
    wavelength, spectrum = np.asarray(wavelength, dtype=float), np.asarray(spectrum, dtype=float)
    if wavelength.ndim != 1 or len(wavelength) < 2 or not np.all(np.diff(wavelength, prepend=0.0) > 0):
        raise AnalysisError("wavelengths: must be at least two, above 0 and increasing")
    weights = matching_functions(wavelength) * _power(wavelength, quantity)[:, None]
    steps = np.diff(wavelength)
    weights *= np.concatenate([steps[:1], steps[1:] + steps[:-1], steps[-1:]])[:, None] / 2
    visible = weights.any(axis=1)  # a nan beyond the visible is no concern of the colour
    return _chromaticity(spectrum[..., visible] @ weights[visible])


def line_chromaticity(
    centre: npt.ArrayLike, intensity: npt.ArrayLike, quantity: Quantity, fwhm: npt.ArrayLike = 0.0
) -> Array:
    """(x, y) of Gaussian lines together, shape (..., 2); nan where there is no visible light or a nan in it.

    :param centre: nm, (lines,)
    :param intensity: photons or power of each line, any scale, (..., lines)
    :param quantity: what *intensity* counts
    :param fwhm: full width at half maximum, nm, () or (lines,); 0 is a sharp line
    """
    centre, fwhm = np.broadcast_arrays(
        np.atleast_1d(np.asarray(centre, dtype=float)), np.asarray(fwhm, dtype=float)
    )
    sigma = fwhm / _FWHM
    if not (np.all(sigma >= 0) and np.all(centre + _OFFSETS[0] * sigma > 0)):
        raise AnalysisError(
            f"lines: centres {centre} nm must be above 0, FWHM {fwhm} nm not negative nor wider"
        )
    shape = np.exp(-(_OFFSETS**2) / 2)
    wavelength = centre[:, None] + _OFFSETS * sigma[:, None]
    weights = shape[:, None] / shape.sum() * matching_functions(wavelength)
    weights = (weights * _power(wavelength, quantity)[..., None]).sum(axis=1)
    return _chromaticity(np.asarray(intensity, dtype=float) @ weights)


class Chromaticity(NamedTuple):
    """(x, y), shape (..., 2), and its covariance, shape (..., 2, 2)."""

    xy: Array
    covariance: Array


class Ellipse(NamedTuple):
    """Semi-axes, the longer one first, and the angle of the longer one to the x axis in degrees."""

    major: float
    minor: float
    angle: float


def pixel_weights(
    wavelength: Array,
    quantity: Quantity,
    response: Array | None = None,
    lasers: Iterable[float] = (),
    windows: Mapping[str, tuple[float, float]] | None = None,
    slit: float = 0.0,
) -> Array:
    """What the signal of each pixel adds to X, Y and Z, any scale; shape (pixels, 3).

    Light that strays evenly over the detector is taken off, by the mean of the pixels between the bands.

    :param wavelength: of the pixels, nm, (pixels,)
    :param quantity: ``photons`` where the signal of a pixel is a number of them, ``power`` where it is W/nm
    :param response: signal per photon, or per power, (pixels,); a pixel where it is NaN has no weight
    :param lasers: nm; pixels near them, and near their second order, have no weight
    :param windows: of the bands, nm; without them nothing is taken off
    :param slit: FWHM in nm that it gives to a narrow line. As it has averaged the spectrum, so x̄, ȳ and z̄ are
        averaged once more, by two points at ± its standard deviation: what that adds is taken off
    """
    usable = np.ones(len(wavelength), dtype=bool)
    for laser in lasers:
        usable &= laser_free(wavelength, laser, LASER_MASK)
    here, *beside = (
        matching_functions(nm) * _power(nm, quantity)[:, None]
        for nm in (wavelength, wavelength - slit / _FWHM, wavelength + slit / _FWHM)
    )
    weights = 2 * here - sum(beside) / 2
    if quantity == "power":
        weights *= pixel_widths(wavelength)[:, None]
    if response is not None:
        usable &= np.isfinite(response)
        weights = weights / response[:, None]
    weights[~usable] = 0.0
    return without_pedestal(weights, usable & between_bands(wavelength, windows or {}))


def without_pedestal(weights: Array, empty: Mask) -> Array:
    """*weights* (pixels, n) that take the mean of the *empty* pixels off every pixel, if there are enough."""
    if empty.sum() < _LEAST_EMPTY:
        return weights
    result: Array = weights - np.where(empty[:, None], weights.sum(axis=0) / empty.sum(), 0.0)
    return result


def between_bands(wavelength: Array, windows: Mapping[str, tuple[float, float]]) -> Mask:
    """Visible pixels away from every band by half its width, where bands are known."""
    low, high = VISIBLE
    empty: Mask = (wavelength >= low) & (wavelength <= high) & bool(windows)
    for low, high in windows.values():
        reach = (high - low) / 2
        empty &= (wavelength < low - reach) | (wavelength > high + reach)
    return empty


def chromaticity(spectrum: Array, errors: Array, weights: Array) -> Chromaticity:
    """Of spectra with independent errors, to first order in these (NaN where there is no light).

    With T = X + Y + Z the derivatives are ∂x/∂X = (1 − x)/T, ∂x/∂Y = ∂x/∂Z = −x/T, and likewise for y.

    :param spectrum, errors: per pixel, 1 σ, (..., pixels)
    :param weights: see :func:`pixel_weights`
    """
    used = weights.any(axis=1)  # a NaN elsewhere is no concern of the colour
    weights = weights[used]
    tristimulus = spectrum[..., used] @ weights
    xy = _chromaticity(tristimulus)
    # by what one count in each pixel moves (x, y)
    moves = weights[:, :2] - xy[..., None, :] * weights.sum(axis=1)[:, None]
    moves = moves / tristimulus.sum(axis=-1)[..., None, None] * errors[..., used, None]
    return Chromaticity(xy, np.swapaxes(moves, -1, -2) @ moves)


def error_ellipse(covariance: Array, probability: float = 0.6827) -> Ellipse:
    """Inside of which the true (x, y) lies with *probability*; the axes are 1.52 σ at 68 %.

    :param covariance: (2, 2)
    """
    values, vectors = np.linalg.eigh(covariance)
    scale = -2 * np.log1p(-probability)  # quantile of χ² with two degrees of freedom
    minor, major = np.sqrt(np.maximum(values, 0.0) * scale)
    angle = np.degrees(np.arctan2(vectors[1, 1], vectors[0, 1]))
    return Ellipse(float(major), float(minor), float((angle + 90) % 180 - 90))


def _power(wavelength: Array, quantity: Quantity) -> Array:
    """Power of what is counted, in any unit."""
    if quantity not in ("photons", "power"):
        raise AnalysisError(f"quantity = {quantity!r}: must be 'photons' or 'power'")
    return 1 / wavelength if quantity == "photons" else np.ones_like(wavelength)


def _chromaticity(tristimulus: Array) -> Array:
    total = tristimulus.sum(axis=-1, keepdims=True)
    result: Array = tristimulus[..., :2] / np.where(total > 0, total, np.nan)
    return result


@cache
def _table() -> Array:
    """λ in nm, x̄, ȳ, z̄: (471, 4)."""
    text = (files(__package__) / "cie1931.csv").read_text(encoding="utf-8")
    table = np.loadtxt(text.splitlines()[3:], delimiter=",")
    table.flags.writeable = False
    return table
