"""Time as an experiment sees it.

Everything that waits or stamps a time asks a :class:`Clock`; nothing else calls ``time.sleep``.
A real clock waits. A virtual clock only adds, so that a night's sweep takes seconds and two runs
are the same to the byte. One thread owns the advance of virtual time; others only read it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

#: The moment every virtual run starts, so that its time stamps do not depend on today's date.
VIRTUAL_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

_SLICE = 0.05  # s; how often a real sleep asks whether it should stop


class Clock(Protocol):
    """Seconds since the clock was made, and a way to wait."""

    #: True when waiting costs no real time
    virtual: bool

    def now(self) -> float:
        """Seconds since the clock was made."""

    def sleep(self, seconds: float, should_stop: Callable[[], bool] | None = None) -> None:
        """Wait; return early when ``should_stop()`` becomes true."""

    def date(self) -> datetime:
        """The present date and time, with time zone UTC."""


class RealClock:
    """Wall time; monotonic, so that a clock adjustment does not stretch a sweep."""

    virtual = False

    def __init__(self) -> None:
        self._epoch = datetime.now(UTC)
        self._start = time.monotonic()
        self._never = threading.Event()
        self._ahead = 0.0  # s
        #: waiting costs no time, which jumps ahead: on a virtual bench, to live through what was before
        self.hurries = False

    def now(self) -> float:
        return time.monotonic() - self._start + self._ahead

    def sleep(self, seconds: float, should_stop: Callable[[], bool] | None = None) -> None:
        if self.hurries:
            if seconds > 0 and not (should_stop is not None and should_stop()):
                self._ahead += seconds
            return
        end = self.now() + seconds
        while (left := end - self.now()) > 0:
            if should_stop is not None and should_stop():
                return
            self._never.wait(left if should_stop is None else min(left, _SLICE))

    def date(self) -> datetime:
        return self._epoch + timedelta(seconds=self.now() - self._ahead)


class VirtualClock:
    """Simulated time: :meth:`sleep` returns at once and moves the clock on."""

    virtual = True

    def __init__(self, epoch: datetime = VIRTUAL_EPOCH) -> None:
        self._epoch = epoch
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float, should_stop: Callable[[], bool] | None = None) -> None:
        if seconds > 0 and not (should_stop is not None and should_stop()):
            self._now += seconds

    def date(self) -> datetime:
        return self._epoch + timedelta(seconds=self._now)


class Stopped(BaseException):
    """Whoever something is waited for wishes to wait no more; to no ``except Exception`` a failure."""


class InterruptedClock:
    """The clock of a station's devices: a wish to stop ends whatever a driver waits for.

    :param clock: goes on behind it
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wish: Callable[[], bool] | None = None

    @property
    def virtual(self) -> bool:
        return self._clock.virtual

    def now(self) -> float:
        return self._clock.now()

    def date(self) -> datetime:
        return self._clock.date()

    def sleep(self, seconds: float, should_stop: Callable[[], bool] | None = None) -> None:
        """:raises Stopped: the wish came; what was waited for is where it is"""
        wish = self._wish
        if wish is None:
            self._clock.sleep(seconds, should_stop)
            return
        self._clock.sleep(seconds, wish if should_stop is None else lambda: wish() or should_stop())
        if wish():
            raise Stopped

    @contextmanager
    def ended_by(self, wish: Callable[[], bool] | None) -> Iterator[None]:
        """Inside the block *wish* ends every wait; None: nothing does, as where light is switched off."""
        before, self._wish = self._wish, wish
        try:
            yield
        finally:
            self._wish = before


def duration(seconds: float) -> str:
    """``2 d 3:04:05 h``."""
    days, rest = divmod(round(seconds), 86400)
    text = f"{rest // 3600}:{rest // 60 % 60:02d}:{rest % 60:02d} h"
    return f"{days} d {text}" if days else text
