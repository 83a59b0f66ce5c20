"""What the shipped multiphoton samples are known to show, computed from their models without noise."""

import re

import numpy as np
import pytest

from antistokes.analysis.lasing_threshold import extrapolated_threshold, extrapolation_bias
from antistokes.simulated_hw.conditions import Conditions, LaserPulses
from antistokes.simulated_hw.physics.constants import EV_NM
from antistokes.simulated_hw.samples.facts import Fact
from antistokes.simulated_hw.samples.sample import Sample

#: of Table 1
ROWS = ["pepi2p", "mapbr", "mapbms", "cspb116", "cspb107", "core5p", "cds165", "cds166", "cds167"]
OTHERS = [
    "pepi2p-flat",
    "cspb107-solution",
    "core5p-solution",
    "cds165-solution",
    "cspb116-46",
    "cspb116-114",
]
OTHERS += ["qdsize", "qdsize-46", "qdsize-114", "sipc", "sipc-planar", "csio2", "csio2-water"]
OTHERS += ["tpac", "tpac-10um", "tpac-200um"]
MULTIPHOTON = ROWS + OTHERS
ALL = [*MULTIPHOTON, "lqum150"]

PULSES = LaserPulses(100e-15, 80e6)
BETA = 0.01  # coupling of every resonator here
MJ_PER_W = 1e3 / PULSES.repetition  # fluence of a pulse in mJ/cm2 over irradiance in W/cm2
_KILO = {"": 1.0, "k": 1e3}
_NUMBER = r"(\d+(?:\.\d+)?(?:e\d+)?)"


def wavelength(text: str) -> float:
    found = re.search(rf"{_NUMBER} nm", text)
    assert found
    return float(found[1])


def conditions_of(text: str, nm: float | None = None) -> Conditions:
    kelvin = re.search(rf"{_NUMBER} K", text)
    assert kelvin
    pulses = PULSES if "pulses of 100 fs (sech2) at 80 MHz" in text else None
    assert (pulses is None) == ("continuous" in text)
    return Conditions(float(kelvin[1]), nm or wavelength(text), pulses)


def irradiance_of(text: str, default: float = 1.0) -> list[float]:
    """In W/cm², one or the two ends of a range."""
    found = re.search(rf"{_NUMBER}(?: to {_NUMBER})? (k?)W/cm2", text)
    if not found:
        return [default]
    return [float(value) * _KILO[found[3]] for value in found.groups()[:2] if value]


def emission(sample: Sample, irradiance: np.ndarray | list[float], conditions: Conditions) -> np.ndarray:
    """Of the first band, as a spectrometer sums it."""
    low, high = next(iter(sample.record.bands.values()))
    inside = [low <= line.wavelength <= high for line in sample.lines]
    return sample.respond(irradiance, conditions).emission[:, inside].sum(axis=1)


def anti_stokes_shift(sample: Sample, fact: Fact) -> float:
    conditions = conditions_of(fact.conditions)
    line = sample.lines_at(1.0, conditions)[0]
    return 1e3 * EV_NM * (1 / line.wavelength - 1 / conditions.wavelength)


def emission_wavelength(sample: Sample, fact: Fact) -> float:
    return sample.lines_at(1.0, conditions_of(fact.conditions))[0].wavelength


def exponent(sample: Sample, fact: Fact) -> float:
    irradiance = np.geomspace(*irradiance_of(fact.conditions), 15)
    signal = emission(sample, irradiance, conditions_of(fact.conditions))
    return float(np.polyfit(np.log(irradiance), np.log(signal), 1)[0])


def decay_time(sample: Sample, conditions: Conditions) -> float:
    """Mean arrival time after a pulse of 1 ps, ns."""
    times = np.concatenate([[0.0], np.linspace(1e-12, 2e-7, 4001), [1e-6]])
    high, low = np.array([1.0]), np.zeros(1)
    course = sample.pulsed(high, low, 1e-12, times, conditions)[0, 1:-1, 0]
    t = times[1:-1]
    return 1e9 * float(np.trapezoid(course * t, t) / np.trapezoid(course, t))


def lifetime(sample: Sample, fact: Fact) -> float:
    assert fact.unit == "ns"
    return decay_time(sample, conditions_of(fact.conditions))


def lifetime_ratio(sample: Sample, fact: Fact) -> float:
    two, one = (decay_time(sample, conditions_of(fact.conditions, nm)) for nm in (800.0, 400.0))
    return two / one


