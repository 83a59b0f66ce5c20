"""Our Lake Shore drivers on the simulated 335 and 336 that QCoDeS tests its own drivers with (pyvisa-sim).

Needs the package qcodes. These devices keep values and compute nothing. What they lack of a real one: its
name in the answer to ``*IDN?``, the event register, the heater status, several questions in one message.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import WrongModel
from antistokes.instruments.temperature.lakeshore import LakeShore
from antistokes.instruments.temperature.lakeshore_models import LakeShore335, LakeShore336

pytestmark = pytest.mark.thirdparty
qcodes: Any = pytest.importorskip("qcodes")

MODELS = {"335": LakeShore335, "336": LakeShore336}


class Lacking(LakeShore):
    """Asks one question at a time, and not for events."""

    def ask(self, command: str, query_delay: float | None = None) -> str:
        if command == "*ESR?":
            return "000"
        one = super().ask
        return ";".join(one(part, query_delay) for part in command.split(";"))


def connection(model: str) -> dict[str, Any]:
    folder = Path(qcodes.__file__).parent / "instrument" / "sims"
    return {
        "visa_library": f"{folder / f'lakeshore_model{model}.yaml'}@sim",
        "read_termination": "\r\n",
        "write_termination": "\r\n",
        "clock": VirtualClock(),
    }


@pytest.fixture(params=MODELS)
def driver(request: pytest.FixtureRequest) -> Iterator[LakeShore]:
    kind = type("Simulated", (Lacking, MODELS[request.param]), {"IDN_WORDS": ("m0d3l",)})
    driver = kind("GPIB::2::INSTR", "cryostat", **connection(request.param))
    yield driver
    driver.close()


def test_reads(driver: LakeShore) -> None:
    assert driver.snapshot() == {
        "model": driver.MODEL,
        "temperature": 100.0,
        "setpoint": pytest.approx({"Lake Shore 335": 100, "Lake Shore 336": 0}[driver.MODEL]),
        "range": "low",
        "heater_output": pytest.approx(0, abs=0.01),
        "ramp": 0.0,
        "pid": (10.0, 20.0, 30.0),
        "sample_input": "A",
        "control_input": {"Lake Shore 335": "A", "Lake Shore 336": "B"}[driver.MODEL],
    }
    assert driver.control_temperature == 100
    assert driver.ramping is False
    assert driver.control is True


def test_settings_are_read_back(driver: LakeShore) -> None:
    driver.setpoint = 77
    assert driver.setpoint == 77
    driver.pid = (40, 15, 0)
    assert driver.pid == (40, 15, 0)
    driver.range = "high"
    assert driver.range == "high"
    driver.ramp = 5
    assert driver.ramp == 5


@pytest.mark.parametrize("model", MODELS)
def test_a_device_that_does_not_say_its_model_is_refused(model: str) -> None:
    with pytest.raises(WrongModel, match=rf"Lake Shore {model} expected, but 'QCoDeS, m0d3l, {model}"):
        MODELS[model]("GPIB::2::INSTR", "cryostat", **connection(model))
