"""Runs in which wires, calls, devices and the room fail at random: each ends, says what failed, leaves no
light on and a file that opens. Every case meets faults until 19 have struck, all together more than 300.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from antistokes.analysis import load
from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.procedures import (
    BeamProfile,
    CalibratePower,
    CalibrateResponse,
    ColourControl,
    CoolingScan,
    LasingThreshold,
    Lifetime,
    PleScan,
    PolarisationScan,
    PowerSweep,
    Procedure,
    PulseWidthColour,
    QuantumYield,
    Spectrum,
    TemperatureSweep,
    run,
)
from antistokes.simulated_hw.stations import find_station

VIRTUAL = Path(find_station("virtual")).read_text(encoding="utf-8")
DIODE = VIRTUAL[VIRTUAL.index('driver = "thorlabs_cld1015"') : VIRTUAL.index("[instruments.attenuator]")]
GATED = (
    VIRTUAL.replace(
        DIODE,
        """driver = "cobolt_06"
resource = "ASRL3::INSTR"
settings = { gated = true, wavelength = 980 }
""",
    )
    + """
[instruments.generator]
driver = "keysight_33500b"
resource = "TCPIP0::192.168.1.40::5025::SOCKET"
set = { high = 5.0, low = 0.0 }
[instruments.monochromator]
driver = "acton_sp2300i"
resource = "ASRL5::INSTR"
[instruments.counter]
driver = "{counter}"
resource = "{resource}"
[simulation.twins.counter.detector]
efficiency = 1e-3
"""
)
SCALER = GATED.replace("{counter}", "srs_sr430").replace("{resource}", "GPIB0::8::INSTR")
TAGGER = GATED.replace("{counter}", "swabian_timetagger").replace("{resource}", "1740000ABC")
LIGHT_PATH = (
    VIRTUAL
    + """
[instruments.blade]
driver = "thorlabs_ell20"
resource = "ASRL9::INSTR"
[simulation.twins.blade]
knife = { center_mm = 30.02 }
[instruments.rotator]
driver = "thorlabs_ell14_polarisation"
resource = "ASRL10::INSTR"
[instruments.reference]
driver = "thorlabs_pm400"
resource = "USB0::0x1313::0x8075::P5000001::INSTR"
[simulation.twins.reference]
place = "sample"
[roles]
power_meter = "power_meter"
"""
)
SUPERK = (
    VIRTUAL.replace(DIODE, 'driver = "nkt_superk_select"\nresource = "ASRL7::INSTR"\n')
    .replace("max_power_mW = 360", "max_power_mW = 5")
    .replace('"yber-micro"', '"ws2"')
    + "[simulation.optics]\nfilter = { edge_nm = 636 }\n"
)
ANDOR = VIRTUAL.replace(
    'driver = "ocean_seabreeze"\nresource = "USB2+H00980" ', 'driver = "andor_shamrock"\nresource = "18123" '
)
HOLDER = (
    VIRTUAL
    + """
[instruments.holder]
driver = "thorlabs_ell9"
resource = "ASRL13::INSTR"
settings = { names = ["empty", "aside", "sample", "lamp"] }
[simulation.holder]
slots = ["empty", "sample aside", "sample", "lamp"]
[simulation.sphere]
collection = 1e-7
"""
)
WARMED = (
    VIRTUAL.replace('sample_input = "B"', 'sample_input = "B", crystal_input = "C"')
    + """
[simulation.effects]
heating = true
[simulation.twins.cryostat]
crystal_input = "C"
"""
)
FEW = {"frames": 2, "readings": 2}
CASES: list[tuple[str, Procedure]] = [
    (VIRTUAL, PowerSweep(start=1, stop=30, points_per_decade=2, order="up", **FEW)),
    (ANDOR, PowerSweep(start=10, stop=30, points_per_decade=2, order="up", **FEW)),
    (VIRTUAL, TemperatureSweep(start=290, stop=300, step=10, **FEW)),
    (VIRTUAL, Spectrum(excitation=30, **FEW)),
    (VIRTUAL, LasingThreshold(start=10, stop=100, points_per_decade=3, **FEW)),
    (SCALER, Lifetime(lifetime=1e-3, irradiance=30.0, seconds=1.0, dark=1.0)),
    (TAGGER, Lifetime(lifetime=1e-3, irradiance=30.0, seconds=1.0, dark=1.0)),
    (SCALER, PulseWidthColour(widths=[1e-3, 3e-3], irradiance=30.0, uncorrected=True, **FEW)),
    (
        SCALER,
        ColourControl(
            by="pulse width", x=0.284, y=0.668, attempts=1, looks=2, irradiance=30.0, uncorrected=True, **FEW
        ),
    ),
    (SUPERK, PleScan(wavelengths=[644.0, 650.0], photon_flux=1e15, order="up", **FEW)),
    (LIGHT_PATH, BeamProfile(points=9, order="up", readings=2)),
    (LIGHT_PATH, PolarisationScan(points=3, order="up", **FEW)),
    (LIGHT_PATH, CalibratePower(reference="reference", points=3, repeats=1, readings=5)),
    (HOLDER, CalibrateResponse(frames=2)),
    (HOLDER, QuantumYield(irradiance=[8.0], wanted_error=0, force=True, **FEW)),
    (WARMED, CoolingScan(power=5.0, thermometer_readings=3, longest_wait=30.0, **FEW)),
]

#: at each message or call, one after the other
PROBABILITIES = (0.01, 0.004, 0.02)
FAULTS = """
[simulation.faults]
probability = {probability}
events_per_hour = 100
lasts_s = 20
"""
STRIKES, RUNS = 19, 40


def test_every_procedure_is_among_them() -> None:
    known = {point.load() for point in entry_points(group="antistokes.procedures")}
    assert {type(procedure) for _, procedure in CASES} == known


@pytest.mark.parametrize("case", range(len(CASES)), ids=[procedure.NAME for _, procedure in CASES])
def test_no_fault_leaves_light_on_or_a_file_that_cannot_be_read(tmp_path: Path, case: int) -> None:
    text, procedure = CASES[case]
    station_file = tmp_path / "lab.toml"
    struck = 0
    for number in range(RUNS):
        probability = PROBABILITIES[number % len(PROBABILITIES)]
        station_file.write_text(text + FAULTS.format(probability=probability), encoding="utf-8")
        station = Station.load(station_file, seed=RUNS * case + number)
        struck += survive(station, procedure, tmp_path / f"{number}.h5")
        if struck >= STRIKES:
            break
    print(f"{procedure.NAME}: {struck} faults struck in {number + 1} runs")
    assert struck >= STRIKES


def survive(station: Station, procedure: Procedure, path: Path) -> int:
    """Carry *procedure* out, whatever happens. :returns: the number of faults that struck"""
    world = station.backend.world
    try:
        outcome = run(procedure, station, path)
    except Refused:  # an instrument says that what the plan needs is out of its range
        assert not path.exists()
    else:
        assert not outcome.reason.startswith("unexpected")
        assert bool(outcome.reason) == (outcome.status == "failed")
        assert outcome.status == "completed" or any(
            f"{fault.device}: " in outcome.reason for fault in world.faults.struck
        ), (outcome.reason, world.faults.struck)
        assert load(path).sizes["point"] == outcome.points
    assert not world.bench.light_is_on()
    return len(world.faults.struck)
