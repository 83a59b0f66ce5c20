import math

import numpy as np
import pint
import pytest
from scipy.constants import c, e, h, hbar

from antistokes.simulated_hw.physics.energy_transfer_rates import (
    BETA_NAYF4,
    Lattice,
    dipole_strength,
    forster_radius,
    gaussian_band,
    pair_rate,
    phonon_assisted_factor,
    rate_coefficient,
    spectral_overlap,
    transfer_rate,
)

ENERGY = np.linspace(8000.0, 12500.0, 4501)  # cm⁻¹
EMISSION = 1.265 * e / (100 * h * c)
LIFETIME, INDEX, CROSS_SECTION = 2e-3, 1.5, 2e-21 * 300  # s, -, cm
#: simetuc 1.8.2, Yb and Tm in β-NaYF₄: C₆ in Å⁶/s, and K = C₆·L₆ in s⁻¹
SIMETUC = [
    (3.035e9, 7.44e6),
    (1.318e8, 3.23e5),
    (1.821e11, 4.46e8),
    (1.603e6, 3.93e3),
    (1.312e7, 3.22e4),
    (4.199e7, 1.03e5),
    (7.377e7, 1.81e5),
    (1.563e8, 3.83e5),
    (1.142e10, 2.80e7),
]


def bands(offset: float, centre: float = EMISSION) -> tuple[np.ndarray, np.ndarray]:
    """Emission, at 1.265 eV, and absorption *offset* cm⁻¹ above it, both 400 cm⁻¹ wide."""
    return gaussian_band(ENERGY, centre, 400.0), gaussian_band(ENERGY, centre + offset, 400.0)


def strength(offset: float, centre: float = EMISSION) -> float:
    overlap = spectral_overlap(ENERGY, *bands(offset, centre))
    return float(dipole_strength(LIFETIME, CROSS_SECTION, overlap, INDEX))


def si_rate(planck: float, meters: float) -> float:
    """Dexter's formula as printed, all in joule and metre, with whatever Planck constant."""
    joule = 100 * h * c * ENERGY
    emission, absorption = (band / (100 * h * c) for band in bands(-100.0))
    overlap = np.trapezoid(emission * absorption / joule**4, joule)
    section = CROSS_SECTION * 1e-4 * (100 * h * c)  # J m²
    front = 3 * planck**4 * c**4 / (64 * np.pi**5 * INDEX**4 * LIFETIME)
    return front * section / meters**6 * overlap


@pytest.mark.parametrize(
    ("offset", "centre", "rate"),
    [
        (-100.0, EMISSION, 3.70e5),
        (-100.0, EMISSION + 50, 3.63e5),  # 1.265 eV halfway between the bands
        (100.0, EMISSION, 3.56e5),
    ],
)
def test_worked_rate_at_0_39_nm(offset, centre, rate):
    assert transfer_rate(strength(offset, centre), 0.39) == pytest.approx(rate, abs=500)


def test_worked_radius_strength_and_rate_at_1_nm():
    c6 = strength(-100.0)
    assert forster_radius(c6, LIFETIME) == pytest.approx(1.173, abs=5e-4)
    assert 1e39 * c6 == pytest.approx(1.30, abs=5e-3)
    assert transfer_rate(c6, 1.0) == pytest.approx(1.30e3, rel=4e-3)


def test_rate_is_dexters_in_si_units():
    assert transfer_rate(strength(-100.0), 0.39) == pytest.approx(si_rate(h, 0.39e-9), rel=1e-12)


def test_the_printed_hbar_is_1558_5_times_too_small():
    true = float(transfer_rate(strength(-100.0), 0.39))
    assert true / si_rate(hbar, 0.39e-9) == pytest.approx(1558.5, abs=0.05)
    assert true / si_rate(hbar, 0.39e-9) == pytest.approx((2 * math.pi) ** 4, rel=1e-12)
    assert si_rate(hbar, 0.39e-9) == pytest.approx(238, abs=1)


def test_rate_is_forsters_textbook_form():
    omega = 2 * np.pi * 100 * c * ENERGY
    emission, absorption = (band / (2 * np.pi * 100 * c) for band in bands(-100.0))
    section = CROSS_SECTION * 1e-4 * 2 * np.pi * 100 * c  # m² rad/s
    overlap = np.trapezoid(emission * section * absorption / omega**4, omega)
    kappa2 = 2 / 3
    forster = 9 * kappa2 * c**4 / (8 * np.pi * INDEX**4 * LIFETIME * 0.39e-9**6) * overlap
    assert transfer_rate(strength(-100.0), 0.39) == pytest.approx(forster, rel=1e-12)


