"""The runner: how a run begins, how it may end, and what is left behind each time."""

import contextlib
import gc
import logging
import os
import signal
import threading

import numpy as np
import pytest

from antistokes.analysis import describe, load
from antistokes.instruments import Station
from antistokes.instruments.errors import InstrumentError, LimitError, Refused, RunFileError
from antistokes.procedures import PowerSweep, Runner, run
from antistokes.procedures.recorder import Recorder
from antistokes.procedures.signals import steered_by_signals
from antistokes.simulated_hw.stations import find_station

SWEEP = PowerSweep(start=30, stop=300, points_per_decade=2, order="up", longest_exposure=0.01, frames=2)
TOO_BRIGHT = PowerSweep(start=30, stop=3e6)


@pytest.fixture
def closed_station() -> Station:
    """The virtual station, not open."""
    return Station.load(find_station("virtual"))


class Notes:
    """A sink that remembers; *trouble* maps the number of a point to what happens then."""

    def __init__(self, trouble=None):
        self.events, self.trouble = [], trouble or {}

    def open(self, header):
        self.header = header
        self.events.append("open")

    def append(self, record):
        self.events.append("point")
        if act := self.trouble.get(self.events.count("point")):
            act()

    def close(self, status, reason, snapshot):
        self.events.append((status, reason))
        self.snapshot = snapshot


def raising(error):
    def act():
        raise error

    return act


def light(station) -> bool:
    return station.backend.world.bench.light_is_on()


# -- completed --------------------------------------------------------------------------------------


def test_a_completed_run(virtual_station, tmp_path):
    notes = Notes()
    runner = Runner(virtual_station, [notes])
    states = []
    notes.trouble = {n: lambda: states.append(runner.state) for n in (1, 2, 3)}
    assert runner.state == "idle"
    outcome = runner.run(SWEEP, tmp_path / "run.h5")
    assert states == ["running"] * 3
    assert runner.state == outcome.status == "completed"
    assert (outcome.reason, outcome.points, outcome.error) == ("", 3, None)
    assert outcome.path == tmp_path / "run.h5"
    assert outcome.seconds > 10
    assert [step.problem for step in outcome.safe] == [""] * 5
    assert [step.device for step in outcome.safe] == list(virtual_station)[::-1]
    assert notes.events == ["open", "point", "point", "point", ("completed", "")]
    assert not light(virtual_station)
    assert virtual_station["laser"].current == 0


def test_the_file_holds_what_is_needed_to_repeat_the_run(virtual_station, tmp_path):
    run(SWEEP, virtual_station, tmp_path / "run.h5")
    data, facts = load(tmp_path / "run.h5"), describe(tmp_path / "run.h5")
    assert data.sizes["point"] == 3
    assert facts["parameters"] == SWEEP.parameters()
    assert (facts["procedure"], facts["status"], facts["planned"]) == ("power-sweep", "completed", 3)
    assert (facts["seed"], facts["simulated"], facts["excitation_wavelength"]) == (980, True, 980)
    assert facts["beam"]["w_x_um"] == 100
    assert facts["sample"]["id"] == "yber-micro"
    assert facts["devices"]["before"].keys() == facts["devices"]["after"].keys() == set(virtual_station)
    assert facts["devices"]["before"]["laser"]["current_limit"] == 1.5
    assert facts["software"]["antistokes"]
    assert data.attrs["signal"] == "spectrum"
    assert data.attrs["axis"] == "irradiance"
    assert np.isfinite(data["spectrum"]).all()
    assert data["irradiance"].values == pytest.approx([30, np.sqrt(9000), 300])


def test_a_run_without_file_needs_only_sinks(virtual_station):
    notes = Notes()
    outcome = run(SWEEP, virtual_station, sinks=[notes])
    assert (outcome.status, outcome.path, outcome.points) == ("completed", None, 3)
    assert notes.events.count("point") == 3


