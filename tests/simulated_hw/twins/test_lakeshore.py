"""Twin of the Lake Shore 336: what it says on the wire, and the driver with it in virtual time."""

from __future__ import annotations

from itertools import pairwise

import pytest
import pyvisa
from pymeasure.instruments.lakeshore import LakeShore3xx

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, DeviceTimeout, OverRange
from antistokes.instruments.roles import TemperatureController, Thermometer
from antistokes.instruments.temperature.lakeshore_models import LakeShore336
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.lakeshore import LakeShoreSettings
from antistokes.simulated_hw.twins.lakeshore_models import LakeShore336Twin
from antistokes.simulated_hw.twins.lakeshore_tables import TABLE_336
from antistokes.simulated_hw.visa import VirtualVisaLibrary

RESOURCE = "TCPIP0::192.168.1.36::7777::SOCKET"


def make_twin(**settings) -> LakeShore336Twin:
    bench = Bench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    twin = LakeShore336Twin("cryostat", bench, LakeShoreSettings(**settings))
    twin.resource_name = RESOURCE
    return twin


@pytest.fixture
def twin():
    return make_twin(noise_K=0.0)


@pytest.fixture
def library(twin):
    return VirtualVisaLibrary.of([twin])


@pytest.fixture
def line(library):
    manager = pyvisa.ResourceManager(library)
    with manager.open_resource(
        RESOURCE, read_termination="\r\n", write_termination="\n", timeout=500
    ) as line:
        yield line
    manager.close()


@pytest.fixture
def driver(twin, library):
    driver = LakeShore336(RESOURCE, "cryostat", clock=twin.clock, visa_library=library, sample_input="B")
    yield driver
    driver.close()


# -- on the wire ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("*IDN?", "LSCI,MODEL336,LSA12AB/1234567,2.9"),
        ("KRDG? A", "+300.000"),
        ("KRDG?A", "+300.000"),
        ("krdg?  b ", "+300.000"),
        ("KRDG? 0", "+300.000,+300.000,+004.000,+000.000"),
        ("CRDG? A", "+026.850"),
        ("SRDG? A", "+0.56000"),
        ("RDGST? A", "000"),
        ("KRDG? B;RDGST? B", "+300.000;000"),
        ("SETP? 1", "+300.000"),
        ("RANGE? 1;RANGE? 2;RANGE? 3;RANGE? 4", "2;0;0;0"),
        ("HTR? 1", "+074.0"),
        ("HTRST? 1", "0"),
        ("AOUT? 3", "+000.0"),
        ("RAMP? 1", "0,+000.000"),
        ("RAMPST? 1", "0"),
        ("PID? 1", "+0050.0,+0020.0,+0000"),
        ("MOUT? 1", "+00.000"),
        ("OUTMODE? 1", "1,1,0"),
        ("HTRSET? 1", "1,4,+2.000,1"),
        ("INTYPE? A", "1,0,0,0,1"),
        ("INNAME? B", "Sample         "),
        ("INCRV? A", "02"),
        ("CRVHDR? 2", "DT-670         ,STANDARD C,2,+475.000,1"),
        ("TLIMIT? A", "+0420.0"),
        ("ZONE? 1,1", "+000.000,+0050.0,+0020.0,+0000,+00.000,1,0,+000.100"),
        ("ALARM? A", "0,+475.000,+000.000,+000.000,0,0,1"),
        ("*STB?", "000"),
        ("*OPC?", "1"),
        ("*TST?", "0"),
        ("TUNEST?", "0,1,0,00"),
        ("TEMP?", "+300.000"),
        ("OPST?", "000"),
    ],
)
def test_answers_as_the_manual_prints_them(line, question, answer):
    assert line.query(question) == answer