def centroid_shift(sample: Sample, fact: Fact) -> float:
    two, one = (
        EV_NM / sample.lines_at(1.0, conditions_of(fact.conditions, nm))[0].wavelength
        for nm in (800.0, 400.0)
    )
    return 1e3 * (two - one)


def quantum_yield(sample: Sample, fact: Fact) -> float:
    if "; of " in fact.conditions:  # resonators send their light elsewhere: measured on the emitter alone
        sample = Sample.load(fact.conditions.split("; of ")[-1])
    found = sample.respond(irradiance_of(fact.conditions), conditions_of(fact.conditions))
    return float(found.emission[0, 0] / found.absorbed[0])


def compared(sample: Sample, fact: Fact) -> float:
    """Emission over that of the sample that ``of`` names after 'over'."""
    other = Sample.load(fact.over)
    signals = [
        emission(one, irradiance_of(fact.conditions), conditions_of(fact.conditions))
        for one in (sample, other)
    ]
    return float(signals[0][0] / signals[1][0])


def cross_section_ratio(sample: Sample, fact: Fact) -> float:
    """Of what is absorbed, as long as nothing saturates."""
    other = Sample.load(fact.over)
    taken = [
        one.respond(irradiance_of(fact.conditions), conditions_of(fact.conditions)).absorbed[0]
        for one in (sample, other)
    ]
    return float(taken[0] / taken[1])


def size_exponent(sample: Sample, fact: Fact) -> float:
    family = {4.6: "qdsize-46", 9.4: "qdsize", 11.4: "qdsize-114"}
    irradiance, conditions = irradiance_of(fact.conditions), conditions_of(fact.conditions)
    signals = [emission(Sample.load(name), irradiance, conditions)[0] for name in family.values()]
    return float(np.polyfit(np.log(list(family)), np.log(signals), 1)[0])


def band_ratio(sample: Sample, fact: Fact) -> float:
    found = re.search(r"at (\d+) nm over (\d+) nm", fact.conditions)
    assert found
    irradiance = irradiance_of(fact.conditions)
    two, one = (
        emission(sample, irradiance, conditions_of(fact.conditions, float(nm))) for nm in found.groups()
    )
    return float(two[0] / one[0])


def threshold(sample: Sample, fact: Fact) -> float:
    """By the line through the signal against the power of the pump, between 3 and 20 times the threshold."""
    order = {800.0: 2, 680.0: 2, 1300.0: 3, 2100.0: 5, 980.0: 1}[wavelength(fact.conditions)]
    scale = {"mJ/cm^2": MJ_PER_W, "uJ/cm^2": 1e3 * MJ_PER_W, "W/cm^2": 1.0}[fact.unit]
    pump = fact.value * np.geomspace(3, 20, 30) ** (1 / order)
    conditions = conditions_of(fact.conditions)
    line = [one.name for one in sample.lines].index(fact.of)
    signal = sample.respond(pump / scale, conditions).emission[:, line]
    return extrapolated_threshold(pump, signal, order) / extrapolation_bias(BETA, order=order, points=30)


def linewidth(sample: Sample, fact: Fact) -> float:
    lines = sample.lines_at(irradiance_of(fact.conditions)[0], conditions_of(fact.conditions))
    return next(line.fwhm for line in lines if line.name == fact.of)


def tuning_range(sample: Sample, fact: Fact) -> float:
    ends = (
        next(
            line.wavelength
            for line in sample.lines_at(i, conditions_of(fact.conditions))
            if line.name == fact.of
        )
        for i in irradiance_of(fact.conditions)
    )
    return abs(float(np.subtract(*ends)))


MEASURED = {
    "anti-Stokes shift": anti_stokes_shift,
    "emission wavelength": emission_wavelength,
    "exponent": exponent,
    "lifetime": lifetime,
    "lifetime ratio": lifetime_ratio,
    "centroid shift": centroid_shift,
    "quantum yield": quantum_yield,
    "enhancement": compared,
    "cross-section ratio": cross_section_ratio,
    "size exponent": size_exponent,
    "band ratio": band_ratio,
    "threshold": threshold,
    "linewidth": linewidth,
    "tuning range": tuning_range,
}
FACTS = [(name, fact) for name in ALL for fact in Sample.load(name).facts]


