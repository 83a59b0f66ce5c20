"""Runs whose wires fail at random: each ends, says what failed, leaves no light on and a file that opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from antistokes.analysis import load
from antistokes.instruments import Station
from antistokes.instruments.errors import Refused
from antistokes.procedures import Lifetime, PowerSweep, Procedure, TemperatureSweep, run
from antistokes.simulated_hw.stations import find_station

VIRTUAL = Path(find_station("virtual")).read_text(encoding="utf-8")
GATED = (
    VIRTUAL.replace('"thorlabs_cld1015"', '"cobolt_06"')
    .replace("USB0::0x1313::0x804F::M00000001::INSTR", "ASRL3::INSTR")
    .replace("limits = { current = [0, 0.8] }", "")
    .replace("wavelength = 980, threshold = 0.06, slope = 0.6", "gated = true, wavelength = 980")
    .replace(
        "[beam]",
        """[instruments.generator]
driver = "keysight_33500b"
resource = "TCPIP0::192.168.1.40::5025::SOCKET"
set = { high = 5.0, low = 0.0 }
[instruments.monochromator]
driver = "acton_sp2300i"
resource = "ASRL5::INSTR"
[instruments.counter]
driver = "srs_sr430"
resource = "GPIB0::8::INSTR"
[beam]""",
    )
)
SWEEP = PowerSweep(start=1, stop=30, points_per_decade=3, order="up", frames=2)
WARM = TemperatureSweep(start=290, stop=300, step=10, frames=2)
DECAY = Lifetime(lifetime=1e-3, irradiance=30.0, seconds=1.0, dark=1.0)


@pytest.mark.parametrize("probability", [0.002, 0.01, 0.05])
@pytest.mark.parametrize(("text", "procedure"), [(VIRTUAL, SWEEP), (VIRTUAL, WARM), (GATED, DECAY)])
def test_no_fault_on_a_wire_leaves_light_on_or_a_file_that_cannot_be_read(
    tmp_path: Path, text: str, procedure: Procedure, probability: float
) -> None:
    station_file = tmp_path / "lab.toml"
    station_file.write_text(f"{text}\n[simulation.faults]\nprobability = {probability}", encoding="utf-8")
    struck = 0
    for seed in range(4):
        station = Station.load(station_file, seed=seed)
        path = tmp_path / f"{seed}.h5"
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
            )
            assert load(path).sizes["point"] == outcome.points
        assert not world.bench.light_is_on()
        struck += len(world.faults.struck)
    assert struck
