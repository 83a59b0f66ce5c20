"""Detector: temperature of the sample."""

from __future__ import annotations

from antistokes.instruments.roles import TemperatureController

from ..channels import Channel, Flag, Record
from ..setup import Setup
from .detector import Declared


class SampleThermometer:
    """Temperature at the sample."""

    def bind(self, setup: Setup) -> Declared:
        self._controller = setup.station.find(TemperatureController)
        return (Channel("sample_temperature", "K", "sample temperature"),), ()

    def read(self, record: Record) -> Flag:
        record["sample_temperature"] = self._controller.temperature
        return Flag(0)