def test_units_of_every_formula():
    unit: pint.UnitRegistry = pint.UnitRegistry()
    overlap = spectral_overlap(ENERGY, *bands(0.0)) * unit.cm**5
    c6 = 3 * CROSS_SECTION * unit.cm * overlap / (64 * math.pi**5 * INDEX**4 * LIFETIME * unit.s)
    assert strength(0.0) == pytest.approx(c6.m_as("cm^6/s"), rel=1e-12, abs=0)
    assert transfer_rate(strength(0.0), 0.7) == pytest.approx((c6 / (0.7 * unit.nm) ** 6).m_as("1/s"))
    radius = (c6 * LIFETIME * unit.s) ** (1 / 6)
    assert forster_radius(strength(0.0), LIFETIME) == pytest.approx(radius.m_as("nm"))
    rate = (c6 * 2.45e-3 / unit.angstrom**6).to("1/s")
    assert pair_rate(strength(0.0), 2.45e-3) == pytest.approx(rate.m)
    coefficient = (rate / (1.38e22 / unit.cm**3)).m_as("cm^3/s")
    assert rate_coefficient(rate.m, 1.38e22) == pytest.approx(coefficient, rel=1e-12, abs=0)


def test_rate_times_lifetime_is_the_sixth_power_of_the_radius():
    distance = np.geomspace(0.3, 30, 20)
    radius = float(forster_radius(strength(0.0), LIFETIME))
    rate = transfer_rate(strength(0.0), distance)
    np.testing.assert_allclose(rate * LIFETIME, (radius / distance) ** 6, rtol=1e-12)


def test_overlap_of_gaussians_is_that_of_their_convolution():
    rng = np.random.default_rng(6)
    for _ in range(20):
        centre, offset, fwhm = rng.uniform(9800, 10700), rng.uniform(-300, 300), rng.uniform(100, 400)
        one, other = gaussian_band(ENERGY, centre, fwhm), gaussian_band(ENERGY, centre + offset, fwhm)
        variance = fwhm**2 / (8 * math.log(2))
        same_energy = math.exp(-(offset**2) / (4 * variance)) / math.sqrt(4 * math.pi * variance)
        middle, spread = centre + offset / 2, variance / 2
        inverse_fourth = (1 + 10 * spread / middle**2 + 105 * spread**2 / middle**4) / middle**4
        found = spectral_overlap(ENERGY, 17.0 * one, 0.3 * other)
        assert found == pytest.approx(same_energy * inverse_fourth, rel=1e-6, abs=0)


def test_bands_apart_transfer_nothing_and_nothing_comes_of_nothing():
    far = spectral_overlap(ENERGY, (ENERGY < 9000.0) * 1.0, (ENERGY > 11000.0) * 1.0)
    assert far == 0
    c6 = dipole_strength(LIFETIME, CROSS_SECTION, far)
    assert (c6, forster_radius(c6, LIFETIME), transfer_rate(c6, 1.0)) == (0, 0, 0)
    assert transfer_rate(1e-39, np.array([])).shape == (0,)


def test_a_band_has_unit_area_and_its_width():
    band = gaussian_band(ENERGY, 10200.0, 300.0)
    assert np.trapezoid(band, ENERGY) == pytest.approx(1, rel=1e-12)
    assert gaussian_band(10350.0, 10200.0, 300.0) == pytest.approx(band.max() / 2)


def test_phonons_carry_a_mismatch_at_a_price():
    factor = phonon_assisted_factor(np.array([0.0, 1.0, 1000.0, 1e6]))
    assert -math.log(factor[1]) == pytest.approx(1.960e-3, abs=5e-7)
    assert factor[0] == 1
    assert factor[2] == pytest.approx(math.exp(-1.9597), rel=1e-4)
    assert np.all(np.diff(factor) < 0)
    assert np.isfinite(factor).all()


