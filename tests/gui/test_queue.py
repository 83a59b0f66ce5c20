"""Runs that wait, and what a rehearsal says of them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from antistokes.analysis import describe
from antistokes.gui.axes_form import AxesForm
from antistokes.gui.lab import Lab
from antistokes.gui.main_window import MainWindow, verdict
from antistokes.gui.queue_panel import title
from antistokes.gui.rehearsed import Rehearsed
from antistokes.gui.remembered import Remembered
from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.procedures.plan_file import PlanFile
from antistokes.simulated_hw.stations import find_station

SHORT = {"start": 1, "stop": 10, "points_per_decade": 3, "order": "up", "frames": 2}
LONG = {"start": 1, "stop": 100, "points_per_decade": 300, "order": "up", "frames": 2}


@pytest.fixture
def calm(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """Nothing is rehearsed."""
    monkeypatch.setattr(window.rehearsals, "rehearse", lambda table: None)
    return window


def add(window: MainWindow, name: str, settings: dict[str, Any], *over: dict[str, Any]) -> None:
    window.choice.setCurrentText(name)
    window.form.fill(settings)
    window.axes.fill(list(over))
    window.add.click()


def titles(window: MainWindow) -> list[str]:
    return [title(one.table) for one in window.queue.runs]


def over_untold(window: MainWindow) -> None:
    """The run is over, and no event has told the window: none is handled here."""
    while window.lab.runner.state != "completed":
        pass


def measured(window: MainWindow, qtbot: Any) -> None:
    window.waiting.go.click()
    qtbot.waitUntil(lambda: not window.queue.going and window.queue.now is None, timeout=30_000)


def test_mixed_runs_are_measured_one_after_the_other(calm: MainWindow, qtbot: Any) -> None:
    add(calm, "power-sweep", SHORT, {"axis": "temperature", "values": [300, 310]})
    add(calm, "temperature-sweep", {"start": 300, "stop": 310, "step": 5, "frames": 2})
    calm.waiting.times.setValue(2)  # of the line that was there first
    measured(calm, qtbot)
    files = sorted(calm._folder.glob("*.h5"), key=lambda path: path.stat().st_mtime_ns)
    facts = [describe(path) for path in files]
    assert [one["status"] for one in facts] == ["completed"] * 3
    assert [one["title"].split(" of ")[0] for one in facts] == ["power-sweep"] * 2 + ["temperature-sweep"]
    assert [one["points"] for one in facts] == [8, 8, 3]
    assert not calm.queue.runs
    assert not calm.queue.path.exists()


def test_lines_change_places_are_removed_and_survive_the_window(
    calm: MainWindow, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("power-sweep", "temperature-sweep", "lifetime"):
        add(calm, name, {})
    rows = calm.waiting.list
    rows.setCurrentItem(rows.topLevelItem(2))
    calm.waiting.up.click()
    assert titles(calm) == ["power-sweep", "lifetime", "temperature-sweep"]
    assert calm.waiting._row == 1
    calm.waiting.up.click()
    calm.waiting.up.click()  # nothing is above it
    assert titles(calm) == ["lifetime", "power-sweep", "temperature-sweep"]
    calm.waiting.down.click()
    calm.waiting.times.setValue(3)
    rows.setCurrentItem(rows.topLevelItem(0))
    calm.waiting.remove.click()
    assert titles(calm) == ["lifetime", "temperature-sweep"]
    assert calm.waiting.list.topLevelItem(0).text(2) == "× 3"
    plan = PlanFile.read(calm.queue.path)  # which the command line carries out, too
    assert [run.stem for run in plan.runs] == ["lifetime-1", "lifetime-2", "lifetime-3", "temperature-sweep"]
    calm.close()
    monkeypatch.undo()
    again = MainWindow(Lab(Station.load(find_station("virtual"))), calm._folder)
    qtbot.addWidget(again)
    assert [(title(one.table), one.repeats) for one in again.queue.runs] == [
        ("lifetime", 3),
        ("temperature-sweep", 1),
    ]
    qtbot.waitUntil(lambda: again.rehearsals._process is not None, timeout=10_000)
    process = again.rehearsals._process
    again.close()
    assert not again.rehearsals.busy
    assert process.exitcode < 0  # it was not waited for


def test_one_that_cannot_be_measured_keeps_no_other_from_it(calm: MainWindow, qtbot: Any) -> None:
    add(calm, "lifetime", {})
    add(calm, "power-sweep", SHORT)
    measured(calm, qtbot)
    assert titles(calm) == ["lifetime"]
    assert "has no pulse generator" in calm.queue.runs[0].problem
    calm.waiting.list.setCurrentItem(calm.waiting.list.topLevelItem(0))
    assert "has no pulse generator" in calm.waiting.about.text()
    assert len(list(calm._folder.glob("*.h5"))) == 1


def test_a_run_that_is_stopped_stays_and_the_queue_rests(calm: MainWindow, qtbot: Any) -> None:
    add(calm, "power-sweep", LONG)
    add(calm, "power-sweep", SHORT)
    calm.waiting.go.click()
    qtbot.waitUntil(lambda: calm.lab.live.points > 2, timeout=30_000)
    calm.queue.remove(0)  # what is measured cannot be removed
    calm.bar.stop.click()
    qtbot.waitUntil(lambda: not calm.lab.running and calm.queue.now is None, timeout=30_000)
    assert len(calm.queue.runs) == 2
    assert calm.queue.runs[0].problem.startswith("stopped: stopped by the user, power-sweep-")
    assert not calm.queue.going


def test_a_start_while_a_run_ends_measures_nothing_twice(calm: MainWindow, qtbot: Any) -> None:
    add(calm, "power-sweep", SHORT)
    calm.waiting.go.click()
    over_untold(calm)
    assert not calm.run.isEnabled()
    calm.run.click()
    calm.queue.start()
    qtbot.waitUntil(lambda: calm.queue.now is None, timeout=30_000)
    assert not calm.queue.runs
    assert len(list(calm._folder.glob("*.h5"))) == 1


def test_stop_between_two_runs_begins_no_other(calm: MainWindow, qtbot: Any) -> None:
    add(calm, "power-sweep", SHORT)
    add(calm, "power-sweep", SHORT)
    calm.waiting.go.click()
    over_untold(calm)
    calm.bar.stop_all.click()
    qtbot.waitUntil(lambda: calm.queue.now is None, timeout=30_000)
    qtbot.wait(50)
    assert not calm.lab.running
    assert len(calm.queue.runs) == 1
    assert len(list(calm._folder.glob("*.h5"))) == 1


def test_a_held_queue_ends_with_the_run_that_goes_on(calm: MainWindow, qtbot: Any) -> None:
    add(calm, "power-sweep", SHORT)
    add(calm, "power-sweep", SHORT)
    calm.waiting.go.click()
    assert calm.waiting.go.text() == "Hold queue"
    calm.waiting.go.click()
    qtbot.waitUntil(lambda: calm.queue.now is None, timeout=30_000)
    assert len(calm.queue.runs) == 1


def test_runs_of_a_plan_file_are_added_and_what_is_wrong_is_said(calm: MainWindow, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'format = "antistokes-plan"\nversion = 1\nsample = "yber-micro"\n'
        '[[runs]]\nsteps = [{ procedure = "power-sweep", settings = { stop = 10 } }]\n'
        '[[runs]]\nsteps = [{ procedure = "powder-sweep" }]\n'
    )
    calm.waiting.add_plan(str(plan))
    assert titles(calm) == ["power-sweep"]
    assert calm.queue.runs[0].table["sample"] == "yber-micro"
    assert "runs[1].steps[0]" in calm.messages.toPlainText()
    calm.waiting.chosen.emit(calm.queue.runs[0].table)
    assert calm.form.settings() == {"stop": 10}


def test_a_run_for_another_sample_is_not_measured_on_this_one(calm: MainWindow, qtbot: Any) -> None:
    calm.queue.add({"sample": "css82", "steps": [{"procedure": "power-sweep", "settings": SHORT}]})
    measured(calm, qtbot)
    assert calm.queue.runs[0].problem == "is for sample 'css82'; this window has 'yber-micro'"


def test_a_queue_that_cannot_be_read_is_kept_as_it_was(qtbot: Any, tmp_path: Path) -> None:
    (tmp_path / "virtual.queue.toml").write_text("[[runs")
    window = MainWindow(Lab(Station.load(find_station("virtual"))), tmp_path)
    qtbot.addWidget(window)
    assert "refused: " in window.messages.toPlainText()
    add(window, "power-sweep", SHORT)
    assert (tmp_path / "virtual.queue.kept").read_text() == "[[runs"
    window.close()


def test_what_is_wrong_in_a_queue_is_kept_and_the_rest_is_taken_up(qtbot: Any, tmp_path: Path) -> None:
    text = (
        'format = "antistokes-plan"\nversion = 1\n[[runs]]\nsteps = [{ procedure = "power-sweep" }]\n'
        '[[runs]]\nsteps = [{ procedure = "powder-sweep" }]\n'
    )
    (tmp_path / "virtual.queue.toml").write_text(text)
    (tmp_path / "virtual.queue.kept").write_text("of an earlier time")
    window = MainWindow(Lab(Station.load(find_station("virtual"))), tmp_path)
    qtbot.addWidget(window)
    assert titles(window) == ["power-sweep"]
    assert (tmp_path / "virtual.queue.kept").read_text() == "of an earlier time"
    assert (tmp_path / "virtual.queue-2.kept").read_text() == text
    assert len(PlanFile.read(window.queue.path).runs) == 1
    window.close()


def test_a_queue_that_may_not_be_looked_at_keeps_no_window_from_opening(qtbot: Any, tmp_path: Path) -> None:
    (tmp_path / "virtual.queue.toml").mkdir()
    window = MainWindow(Lab(Station.load(find_station("virtual"))), tmp_path)
    qtbot.addWidget(window)
    assert "virtual.queue.toml: cannot be read" in window.messages.toPlainText()
    window.close()


def test_an_unexpected_failure_holds_up_no_queue(
    calm: MainWindow, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("oh")

    add(calm, "power-sweep", SHORT)
    monkeypatch.setattr(calm.lab.runner, "run", broken)
    measured(calm, qtbot)
    assert calm.queue.runs[0].problem == "refused: unexpected ZeroDivisionError: oh"
    assert not calm.lab.running


def test_a_queue_that_cannot_be_kept_says_so(calm: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("antistokes.gui.run_queue.write_plan", full)
    add(calm, "power-sweep", SHORT)
    assert "No space left on device" in calm.messages.toPlainText()
    assert titles(calm) == ["power-sweep"]


def test_check_says_how_long_and_draws_what_will_come_behind_the_data(window: MainWindow, qtbot: Any) -> None:
    window.choice.setCurrentText("power-sweep")
    window.form.fill(SHORT)
    window.check.click()
    assert not window.check.isEnabled()
    qtbot.waitUntil(lambda: not window.rehearsals.busy, timeout=60_000)
    said = window.messages.toPlainText()
    assert "4 points, 4 usable" in said
    assert "J/cm²" in said
    assert len(window.views.curve.others) == 3
    _x, green = window.views.curve.others[1].getOriginalDataset()
    window.run.click()
    qtbot.waitUntil(lambda: "completed" in window.messages.toPlainText(), timeout=30_000)
    window.views.draw()
    assert len(window.views.curve.others) == 3
    _, found = window.views.curve.curves["band green"].getOriginalDataset()
    assert found == pytest.approx(green, rel=0.1)
    assert len(list(window._folder.glob("*.h5*"))) == 1  # of the run, none of the rehearsal


def test_what_will_not_work_is_said_in_the_queue(window: MainWindow, qtbot: Any) -> None:
    add(window, "lifetime", {})
    qtbot.waitUntil(lambda: not window.rehearsals.busy, timeout=60_000)
    assert window.waiting.list.topLevelItem(0).text(0) == "!"
    window.waiting.list.setCurrentItem(window.waiting.list.topLevelItem(0))
    assert "has no pulse generator" in window.waiting.about.text()
    assert window.queue.seconds is None


def test_a_rehearsal_that_dies_is_told(window: MainWindow, qtbot: Any) -> None:
    window.check.click()
    qtbot.waitUntil(lambda: window.rehearsals._process is not None, timeout=10_000)
    window.rehearsals._process.kill()
    qtbot.waitUntil(lambda: not window.rehearsals.busy, timeout=10_000)
    assert "the rehearsal ended without a result" in window.messages.toPlainText()


def test_a_verdict_names_flags_and_problems() -> None:
    from datetime import datetime

    found = Rehearsed(("none can be used",), 3661.0, 5, 0, {"below_noise": 5}, math.nan)
    assert verdict(found, datetime(2026, 1, 1, 12)) == [
        "check: none can be used",
        "check: 1:01:01 h, begun now until Thursday 13:01; 5 points, 0 usable; flagged: 5 below noise",
    ]


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("77, 150", {"values": [77, 150]}),
        ("[77]", {"values": [77]}),
        ("77 : 400 : 30", {"start": 77, "stop": 400, "points": 30}),
        ("-10 degC, 300", {"values": ["-10 degC", 300]}),
    ],
)
def test_set_points_of_an_axis_as_they_are_typed(qtbot: Any, text: str, table: dict[str, Any]) -> None:
    axes = AxesForm()
    qtbot.addWidget(axes)
    axes.lines[0].name.setCurrentText("temperature")
    axes.lines[0].values.setText(text)
    assert axes.tables() == [{"axis": "temperature"} | table]
    again = AxesForm()
    qtbot.addWidget(again)
    again.fill(axes.tables())
    assert again.tables() == axes.tables()
    assert len(again.lines) == 2
    again.fill([])
    assert again.tables() == []
    assert len(again.lines) == 1


@pytest.mark.parametrize(("text", "problem"), [("", "no set-points"), ("1 : 2 : 2.5", "whole number")])
def test_set_points_that_cannot_be_are_refused(qtbot: Any, text: str, problem: str) -> None:
    axes = AxesForm()
    qtbot.addWidget(axes)
    axes.lines[0].name.setCurrentText("temperature")
    axes.lines[0].values.setText(text)
    with pytest.raises(Refused, match=problem):
        axes.tables()


def test_more_set_points_than_an_axis_may_have_are_refused(window: MainWindow) -> None:
    window.choice.setCurrentText("power-sweep")
    window.axes.fill([{"axis": "temperature", "start": 100, "stop": 300, "points": 200_000}])
    for button in (window.run, window.check, window.add):
        window.messages.clear()
        button.click()
        assert "points: is 200000; expected int <= 100000" in window.messages.toPlainText()
    assert not list(window._folder.glob("*.h5*"))


def test_a_window_that_is_closed_while_it_opens_says_nothing(qtbot: Any, tmp_path: Path) -> None:
    window = MainWindow(Lab(Station.load(find_station("virtual"))), tmp_path)
    qtbot.addWidget(window)
    window.close()
    qtbot.wait(1)  # what was on its way arrives; an exception would be seen


def test_what_was_asked_for_last_is_remembered_last(tmp_path: Path) -> None:
    remembered = Remembered(tmp_path / "forms.json")
    for name in ("power-sweep", "lifetime", "power-sweep"):
        remembered.keep(name, {})
    assert Remembered(tmp_path / "forms.json").last == "power-sweep"
