"""What a photomultiplier gives for known light."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.records import Beam
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.photon_counting import Photomultiplier, PhotomultiplierSettings
from antistokes.simulated_hw.samples.sample import Sample
from antistokes.simulated_hw.waveform import PulseTrain

_BEAM = Beam(w_x_um=100, w_y_um=100, method="m", date=date(2026, 11, 1), max_power_mW=100)


class Gated:
    """Light while 5 V are at its input."""

    wavelength = 980.0

    def power(self, volts: float = 0.0) -> float:
        return 0.02 if volts > 1.5 else 0.0


class Generator:
    def __init__(self, train: PulseTrain | None) -> None:
        self.train = train

    def pulses(self) -> PulseTrain | None:
        return self.train


def eye(train: PulseTrain | None = None, **settings: float) -> Photomultiplier:
    bench = Bench(VirtualClock(), _BEAM, Sample.load("yber-micro"), OpticsSettings(), seed=1)
    bench.sources["laser"] = Gated()
    bench.generator = Generator(train)
    return Photomultiplier(bench, PhotomultiplierSettings(**settings), bench.rng("counter"))  # type: ignore[arg-type]


_TRAIN = PulseTrain(period=5e-3, width=2e-4)


def test_in_the_dark_there_are_dark_counts() -> None:
    assert eye(dark_per_s=1000.0).counts(100.0) == pytest.approx(1e5, rel=0.02)


def test_the_mean_rate_is_that_of_the_waveform() -> None:
    detector = eye(_TRAIN)
    assert detector.rate() == pytest.approx(detector.waveform().mean, rel=1e-9)
    assert detector.rate() > 1e3


def test_the_light_comes_after_the_pulse_and_its_delay() -> None:
    early, late = eye(_TRAIN).waveform(), eye(_TRAIN._replace(delay=1e-3)).waveform()
    times = np.linspace(0, 4.9e-3, 50)
    assert late.mean == pytest.approx(early.mean)
    peaks = [times[np.argmax(np.diff(wave.until(np.append(times, 5e-3))))] for wave in (early, late)]
    assert peaks[1] - peaks[0] == pytest.approx(1e-3, abs=2e-4)


def test_gated_counts_are_those_of_the_gate() -> None:
    detector = eye(_TRAIN, dead_time_s=0.0)
    edges = np.linspace(0, 5e-3, 6)
    gates = [detector.counts(200.0, (a, b)) for a, b in pairwise(edges)]
    histogram = detector.histogram(edges, 200.0 / 5e-3)
    assert gates == pytest.approx(histogram, rel=0.05)
    assert sum(gates) == pytest.approx(detector.counts(200.0), rel=0.02)


def test_arrivals_histogram_like_the_histogram() -> None:
    detector = eye(_TRAIN, dead_time_s=0.0, dark_per_s=0.0)
    edges = np.linspace(0, 5e-3, 11)
    times = detector.arrivals(0.0, 2.0)
    found = np.histogram(times % 5e-3, edges)[0]
    expected = np.diff(detector.waveform().until(edges)) * 2.0 / 5e-3
    assert np.all(np.abs(found - expected) < 5 * np.sqrt(expected + 1))


@pytest.mark.parametrize("dead", [1e-6, 2e-5])
def test_a_dead_time_loses_what_the_formula_says(dead: float) -> None:
    rate = 1e5
    detector = eye(dark_per_s=rate, dead_time_s=dead)
    expected = rate / (1 + rate * dead)
    times = detector.arrivals(0.0, 2.0)
    assert np.diff(times).min() >= dead
    assert len(times) / 2.0 == pytest.approx(expected, rel=0.02)
    assert detector.counts(10.0) / 10.0 == pytest.approx(expected, rel=0.01)


def test_a_filter_passes_only_its_band() -> None:
    whole, green = eye(_TRAIN, dark_per_s=0.0), eye(_TRAIN, dark_per_s=0.0)
    green.settings = PhotomultiplierSettings(dark_per_s=0.0, band_nm=(515.0, 560.0))
    assert 0 < green.rate() < whole.rate()
