"""The energy-gap law: worked rates, temperature dependence, limits."""

from __future__ import annotations

import math

import numpy as np
import pint
import pytest
from scipy.constants import c, h, k

from antistokes.simulated_hw.physics.judd_ofelt import levels
from antistokes.simulated_hw.physics.multiphonon import gap_law
from antistokes.simulated_hw.physics.thermal import multiphonon_factor


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


def test_temperature_dependence_is_that_of_the_rate_equations() -> None:
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


def test_limits_are_finite() -> None:
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
def test_what_cannot_be_is_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gap_law(**arguments)
