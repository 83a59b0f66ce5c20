"""Conversations of the ELL9 driver, beside the ELLx protocol manual."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, LimitError, Refused, WrongModel
from antistokes.instruments.roles import SampleHolder
from antistokes.instruments.sample_holders.thorlabs_ell9 import ELL9SampleHolder

INFORMATION = "0IN0910900034202317010 05D00000001".replace(" ", "")
OPENING = [("0in", INFORMATION), ("0in", INFORMATION)]
HOMING = ("0ho0", "0PO00000000")


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[ELL9SampleHolder]:
    settings = {"clock": VirtualClock(), "name": "holder"} | settings
    return expected_protocol(ELL9SampleHolder, [*OPENING, *pairs], **settings)


def test_opening_does_not_move_it() -> None:
    with talk([]) as holder:
        assert SampleHolder in holder.ROLES
        assert (holder.serial_number, holder.slots, holder.homed) == ("10900034", 4, False)


def test_the_first_slot_homes_it_and_slots_are_31_mm_apart() -> None:
    pairs = [HOMING, ("0ma0000003E", "0PO0000003E"), ("0ma0000001F", "0PO0000001E"), ("0gp", "0PO0000001F")]
    with talk(pairs) as holder:
        holder.slot = 3
        holder.slot = 2
        assert holder.slot == 2


@pytest.mark.parametrize("position", ["00000011", "0000007C", "FFFFFFE1"])
def test_a_slider_at_no_slot_is_a_fault(position: str) -> None:
    with (
        talk([("0gp", f"0PO{position}")]) as holder,
        pytest.raises(DeviceFault, match="at none of its 4 slots"),
    ):
        _ = holder.slot


def test_a_move_that_ends_at_another_slot_is_a_fault() -> None:
    with (
        talk([HOMING, ("0ma0000005D", "0PO0000003E")]) as holder,
        pytest.raises(DeviceFault, match="stands at slot 3 when it should be at 4"),
    ):
        holder.slot = 4


@pytest.mark.parametrize("slot", [0, 5, float("nan")])
def test_a_slot_it_does_not_have_is_refused_and_nothing_is_sent(slot: float) -> None:
    with talk([]) as holder, pytest.raises(LimitError, match="holder: slot"):
        holder.slot = slot


def test_half_a_slot_is_refused() -> None:
    with talk([]) as holder, pytest.raises(Refused, match="whole number"):
        holder.slot = 1.5


def test_slots_have_names() -> None:
    with talk([], names=("empty", "sample")) as holder:
        assert holder.names == ("empty", "sample", "3", "4")
    for wrong in (("a", "a"), ("a", "b", "c", "d", "e")):
        with (
            pytest.raises(Refused, match="all different"),
            expected_protocol(ELL9SampleHolder, [], names=wrong),
        ):
            pass


def test_another_module_is_refused() -> None:
    with (
        pytest.raises(WrongModel, match="Thorlabs ELL9 expected"),
        expected_protocol(
            ELL9SampleHolder, [("0in", "0IN0E1140001220231701016800023000")], clock=VirtualClock()
        ),
    ):
        pass
