"""Reading run files: finished, growing, killed, and files that are none."""

import shutil
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.runfile import NotARunFile, describe, load
from antistokes.instruments.clock import VirtualClock
from antistokes.procedures.channels import Channel, Dimension, RunHeader
from antistokes.procedures.recorder import Recorder

SAMPLE = {"id": "yber-micro", "name": "Yb,Er microcrystals", "bands": {"green": [515.0, 560.0]}}
BEAM = {"w_x_um": 25.0, "w_y_um": 30.0, "profile": "gaussian", "method": "knife edge", "date": "2026-11-01"}
HEADER = RunHeader(
    title="Power sweep",
    procedure="power-sweep",
    parameters={"stop": np.float64(20.0), "orders": ("up", "down")},
    channels=(
        Channel("power", "mW", "set power", coordinate=True),
        Channel("pump", "W"),
        Channel("spectrum", "counts", dims=("wavelength",)),
    ),
    dimensions=(Dimension("wavelength", np.linspace(500.0, 600.0, 5), "nm", "Wavelength"),),
    signal="spectrum",
    axis="power",
    planned=12,
    start=datetime(2000, 1, 1, tzinfo=UTC),
    simulated=True,
    seed=7,
    station_name="bench",
    sample=SAMPLE,
    beam=BEAM,
    excitation_wavelength=976.0,
    snapshot={"laser": {"current": 0.2, "emission": False}},
    software={"antistokes": "0.1.0", "numpy": "2.4"},
)


def start(path: Path, points: int) -> Recorder:
    recorder = Recorder(path, VirtualClock(), commit_period=1e-3)
    recorder.open(HEADER)
    recorder.log(20, "begin")
    for i in range(points):
        recorder.append({"power": 0.5 * i, "spectrum": np.full(5, i), "flags": i % 2})
    recorder.log(30, "µ" * 300)
    pause = threading.Event()
    while recorder.committed < points:
        pause.wait(0.001)
    return recorder


@pytest.fixture
def finished(tmp_path) -> Path:
    recorder = start(tmp_path / "run.h5", 10)
    recorder.close("stopped", "enough", {"laser": {"current": 0.0, "emission": False}})
    return tmp_path / "run.h5"


def test_load_equals_what_xarray_reads_by_itself(finished):
    with xr.open_dataset(finished, engine="h5netcdf", group="entry/data") as expected:
        dataset = load(finished)
        xr.testing.assert_equal(dataset, expected)
        assert set(dataset.coords) == set(expected.coords)
        for name in expected.variables:
            assert dataset[name].attrs.keys() == expected[name].attrs.keys()
            assert dataset[name].attrs["units"] == expected[name].attrs["units"]
    with xr.open_datatree(finished, engine="h5netcdf", phony_dims="access") as tree:
        xr.testing.assert_equal(tree["entry/data"].to_dataset(), dataset)


def test_load_carries_the_facts_of_the_run(finished):
    facts = load(finished).attrs
    assert facts["title"] == "Power sweep (simulated)"
    assert facts["procedure"] == "power-sweep"
    assert facts["parameters"] == {"stop": 20.0, "orders": ["up", "down"]}
    assert facts["sample"] == SAMPLE
    assert facts["beam"] == BEAM
    assert facts["excitation_wavelength"] == 976.0
    assert facts["simulated"] is True
    assert (facts["status"], facts["reason"]) == ("stopped", "enough")
    assert (facts["planned"], facts["seed"]) == (12, 7)
    assert (facts["signal"], facts["axis"]) == ("spectrum", "power")
    assert facts["start"] == facts["end"] == "2000-01-01T00:00:00+00:00"