def test_nothing_of_a_run_stays_behind(tmp_path):
    """:mod:`benchmarks.soak` looks at memory, threads and files after thousands."""

    def objects_after(runs):
        for _ in range(runs):
            station = Station.load(find_station("virtual"))
            assert run(SWEEP, station, tmp_path / "run.h5").status == "completed"
            (tmp_path / "run.h5").unlink()
        del station
        gc.collect()
        # pytest keeps the records of the log
        return sum(not isinstance(one, logging.LogRecord) for one in gc.get_objects())

    objects_after(2)
    before = objects_after(1)
    assert objects_after(3) <= before + 1


def test_a_closed_station_is_opened_and_closed_again(closed_station, tmp_path):
    assert run(SWEEP, closed_station, tmp_path / "run.h5").status == "completed"
    assert not list(closed_station)


def test_an_open_station_stays_open_for_the_next_run(virtual_station, tmp_path):
    for number in (1, 2):
        assert run(SWEEP, virtual_station, tmp_path / f"{number}.h5").status == "completed"
    assert len(list(virtual_station)) == 5


# -- refused ----------------------------------------------------------------------------------------


def test_a_refused_plan_leaves_no_file_and_nothing_moved(virtual_station, tmp_path):
    notes = Notes()
    runner = Runner(virtual_station, [notes])
    virtual_station["cryostat"].setpoint = 310
    with pytest.raises(Refused, match="sample yber-micro: irradiance"):
        runner.run(TOO_BRIGHT, tmp_path / "run.h5")
    assert runner.state == "idle"
    assert not list(tmp_path.iterdir())
    assert notes.events == []
    assert virtual_station["cryostat"].control
    assert virtual_station["cryostat"].setpoint == 310
    assert not virtual_station["attenuator"].homed
    assert virtual_station.backend.world.twins["power_meter"].wavelength == 635.0


def test_a_refused_plan_leaves_a_closed_station_closed(closed_station, tmp_path):
    with pytest.raises(Refused):
        run(PowerSweep(start=0), closed_station, tmp_path / "run.h5")
    assert not list(closed_station)
    assert not list(tmp_path.iterdir())


def test_after_a_refusal_the_runner_runs(virtual_station, tmp_path):
    runner = Runner(virtual_station)
    with pytest.raises(Refused):
        runner.run(TOO_BRIGHT, tmp_path / "run.h5")
    assert runner.run(SWEEP, tmp_path / "run.h5").status == "completed"


def test_a_refusal_after_the_calibration_is_a_failed_run(make_station, tmp_path):
    # what the laser reaches is known only when it has been measured
    with make_station(current=(0, 0.2)) as station:
        outcome = run(PowerSweep(start=10, stop=1000), station, tmp_path / "run.h5")
        assert outcome.status == "failed"
        assert "laser: power on the sample at 0.2 A = 314.159" in outcome.reason
        assert isinstance(outcome.error, LimitError)
        assert not light(station)
    assert load(tmp_path / "run.h5").attrs["status"] == "failed"


def test_an_existing_file_is_neither_overwritten_nor_changed(virtual_station, tmp_path):
    path = tmp_path / "run.h5"
    path.write_text("precious")
    with pytest.raises(Refused, match=r"run\.h5: exists already; a run file is never overwritten"):
        run(SWEEP, virtual_station, path)
    assert path.read_text() == "precious"
    assert not virtual_station["attenuator"].homed


# -- stopped ----------------------------------------------------------------------------------------


def test_stop_ends_the_run_after_the_step_it_is_in(virtual_station, tmp_path):
    notes = Notes()
    runner = Runner(virtual_station, [notes])
    notes.trouble = {2: runner.stop}
    outcome = runner.run(SWEEP, tmp_path / "run.h5")
    assert (outcome.status, outcome.reason, outcome.points) == ("stopped", "stopped by the user", 2)
    assert runner.state == "stopped"
    assert load(tmp_path / "run.h5").attrs["status"] == "stopped"
    assert not light(virtual_station)


