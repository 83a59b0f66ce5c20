"""Conversations of the DG645 driver, as public drivers have them."""

from contextlib import AbstractContextManager
from typing import Any, cast

import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.errors import (
    BadAnswer,
    ConnectionFailed,
    DeviceFault,
    LimitError,
    WrongModel,
)
from antistokes.instruments.pulse_generators.srs_dg645 import DG645
from antistokes.instruments.roles import PulseGenerator

IDENTITY = ("*IDN?", "Stanford Research Systems,DG645,s/n001776,ver1.14.10E")
OPENING = [("LERR?", "0"), IDENTITY, ("*CLS", None)]
NO_ERROR = ("LERR?", "0")
ON: list[tuple[Any, Any]] = [
    ("BURM 0", None),
    ("ADVT 0", None),
    ("LPOL 1,1", None),
    NO_ERROR,
    ("TSRC 0", None),
    NO_ERROR,
]
OFF: list[tuple[Any, Any]] = [("TSRC 5", None), ("BURM 0", None), ("TSRC?", "5"), ("BURM?", "0")]
REST: list[tuple[Any, Any]] = [("LPOL 1,1", None), ("LOFF 1,0", None), ("LPOL?1", "1"), ("LOFF?1", "+0.00")]
DELAYS = [("DLAY?3", "2,+0.000100000000"), ("DLAY?2", "0,+0.000001000000")]
#: end of the pulse: later one of A and B
END = [DELAYS[1], *DELAYS]


def talk(*pairs: tuple[Any, Any]) -> AbstractContextManager[DG645]:
    return expected_protocol(DG645, [*OPENING, *pairs], clock=VirtualClock(), name="delays")


def test_opening_sends_a_query_that_may_be_lost_and_changes_nothing() -> None:
    with talk() as delays:
        assert PulseGenerator in delays.ROLES
        assert delays.period_limits == (1e-7, 1e4)
        assert delays.width_limits == (1e-9, 2000)


def test_another_model_is_refused() -> None:
    pairs = [("LERR?", "0"), ("*IDN?", "Stanford Research Systems,DG535,1,1")]
    with (
        pytest.raises(WrongModel, match="SRS DG645 expected, but 'Stanford"),
        expected_protocol(DG645, pairs),
    ):
        pass


def test_the_period_is_the_rate_of_the_trigger() -> None:
    with talk(*END, ("TRAT 200.000000", None), NO_ERROR, ("TRAT?", "+200.000000")) as delays:
        delays.period = 5e-3
        assert delays.period == 5e-3


@pytest.mark.parametrize("period", [1e-4, 1.0109e-4])
def test_a_period_the_pulse_does_not_fit_in_is_refused(period: float) -> None:
    """The next trigger must not come sooner than 100 ns after its end."""
    with (
        talk(*END) as delays,
        pytest.raises(LimitError, match=rf"^delays: period \(with this pulse\) = {period:g}\d* s is outside"),
    ):
        delays.period = period


def test_width_is_from_a_to_b() -> None:
    links = [("DLAY 2,0,0.000001000000", None), ("DLAY 3,2,0.000200000000", None), NO_ERROR]
    b_then_a = [*DELAYS, DELAYS[1]]
    with talk(DELAYS[1], ("TRAT?", "+200.000000"), *links, *b_then_a) as delays:
        delays.width = 2e-4
        assert delays.width == pytest.approx(1e-4)


def test_a_width_longer_than_the_period_is_refused() -> None:
    with (
        talk(DELAYS[1], ("TRAT?", "+200.000000")) as delays,
        pytest.raises(LimitError, match=r"^delays: width \(at this period\)"),
    ):
        delays.width = 5e-3


def test_the_delay_keeps_the_width() -> None:
    links = [("DLAY 2,0,0.001000000000", None), ("DLAY 3,2,0.000100000000", None), NO_ERROR]
    with talk(*DELAYS, DELAYS[1], ("TRAT?", "+200.000000"), *links) as delays:
        delays.delay = 1e-3


def test_delays_in_a_circle_are_no_delay() -> None:
    circle = [("DLAY?2", "3,+0.0"), ("DLAY?3", "2,+0.0")]
    with talk(*circle * 5) as delays, pytest.raises(BadAnswer, match="circle"):
        delays._time(2)


@pytest.mark.parametrize("answer", ["2", "x,+1", "", "0,+1,2"])
def test_a_delay_that_is_none_is_named(answer: str) -> None:
    with (
        talk(("DLAY?3", answer)) as delays,
        pytest.raises(BadAnswer, match=r"delays: 'DLAY\?3' was answered"),
    ):
        _ = delays.width


