"""Detectors that are meters: power of the excitation, temperature of the sample."""

import numpy as np
import pytest

from antistokes.procedures.channels import Flag
from antistokes.procedures.detectors import PumpPower, SampleThermometer
from antistokes.procedures.setup import Setup


def test_pump_power_is_recorded_with_its_error_and_both_irradiances(make_station, watch):
    with make_station(radius=50) as station:
        setup = Setup(station)
        detector = PumpPower()
        channels, _ = detector.bind(setup)
        setup.excitation.check(1e-3, 1e-2)
        setup.excitation.calibrate()
        setup.excitation.set_power(5e-3)
        record = {}
        assert detector.read(record) == Flag(0)
        assert record.keys() == {channel.name for channel in channels}
        true = watch(station).power()
        assert abs(record["pump_power"] - true) < 4 * record["pump_power_errors"]
        assert record["pump_power_errors"] == pytest.approx(0.002 * true / np.sqrt(5), rel=0.5)
        area = np.pi * 50e-4**2
        assert record["irradiance_mean"] == pytest.approx(record["pump_power"] / area)
        assert record["irradiance_mean_errors"] == pytest.approx(record["pump_power_errors"] / area)
        assert record["irradiance_peak"] == pytest.approx(2 * record["irradiance_mean"])


def test_the_samples_temperature_is_read(make_station):
    with make_station() as station:
        detector = SampleThermometer()
        (channel,), _ = detector.bind(Setup(station))
        record = {}
        assert detector.read(record) == Flag(0)
        assert (channel.name, channel.units) == ("sample_temperature", "K")
        assert record["sample_temperature"] == pytest.approx(300, abs=0.02)
