"""Going on with runs that were stopped, failed or killed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from antistokes.analysis import load, load_monitors
from antistokes.instruments import Station
from antistokes.instruments.errors import AntistokesError, Refused, RunFileError
from antistokes.instruments.stationfile import MonitorEntry
from antistokes.procedures import PowerSweep, Runner, reopening, resume, run
from antistokes.procedures.axes.axis import Finished
from antistokes.procedures.axes.colour_search import ColourSearch
from antistokes.procedures.axes.elapsed_time import ElapsedTime
from antistokes.procedures.axes.laser_mixture import LaserMixture
from antistokes.procedures.axes.sample_temperature import SampleTemperature
from antistokes.procedures.axes.steered_pulse_width import SteeredPulseWidth
from antistokes.procedures.channels import Past
from antistokes.procedures.detectors.emission_colour import CHROMATICITY, TRISTIMULUS
from antistokes.procedures.interrupted import Interrupted
from antistokes.procedures.plan_file import PlanFile
from antistokes.procedures.runfile_lock import RunFileLock
from antistokes.procedures.sequence import Sequence
from antistokes.procedures.spectrum import Spectrum
from antistokes.simulated_hw.stations import find_station

SWEEP = PowerSweep(start=30, stop=300, points_per_decade=3, longest_exposure=0.01, frames=2)
POINTS = 8


class At:
    """A sink that does something at a point, counted from 1."""

    def __init__(self, point: int, do: Callable[[], None]) -> None:
        self.point, self.do, self.seen = point, do, 0

    def open(self, header) -> None: ...

    def append(self, record) -> None:
        self.seen += 1
        if self.seen == self.point:
            self.do()

    def close(self, status, reason, snapshot) -> None: ...


def bench(**keywords) -> Station:
    return Station.load(find_station("virtual"), **keywords)


def stopped_after(points: int, plan, path: Path, station: Station) -> None:
    """A run at *path* that its user has stopped."""
    runner = Runner(station)
    runner.sinks.append(At(points, runner.stop))
    assert runner.run(plan, path).status == "stopped"


def data_of(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        return {name: item[()] for name, item in file["entry/data"].items()}


def equal(one: Path, two: Path) -> bool:
    first, second = data_of(one), data_of(two)
    same = [np.array_equal(first[name], second[name], equal_nan=True) for name in first]
    return first.keys() == second.keys() and all(same)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """The sweep, not interrupted."""
    path = tmp_path_factory.mktemp("whole") / "run.h5"
    assert run(SWEEP, bench(), path).points == POINTS
    return path


@pytest.fixture(scope="module")
def stopped(tmp_path_factory) -> Path:
    """The same, stopped after 3 points."""
    path = tmp_path_factory.mktemp("stopped") / "run.h5"
    stopped_after(3, SWEEP, path, bench())
    return path


@pytest.fixture
def part(stopped, tmp_path) -> Path:
    """A copy of that."""
    return shutil.copy(stopped, tmp_path / "run.h5")


# -- on a virtual bench -----------------------------------------------------------------------------


def test_a_resumed_run_is_what_it_would_have_been(part, whole):
    first = load(part)
    outcome = resume(part, bench())
    assert (outcome.status, outcome.points, outcome.path) == ("completed", POINTS, part)
    assert equal(part, whole)
    assert load(part).attrs | {"planned": 0} == load(whole).attrs | {"planned": 0}
    assert first.sizes["point"] == 3
    with h5py.File(part) as file:
        [told] = json.loads(file["entry/run/interruptions"].asstr()[()])
    assert (told["points"], told["status"], told["reason"]) == (3, "stopped", "stopped by the user")


def test_a_run_may_be_resumed_again(tmp_path, whole):
    path = tmp_path / "run.h5"
    stopped_after(1, SWEEP, path, bench())
    for more in (4, 6):
        runner = Runner(bench())
        runner.sinks.append(At(more, runner.stop))
        assert runner.go_on(Interrupted.read(path)).status == "stopped"
        assert load(path).sizes["point"] == more
    assert resume(path, bench()).status == "completed"
    assert equal(path, whole)


def test_what_is_stopped_before_it_caught_up_has_lost_nothing(part, whole):
    runner = Runner(bench())
    runner.sinks.append(At(2, runner.stop))
    assert runner.go_on(Interrupted.read(part)).status == "stopped"
    assert load(part).sizes["point"] == 3
    resume(part, bench())
    assert equal(part, whole)


@pytest.mark.parametrize("after", [1, 4, 7])
def test_a_killed_run_is_resumed(tmp_path, whole, after):
    path, killed = tmp_path / "run.h5", tmp_path / "killed.h5"
    station = bench()

    def kill() -> None:
        """What is on disk at this moment, whatever the program would have done next."""
        shutil.copy(path, killed)
        runner.stop()

    runner = Runner(station)
    runner.sinks.append(At(after, kill))
    runner.run(SWEEP, path)
    before = Interrupted.read(killed)
    assert before.reason.startswith("killed")
    assert 0 <= before.points <= after
    assert resume(killed, bench()).status == "completed"
    assert equal(killed, whole)


def test_all_points_were_there_and_only_the_end_was_missing(tmp_path, whole):
    path = tmp_path / "run.h5"
    shutil.copy(whole, path)
    with h5py.File(path, "r+") as file:
        file["entry/run/status"][()] = "failed"
    outcome = resume(path, bench())
    assert (outcome.status, outcome.points) == ("completed", POINTS)
    assert equal(path, whole)


def test_monitors_and_log_go_on(tmp_path):
    def monitored() -> Station:
        station = bench()
        station.monitors["cold"] = MonitorEntry(of="cryostat.temperature", every_s=5)
        return station

    run(SWEEP, monitored(), tmp_path / "whole.h5")
    stopped_after(3, SWEEP, tmp_path / "part.h5", monitored())
    resume(tmp_path / "part.h5", monitored())
    one, two = (load_monitors(tmp_path / f"{name}.h5")["cold"] for name in ("whole", "part"))
    assert one.identical(two)


def test_a_plan_with_axes_and_several_procedures_is_told_by_its_file(tmp_path):
    text = """
