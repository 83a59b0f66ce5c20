"""The loop: axes multiply, readings may fail, nothing moves before the check, the light goes off."""

import numpy as np
import pytest

from antistokes.instruments.clock import Stopped
from antistokes.instruments.errors import (
    BadAnswer,
    DeviceFault,
    DeviceTimeout,
    InstrumentError,
    OverRange,
    Refused,
)
from antistokes.procedures import PowerSweep, Procedure
from antistokes.procedures.channels import Channel, Flag
from antistokes.procedures.measurement import Measurement

SHORT = {"start": 10.0, "stop": 100.0, "points_per_decade": 2, "order": "up", "longest_exposure": 0.1}


class Counter:
    """An axis that counts its moves; *trouble* maps a move to what it raises."""

    def __init__(self, name, values, trouble=()):
        self.name, self.setpoints = name, np.asarray(values, float)
        self.moves, self.prepared, self.trouble = [], 0, dict(trouble)

    def bind(self, setup):
        return (Channel(self.name, coordinate=True),)

    def prepare(self):
        self.prepared += 1

    def move(self, index, record):
        self.moves.append(index)
        if error := self.trouble.pop(len(self.moves), None):
            raise error
        record[self.name] = self.setpoints[index]
        return Flag.NOT_SETTLED if self.setpoints[index] < 0 else Flag(0)


class Script:
    """A detector that does what its script says at each reading: a number, or an exception."""

    def __init__(self, name, script):
        self.name, self.script, self.readings = name, list(script), 0

    def bind(self, setup):
        return (Channel(self.name), Channel(f"{self.name}_errors")), ()

    def read(self, record):
        step = self.script[min(self.readings, len(self.script) - 1)]
        self.readings += 1
        record[self.name] = 1.0
        if isinstance(step, Exception):
            raise step
        record[self.name], record[f"{self.name}_errors"] = step, 0.1
        return Flag(0)


class Scripted(Procedure, kw_only=True):
    NAME = "scripted"

    the_axes: list = []
    the_detectors: list = []

    def check(self):
        pass

    def axes(self):
        return self.the_axes

    def detectors(self, station):
        return self.the_detectors


def measure(station, axes, detectors):
    return list(Scripted(the_axes=axes, the_detectors=detectors).measure(station))


# -- axes -------------------------------------------------------------------------------------------


def test_axes_multiply_the_last_one_fastest_and_only_what_changes_moves(virtual_station):
    slow, fast = Counter("slow", [10, 20]), Counter("fast", [1, 2, 3])
    records = measure(virtual_station, [slow, fast], [Script("value", [5.0])])
    assert [(r["slow"], r["fast"]) for r in records] == [(s, f) for s in (10, 20) for f in (1, 2, 3)]
    assert slow.moves == [0, 1]
    assert fast.moves == [0, 1, 2, 0, 1, 2]
    assert (slow.prepared, fast.prepared) == (1, 1)


def test_a_flag_of_an_axis_stays_until_it_moves_again(virtual_station):
    records = measure(virtual_station, [Counter("slow", [-1, 1]), Counter("fast", [1, 2])], [])
    assert [r["flags"] for r in records] == [Flag.NOT_SETTLED, Flag.NOT_SETTLED, 0, 0]


def test_the_number_of_points_is_known_before(virtual_station):
    procedure = Scripted(the_axes=[Counter("a", [1, 2]), Counter("b", [1, 2, 3])])
    measurement = Measurement(procedure, virtual_station)
    measurement.bind()
    assert measurement.planned == 6


def test_records_do_not_share_memory(virtual_station):
    records = list(PowerSweep(**SHORT).measure(virtual_station))
    first = records[0]["spectrum"].copy()
    records[1]["spectrum"][:] = 0
    assert (records[0]["spectrum"] == first).all()


def test_every_record_has_exactly_the_declared_channels(virtual_station):
    measurement = Measurement(PowerSweep(**SHORT, temperatures=[300, 302]), virtual_station)
    measurement.bind()
    declared = {channel.name for channel in measurement.channels} | {"flags"}
    sizes = {dimension.name: len(dimension.values) for dimension in measurement.dimensions}
    records = list(measurement.records())
    assert len(records) == measurement.planned == 6
    for record in records:
        assert record.keys() == declared
        for channel in measurement.channels:
            assert np.shape(record[channel.name]) == tuple(sizes[dim] for dim in channel.dims)