@pytest.mark.parametrize(
    ("setting", "question", "answer"),
    [
        ("SETP 1,77.5", "SETP? 1", "+077.500"),
        ("SETP1,77.5", "SETP?1", "+077.500"),
        ("setp 2, +4.2", "SETP? 2", "+004.200"),
        ("RAMP 1,1,10.5", "RAMP? 1", "1,+010.500"),
        ("RANGE 1,3", "RANGE? 1", "3"),
        ("RANGE 3,1", "RANGE? 3", "1"),
        ("PID 1,10,50,2", "PID? 1", "+0010.0,+0050.0,+0002"),
        ("MOUT 2,12.500000", "MOUT? 2", "+12.500"),
        ("OUTMODE 2,3,2,1", "OUTMODE? 2", "3,2,1"),
        ("OUTMODE 2,3", "OUTMODE? 2", "3,0,0"),
        ("HTRSET 1,2,0,0.5,2", "HTRSET? 1", "2,0,+0.500,2"),
        ("INTYPE C,3,1,4,1,1", "INTYPE? C", "3,1,4,1,1"),
        ('INNAME C,"Cold Plate"', "INNAME? C", "Cold Plate     "),
        ("INCRV C,21", "INCRV? C", "21"),
        ("FILTER B,1,10,2", "FILTER? B", "1,10,02"),
        ("TLIMIT B,450", "TLIMIT? B", "+0450.0"),
        ("ALARM A,1,270,0,0,1,1,1", "ALARMST? A", "1,0"),
        ("ZONE 1,2,25,10,20,0,0,2,2,10", "ZONE? 1,2", "+025.000,+0010.0,+0020.0,+0000,+00.000,2,2,+010.000"),
        ("CRVHDR 21,Mine,0001,2,325,1", "CRVHDR? 21", "Mine           ,0001      ,2,+325.000,1"),
        ("CRVPT 21,2,0.10191,470", "CRVPT? 21,2", "+0.10191,+470.000"),
        ("CRVPT 21,2,0.10191,470;CRVDEL 21", "CRVPT? 21,2", "+0.00000,+000.000"),
        ("RELAY 1,2,B,0", "RELAY? 1", "2,B,0"),
        ("RELAY 1,1,,", "RELAY? 1", "1,A,0"),
        ("WARMUP 3,1,50", "WARMUP? 3", "1,+50.000"),
        ("*ESE 48", "*ESE?", "048"),
        ("*OPC", "*ESR?", "001"),
        ("LEDS 0", "LEDS?", "0"),
        ("ATUNE 1,1", "TUNEST?", "0,1,0,00"),
        ("SETP 1,200;DFLT 99", "RANGE? 1;SETP? 1", "0;+300.000"),
        ("RAMP 1,1,5;*RST", "RANGE? 1;RAMP? 1", "0;0,+005.000"),
    ],
)
def test_settings_are_taken_and_read_back(line, setting, question, answer):
    line.write(setting)
    assert line.query(question) == answer
    assert line.query("*ESR?") == "000"


def test_every_kept_setting_can_be_asked_for(line):
    for name, setting in TABLE_336.items():
        if "_" not in name:
            assert line.query(f"{name}? {setting.keys[0]}".strip()), name
    assert line.query("*ESR?") == "000"


@pytest.mark.parametrize("message", ["FOO 1", "KRDG A", "SETPOINT_K? 1", "KRDGX? A", "?", "\x00\xff"])
def test_an_unknown_command_stays_silent_and_sets_the_command_error(line, message):
    line.write_raw(message.encode("latin-1") + b";*ESR?\n")
    assert line.read() == "032"


@pytest.mark.parametrize(
    "message",
    [
        "KRDG? E",
        "KRDG?",
        "HTR? 3",
        "AOUT? 1",
        "SETP? 5",
        "INTYPE? Q",
        "SETP 9,3",
        "SETP 1",
        "SETP 1,abc",
        "SETP 1,nan",
        "SETP 1,-5",
        "RANGE 1",
        "RANGE 1,",
        "RANGE 1,4",
        "RANGE 3,2",
        "RANGE 1,1.5",
        "RANGE 1,2,3",
        "PID 1,2000,1,1",
        "RAMP 1,1,101",
        "MOUT 1,-1",
        "CRVDEL 5",
        "CRVHDR 21,x",
        "DFLT 1",
        "ZONE 1,11,3",
    ],
)
def test_a_bad_parameter_stays_silent_changes_nothing_and_sets_the_execution_error(line, message):
    assert line.query(message + ";*ESR?") == "016"
    assert line.query("SETP? 1;RANGE? 1;PID? 1") == "+300.000;2;+0050.0,+0020.0,+0000"


def test_a_setting_followed_by_the_event_register_answers_000(line):
    assert line.query("SETP 1,300;*ESR?") == "000"


def test_the_status_byte_shows_enabled_events(line):
    line.write("*ESE 32;*SRE 32;NONSENSE")
    assert line.query("*STB?") == "096"
    line.write("*CLS")
    assert line.query("*STB?") == "000"


