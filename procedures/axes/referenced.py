"""An axis that returns to one of its set-points again and again: what has changed there has drifted."""

from __future__ import annotations

import numpy as np

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .axis import Axis

REFERENCE = Channel("reference", "", "1 at reference points, which tell drift", dtype="i1", coordinate=True)


class Referenced:
    """Moves *axis*; visits a reference before its first set-point, after every so many and after its last.

    At reference points the directions of travel are 0. Not for a sample that remembers how it got there.

    :param every: set-points between two visits, at least 1
    :param at: the reference is the set-point nearest to that; None: the one in the middle
    """

    def __init__(self, axis: Axis, every: int, at: float | None = None) -> None:
        self._axis, self.name = axis, axis.name
        points = len(axis.setpoints)
        known = np.unique(axis.setpoints)
        reference = known[(len(known) - 1) // 2] if at is None else at
        visits = [*range(0, points, every), points]
        nearest = int(np.abs(axis.setpoints - reference).argmin())
        self._indices = np.insert(np.arange(points), visits, nearest)
        self.setpoints = axis.setpoints[self._indices]
        #: which of the set-points are reference points
        self.references = np.insert(np.zeros(points, bool), visits, True)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        setup.claim("what is a reference point", self.name)
        channels = (*self._axis.bind(setup), REFERENCE)
        self.setpoints = self._axis.setpoints[self._indices]  # of slots the numbers
        return channels

    def prepare(self) -> None:
        self._axis.prepare()

    def move(self, index: int, record: Record) -> Flag:
        flag = self._axis.move(int(self._indices[index]), record)
        record[REFERENCE.name] = int(self.references[index])
        if self.references[index]:
            record |= {name: 0 for name in record if name.endswith("direction")}
        return flag


def referenced(axis: Axis, every: int, at: float | None = None) -> Axis:
    """*axis* with reference points after *every* so many set-points; as it is where either is 0."""
    return Referenced(axis, every, at) if every and len(axis.setpoints) else axis