def test_stop_ends_what_a_driver_waits_for(virtual_station, monkeypatch):
    runner, laser = Runner(virtual_station), virtual_station["laser"]
    waits = []

    def forever(*_):
        waits.append(laser.clock.now())
        if len(waits) == 1:
            runner.stop()
            laser.clock.sleep(3600)
        return True

    monkeypatch.setattr(laser, "wait_for", forever)
    began = virtual_station.clock.now()
    outcome = runner.run(SWEEP)
    assert waits
    assert (outcome.status, outcome.reason) == ("stopped", "stopped by the user")
    assert virtual_station.clock.now() - began < 60
    assert not light(virtual_station)


def test_stop_may_come_from_another_thread(virtual_station):
    notes = Notes()
    runner = Runner(virtual_station, [notes])

    def stop_elsewhere():
        thread = threading.Thread(target=runner.stop)
        thread.start()
        thread.join()

    notes.trouble = {1: stop_elsewhere}
    assert runner.run(SWEEP).status == "stopped"


def test_a_stopped_runner_runs_again(virtual_station):
    notes = Notes()
    runner = Runner(virtual_station, [notes])
    notes.trouble = {1: runner.stop}
    assert runner.run(SWEEP).status == "stopped"
    notes.trouble = {}
    assert runner.run(SWEEP).status == "completed"


def when_paused(runner, act) -> threading.Thread:
    """Waits in a thread of its own until *runner* is paused, then does *act*; gives up after a while."""

    def wait():
        for _ in range(2000):
            if runner.state == "paused":
                break
            threading.Event().wait(0.002)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_paused_run_waits_in_the_dark_and_goes_on(virtual_station, tmp_path):
    seen = []
    notes = Notes()
    runner = Runner(virtual_station, [notes])
    notes.trouble = {2: runner.pause}

    def look():
        seen.extend([runner.state, light(virtual_station)])
        runner.resume()

    thread = when_paused(runner, look)
    outcome = runner.run(SWEEP, tmp_path / "run.h5")
    thread.join()
    assert seen == ["paused", False]
    assert (outcome.status, outcome.points) == ("completed", run(SWEEP, virtual_station).points)
    assert not load(tmp_path / "run.h5")["flags"].values.any()


def test_a_paused_run_can_be_stopped(virtual_station):
    notes = Notes()
    runner = Runner(virtual_station, [notes])
    notes.trouble = {2: runner.pause}
    thread = when_paused(runner, runner.stop)
    outcome = runner.run(SWEEP)
    thread.join()
    assert (outcome.status, outcome.points) == ("stopped", 2)
    assert not light(virtual_station)


@pytest.mark.skipif(not hasattr(signal, "SIGTSTP"), reason="no Ctrl-Z here")
def test_ctrl_z_pauses_and_goes_on_and_never_suspends(virtual_station, monkeypatch):
    states = []
    made = []
    init = Runner.__init__
    monkeypatch.setattr(Runner, "__init__", lambda self, *args: (made.append(self), init(self, *args))[1])
    notes = Notes({1: lambda: os.kill(os.getpid(), signal.SIGTSTP)})

    class Made:
        @property
        def state(self):
            return made[0].state if made else "idle"

    def act():
        states.append(made[0].state)
        os.kill(os.getpid(), signal.SIGTSTP)

    thread = when_paused(Made(), act)
    outcome = run(SWEEP, virtual_station, sinks=[notes])
    thread.join()
    assert states == ["paused"]
    assert outcome.status == "completed"


def test_a_run_in_a_thread(virtual_station, tmp_path):
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(run(SWEEP, virtual_station, tmp_path / "a.h5")))
    thread.start()
    thread.join()
    assert outcomes[0].status == "completed"


def test_an_interrupt_ends_the_run_as_stopped(virtual_station, tmp_path):
    notes = Notes({2: raising(KeyboardInterrupt())})
    outcome = run(SWEEP, virtual_station, tmp_path / "run.h5", [notes])
    assert (outcome.status, outcome.reason) == ("stopped", "interrupted by the user")
    assert load(tmp_path / "run.h5").attrs["status"] == "stopped"
    assert notes.events[-1] == ("stopped", "interrupted by the user")
    assert not light(virtual_station)


