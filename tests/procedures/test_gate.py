"""One laser, continuous and in pulses: each procedure gets the light it needs, or is refused in the dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.procedures.axes import Axis, ExcitationPower, PulseWidth
from antistokes.procedures.channels import Flag
from antistokes.procedures.detectors import PumpPower
from antistokes.procedures.measurement import Measurement
from antistokes.procedures.procedure import Procedure
from antistokes.procedures.sequence import Sequence
from antistokes.procedures.setup import Setup

STATION = """\
backend = "@sim"
[instruments.laser]
driver = "cobolt_06"
resource = "ASRL5::INSTR"
settings = { gated = true, wavelength = 980 }
[instruments.generator]
driver = "keysight_33500b"
resource = "TCPIP0::192.168.1.50::5025::SOCKET"
set = { high = 5.0, low = 0.0 }
[instruments.attenuator]
driver = "thorlabs_ell14"
resource = "ASRL1::INSTR"
[instruments.power_meter]
driver = "thorlabs_pm100d"
resource = "USB0::0x1313::0x8078::P0012345::INSTR"
[beam]
w_x_um = 100
w_y_um = 100
method = "set"
date = "2026-11-01"
sample_to_pickoff = 49.0
max_power_mW = 180
[simulation]
seed = {seed}
[simulation.optics]
pickoff = 0.02
[simulation.twins.laser]
wavelength_nm = 980
rated_W = 0.2
"""
PERIOD = 1e-2
Make = Callable[..., Station]


class Continuous(Procedure, kw_only=True):
    NAME = "continuous"

    def axes(self) -> list[Axis]:
        return [ExcitationPower(np.array([20.0, 50.0]), "mW", "up")]

    def detectors(self, station):
        return [PumpPower(5)]


class Pulsed(Procedure, kw_only=True):
    NAME = "pulsed"

    def axes(self) -> list[Axis]:
        pulses = PulseWidth(np.array([1e-3]), PERIOD)
        return [pulses, ExcitationPower(np.array([100.0]), "mW", "up")]

    def detectors(self, station):
        return [PumpPower(5)]


class Inside(Procedure, kw_only=True):
    NAME = "inside"

    def axes(self) -> list[Axis]:
        return [PulseWidth(np.array([1e-3]), PERIOD)]


@pytest.fixture
def gated_station(tmp_path: Path) -> Make:
    def make(old: str = "", new: str = "", seed: int = 980) -> Station:
        text = STATION.replace("{seed}", str(seed))
        assert old in text
        path = tmp_path / f"gated{seed}.toml"
        path.write_text(text.replace(old, new))
        return Station.load(path)

    return make


def light(station):
    """W on the sample during pulses and between them, and whether the generator sends any."""
    bench = station.backend.world.bench
    (beam,) = bench.excitation()
    return beam.high * bench._rest, beam.low * bench._rest, station["generator"].output


@pytest.mark.parametrize("order", [(Continuous, Pulsed), (Pulsed, Continuous)])
def test_one_laser_serves_continuous_and_pulsed_steps_of_a_run(gated_station, order):
    with gated_station() as station:
        measurement = Measurement(Sequence([], [step() for step in order]), station)
        measurement.bind()
        seen = [(measurement.setup.pulse_period, *light(station)) for _ in measurement.records()]
        pulsed = [row for row in seen if row[0] is not None]
        continuous = [row for row in seen if row[0] is None]
        assert pulsed == [(PERIOD, pytest.approx(0.1, rel=0.02), 0, True)]
        assert [row[1] for row in continuous] == pytest.approx([0.02, 0.05], rel=0.02)
        assert all(high == low and not output for _, high, low, output in continuous)
        assert not station.backend.world.bench.light_is_on()


def test_a_laser_that_no_gate_input_switches_is_refused_both_before_it_shines(gated_station):
    with gated_station("gated = true, ") as station:
        with pytest.raises(Refused, match=r"laser: cannot change between pulses .* gated = true"):
            Measurement(Sequence([], [Continuous(), Pulsed()]), station).bind()
        assert station.clock.now() < 1


def test_pulses_inside_of_a_power_are_refused(gated_station):
    power = ExcitationPower(np.array([20.0]), "mW")
    with gated_station() as station, pytest.raises(Refused, match="pulse width: must be around power"):
        Measurement(Sequence([power], [Inside()]), station).bind()


def test_pulses_too_low_for_the_gate_are_found_with_little_drive(gated_station, tmp_path):
    with gated_station("high = 5.0", "high = 1.0") as station:
        drives = watch_drives(station)
        with pytest.raises(Refused, match="power_meter: sees nothing of laser .* pulses of generator"):
            list(Pulsed().measure(station))
        assert max(drives) <= 100 / 180 * 0.2 * 1.05
        assert not station.backend.world.bench.light_is_on()


def watch_drives(station):
    """Every power the laser is told, in W."""
    twin, drives = station.backend.world.twins["laser"], []
    told = twin._set
    twin._set = lambda command, value: (drives.append(value if command == "p" else 0.0), told(command, value))
    return drives


def bound(station, width, power):
    setup = Setup(station)
    axes = PulseWidth(np.array([width]), PERIOD), ExcitationPower(np.array([power]), "mW", "up")
    for axis in axes:
        axis.bind(setup)
    return axes


@pytest.mark.parametrize("seed", range(10))
def test_pulses_that_leave_little_on_the_meter_are_as_bright_as_planned(gated_station, seed):
    with gated_station(seed=seed) as station:
        pulses, power = bound(station, 1e-6, 100.0)  # 0.2 uW on the meter, whose floor is 1 nW
        for axis in (pulses, power):
            axis.prepare()
        assert pulses.move(0, {}) | power.move(0, {}) == Flag(0)
        doubt = power._excitation.sigma(0.1, 2) / 0.1
        assert light(station)[0] == pytest.approx(0.1, rel=0.01 + 4 * doubt)
        assert doubt < 0.01


def test_pulses_that_leave_nothing_on_the_meter_are_refused_in_the_dark(gated_station):
    with gated_station() as station:
        pulses, power = bound(station, 2e-8, 100.0)
        pulses.prepare()
        with pytest.raises(Refused, match="power_meter: 100 mW on the sample.* longer pulses"):
            power.prepare()
        assert not station.backend.world.bench.light_is_on()
