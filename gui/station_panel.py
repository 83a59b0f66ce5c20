"""All instruments: what they are set to, what is on, and what they may be set to."""

from __future__ import annotations

import math
from typing import Any

from qtpy import QtCore, QtGui, QtWidgets

from .lab import Lab

#: quantities that say that light may leave something
LAMPS = ("emission", "is_open", "output")
_ON = "background: #D55E00; color: white; border-radius: 6px; padding: 1px 8px; font-weight: bold;"
_OFF = "color: palette(mid); border: 1px solid palette(mid); border-radius: 6px; padding: 1px 8px;"
_WORDS = {"emission": ("LIGHT ON", "dark"), "is_open": ("OPEN", "shut"), "output": ("PULSES", "no pulses")}


class StationPanel(QtWidgets.QWidget):
    """One box for each instrument of the station."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._lab = lab
        self.boxes = {name: InstrumentBox(lab, name) for name in lab.station.file.instruments}
        inside = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(inside)
        for box in self.boxes.values():
            column.addWidget(box)
        column.addStretch(1)
        scroll = _Tall(inside)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        lab.opened.connect(self._opened)
        lab.seen.connect(self._seen)

    def allow(self, allowed: bool) -> None:
        """While a run goes on nothing can be set by hand."""
        for box in self.boxes.values():
            box.apply.setEnabled(allowed and box.is_open)

    def _opened(self, name: str, problem: str) -> None:
        if not self._lab.closed:
            self.boxes[name].opened(problem)

    def _seen(self, settings: dict[str, dict[str, Any]]) -> None:
        for name, values in settings.items():
            self.boxes[name].show_values(values)


class _Tall(QtWidgets.QScrollArea):
    """Scrolls up and down only: as wide as what is in it."""

    def __init__(self, inside: QtWidgets.QWidget) -> None:
        super().__init__()
        self._inside = inside
        self.setWidget(inside)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:  # noqa: N802
        """What is in it may be wider than before."""
        if event.type() == QtCore.QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802
        width = self._inside.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width() + 4
        return QtCore.QSize(width, 120)


class Reading(QtWidgets.QLabel):
    """A text that ends in … where there is no room for it."""

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:  # noqa: N802
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), QtCore.Qt.TextElideMode.ElideRight, room.width())
        painter = QtGui.QPainter(self)
        painter.drawText(room, int(self.alignment()), text)
        painter.end()


class InstrumentBox(QtWidgets.QGroupBox):
    """State, readings and set-points of one instrument. Nothing is sent before Apply is pressed."""

    def __init__(self, lab: Lab, name: str) -> None:
        super().__init__(name)
        self._lab, self._name = lab, name
        self.is_open = False
        self.lamps: dict[str, QtWidgets.QLabel] = {}
        self.readings: dict[str, QtWidgets.QLabel] = {}
        self.wishes: dict[str, QtWidgets.QLineEdit] = {}
        self.problem = QtWidgets.QLabel("not open")
        self.problem.setWordWrap(True)
        self.reconnect = QtWidgets.QPushButton("Connect again")
        self.reconnect.clicked.connect(lab.open)
        self.reconnect.hide()
        self._lamps = QtWidgets.QHBoxLayout()
        self._lamps.addStretch(1)
        self._table = QtWidgets.QGridLayout()
        self._table.setColumnStretch(1, 1)
        self.apply = QtWidgets.QPushButton("Apply")
        self.apply.clicked.connect(self._apply)
        self.apply.hide()
        layout = QtWidgets.QVBoxLayout(self)
        for part in (self._lamps, self._table):
            layout.addLayout(part)
        for widget in (self.problem, self.reconnect, self.apply):
            layout.addWidget(widget)

    def opened(self, problem: str) -> None:
        """It is open, or why not."""
        self.is_open = not problem
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self.reconnect.setVisible(bool(problem))
        if problem:
            return
        limits = self._lab.station[self._name].limits
        for row, (quantity, (low, high, unit)) in enumerate(limits.items()):
            if quantity in self.wishes:
                continue
            wish = QtWidgets.QLineEdit()
            wish.setPlaceholderText(f"{low:g} to {high:g}")
            wish.setFixedWidth(wish.fontMetrics().horizontalAdvance("000000 to 000000"))
            wish.setToolTip(f"{quantity}: {low:g} to {high:g} {unit}")
            wish.returnPressed.connect(self._apply)
            self.wishes[quantity] = wish
            words = f"{quantity.replace('_', ' ')}{f' ({unit})' if unit else ''}"
            self._table.addWidget(QtWidgets.QLabel(words), row, 0)
            self._table.addWidget(wish, row, 2)
            self.readings[quantity] = self._reading(row)
        self.apply.setVisible(bool(limits))

    def show_values(self, values: dict[str, Any]) -> None:
        """What it says of itself."""
        if problem := values.get("error"):
            self.problem.setText(str(problem))
            self.problem.show()
            return
        self.problem.hide()
        self.setToolTip(str(values.get("model", "")))
        for quantity, value in values.items():
            if quantity in LAMPS and isinstance(value, bool):
                self._light(quantity, value)
            elif quantity != "model":
                if quantity not in self.readings:
                    row = self._table.rowCount()
                    self._table.addWidget(QtWidgets.QLabel(quantity.replace("_", " ")), row, 0)
                    self.readings[quantity] = self._reading(row)
                self.readings[quantity].setText(_in_words(value))
                self.readings[quantity].setToolTip(f"{quantity}: {_in_words(value)}")

    def _reading(self, row: int) -> QtWidgets.QLabel:
        label = Reading("–")
        # the whole of what has no room is in the tool tip
        label.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        label.setMinimumWidth(label.fontMetrics().horizontalAdvance("0.000000"))
        self._table.addWidget(label, row, 1)
        return label

    def _light(self, quantity: str, on: bool) -> None:
        if quantity not in self.lamps:
            self.lamps[quantity] = QtWidgets.QLabel()
            self._lamps.insertWidget(0, self.lamps[quantity])
        lamp = self.lamps[quantity]
        lamp.setText(_WORDS[quantity][0 if on else 1])
        lamp.setStyleSheet(_ON if on else _OFF)

    def _apply(self) -> None:
        """Send what was typed; what is no number stays, and is said."""
        for quantity, wish in self.wishes.items():
            text = wish.text().strip()
            if not text:
                continue
            try:
                value = float(text)
            except ValueError:
                value = math.nan
            if math.isnan(value):
                self.problem.setText(f"{quantity} = {text}: is no number")
                self.problem.show()
                return
            wish.clear()
            self._lab.set(self._name, quantity, value)


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
