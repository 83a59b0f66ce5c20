"""Cooling scans on the virtual bench: what is put into the samples is found again."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.analysis import load
from antistokes.analysis.analyse import analyse
from antistokes.analysis.cooling_scan import analyse_runs
from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.procedures import run
from antistokes.procedures.cooling_scan import CoolingScan

STATION = """
backend = "@sim"
[instruments.laser]
driver = "cobolt_06"
resource = "ASRL5::INSTR"
settings = {{ wavelength = {nm} }}
[instruments.attenuator]
driver = "thorlabs_ell14"
resource = "ASRL1::INSTR"
[instruments.power_meter]
driver = "thorlabs_pm100d"
resource = "USB0::0x1313::0x8078::P0012345::INSTR"
[instruments.spectrometer]
driver = "ocean_seabreeze"
resource = "USB2+H00980"
[instruments.cryostat]
driver = "lakeshore_336"
resource = "ASRL2::INSTR"
settings = {{ sample_input = "B"{crystal} }}
[beam]
w_x_um = 100
w_y_um = 100
profile = "top-hat"
method = "set"
date = "2026-11-01"
sample_to_pickoff = {ratio}
max_power_mW = {most}
[simulation]
sample = "{sample}"
seed = {seed}
[simulation.effects]
heating = true
[simulation.optics]
pickoff = 0.02
path = {path}
filter = {{ edge_nm = {edge}, edge_width_nm = 2, pass_transmission = 0.93, optical_density = 6 }}
[simulation.twins.laser]
wavelength_nm = {nm}
rated_W = {rated}
[simulation.twins.cryostat]
crystal_input = "C"
cryostat = {{ start_K = {kelvin} }}
"""


@pytest.fixture
def measure(tmp_path):
    def scan(
        sample, nm, power, kelvin=295, edge=None, path=1.0, crystal=', crystal_input = "C"', seed=1, **more
    ):
        file = tmp_path / "station.toml"
        file.write_text(
            STATION.format(
                sample=sample, nm=nm, kelvin=kelvin, edge=edge or nm - 4, path=path, seed=seed,
                crystal=crystal, ratio=49 * path,
                most=max(1.2 * power, 0.1), rated=max(2e-3 * power, 4e-3) / min(1, 200 * path),
            )
        )  # fmt: skip
        with Station.load(file) as station:
            outcome = run(CoolingScan(power=power, **more), station, tmp_path / f"{sample}-{nm}.h5")
            assert not station.backend.world.bench.light_is_on()
        assert outcome.status == "completed", outcome.reason
        return load(tmp_path / f"{sample}-{nm}.h5")

    return scan


@pytest.mark.parametrize(
    ("sample", "nm", "power", "kelvin", "change", "relative"),
    [
        ("cds", 514, 10, 290, -40, 0.1),
        ("cds", 532, 10, 290, -20, 0.1),
        ("qd", 671, 300, 295, -0.18, 0.15),
        ("mapi", 785, 10, 295, -23.0, 0.1),
        ("phe", 565, 10, 295, -58.7, 0.1),
    ],
)
def test_published_coolings_are_found_and_called_disputed(
    measure, sample, nm, power, kelvin, change, relative
) -> None:
    (found,) = analyse(measure(sample, nm, power, kelvin))
    one = found.find("temperature change", excitation_wavelength=nm)
    assert one.value == pytest.approx(change, rel=relative)
    assert 0 < one.stderr < 1e-3 * abs(one.value) + 2e-3
    assert "disputed" in found.warnings[0]
    assert found.find("temperature change per power").note == "per incident power"


@pytest.mark.parametrize("nm", [502, 488])
def test_cadmium_sulphide_is_warmed_by_shorter_wavelengths(measure, nm) -> None:
    (found,) = analyse(measure("cds", nm, 0.01, 290, path=1e-3))
    assert found.find("temperature change").value > 0.1
    assert not found.warnings


def test_fixed_lasers_together_give_zero_crossing_and_efficiency(measure) -> None:
    powers = {532: 10, 635: 100, 640: 100, 645: 100, 655: 100, 671: 100}
    runs = [measure("qd", nm, power, edge=620) for nm, power in powers.items()]
    found = analyse_runs(runs)
    assert found.find("zero-crossing wavelength").value == pytest.approx(642.9, abs=2.0)
    assert found.find("emission wavelength").value == pytest.approx(632, abs=1)
    assert found.find("external efficiency").value == pytest.approx(0.985, abs=2e-3)
    assert found.find("temperature change", excitation_wavelength=532.0).value > 0
    drawn = found.figure()
    assert [len(axes.lines) > 0 for axes in drawn.axes] == [True, True]


def test_a_tunable_laser_scans_in_one_run(tmp_path) -> None:
    text = STATION.format(
        sample="mapi", nm=785, kelvin=295, edge=756, path=0.01, seed=2, crystal=', crystal_input = "C"',
        most=24, rated=1, ratio=0.49,
    )  # fmt: skip
    for old, new in (
        ("cobolt_06", "spectraphysics_maitai"),
        ("settings = { wavelength = 785 }\n", ""),
        ("wavelength_nm = 785\nrated_W = 1\n", "start_nm = 785\n"),
    ):
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "tunable.toml"
    file.write_text(text)
    with Station.load(file) as station:
        plan = CoolingScan(wavelengths=[768, 772, 778, 785], power=0.4)
        outcome = run(plan, station, tmp_path / "tunable.h5")
    assert outcome.status == "completed", outcome.reason
    (found,) = analyse(load(tmp_path / "tunable.h5"))
    assert found.find("zero-crossing wavelength").value == pytest.approx(769.7, abs=2.0)
    assert found.find("temperature change", excitation_wavelength=768.0).value > 0


def test_a_station_without_a_sensor_on_the_lit_sample_is_refused_before_anything_moves(measure) -> None:
    with pytest.raises(Refused, match="has no sensor on the lit sample"):
        measure("qd", 671, 100, crystal="")


@pytest.mark.parametrize("name", ["wavelengths", "powers"])
def test_a_set_point_that_stands_there_twice_is_refused(name) -> None:
    with pytest.raises(Refused, match=f"cooling-scan: {name}: one stands there twice"):
        CoolingScan(**{name: [700.0, 700.0]}).check()


def test_wavelengths_and_powers_multiply() -> None:
    axes = CoolingScan(wavelengths=[500, 510], powers=[1, 2, 3], order="shuffled").axes()
    assert [axis.name for axis in axes] == ["excitation_wavelength", "power"]
    assert [len(axis.setpoints) for axis in axes] == [2, 3]
    assert np.array_equal(CoolingScan(power=4).axes()[0].setpoints, [4.0])
