"""What an axis is, and the order in which set-points are visited."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ..channels import Channel, Flag, Past, Record
from ..setup import Setup

Array = npt.NDArray[np.float64]
Order = Literal["up", "down", "up_down", "shuffled"]


class Finished(Exception):
    """Of an axis that finds its own way: nothing is left to do, fewer points than planned are enough.

    It ends all axes of its procedure; those around the procedure go on.
    """


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
        """Go to set-point *index*, wait until settled, write its channels; flags say what is doubtful.

        :raises Finished: there is nothing left to do
        """


@runtime_checkable
class Adaptive(Protocol):
    """An axis that goes on from what was measured at earlier set-points."""

    def recall(self, index: int, past: Past) -> None:
        """Learn from a point that was measured before, in place of :meth:`Axis.move`.

        :raises Finished: nothing was left to do there: *past* is a point of what comes next
        """


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
