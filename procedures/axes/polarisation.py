"""Axis: polarisation of the excitation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antistokes.instruments.roles import PolarisationRotator

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .span import checked


class Polarisation:
    """Angle of the light's polarisation.

    Put it outside of :class:`~antistokes.procedures.axes.ExcitationPower`: mirrors and pick-off pass one
    polarisation better than the other, so the power is set and verified at every angle.

    :param values: set-points in degrees, in the order they are visited
    :param settle: s the sample gets at each
    :param tolerance: degrees; a point further off is flagged, the measured angle counts
    """

    name = "polarisation"

    def __init__(self, values: Sequence[float], settle: float = 0.0, tolerance: float = 0.2) -> None:
        self.setpoints = np.asarray(values, float)
        self._settle, self._tolerance = settle, tolerance

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup, self._rotator = setup, setup.station.find(PolarisationRotator)
        setup.claim(f"{self._rotator.name}: polarisation", self.name)
        thing = f"{self._rotator.name}: polarisation"
        self.setpoints = checked(self.setpoints, *self._rotator.polarisation_range, thing, "deg")
        return (
            Channel(self.name, "deg", "angle of the polarisation, set-point", coordinate=True),
            Channel("polarisation_measured", "deg", "angle of the polarisation the rotator states"),
        )

    def prepare(self) -> None:
        self._go(float(self.setpoints[0]))

    def move(self, index: int, record: Record) -> Flag:
        wanted = float(self.setpoints[index])
        reached = self._go(wanted)
        self._setup.wait(self._settle)
        record[self.name], record["polarisation_measured"] = wanted, reached
        return Flag(0) if abs(reached - wanted) <= self._tolerance else Flag.OFF_TARGET

    def _go(self, angle: float) -> float:
        self._rotator.polarisation = angle
        self._setup.wait(self._rotator.settle_time)
        return self._rotator.polarisation
