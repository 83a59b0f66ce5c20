"""Conversations of the Mai Tai driver, beside chapter 6 of its user manual."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, WrongModel
from antistokes.instruments.lasers.spectraphysics_maitai import MaiTai
from antistokes.instruments.roles import Laser, TunableLaser

IDENTITY = "Spectra Physics,MaiTai,3227/51054/40856,0245-2.00.34 / CD00000019 / 214-00.004.057"
NO_ERROR = ("SYST:ERR?", '0,"No error"')
ON_NO_ERROR = ("SYST:ERR?", '64,"No error"')
OPENING = [("*IDN?", IDENTITY), NO_ERROR, ("WAV:MIN?", "690nm"), ("WAV:MAX?", "1040nm")]
DARK, LIT, LOCKED = ("*STB?", "8"), ("*STB?", "9"), ("*STB?", "11")
SHUT, OPEN = ("SHUT?", "0"), ("SHUT?", "1")
WATCHED = ("TIM:WATC?", "7200")
CLOSING = [("SHUT 0", None), SHUT]


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[MaiTai]:
    settings = {"clock": VirtualClock(), "name": "laser"} | settings
    return expected_protocol(MaiTai, [*OPENING, *pairs], **settings)


def test_opening_asks_and_sets_nothing() -> None:
    with talk([]) as laser:
        assert {Laser, TunableLaser} <= set(laser.ROLES)
        assert laser.wavelength_range == (690, 1040)
        assert (laser.drive, laser.drive_limits, laser.drive_unit) == (100, (100, 100), "%")
        assert laser.rated_power is None


def test_errors_of_an_earlier_user_are_forgotten() -> None:
    opening = [OPENING[0], ("SYST:ERR?", '129,"CMD_ERR"'), ("SYST:ERR?", "194 EE"), *OPENING[1:]]
    with expected_protocol(MaiTai, opening, name="laser"):
        pass


def test_another_model_is_refused() -> None:
    with (
        pytest.raises(WrongModel, match="Spectra-Physics Mai Tai expected, but 'Newport,InSight"),
        expected_protocol(MaiTai, [("*IDN?", "Newport,InSight DS+,1,2")]),
    ):
        pass


@pytest.mark.parametrize("wavelength", [689, 1041, float("nan")])
def test_a_wavelength_out_of_range_sends_nothing(wavelength: float) -> None:
    with talk([]) as laser, pytest.raises(LimitError, match="laser: wavelength"):
        laser.wavelength = wavelength


def test_a_wavelength_that_leaves_its_limit_when_rounded_is_not_sent() -> None:
    with talk([]) as laser:
        laser.narrow_limit("wavelength", 700.4, 900.6)
        assert laser.wavelength_range == (701, 900)
        for wavelength in (700.4, 900.6):
            with pytest.raises(
                LimitError, match=r"wavelength = \d+ nm is outside the allowed 700.4 to 900.6"
            ):
                laser.wavelength = wavelength


def test_no_other_message_comes_between_an_order_and_its_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[bool] = []
    with talk([("WAV 975", None), ("WAV?", "975nm"), ("READ:WAV?", "975nm"), DARK]) as laser:
        monkeypatch.setattr(laser, "check_errors", lambda: held.append(laser.lock._is_owned()))
        laser.wavelength = 975
    assert held == [True]


@pytest.mark.parametrize("drive", [0, 50, 100.1, float("nan")])
def test_a_drive_it_does_not_have_sends_nothing(drive: float) -> None:
    with talk([]) as laser:
        with pytest.raises(LimitError, match="laser: drive = .* outside the allowed 100 to 100 %"):
            laser.drive = drive
        laser.drive = 100


def test_a_new_wavelength_is_waited_for_in_the_dark() -> None:
    clock = VirtualClock()
    pairs = [
        ("WAV 975", None),
        NO_ERROR,
        ("WAV?", "975nm"),
        ("READ:WAV?", "820nm"),
        ("READ:WAV?", "974nm"),
        ("READ:WAV?", "975nm"),
        DARK,
        ("READ:WAV?", "975nm"),
    ]
    with talk(pairs, clock=clock) as laser:
        laser.wavelength = 975.2
        assert clock.now() == pytest.approx(0.5)
        assert laser.wavelength == 975


def test_a_new_wavelength_of_a_laser_that_is_on_is_waited_for_until_it_is_mode_locked() -> None:
    pairs = [
        ("WAV 975", None),
        ON_NO_ERROR,
        ("WAV?", "975nm"),
        ("READ:WAV?", "975nm"),
        LIT,
        LIT,
        LOCKED,
    ]
    with talk(pairs) as laser:
        laser.wavelength = 975


def test_a_setting_that_is_silently_ignored_is_found() -> None:
    ignored = [("WAV 975", None), NO_ERROR, *[("WAV?", "820nm")] * 41, NO_ERROR]
    with talk(ignored) as laser, pytest.raises(DeviceFault) as error:
        laser.wavelength = 975
    assert "laser: 'WAV 975' had no effect within 10 s; is it in local mode" in str(error.value)


def test_light_of_a_warm_laser() -> None:
    pairs = [
        WATCHED,
        DARK,
        *CLOSING,
        ("READ:PCTW?", "100.00%"),
        ("READ:PCTW?", "100.00%"),
        ("ON", None),
        NO_ERROR,
        DARK,
        LIT,
        LIT,
        LOCKED,
        ("SHUT 1", None),
        ON_NO_ERROR,
        SHUT,
        OPEN,
        LOCKED,
        OPEN,
    ]
    with talk(pairs) as laser:
        laser.emission = True


def test_light_of_a_cold_laser_after_its_warm_up() -> None:
    clock = VirtualClock()
    pairs = [
        WATCHED,
        DARK,
        *CLOSING,
        ("READ:PCTW?", "000%"),
        ("ON", None),
        NO_ERROR,
        ("READ:PCTW?", "001%"),
        *[("READ:PCTW?", "050%")] * 400,
        ("READ:PCTW?", "100%"),
        ("ON", None),
        NO_ERROR,
        LIT,
        LOCKED,
        ("SHUT 1", None),
        ON_NO_ERROR,
        OPEN,
        LOCKED,
        OPEN,
    ]
    with talk(pairs, clock=clock) as laser:
        laser.emission = True
        assert clock.now() == pytest.approx(100.1)


def test_the_watchdog_is_set_before_the_pump() -> None:
    pairs = [
        ("TIM:WATC?", "3"),
        ("TIM:WATC 900", None),
        NO_ERROR,
        ("TIM:WATC?", "900"),
        LOCKED,
        LOCKED,
        ("SHUT 1", None),
        ON_NO_ERROR,
        OPEN,
        LOCKED,
        OPEN,
    ]
    with talk(pairs, watchdog=900) as laser:
        laser.emission = True


def test_a_pump_that_does_not_hear_off_is_told_twice() -> None:
    with talk([*CLOSING, ("OFF", None), *[LIT] * 41, ("OFF", None), DARK]) as laser:
        laser.make_safe()


def test_a_refused_start_says_why_and_leaves_the_shutter_closed() -> None:
    pairs = [
        WATCHED,
        DARK,
        *CLOSING,
        ("READ:PCTW?", "100%"),
        ("READ:PCTW?", "100%"),
        ("ON", None),
        ("SYST:ERR?", '160,"SYS_ERR"'),
        NO_ERROR,
        *CLOSING,
    ]
    with (
        talk(pairs) as laser,
        pytest.raises(DeviceFault, match="laser: no light: system error .an interlock"),
    ):
        laser.emission = True


def test_no_light_closes_the_shutter_and_leaves_the_pump() -> None:
    with talk([("SHUT 0", None), OPEN, OPEN, SHUT, LOCKED, SHUT]) as laser:
        laser.emission = False
        assert laser.emission is False


def test_make_safe_closes_the_shutter_and_turns_the_pump_off() -> None:
    with talk([*CLOSING, ("OFF", None), LIT, DARK] * 2) as laser:
        laser.make_safe()
        laser.make_safe()


def test_make_safe_turns_the_pump_off_though_the_shutter_does_not_close() -> None:
    pairs = [*[("SHUT 0", None), *[OPEN] * 21] * 2, ("OFF", None), DARK]
    with talk(pairs) as laser, pytest.raises(DeviceFault, match="shutter is still open .* key switch"):
        laser.make_safe()


def test_readings_carry_units() -> None:
    pairs = [("READ:POW?", "3.000W"), ("READ:PLAS:POW?", " 13.43W \r"), ("READ:PCTW?", "050%")]
    with talk(pairs) as laser:
        assert (laser.power, laser.pump_power, laser.warmed_up) == (3.0, 13.43, 50.0)


@pytest.mark.parametrize("answer", ["", "820nm", "3.000", "W", "-1W", "1.5mW"])
def test_what_is_no_power_is_a_bad_answer(answer: str) -> None:
    with talk([("READ:POW?", answer)]) as laser, pytest.raises(BadAnswer) as error:
        _ = laser.power
    assert str(error.value) == f"laser: 'READ:POW?' was answered by {answer!r}"


@pytest.mark.parametrize(("member", "question"), [("mode_locked", "*STB?"), ("shutter_open", "SHUT?")])
def test_what_is_no_state_is_a_bad_answer(member: str, question: str) -> None:
    with talk([(question, "820nm")]) as laser, pytest.raises(BadAnswer, match="820nm"):
        getattr(laser, member)
