"""Twin of the Cryostation: what it says on the wire, and the driver with it in virtual time."""

from __future__ import annotations

import pytest
import pyvisa

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, DeviceTimeout, WrongModel
from antistokes.instruments.roles import TemperatureController
from antistokes.instruments.temperature.montana_cryostation import Cryostation
from antistokes.simulated_hw.bench import Bench, OpticsSettings
from antistokes.simulated_hw.cryostat import CryostatSettings
from antistokes.simulated_hw.twins.montana_cryostation import CryostationSettings, CryostationTwin
from antistokes.simulated_hw.twins.oxford_mercuryitc import MercuryITCTwin
from antistokes.simulated_hw.twins.thorlabs_pm100d import PM100DTwin
from antistokes.simulated_hw.visa import VirtualVisaLibrary

RESOURCE = "TCPIP0::192.168.1.36::7773::SOCKET"


def make_bench() -> Bench:
    return Bench(VirtualClock(), None, None, OpticsSettings(), seed=1)


def make_twin(**settings) -> CryostationTwin:
    twin = CryostationTwin("cryostat", make_bench(), CryostationSettings(**({"noise_K": 0.0} | settings)))
    twin.resource_name = RESOURCE
    return twin


def make_cold(**settings) -> CryostationTwin:
    return make_twin(cold=True, cryostat=CryostatSettings(start_K=77.0), **settings)


def open_driver(twin, **settings) -> Cryostation:
    library = VirtualVisaLibrary.of([twin])
    return Cryostation(RESOURCE, "cryostat", clock=twin.clock, visa_library=library, **settings)


def say(twin, text: str) -> str:
    """One message to the twin; the text of its answer."""
    twin.feed(b"%02d%b" % (len(text), text.encode()))
    twin.clock.sleep(1)
    answer = twin.take()
    assert int(answer[:2]) == len(answer) - 2
    return answer[2:].decode()


def at_next_message(twin, act):
    feed = twin.feed

    def once(data, end=False):
        del twin.feed
        act(feed, data, end)

    twin.feed = once


@pytest.fixture
def twin():
    return make_twin()


@pytest.fixture
def cold():
    return make_cold()


# -- on the wire ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("GAS", "F"),
        ("gas", "F"),
        ("GTSP", "300.00"),
        ("GPT", "300.000"),
        ("GST", "300.000"),
        ("GUT", "-0.100"),
        ("GS1T", "300.00"),
        ("GS2T", "300.00"),
        ("GSS", "-0.10000"),
        ("GPS", "-0.10000"),
        ("GUS", "-0.10000"),
        ("GPHP", "0.000"),
        ("GS1HP", "0.000"),
        ("GCP", "760000.0"),
        ("GPIDK", "5.000"),
        ("GPIDF", "0.020"),
        ("GPIDT", "0.000"),
        ("SPIDK 0.3", "OK, Gain = 0.300, Freq = 0.020, Time = 0.000"),
        ("SPIDT 1", "OK, Gain = 5.000, Freq = 0.020, Time = 1.000"),
        ("SPIDF 101", "Error: Invalid PID parameter"),
        ("RPID", "OK, Gain = 5.000, Freq = 0.020, Time = 0.000"),
        ("GMS", "System not able to execute command at this time. Activate the magnet module first. "),
        ("STSP 4.20", "OK, Temperature Set Point = 4.20"),
        ("STSP4.2", "OK, Temperature Set Point = 4.20"),
        ("STSP 4.200000e+00", "OK, Temperature Set Point = 4.20"),
        ("STSP 1.9", "Error: Invalid set point"),
        ("STSP 351", "Error: Invalid set point"),
        ("STSP", "Error: Invalid set point"),
        ("SPHP 0.123", "OK, Platform Heater Power Set Point = 0.1230"),
        ("SPHP 11", "Error: Invalid heater power"),
        ("SCD", "OK"),
        ("SSB", "System not able to standby at this time"),
        ("SWU", "System not able to warmup at this time"),
        ("STP", "System not able to stop at this time"),
        ("*IDN?", "Error: Invalid command."),
        ("", "Error: Invalid command."),
    ],
)
def test_question_and_answer(twin, question, answer):
    assert say(twin, question) == answer


