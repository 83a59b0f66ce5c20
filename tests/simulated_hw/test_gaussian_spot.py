"""What a Gaussian beam does to irradiances and slopes: numbers known beforehand."""

from __future__ import annotations

from datetime import date
from typing import Literal

import numpy as np
import pytest
from scipy.integrate import quad

from antistokes.instruments.records import Beam
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.samples.sample import Sample
from antistokes.simulated_hw.spot import Spot

_STEP = 1.02  # in power, for local slopes


def beam(radius: float, profile: Literal["gaussian", "top-hat"] = "gaussian") -> Beam:
    return Beam(
        w_x_um=radius, w_y_um=radius, profile=profile, method="m", date=date(2026, 11, 1), max_power_mW=1e6
    )


def test_one_milliwatt_in_a_radius_of_10_um() -> None:
    spot = beam(10.0)
    assert spot.peak_irradiance(1e-3) == pytest.approx(636.6, abs=0.05)
    assert spot.mean_irradiance(1e-3) == pytest.approx(318.3, abs=0.05)
    # mean over the area inside the 1/e² radius, where 86.5 % of the power is
    w = 10e-4
    inside, _ = quad(lambda r: spot.peak_irradiance(1e-3) * np.exp(-2 * (r / w) ** 2) * 2 * np.pi * r, 0, w)
    assert inside / 1e-3 == pytest.approx(0.865, abs=5e-4)
    assert inside / spot.area_cm2 == pytest.approx(275.2, abs=0.05)


@pytest.mark.parametrize("exponent", [1, 2, 3])
def test_a_power_of_the_irradiance_over_the_plane(exponent: int) -> None:
    """∫ I^a dA = I_peak^a·π·w²/(2a)."""
    spot, w = beam(10.0), 10e-4
    peak = spot.peak_irradiance(1e-3)
    found, _ = quad(lambda r: (peak * np.exp(-2 * (r / w) ** 2)) ** exponent * 2 * np.pi * r, 0, 6 * w)
    assert found == pytest.approx(peak**exponent * spot.area_cm2 / (2 * exponent), rel=1e-9)


@pytest.mark.parametrize(
    ("profile", "slopes"),
    [("top-hat", (1.15, 1.00, 0.83, 0.77)), ("gaussian", (1.32, 1.17, 0.98, 0.91))],
)
def test_the_beam_smears_the_slope_of_a_sample_that_saturates(
    profile: Literal["gaussian", "top-hat"], slopes: tuple[float, ...]
) -> None:
    """Local slope of the green emission at 10, 20, 60 and 100 W/cm² on the axis."""
    sample, spot = Sample.load("yber-micro"), beam(100.0, profile)
    low, high = sample.record.bands["green"]
    green = [low < line.wavelength < high for line in sample.lines]
    light = Spot(sample, spot, 1e-3)

    def emitted(irradiance: float) -> float:
        power = irradiance / spot.peak_irradiance(1.0)
        return float(light.rates(power, Conditions(300.0, 980.0))[green].sum())

    found = [
        np.log(emitted(peak * _STEP) / emitted(peak / _STEP)) / np.log(_STEP**2) for peak in (10, 20, 60, 100)
    ]
    assert found == pytest.approx(slopes, abs=0.01)
