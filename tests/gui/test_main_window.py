"""What a person does in front of the window."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from qtpy import QtCore, QtTest, QtWidgets

from antistokes.analysis import describe, load
from antistokes.gui.lab import Lab
from antistokes.gui.main_window import MainWindow
from antistokes.instruments.errors import InstrumentError, Refused
from antistokes.instruments.station import Station
from antistokes.simulated_hw.stations import find_station

LONG = {"start": 1, "stop": 100, "points_per_decade": 300, "order": "up", "frames": 2}
SHORT = {"start": 1, "stop": 10, "points_per_decade": 3, "order": "up", "frames": 2}


def lit(window: MainWindow) -> bool:
    backend: Any = window.lab.station.backend
    return bool(backend.world.bench.light_is_on())


def begin(window: MainWindow, qtbot: Any, settings: dict[str, Any], points: int = 3) -> None:
    window.choice.setCurrentText("power-sweep")
    window.form.fill(settings)
    assert window.form.problems.text() == ""
    qtbot.mouseClick(window.run, QtCore.Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.lab.live.points >= points, timeout=30_000)


def ended(window: MainWindow, qtbot: Any) -> Path:
    qtbot.waitUntil(lambda: "points in" in window.messages.toPlainText(), timeout=30_000)
    (path,) = window._folder.glob("*.h5")
    return path


def test_a_sweep_is_watched_to_its_end(window: MainWindow, qtbot: Any) -> None:
    begin(window, qtbot, SHORT)
    path = ended(window, qtbot)
    assert describe(path)["status"] == "completed"
    window.views.draw()
    x, y = window.views.curve.curves["band green"].getOriginalDataset()
    assert len(x) == len(y) == load(path).sizes["point"]
    assert "green: local slope" in window.views.curve.slopes.text()
    assert "SIMULATED" in window.views.spectrum.plot.getPlotItem().titleLabel.text
    assert not lit(window)


def test_a_run_is_paused_in_the_dark_goes_on_and_is_stopped(window: MainWindow, qtbot: Any) -> None:
    begin(window, qtbot, LONG)
    assert not window.run.isEnabled()
    qtbot.mouseClick(window.bar.pause, QtCore.Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.lab.runner.state == "paused", timeout=10_000)
    assert not lit(window)
    before = window.lab.live.points
    window.bar.refresh()
    assert window.bar.pause.text() == "Go on"
    qtbot.mouseClick(window.bar.pause, QtCore.Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.lab.live.points > before, timeout=10_000)
    qtbot.mouseClick(window.bar.stop, QtCore.Qt.MouseButton.LeftButton)
    facts = describe(ended(window, qtbot))
    assert (facts["status"], facts["reason"]) == ("stopped", "stopped by the user")
    assert not lit(window)


def test_closing_in_mid_run_asks_and_ends_safe(window: MainWindow, qtbot: Any) -> None:
    begin(window, qtbot, LONG)
    window.sure = lambda: False  # type: ignore[method-assign]
    assert not window.close()
    assert window.lab.running
    window.sure = lambda: True  # type: ignore[method-assign]
    assert window.close()
    assert not lit(window)
    (path,) = window._folder.glob("*.h5")
    assert describe(path)["status"] == "stopped"


def test_the_red_button_ends_a_run_at_once(window: MainWindow, qtbot: Any) -> None:
    begin(window, qtbot, LONG)
    start = time.perf_counter()
    QtTest.QTest.keyClick(window, QtCore.Qt.Key.Key_F12)
    qtbot.waitUntil(lambda: not lit(window), timeout=5_000)
    assert time.perf_counter() - start < 1.0  # 0.2 on a machine that has nothing else to do
    qtbot.waitUntil(lambda: "STOP: all instruments are safe" in window.messages.toPlainText(), timeout=5_000)
    assert describe(ended(window, qtbot))["status"] == "stopped"


@pytest.mark.parametrize("early", [True, False])
def test_stop_before_a_run_has_begun_keeps_it_from_light(
    window: MainWindow, qtbot: Any, monkeypatch: pytest.MonkeyPatch, early: bool
) -> None:
    """While the worker reads an instrument, or while the runner binds."""
    held, go_on = threading.Event(), threading.Event()
    lab, wrapped = window.lab, window.lab.runner._header

    def slow(*args: Any) -> Any:
        held.set()
        assert go_on.wait(10)
        return wrapped(*args)

    def busy() -> None:
        held.set()
        assert go_on.wait(10)

    if early:
        lab._jobs.put(busy)
    else:
        monkeypatch.setattr(lab.runner, "_header", slow)
    window.choice.setCurrentText("power-sweep")
    window.form.fill(LONG)
    window.run.click()
    assert held.wait(10)
    window.bar.stop_all.click()
    go_on.set()
    qtbot.waitUntil(lambda: not lab.running, timeout=10_000)
    assert not lit(window)
    assert lab.live.points == 0


def test_stop_while_a_run_is_refused_switches_off_what_was_on(
    window: MainWindow, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, go_on = threading.Event(), threading.Event()

    def refused(*_: object) -> None:
        held.set()
        assert go_on.wait(10)
        raise Refused("cannot be")

    laser: Any = window.lab.station["laser"]
    laser.current = 0.3
    laser.emission = True
    assert lit(window)
    monkeypatch.setattr(window.lab.runner, "run", refused)
    window.choice.setCurrentText("power-sweep")
    window.form.fill(SHORT)
    window.run.click()
    assert held.wait(10)
    window.bar.stop_all.click()
    go_on.set()
    qtbot.waitUntil(lambda: "STOP: all instruments are safe" in window.messages.toPlainText(), timeout=10_000)
    assert not lit(window)


def test_a_request_for_too_many_points_is_refused(window: MainWindow) -> None:
    window.choice.setCurrentText("power-sweep")
    window.form.fill({"points_per_decade": 200_000})
    assert "points_per_decade: is 200000; expected int <= 1000" in window.form.problems.text()
    assert not window.run.isEnabled()


def test_a_plan_that_the_station_cannot_carry_out_is_refused_with_a_reason(
    window: MainWindow, qtbot: Any
) -> None:
    window.choice.setCurrentText("power-sweep")
    window.form.fill({"stop": 1e9})
    qtbot.mouseClick(window.run, QtCore.Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "refused: " in window.messages.toPlainText(), timeout=10_000)
    assert not list(window._folder.glob("*.h5*"))


def test_an_instrument_that_cannot_be_opened_is_named_and_the_others_are_there(
    window: MainWindow, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_one = Station.open_one

    def broken(station: Station, name: str, **options: Any) -> Any:
        if name == "cryostat":
            raise InstrumentError("cryostat", "does not answer")
        return open_one(station, name, **options)

    monkeypatch.setattr(Station, "open_one", broken)
    window.lab.open()
    box = window.instruments.boxes["cryostat"]
    qtbot.waitUntil(lambda: not box.is_open, timeout=5_000)
    assert "does not answer" in box.problem.text()
    assert window.instruments.boxes["laser"].is_open
    monkeypatch.undo()
    qtbot.mouseClick(box.reconnect, QtCore.Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: box.is_open, timeout=5_000)


def test_what_is_typed_is_sent_only_by_apply_and_limits_hold(window: MainWindow, qtbot: Any) -> None:
    box = window.instruments.boxes["laser"]
    qtbot.keyClicks(box.wishes["current"], "0.2")
    assert window.lab.station["laser"].current == 0  # type: ignore[attr-defined]
    qtbot.mouseClick(box.apply, QtCore.Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: box.readings["current"].text() == "0.2", timeout=5_000)
    qtbot.keyClicks(box.wishes["current"], "99")
    qtbot.mouseClick(box.apply, QtCore.Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "laser: current = 99" in window.messages.toPlainText(), timeout=5_000)


@pytest.mark.parametrize("damage", [None, "", "{", "[1]", '{"power-sweep": 3, "x": {}}'])
def test_what_was_typed_is_there_the_next_time(
    window: MainWindow, qtbot: Any, tmp_path: Path, damage: str | None
) -> None:
    begin(window, qtbot, SHORT)
    ended(window, qtbot)
    if damage is not None:
        (tmp_path / "virtual.forms.json").write_text(damage)
    again = MainWindow(Lab(Station.load(find_station("virtual"))), tmp_path)
    qtbot.addWidget(again)
    if damage is None:
        assert again.choice.currentText() == "power-sweep"
        assert again.form.settings() == SHORT
    again.choice.setCurrentText("power-sweep")
    assert again.form.problems.text() == ""
    again.close()


def test_clicks_at_random_break_nothing(window: MainWindow, qtbot: Any) -> None:
    """Nothing is raised (pytest-qt would say so), and no light is left on."""
    chance = random.Random(1)
    window.choice.setCurrentText("power-sweep")
    window.form.fill(SHORT)
    for _ in range(150):
        kinds = QtWidgets.QPushButton, QtWidgets.QLineEdit, QtWidgets.QCheckBox
        widgets = [
            one
            for one in window.findChildren(QtWidgets.QWidget)
            if one.isVisible() and isinstance(one, kinds)
        ]
        one = chance.choice(widgets)
        if isinstance(one, QtWidgets.QLineEdit):
            QtTest.QTest.keyClicks(one, chance.choice(["1", "-", "e", "5", "x", "0.3", "[1, 2]"]))
        else:
            QtTest.QTest.mouseClick(one, QtCore.Qt.MouseButton.LeftButton)
        QtWidgets.QApplication.processEvents()
    assert window.close()
    assert not lit(window)
