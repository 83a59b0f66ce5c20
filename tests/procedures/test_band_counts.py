"""Photons per second behind a monochromator: dark subtracted, dead time taken out, errors honest."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from antistokes.instruments.errors import LimitError, Refused
from antistokes.procedures.channels import Flag
from antistokes.procedures.detectors.band_counts import BandCounts
from antistokes.procedures.setup import Setup


class Counter:
    """Counts light of *rate* photons per second, blind for *dead* s after each."""

    name, exposure, exposure_limits, saturation = "counter", 1.0, (1e-3, 100.0), 1e9
    gate: Any = None

    def __init__(self, rate: float, dark: float = 100.0, dead: float = 0.0, seed: int = 0) -> None:
        self.rates, self.dead, self.lit = (dark, dark + rate), dead, True
        self.random = np.random.default_rng(seed)

    def count(self) -> float:
        rate = self.rates[self.lit]
        live = 1 / (1 + rate * self.dead)
        # a dead time makes the counts of a Poisson process less scattered, by live³ in variance
        mean = rate * live * self.exposure
        return float(round(self.random.normal(mean, math.sqrt(mean) * live)))


def bound(counter: Counter, detector: BandCounts) -> BandCounts:
    class Dark:
        def __enter__(self) -> None:
            counter.lit = False

        def __exit__(self, *_: object) -> None:
            counter.lit = True

    station = SimpleNamespace(find=lambda role: counter)
    detector.bind(cast(Setup, SimpleNamespace(station=station, dark=Dark, step=lambda: None)))
    return detector


@pytest.mark.parametrize(("rate", "dead"), [(2000.0, 0.0), (2e5, 0.0), (2e5, 1e-6)])
def test_the_rate_is_found_with_an_honest_error(rate: float, dead: float) -> None:
    pulls = []
    for seed in range(50):
        record: dict[str, Any] = {}
        flag = bound(Counter(rate, dead=dead, seed=seed), BandCounts(dead_time=dead)).read(record)
        pulls.append((record["band_counts"] - rate) / record["band_counts_errors"])
    assert flag == (Flag.PILE_UP if rate * dead > 0.1 else Flag(0))
    assert abs(np.mean(pulls)) < 0.4
    assert 0.75 < np.std(pulls, ddof=1) < 1.3


def test_a_counter_that_is_full_is_flagged() -> None:
    counter = Counter(1e5)
    counter.saturation = 1e5
    assert bound(counter, BandCounts()).read({}) & Flag.SATURATED


def test_no_photons_have_an_error_all_the_same() -> None:
    record: dict[str, Any] = {}
    bound(Counter(0.0, dark=0.0), BandCounts(exposure=10.0)).read(record)
    assert (record["band_counts"], record["band_counts_errors"]) == (0, 0.1)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(LimitError, match="counter: exposure = 200 s"):
        bound(Counter(1.0), BandCounts(exposure=200.0))
    gated = Counter(1.0)
    gated.gate = (0.0, 1e-6)
    with pytest.raises(Refused, match="must be 0 with a gate"):
        bound(gated, BandCounts(dead_time=1e-8))
