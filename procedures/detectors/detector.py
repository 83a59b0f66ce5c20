"""What a detector is: it declares its channels before the first point, and is read at every point."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ..channels import Channel, Dimension, Flag, Record
from ..setup import Setup

#: what :meth:`Detector.bind` returns
Declared = tuple[tuple[Channel, ...], tuple[Dimension, ...]]


class Detector(Protocol):
    """One thing that is read at every point."""

    def bind(self, setup: Setup) -> Declared:
        """Find the instruments, refuse what cannot be done, declare channels. Nothing moves."""

    def read(self, record: Record) -> Flag:
        """Write its channels; flags say what is doubtful."""


@runtime_checkable
class Remembers(Protocol):
    """A detector whose readings go on from earlier ones."""

    def recall(self, record: Record) -> None:
        """Learn from a point that was measured before, in place of :meth:`Detector.read`."""
