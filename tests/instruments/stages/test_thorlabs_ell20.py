"""Conversations of the ELL20 driver, beside the ELLx protocol manual."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import DeviceFault, LimitError, WrongModel
from antistokes.instruments.stages.thorlabs_ell20 import ELL20Stage

INFORMATION = "0IN141200007720231701003C00000400"
OPENING = [("0in", INFORMATION), ("0in", INFORMATION)]
HOMING = ("0ho0", "0PO00000000")


def talk(pairs: Sequence[tuple[Any, Any]], opening: Any = OPENING) -> AbstractContextManager[ELL20Stage]:
    return expected_protocol(ELL20Stage, [*opening, *pairs], clock=VirtualClock(), name="stage")


def test_the_first_position_homes_and_pulses_are_those_the_stage_says() -> None:
    with talk([HOMING, ("0ma00007800", "0PO00007801"), ("0gp", "0PO00007801")]) as stage:
        stage.position = 30
        assert stage.position == pytest.approx(30.001, abs=1e-4)
    other = INFORMATION[:-8] + "00000800"
    with talk([HOMING, ("0ma0000F000", "0PO0000F000")], [("0in", other)] * 2) as stage:
        stage.position = 30


def test_a_stage_that_stops_on_its_way_is_a_fault() -> None:
    with (
        talk([HOMING, ("0ma00007800", "0PO00007000")]) as stage,
        pytest.raises(DeviceFault, match="28.000 mm"),
    ):
        stage.position = 30


@pytest.mark.parametrize("position", [-0.1, 60.1, float("nan")])
def test_a_position_out_of_range_is_refused_and_nothing_is_sent(position: float) -> None:
    with talk([]) as stage, pytest.raises(LimitError, match="stage: position"):
        stage.position = position


def test_another_module_is_refused() -> None:
    with (
        pytest.raises(WrongModel, match="Thorlabs ELL20 expected"),
        expected_protocol(ELL20Stage, [("0in", "0IN0E1140001220231701016800023000")], clock=VirtualClock()),
    ):
        pass
