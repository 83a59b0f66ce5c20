"""Axis: the powers of several lasers at which the emission has a wanted colour, found by looking."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antistokes.instruments.errors import AntistokesError, LimitError
from antistokes.instruments.roles import Shutter

from ..channels import Channel, Flag, Past, Record
from ..feedback import amounts, corrected_powers, exponents, nearest_shares
from ..setup import Setup
from .axis import Array
from .colour_search import ATTEMPT, ColourSearch

_REACH = 300.0  # of powers below the highest one; a laser that should be dimmer is dark
_START = 2.0  # exponent, until one is measured


class LaserMixture(ColourSearch):
    """First each laser alone at its highest irradiance, then all together; then mixtures.

    Before each point the power of every laser is set by its drive and verified, while the others are dark:
    one meter cannot tell them apart. An attenuator in the common beam is left where it stands.

    :param target: wanted (x, y); None: the lasers alone and together, no more
    :param lasers: names of instruments of the station
    :param irradiances: highest mean irradiance P/(π·w_x·w_y) of each, W/cm²
    """

    def __init__(
        self,
        target: tuple[float, float] | None,
        tolerance: float,
        lasers: Sequence[str],
        irradiances: Sequence[float],
        attempts: int = 12,
        settle: float = 0.05,
        readings: int = 5,
    ) -> None:
        super().__init__(target, tolerance, len(lasers) + 1, attempts)
        self._lasers, self._highest = list(lasers), np.array(irradiances, float)
        self._settle, self._readings = settle, readings

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup, self._area = setup, setup.station.beam.area_cm2
        self._knobs = []
        channels = [ATTEMPT]
        for name, highest in zip(self._lasers, self._highest * self._area, strict=True):
            setup.claim(f"{name}: power", self.name)
            knob = setup.laser(name)
            knob.gate.plan(pulsed=False)
            knob.check(float(highest) / _REACH, float(highest))
            self._knobs.append(knob)
            channels += [
                Channel(f"irradiance_{name}", "W/cm^2", f"mean irradiance of {name}, set-point"),
                Channel(
                    f"irradiance_{name}_measured", "W/cm^2", f"mean irradiance of {name}, measured alone"
                ),
                Channel(f"wavelength_{name}", "nm", f"wavelength of {name}"),
            ]
        total, beam, sample = float(self._highest.sum()), setup.station.beam, setup.station.sample
        if total * self._area * 1e3 > beam.max_power_mW * (1 + 1e-9):
            raise LimitError("power of all lasers", total * self._area * 1e3, 0, beam.max_power_mW, "mW")
        limit = None if sample is None else sample.max_irradiance
        if sample is not None and limit is not None and total > limit:
            raise LimitError(f"sample {sample.id}: irradiance of all lasers", total, 0, limit, "W/cm^2")
        return tuple(channels)

    def prepare(self) -> None:
        self._setup.light_off()
        shutter = self._setup.station.find_optional(Shutter)
        if shutter is not None:
            shutter.is_open = True
        for knob in self._knobs:
            knob.continuous()
            knob.calibrate()
            knob.off()

    def recall(self, index: int, past: Past) -> None:
        self._wanted(index, {})
        self._irradiances[index] = np.array([past.record[f"irradiance_{name}"] for name in self._lasers])

    def move(self, index: int, record: Record) -> Flag:
        wanted = self._irradiances[index] = self._wanted(index, record)
        return self._set(wanted, record)

    def _wanted(self, index: int, record: Record) -> Array:
        """The irradiance of every laser. :raises Finished: the colour is reached"""
        if index == 0:
            self._forget()
            self._irradiances: dict[int, Array] = {}
            self._exponents = np.full(len(self._lasers), _START)
        if index >= self._looks:
            return self._attempt(index, record)
        self._remember(index - 1)
        alone = index < len(self._lasers)
        on = np.arange(len(self._lasers)) == index if alone else np.ones(len(self._lasers), bool)
        record[ATTEMPT.name] = 0
        return np.where(on, self._highest, 0.0)

    def _set(self, wanted: Array, record: Record) -> Flag:
        """Every laser by itself, then all; a laser whose irradiance is 0 stays dark."""
        self._setup.light_off()
        flag = Flag(0)
        for name, knob, irradiance in zip(self._lasers, self._knobs, wanted, strict=True):
            measured = 0.0
            if irradiance > 0:
                knob.tuned()
                knob.on()
                if not knob.set_power(float(irradiance) * self._area):
                    flag |= Flag.OFF_TARGET
                measured = knob.read_power(self._readings) / self._area
                knob.off()
            record[f"irradiance_{name}"], record[f"irradiance_{name}_measured"] = irradiance, measured
            record[f"wavelength_{name}"] = knob.laser.wavelength
        for knob, irradiance in zip(self._knobs, wanted, strict=True):
            if irradiance > 0:
                knob.on()
        self._setup.wait(self._settle)
        return flag

    def _choose(self, index: int) -> tuple[Array, Array]:
        assert self._target is not None
        seen = [
            self._seen(i, f"{name} alone at {irradiance:.3g} W/cm²")
            for i, (name, irradiance) in enumerate(zip(self._lasers, self._highest, strict=True))
        ]
        corners = np.array([xy for _, xy in seen])
        brightest = np.array([tristimulus.sum() for tristimulus, _ in seen])
        if not (brightest > 0).all():
            dark = self._lasers[int(brightest.argmin())]
            raise AntistokesError(f"{dark} alone makes no visible light")
        shares = nearest_shares(self._target, corners)
        # as bright as the laser allows that runs out of power first
        wanted = shares * (brightest[shares > 0] / shares[shares > 0]).min()
        if index == self._looks:
            start, signals = self._highest, brightest
        else:
            start = self._irradiances[index - 1]
            signals = self._signals(index - 1, corners)
            if index > self._looks + 1:
                pair = np.array([self._irradiances[index - 2], start])
                before = np.array([self._signals(index - 2, corners), signals])
                self._exponents = exponents(pair, before, self._exponents)
        lit = shares > 0
        powers = np.zeros(len(shares))
        from_dark = np.where(start > 0, start, self._highest)
        signals = np.where(start > 0, signals, brightest)
        powers[lit] = corrected_powers(from_dark[lit], signals[lit], wanted[lit], self._exponents[lit])
        powers = np.where(powers < self._highest / _REACH, 0.0, np.minimum(powers, self._highest))
        return powers, shares @ corners

    def _signals(self, point: int, corners: Array) -> Array:
        """X + Y + Z that each laser gave to a point."""
        return amounts(self._seen(point, "a mixture")[0], corners)

    def _reach(self) -> str:
        if len(self._lasers) == 1:
            return f"the colour of {self._lasers[0]}"
        return f"the colours that {', '.join(self._lasers[:-1])} and {self._lasers[-1]} mix"