def test_empty_lines_are_ignored(line):
    for nothing in ("", " ", ";", "\r"):
        line.write(nothing)
    assert line.query("*ESR?") == "000"


def test_a_message_may_come_in_pieces_and_two_at_once(line):
    line.write_raw(b"KRD")
    line.write_raw(b"G? A\r\nRDG")
    line.write_raw(b"ST? A\n")
    assert line.read() == "+300.000"
    assert line.read() == "000"


def test_after_a_timeout_the_line_goes_on(line):
    with pytest.raises(pyvisa.VisaIOError, match="TMO"):
        line.query("NONSENSE?")
    assert line.query("RANGE? 1") == "2"


def test_extremes_are_kept_until_they_are_reset(line, twin):
    line.query("KRDG? A")
    line.write("SETP 1,310")
    twin.clock.sleep(3600)
    line.query("KRDG? A")
    assert line.query("MDAT? A") == "+300.000,+310.000"
    line.write("MNMXRST")
    assert line.query("MDAT? A") == "+000.000,+000.000"


def test_the_setpoint_is_in_the_control_sensors_units(line):
    line.write("INTYPE A,1,0,0,0,2")
    assert line.query("SETP? 1") == "+026.850"
    line.write("SETP 1,0")
    line.write("INTYPE A,1,0,0,0,1")
    assert line.query("SETP? 1") == "+273.150"


def test_open_loop_heats_by_hand(line, twin):
    line.write("OUTMODE 1,3,0,0;MOUT 1,50")
    twin.clock.sleep(10)
    assert line.query("HTR? 1") == "+050.0"


def test_a_broken_control_sensor_stops_the_heater():
    twin = make_twin(sensor_status={"A": 128})
    assert twin.respond("RDGST? A;KRDG? A") == "128;+000.000"
    twin.clock.sleep(1)
    assert twin.respond("HTR? 1") == "+000.0"


def test_the_temperature_limit_switches_the_heaters_off(line, twin):
    line.write("TLIMIT A,305;RANGE 1,3;RANGE 2,1;SETP 1,400")
    twin.clock.sleep(600)
    assert line.query("RANGE? 1;RANGE? 2") == "0;0"
    assert twin.cryostat.stage < 305
    assert line.query("SETP? 1") == "+400.000"


def test_noise_is_some_mk_and_repeatable():
    readings = [[float(twin.respond("KRDG? A")) for _ in range(200)] for twin in (make_twin(), make_twin())]
    assert readings[0] == readings[1]
    spread = max(readings[0]) - min(readings[0])
    assert 0.005 < spread < 0.02


# -- others' driver -------------------------------------------------------------------------------


def test_pymeasures_driver_works_with_it(library):
    controller = LakeShore3xx(RESOURCE, visa_library=library, write_termination="\n", timeout=3000)
    assert controller.id.startswith("LSCI,MODEL336")
    assert controller.input_A.celsius == pytest.approx(controller.input_A.kelvin - 273.15)
    for kelvin in (77.0, 300.0):
        controller.output_1.setpoint = kelvin
        assert controller.output_1.setpoint == kelvin
    for heater_range in ("low", "medium", "high", "off"):
        controller.output_1.range = heater_range
        assert controller.output_1.range == heater_range
    controller.output_2.mout = 12.5
    assert controller.output_2.mout == 12.5
    assert 0 <= controller.output_1.output <= 100
    controller.adapter.close()


# -- our driver -----------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["C", "D"])
def test_a_sensor_on_the_lit_sample_sees_what_light_does_to_it(letter):
    twin = make_twin(noise_K=0.0, crystal_input=letter)
    library = VirtualVisaLibrary.of([twin])
    driver = LakeShore336(
        RESOURCE, "cryostat", clock=twin.clock, visa_library=library, sample_input="B", crystal_input=letter
    )
    assert isinstance(driver, Thermometer)
    assert driver.crystal_temperature == pytest.approx(twin.bench.sample_temperature(), abs=1e-3)
    twin.bench.place.mounted.exposure.rise = -40.0
    assert driver.crystal_temperature == pytest.approx(twin.bench.sample_temperature() - 40, abs=1e-3)
    assert driver.temperature == pytest.approx(twin.bench.sample_temperature(), abs=1e-3)
    driver.close()


