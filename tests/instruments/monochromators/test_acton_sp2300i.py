"""Conversations of the SP-2300i driver, beside the command list of the manual."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, cast

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, LimitError, Refused, WrongModel
from antistokes.instruments.monochromators.acton_sp2300i import ActonSP2300i
from antistokes.instruments.roles import Monochromator

GRATINGS = (
    "\r\n\x1a1 1200 g/mm BLZ=  500NM \r\n 2  300 g/mm BLZ=  1.0UM \r\n 3  Not Installed     \r\n"
    " 4  600 g/mm BLZ=  500NM \r\n 5  Mirror \r\n 6  Not Installed     \r\n ok"
)
OPENING = [
    ("MODEL", " SP-2-300i  ok"),
    ("SERIAL", " 29012345  ok"),
    ("MONO-STOP", " ok"),
    ("?GRATINGS", GRATINGS),
    ("?GRATING", " 1  ok"),
]


def talk(pairs: Sequence[tuple[Any, Any]], **settings: Any) -> AbstractContextManager[ActonSP2300i]:
    settings = {"clock": VirtualClock(), "name": "mono"} | settings
    return expected_protocol(ActonSP2300i, [*OPENING, *pairs], **settings)


def test_opening_reads_the_gratings_and_moves_nothing() -> None:
    with talk([]) as mono:
        assert Monochromator in mono.ROLES
        assert mono.serial_number == "29012345"
        assert mono.gratings == {
            "1": "1200 g/mm BLZ= 500NM",
            "2": "300 g/mm BLZ= 1.0UM",
            "4": "600 g/mm BLZ= 500NM",
            "5": "Mirror",
        }
        assert mono.wavelength_range == (0, 1400)


def test_an_echo_is_taken_off() -> None:
    echoed = [(command, command + answer) for command, answer in OPENING]
    pairs = [*echoed, ("?NM", "?NM 500.000 nm  ok")]
    with expected_protocol(ActonSP2300i, pairs, clock=VirtualClock()) as mono:
        assert mono.wavelength == 500


def test_another_model_is_refused_by_name() -> None:
    pairs = [("MODEL", " SP-2-150i  ok")]
    with (
        pytest.raises(WrongModel, match="Acton SP-2300i expected, but 'SP-2-150i' answers"),
        expected_protocol(ActonSP2300i, pairs),
    ):
        pass


def test_noise_before_the_first_question_is_forgiven() -> None:
    with expected_protocol(ActonSP2300i, [("MODEL", " X~MODEL ? "), *OPENING], clock=VirtualClock()) as mono:
        assert mono.serial_number == "29012345"


def test_a_wavelength_is_read_back_after_arrival() -> None:
    with talk([("546.070 GOTO", " ok"), ("?NM", " 546.070 nm  ok")]) as mono:
        mono.wavelength = 546.07


def test_a_grating_that_stops_elsewhere_is_a_fault() -> None:
    with (
        talk([("546.070 GOTO", " ok"), ("?NM", " 540.000 nm  ok")]) as mono,
        pytest.raises(DeviceFault, match="^mono: stands at 540 nm when it should be at 546.07 nm"),
    ):
        mono.wavelength = 546.07


@pytest.mark.parametrize("wavelength", [-1, 1400.1, float("nan")])
def test_a_wavelength_out_of_reach_sends_nothing(wavelength: float) -> None:
    with talk([]) as mono, pytest.raises(LimitError, match="mono: wavelength = .* nm"):
        mono.wavelength = wavelength


def test_the_reach_changes_with_the_grating() -> None:
    pairs = [("?TURRET", " 1  ok"), ("2 GRATING", " ok"), ("?GRATING", " 2  ok")]
    with talk(pairs) as mono:
        mono.grating = 2
        assert mono.wavelength_range == (0, 5600)


def test_a_narrowed_limit_holds_for_every_grating() -> None:
    with talk([]) as mono:
        mono.narrow_limit("wavelength", 300, 900)
        assert mono.wavelength_range == (300, 900)
        with pytest.raises(LimitError):
            mono.wavelength = 950


@pytest.mark.parametrize("number", [3, 4])
def test_a_grating_that_is_not_on_the_turret_is_refused(number: int) -> None:
    with (
        talk([("?TURRET", " 1  ok")]) as mono,
        pytest.raises(Refused, match=f"grating = {number}: turret 1 has 1, 2"),
    ):
        mono.grating = number


def test_a_grating_that_was_not_taken_is_a_fault() -> None:
    pairs = [("?TURRET", " 1  ok"), ("2 GRATING", " ok"), ("?GRATING", " 1  ok")]
    with talk(pairs) as mono:
        with pytest.raises(DeviceFault, match="grating 1 in the beam when it should be 2"):
            mono.grating = 2
        assert mono.wavelength_range == (0, 1400)


def test_a_turret_is_followed_by_its_first_grating(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [("2 TURRET", " ok"), ("?TURRET", " 2  ok"), ("4 GRATING", " ok"), ("?GRATING", " 4  ok")]
    with talk(pairs) as mono:
        exchange, outside = mono._exchange, []

        def watched(command: str, patience: float = 0.0) -> str:
            if not cast(Any, mono.lock)._is_owned():
                outside.append(command)
            return exchange(command, patience)

        monkeypatch.setattr(mono, "_exchange", watched)
        mono.turret = 2
        assert mono.wavelength_range == (0, 2800)
        assert outside == []


def test_a_turret_without_gratings_is_refused() -> None:
    with talk([]) as mono, pytest.raises(Refused, match="turret = 3: no grating"):
        mono.turret = 3


def test_slits() -> None:
    pairs = [
        ("SIDE-ENT-SLIT ?MICRONS", " 480 um  ok"),
        ("FRONT-EXIT-SLIT ?MICRONS", " 500 um  ok"),
        ("FRONT-EXIT-SLIT 250 MICRONS", " ok"),
    ]
    with talk(pairs, exit_port="front") as mono:
        assert mono.entrance_slit == 480
        mono.exit_slit = 250


@pytest.mark.parametrize("slit", ["entrance_slit", "exit_slit"])
def test_a_width_is_rounded_before_it_is_checked(slit: str) -> None:
    with talk([]) as mono:
        mono.narrow_limit(slit, 10, 99.6)
        with pytest.raises(LimitError, match=f"mono: {slit} = 100 µm"):
            setattr(mono, slit, 99.6)


def test_a_slit_without_motor() -> None:
    pairs = [("SIDE-EXIT-SLIT ?MICRONS", " no motor  ok")]
    with talk(pairs) as mono, pytest.raises(DeviceFault, match="^mono: its exit slit has no motor"):
        mono.exit_slit = 100


def test_the_snapshot_says_which_slits_are_set_by_hand() -> None:
    pairs = [
        ("SIDE-ENT-SLIT ?MICRONS", " 480 um  ok"),
        ("SIDE-EXIT-SLIT ?MICRONS", " no motor  ok"),
        ("?NM", " 500.000 nm  ok"),
        ("?GRATING", " 1  ok"),
        ("?TURRET", " 1  ok"),
        ("EXIT-MIRROR ?MIRROR", " side  ok"),
    ]
    with talk(pairs) as mono:
        snapshot = mono.snapshot()
        assert (snapshot["entrance_slit"], snapshot["exit_slit"]) == (480, "no motor")
        assert snapshot["exit_mirror"] == "side"


def test_the_exit_mirror() -> None:
    with talk([("EXIT-MIRROR FRONT", " ok"), ("EXIT-MIRROR SIDE", " no motor  ok")]) as mono:
        mono.exit_mirror = "front"
        with pytest.raises(DeviceFault, match="'EXIT-MIRROR SIDE' was refused: no motor"):
            mono.exit_mirror = "side"
        with pytest.raises(Refused, match="must be 'side' or 'front'"):
            mono.exit_mirror = "up"


def test_a_refused_word_is_a_fault() -> None:
    with talk([("?NM", " ?NM ? ")]) as mono, pytest.raises(DeviceFault, match=r"'\?NM' was refused"):
        _ = mono.wavelength


@pytest.mark.parametrize("answer", [" 1  ok", " 500.0 nm x  ok", "?GRATING 1  ok", " ok", "\x1a nm  ok"])
def test_an_answer_to_something_else_is_no_wavelength(answer: str) -> None:
    with talk([("?NM", answer)]) as mono, pytest.raises(BadAnswer, match=r"mono: '\?NM' was answered by"):
        _ = mono.wavelength


def test_a_setting_that_is_answered_by_a_value_is_noticed() -> None:
    with talk([("500.000 GOTO", " 480 um  ok")]) as mono, pytest.raises(BadAnswer, match="'500.000 GOTO'"):
        mono.wavelength = 500


def test_an_answer_without_end_is_no_endless_story() -> None:
    pairs = [("?NM", "a"), *[(None, "b")] * 199]
    with talk(pairs) as mono, pytest.raises(BadAnswer):
        _ = mono.wavelength


def test_make_safe_stops_a_scan() -> None:
    with talk([("MONO-STOP", " ok"), ("MONO-STOP", " ok")]) as mono:
        mono.make_safe()
        mono.make_safe()
