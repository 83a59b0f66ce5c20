"""Running the command line inside the test's process."""

import functools
import json
import logging
import shutil
from dataclasses import dataclass

import pytest

from antistokes.cli.main import main
from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run
from antistokes.simulated_hw.stations import find_station


@dataclass
class Result:
    """What one command left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def data(self):
        """The machine-readable last line."""
        return json.loads(self.out.strip().splitlines()[-1])


@pytest.fixture(autouse=True)
def the_log_stays_as_loud_as_it_was():
    """A command may silence the log of its process."""
    logger = logging.getLogger("antistokes")
    level = logger.level
    yield
    logger.setLevel(level)


@pytest.fixture
def antistokes(capsys, tmp_path, monkeypatch):
    """Call as ``antistokes("run", "power-sweep", …)``; the working folder is the test's own."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Result(ended.value.code, captured.out, captured.err)

    return call


@pytest.fixture
def variant(station_file):
    """``lab.toml``: the built-in station with some of its text replaced."""
    return functools.partial(station_file, name="lab.toml")


@pytest.fixture(scope="session")
def _measured(tmp_path_factory):
    path = tmp_path_factory.mktemp("measured") / "a.h5"
    sweep = PowerSweep(start=1, stop=10, points_per_decade=4, order="up")
    assert run(sweep, Station.load(find_station("virtual")), path).status == "completed"
    return path


@pytest.fixture
def run_file(_measured, tmp_path):
    """``a.h5``: a power sweep of five points, in the test's own folder."""
    return shutil.copy(_measured, tmp_path / "a.h5")
