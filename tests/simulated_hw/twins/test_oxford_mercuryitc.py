"""Twin of the MercuryiTC: what it says on the wire, and the driver with it in virtual time."""

from __future__ import annotations

import pytest
import pyvisa
from pymeasure.instruments.oxfordinstruments.mercuryitc import MercuryiTC

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, DeviceTimeout, OverRange
from antistokes.instruments.roles import TemperatureController
from antistokes.instruments.temperature.oxford_mercuryitc import MercuryITC
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.twins.oxford_mercuryitc import MercuryITCSettings, MercuryITCTwin
from antistokes.simulated_hw.twins.oxford_mercuryitc_nouns import NOUNS
from antistokes.simulated_hw.visa import VirtualVisaLibrary

RESOURCE = "TCPIP0::192.168.1.36::7020::SOCKET"
T1 = "DEV:MB1.T1:TEMP"


def make_twin(**settings) -> MercuryITCTwin:
    bench = Bench(VirtualClock(), None, None, OpticsSettings(), seed=1)
    twin = MercuryITCTwin("cryostat", bench, MercuryITCSettings(**settings))
    twin.resource_name = RESOURCE
    return twin


def open_driver(twin, **settings) -> MercuryITC:
    library = VirtualVisaLibrary.of([twin])
    return MercuryITC(
        RESOURCE, "cryostat", clock=twin.clock, visa_library=library, sample_sensor="DB6.T1", **settings
    )


@pytest.fixture
def twin():
    return make_twin(noise_K=0.0)


@pytest.fixture
def line(twin):
    manager = pyvisa.ResourceManager(VirtualVisaLibrary.of([twin]))
    with manager.open_resource(RESOURCE, read_termination="\n", write_termination="\n", timeout=500) as line:
        yield line
    manager.close()


@pytest.fixture
def driver(twin):
    driver = open_driver(twin)
    yield driver
    driver.close()