def test_describe_tells_what_is_in_the_file(finished):
    facts = describe(finished)
    assert (facts["points"], facts["planned"]) == (10, 12)
    assert facts["channels"]["power"] == {
        "units": "mW",
        "long_name": "set power",
        "dims": (),
        "shape": (),
        "dtype": "float64",
        "coordinate": True,
    }
    assert facts["channels"]["spectrum"]["dims"] == ("wavelength",)
    assert facts["channels"]["spectrum"]["shape"] == (5,)
    assert not facts["channels"]["spectrum"]["coordinate"]
    assert facts["channels"].keys() == {"time", "power", "pump", "spectrum", "flags"}
    assert facts["devices"]["before"]["laser"]["current"] == 0.2
    assert facts["devices"]["after"]["laser"]["current"] == 0.0
    assert (facts["station"], facts["software"]["numpy"]) == ("bench", "2.4")
    assert facts["log"] == [(0.0, 20, "begin"), (0.0, 30, "µ" * 300)]
    assert describe(finished, log_lines=1)["log"] == facts["log"][1:]


def test_run_in_progress_is_read_from_another_process(tmp_path):
    recorder = start(tmp_path / "run.h5", 10)
    script = (
        "import sys; from antistokes.analysis.runfile import load, describe;"
        "d = load(sys.argv[1]); print(d.sizes['point'], d.spectrum.values[-1, 0], d.attrs['status'],"
        "describe(sys.argv[1])['points'])"
    )
    command = [sys.executable, "-c", script, tmp_path / "run.h5"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    recorder.append({"power": 99.0})
    recorder.close("completed", "", {})
    assert output.split() == ["10", "9.0", "running", "10"]
    assert load(tmp_path / "run.h5").sizes["point"] == 11


def test_run_in_progress_is_read_in_the_same_process(tmp_path):
    recorder = start(tmp_path / "run.h5", 10)
    assert load(tmp_path / "run.h5").sizes["point"] == 10
    recorder.close("completed", "", {})
    assert load(tmp_path / "run.h5").attrs["status"] == "completed"


def test_killed_run_is_read_and_not_changed(tmp_path):
    recorder = start(tmp_path / "run.h5", 10)
    killed = tmp_path / "killed.h5"
    shutil.copy(tmp_path / "run.h5", killed)
    recorder.close("completed", "", {})
    content = killed.read_bytes()
    dataset = load(killed)
    np.testing.assert_array_equal(dataset.power, 0.5 * np.arange(10))
    assert (dataset.attrs["status"], dataset.attrs["end"]) == ("failed", "")
    assert describe(killed)["reason"].startswith("killed")
    assert describe(killed)["devices"]["after"] == {}
    assert killed.read_bytes() == content


def test_what_is_not_committed_is_not_shown(finished):
    with h5py.File(finished, "r+") as file:
        file["entry/run/n_committed"][()] = 4
    assert load(finished).sizes["point"] == describe(finished)["points"] == 4


def test_file_that_is_open_elsewhere_in_the_process_can_be_loaded(finished):
    for options in ({}, {"driver_kwds": {"swmr": True}}):
        with xr.open_dataset(finished, engine="h5netcdf", group="entry/data", **options):
            assert load(finished).sizes["point"] == 10


def test_other_files_are_refused_with_what_they_are(tmp_path, finished):
    text, other = tmp_path / "notes.txt", tmp_path / "other.h5"
    text.write_text("notes")
    with h5py.File(other, "w") as file:
        file["x"] = 1
    with h5py.File(finished, "r+") as file:
        file.attrs["format_version"] = 2
    cases = {
        tmp_path / "missing.h5": "no such file",
        text: "not HDF5",
        other: "another kind",
        finished: "version 2",
    }
    for path, problem in cases.items():
        for read in (load, describe):
            with pytest.raises(NotARunFile, match=problem):
                read(path)


def test_a_damaged_file_is_told_at_once(tmp_path):
    path = tmp_path / "run.h5"
    recorder = Recorder(path, VirtualClock())
    recorder.open(HEADER)
    recorder.close("completed", "", {})
    content = bytearray(path.read_bytes())
    for start in range(48, 8000, 256):
        content[start : start + 64] = bytes(64)
    path.write_bytes(content)
    began = time.monotonic()
    with pytest.raises(NotARunFile, match=r"run\.h5: (is damaged|cannot be opened)"):
        load(path)
    assert time.monotonic() - began < 10