def test_an_interrupt_while_the_station_is_opened(closed_station, tmp_path, monkeypatch):
    monkeypatch.setattr(closed_station, "open_one", lambda name: raising(KeyboardInterrupt())())
    outcome = run(SWEEP, closed_station, tmp_path / "run.h5")
    assert outcome.status == "stopped"
    assert not list(closed_station)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_the_second_interrupts(virtual_station, number):
    notes = Notes({1: lambda: os.kill(os.getpid(), number)})
    runner = Runner(virtual_station, [notes])
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    with steered_by_signals(runner.stop, runner.pause):
        outcome = runner.run(SWEEP)
        assert (outcome.status, outcome.reason) == ("stopped", "stopped by the user")
        notes.trouble = {}
        notes.events.clear()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_no_signal_disturbs_switching_off(virtual_station, tmp_path, monkeypatch, number):
    runner = Runner(virtual_station, [Notes({2: lambda: os.kill(os.getpid(), signal.SIGINT)})])
    laser = virtual_station["laser"]
    make_safe = laser.make_safe
    # impatient people press twice
    monkeypatch.setattr(laser, "make_safe", lambda: (os.kill(os.getpid(), number), make_safe()))
    with steered_by_signals(runner.stop, runner.pause):
        outcome = runner.run(SWEEP, tmp_path / "run.h5")
    assert outcome.status == "stopped"
    assert [step.problem for step in outcome.safe] == [""] * 5
    assert load(tmp_path / "run.h5").attrs["status"] == "stopped"


def test_a_program_that_exits_leaves_a_closed_file_and_no_light(virtual_station, tmp_path):
    notes = Notes({2: raising(SystemExit(3))})
    with pytest.raises(SystemExit):
        run(SWEEP, virtual_station, tmp_path / "run.h5", [notes])
    assert not light(virtual_station)
    assert describe(tmp_path / "run.h5")["reason"] == "ended by force"
    assert notes.events[-1] == ("failed", "ended by force")


# -- failed -----------------------------------------------------------------------------------------


def test_an_unexpected_error_is_a_failed_run(virtual_station, tmp_path):
    outcome = run(
        SWEEP, virtual_station, tmp_path / "run.h5", [Notes({2: raising(ZeroDivisionError("0/0"))})]
    )
    assert (outcome.status, outcome.reason) == ("failed", "unexpected ZeroDivisionError: 0/0")
    assert isinstance(outcome.error, ZeroDivisionError)
    assert load(tmp_path / "run.h5").attrs["reason"] == outcome.reason
    assert not light(virtual_station)


def test_a_device_that_cannot_be_opened_is_named_in_the_file(closed_station, tmp_path, monkeypatch):
    open_one = closed_station.open_one

    def fail(name):
        if name == "power_meter":
            raise InstrumentError("power_meter", "nobody there")
        return open_one(name)

    monkeypatch.setattr(closed_station, "open_one", fail)
    notes = Notes()
    outcome = run(SWEEP, closed_station, tmp_path / "run.h5", [notes])
    assert (outcome.status, outcome.reason, outcome.points) == ("failed", "power_meter: nobody there", 0)
    facts = describe(tmp_path / "run.h5")
    assert (facts["status"], facts["reason"], facts["points"]) == ("failed", outcome.reason, 0)
    assert facts["parameters"] == SWEEP.parameters()
    assert notes.events == ["open", ("failed", outcome.reason)]
    assert not list(closed_station)


def test_a_failing_make_safe_is_reported_and_keeps_no_other_from_it(virtual_station, tmp_path, monkeypatch):
    monkeypatch.setattr(virtual_station["spectrometer"], "make_safe", raising(OSError("jammed")))
    outcome = run(SWEEP, virtual_station, tmp_path / "run.h5")
    assert (outcome.status, outcome.points) == ("failed", 3)
    assert outcome.reason == "spectrometer could not be made safe: OSError: jammed"
    assert [step.device for step in outcome.safe if step.problem] == ["spectrometer"]
    assert not light(virtual_station)
    assert virtual_station["laser"].current == 0
    assert load(tmp_path / "run.h5").attrs["status"] == "failed"


