"""Detectors: power that passes the pick-off, and what a second meter at the place of the sample shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from antistokes.instruments.errors import BadAnswer, LimitError, Refused
from antistokes.instruments.roles import PowerMeter

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .detector import Declared


@dataclass
class MeterPower:
    """Mean power of the beam where it is now, and what the meter itself shows of it.

    As :class:`~antistokes.procedures.detectors.PumpPower`, but no irradiance: the beam may be cut.
    """

    readings: int = 5

    def bind(self, setup: Setup) -> Declared:
        self._excitation = setup.excitation
        return (
            Channel("beam_power", "W", "power of the beam: pick-off meter times sample_to_pickoff"),
            Channel("beam_power_errors", "W", "standard error of beam_power"),
            Channel("pickoff_power", "W", "power the pick-off meter shows, background subtracted"),
            Channel("pickoff_power_errors", "W", "standard error of pickoff_power"),
        ), ()

    def read(self, record: Record) -> Flag:
        power = self._excitation.lit_power(self.readings)
        error = self._excitation.sigma(power, self.readings)
        ratio = self._excitation.beam.sample_to_pickoff
        record["beam_power"], record["beam_power_errors"] = power, error
        record["pickoff_power"], record["pickoff_power_errors"] = power / ratio, error / ratio
        return Flag(0)


@dataclass
class ReferencePower:
    """What a second power meter at the sample's place shows, its own background subtracted.

    :param meter: the instrument's name
    :param readings: of the lit meter, at least 3; their scatter gives the error
    :param dark_readings: of its background, with the light off
    :param dark_expiry: s after which the background is measured again
    """

    meter: str
    readings: int = 20
    dark_readings: int = 50
    dark_expiry: float = 600.0

    def bind(self, setup: Setup) -> Declared:
        self._setup, self._excitation = setup, setup.excitation
        self._meter = setup.station.find(PowerMeter, self.meter)
        if self._meter.name == self._excitation.meter.name:
            raise Refused(f"{self.meter}: is the pick-off meter; the reference must be another one")
        low, high = self._meter.wavelength_range
        wavelength = self._excitation.laser.wavelength
        if not low <= wavelength <= high:
            raise LimitError(f"{self._meter.name}: wavelength", wavelength, low, high, "nm")
        self._dark = (-np.inf, 0.0, 0.0)  # when, W, and variance of that mean
        return (
            Channel("reference_power", "W", "power the meter at the sample's place shows"),
            Channel("reference_power_errors", "W", "standard error of reference_power"),
        ), ()

    def read(self, record: Record) -> Flag:
        clock = self._setup.clock
        if clock.now() - self._dark[0] > self.dark_expiry:
            self._meter.wavelength = self._excitation.laser.wavelength
            with self._setup.dark():
                self._dark = (clock.now(), *self._mean(self.dark_readings))
        power, variance = self._mean(self.readings)
        record["reference_power"] = power - self._dark[1]
        record["reference_power_errors"] = float(np.sqrt(variance + self._dark[2]))
        return Flag(0)

    def _mean(self, number: int) -> tuple[float, float]:
        """Of *number* readings in W, and the variance of that mean."""
        readings = np.empty(number)
        for i in range(number):
            self._setup.step()
            readings[i] = self._meter.power
        if not np.isfinite(readings).all():
            raise BadAnswer(self._meter.name, "a power reading is no number")
        return float(readings.mean()), float(readings.var(ddof=1) / number)
