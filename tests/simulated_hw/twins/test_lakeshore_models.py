"""Twins of the Lake Shore 331 and 335: where they differ from the 336, and the drivers with them."""

from __future__ import annotations

import pytest
import pyvisa

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout
from antistokes.instruments.temperature.lakeshore_models import LakeShore331, LakeShore335
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.lakeshore_models import LakeShore331Twin, LakeShore335Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

RESOURCE = "ASRL1::INSTR"
MODELS = {"331": (LakeShore331, LakeShore331Twin), "335": (LakeShore335, LakeShore335Twin)}


def make_twin(model, **settings):
    kind = MODELS[model][1]
    bench = Bench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    twin = kind("cryostat", bench, kind.Settings(noise_K=0.0, **settings))
    twin.resource_name = RESOURCE
    return twin


def open_driver(twin, **settings):
    library = VirtualVisaLibrary.of([twin])
    model = "331" if isinstance(twin, LakeShore331Twin) else "335"
    return MODELS[model][0](RESOURCE, "cryostat", clock=twin.clock, visa_library=library, **settings)


@pytest.fixture
def line():
    twin = make_twin("331")
    manager = pyvisa.ResourceManager(VirtualVisaLibrary.of([twin]))
    with manager.open_resource(
        RESOURCE, read_termination="\r\n", write_termination="\n", timeout=500
    ) as line:
        yield line
    manager.close()


@pytest.mark.parametrize(
    ("model", "question", "answer"),
    [
        ("331", "*IDN?", "LSCI,MODEL331S,123456,061404"),
        ("331", "KRDG? B", "+300.000"),
        ("331", "KRDG?", "+300.000"),
        ("331", "RANGE?", "3"),
        ("331", "HTR?", "+014.8"),
        ("331", "HTRST?", "0"),
        ("331", "AOUT?", "+000.0"),
        ("331", "CSET? 1", "A,1,0,2"),
        ("331", "CMODE? 1", "1"),
        ("331", "RAMP? 1", "0,+005.0"),
        ("331", "SETP? 1", "+300.000"),
        ("331", "TUNEST?", "0"),
        ("331", "KEYST?", "0"),
        ("331", "LDAT? A", "+300.000"),
        ("331", "REV?", "1.1"),
        ("331", "ALARMST? A", "0,0"),
        ("335", "*IDN?", "LSCI,MODEL335,LSA12AB/1234567,2.0"),
        ("335", "KRDG? 0", "+300.000,+300.000"),
        ("335", "HTRSET? 1", "0,1,4,+1.732,1"),
        ("335", "RANGE? 1;RANGE? 2", "2;0"),
        ("335", "DISPLAY?", "0"),
        ("335", "EMUL?", "0,0"),
    ],
)
def test_answers_as_the_manual_prints_them(model, question, answer):
    assert make_twin(model).respond(question) == answer


@pytest.mark.parametrize("model", MODELS)
def test_every_kept_setting_can_be_asked_for(model):
    twin = make_twin(model)
    for name, setting in twin.table.items():
        if "_" not in name:
            assert twin.respond(f"{name}? {setting.keys[0]}".strip()), name
    assert twin.respond("*ESR?") == "000"


@pytest.mark.parametrize(
    ("model", "message", "events"),
    [
        ("331", "RANGE 1,2", "016"),  # there is no loop to name
        ("331", "RANGE 4", "016"),
        ("331", "RAMP 1,0,0", "016"),
        ("331", "CSET 1,C,1", "016"),
        ("331", "CRVDEL 42", "016"),
        ("331", "OUTMODE 1,1,1", "032"),
        ("331", "TLIMIT A,300", "032"),
        ("331", "ATUNE 1,1", "032"),
        ("331", "OPST?", "032"),
        ("331", "SETP 1,200;" + "MODE 1;" * 9, "032"),  # longer than 64 characters
        ("335", "RANGE 3,1", "016"),
        ("335", "KRDG? C", "016"),
        ("335", "AOUT? 3", "032"),
        ("335", "INTSEL?", "032"),
        ("335", "HTRSET 2,1,1,0,1,1;RANGE 2,2", "016"),
    ],
)
def test_what_the_model_lacks_stays_silent_and_is_noted(model, message, events):
    twin = make_twin(model)
    assert twin.respond(message) is None
    assert twin.respond("*ESR?") == events
    assert twin.respond("SETP? 1") == "+300.000"


def test_of_several_questions_the_331_answers_the_last(line):
    assert line.query("KRDG? A;RDGST? A") == "000"
    assert line.query("SETP 1,290;RANGE 2;RANGE?") == "2"
    assert line.query("SETP? 1") == "+290.000"


def test_open_loop_of_the_331_heats_by_hand():
    twin = make_twin("331")
    twin.respond("CMODE 1,3;MOUT 1,50")
    twin.clock.sleep(10)
    assert twin.respond("HTR?") == "+050.0"


@pytest.mark.parametrize(
    ("settings", "percent"), [("ANALOG 0,2,A,1,,,25", "+025.0"), ("ANALOG 0,3;CMODE 2,3;MOUT 2,40", "+040.0")]
)
def test_the_analog_output_of_the_331(settings, percent):
    twin = make_twin("331")
    twin.respond(settings)
    assert twin.respond("AOUT?") == percent


@pytest.mark.parametrize("model", MODELS)
def test_a_setpoint_is_approached(model):
    twin = make_twin(model)
    driver = open_driver(twin, sample_input="B")
    driver.ramp = 10
    driver.setpoint = 280
    assert driver.ramping
    twin.clock.sleep(3600)
    assert driver.control_temperature == pytest.approx(280, abs=0.01)
    assert driver.temperature == pytest.approx(280, abs=0.2)
    assert twin.bench.sample_temperature() == pytest.approx(driver.temperature, abs=0.01)
    driver.ramp = 0
    assert driver.ramp == 0
    driver.close()


def test_control_on_the_samples_sensor():
    twin = make_twin("331")
    twin.respond("CSET 1,B")
    driver = open_driver(twin, sample_input="B")
    assert driver.control_input == "B"
    driver.setpoint = 280
    twin.clock.sleep(7200)
    assert driver.temperature == pytest.approx(280, abs=0.01)
    driver.close()


@pytest.mark.parametrize("model", MODELS)
def test_make_safe_switches_off_what_heats(model):
    twin = make_twin(model)
    twin.respond("ANALOG 0,3" if model == "331" else "RANGE 2,1")
    driver = open_driver(twin)
    driver.make_safe()
    driver.make_safe()
    assert not driver.control
    assert driver.heater_output == 0
    assert twin.respond("ANALOG?" if model == "331" else "RANGE? 2")[:3] in ("0,0", "0")
    driver.close()


@pytest.mark.parametrize("model", MODELS)
def test_a_fault_of_the_device_is_named_and_a_lost_answer_does_no_harm(model):
    twin = make_twin(model)
    driver = open_driver(twin)
    with pytest.raises(DeviceFault, match="cryostat: execution error"):
        driver.pid = (5000, 1, 1)
    respond, twin.respond = twin.respond, lambda message: None
    with pytest.raises(DeviceTimeout, match="cryostat: no answer to 'KRDG"):
        _ = driver.temperature
    twin.respond = respond
    twin.send(b"+999.000\r\n")
    assert driver.temperature == 300.0
    driver.close()