format = "antistokes-plan"
version = 1
[[runs]]
[[runs.over]]
axis = "temperature"
start = "290 K"
stop = 300
points = 2
options = { order = "down" }
[[runs.steps]]
procedure = "spectrum"
settings = { longest_exposure = "10 ms", frames = 2 }
[[runs.steps]]
procedure = "power-sweep"
settings = { start = 30, stop = 100, points_per_decade = 2, longest_exposure = 0.01, frames = 2 }
"""
    (tmp_path / "plan.toml").write_text(text)
    plan = PlanFile.read(tmp_path / "plan.toml").runs[0].plan
    whole = run(plan, bench(), tmp_path / "whole.h5")
    stopped_after(whole.points // 2 + 1, plan, tmp_path / "part.h5", bench())
    assert resume(tmp_path / "part.h5", bench()).points == whole.points
    assert equal(tmp_path / "part.h5", tmp_path / "whole.h5")


def test_axes_that_a_program_has_made_are_asked_of_it(tmp_path):
    plan = Sequence([SampleTemperature([290, 300])], [Spectrum(longest_exposure=0.01, frames=2)])
    path = tmp_path / "run.h5"
    stopped_after(1, plan, path, bench())
    with pytest.raises(Refused, match="made by a program"):
        resume(path, bench())
    assert resume(path, bench(), plan).points == 2


def test_a_bench_that_measures_something_else_is_not_believed(part):
    with h5py.File(part, "r+") as file:
        file["entry/data/spectrum"][1, 7] += 1
    outcome = resume(part, bench())
    assert outcome.status == "failed"
    assert "point 1" in outcome.reason
    assert "spectrum" in outcome.reason
    assert load(part).sizes["point"] == 3


# -- on instruments that are still there ------------------------------------------------------------


@pytest.fixture
def lab(make_station) -> Station:
    """A station that takes itself for real: the world of its instruments stays when a run ends."""
    station = make_station(without=("cryostat",))
    station.backend.simulated = False
    return station


def test_what_was_measured_is_not_measured_again(lab, whole, tmp_path):
    path = tmp_path / "run.h5"
    stopped_after(6, SWEEP, path, lab)
    before = data_of(path)
    sink = At(0, lambda: None)
    lab.clock.sleep(3600)
    outcome = resume(path, lab, sinks=[sink])
    after, uninterrupted = data_of(path), data_of(whole)
    assert (outcome.status, outcome.points, sink.seen) == ("completed", POINTS, POINTS)
    for name in before:
        np.testing.assert_array_equal(after[name][: len(before[name])], before[name])
    for name in ("irradiance", "direction", "point"):
        np.testing.assert_array_equal(after[name], uninterrupted[name])
    assert after["time"][6] - after["time"][5] > 3600
    assert (np.diff(after["dose"]) > 0).all()
    peak = after["spectrum"].max(axis=1)
    assert peak == pytest.approx(peak[::-1], rel=0.1)
    assert not lab.backend.world.bench.light_is_on()


def test_elapsed_time_goes_on_while_nothing_ran(lab, tmp_path):
    plan = Sequence([ElapsedTime([0, 600, 1200])], [Spectrum(longest_exposure=0.01, frames=2)])
    stopped_after(2, plan, tmp_path / "run.h5", lab)
    lab.clock.sleep(100)
    resume(tmp_path / "run.h5", lab, plan)
    measured = load(tmp_path / "run.h5")
    assert measured["elapsed_measured"].values == pytest.approx([0, 600, 1200], abs=0.5)
    assert not measured["flags"].any()


def colour_points(search: ColourSearch, settings: list[dict[str, float]]) -> int:
    """How many points *search* recalls before it has nothing left to do."""
    for index, setting in enumerate(settings):
        try:
            search.recall(index, Past(setting, 0.0))
        except Finished:
            return index
        search._setup.last = setting
    return len(settings)


class _Setup:
    last: dict[str, float] = {}


@pytest.mark.parametrize("kind", ["pulses", "lasers"])
def test_a_search_recalls_what_it_has_found(kind):
    def seen(x: float, **setting: float) -> dict[str, float]:
        values = (x / 0.33, 1.0, 0.67 / 0.33 - x / 0.33, x, 0.33)
        return setting | dict(zip((*TRISTIMULUS, *CHROMATICITY), values, strict=True)) | {"flags": 0}

    if kind == "pulses":
        search: ColourSearch = SteeredPulseWidth((0.3, 0.33), 0.02, (1e-5, 1e-3), 1e-2, looks=2)
        past = [seen(0.2, pulse_width=1e-5), seen(0.4, pulse_width=1e-3), seen(0.301, pulse_width=1e-4)]
    else:
        search = LaserMixture((0.3, 0.33), 0.02, ["a", "b"], [100.0, 100.0])
        names = ("irradiance_a", "irradiance_b")
        shares = ((0.2, 100.0, 0.0), (0.4, 0.0, 100.0), (0.3, 100.0, 100.0), (0.301, 99.0, 99.0))
        past = [seen(x, **dict(zip(names, both, strict=True))) for x, *both in shares]
    search._setup = _Setup()
    another = seen(0.2, pulse_width=2e-5, irradiance_a=1.0, irradiance_b=1.0)  # of what came next
    assert colour_points(search, [*past, another]) == len(past)


# -- refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replacement", "told"),
    [
        (("max_power_mW = 360", "max_power_mW = 350"), "beam.max_power_mW was 360, is 350"),
        (("[0, 0.8]", "[0, 0.7]"), "instruments.laser.limits.current was [0, 0.8], is [0, 0.7]"),
    ],
)
def test_another_station_is_refused(station_file, part, replacement, told):
    before = part.read_bytes()
    with pytest.raises(Refused) as caught:
        resume(part, Station.load(station_file(replacement)))
    assert told in str(caught.value)
    assert part.read_bytes() == before
    assert [path.name for path in part.parent.glob("run*")] == ["run.h5"]


def test_changes_may_be_accepted_and_are_told(station_file, part):
    station = Station.load(station_file(("[0, 0.8]", "[0, 0.7]")))
    assert resume(part, station, accept_changes=True).status == "completed"
    with h5py.File(part) as file:
        [told] = json.loads(file["entry/run/interruptions"].asstr()[()])
    assert "limits.current" in told["changes"][0]


@pytest.mark.parametrize("keywords", [{"seed": 7}, {"sample": "cspb107"}])
def test_another_seed_or_sample_is_refused(part, keywords):
    with pytest.raises(Refused, match=r"seed: was 980, is 7|sample"):
        resume(part, bench(**keywords))


def test_another_procedure_or_other_monitors_do_not_fit(part):
    with pytest.raises(Refused, match="cannot go on with it: .*channel 'pump_power_after' is missing"):
        resume(part, bench(), Spectrum(longest_exposure=0.01, frames=2))
    station = bench()
    station.monitors["cold"] = MonitorEntry(of="cryostat.temperature", every_s=5)
    with pytest.raises(Refused, match="other monitors"):
        resume(part, station)


def foreign(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["entry"] = 1


def newer(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 2


def text(path: Path) -> None:
    path.write_text("no HDF5")


def complete(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["entry/run/status"][()] = "completed"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (foreign, "is not a run file"),
        (newer, "is of format 2"),
        (text, "is not a run file"),
        (complete, "is complete"),
        (os.unlink, "there is no such file"),
    ],
)
def test_other_files_are_refused_and_not_touched(part, spoil, told):
    spoil(part)
    before = part.read_bytes() if part.exists() else None
    with pytest.raises(RunFileError, match=told):
        resume(part, bench())
    assert (part.read_bytes() if part.exists() else None) == before


def test_a_full_disk_leaves_the_file_as_it_is(part, monkeypatch):
    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reopening, "refuse_full", full)
    content = part.read_bytes()
    outcome = resume(part, bench())
    assert outcome.status == "failed"
    assert outcome.reason.endswith("cannot be written: No space left on device")
    assert part.read_bytes() == content


def test_a_run_that_is_being_written_is_refused(part):
    lock = RunFileLock(part)
    try:
        with pytest.raises(RunFileError, match="is being written"):
            resume(part, bench())
    finally:
        lock.release()


def test_a_virtual_run_is_not_continued_on_instruments(lab, part):
    with pytest.raises(Refused, match="was measured on a virtual bench"):
        resume(part, lab)


def test_a_device_that_fails_at_the_beginning_leaves_the_file_as_it_is(lab, tmp_path):
    path = tmp_path / "run.h5"
    stopped_after(2, SWEEP, path, lab)
    before = path.read_bytes()
    lab.backend.world.faults.inject("power_meter", "dropped", 1)
    outcome = resume(path, lab)
    assert outcome.status == "failed"
    assert isinstance(outcome.error, AntistokesError)
    assert path.read_bytes() == before
