"""Quantum yields of virtual samples, from the lamp that calibrates the spectrometer to the number."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antistokes.analysis import load
from antistokes.analysis.analyse import analyse
from antistokes.analysis.calibrate_response import spectral_response, write_response
from antistokes.analysis.findings import Findings
from antistokes.analysis.quantum_yield import three_measurements
from antistokes.instruments import Station
from antistokes.instruments.errors import AntistokesError, Refused
from antistokes.procedures.calibrate_response import CalibrateResponse
from antistokes.procedures.expected_yield import SphereLook
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


def test_the_error_of_the_yield_is_told_before_the_run(
    measure: Callable[..., Findings], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "antistokes")
    one = measure("css82", 980.0, 8.0, 2.0, 940.0).find("quantum yield")
    (told,) = [text for text in caplog.messages if text.startswith("quantum yield: absorptance 2")]
    percent = float(told.split("expected error of the yield ")[1].split()[0])
    assert percent / 100 == pytest.approx(one.stderr / one.value, rel=0.3)


def test_too_little_absorption_ends_the_run_before_the_first_point(
    open_station: Opener, tmp_path: Path
) -> None:
    with open_station("css82", 980.0, 8.0, 0.1, 940.0) as station:
        outcome = run(QuantumYield(irradiance=[8.0], force=True), station, tmp_path / "yield.h5")
        assert not station.backend.world.bench.light_is_on()
        assert outcome.points == 0
        assert "at 8 W/cm²: must be above 10 errors for a yield known to 30 %" in outcome.reason
        assert "needs a sample that absorbs more" in outcome.reason
        unasked = QuantumYield(irradiance=[8.0], wanted_error=0, frames=2, readings=2, force=True)
        assert len(list(unasked.measure(station))) == 3


def test_a_spectrometer_that_saturates_ends_the_run_before_the_first_point(open_station: Opener) -> None:
    with open_station("css82", 980.0, 8.0, 20.0, 940.0, collection=1e-2) as station:
        with pytest.raises(
            AntistokesError, match="saturated at 0.001 s, .* in slot 'empty' at 8 W/cm²; needs"
        ):
            list(QuantumYield(irradiance=[8.0], force=True).measure(station))
        assert not station.backend.world.bench.light_is_on()


def test_without_a_response_it_is_refused_before_anybody_changes_a_sample(open_station: Opener) -> None:
    with (
        open_station("css82", 980.0, 8.0, 20.0, 940.0) as station,
        pytest.raises(Refused, match=r"response of the emission path is not known.* or set force"),
    ):
        QuantumYield(irradiance=[8.0]).measure(station)


def test_expected_errors_are_those_that_repeating_shows() -> None:
    rng = np.random.default_rng(1)
    laser, emission = np.array([1e6, 9.5e5, 8e5]), np.array([0.0, 1e3, 2e4])
    errors, pump, times = np.full(3, 8e3), np.full(3, 2e-3), 4.0
    look = SphereLook(laser, emission, errors, errors / 40, pump)

    def drawn(values: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        return values[:, None] + (sigma / np.sqrt(times))[:, None] * rng.standard_normal((3, 20000))

    gain = 1 + pump[:, None] * rng.standard_normal((3, 20000))
    absorptance, found = three_measurements(drawn(laser, errors) / gain, drawn(emission, errors / 40) / gain)
    assert look.absorptance_error(times) == pytest.approx(absorptance.std(), rel=0.05)
    assert look.yield_error(times) == pytest.approx(found.std() / np.median(found), rel=0.1)
    assert SphereLook(laser[[0, 1, 1]], emission, errors, errors, pump).yield_error(times) == np.inf
    opaque = SphereLook(laser * [1, 1, 0], emission, errors, errors / 40, pump)
    assert opaque.absorptance_error(times) == pytest.approx(4e3 / 9.5e5)


def test_a_laser_that_the_spectrometer_does_not_see_is_refused(open_station: Opener) -> None:
    words = "laser line in the spectrum = 1532 nm is outside"
    with open_station("css82", 1532.0, 8.0, 20.0) as station, pytest.raises(Refused, match=words):
        QuantumYield(irradiance=[8.0]).measure(station)


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
