"""Conversations of the CLD1015 driver, beside the SCPI reference of the CLD series."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, WrongModel
from antistokes.instruments.lasers.thorlabs_cld1015 import CLD1015
from antistokes.instruments.roles import Laser

OPENING = [("*IDN?", "THORLABS,CLD1015,M00000001,1.2.0/1.0.0/1.1.0 "), ("UNIT:TEMP C", None), ("*CLS", None)]
NO_ERROR = ("SYST:ERR?", '+0,"No error"')
WAKING = [
    ("OUTP:STAT?", "0"),
    ("SOUR:FUNC:MODE CURR", None),
    NO_ERROR,
    ("OUTP2:STAT 1", None),
    NO_ERROR,
    ("STAT:MEAS:COND?", "0"),
    ("OUTP:STAT 1", None),
]
OFF = [("OUTP:STAT 0", None), ("OUTP:STAT?", "0")]


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[CLD1015]:
    settings = {"clock": VirtualClock(), "name": "laser"} | settings
    return expected_protocol(CLD1015, [*OPENING, *pairs], **settings)


def test_opening_asks_who_is_there_and_changes_no_output() -> None:
    with talk([], wavelength=976) as laser:
        assert Laser in laser.ROLES
        assert (laser.wavelength, laser.drive_unit) == (976, "A")


def test_another_model_is_refused() -> None:
    with (
        pytest.raises(WrongModel, match="ITC4001"),
        expected_protocol(CLD1015, [("*IDN?", "THORLABS,ITC4001,M1,1.4.0/2.0.3/1.6.0")]),
    ):
        pass


def test_the_drive_is_the_current_in_ampere_below_the_limit_of_the_device() -> None:
    pairs = [("SOUR:CURR:LIM?", "8.0E-1"), ("SOUR:CURR 0.250000", None), NO_ERROR, ("SOUR:CURR?", " 2.5E-1 ")]
    with talk(pairs) as laser:
        laser.drive = 0.25
        assert laser.drive == 0.25


@pytest.mark.parametrize("current", [-0.01, 1.6, float("nan"), float("inf")])
def test_a_current_outside_the_limits_sends_nothing(current: float) -> None:
    with talk([]) as laser, pytest.raises(LimitError, match="laser: current"):
        laser.drive = current


def test_a_current_above_the_limit_of_the_device_is_not_sent() -> None:
    with talk([("SOUR:CURR:LIM?", "0.4")]) as laser, pytest.raises(LimitError, match="set in the device"):
        laser.current = 0.5


def test_drive_limits_are_those_of_station_and_device() -> None:
    with talk([("SOUR:CURR:LIM?", "0.4"), ("SOUR:CURR:LIM?", "1.5")]) as laser:
        laser.narrow_limit("current", 0.1, 0.8)
        assert laser.drive_limits == (0.1, 0.4)
        assert laser.drive_limits == (0.1, 0.8)


def test_a_setting_outside_its_limits_sends_nothing() -> None:
    with talk([]) as laser:
        for quantity, value in (("tec_setpoint", 80), ("current_limit", 2)):
            with pytest.raises(LimitError, match=quantity):
                setattr(laser, quantity, value)


def test_settings_and_readings() -> None:
    pairs = [
        ("SOUR:CURR:LIM 0.800000", None),
        NO_ERROR,
        ("SOUR2:TEMP:SPO 22.500", None),
        NO_ERROR,
        ("SOUR2:TEMP:SPO?", "22.5"),
        ("SOUR:AM:STAT 1", None),
        NO_ERROR,
        ("SOUR:AM:STAT?", "1"),
        ("OUTP2:STAT?", "0"),
        ("SENS3:CURR:DATA?", "2.5001E-01"),
        ("SENS4:VOLT:DATA?", "1.43E+00"),
        ("SENS2:TEMP:DATA?", "22.49"),
    ]
    with talk(pairs) as laser:
        laser.current_limit = 0.8
        laser.tec_setpoint = 22.5
        assert laser.tec_setpoint == 22.5
        laser.modulation = True
        assert laser.modulation is True
        assert laser.tec is False
        assert (laser.measured_current, laser.voltage, laser.tec_temperature) == (0.25001, 1.43, 22.49)


def test_emission_switches_the_tec_on_first_and_waits_for_the_output() -> None:
    clock = VirtualClock()
    waiting = [("OUTP:STAT?", "0"), ("STAT:MEAS:COND?", "0")] * 3
    with talk([*WAKING, NO_ERROR, *waiting, *[("OUTP:STAT?", "1")] * 3], clock=clock) as laser:
        laser.emission = True
        assert clock.now() == pytest.approx(3 * 0.2 + laser.settle_time)
        assert laser.emission is True


def test_emission_waits_until_the_temperature_is_in_its_window() -> None:
    pairs = [
        *WAKING[:5],
        *[("STAT:MEAS:COND?", "512")] * 4,
        *WAKING[5:],
        NO_ERROR,
        *[("OUTP:STAT?", "1")] * 2,
    ]
    with talk(pairs) as laser:
        laser.emission = True


def test_emission_that_is_on_already_at_constant_current_is_left_alone() -> None:
    with talk([("OUTP:STAT?", "1"), ("SOUR:FUNC:MODE?", "CURR")]) as laser:
        laser.emission = True


def test_no_other_message_comes_between_a_setting_and_its_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []

    def check_errors() -> list[str]:
        held.append(laser.lock._is_owned())
        return []

    with talk([("OUTP2:STAT 1", None), ("SOUR2:TEMP:SPO 25.000", None)]) as laser:
        monkeypatch.setattr(laser, "check_errors", check_errors)
        laser.tec = True
        laser.tec_setpoint = 25
    assert held == [True, True]


def test_a_current_that_leaves_the_limit_of_the_device_when_rounded_is_not_sent() -> None:
    with talk([("SOUR:CURR:LIM?", "7.9999995E-01")] * 2) as laser:
        assert laser.drive_limits == (0, 0.799999)
        with pytest.raises(LimitError, match="set in the device"):
            laser.drive = 0.79999995


@pytest.mark.parametrize(
    ("bits", "cause"),
    [
        (1, "key switch"),
        (2, "laser diode circuit is open"),
        (4, "interlock is open"),
        (8192, "laser mount"),
        (16384, "controller is too hot"),
    ],
)
def test_no_light_names_its_cause_and_switches_off(bits: int, cause: str) -> None:
    condition = ("STAT:MEAS:COND?", str(bits))
    pairs = [*WAKING, NO_ERROR, ("OUTP:STAT?", "0"), condition, ("OUTP:STAT?", "0"), condition, *OFF]
    with talk(pairs) as laser, pytest.raises(DeviceFault, match=f"laser: no light; .*{cause}"):
        laser.emission = True


def test_an_output_that_never_comes_on_is_given_up_and_switched_off() -> None:
    clock = VirtualClock()
    polls = [("OUTP:STAT?", "0"), ("STAT:MEAS:COND?", "0")] * 77
    pairs = [*WAKING, NO_ERROR, *polls, ("OUTP:STAT?", "0"), ("STAT:MEAS:COND?", "0"), *OFF]
    with talk(pairs, clock=clock) as laser, pytest.raises(DeviceFault, match="did not come on"):
        laser.emission = True
    assert 15 <= clock.now() < 16


def test_a_garbled_answer_while_the_light_comes_on_switches_it_off() -> None:
    with talk([*WAKING, NO_ERROR, ("OUTP:STAT?", "?"), *OFF]) as laser, pytest.raises(BadAnswer):
        laser.emission = True


def test_errors_of_the_device_are_raised_with_its_text() -> None:
    pairs = [
        ("SOUR:CURR:LIM?", "1"),
        ("SOUR:CURR 0.500000", None),
        ("SYST:ERR?", '-222,"Data out of range"'),
        NO_ERROR,
    ]
    with talk(pairs) as laser, pytest.raises(DeviceFault, match="-222"):
        laser.current = 0.5


def test_emission_off_is_confirmed() -> None:
    with talk([("OUTP:STAT 0", None), ("OUTP:STAT?", "1"), ("OUTP:STAT?", "0")]) as laser:
        laser.emission = False


def test_an_output_that_stays_on_is_a_fault_after_a_second_try() -> None:
    stuck = [("OUTP:STAT 0", None), *[("OUTP:STAT?", "1")] * 11]
    with talk([*stuck, stuck[-1], *stuck]) as laser, pytest.raises(DeviceFault, match="still on"):
        laser.emission = False


def test_make_safe_is_off_and_zero_read_back_any_number_of_times() -> None:
    once = [*OFF, ("SOUR:CURR 0", None), ("SOUR:CURR?", "0.0")]
    with talk([*once, *once]) as laser:
        laser.narrow_limit("current", 0.2, 0.8)
        laser.make_safe()
        laser.make_safe()


def test_make_safe_repeats_the_off_command_when_the_link_misbehaves() -> None:
    pairs = [("OUTP:STAT 0", None), ("OUTP:STAT?", "\x00?"), *OFF, ("SOUR:CURR 0", None), ("SOUR:CURR?", "0")]
    with talk(pairs) as laser:
        laser.make_safe()


def test_make_safe_sets_the_current_to_zero_even_when_the_output_cannot_be_confirmed() -> None:
    bad = [("OUTP:STAT 0", None), ("OUTP:STAT?", "?")]
    with talk([*bad, *bad, ("SOUR:CURR 0", None), ("SOUR:CURR?", "0")]) as laser, pytest.raises(BadAnswer):
        laser.make_safe()


def test_make_safe_reports_a_current_that_stays() -> None:
    pairs = [*OFF, *[("SOUR:CURR 0", None), ("SOUR:CURR?", "0.3")] * 2]
    with talk(pairs) as laser, pytest.raises(DeviceFault, match=r"0\.3 A"):
        laser.make_safe()


def test_a_missing_sensor_is_no_temperature() -> None:
    with talk([("SENS2:TEMP:DATA?", "9.9E37")]) as laser, pytest.raises(DeviceFault, match="sensor"):
        _ = laser.tec_temperature


def test_the_rated_power_follows_from_the_data_sheet_and_the_limits() -> None:
    with talk([("SOUR:CURR:LIM?", "1.0")], threshold=0.06, slope=0.6) as laser:
        laser.narrow_limit("current", 0, 0.2)
        assert laser.rated_power == pytest.approx(0.084)
    with talk([]) as laser:
        assert laser.rated_power is None
