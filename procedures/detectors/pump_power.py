"""Detector: power of the excitation."""

from __future__ import annotations

from dataclasses import dataclass

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .detector import Declared


@dataclass
class PumpPower:
    """Excitation power on the sample and the irradiance that follows from the beam record."""

    readings: int = 5

    def bind(self, setup: Setup) -> Declared:
        self._excitation = setup.excitation
        self._beam = setup.station.beam
        return (
            Channel("pump_power", "W", "excitation power on the sample"),
            Channel("pump_power_errors", "W", "standard error of pump_power"),
            Channel("irradiance_mean", "W/cm^2", "mean irradiance P/(pi w_x w_y)"),
            Channel("irradiance_mean_errors", "W/cm^2", "standard error of irradiance_mean"),
            Channel("irradiance_peak", "W/cm^2", "irradiance on the beam's axis"),
        ), ()

    def read(self, record: Record) -> Flag:
        power = self._excitation.read_power(self.readings)
        error = self._excitation.sigma(power, self.readings)
        record["pump_power"], record["pump_power_errors"] = power, error
        record["irradiance_mean"] = self._beam.mean_irradiance(power)
        record["irradiance_mean_errors"] = self._beam.mean_irradiance(error)
        record["irradiance_peak"] = self._beam.peak_irradiance(power)
        return Flag(0)
