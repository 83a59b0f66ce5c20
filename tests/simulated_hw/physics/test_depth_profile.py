import numpy as np
import pint
import pytest
from scipy.integrate import quad, solve_ivp

from antistokes.simulated_hw.physics.depth_profile import (
    near_field_factor,
    one_photon_irradiance,
    one_photon_median_depth,
    one_photon_share,
    two_photon_irradiance,
    two_photon_median_depth,
    two_photon_share,
    two_population_decay,
)

u: pint.UnitRegistry = pint.UnitRegistry()

ALPHA = 1e5  # cm⁻¹: 100 nm of penetration, a perovskite above its gap
BETA, PEAK = 10e-9, 1e9  # 10 cm/GW at 1 GW/cm²


def test_one_photon_light_stays_at_the_surface_where_two_photons_go_through():
    assert one_photon_irradiance(0.1, ALPHA) == pytest.approx(np.exp(-1), rel=1e-12)
    assert one_photon_share(0.1, 100.0, ALPHA) == pytest.approx(1 - np.exp(-1), rel=1e-12)
    assert two_photon_share(0.1, 100.0, BETA, PEAK) < 2e-3
    assert one_photon_median_depth(100.0, ALPHA) == pytest.approx(0.0693, abs=5e-5)
    assert two_photon_median_depth(100.0, BETA, PEAK) == pytest.approx(100 / 2.1, rel=1e-12)


def test_two_photon_absorption_solves_its_equation():
    strong = 100 * PEAK
    solution = solve_ivp(lambda z, i: -BETA * i**2, (0, 1e-2), [strong], rtol=1e-10, dense_output=True)
    for depth in (1.0, 10.0, 100.0):
        expected = solution.sol(depth * 1e-4)[0] / strong
        assert two_photon_irradiance(depth, BETA, strong) == pytest.approx(expected, rel=1e-6)


def test_attenuation_with_units():
    strength = (10 * u.cm / u.GW * 100 * u.GW / u.cm**2 * 30 * u.um).to("").magnitude
    assert two_photon_irradiance(30.0, 10e-9, 100e9) == pytest.approx(1 / (1 + strength), rel=1e-12)
    strength = (2e3 / u.cm * 30 * u.um).to("").magnitude
    assert one_photon_irradiance(30.0, 2e3) == pytest.approx(np.exp(-strength), rel=1e-12)


@pytest.mark.parametrize("irradiance", [1e6, 1e10, 1e12])
def test_shares_are_integrals_of_the_excitation(irradiance):
    def two(z: float) -> float:
        return float(two_photon_irradiance(z, BETA, irradiance)) ** 2

    def one(z: float) -> float:
        return float(one_photon_irradiance(z, 5e3))

    for density, share in (
        (two, two_photon_share(2.0, 9.0, BETA, irradiance)),
        (one, one_photon_share(2.0, 9.0, 5e3)),
    ):
        assert share == pytest.approx(quad(density, 0, 2)[0] / quad(density, 0, 9)[0], rel=1e-9)


def test_random_crystals_obey_what_every_crystal_must():
    rng = np.random.default_rng(165)
    for _ in range(50):
        length = 10 ** rng.uniform(-2, 3)
        z = np.linspace(0, length, 30)
        alpha, beta, peak = 10 ** rng.uniform(0, 6), 10 ** rng.uniform(-10, -7), 10 ** rng.uniform(3, 12)
        for irradiance, share in (
            (one_photon_irradiance(z, alpha), one_photon_share(z, length, alpha)),
            (two_photon_irradiance(z, beta, peak), two_photon_share(z, length, beta, peak)),
        ):
            assert np.all((irradiance >= 0) & (irradiance <= 1))
            assert np.all(np.diff(irradiance) <= 0)
            assert np.all((share >= 0) & (share <= 1 + 1e-12))
            assert np.all(np.diff(share) >= 0)
            # energy balance: what is missing from the beam at z is what was absorbed above z
            absorbed = 1 - irradiance
            if absorbed[-1] > 1e-4:
                np.testing.assert_allclose(share, absorbed / absorbed[-1], atol=1e-9)
        median = one_photon_median_depth(length, alpha)
        assert one_photon_share(median, length, alpha) == pytest.approx(0.5, rel=1e-9)
        median = two_photon_median_depth(length, beta, peak)
        assert two_photon_share(median, length, beta, peak) == pytest.approx(0.5, rel=1e-9)
        assert median <= length / 2


