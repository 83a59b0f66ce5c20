"""Laser light in the bands of a power sweep, from synthetic sweeps whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis import integrate_bands
from antistokes.analysis.bands import AnalysisError, good_points, spectra
from antistokes.analysis.fitting import fit
from antistokes.analysis.ground import integrate_less_stray, quiet_pixels
from antistokes.analysis.power_law import band_points
from antistokes.analysis.power_sweep import analyse
from antistokes.analysis.pump_light import laser_line

NM = np.arange(400.0, 1000.0, 1.0)
BANDS = {"green": (520.0, 562.0), "red": (635.0, 673.0)}
LASER = 980.0


def line(centre: float, fwhm: float = 12.0) -> np.ndarray:
    return np.exp(-4 * np.log(2) * ((NM - centre) / fwhm) ** 2)


def sweep(seed: int = 0, stray: float = 0.0, leak: float = 0.0, extra: float = 0.0, **bands) -> xr.Dataset:
    """Two lines in proportion to P² over 0.1 to 1 W/cm².

    :param stray: counts/s in every pixel at 1 W/cm², and *leak* in the laser's line, in proportion to P
    :param extra: the same of a line at 600 nm that is in no band
    """
    rng = np.random.default_rng(seed)
    p = np.geomspace(0.1, 1.0, 15)
    mean = (100 * p**2)[:, None] * (line(541) + 0.5 * line(654))
    mean = mean + p[:, None] * (stray + leak * line(LASER, 3.0) + extra * line(600))
    errors = np.sqrt(1.0 + mean / 30)
    return xr.Dataset(
        {
            "irradiance_mean": ("point", p * (1 + 1e-3 * rng.standard_normal(15))),
            "irradiance_mean_errors": ("point", 1e-3 * p),
            "spectrum": (("point", "wavelength"), mean + errors * rng.standard_normal(mean.shape)),
            "spectrum_errors": (("point", "wavelength"), errors),
        },
        coords={"irradiance": ("point", p), "wavelength": NM},
        attrs={"sample": {"bands": BANDS | bands}, "axis": "irradiance", "excitation_wavelength": LASER},
    )


def exponent(integrated: xr.Dataset) -> tuple[float, float]:
    found = fit(band_points(integrated, "green"), 1, 0.0)
    return float(found.beta[1]), float(np.sqrt(found.covariance[1, 1]))


@pytest.mark.parametrize("extra", [0.0, 30.0])
def test_stray_light_of_the_laser_bends_no_exponent(extra: float) -> None:
    runs = [sweep(seed, stray=10.0, extra=extra) for seed in range(50)]
    value, error = np.array([exponent(integrate_less_stray(ds)) for ds in runs]).T
    pulls = (value - 2) / error
    assert abs(pulls.mean()) <= 0.4
    assert 0.75 <= pulls.std() <= 1.3
    assert exponent(integrate_bands(runs[0]))[0] < 1.8  # what it would be with it


def test_stray_light_is_told_where_it_is_much_of_a_band() -> None:
    (warning,) = analyse(sweep(stray=10.0), bands=["green"]).warnings
    assert warning.startswith("green: ")
    assert "are stray light, which is taken off" in warning
    assert not analyse(sweep(), bands=["green"]).warnings


def test_a_laser_that_outshines_the_emission_is_told_and_excuses_a_run_without_any() -> None:
    (warning,) = analyse(sweep(leak=3e3)).warnings
    assert "the laser line is " in warning
    assert "a denser filter" in warning
    dark = sweep(leak=1e4)
    dark["spectrum"] = dark["spectrum"].where(np.abs(dark["wavelength"] - LASER) < 10, 0.0)
    with pytest.raises(AnalysisError, match=r"0 points with a signal.*the laser line is at least"):
        analyse(dark)


def test_where_the_laser_may_stand_a_band_does_not_count() -> None:
    """480 to 500 nm has its harmonic; what leaks there goes with P, not with P²."""
    ds = sweep(blue=(480.0, 505.0))
    ds["spectrum"] += ds["irradiance"] * xr.DataArray(1e3 * line(LASER / 2, 3.0), dims="wavelength")
    clean = integrate_less_stray(ds)
    assert abs(clean["blue"].values / clean["blue_errors"].values).max() < 4
    assert (integrate_bands(ds)["blue"].values > 100).all()


def test_the_second_order_of_a_band_is_left_out_of_another_and_told() -> None:
    ds = sweep(violet=(405.0, 418.0), infrared=(805.0, 860.0))
    order, emission = (xr.DataArray(1e3 * line(nm, 8.0), dims="wavelength") for nm in (820, 850))
    ds["spectrum"] += ds["irradiance"] ** 3 * order + ds["irradiance"] ** 2 * emission
    found = analyse(ds, bands=["infrared"])
    one = found.find("exponent", "infrared")
    assert abs(one.value - 2) < 4 * one.stderr
    assert any("the second order of 'violet'" in text and "left out" in text for text in found.warnings)


def test_a_line_that_no_band_names_is_not_quiet() -> None:
    ds = sweep(extra=30.0)
    quiet = quiet_pixels(spectra(ds), BANDS, [LASER], good_points(ds))
    assert not quiet[np.abs(NM - 600) < 8].any()
    assert quiet[np.abs(NM - 800) < 50].mean() > 0.9


def at_808(seed: int = 0, power: float = 1.0, **bands: tuple[float, float]) -> xr.Dataset:
    """A sweep in which a narrow line at 808 nm goes with a *power* of the irradiance."""
    ds = sweep(seed, **bands)
    ds["spectrum"] += ds["irradiance"] ** power * xr.DataArray(5e3 * line(808, 3.0), dims="wavelength")
    return ds


@pytest.mark.parametrize("points", [range(15), [14]])
def test_a_laser_at_another_wavelength_than_the_run_says_is_told(points) -> None:
    said = ["a laser line at 808 nm; the station says 980 nm"]
    assert laser_line(at_808().isel(point=points)) == said


def test_what_may_be_emission_is_no_other_laser() -> None:
    leak = sweep(leak=50.0)["spectrum"] - sweep()["spectrum"]
    for ds in (
        at_808(power=2.0),  # two photons
        at_808(infrared=(790.0, 830.0)),  # of the sample
        sweep(extra=500.0),  # as wide as emission is
        at_808().assign(spectrum=at_808()["spectrum"] + leak),  # the laser is where it should be
        at_808().assign_attrs(excitation_wavelength=1064.0),  # which is not recorded
    ):
        assert not any("the station says" in text for text in laser_line(ds))
    steps = at_808().assign(excitation_wavelength=("point", np.linspace(900, 980, 15)))
    assert not any("the station says" in text for text in laser_line(steps))


def test_a_weak_filter_is_told_of_a_run_at_one_power_by_its_brightest_point() -> None:
    bright = sweep(leak=1e3).isel(point=[14, 14])
    bright["spectrum"][1] -= bright["spectrum"][1].where(bright["wavelength"] < 900, 0.0)  # no emission
    (warning,) = laser_line(bright)
    assert "as high as the emission" in warning
    assert not laser_line(sweep(leak=200.0).isel(point=[14]))
