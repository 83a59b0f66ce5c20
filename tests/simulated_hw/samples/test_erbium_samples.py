"""Samples of erbium, and one of terbium, sensitized by ytterbium and neodymium."""

import tomllib
from itertools import product

import numpy as np
import pytest

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.samples.facts import Fact
from antistokes.simulated_hw.samples.mechanism import Array
from antistokes.simulated_hw.samples.sample import Sample, shipped
from antistokes.simulated_hw.waveform import pulse_times

TABLE1 = ("css82", "oi88", "nd139", "nd168", "nd169")
FAMILIES = {
    "ag91": ("ag91", "ag91-30nm", "ag91-bare"),
    "cs81": ("cs81-bare", "cs81-1nm", "cs81-2nm", "cs81-4nm", "cs81"),
    "ernd163": ("ernd163", "ernd163-dry"),
    "oi88": ("oi88", "oi88-conventional", "oi88-er5", "oi88-er20", "oi88-er30"),
    "relay122": ("relay122-concentrated", "relay122-thin", "relay122-2nm", "relay122"),
    "retard119": ("retard119-thin", "retard119-1nm", "retard119"),
}
SAMPLES = (
    "yber",
    "css82",
    "nd139",
    "nd168",
    "nd169",
    *(each for family in FAMILIES.values() for each in family),
)
#: photons of these bands are those of the line here
LINES = {"green": "green 541", "violet": "violet 410", "infrared": "infrared 1525"}
UNITS = {"ms": 1e-3, "us": 1e-6, "s": 1.0}


def fact(name: str, quantity: str, of: str = "", above: float = -np.inf) -> Fact:
    """The fact of a sample about a quantity of what starts with *of*, with a value beyond *above*."""
    found = [f for f in Sample.load(name).facts if f.quantity == quantity and f.of.startswith(of)]
    return next(f for f in found if f.value > above)


def holds(known: Fact, found: float) -> bool:
    if known.relation != "equal":
        return found > known.value if known.relation == "above" else found < known.value
    assert known.margin is not None
    return abs(found - known.value) <= known.margin


def column(sample: Sample, line: str) -> int:
    return [each.name for each in sample.lines].index(LINES.get(line, line))


def emission(name: str, irradiance: list[float] | float, line: str = "green 541") -> Array:
    """Photons s⁻¹ cm⁻³ of a line at irradiances in W/cm² under the sample's usual laser at 300 K, (n,)."""
    sample = Sample.load(name)
    return sample.emission(irradiance, 300.0, sample.excitation)[:, column(sample, line)]


def exponent(name: str, low: float, high: float, line: str = "green 541") -> float:
    """Of a power law fitted between two irradiances in W/cm²."""
    irradiance = np.geomspace(low, high, 9)
    slope = np.polyfit(np.log(irradiance), np.log(emission(name, list(irradiance), line)), 1)[0]
    return float(slope)


def lifetime(name: str, irradiance: float, period: float, line: str = "green 541") -> float:
    """In s after pulses of 5 ms, logarithmic fit from 30 to 1 % of the peak."""
    sample, times = Sample.load(name), pulse_times(5e-3, period)
    on, off, conditions = np.array([irradiance]), np.zeros(1), Conditions(wavelength=sample.excitation)
    course = sample.pulsed(on, off, 5e-3, times, conditions)[0, :, column(sample, line)]
    tail = (times >= 5e-3) & (course < 0.3 * course.max()) & (course > 0.01 * course.max())
    return float(-1 / np.polyfit(times[tail], np.log(course[tail]), 1)[0])


