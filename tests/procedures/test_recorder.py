"""run.h5 as it is written: layout, order, errors, what survives a kill."""

import hashlib
import os
import queue
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

from antistokes.analysis.runfile import load, load_monitors
from antistokes.instruments.clock import RealClock, VirtualClock
from antistokes.instruments.errors import RunFileError
from antistokes.procedures import recorder as recorder_module
from antistokes.procedures import runfile_writer
from antistokes.procedures.channels import Channel, Dimension, Flag, RunHeader
from antistokes.procedures.recorder import Recorder
from antistokes.procedures.recovery import recover

PIXELS = 6
WAVELENGTH = Dimension("wavelength", np.linspace(500.0, 550.0, PIXELS), "nm", "Wavelength")
CHANNELS = (
    Channel("power", "mW", "set power", coordinate=True),
    Channel("pump", "W", "pump power"),
    Channel("counts", dtype="i4"),
    Channel("spectrum", "counts", "emission", dims=("wavelength",)),
    Channel("spectrum_errors", "counts", dims=("wavelength",), dtype="f4"),
)
MONITORS = (Channel("cold", "K", "cryostat.temperature, every 2 s"), Channel("warm", "K"))


def header(**changes) -> RunHeader:
    facts = {
        "title": "Power sweep of a flake",
        "procedure": "power-sweep",
        "parameters": {"start": 0.05, "order": "up"},
        "channels": CHANNELS,
        "dimensions": (WAVELENGTH,),
        "signal": "spectrum",
        "axis": "power",
        "planned": 20,
        "start": datetime(2000, 1, 1, tzinfo=UTC),
        "simulated": True,
        "seed": 980,
        "snapshot": {"laser": {"current": 0.1}},
        "excitation_wavelength": 980.0,
        "software": {"antistokes": "0.1.0"},
    }
    return RunHeader(**facts | changes)


def record(i: int) -> dict:
    row = np.arange(PIXELS) + 10.0 * i
    return {"power": 0.5 * i, "pump": 1e-3 * i, "counts": i, "spectrum": row, "spectrum_errors": np.sqrt(row)}


def write(path: Path, points: int, period: float = 0.05, log_every: int = 7) -> Path:
    clock = VirtualClock()
    recorder = Recorder(path, clock, period)
    recorder.open(header(monitors=MONITORS))
    for i in range(points):
        if i % log_every == 0:
            recorder.log(20, f"point {i}")
            recorder.monitor("cold", 0.1 * i)
        if i % (3 * log_every) == 0:
            recorder.monitor("warm", float(i))
        recorder.append(record(i))
        clock.sleep(0.25)
    recorder.close("completed", "all points measured", {"laser": {"current": 0.0}})
    return path


def open_plainly(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="h5netcdf", group="entry/data") as dataset:
        return dataset.load()


@pytest.fixture(autouse=True)
def nothing_leaks(tmp_path):
    interval = sys.getswitchinterval()
    yield
    assert sys.getswitchinterval() == interval
    assert [thread for thread in threading.enumerate() if "writer" in thread.name] == []
    assert list(tmp_path.glob("*.lock")) == []
    assert h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE) == 0


def test_finished_run_opens_in_xarray_with_units_and_coordinates(tmp_path):
    dataset = open_plainly(write(tmp_path / "run.h5", 20))
    assert dict(dataset.sizes) == {"point": 20, "wavelength": PIXELS}
    assert {"point", "time", "power", "wavelength"} == set(dataset.coords)
    assert dataset.pump.attrs["units"] == "W"
    assert dataset.pump.attrs["long_name"] == "pump power"
    assert dataset.wavelength.attrs["units"] == "nm"
    np.testing.assert_array_equal(dataset.wavelength, WAVELENGTH.values)
    np.testing.assert_array_equal(dataset.point, np.arange(20))
    np.testing.assert_array_equal(dataset.time, 0.25 * np.arange(20))
    np.testing.assert_array_equal(dataset.power, 0.5 * np.arange(20))
    np.testing.assert_array_equal(dataset.spectrum, np.arange(PIXELS) + 10.0 * np.arange(20)[:, None])
    assert dataset.counts.dtype == np.int32


