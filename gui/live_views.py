"""Pictures of the run that goes on, drawn when there is time: what arrives meanwhile waits for nobody."""

from __future__ import annotations

from typing import Protocol

from qtpy import QtCore, QtWidgets

from antistokes.procedures.channels import RunHeader

from .colour_view import ColourView
from .curve_view import CurveView
from .decay_view import DecayView
from .live_run import LiveRun
from .rehearsed import Rehearsed
from .spectrum_view import SpectrumView
from .waterfall_view import WaterfallView

_PERIOD = 100  # ms between two pictures; at 50 a run on twins goes at half the rate


class View(Protocol):
    """One picture."""

    def begin(self, header: RunHeader) -> bool:
        """Another run; False: it records nothing that is shown here."""

    def draw(self) -> None:
        """Show what has come."""


class LiveViews(QtWidgets.QWidget):
    """Above what one point has recorded, below how that changes. What is not seen is not drawn."""

    def __init__(self, live: LiveRun) -> None:
        super().__init__()
        self._live = live
        self._drawn = (-1, id(None))
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
        self._timer.timeout.connect(self.draw)
        self._timer.start(_PERIOD)

    def draw(self) -> None:
        """Show what has come since the last time."""
        header = self._live.header
        now = (self._live.points, id(header))
        if header is None or now == self._drawn:
            return
        if now[1] != self._drawn[1]:
            for tabs in self._tabs:
                shown = [view.begin(header) for view in _views(tabs)]
                for i, one in enumerate(shown):
                    tabs.setTabVisible(i, one)
                tabs.setVisible(any(shown))
        self._drawn = now
        for tabs in self._tabs:
            _views(tabs)[tabs.currentIndex()].draw()

    def expect(self, found: Rehearsed) -> None:
        """Draw what the virtual twin predicts behind what is measured against the same set-point."""
        self.curve.expect(found)

    def _redraw(self) -> None:
        self._drawn = (-1, self._drawn[1])
        self.draw()


def _tabs(views: dict[str, QtWidgets.QWidget]) -> QtWidgets.QTabWidget:
    tabs = QtWidgets.QTabWidget()
    tabs.setDocumentMode(True)
    for name, view in views.items():
        tabs.addTab(view, name)
    return tabs


def _views(tabs: QtWidgets.QTabWidget) -> list[View]:
    return [tabs.widget(i) for i in range(tabs.count())]  # type: ignore[misc]
