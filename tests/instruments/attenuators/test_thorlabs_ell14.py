"""Conversations of the ELL14 driver, beside the ELLx protocol manual."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.adapters.protocol import ProtocolAdapter
from pymeasure.test import expected_protocol
from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError

from antistokes.instruments.attenuators.thorlabs_ell14 import ELL14Attenuator
from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import (
    BadAnswer,
    DeviceFault,
    DeviceTimeout,
    LimitError,
    Refused,
    WrongModel,
)
from antistokes.instruments.roles import Attenuator

INFORMATION = "0IN0E1140001220231701016800023000"
OPENING = [("0in", INFORMATION), ("0in", INFORMATION)]
HOMING = ("0ho0", "0PO00000000")


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[ELL14Attenuator]:
    settings = {"clock": VirtualClock(), "name": "attenuator"} | settings
    return expected_protocol(ELL14Attenuator, [*OPENING, *pairs], **settings)


def test_opening_reads_the_mount_and_does_not_move_it() -> None:
    with talk([]) as plate:
        assert Attenuator in plate.ROLES
        assert plate.serial_number == "11400012"
        assert (plate.position_unit, plate.position_range) == ("deg", (0.0, 90.0))


@pytest.mark.parametrize("answer", ["0IN141140001220231701003C00000400", "0IN060000000020150000001F00000001"])
def test_another_model_is_refused(answer: str) -> None:
    with (
        pytest.raises(WrongModel, match="Thorlabs ELL14 expected"),
        expected_protocol(ELL14Attenuator, [("0in", answer)], clock=VirtualClock()),
    ):
        pass


def test_the_first_position_homes_then_moves_by_pulses() -> None:
    pairs = [HOMING, ("0ma00004600", "0PO000045FF "), ("0ma00002300", "0PO00002301"), ("0gp", "0PO00002301")]
    with talk(pairs) as plate:
        plate.position = 45
        plate.position = 22.5
        assert plate.position == pytest.approx(22.5, abs=0.01)


def test_positions_are_twos_complement() -> None:
    with talk([("0gp", "0POFFFFFFFE")]) as plate:
        assert plate.position == pytest.approx(-2 * 360 / 143360)


def test_another_address() -> None:
    information = "A" + INFORMATION[1:]
    pairs = [("Ain", information), ("Ain", information), ("Agp", "APO00000000")]
    with expected_protocol(ELL14Attenuator, pairs, clock=VirtualClock(), address="a") as plate:
        assert plate.position == 0


@pytest.mark.parametrize("address", ["G", "10", "", "-"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="hexadecimal"), expected_protocol(ELL14Attenuator, [], address=address):
        pass


@pytest.mark.parametrize("angle", [-1, 361, float("nan")])
def test_a_position_outside_the_limits_sends_nothing(angle: float) -> None:
    with talk([]) as plate, pytest.raises(LimitError, match="attenuator: position"):
        plate.position = angle


def test_a_velocity_outside_the_limits_sends_nothing() -> None:
    with talk([]) as plate, pytest.raises(LimitError, match="velocity"):
        plate.velocity = 5


def test_velocity() -> None:
    with talk([("0sv32", "0GS00"), ("0gv", "0GV32")]) as plate:
        plate.velocity = 50
        assert plate.velocity == 50


def test_busy_and_button_messages_and_other_mounts_are_passed_over_on_the_way() -> None:
    pairs = [
        ("0ho0", "0GS09"),
        (None, "0BS01"),
        (None, "1PO00001000"),
        (None, "0BO00000010"),
        (None, "0PO00000000"),
        ("0ma00004600", "0GS09"),
        (None, "0PO00004600"),
    ]
    with talk(pairs) as plate:
        plate.position = 45


def test_a_question_waits_while_the_mount_is_busy() -> None:
    clock = VirtualClock()
    with talk([("0gp", "0GS09"), ("0gp", "0GS09"), ("0gp", "0PO00004600")], clock=clock) as plate:
        assert plate.position == 45
        assert clock.now() == pytest.approx(0.2)


def test_a_mount_that_stays_busy_is_given_up() -> None:
    with talk([("0gp", "0GS09")] * 301, clock=VirtualClock()) as plate:
        with pytest.raises(DeviceFault, match="busy"):
            _ = plate.position
        assert plate.clock.now() >= 30


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("01", "communication time-out"),
        ("02", "mechanical time-out"),
        ("03", "not supported"),
        ("04", "value out of range"),
        ("05", "isolated"),
        ("06", "out of isolation"),
        ("07", "initialisation"),
        ("08", "too hot"),
        ("0A", "sensor"),
        ("0B", "motor"),
        ("0C", "out of its range"),
        ("0D", "over-current"),
        ("7F", "status 7F"),
    ],
)
def test_a_fault_is_named_and_cleared_by_asking_once_more(status: str, text: str) -> None:
    with talk([("0ho0", f"0GS{status}"), ("0gs", f"0GS{status}")]) as plate:
        with pytest.raises(DeviceFault, match=f"attenuator: 'ho': .*{text}"):
            plate.home()
        assert not plate.homed


def test_a_mount_that_stops_elsewhere_is_a_fault() -> None:
    with (
        talk([HOMING, ("0ma00004600", "0PO00003000")]) as plate,
        pytest.raises(DeviceFault, match=r"30\.86 deg on its way to 45\.00"),
    ):
        plate.position = 45


def test_a_lost_answer_is_replaced_by_the_position() -> None:
    with talk([HOMING, ("0ma00004600", "0GS00"), ("0gp", "0PO00004600")]) as plate:
        plate.position = 45


class LateAdapter(ProtocolAdapter):
    """Reading the word LATE times out."""

    def _read(self, **kwargs: Any) -> str:
        text: str = super()._read(**kwargs)
        if text == "LATE":
            raise VisaIOError(StatusCode.error_timeout)
        return text


def test_a_late_end_of_a_move_leaves_no_answer_behind() -> None:
    pairs = [*OPENING, ("0ho0", "LATE"), ("0gs", "0PO00000000"), ("0gp", "0PO00000000")]
    adapter = LateAdapter(pairs, {"timeout": 5000})
    plate = ELL14Attenuator(adapter, clock=VirtualClock())
    adapter.connection.flush.reset_mock()
    plate.home()
    assert plate.position == 0
    adapter.connection.flush.assert_called()


def test_a_mount_that_does_not_answer_at_all_is_given_up_soon() -> None:
    pairs = [*OPENING, ("0ho0", "LATE"), ("0gs", "LATE")]
    plate = ELL14Attenuator(LateAdapter(pairs, {"timeout": 5000}), clock=VirtualClock())
    with pytest.raises(DeviceTimeout):
        plate.home()


@pytest.mark.parametrize("answer", ["", "rubbish", "0PO0000", "0POXXXXXXXX", "0GV32", "0GS0"])
def test_an_answer_that_cannot_be_one_is_refused(answer: str) -> None:
    with talk([("0gp", answer)]) as plate, pytest.raises(BadAnswer):
        _ = plate.position


def test_make_safe_stops_and_waits_until_it_stands() -> None:
    pairs = [("0st", None), ("0gs", "0GS09"), ("0gs", "0GS00"), ("0st", None), ("0gs", "0GS03")]
    with talk(pairs) as plate:
        plate.make_safe()
        plate.make_safe()


def test_make_safe_reports_a_mount_that_moves_on() -> None:
    with (
        talk([("0st", None), *[("0gs", "0GS09")] * 20]) as plate,
        pytest.raises(DeviceFault, match="still moves"),
    ):
        plate.make_safe()


def test_the_range_it_is_used_in_must_be_allowed() -> None:
    with talk([], position_range=[10, 60]) as plate:
        assert plate.position_range == (10, 60)
    with (
        pytest.raises(LimitError),
        expected_protocol(ELL14Attenuator, OPENING[:1], clock=VirtualClock(), position_range=(0, 400)),
    ):
        pass