# -- on the wire ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("*IDN?", "IDN:OXFORD INSTRUMENTS:MERCURY ITC:132750010:2.6.04"),
        ("@1*IDN?", "IDN:OXFORD INSTRUMENTS:MERCURY ITC:132750010:2.6.04"),
        (
            "READ:SYS:CAT",
            "STAT:SYS:CAT:DEV:MB1.T1:TEMP:DEV:MB0.H1:HTR:DEV:DB6.T1:TEMP:DEV:DB4.G1:AUX:DEV:DB5.L1:LVL",
        ),
        ("READ:SYS:TIME", "STAT:SYS:TIME:00:00:00"),
        ("READ:SYS:DATE", "STAT:SYS:DATE:2000:01:01"),
        ("READ:SYS:MAN:SERL", "STAT:SYS:MAN:SERL:132750010"),
        ("READ:SYS:ALRM", "STAT:SYS:ALRM:"),
        (f"READ:{T1}:SIG:TEMP", f"STAT:{T1}:SIG:TEMP:300.0000K"),
        (f"READ:{T1}:SIG:TEMP?", f"STAT:{T1}:SIG:TEMP:300.0000K"),
        (f"READ:{T1}:SIG:VOLT", f"STAT:{T1}:SIG:VOLT:560.0000mV"),
        (f"READ:{T1}:SIG:RES", f"STAT:{T1}:SIG:RES:56000.0000O"),
        (f"READ:{T1}:LOOP:TSET", f"STAT:{T1}:LOOP:TSET:300.0000K"),
        (f"READ:{T1}:LOOP:RSET", f"STAT:{T1}:LOOP:RSET:infK/m"),
        (f"READ:{T1}:LOOP:HSET", f"STAT:{T1}:LOOP:HSET:74.0000"),
        (f"READ:{T1}:LOOP:P:I:D", f"STAT:{T1}:LOOP:P:50.0000:I:0.8333:D:0.0000"),
        (f"READ:{T1}:EXCT:TYPE:CAL:INT", f"STAT:{T1}:EXCT:TYPE:UNIP:CAL:INT:SPL"),
        (f"READ:{T1}:EXCT", f"STAT:{T1}:EXCT:TYPE:UNIP:MAG:10.0000uA"),
        ("READ:DEV:MB0.H1:HTR:SIG:VOLT:CURR", "STAT:DEV:MB0.H1:HTR:SIG:VOLT:17.2047V:CURR:0.4301A"),
        ("READ:DEV:MB0.H1:HTR:SIG:POWR", "STAT:DEV:MB0.H1:HTR:SIG:POWR:7.4000W"),
        ("READ:DEV:DB5.L1:LVL:SIG:HEL:LEV", "STAT:DEV:DB5.L1:LVL:SIG:HEL:LEV:78.5000%"),
        (
            "READ:DEV:DB5.L1:LVL",
            "STAT:DEV:DB5.L1:LVL:MAN:HVER:1:FVER:2.6.04:SERL:132750010:NICK:DB5.L1"
            ":HEL:PULS:SLOW:ON:SIG:HEL:LEV:78.5000%:SIG:NIT:LEV:64.0000%",
        ),
        ("FOO", "FOO:INVALID"),
        ("*RST", "*RST:INVALID"),
        ("read:SYS:CAT", "read:INVALID"),
        ("READ", "STAT:INVALID"),
        ("READ:FOO:BAR", "STAT:FOO:INVALID"),
        ("READ:DEV", "STAT:DEV:INVALID"),
        ("READ:DEV:DB9.T1:TEMP:SIG:TEMP", "STAT:DEV:DB9.T1:TEMP:NOT_FOUND"),
        ("READ:DEV:MB1.T1:HTR:SIG:VOLT", "STAT:DEV:MB1.T1:HTR:N/A"),
        ("READ:DEV:MB1.T1:FOO", "STAT:DEV:MB1.T1:FOO:INVALID"),
        (f"READ:{T1}:LOOP:FOO:P", f"STAT:{T1}:LOOP:FOO:INVALID"),
        (f"READ:{T1}:SIG:PWR", f"STAT:{T1}:SIG:PWR:N/A"),
        ("READ:SYS:RST", "STAT:SYS:RST:INVALID"),
        (f"SET:{T1}:LOOP:TSET:2001", f"STAT:SET:{T1}:LOOP:TSET:2001:INVALID"),
        (f"SET:{T1}:LOOP:TSET:77V", f"STAT:SET:{T1}:LOOP:TSET:77V:INVALID"),
        (f"SET:{T1}:LOOP:TSET:", f"STAT:SET:{T1}:LOOP:TSET::INVALID"),
        (f"SET:{T1}:LOOP:TSET", f"STAT:SET:{T1}:LOOP:TSET:INVALID"),
        (f"SET:{T1}:LOOP:ENAB:on", f"STAT:SET:{T1}:LOOP:ENAB:on:INVALID"),
        (f"SET:{T1}:SIG:TEMP:5", f"STAT:SET:{T1}:SIG:TEMP:5:INVALID"),
        (f"SET:{T1}:LOOP", f"STAT:SET:{T1}:LOOP:INVALID"),
        (f"SET:{T1}:LOOP:HTR:DB9.H1", f"STAT:SET:{T1}:LOOP:HTR:DB9.H1:INVALID"),
        ("SET:SYS:USER:ENG", "STAT:SET:SYS:USER:ENG:DENIED"),
        ("SET:SYS:TIME:25:00:00", "STAT:SET:SYS:TIME:25:00:00:INVALID"),
        ("SET:SYS:TIME:12:13:14", "STAT:SET:SYS:TIME:12:13:14:VALID"),
        ("SET:SYS:RST", "STAT:SET:SYS:RST:VALID"),
    ],
)
def test_question_and_answer(line, question, answer):
    assert line.query(question) == answer


