"""A picture of the window for the documents: ``python docs/screenshots.py`` writes docs/images/window.png."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from qtpy import QtTest

from antistokes.gui.app import application
from antistokes.gui.lab import Lab
from antistokes.gui.main_window import MainWindow
from antistokes.instruments.station import Station
from antistokes.simulated_hw.stations import find_station

_IMAGES = Path(__file__).parent / "images"
_WITHIN = 60.0  # s


def main() -> None:
    app = application()

    def wait(until: Callable[[], bool]) -> None:
        end = time.monotonic() + _WITHIN
        while not until():
            QtTest.QTest.qWait(20)
            if time.monotonic() > end:
                raise SystemExit("the window does not come so far")

    with tempfile.TemporaryDirectory() as folder:
        window = MainWindow(Lab(Station.load(find_station("virtual"))), Path(folder))
        window.resize(1280, 800)
        window.show()
        wait(lambda: all(box.is_open for box in window.instruments.boxes.values()))
        window.choice.setCurrentText("power-sweep")
        window.check.click()
        wait(lambda: not window.rehearsals.busy)
        window.form.fill({"stop": 100})
        window.axes.fill([{"axis": "temperature", "values": [300, 350]}])
        window.add.click()
        window.axes.fill([])
        window.form.fill({})
        wait(lambda: not window.rehearsals.busy)
        window.run.click()
        wait(lambda: window.lab.live.ended is not None and not window.lab.running)
        window.views.draw()
        wait(lambda: "completed" in window.messages.toPlainText())
        window.bar.refresh()
        window.grab().save(str(_IMAGES / "window.png"))
        window.close()
    app.quit()


if __name__ == "__main__":
    main()
