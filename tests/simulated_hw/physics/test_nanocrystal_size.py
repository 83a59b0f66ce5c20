from collections.abc import Callable

import numpy as np
import pint
import pytest
from scipy.integrate import quad

from antistokes.simulated_hw.physics.nanocrystal_size import (
    ONE_PHOTON,
    TWO_PHOTON,
    TWO_PHOTON_STEEP,
    SizeDistribution,
    emission_energy,
    size_law,
)

u: pint.UnitRegistry = pint.UnitRegistry()


@pytest.mark.parametrize(
    ("exponent", "ratio"), [(TWO_PHOTON, 19.984), (TWO_PHOTON_STEEP, 26.238), (ONE_PHOTON, 15.221)]
)
def test_cross_sections_grow_with_size_as_published(exponent, ratio):
    assert size_law(11.4, 4.6, exponent) == pytest.approx(ratio, abs=5e-4)


@pytest.mark.parametrize(
    ("mean", "width", "shift"),
    [
        (4.6, 0.10, -2.19),
        (4.6, 0.15, -4.48),
        (9.4, 0.10, -0.52),
        (9.4, 0.15, -1.07),
        (11.4, 0.10, -0.36),
        (11.4, 0.15, -0.73),
    ],
)
def test_two_photon_emission_is_redder(mean, width, shift):
    assert SizeDistribution(mean, width).centroid_shift(TWO_PHOTON_STEEP) == pytest.approx(shift, abs=5e-3)


@pytest.mark.parametrize(
    ("width", "scaling", "ratio", "tolerance"),
    [
        # the published ratios are those of a Gaussian without an end; the cut at 4 widths takes up to 1e-4
        (0.10, 1, 1.00552, 1e-5),
        (0.15, 1, 1.01128, 2e-5),
        (0.10, 2, 1.0109, 5e-5),
        (0.15, 2, 1.0221, 5e-5),
        (0.10, 3, 1.0162, 5e-5),
        (0.15, 3, 1.0325, 1e-4),
    ],
)
def test_two_photon_emission_is_slower(width, scaling, ratio, tolerance):
    found = SizeDistribution(9.4, width).lifetime_ratio(TWO_PHOTON_STEEP, scaling=scaling)
    assert found == pytest.approx(ratio, abs=tolerance)


@pytest.mark.parametrize("width", [0.05, 0.15, 0.2])
def test_averages_are_integrals_over_the_cut_gaussian(width):
    sizes = SizeDistribution(4.6, width)

    def mean(of: Callable[[float], float], exponent: float) -> float:
        def weight(x: float) -> float:
            return np.exp(-0.5 * x**2) * (1 + width * x) ** exponent

        whole = quad(weight, -4, 4, epsabs=1e-13)[0]
        return quad(lambda x: weight(x) * of(4.6 * (1 + width * x)), -4, 4, epsabs=1e-13)[0] / whole

    for exponent in (3.0, 3.6):
        assert sizes.centroid(exponent) == pytest.approx(
            mean(lambda d: 2.34 + 4.18 / d**2, exponent), rel=1e-9
        )
    expected = mean(lambda d: d**2, 3.6) / mean(lambda d: d**2, 3.0)
    assert sizes.lifetime_ratio(3.6, scaling=2) == pytest.approx(expected, rel=1e-9)


def test_emission_energy_with_units():
    strong = 2 * np.pi**2 * u.hbar**2 / (0.126 * u.electron_mass)
    assert strong.to("eV nm^2").magnitude == pytest.approx(11.94, abs=5e-3)
    energy = 2.34 * u.eV + 0.35 * strong / (4.6 * u.nm) ** 2
    assert energy.to("eV").magnitude == pytest.approx(float(emission_energy(4.6)), abs=1e-4)
    wavelengths = [
        (u.planck_constant * u.speed_of_light / (energy * u.eV)).to("nm").magnitude
        for energy in emission_energy([4.6, 11.4])
    ]
    assert wavelengths == pytest.approx([489, 523], abs=0.5)


def test_spectrum_has_unit_area_and_the_centroid_of_the_ensemble():
    sizes, energies = SizeDistribution(4.6, 0.15), np.linspace(1.9, 4.5, 5001)
    for exponent in (ONE_PHOTON, TWO_PHOTON_STEEP):
        spectrum = sizes.spectrum(energies, exponent)
        area = np.trapezoid(spectrum, energies)
        assert area == pytest.approx(1, abs=1e-9)
        assert np.trapezoid(spectrum * energies, energies) == pytest.approx(
            sizes.centroid(exponent), abs=1e-8
        )


