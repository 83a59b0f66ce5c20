"""Rules of the station file: when they act, what is left behind, and which are refused."""

import re
from contextlib import nullcontext

import numpy as np
import pytest

from antistokes.analysis import describe, load, load_monitors
from antistokes.instruments import Station
from antistokes.instruments.errors import DeviceTimeout, FileRefused, InterlockBroken
from antistokes.instruments.interlock import InterlockEntry
from antistokes.instruments.stationfile import MonitorEntry
from antistokes.procedures import PowerSweep, run
from antistokes.procedures.axes.elapsed_time import ElapsedTime
from antistokes.procedures.problems import Problems
from antistokes.procedures.sequence import Sequence
from antistokes.procedures.setup import Setup
from antistokes.procedures.spectrum import Spectrum

SWEEP = PowerSweep(start=30, stop=300, points_per_decade=2, order="up", longest_exposure=0.01, frames=2)
WAITING = Sequence([ElapsedTime([0, 600, 700])], [Spectrum(longest_exposure=0.01, frames=2)])
WARM = "cryostat.temperature > 320 K"


def rule(station, when=WARM, do="emission off", **times) -> None:
    station.interlocks["warm"] = InterlockEntry(when=when, do=do, **times)


@pytest.fixture
def warms(virtual_station, monkeypatch):
    """``warms(begin, end)``: the cryostat reads 330 K meanwhile, or what it is told; s of the run's clock."""

    def between(begin, end, kelvin=330.0):
        def read(self):
            if not begin <= virtual_station.clock.now() < end:
                return 300.0
            if isinstance(kelvin, Exception):
                raise kelvin
            return kelvin

        monkeypatch.setattr(type(virtual_station["cryostat"]), "temperature", property(read))

    return between


def logged(path) -> list[str]:
    return [line for _, _, line in describe(path, 1000)["log"] if "interlock" in line]


# -- when they act ----------------------------------------------------------------------------------


@pytest.mark.parametrize("do", ["emission off", "stop"])
def test_a_broken_rule_ends_the_run_after_its_grace(virtual_station, tmp_path, warms, do):
    rule(virtual_station, do=do, grace_s=5)
    warms(200, 1e9)
    outcome = run(WAITING, virtual_station, tmp_path / "run.h5")
    told = f"interlock 'warm' ({WARM}): temperature is 330 K"
    assert (outcome.status, outcome.reason, outcome.points) == ("failed", f"{told}: {do}", 1)
    assert isinstance(outcome.error, InterlockBroken)
    assert not virtual_station.backend.world.bench.light_is_on()
    readings = load_monitors(tmp_path / "run.h5")["warm"]
    assert np.isclose(readings.values, 330).sum() == 6  # every second for 5 s
    assert np.diff(readings.time)[-6:] == pytest.approx(1, abs=0.2)
    assert readings.attrs == {"units": "K", "long_name": f"cryostat.temperature, every 1 s; {WARM}: {do}"}
    assert logged(tmp_path / "run.h5")[0] == f"{told}; {do} in 5 s"


def test_what_is_over_within_its_grace_ends_no_run(virtual_station, tmp_path, warms):
    rule(virtual_station, grace_s=5)
    warms(200, 204)
    assert run(WAITING, virtual_station, tmp_path / "run.h5").status == "completed"
    began, over = logged(tmp_path / "run.h5")
    assert "is 330 K; emission off in 5 s" in began
    assert "is 300 K; it is allowed again" in over


def test_the_grace_is_kept_to_between_two_readings(virtual_station, tmp_path, warms):
    rule(virtual_station, grace_s=3, every_s=60)
    warms(200, 1e9)
    run(WAITING, virtual_station, tmp_path / "run.h5")
    assert np.diff(load_monitors(tmp_path / "run.h5")["warm"].time)[-1] == pytest.approx(3, abs=0.2)


def test_no_reading_for_longer_than_its_grace_counts_as_broken(virtual_station, tmp_path, warms):
    rule(virtual_station, grace_s=5)
    warms(200, 204, DeviceTimeout("cryostat", "no answer"))
    assert run(WAITING, virtual_station).status == "completed"
    now = virtual_station.clock.now()
    warms(now + 200, 1e9, DeviceTimeout("cryostat", "no answer"))
    outcome = run(WAITING, virtual_station, tmp_path / "run.h5")
    assert outcome.reason == f"interlock 'warm' ({WARM}): temperature cannot be read: emission off"
    assert logged(tmp_path / "run.h5")[0] == "interlock 'warm': NaN from now on: cryostat: no answer"


def test_a_pause_is_dark_and_ends_by_itself(virtual_station, tmp_path, warms):
    rule(virtual_station, do="pause", grace_s=5)
    warms(595, 900)
    seen = []
    bench = virtual_station.backend.world.bench
    read = type(virtual_station["cryostat"]).temperature.fget

    def looked(self):
        seen.append((read(self), bench.light_is_on()))
        return seen[-1][0]

    type(virtual_station["cryostat"]).temperature = property(looked)
    outcome = run(WAITING, virtual_station, tmp_path / "run.h5")
    assert (outcome.status, outcome.points) == ("completed", 3)
    assert sum(kelvin == 330 for kelvin, _ in seen) > 290
    assert not any(lit for kelvin, lit in seen[-250:] if kelvin == 330)
    assert any(lit for _, lit in seen)
    data = load(tmp_path / "run.h5")
    assert 905 < data["time"].values[-1] < 912
    assert data["spectrum"].values[-1].max() > 0.5 * data["spectrum"].values[0].max()  # lit again


