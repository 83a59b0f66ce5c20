"""``antistokes gui``: the program around the window."""

from __future__ import annotations

import sys
from pathlib import Path

import pyqtgraph as pg
from qtpy import QtWidgets

from antistokes.instruments.station import Station

from .lab import Lab
from .main_window import MainWindow


def application() -> QtWidgets.QApplication:
    """The one there is in this process."""
    pg.setConfigOptions(background="w", foreground="k", antialias=False)
    found = QtWidgets.QApplication.instance() or QtWidgets.QApplication(sys.argv[:1])
    assert isinstance(found, QtWidgets.QApplication)
    return found


def start(station: Station, folder: Path) -> int:
    """Show the window until it is closed; its exit code."""
    app = application()
    window = MainWindow(Lab(station), folder)
    window.resize(1280, 800)
    window.show()
    return int(app.exec())