def test_peak_of_a_spectrum_shifts_less_than_its_centroid():
    sizes, energies = SizeDistribution(9.4, 0.15), np.linspace(2.2, 2.6, 40001)
    one, two = (energies[sizes.spectrum(energies, q).argmax()] for q in (ONE_PHOTON, TWO_PHOTON_STEEP))
    assert 0.85 < 1e3 * (two - one) / sizes.centroid_shift(TWO_PHOTON_STEEP) < 0.95


def test_equal_crystals_emit_one_line_and_decay_with_one_lifetime():
    sizes = SizeDistribution(9.4, 0.0)
    assert sizes.centroid(3.6) == pytest.approx(float(emission_energy(9.4)), rel=1e-12)
    assert sizes.centroid_shift(3.6) == pytest.approx(0, abs=1e-9)
    energies = float(emission_energy(9.4)) + np.array([-0.04, 0.0, 0.04])
    low, peak, high = sizes.spectrum(energies, 3.0, width=80.0)
    assert low / peak == pytest.approx(0.5, rel=1e-9)
    assert high / peak == pytest.approx(0.5, rel=1e-9)
    t = np.array([0.0, 7.3, 20.0])
    np.testing.assert_allclose(sizes.decay(t, 3.6, 7.3), np.exp(-t / 7.3) / 7.3, rtol=1e-12)


def test_mean_arrival_time_is_the_mean_lifetime():
    sizes, t = SizeDistribution(4.6, 0.15), np.linspace(0, 400, 40001)
    means = [np.trapezoid(t * sizes.decay(t, q, 7.3), t) for q in (ONE_PHOTON, TWO_PHOTON_STEEP)]
    assert np.trapezoid(sizes.decay(t, 3.0, 7.3), t) == pytest.approx(1, abs=1e-4)
    assert means[1] / means[0] == pytest.approx(sizes.lifetime_ratio(TWO_PHOTON_STEEP), rel=1e-6)


def test_random_ensembles_shift_red_and_slow_the_more_the_wider():
    rng = np.random.default_rng(41)
    for _ in range(50):
        mean, (narrow, wide) = rng.uniform(3, 15), np.sort(rng.uniform(0.01, 0.24, 2))
        low, high = np.sort(rng.uniform(2.5, 5, 2))
        a, b = SizeDistribution(mean, narrow), SizeDistribution(mean, wide)
        assert a.excited(high).sum() == pytest.approx(1, rel=1e-12)
        assert np.all((a.excited(high) >= 0) & (a.excited(high) <= 1))
        assert b.centroid_shift(high, low) <= a.centroid_shift(high, low) <= 0
        assert b.lifetime_ratio(high, low) >= a.lifetime_ratio(high, low) >= 1
        times = np.linspace(0, 30, 50)
        assert np.all(np.diff(b.decay(times, high, 8.0)) < 0)


def test_limits_are_finite():
    assert SizeDistribution(5.0, 0.1).spectrum([], 3.0).shape == (0,)
    assert SizeDistribution(5.0, 0.1).spectrum([0.0, 1e6], 3.0).tolist() == [0, 0]
    assert SizeDistribution(5.0, 0.1).decay([0.0, 1e9], 3.0, 5.0)[1] == 0
    assert emission_energy(1e9) == pytest.approx(2.34, rel=1e-12)
    assert size_law([], 9.4, 3.3).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SizeDistribution(-4.6, 0.1), "mean diameter = -4.6 nm: must be finite, above 0"),
        (lambda: SizeDistribution(4.6, 0.25), "relative width = 0.25: must be at least 0, below 0.25"),
        (lambda: SizeDistribution(4.6, float("nan")), "relative width = nan"),
        (lambda: emission_energy(0.0), "diameter = 0 nm"),
        (lambda: emission_energy(4.6, confinement=-1.0), "confinement = -1 eV nm²"),
        (lambda: SizeDistribution(4.6, 0.1).spectrum(2.5, 3.0, 0.0), "line width = 0 meV"),
        (lambda: SizeDistribution(4.6, 0.1).decay(-1.0, 3.0, 7.0), "time = -1 ns"),
    ],
)
def test_what_no_experiment_can_have_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