def test_decay_of_two_populations_follows_the_share_at_the_surface():
    t = np.array([0.0, 1.0, 30.0])
    one = two_population_decay(t, one_photon_share(0.2, 50.0, ALPHA), 2.0, 30.0)
    two = two_population_decay(t, two_photon_share(0.2, 50.0, BETA, PEAK), 2.0, 30.0)
    assert one[0] == two[0] == 1
    assert np.all(two[1:] > one[1:])
    np.testing.assert_allclose(two_population_decay(t, 0.0, 2.0, 30.0), np.exp(-t / 30), rtol=1e-12)
    np.testing.assert_allclose(two_population_decay(t, 1.0, 2.0, 30.0), np.exp(-t / 2), rtol=1e-12)
    assert two_population_decay(4.0, 0.3, 2.0, 8.0) == pytest.approx(0.3 * np.exp(-2) + 0.7 * np.exp(-0.5))


def test_two_photon_near_field_goes_with_the_fourth_power_of_the_field():
    assert near_field_factor(10.0, 2) == pytest.approx(100, rel=1e-12)  # a microsphere
    assert near_field_factor(3.2, 2) == pytest.approx(10, abs=0.3)  # a photonic crystal
    assert near_field_factor([1.0, 9.0], 2, [3.0, 1.0]) == pytest.approx((3 + 81) / 4, rel=1e-12)
    assert near_field_factor([[1.0, 3.0], [2.0, 2.0]], 1).tolist() == [2.0, 2.0]


def test_uneven_fields_help_many_photons_more():
    rng = np.random.default_rng(47)
    for _ in range(50):
        local, weights = rng.exponential(3.0, 40), rng.random(40)
        mean = near_field_factor(local, 1, weights)
        assert local.min() <= mean <= local.max()
        for order in (2, 3, 5):
            assert near_field_factor(local, order, weights) >= mean**order * (1 - 1e-12)


def test_limits_are_finite():
    assert one_photon_share(2.0, 8.0, 0.0) == two_photon_share(2.0, 8.0, BETA, 0.0) == 0.25
    assert one_photon_share(2.0, 8.0, 1e-14) == pytest.approx(0.25)
    assert one_photon_share(2.0, 8.0, 1e12) == 1
    assert one_photon_median_depth(8.0, 0.0) == two_photon_median_depth(8.0, BETA, 0.0) == 4
    assert one_photon_irradiance(1e6, 1e9) == 0
    assert 0 <= two_photon_irradiance(1e6, BETA, 1e100) < 1e-90
    assert two_photon_share(2.0, 8.0, BETA, 1e100) == pytest.approx(1)
    assert one_photon_share([], 8.0, ALPHA).shape == two_photon_irradiance([], BETA, PEAK).shape == (0,)
    assert near_field_factor(0.0, 2) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: one_photon_irradiance(-1.0, ALPHA), "depth = -1 µm: must be finite, at least 0"),
        (lambda: one_photon_irradiance(1.0, -ALPHA), "absorption coefficient = -100000 cm⁻¹"),
        (lambda: two_photon_irradiance(1.0, BETA, float("nan")), "irradiance = nan W/cm²"),
        (lambda: two_photon_share(9.0, 8.0, BETA, PEAK), "depth over thickness = 1.125: .* at most 1"),
        (lambda: one_photon_share(1.0, 0.0, ALPHA), "thickness = 0 µm"),
        (lambda: two_population_decay(1.0, 1.2, 2.0, 30.0), "surface share = 1.2: .* at most 1"),
        (lambda: two_population_decay(1.0, 0.2, 0.0, 30.0), "surface lifetime = 0 ns"),
        (lambda: near_field_factor([1.0, 2.0], 2, [0.0, 0.0]), "sum of the weights = 0"),
    ],
)
def test_what_no_experiment_can_have_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
