"""What goes wrong in a laboratory by itself: drift, mode hops, warming, bleaching, two branches, harmonics.

All of it is off unless ``[simulation.effects]`` of the station file switches it on. Everything is a function
of time and seed: asking twice changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Protocol

import numpy as np
from msgspec import Meta

from antistokes.instruments.records import Fraction, Positive, Record

from .conditions import Conditions

_STEP = 10.0  # s, of the random walks
_HOUR = 3600.0
_KEPT = 64  # final temperatures that are remembered


class BranchSettings(Record, kw_only=True, frozen=True):
    """``[simulation.effects.branches]``: a bistable emitter, *dim* until *up* W/cm² and again below *down*.

    (Intrinsic optical bistability of avalanching crystals: Skripka et al., Nature Photonics 2025,
    doi 10.1038/s41566-024-01577-x.)
    """

    up: Positive
    down: Positive
    #: emission on the lower branch over that on the upper one
    dim: Fraction = 0.1

    def __post_init__(self) -> None:
        if self.down > self.up:
            raise ValueError(f"down = {self.down:g} W/cm²; must be at most up, {self.up:g} W/cm²")


class EffectsSettings(Record, kw_only=True, frozen=True):
    """``[simulation.effects]``."""

    #: of every source: relative change of power after one hour (standard deviation of a random walk)
    laser_drift: Fraction = 0.0
    #: per hour; each hop changes power (relative) and wavelength (nm) by these standard deviations
    mode_hops: Annotated[float, Meta(ge=0, le=1e5)] = 0.0
    mode_hop_power: Fraction = 0.01
    mode_hop_nm: Annotated[float, Meta(ge=0, le=20)] = 0.1
    #: of the share that goes to the power meter: relative change after one hour
    pickoff_drift: Fraction = 0.0
    #: residual second harmonic of the sources, as a fraction of their power
    second_harmonic: Fraction = 0.0
    #: the sample warms by the light it turns into heat (``[thermal]`` of the sample file)
    heating: bool = False
    #: J/cm² of excitation after which emission has fallen to 1/e
    bleaching_dose: Annotated[float, Meta(gt=0)] | None = None
    branches: BranchSettings | None = None


class Heated(Protocol):
    """A sample that says how warm light makes it."""

    def warming(self, power: float, area: float, thickness: float, conditions: Conditions) -> float:
        """Temperature rise in K that *power* W over *area* cm² of a layer of *thickness* cm ends at."""

    @property
    def time_constant(self) -> float:
        """Of the warming, s."""


class RandomWalk:
    """A value that drifts: normal increments on a grid of time, a straight line between.

    :param per_root_hour: standard deviation after one hour
    """

    def __init__(self, rng: np.random.Generator, per_root_hour: float, origin: float) -> None:
        self._rng, self._origin = rng, origin
        self._sigma = per_root_hour * math.sqrt(_STEP / _HOUR)
        self._values = [0.0]

    def at(self, time: float) -> float:
        x = max(time - self._origin, 0.0) / _STEP
        i = int(x)
        if (missing := i + 2 - len(self._values)) > 0:
            steps = self._sigma * self._rng.standard_normal(missing)
            self._values += list(self._values[-1] + np.cumsum(steps))
        return self._values[i] + (x - i) * (self._values[i + 1] - self._values[i])


class ModeHops:
    """A laser that hops between modes at random times; each mode has its own power and wavelength."""

    def __init__(self, rng: np.random.Generator, settings: EffectsSettings, origin: float) -> None:
        self._rng, self._settings = rng, settings
        self._next = origin + self._wait()
        self._mode = (0.0, 0.0)

    def at(self, time: float) -> tuple[float, float]:
        """Relative change of power and change of wavelength in nm at a time that never goes back."""
        while time >= self._next:
            power, nm = self._rng.standard_normal(2)
            self._mode = power * self._settings.mode_hop_power, nm * self._settings.mode_hop_nm
            self._next += self._wait()
        return self._mode

    def hop(self, power: float, nm: float) -> None:
        """Hop to this mode: its relative change of power and change of wavelength."""
        self._mode = power, nm

    def _wait(self) -> float:
        rate = self._settings.mode_hops / _HOUR
        return float(self._rng.exponential(1 / rate)) if rate else math.inf


class Exposure:
    """What the spot remembers of the light it got: its temperature, its dose, the branch it is on."""

    def __init__(self, settings: EffectsSettings, sample: Heated | None, origin: float) -> None:
        self._settings, self._sample, self._time = settings, sample, origin
        #: K above the thermostat
        self.rise = 0.0
        #: J/cm²
        self.dose = 0.0
        self.bright = settings.branches is None
        self._final: dict[tuple[float, float, Conditions], float] = {}

    def advance(
        self, time: float, beams: Sequence[tuple[float, Conditions]], area: float, thickness: float
    ) -> None:
        """Live through the time until *time* under *beams* (W on the spot each, and what goes with it)."""
        seconds, self._time = time - self._time, max(time, self._time)
        irradiance = sum(power for power, _ in beams) / area
        branches = self._settings.branches
        if branches is not None and (irradiance > branches.up or irradiance < branches.down):
            self.bright = irradiance > branches.up
        if seconds <= 0:
            return
        self.dose += irradiance * seconds
        if self._settings.heating and self._sample is not None:
            final = sum(self._warming(power, area, thickness, conditions) for power, conditions in beams)
            self.rise = final + (self.rise - final) * math.exp(-seconds / self._sample.time_constant)

    def emission(self) -> float:
        """Emission over that of a fresh spot on the upper branch."""
        dose, branches = self._settings.bleaching_dose, self._settings.branches
        fresh = 1.0 if dose is None else math.exp(-self.dose / dose)
        return fresh * (branches.dim if branches is not None and not self.bright else 1.0)

    def _warming(self, power: float, area: float, thickness: float, conditions: Conditions) -> float:
        assert self._sample is not None
        key = power, area, conditions
        if key not in self._final:
            if len(self._final) >= _KEPT:
                self._final.clear()
            self._final[key] = self._sample.warming(power, area, thickness, conditions)
        return self._final[key]


class Drift:
    """What a source does with time."""

    def __init__(self, settings: EffectsSettings, rng: np.random.Generator, origin: float) -> None:
        self._walk = RandomWalk(rng, settings.laser_drift, origin)
        self._hops = ModeHops(rng.spawn(1)[0], settings, origin)

    def at(self, time: float) -> tuple[float, float]:
        """Factor on the power, and change of wavelength in nm."""
        power, nm = self._hops.at(time)
        return max(1 + self._walk.at(time), 0.0) * max(1 + power, 0.0), nm

    def hop(self, power: float, nm: float) -> None:
        """Hop to a mode with this relative change of power and change of wavelength."""
        self._hops.hop(power, nm)
