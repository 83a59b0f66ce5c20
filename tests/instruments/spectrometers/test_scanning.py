"""A monochromator and a counter as one spectrometer: what it does to its parts, and what it measures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from antistokes.analysis import load, power_law
from antistokes.instruments import Station
from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import FileRefused, LimitError, Refused
from antistokes.instruments.roles import Spectrometer
from antistokes.instruments.roleview import RoleView
from antistokes.instruments.spectrometers.scanning import ScanningSpectrometer
from antistokes.procedures import PowerSweep, run
from antistokes.simulated_hw.stations import find_station

PARTS = """\
[instruments.mono]
driver = "acton_sp2300i"
resource = "ASRL3::INSTR"

[instruments.counter]
driver = "srs_sr400"
resource = "ASRL4::INSTR"

[instruments.spectrometer]
driver = "scanning_spectrometer"
parts = { monochromator = "mono", counter = "counter" }
settings = { start = 500, stop = 570, step = 2 }

"""
SLITS = "\n[simulation.twins.mono]\nentrance_slit_um = 1000\nexit_slit_um = 1000\n"


class Monochromator:
    """Takes 0.5 s to settle."""

    name, settle_time, wavelength_range = "mono", 0.5, (200.0, 1400.0)

    def __init__(self) -> None:
        self.visited: list[float] = []

    @property
    def wavelength(self) -> float:
        return self.visited[-1]

    @wavelength.setter
    def wavelength(self, wavelength: float) -> None:
        self.visited.append(wavelength)


class Counter:
    """Counts the tenths of nm."""

    name, settle_time, saturation = "counter", 0.25, 1e6
    exposure, exposure_limits, gate = 1.0, (1e-3, 10.0), None

    def __init__(self, monochromator: Monochromator) -> None:
        self._monochromator = monochromator

    def count(self) -> float:
        return 10 * self._monochromator.wavelength


@pytest.fixture
def mono() -> Monochromator:
    return Monochromator()


def make(mono: Monochromator, **settings: Any) -> ScanningSpectrometer:
    parts = {"monochromator": mono, "counter": Counter(mono)}
    return ScanningSpectrometer(parts, "scan", clock=VirtualClock(), **settings)


def test_opening_moves_nothing(mono: Monochromator) -> None:
    scan = make(mono)
    assert Spectrometer in scan.ROLES
    assert mono.visited == []
    assert (scan.settle_time, scan.signal_unit) == (0.25, "")


@pytest.mark.parametrize(
    ("start", "stop", "step", "wavelengths"),
    [
        (500, 510, 5, [500, 505, 510]),
        (500, 511, 5, [500, 505, 510]),
        (500, 500.3, 0.1, [500, 500.1, 500.2, 500.3]),
        (500, 501, 7, [500]),
    ],
)
def test_the_steps(
    mono: Monochromator, start: float, stop: float, step: float, wavelengths: list[float]
) -> None:
    assert make(mono, start=start, stop=stop, step=step).wavelengths() == pytest.approx(wavelengths)


def test_nobody_can_change_its_steps(mono: Monochromator) -> None:
    scan = make(mono, start=500, stop=510, step=5)
    scan.wavelengths()[0] = 0
    assert scan.wavelengths()[0] == 500


def test_a_frame_goes_from_below_and_only_upwards(mono: Monochromator) -> None:
    scan = make(mono, start=500, stop=510, step=5)
    for _ in range(2):
        assert scan.frame() == pytest.approx([5000, 5050, 5100])
    assert mono.visited == [495, 500, 505, 510] * 2
    assert scan.clock.now() == 2 * 3 * 0.5


def test_at_the_end_of_the_range_it_begins_there(mono: Monochromator) -> None:
    make(mono, start=202, stop=203).frame()
    assert mono.visited == [200, 202, 203]


@pytest.mark.parametrize(
    "settings",
    [
        {"start": 500, "stop": 500},
        {"start": 500, "stop": 400},
        {"start": 100},
        {"stop": 1500},
        {"start": float("nan")},
        {"step": 0},
        {"step": -1},
        {"step": 1e-4},
        {"step": float("nan")},
    ],
)
def test_steps_that_cannot_be_are_refused(mono: Monochromator, settings: dict[str, float]) -> None:
    with pytest.raises(Refused, match="^scan: st"):
        make(mono, **settings)


def test_the_exposure_is_that_of_the_counter(mono: Monochromator) -> None:
    scan = make(mono)
    scan.exposure = 0.2
    assert scan.parts["counter"].exposure == scan.exposure == 0.2
    assert (scan.exposure_limits, scan.saturation) == ((1e-3, 10.0), 1e6)


def test_it_is_seen_through_its_role(mono: Monochromator) -> None:
    view = RoleView(make(mono, start=500, stop=510, step=5), Spectrometer)
    assert view.frame().shape == view.wavelengths().shape
    assert view.snapshot() == {
        "model": "Monochromator with photon counter",
        "exposure": 1.0,
        "start": 500,
        "stop": 510,
        "step": 5,
    }


# -- on the virtual bench -------------------------------------------------------------------------


def station(folder: Path, parts: str = PARTS) -> Station:
    """The virtual station with a scanning spectrometer."""
    text = find_station("virtual").read_text(encoding="utf-8")
    text = re.sub(r"\[instruments\.spectrometer\]\n(?:.+\n)+", lambda _: parts, text) + SLITS
    path = folder / "scanning.toml"
    path.write_text(text, encoding="utf-8")
    return Station.load(path, seed=3)


def test_a_station_makes_it_of_its_parts(tmp_path: Path) -> None:
    with station(tmp_path) as opened:
        scan = opened.find(Spectrometer)
        assert len(scan.wavelengths()) == 36
        laser = cast(Any, opened["laser"])
        laser.current, laser.emission = 0.1, True
        scan.exposure = 0.01
        counts = scan.frame()
        assert 515 < scan.wavelengths()[np.argmax(counts)] < 560
        with pytest.raises(LimitError, match="^counter: exposure"):
            scan.exposure = 1e6
        with pytest.raises(Refused, match="nearest are 0.2 s and 0.3 s"):
            scan.exposure = 0.25
        twin = cast(Any, opened.backend).world.twins["counter"]
        twin.counting.start()
    assert not twin.counting.is_counting()  # the station has made its parts safe


def test_a_part_that_is_something_else_is_refused(tmp_path: Path) -> None:
    wrong = PARTS.replace('counter = "counter"', 'counter = "laser"')
    with pytest.raises(FileRefused, match="parts.counter: is 'laser', .* which is no gated_counter"):
        station(tmp_path, wrong)


def test_the_exponent_is_that_of_an_array_spectrometer(tmp_path: Path) -> None:
    laws = []
    array = Station.load(find_station("virtual"), seed=3)
    for setup, longest in ((station(tmp_path), 0.5), (array, 10.0)):
        sweep = PowerSweep(start=0.1, stop=0.4, points_per_decade=4, order="up", longest_exposure=longest)
        path = tmp_path / f"{longest}.h5"
        assert run(sweep, setup, path).status == "completed"
        laws.append(power_law(load(path))["green"])
    scanned, seen = laws
    assert abs(scanned.exponent - seen.exponent) < 3 * np.hypot(scanned.stderr, seen.stderr)
    assert scanned.stderr < 0.05
    assert 1.7 < scanned.exponent < 2.1
