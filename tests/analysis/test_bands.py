"""Band intensities: sums over windows, their uncertainty, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis import integrate_bands
from antistokes.analysis.bands import AnalysisError, good_points, pixel_fractions, pixel_scatter

FLAGS = {
    "flag_masks": np.array([1, 2, 4, 8, 16, 32], dtype="u4"),
    "flag_meanings": "saturated below_noise not_settled off_target read_failed over_range",
}


def run(spectrum: np.ndarray, wavelength: np.ndarray, **variables: np.ndarray) -> xr.Dataset:
    """A run with the given spectra (point, wavelength) and errors of 1 per pixel."""
    return xr.Dataset(
        {
            "spectrum": (("point", "wavelength"), spectrum),
            "spectrum_errors": (("point", "wavelength"), np.ones_like(spectrum)),
            **{name: ("point", values) for name, values in variables.items()},
        },
        coords={"wavelength": wavelength, "irradiance": ("point", np.arange(1.0, len(spectrum) + 1))},
        attrs={"sample": {"bands": {"green": [515, 560]}}, "simulated": True},
    )


def test_whole_pixels_are_summed_and_errors_added_in_quadrature():
    ds = run(np.tile(np.arange(100.0), (2, 1)), 500.0 + np.arange(100))
    result = integrate_bands(ds, {"b": (509.5, 513.5)})  # pixels 10 to 13
    assert result["b"].dims == ("point",)
    np.testing.assert_allclose(result["b"], 10 + 11 + 12 + 13)
    np.testing.assert_allclose(result["b_errors"], 2.0)
    assert result["b"].attrs["units"] == "1/s"


def test_a_pixel_cut_by_the_window_counts_with_the_fraction_inside():
    ds = run(np.full((1, 100), 8.0), 500.0 + np.arange(100))
    result = integrate_bands(ds, {"b": (509.75, 511.5)})
    assert float(result["b"][0]) == pytest.approx(8 * 1.75)
    assert float(result["b_errors"][0]) == pytest.approx(np.hypot(0.75, 1))


def test_adjoining_windows_add_up_on_an_uneven_wavelength_axis():
    wavelength = 500 + np.linspace(0, 10, 80) ** 2
    ds = run(np.random.default_rng(0).normal(100, 20, (3, 80)), wavelength)
    result = integrate_bands(ds, {"left": (510.3, 533.3), "right": (533.3, 570.1), "both": (510.3, 570.1)})
    np.testing.assert_allclose(result["left"] + result["right"], result["both"])


def test_a_falling_wavelength_axis_gives_the_same():
    ds = run(np.random.default_rng(0).normal(100, 20, (3, 80)), 500.0 + np.arange(80))
    turned = ds.isel(wavelength=slice(None, None, -1))
    np.testing.assert_allclose(integrate_bands(turned)["green"], integrate_bands(ds)["green"])


def test_the_windows_of_the_sample_are_the_default_and_the_run_is_described():
    ds = run(np.ones((2, 100)), 500.0 + np.arange(100), irradiance_mean=np.array([1.0, 2.0]))
    result = integrate_bands(ds)
    np.testing.assert_allclose(result["green"], 45.0)
    assert result.attrs["simulated"] is True
    np.testing.assert_array_equal(result["irradiance_mean"], [1.0, 2.0])
    assert "wavelength" not in result.dims


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ((490, 510), "band 'x': 490 to 510 nm is outside the recorded 499.5 to 599.5 nm"),
        ((590, 600), "band 'x': 590 to 600 nm is outside the recorded 499.5 to 599.5 nm"),
        ((560, 515), "band 'x': 560 to 515 nm is empty; the lower edge comes first"),
        ((np.nan, 515), "band 'x': nan to 515 nm is empty; the lower edge comes first"),
    ],
)
def test_a_window_that_cannot_be_used_is_refused(window, message):
    ds = run(np.ones((1, 100)), 500.0 + np.arange(100))
    with pytest.raises(AnalysisError) as refusal:
        integrate_bands(ds, {"x": window})
    assert str(refusal.value) == message


def test_a_run_without_bands_says_how_to_name_some():
    ds = run(np.ones((1, 100)), 500.0 + np.arange(100))
    ds.attrs = {}
    with pytest.raises(ValueError, match="pass windows="):
        integrate_bands(ds)


def test_a_nan_matters_only_inside_the_window():
    spectrum = np.ones((2, 100))
    spectrum[0, 5], spectrum[1, 30] = np.nan, np.nan
    assert np.isnan(integrate_bands(run(spectrum, 500.0 + np.arange(100)))["green"]).values.tolist() == [
        False,
        True,
    ]


def test_without_errors_they_come_from_the_scatter_between_pixels():
    noise = np.random.default_rng(1).normal(0, 3, (50, 1000))
    wavelength = 500 + np.arange(1000) / 10
    line = 1e4 * np.exp(-0.5 * ((wavelength - 540) / 2) ** 2)
    ds = run(noise + line, wavelength).drop_vars("spectrum_errors")
    assert np.median(pixel_scatter(noise + line)) == pytest.approx(3, rel=0.15)  # the line's flanks add some
    assert float(integrate_bands(ds, {"b": (560, 570)})["b_errors"].mean()) == pytest.approx(30, rel=0.15)
    assert np.isnan(pixel_scatter(np.full((1, 9), np.nan))).all()


def test_fractions_lie_between_0_and_1_and_sum_to_the_width_of_the_window():
    wavelength = 500 + np.linspace(0, 10, 80) ** 2
    fraction = pixel_fractions(wavelength, (510.3, 533.3))
    assert fraction.min() == 0
    assert fraction.max() == 1
    edges = np.concatenate([[0], (wavelength[1:] + wavelength[:-1]) / 2, [0]])
    assert (fraction[1:-1] * np.diff(edges)[1:-1]).sum() == pytest.approx(23.0)


def test_only_flags_that_spoil_the_measurement_exclude_a_point():
    ds = run(np.ones((7, 100)), 500.0 + np.arange(100))
    assert good_points(ds).all()
    ds["flags"] = ("point", np.array([0, 1, 2, 4, 8, 16, 33], dtype="u4"), FLAGS)
    assert good_points(ds).tolist() == [True, False, True, True, True, False, False]


def test_a_spectral_power_is_integrated_over_wavelength_however_it_is_sampled() -> None:
    found = []
    for points in (201, 801):
        wavelength = np.linspace(500.0, 600.0, points)
        line = 1e-9 * np.exp(-(((wavelength - 545.0) / 8.0) ** 2))
        ds = xr.Dataset(
            {"spectrum": (("point", "wavelength"), line[None], {"units": "W/nm"})},
            {"wavelength": wavelength},
        )
        green = integrate_bands(ds, {"green": (515.0, 575.0)})["green"]
        assert green.attrs["units"] == "W"
        found.append(float(green[0]))
    assert found == pytest.approx([1e-9 * 8.0 * np.sqrt(np.pi)] * 2, rel=1e-3)