def test_a_failing_make_safe_does_not_hide_why_the_run_ended(virtual_station, monkeypatch):
    monkeypatch.setattr(virtual_station["cryostat"], "make_safe", raising(OSError("jammed")))
    outcome = run(SWEEP, virtual_station, sinks=[Notes({1: raising(ValueError("first"))})])
    assert outcome.reason == (
        "unexpected ValueError: first; cryostat could not be made safe: OSError: jammed"
    )


def test_settings_that_cannot_be_read_afterwards_fail_the_run_but_keep_the_data(
    virtual_station, tmp_path, monkeypatch
):
    laser = virtual_station["laser"]
    notes = Notes({3: lambda: monkeypatch.setattr(laser, "snapshot", raising(OSError("gone")))})
    outcome = run(SWEEP, virtual_station, tmp_path / "run.h5", [notes])
    assert outcome.status == "failed"
    assert "laser: its settings cannot be read: OSError: gone" in outcome.reason
    assert load(tmp_path / "run.h5").sizes["point"] == 3


def test_a_full_disk_ends_the_run_with_the_light_off(virtual_station, tmp_path, monkeypatch):
    append, count = Recorder.append, iter(range(100))

    def fail(recorder, record):
        if next(count) == 1:
            raise RunFileError(f"{recorder.path}: cannot be written: No space left on device")
        append(recorder, record)

    monkeypatch.setattr(Recorder, "append", fail)
    outcome = run(SWEEP, virtual_station, tmp_path / "run.h5")
    assert outcome.status == "failed"
    assert "No space left on device" in outcome.reason
    assert not light(virtual_station)


def test_a_recorder_that_cannot_close_fails_the_run_and_closes_the_others(
    virtual_station, tmp_path, monkeypatch
):
    close = Recorder.close

    def fail(recorder, *args):
        close(recorder, *args)
        raise RunFileError(f"{recorder.path}: cannot be written: No space left on device")

    monkeypatch.setattr(Recorder, "close", fail)
    notes = Notes()
    outcome = run(SWEEP, virtual_station, tmp_path / "run.h5", [notes])
    assert (outcome.status, outcome.points) == ("failed", 3)
    assert "No space left on device" in outcome.reason
    assert notes.events[-1] == ("completed", "")  # its own part was complete
    assert not light(virtual_station)


def test_a_folder_that_is_not_there(virtual_station, tmp_path):
    with pytest.raises(Refused, match="there is no folder"):
        run(SWEEP, virtual_station, tmp_path / "no" / "run.h5")
    assert not virtual_station["attenuator"].homed


def test_sinks_get_the_settings_before_and_after(virtual_station):
    notes = Notes()
    run(SWEEP, virtual_station, sinks=[notes])
    assert notes.header.snapshot["power_meter"]["wavelength"] == 635
    assert notes.snapshot["power_meter"]["wavelength"] == 980
    assert notes.header.planned == 3
    assert [c.name for c in notes.header.channels][:2] == ["irradiance", "direction"]


def test_a_run_that_is_to_end_after_its_point_finishes_it(virtual_station, tmp_path):
    notes = Notes()
    runner = Runner(virtual_station, [notes])
    reading = virtual_station["spectrometer"].frame
    asked = []

    def frame():
        if not asked:
            asked.append(runner.stop(after_point=True))
        return reading()

    virtual_station["spectrometer"].__dict__["frame"] = frame
    outcome = runner.run(SWEEP, tmp_path / "run.h5")
    assert (outcome.status, outcome.reason, outcome.points) == ("stopped", "stopped by the user", 1)
    assert not light(virtual_station)
    assert not load(tmp_path / "run.h5")["spectrum"].isnull().any()


def test_an_emergency_is_for_the_watchdog(virtual_station, tmp_path):
    acts = []

    class Dog:
        def start(self): ...

        def stop(self): ...

        def check(self): ...

        def act(self, reason):
            acts.append(reason)

        def watching(self, progress):
            return contextlib.nullcontext()

    virtual_station.watchdog = Dog()
    runner = Runner(virtual_station)
    runner.sinks.append(Notes({1: runner.emergency_stop}))
    assert runner.run(SWEEP, tmp_path / "run.h5").status == "stopped"
    assert acts == ["emergency stop"]