def test_families_are_complete():
    assert set(SAMPLES) <= set(shipped())
    for name, members in FAMILIES.items():
        assert sorted(each for each in shipped() if each.split("-")[0] == name) == sorted(members)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_says_what_it_is(name):
    sample = Sample.load(name)
    assert sample.record.id == name
    assert sample.table1 == (name in TABLE1)
    assert sample.record.formula
    assert sample.record.description
    assert "of Zhang, Du, Liu, Nanoscale 2024, 16, 2747" in sample.record.references[0]
    assert sample.excitation == (808 if name[:2] in ("nd", "er", "re") else 980)
    names = [line.name for line in sample.lines]
    known = (
        f.of.split(",")[0] for f in sample.facts if f.quantity in ("anti-Stokes shift", "emission wavelength")
    )
    assert set(known) <= set(names)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_number_of_a_file_has_its_source(name):
    for text in Sample.load(name).text.split("# ---------------- extends "):
        tables = tomllib.loads(text.partition("\n")[2])
        model = tables.get("model", {})
        entries = [entry for part in model.values() for entry in (part if isinstance(part, list) else [part])]
        tables_of_numbers = [e for e in entries if isinstance(e, dict) and set(e) - {"name", "hot"}]
        assert [e for e in tables_of_numbers if not e.get("source")] == []


@pytest.mark.parametrize("name", SAMPLES)
def test_energy_is_conserved_and_everything_finite(name):
    sample, irradiance = Sample.load(name), np.array([0, 1e-6, 1, 1e3, 1e12])
    energy = 1.986446e-16  # J·nm
    for kelvin, wavelength in product((1.0, 300.0, 1000.0), (100.0, 808.0, 980.0, 1038.0, 20000.0)):
        found = sample.respond(irradiance, Conditions(kelvin, wavelength))
        for values in (found.emission, found.absorbed, found.populations, found.heat):
            assert np.isfinite(values).all()
        assert (found.emission >= 0).all()
        assert ((found.populations >= 0) & (found.populations <= 1)).all()
        assert (found.heat >= 0).all()
        emitted = found.emission @ np.array([energy / line.wavelength for line in sample.lines])
        assert (emitted <= found.absorbed * energy / wavelength).all()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        *((each, "green") for each in ("css82", "oi88", "nd139", "nd168", "ernd163")),
        ("ernd163", "red"),
        ("nd169", "violet"),
    ],
)
def test_anti_stokes_shifts(name, line):
    known, sample = fact(name, "anti-Stokes shift", line), Sample.load(name)
    wavelength = sample.lines[column(sample, known.of)].wavelength
    assert holds(known, 1239841.93 * (1 / wavelength - 1 / sample.excitation))


@pytest.mark.parametrize("line", ["green 520", "green 541", "red 654"])
def test_lines_of_bare_particles(line):
    sample = Sample.load("yber")
    assert holds(fact("yber", "emission wavelength", line), sample.lines[column(sample, line)].wavelength)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("yber", 0.1, 10),
        ("cs81", 0.1, 10),
        ("nd139", 0.1, 0.5),
        ("nd168", 0.005, 0.05),
        ("nd169", 0.5, 5),
        ("ernd163", 1, 10),
    ],
)
def test_exponents_at_low_power(name, low, high):
    known = fact(name, "exponent", above=1.5)
    line = "green 545" if name == "cs81" else known.of
    assert f"{low:g} to {high:g} W/cm2" in known.conditions
    assert holds(known, exponent(name, low, high, line))


def test_the_green_saturates_at_high_power_later_where_the_surface_quenches():
    assert holds(fact("yber", "exponent"), exponent("yber", 0.1, 10))
    saturated = next(f for f in Sample.load("yber").facts if f.relation == "below")
    assert holds(saturated, exponent("yber", 5e3, 1e4))
    assert exponent("yber", 20, 50) > 1.8
    assert exponent("yber-micro", 20, 50) < 1.1


@pytest.mark.parametrize(
    ("name", "irradiance", "period", "line"),
    [
        ("css82", 8, 60e-3, "green"),
        ("oi88", 2, 60e-3, "green"),
        ("nd168", 1, 60e-3, "green"),
        ("relay122-thin", 1, 100e-3, "infrared"),
        ("relay122", 1, 100e-3, "infrared"),
        ("retard119-thin", 1, 100e-3, "infrared"),
        ("retard119", 1, 100e-3, "infrared"),
    ],
)
def test_lifetimes(name, irradiance, period, line):
    known = fact(name, "lifetime", line)
    assert f"5 ms at {irradiance} W/cm2 every {1e3 * period:g} ms" in known.conditions
    assert holds(known, lifetime(name, irradiance, period, line) / UNITS[known.unit])


