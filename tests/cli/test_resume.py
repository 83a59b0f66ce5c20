"""Going on with a run from the shell."""

import h5py
import numpy as np
import pytest

from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, Runner

SETTINGS = {"start": 30, "stop": 100, "points_per_decade": 2, "longest_exposure": 0.01, "frames": 2}


def counts(path) -> np.ndarray:
    with h5py.File(path) as file:
        return file["entry/data/spectrum_raw"][()]


@pytest.fixture
def stopped(antistokes, variant, tmp_path):
    """A sweep that was stopped after its first point, beside one that was not."""
    station = variant()
    arguments = ["--station", station.name, "--seed", 3, "--sample", "nd139"]
    for name, value in SETTINGS.items():
        arguments += ["--set", f"{name}={value}"]
    assert antistokes("run", "power-sweep", "--out", "whole.h5", *arguments).code == 0
    runner = Runner(Station.load(station.name, seed=3, sample="nd139"))

    class AfterOne:
        def open(self, header): ...

        def append(self, record):
            runner.stop()

        def close(self, status, reason, snapshot): ...

    runner.sinks.append(AfterOne())
    runner.run(PowerSweep(**SETTINGS), "part.h5")
    return tmp_path / "part.h5"


def test_resume_finds_station_sample_and_seed(antistokes, stopped):
    result = antistokes("resume", "part.h5", "--json")
    assert result.code == 0
    assert "of" in result.out.splitlines()[0]
    assert result.data["status"] == "completed"
    np.testing.assert_array_equal(counts("part.h5"), counts("whole.h5"))
    info = antistokes("info", "part.h5")
    assert "stopped by the user" in info.out
    again = antistokes("resume", "part.h5")
    assert (again.code, "is complete" in again.err) == (2, True)


def test_what_is_not_as_it_was_is_listed(antistokes, stopped, variant):
    variant(("[0, 0.8]", "[0, 0.5]"))
    before = stopped.read_bytes()
    result = antistokes("resume", "part.h5")
    assert result.code == 2
    assert "limits.current was [0, 0.8], is [0, 0.5]" in result.err
    assert stopped.read_bytes() == before
    assert antistokes("resume", "part.h5", "--accept-changes").code == 0


def test_a_station_that_is_gone_must_be_named(antistokes, stopped, tmp_path):
    (tmp_path / "lab.toml").rename(tmp_path / "moved.toml")
    result = antistokes("resume", "part.h5")
    assert (result.code, "say --station" in result.err) == (2, True)
    assert antistokes("resume", "part.h5", "--station", "moved.toml").code == 0


@pytest.mark.parametrize("name", ["nothing.h5", ".", "lab.toml"])
def test_what_is_no_run_file_is_refused(antistokes, variant, name):
    variant()
    result = antistokes("resume", name)
    assert result.code == 2
    assert result.err.count("\n") == 1
