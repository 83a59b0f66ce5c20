"""The queue, as a list with its buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qtpy import QtCore, QtGui, QtWidgets

from antistokes.instruments.clock import duration
from antistokes.instruments.errors import Refused

from .no_wheel import NO_WHEEL
from .run_queue import RunQueue, Waiting

_COLUMNS = ("", "run", "times", "takes")
_WRONG = "#D55E00"


class QueuePanel(QtWidgets.QWidget):
    """What waits, in its order; the buttons are for the line that is chosen.

    Signals: ``chosen`` (the table of a line that was clicked twice: it is shown in the form), ``said``.
    """

    chosen = QtCore.Signal(object)
    said = QtCore.Signal(str)

    def __init__(self, queue: RunQueue) -> None:
        super().__init__()
        self._queue = queue
        self.list = QtWidgets.QTreeWidget()
        self.list.setRootIsDecorated(False)
        self.list.setHeaderLabels(_COLUMNS)
        self.list.header().setStretchLastSection(False)
        self.list.header().setMinimumSectionSize(16)
        self.list.header().setSectionResizeMode(1, QtWidgets.QHeaderView.ResizeMode.Stretch)
        self.list.itemDoubleClicked.connect(lambda item: self.chosen.emit(queue.runs[self._row].table))
        self.list.currentItemChanged.connect(lambda *_: self._allow())
        self.go = QtWidgets.QPushButton("Start queue")
        self.go.clicked.connect(self._go)
        self.up = self._button("Up", lambda: self._move(-1))
        self.down = self._button("Down", lambda: self._move(1))
        self.remove = self._button("Remove", lambda: queue.remove(self._row))
        self.times = QtWidgets.QSpinBox()
        self.times.setRange(1, 10_000)
        self.times.setPrefix("× ")
        self.times.setToolTip("how often it is measured, each time into a file of its own")
        self.times.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.times.installEventFilter(NO_WHEEL)
        self.times.valueChanged.connect(lambda times: queue.repeat(self._row, times))
        self.more = self._button("Plan file …", self._open)
        self.more.setToolTip("add the runs of a plan file")
        self.total = QtWidgets.QLabel()
        self.about = QtWidgets.QLabel()
        self.about.setWordWrap(True)
        self.about.setStyleSheet(f"color: {_WRONG};")
        above, below = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        above.addWidget(self.go)
        above.addWidget(self.total, 1)
        above.addWidget(self.more)
        for button in (self.up, self.down, self.remove):
            below.addWidget(button)
        below.insertWidget(2, self.times)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addLayout(above)
        column.addWidget(self.list, 1)
        column.addWidget(self.about)
        column.addLayout(below)
        queue.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        row = self._row
        self.list.clear()
        for one in self._queue.runs:
            times = f"× {one.repeats}" if one.repeats > 1 else ""
            seconds = one.seconds
            takes = "" if seconds is None else duration(seconds)
            mark = "▶" if one is self._queue.now else "!" if wrong(one) else ""
            item = QtWidgets.QTreeWidgetItem([mark, title(one.table), times, takes])
            if mark == "!":
                for column in range(2):
                    item.setForeground(column, QtGui.QBrush(QtGui.QColor(_WRONG)))
            for column in range(len(_COLUMNS)):
                item.setToolTip(column, describe(one.table))
            self.list.addTopLevelItem(item)
        self._choose(row)
        for column in (0, 2, 3):
            self.list.resizeColumnToContents(column)
        self.go.setText("Hold queue" if self._queue.going else "Start queue")
        self.go.setToolTip(
            "the run that goes on comes to its end; no other begins"
            if self._queue.going
            else "measure one after the other"
        )
        seconds = self._queue.seconds
        self.total.setText(f"in all {duration(seconds)}" if self._queue.runs and seconds is not None else "")
        self._allow()

    @property
    def _row(self) -> int:
        item = self.list.currentItem()
        return -1 if item is None else int(self.list.indexOfTopLevelItem(item))

    def _button(self, text: str, does: Callable[[], object]) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(text)
        button.clicked.connect(lambda *_: does())
        return button

    def _allow(self) -> None:
        runs, row = self._queue.runs, self._row
        there = 0 <= row < len(runs)
        free = there and runs[row] is not self._queue.now
        self.go.setEnabled(self._queue.going or bool(runs))
        for button in (self.up, self.down, self.remove):
            button.setEnabled(free)
        self.times.setEnabled(there)
        self.about.setText(wrong(runs[row]) if there else "")
        self.times.blockSignals(True)
        self.times.setValue(runs[row].repeats if there else 1)
        self.times.blockSignals(False)

    def _go(self) -> None:
        (self._queue.hold if self._queue.going else self._queue.start)()

    def _move(self, by: int) -> None:
        self._choose(self._queue.move(self._row, by))

    def _choose(self, row: int) -> None:
        """The line that has this place, or the last one."""
        item = self.list.topLevelItem(min(max(row, 0), len(self._queue.runs) - 1))
        if item is not None:
            self.list.setCurrentItem(item)

    def _open(self) -> None:
        dialog = QtWidgets.QFileDialog(self, "Plan file", "", "plan files (*.toml)")
        dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self.add_plan)
        dialog.open()

    def add_plan(self, path: str) -> None:
        """Add the runs of a plan file, as far as they can be."""
        try:
            self._queue.read(Path(path))
        except Refused as refused:
            self.said.emit(f"refused: {refused}")


def wrong(one: Waiting) -> str:
    """Why it was not measured, or will not work; empty: neither."""
    if one.problem or one.rehearsed is None:
        return one.problem
    return "; ".join(one.rehearsed.problems)


def title(table: Mapping[str, Any]) -> str:
    """``power-sweep, lifetime over temperature``."""
    steps = ", ".join(step["procedure"] for step in table["steps"])
    over = ", ".join(axis["axis"] for axis in table.get("over", ()))
    return f"{steps} over {over}" if over else steps


def describe(table: Mapping[str, Any]) -> str:
    """All settings, a line each."""
    lines = []
    for axis in table.get("over", ()):
        values = ", ".join(f"{key} {value}" for key, value in axis.items() if key != "axis")
        lines.append(f"for each {axis['axis']}: {values}")
    for step in table["steps"]:
        settings = ", ".join(f"{key} = {value}" for key, value in step.get("settings", {}).items())
        lines.append(f"{step['procedure']}: {settings or 'as it is meant'}")
    return "\n".join(lines)
