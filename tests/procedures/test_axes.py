"""Axes: the order of the set-points, and a temperature that has settled when it says so."""

import numpy as np
import pytest

from antistokes.instruments.errors import LimitError
from antistokes.procedures.axes import ExcitationPower, SampleTemperature, ordered
from antistokes.procedures.channels import Flag
from antistokes.procedures.setup import Setup

VALUES = np.array([1.0, 2.0, 4.0, 8.0])


@pytest.mark.parametrize(
    ("order", "visited", "directions"),
    [
        ("up", [1, 2, 4, 8], [1, 1, 1, 1]),
        ("down", [8, 4, 2, 1], [-1, -1, -1, -1]),
        ("up_down", [1, 2, 4, 8, 8, 4, 2, 1], [1, 1, 1, 1, -1, -1, -1, -1]),
    ],
)
def test_order_and_direction_of_travel(order, visited, directions):
    values, travel = ordered(VALUES, order, 0)
    assert values.tolist() == visited
    assert travel.tolist() == directions


def test_shuffled_is_a_permutation_that_its_seed_repeats():
    values = np.geomspace(1, 100, 20)
    first, again, other = (ordered(values, "shuffled", seed)[0] for seed in (3, 3, 4))
    assert sorted(first) == values.tolist()
    assert first.tolist() == again.tolist()
    assert first.tolist() not in (values.tolist(), other.tolist())


def test_direction_of_a_shuffled_point_is_that_of_the_step_to_it():
    values, travel = ordered(np.arange(30.0), "shuffled", 7)
    assert (travel[1:] == np.sign(np.diff(values))).all()
    assert set(travel) == {1, -1}


def test_set_points_given_in_any_order_are_sorted():
    assert ExcitationPower(np.array([4.0, 1.0, 2.0]), order="down").setpoints.tolist() == [4, 2, 1]


def test_a_move_records_set_point_direction_and_where_the_devices_stand(make_station):
    with make_station() as station:
        axis = ExcitationPower(VALUES, "mW", "down")
        names = {channel.name: channel for channel in axis.bind(Setup(station))}
        assert names["power"].units == "mW"
        assert names["laser_drive"].units == "A"
        assert {n for n, channel in names.items() if channel.coordinate} == {"power", "direction"}
        axis.prepare()
        record = {}
        axis.move(1, record)
        assert record.keys() == names.keys()
        assert (record["power"], record["direction"]) == (4.0, -1)
        assert record["laser_drive"] == station["laser"].current > 0
        assert record["attenuator_position"] == pytest.approx(station["attenuator"].position, abs=0.01)


def test_irradiance_is_power_over_the_area_of_the_beam(make_station, watch):
    with make_station(radius=50) as station:
        axis = ExcitationPower(np.array([100.0]))
        assert axis.bind(Setup(station))[0].units == "W/cm^2"
        axis.prepare()
        axis.move(0, {})
        assert watch(station).power() == pytest.approx(100 * np.pi * 50e-4**2, rel=0.015)


def test_the_sample_gets_its_time_at_every_power(make_station):
    with make_station() as station:
        moments = []
        for settle in (0.0, 30.0):
            axis = ExcitationPower(np.array([100.0]), settle=settle)
            axis.bind(Setup(station))
            axis.prepare()
            before = station.clock.now()
            axis.move(0, {})
            moments.append(station.clock.now() - before)
        assert moments[1] - moments[0] == pytest.approx(30, abs=3)


# -- temperature ------------------------------------------------------------------------------------


def temperature_axis(station, values, **settings):
    axis = SampleTemperature(values, **settings)
    axis.bind(Setup(station))
    axis.prepare()
    return axis


@pytest.mark.parametrize("target", [310.0, 280.0, 150.0, 77.0, 20.0])
def test_a_settled_temperature_is_the_samples_and_stays(make_station, target):
    # the sample follows the stage 40 s late, and rests up to 0.6 K above it, because heat leaks in
    with make_station() as station:
        bench = station.backend.world.bench
        axis = temperature_axis(station, [target])
        record = {}
        assert axis.move(0, record) == Flag(0)
        assert record == {"temperature": target}
        reached = bench.sample_temperature()
        assert reached == pytest.approx(target, abs=0.2)
        station.clock.sleep(60.0)
        assert bench.sample_temperature() == pytest.approx(reached, abs=0.25)


def test_a_sample_that_follows_late_is_waited_for(make_station):
    sluggish = {"sample_J_per_K": 60.0, "link_W_per_K": 0.1}  # 10 min late
    with make_station(cryostat={"cryostat": sluggish}) as station:
        bench = station.backend.world.bench
        axis = temperature_axis(station, [320.0])
        assert axis.move(0, {}) == Flag(0)
        assert bench.thermostat.stage == pytest.approx(320, abs=0.5)
        assert bench.sample_temperature() == pytest.approx(320, abs=0.2)
        assert station.clock.now() > 1800  # the stage was there after 600 s
        station.clock.sleep(1800.0)
        assert bench.sample_temperature() == pytest.approx(320, abs=0.35)


def test_an_overshoot_is_waited_for(make_station):
    with make_station() as station:
        station["cryostat"].pid = (2.0, 200.0, 0.0)
        bench = station.backend.world.bench
        seen = []
        sleep = station.clock.sleep

        def look(seconds, should_stop=None):
            sleep(seconds, should_stop)
            seen.append(bench.thermostat.sample)

        station.clock.sleep = look
        axis = temperature_axis(station, [302.0])
        assert axis.move(0, {}) == Flag(0)
        assert max(seen) > 302.5
        assert bench.sample_temperature() == pytest.approx(302, abs=0.2)
        station.clock.sleep(600.0)
        assert bench.sample_temperature() == pytest.approx(302, abs=0.2)


def test_points_in_both_directions_settle(make_station):
    with make_station() as station:
        axis = temperature_axis(station, [295.0, 305.0, 295.0])
        for index, target in enumerate(axis.setpoints):
            assert axis.move(index, {}) == Flag(0)
            assert station.backend.world.bench.sample_temperature() == pytest.approx(target, abs=0.2)


def test_after_the_longest_wait_the_point_is_measured_and_flagged(make_station):
    with make_station() as station:
        axis = temperature_axis(station, [100.0], longest=300.0)
        before = station.clock.now()
        assert axis.move(0, {}) == Flag.NOT_SETTLED
        assert station.clock.now() - before == pytest.approx(300, abs=15)


def test_a_temperature_out_of_reach_is_flagged_and_does_not_wind_up(make_station):
    # this cryostat gets no colder than 9 K with the heater off
    with make_station() as station:
        axis = temperature_axis(station, [5.0])
        assert axis.move(0, {}) == Flag.NOT_SETTLED
        assert station["cryostat"].setpoint >= 1.4


def test_a_stop_ends_the_wait(make_station):
    from antistokes.instruments.clock import Stopped

    with make_station() as station:
        axis = SampleTemperature([100.0])
        axis.bind(Setup(station, lambda: station.clock.now() > 500))
        axis.prepare()
        with pytest.raises(Stopped):
            axis.move(0, {})
        assert station.clock.now() < 520


@pytest.mark.parametrize("value", [1.0, 500.0, float("nan")])
def test_a_temperature_outside_the_controllers_range_is_refused(make_station, value):
    with make_station() as station:
        with pytest.raises(LimitError, match=r"cryostat: setpoint = .* K is outside the allowed 1.4 to 420"):
            SampleTemperature([300.0, value]).bind(Setup(station))
        assert station["cryostat"].setpoint == 300
