"""A power sweep in an imperfect laboratory against the rate equations, and a naive script in the same place.

The laser drifts, the light warms and bleaches the sample, the brightest point is clipped. PRACTICE: exponents
within 0.05, saturation irradiance within 10 %.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.optimize import curve_fit

from antistokes.analysis import analyse, load
from antistokes.analysis.fitting import Points
from antistokes.analysis.saturation import find_saturation
from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run
from antistokes.procedures.setup import Setup
from antistokes.simulated_hw.samples.sample import Sample

EFFECTS = """
[simulation.optics]
collection = 2.5e-5
[simulation.effects]
laser_drift = 0.05
heating = true
bleaching_dose = 5e4
"""
RANGE = (0.1, 0.3)  # W/cm²; the low-power end of the sweep


@pytest.fixture
def laboratory(station_file):
    return station_file(('profile = "gaussian"', 'profile = "top-hat"'), extra=EFFECTS)


@cache
def truth() -> tuple[float, float]:
    """Of the green at 300 K: exponent over RANGE, and saturation irradiance as it is defined."""
    sample = Sample.load("yber-micro")

    def green(irradiance):
        return np.array([sample.solve(p).bands["green"] for p in irradiance])

    low, high = np.log(green(RANGE))
    irradiance = np.geomspace(0.1, 1000, 25)
    x, y = np.log(irradiance), green(irradiance)
    points = Points(x, y / y[0], 0.001 * y / y[0], np.full(25, 0.001), irradiance)

    class Law:
        saturation_onset, prefactor, exponent = 1.0, 1.0, 2.0

    return (high - low) / np.log(RANGE[1] / RANGE[0]), find_saturation(points, Law()).irradiance


def test_exponent_and_saturation_are_those_of_the_rate_equations(laboratory, tmp_path):
    path = tmp_path / "run.h5"
    sweep = PowerSweep(start=0.1, stop=1000, order="up", reference_every=4, frames=10)
    assert run(sweep, Station.load(laboratory, seed=1), path).status == "completed"
    ds = load(path)
    assert int((ds["flags"].values & 1).sum()) == 1  # the clipped point
    exponent, saturation = truth()
    (low,) = analyse(ds, irradiance_range=RANGE)
    assert low.find("exponent", "green").value == pytest.approx(exponent, abs=0.05)
    (found,) = analyse(ds)
    assert found.find("saturation irradiance", "green").value == pytest.approx(saturation, rel=0.1)
    drift = found.find("drift")
    assert drift.value < -3 * drift.stderr
    assert any("taken out" in warning for warning in found.warnings)


def test_the_naive_script_fails(laboratory):
    """Powers on a linear grid, one exposure, no dark, one fit to everything: as it is often done by hand."""
    with Station.load(laboratory, seed=1) as station:
        setup = Setup(station)
        excitation, area = setup.excitation, station.beam.area_cm2
        excitation.check(0.1 * area, 1000 * area)
        excitation.calibrate()
        spectrometer = station["spectrometer"]
        spectrometer.exposure = 0.001
        inside = np.abs(spectrometer.wavelengths() - 537.5) <= 22.5
        irradiance, green = np.linspace(0.1, 1000, 25), []
        for value in irradiance:
            excitation.set_power(value * area)
            spectrometer.frame()
            green.append(spectrometer.frame()[inside].sum())
        excitation.off()
    exponent, saturation = truth()
    slope = np.polyfit(np.log(irradiance), np.log(green), 1)[0]
    assert abs(slope - exponent) > 0.5
    fitted = curve_fit(lambda p, a, ps: a * p / (1 + p / ps), irradiance, green, [green[0], 100.0])[0][1]
    assert abs(fitted / saturation - 1) > 1
