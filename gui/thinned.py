"""Long curves as what can be seen of them: lowest and highest points. A picture costs always the same."""

from __future__ import annotations

import numpy as np

from .live_run import Array

_MOST = 4000  # points that are drawn as they are
_BLOCKS = _MOST // 2


class Thinned:
    """Of each block of neighbouring points the lowest and the highest; blocks grow with the curve.

    What is known of whole blocks is kept: new points cost the same however many there are.
    """

    def __init__(self) -> None:
        self._size = 1
        self._done = 0
        self._kept = np.empty((2, 0))

    def of(self, x: Array, y: Array) -> tuple[Array, Array]:
        """At most 4000 points of (x, y), (n,) each, which may only have grown since the last call."""
        n = len(y)
        if n <= _MOST:
            return x, y
        while n > self._size * _BLOCKS:
            self._size, self._done, self._kept = 2 * self._size, 0, np.empty((2, 0))
        whole = n // self._size * self._size
        if whole > self._done:
            new = _extremes(x[self._done : whole], y[self._done : whole], self._size)
            self._kept = np.hstack([self._kept, new])
            self._done = whole
        return np.append(self._kept[0], x[whole:]), np.append(self._kept[1], y[whole:])


def _extremes(x: Array, y: Array, size: int) -> Array:
    """(x, y) of the lowest and the highest of each *size* points, as they follow each other, (2, n)."""
    x, y = x.reshape(-1, size), y.reshape(-1, size)
    known = ~np.isnan(y)
    low = np.where(known, y, np.inf).argmin(axis=1)
    high = np.where(known, y, -np.inf).argmax(axis=1)
    at = np.sort(np.stack([low, high], axis=1), axis=1)
    rows = np.arange(len(y))[:, None]
    return np.stack([x[rows, at].ravel(), y[rows, at].ravel()])