@pytest.mark.parametrize("name", ["relay122-2nm", "retard119-1nm"])
def test_a_middle_layer_gives_a_lifetime_in_between(name):
    stated = [known for known in Sample.load(name).facts if known.quantity == "lifetime"]
    assert [known.relation for known in stated] == ["above", "below"]
    found = lifetime(name, 1.0, 100e-3, "infrared")
    assert all(holds(known, found / UNITS[known.unit]) for known in stated)


@pytest.mark.parametrize("family", ["relay122", "retard119"])
def test_the_lifetime_grows_with_the_layer(family):
    found = [lifetime(name, 1.0, 100e-3, "infrared") for name in FAMILIES[family]]
    assert np.all(np.diff(found) > 0)


def test_lifetimes_of_the_relay_span_three_orders_of_magnitude():
    long, short = (lifetime(name, 1.0, 100e-3, "infrared") for name in ("relay122", "relay122-concentrated"))
    assert holds(fact("relay122", "lifetime ratio"), long / short)


def test_the_retarding_layer_hardly_dims():
    known = fact("retard119", "band ratio")
    thin, middle, thick = (emission(name, 1.0, "infrared")[0] for name in FAMILIES["retard119"])
    assert holds(known, thick / thin)
    assert holds(known, middle / thin)


@pytest.mark.parametrize(
    ("name", "irradiance"), [("css82", 8), ("oi88", 2), ("nd139", 1), ("nd168", 1), ("nd169", 10)]
)
def test_quantum_yields(name, irradiance):
    known = fact(name, "quantum yield")
    assert known.conditions.startswith(f"{irradiance} W/cm2")
    found = Sample.load(name).solve(irradiance).quantum_yield
    assert found is not None
    assert holds(known, found)


@pytest.mark.parametrize(
    ("name", "bare", "irradiance"),
    [
        ("css82", "yber", 8),
        ("cs81", "cs81-bare", 1),
        ("oi88", "oi88-conventional", 150),
        ("ag91", "ag91-bare", 10),
    ],
)
def test_enhancements(name, bare, irradiance):
    known, line = fact(name, "enhancement"), "green 545" if name == "cs81" else "green"
    assert known.over == bare
    assert known.conditions.startswith(f"{irradiance} W/cm2")
    assert holds(known, (emission(name, irradiance, line) / emission(bare, irradiance, line))[0])


def test_a_cooperative_pair_gains_by_the_square_of_ytterbium_times_terbium():
    for shell in (0, 1, 2, 4):
        name = "cs81-bare" if shell == 0 else f"cs81-{shell}nm"
        lost, left = 1200 * np.exp(-shell), 1200 * np.exp(-6)
        known = ((613 + lost) / (613 + left)) ** 2 * (1 / 3e-3 + lost) / (1 / 3e-3 + left)
        found = emission("cs81", 1e-3, "green 545") / emission(name, 1e-3, "green 545")
        assert found[0] == pytest.approx(known, rel=2e-3)


def test_the_gain_of_a_shell_flattens():
    for name in FAMILIES["cs81"][1:]:
        stated = [known for known in Sample.load(name).facts if known.quantity == "enhancement"]
        assert len(stated) == 2
        for known in stated:
            assert known.conditions == f"1 W/cm2, 980 nm, 300 K; over {known.over}"
            gain = emission(name, 1.0, "green 545") / emission(known.over, 1.0, "green 545")
            assert holds(known, gain[0])
    found = [emission(name, 1.0, "green 545")[0] for name in FAMILIES["cs81"]]
    steps = np.diff(np.log(found))
    assert np.all(steps > 0)
    assert steps[-1] < 0.15 < steps[0]


