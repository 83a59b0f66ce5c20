"""How long a run will still take."""

import pytest

from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run
from antistokes.procedures.estimate import Estimate, expected_times
from antistokes.simulated_hw.stations import find_station

SWEEP = PowerSweep(start=30, stop=300, points_per_decade=2, order="up", longest_exposure=0.01, frames=2)


def test_without_a_rehearsal_all_points_are_alike():
    estimate = Estimate(4)
    assert estimate.left(0, 10.0) is None
    assert estimate.left(1, 10.0) == 30.0
    assert estimate.left(5, 10.0) == 0.0


def test_what_is_expected_is_corrected_by_what_was_measured():
    estimate = Estimate(3)
    estimate.expected = [100.0, 110.0, 310.0]
    assert estimate.left(0, 40.0) == 270.0
    assert estimate.left(0, 400.0) == 0.0
    assert estimate.left(1, 150.0) == pytest.approx(1.5 * 210)
    assert estimate.left(2, 110.0) == pytest.approx(200)
    assert estimate.left(3, 320.0) == 0.0


def test_a_rehearsal_expects_what_the_run_takes():
    def twins() -> Station:
        return Station.load(find_station("virtual"), seed=4)

    times = expected_times(SWEEP, twins())
    outcome = run(SWEEP, Station.load(find_station("virtual"), seed=5))
    assert len(times) == outcome.points
    assert times[-1] == pytest.approx(outcome.seconds, rel=0.05)
