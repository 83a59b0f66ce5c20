"""What a counter hides, and times read off the counts without a model."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.decay_counts import live_share
from antistokes.analysis.decay_fit import fit_decay
from antistokes.analysis.decay_models import MODELS, Decay, Model
from antistokes.analysis.decay_times import (
    Counted,
    curve_through,
    mean_arrival,
    measured,
    rise_to_peak,
    tail,
    to_one_over_e,
)

MONO, _, BI, RISE = MODELS[:4]
BINS, WIDTH, PERIOD = 250, 4e-5, 1e-2
TIME = np.arange(BINS) * WIDTH
TRUTHS = {
    "mono": (MONO, np.log([500, 1e-3])),
    "bi": (BI, np.log([500, 3e-4, 200, 1.5e-3])),
    "rise": (RISE, np.array([*np.log([800, 1e-3]), 0.9, np.log(2e-4)])),
}


def counts_of(name: str) -> tuple[Model, np.ndarray, np.ndarray]:
    """Model, its parameters without background, and the counts expected of it."""
    model, shape = TRUTHS[name]
    true = np.append(shape, 0.0)
    return model, true, model.expected(true, Decay(TIME, np.ones(BINS), period=PERIOD))


def piled_up(photons: float, lifetime: float, cycles: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Time and counts of a counter that keeps the first photon of each cycle; s and counts."""
    time = np.arange(500) * 1e-10
    mean = photons * -np.diff(np.exp(-np.append(time, time[-1] + 1e-10) / lifetime))
    chances = -np.expm1(-mean) * np.exp(-(np.cumsum(mean) - mean))
    missed = 1 - chances.sum()
    counts = np.random.default_rng(seed).multinomial(int(cycles), [*chances, missed])[:-1]
    return time, counts.astype(float)


def test_pile_up_at_half_a_photon_per_pulse_biases_and_is_put_right():
    cycles, right = 1e6, 5e-9
    pulls, wrong = [], []
    for seed in range(50):
        time, counts = piled_up(0.5, right, cycles, seed)
        naive = fit_decay(Decay(time, counts, period=5e-8), [MONO])[0].lifetime
        live = live_share(counts, cycles, 1000)
        value, error = fit_decay(Decay(time, counts, live, period=5e-8), [MONO])[0].lifetime
        pulls.append((value - right) / error)
        wrong.append(naive[0])
    assert np.mean(wrong) < 0.93 * right
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls, ddof=1) <= 1.3


@pytest.mark.parametrize("dead_bins", [0.4, 3.0, 40.0])
def test_dead_time_is_put_right_whether_shorter_than_a_bin_or_longer(dead_bins):
    """A counter that wakes again, simulated cycle by cycle."""
    rng, cycles, bins, rate = np.random.default_rng(5), 40_000, 200, 0.03
    counts = np.zeros(bins)
    photons = np.cumsum(rng.exponential(1 / rate, (cycles, 40)), axis=1)
    asleep = np.full(cycles, -np.inf)
    for arrival in photons.T:
        seen = (arrival >= asleep) & (arrival < bins)
        np.add.at(counts, arrival[seen].astype(int), 1)
        asleep[seen] = arrival[seen] + dead_bins
    live = live_share(counts, cycles, dead_bins)
    settled = slice(3 * int(np.ceil(dead_bins)) + 1, None)
    assert (counts / live)[settled].mean() == pytest.approx(rate * cycles, rel=0.01)
    assert live[settled].max() < 1


def test_nothing_is_lost_without_dead_time():
    assert live_share(np.array([0.0, 5.0, 3.0]), 10.0, 0.0) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["mono", "bi", "rise"])
def test_times_without_a_model_have_honest_errors(name):
    model, true, light = counts_of(name)
    mean = 2 * light + 8.0
    grid = np.linspace(0, 8e-3, 80_001)
    light = -np.gradient(model.to_come(true, grid), grid)
    right = [f(grid, light) for f in (tail(0.3, 0.01), to_one_over_e, rise_to_peak)]
    scale = {"mono": 5e-4, "bi": 1.5e-4, "rise": 1.6e-4}[name]
    ones = np.ones(BINS)
    pulls = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        counts = rng.poisson(mean).astype(float)
        level = 8.0 + 0.1 * rng.standard_normal()
        shown = Counted(TIME, counts, ones, (level, 0.1), scale)[: 145 if name != "bi" else 205]
        found = measured(shown, tail(0.3, 0.01), to_one_over_e, rise_to_peak)
        pulls.append([(value - x) / error for (value, error), x in zip(found, right, strict=True)])
    for column, x in zip(np.transpose(pulls), right, strict=True):
        if np.isfinite(x) and x > 0:
            assert abs(column.mean()) <= 0.6
            assert 0.7 <= column.std(ddof=1) <= 1.4


def test_the_mean_arrival_time_of_one_exponential_is_its_lifetime():
    mean = 10 * counts_of("mono")[2] + 20.0
    pulls = []
    for seed in range(50):
        counts = np.random.default_rng(seed).poisson(mean).astype(float)
        value, error = mean_arrival(Counted(TIME, counts, np.ones(BINS), (20.0, 0.0), 1e-4))
        pulls.append((value - 1e-3) / error)
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls, ddof=1) <= 1.3


def test_counts_that_show_no_course_are_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    solve, calls = np.linalg.solve, iter([True])

    def only_once(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if next(calls, False):
            return solve(a, b)
        raise np.linalg.LinAlgError("Singular matrix")

    monkeypatch.setattr(np.linalg, "solve", only_once)
    time = np.arange(200) * 1e-6
    counted = Counted(time, np.full(200, 2.0), np.ones(200), (0.1, 0.1), 1e-5)
    with pytest.raises(AnalysisError, match="400 counts show no course in time; needs more light or time"):
        curve_through(counted)
