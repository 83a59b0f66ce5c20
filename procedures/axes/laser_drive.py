"""Axis: set-point of the laser, in whatever it is driven by."""

from __future__ import annotations

from collections.abc import Sequence

from antistokes.instruments.errors import LimitError, Refused

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .axis import Array
from .open_power import OpenPower
from .span import Span, checked, planned

_SHARE = 0.8  # of the power that may be reached: the beam record is not exact
_READINGS = 50


class LaserDrive:
    """Drive of the laser, all over its range, under an attenuator that stays as it is.

    The attenuator is closed so far that the most the light path can deliver becomes the power that may reach
    the sample. What it then lets through of the light when open is measured first, and recorded.

    :param values: set-points in the laser's unit, in the order they are visited, or a span
    :param power: mW on the sample that is not exceeded
    :param settle: s after each change, besides what the laser needs
    """

    name = "drive"

    def __init__(
        self, values: Sequence[float] | Array | Span, power: float = 1.0, settle: float = 0.0
    ) -> None:
        self._values, self._most, self._settle = values, power, settle
        self.setpoints = planned(values)
        self._power = OpenPower(power, self.name)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._setup, self._excitation = setup, setup.excitation
        laser, attenuator = self._excitation.laser, self._excitation.attenuator
        if attenuator is None:
            raise Refused(f"station '{setup.station.name}' has no attenuator, which must keep the power low")
        setup.claim(f"{attenuator.name}: position", self.name)
        self._power.bind(setup)
        self.setpoints = checked(self._values, *laser.drive_limits, f"{laser.name}: drive", laser.drive_unit)
        return (
            Channel(self.name, laser.drive_unit, "set-point of the laser", coordinate=True),
            Channel("transmission", "", "of the attenuator, relative to the open one"),
            Channel("transmission_errors", "", "standard error of transmission"),
        )

    def prepare(self) -> None:
        self._power.set_drive()
        excitation = self._excitation
        assert excitation.known.attenuation is not None
        excitation.go_to_transmission(1.0)
        whole = excitation.read_power(_READINGS)
        wanted = _SHARE * self._most / excitation.beam.max_power_mW
        excitation.go_to_transmission(max(wanted, excitation.known.attenuation.least))
        part = excitation.read_power(_READINGS)
        relative = sum((excitation.sigma(power, _READINGS) / power) ** 2 for power in (whole, part)) ** 0.5
        self._transmission = part / whole, part / whole * relative

    def move(self, index: int, record: Record) -> Flag:
        self._excitation.set_drive(float(self.setpoints[index]))
        self._setup.wait(self._settle)
        power = 1e3 * self._excitation.read_power(1)
        if power > self._most:
            self._excitation.off()
            raise LimitError("power on the sample", power, 0, self._most, "mW")
        record[self.name] = self.setpoints[index]
        record["transmission"], record["transmission_errors"] = self._transmission
        return Flag(0)
