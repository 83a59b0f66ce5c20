"""The Lake Shore 336 driver, word for word (manual of the Model 336, chapter 6)."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, OverRange, WrongModel
from antistokes.instruments.roles import TemperatureController, Thermometer
from antistokes.instruments.temperature.lakeshore_models import LakeShore336

IDN = (b"*IDN?", b"LSCI,MODEL336,LSA12AB/1234567,2.9")
OPENING = [IDN, (b"*ESR?", b"128"), (b"OUTMODE? 1", b"1,1,0"), (b"INTYPE? A", b"1,0,0,0,1")]
OK = (b"*ESR?", b"000")
RAMP_OFF = (b"RAMP? 1", b"0,+010.0")


@contextmanager
def controller(*exchanges, opening=OPENING, sample_input="B", **settings):
    settings |= {"name": "cryostat", "clock": VirtualClock(), "sample_input": sample_input}
    with expected_protocol(LakeShore336, [*opening, *exchanges], **settings) as it:
        yield it


def test_fulfils_its_role():
    with controller(RAMP_OFF, (b"SETP 1,77.0000", None), OK, (b"SETP? 1", b"+077.000")) as cryostat:
        assert TemperatureController in cryostat.ROLES
        assert cryostat.setpoint_range == (1.4, 420)
        cryostat.setpoint = 77
        assert cryostat._setpoint == 77


def test_another_model_is_refused():
    with (
        pytest.raises(WrongModel, match="MODEL331"),
        expected_protocol(LakeShore336, [(b"*IDN?", b"LSCI,MODEL331S,0,1")], clock=VirtualClock()),
    ):
        pass


def test_a_control_sensor_that_is_not_in_kelvin_is_refused():
    opening = [*OPENING[:-1], (b"INTYPE? A", b"1,0,0,0,2")]
    with pytest.raises(DeviceFault, match=r"input A is set to °C"), controller(opening=opening):
        pass


@pytest.mark.parametrize("answer", [b"+077.350;000", b" +077.350 ; 000 \r", b"+0077.350;0"])
def test_temperature_is_the_sample_sensors(answer):
    with controller((b"KRDG? C;RDGST? C", answer), sample_input="c") as cryostat:
        assert cryostat.temperature == 77.35


def test_the_sensor_on_the_lit_sample_is_another_one():
    with controller((b"KRDG? D;RDGST? D", b"+250.001;000"), crystal_input="d") as cryostat:
        assert Thermometer in cryostat.ROLES
        assert cryostat.crystal_temperature == 250.001
    with controller() as cryostat:
        assert cryostat.crystal_temperature is None
    with pytest.raises(ValueError, match="Value of E"), controller(crystal_input="E"):
        pass


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (b"+000.000;128", OverRange, "sensor over-range"),
        (b"+000.000;032", OverRange, "above the curve"),
        (b"+000.000;016", OverRange, "below the curve"),
        (b"+000.000;001", DeviceFault, "invalid reading"),
        (b"+000.000;065", DeviceFault, "invalid reading, sensor shows zero"),
        (b"+077.350;002", BadAnswer, "002"),
        (b"+000.000;000", BadAnswer, "000"),
        (b"nan;000", BadAnswer, "nan"),
        (b"inf;000", BadAnswer, "inf"),
        (b"+077.350", BadAnswer, "KRDG"),
        (b"", BadAnswer, "KRDG"),
    ],
)
def test_a_reading_without_a_valid_status_is_an_error(answer, error, text):
    with controller((b"KRDG? B;RDGST? B", answer)) as cryostat, pytest.raises(error, match=text) as caught:
        _ = cryostat.temperature
    assert caught.value.device == "cryostat"


@pytest.mark.parametrize("value", [1.3, 420.1, float("nan")])
def test_a_setpoint_beyond_the_limit_sends_nothing(value):
    with controller() as cryostat, pytest.raises(LimitError, match="setpoint"):
        cryostat.setpoint = value


def test_a_station_narrows_the_setpoint():
    with controller() as cryostat:
        cryostat.narrow_limit("setpoint", 10, 350)
        assert cryostat.setpoint_range == (10, 350)
        with pytest.raises(LimitError, match="351"):
            cryostat.setpoint = 351


def test_a_ramp_beyond_the_limit_sends_nothing():
    with controller() as cryostat, pytest.raises(LimitError, match="ramp"):
        cryostat.ramp = 101


def test_with_a_ramp_the_setpoint_first_jumps_to_the_temperature_there_is():
    with controller(
        (b"RAMP? 1", b"1,+005.0"),
        (b"KRDG? A;RDGST? A", b"+250.120;000"),
        (b"RAMP 1,0,0", None), OK,
        (b"SETP 1,250.1200", None), OK,
        (b"RAMP 1,1,5", None), OK,
        (b"SETP 1,300.0000", None), OK,
        (b"RAMPST? 1", b"1"),
    ) as cryostat:  # fmt: skip
        cryostat.setpoint = 300
        assert cryostat.setpoint == 300


def test_after_the_ramp_the_device_is_asked_for_its_setpoint():
    with controller(
        RAMP_OFF, (b"SETP 1,300.0000", None), OK, (b"RAMPST? 1", b"0"), (b"SETP? 1", b"+299.000")
    ) as cryostat:
        cryostat.setpoint = 300
        assert cryostat.setpoint == 299


@pytest.mark.parametrize(
    ("bits", "text"),
    [(b"016", "execution error"), (b"032", "command error"), (b"048", "execution error, command error")],
)
def test_an_event_after_a_setting_is_raised(bits, text):
    with (
        controller(RAMP_OFF, (b"SETP 1,300.0000", None), (b"*ESR?", bits)) as cryostat,
        pytest.raises(DeviceFault, match=text),
    ):
        cryostat.setpoint = 300


def test_switching_on_uses_the_heater_range_and_asks_for_the_heater():
    with controller(
        (b"OUTMODE? 1", b"1,1,0"), (b"RANGE? 1", b"0"), RAMP_OFF,
        (b"RANGE 1,3", None), OK, (b"HTRST? 1", b"0"), (b"RANGE? 1", b"3"),
        heater_range="high",
    ) as cryostat:  # fmt: skip
        cryostat.control = True
        assert cryostat.control is True


def test_switching_off():
    with controller((b"RANGE 1,0", None), OK, (b"RANGE? 1", b"0"), (b"RANGE? 1", b"0")) as cryostat:
        cryostat.control = False
        assert cryostat.control is False


@pytest.mark.parametrize("answer", [b"2", b"x"])
def test_switching_off_that_did_not_happen_is_tried_again(answer):
    off = [(b"RANGE 1,0", None), OK]
    with controller(*off, (b"RANGE? 1", answer), *off, (b"RANGE? 1", b"0")) as cryostat:
        cryostat.control = False


def test_a_heater_that_cannot_be_switched_off_is_reported():
    off = [(b"RANGE 1,0", None), OK, (b"RANGE? 1", b"2")]
    with controller(*off, *off) as cryostat, pytest.raises(DeviceFault, match="output 1 stays on"):
        cryostat.control = False


def test_an_output_that_is_not_in_closed_loop_is_not_switched_on():
    with (
        controller((b"OUTMODE? 1", b"3,1,0")) as cryostat,
        pytest.raises(DeviceFault, match="not in closed loop"),
    ):
        cryostat.control = True


def test_a_shorted_heater_is_reported():
    with (
        controller(
            (b"OUTMODE? 1", b"1,1,0"), (b"RANGE? 1", b"0"), RAMP_OFF,
            (b"RANGE 1,2", None), OK, (b"HTRST? 1", b"2"),
        ) as cryostat,
        pytest.raises(DeviceFault, match="heater shorted"),
    ):  # fmt: skip
        cryostat.control = True


def test_pid_is_a_tuple():
    with controller(
        (b"PID 1,30,12.5,0", None), OK, (b"PID? 1", b"+0030.0,+0012.5,+0000"), (b"HTR? 1", b"+045.2")
    ) as cryostat:
        cryostat.pid = (30, 12.5, 0)
        assert cryostat.pid == (30.0, 12.5, 0.0)
        assert cryostat.heater_output == 45.2


SAFE = (b"RANGE 1,0;RANGE 2,0;RANGE 3,0;RANGE 4,0", None)
ASK = b"RANGE? 1;RANGE? 2;RANGE? 3;RANGE? 4"


def test_make_safe_switches_all_heaters_off_and_makes_sure():
    with controller(SAFE, (ASK, b"0;0;0;0"), SAFE, (ASK, b"0;0;0;0")) as cryostat:
        cryostat.make_safe()
        cryostat.make_safe()


def test_a_heater_that_stays_on_is_reported():
    stays = [SAFE, (ASK, b"0;2;0;0")]
    with controller(*stays, *stays) as cryostat, pytest.raises(DeviceFault, match="stays on"):
        cryostat.make_safe()


def test_make_safe_is_tried_again():
    with controller(SAFE, (ASK, b"0;2;0;0"), SAFE, (ASK, b"0;0;0;0")) as cryostat:
        cryostat.make_safe()


def test_messages_are_50_ms_apart():
    with controller((b"HTR? 1", b"+000.0"), (b"HTR? 1", b"+000.0")) as cryostat:
        before = cryostat.clock.now()
        _ = cryostat.heater_output, cryostat.heater_output
        assert cryostat.clock.now() - before == pytest.approx(0.1)


def test_an_unknown_sensor_is_refused_before_anything_is_opened():
    with pytest.raises(ValueError, match="not in the discrete set"):
        LakeShore336("nowhere", clock=VirtualClock(), sample_input="E")
