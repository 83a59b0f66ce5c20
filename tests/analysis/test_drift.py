"""Drift from reference points at one or several set-points, and what it does to findings."""

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.drift import find_drift
from antistokes.analysis.drift_correction import drift_taken_out
from antistokes.analysis.findings import Finding, Findings

WAVELENGTH = np.arange(500.0, 560.0)
WINDOWS = {"green": (505.0, 545.0)}
LINE = np.exp(-((WAVELENGTH - 525) ** 2) / 72)
CHANGE = -0.2  # ln, over the run


def scan(seed: int, exponent: float = 2.0, level: float = 400.0) -> xr.Dataset:
    """Two powers at each of 13 temperatures, at the third of them again every 4; all dim together.

    The power that is set has 0.5 % noise, the meter shows it with 0.2 %.
    """
    rng = np.random.default_rng(seed)
    order = np.insert(np.arange(13), visits := [0, 4, 8, 12, 13], 2)
    reference = np.insert(np.zeros(13, int), visits, 1).repeat(2)
    temperature, setpoint = order.repeat(2), np.tile([4.0, 10.0], len(order))
    power = setpoint * rng.normal(1, 5e-3, len(setpoint))
    time = 60.0 * np.arange(len(power))
    brightness = (1 + 0.1 * temperature) * power**exponent * np.exp(CHANGE * time / time[-1])
    spectrum = rng.poisson(level * brightness[:, None] / 100 * LINE + 20).astype(float)
    errors = np.sqrt(np.maximum(spectrum, 1))
    shown = power * rng.normal(1, 2e-3, len(power))
    point = ("point", "wavelength")
    return xr.Dataset(
        {
            "spectrum": (point, spectrum - 20, {"units": "1/s"}),
            "spectrum_errors": (point, errors),
            "irradiance_mean": ("point", shown),
            "irradiance_mean_errors": ("point", 2e-3 * shown),
        },
        coords={
            "wavelength": WAVELENGTH,
            "time": ("point", time),
            "temperature": ("point", temperature.astype(float)),
            "irradiance": ("point", setpoint),
            "reference": ("point", reference.astype("i1")),
        },
        attrs={"sample": {"bands": WINDOWS}, "excitation_wavelength": 980.0},
    )


def brightness(ds: xr.Dataset, windows=None) -> Findings:
    """Of the last temperature at the higher power over the first: 2.2 without drift."""
    green = ds.isel(point=np.flatnonzero(ds["irradiance"].values == 10)[[0, -1]])
    green = green.sel(wavelength=slice(510, 540))
    first, last = green["spectrum"].sum("wavelength").values
    doubt = np.hypot(*np.sqrt((green["spectrum_errors"] ** 2).sum("wavelength").values) / (first, last))
    value = float(last / first)
    return Findings(
        procedure="test",
        findings=[
            Finding(quantity="band ratio", value=value, stderr=abs(value) * float(doubt)),
            Finding(quantity="sum", value=float("nan")),
        ],
    )


def test_one_slope_through_reference_points_at_several_setpoints():
    drifts = [find_drift(scan(seed), WINDOWS) for seed in range(50)]
    assert {drift.points for drift in drifts} == {10}
    pulls = [(d.slope * scan(0)["time"].values[-1] - CHANGE) / (d.slope_stderr * d.x[-1]) for d in drifts]
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls) <= 1.3


def test_an_unknown_exponent_is_a_doubt_and_a_known_one_none():
    ds = scan(1, level=1e5)
    assert find_drift(ds, WINDOWS).stderr > find_drift(ds, WINDOWS, {"green": 2.0}).stderr


def test_drift_is_taken_out_of_what_is_found_and_adds_to_its_error():
    analyse, pulls = drift_taken_out(brightness), []
    for seed in range(50):
        ds = scan(seed)
        # equal power: what the power does is not drift's business
        ds["spectrum"] = ds["spectrum"] * (ds["irradiance"] / ds["irradiance_mean"]) ** 2
        found = analyse(ds).find("band ratio")
        pulls.append((found.value - 2.2) / found.stderr)
    plain = brightness(ds.isel(point=ds["reference"].values == 0))
    assert found.stderr > plain.find("band ratio").stderr
    assert plain.find("band ratio").value < 2.0
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls) <= 1.3


def test_reference_points_that_tell_nothing_are_told():
    result = drift_taken_out(brightness)(scan(0, level=0.01))
    assert result.warnings == ["drift is not known: too few reference points, or too dim at them"]
    assert not [one for one in result.findings if one.quantity == "drift"]


def test_a_run_without_reference_points_is_analysed_as_it_is():
    ds = scan(0).drop_vars("reference")
    assert drift_taken_out(brightness)(ds).find("band ratio") == brightness(ds).find("band ratio")


def test_the_change_is_warned_of():
    (warning,) = drift_taken_out(brightness)(scan(0)).warnings
    assert warning.startswith("emission at the reference has changed by -")
    assert drift_taken_out(brightness)(scan(0)).find("drift").value == pytest.approx(CHANGE / 0.58, rel=0.2)
