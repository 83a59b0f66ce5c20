"""Yields put into a simulated sphere, and what comes out."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.analysis.quantum_yield import three_measurements
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.integrating_sphere import Sphere, SphereSample
from antistokes.simulated_hw.samples.sample import Sample

PHOTONS = 1e12


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
    assert three_measurements(readings[:3], readings[3:])[1] == pytest.approx(best)
