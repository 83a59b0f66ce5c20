"""How a sample's emission goes on after a short pulse, on the time scale of its slowest band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.samples.mechanism import Array
from antistokes.simulated_hw.samples.sample import Sample

FAINTEST = 1e-3  # of a band's maximum; what follows is not looked at
_PERIODS = [10.0**exponent for exponent in range(-10, 3)]  # s, tried until all bands fade within one
_WIDTH = 0.01  # of the pulse, of the period
_FIRST = 1e-6  # moment looked at after each edge, of the period; from there on at equal ratios


@dataclass(frozen=True, slots=True)
class Afterglow:
    """Emission of bands, each over its maximum, nan where a band is dark.

    :ivar times: s from the beginning of the pulse, (k,)
    :ivar emission: (k, bands)
    :ivar width: of the rectangular pulse, s
    """

    times: Array
    emission: Array
    width: float

    @property
    def end(self) -> float | None:
        """Moment from which every band is below :data:`FAINTEST`, s; None if one is not at the last."""
        last = np.flatnonzero((self.emission >= FAINTEST).any(axis=1))[-1]
        return None if last == len(self.times) - 1 else float(self.times[last + 1])

    def after_maximum(self, band: int, level: float) -> float | None:
        """From a band's maximum, or the end of a flat one, to *level* of it, s; None if it stays above."""
        course = self.emission[:, band]
        top = int(np.flatnonzero(course > 1 - 1e-9)[-1])
        times, values = self.times[top:], course[top:]
        below = np.flatnonzero(values < level)
        if not len(below):
            return None
        last, first = below[0] - 1, below[0]
        ratio = values[last] / max(values[first], level * 1e-3)  # straight in the logarithm
        part = np.log(values[last] / level) / np.log(ratio)
        return float(times[last] + part * (times[first] - times[last]) - times[0])


def afterglow(sample: Sample, irradiance: float, members: Array, conditions: Conditions) -> Afterglow | None:
    """After pulses of *irradiance* in W/cm², one in about the time that the slowest band takes to fade.

    Time scales differ by nine orders of magnitude from sample to sample. They are looked for from the short
    end: periods far beyond the lifetimes are hard on the rate equations.

    :param members: 1 where a line belongs to a band, else 0: (lines, bands)
    :returns: None where nothing is emitted, or the emission only follows the pulse
    """
    for period in _PERIODS:
        found = _periodic(sample, irradiance, members, conditions, period)
        if np.isnan(found.emission).all():
            return None
        if found.end is not None:
            only_follows = found.end - found.width <= 2 * _FIRST * period
            return (
                None if only_follows else _periodic(sample, irradiance, members, conditions, 1.2 * found.end)
            )
    return found


def _periodic(
    sample: Sample, irradiance: float, members: Array, conditions: Conditions, period: float
) -> Afterglow:
    width = _WIDTH * period
    rising, falling = (
        np.geomspace(_FIRST * period, end, n) for end, n in ((width, 80), (period - width, 240))
    )
    times = np.concatenate([[0.0], rising, width + falling])
    high, low = np.array([irradiance]), np.zeros(1)
    bands = sample.pulsed(high, low, width, times, conditions)[0] @ members
    tops = bands.max(axis=0)
    return Afterglow(times, bands / np.where(tops > 0, tops, np.nan), width)
