"""Yb/Tm nanoparticles: quenched at their surface (tm75), and between gold nanorods (aunr96)."""

import numpy as np
import pytest

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.samples.facts import Fact
from antistokes.simulated_hw.samples.sample import Sample

ALONG, ACROSS = Conditions(polarisation=0.0), Conditions(polarisation=90.0)


@pytest.fixture(scope="module")
def tm75() -> Sample:
    return Sample.load("tm75")


@pytest.fixture(scope="module")
def aunr96() -> Sample:
    return Sample.load("aunr96")


@pytest.fixture(scope="module")
def bare() -> Sample:
    return Sample.load("aunr96-bare")


def fact(sample: Sample, quantity: str) -> Fact:
    return next(fact for fact in sample.facts if fact.quantity == quantity)


def band(sample: Sample, name: str) -> list[int]:
    low, high = sample.record.bands[name]
    return [i for i, line in enumerate(sample.lines) if low <= line.wavelength <= high]


def emission(sample: Sample, name: str, irradiance: float, conditions: Conditions = ALONG) -> float:
    return float(sample.respond([irradiance], conditions).emission[0, band(sample, name)].sum())


def exponent(sample: Sample, name: str, low: float, high: float) -> float:
    ratio = emission(sample, name, high) / emission(sample, name, low)
    return float(np.log(ratio) / np.log(high / low))


def tail(sample: Sample, name: str, irradiance: float, period: float) -> float:
    """Decay time in ms after pulses of 0.1 ms, from 30 to 1 % of the peak."""
    width = 1e-4
    times = np.concatenate([np.linspace(0, width, 40), width + np.geomspace(1e-6, period - width, 400)])
    course = sample.pulsed(np.array([irradiance]), np.zeros(1), width, times, ALONG)
    y = course[0][:, band(sample, name)].sum(axis=1)
    falling = (np.arange(len(y)) > y.argmax()) & (y < 0.3 * y.max()) & (y > 0.01 * y.max())
    return float(-1e3 / np.polyfit(times[falling], np.log(y[falling]), 1)[0])


@pytest.mark.parametrize(
    ("name", "shift"), [("tm75", 1490.1), ("aunr96", 284.7)], ids=["980 to 450 nm", "980 to 800 nm"]
)
def test_shifts_are_those_of_table_1(name, shift):
    sample = Sample.load(name)
    stated = fact(sample, "anti-Stokes shift")
    line = next(line for line in sample.lines if line.name == stated.of)
    found = 1239841.93 * (1 / line.wavelength - 1 / sample.excitation)
    assert found == pytest.approx(shift, abs=0.1)
    assert found == pytest.approx(stated.value, abs=stated.margin)


# --- tm75


def test_violet_blue_lasts_as_long_as_stated(tm75):
    found = tail(tm75, "violet-blue", 1000.0, 20e-3)
    assert found == pytest.approx(fact(tm75, "lifetime").value, abs=fact(tm75, "lifetime").margin)


def test_without_its_surface_it_would_last_three_times_as_long():
    assert tail(Sample.load("ybtm-micro"), "violet-blue", 10.0, 20e-3) == pytest.approx(0.77, abs=0.01)


def test_violet_blue_takes_five_photons(tm75):
    assert exponent(tm75, "violet-blue", 10.0, 100.0) > fact(tm75, "exponent").value
    assert exponent(tm75, "violet-blue", 0.1, 0.2) == pytest.approx(5, abs=0.01)


# --- aunr96


@pytest.mark.parametrize(("conditions", "factor"), [(ALONG, 2.3e5), (ACROSS, 5e-3)], ids=["along", "across"])
def test_gold_makes_it_brighter_or_dimmer_by_polarisation(aunr96, bare, conditions, factor):
    stated = next(f for f in aunr96.facts if f.quantity == "enhancement" and f.value == factor)
    found = emission(aunr96, "infrared", 10.0, conditions) / emission(bare, "infrared", 10.0, conditions)
    assert found == pytest.approx(stated.value, rel=0.02)


def test_polarisation_scan_spans_seven_orders(aunr96):
    angles = np.linspace(0, 180, 37)
    found = [emission(aunr96, "infrared", 10.0, Conditions(polarisation=float(a))) for a in angles]
    assert np.max(found) / np.min(found) == pytest.approx(2.3e5 / 5e-3, rel=0.01)
    assert angles[np.argmin(found)] == 90
    half = emission(aunr96, "infrared", 10.0, Conditions(polarisation=45.0))
    assert half == pytest.approx(np.max(found) / 2, rel=1e-6)


def test_bare_particles_do_not_mind_polarisation(bare):
    assert emission(bare, "infrared", 10.0, ALONG) == emission(bare, "infrared", 10.0, ACROSS)


def test_infrared_lasts_as_long_as_stated(aunr96, bare):
    stated = fact(aunr96, "lifetime")
    assert 1e3 * tail(aunr96, "infrared", 1.0, 5e-3) == pytest.approx(stated.value, abs=stated.margin)
    assert tail(bare, "infrared", 1.0, 5e-3) > 2 * tail(aunr96, "infrared", 1.0, 5e-3)


def test_quantum_yield(aunr96):
    stated = fact(aunr96, "quantum yield")
    absorbed = aunr96.respond([50.0], ALONG).absorbed[0]
    assert emission(aunr96, "infrared", 50.0) / absorbed == pytest.approx(stated.value, abs=stated.margin)


def test_infrared_takes_two_photons(aunr96):
    stated = fact(aunr96, "exponent")
    assert exponent(aunr96, "infrared", 0.01, 0.1) == pytest.approx(stated.value, abs=stated.margin)


@pytest.mark.parametrize("name", ["tm75", "aunr96", "aunr96-bare"])
@pytest.mark.parametrize("wavelength", [100.0, 976.0, 20000.0])
def test_limits(name, wavelength):
    sample = Sample.load(name)
    irradiance = np.append(0.0, np.geomspace(1e-6, 1e12, 19))
    energy = np.array([1 / line.wavelength for line in sample.lines])
    for kelvin in (1.0, 1000.0):
        response = sample.respond(irradiance, Conditions(kelvin, wavelength))
        assert np.all((response.populations >= 0) & (response.populations <= 1))
        assert np.all(response.emission @ energy <= response.absorbed / wavelength)
        assert np.all(response.heat >= 0)
