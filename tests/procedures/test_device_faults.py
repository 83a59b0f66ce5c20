"""Devices fail in the middle of a procedure: the failure is named or the point flagged, the light is off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from antistokes.analysis import load
from antistokes.instruments import Station
from antistokes.instruments.errors import DeviceFault
from antistokes.instruments.temperature.lakeshore import LakeShore
from antistokes.procedures import Outcome, PowerSweep, Procedure, TemperatureSweep, run
from antistokes.procedures.axes import SampleTemperature
from antistokes.procedures.channels import Flag
from antistokes.procedures.detectors import EmissionSpectrum
from antistokes.procedures.detectors.cosmic_rays import mean_of
from antistokes.procedures.detectors.pump_power import PumpPowerAfter
from antistokes.procedures.setup import Setup
from antistokes.simulated_hw.stations import find_station

VIRTUAL = Path(find_station("virtual")).read_text(encoding="utf-8")
SHUTTER = '[instruments.shutter]\ndriver = "thorlabs_sc10"\nresource = "ASRL7::INSTR"\n[beam]'
SWEEP = PowerSweep(start=1, stop=30, points_per_decade=2, order="up", frames=3)
Measure = Callable[..., tuple[Outcome, list[Flag]]]


@pytest.fixture
def measure(tmp_path: Path) -> Measure:
    """Carry *procedure* out, *event* happening to a device once so many points are recorded."""

    def measure(
        procedure: Procedure, device: str, kind: str, after: int = 2, text: str = VIRTUAL, faults: str = ""
    ) -> tuple[Outcome, list[Flag]]:
        path = tmp_path / "lab.toml"
        path.write_text(f"{text}\n[simulation.faults]\n{faults}", encoding="utf-8")
        station = Station.load(path, seed=1)
        world = station.backend.world

        class Watcher:
            points = 0

            def open(self, header: object) -> None: ...
            def close(self, *_: object) -> None: ...
            def append(self, record: object) -> None:
                self.points += 1
                if self.points == after:  # in the next point, while its spectrum is taken
                    world.faults.inject(device, kind, at_s=station.clock.now() + 1.0)

        outcome = run(procedure, station, tmp_path / f"{len(list(tmp_path.iterdir()))}.h5", [Watcher()])
        assert world.faults.struck
        assert not world.bench.light_is_on()
        return outcome, [Flag(int(each)) for each in load(outcome.path)["flags"].values]

    return measure


@pytest.mark.parametrize("text", [VIRTUAL, VIRTUAL.replace("[beam]", SHUTTER)], ids=["bare", "shutter"])
def test_light_that_has_gone_off_by_itself_is_named(measure: Measure, text: str) -> None:
    outcome, flags = measure(SWEEP, "laser", "laser trip", text=text)
    assert outcome.status == "failed"
    assert outcome.reason == "laser: the light has gone off by itself"
    assert flags[:2] == [Flag(0)] * 2
    assert all(flag & Flag.READ_FAILED for flag in flags[2:])


def test_an_opened_interlock_ends_the_run_and_says_so(measure: Measure) -> None:
    outcome, _ = measure(SWEEP, "laser", "interlock opened")
    assert outcome.status == "failed"
    assert outcome.reason.startswith("laser: ")


def test_a_hop_within_a_point_is_a_drift(measure: Measure) -> None:
    outcome, flags = measure(SWEEP, "laser", "mode hop")
    assert outcome.status == "completed"
    assert flags == [Flag(0), Flag(0), Flag.DRIFTED, Flag(0)]


def test_a_cryostat_that_swings_is_never_settled(measure: Measure) -> None:
    """Not even where the swing comes back to where it was."""
    plan = TemperatureSweep(start=280, stop=300, step=10, frames=2)
    outcome, flags = measure(plan, "cryostat", "never settles", after=1)
    assert outcome.status == "completed"
    assert [bool(flag & Flag.NOT_SETTLED) for flag in flags] == [False, True, True]


def test_room_light_saturates_every_point_and_no_dark_frame_is_kept(measure: Measure) -> None:
    outcome, flags = measure(SWEEP, "spectrometer", "saturated", after=1)
    assert outcome.status == "completed"
    assert [bool(flag & Flag.SATURATED) for flag in flags] == [False, True, True, True]
    _, flags = measure(SWEEP, "spectrometer", "saturated", after=1, faults="lasts_s = 8")
    assert flags[1] & Flag.SATURATED
    assert flags[-1] == Flag(0)


def test_cosmic_rays_are_left_out_of_the_spectrum_and_stay_in_the_raw_one(measure: Measure) -> None:
    outcome, flags = measure(SWEEP, "spectrometer", "cosmic rays", after=1)
    assert outcome.status == "completed"
    struck = [bool(flag & Flag.COSMIC_RAY) for flag in flags]
    assert any(struck)
    ds = load(outcome.path)
    raw = (ds["spectrum_raw"] - ds["dark"]) / ds["exposure"]
    away = np.abs(raw - ds["spectrum"]).max("wavelength").values * ds["exposure"].values
    assert (away[struck] > 100).all()
    assert (away[~np.array(struck)] < 0.1).all()
    dark = ds["wavelength"] < 380  # nothing is emitted there
    assert np.abs(ds["spectrum"][:, dark.values] / ds["spectrum_errors"][:, dark.values]).max() < 8


def test_a_laser_that_states_another_wavelength_than_it_was_tuned_to_has_hopped() -> None:
    with Station.load(find_station("virtual")) as station:
        setup = Setup(station)
        detector = PumpPowerAfter()
        detector.bind(setup)
        tuned = {"pump_power": setup.excitation.read_power(5), "excitation_wavelength_measured": 980.0}
        assert not detector.read(dict(tuned)) & Flag.MODE_HOP
        station["laser"].wavelength = 980.1
        assert detector.read(dict(tuned)) & Flag.MODE_HOP


def test_light_that_does_not_come_back_after_a_dark_frame_is_tried_for_again() -> None:
    with Station.load(find_station("virtual")) as station:
        setup = Setup(station)
        laser = setup.excitation
        laser.on()
        faults = station.backend.world.faults
        with pytest.raises(DeviceFault), laser.blocked():
            faults.inject("laser", "interlock opened")
        assert not laser.is_on
        with pytest.raises(DeviceFault, match="the interlock is open"):
            setup.restore()
        faults.end()
        setup.restore()
        assert laser.is_on
        faults.inject("laser", "laser trip")  # which is none that a block has left
        with pytest.raises(DeviceFault, match="the light has gone off by itself"), laser.blocked():
            pass


@pytest.mark.parametrize("seconds", [3, 6, 12, 24])
def test_a_laser_that_goes_off_during_the_calibration_is_named_not_the_meter(
    tmp_path: Path, seconds: float
) -> None:
    station = Station.load(find_station("virtual"))
    station.backend.world.faults.inject("laser", "interlock opened", at_s=seconds)
    outcome = run(SWEEP, station)
    assert outcome.status == "failed"
    assert outcome.reason.startswith("laser: ")
    assert not station.backend.world.bench.light_is_on()


def test_a_swing_that_comes_back_is_no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    with Station.load(find_station("virtual")) as station:
        began: list[float] = []

        def swinging(device: LakeShore) -> float:
            """Its crest is as long at the set-point as it takes to look for rest."""
            began.append(now := device.clock.now())
            return 299.273 + 2 * np.sin(2 * np.pi * (now - began[0]) / 160)

        monkeypatch.setattr(LakeShore, "temperature", property(swinging))
        axis = SampleTemperature([300.0], longest=3600.0)
        axis.bind(Setup(station))
        assert axis.move(0, {}) == Flag.NOT_SETTLED


def test_a_dark_frame_that_is_full_saturates_the_point(monkeypatch: pytest.MonkeyPatch) -> None:
    with Station.load(find_station("virtual")) as station:
        setup, faults = Setup(station), station.backend.world.faults

        @contextmanager
        def flooded() -> Iterator[None]:
            faults.inject("spectrometer", "saturated")
            yield
            faults.end()

        detector = EmissionSpectrum(frames=2, exposure=0.01)
        detector.bind(setup)
        assert not detector.read({}) & Flag.SATURATED
        monkeypatch.setattr(setup, "dark", flooded)
        assert detector.read({}) & Flag.SATURATED


# -- what is a cosmic ray --------------------------------------------------------------------------


def frames(number: int, seed: int = 0, height: float = 20_000.0) -> np.ndarray:
    """Noise of 40, shot noise of 1 per count, two lines."""
    rng = np.random.default_rng(seed)
    x = np.arange(2000.0)
    light = height * (np.exp(-(((x - 600) / 4) ** 2)) + 0.1 * np.exp(-(((x - 1200) / 30) ** 2)))
    return 1500 + light + rng.normal(0, 40, (number, 2000)) + rng.normal(0, 1, (number, 2000)) * light**0.5


@pytest.mark.parametrize("number", [2, 3, 5])
def test_noise_is_no_cosmic_ray(number: int) -> None:
    for seed in range(40):
        taken = frames(number, seed)
        found = mean_of(taken)
        assert not found.struck
        assert np.array_equal(found.value, taken.mean(axis=0))
        assert np.array_equal(found.variance, taken.var(axis=0, ddof=1) / number)


@pytest.mark.parametrize("number", [2, 3, 5])
def test_one_to_three_pixels_of_one_frame_are_left_out(number: int) -> None:
    clean = frames(number)
    struck = clean.copy()
    for pixel, length, counts in ((100, 1, 1000.0), (900, 3, 3000.0), (601, 2, 9000.0)):
        struck[number - 1, pixel : pixel + length] += counts
    found, wanted = mean_of(struck), mean_of(clean)
    assert found.struck
    assert np.array_equal(found.raw, struck.mean(axis=0))
    assert np.abs((found.value - wanted.value) / (found.variance + wanted.variance) ** 0.5).max() < 5
    at = [100, 900, 901, 902, 601, 602]
    others = np.setdiff1d(np.arange(2000), at)
    assert np.array_equal(found.value[others], wanted.value[others])
    assert (found.value[at] < found.raw[at] - 150).all()


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.05, 2.0])
def test_light_that_changes_is_no_cosmic_ray(factor: float) -> None:
    taken = frames(3)
    taken[1] += (factor - 1) * (taken.mean(axis=0) - 1500)
    assert not mean_of(taken).struck


def test_a_band_that_flickers_beside_steady_ones_is_no_cosmic_ray() -> None:
    taken = frames(3)
    taken[1] += 5000 * np.exp(-(((np.arange(2000) - 300) / 4) ** 2))
    assert not mean_of(taken).struck


def test_a_detector_without_noise_tells_nothing() -> None:
    taken = np.full((3, 100), 7.0)
    taken[1, 50] = 8.0
    assert not mean_of(taken).struck
