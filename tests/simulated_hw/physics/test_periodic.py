"""Periodic populations against a closed form and against the general integrator."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics import periodic as periodic_states
from antistokes.simulated_hw.physics.convergence import ConvergenceError
from antistokes.simulated_hw.physics.periodic import periodic
from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, photons
from antistokes.simulated_hw.physics.rate_equations import RateEquations
from antistokes.simulated_hw.samples.sample import Sample
from antistokes.simulated_hw.waveform import pulse_times

_RATE = 1e3


def two_levels() -> RateEquations:
    ion = Ion(1.0, ("X:0", "X:1"))
    return RateEquations([ion], [Decay("X:1", "X:0", _RATE)], [], [Pump("X:0", "X:1", 980.0, 1e-20, 0.0)])


@pytest.mark.parametrize(("width", "period"), [(1e-3, 2e-3), (1e-5, 1e-4), (5e-3, 2e-2)])
def test_two_levels_rise_and_decay_as_they_must(width: float, period: float) -> None:
    times = pulse_times(width, period)
    irradiance = np.array([1.0, 100.0, 1e5])
    pump = 1e-20 * photons(irradiance, 980.0)
    rise, level = pump + _RATE, pump / (pump + _RATE)
    up, down = np.exp(-rise * width), np.exp(-_RATE * (period - width))
    start = level * (1 - up) * down / (1 - up * down)
    found = periodic(two_levels(), irradiance, 0 * irradiance, width, times)[:, :, 1]
    for i in range(len(irradiance)):
        on = level[i] + (start[i] - level[i]) * np.exp(-rise[i] * np.minimum(times, width))
        expected = on * np.exp(-_RATE * np.maximum(times - width, 0))
        assert found[i] == pytest.approx(expected, rel=1e-3, abs=1e-5 * expected.max())


@pytest.mark.parametrize("irradiance", [1e5, 1e6])
def test_steps_are_as_fine_as_strong_light_needs(irradiance: float) -> None:
    """It empties levels in less time than the steps that suit the pulse have."""
    mechanism = Sample.load("css82").mechanism
    equations = mechanism.equations(300.0, 980.0)  # type: ignore[attr-defined]
    times = pulse_times(1e-3, 2e-2)
    course = periodic(equations, np.array([irradiance]), np.zeros(1), 1e-3, times)[0]
    again = equations.evolve(times, [(0.0, irradiance), (1e-3, 0.0)], course[0])
    assert np.all(np.abs(again - course) <= 1.5e-3 * course.max(axis=0))
    assert course.min() >= 0


def test_more_steps_than_allowed_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periodic_states, "_STEPS", 650)
    equations = Sample.load("css82").mechanism.equations(300.0, 980.0)  # type: ignore[attr-defined]
    with pytest.raises(ConvergenceError, match=r"no periodic state found .* at 1e\+06 W/cm², worst at level"):
        periodic(equations, np.array([1.0, 1e6]), np.zeros(2), 1e-3, np.array([0.0, 2e-2]))


def test_a_sample_returns_to_where_its_period_began() -> None:
    sample = Sample.load("yber-micro")
    equations = sample.mechanism.equations(300.0, 980.0)  # type: ignore[attr-defined]
    times, irradiance = pulse_times(1e-4, 5e-3), np.array([30.0])
    course = periodic(equations, irradiance, 0 * irradiance, 1e-4, times)[0]
    again = equations.evolve(times, [(0.0, 30.0), (1e-4, 0.0)], course[0])
    largest = course.max(axis=0)
    assert np.all(np.abs(again - course) <= 1e-3 * largest)
    assert np.all(np.abs(again[-1] - course[0]) <= 1e-4 * largest)


def test_a_pump_that_never_stops_is_the_steady_state() -> None:
    sample = Sample.load("yber-micro")
    irradiance = np.array([0.3, 30.0])
    times = pulse_times(1e-3, 2e-3)
    pulsed = sample.pulsed(irradiance, irradiance, 1e-3, times, Conditions())
    steady = sample.emission(irradiance, 300.0, 980.0)
    assert pulsed == pytest.approx(np.repeat(steady[:, None], len(times), axis=1), rel=1e-5)


@pytest.mark.parametrize("points", [2, 11, 51])
def test_few_times_asked_for_do_not_make_long_steps(points: int) -> None:
    sample, around = Sample.load("yber-micro"), Conditions()
    high, low = np.array([10.0]), np.zeros(1)
    fine = np.linspace(0, 0.05, 1001)
    every = 1000 // (points - 1)
    course = sample.pulsed(high, low, 1e-3, fine, around)[0]
    coarse = sample.pulsed(high, low, 1e-3, fine[::every], around)[0]
    assert (np.abs(coarse - course[::every]) <= 1e-3 * course.max(axis=0)).all()
