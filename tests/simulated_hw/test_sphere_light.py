"""The sample holder, the sphere and the lamp on the bench: where the photons go."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import Beam, convert
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.effects import EffectsSettings
from antistokes.simulated_hw.light_path import ShortPassSettings
from antistokes.simulated_hw.mounted import places
from antistokes.simulated_hw.physics.constants import photon_energy
from antistokes.simulated_hw.samples.sample import Sample
from antistokes.simulated_hw.sphere_light import LampSettings, SphereSettings, lamp_light

POWER, THICKNESS = 0.01, 100.0  # W, um
CLEAR = ShortPassSettings(edge_nm=3000, pass_transmission=1, optical_density=10)
BEAM = Beam(w_x_um=100, w_y_um=100, profile="top-hat", method="set", date="2026-11-01", max_power_mW=100)  # type: ignore[arg-type]


class Laser:
    wavelength = 980.0

    def power(self, volts: float = 0.0) -> float:
        return POWER


class Holder:
    def __init__(self, slot: int | None = 1) -> None:
        self.now = slot

    def slot(self) -> int | None:
        return self.now


def make_bench(slots: list[str], sphere: SphereSettings | None, **optics: float) -> Bench:
    settings = OpticsSettings(pickoff=0.0, thickness_um=THICKNESS, filter=CLEAR, **optics)
    effects = EffectsSettings(bleaching_dose=1e3)
    bench = Bench(
        VirtualClock(), BEAM, Sample.load("yber-micro"), settings, 1, effects, sphere, LampSettings()
    )
    bench.places = places(slots, bench.main, bench.mount, Sample.load)
    bench.sources["laser"], bench.holder = Laser(), Holder()
    return bench


def seen(bench: Bench, slot: int | None) -> tuple[float, float]:
    """Photons per second of the laser and of what is emitted, with *slot* in the beam."""
    bench.holder.now = slot  # type: ignore[union-attr]
    lights = bench.collected()
    laser = sum(light.photons for light in lights if light.wavelength == 980)
    return laser, sum(light.photons for light in lights) - laser


def test_what_the_sphere_loses_of_the_laser_the_sample_has_absorbed_and_partly_emitted() -> None:
    sphere = SphereSettings(collection=1.0, area_fraction=0.0)
    bench = make_bench(["empty", "sample"], sphere)
    empty, dark = seen(bench, 1)
    assert dark == 0
    left, emitted = seen(bench, 2)
    irradiance = BEAM.mean_irradiance(POWER)
    response = Sample.load("yber-micro").respond([irradiance], Conditions(295.0, 980.0))
    thin = float(response.absorbed[0]) * BEAM.area_cm2 * THICKNESS * 1e-4
    absorptance = 1 - np.exp(-thin * float(photon_energy(980)) / POWER)
    assert 1 - left / empty == pytest.approx(absorptance, rel=2e-3)
    quantum_yield = float(response.emission.sum() / response.absorbed[0])
    assert emitted / (empty - left) == pytest.approx(quantum_yield, rel=2e-3)


def test_beside_the_beam_a_sample_sees_only_weak_light() -> None:
    bench = make_bench(["empty", "sample aside", "sample"], SphereSettings())
    taken = 1 - seen(bench, 2)[0] / seen(bench, 1)[0]
    assert 0.05 < taken < 0.15  # 0.5 % of the wall, about 20 times round
    visible = []
    for bench.holder.now in (2, 3):  # type: ignore[union-attr]
        visible.append(sum(x.photons for x in bench.collected() if 400 < x.wavelength < 700))
    assert 0 < visible[0] < 1e-2 * visible[1]  # it goes with the square


def test_without_a_sphere_a_sample_aside_is_not_seen() -> None:
    bench = make_bench(["sample", "sample aside", "blank"], None)
    assert seen(bench, 1)[1] > 0
    assert seen(bench, 2)[1] == seen(bench, 3)[1] == 0
    assert seen(bench, 1)[0] == seen(bench, 3)[0] > 0


@pytest.mark.parametrize("slot", [None, 4])
def test_between_slots_and_beyond_what_is_mounted_there_is_nothing(slot: int | None) -> None:
    assert seen(make_bench(["sample"], None), slot)[1] == 0


def test_each_slot_has_its_own_sample_and_its_own_past() -> None:
    bench = make_bench(["sample", "ybtm-micro", "empty"], None)
    first = seen(bench, 1)[1]
    blue = [light.wavelength for light in bench.collected() if 440 < light.wavelength < 490]
    assert not blue
    seen(bench, 3)
    bench.clock.sleep(60)
    bench.advance()
    assert seen(bench, 1)[1] == pytest.approx(first)  # it was in the dark
    bench.clock.sleep(60)
    assert seen(bench, 1)[1] < 0.9 * first
    seen(bench, 2)
    assert any(440 < light.wavelength < 490 for light in bench.collected())


def test_the_lamp_shines_where_it_stands_whether_the_laser_is_on_or_not() -> None:
    bench = make_bench(["lamp", "empty"], SphereSettings())
    del bench.sources["laser"]
    assert sum(light.photons for light in bench.collected()) > 1e8
    bench.holder.now = 2  # type: ignore[union-attr]
    assert bench.collected() == []


def test_a_lamp_is_a_smooth_planck_curve() -> None:
    lights = lamp_light(LampSettings(temperature_K=3000, emissivity_slope_per_nm=0, photons_per_s=1e6))
    nm = np.linspace(400, 1000, 2001)
    sigma = lights[0].fwhm / 2.3548
    found = sum(x.photons * np.exp(-0.5 * ((nm - x.wavelength) / sigma) ** 2) for x in lights)
    planck = nm**-4.0 / np.expm1(1.4388e7 / (nm * 3000))
    assert np.ptp(found / planck) / np.mean(found / planck) < 5e-3
    assert sum(x.photons for x in lights if 300 <= x.wavelength <= 1100) == pytest.approx(1e6)


def test_a_sphere_that_never_loses_light_is_refused_with_its_key() -> None:
    table = {"reflectance": 1.0, "port_fraction": 0.0}
    with pytest.raises(FileRefused, match="never loses"):
        convert(table, SphereSettings, "station.toml", "simulation.sphere")
