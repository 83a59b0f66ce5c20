"""Axis: which sample is in the beam."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from antistokes.instruments.errors import LimitError, Refused, nearest
from antistokes.instruments.roles import SampleHolder

from ..channels import Channel, Flag, Record
from ..problems import Problems
from ..setup import Setup

#: number of a slot from 1, or the name it has
Slot = int | float | str


class SampleExchange:
    """The sample holder; without one a person brings each sample, if the station has somebody to ask.

    :param slots: that will be asked for; names of a person's samples count from 1 in this order
    :raises Refused: there is neither a holder nor somebody; or all slots and samples that there are not
    """

    def __init__(self, setup: Setup, slots: Sequence[Slot]) -> None:
        self._setup, self._known = setup, list(dict.fromkeys(slots))
        self.holder = setup.station.find_optional(SampleHolder)
        if self.holder is None and setup.station.ask is None:
            raise Refused(
                f"station '{setup.station.name}' needs a sample_holder, or somebody to ask (at a terminal; "
                "--yes on a virtual bench), to change samples"
            )
        problems = Problems()
        #: of the slots, from 1
        self.numbers: dict[Slot, int] = {}
        self._by_hand: dict[Slot, Callable[[], None]] = {}
        for slot in self._known:
            with problems.noted():
                self.numbers[slot] = self._number(slot)
                if self.holder is None:
                    self._by_hand[slot] = setup.station.by_hand(str(slot))
        problems.refuse()

    def bring(self, slot: Slot) -> None:
        """Into the beam; returns when it is there."""
        if self.holder is not None:
            self.holder.slot = self.numbers[slot]
            self._setup.wait(self.holder.settle_time)
            return
        with self._setup.dark():  # nobody reaches into a beam
            self._by_hand[slot]()

    def _number(self, slot: Slot) -> int:
        if self.holder is None:
            return self._known.index(slot) + 1
        if isinstance(slot, str):
            if slot not in self.holder.names:
                raise Refused(
                    f"{self.holder.name}: no slot is called '{slot}'; {nearest(slot, self.holder.names)}"
                )
            return self.holder.names.index(slot) + 1
        if not (slot == int(slot) and 1 <= slot <= self.holder.slots):
            raise LimitError(f"{self.holder.name}: slot", slot, 1, self.holder.slots, "")
        return int(slot)


class SamplePosition:
    """Slot of the sample holder, or what a person brings (:class:`SampleExchange`).

    :param slots: set-points in the order they are visited
    :param settle: s the sample gets once it is there
    """

    name = "slot"

    def __init__(self, slots: Sequence[Slot], settle: float = 0.0) -> None:
        self._slots, self._settle = list(slots), settle
        self.setpoints = np.arange(1.0, len(self._slots) + 1)  # until the holder is known

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup = setup
        self._exchange = SampleExchange(setup, self._slots)
        holder = self._exchange.holder
        setup.claim("sample" if holder is None else f"{holder.name}: slot", self.name)
        self.setpoints = np.array([float(self._exchange.numbers[slot]) for slot in self._slots])
        return (Channel(self.name, "", "slot of the sample holder", coordinate=True),)

    def prepare(self) -> None:
        """The holder moves when the first point does."""

    def move(self, index: int, record: Record) -> Flag:
        self._exchange.bring(self._slots[index])
        self._setup.wait(self._settle)
        record[self.name] = self.setpoints[index]
        return Flag(0)
