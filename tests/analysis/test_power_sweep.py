"""What a power sweep shows beyond its exponent, from synthetic sweeps whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.avalanche import steepest
from antistokes.analysis.bands import band_windows, integrate_bands
from antistokes.analysis.drift import find_drift
from antistokes.analysis.fitting import Points
from antistokes.analysis.hysteresis import hysteresis
from antistokes.analysis.power_law import band_points, power_law
from antistokes.analysis.power_sweep import analyse
from antistokes.analysis.saturation import critical_power_density, find_saturation

WAVELENGTH = 500.0 + np.arange(60)
LINE = np.exp(-0.5 * ((WAVELENGTH - 530) / 6) ** 2)
PUMP = 0.003


def saturating(sharpness: float = 1.0):
    """Exponent 2 below and 0.5 above 30 W/cm²."""
    return lambda p: p**2 / (1 + (p / 30) ** sharpness) ** (1.5 / sharpness)


SATURATING = saturating()


def sweep(curve=SATURATING, seed: int = 0, every: int = 0, change=None, down=1.0, pump=PUMP) -> xr.Dataset:
    """Up and down over 0.3 to 3000 W/cm², every point of 60 s; a reference point at 30 W/cm² every *every*.

    :param change: factor on the emission as a function of hours and of the dose in J/cm²
    :param down: factor on the emission of the downward branch
    """
    rng = np.random.default_rng(seed)
    up = np.geomspace(0.3, 3000, 25)
    setpoint, direction = np.concatenate([up, up[::-1]]), np.repeat([1, -1], 25)
    if every:
        at = [*range(0, 50, every), 50]
        setpoint, direction = np.insert(setpoint, at, 30.0), np.insert(direction, at, 0)
    irradiance = setpoint * (1 + 0.005 * rng.standard_normal(len(setpoint)))
    time, dose = 60.0 * np.arange(len(setpoint)), 60.0 * np.cumsum(irradiance)
    factor = np.where(direction < 0, down, 1.0)
    if change is not None:
        factor = factor * change(time / 3600, dose)
    rate = 2e3 * factor * curve(irradiance)
    seconds = np.clip(3e4 / (rate + 1), 0.01, 10.0)
    spectrum = rate[:, None] * LINE
    errors = np.sqrt(30.0**2 + spectrum * seconds[:, None]) / seconds[:, None]
    measured = irradiance * (1 + pump * rng.standard_normal(len(irradiance)))
    ds = xr.Dataset(
        {
            "irradiance_mean": ("point", measured),
            "irradiance_mean_errors": ("point", pump * measured),
            "spectrum": (("point", "wavelength"), spectrum + errors * rng.standard_normal(spectrum.shape)),
            "spectrum_errors": (("point", "wavelength"), errors),
            "dose": ("point", dose),
        },
        coords={
            "irradiance": ("point", setpoint),
            "direction": ("point", direction),
            "time": ("point", time),
            "wavelength": WAVELENGTH,
        },
        attrs={"sample": {"bands": {"green": [510, 550]}}, "axis": "irradiance"},
    )
    return ds.assign_coords(reference=("point", (direction == 0).astype("i1"))) if every else ds


def fitted(ds: xr.Dataset):
    """Points and power law of the one band."""
    integrated = integrate_bands(ds)
    return band_points(integrated, "green"), power_law(ds)["green"]


# -- saturation -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sharpness", [1.0, 0.7])
def test_the_saturation_irradiance_has_pulls_of_mean_0_and_width_1(sharpness):
    found = [find_saturation(*fitted(sweep(saturating(sharpness), seed))) for seed in range(50)]
    pulls = np.array([(one.irradiance - 30) / one.stderr for one in found])
    assert abs(pulls.mean()) <= 0.5
    assert 0.7 <= pulls.std() <= 1.35
    errors = [one.stderr for one in found]
    assert max(errors) < min(1.0, 1.5 * min(errors))  # of one model, for all seeds
    assert np.median([one.sharpness for one in found]) == pytest.approx(sharpness, abs=0.05)


def test_a_straight_line_does_not_saturate():
    points, law = fitted(sweep(lambda p: p**2))
    assert find_saturation(points, law) is None
    assert critical_power_density(points, law) is None


def test_a_curve_that_cannot_be_right_has_the_error_of_its_misfit():
    def wavy(p):
        return saturating()(p) * (1 + 0.05 * np.sin(3 * np.log(p)))

    one, honest = (find_saturation(*fitted(sweep(curve))) for curve in (wavy, saturating()))
    assert one.misfit == pytest.approx(0.035, rel=0.4)
    assert one.stderr > 5 * honest.stderr
    assert honest.misfit < 0.02


@pytest.mark.parametrize(("sharpness", "most"), [(6.0, 0.6), (1.0, 3.0)])
def test_the_critical_power_density_is_where_the_asymptotes_meet(sharpness, most):
    """Slope 2 below, 0.5 above; they meet at 30 W/cm², however gently the one becomes the other."""
    found = [critical_power_density(*fitted(sweep(saturating(sharpness), seed))) for seed in range(30)]
    assert all(one.reached for one in found)
    pulls = np.array([(one.irradiance - 30) / one.stderr for one in found])
    assert abs(pulls.mean()) <= 0.6
    assert 0.7 <= pulls.std() <= 1.4
    assert np.median([one.stderr for one in found]) < most


def upto(ds: xr.Dataset, least: float, most: float) -> xr.Dataset:
    irradiance = ds["irradiance"].values
    return ds.isel(point=(irradiance > 0.99 * least) & (irradiance < 1.01 * most))


def test_a_sweep_that_ends_in_the_bend_has_only_a_lower_limit_of_the_critical_power_density():
    for seed in range(10):
        result = analyse(upto(sweep(seed=seed), 0.3, 200))
        one = result.find("critical power density", "green")
        assert np.isnan(one.value)
        assert np.isnan(one.stderr)
        note = one.note
        assert "still falls" in note
        assert 0 < float(note.split("lower limit ")[1].split()[0]) < 30


def test_the_saturation_irradiance_does_not_depend_on_the_end_of_the_sweep():
    ends = [
        [find_saturation(*fitted(upto(sweep(seed=seed), 0.3, end))) for end in (200, 3000)]
        for seed in range(10)
    ]
    assert all(abs(low.irradiance - high.irradiance) < 3 * low.stderr for low, high in ends)


def test_a_sweep_that_begins_in_saturation_says_so():
    result = analyse(upto(sweep(), 10, 3000))
    assert "low-power range was not reached" in " ".join(result.warnings)
    exponent = result.find("exponent", "green")
    assert "not of the low-power regime" in exponent.note
    assert exponent.value == pytest.approx(1.32, abs=0.05)  # the mean from 14 to 44 W/cm²
    assert {one.quantity for one in result.findings}.isdisjoint({"saturation onset", "saturation irradiance"})
    assert "low-power range" not in " ".join(analyse(sweep()).warnings)


# -- avalanche --------------------------------------------------------------------------------------


def test_an_exponent_that_rises_before_it_falls_is_no_limit_of_low_power():
    found = analyse(sweep(lambda p: p**2 * (1 + p / 3) / (1 + p / 60) ** 2))
    assert "the local exponent rises within it" in found.find("exponent", "green").note
    assert any("steps of different order feed it" in warning for warning in found.warnings)
    assert not any("steps of different order" in warning for warning in analyse(sweep()).warnings)


def avalanche(x):
    """ln I; steepest, with an exponent of 169, at 24.9 kW/cm²."""
    return 2 * (x - 10) + 2.5 * np.tanh((x - np.log(24900)) / 0.015)


@pytest.mark.parametrize(("points", "span"), [(15, 0.04), (30, 0.12), (12, 0.2)])
def test_the_threshold_is_where_the_exponent_is_largest(points, span):
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = np.linspace(-span, span, points) + np.log(24900) + 0.01 * rng.standard_normal()
        intensity = 1e4 * np.exp(avalanche(x) + 0.005 * rng.standard_normal(points))
        seen = x + 0.001 * rng.standard_normal(points)
        order = np.argsort(seen)
        rows = (seen[order], intensity[order], 0.005 * intensity[order], np.full(points, 0.001), x[order])
        found.append(steepest(Points(*rows)))
    pulls = np.array([(row[0] - 24900) / row[1] for row in found])
    assert abs(pulls.mean()) <= 0.4
    assert 0.5 <= pulls.std() <= 1.3
    assert max(row[1] for row in found) < 0.01 * 24900


def test_a_threshold_is_found_only_where_the_exponent_exceeds_three():
    steep = analyse(sweep(lambda p: 10 * p * np.exp(3 * np.tanh(4 * np.log(p / 50)))))
    one = steep.find("threshold", "green")
    assert abs(one.value - 50) < 4 * one.stderr
    assert all(found.quantity != "threshold" for found in analyse(sweep()).findings)


# -- two branches -----------------------------------------------------------------------------------


def test_the_hysteresis_index_is_the_mean_of_the_loop():
    pulls = []
    for seed in range(30):
        ds = sweep(seed=seed, down=1.05)
        loop = hysteresis(integrate_bands(ds), "green", power_law(ds)["green"])
        pulls.append((loop.index - np.log(1.05)) / loop.stderr)
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls) <= 1.3


def test_a_loop_is_found_where_it_is():
    ds = sweep()
    inside = (ds["direction"] < 0) & (ds["irradiance"] > 10) & (ds["irradiance"] < 40)
    ds["spectrum"] = ds["spectrum"] * xr.where(inside, 3.0, 1.0)
    loop = hysteresis(integrate_bands(ds), "green", power_law(ds)["green"])
    assert loop.largest == pytest.approx(np.log(3), abs=0.2)
    assert 10 < loop.irradiance < 40
    found = analyse(ds)
    assert any("down is" in warning for warning in found.warnings)
    assert found.find("hysteresis index", "green").value > 0.05


def test_one_branch_has_no_hysteresis():
    ds = sweep().isel(point=slice(0, 25))
    assert hysteresis(integrate_bands(ds), "green", power_law(ds)["green"]) is None


# -- drift ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "against"),
    [(lambda hours, dose: np.exp(-0.1 * hours), "time"), (lambda hours, dose: np.exp(-dose / 5e6), "dose")],
    ids=["time", "dose"],
)
def test_drift_is_told_from_its_reference_points(change, against):
    pulls, names = [], []
    for seed in range(30):
        ds = sweep(seed=seed, every=5, change=change)
        drift = find_drift(ds, band_windows(ds), {"green": 1.25})
        names.append(drift.against)
        hours = float(np.ptp(ds["time"].values)) / 3600
        last = change(hours, float(ds["dose"][-1])) / change(0.0, float(ds["dose"][0]))
        pulls.append((drift.rate - np.log(last) / hours) / drift.stderr)
    assert names.count(against) >= 28
    assert abs(np.mean(pulls)) <= 0.5
    assert 0.7 <= np.std(pulls) <= 1.35


def test_drift_is_taken_out_and_its_doubt_is_in_the_exponent():
    def bleaching(hours, dose):
        return np.exp(-2 * hours)

    ds = sweep(lambda p: p**2, every=5, change=bleaching).isel(point=slice(0, 31))  # up only
    found = analyse(ds)
    exponent = found.find("exponent", "green")
    assert abs(exponent.value - 2) < 3 * exponent.stderr
    assert found.find("drift").value == pytest.approx(-2, rel=0.1)
    assert any("changed by" in warning for warning in found.warnings)
    raw = power_law(ds.isel(point=ds["reference"].values == 0))["green"]
    assert abs(raw.exponent - 2) > 0.05


def test_reference_points_take_no_part_in_the_fit():
    ds = sweep(every=5)
    wrong = ds["reference"].values == 1
    ds["spectrum"][wrong] = 3 * ds["spectrum"][wrong]  # all of them alike: no drift, but not on the curve
    found, plain = analyse(ds), analyse(ds.isel(point=~wrong).drop_vars("reference"))
    assert found.find("exponent", "green").value == pytest.approx(
        plain.find("exponent", "green").value, abs=0.01
    )


def test_without_reference_points_nothing_is_said_of_drift():
    assert all(found.quantity != "drift" for found in analyse(sweep()).findings)


def test_the_range_and_the_bands_can_be_chosen():
    found = analyse(sweep(), irradiance_range=(300, 3000), bands=["green"])
    assert found.find("exponent", "green").value == pytest.approx(0.55, abs=0.06)
