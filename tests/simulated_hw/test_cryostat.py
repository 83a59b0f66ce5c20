"""The cryostat: two masses, a heater, a cooler."""

from __future__ import annotations

import time

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.simulated_hw.cryostat import Control, Cryostat, CryostatSettings

MEDIUM = Control(setpoint=300.0, full_power=10.0)


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def cryostat(clock):
    return Cryostat(clock, CryostatSettings(), MEDIUM)


def test_it_begins_in_equilibrium(clock, cryostat):
    clock.sleep(1e6)
    assert cryostat.sample_temperature() == 300.0
    assert cryostat.stage == pytest.approx(300.0, abs=1e-9)


def test_a_temperature_that_is_not_the_surroundings_is_also_an_equilibrium(clock):
    cryostat = Cryostat(clock, CryostatSettings(start_K=77.0), Control(setpoint=77.0, full_power=10.0))
    before = cryostat.sample_temperature()
    clock.sleep(7200)
    assert cryostat.sample_temperature() == pytest.approx(before, abs=1e-6)
    assert before == pytest.approx(77.0 + (300 - 77) * 4e-4 / 0.2004, abs=1e-9)


def test_how_often_it_is_asked_does_not_change_the_temperature():
    histories = []
    for pause in (0.1, 7.3, 600.0):
        clock = VirtualClock()
        cryostat = Cryostat(clock, CryostatSettings(), MEDIUM)
        for until, changes in (
            (60.07, {"setpoint": 250.0}),
            (1200.0, {"rate": 0.1, "setpoint": 260.0}),
            (3000.0, {}),
        ):
            while clock.now() < until - 1e-9:
                clock.sleep(min(pause, until - clock.now()))
                cryostat.advance()
            cryostat.adjust(**changes)
        histories.append((cryostat.stage, cryostat.sample, cryostat.percent))
    assert histories[0] == histories[1] == histories[2]


def test_cooling_overshoots_and_the_sample_follows_late(clock, cryostat):
    cryostat.adjust(setpoint=250.0)
    stage, sample = [], []
    for _ in range(3600):
        clock.sleep(1)
        cryostat.advance()
        stage.append(cryostat.stage)
        sample.append(cryostat.sample)
    assert 0.1 < 250 - min(stage) < 3
    assert stage[-1] == pytest.approx(250, abs=1e-3)
    reached = [next(i for i, value in enumerate(each) if value < 255) for each in (stage, sample)]
    assert 20 < reached[1] - reached[0] < 100


def test_the_heaters_range_limits_how_warm_it_gets(clock, cryostat):
    cryostat.adjust(setpoint=420.0, full_power=1.0)
    clock.sleep(86400)
    assert cryostat.sample_temperature() < 60
    assert cryostat.percent == 100
    cryostat.adjust(full_power=100.0)
    clock.sleep(7200)
    cryostat.advance()
    assert cryostat.stage == pytest.approx(420, abs=0.01)


def test_without_heater_it_goes_to_its_base_temperature(clock, cryostat):
    cryostat.adjust(full_power=0.0)
    clock.sleep(86400)
    assert 8 < cryostat.sample_temperature() < 10


def test_a_ramp_is_followed(clock, cryostat):
    cryostat.adjust(rate=2 / 60, setpoint=320.0)
    clock.sleep(300)
    cryostat.advance()
    assert cryostat.aim == pytest.approx(310.0)
    assert cryostat.stage == pytest.approx(310.0, abs=0.5)
    clock.sleep(1800)
    cryostat.advance()
    assert cryostat.aim == 320.0
    assert cryostat.stage == pytest.approx(320.0, abs=0.01)


def test_above_the_limit_the_heater_trips_until_it_is_adjusted(clock, cryostat):
    cryostat.adjust(full_power=100.0, setpoint=400.0, limit=350.0)
    clock.sleep(3600)
    cryostat.advance()
    assert cryostat.tripped
    assert cryostat.stage < 200
    cryostat.adjust(setpoint=100.0)
    assert not cryostat.tripped


def test_control_on_the_sample_brings_the_sample_to_the_setpoint(clock, cryostat):
    cryostat.adjust(on_sample=True, setpoint=280.0, p=20.0, i=5.0)
    clock.sleep(7200)
    assert cryostat.sample_temperature() == pytest.approx(280.0, abs=0.01)
    assert cryostat.stage < 280


def test_an_hour_costs_little(clock, cryostat):
    def cost() -> float:
        cryostat.adjust(rate=1e-4, setpoint=cryostat.control.setpoint + 1)  # never steady
        clock.sleep(3600)
        start = time.perf_counter()
        cryostat.advance()
        return time.perf_counter() - start

    assert min(cost() for _ in range(5)) < 0.05


def test_what_was_set_holds_until_it_is_changed_even_if_nobody_looked(clock, cryostat):
    cryostat.adjust(full_power=0.0)
    clock.sleep(600)
    cryostat.adjust(full_power=10.0)
    assert cryostat.stage < 250
