import numpy as np
import pint
import pytest
from scipy.integrate import quad

from antistokes.simulated_hw.physics.constants import GM
from antistokes.simulated_hw.physics.multiphoton import (
    GAUSSIAN,
    RECTANGULAR,
    SECH2,
    PulsedBeam,
    PulseShape,
    cross_section_from_excitations,
    excitation_probability,
    excitations_per_pulse,
    local_exponent,
    mixed_exponent,
    rate_from_mean_flux,
    rate_from_peak_flux,
)

u: pint.UnitRegistry = pint.UnitRegistry()

BEAM = PulsedBeam(wavelength=800.0, width=100e-15, repetition=80e6, radius=1.0)
POWER = 10e-3
SIGMA = 1e5 * GM  # CsPbBr3 nanocrystals of 9.4 nm


@pytest.mark.parametrize(("order", "g"), [(2, 0.6643), (3, 0.5095), (4, 0.4145), (5, 0.3483)])
def test_correlation_of_gaussian_pulses(order, g):
    assert GAUSSIAN.correlation(order) == pytest.approx(g, abs=5e-5)


def test_correlation_of_sech2_pulses():
    assert SECH2.correlation(2) == pytest.approx(0.5876, abs=5e-5)


@pytest.mark.parametrize(("order", "moment"), [(2, 0.7527), (3, 0.6146), (4, 0.5322), (5, 0.4760)])
def test_moments_of_gaussian_pulses(order, moment):
    assert GAUSSIAN.moment(order) == pytest.approx(moment, abs=5e-5)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_moments_are_integrals_of_profiles_that_are_half_at_half_the_width(order):
    def gaussian(x: float) -> float:
        return 2.0 ** -((2 * x) ** 2)

    def sech2(x: float) -> float:
        return 1 / np.cosh(2 * np.log(1 + np.sqrt(2)) * x) ** 2

    for shape, profile in ((GAUSSIAN, gaussian), (SECH2, sech2)):
        assert profile(0.5) == pytest.approx(0.5)
        integral = 2 * quad(lambda x, f=profile: f(x) ** order, 0, 20)[0]
        assert shape.moment(order) == pytest.approx(integral, rel=1e-7)
    assert RECTANGULAR.moment(order) == RECTANGULAR.correlation(order) == 1


def test_peak_power_of_gaussian_and_sech2_pulses():
    for shape, factor, digit in ((GAUSSIAN, 0.9394, 5e-5), (SECH2, 0.881, 5e-4)):
        beam = PulsedBeam(800.0, 100e-15, 80e6, 1.0, shape)
        assert beam.peak_power(POWER) * 100e-15 / beam.pulse_energy(POWER) == pytest.approx(factor, abs=digit)


def test_a_common_femtosecond_beam():
    assert BEAM.pulse_energy(POWER) == pytest.approx(125e-12, rel=1e-12)
    assert BEAM.peak_irradiance(POWER) == pytest.approx(7.476e10, abs=5e6)
    assert BEAM.fluence(POWER) == pytest.approx(7.958e-3, abs=5e-7)


def test_peak_and_mean_flux_give_the_same_excitations_per_pulse():
    peak, mean = BEAM.peak_flux(POWER), BEAM.mean_flux(POWER)
    from_peak = rate_from_peak_flux(SIGMA, 2, peak, BEAM.duty, GAUSSIAN) / BEAM.repetition
    from_mean = rate_from_mean_flux(SIGMA, 2, mean, BEAM.duty, GAUSSIAN) / BEAM.repetition
    assert from_peak == pytest.approx(3.411, abs=5e-4)
    assert from_mean == pytest.approx(from_peak, rel=1e-12)
    assert excitations_per_pulse(SIGMA, 2, peak, BEAM.width) == pytest.approx(from_peak, rel=1e-12)


def test_the_beam_with_units():
    energy = (10 * u.mW / (80 * u.MHz)).to("pJ")
    assert energy.magnitude == pytest.approx(BEAM.pulse_energy(POWER) * 1e12, rel=1e-12)
    fluence = 2 * energy / (np.pi * u.um**2)
    assert fluence.to("mJ/cm^2").magnitude == pytest.approx(BEAM.fluence(POWER) * 1e3, rel=1e-12)
    irradiance = fluence / (100 * u.fs) * np.sqrt(4 * np.log(2) / np.pi)
    assert irradiance.to("W/cm^2").magnitude == pytest.approx(BEAM.peak_irradiance(POWER), rel=1e-12)
    photon = (u.planck_constant * u.speed_of_light / (800 * u.nm)).to("J")
    flux = (irradiance / photon).to("1/cm^2/s")
    assert flux.magnitude == pytest.approx(BEAM.peak_flux(POWER), rel=1e-9)
    sigma = 1e5 * 1e-50 * u.cm**4 * u.s
    excitations = (sigma * flux**2 / 2 * 100 * u.fs * np.sqrt(np.pi / (8 * np.log(2)))).to("")
    assert excitations.magnitude == pytest.approx(
        float(excitations_per_pulse(SIGMA, 2, BEAM.peak_flux(POWER), BEAM.width)), rel=1e-9
    )


@pytest.mark.parametrize("order", [2, 3, 5])
def test_rates_carry_the_units_of_the_cross_section(order):
    flux = 1e28
    sigma = 10.0 ** -(28 * order - 9)
    expected = (
        sigma * u.cm ** (2 * order) * u.s ** (order - 1) * (flux / u.cm**2 / u.s) ** order / order
    ).to("1/s")
    assert rate_from_mean_flux(sigma, order, flux) == pytest.approx(expected.magnitude, rel=1e-12)
    assert rate_from_peak_flux(sigma, order, flux) == pytest.approx(expected.magnitude, rel=1e-12)


