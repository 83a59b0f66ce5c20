"""Conversations of the SolsTiS driver: JSON objects over TCP."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, ConnectionFailed, DeviceFault, LimitError, WrongModel
from antistokes.instruments.lasers.msquared_solstis import SolsTiS
from antistokes.instruments.roles import TunableLaser

pytestmark = pytest.mark.filterwarnings("ignore:Breaking on termination character")

STATUS = {
    "status": [0],
    "wavelength": [780.25],
    "etalon_lock": "on",
    "cavity_lock": "off",
    "output_monitor": [0.97],
}
Pair = tuple[bytes | None, bytes | None]


def ask(number: int, op: str, **parameters: Any) -> bytes:
    message: dict[str, Any] = {"transmission_id": [number], "op": op}
    if parameters:
        message["parameters"] = parameters
    return json.dumps({"message": message}).encode()


def say(number: int, op: str, **parameters: Any) -> bytes:
    message = {"transmission_id": [number], "op": op, "parameters": parameters}
    return json.dumps({"message": message}, separators=(",", ":")).encode()


OPENING: list[Pair] = [
    (ask(1, "start_link", ip_address="10.0.0.7"), say(1, "start_link_reply", status="ok")),
    (ask(2, "get_status"), say(2, "get_status_reply", **STATUS)),
    (ask(3, "get_status"), say(3, "get_status_reply", **STATUS)),
]


def talk(pairs: list[Pair], opening: list[Pair] = OPENING) -> AbstractContextManager[Any]:
    return expected_protocol(
        SolsTiS, [*opening, *pairs], name="laser", clock=VirtualClock(), client_address="10.0.0.7"
    )


def move(number: int, status: int, wavelength: float = 800.0) -> Pair:
    question = ask(number, "move_wave_t", wavelength=[wavelength], report="finished")
    return question, say(number, "move_wave_t_reply", status=[status])


def test_opening_links_and_tunes_nothing() -> None:
    with talk([]) as laser:
        assert (TunableLaser,) == laser.ROLES
        assert laser.wavelength_range == (700, 1000)


def test_the_wavelength_is_reported_when_it_is_there() -> None:
    status = say(5, "get_status_reply", **STATUS | {"wavelength": [800.02]})
    pairs = [move(4, 0), (None, say(4, "move_wave_t_f_r", report=[0])), (ask(5, "get_status"), status)]
    with talk(pairs) as laser:
        laser.wavelength = 800


def test_a_report_of_an_older_move_is_passed_over() -> None:
    status = say(5, "get_status_reply", **STATUS | {"wavelength": [800.02]})
    old, new = say(3, "move_wave_t_f_r", report=[1]), say(4, "move_wave_t_f_r", report=[0])
    with talk([move(4, 0), (None, old), (None, new), (ask(5, "get_status"), status)]) as laser:
        laser.wavelength = 800


@pytest.mark.parametrize(
    ("status", "words"), [(1, "command failed"), (2, "out of its range"), (7, "status 7")]
)
def test_a_refused_tuning_is_named(status: int, words: str) -> None:
    with (
        talk([move(4, status)]) as laser,
        pytest.raises(DeviceFault, match=rf"^laser: wavelength = 800 nm: {words}"),
    ):
        laser.wavelength = 800


def test_a_failed_tuning_is_named() -> None:
    with (
        talk([move(4, 0), (None, say(4, "move_wave_t_f_r", report=[1]))]) as laser,
        pytest.raises(DeviceFault, match="the tuning to 800 nm has failed"),
    ):
        laser.wavelength = 800


def test_a_tuning_that_ends_elsewhere_is_named() -> None:
    status = say(5, "get_status_reply", **STATUS)
    pairs = [move(4, 0), (None, say(4, "move_wave_t_f_r", report=[0])), (ask(5, "get_status"), status)]
    with (
        talk(pairs) as laser,
        pytest.raises(DeviceFault, match=r"tuned to 780\.250 nm instead of 800\.000 nm"),
    ):
        laser.wavelength = 800


def test_objects_back_to_back_in_pieces_and_with_braces_in_their_strings() -> None:
    answer = say(4, "get_status_reply", **STATUS, note='a "}" {')
    pairs = [
        (ask(4, "get_status"), say(2, "ping_reply") + answer[:30]),
        (None, answer[30:-20]),
        (None, answer[-20:] + say(5, "get_status_reply", **STATUS | {"wavelength": [790.5]})),
        (ask(5, "get_status"), None),
    ]
    with talk(pairs) as laser:
        assert laser.wavelength == 780.25
        assert laser.wavelength == 790.5


@pytest.mark.parametrize(("error", "words"), [(7, "an unknown operation"), (42, "error 42")])
def test_what_the_laser_does_not_understand_is_named(error: int, words: str) -> None:
    answer = say(4, "parse_fail", transmission=[4], protocol_error=[error])
    with (
        talk([(ask(4, "get_status"), answer)]) as laser,
        pytest.raises(DeviceFault, match=rf"'get_status' was not understood: {words}"),
    ):
        _ = laser.etalon_lock


@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b'{"message":{"op":"x"}}',
        b"{nonsense}",
        say(4, "get_status_reply", status=[0], wavelength=["x"]),
    ],
)
def test_an_answer_without_its_parts_is_refused(answer: bytes) -> None:
    with talk([(ask(4, "get_status"), answer)]) as laser, pytest.raises(BadAnswer, match="^laser: "):
        _ = laser.wavelength


def test_answers_to_other_questions_for_ever_are_refused() -> None:
    pairs: list[Pair] = [(ask(4, "get_status"), say(1, "get_status_reply", **STATUS) * 16)]
    with talk(pairs) as laser, pytest.raises(BadAnswer, match="16 messages to other questions"):
        _ = laser.wavelength


def test_another_icebloc_is_refused_with_both_names() -> None:
    status = {"status": [0], "wavelength": [780.0], "pump": "on"}
    opening = [OPENING[0]] + [(ask(n, "get_status"), say(n, "get_status_reply", **status)) for n in (2, 3)]
    with (
        pytest.raises(WrongModel, match="SolsTiS expected, but 'ICE-BLOC with pump, status, wavelength'"),
        talk([], opening),
    ):
        pass


def test_something_that_speaks_json_but_not_this_is_refused() -> None:
    with (
        pytest.raises(WrongModel, match="SolsTiS expected, but on .* answered by b'{\"error\":1}'"),
        talk([], [(OPENING[0][0], b'{"error":1}')]),
    ):
        pass


def test_a_refused_link_says_what_to_do() -> None:
    with (
        pytest.raises(ConnectionFailed, match=r"refuses a link from 10\.0\.0\.7 .*client_address"),
        talk([], [(OPENING[0][0], say(1, "start_link_reply", status="failed"))]),
    ):
        pass


def test_limits_are_refused_and_nothing_is_sent() -> None:
    with talk([]) as laser:
        for value in (699.9, 1000.1, float("nan")):
            with pytest.raises(LimitError):
                laser.wavelength = value


def test_make_safe_stops_a_tuning() -> None:
    with talk([(ask(4, "stop_move_wave_t"), say(4, "stop_move_wave_t_reply", status=[0]))]) as laser:
        laser.make_safe()


def test_stopping_a_tuning_is_tried_twice() -> None:
    refused = say(4, "parse_fail", protocol_error=[1])
    done = say(5, "stop_move_wave_t_reply", status=[0])
    with talk([(ask(4, "stop_move_wave_t"), refused), (ask(5, "stop_move_wave_t"), done)]) as laser:
        laser.make_safe()
