"""Colours that lasers choose: by the width of their pulses (deng142), or by their wavelengths (lire135)."""

import re
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest

from antistokes.analysis.colour import line_chromaticity, pure_chromaticity
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.samples.facts import Fact
from antistokes.simulated_hw.samples.sample import Sample

Array = npt.NDArray[np.float64]

#: ms to green over red and to x, y with bands of 12 nm: 300 W/cm² every 30 ms
WIDTHS = {
    0.1: (1.773, 0.313, 0.674),
    0.2: (1.549, 0.322, 0.665),
    0.5: (0.987, 0.357, 0.631),
    1: (0.596, 0.407, 0.582),
    2: (0.362, 0.466, 0.526),
    4: (0.243, 0.513, 0.480),
    6: (0.206, 0.532, 0.461),
    10: (0.180, 0.548, 0.446),
}
WHITE = {980.0: 100.0, 800.0: 44.0, 1532.0: 83.0}  # nm to W/cm²


loaded = cache(Sample.load)


@pytest.fixture
def deng() -> Sample:
    return loaded("deng142")


@pytest.fixture(scope="module")
def lire() -> Sample:
    return Sample.load("lire135")


@cache  # as many tests look at the same pulses
def photons(
    name: str, width: float, irradiance: float = 300, period: float = 30, wavelength: float = 980
) -> dict[str, float]:
    """Photons of each line in a whole period, per cm³, after pulses of *width*; both in ms."""
    sample = loaded(name)
    first, last = 1e-3 * width, 1e-3 * period
    times = np.concatenate([np.linspace(0, first, 60), first + np.geomspace(1e-6, last - first, 200)])
    conditions = Conditions(wavelength=wavelength)
    emission = sample.pulsed(np.array([irradiance], dtype=float), np.zeros(1), first, times, conditions)
    counted = np.trapezoid(emission[0], times, axis=0)
    return {line.name: float(n) for line, n in zip(sample.lines, counted, strict=True)}


def colour(sample: Sample, counted: npt.ArrayLike) -> Array:
    """(x, y) of photons of each line."""
    lines = sample.lines
    return line_chromaticity(
        [line.wavelength for line in lines], counted, "photons", [line.fwhm for line in lines]
    )


def green_over_red(name: str, width: float, **pulses: float) -> float:
    counted = photons(name, width, **pulses)
    return counted["green 541"] / (counted["red 646"] + counted["red 650"])


def steady(sample: Sample, wavelength: float, irradiance: float) -> Array:
    return sample.respond([irradiance], Conditions(wavelength=wavelength)).emission[0]


def width_of(fact: Fact) -> float:
    found = re.match(r"pulses of ([\d.]+) ms", fact.conditions)
    assert found is not None
    return float(found[1])


# --- deng142


@pytest.mark.parametrize(("width", "expected"), WIDTHS.items())
def test_wide_pulses_are_red(deng, width, expected):
    counted = photons("deng142", width)
    assert counted["green 541"] / counted["red 646"] == pytest.approx(expected[0], rel=4e-3)
    assert colour(deng, list(counted.values())) == pytest.approx(expected[1:], abs=2e-3)


def test_facts_of_pulse_widths(deng):
    found = [fact for fact in deng.facts if fact.procedure == "pulse-width-colour"]
    for fact in found:
        width = width_of(fact)
        if fact.quantity == "band ratio":
            value = green_over_red("deng142", width)
        else:
            x, y = colour(deng, list(photons("deng142", width).values()))
            value = x if fact.quantity == "chromaticity x" else y
        assert value == pytest.approx(fact.value, abs=fact.margin)
    assert len(found) == 14


@pytest.mark.parametrize(
    ("irradiance", "period", "expected"),
    [(3000, 30, (1.818, 1.136, 1.043)), (30, 30, (1.494, 0.542, 0.133)), (300, 10, (1.10, 0.468, 0.175))],
)
def test_range_of_colours_depends_on_irradiance_and_period(irradiance, period, expected):
    found = [green_over_red("deng142", width, irradiance=irradiance, period=period) for width in (0.2, 1, 6)]
    assert found == pytest.approx(expected, rel=6e-3)


def test_green_over_red_falls_by_far_more_than_five():
    found = [green_over_red("deng142", width) for width in WIDTHS]
    assert np.all(np.diff(found) < 0)
    assert found[0] / found[-1] > 5


def test_without_cerium_it_is_never_red():
    sample = loaded("deng142-no-ce")
    for fact, expected in zip(sample.facts, (22.6, 7.99, 2.34), strict=True):
        found = green_over_red("deng142-no-ce", width_of(fact))
        assert found == pytest.approx(expected, rel=2e-3)
        assert found == pytest.approx(fact.value, abs=fact.margin)


def test_808_nm_is_blue_and_980_nm_is_not(deng):
    above, below = (fact for fact in deng.facts if fact.of == "blue")
    for wavelength, fact in ((808.0, above), (980.0, below)):
        bands = deng.solve(100.0, wavelength=wavelength).bands
        assert bands["blue"] > 0
        if fact.relation == "above":
            assert bands["blue"] / bands["red"] > fact.value
            assert bands["green"] == 0
        else:
            assert bands["blue"] / bands["red"] < fact.value
    assert deng.solve(100.0, wavelength=808.0).bands["blue"] > 1e3 * deng.solve(100.0).bands["blue"]


def test_blue_does_not_care_for_the_width_of_pulses(deng):
    found = [colour(deng, list(photons("deng142", w, wavelength=808).values())) for w in (0.1, 1, 10)]
    np.testing.assert_allclose(found, found[0] * np.ones((3, 1)), atol=1e-4)
    assert found[0][0] < 0.2
    assert found[0][1] < 0.15


