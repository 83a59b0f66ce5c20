"""Axis: position of the attenuator, as its own scale says."""

from __future__ import annotations

from collections.abc import Sequence

from antistokes.instruments.errors import Refused

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .axis import Array
from .open_power import OpenPower
from .span import Span, checked, planned


class AttenuatorPosition:
    """Position of the attenuator under a laser whose drive stays as it is.

    :param values: set-points in the attenuator's unit, in the order they are visited, or a span
    :param power: mW on the sample that no position exceeds
    :param settle: s after each move
    """

    name = "attenuator"

    def __init__(
        self, values: Sequence[float] | Array | Span, power: float = 1.0, settle: float = 0.05
    ) -> None:
        self._values, self._settle = values, settle
        self.setpoints = planned(values)
        self._power = OpenPower(power, self.name)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        excitation = setup.excitation
        if excitation.attenuator is None:
            raise Refused(f"station '{setup.station.name}' has no attenuator")
        self._setup, self._excitation, self._attenuator = setup, excitation, excitation.attenuator
        setup.claim(f"{self._attenuator.name}: position", self.name)
        self._power.bind(setup)
        unit, thing = self._attenuator.position_unit, f"{self._attenuator.name}: position"
        self.setpoints = checked(self._values, *self._attenuator.position_range, thing, unit)
        return (
            Channel(self.name, unit, "position of the attenuator", coordinate=True),
            Channel("attenuator_measured", unit, "position the attenuator states"),
            Channel("laser_drive", excitation.laser.drive_unit, "set-point of the laser"),
        )

    def prepare(self) -> None:
        self._power.set_drive()

    def move(self, index: int, record: Record) -> Flag:
        value = float(self.setpoints[index])
        self._excitation.dose.turned()
        self._attenuator.position = value
        self._setup.wait(self._attenuator.settle_time + self._settle)
        record[self.name], record["attenuator_measured"] = value, self._attenuator.position
        record["laser_drive"] = self._excitation.laser.drive
        return Flag(0)
