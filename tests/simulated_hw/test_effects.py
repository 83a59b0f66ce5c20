"""What goes wrong by itself: each effect alone, then on the bench through its sources and its sample."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import Beam, convert
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.effects import (
    BranchSettings,
    Drift,
    EffectsSettings,
    Exposure,
    RandomWalk,
)
from antistokes.simulated_hw.samples.sample import Sample

_BEAM = Beam(w_x_um=100, w_y_um=100, profile="top-hat", method="m", date=date(2026, 11, 1), max_power_mW=100)


@dataclass
class Lamp:
    watt: float
    wavelength: float = 980.0

    def power(self, volts: float = 0.0) -> float:
        return self.watt


@dataclass
class Stove:
    """Warms by 2 K per W."""

    time_constant: float = 5.0

    def warming(self, power: float, area: float, thickness: float, conditions: Conditions) -> float:
        return 2.0 * power


def walk(seed: int, per_root_hour: float = 0.02) -> RandomWalk:
    return RandomWalk(np.random.default_rng(seed), per_root_hour, 100.0)


def bench(sample: str | None = "yber-micro", seed: int = 1, **effects: Any) -> tuple[Bench, Lamp]:
    settings = EffectsSettings(**effects)
    loaded = Sample.load(sample) if sample else None
    world = Bench(VirtualClock(), _BEAM, loaded, OpticsSettings(), seed, settings)
    lamp = Lamp(0.02)
    world.sources["laser"] = lamp
    return world, lamp


def test_a_walk_depends_on_time_not_on_how_often_one_looks() -> None:
    often, once = walk(3), walk(3)
    seen = [often.at(100.0 + t) for t in range(0, 7200, 7)]
    assert once.at(100.0 + 7 * 1028) == seen[1028]
    assert often.at(100.0) == 0.0
    assert often.at(0.0) == 0.0


def test_a_walk_spreads_with_the_square_root_of_time() -> None:
    ends = np.array([[walk(seed).at(100 + 3600 * hours) for hours in (1, 4)] for seed in range(400)])
    np.testing.assert_allclose(ends.std(axis=0), [0.02, 0.04], rtol=0.1)


def test_mode_hops_come_as_often_as_stated_and_change_power_and_wavelength() -> None:
    settings = EffectsSettings(mode_hops=60, mode_hop_power=0.03, mode_hop_nm=0.2)
    drift = Drift(settings, np.random.default_rng(5), 0.0)
    modes = np.array([drift.at(float(t)) for t in range(0, 36000, 2)])
    hops = int((np.abs(np.diff(modes[:, 1])) > 0).sum())
    assert hops == pytest.approx(600, abs=75)
    assert modes[:, 0].std() == pytest.approx(0.03, rel=0.15)
    assert modes[:, 1].std() == pytest.approx(0.2, rel=0.15)


def test_warming_follows_with_its_time_constant_and_goes_away_again() -> None:
    spot = Exposure(EffectsSettings(heating=True), Stove(), 0.0)
    beams = [(3.0, Conditions())]
    for t in (1.0, 2.0, 5.0):
        spot.advance(t, beams, 1e-4, 1e-3)
    assert spot.rise == pytest.approx(6 * (1 - math.exp(-1)))
    spot.advance(500.0, beams, 1e-4, 1e-3)
    assert spot.rise == pytest.approx(6.0)
    spot.advance(510.0, [(0.0, Conditions())], 1e-4, 1e-3)
    assert spot.rise == pytest.approx(6 * math.exp(-2))


def test_without_the_switch_nothing_warms() -> None:
    spot = Exposure(EffectsSettings(), Stove(), 0.0)
    spot.advance(100.0, [(3.0, Conditions())], 1e-4, 1e-3)
    assert (spot.rise, spot.emission()) == (0.0, 1.0)


def test_bleaching_takes_all_but_1_e_after_its_dose() -> None:
    spot = Exposure(EffectsSettings(bleaching_dose=1e6), None, 0.0)
    spot.advance(10.0, [(10.0, Conditions())], 1e-4, 1e-3)
    assert spot.dose == pytest.approx(1e6)
    assert spot.emission() == pytest.approx(math.exp(-1))


def test_the_two_branches_of_a_bistable_emitter() -> None:
    spot = Exposure(EffectsSettings(branches=BranchSettings(up=200, down=50, dim=0.1)), None, 0.0)
    seen = []
    for t, irradiance in enumerate((10, 100, 300, 100, 60, 40, 100)):
        spot.advance(float(t), [(irradiance * 1e-4, Conditions())], 1e-4, 1e-3)
        seen.append(spot.emission())
    assert seen == [0.1, 0.1, 1.0, 1.0, 1.0, 0.1, 0.1]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"branches": {"up": 20, "down": 60}}, "down = 60 W/cm²; must be at most up, 20 W/cm²"),
        ({"laser_drift": 1.5}, "laser_drift: is 1.5; expected float <= 1"),
        ({"mode_hop_nm": 1000}, "mode_hop_nm: is 1000; expected float <= 20"),
        ({"bleaching_dose": 0}, "bleaching_dose: is 0; expected float > 0"),
        ({"drift": 0.1}, "drift: unknown key"),
    ],
)
def test_effects_that_cannot_be_are_refused(settings: dict[str, Any], problem: str) -> None:
    with pytest.raises(FileRefused, match=re.escape(problem)):
        convert(settings, EffectsSettings, "lab.toml", "simulation.effects")


def test_a_beam_that_would_boil_the_sample_ends_where_samples_are_defined() -> None:
    world, lamp = bench("cds", heating=True)
    lamp.watt, lamp.wavelength = 1.0, 514.0
    world.advance()
    world.clock.sleep(60)
    world.advance()
    assert world.crystal_temperature() == 1.0
    assert all(math.isfinite(light.photons) for light in world.collected())


def test_a_bench_without_effects_stays_as_it_is() -> None:
    world, _ = bench()
    before = world.collected()
    world.clock.sleep(7200)
    assert world.collected() == before


def test_a_drifting_laser_is_seen_by_meter_and_sample_alike() -> None:
    world, _ = bench(laser_drift=0.05)
    ((_, meter),), ((_, sample),) = world.pickoff(), world.on_sample()
    world.clock.sleep(3600)
    ((_, later),), ((_, onto),) = world.pickoff(), world.on_sample()
    assert later != meter
    assert later / meter == pytest.approx(onto / sample)


def test_a_drifting_pick_off_fools_the_meter_alone() -> None:
    world, _ = bench(pickoff_drift=0.05)
    ((_, meter),), on_sample = world.pickoff(), world.on_sample()
    world.clock.sleep(3600)
    assert world.pickoff()[0][1] != meter
    assert world.on_sample() == on_sample


def test_two_lasers_drift_each_in_its_own_way() -> None:
    world, _ = bench(laser_drift=0.05)
    world.sources["other"] = Lamp(0.02)
    world.clock.sleep(3600)
    (_, one), (_, other) = world.beams()
    assert one != other


def test_bleaching_dims_the_lines_but_not_the_scattered_pump() -> None:
    world, _ = bench(bleaching_dose=1e5)
    pump, *lines = world.collected()
    world.clock.sleep(60)
    later_pump, *later = world.collected()
    assert later_pump == pump
    dose = 0.018 / _BEAM.area_cm2 * 60
    ratios = [b.photons / a.photons for a, b in zip(lines, later, strict=True)]
    np.testing.assert_allclose(ratios, math.exp(-dose / 1e5))


def test_the_dose_counts_what_was_there_not_what_is_asked_for_last() -> None:
    world, lamp = bench(bleaching_dose=1e5)
    world.advance()
    lamp.watt = 0.0
    world.clock.sleep(3600)  # in the dark
    world.advance()
    lamp.watt = 0.02
    assert world.collected()[1] == bench()[0].collected()[1]


def test_the_second_harmonic_passes_the_filter_that_stops_the_pump() -> None:
    world, _ = bench(second_harmonic=1e-6)
    pump, harmonic = world.collected()[:2]
    assert harmonic.wavelength == pump.wavelength / 2
    per_photon = 0.93 / (1e-6 + 0.93 / (1 + math.exp(105 / 2)))
    assert harmonic.photons / pump.photons == pytest.approx(0.5e-6 * per_photon, rel=1e-3)


def test_a_sample_that_turns_light_into_heat_warms_the_spot(tmp_path) -> None:
    text = (
        'extends = "yber-micro"\n[sample]\nid = "warm"\n[thermal]\nconductance = 1e-5\nsource = "made up"\n'
    )
    (tmp_path / "warm.toml").write_text(text, encoding="utf-8")
    world, lamp = bench(str(tmp_path / "warm.toml"), heating=True)
    lamp.watt = 0.2
    cold = world.collected()
    world.advance()
    world.clock.sleep(20)
    warm = world.collected()
    assert world.crystal_temperature() > world.sample_temperature() + 1
    green, hot = (next(i for i, line in enumerate(cold) if line.wavelength == nm) for nm in (541, 520))
    assert warm[hot].photons / warm[green].photons > 1.02 * cold[hot].photons / cold[green].photons
