"""A power sensor at the pick-off, or at the sample: what simulated power meters look through.

A silicon photodiode behind a neutral absorber, or a thermal sensor, which sees all wavelengths alike.
Responsivity and noise are typical of such heads and assumed; give a thermal one the noise and the wavelengths
of its data sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from antistokes.instruments.records import NonNegative, Positive, Record

from .bench import Bench

# relative responsivity, A/W against nm (typical shape, assumed)
_WAVELENGTH = [400, 450, 500, 550, 600, 650, 700, 750, 800, 850, 900, 950, 980, 1000, 1050, 1100]
_THERMAL = 0.01  # A/W that stand for the volts of a thermopile
_RESPONSIVITY = [
    0.006,
    0.012,
    0.019,
    0.025,
    0.030,
    0.035,
    0.039,
    0.043,
    0.047,
    0.051,
    0.055,
    0.058,
    0.056,
    0.050,
    0.030,
    0.012,
]


class PowerHeadSettings(Record, kw_only=True, frozen=True):
    """Part of ``[simulation.twins.NAME]`` of a meter with such a head."""

    sensor: Literal["silicon", "thermal"] = "silicon"
    #: behind the pick-off, or where the sample is
    place: Literal["pick-off", "sample"] = "pick-off"
    #: relative noise of one reading with 100 averages
    noise: NonNegative = 0.002
    #: W, noise floor of one reading
    floor_W: NonNegative = 1e-9
    wavelength_min: Positive = 400.0
    wavelength_max: Positive = 1100.0


class PowerHead:
    """Looks at the pick-off of *bench*; its noise comes from *rng*."""

    def __init__(self, bench: Bench, rng: np.random.Generator, settings: PowerHeadSettings) -> None:
        self.bench, self.rng, self.settings = bench, rng, settings

    def current(self) -> float:
        """Photocurrent now, A, without noise."""
        beams = self.bench.pickoff() if self.settings.place == "pick-off" else self.bench.on_sample()
        return sum(power * self.responsivity(wavelength) for wavelength, power in beams)

    def responsivity(self, wavelength: float) -> float:
        """A/W at *wavelength* in nm."""
        return _THERMAL if self.settings.sensor == "thermal" else responsivity(wavelength)

    def power(self, current: float, wavelength: float, averages: float = 100) -> float:
        """One reading, W: *current* taken as light of *wavelength* (nm), with noise."""
        shown = current / self.responsivity(wavelength)
        sigma = self.settings.noise * shown * (100 / averages) ** 0.5
        return float(
            shown + sigma * self.rng.standard_normal() + self.settings.floor_W * self.rng.standard_normal()
        )


def choose_range(level: float, present: int, tops: Sequence[float]) -> int:
    """The range automatic ranging takes: up when *level* is above *tops* (ascending), down when far below."""
    needed = next((i for i, top in enumerate(tops) if level <= top), len(tops) - 1)
    return needed if needed > present or level < 0.08 * tops[present] else present


@lru_cache(maxsize=64)
def responsivity(wavelength: float) -> float:
    """A/W at *wavelength* in nm; falls to nothing outside the table."""
    return float(np.interp(wavelength, _WAVELENGTH, _RESPONSIVITY, left=1e-6, right=1e-6))
