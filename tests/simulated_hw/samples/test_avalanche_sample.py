"""Thulium that avalanches under 1064 nm: where, how steeply, how slowly, and where not."""

import numpy as np
import pytest

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.avalanche import AvalancheIon
from antistokes.simulated_hw.samples.energy_transfer import EnergyTransfer
from antistokes.simulated_hw.samples.sample import Sample

LIGHT = Conditions(wavelength=1064.0)
FRACTIONS = {"tm-avalanche": 0.08, "tm-avalanche-1pct": 0.01, "tm-avalanche-005pct": 5e-4}


def infrared(sample: Sample, irradiance: np.ndarray) -> np.ndarray:
    return sample.respond(irradiance, LIGHT).emission[:, 0]


def slopes(sample: Sample, irradiance: np.ndarray) -> np.ndarray:
    return np.gradient(np.log(infrared(sample, irradiance)), np.log(irradiance))


def value(sample: Sample, quantity: str) -> float:
    return next(fact.value for fact in sample.facts if fact.quantity == quantity)


@pytest.mark.parametrize(("name", "threshold"), [("tm-avalanche", 24.88), ("tm-avalanche-1pct", 39.10)])
def test_the_steepest_slope_is_at_the_threshold(name, threshold):
    sample = Sample.load(name)
    irradiance = np.geomspace(1e4, 1e5, 4001)
    found = 1e-3 * irradiance[slopes(sample, irradiance).argmax()]
    assert found == pytest.approx(threshold, rel=2e-3)
    assert found == pytest.approx(value(sample, "threshold"), rel=0.02)
    assert 1e-3 * AvalancheIon().threshold(FRACTIONS[name]) == pytest.approx(threshold, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "low", "high", "steepest"),
    [("tm-avalanche", 24.5e3, 25.5e3, 192), ("tm-avalanche-1pct", 38e3, 40e3, 52.6)],
)
def test_it_is_steeper_than_ten_about_the_threshold(name, low, high, steepest):
    sample = Sample.load(name)
    below, above = infrared(sample, np.array([low, high]))
    assert np.log(above / below) / np.log(high / low) > value(sample, "exponent")
    fine = np.geomspace(low, high, 2001)
    assert slopes(sample, fine).max() == pytest.approx(steepest, rel=0.01)


def test_dilute_thulium_never_avalanches():
    sample = Sample.load("tm-avalanche-005pct")
    found = slopes(sample, np.geomspace(1.0, 1e9, 901))
    assert found[0] == pytest.approx(2, abs=1e-3)
    assert found.max() < value(sample, "exponent")
    assert np.isinf(AvalancheIon().threshold(FRACTIONS["tm-avalanche-005pct"]))


def test_just_above_the_threshold_it_takes_seconds():
    mechanism = Sample.load("tm-avalanche").mechanism
    assert isinstance(mechanism, EnergyTransfer)
    equations = mechanism.equations(300.0, 1064.0)
    times = np.linspace(0, 10, 10001)
    rise = {}
    for irradiance in (1e3, 25e3, 50e3):
        y = equations.evolve(times, irradiance)[:, equations.levels.index("Tm:3H4")]
        rise[irradiance] = times[np.argmax(y > 0.95 * y[-1])]
    assert rise[1e3] == pytest.approx(0.025, abs=2e-3)
    assert rise[25e3] == pytest.approx(5.118, rel=2e-3)  # 90 % after 4.3 s
    assert rise[50e3] == pytest.approx(0.075, abs=4e-3)


@pytest.mark.parametrize("name", FRACTIONS)
def test_populations_and_powers_balance(name):
    response = Sample.load(name).respond(np.append(0.0, np.geomspace(1e-3, 1e12, 31)), LIGHT)
    assert np.all((response.populations >= 0) & (response.populations <= FRACTIONS[name]))
    np.testing.assert_allclose(response.populations.sum(axis=1), FRACTIONS[name])
    assert np.all(response.heat >= 0)
    assert np.all(response.emission.sum(axis=1) <= 3 * response.absorbed)
