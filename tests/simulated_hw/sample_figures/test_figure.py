"""The figure of a sample: what it shows, that all of it can be read, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from antistokes.instruments.errors import LimitError, Refused
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.sample_figures.figure import draw, sample_figure
from antistokes.simulated_hw.samples.sample import Sample

DYE = """
format = "antistokes-sample"
version = 1
[sample]
id = "dye"
max_irradiance = 1e6
[model]
mechanism = "power-law"
reference_irradiance = 100
source = "made up"
[[model.lines]]
name = "main"
wavelength = 600
fwhm = 40
exponent = 2
photon_rate = 1e17
source = "made up"
[[model.lines]]
name = "never"
wavelength = 800
fwhm = 40
exponent = 2
photon_rate = 0
source = "made up"
"""
PANELS = ["emission spectrum", "power dependence", "temperature dependence", "decay after"]


@pytest.fixture(scope="module")
def yber() -> Sample:
    return Sample.load("yber-micro")


@cache
def drawn(name: str) -> Figure:
    """With everything where it will be; looked at by many tests, changed by none."""
    figure = sample_figure(Sample.load(name))
    figure.draw_without_rendering()
    return figure


@pytest.fixture(scope="module")
def figure() -> Figure:
    return drawn("yber-micro")


@pytest.fixture(scope="module")
def dye(tmp_path_factory) -> Sample:
    path = tmp_path_factory.mktemp("dye") / "dye.toml"
    path.write_text(DYE, encoding="utf-8")
    return Sample.load(path)


@pytest.fixture(scope="module")
def dye_figure(dye) -> Figure:
    figure = sample_figure(dye)
    figure.draw_without_rendering()
    return figure


def panel(figure: Figure, title: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_title().startswith(title))


def titles(figure: Figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def words(figure: Figure) -> Iterator[Text]:
    """All that is written but the numbers of the axes."""
    numbers = {
        id(label)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for label in [*axis.get_ticklabels(minor=False), *axis.get_ticklabels(minor=True)]
    }
    for text in figure.findobj(Text):
        box = text.get_window_extent()
        if id(text) not in numbers and text.get_text().strip() and box.width > 1:
            yield text


def written(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in words(figure))


def test_title_says_what_is_shown_and_that_it_is_simulated(figure):
    shown = written(figure)
    for expected in (
        "SIMULATED",
        "yber-micro",
        "NaYF4:Yb,Er",
        "energy-transfer",
        "980 nm",
        "300 K",
        "10 W/cm²",
    ):
        assert expected in shown


def test_a_column_per_ion_with_its_levels_and_rates(figure):
    shown = written(figure)
    for expected in ("Yb³⁺", "Er³⁺", r"$^{4}\mathrm{S}_{3/2}$", "1057", "4.3×10⁴", "980 nm"):
        assert expected in shown


@pytest.mark.parametrize("name", ["yber-micro", "ybtm-micro", "nd139"])
def test_nothing_written_is_cut_off_or_hides_something_else(name):
    figure = drawn(name)
    boxes = [(text.get_text(), text.get_window_extent()) for text in words(figure)]
    page = figure.bbox
    for text, box in boxes:
        assert 0 <= box.x0 < box.x1 <= page.width, text
        assert 0 <= box.y0 < box.y1 <= page.height, text
    for (one, a), (other, b) in combinations(boxes, 2):
        width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert width < 2 or height < 2, f"{one} and {other}"


def test_the_area_under_the_spectrum_is_the_emission_of_its_lines(yber, figure):
    curve = panel(figure, "emission spectrum").lines[0]
    wavelength, spectrum = curve.get_xdata(), curve.get_ydata()
    inside = (wavelength > 500) & (wavelength < 580)
    area = np.trapezoid(spectrum[inside], wavelength[inside])
    assert area == pytest.approx(yber.solve(10.0).bands["green"], rel=1e-3)


def test_power_dependence_covers_six_decades_and_names_both_exponents(yber, figure):
    curves = {line.get_color(): line for line in panel(figure, "power dependence").lines[:3]}
    green = curves["#009E73"]
    assert green.get_xdata()[[0, -1]] == pytest.approx([1e-2, 1e4])
    assert green.get_ydata()[-1] == pytest.approx(yber.solve(1e4).bands["green"])
    assert "green: 2.00 → 0.44" in written(figure)


def test_temperature_dependence_is_relative_to_300_k(figure):
    axes = panel(figure, "temperature dependence")
    for line in axes.lines[:3]:
        kelvins, relative = line.get_xdata(), line.get_ydata()
        assert (kelvins[0], kelvins[-1]) == (10, 500)
        assert relative[kelvins == 300] == 1
    assert axes.get_yscale() == "log"  # violet changes by more than ten


def test_decays_end_at_a_thousandth_and_their_times_are_named(figure):
    axes = panel(figure, "decay after")
    assert axes.get_title() == "decay after 107 µs of excitation"
    assert axes.get_xlabel() == "time (ms)"
    last = max(float(np.interp(axes.get_xlim()[1], *line.get_data())) for line in axes.lines)
    assert 0.5e-3 < last < 1e-3  # by the next moment looked at
    assert "green: 2.00 → 0.44, 1.25 ms" in written(figure)


def test_irradiance_and_temperature_may_be_chosen(dye):
    figure = sample_figure(dye, temperature=77.0, irradiance=2e7)
    assert any("77 K  ·  2×10⁷ W/cm²" in text.get_text() for text in figure.texts)
    axes = panel(figure, "power dependence")
    assert axes.get_xlim()[1] == pytest.approx(2e7)
    assert "not valid" in [text.get_text().strip() for text in axes.texts]


def test_what_the_model_does_not_say_has_no_panel(dye_figure):
    assert titles(dye_figure) == PANELS[:2]


def test_without_bands_each_line_has_its_curve_and_a_dark_one_breaks_nothing(dye_figure):
    shown = written(dye_figure)
    assert "main: 2.00 → 2.00" in shown
    assert "never" in shown


@pytest.mark.parametrize(
    ("name", "laser"), [("mapbr", "1000 nm, pulses of 100 fs at 80 MHz"), ("wse2", "799 nm  ·")]
)
def test_what_needs_several_photons_is_excited_by_a_mode_locked_laser(name, laser):
    figure = sample_figure(Sample.load(name))
    assert any(f"excitation {laser}" in text.get_text() for text in figure.texts)


def test_a_semiconductor_of_nanoseconds_finds_its_time_scale(yber):
    class Quick:
        """As yber-micro, a million times faster."""

        record, kind, mechanism = yber.record, yber.kind, yber.mechanism
        excitation, lines = yber.excitation, yber.lines
        lines_at, respond = yber.lines_at, yber.respond

        def pulsed(self, high, low, width, times, conditions: Conditions):
            after = np.exp(-np.maximum(times - width, 0) / 2e-9) * np.minimum(times / width, 1)
            return np.repeat(after[None, :, None], len(self.lines), axis=2)

    figure = sample_figure(Quick())  # type: ignore[arg-type]
    assert panel(figure, "decay after").get_xlabel() == "time (ns)"
    (key,) = figure.legends
    assert "green: 2.00 → 0.44, 2 ns" in [text.get_text() for text in key.get_texts()]


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".PDF", b"%PDF")])
def test_a_file_is_the_same_to_the_byte(dye, tmp_path, suffix, magic):
    paths = [tmp_path / f"first{suffix}", tmp_path / f"second{suffix}"]
    for path in paths:
        draw(dye, path)
    assert paths[0].read_bytes().startswith(magic)
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("a.docx", r"suffix '\.docx' must be one of \.png, \.svg, \.pdf"),
        ("a", r"suffix '' must be one of"),
        ("nowhere/a.png", r"there is no folder .*nowhere"),
        ("folder.png", r"is a folder; must be the name of a file"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_anything_is_computed(
    dye, tmp_path, monkeypatch, path, problem
):
    (tmp_path / "folder.png").mkdir()
    monkeypatch.setattr(Sample, "respond", lambda *_: pytest.fail("computed"))
    with pytest.raises(Refused, match=problem):
        draw(dye, tmp_path / path)


def test_a_folder_without_permission_is_refused(dye, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(Refused, match="may not be written"):
        draw(dye, tmp_path / "a.png")


@pytest.mark.parametrize(("temperature", "irradiance"), [(0.0, 1.0), (300.0, -1.0), (300.0, float("nan"))])
def test_impossible_conditions_are_refused(yber, temperature, irradiance):
    with pytest.raises(LimitError):
        sample_figure(yber, temperature, irradiance)


def test_the_dark_is_refused(yber):
    with pytest.raises(Refused, match="irradiance = 0"):
        sample_figure(yber, irradiance=0.0)
