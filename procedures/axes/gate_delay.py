"""Axis: delay of a counter's gate after the trigger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from antistokes.instruments.roles import GatedCounter

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .span import checked


class GateDelay:
    """Time from the trigger to the gate of a gated counter.

    :param values: set-points in s, in the order they are visited
    :param width: s, of the gate
    """

    name = "gate_delay"

    def __init__(self, values: Sequence[float], width: float) -> None:
        self.setpoints = np.asarray(values, float)
        self._width = width

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._counter = setup.station.find(GatedCounter)
        setup.claim(f"{self._counter.name}: gate", self.name)
        limits = cast(Any, self._counter).limits
        for quantity, values in (("gate_delay", self.setpoints), ("gate_width", [self._width])):
            low, high, unit = limits.get(quantity, (0.0, np.inf, "s"))
            checked(values, low, high, f"{self._counter.name}: {quantity}", unit)
        return (
            Channel(self.name, "s", "from the trigger to the gate", coordinate=True),
            Channel("gate_width", "s", "width of the gate the counter states"),
        )

    def prepare(self) -> None:
        """The gate moves when the first point needs it."""

    def move(self, index: int, record: Record) -> Flag:
        self._counter.gate = float(self.setpoints[index]), self._width
        gate = self._counter.gate
        record[self.name] = self.setpoints[index]
        record["gate_width"] = self._width if gate is None else gate[1]
        return Flag(0)
