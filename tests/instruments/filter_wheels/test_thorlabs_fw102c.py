"""Conversations of the FW102C driver, beside the command table of the manual."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, LimitError, Refused
from antistokes.instruments.filter_wheels.thorlabs_fw102c import FW102CFilterWheel
from antistokes.instruments.roles import FilterWheel


def says(command: str, answer: str = "") -> tuple[bytes, bytes]:
    text = f"{command}\r{answer}\r" if answer else f"{command}\r"
    return f"{command}\r".encode(), f" {text}>".encode()


NAME = says("*idn?", "THORLABS FW102C/FW212C Filter Wheel version 1.07")


def talk(pairs: Sequence[tuple[Any, Any]], count: int = 6) -> AbstractContextManager[FW102CFilterWheel]:
    opening = [NAME, says("pcount?", str(count)), says("sensors=0")]
    return expected_protocol(FW102CFilterWheel, [*opening, *pairs], name="wheel", clock=VirtualClock())


def test_opening_reads_the_wheel_and_leaves_it_where_it_is() -> None:
    with talk([says("pos?", "4")]) as wheel:
        assert FilterWheel in wheel.ROLES
        assert wheel.slots == 6
        assert wheel.slot == 4


def test_a_wheel_without_filters_is_refused() -> None:
    with pytest.raises(BadAnswer, match="not 6 or 12"), talk([], count=0):
        pass


@pytest.mark.parametrize(
    ("count", "start", "target", "fast", "seconds"),
    [(6, 1, 4, 1, 3.3), (6, 1, 6, 1, 1.3), (6, 1, 2, 0, 0.3 + 7 / 3), (12, 1, 11, 1, 1.3)],
)
def test_a_move_is_given_the_time_of_its_shorter_way(
    count: int, start: int, target: int, fast: int, seconds: float
) -> None:
    pairs = [
        says("pos?", str(start)),
        says("speed?", str(fast)),
        says(f"pos={target}"),
        says("pos?", str(target)),
    ]
    with talk(pairs, count) as wheel:
        wheel.slot = target
        assert wheel.clock.now() == pytest.approx(seconds)


def test_a_wheel_that_is_there_is_not_moved() -> None:
    with talk([says("pos?", "3")]) as wheel:
        wheel.slot = 3


def test_it_waits_until_the_wheel_says_so() -> None:
    late = [says("pos?", "1"), says("pos?", "1"), says("pos?", "2")]
    with talk([says("pos?", "1"), says("speed?", "1"), says("pos=2"), *late]) as wheel:
        wheel.slot = 2


@pytest.mark.parametrize("slot", [0, 7, float("nan")])
def test_a_slot_it_has_not_sends_nothing(slot: float) -> None:
    with talk([]) as wheel, pytest.raises(LimitError, match="wheel: slot"):
        wheel.slot = slot  # type: ignore[assignment]


def test_half_a_slot_is_refused() -> None:
    with talk([]) as wheel, pytest.raises(Refused, match="whole number"):
        wheel.slot = 2.5  # type: ignore[assignment]


def test_make_safe_sends_nothing() -> None:
    with talk([]) as wheel:
        wheel.make_safe()


def test_speed_and_sensors() -> None:
    pairs = [says("speed=0"), says("speed?", "0"), says("sensors=1"), says("sensors?", "1")]
    with talk(pairs) as wheel:
        wheel.fast = False
        assert wheel.fast is False
        wheel.sensors_always_on = True
        assert wheel.sensors_always_on is True
