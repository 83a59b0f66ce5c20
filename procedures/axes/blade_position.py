"""Axis: position of a blade that is moved across the excitation beam."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antistokes.instruments.roles import LinearStage

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .excitation_power import ExcitationPower
from .span import checked


class BladePosition:
    """Position of the stage that carries the blade.

    :param values: set-points in mm, in the order they are visited
    """

    name = "blade"

    def __init__(self, values: Sequence[float]) -> None:
        self.setpoints = np.asarray(values, float)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup, self._stage = setup, setup.station.find(LinearStage)
        setup.claim(f"{self._stage.name}: position", self.name)
        thing = f"{self._stage.name}: position"
        self.setpoints = checked(self.setpoints, *self._stage.position_range, thing, "mm")
        return (
            Channel(self.name, "mm", "position of the blade, set-point", coordinate=True),
            Channel("blade_measured", "mm", "position of the blade the stage states"),
        )

    def prepare(self) -> None:
        self.go(float(self.setpoints[0]))

    def go(self, position: float) -> float:
        """Move the blade to *position* mm; where it is then."""
        self._stage.position = position
        self._setup.wait(self._stage.settle_time)
        return self._stage.position

    def move(self, index: int, record: Record) -> Flag:
        record[self.name] = self.setpoints[index]
        record["blade_measured"] = self.go(float(self.setpoints[index]))
        return Flag(0)


class UncutPower(ExcitationPower):
    """Power of the whole beam: calibrated and set while *blade* is where its first set-point is.

    :param power: mW
    """

    def __init__(self, power: float, blade: BladePosition) -> None:
        super().__init__(np.array([power]), "mW", "up")
        self._blade = blade

    def prepare(self) -> None:
        self._blade.prepare()
        super().prepare()

    def move(self, index: int, record: Record) -> Flag:
        self._blade.prepare()
        return super().move(index, record)
