"""Another pump laser, tunable and of one brightness, in place of the diode: the exponent stays what it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from antistokes.analysis import load, power_law
from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run
from antistokes.procedures.ple_scan import PleScan

DIODE = """\
driver = "thorlabs_cld1015"
resource = "USB0::0x1313::0x804F::M00000001::INSTR"
limits = { current = [0, 0.8] }             # A; refused before anything is sent
settings = { wavelength = 980, threshold = 0.06, slope = 0.6 }   # nm; A and W/A of the diode's data sheet
"""
MAI_TAI = """\
driver = "spectraphysics_maitai"
resource = "ASRL5::INSTR"
"""
#: so that 1 W is in the range of the meter's head
PICKOFF = ("sample_to_pickoff = 9.0", "sample_to_pickoff = 49.0")
OPTICS = "[simulation.optics]\npickoff = 0.02\n"
#: wide enough that the attenuator reaches down to where the green is not saturated
BEAM = (("w_x_um = 100", "w_x_um = 400"), ("w_y_um = 100", "w_y_um = 400"))
SOLSTIS = """\
driver = "shuttered_laser"
parts = { source = "ti_sapphire", shutter = "shutter" }
"""
SOURCE = """\
[instruments.ti_sapphire]
driver = "msquared_solstis"
resource = "TCPIP0::192.168.1.222::39933::SOCKET"

[instruments.shutter]
driver = "thorlabs_sc10"
resource = "ASRL7::INSTR"

[instruments.laser]
"""
SWEEP = PowerSweep(start=2, stop=12, points_per_decade=6, order="up", longest_exposure=1.0)
#: as far below the peak of the absorption (976 nm) as the diode's 980 nm are above it
WAVELENGTH = 972


@contextmanager
def maitai_station(station_file, twin: str = "") -> Iterator[Station]:
    path = station_file(
        (DIODE, MAI_TAI),
        ("max_power_mW = 360", "max_power_mW = 1200"),
        PICKOFF,
        *BEAM,
        extra=OPTICS + f"[simulation.twins.laser]\n{twin}\n",
        name="maitai.toml",
    )
    with Station.load(path) as station:
        yield station


def test_a_mai_tai_gives_the_exponent_that_the_diode_gives(station_file, tmp_path: Path) -> None:
    with Station.load(station_file(PICKOFF, *BEAM, extra=OPTICS)) as station:
        assert run(SWEEP, station, tmp_path / "diode.h5").status == "completed"
    with maitai_station(station_file) as station:
        station["laser"].wavelength = WAVELENGTH
        outcome = run(SWEEP, station, tmp_path / "maitai.h5")
        assert (outcome.status, outcome.reason) == ("completed", "")
        assert station.backend.world.bench.sources["laser"].wavelength == WAVELENGTH
        assert not station.backend.world.bench.light_is_on()
    diode, maitai = (power_law(load(tmp_path / f"{name}.h5"))["green"] for name in ("diode", "maitai"))
    assert 1.2 < diode.exponent < 2
    assert abs(maitai.exponent - diode.exponent) < (diode.stderr**2 + maitai.stderr**2) ** 0.5
    # the stated errors contain the bend of the curve, which both have
    assert maitai.exponent == pytest.approx(diode.exponent, abs=0.03)


def test_a_cold_mai_tai_warms_up_first(station_file, tmp_path: Path) -> None:
    with maitai_station(station_file, f"warm = false\nstart_nm = {WAVELENGTH}") as station:
        plan = PowerSweep(start=10, stop=12, points_per_decade=3, longest_exposure=0.1)
        assert run(plan, station, tmp_path / "cold.h5").status == "completed"
        assert station.clock.now() > 120


@pytest.mark.parametrize("obstacle", ["local", "interlock_open", "unlocked"])
def test_a_mai_tai_that_does_not_obey_ends_the_run_in_the_dark(station_file, tmp_path, obstacle) -> None:
    with maitai_station(station_file) as station:
        twin = station.backend.world.twins["laser"]
        thing = twin.head if obstacle == "unlocked" else twin
        setattr(thing, obstacle, True)
        outcome = run(SWEEP, station, tmp_path / "run.h5")
        assert outcome.status == "failed"
        assert "laser: no light: " in outcome.reason
        assert not station.backend.world.bench.light_is_on()
        setattr(thing, obstacle, False)


def test_a_laser_that_nothing_switches_excites_behind_a_shutter(station_file, tmp_path: Path) -> None:
    path = station_file(
        ("[instruments.laser]\n", SOURCE),
        (DIODE, SOLSTIS),
        ("max_power_mW = 360", "max_power_mW = 1200"),
        PICKOFF,
        *BEAM,
        extra=OPTICS,
    )
    scan = PleScan(wavelengths=[964, 968, 972], order="up", normalise="exponent", power=30)
    with Station.load(path) as station:
        bench = station.backend.world.bench
        outcome = run(scan, station, tmp_path / "solstis.h5")
        assert (outcome.status, outcome.reason) == ("completed", "")
        assert bench.sources["ti_sapphire"].power() > 0.1, "it shines all the time"
        assert not bench.light_is_on()
    found = load(tmp_path / "solstis.h5")
    assert set(found["excitation_wavelength"].values) == {964, 968, 972}
    assert abs(found["excitation_wavelength_measured"] - found["excitation_wavelength"]).max() < 0.1
    assert found["pump_power"].values.max() == pytest.approx(0.03, rel=0.02)
