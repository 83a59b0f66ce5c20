"""The shipped Yb/Tm sample against its lattice sums, its limits at low power, and measured decays."""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy.constants import c, h
from scipy.ndimage import uniform_filter1d
from scipy.optimize import curve_fit

from antistokes.simulated_hw.physics.rate_equations import RateEquations
from antistokes.simulated_hw.samples.energy_transfer import EnergyTransfer
from antistokes.simulated_hw.samples.sample import Sample

Array = npt.NDArray[np.float64]

SITES = 1.38e22  # cm⁻³
L6 = 2.45168e-3  # Å⁻⁶
YB, INFRARED, BLUE, VIOLET, ULTRAVIOLET = "Yb:2F5/2", "Tm:3H4", "Tm:1G4", "Tm:1D2", "Tm:1I6"
UP = "Tm:1G4 + Tm:3H4 -> Tm:1D2 + Tm:3F4"
#: process; C6 in Å⁶/s; K = C6·L6 in s⁻¹ per unit fraction of acceptors; scale in the file
PAIRS = [
    ("Yb:2F5/2 + Tm:3H6 -> Yb:2F7/2 + Tm:3H5", 7.377e7, 1.81e5, 0.1),
    ("Yb:2F5/2 + Tm:3F4 -> Yb:2F7/2 + Tm:3F3", 1.563e8, 3.83e5, 0.3),
    ("Yb:2F5/2 + Tm:3H4 -> Yb:2F7/2 + Tm:1G4", 1.142e10, 2.80e7, 0.1),
    ("Tm:3H4 + Yb:2F7/2 -> Tm:3H6 + Yb:2F5/2", 1.312e7, 3.22e4, 1.0),
    ("Tm:1G4 + Tm:3H6 -> Tm:3H4 + Tm:3H5", 3.035e9, 7.44e6, 1.0),
    ("Tm:3H4 + Tm:3H6 -> Tm:3F4 + Tm:3F4", 1.318e8, 3.23e5, 1.0),
    (UP, 1.821e11, 4.46e8, 1.0),
    ("Tm:1G4 + Tm:1G4 -> Tm:3H5 + Tm:1I6", 1.603e6, 3.93e3, 1.0),
]
SCALE = {process: scale for process, _, _, scale in PAIRS}
PULSE = 10e-9  # s
FLUENCE = 0.1  # J/cm²: 1e7 W/cm² for 10 ns

DECAYS = Path(os.environ.get("ANTISTOKES_DECAYS", Path(__file__).parents[4] / "shared/data/decays"))


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample.load("ybtm-micro")


@pytest.fixture(scope="module")
def mechanism(sample: Sample) -> EnergyTransfer:
    assert isinstance(sample.mechanism, EnergyTransfer)
    return sample.mechanism


def changed(sample: Sample, change: Callable[[dict[str, Any]], None]) -> EnergyTransfer:
    """The sample's mechanism after *change* to the [model] table."""
    table = tomllib.loads(sample.text)["model"]
    del table["mechanism"]
    change(table)
    return EnergyTransfer.read(table, "changed.toml")


def unscaled(table: dict[str, Any]) -> None:
    for entry in table["transfers"]:
        entry["rate"] /= SCALE[entry["process"]]


@pytest.fixture(scope="module")
def sets(sample: Sample, mechanism: EnergyTransfer) -> dict[str, RateEquations]:
    """The file's equations and those without scales, at 976 nm, where the cross-section is 1.2e-20 cm²."""
    mechanisms = {"scaled": mechanism, "plain": changed(sample, unscaled)}
    return {name: each.equations(300.0, 976.0) for name, each in mechanisms.items()}


def population(equations: RateEquations, y: Array, level: str) -> Array:
    return np.asarray(y[..., equations.levels.index(level)])


def exponents(equations: RateEquations, low: float, high: float) -> list[float]:
    """d ln(population)/d ln(irradiance) of 3H4, 1G4, 1D2, 1I6 between two irradiances in W/cm²."""
    y = equations.steady_state([low, high])
    levels = [population(equations, y, level) for level in (INFRARED, BLUE, VIOLET, ULTRAVIOLET)]
    return [float(np.log(above / below) / np.log(high / low)) for below, above in levels]


