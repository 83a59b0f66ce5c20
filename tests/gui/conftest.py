"""The real window, offscreen, on a virtual bench."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from antistokes.gui.lab import Lab
from antistokes.gui.main_window import MainWindow
from antistokes.instruments import Station
from antistokes.simulated_hw.stations import find_station


@pytest.fixture
def window(qtbot: Any, tmp_path: Path) -> Iterator[MainWindow]:
    """All its instruments are open; it is closed at the end, whatever goes on."""
    window = MainWindow(Lab(Station.load(find_station("virtual"))), tmp_path)
    window.sure = lambda: True  # type: ignore[method-assign]
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: all(box.is_open for box in window.instruments.boxes.values()), timeout=20_000)
    yield window
    window.close()