def test_file_is_nexus_with_a_default_plot(tmp_path):
    with h5py.File(write(tmp_path / "run.h5", 3)) as file:
        entry = file[file.attrs["default"]]
        data = entry[entry.attrs["default"]]
        assert entry["definition"].asstr()[()] == "NXoptical_spectroscopy"
        assert entry["experiment_type"].asstr()[()] == "photoluminescence"
        assert (data.attrs["signal"], list(data.attrs["axes"])) == ("spectrum", ["power", "wavelength"])
        assert entry["instrument/detector_signal/detector_channel_type"].asstr()[()] == "multichannel"
        assert entry["instrument/beam_excitation/incident_wavelength"][()] == 980.0


def test_spectra_are_stored_in_chunks_of_eight_rows(tmp_path):
    recorder = Recorder(tmp_path / "run.h5", VirtualClock())
    recorder.open(header(dimensions=(Dimension("wavelength", np.arange(2048.0), "nm"),)))
    recorder.close("completed", "", {})
    with h5py.File(tmp_path / "run.h5") as file:
        assert file["entry/data/spectrum"].chunks == file["entry/data/spectrum_errors"].chunks == (8, 2048)


def test_outcome_is_in_the_file(tmp_path):
    with h5py.File(write(tmp_path / "run.h5", 8)) as file:
        entry = file["entry"]
        assert entry["run/status"].asstr()[()] == "completed"
        assert entry["run/reason"].asstr()[()] == "all points measured"
        assert entry["run/n_committed"][()] == 8
        assert entry["end_time"].asstr()[()] == "2000-01-01T00:00:02+00:00"
        assert '"current": 0.0' in entry["instrument/devices_after"].asstr()[()]


def test_simulated_run_says_so(tmp_path):
    with h5py.File(write(tmp_path / "run.h5", 1)) as file:
        assert file["entry"].attrs["simulated"]
        assert file["entry/title"].asstr()[()] == "Power sweep of a flake (simulated)"


def test_missing_values_are_nan_or_zero_and_flags_keep_their_bits(tmp_path):
    recorder = Recorder(tmp_path / "run.h5", VirtualClock())
    recorder.open(header())
    recorder.append(record(1))
    recorder.append({"power": 2.0, "flags": Flag.READ_FAILED | Flag.SATURATED})
    recorder.close("completed", "", {})
    dataset = open_plainly(tmp_path / "run.h5")
    assert np.isnan(dataset.pump[1])
    assert np.isnan(dataset.spectrum[1]).all()
    assert dataset.counts[1] == 0
    assert dataset.flags.values.tolist() == [0, 17]
    assert dataset.flags.attrs["flag_meanings"] == Flag.meanings()
    np.testing.assert_array_equal(dataset.flags.attrs["flag_masks"], [int(flag) for flag in Flag])


def test_missing_values_do_not_show_an_older_row_of_the_ring(tmp_path, monkeypatch):
    monkeypatch.setattr(runfile_writer, "_RING_BYTES", 1)
    recorder = Recorder(tmp_path / "run.h5", VirtualClock())
    recorder.open(header())
    for i in range(100):
        recorder.append(record(i) if i < 50 else {})
    recorder.close("completed", "", {})
    assert np.isnan(open_plainly(tmp_path / "run.h5").spectrum[50:]).all()


@pytest.mark.parametrize("points", [0, 1, 8, 4097])
def test_any_number_of_points_is_written_completely(tmp_path, points):
    dataset = open_plainly(write(tmp_path / "run.h5", points, log_every=1000))
    np.testing.assert_array_equal(dataset.counts, np.arange(points))
    assert dataset.spectrum.shape == (points, PIXELS)


