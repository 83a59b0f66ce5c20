"""The width of a line without that of the instrument, and whether slit and pixels let it be told.

Variances add: a slit of FWHM r shows a line of FWHM w, in pixels of width p, with √(w² + r² + 8·ln2·p²/12);
p²/12 is the variance of a box. The resolution is taken as exact. An error of it by a part ε moves w by
ε·(r/w)²: therefore a line below a third of it is not told, only that it is not wider.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .bands import Array
from .emission_lines import Line

_PIXEL = 8 * math.log(2) / 12  # FWHM² of a Gaussian with the variance of a box of width 1
_NARROWEST = 1 / 3  # of what the instrument shows of any line
_SAMPLED = 2.0  # pixels; a narrower line is seen as wide as that (Nyquist)
_SURE = 3.0  # standard errors above zero
_LIMIT = 2.0  # standard errors that a line may be wider than what was found


class SlitWidth(NamedTuple):
    """FWHM of a line in nm, the instrument's taken out, and 1 σ: NaN where it is not resolved.

    :param limit: nm; then the line is narrower than that, with 95 % confidence; NaN where it is resolved
    :param note: what was taken out, or that the line is not resolved
    """

    fwhm: float
    stderr: float
    limit: float
    note: str


def own_width(line: Line, resolution: float, pixel: float) -> SlitWidth:
    """Of a *line* as it is seen.

    :param resolution: FWHM in nm that the slit gives to a narrow line; 0: not known, nothing is taken out
    :param pixel: nm between two pixels
    """
    square = line.fwhm**2 - (_instrument(resolution, pixel) ** 2 if resolution else 0.0)
    doubt = 2 * line.fwhm * line.fwhm_stderr
    if line.fwhm < narrowest_seen(resolution, pixel) or square < _SURE * doubt / 2:
        limit = math.sqrt(max(square, 0.0) + _LIMIT * doubt)
        limit = max(limit, _least(resolution, pixel))
        return SlitWidth(math.nan, math.nan, limit, f"not resolved: narrower than {limit:.2g} nm")
    own = math.sqrt(square)
    note = f"resolution of {resolution:g} nm and pixels of {pixel:.2g} nm taken out"
    if not resolution:
        note = "width of the instrument included (resolution not given)"
    return SlitWidth(own, doubt / 2 / own, math.nan, note)


def too_coarse(resolution: float, pixel: float) -> str:
    """Why a line was not resolved, in words."""
    least = f"lines below {_least(resolution, pixel):.2g} nm are not resolved"
    if resolution > _SAMPLED * pixel:
        return f"the slit is too coarse: resolution {resolution:g} nm, {least}"
    return f"the pixels are too coarse: {pixel:.2g} nm apart, {least}"


def narrowest_seen(resolution: float, pixel: float) -> float:
    """nm that the narrowest line which is resolved looks wide."""
    return math.hypot(max(_instrument(resolution, pixel), _SAMPLED * pixel), _least(resolution, pixel))


def pixel_at(wavelength: Array, nm: float) -> float:
    """nm between the two pixels about *nm*; *wavelength* of the pixels in nm, in any order."""
    rising = np.sort(wavelength)
    i = int(np.clip(np.searchsorted(rising, nm), 1, len(rising) - 1))
    return float(rising[i] - rising[i - 1])


def _instrument(resolution: float, pixel: float) -> float:
    """FWHM in nm of a line without width."""
    return math.sqrt(resolution**2 + _PIXEL * pixel**2)


def _least(resolution: float, pixel: float) -> float:
    """nm of the narrowest line that is told apart from none."""
    return _NARROWEST * max(resolution, _SAMPLED * pixel)
