"""The figure of a power sweep: what it shows, and that a file can be repeated to the byte."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.text import Text

from antistokes.analysis import power_law, power_sweep_figure
from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.figures import band_colours, save_figure
from antistokes.analysis.figures.style import NAMED_COLOURS, draw_title

WAVELENGTH = np.linspace(500, 700, 200)


def sweep(simulated: bool = True) -> xr.Dataset:
    """Green and red band, slope 2 bending over at 20 W/cm²; one point flagged as saturated."""
    up = np.logspace(-1, 2, 13)
    irradiance = np.concatenate([up, up[::-1]])
    intensity = 1e4 * irradiance**2 / (1 + irradiance / 20)
    lines = np.exp(-(((WAVELENGTH - 540) / 8) ** 2)) + np.exp(-(((WAVELENGTH - 655) / 8) ** 2))
    spectrum = intensity[:, None] * lines + np.random.default_rng(0).normal(0, 3, (26, 200))
    flags = np.zeros(26, dtype="u4")
    flags[12] = 1
    return xr.Dataset(
        {
            "irradiance_mean": ("point", irradiance),
            "irradiance_mean_errors": ("point", 0.005 * irradiance),
            "direction": ("point", np.repeat([1, -1], 13)),
            "spectrum": (("point", "wavelength"), spectrum),
            "spectrum_errors": (("point", "wavelength"), np.sqrt(9 + np.clip(spectrum, 0, None))),
            "flags": (
                "point",
                flags,
                {"flag_masks": np.array([1], dtype="u4"), "flag_meanings": "saturated"},
            ),
        },
        coords={"irradiance": ("point", irradiance), "wavelength": WAVELENGTH},
        attrs={
            "title": "A sweep",
            "simulated": simulated,
            "sample": {"name": "crystals", "bands": {"green": [515, 560], "red": [640, 670]}},
        },
    )


def texts(figure: Figure) -> str:
    return "\n".join(found.get_text() for found in figure.findobj(Text))


def test_the_figure_shows_spectra_intensities_and_local_exponents():
    ds = sweep()
    laws = power_law(ds)
    figure = power_sweep_figure(ds, laws)
    shown = texts(figure)
    for expected in (
        "wavelength (nm)",
        "P/(πw²) (W/cm²)",
        "local exponent",
        "up",
        "down",
        "excluded",
        "A sweep",
    ):
        assert expected in shown
    assert f"green: exponent {laws['green'].exponent:.3f} ± {laws['green'].stderr:.3f}" in shown
    assert f"green saturates from {laws['green'].saturation_onset:.2f} ± " in shown
    lines = [line for axes in figure.axes for line in axes.lines]
    assert any(np.array_equal(line.get_ydata(), laws["red"].local[:, 1]) for line in lines)


def test_a_simulated_run_is_marked_and_a_real_one_is_not():
    assert "SIMULATED" in texts(power_sweep_figure(sweep()))
    assert "SIMULATED" not in texts(power_sweep_figure(sweep(simulated=False)))


def test_no_point_is_cut_off_by_the_axes():
    ds = sweep()
    upper = next(axes for axes in power_sweep_figure(ds).axes if axes.get_ylabel().startswith("band"))
    low, high = upper.get_ylim()
    values = np.concatenate([line.get_ydata() for line in upper.lines if line.get_marker() == "o"])
    assert low < values.min()
    assert high > values.max()


def test_without_results_it_fits_and_with_none_it_still_shows_the_data():
    assert "exponent 1.9" in texts(power_sweep_figure(sweep()))
    assert "exponent 1.9" not in texts(power_sweep_figure(sweep(), {}))


def test_windows_by_hand_are_drawn_as_they_were_fitted():
    ds = sweep()
    ds.attrs["sample"] = {}
    shown = texts(power_sweep_figure(ds, power_law(ds, {"left line": (530, 550)})))
    assert "left line: exponent" in shown


def test_a_run_without_errors_or_direction_is_drawn_too():
    ds = sweep().drop_vars(["irradiance_mean_errors", "spectrum_errors", "direction", "flags"])
    shown = texts(power_sweep_figure(ds))
    assert "up" not in shown  # which way a point was come to is not known
    assert "excluded" not in shown


def test_a_run_with_nothing_to_show_is_refused():
    ds = sweep()
    ds["spectrum"] = -abs(ds["spectrum"])
    with pytest.raises(AnalysisError, match="no point to show"):
        power_sweep_figure(ds, {})


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_a_saved_figure_is_the_same_to_the_byte(tmp_path, suffix, magic):
    ds = sweep()
    laws = power_law(ds)
    paths = [tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"]
    for path in paths:
        save_figure(power_sweep_figure(ds, laws), path)
    assert paths[0].read_bytes().startswith(magic)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert b"Software" not in paths[0].read_bytes()


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(AnalysisError, match=r"suffix '\.docx' is not one of \.png, \.svg, \.pdf"):
        save_figure(Figure(), tmp_path / "figure.docx")


def test_bands_named_after_a_colour_get_it_and_no_two_look_alike():
    colours = band_colours(["green 540", "Red", "nir", "uv"])
    assert colours["green 540"] == "#009E73"
    assert colours["Red"] == "#D55E00"
    assert len(set(colours.values())) == 4


def test_ten_bands_have_ten_colours_of_their_wavelengths():
    windows = {
        "ultraviolet": (335, 352), "near-ultraviolet": (354, 372), "violet-blue": (440, 460),
        "blue": (465, 487), "1D2": (500, 520), "2H11/2": (520, 535), "red": (635, 665),
        "far red": (690, 710), "infrared": (788, 815), "3H5": (1180, 1220),
    }  # fmt: skip
    colours = band_colours(windows, windows)
    assert len(set(colours.values())) == 10
    assert colours["blue"] == NAMED_COLOURS["blue"]
    assert colours["red"] == NAMED_COLOURS["red"]
    assert colours["infrared"] == NAMED_COLOURS["infrared"]
    assert colours["1D2"] == NAMED_COLOURS["green"]


@pytest.mark.parametrize("words", [3, 9, 30])
def test_a_title_of_any_length_leaves_room_for_the_mark_of_simulated_data(words):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = Figure(figsize=(9.0, 5.0), layout="constrained")
    figure.subplots()
    draw_title(figure, xr.Dataset(attrs={"title": "NaYF4:Yb,Er " * words, "simulated": True}))
    renderer = FigureCanvasAgg(figure).get_renderer()
    (badge,) = [found for found in figure.findobj(Text) if "SIMULATED" in found.get_text()]
    title = figure.get_suptitle()
    (title,) = [found for found in figure.findobj(Text) if found.get_text() == title]
    assert not title.get_window_extent(renderer).overlaps(badge.get_window_extent(renderer))


def test_a_band_of_the_sample_that_was_not_recorded_is_left_out():
    ds = sweep()
    name, window = next(iter(ds.attrs["sample"]["bands"].items()))
    ds.attrs["sample"] = {"id": "s", "bands": {name: window, "infrared": (2000.0, 2100.0)}}
    assert "infrared" not in texts(power_sweep_figure(ds))


def test_the_unit_of_the_spectrum_is_on_the_axes():
    ds = sweep()
    ds["spectrum"].attrs["units"] = "W/nm"
    labels = texts(power_sweep_figure(ds))
    assert "intensity (W/nm)" in labels
    assert "band intensity (W)" in labels