def test_run_without_spectra_plots_its_signal_against_the_axis(tmp_path):
    recorder = Recorder(tmp_path / "run.h5", VirtualClock())
    recorder.open(header(channels=CHANNELS[:3], dimensions=(), signal="pump"))
    recorder.append({"power": 1.0, "pump": 2.0, "counts": 3})
    recorder.close("completed", "", {})
    open_plainly(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5") as file:
        assert list(file["entry/data"].attrs["axes"]) == ["power"]
        assert file["entry/instrument/detector_signal/detector_channel_type"].asstr()[()] == "single-channel"


def test_virtual_runs_are_equal_to_the_byte_however_they_were_committed(tmp_path, monkeypatch):
    digests = set()
    for ring, period in ((1, 0.01), (1 << 16, 1e-3), (1 << 24, 0.0), (1 << 24, 30.0)):
        monkeypatch.setattr(runfile_writer, "_RING_BYTES", ring)
        path = write(tmp_path / f"run_{ring}_{period}.h5", 4500, period, log_every=5)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_monitors_have_times_of_their_own(tmp_path):
    path = write(tmp_path / "run.h5", 30)
    cold = load_monitors(path)["cold"]
    np.testing.assert_allclose(cold, 0.1 * np.arange(0, 30, 7))
    np.testing.assert_array_equal(cold.time, 0.25 * np.arange(0, 30, 7))
    assert cold.attrs == {"units": "K", "long_name": "cryostat.temperature, every 2 s"}
    with xr.open_dataset(path, engine="h5netcdf", group="entry/monitors/warm") as warm:
        np.testing.assert_array_equal(warm.value.sel(time=0.25 * 21), 21.0)
    with h5py.File(path) as file:
        assert file["entry/monitors/warm"].attrs["NX_class"] == "NXlog"
        assert file["entry/monitors/warm/time"].attrs["start"] == "2000-01-01T00:00:00+00:00"


def test_long_log_lines_are_continued_and_no_character_is_torn():
    message = "x" + "µ" * 400
    pieces = runfile_writer.split_message(message)
    assert len(pieces) == 4
    assert max(map(len, pieces)) <= 256
    assert "".join(piece.decode() for piece in pieces) == message


def test_existing_file_is_never_overwritten(tmp_path):
    path = tmp_path / "run.h5"
    path.write_text("precious")
    with pytest.raises(RunFileError, match=r"run\.h5: exists already"):
        Recorder(path, VirtualClock()).open(header())
    assert path.read_text() == "precious"


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(RunFileError, match=r"no folder .*nowhere"):
        Recorder(tmp_path / "nowhere" / "run.h5", VirtualClock()).open(header())


def test_folder_without_write_permission_is_an_error_of_one_line(tmp_path, monkeypatch):
    def refuse(*_args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("antistokes.procedures.runfile_lock.os.open", refuse)
    with pytest.raises(RunFileError, match=r"run\.h5: cannot be written: Permission denied$"):
        Recorder(tmp_path / "run.h5", VirtualClock()).open(header())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"signal": "spectre"}, "'spectre' is not a channel"),
        ({"dimensions": ()}, "'spectrum' needs dimension 'wavelength'"),
        ({"dimensions": (Dimension("wavelength", np.array([]), "nm"),)}, "'wavelength' has no values"),
        ({"channels": (*CHANNELS, Channel("time"))}, "'time' is declared 2 times"),
        ({"channels": (*CHANNELS, Channel("a/b"))}, "'a/b' is not a name"),
        ({"channels": (*CHANNELS, Channel("word", dtype="S8"))}, "must be an integer or a float"),
    ],
)
def test_contradictory_header_is_refused_and_leaves_no_file(tmp_path, changes, problem):
    with pytest.raises(RunFileError, match=problem):
        Recorder(tmp_path / "run.h5", VirtualClock()).open(header(**changes))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({"pumpp": 1.0}, "not a channel of this run: pumpp"),
        ({"pump": "much"}, "point 1: pump"),
        ({"counts": 1.5}, "point 1: counts"),
        ({"spectrum": np.zeros(PIXELS + 1)}, "point 1: spectrum"),
    ],
)
def test_record_that_does_not_fit_is_refused_and_not_counted(tmp_path, bad, problem):
    recorder = Recorder(tmp_path / "run.h5", VirtualClock())
    recorder.open(header())
    recorder.append(record(0))
    with pytest.raises(RunFileError, match=problem):
        recorder.append(bad)
    recorder.append(record(1))
    recorder.close("completed", "", {})
    np.testing.assert_array_equal(open_plainly(tmp_path / "run.h5").pump, [0.0, 1e-3])