def test_without_runner_and_file_a_sweep_is_a_list(virtual_station):
    records = list(PowerSweep(**SHORT).measure(virtual_station))
    assert len(records) == 3
    assert records[0]["irradiance_mean"] == pytest.approx(10, rel=0.02)
    assert not virtual_station.backend.world.bench.light_is_on()


# -- readings that fail -----------------------------------------------------------------------------

BAD, OVER, FAULT = BadAnswer("meter", "'?'"), OverRange("meter", "too much"), DeviceFault("meter", "trip")
SILENT = DeviceTimeout("meter", "no answer to 'READ?' within 3 s")


@pytest.mark.parametrize("error", [BAD, OVER, FAULT, SILENT])
def test_a_reading_that_fails_once_is_taken_again(virtual_station, error):
    detector = Script("value", [error, 7.0])
    (record,) = measure(virtual_station, [Counter("a", [1])], [detector])
    assert (record["value"], record["flags"]) == (7.0, 0)
    assert detector.readings == 2


@pytest.mark.parametrize(
    ("error", "flags"),
    [
        (BAD, Flag.READ_FAILED),
        (FAULT, Flag.READ_FAILED),
        (OVER, Flag.READ_FAILED | Flag.OVER_RANGE),
    ],
)
def test_a_reading_that_fails_twice_is_absent_and_flagged(virtual_station, error, flags):
    detectors = [Script("value", [error, error, 7.0]), Script("other", [3.0])]
    first, second = measure(virtual_station, [Counter("a", [1, 2])], detectors)
    # not even what was written before the failure stays
    assert first == {"a": 1, "other": 3.0, "other_errors": 0.1, "flags": flags}
    assert second == {
        "a": 2,
        "value": 7.0,
        "value_errors": 0.1,
        "other": 3.0,
        "other_errors": 0.1,
        "flags": 0,
    }


def test_three_points_in_a_row_without_a_reading_end_the_run(virtual_station):
    detector = Script("value", [BAD])
    records = []
    procedure = Scripted(the_axes=[Counter("a", range(9))], the_detectors=[detector])
    with pytest.raises(InstrumentError, match="meter: no reading at 3 points in a row: ") as failure:
        records.extend(procedure.measure(virtual_station))
    assert failure.value.device == "meter"
    assert detector.readings == 6


def test_points_that_fail_now_and_then_do_not_end_the_run(virtual_station):
    detector = Script("value", [BAD, BAD, BAD, BAD, 1.0] * 5)
    records = measure(virtual_station, [Counter("a", range(15))], [detector])
    assert [r["flags"] for r in records] == [Flag.READ_FAILED, Flag.READ_FAILED, 0] * 5


def test_each_detector_has_its_own_count(virtual_station):
    one, two = Script("one", [BAD] * 4 + [1.0] * 9), Script("two", [1.0] * 2 + [BAD] * 4 + [1.0] * 9)
    records = measure(virtual_station, [Counter("a", range(5))], [one, two])
    assert [r["flags"] for r in records] == [Flag.READ_FAILED] * 4 + [0]


def test_a_detector_that_stays_silent_ends_the_run(virtual_station):
    detector = Script("value", [SILENT])
    with pytest.raises(DeviceTimeout, match="meter: no answer"):
        measure(virtual_station, [Counter("a", range(9))], [detector])
    assert detector.readings == 2


@pytest.mark.parametrize("error", [BAD, OVER, FAULT, SILENT])
def test_a_move_that_fails_once_is_made_again(virtual_station, error):
    axis = Counter("a", [1, 2, 3], {2: error})
    records = measure(virtual_station, [axis], [])
    assert [r["a"] for r in records] == [1, 2, 3]
    assert axis.moves == [0, 1, 1, 2]


def test_a_move_that_fails_twice_ends_the_run(virtual_station):
    with pytest.raises(BadAnswer, match="meter"):
        measure(virtual_station, [Counter("a", [1, 2, 3], {2: BAD, 3: BAD})], [])


def test_an_unexpected_error_is_not_tried_again(virtual_station):
    detector = Script("value", [ZeroDivisionError("oops"), 1.0])
    with pytest.raises(ZeroDivisionError):
        measure(virtual_station, [Counter("a", [1])], [detector])
    assert detector.readings == 1


