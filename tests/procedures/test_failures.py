"""What a run does when an instrument fails, as the station file says."""

from __future__ import annotations

import threading

import pytest

from antistokes.analysis import load
from antistokes.instruments import Station
from antistokes.instruments.errors import DeviceTimeout, FileRefused
from antistokes.procedures import PowerSweep, Runner
from antistokes.procedures.channels import Flag

SWEEP = PowerSweep(start=30, stop=300, points_per_decade=3, order="up", longest_exposure=0.01, frames=2)
POINTS = 4


@pytest.fixture
def lab(station_file):
    """``lab('…')``: the virtual station, whose spectrometer fails as its file says."""

    def make(failing: str = "", instrument: str = "spectrometer") -> Station:
        head = f"[instruments.{instrument}]\n"
        said = f"failing = {{ {failing} }}\n" if failing else ""
        return Station.load(station_file((head, head + said)))

    return make


def silent(station: Station, first: int, times: int, instrument: str, member: str) -> list[int]:
    """After *first* good calls *member* of an instrument is silent, *times* times."""
    calls: list[int] = []
    device = station[instrument]
    kind = type(device)
    before = getattr(kind, member)

    class Failing(kind):
        def frame(self):
            return self._count(lambda: before(self))

        @property
        def position(self):
            return before.fget(self)

        @position.setter
        def position(self, value):
            self._count(lambda: before.fset(self, value))

        def _count(self, act):
            calls.append(1)
            if first < len(calls) <= first + times:
                raise DeviceTimeout(instrument, "no answer")
            return act()

    device.__class__ = Failing
    return calls


def swept(station: Station, times: int, tmp_path, instrument="spectrometer", member="frame", first=3):
    with station:
        silent(station, first, times, instrument, member)
        return Runner(station).run(SWEEP, tmp_path / "run.h5")


def test_silence_is_tried_once_more_and_then_ends_the_run(lab, tmp_path):
    assert swept(lab(), 1, tmp_path).status == "completed"
    (tmp_path / "run.h5").unlink()
    outcome = swept(lab(), 2, tmp_path)
    assert (outcome.status, outcome.reason) == ("failed", "spectrometer: no answer")


def test_as_many_retries_as_the_file_says(lab, tmp_path):
    assert swept(lab("retries = 5"), 5, tmp_path).status == "completed"
    (tmp_path / "run.h5").unlink()
    assert swept(lab('retries = 0, then = "abort"'), 1, tmp_path).status == "failed"


def test_readings_may_be_left_out(lab, tmp_path):
    outcome = swept(lab('retries = 0, then = "flag"'), 1, tmp_path)
    data = load(tmp_path / "run.h5")
    assert (outcome.status, outcome.points) == ("completed", POINTS)
    missing = data["spectrum"].isnull().all("wavelength").values
    assert missing.sum() == 1
    assert ((data["flags"].values & Flag.READ_FAILED) > 0).tolist() == missing.tolist()
    (tmp_path / "run.h5").unlink()
    outcome = swept(lab('retries = 0, then = "flag", in_a_row = 2'), 100, tmp_path)
    assert outcome.reason == "spectrometer: no reading at 2 points in a row: no answer"


def test_points_that_cannot_be_reached_may_be_left_out(lab, tmp_path):
    with lab() as station:
        calls = silent(station, 10**6, 0, "attenuator", "position")
        Runner(station).run(SWEEP)
        total = len(calls)
    station = lab('retries = 0, then = "flag"', "attenuator")
    outcome = swept(station, 1, tmp_path, "attenuator", "position", first=total - 1)
    data = load(tmp_path / "run.h5")
    assert (outcome.status, outcome.points) == ("completed", POINTS)
    last = data.isel(point=-1)
    assert int(last["flags"]) & Flag.READ_FAILED
    assert float(last["irradiance"]) == pytest.approx(300)
    assert bool(last["pump_power"].isnull())
    assert not station.backend.world.bench.light_is_on()


def test_a_pause_waits_in_the_dark_until_somebody_goes_on(lab, tmp_path):
    station = lab('retries = 1, then = "pause"')
    with station:
        silent(station, 3, 4, "spectrometer", "frame")
        runner, lit, over = Runner(station), [], threading.Event()

        def go_on():
            while not over.wait(0.005):
                if runner.state == "paused" and runner.pausing:
                    lit.append(station.backend.world.bench.light_is_on())
                    runner.resume()

        person = threading.Thread(target=go_on)
        person.start()
        outcome = runner.run(SWEEP, tmp_path / "run.h5")
        over.set()
        person.join()
    assert (outcome.status, outcome.points) == ("completed", POINTS)
    assert not load(tmp_path / "run.h5")["spectrum"].isnull().any()
    assert lit == [False, False]


@pytest.mark.parametrize("failing", ['then = "explode"', "retries = -1", "again = 3", "in_a_row = 0"])
def test_a_wrong_policy_is_refused(lab, failing):
    with pytest.raises(FileRefused, match=r"instruments\.spectrometer\.failing"):
        lab(failing)
