"""Shared by all tests: nothing may be left running, and the built-in virtual station."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from antistokes.instruments import Station
from antistokes.simulated_hw.stations import find_station

StationFileFactory = Callable[..., Path]

os.environ["ANTISTOKES_LOG"] = ""  # a person's log is not for tests
_GRACE = 2.0  # s for a thread that is ending already


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """A test that starts a thread, daemon or not, waits for its end."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(_GRACE)
        assert not thread.is_alive(), f"the test left {thread.name} running"


@pytest.fixture
def station_file(tmp_path: Path) -> StationFileFactory:
    """Writes a variant of the virtual station: ``station_file(("0.8", "0.5"), extra="[roles]…")``."""

    def write(*replacements: tuple[str, str], extra: str = "", name: str = "station.toml") -> Path:
        text = find_station("virtual").read_text(encoding="utf-8")
        for old, new in replacements:
            assert old in text, f"{old!r} is not in the virtual station"
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text + "\n" + extra, encoding="utf-8")
        return path

    return write


@pytest.fixture
def virtual_station() -> Iterator[Station]:
    """The built-in virtual station, open."""
    with Station.load(find_station("virtual")) as station:
        yield station
