"""Detectors: power of the excitation, before the other detectors and after them."""

from __future__ import annotations

from dataclasses import dataclass

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .detector import Declared


@dataclass
class PumpPower:
    """Excitation power on the sample, the irradiance that follows from the beam record, and the dose."""

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
            Channel("dose", "J/cm^2", "mean irradiance times time lit, since the run began"),
        ), ()

    def read(self, record: Record) -> Flag:
        power = self._excitation.lit_power(self.readings)
        error = self._excitation.sigma(power, self.readings)
        record["pump_power"], record["pump_power_errors"] = power, error
        record["irradiance_mean"] = self._beam.mean_irradiance(power)
        record["irradiance_mean_errors"] = self._beam.mean_irradiance(error)
        record["irradiance_peak"] = self._beam.peak_irradiance(power)
        record["dose"] = self._beam.mean_irradiance(self._excitation.dose.energy())
        return Flag(0)

    def recall(self, record: Record) -> None:
        if "dose" in record:
            self._excitation.dose.recall(record["dose"] * self._beam.area_cm2)


@dataclass
class PumpPowerAfter:
    """The same power once more; put it behind the detectors it should vouch for.

    :param tolerance: relative; a point at which the power has changed by more, beyond 3 standard errors, is
        flagged as drifted
    :param same: nm; further from where an axis tuned it, a laser that states its wavelength has hopped
    """

    readings: int = 5
    tolerance: float = 0.02
    same: float = 0.05

    def bind(self, setup: Setup) -> Declared:
        self._excitation = setup.excitation
        return (Channel("pump_power_after", "W", "excitation power after the other detectors"),), ()

    def read(self, record: Record) -> Flag:
        after = self._excitation.lit_power(self.readings)
        record["pump_power_after"] = after
        before = record.get("pump_power", after)  # missing where it could not be read
        doubt = 3 * self._excitation.sigma(before, self.readings) * 2**0.5
        flag = Flag.DRIFTED if abs(after - before) > max(self.tolerance * before, doubt) else Flag(0)
        tuned = record.get("excitation_wavelength_measured")
        if tuned is not None and abs(self._excitation.laser.wavelength - tuned) > self.same:
            flag |= Flag.MODE_HOP
        return flag
