"""The window: instruments at the left, the procedure in the middle, its light at the right."""

from __future__ import annotations

import time
from pathlib import Path

from qtpy import QtCore, QtGui, QtWidgets

from antistokes.instruments.errors import Refused
from antistokes.procedures.runner import Outcome

from .lab import Lab
from .live_views import LiveViews
from .procedure_form import ProcedureForm, known_procedures
from .run_bar import RunBar
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
        self.kinds = known_procedures()
        self.choice = QtWidgets.QComboBox()
        self.choice.addItems(list(self.kinds))
        self.choice.currentTextChanged.connect(self._choose)
        self._place = QtWidgets.QScrollArea()
        self._place.setWidgetResizable(True)
        self._place.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.run = QtWidgets.QPushButton("Run")
        self.run.clicked.connect(self._run)
        self.messages = QtWidgets.QPlainTextEdit()
        self.messages.setReadOnly(True)
        self.messages.setMaximumBlockCount(1000)
        self.messages.setPlaceholderText("what was refused, what failed, what ended")
        middle = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.choice)
        column.addWidget(self._place, 3)
        column.addWidget(self.run)
        column.addWidget(self.messages, 1)
        parts = QtWidgets.QSplitter()
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
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_LOOK)
        lab.open()

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
        form.changed.connect(self._allow)
        self._place.setWidget(form)
        self.choice.setToolTip((self.kinds[name].__doc__ or "").strip().split("\n\n")[0])
        self._allow()

    def _allow(self) -> None:
        self.run.setEnabled(not self.lab.running and not self.form.problems.text())
        self.instruments.allow(not self.lab.running)

    def _look(self) -> None:
        self.lab.look()
        self._allow()

    def _run(self) -> None:
        try:
            plan = self.form.procedure()
        except Refused as refused:
            self._say(f"refused: {refused}")
            return
        path = self._folder / f"{plan.NAME}-{time.strftime('%Y%m%d-%H%M%S')}.h5"
        self.lab.run(plan, path)
        self._allow()

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
