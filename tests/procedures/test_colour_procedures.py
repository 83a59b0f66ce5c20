"""Colours on the virtual bench: by pulse width, by mixing lasers, within reach and beyond it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from antistokes.analysis import analyse, load
from antistokes.instruments import Station
from antistokes.instruments.errors import LimitError, Refused
from antistokes.procedures import run
from antistokes.procedures.colour_control import ColourControl
from antistokes.procedures.pulse_width_colour import PulseWidthColour
from antistokes.simulated_hw.detection import Detector

HEAD = """\
backend = "@sim"
[instruments.power_meter]
driver = "thorlabs_pm100d"
resource = "USB0::0x1313::0x8078::P0012345::INSTR"
[instruments.spectrometer]
driver = "ocean_seabreeze"
resource = "USB2+H00980"
[response]
file = "response.csv"
[beam]
w_x_um = 100
w_y_um = 100
profile = "top-hat"
method = "set"
date = "2026-11-01"
sample_to_pickoff = 49.0
max_power_mW = 360
[simulation.twins.power_meter]
sensor = "thermal"
wavelength_max = 1700.0
"""
GATED = """\
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
[simulation]
sample = "deng142"
[simulation.twins.laser]
wavelength_nm = 980
rated_W = 0.5
"""
LASER = """\
[instruments.{name}]
driver = "cobolt_06"
resource = "ASRL{number}::INSTR"
settings = {{ wavelength = {nm} }}
[simulation.twins.{name}]
wavelength_nm = {nm}
rated_W = 0.2
"""
OPTICS = """\
[simulation.optics]
pickoff = 0.02
ambient_K = 300
collection = {collection}
filter = {{ edge_nm = {edge} }}
[simulation.effects]
laser_drift = {drift}
"""
THREE = {"blue": 980, "green": 800, "red": 1532}
MIX = {"by": "lasers", "lasers": list(THREE), "irradiances": [100.0, 44.0, 83.0]}
Make = Callable[..., Station]


@pytest.fixture
def colour_station(tmp_path: Path) -> Make:
    """One gated laser on deng142, or *lasers* (name to nm) on *sample*."""

    def make(
        lasers: dict[str, int] | None = None,
        sample: str = "lire135",
        drift: float = 0.0,
        old: str = "",
        new: str = "",
    ) -> Station:
        nm = np.arange(350.0, 1031.0, 5.0)  # what a perfect calibration with a lamp would find
        rows = "".join(f"{x:g},{y:.6g}\n" for x, y in zip(nm, Detector._efficiency(nm), strict=True))
        (tmp_path / "response.csv").write_text(f"# exact\nwavelength_nm,relative_response\n{rows}")
        if lasers is None:
            text = HEAD + GATED + OPTICS.format(collection=3e-7, edge=875, drift=drift)
        else:
            text = (
                HEAD
                + OPTICS.format(collection=5e-6, edge=780, drift=drift)
                + f'[simulation]\nsample = "{sample}"\n'
            )
            for number, (name, wavelength) in enumerate(lasers.items(), 1):
                text += LASER.format(name=name, number=number, nm=wavelength)
        assert old in text
        path = tmp_path / "colour.toml"
        path.write_text(text.replace(old, new))
        return Station.load(path)

    return make


def away(ds, x: float, y: float) -> float:
    """Distance of the last point from a wanted colour."""
    (found,) = analyse(ds)
    assert found.details["target"] == [x, y]
    return float(np.hypot(*(np.array(found.details["nearest"]) - [x, y])))


def test_band_ratios_and_colours_follow_the_width_as_the_facts_say(
    colour_station: Make, tmp_path: Path
) -> None:
    with colour_station() as station:
        plan = PulseWidthColour(widths=[1e-3, 2e-3, 1e-2])
        assert run(plan, station, tmp_path / "run.h5").status == "completed"
        assert not station.backend.world.bench.light_is_on()
    ds = load(tmp_path / "run.h5")
    (found,) = analyse(ds)
    for width, ratio in ((1e-3, 0.596), (2e-3, 0.362), (1e-2, 0.180)):
        assert found.find("band ratio", "green", pulse_width=width).value == pytest.approx(ratio, rel=0.01)
    for width, x, y in ((1e-3, 0.407, 0.582), (1e-2, 0.548, 0.446)):
        assert found.find("chromaticity x", pulse_width=width).value == pytest.approx(x, abs=0.003)
        assert found.find("chromaticity y", pulse_width=width).value == pytest.approx(y, abs=0.003)
    assert found.warnings == []
    # whole periods, and raw spectra that nobody has corrected
    periods = ds["exposure"].values / ds["pulse_period"].values
    np.testing.assert_allclose(periods, np.round(periods), atol=1e-6)
    (raw,) = analyse(ds.drop_vars("response"), uncorrected=True)
    assert abs(raw.find("band ratio", "green", pulse_width=1e-3).value / 0.596 - 1) > 0.1


@pytest.mark.parametrize(
    ("settings", "duties", "energies"),
    [
        ({"hold": "duty", "duty": 0.1}, [0.1, 0.1], None),
        ({"hold": "energy", "pulse_energy": 10.0}, [1 / 30, 2 / 30], [10.0, 10.0]),
    ],
)
def test_duty_or_energy_stay_as_they_are(colour_station: Make, settings, duties, energies) -> None:
    with colour_station() as station:
        plan = PulseWidthColour(widths=[1e-3, 2e-3], frames=2, **settings)
        records = list(plan.measure(station))
    width, period = (np.array([r[key] for r in records]) for key in ("pulse_width_measured", "pulse_period"))
    np.testing.assert_allclose(width / period, duties, rtol=1e-6)
    if energies is not None:
        power = np.array([r["pump_power"] for r in records])
        np.testing.assert_allclose(1e6 * power * width, energies, rtol=0.02)


def test_a_pulse_longer_than_its_period_is_refused(colour_station: Make) -> None:
    with colour_station() as station, pytest.raises(LimitError, match="pulse width"):
        PulseWidthColour(widths=[0.05]).measure(station)


@pytest.mark.parametrize(("x", "y"), [(0.333, 0.333), (0.25, 0.30), (0.45, 0.40), (0.30, 0.50), (0.50, 0.30)])
def test_three_drifting_lasers_mix_a_colour_inside_their_gamut(
    colour_station: Make, tmp_path: Path, x: float, y: float
) -> None:
    with colour_station(THREE, drift=0.1) as station:
        outcome = run(ColourControl(x=x, y=y, **MIX), station, tmp_path / "run.h5")
        assert (outcome.status, outcome.reason) == ("completed", "")
        assert not station.backend.world.bench.light_is_on()
    ds = load(tmp_path / "run.h5")
    (found,) = analyse(ds)
    assert found.details["reached"]
    assert away(ds, x, y) <= 0.01
    # the lasers alone, as the facts of the sample say
    at = {"irradiance_blue": 0.0, "irradiance_green": 44.0, "irradiance_red": 0.0}
    assert found.find("chromaticity x", **at).value == pytest.approx(0.217, abs=0.01)
    assert found.find("chromaticity y", **at).value == pytest.approx(0.756, abs=0.01)


def test_a_colour_outside_the_gamut_ends_the_run_at_the_nearest_one(
    colour_station: Make, tmp_path: Path
) -> None:
    with colour_station(THREE, drift=0.1) as station:
        outcome = run(ColourControl(x=0.1, y=0.8, **MIX), station, tmp_path / "run.h5")
        assert not station.backend.world.bench.light_is_on()
    assert outcome.status == "failed"
    assert "colour (0.100, 0.800) is not reached: it is 0.12" in outcome.reason
    assert "blue, green and red mix; the nearest one, measured last, is (0.21" in outcome.reason
    (found,) = analyse(load(tmp_path / "run.h5"))
    assert not found.details["reached"]
    assert found.find("chromaticity y").value == pytest.approx(0.756, abs=0.005)
    assert any("was not reached" in text for text in found.warnings)
    assert found.figure is not None
    assert len(found.figure().axes) == 3


def test_two_lasers_mix_along_a_line(colour_station: Make, tmp_path: Path) -> None:
    lasers = {"nd": 808, "yb": 980}
    with colour_station(lasers, sample="deng142", drift=0.1) as station:
        settings = {"by": "lasers", "lasers": list(lasers), "irradiances": [100.0, 100.0]}
        looked = tmp_path / "look.h5"
        assert run(ColourControl(**settings), station, looked).points == 3
        (found,) = analyse(load(looked))
        ends = [
            np.array(
                [
                    found.find(f"chromaticity {c}", irradiance_nd=nd, irradiance_yb=100 - nd).value
                    for c in "xy"
                ]
            )
            for nd in (100.0, 0.0)
        ]
        x, y = 0.1 * ends[0] + 0.9 * ends[1]
        outcome = run(ColourControl(x=x, y=y, **settings), station, tmp_path / "run.h5")
    assert outcome.status == "completed"
    assert away(load(tmp_path / "run.h5"), x, y) <= 0.01
    assert found.find("band ratio", "blue", irradiance_nd=100.0).value > 4
    assert found.find("band ratio", "blue", irradiance_nd=0.0).value < 0.01


def test_pulses_of_a_drifting_laser_reach_a_colour_on_their_track(
    colour_station: Make, tmp_path: Path
) -> None:
    with colour_station(drift=0.1) as station:
        plan = ColourControl(by="pulse width", x=0.44, y=0.55, shortest=5e-4, looks=3, frames=2)
        outcome = run(plan, station, tmp_path / "run.h5")
    assert (outcome.status, outcome.reason) == ("completed", "")
    ds = load(tmp_path / "run.h5")
    assert away(ds, 0.44, 0.55) <= 0.01
    assert 1.2e-3 < float(ds["pulse_width"][-1]) < 1.8e-3


def test_a_colour_off_the_track_ends_the_run_at_the_nearest_one(colour_station: Make, tmp_path: Path) -> None:
    with colour_station() as station:
        plan = ColourControl(by="pulse width", x=0.3, y=0.4, shortest=1e-3, looks=3, frames=2)
        outcome = run(plan, station, tmp_path / "run.h5")
        assert not station.backend.world.bench.light_is_on()
    assert outcome.status == "failed"
    assert "away from the track of pulses of 0.001 to 0.01 s; the nearest one" in outcome.reason
    (found,) = analyse(load(tmp_path / "run.h5"))
    assert not found.details["reached"]
    assert found.figure is not None
    assert len(found.figure().axes) == 3


def test_a_laser_alone_that_saturates_the_spectrometer_is_named(colour_station: Make, tmp_path: Path) -> None:
    with colour_station(THREE, old="collection = 5e-06", new="collection = 5e-04") as station:
        outcome = run(ColourControl(x=0.333, y=0.333, **MIX), station)
    assert "red alone at 83 W/cm²: the spectrometer is saturated at 0.001 s" in outcome.reason


def test_pulses_that_saturate_the_spectrometer_are_left_out_of_the_track(
    colour_station: Make, tmp_path: Path
) -> None:
    plan = ColourControl(by="pulse width", x=0.3, y=0.4, shortest=5e-4, looks=4, frames=2)
    with colour_station(old="collection = 3e-07", new="collection = 1e-05") as station:
        outcome = run(plan, station, tmp_path / "run.h5")
    assert "the track of pulses of 0.0005 to 0.00136 s, as others saturate" in outcome.reason
    assert load(tmp_path / "run.h5")["flags"].values.tolist()[:4] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"x": 0.3}, "both given"),
        ({"x": 0.6, "y": 0.6}, "is no colour"),
        ({"lasers": ["blue", "blue", "red"]}, "different names"),
        ({"irradiances": [1.0]}, "one for each of 3 lasers"),
        ({"lasers": ["blue", "green", "power_meter"]}, "'power_meter' is no laser"),
        ({"irradiances": [500.0, 440.0, 400.0]}, "power of all lasers"),
    ],
)
def test_a_mixture_that_cannot_be_made_is_refused_before_anything_moves(
    colour_station: Make, settings, words: str
) -> None:
    with colour_station(THREE) as station, pytest.raises(Refused, match=words):
        ColourControl(**{**MIX, **settings}).measure(station)


def test_steering_without_a_response_is_refused_unless_asked_for(colour_station: Make) -> None:
    without = ('[response]\nfile = "response.csv"\n', "")
    with colour_station(THREE, old=without[0], new=without[1]) as station:
        with pytest.raises(Refused, match=r"has no \[response\]"):
            ColourControl(**MIX).measure(station)
        records = list(ColourControl(uncorrected=True, **MIX).measure(station))
    assert len(records) == 4


def test_a_laser_that_the_pulses_do_not_gate_is_refused_in_the_dark(
    colour_station: Make, tmp_path: Path
) -> None:
    with colour_station(old="gated = true", new="gated = false") as station:
        outcome = run(PulseWidthColour(widths=[1e-3]), station, tmp_path / "run.h5")
        assert (outcome.status, outcome.points) == ("failed", 0)
        assert "laser: shines 1" in outcome.reason
        assert "generator must gate it" in outcome.reason
        assert not station.backend.world.bench.light_is_on()
