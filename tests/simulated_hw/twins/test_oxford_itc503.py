"""Twin of the Oxford ITC503: what it says on the wire, and the driver with it in virtual time."""

from __future__ import annotations

import pytest
import pyvisa
from pymeasure.instruments import oxfordinstruments
from pymeasure.instruments.oxfordinstruments.base import OxfordVISAError

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, DeviceTimeout, OverRange
from antistokes.instruments.roles import TemperatureController
from antistokes.instruments.temperature.oxford_itc503 import ITC503
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.oxford_itc503 import ITC503Settings, ITC503Twin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

RESOURCE = "ASRL1::INSTR"


def make_twin(**settings) -> ITC503Twin:
    bench = Bench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    twin = ITC503Twin("cryostat", bench, ITC503Settings(**{"noise_K": 0.0} | settings))
    twin.resource_name = RESOURCE
    return twin


@pytest.fixture
def twin():
    return make_twin()


@pytest.fixture
def library(twin):
    return VirtualVisaLibrary.of([twin])


@pytest.fixture
def line(library):
    manager = pyvisa.ResourceManager(library)
    with manager.open_resource(RESOURCE, read_termination="\r", write_termination="\r", timeout=500) as line:
        yield line
    manager.close()


@pytest.fixture
def driver(twin, library):
    driver = ITC503(RESOURCE, "cryostat", clock=twin.clock, visa_library=library, sample_sensor=2)
    yield driver
    driver.close()


# -- on the wire ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("V", "ITC503 Version 1.11 (c) OXFORD 1997"),
        ("X", "X0A1C0S00H1L0"),
        ("R0", "R300.0"),
        ("R1", "R300.0"),
        ("R2", "R300.0"),
        ("R3", "R4.0"),
        ("R4", "R0.0"),
        ("R5", "R18.5"),
        ("R6", "R17.2"),
        ("R7", "R0.0"),
        ("R8", "R5.0"),
        ("R9", "R0.9"),
        ("R10", "R0.0"),
        ("R11", "R75000"),
        ("U1", "U"),
        ("W0", "W"),
        ("C1", "C"),
        ("\nX", "X0A1C0S00H1L0"),
        ("@1R3", "R4.0"),
        ("&R3", "R4.0"),
    ],
)
def test_questions_are_answered_under_local_control(line, question, answer):
    assert line.query(question) == answer


@pytest.mark.parametrize(
    ("setting", "question", "answer"),
    [
        ("T77.350000", "R0", "R77.3"),
        ("T000077.0", "R0", "R77.0"),
        ("A0", "X", "X0A0C3S00H1L0"),
        ("L1", "X", "X0A1C3S00H1L1"),
        ("H2", "X", "X0A1C3S00H2L0"),
        ("G12.5", "R7", "R12.5"),
        ("P10", "R8", "R10.0"),
        ("I2.5", "R9", "R2.5"),
        ("D1", "R10", "R1.0"),
        ("M20", "R0", "R300.0"),
        ("F1", "R0", "R300.0"),
        ("O5", "R0", "R300.0"),
    ],
)
def test_settings_are_echoed_and_in_force(line, setting, question, answer):
    assert line.query("C3") == "C"
    assert line.query(setting) == setting[0]
    assert line.query(question) == answer


@pytest.mark.parametrize("message", ["T77", "A0", "H2", "O5", "G5", "P5", "S0", "L1", "w"])
def test_under_local_control_settings_are_refused(line, message):
    before = line.query("X"), line.query("R0")
    assert line.query(message) == f"?{message}"
    assert (line.query("X"), line.query("R0")) == before


@pytest.mark.parametrize(
    "message",
    [
        "Z99", "R14", "R", "*IDN?", "x", "C4", "A4", "T", "Tabc", "T-1", "T1678", "Tnan", "O100", "H0", "H4",
        "L2", "I141", "S33", "M41", "x129", "W-1", "U5", "!2", "m", "\x00\xff", "v5",
    ],
)  # fmt: skip
def test_what_it_does_not_understand_comes_back_behind_a_question_mark(line, message):
    line.query("C3")
    line.write_raw(message.encode("latin-1") + b"\r")
    assert line.read_raw().decode("latin-1") == f"?{message}\r"
    assert line.query("R0") == "R300.0"


