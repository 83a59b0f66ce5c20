"""A station is made safe from outside, whatever else hangs: met over TCP, as another program would."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from antistokes.instruments import Station
from antistokes.instruments.clock import RealClock
from antistokes.instruments.emergency import make_all_safe
from antistokes.instruments.stationfile import StationFile
from antistokes.simulated_hw.backend import World, build_world
from antistokes.simulated_hw.server import TwinServer

LAB = """\
backend = "{backend}"
[instruments.laser]
driver = "toptica_ibeam_smart"
resource = "{laser}"
[instruments.cryostat]
driver = "lakeshore_336"
resource = "{cryostat}"
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[tuple[World, Path, Path]]:
    """Twins on sockets; a station of them, and one whose cryostat takes all and answers nothing."""
    virtual, real, stuck = (tmp_path / f"{name}.toml" for name in ("virtual", "real", "stuck"))
    virtual.write_text(LAB.format(backend="@sim", laser="ASRL1::INSTR", cryostat="ASRL2::INSTR"))
    world = build_world(StationFile.read(virtual), RealClock())
    with TwinServer(world.on_wire()) as server, socket.create_server(("127.0.0.1", 0)) as mute:
        resources = {endpoint.name: endpoint.resource for endpoint in server.endpoints}
        real.write_text(LAB.format(backend="@py", **resources))
        nobody = f"TCPIP0::127.0.0.1::{mute.getsockname()[1]}::SOCKET"
        stuck.write_text(LAB.format(backend="@py", **resources | {"cryostat": nobody}))
        yield world, real, stuck


def light_on(world: World, station: Path) -> None:
    """By a program that is then killed: nothing is made safe."""
    user = Station.load(station)
    laser = user.open_one("laser")
    laser.drive = 0.01
    laser.emission = True
    user.close(make_safe=False)
    assert world.bench.light_is_on()


def test_light_goes_off_whatever_else_does_not_answer(lab: tuple[World, Path, Path]) -> None:
    world, real, stuck = lab
    light_on(world, real)
    laser, cryostat = make_all_safe(stuck, within=0.5)
    assert not world.bench.light_is_on()
    assert (laser.device, laser.problem) == ("laser", "")
    assert (cryostat.device, cryostat.problem) == ("cryostat", "no answer within 0.5 s")
    light_on(world, real)
    assert [(step.device, step.problem) for step in make_all_safe(real)] == [("laser", ""), ("cryostat", "")]
    assert not world.bench.light_is_on()
