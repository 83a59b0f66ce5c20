"""Conversations of the 33500B driver."""

from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, InstrumentError, LimitError, Refused, WrongModel
from antistokes.instruments.pulse_generators.keysight_33500b import Keysight33500B
from antistokes.instruments.roles import PulseGenerator

NO_ERROR = ("SYST:ERR?", '+0,"No error"')
OFF: list[tuple[Any, Any]] = [("OUTP1 0", None), ("OUTP1?", "0")]
MODULATIONS = ("AM", "FM", "PM", "PWM", "FSK", "BPSK", "SUM", "SWE", "BURS")


def opening(model: str = "33522B", channel: int = 1, load: str = "INF") -> list[tuple[Any, Any]]:
    identity = ("*IDN?", f"Agilent Technologies,{model},MY52802702,2.09-1.19-2.00-52-00")
    settings = [("*CLS", None), (f"OUTP{channel}:LOAD {load}", None), (f"SOUR{channel}:VOLT:UNIT VPP", None)]
    return [identity, identity, *settings, NO_ERROR]


def talk(*pairs: tuple[Any, Any], model: str = "33522B", **settings: Any) -> AbstractContextManager[Any]:
    load = f"{settings['load']:g}" if "load" in settings else "INF"
    start = opening(model, settings.get("channel", 1), load)
    return expected_protocol(
        Keysight33500B, [*start, *pairs], clock=VirtualClock(), name="generator", **settings
    )


def test_opening_tells_the_load_and_leaves_the_output_alone() -> None:
    with talk() as generator:
        assert PulseGenerator in generator.ROLES
        assert generator.period_limits == (1 / 30e6, 1e6)
        assert generator.limits["high"].high == 10


def test_a_slower_model_has_longer_periods_and_a_load_takes_its_share() -> None:
    with talk(model="33511B", load=50.0) as generator:
        assert generator.period_limits[0] == 5e-8
        assert generator.limits["low"].low == -5
        assert generator.limits["high"].high == 5


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("33511B", {"channel": 2}, "channel = 2: this model has 1"),
        ("33522B", {"channel": 3}, "this model has 2"),
    ],
)
def test_a_channel_that_is_not_there_is_refused(model: str, settings: dict[str, int], message: str) -> None:
    with (
        pytest.raises(Refused, match=message),
        expected_protocol(Keysight33500B, opening(model)[:2], **settings),
    ):
        pass


def test_a_load_it_cannot_be_told_is_refused() -> None:
    with pytest.raises(Refused, match="load = 0: must be 1 to 10000"), talk(load=0):
        pass


def test_another_model_is_refused() -> None:
    pairs = [("*IDN?", "Agilent Technologies,33220A,MY44020683,2.02-2.02-22-2")]
    with pytest.raises(WrongModel, match="33500B expected"), expected_protocol(Keysight33500B, pairs):
        pass


def test_the_second_channel_is_asked_and_told() -> None:
    pairs = [
        ("SOUR2:FUNC:PULS:WIDT?", "+1.000000000000000E-04"),
        ("SOUR2:FUNC:PULS:PER 5.000000000000E-03", None),
        NO_ERROR,
        ("SOUR2:FUNC:PULS:PER?", "+5.000000000000000E-03"),
    ]
    with talk(*pairs, channel=2) as generator:
        generator.period = 5e-3
        assert generator.period == 5e-3


def test_what_does_not_fit_is_refused() -> None:
    width = ("SOUR1:FUNC:PULS:WIDT?", "+1.000000000000000E-04")
    period = ("SOUR1:FUNC:PULS:PER?", "+5.000000000000000E-03")
    with talk(width, period) as generator:
        with pytest.raises(LimitError, match=r"^generator: period \(with this pulse\)"):
            generator.period = 1e-4
        with pytest.raises(LimitError, match=r"^generator: width \(at this period\)"):
            generator.width = 5e-3


def test_levels_do_not_cross() -> None:
    low, high = ("SOUR1:VOLT:LOW?", "+1.000000000000000E+00"), ("SOUR1:VOLT:HIGH?", "+3.000000000000000E+00")
    pairs = [low, ("SOUR1:VOLT:HIGH 2.500000", None), NO_ERROR, low, high, high]
    with talk(*pairs) as generator:
        generator.high = 2.5
        with pytest.raises(LimitError, match=r"high \(above low\)"):
            generator.high = 1.0
        with pytest.raises(LimitError, match=r"low \(below high\)"):
            generator.low = 3.0
        assert generator.high == 3


def test_on_is_plain_pulses_and_asks_for_errors_before_there_is_light() -> None:
    pairs: list[tuple[Any, Any]] = [(f"SOUR1:{modulation}:STAT 0", None) for modulation in MODULATIONS]
    pairs += [("SOUR1:FUNC PULS", None), ("OUTP1:POL NORM", None), ("OUTP:SYNC:SOUR CH1", None)]
    pairs += [("OUTP:SYNC 1", None), NO_ERROR, ("OUTP1 1", None), NO_ERROR, *[("OUTP1?", "1")] * 2]
    with talk(*pairs) as generator:
        generator.output = True
        assert generator.output is True


def test_a_settings_conflict_keeps_the_output_off() -> None:
    pairs: list[tuple[Any, Any]] = [(f"SOUR1:{modulation}:STAT 0", None) for modulation in MODULATIONS]
    pairs += [("SOUR1:FUNC PULS", None), ("OUTP1:POL NORM", None)]
    pairs += [("OUTP:SYNC 1", None)]
    pairs += [("SYST:ERR?", '-221,"Settings conflict; pulse width decreased due to period"'), NO_ERROR, *OFF]
    with (
        talk(*pairs, model="33511B") as generator,
        pytest.raises(DeviceFault, match='generator: error -221 "Settings conflict; pulse width'),
    ):
        generator.output = True


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([("SYST:ERR?", '-222,"Data out of range"'), NO_ERROR], "-222"),
        ([("SYST:ERR?", "x")], "'x'"),
        ([NO_ERROR, ("OUTP1?", "0")], "still off"),
    ],
)
def test_an_output_that_is_not_confirmed_does_not_stay_on(answers: list[tuple[str, str]], error: str) -> None:
    pairs: list[tuple[Any, Any]] = [(f"SOUR1:{modulation}:STAT 0", None) for modulation in MODULATIONS]
    pairs += [("SOUR1:FUNC PULS", None), ("OUTP1:POL NORM", None), ("OUTP:SYNC 1", None), NO_ERROR]
    pairs += [("OUTP1 1", None), *answers, *OFF]
    with talk(*pairs, model="33511B") as generator, pytest.raises(InstrumentError, match=error):
        generator.output = True


def test_off_is_read_back() -> None:
    with talk(*OFF) as generator:
        generator.output = False
    stays = [OFF[0], ("OUTP1?", "1")]
    with talk(*stays, *stays) as generator, pytest.raises(DeviceFault, match="still on"):
        generator.make_safe()


@pytest.mark.parametrize("answer", ["1", "x"])
def test_off_is_tried_again(answer: str) -> None:
    with talk(OFF[0], ("OUTP1?", answer), *OFF) as generator:
        generator.make_safe()


def test_the_load_is_told() -> None:
    pairs = [("OUTP1:LOAD?", "+9.900000000000000E+37"), ("OUTP1:LOAD?", "+5.000000000000000E+01")]
    with talk(*pairs) as generator:
        assert generator.load == "high impedance"
        assert generator.load == 50
