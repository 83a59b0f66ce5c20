"""Rates that repeat with a trigger."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.simulated_hw.waveform import Waveform, pulse_times

_DECAY = Waveform(np.linspace(0, 0.01, 2001), 1e6 * np.exp(-np.linspace(0, 0.01, 2001) / 1e-3))
_COARSE = Waveform(np.linspace(0, 0.01, 12), 1e6 * np.exp(-np.linspace(0, 0.01, 12) / 1e-3))
_STEP = Waveform(np.array([0.0, 0.2, 0.2, 1.0]), np.array([10.0, 10.0, 0.0, 0.0]))


def test_the_integral_goes_on_over_many_periods() -> None:
    one = 1e3 * (1 - np.exp(-10))
    assert _DECAY.until(0.01) == pytest.approx(one, rel=1e-5)
    assert _DECAY.until(0.031) == pytest.approx(3 * one + 1e3 * (1 - np.exp(-1)), rel=1e-5)
    assert _DECAY.mean == pytest.approx(one / 0.01, rel=1e-5)


def test_a_decay_on_few_times_is_the_decay_everywhere() -> None:
    time, fine = np.linspace(0, 0.01, 12), np.linspace(0, 0.01, 501)
    wave = Waveform(time, np.exp(-time / 1e-3))
    assert wave.until(fine[:-1]) == pytest.approx(1e-3 * -np.expm1(-fine[:-1] / 1e-3), rel=1e-9)
    late = wave.delayed(0.0041)
    assert np.diff(late.until([0.0042, 0.0063])) == pytest.approx(
        np.diff(wave.until([1e-4, 2.2e-3])), rel=1e-9
    )


def test_a_step_in_the_rate_is_a_step() -> None:
    assert _STEP.until([0.1, 0.2, 0.9, 1.1]) == pytest.approx([1.0, 2.0, 2.0, 3.0])


@pytest.mark.parametrize("wave", [_DECAY, _COARSE, _STEP, Waveform.constant(300.0)])
def test_drawn_events_follow_the_rate(wave: Waveform) -> None:
    rng = np.random.default_rng(3)
    begin, end = 0.35 * wave.period, 200.35 * wave.period
    times = wave.draw(begin, end, rng)
    expected = wave.mean * (end - begin)
    assert abs(len(times) - expected) < 4 * np.sqrt(expected)
    assert np.all(np.diff(times) >= 0)
    assert begin <= times[0]
    assert times[-1] <= end
    shares = np.sort(wave.until(times % wave.period) / wave.until(wave.period - 1e-15))
    uniform = np.arange(len(shares)) / len(shares)
    assert np.abs(shares - uniform).max() < 1.63 / np.sqrt(len(shares))  # Kolmogorov-Smirnov, 1 %


def test_no_rate_gives_no_events() -> None:
    assert len(Waveform.constant(0.0).draw(0, 100, np.random.default_rng(1))) == 0


@pytest.mark.parametrize("delay", [0.0, 0.3, 1.3])
def test_a_delayed_waveform_comes_later(delay: float) -> None:
    late = _STEP.delayed(delay)
    assert late.mean == pytest.approx(_STEP.mean)
    for t in (0.05, 0.25, 0.6, 0.9):
        begin, end = np.array([t, t + 0.01])
        expected = np.diff(_STEP.until(np.array([begin, end]) + 2 - delay % 1))
        assert np.diff(late.until([begin, end])) == pytest.approx(expected, abs=1e-9)


def test_pulse_times_are_dense_after_both_edges() -> None:
    times = pulse_times(1e-3, 1e-2)
    assert times[0] == 0
    assert times[-1] == pytest.approx(1e-2)
    assert 1e-3 in times
    assert np.all(np.diff(times) > 0)
    for edge in (0.0, 1e-3):
        after = times[times > edge][0] - edge
        assert after < 1e-6
