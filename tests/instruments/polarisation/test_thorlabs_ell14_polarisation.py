"""Conversations of the driver of an ELL14 that turns the polarisation, beside the ELLx protocol manual."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError
from antistokes.instruments.polarisation.thorlabs_ell14_polarisation import ELL14Polarisation

INFORMATION = "0IN0E1140001220231701016800023000"
OPENING = [("0in", INFORMATION), ("0in", INFORMATION)]
HOMING = ("0ho0", "0PO00000000")


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[ELL14Polarisation]:
    settings = {"clock": VirtualClock(), "name": "rotator"} | settings
    return expected_protocol(ELL14Polarisation, [*OPENING, *pairs], **settings)


def test_the_plate_turns_by_half_the_angle_from_its_zero() -> None:
    # 22.5 + 10 deg and 45 + 10 deg of 143360 pulses a turn
    pairs = [HOMING, ("0ma0000328E", "0PO0000328E"), ("0ma0000558E", "0PO0000558E"), ("0gp", "0PO0000558E")]
    with talk(pairs, zero=10.0) as rotator:
        rotator.polarisation = 45
        rotator.polarisation = 90
        assert rotator.polarisation == pytest.approx(90, abs=0.01)


@pytest.mark.parametrize(("angle", "pulses"), [(0, "00000000"), (180, "00008C00"), (-90, "0000D200")])
def test_equal_angles_are_read_as_the_one_that_was_set(angle: float, pulses: str) -> None:
    with talk([HOMING, (f"0ma{pulses}", f"0PO{pulses}"), ("0gp", f"0PO{pulses}")]) as rotator:
        rotator.polarisation = angle
        assert rotator.polarisation == pytest.approx(angle, abs=1e-6)


def test_a_plate_that_stops_on_its_way_is_a_fault() -> None:
    with (
        talk([HOMING, ("0ma00004600", "0PO00004000")]) as rotator,
        pytest.raises(DeviceFault, match="on its way"),
    ):
        rotator.polarisation = 90


@pytest.mark.parametrize("angle", [-181, 361, float("nan")])
def test_an_angle_out_of_range_is_refused_and_nothing_is_sent(angle: float) -> None:
    with talk([]) as rotator, pytest.raises(LimitError, match="rotator: polarisation"):
        rotator.polarisation = angle


def test_a_mount_that_does_not_say_its_pulses_is_not_used() -> None:
    silent = "0IN0E1140001220231701016800000000"
    with (
        pytest.raises(BadAnswer, match="'in' was answered"),
        expected_protocol(ELL14Polarisation, [("0in", silent)] * 2, clock=VirtualClock()),
    ):
        pass
