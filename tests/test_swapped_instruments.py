"""Another pump, meter, spectrometer or cryostat: only the station file differs, the exponent is the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from antistokes.analysis import load, power_law
from antistokes.analysis.power_law import PowerLaw
from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run

LASER = """driver = "thorlabs_cld1015"
resource = "USB0::0x1313::0x804F::M00000001::INSTR"
limits = { current = [0, 0.8] }             # A; refused before anything is sent
settings = { wavelength = 980, threshold = 0.06, slope = 0.6 }   # nm; A and W/A of the diode's data sheet"""
METER = 'driver = "thorlabs_pm100d"\nresource = "USB0::0x1313::0x8078::P0012345::INSTR"'
SPECTROMETER = 'driver = "ocean_seabreeze"\nresource = "USB2+H00980"'
CRYOSTAT = """driver = "lakeshore_336"
settings = { sample_input = "B" }            # the sensor at the sample; the control sensor is A
resource = "ASRL2::INSTR\""""
#: what stands in the virtual station, and what takes its place; with what the light path needs for it
SWAPS: dict[str, tuple[str, str, str]] = {
    "iBeam smart": (
        LASER,
        'driver = "toptica_ibeam_smart"\nresource = "ASRL9::INSTR"\n'
        "limits = { power = [0, 0.15] }\nsettings = { wavelength = 980 }",
        "",
    ),
    "ITC4001": (LASER, LASER.replace("cld1015", "itc4001").replace("804F", "804A"), ""),
    "Newport 1936-R": (METER, 'driver = "newport_1936r"\nresource = "ASRL9::INSTR"', ""),
    "Ophir Vega": (METER, 'driver = "ophir_vega"\nresource = "ASRL9::INSTR"', ""),
    "PM400": (METER, 'driver = "thorlabs_pm400"\nresource = "USB0::0x1313::0x8075::P1::INSTR"', ""),
    "Andor": (
        SPECTROMETER,
        'driver = "andor_shamrock"\nresource = "CCD-12345"\nsettings = { grating = 1, center = 545 }',
        "",
    ),
    "AQ6373": (
        SPECTROMETER,
        'driver = "yokogawa_aq6373"\nresource = "GPIB0::1::INSTR"\n'
        'settings = { start = 500, stop = 600, resolution = 2, points = 201, sensitivity = "HIGH3" }',
        "collection = 0.2\nscatter = 1e-3",
    ),
    "Lake Shore 331": (CRYOSTAT, 'driver = "lakeshore_331"\nresource = "ASRL2::INSTR"', ""),
    "Lake Shore 335": (CRYOSTAT, 'driver = "lakeshore_335"\nresource = "ASRL2::INSTR"', ""),
    "ITC503": (CRYOSTAT, 'driver = "oxford_itc503"\nresource = "ASRL2::INSTR"', ""),
    "MercuryiTC": (CRYOSTAT, 'driver = "oxford_mercuryitc"\nresource = "TCPIP::10.0.0.1::7020::SOCKET"', ""),
    "Cryostation": (
        CRYOSTAT,
        'driver = "montana_cryostation"\nresource = "TCPIP::10.0.0.1::7773::SOCKET"',
        "",
    ),
}
SWEEP = PowerSweep(
    start=1, stop=30, points_per_decade=4, order="up", frames=2, readings=2, temperatures=[290.0]
)
BAND = {"green": (515.0, 570.0)}


def measure(station: Path) -> PowerLaw:
    path = station.with_suffix(".h5")
    outcome = run(SWEEP, Station.load(station), path)
    assert outcome.status == "completed", outcome.reason
    return power_law(load(path), BAND, irradiance_range=(1, 30))["green"]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> PowerLaw:
    """The virtual station as it comes."""
    from antistokes.simulated_hw.stations import find_station

    path = tmp_path_factory.mktemp("usual") / "virtual.toml"
    path.write_text(find_station("virtual").read_text(encoding="utf-8"))
    return measure(path)


@pytest.mark.parametrize("swap", SWAPS)
def test_another_instrument_gives_the_same_exponent(
    swap: str, usual: PowerLaw, station_file: Callable[..., Path]
) -> None:
    old, new, optics = SWAPS[swap]
    law = measure(station_file((old, new), extra=f"[simulation.optics]\n{optics}" if optics else ""))
    assert law.stderr < 0.1
    assert abs(law.exponent - usual.exponent) < 3 * (law.stderr**2 + usual.stderr**2) ** 0.5


def test_a_laser_far_weaker_than_the_light_path_stands_is_not_refused(
    station_file: Callable[..., Path],
) -> None:
    _, head, _ = SWAPS["iBeam smart"]
    station = station_file(
        (LASER, head.replace("[0, 0.15]", "[0, 0.0043]")), ("max_power_mW = 360", "max_power_mW = 2000")
    )
    outcome = run(PowerSweep(start=1, stop=9, points_per_decade=2, order="up"), Station.load(station), None)
    assert outcome.status == "completed", outcome.reason
