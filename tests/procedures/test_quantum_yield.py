"""Quantum yields of virtual samples, from the lamp that calibrates the spectrometer to the number."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from antistokes.analysis import load
from antistokes.analysis.analyse import analyse
from antistokes.analysis.calibrate_response import spectral_response, write_response
from antistokes.analysis.findings import Findings
from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.procedures.calibrate_response import CalibrateResponse
from antistokes.procedures.measurement import Measurement
from antistokes.procedures.quantum_yield import QuantumYield
from antistokes.procedures.runner import run
from antistokes.simulated_hw.samples.sample import Sample

POWER = 0.05  # W
DENSITY = 2.0
TRANSMISSION = 10**-DENSITY / (
    0.93 + 10**-DENSITY
)  # of the short-pass at the laser, over that below its edge
STRAY = 1e-5

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
[instruments.holder]
driver = "thorlabs_ell9"
resource = "ASRL3::INSTR"
settings = {{ names = ["empty", "aside", "sample", "lamp"] }}
[beam]
w_x_um = {radius}
w_y_um = {radius}
profile = "top-hat"
method = "set"
date = "2026-11-01"
sample_to_pickoff = 49.0
max_power_mW = 60
{response}
[simulation]
sample = "{sample}"
seed = 7
[simulation.optics]
pickoff = 0.02
thickness_um = {thickness}
ambient_K = 300
filter = {{ edge_nm = {edge}, optical_density = {density} }}
[simulation.holder]
slots = ["empty", "sample aside", "sample", "lamp"]
[simulation.sphere]
collection = {collection}
reabsorption = {reabsorption}
[simulation.twins.laser]
wavelength_nm = {nm}
rated_W = 0.08
"""
Opener = Callable[..., Station]


@pytest.fixture
def open_station(tmp_path: Path) -> Opener:
    def open_station(
        sample: str, nm: float, irradiance: float, thickness: float, edge: float = 3000.0, response: str = "",
        collection: float = 1e-7, reabsorption: float = 0.0,
    ) -> Station:  # fmt: skip
        path = tmp_path / f"station{len(list(tmp_path.iterdir()))}.toml"
        text = STATION.format(
            sample=sample, nm=nm, thickness=thickness, edge=edge, density=DENSITY, collection=collection,
            radius=1e4 * math.sqrt(POWER / (math.pi * irradiance)), reabsorption=reabsorption,
            response=f'[response]\nfile = "{response}"' if response else "",
        )  # fmt: skip
        path.write_text(text, encoding="utf-8")
        return Station.load(path).open()

    return open_station


@pytest.fixture
def measure(tmp_path: Path, open_station: Opener) -> Callable[..., Findings]:
    """The lamp without the filter, then the sample with it."""

    def measure(
        sample: str, nm: float, irradiance: float, thickness: float, edge: float | None, **more: float
    ) -> Findings:
        optics = {key: more.pop(key) for key in ("collection",) if key in more}
        lamp = CalibrateResponse(emissivity_slope=-2.5e-4, stray_light=STRAY)
        with open_station(sample, nm, irradiance, thickness) as station:
            run(lamp, station, tmp_path / "lamp.h5")
        write_response(spectral_response(load(tmp_path / "lamp.h5")), tmp_path / "response.csv")
        again = {"reabsorption": more["reabsorption"]} if "reabsorption" in more else {}
        plan = QuantumYield(
            irradiance=[irradiance],
            filter_transmission=1.0 if edge is None else TRANSMISSION,
            stray_light=STRAY,
            **again,
        )
        with open_station(
            sample, nm, irradiance, thickness, edge or 3000.0, "response.csv", **optics, **again
        ) as station:
            outcome = run(plan, station, tmp_path / "yield.h5")
            assert outcome.status == "completed", outcome.reason
        (found,) = analyse(load(tmp_path / "yield.h5"))
        assert not found.problem, found.problem
        return found

    return measure


@pytest.mark.parametrize(
    ("sample", "nm", "irradiance", "thickness", "edge"),
    [
        ("yber-micro", 980.0, 45.0, 100.0, 940.0),
        ("css82", 980.0, 8.0, 20.0, 940.0),
        ("oi88", 980.0, 2.0, 30.0, 940.0),
        ("nd168", 808.0, 1.0, 70.0, 770.0),
    ],
)
def test_an_upconversion_yield_is_found_again(
    measure: Callable[..., Findings], sample: str, nm: float, irradiance: float, thickness: float, edge: float
) -> None:
    found = measure(sample, nm, irradiance, thickness, edge)
    one, absorbed = found.find("quantum yield"), found.find("absorptance")
    true = Sample.load(sample).solve(irradiance, 300.0, nm).quantum_yield
    assert true is not None
    assert abs(one.value - true) < 4 * one.stderr + 0.01 * true  # the power is set to 1 %
    assert one.stderr < 0.02 * true
    assert absorbed.value > 100 * absorbed.stderr
    assert "temperature not measured" in one.note


@pytest.mark.parametrize(
    ("sample", "band", "nm", "irradiance", "thickness", "edge", "collection"),
    [
        ("hbn", "defect", 622.0, 100.0, 2e6, 600.0, 1e-7),
        ("cspb116", "exciton", 400.0, 1.0, 0.3, None, 1e-9),
    ],
)
def test_the_yield_of_a_band_is_found_again(
    measure: Callable[..., Findings],
    sample: str,
    band: str,
    nm: float,
    irradiance: float,
    thickness: float,
    edge: float | None,
    collection: float,
) -> None:
    one = measure(sample, nm, irradiance, thickness, edge, collection=collection).find("quantum yield", band)
    true = Sample.load(sample).solve(irradiance, 300.0, nm).quantum_yield
    assert one.value == pytest.approx(true, rel=0.03)


def test_reabsorption_is_undone(measure: Callable[..., Findings]) -> None:
    found = measure("cspb116", 400.0, 1.0, 0.3, None, collection=1e-9, reabsorption=0.4)
    true = Sample.load("cspb116").solve(1.0, 300.0, 400.0).quantum_yield
    assert found.find("quantum yield", "exciton").value == pytest.approx(true, rel=0.03)


def test_the_lamp_is_taken_away_for_the_dark_frame_and_the_laser_stays_off(open_station: Opener) -> None:
    with open_station("css82", 980.0, 8.0, 20.0) as station:
        measurement = Measurement(CalibrateResponse(frames=5), station)
        measurement.bind()
        (record,) = measurement.records()
        assert record["slot"] == 4
        assert record["spectrum_raw"].max() > 2 * record["dark"].max()
        assert not station["laser"].emission
        assert station["holder"].slot == 4


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"emission": [700, 400]}, "emission = 700 to 400 nm is empty"),
        ({"aside": "empty"}, "must be three different ones"),
        ({"irradiance": []}, "irradiance"),
        ({"reabsorption": 1.0}, "reabsorption"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(Refused, match=words):
        QuantumYield.of(settings)


def test_a_slot_the_holder_does_not_have_is_refused_before_anything_moves(open_station: Opener) -> None:
    with open_station("css82", 980.0, 8.0, 20.0) as station:
        with pytest.raises(Refused, match="no slot is called 'besides'"):
            QuantumYield(aside="besides").measure(station)
        with pytest.raises(Refused, match="no slot is called 'tungsten'"):
            CalibrateResponse(lamp="tungsten").measure(station)
        assert not station["holder"].homed
