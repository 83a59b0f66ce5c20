"""What the analysis of a run file finds, with its figures: ``antistokes plot`` in a window."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from qtpy import QtCore, QtGui, QtWidgets

_SIZE = (980, 760)


class RunReport(QtWidgets.QDialog):
    """It is made in a process of its own, so that no run waits for it; other bands make it again."""

    def __init__(self, path: Path, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(str(path))
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self._path = path
        self._folder = TemporaryDirectory()
        self.bands = QtWidgets.QLineEdit()
        self.bands.setPlaceholderText("other bands, in nm: green=515:560 red=640:680")
        self.bands.returnPressed.connect(self.make)
        self.figures = QtWidgets.QTabWidget()
        self.figures.setDocumentMode(True)
        self.text = QtWidgets.QPlainTextEdit("is analysed …")
        self.text.setReadOnly(True)
        parts = QtWidgets.QSplitter(QtCore.Qt.Orientation.Vertical)
        parts.addWidget(self.figures)
        parts.addWidget(self.text)
        parts.setSizes([520, 180])
        column = QtWidgets.QVBoxLayout(self)
        column.addWidget(parts, 1)
        column.addWidget(self.bands)
        self.process = QtCore.QProcess(self)
        self.process.finished.connect(self._made)
        self.make()

    def make(self) -> None:
        """Analyse it, with the bands that are typed or with those of the sample."""
        if self.process.state() != QtCore.QProcess.ProcessState.NotRunning:
            return
        image = Path(self._folder.name) / "figure.png"
        bands = [word for band in self.bands.text().split() for word in ("--band", band)]
        arguments = ["-m", "antistokes.cli", "plot", str(self._path), "--out", str(image), "--json", *bands]
        self.process.start(sys.executable, arguments)

    def done(self, result: int) -> None:
        """Closed: whatever is going on for it ends."""
        self.process.finished.disconnect(self._made)
        self.process.kill()
        self.process.waitForFinished()
        self._folder.cleanup()
        super().done(result)

    def _made(self) -> None:
        said = bytes(self.process.readAllStandardOutput().data()).decode(errors="replace")
        wrong = bytes(self.process.readAllStandardError().data()).decode(errors="replace")
        *words, last = said.splitlines() or [""]
        report = _report(last)
        if not report:
            words.append(last)
        self.text.setPlainText("\n".join([*words, wrong]).rstrip())
        self.figures.clear()
        for block in report.get("blocks", [report]):
            if "figure" in block:
                picture = Picture(block["figure"])
                self.figures.addTab(picture, Path(block["figure"]).stem.removeprefix("figure-"))


class Picture(QtWidgets.QWidget):
    """An image, as large as there is room for."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.pixmap = QtGui.QPixmap(path)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: N802
        size = self.pixmap.size().scaled(self.size(), QtCore.Qt.AspectRatioMode.KeepAspectRatio)
        place = QtCore.QRect(QtCore.QPoint(0, 0), size)
        place.moveCenter(self.rect().center())
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(place, self.pixmap)
        painter.end()


def _report(line: str) -> dict[str, Any]:
    """The JSON that the command line says last; empty: it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
