"""What a procedure is repeated over: for each temperature, for each wavelength …"""

from __future__ import annotations

from typing import Any

from qtpy import QtCore, QtWidgets

from antistokes.instruments.errors import Refused
from antistokes.procedures.axes.named import AXES

from .no_wheel import NO_WHEEL
from .typed import read_typed, typed

_NONE = "for each …"
_HOW = "77, 150, 300 — or from : to : points, as in 77 : 400 : 30"


class AxesForm(QtWidgets.QWidget):
    """A line for each axis, the slowest first, and an empty one below.

    Signals: ``changed``.
    """

    changed = QtCore.Signal()

    def __init__(self) -> None:
        super().__init__()
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.lines: list[AxisLine] = []
        self._another()

    def tables(self) -> list[dict[str, Any]]:
        """As in a plan file, ``[[runs.over]]``. :raises Refused: what is wrong with a line"""
        return [table for line in self.lines if (table := line.table()) is not None]

    def fill(self, tables: list[dict[str, Any]]) -> None:
        """Show *tables* and nothing else."""
        for line in self.lines[:-1]:
            line.name.setCurrentIndex(0)
        for table in tables:
            self.lines[-1].fill(table)

    def _another(self) -> None:
        line = AxisLine()
        line.changed.connect(self._tidy)
        self.lines.append(line)
        self._column.addWidget(line)

    def _tidy(self) -> None:
        """One empty line, at the end."""
        for line in [one for one in self.lines[:-1] if one.empty]:
            self.lines.remove(line)
            self._column.removeWidget(line)
            line.deleteLater()
        if not self.lines[-1].empty:
            self._another()
        self.changed.emit()


class AxisLine(QtWidgets.QWidget):
    """One axis and its set-points.

    Signals: ``changed``.
    """

    changed = QtCore.Signal()

    def __init__(self) -> None:
        super().__init__()
        self._more: dict[str, Any] = {}
        self.name = QtWidgets.QComboBox()
        self.name.addItem(_NONE)
        self.name.addItems(list(AXES))
        self.name.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.name.installEventFilter(NO_WHEEL)
        self.name.setToolTip("repeat the procedure at each of these set-points; the first is the slowest")
        self.values = QtWidgets.QLineEdit()
        self.values.setToolTip(_HOW)
        self.unit = QtWidgets.QLabel()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.name)
        row.addWidget(self.values, 1)
        row.addWidget(self.unit)
        self._chosen()
        self.name.currentTextChanged.connect(self._chosen)
        self.values.textChanged.connect(lambda _: self.changed.emit())

    @property
    def empty(self) -> bool:
        return self.name.currentIndex() == 0

    def table(self) -> dict[str, Any] | None:
        """None: there is no axis. :raises Refused: no set-points are given, or they cannot be read"""
        if self.empty:
            return None
        axis, text = self.name.currentText(), self.values.text().strip()
        if not text:
            raise Refused(f"{axis}: no set-points; {_HOW}")
        if text.count(":") == 2:
            start, stop, points = (read_typed(part.strip()) for part in text.split(":"))
            if not isinstance(points, int):
                raise Refused(f"{axis}: {points} points; must be a whole number")
            return {"axis": axis, "start": start, "stop": stop, "points": points} | self._more
        values = [read_typed(part.strip()) for part in text.strip("[]").split(",")]
        return {"axis": axis, "values": values} | self._more

    def fill(self, table: dict[str, Any]) -> None:
        """Show *table*; spacing and options are kept, until another axis is chosen."""
        self.name.setCurrentText(table["axis"])
        if "values" in table:
            text = ", ".join(typed(value) for value in table["values"])
        else:
            text = " : ".join(typed(table[key]) for key in ("start", "stop", "points"))
        self.values.setText(text)
        self._more = {key: table[key] for key in ("spacing", "options") if key in table}

    def _chosen(self) -> None:
        self._more = {}
        self.values.setVisible(not self.empty)
        unit = None if self.empty else AXES[self.name.currentText()][1]
        self.unit.setText(unit or "")
        self.values.setPlaceholderText("names" if unit is None else "77, 150 or 77 : 400 : 30")
        self.changed.emit()
