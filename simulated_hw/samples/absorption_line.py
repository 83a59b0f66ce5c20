"""The shape of an absorption line."""

from __future__ import annotations

import math

_WINGS = 4.0  # FWHM from its peak beyond which a line is cut off


def line_shape(wavelength: float, peak: float, fwhm: float) -> float:
    """Absorption over that at the peak, all in nm: a Gaussian in wavelength, zero in the far wings."""
    away = (wavelength - peak) / fwhm
    return math.exp(-4 * math.log(2) * away**2) if abs(away) < _WINGS else 0.0
