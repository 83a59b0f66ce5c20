"""What is recorded beside a run: when it is read, what becomes of it, what it must not disturb."""

import numpy as np
import pytest

from antistokes.analysis import describe, load, load_monitors
from antistokes.instruments import Station
from antistokes.instruments.errors import DeviceTimeout, FileRefused, PlanRefused, Refused
from antistokes.instruments.stationfile import MonitorEntry
from antistokes.procedures import PowerSweep, run
from antistokes.procedures.axes.elapsed_time import ElapsedTime
from antistokes.procedures.problems import Problems
from antistokes.procedures.sequence import Sequence
from antistokes.procedures.setup import Setup
from antistokes.procedures.spectrum import Spectrum
from antistokes.simulated_hw.stations import find_station

SWEEP = PowerSweep(start=30, stop=300, points_per_decade=2, order="up", longest_exposure=0.01, frames=2)
WAITING = Sequence([ElapsedTime([0, 600])], [Spectrum(longest_exposure=0.01, frames=2)])


@pytest.fixture
def cold(virtual_station):
    """The virtual station, whose cryostat is read every 10 s."""
    virtual_station.monitors["cold"] = MonitorEntry(of="cryostat.temperature", every_s=10)
    return virtual_station


def test_a_monitor_is_read_while_the_run_waits(cold, tmp_path):
    outcome = run(WAITING, cold, tmp_path / "run.h5")
    temperature = load_monitors(tmp_path / "run.h5")["cold"]
    assert len(temperature) == pytest.approx(outcome.seconds / 10, abs=2)
    assert np.diff(temperature.time) == pytest.approx(10, abs=1.0)
    assert temperature.values == pytest.approx(300, abs=0.1)
    assert temperature.attrs == {"units": "K", "long_name": "cryostat.temperature, every 10 s"}
    assert describe(tmp_path / "run.h5")["monitors"]["cold"]["readings"] == len(temperature)


def test_a_run_with_monitors_waits_no_longer(cold, tmp_path):
    run(WAITING, cold, tmp_path / "run.h5")
    assert load(tmp_path / "run.h5")["elapsed_measured"].values == pytest.approx([0, 600], abs=0.1)


def test_what_the_run_had_no_time_for_is_read_once(virtual_station):
    virtual_station.monitors["cold"] = MonitorEntry(of="cryostat.temperature", every_s=10)
    setup, seen = Setup(virtual_station), []
    setup.monitors.bind(Problems())
    setup.monitors.begin(lambda name, value: seen.append(virtual_station.clock.now()))
    for seconds in (0, 1, 95, 2, 3):  # an exposure that nothing can interrupt is 95 s long
        virtual_station.clock.sleep(seconds)
        setup.step()
    assert np.array(seen) - seen[0] == pytest.approx([0, 96, 101], abs=0.2)


def test_two_runs_with_monitors_are_equal_to_the_byte(tmp_path):
    for name in ("one.h5", "two.h5"):
        with Station.load(find_station("virtual")) as station:
            station.monitors["cold"] = MonitorEntry(of="cryostat.temperature", every_s=1)
            station.monitors["pump"] = MonitorEntry(of="power_meter.power", every_s=0.1)
            run(SWEEP, station, tmp_path / name)
    assert len(load_monitors(tmp_path / "one.h5")["pump"]) > 100
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_what_cannot_be_read_is_nan_and_one_line_and_ends_no_run(cold, tmp_path, monkeypatch):
    cryostat = type(cold["cryostat"])
    read = cryostat.temperature.fget

    def silent(self):
        if 200 < self.clock.now() < 400:
            raise DeviceTimeout("cryostat", "no answer")
        return read(self)

    monkeypatch.setattr(cryostat, "temperature", property(silent))
    assert run(WAITING, cold, tmp_path / "run.h5").status == "completed"
    temperature = load_monitors(tmp_path / "run.h5")["cold"]
    missing = np.isnan(temperature.values)
    assert missing.sum() == pytest.approx(20, abs=1)
    assert np.ptp(np.flatnonzero(missing)) == missing.sum() - 1
    assert temperature.values[-1] == pytest.approx(300, abs=0.1)
    lines = [line for _, _, line in describe(tmp_path / "run.h5", 1000)["log"] if "monitor" in line]
    assert lines == [
        "monitor 'cold': NaN from now on: cryostat: no answer",
        "monitor 'cold': is read again",
    ]


@pytest.mark.parametrize(
    ("of", "message"),
    [
        ("cryostat.temperatur", "cryostat has no 'temperatur'; did you mean 'temperature'"),
        ("cryo.temperature", "instrument 'cryo' is not in it; did you mean 'cryostat'"),
        ("cryostat.range", "cryostat.range is 'medium'; must be a number"),
        ("spectrometer.frame", "spectrometer.frame is an action; must be a number"),
    ],
)
def test_what_is_no_number_is_refused_before_anything_moves(virtual_station, tmp_path, of, message):
    virtual_station.monitors["it"] = MonitorEntry(of=of)
    with pytest.raises(Refused, match=f"monitor 'it': .*{message}"):
        run(SWEEP, virtual_station, tmp_path / "run.h5")
    assert not (tmp_path / "run.h5").exists()


def test_refused_monitors_are_told_with_all_that_is_wrong(virtual_station):
    virtual_station.monitors["it"] = MonitorEntry(of="cryostat.nothing")
    with pytest.raises(PlanRefused, match=r"(?s)2 problems.*max_irradiance|irradiance.*monitor 'it'"):
        run(PowerSweep(start=30, stop=3e6), virtual_station)


def test_units_are_those_of_the_quantity(virtual_station):
    virtual_station.monitors |= {
        of: MonitorEntry(of=of)
        for of in ("cryostat.temperature", "power_meter.power", "laser.drive", "attenuator.position")
    } | {"heat": MonitorEntry(of="cryostat.heater_output", unit="%")}
    monitors = Setup(virtual_station).monitors
    monitors.bind(Problems())
    assert [channel.units for channel in monitors.channels] == ["K", "W", "A", "deg", "%"]


def test_the_station_file_names_monitors(tmp_path):
    text = find_station("virtual").read_text(encoding="utf-8")
    path = tmp_path / "lab.toml"
    path.write_text(text + '\n[monitors]\ncold = { of = "cryostat.temperature", every_s = 2 }\n')
    assert Station.load(path).monitors["cold"] == MonitorEntry(of="cryostat.temperature", every_s=2)
    path.write_text(text + '\n[monitors]\ncold = { of = "cryo.temperature" }\n')
    with pytest.raises(FileRefused, match=r"monitors\.cold\.of: .* did you mean 'cryostat'"):
        Station.load(path)
    path.write_text(text + '\n[monitors]\ncold = { of = "cryostat.temperature", every_s = 0 }\n')
    with pytest.raises(FileRefused, match=r"monitors\.cold\.every_s"):
        Station.load(path)
