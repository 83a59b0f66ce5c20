"""Lines of one spectrum: found, named, with errors to be believed; stray laser light is none of them."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text
from scipy.special import erf

from antistokes.analysis.analyse import analyse
from antistokes.analysis.emission_lines import smooth_errors

WAVELENGTH = np.arange(450.0, 750.0, 0.35)
BANDS = {"green": [510, 560], "red": [640, 670]}
FRAMES = 5
#: counts² of each frame without light, and per count
DARK, GAIN = 400.0, 1.0


def line(centre: float, fwhm: float, counts: float) -> np.ndarray:
    """A Gaussian with *counts* at its top."""
    return counts * np.exp(-4 * np.log(2) * ((WAVELENGTH - centre) / fwhm) ** 2)


def spectrum(
    light: np.ndarray, seed: int = 0, points: int = 1, laser: float | None = 980.0, **parameters: float
) -> xr.Dataset:
    """What a spectrometer makes of *light* in *points* repeats of a few frames."""
    rng = np.random.default_rng(seed)
    variance = DARK + GAIN * np.maximum(light, 0)
    frames = rng.normal(light, np.sqrt(variance), (points, FRAMES, len(light)))
    return xr.Dataset(
        {
            "spectrum": (("point", "wavelength"), frames.mean(axis=1)),
            "spectrum_errors": (("point", "wavelength"), frames.std(axis=1, ddof=1) / FRAMES**0.5),
            "flags": (
                "point",
                np.zeros(points, dtype="u4"),
                {"flag_masks": np.array([1, 4], dtype="u4"), "flag_meanings": "saturated not_settled"},
            ),
        },
        coords={"wavelength": WAVELENGTH},
        attrs={
            "procedure": "spectrum",
            "parameters": parameters,
            "sample": {"id": "some", "name": "some crystals", "bands": BANDS},
            "excitation_wavelength": laser,
            "simulated": True,
        },
    )


LIGHT = line(520, 6, 3000) + line(541, 6, 9000) + line(654, 8, 6000)


def test_lines_are_named_after_their_band_and_where_it_has_several_after_their_wavelength():
    (found,) = analyse(spectrum(LIGHT + line(600, 6, 4000)))
    positions = {one.of: one.value for one in found.findings if one.quantity == "emission wavelength"}
    assert set(positions) == {"green 520", "green 541", "red", "600 nm"}
    assert positions["green 541"] == pytest.approx(541, abs=0.1)
    assert found.find("anti-Stokes shift", "red").value == pytest.approx(
        1239841.93 * (1 / 654 - 1 / 980), abs=0.5
    )


def test_a_line_on_the_flank_of_another_is_where_it_is():
    (found,) = analyse(spectrum(line(523, 12, 3000) + line(541, 12, 12000)))
    one = found.find("emission wavelength", "green 523")
    assert one.value == pytest.approx(523, abs=4 * one.stderr)


def test_noise_alone_has_no_lines():
    for seed in range(10):
        (found,) = analyse(spectrum(0 * LIGHT, seed))
        assert not [one for one in found.findings if one.quantity == "emission wavelength"]
        assert "no line" in found.warnings[-1]


def test_noise_on_a_faint_band_is_no_line():
    for seed in range(30):
        (found,) = analyse(spectrum(line(654, 12, 20), seed))
        for one in found.findings:
            if one.quantity == "emission wavelength":
                assert abs(one.value - 654) < 4 * one.stderr


def test_the_laser_line_is_no_emission_and_is_told_where_it_stands_in_a_band():
    stray = line(655, 1.6, 50_000)
    (found,) = analyse(spectrum(line(541, 6, 9000) + stray, laser=655.0))
    assert {one.of for one in found.findings if one.quantity == "emission wavelength"} == {"green"}
    assert found.find("intensity", "red").value == pytest.approx(
        0, abs=5 * found.find("intensity", "red").stderr
    )
    assert any("the laser line (of 655 nm) is masked" in text for text in found.warnings)


def test_a_second_harmonic_in_a_band_is_told():
    (found,) = analyse(spectrum(LIGHT, laser=1064.0))
    assert any("second harmonic" in text and "green" in text for text in found.warnings)
    (found,) = analyse(spectrum(LIGHT, laser=980.0))
    assert found.warnings == []


def test_the_second_order_of_a_band_in_another_is_told():
    ds = spectrum(LIGHT, laser=1500.0)
    ds = ds.assign_coords(wavelength=np.linspace(500, 1100, ds.sizes["wavelength"]))
    (found,) = analyse(ds, {"green": (510, 560), "infrared": (1000, 1090)})
    assert [text for text in found.warnings if "second order of 'green'" in text] == found.warnings != []
    (found,) = analyse(ds, {"green": (510, 560), "infrared": (900, 1000)})
    assert found.warnings == []


def pixels_of(centre: float, fwhm: float, counts: float) -> np.ndarray:
    """A Gaussian integrated over each pixel, as a detector does; *counts* in all."""
    edges = np.append(WAVELENGTH, WAVELENGTH[-1] + 0.35) - 0.175
    scale = 2 * np.sqrt(np.log(2)) / fwhm
    return counts * np.diff(erf(scale * (edges - centre))) / 2


@pytest.mark.parametrize("width", [0.8, 1.0, 3.0])
def test_slit_and_pixels_are_taken_out_of_a_width(width: float):
    pulls = []
    for seed in range(50):
        light = pixels_of(541 + 0.007 * seed, np.hypot(width, 1.5), 1e5)
        found = analyse(spectrum(light, seed, resolution=1.5))[0].find("linewidth", "green")
        pulls.append((found.value - width) / found.stderr)
    assert abs(np.mean(pulls)) < 0.4
    assert 0.75 < np.std(pulls, ddof=1) < 1.3


def test_a_line_that_the_slit_hides_has_an_upper_limit():
    light = pixels_of(541, np.hypot(0.27, 1.5), 1e5)
    (found,) = analyse(spectrum(light, resolution=1.5))
    hidden = found.find("linewidth", "green")
    assert np.isnan(hidden.value)
    assert hidden.note == "not resolved: narrower than 0.5 nm"
    (told,) = found.warnings
    assert told == "the slit is too coarse: resolution 1.5 nm, lines below 0.5 nm are not resolved"
    (found,) = analyse(spectrum(light))
    assert "included" in found.find("linewidth", "green").note


def test_a_background_under_everything_is_no_signal():
    (bare,), (raised,) = analyse(spectrum(LIGHT)), analyse(spectrum(LIGHT + 500))
    for quantity, of in (("intensity", "green"), ("centroid", "red"), ("linewidth", "red")):
        one, other = bare.find(quantity, of), raised.find(quantity, of)
        assert abs(one.value - other.value) < 4 * np.hypot(one.stderr, other.stderr)


def test_points_are_averaged_and_saturated_ones_left_out():
    one, many = spectrum(LIGHT), spectrum(LIGHT, points=16)
    errors = [analyse(ds)[0].find("intensity", "red").stderr for ds in (one, many)]
    assert errors[1] == pytest.approx(errors[0] / 4, rel=0.1)
    many["flags"][:] = 1
    assert "0 usable points" in analyse(many)[0].problem


def test_a_sample_without_bands_shows_its_lines_all_the_same():
    ds = spectrum(LIGHT)
    ds.attrs["sample"] = {}
    (found,) = analyse(ds)
    assert {one.of for one in found.findings} == {"520 nm", "541 nm", "654 nm"}


@pytest.mark.parametrize("quantity", ["emission wavelength", "linewidth", "centroid", "intensity"])
def test_errors_are_what_repeating_shows(quantity):
    """Of a line so narrow that the response, which nobody knows, does not count."""
    light = line(541, 2, 800)
    true = {
        "emission wavelength": 541.0,
        "linewidth": 2.0,
        "centroid": 1239841.93 / 541,
        "intensity": light.sum(),
    }[quantity]
    pulls = []
    for seed in range(50):
        one = analyse(spectrum(light, seed), {"green": (536.0, 546.0)})[0].find(quantity, "green")
        pulls.append((one.value - true) / one.stderr)
    assert abs(np.mean(pulls)) < 0.4
    assert 0.75 < np.std(pulls) < 1.3


def test_variance_follows_the_signal_whatever_the_scatter_of_few_frames_says():
    light = line(600, 40, 5000)
    rng = np.random.default_rng(1)
    frames = rng.normal(light, np.sqrt(DARK + GAIN * light), (2, len(light)))
    errors = smooth_errors(frames.mean(axis=0), frames.std(axis=0, ddof=1) / 2**0.5)
    assert errors == pytest.approx(np.sqrt((DARK + GAIN * light) / 2), rel=0.15)


def test_the_figure_names_every_line():
    (found,) = analyse(spectrum(LIGHT))
    shown = "\n".join(text.get_text() for text in found.figure().findobj(Text))
    for expected in ("541.0", "± 0.0", "SIMULATED DATA", "wavelength (nm)", "green"):
        assert expected in shown


def test_a_band_that_was_not_recorded_is_refused():
    (found,) = analyse(spectrum(LIGHT), {"far": (900.0, 910.0)})
    assert "outside the recorded" in found.problem


def test_bands_are_divided_by_the_one_that_is_asked_for():
    values = []
    for seed in range(20):
        (found,) = analyse(spectrum(LIGHT + 50.0, seed, points=2), over="red")
        one = found.find("band ratio", "green")
        values.append((one.value - (6 * 3 + 6 * 9) / (8 * 6)) / one.stderr)
    assert "over red; not response corrected" in one.note
    assert abs(np.mean(values)) <= 0.5
    assert np.std(values) <= 1.35


def test_the_second_order_of_a_band_is_not_counted_in_another():
    """Lines at 900 nm, which may be the second order of 450 nm, and at 940 nm."""
    windows = {"violet": (440.0, 455.0), "far": (870.0, 960.0)}
    found = []
    for light in (line(700, 4, 9000) + line(720, 4, 5000), line(720, 4, 5000)):
        ds = spectrum(light).assign_coords(wavelength=2 * WAVELENGTH - 500)
        found.append(analyse(ds, windows)[0].find("intensity", "far"))
    both, one = found
    assert both.value == pytest.approx(one.value, abs=4 * np.hypot(both.stderr, one.stderr))
    assert "second order" in both.note
