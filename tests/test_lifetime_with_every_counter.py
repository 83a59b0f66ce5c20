"""Pulses, sample, detector and counter together: the decay a counter measures is the sample's."""

from __future__ import annotations

import math
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import curve_fit

from antistokes.instruments import Station
from antistokes.instruments.roles import PhotonCounter
from antistokes.simulated_hw.photon_counting import Photomultiplier

Array = npt.NDArray[np.float64]

PERIOD, WIDTH = 5e-3, 100e-6  # s
TAIL = (1.5e-3, 4.9e-3)  # s after the trigger: one exponential by then
BIN = 5e-6  # s
SECONDS = 60.0
RED = (635.0, 680.0)  # nm

STATION = """
[instruments.generator]
driver = "keysight_33500b"
resource = "TCPIP0::192.168.1.50::5025::SOCKET"

[instruments.counter]
driver = "{driver}"
resource = "{resource}"

[simulation.twins.counter.detector]
band_nm = [635, 680]
efficiency = 5e-4
"""


def _counters() -> list[str]:
    """Drivers of photon counters whose histogram can hold one period."""
    found = []
    for point in entry_points(group="antistokes.drivers"):
        driver = point.load()
        if PhotonCounter in driver.ROLES and not driver.PARTS:
            limits = driver.LIMITS
            if limits["bin_width"].high * limits["bins"].high >= PERIOD:
                found.append(point.name)
    return sorted(found)


def _resource(driver: str) -> str:
    sdk = hasattr(
        next(p for p in entry_points(group="antistokes.drivers") if p.name == driver).load(), "SDK_MODULE"
    )
    return "tcp://192.168.1.51:5555" if sdk else "GPIB0::8::INSTR"


def exponential(times: Array, height: float, rate: float, background: float) -> Array:
    return height * np.exp(-rate * (times - TAIL[0])) + background


def decay_rate(times: Array, counts: Array, sigma: Array) -> tuple[float, float]:
    """Rate constant of the tail and its standard error, s⁻¹."""
    guess = (counts.max(), 1e3, counts.min())
    best, covariance = curve_fit(exponential, times, counts, guess, sigma, absolute_sigma=True)
    return float(best[1]), math.sqrt(covariance[1, 1])


@pytest.mark.parametrize("driver", _counters())
def test_the_decay_a_counter_sees_is_the_samples(driver: str, station_file: Any) -> None:
    path: Path = station_file(extra=STATION.format(driver=driver, resource=_resource(driver)))
    with Station.load(path) as station:
        laser, generator, counter = (cast(Any, station[n]) for n in ("laser", "generator", "counter"))
        laser.current, laser.modulation = 0.05, True  # just below threshold: dark between the pulses
        generator.high, generator.low = 1.0, 0.0
        generator.width, generator.period = WIDTH, PERIOD
        generator.output, laser.emission = True, True
        counter.bin_width = BIN
        counter.bins = math.ceil(PERIOD / counter.bin_width)
        counts = counter.histogram(SECONDS)
        width, times, triggers = counter.bin_width, counter.times(), counter.triggers

        world = cast(Any, station.backend).world
        detector = Photomultiplier(
            world.bench, world.twins["counter"].settings.detector, np.random.default_rng(1)
        )
        edges = np.append(times, times[-1] + width)
        expected = np.diff(detector.waveform().until(edges)) * triggers

    tail = (times > TAIL[0]) & (times + width < TAIL[1])
    assert 0 < triggers <= SECONDS / PERIOD * 1.01
    sigma = np.sqrt(expected[tail])
    measured, error = decay_rate(times[tail], counts[tail], sigma)
    right, _ = decay_rate(times[tail], expected[tail], sigma)
    assert error < 0.03 * right
    assert abs(measured - right) < 4 * error
    chi_square = np.sum(((counts - expected)[tail] / sigma) ** 2) / np.count_nonzero(tail)
    assert chi_square < 1 + 5 * math.sqrt(2 / np.count_nonzero(tail))
