"""What a power sweep does by itself against drift, dose and memory."""

import numpy as np
import pytest

from antistokes.procedures import PowerSweep
from antistokes.procedures.axes import ExcitationPower, Referenced
from antistokes.procedures.channels import Flag
from antistokes.procedures.detectors import PumpPower, PumpPowerAfter
from antistokes.procedures.dose import Dose
from antistokes.procedures.measurement import Measurement
from antistokes.procedures.setup import Setup

SHORT = {"start": 10.0, "stop": 100.0, "points_per_decade": 4, "order": "up", "longest_exposure": 0.1}


def records_of(sweep, station):
    measurement = Measurement(sweep, station)
    measurement.bind()
    return list(measurement.records()), {channel.name for channel in measurement.channels}


# -- reference points -------------------------------------------------------------------------------


def test_the_reference_is_visited_before_between_and_after():
    powers = ExcitationPower(np.geomspace(1, 100, 5), order="up_down")
    axis = Referenced(powers, every=4)
    assert axis.setpoints[axis.references].tolist() == pytest.approx([10] * 4)
    assert np.flatnonzero(axis.references).tolist() == [0, 5, 10, 13]
    assert axis.setpoints[~axis.references].tolist() == powers.setpoints.tolist()


def test_reference_points_are_marked_and_only_where_they_are_used(virtual_station):
    records, channels = records_of(PowerSweep(**SHORT, reference_every=3), virtual_station)
    assert [record["reference"] for record in records] == [1, 0, 0, 0, 1, 0, 0, 1]
    assert [record["direction"] for record in records] == [0, 1, 1, 1, 0, 1, 1, 0]
    assert "reference" in channels
    records, channels = records_of(PowerSweep(**SHORT), virtual_station)
    assert "reference" not in channels | records[0].keys()


# -- dark between -----------------------------------------------------------------------------------


def test_the_sample_rests_in_the_dark_and_never_sees_more_than_its_point(virtual_station, watch):
    eye, clock = watch(virtual_station), virtual_station.clock
    sleep, dark = clock.sleep, []

    def seen(seconds, should_stop=None):
        if seconds == 7.0:
            dark.append(eye.power())
            sleep(seconds, should_stop)
            eye.most = 0.0  # from here on, until the point has been measured
        else:
            sleep(seconds, should_stop)

    clock.sleep = seen
    measurement = Measurement(PowerSweep(**SHORT | {"order": "down"}, dark_between=7.0), virtual_station)
    measurement.bind()
    for record in measurement.records():
        assert eye.most == pytest.approx(record["pump_power"], rel=0.1)
    assert dark == [0.0] * 5


# -- dose -------------------------------------------------------------------------------------------


class Clock:
    time = 0.0

    def now(self) -> float:
        return self.time


def test_the_dose_is_power_times_time_lit():
    clock = Clock()
    dose = Dose(clock)
    clock.time = 10.0
    dose.light(True)  # how bright is not known before it is measured
    clock.time = 12.0
    dose.measured(3.0)
    assert dose.energy() == pytest.approx(6.0)
    clock.time = 15.0
    assert dose.energy() == pytest.approx(15.0)
    dose.turned()
    clock.time = 16.0
    dose.measured(5.0)
    assert dose.energy() == pytest.approx(20.0)
    dose.light(False)
    clock.time = 100.0
    dose.turned()
    dose.measured(1e-9)  # the background of the meter
    assert dose.energy() == pytest.approx(20.0)
    clock.time = 150.0
    dose.light(True)
    clock.time = 151.0
    dose.measured(5.0)
    assert dose.energy() == pytest.approx(25.0)


def test_the_dose_in_the_file_is_that_of_the_sample(virtual_station, watch):
    eye, clock = watch(virtual_station), virtual_station.clock
    sleep, energy = clock.sleep, [0.0]

    def integrating(seconds, should_stop=None):
        before = eye.power(), clock.now()
        sleep(seconds, should_stop)
        energy[0] += (before[0] + eye.power()) / 2 * (clock.now() - before[1])

    clock.sleep = integrating
    setup, detector, record = Setup(virtual_station), PumpPower(), {}
    detector.bind(setup)
    setup.excitation.check(1e-3, 1e-1)
    setup.excitation.calibrate()
    for power in (1e-3, 1e-1, 1e-2):
        setup.excitation.set_power(power)
        clock.sleep(20.0)
        with setup.excitation.blocked():
            clock.sleep(50.0)
        detector.read(record)
        assert record["dose"] == pytest.approx(energy[0] / virtual_station.beam.area_cm2, rel=0.05)


# -- power before and after -------------------------------------------------------------------------


def test_the_power_is_read_again_after_the_other_detectors(virtual_station):
    records, _ = records_of(PowerSweep(**SHORT), virtual_station)
    for record in records:
        assert record["pump_power_after"] == pytest.approx(record["pump_power"], rel=0.01)
        assert not record["flags"] & Flag.DRIFTED


@pytest.mark.parametrize(("factor", "flag"), [(1.05, Flag.DRIFTED), (0.95, Flag.DRIFTED), (1.01, Flag(0))])
def test_a_power_that_changes_during_a_point_is_flagged(make_station, factor, flag):
    with make_station() as station:
        setup = Setup(station)
        before, after = PumpPower(), PumpPowerAfter(tolerance=0.02)
        before.bind(setup)
        after.bind(setup)
        setup.excitation.check(1e-3, 2e-2)
        setup.excitation.calibrate()
        setup.excitation.set_power(1e-2)
        record = {}
        before.read(record)
        setup.excitation.set_power(1e-2 * factor, 1e-3)
        assert after.read(record) == flag


def test_noise_of_the_meter_is_no_drift(make_station):
    """At 20 nW on the meter two readings differ by more than the tolerance."""
    with make_station(meter={"floor_W": 1e-9}) as station:
        setup = Setup(station)
        before, after = PumpPower(1), PumpPowerAfter(1)
        before.bind(setup)
        after.bind(setup)
        setup.excitation.check(1.8e-7, 1e-3)
        setup.excitation.calibrate()
        setup.excitation.set_power(1.8e-7)
        flags = []
        for _ in range(40):
            record = {}
            before.read(record)
            flags.append(after.read(record))
        assert flags.count(Flag.DRIFTED) <= 2
