"""Chromaticities of spectra with errors: honest errors, response, laser and stray light."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis import analyse, integrate_bands
from antistokes.analysis.band_ratio import band_ratio
from antistokes.analysis.bands import AnalysisError, spectra
from antistokes.analysis.colour import (
    chromaticity,
    error_ellipse,
    line_chromaticity,
    pixel_weights,
    spectrum_chromaticity,
)
from antistokes.analysis.emission_colour import colours
from antistokes.analysis.ground import stray_free
from antistokes.analysis.line_wings import whole_lines

NM = np.linspace(350, 850, 1400)
BANDS = {"blue": (460.0, 490.0), "green": (526.0, 556.0), "red": (631.0, 661.0)}
#: centre in nm and photons of the lines, all of 12 nm
LINES = np.array([[475.0, 1e4], [541.0, 6e4], [646.0, 1e5]])
TRUE = line_chromaticity(LINES[:, 0], LINES[:, 1], "photons", 12.0)


def lines(slit: float = 0.0) -> np.ndarray:
    sigma = np.hypot(12, slit) / 2.3548
    shapes = np.exp(-(((NM - LINES[:, :1]) / sigma) ** 2) / 2)
    return LINES[:, 1] @ (shapes / shapes.sum(axis=1)[:, None])


def dataset(spectrum: np.ndarray, errors: np.ndarray, **extra: np.ndarray) -> xr.Dataset:
    points = len(spectrum)
    ds = xr.Dataset(
        {
            "spectrum": (("point", "wavelength"), spectrum, {"units": "1/s"}),
            "spectrum_errors": (("point", "wavelength"), errors),
            **{name: ("wavelength", values) for name, values in extra.items()},
        },
        coords={"wavelength": NM, "pulse_width": ("point", 1e-3 * np.arange(1.0, points + 1))},
    )
    ds.attrs = {
        "procedure": "pulse-width-colour",
        "excitation_wavelength": 980.0,
        "sample": {"bands": BANDS},
    }
    return ds


def noisy(seeds: int, response: np.ndarray | float = 1.0, gain: float = 1.0, slit: float = 0.0) -> xr.Dataset:
    """Counts with the noise of photons and of reading, and the errors that go with it."""
    mean = gain * lines(slit) * response
    variance = mean + 50.0
    rng = np.random.default_rng(980)
    counts = mean + np.sqrt(variance) * rng.standard_normal((seeds, len(NM)))
    return dataset(counts, np.broadcast_to(np.sqrt(variance), counts.shape))


@pytest.mark.parametrize("gain", [1.0, 20.0])
def test_errors_of_the_chromaticity_are_honest(gain: float) -> None:
    ds = noisy(200, gain=gain, slit=3.0).assign(response=("wavelength", np.ones_like(NM)))
    ds.attrs["parameters"] = {"resolution": 3.0}
    found = colours(ds).chromaticity
    off = found.xy - TRUE
    pulls = off / np.sqrt(np.diagonal(found.covariance, axis1=1, axis2=2))
    assert np.abs(pulls.mean(axis=0)).max() < 0.4
    assert ((pulls.std(axis=0) > 0.75) & (pulls.std(axis=0) < 1.3)).all()
    # x and y together: inside the 68 % ellipse 68 % of the time
    inside = np.einsum("pi,pij,pj->p", off, np.linalg.inv(found.covariance), off) < -2 * np.log(1 - 0.6827)
    assert 0.57 < inside.mean() < 0.79


def test_what_is_not_known_of_slit_and_power_is_in_the_error_of_a_colour() -> None:
    ds = noisy(1, gain=1e6, slit=1.5).assign(response=("wavelength", np.ones_like(NM)))
    told = ds.assign_attrs(parameters={"resolution": 1.5})
    off = told.assign_coords(irradiance=("point", [100.0])).assign(irradiance_mean=("point", [102.0]))
    known, slit, power = (colours(one).chromaticity for one in (told, ds, off))
    error = np.sqrt([one.covariance[0, 1, 1] for one in (known, slit, power)])
    assert error[1] == pytest.approx(
        abs(slit.xy[0, 1] - spectrum_chromaticity(NM, lines(1.5), "photons")[1]) / np.sqrt(3), rel=0.1
    )
    # all that two bands differ by is 1 % at an exponent of half: more than by any of them alone
    moved = [
        line_chromaticity(LINES[:, 0], LINES[:, 1] * (1 + 0.01 * np.eye(3)[i]), "photons", 12.0)
        for i in range(3)
    ]
    expected = np.linalg.norm([xy[1] - TRUE[1] for xy in moved]) / np.sqrt(2)
    assert error[2] == pytest.approx(expected, rel=0.1)
    assert error[0] < 0.1 * min(error[1:])


def test_errors_of_a_band_ratio_are_honest() -> None:
    ratio, error = band_ratio(noisy(200), "red")["green"]
    pulls = (ratio - 0.6) / error
    assert abs(pulls.mean()) < 0.4
    assert 0.75 < pulls.std() < 1.3


def test_the_response_is_taken_out_of_colours_and_ratios() -> None:
    response = np.interp(NM, [350, 850], [1.0, 0.2])
    raw = dataset((lines() * response)[None], np.ones((1, len(NM))))
    corrected = raw.assign(response=("wavelength", response))
    np.testing.assert_allclose(colours(corrected).chromaticity.xy[0], TRUE, atol=5e-4)
    off = colours(raw, uncorrected=True)
    assert np.hypot(*(off.chromaticity.xy[0] - TRUE)) > 0.02
    assert "not response corrected" in off.warnings[0]
    assert band_ratio(corrected, "red")["green"][0][0] == pytest.approx(0.6, rel=2e-3)
    assert band_ratio(raw, "red")["green"][0][0] > 0.7
    bands = integrate_bands(corrected)
    assert bands["green_errors"].item() > integrate_bands(raw)["green_errors"].item()


def test_a_band_where_the_response_is_unknown_is_refused_by_hand_and_left_out_else() -> None:
    response = np.where(NM > 500, 1.0, np.nan)
    ds = dataset(lines()[None], np.ones((1, len(NM))), response=response)
    assert set(integrate_bands(ds)) >= {"green", "red"}
    assert "blue" not in integrate_bands(ds)
    with pytest.raises(AnalysisError, match="outside of where the response is known"):
        integrate_bands(ds, {"blue": (460, 490)})
    assert "500 to 850 nm only" in colours(ds).warnings[0]


def test_colours_without_a_response_are_refused_but_ratios_given() -> None:
    ds = noisy(2)
    with pytest.raises(AnalysisError, match="not known"):
        colours(ds)
    (found,) = analyse(ds)
    assert {one.quantity for one in found.findings} == {"band ratio"}
    assert "not response corrected" in found.find("band ratio", "green", pulse_width=1e-3).note
    assert any("response" in text for text in found.warnings)
    (forced,) = analyse(ds, uncorrected=True)
    assert forced.find("chromaticity x", pulse_width=2e-3).value == pytest.approx(TRUE[0], abs=0.01)


def test_a_laser_line_and_stray_light_have_no_colour() -> None:
    spectrum = lines() + 30.0  # evenly over the detector
    spectrum[np.abs(NM - 600) < 2] = 1e4
    ds = dataset(spectrum[None], np.ones((1, len(NM))), response=np.ones_like(NM))
    ds.attrs["excitation_wavelength"] = 600.0
    np.testing.assert_allclose(colours(ds).chromaticity.xy[0], TRUE, atol=5e-4)
    kept = colours(ds, lasers=[980.0])
    assert np.hypot(*(kept.chromaticity.xy[0] - TRUE)) > 0.01


def test_saturated_points_are_left_out_and_counted() -> None:
    ds = noisy(3).assign(response=("wavelength", np.ones_like(NM)))
    ds["flags"] = ("point", np.array([0, 1, 0]), {"flag_masks": [1], "flag_meanings": "saturated"})
    (found,) = analyse(ds)
    assert {one.at["pulse_width"] for one in found.findings} == {1e-3, 3e-3}
    assert any("1 of 3 points" in text for text in found.warnings)


def test_the_figure_says_that_colours_are_not_corrected() -> None:
    ds = noisy(2)
    (found,) = analyse(ds, uncorrected=True)
    assert found.figure is not None
    assert "not response corrected" in {axes.get_title(loc="left") for axes in found.figure().axes}
    (found,) = analyse(ds.assign(response=("wavelength", np.ones_like(NM))))
    assert found.figure is not None
    assert "not response corrected" not in {axes.get_title(loc="left") for axes in found.figure().axes}


def test_the_ellipse_of_a_covariance_lies_along_its_longest_direction() -> None:
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    ellipse = error_ellipse(turn @ np.diag([4.0, 1.0]) @ turn.T, 0.6827)
    assert ellipse.major == pytest.approx(2 * 1.5152, rel=1e-3)
    assert ellipse.minor == pytest.approx(1.5152, rel=1e-3)
    assert ellipse.angle == pytest.approx(np.degrees(0.5))


def test_power_per_nm_gives_the_colour_that_photons_per_pixel_give() -> None:
    photons = chromaticity(lines(), np.zeros_like(NM), pixel_weights(NM, "photons")).xy
    power = chromaticity(lines() / NM, np.zeros_like(NM), pixel_weights(NM, "power")).xy
    np.testing.assert_allclose(power, photons, atol=1e-4)


def test_stray_light_does_not_fill_a_weak_band() -> None:
    spectrum = lines()
    strong = dataset((spectrum + 30.0)[None], np.ones((1, len(NM))))
    clean = dataset(spectrum[None], np.ones((1, len(NM))))
    assert integrate_bands(strong)["blue"].item() > 1.2 * integrate_bands(clean)["blue"].item()
    assert band_ratio(strong, "red")["blue"][0][0] == pytest.approx(0.1, rel=1e-2)


def test_the_wings_of_lines_beyond_their_bands_are_put_back() -> None:
    ds = noisy(200)
    windows = BANDS | {"green": (534.0, 548.0)}
    ratio, error = band_ratio(ds, "red", windows)["green"]
    assert ratio.mean() == pytest.approx(0.6, rel=1e-2)  # 17 % of the line are outside of its band
    assert 0.75 < ((ratio - 0.6) / error).std() < 1.3


def test_a_band_of_another_shape_keeps_its_counts_with_the_correction_as_error() -> None:
    ds = dataset((lines() + 400.0 * ((NM > 520) & (NM < 562)))[None], np.ones((1, len(NM))))
    seen, good = spectra(ds), np.ones(1, bool)
    free = stray_free(ds, seen, BANDS)
    whole = whole_lines(seen, good, BANDS, free.kept, free.quiet)
    assert whole["green"].factor == 1.0
    assert whole["green"].stderr > 2e-3
    assert whole["red"].factor == pytest.approx(1.0033, abs=5e-4)


def test_a_missed_power_is_in_the_error_of_a_ratio() -> None:
    ds = noisy(2)
    held = ds.assign(irradiance_mean=("point", [10.0, 10.2]))
    held = held.assign_coords(irradiance=("point", [10.0, 10.0]))
    error = band_ratio(held, "red")["green"][1]
    assert error[1] > 0.6 * 0.009 > error[0]
