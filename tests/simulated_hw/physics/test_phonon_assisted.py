"""Phonon-assisted upconversion against published facts and closed forms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pint
import pytest
from scipy.constants import c, e, h
from scipy.optimize import brentq
from scipy.stats import norm

from antistokes.simulated_hw.physics.constants import EV_NM
from antistokes.simulated_hw.physics.phonon_assisted import (
    TailOrTwoPhotons,
    energy_gain,
    gain_limit,
    phonon_absorption,
    trap_filling,
    upconversion,
    urbach_absorption,
    urbach_energy,
)
from antistokes.simulated_hw.physics.processes import Array
from antistokes.simulated_hw.physics.semiconductor import odonnell_chen_gap
from antistokes.simulated_hw.physics.thermal import boltzmann_factor

_WS2 = (1e-4, 14.63, 1.604)  # floor, ħω in meV, σ₀
_CSPBX3 = TailOrTwoPhotons(gap=2.4, urbach=16.5, sigma_1=1e-14, sigma_2=1e5)


def exciton(kelvin: npt.ArrayLike) -> Array:
    """X of monolayer WSe₂, in eV."""
    return odonnell_chen_gap(kelvin, 1.742, 2.06, 15.0)


def wse2_gain(kelvin: npt.ArrayLike, at_300: float = 101.0) -> Array:
    """Gain with a laser fixed *at_300* meV below the exciton at 300 K."""
    return energy_gain(exciton(kelvin), EV_NM / (exciton(300) - 1e-3 * at_300))


def wse2(kelvin: npt.ArrayLike, splitting: float = 47.0) -> Array:
    return upconversion(kelvin, wse2_gain(kelvin), 31, splitting) / upconversion(300, 101, 31, splitting)


# WSe₂ against temperature


@pytest.mark.parametrize(
    ("kelvin", "expected", "digit"),
    [
        (250, (0.3436, 0.1799, 0.2063, 0.1251), (5e-5, 5e-5, 5e-5, 5e-5)),
        (240, (0.267, 0.117, 0.139, 0.0740), (5e-4, 5e-4, 5e-4, 5e-5)),
        (200, (0.079, 0.0134, 0.0197, 0.0054), (5e-4, 5e-5, 5e-5, 5e-5)),
        (150, (8.5e-3, 2.0e-4, 4.1e-4, 3.3e-5), (5e-5, 5e-6, 5e-6, 5e-7)),
    ],
)
def test_upconversion_of_wse2_relative_to_300_k(kelvin: float, expected: tuple, digit: tuple) -> None:
    gain = wse2_gain(kelvin)
    found = (
        phonon_absorption(101, 31, kelvin) / phonon_absorption(101, 31, 300),  # the gain stays
        wse2(kelvin, 0.0),  # it follows the exciton
        boltzmann_factor(gain, kelvin) / boltzmann_factor(101, 300),
        wse2(kelvin),  # with the dark exciton
    )
    for value, wanted, tolerance in zip(found, expected, digit, strict=True):
        assert value == pytest.approx(wanted, abs=tolerance)


@pytest.mark.parametrize(("gain", "bright", "dark"), [(101, 15.3, 30.8), (150, 49.8, 100.5)])
def test_heating_from_295_to_476_k(gain: float, bright: float, dark: float) -> None:
    for splitting, expected in ((0, bright), (47, dark)):
        cold, hot = upconversion([295, 476], wse2_gain([295, 476], gain), 31, splitting)
        assert hot / cold == pytest.approx(expected, abs=0.05)


def test_a_longer_exposure_sees_colder_emission() -> None:
    floor = wse2(250.0)
    for gained, expected in ((np.sqrt(10), 229.05), (10, 211.3)):
        found = brentq(lambda kelvin, level: wse2(kelvin) - level, 150, 300, args=(floor / gained,))
        assert found == pytest.approx(expected, abs=0.05)


def last_detected(averages: int) -> dict[float, float]:
    """Probability of each temperature to be the last above 3σ before the first miss.

    Steps of 5 K down from 300 K. The noise is the background's: SNR 24 at 300 K in one exposure.
    """
    grid = np.arange(300.0, 145, -5)
    seen = norm.cdf(np.sqrt(averages) * (24 * wse2(grid) - 3))
    until = np.cumprod(seen)
    return dict(zip(grid[:-1].tolist(), (until[:-1] * (1 - seen[1:])).tolist(), strict=True))


@pytest.mark.parametrize(("averages", "expected"), [(1, 0.96), (4, 1.00)])
def test_emission_of_wse2_is_last_seen_near_250_k(averages: int, expected: float) -> None:
    chance = last_detected(averages)
    assert chance[245] + chance[250] + chance[255] + chance[260] == pytest.approx(expected, abs=5e-3)


# Phonons and the Urbach tail


def test_gain_with_units() -> None:
    unit = pint.get_application_registry()
    laser = (unit.planck_constant * unit.speed_of_light / (980 * unit.nm)).to("meV").magnitude
    assert energy_gain(2.3, 980) == pytest.approx(2300 - laser, rel=1e-9)
    assert pytest.approx(1239.841984, rel=1e-9) == EV_NM


@pytest.mark.parametrize(
    ("excitation", "emission", "expected"), [(671, 632, 114.0), (532, 506, 119.8), (622, 575, 162.9)]
)
def test_anti_stokes_shifts(excitation: float, emission: float, expected: float) -> None:
    assert energy_gain(EV_NM / emission, excitation) == pytest.approx(expected, abs=0.05)


def test_no_phonon_is_needed_at_or_above_resonance() -> None:
    assert phonon_absorption([0, -50], 31, [0, 300]).tolist() == [1, 1]
    assert phonon_absorption(1, 31, 0) == 0


@pytest.mark.parametrize("seed", range(5))
def test_phonon_absorption_rises_with_temperature_and_falls_with_gain(seed: int) -> None:
    random = np.random.default_rng(seed)
    phonon = random.uniform(5, 100)
    kelvin, gain = np.sort(random.uniform(0, 1e4, 60)), np.sort(random.uniform(-50, 1000, 50))
    rate = phonon_absorption(gain, phonon, kelvin[:, None])
    assert np.all((rate >= 0) & (rate <= 1))
    assert np.all(np.diff(rate, axis=0) >= 0)
    assert np.all(np.diff(rate, axis=1) <= 0)


def test_urbach_energy_of_cspbbr3() -> None:
    assert urbach_energy(300, 20, 1.644) == pytest.approx(16.5, abs=5e-3)


def test_urbach_energy_cold_and_hot() -> None:
    assert urbach_energy(0, 20, 1.644) == pytest.approx(20 / 2 / 1.644, rel=1e-12)
    assert urbach_energy(1e5, 20, 1.644) == pytest.approx(0.08617333 * 1e5 / 1.644, rel=1e-6)
    assert np.all(np.diff(urbach_energy(np.linspace(0, 600, 100), 20, 1.644)) >= 0)


def test_urbach_energy_with_units() -> None:
    unit = pint.get_application_registry()
    x = (20 * unit.meV / (2 * unit.boltzmann_constant * 300 * unit.kelvin)).to("").magnitude
    assert urbach_energy(300, 20, 1.644) == pytest.approx(20 / (2 * 1.644) / np.tanh(x), rel=1e-9)


def test_urbach_tail() -> None:
    assert urbach_absorption(2.15, 2.4, 16.5) == pytest.approx(2.629e-7, abs=5e-11)
    assert urbach_absorption([2.4, 2.5, 3.0], 2.4, 16.5).tolist() == [1, 1, 1]
    assert urbach_absorption(0.1, 2.4, 0.1) == 0
    photon = np.linspace(2.2, 2.39, 20)
    assert np.diff(np.log(urbach_absorption(photon, 2.4, 16.5))) == pytest.approx(10 / 16.5, rel=1e-9)


@pytest.mark.parametrize(("kelvin", "expected"), [(7, 42.0), (100, 60.8), (200, 104.8), (295, 150.0)])
def test_gain_limit_of_ws2(kelvin: float, expected: float) -> None:
    assert gain_limit(kelvin, *_WS2) == pytest.approx(expected, abs=0.05)


def test_two_gain_limits_of_ws2_fix_the_phonon() -> None:
    def mismatch(phonon: float) -> float:
        cold, hot = gain_limit([7, 295], 1e-4, phonon, 1.0)
        return float(hot / cold - 150 / 42)

    phonon = brentq(mismatch, 5, 50)
    assert phonon == pytest.approx(14.63, abs=5e-3)
    assert gain_limit(295, 1e-4, phonon, 1.0) / 150 == pytest.approx(1.604, abs=5e-4)
    assert urbach_energy([7, 295], phonon, 1.604) == pytest.approx([4.56, 16.29], abs=0.01)


# Traps


def test_traps_fill() -> None:
    assert trap_filling([0, 1e4, 1e300], 1e4).tolist() == [0, 0.5, 1]
    assert trap_filling([], 1e4).shape == (0,)
    x = np.geomspace(1e-3, 1e3, 50)
    assert trap_filling(x, 1.0, 0.7) == pytest.approx(x**0.7 / (1 + x**0.7), rel=1e-12)


def test_filling_is_the_steady_state_of_a_trap() -> None:
    pump, decay = np.geomspace(1, 1e8, 9), 1e4
    filled = trap_filling(pump, decay)
    assert pump * (1 - filled) == pytest.approx(decay * filled, rel=1e-9)


def test_exponent_of_h_bn_from_sublinear_to_saturated() -> None:
    watts = np.geomspace(1, 1e8, 801)
    exponent = np.gradient(np.log(trap_filling(watts, 1e4, 0.7)), np.log(watts))
    assert exponent[0] == pytest.approx(0.7, abs=2e-3)
    assert np.all((exponent[watts < 600] > 0.6) & (exponent[watts < 600] < 0.9))
    assert exponent[-1] < 0.01


# One photon in the tail or two


@pytest.mark.parametrize(
    ("watts", "expected"),
    [(1e4, 335.1), (1e6, 259.7), (1e9, 146.6), (1.6e6, 252.0), (2e6, 248.4)],
)
def test_crossing_to_two_photon_absorption(watts: float, expected: float) -> None:
    found = _CSPBX3.crossing(watts)
    assert found == pytest.approx(expected, abs=0.05)
    assert _CSPBX3.exponent(found, watts) == pytest.approx(1.5, abs=1e-12)
    tail, both = (_CSPBX3.rate(found, watts * f) / f for f in (1e-9, 1.0))
    assert both == pytest.approx(2 * tail, rel=1e-8)


def test_a_gaussian_pulse_or_spot_moves_the_crossing() -> None:
    """Same peak irradiance: <I²>/<I> is 1/√2 of it in a Gaussian pulse and 1/2 in a Gaussian spot."""
    uniform, pulse, spot = _CSPBX3.crossing(1e6 * np.array([1, 1 / np.sqrt(2), 0.5]))
    assert pulse - uniform == pytest.approx(16.5 * np.log(2) / 2, rel=0.01)
    assert spot - uniform == pytest.approx(16.5 * np.log(2), rel=0.01)


def fitted_exponents(detuning: np.ndarray) -> np.ndarray:
    """Of power sweeps ±0.25 decade about 1.8 MW/cm²."""
    watts = 1.8e6 * 10 ** np.linspace(-0.25, 0.25, 11)
    return np.polyfit(np.log(watts), np.log(_CSPBX3.rate(detuning, watts[:, None])), 1)[0]


def test_exponent_steps_at_250_mev() -> None:
    detuning = np.arange(0.0, 451)
    exponents = fitted_exponents(detuning)
    assert np.all(np.diff(exponents) >= 0)
    step = np.interp(1.5, exponents, detuning)
    assert step == pytest.approx(250.2, abs=0.1)
    assert step == pytest.approx(_CSPBX3.crossing(1.8e6), abs=1e-2)
    low, high = np.interp([1.1, 1.9], _CSPBX3.exponent(detuning, 1.8e6), detuning)
    assert high - low == pytest.approx(72, abs=0.1)
    assert exponents[detuning <= 200] == pytest.approx(1.0, abs=0.1)
    assert exponents[detuning >= 310] == pytest.approx(2.0, abs=0.1)


def test_local_exponent_is_the_derivative_of_the_rate() -> None:
    detuning, watts, step = np.array([0, 150, 250, 400, 1300]), 1.8e6, 1e-4
    low, high = (np.log(_CSPBX3.rate(detuning, watts * np.exp(s))) for s in (-step, step))
    assert (high - low) / (2 * step) == pytest.approx(_CSPBX3.exponent(detuning, watts), abs=1e-6)


def test_two_photons_cannot_reach_more_than_twice_their_energy() -> None:
    assert _CSPBX3.exponent(1199, 1e6) > 1.99
    assert _CSPBX3.exponent(1201, 1e6) == 1
    assert _CSPBX3.crossing(0) == 1200


def test_limits_of_the_competition_are_finite() -> None:
    assert _CSPBX3.rate([0, 300, 2399], 0).tolist() == [0, 0, 0]
    assert _CSPBX3.exponent([0, 300, 2399], 0).tolist() == [1, 1, 1]
    assert _CSPBX3.exponent(-100, 1e30) == 2
    assert _CSPBX3.crossing([1e30, 1e300]).tolist() == [0, 0]
    assert TailOrTwoPhotons(2.4, 0.1, 1e-14, 0.0).exponent(1100, 1e6) == 1
    assert TailOrTwoPhotons(2.4, 0.1, 1e-14, 1.0).exponent(1100, 1e6) == 2


def test_rates_with_units() -> None:
    unit = pint.get_application_registry()
    flux = (1.8e6 * unit.W / unit.cm**2 / (2.15 * unit.eV)).to("cm^-2 s^-1")
    one = 1e-14 * unit.cm**2 * np.exp(-250 / 16.5) * flux
    two = 0.5 * 1e5 * 1e-50 * unit.cm**4 * unit.s * flux**2
    assert _CSPBX3.rate(250, 1.8e6) == pytest.approx((one + two).to("1/s").magnitude, rel=1e-9)
    assert flux.magnitude == pytest.approx(1.8e6 * (h * c / (2.15 * e)) / (h * c), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_crossing_balances_both_processes(seed: int) -> None:
    random = np.random.default_rng(seed)
    sample = TailOrTwoPhotons(
        random.uniform(1.2, 3.2),
        random.uniform(5, 30),
        10 ** random.uniform(-16, -13),
        10 ** random.uniform(2, 6),
    )
    watts = 10 ** np.sort(random.uniform(0, 10, 40))
    crossing = sample.crossing(watts)
    inside = (crossing > 0) & (crossing < 500 * sample.gap)
    assert np.count_nonzero(inside) > 20
    assert sample.exponent(crossing, watts)[inside] == pytest.approx(1.5, abs=1e-9)
    assert np.all(np.diff(crossing) <= 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: phonon_absorption(100, 0, 300), "phonon energy = 0 meV"),
        (lambda: phonon_absorption(np.nan, 31, 300), "energy gain = nan meV"),
        (lambda: phonon_absorption(100, 31, -1), "temperature = -1 K"),
        (lambda: energy_gain(2.0, 0), "laser wavelength = 0 nm"),
        (lambda: energy_gain(-2.0, 500), "emission energy = -2 eV"),
        (lambda: urbach_energy(300, 20, 0), "steepness = 0"),
        (lambda: urbach_absorption(2, 2.4, 0), "Urbach energy = 0 meV"),
        (lambda: gain_limit(300, 0, 20, 1.6), "detection floor = 0: must be finite, above 0, at most 1"),
        (lambda: trap_filling(-1, 1), "power = -1"),
        (lambda: trap_filling(1, 0), "saturation power = 0"),
        (lambda: trap_filling(1, 1, 1.5), "stretching exponent = 1.5"),
        (lambda: _CSPBX3.rate(2400, 1), "photon energy = 0 eV"),
        (lambda: _CSPBX3.rate(100, -1), "irradiance = -1 W/cm²"),
        (lambda: _CSPBX3.crossing(np.nan), "irradiance = nan W/cm²"),
        (lambda: TailOrTwoPhotons(2.4, 16.5, 0.0, 1e5), "one-photon cross-section = 0 cm²"),
        (lambda: TailOrTwoPhotons(2.4, 16.5, 1e-14, -1), "two-photon cross-section = -1 GM"),
    ],
)
def test_what_no_experiment_has_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match="^" + message):
        call()
