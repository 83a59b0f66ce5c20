"""Axis: power of the excitation."""

from __future__ import annotations

from typing import Literal

import numpy as np

from antistokes.instruments.errors import LimitError, Refused

from ..channels import Channel, Flag, Record
from ..problems import Problems
from ..setup import Setup
from .axis import Array, Order, ordered

Unit = Literal["W/cm^2", "mW", "1/s", "uJ"]
_NAMES = {"W/cm^2": "irradiance", "mW": "power", "1/s": "photon_flux", "uJ": "pulse_energy"}
_HC = 1.98644586e-16  # J nm


class ExcitationPower:
    """Irradiance, power or photon flux on the sample: set by drive and attenuator, verified by the meter.

    Of a pulsed beam it is that during the pulses.

    :param values: set-points, mean irradiance P/(π·w_x·w_y) in W/cm², power in mW, photons per second,
        or energy of each gated pulse in µJ
    :param unit: ``W/cm^2``, ``mW``, ``1/s`` or ``uJ``
    :param order: up, down, up_down or shuffled with *seed*
    :param settle: s the sample gets to reach its steady state
    :param tolerance: relative; a point further off is flagged, the measured power counts
    :param dark_between: s without light before each set-point
    """

    def __init__(
        self,
        values: Array,
        unit: Unit = "W/cm^2",
        order: Order = "up_down",
        seed: int = 0,
        settle: float = 0.05,
        tolerance: float = 0.01,
        dark_between: float = 0.0,
    ) -> None:
        self.name = _NAMES[unit]
        self.unit = unit
        self.setpoints, self.directions = ordered(np.sort(np.asarray(values, float)), order, seed)
        self.settle, self.tolerance, self.dark_between = settle, tolerance, dark_between

    def _power(self, value: float, wavelength: float, width: float) -> float:
        """In W on the sample, at *wavelength* nm and with pulses of *width* s."""
        if self.unit == "1/s":
            return value * _HC / wavelength
        if self.unit == "uJ":
            return value * 1e-6 / width
        return value * (self._area if self.unit == "W/cm^2" else 1e-3)

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        self._area = setup.station.beam.area_cm2
        self._setup, self._excitation = setup, setup.excitation
        self._pulsed = setup.pulse_widths is not None
        self._excitation.gate.plan(self._pulsed)
        setup.claim(f"{self._excitation.laser.name}: power", self.name)
        shortest, longest = setup.wavelengths or (self._excitation.laser.wavelength,) * 2
        if self.unit == "uJ" and setup.pulse_widths is None:
            raise Refused("a pulse energy needs an axis of the pulses around it")
        narrowest, widest = setup.pulse_widths or (1.0, 1.0)
        lowest = self._power(float(self.setpoints.min()), longest, widest)
        powers = lowest, self._power(float(self.setpoints.max()), shortest, narrowest)
        sample = setup.station.sample
        # some plans are calibrated with more light than they use
        highest = self._excitation.most_calibration(powers[1]) / self._area
        limit = None if sample is None else sample.max_irradiance
        problems = Problems()
        if sample is not None and limit is not None and highest > limit * (1 + 1e-9):
            problems.add(LimitError(f"sample {sample.id}: irradiance", highest, 0, limit, "W/cm^2"))
        with problems.noted():
            self._excitation.check(*powers)
        problems.refuse()
        channels = [
            Channel(self.name, self.unit, "excitation set-point", coordinate=True),
            Channel("direction", "", "+1 going up, -1 going down", dtype="i1", coordinate=True),
            Channel("laser_drive", self._excitation.laser.drive_unit, "set-point of the laser"),
        ]
        if (attenuator := self._excitation.attenuator) is not None:
            channels.append(
                Channel("attenuator_position", attenuator.position_unit, "position of the attenuator")
            )
        return tuple(channels)

    def prepare(self) -> None:
        self._calibrate()

    def _calibrate(self) -> None:
        if not self._pulsed:  # otherwise the axis of the pulses, which is around this one, has seen to it
            self._excitation.continuous()
        self._excitation.calibrate()

    def move(self, index: int, record: Record) -> Flag:
        excitation = self._excitation
        self._calibrate()  # again, where the laser has been tuned meanwhile
        if self.dark_between:
            with excitation.blocked():
                excitation.dim()  # the power before may be one that the sample should not see again
                self._setup.wait(self.dark_between)
        value = float(self.setpoints[index])
        power = self._power(value, excitation.laser.wavelength, excitation.pulse_width)
        reached = excitation.set_power(power, self.tolerance)
        self._setup.wait(self.settle)
        record[self.name] = self.setpoints[index]
        record["direction"] = self.directions[index]
        record["laser_drive"] = excitation.laser.drive
        if excitation.attenuator is not None:
            record["attenuator_position"] = excitation.attenuator.position
        return Flag(0) if reached else Flag.OFF_TARGET