@pytest.mark.parametrize(
    ("noun", "value", "shown"),
    [
        ("LOOP:TSET", "77", "77.0000K"),
        ("LOOP:TSET", "77.5K", "77.5000K"),
        ("LOOP:RSET", "2", "2.0000K/m"),
        ("LOOP:RSET", "inf", "infK/m"),
        ("LOOP:RENA", "ON", "ON"),
        ("LOOP:PIDT", "ON", "ON"),
        ("LOOP:D", "1e-1", "0.1000"),
        ("NICK", "Stage", "Stage"),
        ("EXCT:MAG", "100uA", "100.0000uA"),
        ("CAL:SCAL", "1.1", "1.1000"),
    ],
)
def test_a_setting_is_echoed_and_kept(line, noun, value, shown):
    assert line.query(f"SET:{T1}:{noun}:{value}") == f"STAT:SET:{T1}:{noun}:{value}:VALID"
    assert line.query(f"READ:{T1}:{noun}") == f"STAT:{T1}:{noun}:{shown}"


def test_each_of_several_settings_has_its_own_verdict(line):
    answer = line.query(f"SET:{T1}:LOOP:P:5:I:-2:D:1:CAL:INT:LIN")
    assert answer == f"STAT:SET:{T1}:LOOP:P:5:VALID:I:-2:INVALID:D:1:VALID:CAL:INT:LIN:VALID"
    assert line.query(f"READ:{T1}:LOOP:P:I:D") == f"STAT:{T1}:LOOP:P:5.0000:I:0.8333:D:1.0000"


def test_everything_can_be_read(twin, line):
    for uid, kind in (("SYS", "SYS"), ("MB1.T1", "TEMP"), ("MB0.H1", "HTR"), ("DB4.G1", "AUX")):
        where = "SYS" if uid == "SYS" else f"DEV:{uid}:{kind}"
        for name, noun in NOUNS[kind].items():
            if noun.fields:
                assert line.query(f"READ:{where}:{name}").startswith(f"STAT:{where}:{name}:")
        assert "INVALID" not in line.query(f"READ:{where}")


def test_locked_at_the_front_panel_nothing_can_be_set():
    twin = make_twin(locked=True)
    driver = open_driver(twin)
    with pytest.raises(DeviceFault, match="DENIED"):
        driver.setpoint = 77
    assert twin.values["MB1.T1", "LOOP:TSET"] == 300
    with pytest.raises(DeviceFault, match="DENIED"):
        driver.make_safe()


def test_a_loop_switched_off_holds_its_output(twin, line):
    line.query(f"SET:{T1}:LOOP:ENAB:OFF")
    assert line.query(f"READ:{T1}:LOOP:HSET").endswith(":74.0000")
    twin.clock.sleep(3600)
    assert line.query("READ:DEV:MB0.H1:HTR:SIG:POWR").endswith(":7.4000W")
    line.query(f"SET:{T1}:LOOP:HSET:0")
    twin.clock.sleep(1)
    assert line.query("READ:DEV:MB0.H1:HTR:SIG:POWR").endswith(":0.0000W")


def test_the_heater_can_be_set_by_its_voltage(twin, line):
    line.query(f"SET:{T1}:LOOP:ENAB:OFF")
    assert line.query("SET:DEV:MB0.H1:HTR:SIG:VOLT:10V").endswith(":VALID")
    assert line.query("SET:DEV:MB0.H1:HTR:SIG:VOLT:21").endswith(":INVALID")
    twin.clock.sleep(1)
    assert line.query("READ:DEV:MB0.H1:HTR:SIG:POWR").endswith(":2.5000W")


def test_a_heater_serves_one_loop(line):
    assert line.query("SET:DEV:DB6.T1:TEMP:LOOP:HTR:MB0.H1").endswith(":VALID")
    assert line.query(f"READ:{T1}:LOOP:HTR").endswith(":None")
    assert line.query("SET:DEV:DB6.T1:TEMP:LOOP:HTR:0").endswith(":VALID")
    assert line.query("READ:DEV:DB6.T1:TEMP:LOOP:HTR").endswith(":None")


def test_half_a_message_waits_and_nothing_is_said_to_empty_ones(twin, line):
    line.write_raw(b"READ:SYS")
    with pytest.raises(pyvisa.errors.VisaIOError):
        line.read()
    line.write_raw(b":USER\n\r\n\n")
    assert line.read() == "STAT:SYS:USER:NORM"
    assert twin.bytes_due() == 0