def test_a_pause_that_nobody_will_end_is_told(virtual_station, warms):
    rule(virtual_station, do="pause")
    warms(0, 1e9)
    outcome = run(SWEEP, virtual_station)
    assert (outcome.status, outcome.points) == ("failed", 0)
    assert outcome.reason == f"interlock 'warm' ({WARM}): temperature is 330 K: it would pause for ever"


def test_a_rule_that_is_broken_at_the_beginning_lets_no_light_on(virtual_station, watch, warms):
    eye = watch(virtual_station)
    rule(virtual_station)
    warms(0, 1e9)
    outcome = run(SWEEP, virtual_station)
    assert (outcome.status, outcome.points, eye.most) == ("failed", 0, 0)


def test_a_rule_about_true_and_false(virtual_station):
    rule(virtual_station, "laser.emission is true", "stop", every_s=0.1)
    outcome = run(SWEEP, virtual_station)
    told = "interlock 'warm' (laser.emission is true): emission is true: stop"
    assert (outcome.reason, outcome.points) == (told, 0)


def test_without_a_runner_rules_hold_as_well(virtual_station, warms):
    rule(virtual_station)
    warms(10, 1e9)
    with pytest.raises(InterlockBroken, match="temperature is 330 K"):
        list(SWEEP.measure(virtual_station))
    assert not virtual_station.backend.world.bench.light_is_on()


@pytest.mark.parametrize(
    ("when", "kelvin", "ends"),
    [
        ("cryostat.temperature > 46.86 degC", 320.0, False),
        ("cryostat.temperature>46.84 degC", 320.0, True),
        ("cryostat.temperature >= 3.2e5 mK", 320.0, True),
        ("cryostat.temperature > 3.2e5 mK", 320.0, False),
        ("cryostat.temperature < 310K", 309.0, True),
        ("cryostat.temperature <= 310 K", 310.0, True),
        ("cryostat.temperature < -10 degC", 264.0, False),
    ],
)
def test_operators_and_units(virtual_station, warms, when, kelvin, ends):
    rule(virtual_station, when)
    warms(0, 1e9, kelvin)
    monitors = Setup(virtual_station).monitors
    monitors.bind(Problems())
    with pytest.raises(InterlockBroken) if ends else nullcontext():
        monitors.begin(lambda name, value: None)


# -- which are refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ('when = "cryo.temperature > 320 K", do = "stop"', "no instrument 'cryo'; did you mean 'cryostat'"),
        ('when = "cryostat.temperature == 320 K", do = "stop"', "there is no operator '=='"),
        ('when = "cryostat.temperature above 320 K", do = "stop"', "there is no operator 'above'"),
        ('when = "cryostat.temperature", do = "stop"', "'cryostat.temperature'; must be INSTRUMENT"),
        ('when = "temperature > 320 K", do = "stop"', "must be INSTRUMENT.QUANTITY"),
        ('when = "cryostat.temperature > K", do = "stop"', "'K' is no number with its unit"),
        ('when = "cryostat.temperature > 1e999 K", do = "stop"', "'1e999 K' is no number"),
        ('when = "cryostat.temperature > 300 + 20 K", do = "stop"', None),
        ('when = "laser.emission is on", do = "stop"', "'is' takes true or false"),
        ('when = "__import__(\'os\').getpid() > 1", do = "stop"', "must be INSTRUMENT.QUANTITY"),
        (f'when = "{WARM}", do = "beep"', "do: is 'beep'; must be one of 'emission off', 'pause', 'stop'"),
        (f'when = "{WARM}", do = "stop", grace_s = -1', "grace_s: is -1"),
        (f'when = "{WARM}"', "do: is missing"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_key(station_file, tmp_path, entry, message):
    path = station_file(extra=f"[interlocks]\nwarm = {{ {entry} }}")
    if message is None:  # what only pint can tell
        with Station.load(path) as station, pytest.raises(FileRefused, match=r"interlocks\.warm\.when"):
            run(SWEEP, station, tmp_path / "run.h5")
        return
    with pytest.raises(FileRefused, match=rf"interlocks\.warm.*{re.escape(message)}"):
        Station.load(path)


@pytest.mark.parametrize("name", ["cold", '"a/b"'])
def test_a_name_that_cannot_be_recorded_is_refused(station_file, name):
    monitors = '[monitors]\ncold = { of = "cryostat.temperature" }\n'
    path = station_file(extra=f'{monitors}[interlocks]\n{name} = {{ when = "{WARM}", do = "stop" }}')
    with pytest.raises(FileRefused, match=r"interlocks\.(cold|a/b): is "):
        Station.load(path)


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("cryostat.temperatur > 320 K", "cryostat has no 'temperatur'; did you mean 'temperature'"),
        ("cryostat.temperature > 320 V", "is in K, which 'V' is not"),
        ("cryostat.temperature > 320 fish", "is in K, which 'fish' is not"),
        ("cryostat.temperature > 320", "is in K; takes a unit, such as '320 K'"),
        ("cryostat.heater_output > 50 %", "the unit of cryostat.heater_output is not known"),
        ("cryostat.temperature is true", "is a number, not true or false"),
        ("laser.emission > 0", "laser.emission is true or false"),
        ("cryostat.range > 1", "cryostat.range is 'medium'; must be a number"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused_before_anything_moves(virtual_station, tmp_path, when, message):
    rule(virtual_station, when)
    with pytest.raises(FileRefused, match=rf"interlocks\.warm\.when: is '{when}'; .*{message}"):
        run(SWEEP, virtual_station, tmp_path / "run.h5")
    assert not (tmp_path / "run.h5").exists()
    virtual_station.interlocks.clear()
    virtual_station.monitors["warm"] = MonitorEntry(of="cryostat.temperature")
    rule(virtual_station)
    with pytest.raises(FileRefused, match=r"interlocks\.warm: is the name of a monitor, too"):
        run(SWEEP, virtual_station)
