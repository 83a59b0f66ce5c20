"""Axes: what is moved. Each knows its unit, its set-points, how to move and when it has settled."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from antistokes.instruments.errors import LimitError
from antistokes.instruments.roles import TemperatureController

from .channels import Channel, Flag, Record
from .setup import Setup

Array = npt.NDArray[np.float64]
Order = Literal["up", "down", "up_down", "shuffled"]

_MOST_OFFSET = 5.0  # K between the sample and the sensor that is controlled


class Axis(Protocol):
    """One thing that is moved during a run; several axes multiply, the last one moves fastest."""

    #: name of the set-point's channel
    name: str
    #: set-points in the order they are visited, shape (points,)
    setpoints: Array

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        """Find the instruments, refuse what cannot be done, declare the channels. Nothing moves."""

    def prepare(self) -> None:
        """Calibrate and bring into a state from which :meth:`move` works."""

    def move(self, index: int, record: Record) -> Flag:
        """Go to set-point *index*, wait until settled, write its channels; flags say what is doubtful."""


def ordered(values: Array, order: Order, seed: int) -> tuple[Array, npt.NDArray[np.int8]]:
    """*values* (ascending) in the order they are visited, and the direction of travel (+1 up, −1 down)."""
    if order == "up":
        return values, np.ones(len(values), np.int8)
    if order == "down":
        return values[::-1], -np.ones(len(values), np.int8)
    if order == "up_down":
        directions = np.repeat(np.array([1, -1], np.int8), len(values))
        return np.concatenate([values, values[::-1]]), directions
    shuffled = np.random.default_rng(seed).permutation(values)
    directions = np.where(np.diff(shuffled, prepend=shuffled[:1]) >= 0, 1, -1).astype(np.int8)
    return shuffled, directions


class ExcitationPower:
    """Irradiance or power on the sample, set by laser drive and attenuator, verified by the meter.

    :param values: set-points, mean irradiance P/(π·w_x·w_y) in W/cm², or power in mW
    :param unit: ``W/cm^2`` or ``mW``
    :param order: up, down, up_down or shuffled with *seed*
    :param settle: s the sample gets to reach its steady state
    :param tolerance: relative; a point further off is flagged, the measured power counts
    """

    def __init__(
        self,
        values: Array,
        unit: Literal["W/cm^2", "mW"] = "W/cm^2",
        order: Order = "up_down",
        seed: int = 0,
        settle: float = 0.05,
        tolerance: float = 0.01,
    ) -> None:
        self.name = "irradiance" if unit == "W/cm^2" else "power"
        self.unit = unit
        self.setpoints, self.directions = ordered(np.sort(np.asarray(values, float)), order, seed)
        self.settle, self.tolerance = settle, tolerance

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        area = setup.station.beam.area_cm2
        self._powers = self.setpoints * (area if self.unit == "W/cm^2" else 1e-3)
        self._setup, self._excitation = setup, setup.excitation
        sample = setup.station.sample
        # some plans are calibrated with more light than they use
        highest = self._excitation.most_calibration(float(self._powers.max())) / area
        limit = None if sample is None else sample.max_irradiance
        if sample is not None and limit is not None and highest > limit * (1 + 1e-9):
            raise LimitError(f"sample {sample.id}: irradiance", highest, 0, limit, "W/cm^2")
        self._excitation.check(float(self._powers.min()), float(self._powers.max()))
        channels = [
            Channel(self.name, self.unit, "excitation set-point", coordinate=True),
            Channel("direction", "", "+1 going up, -1 going down", dtype="i1", coordinate=True),
            Channel("laser_drive", self._excitation.laser.drive_unit, "set-point of the laser"),
        ]
        if (attenuator := self._excitation.attenuator) is not None:
            channels.append(
                Channel("attenuator_position", attenuator.position_unit, "position of the attenuator")
            )
        return tuple(channels)

    def prepare(self) -> None:
        self._excitation.calibrate(float(self._powers.min()), float(self._powers.max()))

    def move(self, index: int, record: Record) -> Flag:
        excitation = self._excitation
        reached = excitation.set_power(float(self._powers[index]), self.tolerance)
        self._setup.wait(self.settle)
        record[self.name] = self.setpoints[index]
        record["direction"] = self.directions[index]
        record["laser_drive"] = excitation.laser.drive
        if excitation.attenuator is not None:
            record["attenuator_position"] = excitation.attenuator.position
        return Flag(0) if reached else Flag.OFF_TARGET


@dataclass
class SampleTemperature:
    """Temperature of the sample, by its controller.

    Settled means: the sample's sensor within *band* K of the set-point and at rest, that is drifting less
    than a tenth of *band* over *hold* s. Where heat leaks, a sample at rest is not as warm as the sensor
    that is controlled: then the controller is set off by what is missing.

    :param values: set-points in K, in the order they are visited
    :param longest: s after which a point that has not settled is measured all the same, flagged
    """

    values: Sequence[float]
    band: float = 0.2
    hold: float = 60.0
    longest: float = 7200.0
    name: str = "temperature"

    def __post_init__(self) -> None:
        self.setpoints = np.asarray(self.values, float)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup, self._controller = setup, setup.station.find(TemperatureController)
        low, high = self._controller.setpoint_range
        for value in self.setpoints:
            if not low <= value <= high:
                raise LimitError(f"{self._controller.name}: setpoint", float(value), low, high, "K")
        return (Channel(self.name, "K", "sample temperature set-point", coordinate=True),)

    def prepare(self) -> None:
        self._controller.control = True

    def move(self, index: int, record: Record) -> Flag:
        target = float(self.setpoints[index])
        record[self.name] = target
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
                if abs(last - first) <= self.band / 10 and abs(middle - target) <= _MOST_OFFSET:
                    return float(last)
            self._setup.wait(self.hold / 6)
        return None
