"""Neodymium outside, erbium inside: how late green comes, what it costs, and files that are refused."""

import copy
import tomllib
from typing import Any

import numpy as np
import pytest
from scipy.constants import c, h

from antistokes.instruments.errors import FileRefused
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.migration import NdSensitisedParticle
from antistokes.simulated_hw.samples.sample import Sample, template_file
from antistokes.simulated_hw.samples.shell_migration import ShellMigration

NEAR_INFRARED = Conditions(wavelength=800.0)
WIDTH, PERIOD = 1e-6, 10e-3
TIMES = np.concatenate([np.linspace(0, WIDTH, 5), WIDTH + np.geomspace(1e-7, PERIOD - WIDTH, 400)])


def model(name: str) -> dict[str, Any]:
    """The [model] table of a shipped file without a parent."""
    table = tomllib.loads(Sample.load(name).text)["model"]
    del table["mechanism"]
    return table


def particle(**layers: float) -> ShellMigration:
    table = model("diss77")
    table["layers"] |= layers
    return ShellMigration.read(table, "changed.toml")


def green(mechanism: Any, irradiance: float = 10.0) -> np.ndarray:
    return mechanism.pulsed(np.array([irradiance]), np.zeros(1), WIDTH, TIMES, NEAR_INFRARED)[0, :, 0]


def rise(signal: np.ndarray) -> float:
    """µs from the pulse to 63 % of the peak."""
    top = signal.argmax()
    return float(np.interp(-np.expm1(-1) * signal[top], signal[: top + 1], 1e6 * TIMES[: top + 1]))


@pytest.mark.parametrize(("name", "expected"), [("diss77", 388.1), ("diss77-l0", 194.6)])
def test_green_rises_as_late_as_known(name, expected):
    sample = Sample.load(name)
    fact = next(fact for fact in sample.facts if fact.quantity == "rise time")
    found = rise(green(sample))
    assert found == pytest.approx(expected, abs=0.2)
    assert found == pytest.approx(fact.value, abs=fact.margin)


def test_a_thinner_spacer_is_in_between():
    sample = Sample.load("diss77-l2")
    stated = {fact.relation: fact.value for fact in sample.facts if fact.quantity == "rise time"}
    found = rise(green(sample))
    assert found == pytest.approx(279.3, abs=0.2)
    assert stated["above"] < found < stated["below"]


def test_it_is_later_behind_every_further_layer():
    found = [rise(green(particle(spacer=spacer, step=1.0))) for spacer in (0, 1, 2, 3, 4.5)]
    assert np.all(np.diff(found) > 0)


@pytest.mark.parametrize("spacer", [0.0, 4.5])
def test_weak_flashes_are_those_of_the_exact_kinetics(spacer):
    found = green(particle(spacer=spacer, step=0.5), 0.01)
    times = np.append(0.0, TIMES[TIMES > WIDTH] - WIDTH / 2)
    exact = NdSensitisedParticle().after_flash(times, spacer).green
    top = exact.argmax()
    expected = np.interp(-np.expm1(-1) * exact[top], exact[: top + 1], 1e6 * times[: top + 1])
    assert rise(found) == pytest.approx(expected, abs=2)


def test_a_spacer_costs_green_at_equal_absorbed_energy():
    """4 to 5.5 % of the photons remain in 4.5 nm, 19 to 26 % where a volume of shell absorbs as much."""
    volumes = {spacer: (11 + spacer) ** 3 for spacer in (0.0, 4.5)}
    shells = {spacer: volume - (8 + spacer) ** 3 for spacer, volume in volumes.items()}
    photons = {
        spacer: np.trapezoid(green(particle(spacer=spacer), 0.01), TIMES) * volume
        for spacer, volume in volumes.items()
    }
    ratio = photons[4.5] / photons[0.0]
    assert 0.19 < ratio < 0.26
    assert 0.04 < ratio * (shells[0.0] / shells[4.5]) ** 2 < 0.055


def test_green_takes_two_photons():
    sample = Sample.load("diss77")
    fact = next(fact for fact in sample.facts if fact.quantity == "exponent")
    low, high = sample.respond([0.1, 1.0], NEAR_INFRARED).emission[:, 0]
    assert np.log10(high / low) == pytest.approx(fact.value, abs=fact.margin)


def test_the_second_step_takes_its_own_rate():
    """Weak light: first·N = k_m·m and second·N·m/n = k_g·g, with n emitters."""
    mechanism, table = particle(), model("diss77")["emitter"]
    populations = mechanism.respond(np.array([1e-3]), NEAR_INFRARED).populations[0]
    ground, intermediate, upper = populations[-3:]
    steps = table["second"] / table["first"] * table["intermediate_decay"] / table["upper_decay"]
    assert ground == pytest.approx(0.02 * (8 / 15.5) ** 3, rel=1e-3)
    assert upper * ground / intermediate**2 == pytest.approx(steps, rel=1e-4)


