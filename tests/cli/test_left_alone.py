"""A look, and a plan that is refused, leave instruments as they are: a lit laser, a cryostat held cold."""

from __future__ import annotations

import re

import pytest
import pyvisa

from antistokes.instruments.clock import RealClock
from antistokes.instruments.stationfile import StationFile
from antistokes.simulated_hw.backend import build_world
from antistokes.simulated_hw.server import TwinServer
from antistokes.simulated_hw.stations import find_station

PLAN = """
[[runs]]
[[runs.steps]]
procedure = "power-sweep"
settings = { stop = 1e6 }
"""


class Laboratory:
    """The virtual bench over TCP, as ``antistokes serve`` gives it, and somebody at work there."""

    def __init__(self, server: TwinServer) -> None:
        self.resources = {endpoint.name: endpoint.resource for endpoint in server.endpoints}
        self.tell("laser", "SOUR:CURR 0.3")
        self.tell("laser", "OUTP2:STAT ON")  # the temperature controller comes first
        self.tell("laser", "OUTP1:STAT ON")
        self.tell("cryostat", "SETP 1,80")
        self.tell("cryostat", "RANGE 1,2")

    def _ask(self, name: str, message: str, answers: bool) -> str:
        manager = pyvisa.ResourceManager("@py")
        with manager.open_resource(self.resources[name]) as wire:
            wire.read_termination = wire.write_termination = "\r\n" if name == "cryostat" else "\n"
            if answers:
                return str(wire.query(message)).strip()
            wire.write(message)
            wire.query("*IDN?")  # it has arrived
            return ""

    def tell(self, name: str, message: str) -> None:
        self._ask(name, message, answers=False)

    @property
    def state(self) -> dict[str, float]:
        questions = {"current": "SOUR:CURR?", "light": "OUTP1:STAT?"}
        laser = {key: float(self._ask("laser", question, True)) for key, question in questions.items()}
        return laser | {"heater range": float(self._ask("cryostat", "RANGE? 1", True))}


AT_WORK = {"current": 0.3, "light": 1, "heater range": 2}


@pytest.fixture
def laboratory(tmp_path):
    """Its station file is ``tcp.toml``, without the spectrometer, which is not served."""
    text = find_station("virtual").read_text(encoding="utf-8")
    file = StationFile.read(find_station("virtual"))
    world = build_world(file, RealClock())
    world.twins["laser"].delay = 0.0  # to switch on
    with TwinServer(world.on_wire(), "127.0.0.1") as server:
        for endpoint in server.endpoints:
            text = text.replace(file.instruments[endpoint.name].resource, endpoint.resource)
        text = re.sub(r"\[instruments\.spectrometer\][^[]*", "", text)
        text = text[: text.index("[simulation]")].replace('"@sim"', '"@py"')
        (tmp_path / "tcp.toml").write_text(text, encoding="utf-8")
        laboratory = Laboratory(server)
        assert laboratory.state == AT_WORK
        yield laboratory


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["power-sweep"], ["tcp.toml", "instruments", "spectrometer", "none"]),
        (["power-sweep", "--set", "stop=1e6"], ["314159", "360", "mW"]),
        (["power-sweep", "--out", "/proc/nobody/a.h5"], ["/proc/nobody"]),
        (["plan.toml"], ["spectrometer"]),
    ],
)
def test_a_refused_plan(antistokes, laboratory, tmp_path, arguments, words):
    (tmp_path / "plan.toml").write_text(PLAN)
    done = antistokes("run", *arguments, "--station", "tcp.toml")
    assert done.code == 2
    for word in words:
        assert word in done.err
    assert laboratory.state == AT_WORK


def test_doctor(antistokes, laboratory, tmp_path):
    file = tmp_path / "tcp.toml"
    limits = "limits = { current = [0, 0.8] }"
    file.write_text(file.read_text().replace(limits, f"{limits}\nset = {{ current = 0.1 }}"))
    done = antistokes("doctor", "--station", file, "--json")
    assert done.code == 0
    assert {row["name"]: row["problem"] for row in done.data["instruments"]} == dict.fromkeys(
        ["laser", "attenuator", "power_meter", "cryostat"], ""
    )
    assert laboratory.state == AT_WORK
