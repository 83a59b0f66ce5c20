"""Axes that find their own way to a colour: some points to look around, then one attempt after the other."""

from __future__ import annotations

import numpy as np

from antistokes.instruments.errors import AntistokesError

from ..channels import Channel, Flag, Record
from ..detectors.emission_colour import CHROMATICITY, TRISTIMULUS
from ..detectors.emission_spectrum import TOO_BRIGHT
from ..feedback import OutOfReach
from ..setup import Setup
from .axis import Array, Finished

#: the number of the point, and whether it is one to look around (0) or an attempt (1, 2, …)
ATTEMPT = Channel("attempt", "", "attempt to reach the colour, 0 while looking around", dtype="i4")


class ColourSearch:
    """What such axes have in common; the colour of the last point comes from the detector behind them.

    :param target: wanted (x, y); None: only look around
    :param tolerance: largest distance in the chromaticity diagram
    :param looks: points to look around, before the first attempt
    :param attempts: at most
    """

    name = ATTEMPT.name

    def __init__(
        self, target: tuple[float, float] | None, tolerance: float, looks: int, attempts: int
    ) -> None:
        self._target = None if target is None else np.array(target)
        self._tolerance, self._looks = tolerance, looks
        # one more, at which nothing is measured: it judges the last attempt
        self.setpoints: Array = np.arange(looks + attempts + 1.0)
        self._setup: Setup
        self._forget()

    def _forget(self) -> None:
        """Another search begins."""
        #: by point: (X, Y, Z) and (x, y); none where they could not be read
        self._tristimulus: dict[int, Array] = {}
        self._xy: dict[int, Array] = {}
        #: s, of the points that were saturated even so
        self._too_long: dict[int, float] = {}

    def _choose(self, index: int) -> tuple[Array, Array]:
        """What to set at the attempt *index*, and the nearest (x, y) that can be reached."""
        raise NotImplementedError

    def _reach(self) -> str:
        """What can be reached, in words: ``the colours that …``."""
        raise NotImplementedError

    def _attempt(self, index: int, record: Record) -> Array:
        """What to set next.

        :raises Finished: the colour is reached, or none is wanted
        :raises OutOfReach: it cannot be
        """
        record[ATTEMPT.name] = max(index - self._looks + 1, 0)
        self._remember(index - 1)
        if self._target is None:
            raise Finished
        setting, aim = self._choose(index)
        if index > self._looks and index - 1 in self._xy:
            self._judge(index, self._target, aim)
        if index == len(self.setpoints) - 1:
            raise AntistokesError(f"colour of the last point: cannot be read after {index} points")
        return setting

    def _judge(self, index: int, target: Array, aim: Array) -> None:
        reached = self._xy[index - 1]
        last = index == len(self.setpoints) - 1
        if np.hypot(*(reached - aim)) > self._tolerance / 2 and not last:
            return
        away = float(np.hypot(*(reached - target)))
        if away <= self._tolerance:
            raise Finished
        beyond = float(np.hypot(*(aim - target)))
        why = (
            f"it is {beyond:.3f} away from {self._reach()}"
            if beyond > self._tolerance / 2
            else f"not within {index - self._looks} attempts"
        )
        raise OutOfReach(
            f"colour ({target[0]:.3f}, {target[1]:.3f}) is not reached: {why}; the nearest one, measured "
            f"last, is ({reached[0]:.3f}, {reached[1]:.3f}), {away:.3f} away"
        )

    def _remember(self, point: int) -> None:
        """The colour of the last point, which is the number *point*."""
        last = self._setup.last
        if point < 0:
            return
        if last["flags"] & Flag.SATURATED:
            self._too_long[point] = last["exposure"]
        elif all(name in last for name in CHROMATICITY):
            self._tristimulus[point] = np.array([last[name] for name in TRISTIMULUS])
            self._xy[point] = np.array([last[name] for name in CHROMATICITY])

    def _seen(self, point: int, what: str) -> tuple[Array, Array]:
        """(X, Y, Z) and (x, y) of a point that was needed.

        :raises AntistokesError: they could not be read
        """
        if point in self._too_long:
            raise AntistokesError(
                f"colour of {what}: the spectrometer is saturated at {self._too_long[point]:.3g} s, its "
                f"shortest exposure; {TOO_BRIGHT}"
            )
        if point not in self._xy:
            raise AntistokesError(f"colour of {what}: cannot be read, or there is no visible light")
        return self._tristimulus[point], self._xy[point]

    def prepare(self) -> None:
        """Nothing to do."""

    def move(self, index: int, record: Record) -> Flag:
        raise NotImplementedError
