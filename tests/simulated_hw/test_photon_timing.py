"""Pile-up, spread and afterpulses against closed formulas and against photons drawn one by one."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.analysis.photon_timing import coates
from antistokes.simulated_hw.photon_timing import Array, Response, pile_up
from antistokes.simulated_hw.waveform import Waveform

RESPONSES = {
    "gaussian": Response(fwhm=150e-12),
    "tail": Response(fwhm=150e-12, tail=0.2, tail_time=600e-12),
    "short tail": Response(fwhm=150e-12, tail=0.9, tail_time=80e-12),
    "only tail": Response(tail=0.2, tail_time=600e-12),
    "afterpulses": Response(afterpulsing=0.1, afterpulse_time=2e-9),
    "all": Response(150e-12, 0.2, 600e-12, 0.1, 50e-9),
}


def decay(photons: float, lifetimes: float = 60.0, per_lifetime: int = 2000) -> tuple[Array, Array]:
    """Bin centres in lifetimes and photons per cycle in each bin of an exponential decay."""
    edges = np.linspace(0, lifetimes, round(lifetimes * per_lifetime) + 1)
    return (edges[1:] + edges[:-1]) / 2, -photons * np.diff(np.exp(-edges))


@pytest.mark.parametrize(
    ("photons", "bias"), [(0.01, -0.250), (0.05, -1.246), (0.1, -2.486), (0.5, -12.11), (1.0, -23.30)]
)
def test_pile_up_makes_a_decay_look_short(photons: float, bias: float) -> None:
    """Mean arrival time, per cent, for an unlimited window."""
    times, mean = decay(photons)
    true = np.average(times, weights=mean)
    seen = np.average(times, weights=pile_up(mean))
    assert 100 * (seen / true - 1) == pytest.approx(bias, abs=0.005 if photons > 0.1 else 0.0006)


@pytest.mark.parametrize("photons", [0.01, 0.5, 1.0, 5.0])
def test_the_correction_gives_the_decay_back(photons: float) -> None:
    _, mean = decay(photons, lifetimes=10, per_lifetime=50)
    np.testing.assert_allclose(coates(1e9 * pile_up(mean), 1e9).counts, 1e9 * mean, rtol=1e-10)


def test_a_cycle_holds_one_photon_or_none() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        mean = rng.exponential(1.0, (3, 40)) * 10.0 ** rng.uniform(-6, 3)
        chances = pile_up(mean)
        assert chances.min() >= 0
        assert chances.sum(axis=-1) == pytest.approx(-np.expm1(-mean.sum(axis=-1)), rel=1e-9)
    assert not pile_up(np.zeros(5)).any()
    assert pile_up(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("photons", [1e-4, 0.1, 1.0, 30.0])
def test_a_dead_time_within_the_cycle_hides_what_follows_for_so_long(photons: float) -> None:
    rng = np.random.default_rng(4)
    mean = photons * np.exp(-np.arange(200) / 60) / 60
    seen = np.zeros(200)
    cycles = 4000
    for arrivals in rng.random((cycles, 200)) < -np.expm1(-mean):
        awake = 0
        for i in np.flatnonzero(arrivals):
            if i >= awake:
                seen[i] += 1
                awake = i + 51
    expected = cycles * pile_up(mean, 50)
    assert ((seen - expected) ** 2 / np.maximum(expected, 1)).mean() < 1.5
    assert seen.sum() == pytest.approx(expected.sum(), abs=4 * np.sqrt(expected.sum() + 1))


def test_a_dead_time_longer_than_the_cycle_leaves_the_first_photon() -> None:
    _, mean = decay(1.0, lifetimes=10, per_lifetime=50)
    np.testing.assert_array_equal(pile_up(mean, len(mean)), pile_up(mean))
    np.testing.assert_allclose(pile_up(mean, len(mean) - 1), pile_up(mean), rtol=1e-9)


@pytest.mark.parametrize("mean", [[-1e-9], [0.1, np.nan], [np.inf, 0.1]])
def test_photons_that_cannot_be_are_refused(mean: list[float]) -> None:
    with pytest.raises(ValueError, match="photons per cycle"):
        pile_up(mean)


@pytest.mark.parametrize("name", RESPONSES)
def test_expected_and_drawn_pulses_agree(name: str) -> None:
    response, rng = RESPONSES[name], np.random.default_rng(2)
    tau = 0.3e-9
    pulses = response.delayed(rng.exponential(tau, 400_000), rng)
    edges = np.array([-1, -0.05, 0.0, 0.05, 0.2, 0.5, 1, 2, 4, 10, 20, 50, 1000]) * 1e-9
    expected = 400_000 * np.diff(response.until(lambda t: -np.expm1(-np.maximum(t, 0) / tau), edges))
    found = np.histogram(pulses, edges)[0]
    assert np.all(np.abs(found - expected) < 5 * np.sqrt(expected + 1))
    assert len(pulses) == pytest.approx(400_000 * response.gain, rel=2e-3)
    assert np.all(np.diff(pulses) >= 0)


def test_delays_have_the_width_and_mean_asked_for() -> None:
    pulses = RESPONSES["gaussian"].delayed(np.zeros(200_000), np.random.default_rng(3))
    assert pulses.std() * 2.354820 == pytest.approx(150e-12, rel=0.01)
    late = RESPONSES["only tail"].delayed(np.zeros(200_000), np.random.default_rng(3))
    assert late.mean() == pytest.approx(0.2 * 600e-12, rel=0.02)


def test_a_smooth_decay_is_delayed_by_the_mean_of_the_response() -> None:
    """An exponential seen through any response is late by ln⟨exp(t/τ)⟩·τ; for a Gaussian σ²/2τ."""
    response, tau = Response(fwhm=200e-12), 1e-9
    times = np.array([5e-9, 6e-9])
    seen = np.diff(response.until(lambda t: -np.exp(-t / tau), times))[0]
    plain = np.exp(-5) - np.exp(-6)
    sigma = 200e-12 / 2.354820
    assert np.log(seen / plain) == pytest.approx(0.5 * (sigma / tau) ** 2, rel=2e-3)


def test_afterpulses_are_one_per_cent_with_100_ns() -> None:
    response = Response(afterpulsing=0.01)
    assert response.gain == pytest.approx(1 / 0.99)
    # light that grows evenly is late by the mean delay, and that of afterpulses of afterpulses is longer
    late = -response.until(lambda t: t, np.zeros(1))[0]
    assert late == pytest.approx(0.01 / 0.99 * 100e-9 / 0.99, rel=3e-3)


def test_a_response_that_is_off_changes_nothing() -> None:
    photons = np.array([0.0, 1.0, 5.0])
    assert Response().is_ideal
    assert Response(tail=0.5).is_ideal
    assert list(Response().until(lambda t: 3 * t, photons)) == list(3 * photons)
    assert list(Response().delayed(photons, np.random.default_rng(1))) == list(photons)
    assert Response(fwhm=1e-10).delayed(np.empty(0), np.random.default_rng(1)).shape == (0,)


@pytest.mark.parametrize("repetition", [10e6, 50e6])
def test_a_long_decay_wraps_around(repetition: float) -> None:
    """Light left from the pulses before: exp(−T/τ) of what begins with the pulse; 18 ns."""
    tau, period = 18e-9, 1 / repetition
    times = np.linspace(0, period, 4001)
    wave = Waveform(times, np.exp(-times / tau) / -np.expm1(-period / tau))
    own = tau * -np.expm1(-period / tau)
    left = wave.mean * period / own - 1
    assert left == pytest.approx(np.exp(-period / tau) / -np.expm1(-period / tau), rel=1e-4)
    assert (left < 0.01) == (period >= 5 * tau)


@pytest.mark.parametrize(
    "wrong",
    [{"fwhm": -1e-12}, {"tail": 1.1}, {"tail_time": np.nan}, {"afterpulsing": 1.0}, {"afterpulse_time": -1}],
)
def test_responses_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Response"):
        Response(**wrong)


@pytest.mark.parametrize("photons", [1e-3, 1.0, 1e3])
def test_chances_obey_their_recurrence(photons: float) -> None:
    mean = photons * np.exp(-np.arange(300) / 60) / 60
    chances = pile_up(mean, 40)
    before = np.array([chances[max(i - 40, 0) : i].sum() for i in range(300)])
    np.testing.assert_allclose(chances, -np.expm1(-mean) * (1 - before), rtol=1e-9, atol=1e-15)
