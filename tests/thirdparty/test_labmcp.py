"""Our drivers against simulators that others wrote: labmcp's, over TCP through pyvisa-py.

Needs the packages labmcp-thorlabs-pm, labmcp-lakeshore and fastmcp (extra ``thirdparty``).
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from antistokes.instruments.clock import RealClock
from antistokes.instruments.errors import DeviceFault, OverRange, WrongModel
from antistokes.instruments.power_meters.thorlabs_pm100d import PM100D
from antistokes.instruments.temperature.lakeshore_models import LakeShore335, LakeShore336

pytestmark = pytest.mark.thirdparty
pytest.importorskip("fastmcp")
lakeshore = pytest.importorskip("labmcp_lakeshore.simulator")
thorlabs = pytest.importorskip("labmcp_thorlabs_pm.simulator")


class Server(socketserver.ThreadingTCPServer):
    """Serves a line simulator on a free loopback port."""

    allow_reuse_address = True
    daemon_threads = False

    def __init__(self, simulator: Any, terminator: bytes) -> None:
        self.simulator, self.terminator = simulator, terminator
        super().__init__(("127.0.0.1", 0), Line)

    @property
    def resource(self) -> str:
        return f"TCPIP::127.0.0.1::{self.server_address[1]}::SOCKET"


class Line(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        for line in self.rfile:
            reply = self.server.simulator.handle(line.decode("latin-1").strip())
            for text in [reply] if isinstance(reply, str) else reply or []:
                self.wfile.write(text.encode("latin-1") + self.server.terminator)


def serve(simulator: Any, terminator: bytes) -> Iterator[Server]:
    with Server(simulator, terminator) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def cryostat() -> Iterator[Server]:
    yield from serve(lakeshore.LakeShoreSimulator("336", speed=50.0), b"\r\n")


@pytest.fixture
def meter() -> Iterator[Server]:
    yield from serve(thorlabs.ThorlabsPMSimulator(), b"\n")


@pytest.fixture
def driver(cryostat: Server) -> Iterator[LakeShore336]:
    driver = LakeShore336(cryostat.resource, "cryostat", visa_library="@py", sample_input="C")
    yield driver
    driver.close()


@pytest.fixture
def power_meter(meter: Server) -> Iterator[PM100D]:
    driver = PM100D(meter.resource, "power_meter", visa_library="@py")
    yield driver
    driver.close()


def test_lakeshore_reads_and_settings(driver: LakeShore336) -> None:
    assert driver.temperature == pytest.approx(4.2, abs=0.1)
    assert driver.control_input == "A"
    driver.setpoint = 30
    assert driver.setpoint == pytest.approx(30, abs=1e-3)
    driver.pid = (40, 15, 0)
    assert driver.pid == (40, 15, 0)
    assert driver.snapshot()["range"] == "off"


def test_lakeshore_names_a_sensor_out_of_range(driver: LakeShore336) -> None:
    driver.sample_input = "B"  # a platinum sensor at 4 K
    with pytest.raises(OverRange, match="input B: temperature below the curve"):
        _ = driver.temperature


def test_lakeshore_heats_and_is_made_safe(driver: LakeShore336) -> None:
    driver.setpoint = 30
    driver.control = True
    assert driver.range == "medium"
    cold = driver.control_temperature
    clock = RealClock()
    while driver.control_temperature < cold + 5 and clock.now() < 20:
        pass
    assert driver.control_temperature > cold + 5
    assert driver.heater_output > 0
    driver.make_safe()
    assert driver.control is False


def test_lakeshore_ramp_starts_at_the_temperature(driver: LakeShore336, cryostat: Server) -> None:
    driver.ramp = 1
    driver.setpoint = 30
    output = cryostat.simulator.outputs[1]
    assert output.ramp_sp_k < 10
    assert driver.ramping
    assert driver.setpoint == 30
    assert driver.ramp == 1


def test_lakeshore_refuses_what_its_device_refuses(driver: LakeShore336) -> None:
    with pytest.raises(DeviceFault, match="execution error"):
        driver.pid = (5000, 1, 1)


def test_lakeshore_notices_another_model() -> None:
    for server in serve(lakeshore.LakeShoreSimulator("335"), b"\r\n"):
        with pytest.raises(WrongModel, match="MODEL335"):
            LakeShore336(server.resource, "cryostat", visa_library="@py")


def test_lakeshore_335_is_read_set_and_made_safe() -> None:
    for server in serve(lakeshore.LakeShoreSimulator("335"), b"\r\n"):
        driver = LakeShore335(server.resource, "cryostat", visa_library="@py")
        assert driver.temperature == pytest.approx(4.2, abs=0.1)
        driver.setpoint = 30
        driver.control = True
        assert driver.snapshot()["setpoint"] == pytest.approx(30, abs=1e-3)
        driver.make_safe()
        assert driver.control is False
        driver.close()


def test_pm100d_reads_and_settings(power_meter: PM100D) -> None:
    assert power_meter.wavelength_range == (400, 1100)
    power_meter.wavelength = 633
    assert power_meter.wavelength == 633
    power_meter.averaging = 10
    assert power_meter.averaging == 10
    assert power_meter.power == pytest.approx(thorlabs.LASER_W, rel=0.02)


def test_pm100d_ranges(power_meter: PM100D) -> None:
    power_meter.wavelength = 633
    power_meter.full_scale = 5e-5
    assert power_meter.auto_range is False
    with pytest.raises(OverRange):
        _ = power_meter.power
    power_meter.full_scale = 4e-3
    assert power_meter.full_scale == pytest.approx(5e-3)
    assert power_meter.power == pytest.approx(thorlabs.LASER_W, rel=0.02)


def test_pm100d_reports_what_its_device_reports(power_meter: PM100D) -> None:
    power_meter.write("NONSENSE:HEADER 1")
    with pytest.raises(DeviceFault, match="-113"):
        power_meter.check_errors()