def test_opening_changes_nothing(twin, driver):
    assert isinstance(driver, TemperatureController)
    assert driver.snapshot() == {
        "model": "Lake Shore 336",
        "temperature": 300.0,
        "setpoint": 300.0,
        "range": "medium",
        "heater_output": 74.0,
        "ramp": 0.0,
        "pid": (50.0, 20.0, 0.0),
        "sample_input": "B",
        "crystal_input": "",
        "control_input": "A",
    }
    assert twin.bench.sample_temperature() == 300.0


def test_a_station_that_never_touches_it_stays_at_300_k(twin, driver):
    twin.clock.sleep(86400)
    assert driver.temperature == 300.0


def test_a_setpoint_is_approached_with_the_sample_behind(twin, driver):
    driver.setpoint = 77
    twin.clock.sleep(1200)
    assert 100 < driver.control_temperature < driver.temperature - 1
    twin.clock.sleep(3600)
    assert driver.control_temperature == pytest.approx(77, abs=0.01)
    assert 77.2 < driver.temperature < 77.8
    assert twin.bench.sample_temperature() == pytest.approx(driver.temperature, abs=0.01)


def test_a_ramp_starts_at_the_present_temperature_and_ends_at_the_setpoint(twin, driver):
    driver.control = False
    twin.clock.sleep(120)
    here = driver.control_temperature
    assert here < 285
    driver.ramp = 5
    driver.control = True  # the old set-point, 300 K, is approached by the ramp, not jumped to
    assert driver.ramping
    assert driver.setpoint == 300
    twin.clock.sleep(60)
    assert driver.control_temperature == pytest.approx(here + 5, abs=2.5)
    twin.clock.sleep(900)
    assert not driver.ramping
    assert driver.setpoint == 300
    assert driver.control_temperature == pytest.approx(300, abs=0.1)


def test_make_safe_switches_every_heater_off(twin, driver):
    twin.respond("RANGE 2,3;RANGE 3,1")
    driver.make_safe()
    driver.make_safe()
    assert twin.respond("RANGE? 1;RANGE? 2;RANGE? 3;RANGE? 4") == "0;0;0;0"
    assert not driver.control
    assert driver.heater_output == 0


def test_a_rate_the_device_does_not_take_is_its_fault(driver):
    with pytest.raises(DeviceFault, match="execution error"):
        driver.pid = (5000, 1, 1)
    assert driver.pid == (50, 20, 0)


@pytest.mark.parametrize(("heater", "text"), [("open", "heater open"), ("short", "heater shorted")])
def test_a_broken_heater_is_reported(heater, text):
    twin = make_twin(heater=heater)
    library = VirtualVisaLibrary.of([twin])
    driver = LakeShore336(RESOURCE, "cryostat", clock=twin.clock, visa_library=library, sample_input="B")
    with pytest.raises(DeviceFault, match=text):
        driver.control = True
    driver.close()


def test_a_broken_sample_sensor_is_reported_by_name():
    twin = make_twin(sensor_status={"B": 128})
    library = VirtualVisaLibrary.of([twin])
    driver = LakeShore336(RESOURCE, "cryostat", clock=twin.clock, visa_library=library, sample_input="B")
    with pytest.raises(OverRange, match="cryostat: input B"):
        _ = driver.temperature
    driver.close()


def test_the_driver_recovers_from_garbage(twin, driver):
    driver.adapter.connection.write_raw(b"\xff\x01GARBAGE\n half a mess")
    with pytest.raises(BadAnswer, match="cryostat: 'KRDG"):
        _ = driver.temperature
    assert driver.temperature == 300.0


def test_the_driver_recovers_from_a_late_answer(twin, driver):
    respond, twin.respond = twin.respond, lambda message: None
    with pytest.raises(DeviceTimeout, match="cryostat: no answer to 'KRDG"):
        _ = driver.temperature
    twin.respond = respond
    twin.send(b"+999.000;000\r\n")
    assert driver.temperature == 300.0


def test_the_driver_keeps_50_ms_between_messages(twin, driver):
    arrivals = []
    respond = twin.respond
    twin.respond = lambda message: arrivals.append(twin.clock.now()) or respond(message)
    driver.snapshot()
    gaps = [later - earlier for earlier, later in pairwise(arrivals)]
    assert len(gaps) >= 5
    assert min(gaps) >= 0.05 - 1e-9


def test_a_station_may_keep_the_control_on_when_all_is_made_safe(twin):
    library = VirtualVisaLibrary.of([twin])
    driver = LakeShore336(RESOURCE, "cryostat", clock=twin.clock, visa_library=library, keep_control=True)
    driver.make_safe()
    assert driver.control
