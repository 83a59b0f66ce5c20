"""Run files in the window."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy import QtCore

from antistokes.gui.curves import Curves
from antistokes.gui.live_run import LiveRun
from antistokes.gui.main_window import MainWindow
from antistokes.gui.run_report import RunReport
from antistokes.gui.runs_panel import RunsPanel
from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run
from antistokes.simulated_hw.stations import find_station

UP = PowerSweep(start=1, stop=100, points_per_decade=4, order="up", frames=2)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LiveRun]:
    """A run file, and what a window has seen of its run."""
    path, live = tmp_path_factory.mktemp("made") / "sweep.h5", LiveRun()
    with Station.load(find_station("virtual")) as station:
        run(UP, station, path, [live])
    return path, live


@pytest.fixture
def panel(qtbot: Any, tmp_path: Path) -> RunsPanel:
    panel = RunsPanel(tmp_path)
    panel._timer.stop()
    qtbot.addWidget(panel)
    return panel


def lines(panel: RunsPanel) -> list[tuple[str, str, str]]:
    items = [panel.list.topLevelItem(i) for i in range(panel.list.topLevelItemCount())]
    return [(one.text(0), one.text(1), one.text(2)) for one in items if not one.isHidden()]


def test_runs_are_listed_and_found_and_foreign_files_are_told(
    panel: RunsPanel, made: tuple[Path, LiveRun], tmp_path: Path
) -> None:
    shutil.copy(made[0], tmp_path / "first.h5")
    (tmp_path / "other.h5").write_text("nothing of ours")
    (tmp_path / "notes.txt").write_text("not looked at")
    panel.look()
    assert set(lines(panel)) == {("first.h5", "completed", "9"), ("other.h5", "cannot be read", "")}
    panel.search.setText("yber Completed")
    assert [name for name, *_ in lines(panel)] == ["first.h5"]
    panel.search.setText("")
    assert len(lines(panel)) == 2
    (tmp_path / "other.h5").unlink()
    panel.look()
    assert [name for name, *_ in lines(panel)] == ["first.h5"]


def test_many_files_are_read_by_and_by(panel: RunsPanel, made: tuple[Path, LiveRun], tmp_path: Path) -> None:
    for i in range(12):
        shutil.copy(made[0], tmp_path / f"{i}.h5")
    for expected in (5, 10, 12, 12):
        panel.look()
        assert len(lines(panel)) == expected


def test_a_run_that_goes_on_is_seen(window: MainWindow, qtbot: Any) -> None:
    window.choice.setCurrentText("power-sweep")
    window.form.fill({"start": 1, "stop": 100, "points_per_decade": 300, "order": "up", "frames": 2})
    window.run.click()
    qtbot.waitUntil(lambda: window.lab.live.points > 20, timeout=30_000)
    window.below.setCurrentWidget(window.runs)
    qtbot.waitUntil(lambda: any(one[1] == "running" for one in lines(window.runs)), timeout=10_000)
    window.lab.stop()
    qtbot.waitUntil(lambda: [one[1] for one in lines(window.runs)] == ["stopped"], timeout=10_000)


def test_curves_of_a_file_are_those_of_its_run(made: tuple[Path, LiveRun]) -> None:
    path, live = made
    read, seen = Curves.read(path), Curves.of(live)
    assert read.axes.keys() == seen.axes.keys() == {"irradiance"}
    assert read.columns.keys() == seen.columns.keys()
    for name, values in seen.columns.items():
        assert read.columns[name] == pytest.approx(values, rel=1e-6)
    assert read.axes["irradiance"] == pytest.approx(np.geomspace(1, 100, 9), rel=1e-3)


def test_another_run_is_drawn_behind_the_curves(
    window: MainWindow, made: tuple[Path, LiveRun], tmp_path: Path
) -> None:
    shutil.copy(made[0], tmp_path / "before.h5")
    (tmp_path / "zzz.h5").write_text("nothing of ours")
    window.runs.look()
    for name, number in (("before.h5", 3), ("zzz.h5", 3)):
        (item,) = window.runs.list.findItems(name, QtCore.Qt.MatchFlag.MatchExactly)
        window.runs.list.setCurrentItem(item)
        window.runs.overlay.click()
        assert len(window.views.curve.others) == number
    assert "zzz.h5" in window.messages.toPlainText()


def test_a_report_has_findings_and_a_figure_and_takes_other_bands(
    qtbot: Any, made: tuple[Path, LiveRun]
) -> None:
    parent = RunsPanel(made[0].parent)
    qtbot.addWidget(parent)
    report = RunReport(made[0], parent)
    report.show()
    qtbot.waitUntil(lambda: report.figures.count() > 0, timeout=60_000)
    assert "green: exponent" in report.text.toPlainText()
    assert report.figures.widget(0).pixmap.width() > 500
    report.bands.setText("mine=530:555")
    report.make()
    qtbot.waitUntil(lambda: "mine: exponent" in report.text.toPlainText(), timeout=60_000)
    folder = Path(report._folder.name)
    report.make()
    report.close()  # while it goes on
    assert not folder.exists()


def test_reports_end_with_the_window(
    window: MainWindow, made: tuple[Path, LiveRun], tmp_path: Path, qtbot: Any
) -> None:
    shutil.copy(made[0], tmp_path / "before.h5")
    window.runs.look()
    window.runs.list.setCurrentItem(window.runs.list.topLevelItem(0))
    window.runs.analyse.click()
    (report,) = window.findChildren(RunReport)
    folder = Path(report._folder.name)
    window.close()
    assert not folder.exists()


def test_a_file_that_cannot_be_analysed_says_why(qtbot: Any, tmp_path: Path) -> None:
    (tmp_path / "other.h5").write_text("nothing of ours")
    parent = RunsPanel(tmp_path)
    qtbot.addWidget(parent)
    report = RunReport(tmp_path / "other.h5", parent)
    report.show()
    qtbot.waitUntil(lambda: "other.h5" in report.text.toPlainText(), timeout=60_000)
    assert report.figures.count() == 0
    report.close()
