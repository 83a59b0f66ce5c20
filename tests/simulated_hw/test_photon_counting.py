"""What a photomultiplier gives for known light."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from antistokes.analysis.photon_timing import coates, dead_time_corrected
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
    # each light falls exponentially between the times of the grid, their sum nearly so
    assert detector.rate() == pytest.approx(detector.waveform().mean, rel=2e-5)
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


_SPREAD = {"transit_spread_s": 2e-4, "tail": 0.2, "tail_s": 3e-4, "afterpulsing": 0.05, "afterpulse_s": 1e-3}


def test_spread_and_afterpulses_are_off_unless_asked_for() -> None:
    assert eye(_TRAIN).response.is_ideal
    plain, off = eye(_TRAIN), eye(_TRAIN, tail=0.5, tail_s=0.0, afterpulse_s=1e-6)
    assert list(plain.arrivals(0.0, 0.1)) == list(off.arrivals(0.0, 0.1))


def test_afterpulses_add_to_every_count() -> None:
    plain = eye(dark_per_s=1e4, dead_time_s=0.0)
    more = eye(dark_per_s=1e4, dead_time_s=0.0, afterpulsing=0.05)
    assert more.rate() == pytest.approx(plain.rate() / 0.95)
    assert more.counts(100.0) == pytest.approx(1e6 / 0.95, rel=5e-3)
    assert len(more.arrivals(0.0, 20.0)) == pytest.approx(2e5 / 0.95, rel=1e-2)


def test_afterpulses_come_100_ns_after_their_pulse() -> None:
    times = eye(dark_per_s=1e4, dead_time_s=0.0, afterpulsing=0.01).arrivals(0.0, 50.0)
    gaps = np.diff(times)
    early = gaps[gaps < 1e-6]
    by_chance = 1e4 * 1e-6 * len(times)
    assert len(early) - by_chance == pytest.approx(0.01 * len(times), rel=0.1)
    pairs = np.histogram(gaps, [0, 1e-7, 2e-7])[0] - 1e-7 * 1e4 * len(times)
    assert pairs[1] / pairs[0] == pytest.approx(np.exp(-1), abs=0.05)


def test_dead_time_hides_afterpulses() -> None:
    """With 20 ns and 100 ns, 18 % of them."""
    open_, dead = (
        len(eye(dark_per_s=1e4, dead_time_s=d, afterpulsing=0.2).arrivals(0.0, 20.0)) for d in (0.0, 20e-9)
    )
    hidden = (open_ - dead) / (open_ - 2e5)
    assert hidden == pytest.approx(1 - np.exp(-0.2), abs=0.03)


def test_spread_light_histograms_as_it_arrives() -> None:
    """Everything spread by much of a period: what goes over its end is found at its beginning."""
    detector = eye(_TRAIN, dead_time_s=0.0, efficiency=2e-3, **_SPREAD)
    edges = np.linspace(0, 5e-3, 21)
    times = detector.arrivals(1.0, 3.0)
    found = np.histogram(times % 5e-3, edges)[0]
    expected = detector.histogram(edges, 400.0 * 1000) / 1000
    assert found.sum() > 1e4
    # afterpulses follow pulses: their number scatters by a little more than √n
    assert np.all(np.abs(found - expected) < 5 * np.sqrt(1.1 * expected))
    sharp = np.diff(detector.waveform().until(edges)) * 400
    assert np.any(np.abs(found - sharp) > 10 * np.sqrt(sharp))
    gated = detector.counts(2.0 * 1000, (edges[3], edges[5])) / 1000
    assert gated == pytest.approx(expected[3:5].sum(), rel=0.02)


def test_a_dead_time_as_long_as_the_histogram_leaves_the_first_photon() -> None:
    """Half a photon per cycle: piled up, and put right by Coates' correction."""
    edges, triggers = np.linspace(0, 4.9e-3, 50), 200_000
    weak = eye(_TRAIN, dead_time_s=0.0)
    per_cycle = np.diff(weak.waveform().until(edges))
    scale = 0.5 / per_cycle.sum()
    detector = eye(_TRAIN, dead_time_s=4.9e-3, efficiency=0.1 * scale, dark_per_s=50 * scale)
    counts = detector.histogram(edges, triggers)
    assert counts.sum() == pytest.approx(triggers * -np.expm1(-0.5), rel=0.01)
    bias = np.average(edges[:-1], weights=counts) / np.average(edges[:-1], weights=per_cycle) - 1
    assert bias < -0.05
    corrected, errors = coates(counts, triggers)
    pulls = (corrected - triggers * scale * per_cycle)[counts > 10] / errors[counts > 10]
    assert np.abs(pulls.mean()) < 0.6
    assert pulls.std() == pytest.approx(1.0, abs=0.4)
    assert detector.histogram(edges, 0).sum() == 0


def test_a_megahertz_with_80_ns_of_dead_time_can_be_put_right() -> None:
    """m = r/(1 + r·t_d): 1 MHz is seen as 926 kHz."""
    detector = eye(dark_per_s=1e6, dead_time_s=80e-9)
    times = detector.arrivals(0.0, 2.0)
    assert len(times) / 2.0 == pytest.approx(1e6 / 1.08, rel=3e-3)
    assert dead_time_corrected(len(times) / 2.0, 80e-9) == pytest.approx(1e6, rel=3e-3)


def test_no_afterpulse_is_lost_between_two_looks() -> None:
    detector = eye(dark_per_s=1e5, dead_time_s=0.0, afterpulsing=0.3, afterpulse_s=1e-5)
    found = sum(len(detector.arrivals(1e-4 * i, 1e-4 * (i + 1))) for i in range(1000))
    assert found == pytest.approx(1e5 * 0.1 / 0.7, rel=0.05)