def test_a_dollar_silences_the_answer(line):
    line.write_raw(b"$C3\r$T77\r$Z99\rR0\r")
    assert line.read() == "R77.0"


def test_another_address_on_the_isobus_is_not_heard(line):
    line.write_raw(b"@2V\r@1X\r")
    assert line.read() == "X0A1C0S00H1L0"
    assert line.query("U1") == "U"
    assert line.query("!2") == "!"
    assert line.query("@2R3") == "R4.0"


def test_q2_adds_a_line_feed_and_is_not_answered(line):
    line.write("Q2")
    line.write("R3")
    assert line.read_bytes(6) == b"R4.0\r\n"
    line.write("Q0")
    assert line.query("R3") == "R4.0"


def test_w_slows_the_answers_down(line, twin):
    line.query("W100")
    before = twin.clock.now()
    line.query("R3")
    assert twin.clock.now() - before >= 0.4


def test_empty_messages_are_ignored_and_half_ones_kept(line):
    line.write_raw(b"\r\n\r \rR")
    line.write_raw(b"3\r\n")
    assert line.read() == "R4.0"


def test_the_tables_are_behind_pointers(line):
    line.query("C3")
    for command in ("x2", "y1", "s150.0"):
        assert line.query(command) == command[0]
    assert line.query("r") == "r150.0"
    assert line.query("q") == "q0.0"
    assert line.query("w") == "w"
    assert line.query("r") == "r0.0"
    assert line.query("x17") == "x"
    assert line.query("r") == "?r"


def test_storing_takes_a_while(line, twin):
    line.query("C3")
    line.timeout = 3000
    before = twin.clock.now()
    assert line.query("~") == "~"
    assert twin.clock.now() - before > 0.9


def test_another_control_sensor_moves_the_setpoint(line):
    line.query("C3")
    line.query("H3")
    assert line.query("R0") == "R4.0"


def test_auto_pid_takes_the_first_entry_that_reaches_the_setpoint(line):
    line.query("C3")
    for row, (upper, p) in enumerate([(100, 3), (500, 7)], 1):
        for column, value in ((1, upper), (2, p)):
            for command in (f"x{row}", f"y{column}", f"p{value}"):
                line.query(command)
    assert line.query("R8") == "R5.0"
    line.query("L1")
    assert line.query("R8") == "R7.0"
    assert line.query("P4") == "?P4"
    line.query("T77")
    assert line.query("R8") == "R3.0"


def test_gas_diagnostics_need_automatic_gas(line):
    line.query("C3")
    line.query("A3")
    assert line.query("m") == "m0"


def test_manual_control_begins_with_the_output_there_is(line, twin):
    line.query("C3")
    line.query("A0")
    twin.clock.sleep(60)
    assert line.query("R5") == "R18.5"
    line.query("O50")
    twin.clock.sleep(1)
    assert line.query("R5") == "R50.0"
    assert line.query("R6") == "R28.3"


def test_a_sweep_moves_the_setpoint_holds_and_ends(line, twin):
    line.query("C3")
    for column, value in ((1, 280), (2, 10), (3, 5)):
        for command in ("x1", f"y{column}", f"s{value}"):
            line.query(command)
    assert line.query("S1") == "S"
    twin.clock.sleep(300)
    assert line.query("X") == "X0A1C3S01H1L0"
    assert line.query("R0") == "R290.0"
    twin.clock.sleep(400)
    assert line.query("X") == "X0A1C3S02H1L0"
    twin.clock.sleep(400)
    assert line.query("X") == "X0A1C3S00H1L0"
    assert line.query("R0") == "R280.0"
    assert line.query("S2") == "S"
    assert line.query("X") == "X0A1C3S02H1L0"
    assert line.query("S0") == "S"
    assert line.query("X") == "X0A1C3S00H1L0"


def test_noise_is_repeatable():
    first, second = ([make_twin(noise_K=0.01, decimals=3).respond("R1") for _ in range(50)] for _ in range(2))
    assert first == second


# -- others' driver -------------------------------------------------------------------------------