def test_two_lasers_mix_the_colours_between_them(deng):
    blue, red = steady(deng, 808.0, 300.0), np.array(list(photons("deng142", 10.0).values()))
    ends = colour(deng, blue), colour(deng, red)
    mixed = colour(deng, blue / blue.sum() + red / red.sum())
    along = ends[1] - ends[0]
    part = (mixed - ends[0]) @ along / (along @ along)
    assert 0 < part < 1
    assert mixed == pytest.approx(ends[0] + part * along, abs=1e-9)


def test_red_lasts_half_a_millisecond(deng):
    fact = next(fact for fact in deng.facts if fact.quantity == "lifetime")
    width = 1e-4
    times = np.concatenate([np.linspace(0, width, 40), width + np.geomspace(1e-7, 30e-3 - width, 800)])
    y = deng.pulsed(np.array([300.0]), np.zeros(1), width, times, Conditions())[0, :, 1]
    top = y.argmax()
    found = 1e3 * (np.interp(-np.exp(-1), -y[top:] / y[top], times[top:]) - times[top])
    assert found == pytest.approx(0.54, abs=5e-3)
    assert found == pytest.approx(fact.value, abs=fact.margin)


def test_shifts_are_those_between_laser_and_line(deng):
    fact = next(fact for fact in deng.facts if fact.quantity == "anti-Stokes shift")
    line = next(line for line in deng.lines if line.name == fact.of)
    assert 1239841.93 * (1 / line.wavelength - 1 / 808) == pytest.approx(fact.value, abs=fact.margin)


@pytest.mark.parametrize("name", ["deng142", "deng142-no-ce", "lire135"])
@pytest.mark.parametrize("wavelength", [100.0, 800.0, 808.0, 980.0, 1532.0, 20000.0])
def test_limits(name, wavelength):
    sample = Sample.load(name)
    irradiance = np.append(0.0, np.geomspace(1e-3, 1e12, 16))
    for kelvin in (1.0, 1000.0):
        response = sample.respond(irradiance, Conditions(kelvin, wavelength))
        assert np.all(np.isfinite(response.emission))
        assert np.all(response.emission.sum(axis=1) <= 2 * response.absorbed)
        assert np.all(response.heat >= 0)
        visible = [i for i, line in enumerate(sample.lines) if line.wavelength < 700]
        assert np.all(response.emission[:, visible].sum(axis=1) <= 0.5 * response.absorbed)


# --- lire135


def test_each_laser_has_a_colour_of_its_own(lire):
    facts = [fact for fact in lire.facts if not fact.conditions.endswith("white")]
    for fact in facts:
        found = re.match(r"(\d+) nm alone, (\d+) W/cm2, 300 K", fact.conditions)
        assert found is not None
        assert WHITE[float(found[1])] == float(found[2])
        x, y = colour(lire, steady(lire, float(found[1]), float(found[2])))
        value = x if fact.quantity == "chromaticity x" else y
        assert value == pytest.approx(fact.value, abs=fact.margin)
    assert len(facts) == 6


def test_colours_are_near_those_of_pure_lines(lire):
    for wavelength, line, away in ((980.0, 475.0, 0.06), (800.0, 541.0, 0.03), (1532.0, 654.0, 0.005)):
        found = colour(lire, steady(lire, wavelength, WHITE[wavelength]))
        assert np.hypot(*(found - pure_chromaticity(line))) < away


def test_three_lasers_make_white(lire):
    x, y = colour(lire, sum(steady(lire, *laser) for laser in WHITE.items()))
    facts = [fact for fact in lire.facts if fact.conditions.endswith("white")]
    for fact, value in zip(facts, (x, y), strict=True):
        assert value == pytest.approx(fact.value, abs=fact.margin)


def test_mixtures_fill_the_triangle_of_the_three(lire):
    corners = np.array([colour(lire, steady(lire, *laser)) for laser in WHITE.items()])
    edges = np.column_stack([corners, np.ones(3)]).T
    shares = []
    for strength in np.random.default_rng(1).uniform(0.2, 2.0, (30, 3)):
        emissions = [
            steady(lire, wavelength, irradiance * share)
            for (wavelength, irradiance), share in zip(WHITE.items(), strength, strict=True)
        ]
        mixed = colour(lire, np.sum(emissions, axis=0))
        shares.append(np.linalg.solve(edges, [*mixed, 1.0]))
    # the blue itself shifts a little with the irradiance
    assert np.min(shares) > -0.01
    assert np.ptp(shares, axis=0).min() > 0.2


@pytest.mark.parametrize(
    ("lasers", "x", "y"),
    [
        ({980.0: 100.0, 800.0: 44.0}, (0.15, 0.21), (0.25, 0.50)),  # cyan
        ({800.0: 44.0, 1532.0: 50.0}, (0.35, 0.50), (0.45, 0.60)),  # yellow
        ({800.0: 25.0, 1532.0: 83.0}, (0.50, 0.65), (0.33, 0.47)),  # orange
        ({980.0: 100.0, 1532.0: 70.0}, (0.20, 0.50), (0.10, 0.25)),  # purple
    ],
)
def test_two_lasers_make_the_colours_between(lire, lasers, x, y):
    found = colour(lire, sum(steady(lire, *laser) for laser in lasers.items()))
    assert x[0] < found[0] < x[1]
    assert y[0] < found[1] < y[1]


def test_groups_of_ions_exchange_nothing(lire):
    for wavelength, dark in ((800.0, ("YbB:2F5/2", "ErR:4I13/2")), (1532.0, ("YbG:2F5/2", "YbB:2F5/2"))):
        populations = lire.solve(100.0, wavelength=wavelength).populations
        assert [populations[level] for level in dark] == [0, 0]
