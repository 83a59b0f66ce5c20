"""Axis: wavelength of the monochromator before a counter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antistokes.instruments.roles import Monochromator

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .span import checked


class MonochromatorWavelength:
    """Wavelength that the monochromator passes.

    :param values: set-points in nm, in the order they are visited; drives have play, so best only upwards
    """

    name = "monochromator_wavelength"

    def __init__(self, values: Sequence[float]) -> None:
        self.setpoints = np.asarray(values, float)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup, self._monochromator = setup, setup.station.find(Monochromator)
        setup.claim(f"{self._monochromator.name}: wavelength", self.name)
        thing = f"{self._monochromator.name}: wavelength"
        self.setpoints = checked(self.setpoints, *self._monochromator.wavelength_range, thing, "nm")
        return (Channel(self.name, "nm", "wavelength of the monochromator", coordinate=True),)

    def prepare(self) -> None:
        """The grating turns when the first point needs it."""

    def move(self, index: int, record: Record) -> Flag:
        self._monochromator.wavelength = float(self.setpoints[index])
        self._setup.wait(self._monochromator.settle_time)
        record[self.name] = self.setpoints[index]
        return Flag(0)