def test_ten_per_cent_erbium_is_best_and_the_optimum_rises_with_irradiance():
    contents = {5: "oi88-er5", 10: "oi88", 20: "oi88-er20", 30: "oi88-er30"}
    best = {}
    for irradiance in (10.0, 100.0, 150.0, 250.0, 2000.0):
        best[irradiance] = max(contents, key=lambda percent: emission(contents[percent], irradiance)[0])
    assert holds(fact("oi88", "best concentration"), best[150.0])
    for percent, name in contents.items():
        populations = Sample.load(name).solve(150.0).populations
        erbium = sum(share for level, share in populations.items() if level.startswith("Er:"))
        assert erbium == pytest.approx(0.95 * percent / 100)
    assert best == {10.0: 5, 100.0: 10, 150.0: 10, 250.0: 10, 2000.0: 30}


def test_silver_helps_most_at_15_nm_and_shortens_the_green():
    assert holds(
        fact("ag91-30nm", "enhancement"), (emission("ag91-30nm", 10.0) / emission("ag91-bare", 10.0))[0]
    )
    assert emission("ag91-30nm", 10.0) < emission("ag91", 10.0)
    with_silver, bare = (lifetime(name, 10.0, 60e-3) for name in ("ag91", "ag91-bare"))
    assert holds(fact("ag91", "lifetime ratio"), with_silver / bare)


def test_water_warms_far_more_at_980_nm():
    """On a spot of w = 100 µm, in layers of 1 to 10 µm."""
    wet, dry, area = Sample.load("ernd163"), Sample.load("ernd163-dry"), np.pi * 1e-4
    under = {nm: Conditions(300.0, nm) for nm in (808.0, 980.0)}
    for power, thickness in product((1e-3, 0.1), (1e-4, 1e-3)):
        near, far = (wet.warming(power, area, thickness, under[nm]) for nm in (808.0, 980.0))
        assert holds(fact("ernd163", "temperature change ratio"), far / near)
        assert far / near == pytest.approx(18.3, abs=0.1)
        assert far == pytest.approx(72.5 * power, rel=2e-3)
        assert 0 < dry.warming(power, area, thickness, under[980.0]) < 1e-3 * far
    assert emission("ernd163", 10.0) < emission("ernd163-dry", 10.0)


def test_particles_in_water_are_those_of_a_solid_a_thousandfold_diluted():
    """Pairs meet within a particle: dilution leaves populations, and the light of each particle."""
    water, solid = Sample.load("ernd163").text, Sample.load("nd139").text

    def model(text):
        head = "# ---------------- extends "
        files = [tomllib.loads(part.partition("\n")[2]) for part in f"{head}x\n{text}".split(head)[1:]]
        rates = {e["process"]: e["rate"] for f in files[::-1] for e in f["model"].get("transfers", ())}
        return next(f["model"]["site_density"] for f in files if "site_density" in f["model"]), rates

    (thin, diluted), (dense, rates) = model(water), model(solid)
    assert thin == pytest.approx(1e-3 * dense)
    assert diluted == pytest.approx({process: 1e3 * rate for process, rate in rates.items()})


@pytest.mark.parametrize("name", ["css82", "nd139"])
def test_thresholds_are_doubted_as_there_is_none(name):
    known = fact(name, "threshold")
    assert known.doubtful
    assert known.unit == "J/cm^2"
    assert exponent(name, known.value / 10, known.value * 10) < 2


@pytest.mark.parametrize("name", ["nd139", "nd168", "nd169", "ernd163"])
def test_neodymium_samples_glow_under_two_lasers_and_by_neodymium_only_under_one(name):
    sample = Sample.load(name)
    under = {nm: sample.emission([1.0], 300.0, nm)[0] for nm in (808.0, 980.0)}
    red, neodymium = column(sample, "red 654"), column(sample, "infrared 1060")
    assert 0.3 < under[808.0][red] / under[980.0][red] < 3
    assert under[808.0][neodymium] > 0 == under[980.0][neodymium]
