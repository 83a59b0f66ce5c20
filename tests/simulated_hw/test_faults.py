"""Faults of wires, SDKs, devices and the room: each does what its name says, when planned, or by seed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from antistokes.instruments import Station
from antistokes.instruments.errors import (
    BadAnswer,
    ConnectionFailed,
    DeviceFault,
    DeviceTimeout,
    FileRefused,
    InstrumentError,
    Refused,
)
from antistokes.simulated_hw.events import EVENT_KINDS
from antistokes.simulated_hw.faults import KINDS
from antistokes.simulated_hw.stations import find_station

VIRTUAL = Path(find_station("virtual")).read_text(encoding="utf-8")


def station(tmp_path: Path, faults: str = "", seed: int = 1) -> Station:
    path = tmp_path / "lab.toml"
    path.write_text(f"{VIRTUAL}\n{faults}", encoding="utf-8")
    return Station.load(path, seed=seed)


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("lost", DeviceTimeout),
        ("silent", DeviceTimeout),
        ("late", DeviceTimeout),
        ("garbage", BadAnswer),
        ("half", (BadAnswer, DeviceTimeout)),
        ("nan", BadAnswer),
        ("dropped", ConnectionFailed),
    ],
)
def test_a_fault_is_an_error_that_names_the_device_and_the_next_question_is_answered(tmp_path, kind, error):
    with station(tmp_path) as lab:
        before = lab["power_meter"].wavelength
        faults = lab.backend.world.faults
        faults.inject("power_meter", kind)
        with pytest.raises(error, match="power_meter: "):
            _ = lab["power_meter"].wavelength
        assert [(one.device, one.kind, one.text) for one in faults.struck] == [
            ("power_meter", kind, "SENS:CORR:WAV?")
        ]
        if kind != "dropped":
            assert lab["power_meter"].wavelength == before


def test_a_stuck_value_stays_until_the_faults_end(tmp_path):
    with station(tmp_path) as lab:
        meter, faults = lab["power_meter"], lab.backend.world.faults
        faults.inject("power_meter", "stuck", message=2)
        first = meter.wavelength
        assert meter.wavelength == first
        lab["power_meter"].wavelength = first - 100
        assert meter.wavelength == first
        faults.end()
        assert meter.wavelength == first - 100


def test_a_lost_command_is_not_carried_out_and_a_silent_one_is(tmp_path):
    with station(tmp_path) as lab:
        meter, faults = lab["power_meter"], lab.backend.world.faults
        wavelength = meter.wavelength
        for kind, expected in (("lost", wavelength), ("silent", 700.0)):
            faults.inject("power_meter", kind)
            meter.write("SENS:CORR:WAV 700")
            assert meter.wavelength == expected


def test_faults_by_chance_are_those_of_the_seed(tmp_path):
    def struck(seed: int) -> list[tuple[int, str]]:
        text = 'probability = 0.2\ndevices = ["power_meter"]\nkinds = ["garbage", "silent"]'
        lab = station(tmp_path, f"[simulation.faults]\n{text}", seed)
        for _ in range(20):
            with suppress(InstrumentError), lab:
                _ = lab["power_meter"].wavelength
        return [(one.message, one.kind) for one in lab.backend.world.faults.struck]

    assert struck(1) == struck(1) != struck(2)
    assert {kind for _, kind in struck(1)} == {"garbage", "silent"}


def test_a_laser_whose_line_drops_is_made_safe_by_a_new_connection(tmp_path):
    with station(tmp_path) as lab:
        lab["laser"].current = 0.2
        lab["laser"].emission = True
        world = lab.backend.world
        world.faults.inject("laser", "dropped")
        with pytest.raises(ConnectionFailed):
            _ = lab["laser"].current
        lab.clock.sleep(2)
        assert world.bench.light_is_on()
        assert not [step for step in lab.make_safe() if step.problem]
        assert not world.bench.light_is_on()


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ('devices = ["lasr"]\nprobability = 0.1', "simulation.faults: 'lasr' is no instrument of the bench"),
        ('at = [{ device = "laser", message = 1, kind = "mode hop" }]', "'mode hop' needs at_s to say when"),
        ('at = [{ device = "laser", at_s = 1, kind = "lost" }]', "'lost' needs message to say when"),
        (
            'at = [{ device = "cryostat", at_s = 1, kind = "mode hop" }]',
            "does not happen to it; it does to: laser",
        ),
        ("probability = 2", "probability"),
        ('kinds = ["los"]', "must be one of"),
    ],
)
def test_faults_that_cannot_be_are_refused(tmp_path, faults, words):
    with pytest.raises(FileRefused, match=words):
        station(tmp_path, f"[simulation.faults]\n{faults}")


def test_only_devices_of_the_bench_can_be_struck(tmp_path):
    with pytest.raises(Refused, match="did you mean 'laser'"):
        station(tmp_path).backend.world.faults.inject("lser", KINDS[0])


# -- calls of an SDK ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("lost", DeviceFault),
        ("silent", DeviceFault),
        ("nan", BadAnswer),
        ("half", BadAnswer),
        ("garbage", BadAnswer),
        ("over-range", BadAnswer),
    ],
)
def test_a_call_of_an_sdk_that_fails_names_the_device_and_the_next_one_works(tmp_path, kind, error):
    with station(tmp_path) as lab:
        spectrometer, faults = lab["spectrometer"], lab.backend.world.faults
        spectrometer.frame()  # after the stale one
        faults.inject("spectrometer", kind)
        with pytest.raises(error, match="spectrometer: 'intensities'"):
            spectrometer.frame()
        assert [(one.kind, one.text) for one in faults.struck] == [(kind, "intensities")]
        assert np.isfinite(spectrometer.frame()).all()


def test_a_call_hangs_a_frame_comes_again_and_a_device_is_gone(tmp_path):
    with station(tmp_path) as lab:
        spectrometer, faults = lab["spectrometer"], lab.backend.world.faults
        first, before = spectrometer.frame(), lab.clock.now()
        faults.inject("spectrometer", "late")
        spectrometer.frame()
        assert lab.clock.now() - before == pytest.approx(30, abs=1)
        first = spectrometer.frame()
        faults.inject("spectrometer", "stuck")
        assert np.array_equal(spectrometer.frame(), first)
        assert np.array_equal(spectrometer.frame(), first)
        faults.inject("spectrometer", "dropped")
        for _ in range(2):
            with pytest.raises(DeviceFault):
                spectrometer.frame()
        faults.end()
        assert not np.array_equal(spectrometer.frame(), first)


@pytest.mark.parametrize(
    ("driver", "resource", "error"),
    [
        ("swabian_timetagger", "1740000ABC", DeviceFault),
        ("picoquant_picoharp300", "1000123", ConnectionFailed),
        ("idq_id900", "tcp://192.168.1.50:5555", DeviceTimeout),
    ],
)
def test_a_counter_behind_an_sdk_says_which_it_is(tmp_path, driver, resource, error):
    entry = f'[instruments.counter]\ndriver = "{driver}"\nresource = "{resource}"\n'
    with one_device(tmp_path, entry) as lab:
        rate = lab["counter"].count_rate()
        lab.backend.world.faults.inject("counter", "lost")
        with pytest.raises(error, match="counter: "):
            lab["counter"].count_rate()
        assert lab["counter"].count_rate() == pytest.approx(rate, rel=0.9, abs=100)


def test_a_histogram_that_is_garbage_is_no_histogram(tmp_path):
    entry = '[instruments.counter]\ndriver = "picoquant_picoharp300"\nresource = "1000123"\n'
    with one_device(tmp_path, entry) as lab:
        counter, twin = lab["counter"], lab.backend.world.twins["counter"]
        faults = lab.backend.world.faults
        faults.inject("counter", "lost", message=10_000)  # far away: calls are counted from now on
        counter.histogram(0.1)
        before = twin.call_faults.messages
        counter.histogram(0.1)
        faults.inject("counter", "garbage", message=twin.call_faults.messages - before)
        with pytest.raises(BadAnswer, match="counter: 'PH_GetHistogram' gave"):
            counter.histogram(0.1)


def test_a_camera_whose_cable_is_pulled(tmp_path):
    entry = '[instruments.camera]\ndriver = "andor_shamrock"\nresource = "18123"\n'
    with one_device(tmp_path, entry) as lab:
        lab.backend.world.faults.inject("camera", "lost")
        with pytest.raises(ConnectionFailed, match="camera: .*DRV_USBERROR"):
            lab["camera"].frame()
        assert len(lab["camera"].frame()) == 2048


# -- devices and the room -------------------------------------------------------------------------

LASERS = {
    "thorlabs_cld1015": ("USB0::0x1313::0x804F::M1::INSTR", "current", 0.3),
    "thorlabs_itc4001": ("USB0::0x1313::0x804A::M2::INSTR", "current", 0.3),
    "toptica_ibeam_smart": ("ASRL1::INSTR", "drive", 0.1),
    "cobolt_06": ("ASRL2::INSTR", "drive", 0.1),
    "nkt_superk_varia": ("ASRL3::INSTR", "drive", 50.0),
    "spectraphysics_maitai": ("ASRL4::INSTR", "", 0.0),
}


def one_device(tmp_path: Path, entry: str, seed: int = 1) -> Station:
    path = tmp_path / "one.toml"
    path.write_text(f'backend = "@sim"\n{entry}', encoding="utf-8")
    return Station.load(path, seed=seed)


def lit(lab: Station, driver: str) -> Any:
    _, drive, value = LASERS[driver]
    if drive:
        setattr(lab["laser"], drive, value)
    lab["laser"].emission = True
    assert lab.backend.world.bench.light_is_on()
    return lab["laser"]


@pytest.mark.parametrize("kind", ["laser trip", "interlock opened"])
@pytest.mark.parametrize("driver", LASERS)
def test_a_laser_goes_off_by_itself_and_comes_back_as_the_real_one_does(tmp_path, driver, kind):
    entry = f'[instruments.laser]\ndriver = "{driver}"\nresource = "{LASERS[driver][0]}"\n'
    with one_device(tmp_path, entry) as lab:
        laser, world = lit(lab, driver), lab.backend.world
        world.faults.inject("laser", kind, at_s=lab.clock.now() + 5)
        assert laser.emission
        lab.clock.sleep(6)
        assert not laser.emission
        assert not world.bench.light_is_on()
        assert [(one.device, one.message, one.kind) for one in world.faults.struck] == [("laser", None, kind)]
        if kind == "interlock opened":
            with pytest.raises(DeviceFault, match="interlock|system fault|no light"):
                laser.emission = True
            assert not world.bench.light_is_on()
            world.faults.end()
        if hasattr(laser, "clear_fault"):
            laser.clear_fault()
        elif hasattr(laser, "reset_interlock"):
            laser.reset_interlock()
        elif driver == "spectraphysics_maitai" and kind == "laser trip":
            with pytest.raises(DeviceFault, match="system error"):  # once: it was in its queue
                laser.emission = True
        laser.emission = True
        assert world.bench.light_is_on()


def test_an_opened_interlock_is_closed_after_its_time(tmp_path):
    at = '[{ device = "laser", at_s = 10, kind = "interlock opened" }]'
    with station(tmp_path, f"[simulation.faults]\nlasts_s = 60\nat = {at}") as lab:
        lab["laser"].current = 0.2
        lab["laser"].emission = True
        lab.clock.sleep(20)
        assert not lab["laser"].emission
        assert "the interlock is open" in lab["laser"].causes()
        lab.clock.sleep(60)
        assert lab["laser"].causes() == []
        assert not lab["laser"].emission


def test_a_mode_hop_moves_wavelength_and_power_for_good(tmp_path):
    with station(tmp_path, "[simulation.faults]\nhop_nm = 2\nhop_power = 0.1") as lab:
        lab["laser"].current = 0.2
        lab["laser"].emission = True
        lab.clock.sleep(2)
        ((nm, power),) = lab.backend.world.bench.beams()
        lab.backend.world.faults.inject("laser", "mode hop")
        lab.clock.sleep(100)
        assert lab.backend.world.bench.beams() == [(nm + 2, pytest.approx(0.9 * power))]


@pytest.mark.parametrize(
    ("driver", "resource", "more"),
    [
        ("lakeshore_336", "ASRL2::INSTR", 'settings = { sample_input = "B" }'),
        ("oxford_itc503", "ASRL2::INSTR", ""),
        ("oxford_mercuryitc", "TCPIP0::192.168.1.70::7020::SOCKET", ""),
        (
            "montana_cryostation",
            "TCPIP0::192.168.1.73::7773::SOCKET",
            "[simulation.twins.cryostat]\ncold = true",
        ),
    ],
)
def test_a_cryostat_never_settles(tmp_path, driver, resource, more):
    entry = f'[instruments.cryostat]\ndriver = "{driver}"\nresource = "{resource}"\n{more}\n'
    with one_device(tmp_path, entry) as lab:
        cryostat, faults = lab["cryostat"], lab.backend.world.faults
        cryostat.control = True
        cryostat.setpoint = 150.0
        lab.clock.sleep(7200)
        faults.inject("cryostat", "never settles")
        lab.clock.sleep(3600)
        kelvin = []
        for _ in range(100):
            lab.clock.sleep(30)
            kelvin.append(cryostat.temperature)
        assert np.ptp(kelvin[:50]) > 1.5
        assert np.ptp(kelvin[50:]) > 1.5
        assert abs(np.mean(kelvin) - 150) < 8
        faults.end()
        lab.clock.sleep(7200)
        assert cryostat.temperature == pytest.approx(150, abs=2)


def test_room_light_fills_the_detector_and_cosmic_rays_strike_a_few_pixels(tmp_path):
    with station(tmp_path) as lab:
        spectrometer, faults = lab["spectrometer"], lab.backend.world.faults
        dark = spectrometer.frame()
        faults.inject("spectrometer", "cosmic rays")
        struck = np.array([spectrometer.frame() for _ in range(100)]) > dark.max() + 500
        assert 5 < struck.sum() < 60
        faults.inject("spectrometer", "saturated")
        assert spectrometer.frame().min() == spectrometer.saturation
        faults.end()
        assert spectrometer.frame().max() < dark.max() + 500


def test_events_by_chance_are_those_of_the_seed(tmp_path):
    def struck(seed: int) -> list[tuple[str, str, float]]:
        with station(tmp_path, "[simulation.faults]\nevents_per_hour = 5", seed) as lab:
            for _ in range(60):
                lab.clock.sleep(60)
                _ = lab["power_meter"].wavelength
            return [(one.device, one.kind, one.time) for one in lab.backend.world.faults.struck]

    found = struck(1)
    assert found == struck(1) != struck(2)
    assert 5 < len(found) < 30
    assert {kind for _, kind, _ in found} <= set(EVENT_KINDS)
    assert {device for device, _, _ in found} == {"laser", "cryostat", "spectrometer"}


def test_a_kind_that_does_not_fit_a_device_says_which_it_fits(tmp_path):
    faults = station(tmp_path).backend.world.faults
    with pytest.raises(Refused, match="'laser': 'saturated' does not happen to it; it does to: spectrometer"):
        faults.inject("laser", "saturated")
