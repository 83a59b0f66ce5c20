"""Conversations of the Newport driver, beside the 1936-R/2936-R manual."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, OverRange, Refused, WrongModel
from antistokes.instruments.power_meters.newport_1936r import Newport1936R
from antistokes.instruments.roles import PowerMeter

IDENTITY = "NEWPORT 1936-R v1.0.5 08/21/13 SN16003"
NO_ERROR = ("ERRSTR?", '0, "NO ERROR"')
HEAD = [("PM:DETMODEL?", "918D-SL-OD3R "), ("PM:MIN:L?", "400"), ("PM:MAX:L?", "1100")]
SETTING_UP = [
    ("PM:MODE 0", None),
    ("PM:RUN 1", None),
    ("PM:UNITS 2", None),
    ("PM:FILT 2", None),
    NO_ERROR,
    ("PM:DIGITALFILTER 1000", None),
    NO_ERROR,
    ("PM:AUTO 1", None),
    NO_ERROR,
]
OPENING = [("ECHO 0", None), ("*IDN?", IDENTITY), ("*IDN?", IDENTITY), NO_ERROR, *HEAD, *SETTING_UP]
READING = "PM:PWS?;PM:RUN?"


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[Newport1936R]:
    settings = {"clock": VirtualClock(), "name": "meter"} | settings
    return expected_protocol(Newport1936R, [*OPENING, *pairs], **settings)


def test_opening_asks_who_is_there_and_makes_the_meter_show_watts_continuously() -> None:
    with talk([]) as meter:
        assert PowerMeter in meter.ROLES
        assert meter.wavelength_range == (400, 1100)
        assert (meter.instrument, meter.detector) == (IDENTITY, "918D-SL-OD3R")
        assert meter.settle_time == 0.1


def test_the_echo_of_an_earlier_client_is_passed_over() -> None:
    pairs = [("ECHO 0", None), ("*IDN?", "ECHO 0"), (None, f"> {IDENTITY}"), *OPENING[2:]]
    with expected_protocol(Newport1936R, pairs, clock=VirtualClock()) as meter:
        assert meter.instrument == IDENTITY


def test_another_model_is_refused() -> None:
    other = "NEWPORT 1830-R v1.0"
    with (
        pytest.raises(WrongModel, match=r"Newport 1936-R expected, but 'NEWPORT 1830-R v1.0' answers"),
        expected_protocol(Newport1936R, [("ECHO 0", None), ("*IDN?", other), ("*IDN?", other)]),
    ):
        pass


def test_a_wavelength_is_rounded_before_it_is_checked() -> None:
    with talk([]) as meter:
        meter.narrow_limit("wavelength", 400, 975.6)
        with pytest.raises(LimitError, match="meter: wavelength = 976 nm"):
            meter.wavelength = 975.6


def test_old_errors_are_forgotten_at_opening() -> None:
    pairs = [*OPENING[:3], ("ERRSTR?", '115, "OLD"'), *OPENING[3:]]
    with expected_protocol(Newport1936R, pairs, clock=VirtualClock()):
        pass


def test_the_second_channel_of_a_2936_is_chosen_and_read() -> None:
    two = IDENTITY.replace("1936", "2936")
    pairs = [
        ("ECHO 0", None),
        ("*IDN?", two),
        ("*IDN?", two),
        ("PM:CHAN 2", None),
        NO_ERROR,
        *HEAD,
        *SETTING_UP,
        (READING, "1.000000E-003 138 2.000000E-003 148,1"),
    ]
    with expected_protocol(Newport1936R, pairs, clock=VirtualClock(), channel=2) as meter:
        assert meter.power == 2e-3


@pytest.mark.parametrize("channel", [0, 3, "A"])
def test_a_channel_that_does_not_exist_is_refused_before_anything_is_sent(channel: Any) -> None:
    with (
        pytest.raises(Refused, match="must be 1 or 2"),
        expected_protocol(Newport1936R, [], channel=channel),
    ):
        pass


def test_a_1936_has_no_second_channel() -> None:
    with (
        pytest.raises(Refused, match="has one only"),
        expected_protocol(Newport1936R, OPENING[:3], channel=2),
    ):
        pass


def test_the_wavelength_is_set_in_whole_nm_and_errors_are_read() -> None:
    pairs = [("PM:L 981", None), NO_ERROR, ("PM:L?", " 981 ")]
    with talk(pairs) as meter:
        meter.wavelength = 980.6
        assert meter.wavelength == 981


@pytest.mark.parametrize("wavelength", [399, 1101, float("nan")])
def test_a_wavelength_the_head_does_not_know_sends_nothing(wavelength: float) -> None:
    with talk([]) as meter, pytest.raises(LimitError, match="meter: wavelength"):
        meter.wavelength = wavelength


def test_an_error_of_the_meter_is_raised_with_its_number() -> None:
    pairs = [("PM:L 980", None), ("ERRSTR?", '201, "VALUE OUT OF RANGE"'), NO_ERROR]
    with talk(pairs) as meter, pytest.raises(DeviceFault, match='meter: error 201 "VALUE OUT OF RANGE"'):
        meter.wavelength = 980


def test_an_error_queue_that_answers_nonsense_is_named() -> None:
    pairs = [("PM:L 980", None), ("ERRSTR?", "1.0E-003")]
    with talk(pairs) as meter, pytest.raises(BadAnswer, match=r"'ERRSTR\?' was answered by '1.0E-003'"):
        meter.wavelength = 980


def test_a_range_turns_automatic_ranging_off() -> None:
    pairs = [
        ("PM:AUTO 0", None),
        NO_ERROR,
        ("PM:RAN 4", None),
        NO_ERROR,
        ("PM:RAN?", "4"),
        ("PM:MAX:P?", "1.0E-002"),
    ]
    with talk(pairs) as meter:
        meter.range = 4
        assert meter.range == 4
        assert meter.full_scale == 0.01


def test_longer_averaging_takes_longer_to_settle() -> None:
    pairs = [("PM:DIGITALFILTER 10000", None), NO_ERROR, ("PM:DIGITALFILTER?", "10000")]
    with talk(pairs) as meter:
        meter.averaging = 10000
        assert (meter.averaging, meter.settle_time) == (10000, 1.0)


def test_zero_attenuator_and_automatic_range_are_read() -> None:
    pairs = [
        ("PM:ZEROVAL 1.500000e-08", None),
        NO_ERROR,
        ("PM:ZEROVAL?", "1.500000E-008"),
        ("PM:ATT?", "1"),
        ("PM:AUTO?", "0"),
    ]
    with talk(pairs) as meter:
        meter.zero = 1.5e-8
        assert meter.zero == 1.5e-8
        assert meter.attenuator is True
        assert meter.auto_range is False


@pytest.mark.parametrize(
    "answer",
    [
        "1.234000E-003,148,1",
        " 1.234000E-003 148,1 ",
        "1.234E-3,148,0.0,100,1",
        "1.234000E-003 148 0.0 100,1",
    ],
)
def test_power_and_status_are_read_with_commas_and_blanks(answer: str) -> None:
    with talk([(READING, answer)]) as meter:
        assert meter.power == 1.234e-3


def test_a_reading_while_the_meter_looks_for_its_range_is_not_used() -> None:
    with talk([(READING, "9.9E-003,14D,1"), (READING, "1.0E-002,158,1")]) as meter:
        assert meter.power == 0.01
        assert meter.clock.now() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        ("149", OverRange, "meter: power is above the range of 0.01 W"),
        ("17A", OverRange, "meter: power saturates the detector"),
        ("14C", DeviceFault, "meter: has found no range within 3 s"),
    ],
)
def test_over_range_that_stays_is_no_number(status: str, error: type[Exception], message: str) -> None:
    ends = [("PM:MAX:P?", "1.0E-002")] if status == "149" else []
    readings = [(READING, f"1.05E-002,{status},1")] * 31
    with talk([*readings, *ends]) as meter, pytest.raises(error, match=message):
        meter.power  # noqa: B018


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("0.000000E+000,100,1", "no detector"),
        ("1.0E-003,148,0", "held"),
        ("-2.9E+001,348,1", "shows dBm where it was set to W"),
    ],
)
def test_a_reading_that_is_no_power_is_a_fault(answer: str, message: str) -> None:
    with talk([(READING, answer)]) as meter, pytest.raises(DeviceFault, match=message):
        meter.power  # noqa: B018


@pytest.mark.parametrize(
    "answer", ["1.0E-003", "1.0E-003,148", "1.0E-003,XYZ,1", "nan,148,1", "a,b,c", "980", "1,2,3,4,5,6,7"]
)
def test_what_cannot_be_a_reading_is_named(answer: str) -> None:
    with talk([(READING, answer)]) as meter, pytest.raises(BadAnswer, match=r"meter: 'PM:PWS\?;PM:RUN\?'"):
        meter.power  # noqa: B018
