"""Where the laser, and what comes with it, stands in a spectrum: nothing there counts as emission."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from .bands import Array
from .emission_lines import Mask

if TYPE_CHECKING:
    import xarray as xr

Windows = Mapping[str, tuple[float, float]]

#: nm, where the run does not say
LASER_MASK = 6.0
#: stray light of a laser at λ, as factors on λ: it is masked
_STRAY = {"the laser line": 1.0, "the laser in second order": 2.0}


class Intruder(NamedTuple):
    """What stands in a band besides its emission, from *low* to *high* nm."""

    kind: Literal["laser", "harmonic", "order"]
    low: float
    high: float
    words: str


def laser_free(wavelength: Array, laser: float | None, distance: float) -> Mask:
    """Pixels at least *distance* nm from the laser and its second order."""
    free = np.ones(len(wavelength), dtype=bool)
    if laser is not None:
        for factor in _STRAY.values():
            free &= np.abs(wavelength - factor * laser) > distance
    return free


def intruders(name: str, windows: Windows, lasers: Iterable[float], distance: float) -> Iterator[Intruder]:
    """All there may be in the band *name*: light of a laser, its second harmonic, and the second order of a
    shorter band, which gratings send to 2λ.

    :param windows: all bands that were recorded, nm
    :param distance: nm around a laser
    """
    low, high = windows[name]
    lasers = sorted(set(lasers))
    for what, factor in _STRAY.items():
        if near := [nm for nm in lasers if low - distance < factor * nm < high + distance]:
            first, last = factor * near[0] - distance, factor * near[-1] + distance
            words = f"{what} (of {_span(near)} nm) is masked within {distance:g} nm"
            yield Intruder("laser", first, last, words)
    if near := [nm for nm in lasers if low - distance < nm / 2 < high + distance]:
        words = f"a second harmonic of the laser (of {_span(near)} nm) would fall into it"
        yield Intruder("harmonic", near[0] / 2 - distance, near[-1] / 2 + distance, words)
    for other, (first, last) in windows.items():
        if 2 * first < high and low < 2 * last:
            words = f"the second order of '{other}', at {2 * first:g} to {2 * last:g} nm, falls into it; "
            yield Intruder("order", 2 * first, 2 * last, words + "a long-pass filter keeps it out")


def overlaps(windows: Windows, lasers: Iterable[float], distance: float) -> list[str]:
    """What stands in a band besides its emission, in words."""
    lasers = list(lasers)
    return [
        f"band '{name}': {one.words}"
        for name in windows
        for one in intruders(name, windows, lasers, distance)
    ]


def undisturbed(
    wavelength: Array, name: str, windows: Windows, lasers: Iterable[float], distance: float
) -> Mask:
    """Pixels where nothing of what :func:`intruders` names may stand in the band *name*."""
    free = np.ones(len(wavelength), dtype=bool)
    for one in intruders(name, windows, lasers, distance):
        free &= (wavelength < one.low) | (wavelength > one.high)
    return free


def second_orders(wavelength: Array, name: str, windows: Windows) -> Mask:
    """Pixels where the second order of another band may stand in the band *name*."""
    found = np.zeros(len(wavelength), dtype=bool)
    for one in intruders(name, windows, (), 0.0):
        found |= (wavelength >= one.low) & (wavelength <= one.high)
    return found


def excitation_wavelengths(ds: xr.Dataset) -> Array:
    """Of each point in nm: measured, else set, else that of the run; NaN where there is none."""
    for name in ("excitation_wavelength_measured", "excitation_wavelength"):
        if name in ds:
            return ds[name].values.astype(float)
    nm = ds.attrs.get("excitation_wavelength")
    return np.full(ds.sizes["point"], math.nan if nm is None else float(nm))


def lasers_of(ds: xr.Dataset) -> list[float]:
    """All wavelengths in nm that excited the run."""
    values = np.unique(excitation_wavelengths(ds))
    return [float(nm) for nm in values if np.isfinite(nm)]


def mask_of(ds: xr.Dataset) -> float:
    """How near to a laser nothing counts as emission, nm."""
    return float((ds.attrs.get("parameters") or {}).get("laser_mask", LASER_MASK))


def _span(values: list[float]) -> str:
    """Rising *values* in words."""
    return f"{values[0]:.4g}" if len(values) == 1 else f"{values[0]:.4g} to {values[-1]:.4g}"
