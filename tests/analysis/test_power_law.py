"""Power laws recovered from synthetic sweeps whose truth is known.

The noise is that of a camera (shot noise, read noise, digits) and of a power meter; the uncertainties
given along are what an experiment would state. Figures over 250 seeds are in the docstrings.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis import power_law
from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.fitting import Points, fit

Curve = Callable[[np.ndarray], np.ndarray]

WAVELENGTH = 500.0 + np.arange(100)
LINE = np.exp(-0.5 * ((WAVELENGTH - 540) / 6) ** 2)
LINE /= LINE.sum()
ADU, READ_NOISE = 2.5, 4.0  # electrons per count, electrons
FLAGS = {
    "flag_masks": np.array([1, 2, 4, 8, 16, 32], dtype="u4"),
    "flag_meanings": "saturated below_noise not_settled off_target read_failed over_range",
}


def sweep(
    curve: Curve, seed: int = 0, electrons: float = 2e4, pump: float = 0.004, full_well: float | None = None
) -> xr.Dataset:
    """Up and down over 0.1 to 1000 W/cm², 6 points per decade.

    :param electrons: per second in the band where *curve* is 1
    :param pump: relative 1 σ of the measured irradiance
    :param full_well: adapt the exposure (0.01 to 10 s) to this many electrons; else it is 1 s
    """
    rng = np.random.default_rng(seed)
    up = np.logspace(-1, 3, 25)
    irradiance = np.concatenate([up, up[::-1]])
    rate = electrons * curve(irradiance)
    exposure = np.ones(50) if full_well is None else np.clip(full_well / (rate * LINE.max() + 1), 0.01, 10)
    expected = (rate * exposure)[:, None] * LINE
    counts = np.round((rng.poisson(expected) + rng.normal(0, READ_NOISE, expected.shape)) / ADU)
    errors = np.sqrt((READ_NOISE / ADU) ** 2 + np.clip(counts, 0, None) / ADU + 1 / 12)
    measured = irradiance * (1 + pump * rng.normal(size=50))
    return xr.Dataset(
        {
            "irradiance_mean": ("point", measured),
            "irradiance_mean_errors": ("point", pump * measured),
            "direction": ("point", np.repeat([1, -1], 25)),
            "spectrum": (("point", "wavelength"), counts / exposure[:, None]),
            "spectrum_errors": (("point", "wavelength"), errors / exposure[:, None]),
            "flags": ("point", np.zeros(50, dtype="u4"), FLAGS),
        },
        coords={"irradiance": ("point", irradiance), "wavelength": WAVELENGTH},
        attrs={"sample": {"bands": {"green": [515, 565]}}, "axis": "irradiance"},
    )


def exact(curve: Curve) -> xr.Dataset:
    """The same sweep without noise and with errors of 0."""
    ds = sweep(curve, pump=0.0)
    ds["spectrum"] = (("point", "wavelength"), curve(ds["irradiance"].values)[:, None] * LINE)
    return ds.assign(spectrum_errors=0 * ds["spectrum"])


def saturating(irradiance: np.ndarray) -> np.ndarray:
    """Slope 2 below and 0.6 above 30 W/cm²."""
    return irradiance**2 / (1 + irradiance / 30) ** 1.4


def saturating_slope(irradiance: np.ndarray) -> np.ndarray:
    return 2 - 1.4 * irradiance / (30 + irradiance)


def gentle(irradiance: np.ndarray) -> np.ndarray:
    """Slope 2 to 0.6, the bend spread over four decades about 10 W/cm²."""
    return irradiance**2 / (1 + (irradiance / 10) ** (1 / 1.5)) ** 2.1


def gentle_slope(irradiance: np.ndarray) -> np.ndarray:
    return 2 - 1.4 / (1 + (irradiance / 10) ** (-1 / 1.5))


def test_exact_data_give_the_exact_exponent_over_the_whole_range():
    law = power_law(exact(lambda p: 7.0 * p**1.7))["green"]
    assert law.exponent == pytest.approx(1.7, abs=1e-9)
    assert law.prefactor == pytest.approx(7.0 * LINE[15:66].sum(), rel=2e-3)
    assert law.points == 50
    assert law.irradiance_range == pytest.approx((0.1, 1000))
    assert law.window == (515, 565)
    np.testing.assert_allclose(law.local[:, 0], np.logspace(-1, 3, 25))
    np.testing.assert_allclose(law.local[:, 1], 1.7, atol=1e-7)
    assert law.saturation_onset is None
    assert law.saturation_onset_stderr is None


def test_the_covariance_is_that_of_a_weighted_straight_line():
    """With a relative error s of the irradiance only: σ(n) = n·s/√Σ(x − x̄)² (closed form)."""
    x = np.linspace(0, 5, 21)
    points = Points(x, np.exp(1 + 2 * x), np.zeros(21), np.full(21, 0.01), x)
    line = fit(points, 1, 0.0)
    assert line.beta == pytest.approx([1, 2])
    assert np.sqrt(line.covariance[1, 1]) == pytest.approx(2 * 0.01 / np.sqrt(((x - x.mean()) ** 2).sum()))
    assert line.freedom == 19


def test_points_without_signal_do_not_bend_the_line():
    """Noise about zero below, with negative values: the fit to the logarithms of the positive ones fails."""
    rng = np.random.default_rng(0)
    x = np.repeat(np.linspace(-4, 2, 40), 25)
    y = np.exp(2 * x) + rng.normal(0, 0.3, x.size)
    points = Points(x, y, np.full(x.size, 0.3), np.zeros(x.size), x)
    line = fit(points, 1, 0.0)
    assert abs(line.beta[1] - 2) < 3 * np.sqrt(line.covariance[1, 1])
    positive = y > 0
    assert np.polyfit(x[positive], np.log(y[positive]), 1)[0] < 1.6


@pytest.mark.parametrize(
    ("exponent", "electrons", "full_well"),
    [(2.0, 1e5, 1.5e5), (2.0, 30.0, None), (3.0, 1.0, None), (1.0, 50.0, None), (0.7, 500.0, None)],
)
def test_pulls_have_mean_0_and_width_1_and_a_power_law_keeps_its_points(exponent, electrons, full_well):
    """Over 150 seeds: means −0.06 to +0.18, widths 0.84 to 0.97, at least 49.7 of 50 points on average."""
    laws = [
        power_law(sweep(lambda p: p**exponent, seed, electrons, full_well=full_well))["green"]
        for seed in range(40)
    ]
    pulls = np.array([(law.exponent - exponent) / law.stderr for law in laws])
    assert abs(pulls.mean()) < 0.5
    assert 0.7 < pulls.std() < 1.4
    assert np.mean([law.points for law in laws]) > 48
    assert max(law.stderr for law in laws) < 0.1
    assert sum(law.saturation_onset is not None for law in laws) <= 2
    local = np.concatenate([(law.local[:, 1] - exponent) / law.local_stderr for law in laws])
    assert 0.85 < np.nanstd(local) < 1.15


@pytest.mark.parametrize(("pump", "most"), [(0.004, 0.013), (0.02, 0.04)])
def test_a_saturating_curve_gives_its_low_power_exponent(pump, most):
    """50 seeds: the bend is no bias, and the errors do not depend on what the noise makes of the range."""
    laws = [power_law(sweep(saturating, seed, pump=pump, full_well=1.5e5))["green"] for seed in range(50)]
    errors = np.array([law.stderr for law in laws])
    pulls = np.array([law.exponent - 2 for law in laws]) / errors
    assert abs(pulls.mean()) <= 0.4
    assert 0.75 <= pulls.std() <= 1.3
    assert errors.max() < 3 * errors.min()
    assert np.median(errors) < most
    assert all(law.reached and law.irradiance_range[1] < 30 for law in laws)
    assert np.mean([law.bend for law in laws]) > 0.9


def test_one_line_over_a_saturating_curve_is_what_is_avoided():
    law = power_law(sweep(saturating, full_well=1.5e5), irradiance_range=(0.1, 1000))["green"]
    assert law.points == 50
    assert law.exponent < 1.6
    assert law.reduced_chi2 > 10


def test_a_curve_that_bends_twice_is_not_taken_for_straight():
    """Slope 1, then 6, then 1 again: the curvature over the whole range is nil."""
    law = power_law(sweep(lambda p: p * np.exp(2.5 * np.tanh(2 * np.log(p / 10)))))["green"]
    assert law.exponent == pytest.approx(1.0, abs=0.05)
    assert law.irradiance_range[1] < 5


def test_local_exponents_follow_a_smooth_curve():
    """Noise 0.5 %: the systematic error and that of a single sweep within 0.02, 0.03 at the very ends."""
    laws = [power_law(sweep(gentle, seed, 1e6, 0.005, 1.5e5))["green"] for seed in range(20)]
    error = np.array([law.local[:, 1] - gentle_slope(law.local[:, 0]) for law in laws])
    assert error.shape == (20, 25)
    assert abs(error.mean(axis=0)).max() < 0.025
    assert abs(error.mean(axis=0)[2:-2]).max() < 0.01
    assert np.sqrt((error[:, 2:-2] ** 2).mean(axis=0)).max() < 0.02
    assert np.sqrt((error**2).mean(axis=0)).max() < 0.03


def test_local_exponents_are_left_out_where_nothing_is_detected():
    law = power_law(sweep(lambda p: p**2, electrons=1.0))["green"]
    assert np.isnan(law.local[:8, 1]).all()
    assert np.isfinite(law.local[14:, 1]).all()


def test_the_onset_is_where_the_exponent_has_fallen_by_a_tenth():
    """Truth: 1.4·P/(30 + P) = 0.2, so P = 5 W/cm²."""
    laws = [power_law(sweep(saturating, seed, full_well=1.5e5))["green"] for seed in range(20)]
    onset = np.array([law.saturation_onset for law in laws])
    sigma = np.array([law.saturation_onset_stderr for law in laws])
    assert onset.mean() == pytest.approx(5.0, rel=0.1)
    assert np.sqrt(np.mean(((onset - 5) / sigma) ** 2)) < 1.5


def test_flagged_and_nan_points_take_no_part_but_off_target_and_weak_ones_do():
    ds = sweep(lambda p: p**2)
    ds["spectrum"][3] *= 0.1
    ds["flags"][3] = 1 | 2
    ds["spectrum"][30] = np.nan
    ds["irradiance_mean"][40] = np.nan
    ds["flags"][5], ds["flags"][6] = 8, 2
    law = power_law(ds)["green"]
    assert law.points == 47
    assert abs(law.exponent - 2) < 4 * law.stderr
    assert power_law(ds.drop_vars("flags"))["green"].reduced_chi2 > 10


def test_a_range_by_hand_is_kept_to():
    law = power_law(sweep(saturating), irradiance_range=(0.1, 1.0))["green"]
    assert law.points == 14
    assert law.irradiance_range == pytest.approx((0.1, 1.0), rel=0.02)
    assert power_law(sweep(saturating), irradiance_range=(0, 1.0))["green"].points == 14


def test_scatter_beyond_the_stated_errors_enlarges_the_uncertainty():
    ds = sweep(lambda p: p**2, full_well=1.5e5, electrons=1e6)
    ds["spectrum"] = ds["spectrum"] * (
        1 + 0.05 * xr.DataArray(np.random.default_rng(1).normal(size=50), dims="point")
    )
    law = power_law(ds, irradiance_range=(0.1, 1000))["green"]
    assert law.reduced_chi2 > 10
    assert law.stderr == pytest.approx(0.05 / np.sqrt(50) / 2.75, rel=0.3)


def test_without_errors_the_scatter_gives_honest_ones():
    """20 seeds; pump noise 1 %, which the analysis is not told."""
    pulls = []
    for seed in range(20):
        ds = sweep(lambda p: p**2, seed, 1e6, 0.01, 1.5e5)
        law = power_law(ds.drop_vars(["irradiance_mean_errors", "spectrum_errors"]))["green"]
        pulls.append((law.exponent - 2) / law.stderr)
    assert abs(np.mean(pulls)) < 0.5
    assert 0.7 < np.std(pulls) < 1.4


def test_bands_and_windows_choose_what_is_fitted():
    ds = sweep(lambda p: p**2)
    windows = {"a": (520.0, 540.0), "b": (540.0, 560.0), "empty": (580.0, 590.0)}
    assert set(power_law(ds, windows)) == {"a", "b"}
    assert set(power_law(ds, windows, bands=["b"])) == {"b"}
    with pytest.raises(AnalysisError, match="band 'empty': 0 points with a signal; needs 3 at different"):
        power_law(ds, windows, bands=["empty"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bands": ["blue"]}, "band 'blue' is unknown; known: green"),
        ({"bands": []}, "empty list"),
        ({"irradiance_range": (2000, 3000)}, "0 points with a signal from 2000 to 3000 W/cm²"),
        ({"irradiance_range": (10, 1)}, "0 points with a signal from 10 to 1 W/cm²"),
        ({"irradiance_range": (1.0, 1.0)}, "2 points with a signal from 1 to 1 W/cm²"),
        ({"windows": {"x": (100, 200)}}, "outside the recorded"),
    ],
)
def test_what_cannot_be_fitted_is_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as refusal:
        power_law(sweep(lambda p: p**2), **arguments)
    assert "\n" not in str(refusal.value)


def test_a_run_in_the_dark_is_refused():
    with pytest.raises(AnalysisError, match="points with a signal; needs 3"):
        power_law(sweep(lambda p: 0 * p))


def test_points_all_at_one_irradiance_are_refused():
    ds = sweep(lambda p: p**2)
    ds["irradiance_mean"] = ("point", np.full(50, 3.0))
    with pytest.raises(AnalysisError, match="at different irradiances"):
        power_law(ds)


def test_the_package_is_imported_without_anything_slow():
    code = (
        "import sys, antistokes.analysis as a; "
        "assert not {'scipy.optimize', 'lmfit', 'matplotlib', 'xarray', 'h5py'} & set(sys.modules); "
        "from antistokes.analysis import power_law; import antistokes.analysis.figures; "
        "from antistokes.analysis import power_law as again; "
        "assert power_law is again and callable(again) and callable(a.power_sweep_figure)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    import antistokes.analysis

    with pytest.raises(AttributeError, match="no_such_thing"):
        antistokes.analysis.no_such_thing  # noqa: B018
