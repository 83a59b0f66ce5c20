"""Pictures of the run that goes on, drawn when there is time: what arrives meanwhile waits for nobody."""

from __future__ import annotations

from typing import Protocol

import pyqtgraph as pg
from qtpy import QtCore, QtWidgets

from antistokes.procedures.channels import RunHeader

from .colour_view import ColourView
from .curve_view import CurveView
from .curves import Curves
from .decay_view import DecayView
from .live_run import LiveRun
from .spectrum_view import SpectrumView
from .waterfall_view import WaterfallView

_PERIOD = 50  # ms between two pictures, the upper and the lower by turns: both at once hold up the window


class View(Protocol):
    """One picture."""

    plot: pg.PlotWidget

    def begin(self, header: RunHeader) -> bool:
        """Another run; False: it records nothing that is shown here."""

    def draw(self) -> None:
        """Show what has come."""


class LiveViews(QtWidgets.QWidget):
    """Above what one point has recorded, below how that changes. What is not seen is not drawn."""

    def __init__(self, live: LiveRun) -> None:
        super().__init__()
        self._live = live
        self._begun: RunHeader | None = None
        self._drawn = [-1, -1]  # points, above and below
        self._turn = 0
        self.spectrum, self.waterfall = SpectrumView(live), WaterfallView(live)
        self.decay, self.colour = DecayView(live), ColourView(live)
        self.curve = CurveView(live)
        self._tabs = [
            _tabs({"Spectrum": self.spectrum, "Waterfall": self.waterfall, "Decay": self.decay}),
            _tabs({"Curves": self.curve, "Colour": self.colour}),
        ]
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for tabs in self._tabs:
            layout.addWidget(tabs, 1)
            tabs.currentChanged.connect(self._redraw)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._next)
        self._timer.start(_PERIOD)

    def draw(self) -> None:
        """Show what has come since the last time."""
        for i in range(len(self._tabs)):
            self._draw(i)

    def _next(self) -> None:
        self._turn = (self._turn + 1) % len(self._tabs)
        self._draw(self._turn)

    def _draw(self, i: int) -> None:
        header, points = self._live.header, self._live.points
        if header is None:
            return
        if header is not self._begun:
            self._begin(header)
        if points != self._drawn[i]:
            self._drawn[i] = points
            view = _views(self._tabs[i])[self._tabs[i].currentIndex()]
            view.draw()
            view.plot.scene().prepareForPaint()  # else ranges change in a paint, and another one follows

    def _begin(self, header: RunHeader) -> None:
        self._begun, self._drawn = header, [-1, -1]
        shown = [[view.begin(header) for view in _views(tabs)] for tabs in self._tabs]
        for tabs, those in zip(self._tabs, shown, strict=True):  # which changes the tab, and draws it
            for i, one in enumerate(those):
                tabs.setTabVisible(i, one)
            tabs.setVisible(any(those))

    def behind(self, curves: Curves) -> None:
        """Draw what the virtual twin predicts, or another run, behind what is measured."""
        self.curve.behind(curves)

    def _redraw(self) -> None:
        self._drawn = [-1, -1]
        self.draw()


def _tabs(views: dict[str, QtWidgets.QWidget]) -> QtWidgets.QTabWidget:
    tabs = QtWidgets.QTabWidget()
    tabs.setDocumentMode(True)
    for name, view in views.items():
        tabs.addTab(view, name)
    return tabs


def _views(tabs: QtWidgets.QTabWidget) -> list[View]:
    return [tabs.widget(i) for i in range(tabs.count())]  # type: ignore[misc]
