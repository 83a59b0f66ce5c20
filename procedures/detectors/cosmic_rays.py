"""The mean of several frames without what cosmic rays left in them.

A cosmic ray strikes one to three neighbouring pixels of one frame; the other frames do not show it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SURE = 8.0  # standard deviations by which a frame is above the others
_UNSTEADY = 0.1  # of the light in a pixel: that much more may also be light that has changed
_LONGEST_TRACK = 3  # pixels; what is wider is light
_BRIGHT = 10.0  # standard deviations of the background
_FEW = 5  # bright pixels, which tell no shot noise


class Mean(NamedTuple):
    """Of frames: shape (pixels,) each.

    :ivar raw: of all of them
    :ivar value, variance: without what cosmic rays left, and the variance of that mean from the scatter
    :ivar struck: something was left out
    :ivar brightest: the highest signal of all
    """

    raw: Array
    value: Array
    variance: Array
    struck: bool
    brightest: float


def mean_of(frames: Array) -> Mean:
    """The mean of *frames* (frames, pixels), at least two."""
    raw, scatter = frames.mean(axis=0), frames.var(axis=0, ddof=1)
    number = len(frames)
    brightest = frames.max(axis=0)
    others = (frames.sum(axis=0) - brightest) / (number - 1)
    noise = _noise(others, scatter, number)
    light = np.maximum(others - np.median(others), 0.0)
    struck = brightest - others > _SURE * np.sqrt(noise) + _UNSTEADY * light
    if struck.any() and noise.min() > 0:
        struck = _short((frames == brightest) & struck).any(axis=0)
    else:
        struck = np.zeros_like(struck)
    if not struck.any():
        return Mean(raw, raw, scatter / number, False, float(brightest.max()))
    variance = np.where(struck, noise / (number - 1), scatter / number)
    return Mean(raw, np.where(struck, others, raw), variance, True, float(brightest.max()))


def _noise(signal: Array, scatter: Array, number: int) -> Array:
    """Variance of one frame in each pixel: of the background, and what grows with the light above it.

    Medians over the pixels, which the few struck ones do not move.
    """
    freedom = number - 1
    scatter = scatter / (1 - 2 / (9 * freedom)) ** 3  # the median of a chi-square over its mean
    background = float(np.median(scatter))
    light = np.maximum(signal - np.median(signal), 0.0)
    bright = light > _BRIGHT * background**0.5
    if np.count_nonzero(bright) < _FEW:
        return np.full_like(signal, background)
    shot = max(float(np.median((scatter[bright] - background) / light[bright])), 0.0)
    noise: Array = background + shot * light
    return noise


def _short(struck: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Those of the *struck* pixels (frames, pixels) that are in no longer row than a track."""
    length = _LONGEST_TRACK + 1
    if struck.shape[1] < length:
        return struck
    rows = np.lib.stride_tricks.sliding_window_view(struck, length, axis=1).all(axis=2)
    wide = np.zeros_like(struck)
    for i in range(length):
        wide[:, i : i + rows.shape[1]] |= rows
    return struck & ~wide
