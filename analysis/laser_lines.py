"""Where the laser, and what comes with it, stands in a spectrum: nothing there counts as emission."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from .bands import Array
from .emission_lines import Mask

#: nm, where the run does not say
LASER_MASK = 6.0
#: stray light of a laser at λ, as factors on λ: it is masked
_STRAY = {"the laser line": 1.0, "the laser in second order": 2.0}


def laser_free(wavelength: Array, laser: float | None, distance: float) -> Mask:
    """Pixels at least *distance* nm from the laser and its second order."""
    free = np.ones(len(wavelength), dtype=bool)
    if laser is not None:
        for factor in _STRAY.values():
            free &= np.abs(wavelength - factor * laser) > distance
    return free


def overlaps(
    windows: Mapping[str, tuple[float, float]], lasers: Iterable[float], distance: float
) -> list[str]:
    """What stands in a band besides its emission, in words.

    Light of a laser, its second harmonic, and the second order of a shorter band, which gratings send to 2λ.
    """
    lasers = sorted(set(lasers))
    found = []
    for name, (low, high) in windows.items():
        for what, factor in _STRAY.items():
            if at := _span(nm for nm in lasers if low - distance < factor * nm < high + distance):
                found.append(f"band '{name}': {what} (of {at} nm) is masked within {distance:g} nm")
        if at := _span(nm for nm in lasers if low - distance < nm / 2 < high + distance):
            found.append(f"band '{name}': a second harmonic of the laser (of {at} nm) would fall into it")
        for other, (first, last) in windows.items():
            if 2 * first < high and low < 2 * last:
                found.append(
                    f"band '{name}': the second order of '{other}', at {2 * first:g} to {2 * last:g} nm, "
                    "falls into it; a long-pass filter keeps it out"
                )
    return found


def _span(values: Iterable[float]) -> str:
    """Rising *values* in words; empty when there are none."""
    some = list(values)
    if not some:
        return ""
    return f"{some[0]:.4g}" if len(some) == 1 else f"{some[0]:.4g} to {some[-1]:.4g}"
