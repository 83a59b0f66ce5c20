"""Faults on the wire: each does what its name says, at the message it was planned for, or by seed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from antistokes.instruments import Station
from antistokes.instruments.errors import (
    BadAnswer,
    ConnectionFailed,
    DeviceTimeout,
    FileRefused,
    InstrumentError,
    Refused,
)
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
        ('devices = ["lasr"]\nprobability = 0.1', "simulation.faults: 'lasr' is no instrument on a wire"),
        ('at = [{ device = "spectrometer", message = 1, kind = "lost" }]', "'spectrometer' is no instrument"),
        ("probability = 2", "probability"),
        ('kinds = ["los"]', "must be one of"),
    ],
)
def test_faults_that_cannot_be_are_refused(tmp_path, faults, words):
    with pytest.raises(FileRefused, match=words):
        station(tmp_path, f"[simulation.faults]\n{faults}")


def test_only_devices_on_a_wire_can_be_struck(tmp_path):
    with pytest.raises(Refused, match="did you mean 'laser'"):
        station(tmp_path).backend.world.faults.inject("lser", KINDS[0])
