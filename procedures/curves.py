"""What a calibration has measured: the meter's noise, power against drive, transmission against position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import isotonic_regression

Array = npt.NDArray[np.float64]

#: below this transmission the attenuator's leak makes the power too sensitive to the position
_LEAST_TRANSMISSION = 5e-3
#: readings of the meter that give its noise; in the dark, its floor and background too
NOISE_READINGS = 24
#: of one power, at most
MOST_READINGS = 100
_FINE = 17  # positions between the least and the most transmission


class Anchor(NamedTuple):
    """One laser drive and the power on the sample it gives with the attenuator open, in W."""

    drive: float
    power: float


@dataclass(frozen=True, slots=True)
class MeterNoise:
    """σ² = (relative·P)² + floor², of one reading; measured during calibration.

    :param dark: readings that gave the background
    """

    relative: float
    floor: float
    dark: int = NOISE_READINGS

    def sigma(self, power: float, readings: int) -> float:
        """Standard error of the mean of *readings* at *power*, in W; that of the background included."""
        own = ((self.relative * power) ** 2 + self.floor**2) / readings
        return float(np.sqrt(own + self.floor**2 / self.dark))

    def enough(self, power: float, relative: float) -> int:
        """Readings after which *power* is known to *relative*, at most :data:`MOST_READINGS`."""
        own = (self.relative * power) ** 2 + self.floor**2
        room = (relative * power) ** 2 - self.floor**2 / self.dark
        return MOST_READINGS if own > MOST_READINGS * room else max(int(np.ceil(own / room)), 1)


class DriveCurve:
    """Power against drive: rises, and ever steeper towards higher drives, as at a diode's threshold."""

    def __init__(self, points: list[Anchor]) -> None:
        self._points = sorted(points)

    def add(self, point: Anchor) -> None:
        """A new measurement replaces an old one at the same drive."""
        self._points = sorted([*(p for p in self._points if p.drive != point.drive), point])

    def at(self, power: float) -> float:
        """The drive for *power* W, interpolated; up to 5 % beyond the last point, extrapolated."""
        last = self._points[-1]
        if power > last.power:
            half = max((p for p in self._points if p.power <= last.power / 2), default=last)
            return _secant(last, half, min(power, 1.05 * last.power)) if half is not last else last.drive
        drives, powers = np.array(self._points).T
        return float(np.interp(power, np.maximum.accumulate(powers), drives))

    def guess(self, power: float, stride: float, bisect: bool) -> float:
        """Where to measure next to find *power* W: by secants, at most *stride* above all known drives.

        :param bisect: halve the interval instead, which also works where the curve has a kink
        """
        points = self._points
        above = next((i for i, point in enumerate(points) if point.power >= power), len(points))
        if above == 0:
            return points[0].drive - stride
        if above == len(points):
            step = _secant(points[-1], points[-2], power) - points[-1].drive if above > 1 else np.inf
            return points[-1].drive + (step if 0 < step < stride else stride)
        left, right = points[above - 1], points[above]
        if not bisect and above + 1 < len(points):
            # from above, where the curve is steeper, a secant does not go too far
            drive = _secant(points[above + 1], right, power)
            if left.drive < drive < right.drive:
                return drive
        return (left.drive + right.drive) / 2


class AttenuatorCurve:
    """Transmission, relative to the open attenuator, between the darkest and the brightest position.

    :param positions: from the darkest to the brightest
    :param powers: measured there
    :param errors: of *powers*, 1 sigma
    """

    def __init__(self, positions: Array, powers: Array, errors: Array) -> None:
        # a meter without any noise rounds
        errors = np.maximum(errors, powers.max() * 1e-6)
        rising = isotonic_regression(powers, weights=errors**-2).x
        rising = np.maximum(rising, rising.max() * 1e-6)
        keep = np.concatenate([[True], np.diff(rising) > 0])
        self._positions = positions[keep]
        self._logs: Array = np.log(rising[keep] / rising.max())
        #: the least transmission worth using
        self.least = max(_LEAST_TRANSMISSION, 2 * float(np.exp(self._logs[0])))

    def position(self, transmission: float) -> float:
        """Where *transmission* is; the end of the stretch beyond it."""
        return float(np.interp(np.log(transmission), self._logs, self._positions))

    @staticmethod
    def stretch(coarse: Array, powers: Array) -> Array:
        """Positions to measure, from the darkest to the brightest, after a *coarse* look at all.

        Denser towards the dark end, where transmission goes with the square.
        """
        darkest = int(np.argmin(powers))
        # on the side of the minimum that holds the higher maximum
        left, right = powers[: darkest + 1], powers[darkest:]
        brightest = int(np.argmax(left)) if left.max() >= right.max() else darkest + int(np.argmax(right))
        dark, bright = _vertex(coarse, powers, darkest), _vertex(coarse, powers, brightest)
        return dark + (bright - dark) * np.linspace(0, 1, _FINE) ** 1.5


def _secant(a: Anchor, b: Anchor, power: float) -> float:
    """The drive where the line through two points has *power*; infinite when it is level."""
    rise = a.power - b.power
    return b.drive + (power - b.power) * (a.drive - b.drive) / rise if rise else np.inf


def _vertex(x: Array, y: Array, i: int) -> float:
    """The extreme next to point *i* of an even grid, by a parabola through three points."""
    if not 0 < i < len(x) - 1:
        return float(x[i])
    a, b, c = y[i - 1 : i + 2]
    bend = a - 2 * b + c
    shift = 0.0 if bend == 0 else 0.5 * (a - c) / bend
    return float(x[i] + np.clip(shift, -1, 1) * (x[1] - x[0]))