def test_recorder_that_is_not_open_takes_nothing(tmp_path):
    recorder = Recorder(tmp_path / "run.h5", VirtualClock())
    with pytest.raises(RunFileError, match="is not open"):
        recorder.append({})
    recorder.close("completed", "", {})
    recorder.open(header())
    recorder.close("completed", "", {})
    recorder.close("completed", "", {})
    with pytest.raises(RunFileError, match="is closed"):
        recorder.append({})


def test_second_writer_is_refused(tmp_path):
    first = Recorder(tmp_path / "run.h5", VirtualClock())
    first.open(header())
    with pytest.raises(RunFileError, match="being written"):
        Recorder(tmp_path / "run.h5", VirtualClock()).open(header())
    first.close("completed", "", {})


def test_a_file_for_which_there_is_no_room_is_not_begun(tmp_path, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunFileError, match=r"run\.h5: cannot be created: No space left on device"):
        Recorder(tmp_path / "run.h5", VirtualClock()).open(header())
    assert not list(tmp_path.glob("*.h5*"))


def test_error_of_the_writer_reaches_append_and_close(tmp_path, monkeypatch):
    def fail(*_args):
        raise OSError(28, "No space left on device")

    recorder = Recorder(tmp_path / "run.h5", VirtualClock(), commit_period=1e-3)
    recorder.open(header())
    monkeypatch.setattr(runfile_writer.RunFileWriter, "write", fail)

    def append_until_it_fails():
        while True:
            recorder.append(record(0))

    monkeypatch.setattr(recorder_module, "_RETRY", 0.01)
    monkeypatch.setattr(recorder_module, "_LAST_TRIES", 0.03)
    match = r"run\.h5: cannot be written: No space left on device; nor is there more room in memory"
    with pytest.raises(RunFileError, match=match):
        append_until_it_fails()
    with pytest.raises(RunFileError, match=r"its last \d+ points are lost: No space left"):
        recorder.close("failed", "disk", {})


def test_commits_follow_real_time_while_virtual_time_stands(tmp_path):
    recorder = Recorder(tmp_path / "run.h5", VirtualClock(), commit_period=0.01)
    recorder.open(header())
    recorder.append(record(0))
    pause, end = threading.Event(), time.monotonic() + 10
    while not recorder.committed and time.monotonic() < end:
        pause.wait(0.005)
    assert recorder.committed == recorder.points == 1
    recorder.close("completed", "", {})


def test_idle_run_keeps_its_heartbeat(tmp_path, monkeypatch):
    monkeypatch.setattr(recorder_module, "_HEARTBEAT", 0.01)
    clock = VirtualClock()
    recorder = Recorder(tmp_path / "run.h5", clock, commit_period=0.01)
    beats: queue.Queue[float] = queue.Queue()
    recorder.open(header())
    with monkeypatch.context() as patch:
        patch.setattr(runfile_writer.RunFileWriter, "commit", lambda _, heartbeat: beats.put(heartbeat))
        first = beats.get(timeout=10)
        clock.sleep(100.0)
        while beats.get(timeout=10) == first:
            pass
    recorder.close("completed", "", {})


CHILD = """
import os, resource, sys, threading, time
import numpy as np
from datetime import UTC, datetime
from antistokes.instruments.clock import RealClock
from antistokes.instruments.errors import RunFileError
from antistokes.procedures.channels import Channel, Dimension, RunHeader
from antistokes.procedures.recorder import Recorder
recorder = Recorder(sys.argv[1], RealClock())
recorder.open(RunHeader("t", "p", {}, (Channel("x", coordinate=True), Channel("s", dims=("w",))),
    (Dimension("w", np.arange(512.0), "nm"),), "s", "x", 0, datetime.now(UTC), False))
"""

