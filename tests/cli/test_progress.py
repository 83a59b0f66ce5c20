"""The progress bar, on a terminal that the test reads."""

import io
import re

import pytest
from rich.console import Console

from antistokes.cli import progress
from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run
from antistokes.simulated_hw.stations import find_station

SWEEP = PowerSweep(start=30, stop=300, points_per_decade=2, order="up", longest_exposure=0.01, frames=2)


class Spy:
    """Follows the run behind the bar; keeps what stood on the terminal when each point came."""

    def __init__(self, terminal):
        self.terminal, self.shown = terminal, []

    def open(self, header):
        pass

    def append(self, record):
        self.shown.append(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.terminal.getvalue()))

    def close(self, *_):
        pass


@pytest.fixture(params=[True, False])
def terminal(request, monkeypatch):
    file = io.StringIO()
    console = Console(file=file, force_terminal=request.param, width=120, highlight=False)
    monkeypatch.setattr(progress, "notes", console)
    return file, request.param


def test_the_calibration_is_shown_on_a_terminal_and_then_the_points(terminal):
    file, is_terminal = terminal
    spy = Spy(file)
    outcome = run(SWEEP, Station.load(find_station("virtual")), sinks=[spy, progress.ProgressBar()])
    assert outcome.status == "completed"
    if not is_terminal:
        assert file.getvalue() == ""
        return
    assert "power-sweep of yber-micro: calibrating the excitation" in spy.shown[0]
    assert "/3" not in spy.shown[0]
    assert "3/3" in file.getvalue()
