"""Detector: how many photons per second there are, and whether too many for the counter."""

from __future__ import annotations

from dataclasses import dataclass

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .decay_counter import DecayCounter
from .detector import Declared


@dataclass
class CountRate:
    """A short look before the power is read and photons are counted; turns the light down where it must.

    A counter that is blind after each photon sees early ones too often. Corrections know that, but the less
    there is to correct the better.

    :param most_pile_up: share of the cycles in which the counter may be blind; 1: whatever it is
    """

    counter: DecayCounter
    most_pile_up: float = 0.01

    def bind(self, setup: Setup) -> Declared:
        self.counter.bind(setup)
        return (
            Channel("count_rate", "1/s", "photons per second"),
            Channel("pile_up", "", "largest share of the cycles in which the counter is blind"),
            Channel("power_share", "", "power over that asked for; below 1: turned down because of pile-up"),
        ), ()

    def read(self, record: Record) -> Flag:
        self.counter.select_band()
        collected, share = self.counter.dim_to(self.most_pile_up)
        period = self.counter.period(collected)
        self.counter.check_period(period)
        record["count_rate"] = collected.counts.sum() / (collected.triggers * period)
        record["pile_up"] = self.counter.pile_up(collected)
        record["power_share"] = share
        return Flag.OFF_TARGET if share < 1 else Flag(0)
