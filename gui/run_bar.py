"""What goes on, in words, and the buttons that end it. Always in sight."""

from __future__ import annotations

from qtpy import QtCore, QtGui, QtWidgets

from .lab import Lab

_RED = (
    "QPushButton { background: #C00000; color: white; font-weight: bold; font-size: 16pt; "
    "padding: 6px 24px; }"
    "QPushButton:pressed { background: #800000; }"
)
_PERIOD = 100  # ms


class RunBar(QtWidgets.QWidget):
    """STOP (F12) makes all safe at once; the others steer the run."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._lab = lab
        self.stop_all = QtWidgets.QPushButton("STOP")
        self.stop_all.setStyleSheet(_RED)
        self.stop_all.setToolTip("light off at once, all instruments safe (F12)")
        self.stop_all.clicked.connect(lab.emergency_stop)
        key = QtGui.QShortcut(QtGui.QKeySequence("F12"), self)
        key.setContext(QtCore.Qt.ShortcutContext.ApplicationShortcut)
        key.activated.connect(lab.emergency_stop)
        self.pause = QtWidgets.QPushButton("Pause")
        self.pause.setToolTip("wait in the dark before the next point")
        self.pause.clicked.connect(self._pause)
        self.stop = QtWidgets.QPushButton("Stop run")
        self.stop.setToolTip("end the run now; its points are safe")
        self.stop.clicked.connect(lab.stop)
        self.state = QtWidgets.QLabel()
        self.progress = QtWidgets.QProgressBar()
        self.progress.setFormat("%v of %m points")
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.stop_all)
        row.addWidget(self.state, 1)
        row.addWidget(self.progress, 1)
        row.addWidget(self.pause)
        row.addWidget(self.stop)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(_PERIOD)
        self.refresh()

    def refresh(self) -> None:
        lab = self._lab
        state = lab.runner.state if lab.running else "idle"
        self.pause.setEnabled(lab.running)
        self.stop.setEnabled(lab.running)
        self.pause.setText("Go on" if lab.running and lab.runner.pausing else "Pause")
        simulated = "  (simulated)" if lab.station.simulated else ""
        self.state.setText(f"{lab.station.name}: {state}{simulated}")
        header = lab.live.header
        self.progress.setVisible(lab.running and header is not None)
        if header is not None:
            self.progress.setMaximum(max(header.planned, 1))
            self.progress.setValue(min(lab.live.points, self.progress.maximum()))

    def _pause(self) -> None:
        runner = self._lab.runner
        (runner.resume if runner.pausing else runner.pause)()
        self.refresh()
