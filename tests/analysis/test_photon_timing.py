"""Corrections against histograms whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.photon_timing import coates, dead_time_corrected, period_suffices


def piled_up(mean: np.ndarray) -> np.ndarray:
    """Chance of the first photon per bin, one cycle at a time by recursion."""
    chances, none_yet = [], 1.0
    for mu in mean:
        chances.append(none_yet * -np.expm1(-mu))
        none_yet *= np.exp(-mu)
    return np.array(chances)


def decay(photons: float, bins: int = 400) -> np.ndarray:
    shape = np.exp(-np.arange(bins) / 40.0)
    return photons * shape / shape.sum()


@pytest.mark.parametrize("photons", [0.0, 1e-3, 0.01, 0.1, 0.5, 1.0, 3.0])
def test_without_noise_the_correction_is_exact(photons: float) -> None:
    mean = decay(photons)
    result = coates(1e6 * piled_up(mean), 1e6)
    np.testing.assert_allclose(result.counts, 1e6 * mean, rtol=1e-9)


def test_errors_are_the_scatter_of_corrected_histograms() -> None:
    rng, cycles, mean = np.random.default_rng(5), 20_000, decay(1.0, bins=200).reshape(10, 20).sum(axis=1)
    chances = piled_up(mean)
    drawn = rng.multinomial(cycles, np.append(chances, 1 - chances.sum()), size=2000)[:, :-1]
    results = [coates(counts, cycles) for counts in drawn]
    counts = np.array([r.counts for r in results])
    errors = np.array([r.errors for r in results])
    many = drawn.mean(axis=0) > 20
    pulls = ((counts - cycles * mean) / errors.mean(axis=0))[:, many]
    assert np.abs(pulls.mean()) < 0.02
    assert pulls.std() == pytest.approx(1.0, abs=0.03)


def test_few_photons_need_no_correction() -> None:
    counts = np.array([3.0, 2.0, 0.0, 1.0])
    result = coates(counts, 1e12)
    assert result.counts == pytest.approx(counts, rel=1e-9)
    assert result.errors == pytest.approx(np.sqrt(counts), rel=1e-9)
    assert coates([], 10).counts.shape == (0,)


@pytest.mark.parametrize(
    ("counts", "cycles"),
    [([5.0, 5.0], 10), ([11.0], 10), ([0.0], 0), ([-1.0], 10), ([np.nan], 10), ([1.0], np.nan)],
)
def test_histograms_that_cannot_be_are_refused(counts: list[float], cycles: float) -> None:
    with pytest.raises(AnalysisError, match="pile-up"):
        coates(counts, cycles)


def test_a_megahertz_seen_with_80_ns_of_dead_time() -> None:
    """1 MHz · 80 ns = 8 %: the counter shows 1 MHz/1.08."""
    assert dead_time_corrected(1e6 / 1.08, 80e-9) == pytest.approx(1e6, rel=1e-12)
    rates = np.array([0.0, 1.0, 1e5])
    assert list(dead_time_corrected(rates, 0.0)) == list(rates)


@pytest.mark.parametrize(
    ("rate", "dead"), [(1e6, 1e-6), (2e6, 1e-6), (-1.0, 1e-6), (1.0, -1e-6), (1.0, np.nan)]
)
def test_rates_that_cannot_be_are_refused(rate: float, dead: float) -> None:
    with pytest.raises(AnalysisError, match="dead time"):
        dead_time_corrected(rate, dead)


def test_a_period_must_hold_five_lifetimes() -> None:
    """18 ns: 10 MHz is slow enough, 12.5 MHz is not."""
    assert list(period_suffices([1 / 10e6, 1 / 12.5e6], 18e-9)) == [True, False]
    assert period_suffices(5.0, 1.0)
