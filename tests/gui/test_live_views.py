"""What is drawn of a run, by what it records."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy import QtCore

from antistokes.analysis import load
from antistokes.analysis.emission_colour import colours
from antistokes.gui.app import application
from antistokes.gui.curve_view import local_slope
from antistokes.gui.decay_view import together as bins_together
from antistokes.gui.live_run import SPECTRA, LiveRun
from antistokes.gui.live_views import LiveViews
from antistokes.gui.plot import plot
from antistokes.gui.thinned import Thinned
from antistokes.gui.waterfall_view import together as pixels_together
from antistokes.instruments import Station
from antistokes.procedures import Lifetime, PowerSweep, TemperatureSweep, run
from antistokes.procedures.channels import Channel, Dimension, RunHeader
from antistokes.simulated_hw.stations import find_station

GATED = """
backend = "@sim"
[instruments.laser]
driver = "cobolt_06"
resource = "ASRL1::INSTR"
settings = { gated = true, wavelength = 980 }
[instruments.generator]
driver = "keysight_33500b"
resource = "TCPIP0::192.168.1.40::5025::SOCKET"
set = { high = 5.0, low = 0.0 }
[instruments.power_meter]
driver = "thorlabs_pm100d"
resource = "USB0::0x1313::0x8078::P0012345::INSTR"
[instruments.counter]
driver = "srs_sr430"
resource = "GPIB0::8::INSTR"
[beam]
w_x_um = 100
w_y_um = 100
method = "knife edge"
date = 2026-11-01
sample_to_pickoff = 9.0
max_power_mW = 360
[simulation]
sample = "yber-micro"
"""
UP = PowerSweep(start=1, stop=100, points_per_decade=3, order="up", frames=2)


@pytest.fixture
def views(qtbot: Any) -> LiveViews:
    application()
    views = LiveViews(LiveRun())
    views._timer.stop()
    qtbot.addWidget(views)
    views.show()
    return views


def measured(views: LiveViews, procedure: Any, path: Path, station: Path | None = None) -> None:
    with Station.load(station or find_station("virtual")) as opened:
        outcome = run(procedure, opened, path, [views._live])
    assert outcome.status == "completed", outcome.reason
    views.draw()


def shown(views: LiveViews) -> list[str]:
    return [tabs.tabText(i) for tabs in views._tabs for i in range(tabs.count()) if tabs.isTabVisible(i)]


def points_of(item: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = item.getOriginalDataset()
    return np.asarray(x), np.asarray(y)


def test_bands_are_drawn_against_the_power_and_then_against_the_temperature(
    views: LiveViews, tmp_path: Path
) -> None:
    measured(views, UP, tmp_path / "power.h5")
    assert shown(views) == ["Spectrum", "Waterfall", "Curves", "Colour"]
    assert views._live.axes == ["irradiance"]
    x, _ = points_of(views.curve.curves["band green"])
    assert x == pytest.approx(np.geomspace(1, 100, 7), rel=1e-3)
    assert "violet: local slope" in views.curve.slopes.text()
    assert views.curve.plot.getAxis("bottom").labelText == "irradiance (W/cm^2)"
    spectrum = load(tmp_path / "power.h5")["spectrum"].values
    assert points_of(views.spectrum.line)[1] == pytest.approx(spectrum[-1])
    measured(views, TemperatureSweep(start=300, stop=320, step=10, frames=2), tmp_path / "temperature.h5")
    x, _ = points_of(views.curve.curves["band green"])
    assert x.tolist() == [320, 310, 300]
    assert views.curve.plot.getAxis("bottom").labelText == "temperature (K)"
    assert views.curve.slopes.text() == ""
    views.curve.against.setCurrentText("1/temperature")
    x, _ = points_of(views.curve.curves["band green"])
    assert x == pytest.approx([1000 / 320, 1000 / 310, 1000 / 300])
    assert views.curve.plot.getAxis("bottom").labelText == "1/temperature (1000/K)"


def test_a_lifetime_shows_its_decay_and_no_spectrum(views: LiveViews, tmp_path: Path) -> None:
    (tmp_path / "gated.toml").write_text(GATED)
    procedure = Lifetime(lifetime=1e-3, seconds=5, dark=1)
    measured(views, procedure, tmp_path / "lifetime.h5", tmp_path / "gated.toml")
    assert shown(views) == ["Decay", "Curves"]
    decay = load(tmp_path / "lifetime.h5")["decay"].values[0]
    assert views._live.column("photons")[0] == decay.sum()
    _, y = points_of(views.decay.curves["decay"])
    assert np.nanmax(y) == pytest.approx(decay.max(), rel=0.3)
    assert not (y <= 0).any()


def test_the_colour_is_that_of_the_analysis(views: LiveViews, tmp_path: Path) -> None:
    measured(views, UP, tmp_path / "power.h5")
    views._tabs[1].setCurrentWidget(views.colour)
    x, y = points_of(views.colour.track)
    found = colours(load(tmp_path / "power.h5"), uncorrected=True).chromaticity.xy
    assert np.column_stack([x, y])[-3:] == pytest.approx(found[-3:], abs=2e-3)
    assert f"x = {x[-1]:.4f} ± " in views.colour.note.text()
    assert "uncorrected" in views.colour.note.text()
    ring = np.column_stack(points_of(views.colour.ellipse))
    assert 1e-4 < np.ptp(ring[:, 0]) < 1e-1
    assert ring.mean(axis=0) == pytest.approx([x[-1], y[-1]], abs=1e-3)


def test_a_waterfall_has_a_line_for_each_spectrum(views: LiveViews, tmp_path: Path) -> None:
    measured(views, UP, tmp_path / "power.h5")
    views._tabs[0].setCurrentWidget(views.waterfall)
    image = views.waterfall.image.image
    assert image.shape == (7, 512)
    assert image.max() == 0
    assert image[-1].max() > image[0].max()
    assert views.waterfall.image.mapRectToParent(views.waterfall.image.boundingRect()).height() == 7


def test_what_is_not_seen_is_not_drawn(
    views: LiveViews, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    for name in ("spectrum", "waterfall", "colour", "curve"):
        monkeypatch.setattr(getattr(views, name), "draw", lambda name=name: drawn.append(name))
    measured(views, UP, tmp_path / "power.h5")
    assert drawn == ["spectrum", "curve"]
    views.draw()
    assert len(drawn) == 2  # nothing has come


@cache
def header() -> RunHeader:
    wavelength = Dimension("wavelength", np.linspace(400, 700, 64), "nm")
    channels = (
        Channel("elapsed", "s", coordinate=True),
        Channel("spectrum", "1/s", dims=("wavelength",)),
    )
    return RunHeader(
        "trace", "trace", {}, channels, (wavelength,), "spectrum", "elapsed", 0, datetime(2026, 1, 1), False,
        sample={"bands": {"green": [500, 600]}},
    )  # fmt: skip


def test_a_long_curve_takes_in_new_points_at_once_and_keeps_few_spectra(views: LiveViews) -> None:
    """However long the run is: 20 new ones of 100 000 in less than 2 ms, without paint."""
    live = views._live
    live.open(header())
    spectrum = np.ones(64)
    for i in range(100_000):
        live.append({"elapsed": float(i), "spectrum": spectrum})
    views.draw()
    assert len(live.spectra()) == SPECTRA
    clock, best = QtCore.QElapsedTimer(), 1e9
    for k in range(10):
        for i in range(20):
            live.append({"elapsed": 100_000.0 + 20 * k + i, "spectrum": spectrum})
        clock.start()
        views.curve.draw()
        best = min(best, clock.nsecsElapsed() / 1e6)
    assert best < 2.0
    views.draw()
    x, _ = points_of(views.curve.curves["band green"])
    assert (x[0], x[-1]) == (0, 100_199)


def test_a_thinned_curve_has_the_extremes_of_the_whole() -> None:
    rng = np.random.default_rng(1)
    x, y = np.arange(30_000.0), rng.normal(size=30_000)
    y[12_345], y[23_456], y[7], y[20_001] = 99.0, -99.0, np.nan, 50.0
    thinned = Thinned()
    for n in (10, 4000, 4001, 9999, 12_345, 12_346, 30_000):
        seen_x, seen_y = thinned.of(x[:n], y[:n])
        assert len(seen_y) <= 4200
        assert np.array_equal(seen_y, y[seen_x.astype(int)], equal_nan=True)
        assert np.all(np.diff(seen_x) >= 0)
        assert (np.nanmin(seen_y), np.nanmax(seen_y)) == (np.nanmin(y[:n]), np.nanmax(y[:n]))
        assert seen_x[-1] >= n - 16


def test_spectra_without_light_or_numbers_are_drawn(views: LiveViews) -> None:
    views._live.open(header())
    for spectrum in (np.zeros(64), np.full(64, np.nan), -np.ones(64)):
        views._live.append({"elapsed": 1.0, "spectrum": spectrum})
        for tabs in views._tabs:
            for i in range(tabs.count()):
                tabs.setCurrentIndex(i)
                views.draw()


def test_points_that_could_not_be_read_are_left_out(views: LiveViews) -> None:
    views._live.open(header())
    views._live.append({"elapsed": 1.0})
    views._live.append({"elapsed": 2.0, "spectrum": np.ones(64)})
    views.draw()
    assert points_of(views.curve.curves["band green"])[0].tolist() == [2.0]


def test_neighbours_are_put_together() -> None:
    assert pixels_together(np.arange(8.0).reshape(1, 8)).shape == (1, 8)
    assert pixels_together(np.arange(1100.0).reshape(1, 1100))[0, :2].tolist() == [2, 5]
    times, mean = bins_together(np.arange(2500.0), np.arange(2500.0))
    assert len(times) == len(mean) == 833
    assert (times[1], mean[0]) == (3, 1)


def test_a_slope_needs_three_points() -> None:
    x = np.geomspace(1, 10, 6)
    assert local_slope(x, x**1.7) == pytest.approx(1.7)
    assert np.isnan(local_slope(x[:2], x[:2]))
    assert np.isnan(local_slope(np.ones(5), x[:5]))


def test_a_logarithmic_axis_has_numbers_at_one_two_and_five(qtbot: Any) -> None:
    application()
    widget = plot("y", "x")
    qtbot.addWidget(widget)
    axis = widget.getAxis("left")
    axis.setLogMode(y=True)
    texts = axis.logTickStrings(np.log10([1, 2, 3, 5, 7, 10, 20, 1e-6, 3e-6]).tolist(), 1.0, None)
    assert [bool(text) for text in texts] == [True, True, False, True, False, True, True, True, False]
