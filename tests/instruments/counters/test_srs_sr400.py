"""Conversations of the SR400 driver, beside the manual's command list."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.counters.srs_sr400 import SR400
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, OverRange, Refused, WrongModel
from antistokes.instruments.roles import GatedCounter

INPUTS = [("CI 0", "1"), ("CI 1", "2"), ("CI 2", "0")]
WHO = [("", None), ("SW 0", None), *INPUTS, ("CM", "0"), ("CP 2", "1E7")]
SET = ("SS 7", "0")
OPENING = [*WHO, ("DL 2", "-0.01"), ("SS", "129"), ("CR;CM 0;CI 0,1;CI 2,0;NP 1;NE 0;DM 0,0", None), SET]
BEGIN = [("CP 2", "5E6"), ("CR;SS;CS", "2")]


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[SR400]:
    settings = {"clock": VirtualClock(), "name": "counter"} | settings
    return expected_protocol(SR400, [*OPENING, *pairs], **settings)


def test_opening_ends_the_slow_answers_first_and_forgets_old_errors() -> None:
    with talk([]) as counter:
        assert GatedCounter in counter.ROLES
        assert counter.exposure_limits == (1e-6, 9e4)


def test_it_is_known_by_its_counters() -> None:
    with talk(INPUTS) as counter:
        assert counter.identity() == "SR400 1,2,0"


@pytest.mark.parametrize("answer", ["9", "ERROR", "NKT,SuperK", "1.0"])
def test_another_model_is_refused(answer: str) -> None:
    pairs = [("", None), ("SW 0", None), ("CI 0", answer), *[(None, "?")] * 15]
    with (
        pytest.raises(WrongModel, match=f"SRS SR400 expected on .*'CI 0' was answered by '{answer}', '\\?'"),
        expected_protocol(SR400, pairs),
    ):
        pass


def test_an_echo_is_named_with_its_cure() -> None:
    pairs = [("", None), ("SW 0", None), ("CI 0", ""), (None, "OK>SW 0"), *[(None, "OK>")] * 14]
    with (
        pytest.raises(DeviceFault, match="echoes: set RS-232 ECHO to OFF in its COM menu"),
        expected_protocol(SR400, pairs),
    ):
        pass


@pytest.mark.parametrize(
    ("seconds", "sent"),
    [(1e-6, "1E1"), (2e-6, "2E1"), (1e-3, "1E4"), (0.05, "5E5"), (0.3, "3E6"), (1.0, "1E7"), (9e4, "9E11")],
)
def test_exposures_of_one_digit(seconds: float, sent: str) -> None:
    with talk([(f"CP 2,{sent}", None), SET, ("CP 2", sent)]) as counter:
        counter.exposure = seconds
        assert counter.exposure == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("seconds", "near"),
    [(0.25, "0.2 s and 0.3 s"), (1.5, "1 s and 2 s"), (0.0101, "0.01 s and 0.02 s"), (0.95, "0.9 s and 1 s")],
)
def test_other_exposures_are_refused_with_the_nearest(seconds: float, near: str) -> None:
    with talk([]) as counter, pytest.raises(Refused, match=f"exposure = {seconds} s: .* nearest are {near}"):
        counter.exposure = seconds


def test_presets_begin_at_ten_cycles() -> None:
    with talk([]) as counter, pytest.raises(LimitError, match="exposure = 9e-07 s"):
        counter.exposure = 9e-7


def test_the_gate() -> None:
    pairs = [("GD 0,1.2e-06", None), SET, ("GW 0,1e-05", None), SET, ("GM 0,1", None), SET]
    reading = [("GM 0", "1"), ("GD 0", "1.2E-6"), ("GW 0", "9.992E-6")]
    with talk([*pairs, *reading, ("GM 0,0", None), SET, ("GM 0", "0")]) as counter:
        counter.gate = (1.2e-6, 1e-5)
        assert counter.gate == (1.2e-6, 9.992e-6)
        counter.gate = None
        assert counter.gate is None


@pytest.mark.parametrize("gate", [(-1e-9, 1e-6), (1.0, 1e-6), (0.0, 1e-9), (0.0, 1.0), (float("nan"), 1e-6)])
def test_a_gate_outside_the_limits_sends_nothing(gate: tuple[float, float]) -> None:
    with talk([]) as counter, pytest.raises(LimitError, match="counter: gate_"):
        counter.gate = gate


def test_levels() -> None:
    pairs = [
        ("DL 0,-0.0125", None),
        SET,
        ("DL 0", "-0.0124"),
        ("TL 1.000", None),
        SET,
        ("TL", "1"),
        ("DS 0,1", None),
        SET,
        ("DS 0", "1"),
        ("TS 0", None),
        SET,
        ("TS", "0"),
    ]
    with talk(pairs) as counter:
        counter.discriminator_level = -0.0125
        assert counter.discriminator_level == -0.0124
        counter.trigger_level = 1
        assert counter.trigger_level == 1
        counter.discriminator_falling = True
        assert counter.discriminator_falling
        counter.trigger_falling = False
        assert not counter.trigger_falling


def test_a_setting_that_is_not_understood_is_a_fault_at_once() -> None:
    with (
        talk([("TL 1.000", None), ("SS 7", "1")]) as counter,
        pytest.raises(DeviceFault, match="^counter: 'TL 1.000' was refused"),
    ):
        counter.trigger_level = 1


def test_a_count_lasts_its_exposure_and_waits_for_the_data() -> None:
    with talk([*BEGIN, ("SS", "0"), ("SS", "6"), ("QA", "1234")]) as counter:
        before = counter.clock.now()
        assert counter.count() == 1234
        assert counter.clock.now() - before == pytest.approx(0.51)


def test_an_overflow_is_no_number() -> None:
    with (
        talk([*BEGIN, ("SS", "10"), ("QA", "17")]) as counter,
        pytest.raises(OverRange, match="999999999 counts in 0.5 s"),
    ):
        counter.count()


def test_what_happened_while_it_waited_is_not_forgotten() -> None:
    with talk([*BEGIN, ("SS", "8"), ("SS", "2"), ("QA", "17")]) as counter, pytest.raises(OverRange):
        counter.count()


def test_missed_gates_are_a_fault_where_there_is_a_gate() -> None:
    pairs = [*BEGIN, ("SS", "18"), ("QA", "17")]
    with talk([*pairs, ("GM 0", "1"), *pairs, ("GM 0", "0")]) as counter:
        with pytest.raises(DeviceFault, match="gates were missed"):
            counter.count()
        assert counter.count() == 17


@pytest.mark.parametrize(
    ("bit", "problem"), [(1, "changed at its front panel"), (32, "recalled"), (128, "not understand")]
)
def test_what_makes_counts_worthless_is_a_fault(bit: int, problem: str) -> None:
    with talk([*BEGIN, ("SS", str(bit | 2))]) as counter, pytest.raises(DeviceFault, match=problem):
        counter.count()


def test_what_was_changed_between_two_counts_is_a_fault() -> None:
    with (
        talk([("CP 2", "5E6"), ("CR;SS;CS", "3")]) as counter,
        pytest.raises(DeviceFault, match="front panel"),
    ):
        counter.count()


def test_a_count_that_does_not_end_is_a_fault() -> None:
    with (
        talk([*BEGIN, *[("SS", "0")] * 202]) as counter,
        pytest.raises(DeviceFault, match="has not counted 0.5 s 2 s after their end"),
    ):
        counter.count()


def test_a_count_that_is_gone_is_a_fault() -> None:
    with talk([*BEGIN, ("SS", "2"), ("QA", "-1")]) as counter, pytest.raises(DeviceFault, match="lost"):
        counter.count()


@pytest.mark.parametrize("answer", ["12.5", "1E3", "", "OK>"])
def test_what_is_no_whole_number_is_no_count(answer: str) -> None:
    with (
        talk([*BEGIN, ("SS", "2"), ("QA", answer)]) as counter,
        pytest.raises(BadAnswer, match="^counter: 'QA' was answered by"),
    ):
        counter.count()


def test_make_safe_stops_counting() -> None:
    with talk([("CR", None), ("CR", None)]) as counter:
        counter.make_safe()
        counter.make_safe()
