"""Conversations of the Cobolt 06 driver: every message is answered, settings by OK."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, Refused, WrongModel
from antistokes.instruments.lasers.cobolt_06 import Cobolt06
from antistokes.instruments.roles import Laser

NUMBER = "0808-06-01-0150-100"
OPENING = [("glm?", NUMBER), ("glm?", NUMBER), ("gmlp?", "150.000000")]
HEALTHY = [("ilk?", "0"), ("f?", "0")]
HOLD_DARK = [("slc 0", "OK"), ("ci", "OK")]
DARK = [*HOLD_DARK, ("l?", "1"), ("gam?", "0"), ("glc?", "0.0")]
SWITCHED_OFF = [*HOLD_DARK, ("l?", "0")]
OFF = [("l0", "OK"), ("l?", "0")]
LIGHT = [("sdmes 0", "OK"), ("cp", "OK"), *HEALTHY, ("gom?", "2")]


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[Cobolt06]:
    settings = {"clock": VirtualClock(), "name": "laser"} | settings
    return expected_protocol(Cobolt06, [*OPENING, *pairs], **settings)


def test_opening_asks_and_sets_nothing() -> None:
    with talk([]) as laser:
        assert Laser in laser.ROLES
        assert (laser.wavelength, laser.drive_unit, laser.drive_limits) == (808, "W", (0, 0.15))
        assert laser.rated_power == 0.15


def test_the_wavelength_may_be_said_better_than_by_the_model_number() -> None:
    with talk([], wavelength=806.4) as laser:
        assert laser.wavelength == 806.4


@pytest.mark.parametrize("other", ["0561-04-01-0100-300", "Syntax error: illegal command", "LSCI,MODEL336"])
def test_another_model_is_refused(other: str) -> None:
    with (
        pytest.raises(WrongModel, match=f"Cobolt 06 expected, but '{other}'"),
        expected_protocol(Cobolt06, [("glm?", other)] * 2),
    ):
        pass


def test_a_word_that_somebody_left_half_sent_is_passed_over() -> None:
    with expected_protocol(Cobolt06, [("glm?", "Syntax error: illegal command"), *OPENING], name="laser"):
        pass


def test_a_gate_of_a_diode_pumped_head_is_refused() -> None:
    with (
        pytest.raises(Refused, match="laser: gated = true; a 06-DPL head"),
        expected_protocol(Cobolt06, [("glm?", "0561-06-91-0050-100")] * 2, name="laser", gated=True),
    ):
        pass


@pytest.mark.parametrize("power", [-0.001, 0.151, float("nan"), float("inf")])
def test_a_power_beyond_the_head_sends_nothing(power: float) -> None:
    with talk([]) as laser, pytest.raises(LimitError, match="laser: drive .* 0 to 0.15 W"):
        laser.drive = power


def test_the_drive_is_the_set_point_of_the_power() -> None:
    with talk([("p 0.050000", "OK"), ("p?", "0.0500")]) as laser:
        laser.drive = 0.05
        assert laser.drive == 0.05


def test_light_of_a_head_that_is_on() -> None:
    clock = VirtualClock()
    with talk([*HEALTHY, ("l?", "1"), *LIGHT, ("l?", "1"), ("gam?", "1")], clock=clock) as laser:
        laser.emission = True
        assert clock.now() == pytest.approx(laser.settle_time)
        assert laser.emission is True


def test_a_head_that_is_off_starts_dark() -> None:
    start = [("l?", "0"), *HOLD_DARK, ("@cob1", "OK"), *[("l?", "0"), ("gom?", "0")] * 3, ("l?", "1")]
    with talk([*HEALTHY, *start, *HEALTHY, ("gom?", "2"), *LIGHT]) as laser:
        laser.emission = True


def test_a_key_that_must_be_turned_is_said_at_once() -> None:
    clock = VirtualClock()
    start = [("l?", "0"), *HOLD_DARK, ("@cob1", "OK"), ("l?", "0"), ("gom?", "1")]
    pairs = [*HEALTHY, *start, *HEALTHY, ("gom?", "1"), *SWITCHED_OFF]
    with talk(pairs, clock=clock) as laser:
        with pytest.raises(DeviceFault, match="laser: no light: it waits for its key: turn the key switch"):
            laser.emission = True
        assert clock.now() == 0


@pytest.mark.parametrize(
    ("interlock", "fault", "words"),
    [
        ("1", "3", "no light: the interlock is open; the interlock has been opened: clear_fault"),
        ("0", "1", "no light: the temperature is out of range: clear_fault"),
        ("0", "4", "no light: the power could not be kept constant: clear_fault"),
        ("0", "9", "no light: fault 9"),
    ],
)
def test_a_fault_is_said_in_words(interlock: str, fault: str, words: str) -> None:
    pairs = [("ilk?", interlock), ("f?", fault), *SWITCHED_OFF]
    with talk(pairs) as laser, pytest.raises(DeviceFault, match=f"laser: {words}"):
        laser.emission = True


def test_a_modulation_that_somebody_left_on_is_found() -> None:
    pairs = [*HEALTHY, ("l?", "1"), *LIGHT[:-1], ("gom?", "3"), *DARK]
    with talk(pairs) as laser, pytest.raises(DeviceFault, match="is on/off modulation, where continuous"):
        laser.emission = True


def test_a_gated_head_emits_its_drive_while_the_gate_is_high() -> None:
    pairs = [
        ("p 0.050000", "OK"),
        ("slmp 50.000", "OK"),
        *HEALTHY,
        ("l?", "1"),
        ("sdmes 1", "OK"),
        ("p?", "0.0500"),
        ("p 0.050000", "OK"),
        ("slmp 50.000", "OK"),
        ("em", "OK"),
        *HEALTHY,
        ("gom?", "4"),
    ]
    with talk(pairs, gated=True) as laser:
        laser.drive = 0.05
        laser.emission = True


def test_a_gated_head_that_is_told_so_ignores_its_gate_at_constant_power() -> None:
    pairs = [*HEALTHY, ("l?", "1"), ("sdmes 0", "OK"), ("cp", "OK"), *HEALTHY, ("gom?", "2")]
    with talk(pairs, gated=True) as laser:
        assert laser.gate_connected
        laser.gated = False
        laser.emission = True


def test_no_light_is_no_current_and_needs_no_key_afterwards() -> None:
    with talk([*DARK, ("l?", "1"), ("gam?", "0"), ("glc?", "0.0")]) as laser:
        laser.emission = False
        assert laser.emission is False


def test_a_head_that_is_not_dark_is_switched_off() -> None:
    pairs = [*HOLD_DARK, ("l?", "1"), ("gam?", "1"), *OFF]
    with talk(pairs) as laser:
        laser.emission = False


def test_a_head_that_does_not_take_the_dark_is_switched_off() -> None:
    with talk([("slc 0", "Syntax error: illegal command"), *OFF]) as laser:
        laser.emission = False


def test_a_head_that_stays_on_is_said() -> None:
    once = [*HOLD_DARK, ("l?", "1"), ("gam?", "1"), ("l0", "OK"), ("l?", "1")]
    with talk([*once, *once]) as laser, pytest.raises(DeviceFault, match="still on .* use the key switch"):
        laser.emission = False


def test_make_safe_switches_off_and_sets_no_power() -> None:
    with talk([*DARK, *OFF, ("p 0.000000", "OK"), ("p?", "0.0000")]) as laser:
        laser.narrow_limit("drive", 0.01, 0.1)
        laser.make_safe()


def test_make_safe_does_every_step_though_the_head_stays_on() -> None:
    lit = [*HOLD_DARK, ("l?", "1"), ("gam?", "1"), ("l0", "OK"), ("l?", "1")]
    rest = [("l0", "OK"), ("l?", "1"), ("p 0.000000", "OK"), ("p?", "0.0000")]
    with talk([*lit * 2, *rest * 2]) as laser, pytest.raises(DeviceFault, match="still on"):
        laser.make_safe()


@pytest.mark.parametrize("answer", ["Syntax error: illegal command", "garbage"])
def test_a_refused_or_garbled_switching_off_is_repeated(answer: str) -> None:
    rest = [("p 0.000000", "OK"), ("p?", "0.0000")]
    pairs = [*DARK, ("l0", answer), ("l0", None), *rest, *OFF, *rest]
    with talk(pairs) as laser:
        laser.make_safe()


def test_a_power_that_leaves_its_limit_when_rounded_is_not_sent() -> None:
    with talk([]) as laser:
        laser.narrow_limit("drive", 0, 0.0499996)
        assert laser.drive_limits == (0, 0.049999)
        with pytest.raises(LimitError, match=r"drive = 0\.05 W is outside"):
            laser.drive = 0.0499996


def test_states_in_words() -> None:
    pairs = [
        ("pa?", "0.0499"),
        ("i?", "92.3"),
        ("gam?", "1"),
        ("gom?", "6"),
        ("gom?", "7"),
        ("f?", "0"),
        ("hrs?", "828.98"),
        ("gsn?", " 17706 "),
        ("cf", "OK"),
        *HEALTHY,
    ]
    with talk(pairs) as laser:
        assert (laser.power, laser.current, laser.mode) == (0.0499, 92.3, "constant power")
        assert (laser.operating_mode, laser.operating_mode) == ("start aborted", "code 7")
        assert (laser.fault, laser.hours, laser.serial_number) == ("", 828.98, "17706")
        laser.clear_fault()


@pytest.mark.parametrize(
    ("member", "question", "answer"),
    [("power", "pa?", "OK"), ("fault", "f?", "0.1"), ("emission", "l?", "2"), ("interlock_open", "ilk?", "")],
)
def test_an_answer_to_something_else_is_a_bad_answer(member: str, question: str, answer: str) -> None:
    with talk([(question, answer)]) as laser, pytest.raises(BadAnswer) as error:
        getattr(laser, member)
    assert str(error.value) == f"laser: '{question}' was answered by {answer!r}"


def test_a_setting_is_answered_by_ok_only() -> None:
    with talk([("p 0.050000", "0.0500")]) as laser, pytest.raises(BadAnswer, match="'0.0500'"):
        laser.drive = 0.05


def test_a_refused_setting_says_what_the_head_says() -> None:
    pairs = [("p 0.050000", "Syntax error: Value is out of range.")]
    with (
        talk(pairs) as laser,
        pytest.raises(DeviceFault, match="laser: 'p 0.050000': Syntax error: Value is"),
    ):
        laser.drive = 0.05