def tail(times: Array, y: Array) -> float:
    """Decay time in ms from a logarithmic fit between 50 and 10 % of the maximum, behind it."""
    level = y[y.argmax() :] / y.max()
    first, last = y.argmax() + np.argmax(level < 0.5), y.argmax() + np.argmax(level < 0.1)
    return float(-1e3 / np.polyfit(times[first:last], np.log(y[first:last]), 1)[0])


def after_pulse(equations: RateEquations, cross_section: float = 1.2e-20) -> dict[str, tuple[float, float]]:
    """Level to time of its maximum and tail in ms after the pulse, absorbed with a cross-section in cm²."""
    times = np.arange(0, 20e-3, 1e-6)
    irradiance = FLUENCE / PULSE * cross_section / 1.2e-20
    y = equations.evolve(np.append(0.0, PULSE + times), [(0.0, irradiance), (PULSE, 0.0)])[1:]
    courses = {level: population(equations, y, level) for level in (YB, INFRARED, BLUE, VIOLET)}
    return {name: (1e3 * times[each.argmax()], tail(times, each)) for name, each in courses.items()}


def counts(name: str) -> tuple[Array, Array]:
    """Times in s and counts of a measured decay; skips the test where the files are not."""
    path = DECAYS / f"decay_{name}.txt"
    if not path.is_file():
        pytest.skip(f"no measured decays in {DECAYS}; ANTISTOKES_DECAYS names another folder")
    times, counted = np.loadtxt(path).T
    return times, counted