def test_a_comma_where_the_computer_is_set_so():
    twin = make_twin(decimal_comma=True)
    assert say(twin, "GST") == "300,000"
    assert say(twin, "STSP 4,20") == "OK, Temperature Set Point = 4,20"
    assert say(twin, "STSP 77.00") == "Error: Invalid set point"  # the point separates thousands: 7700
    assert say(twin, "STSP 2.00") == "OK, Temperature Set Point = 200,00"


def test_frames_split_joined_and_followed_by_line_ends(twin):
    twin.feed(b"0")
    twin.feed(b"3GA")
    assert twin.next_due() is None
    twin.feed(b"S\r\n04GTSP03GAS")
    twin.clock.sleep(1)
    assert [twin.take(), twin.take(), twin.take()] == [b"01F", b"06300.00", b"01F"]


def test_what_is_no_frame_is_dropped(twin):
    twin.feed(b"*IDN?\n")
    twin.clock.sleep(1)
    assert twin.take() == b"23Error: Invalid command."
    assert say(twin, "GAS") == "F"


def test_a_warm_cryostat_does_not_follow_its_setpoint_until_it_is_cold(twin):
    assert say(twin, "STSP 200").startswith("OK")
    twin.clock.sleep(3600)
    assert say(twin, "GPT") == "300.000"
    assert say(twin, "SCD") == "OK"
    assert say(twin, "SCD") == "System not able to cooldown at this time"
    twin.clock.sleep(300)
    assert 1 < float(say(twin, "GCP")) < 760000
    twin.clock.sleep(3600)
    assert float(say(twin, "GPT")) < 70
    assert say(twin, "GPHP") == "0.000"
    for _ in range(720):
        twin.clock.sleep(10)
        twin.sample_temperature()
    assert float(say(twin, "GPT")) == pytest.approx(200, abs=0.01)
    assert float(say(twin, "GPHP")) > 1
    assert 0 <= float(say(twin, "GSS")) < 0.01
    assert say(twin, "GS2T") == "3.50"


def test_stop_and_start_again(cold):
    assert say(cold, "STP") == "OK"
    assert say(cold, "GPHP") == "0.000"
    assert say(cold, "SCD") == "OK"
    cold.clock.sleep(600)
    assert float(say(cold, "GPHP")) > 1


def test_standby_heats_nothing(cold):
    assert say(cold, "SSB") == "OK"
    cold.clock.sleep(1800)
    assert float(say(cold, "GPT")) < 40


def test_a_warm_up_ends_at_room_temperature(cold):
    say(cold, "STSP 60")
    cold.clock.sleep(3600)
    before = cold.sample_temperature()
    assert say(cold, "SWU") == "OK"
    cold.clock.sleep(1)
    assert cold.sample_temperature() == pytest.approx(before, abs=0.5)
    cold.clock.sleep(3600)
    assert 294 < float(say(cold, "GPT")) < 300
    assert say(cold, "STP") == "System not able to stop at this time"
    assert say(cold, "GCP") == "760000.0"


def test_heat_by_hand(cold):
    say(cold, "SPHP 2")
    cold.clock.sleep(1)
    assert say(cold, "GPHP") == "2.000"


# -- with the driver ------------------------------------------------------------------------------


def test_it_is_a_temperature_controller(cold):
    driver = open_driver(cold)
    assert isinstance(driver, TemperatureController)
    assert cold.bench.thermostat.sample_temperature() == cold.cryostat.sample
    assert driver.temperature == pytest.approx(cold.cryostat.sample, abs=1e-3)
    assert driver.setpoint == 77
    assert driver.control is True


