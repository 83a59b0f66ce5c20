"""How much of its lines a band misses: their wings reach beyond its edges, those of neighbours into it.

The lines are Gaussians, as :mod:`~antistokes.analysis.emission_lines` fits them. The error of the correction
is by how much their wings differ from what is seen beside the band, or how well that is seen, at most a tenth
of it. Where they add up neither to what the band shows nor to what is seen beside it the emission has another
shape: nothing is corrected, and the error is what the correction would have been.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .bands import Array, Spectra
from .emission_lines import Line, Mask, find_lines, smooth_errors

_SHAPE_DOUBT = 0.1  # of the correction, at most
_FITTING = 0.05  # relative; a band that differs by more from its lines has another shape
_BESIDE = 0.5  # the same of what is seen beside it, up to half its width away


Window = tuple[float, float]


class Whole(NamedTuple):
    """What a band's counts must be multiplied by to be those of its lines, and its relative 1 σ."""

    factor: float = 1.0
    stderr: float = 0.0


def whole_lines(
    seen: Spectra, good: Mask, windows: Mapping[str, tuple[float, float]], kept: Array, quiet: Mask
) -> dict[str, Whole]:
    """The factor of each band, from the mean of the *good* points; 1 where no line stands in it.

    :param kept: what each pixel counts in each band, (pixels, bands), over the response
    :param quiet: pixels that show nothing but what strays over all, (pixels,)
    """
    usable = np.isfinite(seen.response) & np.isfinite(seen.spectrum[good]).all(axis=0)
    if not (usable.any() and good.any()):
        return {name: Whole() for name in windows}
    response = np.where(usable, seen.response, 1.0)
    mean = np.where(usable, seen.spectrum[good].mean(axis=0), 0.0)
    errors = np.where(usable, np.sqrt((seen.errors[good] ** 2).sum(axis=0)) / good.sum(), np.inf)
    errors = smooth_errors(mean, errors)
    mean = mean - mean[quiet].mean() if quiet.any() else mean
    lines = find_lines(seen.wavelength, mean / response, errors / response, usable)
    spectrum = _Spectrum(seen.wavelength, mean / response, errors / response, usable)
    found = {}
    for (name, window), column in zip(windows.items(), kept.T, strict=True):
        others = [w for other, w in windows.items() if other != name]
        found[name] = _whole(spectrum, lines, window, others, np.nan_to_num(column) * response)
    return found


class _Spectrum(NamedTuple):
    """Photons per pixel, 1 σ, and which pixels are to be believed; all (pixels,)."""

    wavelength: Array
    signal: Array
    errors: Array
    usable: Mask


def _whole(seen: _Spectrum, lines: list[Line], window: Window, others: list[Window], share: Array) -> Whole:
    """:param share: what each pixel counts, 0 to 1"""
    nm = seen.wavelength
    own = [line for line in lines if window[0] <= line.wavelength <= window[1]]
    if not own or not share.any():
        return Whole()
    rest = [line for line in lines if line not in own]
    counted = share * np.gradient(nm)
    factor = _factor(own, rest, nm, counted)
    model = _sum(lines, nm)
    inside = abs((model - seen.signal) @ share)
    wings, off, noise = _wings(seen, model, window, others)
    if inside > _FITTING * abs(seen.signal @ share) or off > max(_BESIDE * wings, 3 * noise):
        return Whole(1.0, abs(factor - 1))
    doubt = min(_SHAPE_DOUBT, max(off, noise) / wings) if wings > 0 else _SHAPE_DOUBT
    variance = (doubt * (factor - 1) / factor) ** 2
    for i, line in enumerate(own):
        for key in ("wavelength", "fwhm"):
            moved = replace(line, **{key: getattr(line, key) + getattr(line, f"{key}_stderr")})
            changed = _factor([*own[:i], moved, *own[i + 1 :]], rest, nm, counted)
            variance += (changed / factor - 1) ** 2
    return Whole(factor, float(np.sqrt(variance)))


def _wings(seen: _Spectrum, model: Array, window: Window, others: list[Window]) -> tuple[float, float, float]:
    """Beside a band: light of the lines' *model*, by how much it is off what is seen, and 1 σ of that."""
    nm, reach = seen.wavelength, (window[1] - window[0]) / 2
    beside = seen.usable & (nm > window[0] - reach) & (nm < window[1] + reach)
    for low, high in [window, *others]:
        beside &= (nm < low) | (nm > high)
    off = abs(float((model - seen.signal)[beside].sum()))
    return float(model[beside].sum()), off, float(np.sqrt((seen.errors[beside] ** 2).sum()))


def _factor(own: list[Line], rest: list[Line], wavelength: Array, counted: Array) -> float:
    """All that the *own* lines send out over what is *counted* (nm) of all lines."""
    area = sum(line.height * abs(line.fwhm) for line in own) * float(np.sqrt(np.pi / np.log(2)) / 2)
    return area / float(_sum([*own, *rest], wavelength) @ counted)


def _sum(lines: list[Line], wavelength: Array) -> Array:
    total = np.zeros(len(wavelength))
    for one in lines:
        total += one.height * np.exp(-4 * np.log(2) * ((wavelength - one.wavelength) / one.fwhm) ** 2)
    return total
