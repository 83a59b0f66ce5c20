"""The shipped Yb/Er sample against steady states and decays of its rate set (Anderson et al. 2014)."""

import re
import tomllib
from typing import Any

import msgspec
import numpy as np
import pytest

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.rate_equations import RateEquations
from antistokes.simulated_hw.samples.energy_transfer import EnergyTransfer
from antistokes.simulated_hw.samples.sample import Sample

YB, RED, GREEN, MIDDLE = "Yb:2F5/2", "Er:4F9/2", "Er:4S3/2", "Er:4I13/2"
#: W/cm²; populations; green to red photon ratio; visible quantum yield
TABLE = [
    (0.1, 1.1820e-6, 1.4751e-9, 3.8133e-11, 22.3, 0.0019),
    (0.3, 3.4268e-6, 1.2263e-8, 6.1016e-10, 11.6, 0.0056),
    (1, 1.0335e-5, 1.0801e-7, 1.2549e-8, 4.96, 0.0164),
    (3, 2.5517e-5, 6.1762e-7, 1.4375e-7, 2.47, 0.0371),
    (10, 5.9310e-5, 2.9600e-6, 1.1946e-6, 1.43, 0.0661),
    (30, 1.1299e-4, 9.2004e-6, 5.1009e-6, 1.04, 0.0817),
    (100, 2.1003e-4, 2.5398e-5, 1.7453e-5, 0.84, 0.0798),
    (300, 3.5710e-4, 5.6176e-5, 4.3634e-5, 0.74, 0.0681),
    (1000, 6.3611e-4, 1.2141e-4, 1.0265e-4, 0.68, 0.0529),
]
#: local slopes of green and red from the row above
SLOPES = [
    (1.93, 2.52),
    (1.81, 2.51),
    (1.59, 2.22),
    (1.30, 1.76),
    (1.03, 1.32),
    (0.84, 1.02),
    (0.72, 0.83),
    (0.64, 0.71),
]
#: k_q in s⁻¹ of surface quenching to green lost at 0.1, 1, 8, 10 and 100 W/cm²
QUENCHING = {
    500: [4.87, 3.91, 2.23, 2.09, 1.28],
    1000: [12.1, 9.30, 4.18, 3.75, 1.59],
    2000: [38.6, 28.8, 10.9, 9.47, 2.37],
    5000: [247, 182, 62.3, 52.5, 6.95],
    10000: [1244, 912, 305, 255, 25.9],
}


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample.load("yber-micro")


@pytest.fixture(scope="module")
def equations(sample: Sample) -> RateEquations:
    return sample.mechanism.equations(300.0, 980.0)  # type: ignore[attr-defined]


def model(sample: Sample) -> dict[str, Any]:
    """The file's [model] table as a mechanism reads it."""
    table = tomllib.loads(sample.text)["model"]
    del table["mechanism"]
    return table


def population(equations: RateEquations, y: np.ndarray, level: str) -> np.ndarray:
    return y[..., equations.levels.index(level)]


