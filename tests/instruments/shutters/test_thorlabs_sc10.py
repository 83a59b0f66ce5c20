"""Conversations of the SC10 driver, beside the command table of the manual."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, WrongModel
from antistokes.instruments.roles import Shutter
from antistokes.instruments.shutters.thorlabs_sc10 import SC10Shutter


def says(command: str, answer: str = "") -> tuple[bytes, bytes]:
    text = f"{command}\r{answer}\r" if answer else f"{command}\r"
    return f"{command}\r".encode(), f" {text}>".encode()


OPENING = (b"id?\r", b"id?\rTHORLABS SC10 VERSION 1.07\r>")
CLOSED = [says("ens?", "0"), says("closed?", "1"), says("ens?", "0")]
READY = [says("interlock?", "0"), says("mode?", "1"), says("trig?", "0")]


def talk(pairs: Sequence[tuple[Any, Any]]) -> AbstractContextManager[SC10Shutter]:
    return expected_protocol(SC10Shutter, [OPENING, *pairs], name="shutter", clock=VirtualClock())


def test_opening_the_connection_only_asks_who_is_there() -> None:
    with talk([]) as shutter:
        assert Shutter in shutter.ROLES


def test_another_model_is_refused() -> None:
    with (
        pytest.raises(WrongModel, match="Thorlabs SC10 expected, but 'TC200"),
        expected_protocol(SC10Shutter, [says("id?", "TC200 VERSION 2.0")], clock=VirtualClock()),
    ):
        pass


def test_it_opens_with_one_toggle_and_waits_for_the_blade() -> None:
    moved = [says("closed?", "1"), says("closed?", "0"), says("ens?", "1")]
    with talk([*READY, says("ens?", "0"), says("ens"), *moved]) as shutter:
        shutter.is_open = True
        assert shutter.clock.now() == pytest.approx(0.01)


def test_an_open_shutter_is_not_toggled() -> None:
    with talk([*READY, says("ens?", "1"), says("closed?", "0"), says("ens?", "1")]) as shutter:
        shutter.is_open = True


def test_closing_asks_neither_interlock_nor_mode() -> None:
    with talk([says("ens?", "1"), says("ens"), says("closed?", "1"), says("ens?", "0")]) as shutter:
        shutter.is_open = False


def test_another_mode_is_left_before_it_opens() -> None:
    pairs = [
        says("interlock?", "0"),
        says("mode?", "2"),
        says("ens?", "1"),
        says("ens"),
        says("mode=1"),
        says("trig=0"),
        says("ens?", "0"),
        says("ens"),
        says("closed?", "0"),
        says("ens?", "1"),
    ]
    with talk(pairs) as shutter:
        shutter.is_open = True


def test_an_open_interlock_is_named_and_nothing_is_toggled() -> None:
    with (
        talk([says("interlock?", "1"), *CLOSED]) as shutter,
        pytest.raises(DeviceFault, match="interlock is open"),
    ):
        shutter.is_open = True


def test_a_blade_that_does_not_move_is_named() -> None:
    stuck = [says("closed?", "1")] * 101
    pairs = [*READY, says("ens?", "0"), says("ens"), *stuck, says("interlock?", "0"), says("mode?", "1")]
    with talk([*pairs, *CLOSED]) as shutter, pytest.raises(DeviceFault, match="is not open 1 s after"):
        shutter.is_open = True


@pytest.mark.parametrize("answer", ["", "2", "open"])
def test_a_state_that_is_none_is_refused(answer: str) -> None:
    with talk([says("closed?", answer)]) as shutter, pytest.raises(BadAnswer, match="neither 0 nor 1"):
        _ = shutter.is_open


def test_make_safe_closes_and_reads_the_enable_again_when_an_answer_was_garbled() -> None:
    pairs = [
        says("ens?", "1"),
        (b"ens\r", b" \x80s\r>"),
        *CLOSED,
    ]
    with talk(pairs) as shutter:
        shutter.make_safe()


@pytest.mark.parametrize("close", [lambda it: it.make_safe(), lambda it: setattr(it, "is_open", False)])
def test_a_toggle_that_opened_it_is_followed_by_one_that_closes_it(close: Callable[[Any], None]) -> None:
    """A single cycle had ended in between."""
    opened = [says("ens?", "1"), says("ens"), *[says("closed?", "0")] * 101, says("mode?", "3")]
    with talk([*opened, says("ens?", "1"), says("ens"), *CLOSED[1:]]) as shutter:
        close(shutter)


def test_an_opening_that_cannot_be_confirmed_is_taken_back() -> None:
    pairs = [*READY, says("ens?", "0"), says("ens"), says("closed?", "x")]
    with (
        talk([*pairs, says("ens?", "1"), says("ens"), *CLOSED[1:]]) as shutter,
        pytest.raises(BadAnswer, match="neither 0 nor 1"),
    ):
        shutter.is_open = True


def test_what_answers_nonsense_is_told_to_close_without_a_toggle() -> None:
    with (
        talk([says("ens?", "x"), says("ens?", "x"), (b"mode=3\r", None)]) as shutter,
        pytest.raises(BadAnswer, match="neither 0 nor 1"),
    ):
        shutter.make_safe()


def test_a_blade_that_stays_open_is_not_called_closed_because_of_the_interlock() -> None:
    stays = [says("ens?", "0"), *[says("closed?", "0")] * 101, says("mode?", "1")]
    with talk([*stays, *stays]) as shutter, pytest.raises(DeviceFault, match="is not closed 1 s after"):
        shutter.make_safe()


def test_times_are_milliseconds_on_the_wire() -> None:
    pairs = [says("open=250"), says("open?", "250"), says("shut=1500"), says("shut?", "1500")]
    with talk([*pairs, says("rep=3"), says("rep?", "3"), says("mode?", "4")]) as shutter:
        shutter.open_time = 0.25
        assert shutter.open_time == 0.25
        shutter.shut_time = 1.5
        assert shutter.shut_time == 1.5
        shutter.repeats = 3
        assert shutter.repeats == 3
        assert shutter.mode == "repeat"


@pytest.mark.parametrize(("quantity", "value"), [("open_time", 1000), ("shut_time", 0), ("repeats", 100)])
def test_values_outside_the_limits_send_nothing(quantity: str, value: float) -> None:
    with talk([]) as shutter, pytest.raises(LimitError, match=quantity):
        setattr(shutter, quantity, value)
