"""Axis: the pulse width at which the emission has a wanted colour, found by looking."""

from __future__ import annotations

import numpy as np

from ..channels import Channel, Flag, Past, Record
from ..feedback import nearest_on_track
from ..setup import Setup
from .axis import Array
from .colour_search import ATTEMPT, ColourSearch
from .pulse_width import PulseWidth


class SteeredPulseWidth(ColourSearch):
    """First some widths over the whole range, which show the track of colours; then the width where it passes
    the wanted one, by straight lines between the widths measured so far. Widths at which the spectrometer is
    saturated are left out.

    :param target: wanted (x, y)
    :param widths: shortest and longest, s
    :param period: s from one pulse to the next
    :param looks: widths to look at first, at least 2
    """

    def __init__(
        self,
        target: tuple[float, float],
        tolerance: float,
        widths: tuple[float, float],
        period: float,
        looks: int = 7,
        attempts: int = 8,
        settle: float = 0.1,
    ) -> None:
        super().__init__(target, tolerance, looks, attempts)
        self._pulses = PulseWidth(np.geomspace(*widths, looks), period, settle=settle)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup = setup
        return (ATTEMPT, *self._pulses.bind(setup))

    def prepare(self) -> None:
        self._pulses.prepare()

    def recall(self, index: int, past: Past) -> None:
        self._wanted(index, {})
        self._widths[index] = past.record["pulse_width"]

    def move(self, index: int, record: Record) -> Flag:
        width = self._widths[index] = self._wanted(index, record)
        return self._pulses.go(width, record)

    def _wanted(self, index: int, record: Record) -> float:
        """The width in s. :raises Finished: the colour is reached"""
        if index == 0:
            self._forget()
            self._widths: dict[int, float] = {}
        if index >= self._looks:
            return float(self._attempt(index, record)[0])
        self._remember(index - 1)
        record[ATTEMPT.name] = 0
        return float(self._pulses.setpoints[index])

    def _choose(self, index: int) -> tuple[Array, Array]:
        missing = [look for look in range(self._looks) if look not in self._xy]
        if len(missing) > self._looks - 2:  # else the others make a track
            self._seen(missing[0], f"pulses of {self._widths[missing[0]]:.3g} s")
        assert self._target is not None
        points = sorted(self._xy)
        logs = np.log([self._widths[point] for point in points])
        position, nearest = nearest_on_track(self._target, logs, np.array([self._xy[p] for p in points]))
        return np.exp([position]), nearest

    def _reach(self) -> str:
        widths = [self._widths[look] for look in range(self._looks) if look in self._xy]
        shortest, longest = min(widths), max(widths)
        others = ", as others saturate the spectrometer" if len(widths) < self._looks else ""
        return f"the track of pulses of {shortest:.3g} to {longest:.3g} s{others}"