def test_one_photon_rate_does_not_care_for_pulses():
    mean = 1e20
    assert rate_from_mean_flux(1e-15, 1, mean, 1e-5, SECH2) == pytest.approx(1e5, rel=1e-12)
    assert rate_from_mean_flux(1e-15, 1, mean) == pytest.approx(1e5, rel=1e-12)


def test_rectangular_pulses_gain_the_inverse_duty_cycle():
    pulsed, steady = rate_from_mean_flux(SIGMA, 2, 1e25, 1e-3), rate_from_mean_flux(SIGMA, 2, 1e25)
    assert pulsed / steady == pytest.approx(1e3, rel=1e-12)


def test_saturation_lowers_the_local_exponent():
    assert local_exponent(1, 0.1) == pytest.approx(0.951, abs=5e-4)
    assert local_exponent(5, 0.05) > 0.975 * 5  # what exponents good to 2.5 % need
    n = np.array([1e-6, 0.01, 0.1, 1.0, 5.0])
    step = 1e-4
    up, down = (np.log(excitation_probability(n * np.exp(3 * s))) for s in (step, -step))
    np.testing.assert_allclose(local_exponent(3, n), (up - down) / (2 * step), rtol=1e-6)


def test_one_photon_admixture_makes_two_photon_exponents_look_like_1_9():
    log_power = np.linspace(-0.25, 0.25, 11)
    rates = np.stack([10**log_power, 9.5 * 10 ** (2 * log_power)], axis=-1)
    fitted = np.polyfit(log_power, np.log10(rates.sum(axis=-1)), 1)[0]
    assert fitted == pytest.approx(1.902, abs=5e-4)
    local = mixed_exponent([1, 2], rates)
    assert local.shape == (11,)
    assert local[5] == pytest.approx(20 / 10.5, rel=1e-12)
    assert mixed_exponent([1, 2], [3.0, 0.0]) == 1


def test_cross_section_from_the_fluence_of_one_excitation_in_a_hundred():
    flux = BEAM.peak_flux(POWER)
    for order in (2, 3, 5):
        sigma = cross_section_from_excitations(0.01, order, flux, BEAM.width, SECH2)
        found = excitations_per_pulse(sigma, order, 10**0.3 * flux, BEAM.width, SECH2)
        assert found == pytest.approx(0.01 * 10 ** (0.3 * order), rel=1e-10)


def test_random_beams_obey_what_every_beam_must():
    rng = np.random.default_rng(4)
    for _ in range(50):
        shape = (GAUSSIAN, SECH2, RECTANGULAR)[rng.integers(3)]
        width, rate = 10 ** rng.uniform(-14, -10), 10 ** rng.uniform(3, 8)
        beam = PulsedBeam(rng.uniform(700, 2100), width, rate, rng.uniform(0.5, 50), shape)
        power = np.sort(10 ** rng.uniform(-6, 1, 20))
        order = int(rng.integers(1, 6))
        # the mean of a power of the flux is never below that power of the mean
        steady = rate_from_mean_flux(1e-100, order, beam.mean_flux(power))
        pulsed = rate_from_mean_flux(1e-100, order, beam.mean_flux(power), beam.duty, shape)
        assert np.all(pulsed >= steady * (1 - 1e-9))
        flux = beam.peak_flux(power)
        sigma = cross_section_from_excitations(1.0, order, np.median(flux), width, shape)
        n = excitations_per_pulse(sigma, order, flux, width, shape)
        probability = excitation_probability(n)
        assert np.all((probability > 0) & (probability <= 1) & (probability <= n))
        assert np.all(np.diff(probability) >= 0)
        exponent = local_exponent(order, n)
        assert np.all((exponent >= 0) & (exponent <= order))
        assert np.all(np.diff(exponent) <= 0)


def test_limits_are_finite():
    assert BEAM.peak_flux(0.0) == rate_from_mean_flux(SIGMA, 2, 0.0) == excitation_probability(0.0) == 0
    assert rate_from_mean_flux(0.0, 5, 1e60) == 0
    assert local_exponent(5, 0.0) == 5
    assert local_exponent(2, 1e300) == 0
    assert excitation_probability(1e300) == 1
    assert np.isfinite(rate_from_peak_flux(1.0, 5, 1e300, 1e-5, GAUSSIAN))
    assert excitations_per_pulse(SIGMA, 2, np.array([]), 1e-13).shape == (0,)
    assert BEAM.fluence([]).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: BEAM.fluence(-1e-3), r"mean power = -0.001 W: must be finite, at least 0"),
        (lambda: BEAM.mean_flux(float("nan")), "mean power = nan W"),
        (lambda: PulsedBeam(800.0, 1e-6, 80e6, 1.0), "duty cycle = 80: must be finite, above 0, at most 1"),
        (lambda: PulsedBeam(800.0, 0.0, 80e6, 1.0), "pulse width = 0 s: must be finite, above 0"),
        (lambda: PulseShape("square"), "pulse shape = 'square': must be gaussian, sech2 or rectangular"),
        (lambda: rate_from_mean_flux(-1.0, 2, 1.0), "cross-section = -1"),
        (lambda: rate_from_mean_flux(1.0, 0, 1.0), "number of photons = 0"),
        (lambda: rate_from_peak_flux(1.0, 2, [1.0, float("inf")]), "photon flux = inf"),
        (lambda: local_exponent(2, -0.1), "excitations per pulse = -0.1"),
        (lambda: mixed_exponent([1, 2], [0.0, 0.0]), "sum of the rates = 0"),
    ],
)
def test_what_no_experiment_can_have_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
