"""Axis: set-point of the laser, in whatever it is driven by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antistokes.instruments.errors import LimitError

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .axis import Array
from .excitation_power import ExcitationPower
from .span import Span, checked, planned

_CALIBRATION = 0.02  # of what the light path may deliver: enough to find where the attenuator is open


class LaserDrive:
    """Drive of the laser, with the attenuator as open as it gets.

    Whatever the light path can deliver may reach the sample.

    :param values: set-points in the laser's unit, in the order they are visited, or a span
    :param settle: s after each change, besides what the laser needs
    """

    name = "drive"

    def __init__(self, values: Sequence[float] | Array | Span, settle: float = 0.0) -> None:
        self._values, self._settle = values, settle
        self.setpoints = planned(values)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup, self._excitation = setup, setup.excitation
        excitation, sample = setup.excitation, setup.station.sample
        most = excitation.beam.max_power_mW
        self._power = ExcitationPower(np.array([_CALIBRATION * most]), "mW", "up")
        self._power.bind(setup)  # claims the laser and the attenuator
        irradiance = excitation.beam.mean_irradiance(most * 1e-3)
        limit = None if sample is None else sample.max_irradiance
        if sample is not None and limit is not None and irradiance > limit:
            raise LimitError(f"sample {sample.id}: irradiance", irradiance, 0, limit, "W/cm^2")
        unit, thing = excitation.laser.drive_unit, f"{excitation.laser.name}: drive"
        self.setpoints = checked(self._values, *excitation.laser.drive_limits, thing, unit)
        return (Channel(self.name, unit, "set-point of the laser", coordinate=True),)

    def prepare(self) -> None:
        self._power.prepare()
        if self._excitation.attenuator is not None:
            self._excitation.go_to_transmission(1.0)

    def move(self, index: int, record: Record) -> Flag:
        self._excitation.set_drive(float(self.setpoints[index]))
        self._setup.wait(self._settle)
        record[self.name] = self.setpoints[index]
        return Flag(0)
