"""The temperature that light changes: read dark, lit and dark again, at rest, without bias."""

from __future__ import annotations

import math
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import Refused
from antistokes.procedures.channels import Flag
from antistokes.procedures.detectors import CrystalThermometer

CHANGE, NOISE = -0.18, 0.002  # K


class Crystal:
    """A sample that light cools with a time constant, on a holder that drifts, and its thermometer."""

    name = "cryostat"

    def __init__(self, seed: int, seconds: float = 10.0, drift: float = 0.0, noise: float = NOISE) -> None:
        self.clock = VirtualClock()
        self._rng = np.random.default_rng(seed)
        self._seconds, self._drift, self._noise = seconds, drift, noise
        self._lit, self._rise, self._since = True, 0.0, 0.0
        self.wired = True

    @contextmanager
    def blocked(self):
        self._live()
        self._lit = False
        yield
        self._live()
        self._lit = True

    def _live(self) -> None:
        end = CHANGE if self._lit else 0.0
        now = self.clock.now()
        self._rise = end + (self._rise - end) * math.exp((self._since - now) / self._seconds)
        self._since = now

    @property
    def crystal_temperature(self) -> float | None:
        self._live()
        now = self.clock.now()
        noise = self._noise * self._rng.standard_normal()
        return 295 + self._drift * now + self._rise + noise if self.wired else None

    def detector(self, **settings) -> CrystalThermometer:
        detector = CrystalThermometer(**settings)
        station = SimpleNamespace(find=lambda role: self)
        detector.bind(
            SimpleNamespace(
                station=station,
                excitation=self,
                clock=self.clock,
                wait=self.clock.sleep,
            )
        )
        return detector

    def measure(self, **settings) -> tuple[dict[str, float], Flag]:
        record: dict[str, float] = {}
        return record, self.detector(**settings).read(record)


@pytest.mark.parametrize(("seconds", "drift"), [(1.0, 0.0), (10.0, 0.0), (10.0, 2e-5)])
def test_the_change_and_its_error_are_honest(seconds: float, drift: float) -> None:
    pulls = []
    for seed in range(50):
        record, flag = Crystal(seed, seconds, drift).measure()
        assert flag == Flag(0)
        pulls.append((record["delta_t"] - CHANGE) / record["delta_t_errors"])
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls, ddof=1) <= 1.3


def test_a_slow_sample_is_waited_for() -> None:
    times = [Crystal(1, seconds).measure()[0]["time_to_rest"] for seconds in (1.0, 10.0)]
    assert times[1] > times[0] >= 50


def test_a_drift_of_the_surroundings_is_no_change() -> None:
    record, _ = Crystal(2, 1.0, drift=1e-4, noise=1e-5).measure(drift=0.02)
    assert record["temperature_drift"] > 5e-3
    assert record["delta_t"] == pytest.approx(CHANGE, abs=2e-4)
    assert record["temperature_dark"] == pytest.approx(record["temperature_lit"] - record["delta_t"])


def test_what_never_comes_to_rest_is_measured_and_flagged() -> None:
    crystal = Crystal(3, 1e3, noise=1e-5)
    record, flag = crystal.measure(longest=100.0)
    assert flag == Flag.NOT_SETTLED
    assert math.isfinite(record["delta_t"])
    assert crystal.clock.now() < 600


def test_a_thermometer_that_does_not_see_the_lit_sample_is_refused() -> None:
    crystal = Crystal(4)
    crystal.wired = False
    with pytest.raises(Refused, match=r'^cryostat: has no sensor on the lit sample; .*crystal_input = "C"'):
        crystal.detector()
