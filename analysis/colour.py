"""Colour of emission: CIE 1931 chromaticity of spectra and of lines, for the standard 2° observer.

    X = ∫ S(λ) x̄(λ) dλ, Y and Z likewise;   x = X/(X + Y + Z), y = Y/(X + Y + Z)

S is spectral POWER: counted photons are divided by λ first (CIE 015:2018, Colorimetry). The colour-matching
functions x̄, ȳ, z̄ are the CIE's table in steps of 1 nm (https://doi.org/10.25039/CIE.DS.xvudnb9b), linear in
between and zero outside 360 to 830 nm.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError

Array = npt.NDArray[np.float64]
#: what a spectrum or an intensity counts
Quantity = Literal["photons", "power"]

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
