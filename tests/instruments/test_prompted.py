"""Echo, answer, prompt: what a driver of such a controller makes of every kind of answer."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest
from pymeasure.adapters.protocol import ProtocolAdapter
from pymeasure.test import expected_protocol
from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import BadAnswer, DeviceFault, DeviceTimeout, WrongModel
from antistokes.instruments.prompted import PromptedInstrument


class Terminal(PromptedInstrument):
    MODEL = "Maker Terminal"
    IDN_WORDS = ("TERM",)
    NAME_QUESTION = "id?"


OPENING = (b"id?\r", b"id?\rMAKER TERM 1.0\r>")


def talk(pairs: Sequence[tuple[Any, Any]]) -> AbstractContextManager[Terminal]:
    return expected_protocol(Terminal, [OPENING, *pairs], name="it", clock=VirtualClock())


@pytest.mark.parametrize(
    "answer",
    [
        b" pos?\r3\r>",  # the blank of the last prompt comes first
        b"pos?\r3\r>",
        b" > pos?\r3\r>",  # nobody had read a prompt
        b" pos?\r\n3\r\n>",
    ],
)
def test_the_answer_is_what_stands_between_echo_and_prompt(answer: bytes) -> None:
    with talk([(b"pos?\r", answer)]) as it:
        assert it.ask("pos?") == "3"


def test_a_setting_waits_for_the_prompt() -> None:
    with talk([(b"pos=3\r", b" pos=3\r>")]) as it:
        it.write("pos=3")


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\n\r"])
@pytest.mark.parametrize("word", [b"CMD_NOT_DEFINED", b"CMD_ARG_INVALID"])
def test_an_error_is_named_whatever_ends_its_line(word: bytes, end: bytes) -> None:
    with (
        talk([(b"pos=9\r", b" pos=9\rCommand error " + word + end + b">")]) as it,
        pytest.raises(DeviceFault, match=f"^it: 'pos=9': Command error {word.decode()}$"),
    ):
        it.write("pos=9")


@pytest.mark.parametrize("answer", [b" speed?\r1\r>", b" os?\r3\r>", b" 3\r>", b" pos?\r\xff\r>"])
def test_an_answer_to_something_else_is_refused_with_what_came(answer: bytes) -> None:
    with (
        talk([(b"pos?\r", answer)]) as it,
        pytest.raises(BadAnswer, match="'pos\\?' was answered by b'"),
    ):
        it.ask("pos?")


@pytest.mark.parametrize("answer", [b"", b"on", b"-1", b"1 2"])
def test_what_is_no_number_is_refused(answer: bytes) -> None:
    with talk([(b"pos?\r", b"pos?\r" + answer + b"\r>")] * 2) as it:
        with pytest.raises(BadAnswer, match="not a whole number"):
            it._whole("pos?")
        with pytest.raises(BadAnswer, match="neither 0 nor 1"):
            it._flag("pos?")


def test_a_device_that_does_not_stop_talking_is_given_up() -> None:
    with talk([(b"pos?\r", b"pos?\r" + b"3" * 2043)]) as it, pytest.raises(BadAnswer, match="without an end"):
        it.ask("pos?")


def test_another_controller_of_this_kind_is_named() -> None:
    pairs = [
        (b"id?\r", b"id?\rCommand error CMD_NOT_DEFINED\n\r>"),
        (b"*idn?\r", b"*idn?\rMAKER WHEEL\r>"),
    ]
    with (
        pytest.raises(WrongModel, match="Maker Terminal expected, but 'MAKER WHEEL' answers"),
        expected_protocol(Terminal, pairs, clock=VirtualClock()),
    ):
        pass


def test_half_a_line_of_an_earlier_user_is_got_over_at_opening() -> None:
    pairs = [(b"id?\r", b"spid?\rCommand error CMD_NOT_DEFINED\n\r>"), OPENING]
    with expected_protocol(Terminal, pairs, clock=VirtualClock()):
        pass


class HalfAdapter(ProtocolAdapter):
    """Falls silent where an answer has a NUL."""

    def _read_bytes(self, count: int, break_on_termchar: bool = False, **kwargs: Any) -> bytes:
        content: bytes = super()._read_bytes(count, break_on_termchar, **kwargs)
        if content == b"\0":
            raise VisaIOError(StatusCode.error_timeout)
        return content


def test_half_an_answer_ends_in_a_time_out_that_shows_it() -> None:
    adapter = HalfAdapter([OPENING, (b"pos?\r", b"pos?\r3\0")], {"timeout": 2000})
    it = Terminal(adapter, "it", clock=VirtualClock())
    with pytest.raises(DeviceTimeout) as error:
        it.ask("pos?")
    assert str(error.value) == r"it: no answer to 'pos?' within 2 s; received so far: b'pos?\r3'"
