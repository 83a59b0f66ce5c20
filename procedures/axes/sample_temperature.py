"""Axis: temperature of the sample."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from antistokes.instruments.roles import TemperatureController

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .axis import Order, ordered
from .span import checked

_MOST_OFFSET = 5.0  # K between the sample and the sensor that is controlled


@dataclass
class SampleTemperature:
    """Temperature of the sample, by its controller.

    Settled means: the sample's sensor within *band* K of the set-point and at rest, that is drifting less
    than a tenth of *band* over *hold* s, and not swinging by more than *band*. Where heat leaks, a sample at
    rest is not as warm as the sensor that is controlled: then the controller is set off by what is missing.

    There is no light while it moves.

    :param values: set-points in K, in the order they are visited
    :param longest: s after which a point that has not settled is measured all the same, flagged
    :param order: visits them up, down or both, and stores in which direction
    """

    values: Sequence[float]
    band: float = 0.2
    hold: float = 60.0
    longest: float = 7200.0
    name: str = "temperature"
    order: Order | None = None

    def __post_init__(self) -> None:
        self.setpoints = np.asarray(self.values, float)
        if self.order is not None:
            self.setpoints, self.directions = ordered(np.sort(self.setpoints), self.order, 0)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup, self._controller = setup, setup.station.find(TemperatureController)
        setup.claim(f"{self._controller.name}: setpoint", self.name)
        checked(self.setpoints, *self._controller.setpoint_range, f"{self._controller.name}: setpoint", "K")
        channels = [Channel(self.name, "K", "sample temperature set-point", coordinate=True)]
        if self.order is not None:
            channels.append(Channel("temperature_direction", "", "+1 warming, -1 cooling", dtype="i1"))
        return tuple(channels)

    def prepare(self) -> None:
        self._controller.control = True

    def move(self, index: int, record: Record) -> Flag:
        target = float(self.setpoints[index])
        record[self.name] = target
        if self.order is not None:
            record["temperature_direction"] = self.directions[index]
        with self._setup.dark():
            return self._settle(target)

    def _settle(self, target: float) -> Flag:
        low, high = self._controller.setpoint_range
        end = self._setup.clock.now() + self.longest
        offset = 0.0
        while True:
            self._controller.setpoint = min(max(target + offset, low), high)
            rest = self._wait_for_rest(target, end)
            if rest is None:
                return Flag.NOT_SETTLED
            if abs(rest - target) <= self.band:
                return Flag(0)
            offset = min(max(offset + target - rest, -_MOST_OFFSET), _MOST_OFFSET)

    def _wait_for_rest(self, target: float, end: float) -> float | None:
        """The temperature at rest, not too far from *target*; None when there is none before *end*."""
        readings: deque[float] = deque(maxlen=9)
        while self._setup.clock.now() < end:
            readings.append(self._controller.temperature)
            if len(readings) == 9:
                first, middle, last = np.reshape(readings, (3, 3)).mean(axis=1)
                # what swings comes back to where it was
                steady = abs(last - first) <= self.band / 10 and np.ptp(readings) <= self.band
                if steady and abs(middle - target) <= _MOST_OFFSET:
                    return float(last)
            self._setup.wait(self.hold / 6)
        return None
