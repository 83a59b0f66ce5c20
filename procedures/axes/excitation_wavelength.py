"""Axis: wavelength of a tunable laser."""

from __future__ import annotations

import numpy as np

from antistokes.instruments.errors import LimitError
from antistokes.instruments.roles import TunableLaser

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .axis import Array, Order, ordered


class ExcitationWavelength:
    """Wavelength of the laser; the power meter follows it.

    Put it outside of :class:`~antistokes.procedures.axes.ExcitationPower`, which holds irradiance, power or
    photon flux as the wavelength moves. Before a move the attenuator is turned to its darkest position, so
    that a wavelength at which the laser is brighter is met from below.

    :param values: set-points in nm
    :param order: up, down, up_down or shuffled with *seed*
    """

    name = "excitation_wavelength"

    def __init__(self, values: Array, order: Order = "up", seed: int = 0) -> None:
        self.setpoints, self.directions = ordered(np.sort(np.asarray(values, float)), order, seed)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._laser, self._excitation = setup.station.find(TunableLaser), setup.excitation
        setup.claim(f"{self._laser.name}: wavelength", self.name)
        low, high = self._laser.wavelength_range
        lowest, highest = float(self.setpoints.min()), float(self.setpoints.max())
        for value in (lowest, highest):
            if not low <= value <= high:
                raise LimitError(f"{self._laser.name}: wavelength", value, low, high, "nm")
            self._excitation.check_wavelength(value)
        setup.wavelengths = lowest, highest
        return (
            Channel(self.name, "nm", "excitation wavelength, set-point", coordinate=True),
            Channel("excitation_wavelength_measured", "nm", "excitation wavelength the laser states"),
        )

    def prepare(self) -> None:
        self._tune(float(self.setpoints[0]))

    def move(self, index: int, record: Record) -> Flag:
        self._tune(float(self.setpoints[index]))
        record[self.name] = self.setpoints[index]
        record["excitation_wavelength_measured"] = self._laser.wavelength
        return Flag(0)

    def _tune(self, wavelength: float) -> None:
        self._excitation.dim()
        self._laser.wavelength = wavelength
        self._excitation.tuned()
