"""Axis: time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antistokes.instruments.errors import Refused

from ..channels import Channel, Flag, Past, Record
from ..setup import Setup


class ElapsedTime:
    """Time since the first set-point, for what changes by itself; nothing is moved.

    :param values: set-points in s, from 0, rising
    :param tolerance: s; a point that begins later, because the one before took too long, is flagged
    """

    name = "elapsed"

    def __init__(self, values: Sequence[float], tolerance: float = 1.0) -> None:
        self.setpoints = np.asarray(values, float)
        self._tolerance = tolerance
        if not np.isfinite(self.setpoints).all() or (np.diff(self.setpoints) <= 0).any():
            raise Refused("elapsed time: set-points must rise from one to the next")
        if (self.setpoints < 0).any():
            raise Refused(f"elapsed time: begins at {self.setpoints[0]:g} s; must be at least 0 s")

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup, self._begin = setup, 0.0
        setup.claim("time", self.name)
        return (
            Channel(self.name, "s", "time since the first point, set-point", coordinate=True),
            Channel("elapsed_measured", "s", "time since the first point"),
        )

    def prepare(self) -> None:
        """It begins with the first point."""

    def recall(self, index: int, past: Past) -> None:
        begun = self._setup.clock.now() - past.ago - past.record["elapsed_measured"]
        # what a point took does not belong to it
        self._begin = begun if index == 0 else min(begun, self._begin)

    def move(self, index: int, record: Record) -> Flag:
        clock = self._setup.clock
        if index == 0:
            self._begin = clock.now() - self.setpoints[0]
        wanted = float(self.setpoints[index])
        late = clock.now() - self._begin - wanted
        if late < 0:
            self._setup.wait(-late)
        record[self.name], record["elapsed_measured"] = wanted, clock.now() - self._begin
        return Flag.OFF_TARGET if late > self._tolerance else Flag(0)
