"""Run files in the window."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy import QtCore, QtWidgets

from antistokes.gui.curves import Curves
from antistokes.gui.live_run import LiveRun
from antistokes.gui.main_window import MainWindow
from antistokes.gui.reader import Reader
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
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.end()


@pytest.fixture
def panel(qtbot: Any, tmp_path: Path, reader: Reader) -> RunsPanel:
    panel = RunsPanel(tmp_path, reader)
    panel._timer.stop()
    qtbot.addWidget(panel)
    return panel


def look(panel: RunsPanel, qtbot: Any) -> None:
    panel.look()
    qtbot.waitUntil(lambda: not panel._reading, timeout=10_000)


def lines(panel: RunsPanel) -> list[tuple[str, str, str]]:
    items = [panel.list.topLevelItem(i) for i in range(panel.list.topLevelItemCount())]
    return [(one.text(0), one.text(1), one.text(2)) for one in items if not one.isHidden()]


def test_runs_are_listed_and_found_and_foreign_files_are_told(
    panel: RunsPanel, qtbot: Any, made: tuple[Path, LiveRun], tmp_path: Path
) -> None:
    shutil.copy(made[0], tmp_path / "first.h5")
    (tmp_path / "other.h5").write_text("nothing of ours")
    (tmp_path / "notes.txt").write_text("not looked at")
    look(panel, qtbot)
    assert set(lines(panel)) == {("first.h5", "completed", "9"), ("other.h5", "cannot be read", "")}
    panel.search.setText("yber Completed")
    assert [name for name, *_ in lines(panel)] == ["first.h5"]
    panel.search.setText("")
    assert len(lines(panel)) == 2
    (tmp_path / "other.h5").unlink()
    look(panel, qtbot)
    assert [name for name, *_ in lines(panel)] == ["first.h5"]


def test_many_files_are_read_by_and_by(
    panel: RunsPanel, qtbot: Any, made: tuple[Path, LiveRun], tmp_path: Path
) -> None:
    for i in range(12):
        shutil.copy(made[0], tmp_path / f"{i}.h5")
    for expected in (5, 10, 12, 12):
        look(panel, qtbot)
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


def overlay(window: MainWindow, name: str) -> None:
    (item,) = window.runs.list.findItems(name, QtCore.Qt.MatchFlag.MatchExactly)
    window.runs.list.setCurrentItem(item)
    window.runs.overlay.click()


def test_another_run_is_drawn_behind_the_curves(
    window: MainWindow, qtbot: Any, made: tuple[Path, LiveRun], tmp_path: Path
) -> None:
    shutil.copy(made[0], tmp_path / "before.h5")
    (tmp_path / "zzz.h5").write_text("nothing of ours")
    look(window.runs, qtbot)
    overlay(window, "before.h5")
    qtbot.waitUntil(lambda: len(window.views.curve.others) == 3, timeout=10_000)
    overlay(window, "zzz.h5")
    said = window.messages.toPlainText
    qtbot.waitUntil(lambda: "zzz.h5: is not a run file" in said(), timeout=10_000)
    assert len(window.views.curve.others) == 3


def test_a_report_has_findings_and_a_figure_and_takes_other_bands(
    qtbot: Any, made: tuple[Path, LiveRun]
) -> None:
    parent = QtWidgets.QWidget()
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
    look(window.runs, qtbot)
    window.runs.list.setCurrentItem(window.runs.list.topLevelItem(0))
    window.runs.analyse.click()
    (report,) = window.findChildren(RunReport)
    folder = Path(report._folder.name)
    window.close()
    assert not folder.exists()


def test_a_file_that_cannot_be_analysed_says_why(qtbot: Any, tmp_path: Path) -> None:
    (tmp_path / "other.h5").write_text("nothing of ours")
    parent = QtWidgets.QWidget()
    qtbot.addWidget(parent)
    report = RunReport(tmp_path / "other.h5", parent)
    report.show()
    qtbot.waitUntil(lambda: "other.h5" in report.text.toPlainText(), timeout=60_000)
    assert report.figures.count() == 0
    report.close()


def test_a_file_that_takes_long_keeps_nobody_from_stop(
    window: MainWindow,
    qtbot: Any,
    made: tuple[Path, LiveRun],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()

    def slow(path: str) -> Curves:
        assert go_on.wait(20)
        return Curves()

    monkeypatch.setattr(Curves, "read", slow)
    shutil.copy(made[0], tmp_path / "long.h5")
    look(window.runs, qtbot)
    window.runs.list.setCurrentItem(window.runs.list.topLevelItem(0))
    window.runs.overlay.click()
    window.bar.stop_all.click()
    qtbot.waitUntil(lambda: "STOP: all instruments are safe" in window.messages.toPlainText(), timeout=5_000)
    go_on.set()