# -- with the driver ------------------------------------------------------------------------------


def test_it_is_a_temperature_controller(driver):
    assert isinstance(driver, TemperatureController)
    assert driver.temperature == driver.setpoint == 300
    assert driver.control is True


def test_it_cools_and_holds(twin, driver):
    driver.setpoint = 150
    twin.clock.sleep(7200)
    assert driver._kelvin("MB1.T1") == pytest.approx(150, abs=0.01)
    assert driver.temperature == pytest.approx(twin.cryostat.sample, abs=1e-4)
    assert twin.bench.thermostat is twin.cryostat


def test_a_ramp(twin, driver):
    driver.ramp = 2
    driver.setpoint = 280
    twin.clock.sleep(300)
    assert driver.working_setpoint == pytest.approx(290, abs=0.1)
    assert driver.setpoint == 280
    assert driver._kelvin("MB1.T1") == pytest.approx(290, abs=1)


def test_made_safe_nothing_heats(twin, driver):
    driver.make_safe()
    twin.clock.sleep(1)
    assert driver.control is False
    assert twin._power() == 0
    twin.clock.sleep(60)
    driver.control = True
    twin.clock.sleep(1)
    assert driver.heater_output > 0


@pytest.mark.parametrize("fault", ["N/A", "INVALID"])
def test_a_broken_sensor_gives_no_number(fault):
    driver = open_driver(make_twin(sensor_faults={"DB6.T1": fault}))
    with pytest.raises(DeviceFault, match=fault):
        _ = driver.temperature
    with pytest.raises(DeviceFault, match="DB6.T1: Open Circuit"):
        driver.control = True


def test_beyond_the_calibration_there_is_no_number(twin, driver):
    twin.cryostat.sample = 501.0
    with pytest.raises(OverRange, match="calibrated from 1.4 to 500 K"):
        _ = driver.temperature


def test_an_open_heater_is_a_fault_and_heats_nothing():
    twin = make_twin(heater="open")
    driver = open_driver(twin)
    with pytest.raises(DeviceFault, match="MB0.H1: Open Circuit"):
        driver.control = True
    twin.clock.sleep(100)
    assert driver.temperature < 300


def at_next_message(twin, act):
    feed = twin.feed

    def once(data, end=False):
        del twin.feed
        act(feed, data, end)

    twin.feed = once


def test_half_an_answer_is_an_error_and_the_next_is_right(twin, driver):
    def half(feed, data, end):
        feed(data, end)
        due, answer = twin._outbox.pop()
        twin._outbox.append((due, answer[:20]))

    at_next_message(twin, half)
    with pytest.raises(DeviceTimeout, match="SIG:TEMP"):
        _ = driver.temperature
    assert driver.temperature == 300


def test_an_older_answer_is_not_taken(twin, driver):
    def older(feed, data, end):
        twin.send(b"STAT:DEV:MB1.T1:TEMP:LOOP:TSET:4.2000K\n")
        feed(data, end)

    at_next_message(twin, older)
    with pytest.raises(BadAnswer, match="TSET:4.2000K"):
        _ = driver.temperature
    assert driver.temperature == 300


def test_pymeasures_driver(twin):
    device = MercuryiTC(RESOURCE, visa_library=VirtualVisaLibrary.of([twin]))
    sensor, heater = device.TS_MB, device.HTR_MB
    assert sensor.temperature == 300
    assert sensor.voltage == pytest.approx(0.56)
    sensor.control_loop_temperature_setpoint = 77
    assert sensor.control_loop_temperature_setpoint == 77
    sensor.control_loop_ramp_enabled = True
    assert sensor.control_loop_ramp_enabled is True
    assert sensor.control_loop_ramp_rate == float("inf")
    sensor.control_loop_PID_enabled = False
    sensor.control_loop_heater_percent = 10
    twin.clock.sleep(1)
    assert heater.power == pytest.approx(1)
    device.adapter.close()
