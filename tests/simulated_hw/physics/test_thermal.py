"""Phonons and detailed balance, and the energy-gap law: worked rates, temperature dependence, limits."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pint
import pytest
from scipy.constants import c, h, k

from antistokes.simulated_hw.physics.judd_ofelt import levels
from antistokes.simulated_hw.physics.processes import Array
from antistokes.simulated_hw.physics.thermal import (
    boltzmann_factor,
    boltzmann_ratio,
    gap_law,
    multiphonon_factor,
    occupation,
)


@pytest.mark.parametrize(("kelvin", "expected"), [(300, 0.4315), (250, 0.3109)])
def test_occupation_of_a_31_mev_phonon(kelvin: float, expected: float) -> None:
    assert occupation(31, kelvin) == pytest.approx(expected, abs=5e-5)


def test_occupation_with_units() -> None:
    unit = pint.get_application_registry()
    x = (31 * unit.meV / (unit.boltzmann_constant * 300 * unit.kelvin)).to("").magnitude
    assert occupation(31, 300) == pytest.approx(1 / (np.exp(x) - 1), rel=1e-9)
    assert boltzmann_factor(31, 300) == pytest.approx(np.exp(-x), rel=1e-9)


def test_nothing_is_excited_at_zero_temperature() -> None:
    assert occupation([1e-3, 1e3], 0).tolist() == [0, 0]
    assert boltzmann_factor([0, 1e-3, 1e3], 0).tolist() == [1, 0, 0]
    assert occupation(31, 1e-300) == 0


def test_hot_phonons_follow_equipartition() -> None:
    assert occupation(1, 1e6) * 1 == pytest.approx(0.0861733 * 1e6, rel=1e-5)


def test_nothing_changes_at_the_reference_temperature() -> None:
    assert multiphonon_factor(3300.0, 359.0, 300.0, 300.0) == 1.0


def test_multiphonon_factor_from_occupation_numbers() -> None:
    n_300, n_77 = (1 / np.expm1(359.0 * 1.438777 / kelvin) for kelvin in (300.0, 77.0))
    expected = ((1 + n_77) / (1 + n_300)) ** (3300.0 / 359.0)
    assert multiphonon_factor(3300.0, 359.0, 77.0, 300.0) == pytest.approx(expected, rel=1e-6)


def test_rates_freeze_to_spontaneous_emission_of_phonons() -> None:
    cold = multiphonon_factor(1600.0, 359.0, 1.0, 300.0)
    assert cold == pytest.approx((-np.expm1(-359.0 * 1.438777 / 300)) ** (1600.0 / 359.0), rel=1e-6)


def test_green_lines_share_their_light_as_published() -> None:
    assert boltzmann_ratio(5.52, 650.0, 300.0) == pytest.approx(0.2444, abs=1e-4)


@pytest.mark.parametrize(
    ("ion", "upper", "lower", "rate"),
    [
        ("Er", "4S3/2", "4F9/2", 6.94e3),
        ("Er", "4F9/2", "4I9/2", 1.79e4),
        ("Er", "4I11/2", "4I13/2", 1.18e3),
        ("Er", "4I9/2", "4I11/2", 1.49e5),
        ("Ho", "5S2", "5F5", 1.42e4),
        ("Ho", "5I6", "5I7", 1.80e3),
        ("Tm", "3H4", "3H5", 100.0),
    ],
)
def test_rates_over_gaps_of_er_ho_and_tm_at_0_k(ion: str, upper: str, lower: str, rate: float) -> None:
    gap = levels(ion)[upper] - levels(ion)[lower]
    assert gap_law(gap) == pytest.approx(rate, rel=0.005)


def test_room_temperature_speeds_these_rates_up_2_2_to_3_3_times() -> None:
    gaps = np.array([2858, 3128, 3514, 3634, 4339])
    ratio = gap_law(gaps, 300.0) / gap_law(gaps)
    assert np.all(np.diff(ratio) > 0)
    assert ratio[[0, -1]] == pytest.approx([2.2, 3.3], abs=0.05)


def test_the_gap_law_depends_on_temperature_as_the_rate_equations_do() -> None:
    ratio = float(gap_law(3128, 420.0) / gap_law(3128, 250.0))
    assert ratio == pytest.approx(multiphonon_factor(3128, 450, 420, 250))


def test_finite_temperature_rate_by_another_route() -> None:
    unit = pint.UnitRegistry()
    gap, phonon = 2500 / unit.cm, 380 / unit.cm
    alpha, shift = 4.1e-3 * unit.cm, 90 / unit.cm
    cold = 2e7 / unit.s * np.exp(-(alpha * (gap - shift - 2 * phonon)).to("").magnitude)
    quantum = (phonon * unit.planck_constant * unit.speed_of_light).to("J")
    occupied = 1 / math.expm1((quantum / (350 * unit.K * unit.boltzmann_constant)).to("").magnitude)
    rate = cold * (1 + occupied) ** (gap / phonon).to("").magnitude
    found = gap_law(2500, 350.0, phonon=380, prefactor=2e7, alpha=4.1e-3, shift=90)
    assert found == pytest.approx(rate.to("1/s").magnitude, rel=1e-9)


def test_two_phonons_and_the_shift_set_where_the_rate_is_the_prefactor() -> None:
    assert gap_law(1050) == pytest.approx(1e7)
    assert gap_law(1000) > 1e7
    assert gap_law(0) == gap_law(150) == pytest.approx(1e7 * math.exp(3.5e-3 * 900))


def test_rate_falls_with_the_gap_and_grows_with_temperature() -> None:
    rng = np.random.default_rng(11)
    for _ in range(20):
        phonon, alpha = rng.uniform(200, 1000), rng.uniform(2e-3, 6e-3)
        temperature = np.linspace(0, rng.uniform(100, 400), 12)
        rate = gap_law(rng.uniform(1500, 6000), temperature, phonon=phonon, alpha=alpha)
        assert np.all(np.isfinite(rate))
        assert np.all(np.diff(rate) >= 0)
        assert rate[-1] > rate[0] > 0
        assert np.all(np.diff(gap_law(np.linspace(200, 6000, 50), phonon=phonon, alpha=alpha)) < 0)


def test_high_temperature_limit_is_a_power_of_temperature() -> None:
    hot = 1e6
    classical = (k * hot / (h * c * 45000)) ** (3128 / 450)
    assert gap_law(3128, hot) / gap_law(3128) == pytest.approx(classical, rel=0.005)


def test_limits_of_the_gap_law_are_finite() -> None:
    assert gap_law(np.array([])).shape == (0,)
    assert gap_law(np.array([[1000.0], [2000.0]]), np.array([0.0, 1e-3, 300.0])).shape == (2, 3)
    assert gap_law(1e6, 1000.0) == 0
    assert gap_law(3128, 1e-300) == gap_law(3128)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gap": -1}, "energy gap = -1 cm⁻¹.*at least 0"),
        ({"gap": math.nan}, "energy gap = nan"),
        ({"gap": 3000, "temperature": -4}, "temperature = -4 K"),
        ({"gap": 3000, "phonon": 0}, "phonon energy = 0 cm⁻¹.*above 0"),
        ({"gap": 3000, "prefactor": 0}, "prefactor = 0 s⁻¹.*above 0"),
        ({"gap": 3000, "alpha": -1e-3}, "alpha = -0.001"),
        ({"gap": 3000, "shift": -5}, "shift = -5"),
    ],
)
def test_gaps_that_cannot_be_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gap_law(**arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: occupation(31, -1), "temperature = -1 K: must be finite, at least 0"),
        (lambda: occupation(0, 300), "phonon energy = 0 meV: must be finite, above 0"),
        (lambda: occupation(31, [300, np.nan]), "temperature = nan K"),
        (lambda: boltzmann_factor(-1, 300), "energy = -1 meV"),
    ],
)
def test_phonons_that_cannot_be_are_refused(call: Callable[[], Array], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
