"""The window: instruments at the left, the procedure and the queue in the middle, the light at the right."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from qtpy import QtCore, QtGui, QtWidgets

from antistokes.instruments.clock import duration
from antistokes.instruments.errors import Refused
from antistokes.procedures.plan_file import planned_run
from antistokes.procedures.runner import Outcome

from .axes_form import AxesForm
from .curves import Curves
from .lab import Lab
from .live_views import LiveViews
from .procedure_form import ProcedureForm, known_procedures
from .queue_panel import QueuePanel
from .reader import Reader
from .rehearsals import Rehearsals
from .rehearsed import Rehearsed
from .remembered import Remembered
from .run_bar import RunBar
from .run_queue import RunQueue, new_file
from .run_report import RunReport
from .runs_panel import RunsPanel
from .station_panel import StationPanel

_LOOK = 1000  # ms between two looks at the instruments


class MainWindow(QtWidgets.QMainWindow):
    """:param folder: where run files go"""

    def __init__(self, lab: Lab, folder: Path) -> None:
        super().__init__()
        self.lab, self._folder = lab, folder
        self.setWindowTitle(
            f"antistokes – {lab.station.name}{' (simulated)' if lab.station.simulated else ''}"
        )
        self.bar = RunBar(lab)
        self.instruments = StationPanel(lab)
        self.views = LiveViews(lab.live)
        self.rehearsals = Rehearsals(lab)
        self.queue = RunQueue(lab, folder)
        self.kinds = known_procedures()
        self._remembered = Remembered(folder / f"{Path(lab.station.file.path).stem}.forms.json")
        self.choice = QtWidgets.QComboBox()
        self.choice.addItems(list(self.kinds))
        self.choice.setCurrentText(self._remembered.last)
        self.choice.currentTextChanged.connect(self._choose)
        self._place = QtWidgets.QScrollArea()
        self._place.setWidgetResizable(True)
        self._place.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.axes = AxesForm()
        self.axes.changed.connect(self._allow)
        self.run = QtWidgets.QPushButton("Run")
        self.run.setToolTip("measure it now")
        self.run.clicked.connect(self._run)
        self.check = QtWidgets.QPushButton("Check")
        self.check.setToolTip("rehearse it on virtual twins: how long, how much light, what comes out")
        self.check.clicked.connect(self._check)
        self.add = QtWidgets.QPushButton("Add to queue")
        self.add.clicked.connect(self._add)
        self.messages = QtWidgets.QPlainTextEdit()
        self.messages.setReadOnly(True)
        self.messages.setMaximumBlockCount(1000)
        self.messages.setPlaceholderText("what was refused, what failed, what ended")
        self.waiting = QueuePanel(self.queue)
        self.waiting.chosen.connect(self._show)
        self.waiting.said.connect(self._say)
        self.below = QtWidgets.QTabWidget()
        self.below.setDocumentMode(True)
        self.below.addTab(self.messages, "Messages")
        self.below.addTab(self.waiting, "Queue")
        self.reader = Reader()
        self.reader.failed.connect(self._say)
        self.runs = RunsPanel(folder, self.reader)
        self.runs.overlaid.connect(self._overlay)
        self.below.addTab(self.runs, "Runs")
        self.buttons = QtWidgets.QHBoxLayout()
        for button in (self.run, self.check, self.add):
            self.buttons.addWidget(button, 1)
        parts = QtWidgets.QSplitter()
        middle = self._middle()
        for part, stretch in ((self.instruments, 3), (middle, 3), (self.views, 5)):
            parts.addWidget(part)
            parts.setStretchFactor(parts.count() - 1, stretch)
        parts.setChildrenCollapsible(False)
        parts.setSizes([340, 320, 620])
        whole = QtWidgets.QWidget()
        rows = QtWidgets.QVBoxLayout(whole)
        rows.addWidget(self.bar)
        rows.addWidget(parts, 1)
        self.setCentralWidget(whole)
        self._choose(self.choice.currentText())
        lab.opened.connect(lambda *_: self._allow())
        lab.failed.connect(self._say)
        lab.refused.connect(lambda why: self._say(f"refused: {why}"))
        lab.ended.connect(self._ended)
        lab.safe.connect(self._safe)
        self.rehearsals.done.connect(self._rehearsed)
        self.queue.failed.connect(self._say)
        self.queue.changed.connect(self._queued)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK)
        lab.open()
        self._take_up()

    def _middle(self) -> QtWidgets.QWidget:
        middle = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.choice)
        column.addWidget(self._place, 3)
        column.addWidget(self.axes)
        column.addLayout(self.buttons)
        column.addWidget(self.below, 2)
        return middle

    @property
    def form(self) -> ProcedureForm:
        form = self._place.widget()
        assert isinstance(form, ProcedureForm)
        return form

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:  # noqa: N802
        """In mid-run it asks; whatever is said, all ends safe."""
        if self.lab.running and not self.sure():
            event.ignore()
            return
        for timer in self.findChildren(QtCore.QTimer):
            timer.stop()
        for report in self.findChildren(RunReport):
            report.close()
        self.queue.hold()
        self.rehearsals.end()
        self.reader.end()
        if not self.lab.close():
            self._say("an instrument hangs; the others were made safe by other connections")
        event.accept()

    def sure(self) -> bool:
        """Ask."""
        box = QtWidgets.QMessageBox.question(
            self, "A run goes on", "End the run, switch everything off and close?"
        )
        return box == QtWidgets.QMessageBox.StandardButton.Yes

    def _choose(self, name: str) -> None:
        form = ProcedureForm(self.kinds[name])
        form.fill(self._remembered.of(name, self.kinds[name]))
        form.changed.connect(self._allow)
        self._place.setWidget(form)
        self.choice.setToolTip((self.kinds[name].__doc__ or "").strip().split("\n\n")[0])
        self._allow()

    def _allow(self) -> None:
        right = not self.form.problems.text()
        self.run.setEnabled(not self.lab.running and right)
        self.check.setEnabled(not self.rehearsals.busy and right)
        self.add.setEnabled(right)
        self.instruments.allow(not self.lab.running)

    def _look(self) -> None:
        self.lab.look()
        self._allow()

    def table(self) -> dict[str, Any]:
        """What the forms say, as a plan file would. :raises Refused: what is wrong with it"""
        self.form.procedure()
        over = self.axes.tables()
        step = {"procedure": self.choice.currentText(), "settings": self.form.settings()}
        return ({"over": over} if over else {}) | {"steps": [step]}

    def _asked(self) -> dict[str, Any]:
        """The same, for which there is a wish: the next window shows it again."""
        table = self.table()
        (step,) = table["steps"]
        self._remembered.keep(step["procedure"], step["settings"])
        return table

    def _show(self, table: dict[str, Any]) -> None:
        """A line of the queue, in the forms; of several procedures the first."""
        step = table["steps"][0]
        self.choice.setCurrentText(step["procedure"])
        self.form.fill(step.get("settings", {}))
        self.axes.fill(table.get("over", []))

    def _run(self) -> None:
        try:
            run = planned_run(self._asked(), self.queue.path)
        except Refused as refused:
            self._say(f"refused: {refused}")
            return
        self.lab.run(run.plan, new_file(self._folder, run.stem))
        self._allow()

    def _check(self) -> None:
        try:
            table = self._asked()
            planned_run(table, self.queue.path)
            self.rehearsals.rehearse(table)
        except Refused as refused:
            self._say(f"refused: {refused}")
        self._allow()

    def _add(self) -> None:
        try:
            one = self.queue.add(self._asked())
        except Refused as refused:
            self._say(f"refused: {refused}")
            return
        self.rehearsals.rehearse(one.table)
        self.below.setCurrentWidget(self.waiting)
        self._allow()

    def _rehearsed(self, table: dict[str, Any], found: Rehearsed) -> None:
        self.queue.rehearsed(table, found)
        if not any(one.table is table for one in self.queue.runs):
            self.views.behind(found.curves)
            for line in verdict(found, datetime.now()):
                self._say(line)
        self._allow()

    def _overlay(self, path: str) -> None:
        self.reader.ask(lambda: Curves.read(path), self.views.behind)

    def _queued(self) -> None:
        number = len(self.queue.runs)
        self.below.setTabText(1, f"Queue ({number})" if number else "Queue")
        self._allow()

    def _take_up(self) -> None:
        """What another window left in the queue."""
        try:
            self.queue.take_up()
        except Refused as refused:
            self._say(f"refused: {refused}")
        for one in self.queue.runs:
            self.rehearsals.rehearse(one.table)
        if self.queue.runs:
            self._say(f"{len(self.queue.runs)} runs wait in the queue since the last time")

    def _ended(self, outcome: Outcome) -> None:
        where = f" in {outcome.path}" if outcome.path is not None else ""
        why = f": {outcome.reason}" if outcome.reason else ""
        self._say(f"{outcome.status}, {outcome.points} points{where}{why}")
        self._allow()

    def _safe(self, steps: list[object]) -> None:
        wrong = [str(step) for step in steps if getattr(step, "problem", "")]
        self._say("STOP: " + ("; ".join(wrong) if wrong else "all instruments are safe"))
        self.lab.look()

    def _say(self, text: str) -> None:
        self.messages.appendPlainText(f"{time.strftime('%H:%M:%S')}  {text}")


def verdict(found: Rehearsed, now: datetime) -> list[str]:
    """What a rehearsal has said, in words."""
    lines = [f"check: {problem}" for problem in found.problems]
    if found.points:
        end = now + timedelta(seconds=found.seconds)
        flags = ", ".join(f"{number} {flag.replace('_', ' ')}" for flag, number in found.flags.items())
        lines.append(
            f"check: {duration(found.seconds)}, begun now until {end:%A %H:%M}; {found.points} points, "
            f"{found.usable} usable{f'; flagged: {flags}' if flags else ''}"
        )
    if found.dose == found.dose:
        lines.append(f"check: the sample gets {found.dose:.3g} J/cm²")
    return lines
