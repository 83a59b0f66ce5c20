"""How unequal the pixels of a detector are, and what that does to the light of a line that few of them see.

The sensitivities differ by about a percent (photo response non-uniformity, EMVA Standard 1288): the same in
every frame, so that no repetition shows it. Two spectra of different width or place are weighed differently
by it, two alike in the same way. Its size is seen where neighbours of a broad line differ by more than noise.
"""

from __future__ import annotations

import numpy as np

from .bands import Array, Spectra, pixel_fractions
from .emission_lines import smooth_errors

#: fourth difference of neighbours: blind to a line whose width is many pixels
_DIFFERENCE = np.array([1.0, -4.0, 6.0, -4.0, 1.0])
#: relative spread where no spectrum is broad enough to tell (assumed, typical of silicon arrays)
_ASSUMED = 0.01
#: the light must be spread over so many pixels, the least number that could have it in equal shares
_LEAST_PIXELS = 15.0


def pixel_covariance(seen: Spectra, window: tuple[float, float]) -> Array:
    """Covariance of the light in *window* from unequal pixels, (point, point), unit of the light squared.

    :param seen: corrected by ``response``: what it knows of the pixels is no doubt any more
    """
    fraction = pixel_fractions(seen.wavelength, window)
    inside = fraction > 0
    light = np.nan_to_num(seen.spectrum[:, inside] / seen.response[inside])
    errors = np.nan_to_num(seen.errors[:, inside] / seen.response[inside])
    shares = light * fraction[inside] * seen.widths[inside]
    covariance: Array = pixel_spread(light, errors) ** 2 * (shares @ shares.T)
    return covariance


def pixel_spread(light: Array, errors: Array) -> float:
    """Relative standard deviation of the pixels' sensitivities; both (point, pixel), errors 1 σ."""
    many = light.sum(axis=1) ** 2 >= _LEAST_PIXELS * (light**2).sum(axis=1)
    square = _DIFFERENCE**2
    above = below = 0.0
    for one, error in zip(light[many], errors[many], strict=True):
        seen = np.convolve(one, _DIFFERENCE, mode="valid") ** 2
        noise = np.convolve(smooth_errors(one, error) ** 2, square, mode="valid")
        pattern = np.convolve(one**2, square, mode="valid")  # of a spread of 1
        weight = pattern / (noise + _ASSUMED**2 * pattern) ** 2
        above += float(weight @ (seen - noise))
        below += float(weight @ pattern)
    return float(np.sqrt(max(above / below, 0.0))) if below > 0 else _ASSUMED
