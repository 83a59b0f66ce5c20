"""Set-points all over a range that only the device knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antistokes.instruments.errors import LimitError

from ..problems import Problems
from .axis import Array

_NAMED = 5


@dataclass(frozen=True)
class Span:
    """Evenly spaced set-points, there and back and there again.

    :param points: of one way
    :param repeats: ways
    :param start, stop: None: where the device's range begins and ends
    """

    points: int
    repeats: int = 1
    start: float | None = None
    stop: float | None = None

    def within(self, low: float, high: float) -> Array:
        """The set-points, shape (points·repeats,)."""
        way = np.linspace(
            low if self.start is None else self.start, high if self.stop is None else self.stop, self.points
        )
        return np.concatenate([way[:: -1 if i % 2 else 1] for i in range(self.repeats)])


def planned(values: Sequence[float] | Array | Span) -> Array:
    """Set-points as far as they are known without the device: NaN of the right number."""
    if isinstance(values, Span):
        return np.full(values.points * values.repeats, np.nan)
    return np.asarray(values, float)


def checked(values: Sequence[float] | Array | Span, low: float, high: float, thing: str, unit: str) -> Array:
    """The set-points of a device. :raises Refused: names those out of its range, of many two"""
    known = values.within(low, high) if isinstance(values, Span) else np.asarray(values, float)
    wrong = np.unique(known[~((known >= low) & (known <= high))])
    problems = Problems()
    for value in wrong if len(wrong) <= _NAMED else wrong[[0, -1]]:
        problems.add(LimitError(thing, float(value), low, high, unit))
    problems.refuse()
    return known
