"""Light of the illuminated spot, against sums over rings of the beam and closed formulas."""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import pytest

from antistokes.instruments.records import Beam
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.samples.sample import Sample
from antistokes.simulated_hw.spot import Array, Spot

_THICKNESS = 1e-3  # cm


class Emitted(NamedTuple):
    emission: Array


class PowerLaws:
    """k·I^a in every line; counts how often it is asked."""

    def __init__(self, *exponents: float, per_kelvin: float = 0.0) -> None:
        self.exponents, self.per_kelvin, self.asked = np.array(exponents), per_kelvin, 0

    def respond(self, irradiance: Array, conditions: Conditions) -> Emitted:
        self.asked += 1
        scale = 1e15 * np.exp(self.per_kelvin * conditions.temperature)
        return Emitted(scale * irradiance[:, None] ** self.exponents)

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        raise NotImplementedError


def beam(profile: Literal["gaussian", "top-hat"] = "gaussian") -> Beam:
    return Beam(
        w_x_um=80, w_y_um=120, profile=profile, method="knife edge", date=date(2026, 11, 1), max_power_mW=1e6
    )


def over_rings(
    sample: Sample | PowerLaws, spot: Beam, power: float, temperature: float, rings: int = 2000
) -> Array:
    """∫ emission dA over ellipses of a Gaussian beam out to three radii, midpoint rule, times thickness."""
    width = 3.0 / rings
    radius = (np.arange(rings) + 0.5) * width  # in units of w
    irradiance = spot.peak_irradiance(power) * np.exp(-2 * radius**2)
    area = 2 * radius * width * spot.area_cm2
    result: Array = area @ sample.respond(irradiance, Conditions(temperature)).emission * _THICKNESS
    return result


@pytest.mark.parametrize("power", [1e-9, 1e-4, 0.02, 1.0, 50.0])
def test_a_power_law_under_a_gaussian_beam_is_its_peak_over_twice_the_exponent(power: float) -> None:
    exponents = np.array([0.5, 1.0, 1.7, 2.0, 3.0])
    sample = PowerLaws(*exponents)
    rates = Spot(sample, beam(), _THICKNESS).rates(power, Conditions())
    peak = sample.respond(np.array([beam().peak_irradiance(power)]), Conditions()).emission[0]
    assert rates == pytest.approx(peak * beam().area_cm2 / (2 * exponents) * _THICKNESS, rel=1e-9)


def test_a_power_law_under_a_gaussian_beam_agrees_with_rings() -> None:
    sample = PowerLaws(1.0, 2.0, 3.0)
    rates = Spot(sample, beam(), _THICKNESS).rates(0.05, Conditions())
    assert rates == pytest.approx(over_rings(sample, beam(), 0.05, 300.0), rel=1e-5)


@pytest.mark.parametrize("power", [2e-5, 1e-3, 0.03, 0.36, 3.0])
def test_a_sample_that_saturates_agrees_with_rings(power: float) -> None:
    sample = Sample.load("yber-micro")
    rates = Spot(sample, beam(), _THICKNESS).rates(power, Conditions())
    assert rates == pytest.approx(over_rings(sample, beam(), power, 300.0), rel=2e-3)


def test_a_flat_top_lights_all_of_its_area_alike() -> None:
    sample = Sample.load("yber-micro")
    flat = beam("top-hat")
    rates = Spot(sample, flat, _THICKNESS).rates(0.05, Conditions())
    uniform = sample.emission(np.array([0.05 / flat.area_cm2]), 300.0, 980.0)[0]
    assert rates == pytest.approx(uniform * flat.area_cm2 * _THICKNESS, rel=2e-3)


@pytest.mark.parametrize("profile", ["gaussian", "top-hat"])
def test_beyond_the_grid_the_power_law_goes_on(profile: Literal["gaussian", "top-hat"]) -> None:
    spot = Spot(PowerLaws(2.0), beam(profile), _THICKNESS)
    for power in (1e-12, 1e3):
        assert spot.rates(10 * power, Conditions()) == pytest.approx(100 * spot.rates(power, Conditions()))


@pytest.mark.parametrize("power", [0.0, -1e-9])
def test_without_light_there_is_no_emission(power: float) -> None:
    assert list(Spot(PowerLaws(1.0, 2.0), beam(), _THICKNESS).rates(power, Conditions())) == [0, 0]


def test_a_line_that_does_not_emit_stays_dark() -> None:
    class Dark:
        def respond(self, irradiance: Array, conditions: Conditions) -> Emitted:
            return Emitted(np.zeros((len(irradiance), 1)))

        def pulsed(
            self, high: Array, low: Array, width: float, times: Array, conditions: Conditions
        ) -> Array:
            raise NotImplementedError

    assert Spot(Dark(), beam(), _THICKNESS).rates(0.1, Conditions())[0] < 1e-250


@pytest.mark.parametrize("temperature", [290.0, 290.5, 291.0, 291.999, 292.0])
def test_an_exponential_in_temperature_is_met_between_the_temperatures_solved(temperature: float) -> None:
    def rate(at: float) -> float:
        return float(Spot(PowerLaws(1.0, per_kelvin=-0.02), beam(), _THICKNESS).rates(0.1, Conditions(at))[0])

    assert rate(temperature) / rate(290.0) == pytest.approx(np.exp(-0.02 * (temperature - 290.0)), rel=1e-9)


def test_between_temperatures_a_sample_agrees_with_its_own_solution() -> None:
    sample = Sample.load("yber-micro")
    rates = Spot(sample, beam(), _THICKNESS).rates(0.03, Conditions(301.0, 980.0))
    assert rates == pytest.approx(over_rings(sample, beam(), 0.03, 301.0), rel=3e-3)


def test_each_temperature_and_wavelength_is_solved_once() -> None:
    sample = PowerLaws(1.0)
    spot = Spot(sample, beam(), _THICKNESS)
    for power in (1e-3, 1e-2, 0.0):
        spot.rates(power, Conditions(301.0, 980.0))
    assert sample.asked == 2  # 300.5 K and 302.5 K
    spot.rates(1e-3, Conditions(302.0, 980.0))
    assert sample.asked == 2
    spot.rates(1e-3, Conditions(302.0, 976.0))
    assert sample.asked == 4