@pytest.mark.parametrize(
    ("name", "fact"), FACTS, ids=[f"{name}: {fact.quantity} {fact.value:g}" for name, fact in FACTS]
)
def test_the_model_shows_what_is_known(name, fact):
    value = MEASURED[fact.quantity](Sample.load(name), fact)
    if fact.relation == "above":
        assert value > fact.value
    elif fact.relation == "below":
        assert value < fact.value
    else:
        assert value == pytest.approx(fact.value, abs=fact.margin)


@pytest.mark.parametrize("name", ALL)
def test_every_row_of_table_1_says_so(name):
    sample = Sample.load(name)
    assert sample.table1 == (name in ROWS)
    assert not sample.table1 or any(fact.source.startswith("Table 1 of the review") for fact in sample.facts)


def test_the_two_photon_coefficient_falls_with_thickness():
    conditions = Conditions(wavelength=800.0)
    found = [
        Sample.load(name).respond([10.0], conditions).absorbed[0]
        for name in ("tpac", "tpac-10um", "tpac-200um")
    ]
    assert found[0] > found[1] > found[2] > 0


def test_differences_between_one_and_two_photons_are_largest_for_small_crystals():
    names = ("cspb116-46", "cspb116", "cspb116-114")
    shifts, ratios = [], []
    for name in names:
        sample = Sample.load(name)
        facts = {fact.quantity: fact for fact in sample.facts}
        shifts.append(centroid_shift(sample, facts["centroid shift"]))
        ratios.append(lifetime_ratio(sample, facts["lifetime ratio"]))
    assert shifts == pytest.approx([-4.48, -1.07, -0.36], abs=0.01)
    assert ratios == pytest.approx([1.022, 1.022, 1.011], abs=1e-3)


def test_one_tenth_of_the_signal_at_1_50_ev_is_linear():
    sample = Sample.load("mapbr")
    conditions = Conditions(wavelength=827.0, pulses=PULSES)
    one, two = emission(sample, [1e-3, 1e3], conditions) / [1e-3, 1e3]
    assert (two - one) / one == pytest.approx(9.5, rel=0.01)


def test_the_water_does_not_move_the_threshold():
    sample = Sample.load("csio2-water")
    pump = np.geomspace(3, 20, 30) ** 0.5
    signal = emission(sample, pump / MJ_PER_W, Conditions(wavelength=800.0, pulses=PULSES))
    found = extrapolated_threshold(pump, signal, 2) / extrapolation_bias(BETA, order=2, points=30)
    assert found == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("pulses", [None, PULSES])
def test_light_is_no_more_than_was_absorbed(name, pulses):
    sample = Sample.load(name)
    irradiance = np.concatenate([[0.0], np.geomspace(1e-6, 1e12, 10)])
    for nm in (100.0, 400.0, *sample.record.excitation, 20000.0):
        for kelvin in (1.0, 1000.0):
            conditions = Conditions(kelvin, nm, pulses)
            found = sample.respond(irradiance, conditions)
            for values in (found.emission, found.absorbed, found.heat):
                assert np.all(np.isfinite(values))
                assert np.all(values >= 0)
            energy = found.absorbed / nm
            assert np.all(
                found.emission @ [1 / line.wavelength for line in sample.lines] <= energy * (1 + 1e-9)
            )
            lines = sample.lines_at(1e12, conditions)
            assert np.all(np.isfinite([[line.wavelength, line.fwhm] for line in lines]))


@pytest.mark.parametrize("name", MULTIPHOTON)
def test_the_line_is_in_a_band_of_the_sample(name):
    sample = Sample.load(name)
    conditions = Conditions(wavelength=sample.excitation, pulses=PULSES)
    for irradiance in (1.0, sample.record.max_irradiance):
        line = sample.lines_at(irradiance, conditions)[0]
        assert any(low < line.wavelength < high for low, high in sample.record.bands.values())
        assert emission(sample, [irradiance], conditions)[0] > 0


def test_the_template_is_bright_enough_for_the_virtual_bench():
    """At 2 kW/cm² of continuous light over (100 µm)²·π and 10 µm, of which 5e-6 are collected."""
    from antistokes.simulated_hw.samples.sample import template_file

    sample = Sample.load(template_file("multiphoton"))
    per_second = sample.emission([2e3], 300.0, 980.0)[0, 0] * np.pi * 1e-4 * 1e-3 * 5e-6
    assert per_second > 1e5
