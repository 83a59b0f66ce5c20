"""Polarisation scan, knife edge and power calibration on the virtual bench, and the axes they move."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis import load
from antistokes.analysis.analyse import analyse
from antistokes.analysis.findings import Findings
from antistokes.instruments import Station
from antistokes.instruments.errors import LimitError, Refused
from antistokes.procedures.axes import ExcitationPower
from antistokes.procedures.axes.attenuator_position import AttenuatorPosition
from antistokes.procedures.axes.elapsed_time import ElapsedTime
from antistokes.procedures.axes.laser_drive import LaserDrive
from antistokes.procedures.axes.named import make_axis
from antistokes.procedures.axes.span import Span
from antistokes.procedures.beam_profile import BeamProfile
from antistokes.procedures.calibrate_power import CalibratePower
from antistokes.procedures.channels import Flag
from antistokes.procedures.measurement import Measurement
from antistokes.procedures.polarisation_scan import PolarisationScan
from antistokes.procedures.power_sweep import PowerSweep
from antistokes.procedures.procedure import Procedure
from antistokes.procedures.runner import run
from antistokes.procedures.sequence import Sequence
from antistokes.procedures.setup import Setup
from antistokes.simulated_hw.stations import find_station

DEVICES = """
[instruments.blade]
driver = "thorlabs_ell20"
resource = "ASRL9::INSTR"
[simulation.twins.blade]
knife = { center_mm = 30.02 }
[instruments.rotator]
driver = "thorlabs_ell14_polarisation"
resource = "ASRL10::INSTR"
settings = { zero = 7.0 }
[simulation.twins.rotator]
zero_deg = 7.0
[instruments.reference]
driver = "thorlabs_pm400"
resource = "USB0::0x1313::0x8075::P5000001::INSTR"
[simulation.twins.reference]
place = "sample"
[instruments.monochromator]
driver = "acton_sp2300i"
resource = "ASRL12::INSTR"
[instruments.counter]
driver = "srs_sr400"
resource = "ASRL16::INSTR"
[roles]
power_meter = "power_meter"
"""
POLARISED = """\
extends = "yber-micro"
[sample]
id = "rods"
[model.enhancement]
emission = 1
source = "assumed"
[model.enhancement.polarised]
minimum = 0.02
maximum = 1.0
axis = 30
"""
Open = Callable[..., Station]


@pytest.fixture
def open_station(tmp_path: Path) -> Open:
    """With all devices that the procedures here ask for."""

    def open_station(*replacements: tuple[str, str], sample: str | None = None, extra: str = "") -> Station:
        text = find_station("virtual").read_text(encoding="utf-8") + DEVICES + extra
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "station.toml"
        path.write_text(text, encoding="utf-8")
        chosen: str | Path | None = sample
        if sample == "rods":
            chosen = tmp_path / "rods.toml"
            chosen.write_text(POLARISED, encoding="utf-8")
        return Station.load(path, sample=chosen)

    return open_station


def carried_out(procedure: Procedure, station: Station, folder: Path) -> tuple[xr.Dataset, Findings]:
    with station:
        outcome = run(procedure, station, folder / "run.h5")
    assert outcome.status == "completed", outcome.reason
    ds = load(folder / "run.h5")
    (found,) = analyse(ds)
    assert found.problem == ""
    return ds, found


# -- procedures -----------------------------------------------------------------------------------


def test_a_blade_finds_the_radius_of_the_beam(open_station: Open, tmp_path: Path) -> None:
    ds, found = carried_out(BeamProfile(), open_station(), tmp_path)
    radius = found.find("beam radius", "x")
    assert abs(radius.value - 100) < 4 * radius.stderr < 1
    assert ds["beam_power"].values.max() == pytest.approx(1e-3, rel=0.02)


def test_the_power_is_set_while_the_blade_is_out_of_the_beam(open_station: Open, tmp_path: Path) -> None:
    covered = "[simulation.twins.blade]\npower_up_mm = 40.0"
    station = open_station(("[simulation.twins.blade]", covered))
    _, found = carried_out(BeamProfile(points=21), station, tmp_path)
    assert found.find("beam radius", "x").value == pytest.approx(100, abs=2)


def test_the_ratio_of_rods_and_their_axis_are_found(open_station: Open, tmp_path: Path) -> None:
    plan = PolarisationScan(excitation=10, points=9, longest_exposure=0.5)
    ds, found = carried_out(plan, open_station(sample="rods"), tmp_path)
    ratio, axis = found.find("polarisation ratio", "green"), found.find("polarisation angle", "green")
    assert abs(ratio.value - 50) < 4 * ratio.stderr < 4
    assert abs(axis.value - 30) < 4 * axis.stderr < 1
    assert np.abs(ds["irradiance_mean"].values / 10 - 1).max() < 0.01
    along = found.find("intensity", "green", polarisation=22.5)
    across = found.find("intensity", "green", polarisation=112.5)
    expected = [0.02 + 0.98 * math.cos(math.radians(angle - 30)) ** 2 for angle in (22.5, 112.5)]
    assert along.value / across.value == pytest.approx(expected[0] / expected[1], rel=0.03)


def test_a_meter_at_the_sample_finds_the_pick_off_ratio(open_station: Open, tmp_path: Path) -> None:
    plan = CalibratePower(reference="reference", points=11, repeats=2)
    _, found = carried_out(plan, open_station(("pickoff = 9.0", "pickoff = 8.5")), tmp_path)
    ratio = found.find("pick-off ratio")
    assert abs(ratio.value - 9) < 4 * ratio.stderr < 0.05
    assert any("says sample_to_pickoff = 8.5" in text for text in found.warnings)


def test_a_pick_off_that_drifts_gives_no_ratio(open_station: Open, tmp_path: Path) -> None:
    station = open_station(extra="[simulation.effects]\npickoff_drift = 0.3\n")
    _, found = carried_out(CalibratePower(reference="reference", settle=20.0), station, tmp_path)
    assert math.isnan(found.find("pick-off ratio").value)


def test_the_attenuator_is_found_as_it_is(open_station: Open, tmp_path: Path) -> None:
    ds, found = carried_out(CalibratePower(scan="attenuator", repeats=2), open_station(), tmp_path)
    place, extinction = found.find("open position"), found.find("extinction")
    assert abs(place.value - 12.4) < 4 * place.stderr
    assert abs(extinction.value - 1e-3 / 1.001) < 4 * extinction.stderr
    assert 9e-3 < ds["beam_power"].values.max() < 10.1e-3


def test_the_laser_is_found_as_it_is_and_the_sample_gets_little(open_station: Open, tmp_path: Path) -> None:
    ds, found = carried_out(CalibratePower(scan="laser", repeats=2), open_station(), tmp_path)
    threshold, slope = found.find("threshold current"), found.find("slope efficiency")
    assert (threshold.unit, slope.unit) == ("A", "W/A")
    assert abs(threshold.value - 0.06) < 4 * threshold.stderr
    assert abs(slope.value - 0.6 * 0.95 * 0.9) < 4 * slope.stderr < 0.01
    assert ds["beam_power"].values.max() < 10e-3


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (BeamProfile(stop=61), "blade: position = 61 mm is outside the allowed 0 to 60 mm"),
        (PolarisationScan(angles=[0, 400]), "rotator: polarisation = 400 deg"),
        (CalibratePower(reference="power_meter"), "is the pick-off meter"),
        (CalibratePower(reference="laser"), "'laser' is no power_meter"),
        (CalibratePower(scan="laser", stop=2.0), "laser: drive = 2 A"),
        (CalibratePower(scan="attenuator", start=-5.0), "attenuator: position = -5 deg"),
        (
            CalibratePower(scan="attenuator", power=400),
            "power on the sample = .* outside the allowed 0 to 360",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_moves(
    open_station: Open, plan: Procedure, words: str
) -> None:
    with open_station() as station:
        before = station.clock.now()
        measurement = Measurement(plan, station)
        with pytest.raises(Refused, match=words):
            measurement.bind()
        assert station.clock.now() - before < 1


def test_without_a_reference_there_is_nothing_to_compare() -> None:
    with pytest.raises(Refused, match="reference is missing"):
        CalibratePower().check()
    with pytest.raises(Refused, match="another position than stop"):
        BeamProfile(start=30.0, stop=30.0).check()


# -- axes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "options", "thing"),
    [
        ("polarisation", [0.0], {}, "rotator: polarisation"),
        ("blade", [1.0], {}, "blade: position"),
        ("attenuator", [10.0], {}, "attenuator: position"),
        ("monochromator_wavelength", [540.0], {}, "monochromator: wavelength"),
        ("gate_delay", [1e-4], {"width": 1e-4}, "counter: gate"),
        ("elapsed", [0.0], {}, "time"),
        ("drive", [0.1], {}, "attenuator: position"),
    ],
)
def test_two_axes_that_move_one_device_are_refused(
    open_station: Open, name: str, values: list[float], options: dict[str, Any], thing: str
) -> None:
    with open_station() as station:
        setup = Setup(station)
        make_axis(name, values, **options).bind(setup)
        with pytest.raises(Refused, match=f"{thing} is moved by two axes"):
            make_axis(name, values, **options).bind(setup)


@pytest.mark.parametrize(
    ("name", "value", "options"),
    [
        ("monochromator_wavelength", 9999.0, {}),
        ("gate_delay", 5.0, {"width": 1e-4}),
        ("gate_delay", 1e-4, {"width": 5.0}),
        ("blade", -1.0, {}),
    ],
)
def test_a_set_point_out_of_range_is_refused(
    open_station: Open, name: str, value: float, options: dict[str, Any]
) -> None:
    with open_station() as station, pytest.raises(LimitError):
        make_axis(name, [value], **options).bind(Setup(station))


def test_a_power_axis_and_an_attenuator_axis_exclude_each_other(open_station: Open) -> None:
    with open_station() as station:
        setup = Setup(station)
        ExcitationPower(np.array([1.0]), "mW").bind(setup)
        with pytest.raises(Refused, match="laser: power is moved by two axes: power and attenuator"):
            AttenuatorPosition([10.0]).bind(setup)


def test_a_sample_that_stands_less_is_spared(open_station: Open, tmp_path: Path) -> None:
    weak = tmp_path / "weak.toml"
    weak.write_text('extends = "yber-micro"\n[sample]\nid = "weak"\nmax_irradiance = 10\n', encoding="utf-8")
    for axis in (AttenuatorPosition([10.0], power=10.0), LaserDrive([0.1], power=10.0)):
        with open_station(sample=str(weak)) as station, pytest.raises(LimitError, match="weak: irradiance"):
            axis.bind(Setup(station))


def test_a_span_goes_there_and_back_within_the_range_of_the_device() -> None:
    assert Span(3, 2).within(0, 10).tolist() == [0, 5, 10, 10, 5, 0]
    assert Span(3, start=2.0).within(0, 10).tolist() == [2, 6, 10]


def test_a_time_axis_waits_and_tells_when_it_is_late(open_station: Open) -> None:
    with pytest.raises(Refused, match="must rise"):
        ElapsedTime([0, 0])
    with pytest.raises(Refused, match="begins at -5 s"):
        ElapsedTime([-5, 0])
    with open_station() as station:
        setup = Setup(station)
        axis = ElapsedTime([0, 10, 20])
        axis.bind(setup)
        begin = station.clock.now()
        record: dict[str, Any] = {}
        flags = []
        for i, spent in enumerate((0.0, 0.0, 15.0)):
            station.clock.sleep(spent)
            flags.append(axis.move(i, record))
            assert record["elapsed_measured"] == pytest.approx(station.clock.now() - begin)
    assert flags == [Flag(0), Flag(0), Flag.OFF_TARGET]
    assert record["elapsed_measured"] == pytest.approx(25)


def test_a_polarisation_axis_around_a_sweep_makes_blocks_of_one_file(
    open_station: Open, tmp_path: Path
) -> None:
    sweep = PowerSweep(start=1, stop=10, order="up", longest_exposure=0.1)
    with open_station(sample="rods") as station:
        plan = Sequence([make_axis("polarisation", [30, 120])], [sweep])
        assert run(plan, station, tmp_path / "run.h5").status == "completed"
    found = analyse(load(tmp_path / "run.h5"))
    assert [block.at for block in found] == [{"polarisation": 30.0}, {"polarisation": 120.0}]
