"""Real and virtual time."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from antistokes.instruments.clock import (
    VIRTUAL_EPOCH,
    Clock,
    InterruptedClock,
    RealClock,
    Stopped,
    VirtualClock,
)


@pytest.mark.parametrize("kind", [RealClock, VirtualClock])
def test_a_clock_starts_at_zero_and_its_date_knows_its_zone(kind: type[RealClock | VirtualClock]) -> None:
    clock: Clock = kind()
    assert 0 <= clock.now() < 1
    assert clock.date().utcoffset() == timedelta(0)


def test_virtual_time_costs_nothing_and_adds_up() -> None:
    clock = VirtualClock()
    begin = time.monotonic()
    clock.sleep(3600.0)
    clock.sleep(0.5)
    assert clock.now() == 3600.5
    assert clock.date() == VIRTUAL_EPOCH + timedelta(seconds=3600.5)
    assert time.monotonic() - begin < 1
    assert clock.virtual


def test_a_virtual_run_may_begin_at_any_date() -> None:
    epoch = datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert VirtualClock(epoch).date() == epoch


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_virtual_time_never_goes_back(seconds: float) -> None:
    clock = VirtualClock()
    clock.sleep(1)
    clock.sleep(seconds)
    assert clock.now() == 1


def test_a_virtual_wait_that_should_stop_takes_no_time() -> None:
    clock = VirtualClock()
    clock.sleep(10, should_stop=lambda: True)
    assert clock.now() == 0
    clock.sleep(10, should_stop=lambda: False)
    assert clock.now() == 10


@pytest.mark.parametrize("stoppable", [True, False])
def test_a_real_wait_is_as_long_as_asked(stoppable: bool) -> None:
    clock = RealClock()
    begin = time.monotonic()
    clock.sleep(0.06, should_stop=(lambda: False) if stoppable else None)
    assert 0.06 <= time.monotonic() - begin < 1
    assert clock.now() >= 0.06
    assert not clock.virtual


def test_a_real_wait_ends_soon_after_it_should_stop() -> None:
    clock = RealClock()
    stop = threading.Event()
    timer = threading.Timer(0.02, stop.set)
    timer.start()
    begin = time.monotonic()
    clock.sleep(30, should_stop=stop.is_set)
    assert time.monotonic() - begin < 1
    timer.join()


@pytest.mark.parametrize("seconds", [0.0, -5.0])
def test_a_real_wait_of_no_time_returns_at_once(seconds: float) -> None:
    begin = time.monotonic()
    RealClock().sleep(seconds)
    assert time.monotonic() - begin < 0.05


def test_the_real_date_is_the_date() -> None:
    clock = RealClock()
    assert abs(clock.date() - datetime.now(UTC)) < timedelta(seconds=1)


def test_a_wish_ends_what_drivers_wait_for_but_not_what_switches_off() -> None:
    wished = False
    inner = VirtualClock()
    clock = InterruptedClock(inner)
    clock.sleep(1)
    with clock.ended_by(lambda: wished):
        clock.sleep(1)
        wished = True
        with clock.ended_by(None):
            clock.sleep(1)
        with pytest.raises(Stopped):
            clock.sleep(1)
        with pytest.raises(Stopped):
            clock.sleep(1, should_stop=lambda: False)
    clock.sleep(1)
    assert (clock.now(), clock.date(), clock.virtual) == (4, inner.date(), True)


def test_a_real_clock_that_hurries_jumps_ahead_but_keeps_the_date():
    clock = RealClock()
    clock.hurries = True
    began, date = clock.now(), clock.date()
    clock.sleep(1000)
    clock.sleep(5, lambda: True)
    assert 1000 <= clock.now() - began < 1001
    assert (clock.date() - date).total_seconds() < 1
