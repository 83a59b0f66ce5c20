"""The run files of the folder, those that are being written, too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy import QtCore, QtWidgets

from .reader import Reader
from .run_report import RunReport

_PERIOD = 500  # ms
_AT_ONCE = 5  # files that are opened then
_COLUMNS = ("file", "", "points")


@dataclass
class _Run:
    """What is known of a file, as it was at *changed*."""

    changed: float = 0.0
    status: str = ""
    points: str = ""
    words: str = ""


class RunsPanel(QtWidgets.QWidget):
    """A list, the newest first, that can be searched; what is chosen is analysed or drawn behind the curves.

    Signals: ``overlaid`` (the path of a run whose curves are to be seen behind those of the run).
    """

    overlaid = QtCore.Signal(str)

    def __init__(self, folder: Path, reader: Reader) -> None:
        super().__init__()
        self._folder, self._reader = folder, reader
        self._reading = False
        self._known: dict[Path, _Run] = {}
        self.search = QtWidgets.QLineEdit()
        self.search.setPlaceholderText("search: procedure, sample, status …")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self._filter())
        self.list = QtWidgets.QTreeWidget()
        self.list.setRootIsDecorated(False)
        self.list.setHeaderLabels(_COLUMNS)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.Stretch)
        self.list.itemDoubleClicked.connect(lambda *_: self._analyse())
        self.list.currentItemChanged.connect(lambda *_: self._allow())
        self.analyse = QtWidgets.QPushButton("Analyse")
        self.analyse.setToolTip("what its analysis finds, and the figure; also of a run that goes on")
        self.analyse.clicked.connect(self._analyse)
        self.overlay = QtWidgets.QPushButton("Overlay")
        self.overlay.setToolTip("draw it behind the curves of the run")
        self.overlay.clicked.connect(lambda: self.overlaid.emit(str(self._path)))
        row = QtWidgets.QHBoxLayout()
        row.addWidget(self.analyse)
        row.addWidget(self.overlay)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addLayout(row)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_PERIOD)
        self._allow()

    def _look(self) -> None:
        if self.isVisible() and not self._reading:
            self.look()

    def look(self) -> None:
        """Find new files and have a few of those read that have changed."""
        try:
            files = {path: path.stat().st_mtime for path in self._folder.glob("*.h5")}
        except OSError:  # one was just taken away; the next look tells
            return
        changed = [path for path in files if self._known.get(path, _Run()).changed != files[path]]
        if not changed and files.keys() == self._known.keys():
            return
        self._known = {path: run for path, run in self._known.items() if path in files}
        some = sorted(changed, key=files.__getitem__, reverse=True)[:_AT_ONCE]
        self._reading = True
        self._reader.ask(lambda: {path: _described(path, files[path]) for path in some}, self._read)

    def _read(self, runs: dict[Path, _Run]) -> None:
        self._known |= runs
        self._reading = False
        self._show()

    def _show(self) -> None:
        chosen = self._path
        self.list.clear()
        for path, run in sorted(self._known.items(), key=lambda item: item[1].changed, reverse=True):
            item = QtWidgets.QTreeWidgetItem([path.name, run.status, run.points])
            for column in range(len(_COLUMNS)):
                item.setToolTip(column, run.words)
            item.setData(0, QtCore.Qt.ItemDataRole.UserRole, str(path))
            self.list.addTopLevelItem(item)
            if path == chosen:
                self.list.setCurrentItem(item)
        for column in (1, 2):
            self.list.resizeColumnToContents(column)
        self._filter()

    def _filter(self) -> None:
        """Lines in which all words are found."""
        wanted = self.search.text().lower().split()
        for i in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(i)
            if item is not None:
                text = f"{item.text(0)} {item.text(1)} {item.toolTip(0)}".lower()
                item.setHidden(not all(word in text for word in wanted))

    @property
    def _path(self) -> Path | None:
        item = self.list.currentItem()
        return None if item is None else Path(item.data(0, QtCore.Qt.ItemDataRole.UserRole))

    def _allow(self) -> None:
        for button in (self.analyse, self.overlay):
            button.setEnabled(self._path is not None)

    def _analyse(self) -> None:
        if self._path is not None:
            RunReport(self._path, self).show()


def _described(path: Path, changed: float) -> _Run:
    # takes half a second, which the window does not wait for
    from antistokes.analysis import describe

    try:
        facts: dict[str, Any] = describe(path)
    except Exception as error:  # whatever is wrong with one file, the others are listed
        return _Run(changed, "cannot be read", "", str(error))
    words = [facts["title"], facts["reason"], *(f"{k} = {v}" for k, v in facts["parameters"].items())]
    return _Run(changed, facts["status"], str(facts["points"]), "\n".join(word for word in words if word))