def test_a_garbled_answer_during_the_calibration_does_not_end_a_sweep(virtual_station):
    twin = virtual_station.backend.world.twins["power_meter"]
    reading, count = twin.configure_and_read, iter(range(10**9))
    twin.configure_and_read = lambda *args: "#%!" if next(count) == 100 else reading(*args)
    twin._known.clear()
    assert len(list(PowerSweep(**SHORT).measure(virtual_station))) == 3


# -- silence ----------------------------------------------------------------------------------------


def silence(station, name):
    """From now on the device hears everything and answers nothing."""
    twin = station.backend.world.twins[name]
    twin.send = lambda data, delay=0.0: None
    return station[name].adapter.connection.timeout / 1000


@pytest.mark.parametrize(
    ("name", "time_outs"), [("power_meter", 2), ("attenuator", 2), ("cryostat", 2), ("laser", 4)]
)
def test_a_silent_device_ends_a_sweep_within_its_time_out(virtual_station, name, time_outs):
    records = PowerSweep(**SHORT).measure(virtual_station)
    next(records)
    timeout = silence(virtual_station, name)
    before = virtual_station.clock.now()
    with pytest.raises(InstrumentError, match=f"{name}: "):
        list(records)
    # the laser is asked twice more, when it is switched off; the rest is what the healthy devices need
    assert virtual_station.clock.now() - before < time_outs * timeout + 5.0
    assert not virtual_station.backend.world.bench.light_is_on()


# -- the light --------------------------------------------------------------------------------------


def test_a_generator_closed_early_switches_the_light_off(virtual_station):
    bench = virtual_station.backend.world.bench
    records = PowerSweep(**SHORT).measure(virtual_station)
    next(records)
    assert bench.light_is_on()
    records.close()
    assert not bench.light_is_on()


def test_an_error_in_the_loop_of_the_user_switches_the_light_off(virtual_station):
    bench = virtual_station.backend.world.bench
    records = PowerSweep(**SHORT).measure(virtual_station)
    next(records)
    with pytest.raises(ValueError, match="mine"):
        records.throw(ValueError("mine"))
    assert not bench.light_is_on()


def test_the_light_is_off_until_the_first_record_is_asked_for(virtual_station):
    now = virtual_station.clock.now()
    PowerSweep(**SHORT).measure(virtual_station)
    assert not virtual_station.backend.world.bench.light_is_on()
    assert virtual_station.clock.now() - now < 1


@pytest.mark.parametrize("moment", [5.0, 20.0, 30.0])
def test_a_wish_to_stop_is_followed_during_calibration_and_points(virtual_station, moment):
    clock = virtual_station.clock
    sweep = PowerSweep(**SHORT)
    with pytest.raises(Stopped):
        list(sweep.measure(virtual_station, lambda: clock.now() > moment))
    assert clock.now() < moment + 2
    assert not virtual_station.backend.world.bench.light_is_on()


# -- check before move ------------------------------------------------------------------------------


def settings(station):
    """What was set at all devices; readings do not count."""
    readings = {"temperature", "heater_output"}
    return {
        name: {key: value for key, value in facts.items() if key not in readings}
        for name, facts in station.snapshot().items()
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"start": 0.0},
        {"start": -1.0},
        {"start": float("nan")},
        {"stop": float("inf")},
        {"start": 200.0},
        {"points_per_decade": 0},
        {"order": "sideways"},
        {"longest_exposure": 1e6},
        {"frames": 1},
        {"temperatures": [300.0, 1e4]},
        {"stop": 1e6},
    ],
    ids=str,
)
def test_a_bad_plan_is_refused_before_anything_moves(virtual_station, changes):
    before = settings(virtual_station)
    with pytest.raises(Refused) as refusal:
        PowerSweep(**SHORT | changes).measure(virtual_station)
    assert "\n" not in str(refusal.value)
    assert settings(virtual_station) == before
    assert not virtual_station.backend.world.bench.light_is_on()


def test_an_axis_without_set_points_is_refused(virtual_station):
    with pytest.raises(Refused, match="a: 0 set-points; at least 1 is needed"):
        measure(virtual_station, [Counter("a", [])], [])


def test_nothing_is_prepared_when_a_later_part_of_the_plan_is_refused(virtual_station):
    class Refusing(Counter):
        def bind(self, setup):
            raise Refused("b: cannot")

    axis = Counter("a", [1])
    with pytest.raises(Refused, match="b: cannot"):
        measure(virtual_station, [axis, Refusing("b", [1])], [])
    assert (axis.prepared, axis.moves) == (0, [])
