"""Conversations of the ITC4001 driver: what it does not share with the CLD1015, beside the 4000 reference."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, Refused, WrongModel
from antistokes.instruments.lasers.thorlabs_itc4001 import ITC4001

OPENING = [("*IDN?", "Thorlabs,ITC4001,M00404162,1.8.0/1.5.0/2.3.0"), ("UNIT:TEMP C", None), ("*CLS", None)]
NO_ERROR = ("SYST:ERR?", '+0,"No error"')


def talk(pairs: Sequence[tuple[Any, Any]]) -> AbstractContextManager[ITC4001]:
    return expected_protocol(ITC4001, [*OPENING, *pairs], clock=VirtualClock(), name="laser")


def test_another_model_is_refused() -> None:
    with (
        pytest.raises(WrongModel, match="Thorlabs ITC4001 expected, but 'THORLABS,CLD1015"),
        expected_protocol(ITC4001, [("*IDN?", "THORLABS,CLD1015,M1,1.2.0/1.0.0/1.1.0")]),
    ):
        pass


def test_readings_have_other_commands_than_those_of_the_cld1015() -> None:
    pairs = [("MEAS:CURR?", "2.5E-01"), ("MEAS:VOLT?", "1.43"), ("MEAS:TEMP?", "22.49")]
    with talk(pairs) as laser:
        assert (laser.measured_current, laser.voltage, laser.tec_temperature) == (0.25, 1.43, 22.49)


def test_pulses_and_modulation_are_set_and_read() -> None:
    pairs = [
        ("SOUR:FUNC:SHAP PULS", None),
        NO_ERROR,
        ("SOUR:FUNC:SHAP?", "PULS"),
        ("TRIG:SOUR EXT", None),
        NO_ERROR,
        ("TRIG:SOUR?", "INT"),
        ("SOUR:PULS:PER 0.020000", None),
        NO_ERROR,
        ("SOUR:PULS:WIDT 0.000100", None),
        NO_ERROR,
        ("SOUR:PULS:WIDT?", "1.0E-4"),
        ("SOUR:AM:SOUR INT", None),
        NO_ERROR,
        ("SOUR:AM:INT:SHAP SQU", None),
        NO_ERROR,
        ("SOUR:AM:INT:FREQ 1000.000", None),
        NO_ERROR,
        ("SOUR:AM:INT 50.000", None),
        NO_ERROR,
    ]
    with talk(pairs) as laser:
        laser.pulsed = True
        assert laser.pulsed is True
        laser.pulse_trigger = "external"
        assert laser.pulse_trigger == "internal"
        laser.pulse_period = 0.02
        laser.pulse_width = 1e-4
        assert laser.pulse_width == 1e-4
        laser.modulation_source = "internal"
        laser.modulation_shape = "square"
        laser.modulation_frequency = 1000
        laser.modulation_depth = 50


@pytest.mark.parametrize(
    ("quantity", "value", "error"),
    [
        ("current", 1.1, LimitError),
        ("pulse_width", 2.0, LimitError),
        ("pulse_period", 1e-4, LimitError),
        ("modulation_frequency", 1e6, LimitError),
        ("pulse_trigger", "line", Refused),
        ("modulation_shape", "noise", Refused),
    ],
)
def test_what_cannot_be_set_sends_nothing(quantity: str, value: Any, error: type[Exception]) -> None:
    with talk([]) as laser, pytest.raises(error, match="laser"):
        setattr(laser, quantity, value)


def test_a_change_of_shape_while_it_emits_is_the_device_s_error() -> None:
    pairs = [
        ("SOUR:FUNC:SHAP PULS", None),
        ("SYST:ERR?", '+20,"Not allowed while LD output is on"'),
        NO_ERROR,
    ]
    with talk(pairs) as laser, pytest.raises(DeviceFault, match="error 20"):
        laser.pulsed = True


def test_no_other_message_comes_between_a_word_and_its_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []
    with talk([("TRIG:SOUR EXT", None)]) as laser:
        monkeypatch.setattr(laser, "check_errors", lambda: held.append(laser.lock._is_owned()))
        laser.pulse_trigger = "external"
    assert held == [True]


def test_a_word_that_is_no_answer_is_refused() -> None:
    with talk([("SOUR:FUNC:SHAP?", "PU")]) as laser, pytest.raises(BadAnswer, match="'PU'"):
        _ = laser.pulsed


@pytest.mark.parametrize(
    ("bits", "causes"),
    [(16 | 32, 2), (4096, 1), (128 | 8192, 0)],
)
def test_the_bits_of_its_condition_are_not_those_of_the_cld1015(bits: int, causes: int) -> None:
    with talk([("STAT:MEAS:COND?", str(bits))]) as laser:
        assert len(laser.causes()) == causes
