"""Detector: what light does to the temperature of the sample it falls on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from antistokes.instruments.errors import Refused
from antistokes.instruments.roles import Thermometer

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .detector import Declared


class _Mean(NamedTuple):
    """Of some readings: K, its standard error, and the time it belongs to in s."""

    value: float
    stderr: float
    time: float


@dataclass
class CrystalThermometer:
    """Temperature of the lit sample with the light off, on, and off again.

    Each time it is waited until the temperature is at rest: until the means of two groups of readings, one
    after the other, differ by less than their noise explains or a slow *drift* brings about. Then a third
    group is the measurement. What the surroundings drift meanwhile is taken out by a straight line through
    both dark temperatures.

    :param readings: of the thermometer in one group, at least 3; their scatter gives the errors
    :param interval: s from one to the next
    :param drift: K/min; what is slower counts as rest
    :param longest: s that is waited for rest; a point that has none by then is flagged
    """

    readings: int = 20
    interval: float = 1.0
    drift: float = 0.005
    longest: float = 600.0

    def bind(self, setup: Setup) -> Declared:
        self._setup, self._excitation = setup, setup.excitation
        self._thermometer = setup.station.find(Thermometer)
        if self._thermometer.crystal_temperature is None:
            raise Refused(
                f"{self._thermometer.name}: has no sensor on the lit sample; its settings must name one "
                '(crystal_input = "C")'
            )
        return (
            Channel("temperature_dark", "K", "temperature without light, at the time of temperature_lit"),
            Channel("temperature_lit", "K", "temperature of the lit sample"),
            Channel("temperature_drift", "K", "temperature without light, after minus before"),
            Channel("delta_t", "K", "temperature_lit minus temperature_dark"),
            Channel("delta_t_errors", "K", "standard error of delta_t"),
            Channel("time_to_rest", "s", "from the light coming on to the measurement"),
        ), ()

    def read(self, record: Record) -> Flag:
        with self._excitation.blocked():
            before, flag = self._at_rest()
        lit_since = self._setup.clock.now()
        lit, moving = self._at_rest()
        with self._excitation.blocked():
            after, drifting = self._at_rest()
        part = (lit.time - before.time) / (after.time - before.time)
        dark = before.value + part * (after.value - before.value)
        record["temperature_dark"], record["temperature_lit"] = dark, lit.value
        record["temperature_drift"] = after.value - before.value
        record["delta_t"] = lit.value - dark
        errors = lit.stderr, (1 - part) * before.stderr, part * after.stderr
        record["delta_t_errors"] = float(np.linalg.norm(errors))
        record["time_to_rest"] = lit.time - lit_since
        return flag | moving | drifting

    def _at_rest(self) -> tuple[_Mean, Flag]:
        """The temperature once it is at rest, or after the longest wait, flagged."""
        end = self._setup.clock.now() + self.longest
        earlier = self._mean()
        while self._setup.clock.now() < end:
            later = self._mean()
            noise = 2 * float(np.hypot(earlier.stderr, later.stderr))
            allowed = max(noise, self.drift / 60 * (later.time - earlier.time))
            if abs(later.value - earlier.value) <= allowed:
                return self._mean(), Flag(0)
            earlier = later
        return self._mean(), Flag.NOT_SETTLED

    def _mean(self) -> _Mean:
        times, kelvin = np.empty(self.readings), np.empty(self.readings)
        for i in range(self.readings):
            self._setup.wait(self.interval)
            times[i], kelvin[i] = self._setup.clock.now(), self._thermometer.crystal_temperature
        stderr = kelvin.std(ddof=1) / self.readings**0.5
        return _Mean(float(kelvin.mean()), float(stderr), float(times.mean()))