def peak_and_tail(times: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Time of the maximum, and the decay time from a logarithmic fit between 30 and 1 % of it; in ms."""
    top = y.argmax()
    tail = (np.arange(len(y)) > top) & (y < 0.3 * y[top]) & (y > 0.01 * y[top])
    return 1e3 * times[top], -1e3 / np.polyfit(times[tail], np.log(y[tail]), 1)[0]


@pytest.mark.parametrize(("irradiance", "yb", "green", "red", "ratio", "quantum_yield"), TABLE)
def test_regression_table(sample, irradiance, yb, green, red, ratio, quantum_yield):
    found = sample.solve(irradiance)
    assert found.populations[YB] == pytest.approx(yb, rel=1e-3)
    assert found.populations[GREEN] == pytest.approx(green, rel=1e-3)
    assert found.populations[RED] == pytest.approx(red, rel=1e-3)
    assert found.bands["green"] / found.bands["red"] == pytest.approx(ratio, rel=6e-3)
    assert found.quantum_yield == pytest.approx(quantum_yield, abs=6e-5)


@pytest.mark.parametrize(("row", "slopes"), list(enumerate(SLOPES)))
def test_local_slopes(sample, row, slopes):
    below, above = (sample.solve(TABLE[i][0]) for i in (row, row + 1))
    step = np.log(TABLE[row + 1][0] / TABLE[row][0])
    found = [np.log(above.bands[band] / below.bands[band]) / step for band in ("green", "red")]
    assert found == pytest.approx(slopes, abs=0.011)


def test_red_is_two_photon_in_the_weak_limit_and_steepest_below_1_w(sample):
    irradiance = np.geomspace(1e-4, 10, 1001)
    red = sample.emission(irradiance, 300.0, 980.0)[:, 3]
    slope = np.gradient(np.log(red), np.log(irradiance))
    found = np.interp([1e-4, 7.5e-3, 0.04, 0.13, 0.75, 2.4], irradiance, slope)
    assert found == pytest.approx([2.00, 2.07, 2.29, 2.50, 2.47, 2.1], abs=0.02)
    assert slope.max() == pytest.approx(2.56, abs=0.01)


def test_quantum_yield_has_its_maximum_near_47_w(sample):
    irradiance = np.geomspace(20, 100, 60)
    found = np.array([sample.solve(value).quantum_yield for value in irradiance])
    assert found.max() == pytest.approx(0.0830, abs=1e-4)
    assert irradiance[found.argmax()] == pytest.approx(47, rel=0.05)


def test_band_photons_are_the_radiative_rates_of_their_level(sample):
    found = sample.solve(10.0)
    assert found.bands["green"] == pytest.approx(1.38e22 * 0.70 * 1510 * found.populations[GREEN])
    assert found.bands["red"] == pytest.approx(1.38e22 * 0.90 * 2039 * found.populations[RED])
    assert found.bands["violet"] == pytest.approx(1.38e22 * 0.40 * 2330 * found.populations["Er:2H9/2"])


def test_the_green_lines_are_a_boltzmann_thermometer(sample):
    names = [line.name for line in sample.lines]
    hot, cold = names.index("green 520"), names.index("green 541")
    for kelvin, gap in ((300.0, 0.2444), (400.0, 5.52 * np.exp(-650 / (0.695035 * 400)))):
        rates = sample.emission([10.0], kelvin, 980.0)[0]
        assert rates[hot] / rates[cold] == pytest.approx(gap, rel=1e-3)


def test_temperature_scales_only_phonon_decay(sample):
    cold, warm = (sample.mechanism.equations(kelvin, 980.0) for kelvin in (77.0, 300.0))
    yb = np.array([level.startswith("Yb") for level in warm.levels], dtype=float)
    assert population(warm, cold.rates(yb, 0.0), YB) == population(warm, warm.rates(yb, 0.0), YB) == -613.0
    infrared = np.array([level == "Er:4I9/2" for level in warm.levels], dtype=float)
    assert population(warm, cold.rates(infrared, 0.0), "Er:4I9/2") > population(
        warm, warm.rates(infrared, 0.0), "Er:4I9/2"
    )


def test_absorption_is_the_stated_cross_section_at_980_and_peaks_at_976(sample):
    at = {nm: sample.absorbed([1e-3], 300.0, nm)[0] / nm for nm in (920.0, 976.0, 980.0, 808.0)}
    assert at[980.0] * 980.0 == pytest.approx(1.38e22 * 0.171 * 1e-20 * 4.9334e15, rel=1e-4)
    assert at[976.0] / at[980.0] == pytest.approx(1.2, rel=1e-2)
    assert at[920.0] < 1e-10 * at[976.0]
    assert at[808.0] == 0


def test_rise_under_10_w(equations):
    times = np.linspace(0, 0.06, 6001)
    y = equations.evolve(times, 10.0)
    found = []
    for level in (GREEN, RED, YB):
        rising = population(equations, y, level)
        found.append(1e3 * np.interp(-np.expm1(-1.0) * rising[-1], rising, times))
    assert found == pytest.approx([1.593, 2.154, 1.006], abs=0.002)


def test_decay_after_continuous_0_1_w(equations):
    times = np.linspace(0, 0.06, 6001)
    y = equations.evolve(times, 0.0, start=equations.steady_state(0.1)[0])
    tails = [peak_and_tail(times, population(equations, y, level))[1] for level in (GREEN, RED, YB, MIDDLE)]
    assert tails == pytest.approx([1.18, 1.07, 2.36, 9.09], abs=0.012)


@pytest.mark.parametrize(
    ("irradiance", "peaks", "tails"),
    [
        (1.0, (0.29, 0.86, 4.3), (1.18, 1.18, 2.363, 9.09)),
        (1e4, (0.090, 0.202, 1.235), (0.780, 0.586, 2.240, 8.64)),
    ],
)
def test_decay_after_a_10_us_pulse(equations, irradiance, peaks, tails):
    times = np.linspace(0, 0.06, 12001)
    y = equations.evolve(np.append(0.0, 10e-6 + times), [(0.0, irradiance), (10e-6, 0.0)])[1:]
    found = {
        level: peak_and_tail(times, population(equations, y, level)) for level in (GREEN, RED, MIDDLE, YB)
    }
    assert [found[level][0] for level in (GREEN, RED, MIDDLE)] == pytest.approx(peaks, rel=0.02)
    assert [found[level][1] for level in (GREEN, RED, YB, MIDDLE)] == pytest.approx(tails, rel=0.006)


@pytest.mark.parametrize(("k_q", "enhancement"), QUENCHING.items())
def test_surface_quenching_written_into_the_file(sample, k_q, enhancement):
    irradiance = [0.1, 1.0, 8.0, 10.0, 100.0]
    table = model(sample)
    levels = ["Yb:2F5/2", "Er:4I13/2", "Er:4I11/2", "Er:4F9/2", "Er:4S3/2"]
    table["quenching"] = {
        "levels": levels,
        "rate": k_q * np.e**2,
        "shell": 2,
        "reach": 1,
        "source": "made up",
    }
    quenched = EnergyTransfer.read(table, "quenched.toml").respond(np.array(irradiance), Conditions())
    found = sample.emission(irradiance, 300.0, 980.0)[:, 1] / quenched.emission[:, 1]
    np.testing.assert_allclose(found, enhancement, rtol=5e-3)


def test_every_number_of_the_file_has_its_source(sample):
    table = model(sample)
    entries = [table, *(entry for part in table.values() if isinstance(part, list) for entry in part)]
    assert [entry for entry in entries if not entry.get("source")] == []


def test_lines_are_those_a_spectrometer_would_see(sample):
    assert [line.wavelength for line in sample.lines[:4]] == [410, 541, 520, 654]
    assert [line.fwhm for line in sample.lines[:4]] == [10, 12, 12, 12]
    assert not [line for line in sample.lines if abs(line.wavelength - 980) < 20]
    assert sample.emission([1.0, 2.0], 300.0, 980.0).shape == (2, len(sample.lines))


def test_record_tells_what_an_operator_may_know(sample):
    record = msgspec.to_builtins(sample.record)
    assert record["bands"] == {"violet": (400, 420), "green": (515, 560), "red": (635, 680)}
    assert record["max_irradiance"] == 1e4
    assert "18 %Yb,2 %Er" in record["formula"]


def stated(sample: Sample, quantity: str) -> list[Any]:
    return [fact for fact in sample.facts if fact.quantity == quantity]


def test_facts_of_steady_light(sample):
    for fact in stated(sample, "exponent"):
        low, high = map(float, re.findall(r"[\d.]+", fact.conditions)[:2])
        ratio = sample.solve(high).bands[fact.of] / sample.solve(low).bands[fact.of]
        assert np.log(ratio) / np.log(high / low) == pytest.approx(fact.value, abs=fact.margin)
    for fact in stated(sample, "band ratio"):
        bands = sample.solve(float(fact.conditions.split()[0])).bands
        assert bands["green"] / bands["red"] == pytest.approx(fact.value, abs=fact.margin)
    (fact,) = stated(sample, "quantum yield")
    found = {watts: sample.solve(watts).quantum_yield for watts in np.geomspace(10, 200, 40)}
    assert max(found.values()) == pytest.approx(fact.value, abs=fact.margin)
    assert 40 < max(found, key=found.__getitem__) < 50


def test_facts_of_rise_and_decay(sample, equations):
    level = {"green": GREEN, "red": RED, "infrared 1538": MIDDLE}
    times = np.linspace(0, 0.06, 6001)
    decay = equations.evolve(times, 0.0, start=equations.steady_state(0.1)[0])
    for fact in stated(sample, "lifetime"):
        found = peak_and_tail(times, population(equations, decay, level[fact.of]))[1]
        assert found == pytest.approx(fact.value, abs=fact.margin)
    rise = equations.evolve(times, 10.0)
    for fact in stated(sample, "rise time"):
        y = population(equations, rise, level[fact.of])
        found = 1e3 * np.interp(-np.expm1(-1.0) * y[-1], y, times)
        assert found == pytest.approx(fact.value, abs=fact.margin)


def test_fact_of_the_thermometer(sample):
    (fact,) = stated(sample, "activation energy")
    kelvin = np.linspace(250, 400, 7)
    emission = np.array([sample.emission([10.0], value, 980.0)[0] for value in kelvin])
    names = [line.name for line in sample.lines]
    hot, cold = (emission[:, names.index(name)] for name in (fact.of, "green 541"))
    slope = np.polyfit(1 / (0.695035 * kelvin), np.log(hot / cold), 1)[0]
    assert -slope == pytest.approx(fact.value, abs=fact.margin)
