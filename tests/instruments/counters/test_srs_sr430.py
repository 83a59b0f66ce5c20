"""Conversations of the SR430 driver."""

from contextlib import AbstractContextManager
from typing import Any, cast

import numpy as np
import pytest
from pymeasure.test import expected_protocol

from antistokes.instruments.clock import VirtualClock
from antistokes.instruments.counters.srs_sr430 import SR430
from antistokes.instruments.errors import (
    BadAnswer,
    DeviceFault,
    InstrumentError,
    LimitError,
    OverRange,
    Refused,
)
from antistokes.instruments.roles import PhotonCounter

FINE = ("*ESR?", "0")
OPENING: list[tuple[Any, Any]] = [
    ("OUTP 1", None),
    ("*IDN?", "Stanford_Research_Systems,SR430,s/n00211,ver1.06"),
    ("*CLS", None),
    ("BCLK?", "0"),
    ("DCSL 0", None),
    FINE,
    ("TRSL 1", None),
    FINE,
    ("DCLV 0.0200", None),
    FINE,
    ("TRLV 1.500", None),
    FINE,
]
SCAN: list[tuple[Any, Any]] = [
    ("PAUS", None),
    ("CLRS", None),
    ("RSCN 0", None),
    FINE,
    ("ERRS?", "64"),
    ("SSCN", None),
    ("PAUS", None),
]
COUNTS = np.arange(1024, dtype="<i2")


def talk(*pairs: tuple[Any, Any]) -> AbstractContextManager[SR430]:
    settings = {"trigger_level": 1.5, "trigger_rising": False}
    return expected_protocol(SR430, [*OPENING, *pairs], clock=VirtualClock(), name="scaler", **settings)


def test_opening_sends_answers_to_the_gpib_and_sets_the_thresholds() -> None:
    with talk() as scaler:
        assert PhotonCounter in scaler.ROLES
        assert scaler.bin_width_limits == (5e-9, pytest.approx(10.48576e-3))
        assert scaler.bins_limits == (1, 16384)
        assert scaler.saturation == 32767


@pytest.mark.parametrize(
    ("seconds", "index", "width"),
    [(5e-9, 0, 5e-9), (6e-9, 1, 40e-9), (5e-6, 8, 5.12e-6), (5.12e-6, 8, 5.12e-6), (10e-3, 19, 10.48576e-3)],
)
def test_bins_are_never_narrower_than_asked_for(seconds: float, index: int, width: float) -> None:
    shape = [("PAUS", None), ("CLRS", None), (f"BWTH {index}", None), FINE]
    with talk(*shape, ("BWTH?", str(index))) as scaler:
        scaler.bin_width = seconds
        assert scaler.bin_width == pytest.approx(width)


def test_bins_come_by_the_1024() -> None:
    with talk(("PAUS", None), ("CLRS", None), ("BREC 2", None), FINE, ("BREC?", "2")) as scaler:
        scaler.bins = 1025
        assert scaler.bins == 2048


def test_nobody_comes_between_the_commands_that_shape_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    with talk(("PAUS", None), ("CLRS", None), ("BREC 2", None), FINE) as scaler:
        write, outside = scaler.write, []

        def watched(command: str, **kwargs: Any) -> None:
            if not cast(Any, scaler.lock)._is_owned():
                outside.append(command)
            write(command, **kwargs)

        monkeypatch.setattr(scaler, "write", watched)
        scaler.bins = 1025
        assert outside == []


def test_an_offset_moves_the_times() -> None:
    asked = [("BREC?", "1"), ("BWTH?", "1"), ("BOFF?", "16"), ("BWTH?", "1")]
    with talk(("PAUS", None), ("CLRS", None), ("BOFF 16", None), FINE, *asked) as scaler:
        scaler.offset = 16
        np.testing.assert_allclose(scaler.times(), (np.arange(1024) + 16) * 40e-9)
        with pytest.raises(Refused, match="must be a multiple of 16"):
            scaler.offset = 17


def test_a_histogram_is_one_scan_read_by_its_length() -> None:
    read = [("SCAN?", "150"), ("BREC?", "1"), (b"BINB?", COUNTS.tobytes()), ("ERRS?", "64")]
    with talk(*SCAN, *read) as scaler:
        begin = scaler.clock.now()
        np.testing.assert_array_equal(scaler.histogram(3.0), COUNTS)
        assert scaler.triggers == 150
        assert scaler.clock.now() == begin + 3


@pytest.mark.parametrize(("status", "top"), [("128", 5), ("0", 32767)])
def test_a_full_bin_is_no_number(status: str, top: int) -> None:
    counts = np.full(1024, 5, dtype="<i2")
    counts[7] = top
    read = [("SCAN?", "150"), ("BREC?", "1"), (b"BINB?", counts.tobytes()), ("ERRS?", status)]
    with (
        talk(*SCAN, *read) as scaler,
        pytest.raises(OverRange, match="a bin is full .32767 counts. after 150"),
    ):
        scaler.histogram(3.0)


def test_an_unlocked_clock_is_named() -> None:
    read = [("SCAN?", "150"), ("BREC?", "1"), (b"BINB?", COUNTS.tobytes()), ("ERRS?", "32")]
    with talk(*SCAN, *read) as scaler, pytest.raises(DeviceFault, match="clock is unlocked"):
        scaler.histogram(3.0)


def test_counts_below_zero_are_none() -> None:
    read = [("SCAN?", "150"), ("BREC?", "1"), (b"BINB?", (COUNTS - 3).astype("<i2").tobytes())]
    with talk(*SCAN, *read) as scaler, pytest.raises(BadAnswer, match="-3 counts in a bin"):
        scaler.histogram(3.0)


def test_data_that_end_early_are_named() -> None:
    read = [("SCAN?", "150"), ("BREC?", "1"), (b"BINB?", COUNTS.tobytes()[:-2])]
    with talk(*SCAN, *read) as scaler, pytest.raises(InstrumentError, match=r"^scaler: .*2046 bytes"):
        scaler.histogram(3.0)


def test_without_triggers_there_is_no_histogram() -> None:
    with talk(*SCAN, ("SCAN?", "0")) as scaler, pytest.raises(DeviceFault, match="no record in 3 s"):
        scaler.histogram(3.0)


def test_a_command_that_was_not_taken_is_named() -> None:
    pairs = [("PAUS", None), ("CLRS", None), ("BREC 3", None), ("*ESR?", "48")]
    with talk(*pairs) as scaler, pytest.raises(DeviceFault, match="^scaler: execution error; command error$"):
        scaler.bins = 3000


@pytest.mark.parametrize(("question", "answer"), [("BWTH?", "20"), ("BWTH?", "x"), ("BWTH?", "-1")])
def test_a_width_that_is_none_is_named(question: str, answer: str) -> None:
    with talk((question, answer)) as scaler, pytest.raises(BadAnswer, match=r"'BWTH\?' was answered by"):
        _ = scaler.bin_width


def test_values_outside_the_limits_are_refused() -> None:
    with talk() as scaler, pytest.raises(LimitError):
        scaler.bin_width = 11e-3


def test_safe_is_no_counting() -> None:
    with talk(("PAUS", None), ("PAUS", None)) as scaler:
        scaler.make_safe()
        scaler.make_safe()