def measured(level: str) -> tuple[float, float]:
    """Time of the maximum and tail in ms of counts at 25 % Yb, 0.3 % Tm after 10 ns at 980 nm.

    The background is the mean of the last twentieth, the maximum that of a parabola through what is above
    95 % of it in counts averaged over 0.1 ms; the tail is that of the averaged counts.
    """
    times, counted = counts(f"Tm_{level}_exc_NIR_980_25.0Yb_0.3Tm")
    net = counted - counted[-len(counted) // 20 :].mean()
    averaged = uniform_filter1d(net, round(0.1e-3 / (times[1] - times[0])))
    top = np.flatnonzero(averaged > 0.95 * averaged.max())
    top = np.arange(top[0], top[-1] + 1)
    square, slope, _ = np.polyfit(times[top], net[top], 2)
    return float(-1e3 * slope / (2 * square)), tail(times, averaged)


def test_lattice_sum():
    """Occupancy/r⁶ over the cation sites of beta-NaYF4, a mean over donors on both kinds of site."""
    within = [np.arange(-n, n + 1) for n in (30, 30, 50)]  # 150 Å and more: what is beyond adds 6e-6 of it
    cells = np.stack(np.meshgrid(*within), axis=-1).reshape(-1, 3)
    axes = np.array([[5.9738, 0, 0], [-5.9738 / 2, 5.9738 * np.sqrt(0.75), 0], [0, 0, 3.5297]])  # Å
    sites, occupancy = np.array([[0, 0, 0], [2 / 3, 1 / 3, 1 / 2]]), np.array([1, 1 / 2])
    sums = []
    for donor in sites:
        apart = (((cells[:, None] + sites - donor) @ axes) ** 2).sum(axis=-1)
        inverse = np.divide(1.0, apart**3, out=np.zeros_like(apart), where=apart > 1e-6)
        sums.append((inverse @ occupancy).sum())
    assert sums == pytest.approx([2.34479e-3, 2.66546e-3], rel=2e-5)
    assert np.average(sums, weights=occupancy) == pytest.approx(L6, rel=1e-5)


@pytest.mark.parametrize(("process", "strength", "per_fraction", "scale"), PAIRS)
def test_pair_rates_are_lattice_means(sample, process, strength, per_fraction, scale):
    assert strength * L6 == pytest.approx(per_fraction, rel=2e-3)
    entries = {entry["process"]: entry for entry in tomllib.loads(sample.text)["model"]["transfers"]}
    assert set(entries) == set(SCALE)
    assert entries[process]["rate"] * SITES == pytest.approx(scale * strength * L6, rel=1e-5)
    assert (f"scale {scale:g} assumed" in entries[process]["source"]) == (scale != 1)


def test_lifetimes_are_those_of_single_ions(sample):
    equations = changed(sample, lambda table: table.update(transfers=[])).equations(300.0, 976.0)
    lifetimes = {YB: 2500.0, "Tm:3F4": 12000, "Tm:3H5": 25, INFRARED: 2000, "Tm:3F3": 2}
    lifetimes |= {BLUE: 775, VIOLET: 67.5, ULTRAVIOLET: 101.8, "Tm:3P0": 5}  # µs
    for level, microseconds in lifetimes.items():
        y = np.array([float(name == level) for name in equations.levels])
        rate = -population(equations, equations.rates(y, 0.0), level)
        assert 1e6 / rate == pytest.approx(microseconds, rel=1e-4)


@pytest.mark.parametrize("name", ["scaled", "plain"])
@pytest.mark.parametrize(("irradiance", "margin"), [(1e-3, 5e-4), (0.05, 0.02)])
def test_exponents_at_low_power_are_photon_numbers(sets, name, irradiance, margin):
    found = exponents(sets[name], irradiance, 1.1 * irradiance)
    assert found == pytest.approx([2, 3, 5, 6], abs=margin)


@pytest.mark.parametrize(
    ("low", "high", "slopes"),
    [(0.1, 0.2, [1.991, 2.994, 4.985, 5.988]), (1, 2, [1.917, 2.934, 4.850, 5.868])],
)
def test_exponents_of_the_plain_set_fall_with_power(sets, low, high, slopes):
    assert exponents(sets["plain"], low, high) == pytest.approx(slopes, abs=1e-3)


def test_the_blue_gains_on_the_infrared_with_power(sets):
    y = sets["scaled"].steady_state(np.geomspace(1e-3, 1e4, 71))
    ratio = population(sets["scaled"], y, BLUE) / population(sets["scaled"], y, INFRARED)
    assert np.all(np.diff(ratio) > 0)


def test_violet_comes_from_cross_relaxation_alone(sample):
    def without(table: dict[str, Any]) -> None:
        table["transfers"] = [entry for entry in table["transfers"] if entry["process"] != UP]

    found = changed(sample, without).equations(300.0, 976.0)
    y = found.steady_state([1.0])[0]
    assert population(found, y, VIOLET) == 0
    assert population(found, y, ULTRAVIOLET) > 0


# time of the maximum and tail in ms of Yb, 3H4, 1G4, 1D2
@pytest.mark.parametrize(
    ("name", "cross_section", "peaks", "tails"),
    [
        ("scaled", 1.2e-20, (0, 1.51, 1.03, 1.28), (2.20, 2.08, 1.19, 0.86)),
        ("scaled", 8.9e-22, (0, 1.55, 1.04, 1.30), (2.20, 2.08, 1.20, 0.87)),
        ("plain", 1.2e-20, (0, 0.94, 0.64, 0.82), (1.01, 1.07, 0.61, 0.44)),
        ("plain", 8.9e-22, (0, 0.87, 0.62, 0.79), (1.06, 1.07, 0.60, 0.44)),
    ],
)
def test_rise_and_decay_after_a_10_ns_pulse(sets, name, cross_section, peaks, tails):
    found = after_pulse(sets[name], cross_section)
    assert [each[0] for each in found.values()] == pytest.approx(peaks, abs=0.006)
    assert [each[1] for each in found.values()] == pytest.approx(tails, abs=0.006)


@pytest.mark.parametrize(
    ("level", "peak", "decay"), [(INFRARED, (1.22, 1.27), (2.19, 2.23)), (BLUE, (1.03, 1.08), (1.04, 1.08))]
)
def test_what_the_counts_say(level, peak, decay):
    """Guards the extraction: ranges are those of other smoothing and fit windows by eye."""
    found = measured(level.removeprefix("Tm:"))
    assert peak[0] < found[0] < peak[1]
    assert decay[0] < found[1] < decay[1]


@pytest.mark.parametrize("level", [INFRARED, BLUE])
def test_the_sample_rises_and_decays_as_measured(sets, level):
    ratios = np.divide(after_pulse(sets["scaled"])[level], measured(level.removeprefix("Tm:")))
    assert np.all(np.abs(ratios - 1) < 0.35), ratios


@pytest.mark.parametrize(("level", "most"), [(INFRARED, (0.80, 0.50)), (BLUE, (0.62, 0.60))])
def test_without_scales_it_transfers_too_much(sets, level, most):
    """Everything is too fast; only the maximum of 3H4 stays within 35 %."""
    ratios = np.divide(after_pulse(sets["plain"])[level], measured(level.removeprefix("Tm:")))
    assert np.all(ratios < most), ratios


def test_blue_light_excites_thulium_alone(sample, mechanism):
    """9.3e-3 cm²/J of simetuc at 473 nm, times the photon energy."""
    pumps = [entry for entry in tomllib.loads(sample.text)["model"]["absorption"] if entry["ion"] == "Tm"]
    assert pumps[0]["cross_section"] / (9.3e-3 * h * c / 473e-9) == pytest.approx(1, rel=5e-3)
    at = {nm: mechanism.equations(300.0, nm) for nm in (473.0, 976.0)}
    rising = {nm: each.rates(each.ground, 1.0) for nm, each in at.items()}
    for nm, excited, dark in ((473.0, BLUE, YB), (976.0, YB, BLUE)):
        assert population(at[nm], rising[nm], excited) > 0
        assert population(at[nm], rising[nm], dark) == 0


def test_single_ions_decay_as_measured_in_dilution_and_the_lattice_mean_does_not(sample):
    """1G4 at 0.1 % Tm without Yb: hardly any ion has the near partners of the mean over the lattice."""

    def dilute(table: dict[str, Any]) -> None:
        for name in ("ions", "absorption", "radiative"):
            table[name] = [entry for entry in table[name] if "Yb" not in entry.values()]
        table["ions"][0]["fraction"] = 0.001
        table["transfers"] = [entry for entry in table["transfers"] if "Yb" not in entry["process"]]

    def single(table: dict[str, Any]) -> None:
        dilute(table)
        table["transfers"] = []

    times, counted = counts("Tm_1G4_exc_Vis_473_0.0Yb_0.1Tm")
    fit, _ = curve_fit(lambda t, a, tau, b: a * np.exp(-t / tau) + b, times, counted, p0=(1, 1e-3, 0))
    assert fit[1] == pytest.approx(0.7375e-3, rel=1e-3)
    found = {}
    for change in (dilute, single):
        equations = changed(sample, change).equations(300.0, 473.0)
        delays = np.arange(0, 6e-3, 1e-6)
        y = equations.evolve(np.append(0.0, 5e-9 + delays), [(0.0, 1e6), (5e-9, 0.0)])[1:]
        found[change] = 1e-3 * tail(delays, population(equations, y, BLUE))
    assert found[single] / fit[1] == pytest.approx(1, abs=0.1)
    assert found[dilute] / fit[1] < 0.2


def test_every_number_of_the_file_has_its_source(sample):
    table = tomllib.loads(sample.text)["model"]
    entries = [table, *(entry for part in table.values() if isinstance(part, list) for entry in part)]
    assert [entry for entry in entries if not entry.get("source")] == []


def test_lines_lie_in_their_bands(sample):
    lines = {line.wavelength: line.name for line in sample.lines}
    assert list(lines)[:6] == [345, 362, 450, 475, 650, 800]
    within = {
        name: [nm for nm in lines if low <= nm <= high] for name, (low, high) in sample.record.bands.items()
    }
    assert within == {
        "ultraviolet": [345],
        "near-ultraviolet": [362],
        "violet-blue": [450, 451],
        "blue": [475],
        "red": [650],
        "infrared": [800],
    }


def test_lines_are_where_the_levels_put_them(sample):
    """Energies are those of level centres: the lines known by their wavelength lie up to 2 % away."""
    model = tomllib.loads(sample.text)["model"]
    energy = next(ion["levels"] for ion in model["ions"] if ion["name"] == "Tm")
    assert 1e7 / (energy["1I6"] - energy["3F4"]) == pytest.approx(344.1, abs=0.1)
    for line in model["emission"]:
        expected = 1e7 / (energy[line["from"]] - energy[line["to"]])
        known = "commonly quoted" in line["source"]
        assert line["wavelength"] == pytest.approx(expected, rel=0.02 if known else 0, abs=0.5), line["name"]


def test_facts_are_what_the_model_shows(sample, mechanism):
    equations = mechanism.equations(300.0, 980.0)
    found = {
        "exponent": dict(
            zip(
                ("infrared", "blue", "violet-blue", "ultraviolet"),
                exponents(equations, 0.01, 0.05),
                strict=True,
            )
        ),
        "lifetime": {
            name: after_pulse(equations)[level][1] for name, level in (("infrared", INFRARED), ("blue", BLUE))
        },
    }
    assert len(sample.facts) == 6
    for fact in sample.facts:
        assert found[fact.quantity][fact.of] == pytest.approx(fact.value, abs=fact.margin)