PACED = (
    CHILD
    + """
stamps, pause, i = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT), threading.Event(), 0
while True:
    now = time.time()
    recorder.append({"x": now, "s": np.full(512, i)})
    os.write(stamps, np.float64(now).tobytes())
    i += 1
    if i == 200:
        print("ready", flush=True)
    pause.wait(0.0005)
"""
)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_kill_loses_only_points_of_the_last_100_ms(tmp_path):
    path, stamps = tmp_path / "run.h5", tmp_path / "stamps"
    with subprocess.Popen([sys.executable, "-c", PACED, path, stamps], stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        threading.Event().wait(0.237)
        killed = time.time()
        child.kill()
    (tmp_path / "run.h5.lock").unlink()
    appended = np.fromfile(stamps)
    dataset = load(path)
    assert dataset.sizes["point"] >= np.count_nonzero(appended < killed - 0.1) > 200
    np.testing.assert_array_equal(dataset.x, appended[: dataset.sizes["point"]])
    np.testing.assert_array_equal(dataset.s[:, 0], np.arange(dataset.sizes["point"]))
    assert (dataset.attrs["status"], dataset.attrs["reason"][:6]) == ("failed", "killed")


def test_program_that_forgets_to_close_leaves_a_finished_file(tmp_path):
    script = CHILD + "recorder.append({'x': 1.0, 's': 2.0})\nraise SystemExit(3)"
    command = [sys.executable, "-c", script, tmp_path / "run.h5"]
    assert subprocess.run(command, timeout=60, check=False).returncode == 3
    with h5py.File(tmp_path / "run.h5") as file:
        assert file["entry/run/status"].asstr()[()] == "failed"
        assert "without closing" in file["entry/run/reason"].asstr()[()]
        assert file["entry/data/x"][:] == [1.0]


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE")
@pytest.mark.parametrize("then", ["again", "elsewhere"])
def test_what_a_full_disk_does_not_take_is_kept(tmp_path, then):
    script = (
        CHILD
        + """
import antistokes.procedures.recorder as module
module._RETRY, module._LAST_TRIES = 0.01, 0.03
endless = resource.RLIM_INFINITY
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, endless))
pause = threading.Event()
for i in range(2000):
    recorder.append({"x": i, "s": np.full(512, i)})
    pause.wait(0.0002)
    if recorder.trouble:
        break
print(recorder.trouble)
if sys.argv[2] == "again":
    resource.setrlimit(resource.RLIMIT_FSIZE, (endless, endless))
    while recorder.trouble:
        pause.wait(0.001)
else:  # the rest is written to another place
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, endless))
try:
    recorder.close("stopped", "disk full", {})
except RunFileError as error:
    print(error)
"""
    )
    command = [sys.executable, "-c", script, tmp_path / "run.h5", then]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    )
    problems = result.stdout.splitlines()
    assert len(problems) == (1 if then == "again" else 2)
    assert all(line.startswith(str(tmp_path)) and "File too large" in line for line in problems)
    assert "what is measured is kept in memory" in result.stderr
    if then == "elsewhere":
        points, rest = recover(tmp_path / "run.h5"), load(problems[1].rpartition(" in ")[2])
        assert f"its last {rest.sizes['point']} points" in problems[1]
        np.testing.assert_array_equal(rest.point, points + np.arange(rest.sizes["point"]))
        np.testing.assert_array_equal(rest.x, rest.point)
    dataset = load(tmp_path / "run.h5")
    assert dataset.attrs["status"] == ("stopped" if then == "again" else "failed")
    np.testing.assert_array_equal(dataset.point, np.arange(dataset.sizes["point"]))
    np.testing.assert_array_equal(dataset.x, dataset.point)
    np.testing.assert_array_equal(dataset.s[:, 7], dataset.point)
    assert dataset.sizes["point"] > 100


def test_real_clock_gives_unix_time_as_heartbeat(tmp_path):
    clock = RealClock()
    recorder = Recorder(tmp_path / "run.h5", clock)
    recorder.open(header(simulated=False, start=clock.date()))
    recorder.close("stopped", "by the user", {})
    with h5py.File(tmp_path / "run.h5") as file:
        assert 0 <= clock.date().timestamp() - file["entry/run/heartbeat"][()] < 60
        assert not file["entry"].attrs["simulated"]
        assert "simulated" not in file["entry/title"].asstr()[()]
