"""Conversations of the iBeam smart driver, as public drivers and their notes show them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, WrongModel
from antistokes.instruments.lasers.toptica_ibeam_smart import IBeamSmart
from antistokes.instruments.roles import Laser


def says(command: str, *lines: str) -> tuple[bytes, bytes]:
    """One question or command and its answer, echo and prompt off."""
    answer = "".join(f"{line}\r\n" for line in ("", *lines, "[OK]"))
    return f"{command}\r\n".encode(), answer.encode()


SERIAL = says("serial", "SN: iBEAM-SMART-980-S-A3-15384")
OPENING = [
    (b"echo off\r\n", b"la echo off\r\n%SYS-E-021, unknown command\r\nCMD> "),
    (b"echo off\r\n", b"echo off\r\nCMD> "),
    (b"prom off\r\n", b"\r\n[OK]\r\n"),
    says("talk usual"),
    says("ver", "iBPs-001A01-05"),
    SERIAL,
    says("sh sat", "Imax: 180 mA", "Pmax: 120 mW", "CH2 setp: 1.000 mW"),
]
LEVELS = says("sh level pow", "CH1, PWR:  0.000 mW", "CH2, PWR: 50.000 mW")
OFF = [says("la off"), says("sta la", "OFF")]


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[IBeamSmart]:
    settings = {"clock": VirtualClock(), "name": "laser"} | settings
    return expected_protocol(IBeamSmart, [*OPENING, *pairs], **settings)


def test_opening_silences_the_line_and_changes_no_light() -> None:
    with talk([], wavelength=976) as laser:
        assert Laser in laser.ROLES
        assert (laser.wavelength, laser.drive_unit) == (976, "W")


def test_another_model_is_refused() -> None:
    other = says("serial", "SN: DLC-PRO-1")
    with (
        pytest.raises(WrongModel, match="Toptica iBeam smart expected, but 'DLC-PRO-1'"),
        expected_protocol(IBeamSmart, [*OPENING[:-2], other], name="laser"),
    ):
        pass


def test_what_does_not_talk_like_it_is_refused() -> None:
    answers = [says("ver", "no idea")] + [(None, b"\r\n[OK]\r\n")] * 15
    with (
        pytest.raises(WrongModel, match="Toptica iBeam smart expected on .*no idea"),
        expected_protocol(IBeamSmart, [*OPENING[:4], *answers], name="laser"),
    ):
        pass


def test_the_drive_is_the_power_of_channel_2_in_watts() -> None:
    with talk([says("ch 2 pow 50000.000 mic"), LEVELS]) as laser:
        laser.drive = 0.05
        assert laser.drive == 0.05


def test_another_channel_may_be_the_drive() -> None:
    with talk([says("ch 1 pow 1500.000 mic")], channel=1) as laser:
        laser.power = 1.5e-3


@pytest.mark.parametrize("power", [-1e-3, 0.121, float("nan")])
def test_a_power_outside_the_limits_sends_nothing(power: float) -> None:
    with talk([]) as laser, pytest.raises(LimitError, match="laser: power"):
        laser.drive = power


def test_drive_limits_are_those_of_station_and_head() -> None:
    with talk([]) as laser:
        assert laser.drive_limits == (0, 0.12)
        laser.narrow_limit("power", 0.01, 0.1)
        assert laser.rated_power == 0.1


def test_a_power_that_leaves_its_limit_when_rounded_is_not_sent() -> None:
    with talk([]) as laser:
        laser.narrow_limit("power", 0, 0.0499999996)
        assert laser.drive_limits == (0, 0.049999999)
        with pytest.raises(LimitError, match=r"power = 0\.05 W is outside"):
            laser.power = 0.0499999996


def test_readings_with_and_without_the_information_that_they_are_scaled() -> None:
    pairs = [
        says("sh pow", "%SYS-I-077, scaled", "PIC  = 049876 uW  "),
        says("sh cur", "LDC  =  95.4 mA"),
        says("sh temp", "%SYS-I-077, scaled", "TEMP = 25.1  C"),
        says("sh temp sys", "TEMP = 27 C"),
        says("sta ext", "ON"),
        says("di ext"),
        says("en ext"),
    ]
    with talk(pairs) as laser:
        assert laser.measured_power == pytest.approx(0.049876)
        assert laser.measured_current == pytest.approx(0.0954)
        assert (laser.temperature, laser.base_temperature) == (25.1, 27)
        assert laser.external_gate is True
        laser.external_gate = False
        laser.external_gate = True


@pytest.mark.parametrize("severity", "WEF")
def test_an_error_before_ok_is_raised_with_its_text(severity: str) -> None:
    line = f"%SYS-{severity}-016, parameter out of range"
    with talk([says("ch 2 pow 1000.000 mic", line)]) as laser, pytest.raises(DeviceFault, match=line):
        laser.power = 1e-3


@pytest.mark.parametrize(
    ("quantity", "pair"),
    [
        ("emission", says("sta la", "O")),
        ("emission", says("sta la")),
        ("emission", says("sta la", "ON", "OFF")),
        ("emission", (b"sta la\r\n", b"\r\n\xffON\r\n[OK]\r\n")),
        ("power", says("sh level pow", "CH1, PWR:  0.000 mW")),
        ("power", says("sh level pow", "CH2, PWR:  0.000 mW", "noise")),
        ("power_max", says("sh sat", "Imax: 1 mA")),
        ("measured_power", says("sh pow", "PIC  = ---- uW")),
    ],
)
def test_an_answer_to_something_else_is_no_value(quantity: str, pair: tuple[bytes, bytes]) -> None:
    with talk([pair]) as laser, pytest.raises(BadAnswer, match="laser: "):
        getattr(laser, quantity)


def test_a_setting_that_is_answered_like_a_question_is_refused() -> None:
    with (
        talk([says("en ext", "ON")]) as laser,
        pytest.raises(BadAnswer, match="'en ext' was answered by 'ON'"),
    ):
        laser.external_gate = True


def test_emission_is_the_light_of_its_channel_alone() -> None:
    clock = VirtualClock()
    pairs = [
        says("sta la", "OFF"),
        says("sh level pow", "CH1, PWR:  5.000 mW", "CH2, PWR: 50.000 mW"),
        says("ch 1 pow 0 mic"),
        says("en 2"),
        says("la on"),
        says("sta la", "OFF"),
        says("sta la", "ON"),
    ]
    with talk(pairs, clock=clock) as laser:
        laser.emission = True
    assert clock.now() == pytest.approx(0.1 + laser.settle_time)


def test_emission_that_is_on_already_becomes_that_of_its_channel_alone() -> None:
    pairs = [
        says("sta la", "ON"),
        says("sh level pow", "CH1, PWR:  5.000 mW", "CH2, PWR: 50.000 mW"),
        says("ch 1 pow 0 mic"),
        says("en 2"),
    ]
    with talk(pairs) as laser:
        laser.emission = True


def test_a_laser_that_refuses_is_switched_off_again() -> None:
    pairs = [
        says("sta la", "OFF"),
        LEVELS,
        says("en 2"),
        says("la on", "%SYS-F-030, interlock is open"),
        *OFF,
    ]
    with talk(pairs) as laser, pytest.raises(DeviceFault, match="interlock is open"):
        laser.emission = True


def test_a_laser_that_never_comes_on_is_switched_off_again() -> None:
    clock = VirtualClock()
    pairs = [says("sta la", "OFF"), LEVELS, says("en 2"), says("la on"), *[says("sta la", "OFF")] * 52, *OFF]
    with talk(pairs, clock=clock) as laser, pytest.raises(DeviceFault, match="did not come on"):
        laser.emission = True
    assert clock.now() >= 5


def test_make_safe_is_off_and_zero_read_back_any_number_of_times() -> None:
    zero = says("sh level pow", "CH1, PWR:  0.000 mW", "CH2, PWR:  0.000 mW")
    once = [*OFF, says("ch 2 pow 0 mic"), zero]
    with talk([*once, *once]) as laser:
        laser.narrow_limit("power", 0.01, 0.1)
        laser.make_safe()
        laser.make_safe()


def test_make_safe_tries_again_and_reports() -> None:
    stuck = [says("la off"), says("sta la", "ON")]
    pairs = [*stuck, (b"la off\r\n", None), *stuck, *[says("ch 2 pow 0 mic"), LEVELS] * 2]
    with talk(pairs) as laser, pytest.raises(DeviceFault, match="still on"):
        laser.make_safe()


def test_make_safe_reports_a_power_that_stays() -> None:
    pairs = [*OFF, *[says("ch 2 pow 0 mic"), LEVELS] * 2]
    with talk(pairs) as laser, pytest.raises(DeviceFault, match=r"channel 2 is at 0\.05 W"):
        laser.make_safe()