def test_levels_together_are_limited() -> None:
    with (
        talk(("LOFF?1", "+2.00"), ("LAMP 1,4.00", None), NO_ERROR, ("LOFF?1", "+2.00")) as delays,
    ):
        delays.amplitude = 4
        with pytest.raises(LimitError, match="amplitude and offset together at most 6 V"):
            delays.amplitude = 4.5


def test_a_level_is_rounded_before_it_is_checked() -> None:
    with talk(("LOFF?1", "+0.00")) as delays:
        delays.narrow_limit("amplitude", 0.5, 3.336)
        with pytest.raises(LimitError, match="amplitude = 3.34 V"):
            delays.amplitude = 3.336


def test_on_is_one_upright_pulse_for_each_internal_trigger() -> None:
    with talk(*ON, ("TSRC?", "0"), ("TSRC?", "0")) as delays:
        delays.output = True
        assert delays.output is True


@pytest.mark.parametrize("answers", [[("LERR?", "10"), NO_ERROR], [NO_ERROR, ("TSRC?", "5")]])
def test_a_trigger_that_is_not_confirmed_does_not_stay_on(answers: list[tuple[str, str]]) -> None:
    with talk(*ON[:-1], *answers, *OFF) as delays, pytest.raises(DeviceFault, match="error 10|still off"):
        delays.output = True


@pytest.mark.parametrize(
    ("source", "on"), [(0, True), (1, True), (3, False), (4, False), (5, False), (6, True)]
)
def test_it_is_on_with_triggers_that_need_no_command(source: int, on: bool) -> None:
    with talk(("TSRC?", str(source))) as delays:
        assert delays.output is on


def test_off_is_single_shot_without_bursts_and_read_back() -> None:
    with talk(*OFF, ("TSRC?", "5")) as delays:
        delays.output = False
        assert delays.output is False


@pytest.mark.parametrize("state", [[("TSRC?", "0")], [("TSRC?", "5"), ("BURM?", "1")]])
def test_off_that_did_not_happen_is_tried_again_and_named(state: list[tuple[str, str]]) -> None:
    with talk(*OFF[:2], *state, *OFF) as delays:
        delays.output = False
    with talk(*[*OFF[:2], *state] * 2) as delays, pytest.raises(DeviceFault, match="still on"):
        delays.output = False


def test_safe_is_no_trigger_and_no_level() -> None:
    with talk(*OFF, *REST) as delays:
        delays.make_safe()


def test_a_trigger_that_stays_does_not_keep_the_level() -> None:
    stays = [*OFF[:2], ("TSRC?", "0")]
    with talk(*stays, *stays, *REST) as delays, pytest.raises(DeviceFault, match="still on"):
        delays.make_safe()


def test_a_level_that_stays_is_tried_again_and_named() -> None:
    stays = [*REST[:3], ("LOFF?1", "+1.00")]
    with talk(*OFF, *stays, *REST) as delays:
        delays.make_safe()
    with talk(*OFF, *stays, *stays) as delays, pytest.raises(DeviceFault, match="rest at 0 V"):
        delays.make_safe()


def test_a_polarity_that_cannot_be_sent_does_not_keep_the_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    with talk(*OFF, REST[1], *REST) as delays:
        write, lost = delays.write, [REST[0][0]]

        def lossy(command: str, **kwargs: Any) -> None:
            if command in lost:
                lost.remove(command)
                raise ConnectionFailed("delays", "lost")
            write(command, **kwargs)

        monkeypatch.setattr(delays, "write", lossy)
        delays.make_safe()


def test_nobody_comes_between_what_is_read_and_what_is_set_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    links = [("DLAY 2,0,0.001000000000", None), ("DLAY 3,2,0.000100000000", None), NO_ERROR]
    level = [("LOFF?1", "+0.00"), ("LAMP 1,4.00", None), NO_ERROR]
    with talk(*DELAYS, DELAYS[1], ("TRAT?", "+200.000000"), *links, *level) as delays:
        write, free = delays.write, []

        def watched(command: str, **kwargs: Any) -> None:
            if not cast(Any, delays.lock)._is_owned():
                free.append(command)
            write(command, **kwargs)

        monkeypatch.setattr(delays, "write", watched)
        delays.delay = 1e-3
        delays.amplitude = 4
        assert free == []


def test_errors_are_read_until_there_are_none() -> None:
    queue = [("LERR?", "12"), ("LERR?", "77"), ("LERR?", "0")]
    with (
        talk(("LPOL 1,1", None), *queue) as delays,
        pytest.raises(DeviceFault, match="^delays: error 12 illegal delay; error 77 of the device$"),
    ):
        delays.positive = True


def test_an_error_code_that_is_none_is_named() -> None:
    with talk(("LERR?", "+200.0")) as delays, pytest.raises(BadAnswer, match="'LERR\\?' was answered by"):
        delays.check_errors()
