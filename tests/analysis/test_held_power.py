"""Intensities and ratios where the power was not quite held, from synthetic numbers whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.held_power import at_equal_power, measured_exponent, ratio_doubt


def points(irradiance: np.ndarray, measured: np.ndarray, noise: float = 1e-3) -> xr.Dataset:
    return xr.Dataset(
        {"irradiance_mean": ("point", measured), "irradiance_mean_errors": ("point", noise * measured)},
        coords={
            "irradiance": ("point", irradiance),
            "temperature": ("point", 300.0 + np.arange(len(measured))),
        },
    )


def test_intensities_are_those_at_one_power_with_honest_errors() -> None:
    pulls = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        true = 10 * (1 + 0.02 * rng.standard_normal(8))
        ds = points(np.full(8, 10.0), true * (1 + 1e-3 * rng.standard_normal(8)))
        n = 2 + 0.1 * rng.standard_normal()
        value = (true / 10) ** n * (1 + 2e-3 * rng.standard_normal(8))
        value, error = at_equal_power(ds, value, np.full(8, 2e-3), (2.0, 0.1))
        pulls += ((value - value.mean()) / error).tolist()
    assert 0.75 <= np.std(pulls) <= 1.3


def test_what_was_not_measured_changes_nothing() -> None:
    ds = points(np.ones(3), np.ones(3)).drop_vars(["irradiance_mean", "irradiance_mean_errors"])
    value, error = at_equal_power(ds, np.arange(3.0), np.ones(3))
    assert value.tolist() == [0, 1, 2]
    assert error.tolist() == [1, 1, 1]
    assert ratio_doubt(ds).tolist() == [0, 0, 0]


def test_a_power_that_was_missed_is_in_the_error_of_a_ratio() -> None:
    doubt = ratio_doubt(points(np.full(3, 10.0), np.array([10.0, 10.2, 9.8])))
    assert doubt == pytest.approx([0.0005, 0.0099, 0.0101], rel=0.02)


def test_several_powers_tell_the_exponent() -> None:
    power = np.tile([10.0, 20.0, 40.0], 4)
    ds = points(power, power).assign_coords(temperature=("point", np.repeat([250.0, 275, 300, 325], 3)))
    value = power**1.6 * np.exp(ds["temperature"].values / 30)
    n, doubt = measured_exponent(ds, value, 1e-3 * value)
    assert n == pytest.approx(1.6, abs=1e-6)
    assert doubt == 0.05
    assert measured_exponent(ds.isel(point=power == 10), value[power == 10], value[power == 10] / 100) is None
