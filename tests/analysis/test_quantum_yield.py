"""Yields put into a simulated sphere, and what its readings say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from antistokes.analysis.quantum_yield import three_measurements, two_measurements, without_reabsorption
from antistokes.simulated_hw.integrating_sphere import Readings, Sphere, SphereSample, escaping

PHOTONS = 1e12


def yields(readings: Readings) -> tuple[float, float]:
    absorptance, quantum_yield = three_measurements(readings[:3], readings[3:])
    return float(absorptance), float(quantum_yield)


def without_b(readings: Readings) -> tuple[float, float]:
    absorptance, quantum_yield = two_measurements(readings[:3:2], readings[3::2])
    return float(absorptance), float(quantum_yield)


def test_both_forms_recover_absorptance_and_yield() -> None:
    for absorptance, quantum_yield, area in itertools.product(
        (1e-3, 0.2, 1.0), (1e-4, 0.05, 1.0), (0.0, 0.01)
    ):
        sample = SphereSample(absorptance, quantum_yield, area_fraction=area)
        readings = Sphere().measure(sample, PHOTONS)
        assert yields(readings) == pytest.approx((absorptance, quantum_yield), rel=1e-9)
        assert without_b(readings)[1] == pytest.approx(quantum_yield, rel=1e-9)


def test_upconversion_needs_three_measurements() -> None:
    """Scattered light is too weak to be upconverted: two measurements count it as absorbed in vain."""
    readings = Sphere().measure(SphereSample(0.1, 0.05, diffuse_yield=0.0), PHOTONS)
    assert readings.emission_b == 0
    assert yields(readings) == pytest.approx((0.1, 0.05))
    taken = 1 - readings.laser_b / readings.laser_a
    assert without_b(readings)[1] == pytest.approx(0.05 * 0.1 / (0.1 + 0.9 * taken))
    assert without_b(readings)[1] < 0.6 * 0.05


def test_reabsorption_lowers_the_yield_and_can_be_undone() -> None:
    readings = Sphere().measure(SphereSample(0.3, 0.6, reabsorption=0.4), PHOTONS)
    _, found = yields(readings)
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
    assert yields(readings) == pytest.approx((0.05, 0.1 / 1.03))
    absorptance, quantum_yield = without_b(readings)
    assert absorptance == pytest.approx(1 - 0.95 / 1.03)
    assert quantum_yield == pytest.approx(0.005 / 0.08)


def test_an_attenuator_taken_for_another_scales_the_yield() -> None:
    """0.05 of optical density: 12 % in the yield, nothing in the absorptance."""
    readings = Sphere(density_error=0.05).measure(SphereSample(0.2, 0.01), PHOTONS)
    assert yields(readings) == pytest.approx((0.2, 0.01 * 10**0.05))


def test_counts_scatter_about_the_yield() -> None:
    rng = np.random.default_rng(8)
    readings = Sphere().measure(SphereSample(0.3, 0.02, diffuse_yield=0.0), 1e7)
    found = np.array([yields(readings.counted(1.0, rng)) for _ in range(400)])
    assert found.mean(axis=0) == pytest.approx((0.3, 0.02), rel=2e-3)
    assert found[:, 1].std() / 0.02 == pytest.approx(np.sqrt(1 / (1e7 * 0.3 * 0.02)), rel=0.2)


@pytest.mark.parametrize(("absorptance", "photons"), [(0.0, PHOTONS), (0.2, 0.0)])
def test_without_absorption_or_light_there_is_no_yield(absorptance: float, photons: float) -> None:
    sample = SphereSample(absorptance, 0.1, area_fraction=0.0)
    readings = Sphere().measure(sample, photons)
    assert np.isnan(yields(readings)[1])
    assert np.isnan(without_b(readings)[1])
    assert all(np.isfinite(readings))


def test_many_readings_are_evaluated_at_once() -> None:
    rng = np.random.default_rng(2)
    readings = [Sphere().measure(SphereSample(*rng.uniform(0.01, 1, 2)), PHOTONS) for _ in range(5)]
    together = np.array(readings).T
    np.testing.assert_array_equal(
        three_measurements(together[:3], together[3:]), np.transpose([yields(one) for one in readings])
    )
    np.testing.assert_array_equal(
        two_measurements(together[:3:2], together[3::2]), np.transpose([without_b(one) for one in readings])
    )
