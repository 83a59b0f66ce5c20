"""Yields put into a simulated sphere, and what comes out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.integrating_sphere import (
    Sphere,
    SphereSample,
    escaping,
    three_measurements,
    two_measurements,
    without_reabsorption,
)
from antistokes.simulated_hw.samples.sample import Sample

PHOTONS = 1e12


def test_both_forms_recover_absorptance_and_yield() -> None:
    for absorptance, quantum_yield, area in itertools.product(
        (1e-3, 0.2, 1.0), (1e-4, 0.05, 1.0), (0.0, 0.01)
    ):
        sample = SphereSample(absorptance, quantum_yield, area_fraction=area)
        readings = Sphere().measure(sample, PHOTONS)
        assert three_measurements(readings) == pytest.approx((absorptance, quantum_yield), rel=1e-9)
        assert two_measurements(readings)[1] == pytest.approx(quantum_yield, rel=1e-9)


def test_every_photon_is_lost_once() -> None:
    """What is missing of the laser has been absorbed; a sample of yield 1 sends as much."""
    rng = np.random.default_rng(4)
    for _ in range(200):
        a, eta, area, rho, ports = rng.uniform(0, (1, 1, 0.1, 0.99, 0.2))
        r = Sphere(max(rho, 0.1), ports).measure(SphereSample(a, eta, area_fraction=area), PHOTONS)
        for laser, emission in ((r.laser_b, r.emission_b), (r.laser_c, r.emission_c)):
            assert 0 <= emission <= (r.laser_a - laser) * (1 + 1e-9) + 1e-3
            assert emission == pytest.approx(eta * (r.laser_a - laser), rel=1e-6, abs=1e-3)


def test_the_sphere_multiplies_as_reflections_add_up() -> None:
    sphere = Sphere(reflectance=0.97, port_fraction=0.02)
    bounces = sum(0.97 * (0.97 * 0.98) ** n for n in range(2000))
    assert sphere.multiplication() == pytest.approx(bounces)
    assert sphere.multiplication() == pytest.approx(19.64, abs=0.01)
    assert sphere.multiplication(0.01) < sphere.multiplication()


def test_upconversion_needs_three_measurements() -> None:
    """Scattered light is too weak to be upconverted: two measurements count it as absorbed in vain."""
    readings = Sphere().measure(SphereSample(0.1, 0.05, diffuse_yield=0.0), PHOTONS)
    assert readings.emission_b == 0
    assert three_measurements(readings) == pytest.approx((0.1, 0.05))
    taken = 1 - readings.laser_b / readings.laser_a
    assert two_measurements(readings)[1] == pytest.approx(0.05 * 0.1 / (0.1 + 0.9 * taken))
    assert two_measurements(readings)[1] < 0.6 * 0.05


def test_reabsorption_lowers_the_yield_and_can_be_undone() -> None:
    readings = Sphere().measure(SphereSample(0.3, 0.6, reabsorption=0.4), PHOTONS)
    _, found = three_measurements(readings)
    assert found == pytest.approx(0.6 * 0.6 / (1 - 0.4 * 0.6))
    assert without_reabsorption(found, 0.4) == pytest.approx(0.6)
    # photon by photon: absorbed again with a, emitted again with η
    generations = sum(0.6 * 0.6 * (0.4 * 0.6) ** n for n in range(60))
    assert found == pytest.approx(generations)


def test_reabsorption_correction_inverts_for_every_yield() -> None:
    for eta, a in itertools.product((0.0, 1e-4, 0.5, 1.0), (0.0, 0.3, 0.9)):
        assert without_reabsorption(escaping(eta, a), a) == pytest.approx(eta, abs=1e-12)


def test_a_blank_that_does_not_match() -> None:
    """L_a too large by 3 %: the absorptance of three measurements stays, that of two is wrong."""
    sample = SphereSample(0.05, 0.1, area_fraction=0.0)
    readings = Sphere(blank_mismatch=0.03).measure(sample, PHOTONS)
    assert three_measurements(readings) == pytest.approx((0.05, 0.1 / 1.03))
    absorptance, quantum_yield = two_measurements(readings)
    assert absorptance == pytest.approx(1 - 0.95 / 1.03)
    assert quantum_yield == pytest.approx(0.005 / 0.08)


def test_an_attenuator_taken_for_another_scales_the_yield() -> None:
    """0.05 of optical density: 12 % in the yield, nothing in the absorptance."""
    readings = Sphere(density_error=0.05).measure(SphereSample(0.2, 0.01), PHOTONS)
    assert three_measurements(readings) == pytest.approx((0.2, 0.01 * 10**0.05))


def test_counts_scatter_about_the_yield() -> None:
    rng = np.random.default_rng(8)
    readings = Sphere().measure(SphereSample(0.3, 0.02, diffuse_yield=0.0), 1e7)
    found = np.array([three_measurements(readings.counted(1.0, rng)) for _ in range(400)])
    assert found.mean(axis=0) == pytest.approx((0.3, 0.02), rel=2e-3)
    assert found[:, 1].std() / 0.02 == pytest.approx(np.sqrt(1 / (1e7 * 0.3 * 0.02)), rel=0.2)


@pytest.mark.parametrize(
    "wrong",
    [{"absorptance": 1.1}, {"quantum_yield": -0.1}, {"area_fraction": np.nan}, {"diffuse_yield": 2.0}],
)
def test_samples_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SphereSample(**{"absorptance": 0.1, "quantum_yield": 0.1} | wrong)


def test_light_that_would_never_end_is_refused() -> None:
    with pytest.raises(ValueError, match="never ends"):
        SphereSample(0.1, 1.0, reabsorption=1.0)
    with pytest.raises(ValueError, match="never loses"):
        Sphere(reflectance=1.0, port_fraction=0.0)
    with pytest.raises(ValueError, match="photons"):
        Sphere().measure(SphereSample(0.1, 0.1), -1.0)


def test_the_yield_of_upconversion_has_its_maximum_at_47_watts_per_cm2() -> None:
    """Visible photons per photon absorbed at uniform irradiance: 8.17 % at 30 W/cm², 8.30 % at most."""
    sample, conditions = Sample.load("yber-micro"), Conditions(300.0, 980.0)
    irradiance = np.array([0.01, 0.02, 30.0, *np.geomspace(40, 55, 60)])
    response = sample.respond(irradiance, conditions)
    visible = np.array([400 < line.wavelength < 700 for line in sample.lines])
    found = response.emission[:, visible].sum(axis=1) / response.absorbed
    assert found[1] / found[0] == pytest.approx(2.0, abs=0.05)
    assert found[2] == pytest.approx(0.0817, abs=5e-5)
    assert found.max() == pytest.approx(0.0830, abs=5e-5)
    assert irradiance[np.argmax(found)] == pytest.approx(47, abs=1)
    # a sphere with the laser at that irradiance finds it
    best = float(found.max())
    readings = Sphere().measure(SphereSample(0.1, best, diffuse_yield=0.0), PHOTONS)
    assert three_measurements(readings)[1] == pytest.approx(best)


@pytest.mark.parametrize(("absorptance", "photons"), [(0.0, PHOTONS), (0.2, 0.0)])
def test_without_absorption_or_light_there_is_no_yield(absorptance: float, photons: float) -> None:
    sample = SphereSample(absorptance, 0.1, area_fraction=0.0)
    readings = Sphere().measure(sample, photons)
    assert np.isnan(three_measurements(readings)[1])
    assert np.isnan(two_measurements(readings)[1])
    assert all(np.isfinite(readings))
