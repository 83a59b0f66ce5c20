"""Exponential decays under a periodic pump, against closed forms."""

import numpy as np
import pytest

from antistokes.simulated_hw.samples.first_order import periodic_emission
from antistokes.simulated_hw.waveform import Waveform, pulse_times

WIDTH, PERIOD = 1e-6, 1e-5
TIMES = pulse_times(WIDTH, PERIOD)


@pytest.mark.parametrize("lifetime", [1e-8, 1e-6, 1e-4, 10.0])
def test_mean_over_a_period_is_the_mean_pump(lifetime):
    emission = periodic_emission([10.0, 3.0], [1.0, 3.0], WIDTH, TIMES, [lifetime], [1.0])
    assert Waveform(TIMES, emission[0]).mean == pytest.approx(1.9, rel=1e-4)
    assert emission[1] == pytest.approx(3.0, rel=1e-12)


def test_after_the_pulse_it_decays_with_its_lifetime():
    emission = periodic_emission([1.0], [0.0], WIDTH, TIMES, [1e-6], [1.0])[0]
    tail = TIMES >= WIDTH
    assert -1 / np.polyfit(TIMES[tail], np.log(emission[tail]), 1)[0] == pytest.approx(1e-6, rel=1e-9)


def test_period_closes_and_rises_exponentially():
    lifetime = 4e-6
    emission = periodic_emission([2.0], [0.5], WIDTH, TIMES, [lifetime], [1.0])[0]
    assert emission[0] == pytest.approx(emission[-1], rel=1e-12)
    at_end = emission[np.searchsorted(TIMES, WIDTH)]
    assert at_end == pytest.approx(2 + (emission[0] - 2) * np.exp(-WIDTH / lifetime), rel=1e-12)


def test_lifetimes_share_the_photons():
    both = periodic_emission([1.0], [0.0], WIDTH, TIMES, [1e-7, 3e-6], [0.25, 0.5])
    fast = periodic_emission([1.0], [0.0], WIDTH, TIMES, [1e-7], [0.25])
    slow = periodic_emission([1.0], [0.0], WIDTH, TIMES, [3e-6], [0.5])
    assert both == pytest.approx(fast + slow, rel=1e-12)


def test_shares_that_leave_some_out_scale_the_light():
    some = periodic_emission([3.0], [1.0], WIDTH, TIMES, [1e-6], [0.5])
    assert some == pytest.approx(0.5 * periodic_emission([3.0], [1.0], WIDTH, TIMES, [1e-6], [1.0]))


def test_light_far_faster_or_slower_than_the_pump():
    fast = periodic_emission([5.0], [1.0], WIDTH, TIMES, [1e-18], [1.0])[0]
    assert fast[1:] == pytest.approx(np.where(TIMES <= WIDTH, 5.0, 1.0)[1:])
    slow = periodic_emission([5.0], [1.0], WIDTH, TIMES, [1e3], [1.0])[0]
    assert slow == pytest.approx(1.4, rel=1e-6)


def test_pump_that_is_always_on():
    assert periodic_emission([5.0], [1.0], PERIOD, np.linspace(0, PERIOD, 5), 1e-6, 1.0) == pytest.approx(5.0)


def test_lifetime_of_zero_is_refused():
    with pytest.raises(ValueError, match="lifetime"):
        periodic_emission([1.0], [0.0], WIDTH, TIMES, [0.0], [1.0])
