"""Run files whose writer was killed, made whole again."""

import shutil
import struct
import threading
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from antistokes.analysis import load_monitors
from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import RunFileError
from antistokes.procedures import recovery
from antistokes.procedures.channels import Channel, RunHeader
from antistokes.procedures.recorder import Recorder
from antistokes.procedures.recovery import lookup3, recover

HEADER = RunHeader(
    title="t",
    procedure="p",
    parameters={},
    channels=(Channel("x", "mW", coordinate=True), Channel("y", "W")),
    dimensions=(),
    signal="y",
    axis="x",
    planned=100,
    start=datetime(2000, 1, 1, tzinfo=UTC),
    simulated=True,
    monitors=(Channel("cryostat", "K"),),
)


@pytest.fixture
def killed(tmp_path) -> Path:
    """What ``kill -9`` leaves: the bytes of a run in progress, and a lock that nobody holds."""
    recorder = Recorder(tmp_path / "run.h5", VirtualClock(), commit_period=1e-3)
    recorder.open(HEADER)
    recorder.log(20, "hello")
    for i in range(50):
        recorder.monitor("cryostat", 77.0 + i)
        recorder.append({"x": i, "y": 2.0 * i})
    pause = threading.Event()
    while recorder.committed < 50:
        pause.wait(0.001)
    path = tmp_path / "killed.h5"
    shutil.copy(tmp_path / "run.h5", path)
    recorder.close("stopped", "", {})
    (tmp_path / "killed.h5.lock").touch()
    return path


def open_plainly(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="h5netcdf", group="entry/data") as dataset:
        return dataset.load()


def test_killed_file_opens_everywhere_after_recovery(killed):
    with pytest.raises(OSError, match="already open for write"):
        open_plainly(killed)
    assert recover(killed) == 50
    dataset = open_plainly(killed)
    np.testing.assert_array_equal(dataset.y, 2.0 * np.arange(50))
    assert not killed.with_name("killed.h5.lock").exists()


def test_monitors_of_a_killed_run_are_cut_to_readings_with_a_time(killed):
    recover(killed)
    np.testing.assert_array_equal(load_monitors(killed)["cryostat"], 77.0 + np.arange(50))
    with h5py.File(killed, "r+") as file:
        file["entry/run/status"][()] = "running"
        file["entry/monitors/cryostat/time"].resize(60, axis=0)
    recover(killed)
    with h5py.File(killed) as file:
        assert {len(file["entry/monitors/cryostat"][name]) for name in ("time", "value")} == {50}


def test_recovered_run_is_marked_as_killed(killed):
    recover(killed)
    with h5py.File(killed) as file:
        assert file["entry/run/status"].asstr()[()] == "failed"
        assert file["entry/run/reason"].asstr()[()].startswith("killed")
        assert file["entry/end_time"].asstr()[()] == "2000-01-01T00:00:00+00:00"


def test_points_that_were_not_committed_are_cut(killed):
    with h5py.File(killed, "r", swmr=True) as file:
        place = file["entry/run/n_committed"].id.get_offset()
    with killed.open("r+b") as file:
        file.seek(place)
        file.write(struct.pack("<q", 30))
    assert recover(killed) == 30
    assert dict(open_plainly(killed).sizes) == {"point": 30}


def test_end_of_file_behind_the_data_is_corrected(killed):
    block = bytearray(killed.read_bytes()[:48])
    struct.pack_into("<Q", block, 28, 4096)
    struct.pack_into("<I", block, 44, lookup3(bytes(block[:44])))
    with killed.open("r+b") as file:
        file.write(block)
    assert recover(killed) == 50
    np.testing.assert_array_equal(open_plainly(killed).x, np.arange(50))


def test_recovering_twice_changes_nothing(killed):
    recover(killed)
    content = killed.read_bytes()
    assert recover(killed) == 50
    assert killed.read_bytes() == content


def test_finished_file_is_left_as_it_is(killed):
    finished = killed.with_name("run.h5")
    content = finished.read_bytes()
    assert recover(finished) == 50
    assert finished.read_bytes() == content


def test_file_of_a_living_writer_is_refused(tmp_path):
    recorder = Recorder(tmp_path / "run.h5", VirtualClock())
    recorder.open(HEADER)
    with pytest.raises(RunFileError, match="being written by another process"):
        recover(tmp_path / "run.h5")
    recorder.close("completed", "", {})


def test_other_files_are_refused_and_not_touched(tmp_path):
    text, other, missing = tmp_path / "notes.txt", tmp_path / "other.h5", tmp_path / "missing.h5"
    text.write_text("notes")
    with h5py.File(other, "w", libver=("v110", "v110")) as file:
        file["x"] = 1
    content = other.read_bytes()
    for path in (text, other):
        with pytest.raises(RunFileError, match="is not a run file"):
            recover(path)
    with pytest.raises(RunFileError, match="no such file"):
        recover(missing)
    assert other.read_bytes() == content
    assert sorted(tmp_path.iterdir()) == [text, other]


def test_a_file_of_a_newer_version_is_refused_and_not_touched(killed):
    recover(killed)
    with h5py.File(killed, "r+", libver=("v110", "v110")) as file:
        file.attrs["format_version"] = 99
    content = killed.read_bytes()
    with pytest.raises(RunFileError, match="was written by a newer antistokes"):
        recover(killed)
    assert killed.read_bytes() == content


def test_a_full_disk_repairs_nothing(killed, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recovery, "refuse_full", full)
    content = killed.read_bytes()
    with pytest.raises(RunFileError, match="cannot be repaired: No space left on device"):
        recover(killed)
    assert killed.read_bytes() == content


def test_damaged_superblock_is_refused(killed):
    with killed.open("r+b") as file:
        file.seek(30)
        file.write(b"\xff")
    with pytest.raises(RunFileError, match="damaged"):
        recover(killed)


def test_lookup3_gives_the_published_value():
    """The text and its hash are in the test driver of Jenkins' lookup3.c."""
    assert lookup3(b"Four score and seven years ago") == 0x17770551