def test_from_warm_to_a_setpoint(twin):
    driver = open_driver(twin)
    assert driver.control is False
    driver.control = True
    driver.setpoint = 150
    assert driver.temperature == 300
    for _ in range(1000):
        twin.clock.sleep(10)
        _ = driver.platform_temperature
    assert driver.platform_temperature == pytest.approx(150, abs=0.01)
    assert driver.control is True


def test_switching_on_what_runs_changes_nothing(cold):
    driver = open_driver(cold)
    driver.control = True
    assert cold.running == "cooldown"


def test_made_safe_nothing_heats_and_it_stays_cold(cold):
    driver = open_driver(cold)
    for _ in range(2):
        driver.make_safe()
        assert driver.control is False
    cold.clock.sleep(600)
    assert cold.cryostat.percent == 0
    assert driver.temperature < 77


def test_warm_up(cold):
    driver = open_driver(cold)
    driver.warm_up()
    assert cold.running == "warmup"
    with pytest.raises(DeviceFault, match="not able to warmup"):
        driver.warm_up()


def test_in_alarm_it_does_not_start():
    driver = open_driver(make_twin(alarm=True))
    with pytest.raises(DeviceFault, match="in alarm"):
        driver.control = True


def test_a_thermometer_that_is_not_fitted(twin):
    driver = open_driver(twin, thermometer="user")
    with pytest.raises(DeviceFault, match="'GUT': not available"):
        _ = driver.temperature


def test_a_computer_with_a_decimal_comma():
    twin = make_cold(decimal_comma=True)
    driver = open_driver(twin)
    driver.setpoint = 80.25
    assert twin.setpoint == driver.setpoint == 80.25
    driver.make_safe()
    assert twin.by_hand == 0


@pytest.mark.parametrize("kept", [1, 2, 5])
def test_half_an_answer_is_an_error_and_the_next_is_right(twin, kept):
    driver = open_driver(twin)

    def half(feed, data, end):
        feed(data, end)
        due, answer = twin._outbox.pop()
        twin._outbox.append((due, answer[:kept]))

    at_next_message(twin, half)
    with pytest.raises(DeviceTimeout, match=r"'GST' within 6 s; received so far: b'0"):
        _ = driver.temperature
    assert driver.temperature == 300


def test_an_answer_that_comes_too_late_is_not_taken(twin):
    driver = open_driver(twin)

    def late(feed, data, end):
        feed(data, end)
        _, answer = twin._outbox.pop()
        twin._outbox.append((twin.clock.now() + 6.005, answer))

    at_next_message(twin, late)
    with pytest.raises(DeviceTimeout, match="'GTSP'"):
        _ = driver.setpoint
    assert driver.temperature == 300
    assert driver.identity() == "F"


def test_garbage_then_recovery(twin):
    driver = open_driver(twin)
    at_next_message(twin, lambda feed, data, end: (twin.send(b"\xff garbage"), feed(data, end)))
    with pytest.raises(BadAnswer, match="no length"):
        _ = driver.temperature
    assert driver.temperature == 300


@pytest.mark.parametrize(("other", "name"), [(MercuryITCTwin, "MERCURY ITC"), (PM100DTwin, "PM100D")])
def test_another_instrument_is_named(other, name):
    twin = other("cryostat", make_bench())
    twin.resource_name = RESOURCE
    with pytest.raises(WrongModel, match=f"Montana Cryostation expected, but .*{name}") as caught:
        open_driver(twin)
    assert caught.value.device == "cryostat"


def test_a_silent_instrument_is_a_timeout(twin):
    twin.feed = lambda data, end=False: None
    with pytest.raises(DeviceTimeout, match="'GAS'"):
        open_driver(twin)


def test_a_raw_line(twin):
    manager = pyvisa.ResourceManager(VirtualVisaLibrary.of([twin]))
    with manager.open_resource(RESOURCE, write_termination="") as line:
        line.write_raw(b"03GAS")
        assert line.read_bytes(3) == b"01F"
    manager.close()