def test_pymeasures_driver_works_with_it(library):
    theirs = oxfordinstruments.ITC503(
        RESOURCE, visa_library=library, write_termination="\r", clear_buffer=False, timeout=3000
    )
    theirs.control_mode = "RU"
    for mode in ("AUTO", "MANUAL", "AM"):
        theirs.heater_gas_mode = mode
        assert theirs.heater_gas_mode == mode
    theirs.temperature_setpoint = 77
    assert theirs.temperature_setpoint == 77
    theirs.program_sweep([290, 280], 10, 5)
    theirs.pointer = (2, 1)
    assert theirs.sweep_table == "r280.0"
    assert theirs.sweep_status == 0
    with pytest.raises(OxfordVISAError, match="did not understand"):
        theirs.write("Z99")
    theirs.adapter.close()


# -- our driver -----------------------------------------------------------------------------------


def test_opening_changes_nothing(twin, driver):
    assert isinstance(driver, TemperatureController)
    assert driver.snapshot() == {
        "model": "Oxford ITC503",
        "temperature": 300.0,
        "setpoint": 300.0,
        "control": True,
        "heater_output": 18.5,
        "gas_flow": 0.0,
        "gas_auto": False,
        "pid": (5.0, 0.9, 0.0),
        "auto_pid": False,
        "sample_sensor": 2,
        "control_sensor": 1,
    }
    assert twin.remote == 0
    twin.clock.sleep(86400)
    assert twin.bench.sample_temperature() == pytest.approx(300, abs=1e-6)


def test_a_setpoint_is_approached_with_the_sample_behind(twin, driver):
    driver.setpoint = 77
    assert twin.remote == 3
    twin.clock.sleep(1200)
    assert 100 < driver.control_temperature < driver.temperature - 1
    twin.clock.sleep(3600)
    assert driver.control_temperature == pytest.approx(77, abs=0.06)
    assert 77.2 < driver.temperature < 77.8
    assert twin.bench.sample_temperature() == pytest.approx(driver.temperature, abs=0.06)


def test_a_setpoint_ends_a_sweep(twin, driver):
    twin.respond("$C3")
    for command in ("$x1", "$y1", "$s280", "$y2", "$s10", "$S1"):
        twin.respond(command)
    driver.setpoint = 250
    twin.clock.sleep(60)
    assert driver.setpoint == 250


def test_make_safe_switches_the_heater_off(twin, driver):
    driver.make_safe()
    driver.make_safe()
    assert not driver.control
    assert driver.heater_output == 0
    twin.clock.sleep(600)
    assert driver.control_temperature < 290
    driver.control = True
    twin.clock.sleep(3600)
    assert driver.control_temperature == pytest.approx(300, abs=0.06)


def test_pid_and_gas_are_set(driver):
    driver.pid = (10, 2, 0.5)
    assert driver.pid == (10, 2, 0.5)
    driver.gas_flow = 30
    assert driver.gas_flow == 30
    driver.auto_pid = True
    assert driver.auto_pid
    with pytest.raises(DeviceFault, match="cryostat: 'I150.0' is refused"):
        driver._set("I150.0")


def test_a_broken_sensor_is_reported_and_heats_nothing():
    twin = make_twin(broken_sensors=[1])
    library = VirtualVisaLibrary.of([twin])
    driver = ITC503(RESOURCE, "cryostat", clock=twin.clock, visa_library=library)
    with pytest.raises(OverRange, match="cryostat: sensor 1 shows 1677.7 K"):
        _ = driver.temperature
    twin.clock.sleep(1)
    assert driver.heater_output == 0
    driver.close()


@pytest.mark.parametrize("ending", [b"", b"\r", b"\r\n"])
def test_garbage_on_the_line_is_no_answer(twin, driver, ending):
    twin.send(b"\xff\x01GARBAGE" + ending)
    assert driver.temperature == 300.0


def test_an_answer_to_an_older_question_is_not_taken_for_the_next_one(twin, driver):
    respond, twin.respond = twin.respond, lambda message: None
    with pytest.raises(DeviceTimeout, match="cryostat: no answer to 'R2'"):
        _ = driver.temperature
    twin.respond = respond
    twin.send(b"R4.0\r", 0.005)  # not there yet when the line is flushed
    assert driver.temperature == 300.0


def test_a_line_feed_that_another_program_asked_for_does_no_harm(twin, driver):
    twin.respond("Q2")
    assert driver.temperature == 300.0
    assert driver.control is True
    driver.setpoint = 290
    assert driver.setpoint == 290