def test_either_ion_absorbs_at_its_own_wavelength():
    sample = Sample.load("diss77")
    at = {nm: sample.respond([1.0], Conditions(wavelength=nm)) for nm in (600.0, 808.0, 976.0)}
    names = sample.mechanism.levels
    assert at[600.0].absorbed == 0
    assert at[600.0].emission.sum() == 0
    assert at[976.0].populations[0, names.index("Nd:excited")] == 0
    shell = (15.5**3 - 12.5**3) / 15.5**3
    photon = h * c / 808e-9
    assert at[808.0].absorbed[0] == pytest.approx(1.38e22 * 0.2 * shell * 1.2e-19 / photon, rel=1e-3)
    photon = h * c / 976e-9
    assert at[976.0].absorbed[0] == pytest.approx(1.38e22 * 0.2 * 1.2e-20 / photon, rel=1e-3)


def test_energy_wanders_to_the_same_place_whatever_the_cells():
    fine, coarse = (particle(step=step) for step in (0.25, 0.5))
    e = [m.respond(np.array([1.0]), NEAR_INFRARED).emission[0] for m in (fine, coarse)]
    np.testing.assert_allclose(e[0], e[1], rtol=0.01)


@pytest.mark.parametrize("wavelength", [100.0, 808.0, 980.0, 20000.0])
def test_limits(wavelength):
    mechanism = particle(step=1.0)
    irradiance = np.append(0.0, np.geomspace(1e-6, 1e12, 19))
    response = mechanism.respond(irradiance, Conditions(wavelength=wavelength))
    photon = h * c / (wavelength * 1e-9)
    emitted = response.emission @ [h * c / (line.wavelength * 1e-9) for line in mechanism.lines]
    assert np.all((response.populations >= 0) & (response.populations <= 1))
    assert np.all(emitted <= response.absorbed * photon * (1 + 1e-9))
    np.testing.assert_allclose(response.absorbed * photon, emitted + response.heat, rtol=1e-9)
    assert response.emission[0].sum() == 0


def test_the_mean_over_fast_pulses_is_that_of_steady_light():
    mechanism = particle(step=1.0)
    times = np.linspace(0, 1e-6, 21)
    pulsed = mechanism.pulsed(np.array([20.0]), np.zeros(1), 0.5e-6, times, NEAR_INFRARED)
    steady = mechanism.respond(np.array([10.0]), NEAR_INFRARED).emission
    np.testing.assert_allclose(np.trapezoid(pulsed[0], times, axis=0) / 1e-6, steady[0], rtol=0.01)


def test_the_diagram_has_the_levels_and_the_way_of_the_energy():
    diagram = particle().diagram(NEAR_INFRARED)
    assert diagram.levels["Er:upper"] == 18520
    kinds = {(t.start, t.end): t.kind for t in diagram.transitions}
    assert kinds["Nd:ground", "Nd:excited"] == "excitation"
    assert kinds["Yb:ground", "Yb:excited"] == "transfer"
    assert kinds["Er:intermediate", "Er:upper"] == "transfer"
    assert kinds["Er:upper", "Er:ground"] in ("emission", "nonradiative")


def test_the_template_glows_under_the_laser_of_the_bench():
    sample = Sample.load(template_file("shell-migration"))
    low, high = sample.respond([0.1, 1.0], Conditions(wavelength=980.0)).emission[:, 0]
    assert np.log10(high / low) == pytest.approx(2, abs=0.05)


@pytest.mark.parametrize(
    ("where", "value", "key", "problem"),
    [
        ("layers.core", -1, "layers.core", "expected float >= 0.0001"),
        ("layers.step", 0.01, "layers.step", "at most 200"),
        ("layers.spacers", 1, "layers.spacers", "did you mean 'spacer'?"),
        ("migrating.name", "Nd", "", "has two ions named 'Nd'"),
        ("migrating.diffusion", "3 cm", "migrating.diffusion", "in cm^2/s"),
        ("migrating.energy", 12000, "sensitizer.energy", "must not lie below the 12000 cm-1"),
        ("emitter.intermediate", 11000, "migrating.energy", "must not lie below the 11000 cm-1"),
        ("emitter.upper", 21000, "emitter.upper", "Yb lifts Er to 20450 cm-1 at most"),
        ("emitter.upper", 9000, "emitter.upper", "must not lie below the 10200 cm-1"),
        ("emitter.upper_decay", 0, "emitter.upper_decay", "expected float > 0"),
        ("absorption.0.ion", "Er", "absorption[0].ion", "Nd and Yb absorb"),
        ("emission.0.level", "Er:ground", "emission[0].level", "light comes from Nd:excited, Yb:excited"),
        ("emission.0.wavelength", 500, "emission[0].wavelength", "cannot send it out"),
        ("emission.1.share", 0.6, "emission[3].share", "sum to 1.1; at most 1"),
        ("emission.1.name", "green 540", "emission", "two lines named 'green 540'"),
        ("sensitizer.source", "", "sensitizer.source", "is ''"),
    ],
)
def test_bad_input_is_refused(where, value, key, problem):
    table: Any = copy.deepcopy(model("diss77"))
    inner, (*steps, last) = table, where.split(".")
    for step in steps:
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    inner[last] = value
    with pytest.raises(FileRefused) as refusal:
        ShellMigration.read(table, "bad.toml")
    assert str(refusal.value).startswith(f"bad.toml: model{'.' if key else ''}{key}")
    assert problem in str(refusal.value)
