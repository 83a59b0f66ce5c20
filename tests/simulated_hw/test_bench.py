"""The shared world: what one instrument does, the others see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.records import Beam, SampleRecord
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.spot import Array

_BEAM = Beam(w_x_um=100, w_y_um=100, profile="top-hat", method="m", date=date(2026, 11, 1), max_power_mW=100)
_PHOTON = 1.98644586e-25 / 980e-9  # J


@dataclass
class Lamp:
    """A source of so many W."""

    watt: float
    wavelength: float = 980.0

    def power(self, volts: float = 0.0) -> float:
        return self.watt


@dataclass
class Grey:
    """Transmits the same fraction of everything."""

    fraction: float

    def transmission(self, wavelength: float) -> float:
        return self.fraction


@dataclass
class Line:
    wavelength: float
    fwhm: float = 10.0


class Emitted(NamedTuple):
    emission: Array


@dataclass
class Glow:
    """As many photons per cm³ and second as W/cm² times K, in a line below the filter and one above."""

    record: SampleRecord = field(default_factory=lambda: SampleRecord(id="glow"))
    lines: tuple[Line, ...] = (Line(540.0), Line(1000.0))

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        return self.lines

    def respond(self, irradiance: Array, conditions: Conditions) -> Emitted:
        return Emitted(np.outer(irradiance * conditions.temperature, np.ones(2)))

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        level = np.where(times <= width, high[:, None], low[:, None]) * conditions.temperature
        return np.repeat(level[:, :, None], 2, axis=2)


class Oven:
    """A thermostat."""

    def sample_temperature(self) -> float:
        return 400.0


def bench(sample: Glow | None = None, beam: Beam | None = _BEAM, seed: int = 1, **optics: float) -> Bench:
    return Bench(VirtualClock(), beam, sample, OpticsSettings(**optics), seed)  # type: ignore[arg-type]


def test_the_beam_is_weakened_by_every_element_and_divided_at_the_pick_off() -> None:
    world = bench(pickoff=0.2, path=0.5)
    world.sources["laser"] = Lamp(1.0)
    world.elements["plate"], world.elements["filter"] = Grey(0.5), Grey(0.1)
    assert world.beams() == [(980.0, pytest.approx(0.05))]
    assert world.pickoff() == [(980.0, pytest.approx(0.01))]
    assert world.on_sample() == [(980.0, pytest.approx(0.02))]


def test_every_source_has_its_own_beam() -> None:
    world = bench()
    world.sources["a"], world.sources["b"] = Lamp(1.0, 980.0), Lamp(2.0, 808.0)
    assert world.beams() == [(980.0, 1.0), (808.0, 2.0)]


@pytest.mark.parametrize(("watt", "on"), [(0.0, False), (1e-5, False), (1e-3, True)])
def test_light_is_on_when_any_source_lases(watt: float, on: bool) -> None:
    world = bench()
    assert not world.light_is_on()
    world.sources["dark"], world.sources["laser"] = Lamp(0.0), Lamp(watt)
    world.elements["shutter"] = Grey(0.0)
    assert world.light_is_on() is on


def test_the_spectrometer_gets_the_lines_and_scattered_pump_behind_the_filter() -> None:
    world = bench(
        Glow(), pickoff=0.1, path=1.0, thickness_um=10.0, collection=1e-6, scatter=1e-7, ambient_K=300.0
    )
    world.sources["laser"] = Lamp(0.1)
    pump, green, infrared = world.collected()
    assert (pump.wavelength, green.wavelength, infrared.wavelength) == (980.0, 540.0, 1000.0)
    emitted = 0.09 * 300.0 * 1e-3 * 1e-6  # W · K · cm: the area cancels
    assert green.photons == pytest.approx(emitted * 0.93, rel=1e-3)
    assert green.fwhm == 10
    assert infrared.photons == pytest.approx(emitted * 1e-6, rel=1e-2)
    assert pump.photons == pytest.approx(0.09 / _PHOTON * 1e-7 * 1e-6, rel=1e-2)


def test_two_pumps_excite_one_after_the_other() -> None:
    world = bench(Glow())
    world.sources["a"], world.sources["b"] = Lamp(0.1, 980.0), Lamp(0.1, 808.0)
    assert [light.wavelength for light in world.collected()] == [980, 540, 1000, 808, 540, 1000]


def test_the_thermostat_decides_the_sample_temperature_where_there_is_one() -> None:
    world = bench(Glow(), ambient_K=300.0)
    world.sources["laser"] = Lamp(0.1)
    cold = world.collected()[1].photons
    assert world.sample_temperature() == 300
    world.thermostat = Oven()
    assert world.sample_temperature() == 400
    assert world.collected()[1].photons == pytest.approx(cold * 400 / 300)


@pytest.mark.parametrize(("sample", "beam"), [(None, _BEAM), (Glow(), None)], ids=["no sample", "no beam"])
def test_without_sample_or_beam_only_the_pump_is_seen(sample: Glow | None, beam: Beam | None) -> None:
    world = bench(sample, beam)
    world.sources["laser"] = Lamp(0.1)
    assert [light.wavelength for light in world.collected()] == [980.0]


def test_a_dark_bench_collects_nothing() -> None:
    world = bench(Glow())
    assert world.collected() == []
    world.sources["laser"] = Lamp(0.0)
    assert sum(light.photons for light in world.collected()) == 0


def test_random_streams_belong_to_a_name_and_a_seed() -> None:
    first = bench(seed=7).rng("laser").random(4)
    assert list(bench(seed=7).rng("laser").random(4)) == list(first)
    assert list(bench(seed=7).rng("meter").random(4)) != list(first)
    assert list(bench(seed=8).rng("laser").random(4)) != list(first)