def test_sums_of_the_simple_cubic_lattice():
    cubic = Lattice(((5.0, 0, 0), (0, 5.0, 0), (0, 0, 5.0)), ((0, 0, 0),), (1.0,))
    assert 5.0**6 * cubic.sums(6).mean == pytest.approx(8.40192397, abs=1e-8)
    assert 5.0**4 * cubic.sums(4).mean == pytest.approx(16.532315960, abs=1e-8)
    assert 5.0**12 * cubic.sums(12).mean == pytest.approx(6.20214905, abs=1e-8)


def test_sums_around_each_site_of_nayf4():
    sixth, fourth = BETA_NAYF4.sums(6), BETA_NAYF4.sums(4)
    assert sixth.sites == pytest.approx([2.34479e-3, 2.66546e-3], abs=5e-9)
    assert sixth.mean == pytest.approx(2.45168e-3, abs=5e-9)
    assert fourth.sites == pytest.approx([0.06065, 0.06582], abs=5e-6)
    assert fourth.mean == pytest.approx(0.062375, abs=5e-7)
    assert fourth.mean == pytest.approx((2 * fourth.sites[0] + fourth.sites[1]) / 3, rel=1e-12)


def test_sum_is_that_of_the_pairs_one_by_one():
    a = np.array(BETA_NAYF4.vectors)
    cells = np.stack(np.meshgrid(*[np.arange(-12, 13)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    direct = 0.0
    for site, occupancy in zip(BETA_NAYF4.sites, BETA_NAYF4.occupancies, strict=True):
        r = np.linalg.norm((cells + np.array(site)) @ a, axis=1)
        r = r[(r > 0) & (r < 40)]
        direct += occupancy * np.sum(r**-6.0)
    beyond = 4 * math.pi * BETA_NAYF4.density * 1e-24 / (3 * 40**3)
    assert BETA_NAYF4.sums(6).sites[0] == pytest.approx(direct + beyond, rel=1e-5, abs=0)


def test_a_doubled_cell_is_the_same_lattice():
    doubled = Lattice(
        (*BETA_NAYF4.vectors[:2], (0.0, 0.0, 2 * 3.5297)),
        tuple((x, y, (z + k) / 2) for x, y, z in BETA_NAYF4.sites for k in (0, 1)),
        (1.0, 1.0, 0.5, 0.5),
    )
    assert doubled.sums(6).mean == pytest.approx(BETA_NAYF4.sums(6).mean, rel=1e-9, abs=0)


def test_cation_density():
    assert pytest.approx(1.3751e22, rel=1e-4) == BETA_NAYF4.density


@pytest.mark.parametrize(("c6", "rate"), SIMETUC)
def test_pair_rates_of_yb_and_tm(c6, rate):
    assert pair_rate(c6 * 1e-48, BETA_NAYF4.sums(6).mean) == pytest.approx(rate, rel=5e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: transfer_rate(1e-39, 0.0), "distance = 0 nm"),
        (lambda: transfer_rate(-1e-39, 1.0), "C6 = -1e-39"),
        (lambda: forster_radius(1e-39, 0.0), "lifetime = 0 s"),
        (lambda: dipole_strength(LIFETIME, 1e-19, 1e-18, 0.5), "refractive index = 0.5"),
        (lambda: gaussian_band(ENERGY, 1e4, 0.0), "width of the band = 0"),
        (lambda: spectral_overlap(ENERGY, 0 * ENERGY, ENERGY), "area of the emission band = 0"),
        (lambda: spectral_overlap(ENERGY[::-1], ENERGY, ENERGY), "must increase"),
        (lambda: phonon_assisted_factor(-1.0), "energy mismatch = -1"),
        (lambda: phonon_assisted_factor(100.0, alpha=1e-3), "α - ln2/ħω = -0.00054"),
        (lambda: pair_rate(math.nan, 1.0), "C6 = nan"),
        (lambda: rate_coefficient(1.0, 0.0), "cation density = 0"),
        (lambda: BETA_NAYF4.sums(3), "power of the lattice sum = 3"),
    ],
)
def test_what_no_experiment_has_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("constant", [1.0, 5.0, 30.0, 300.0])
def test_a_lattice_sum_scales_with_its_cell(constant: float) -> None:
    cubic = tuple(tuple(constant * (i == j) for j in range(3)) for i in range(3))
    found = Lattice(cubic, ((0.0, 0.0, 0.0),), (1.0,)).sums(6).mean * constant**6
    assert found == pytest.approx(
        8.40192397, rel=1e-8
    )  # Lennard-Jones and Ingham, Proc. R. Soc. A 107, 636 (1925)
