"""Waiting and stopping: every step of a run asks here whether it should go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from antistokes.instruments.clock import Clock, Stopped


class Beside(Protocol):
    """What is done beside a run, between its steps."""

    #: when the next thing is to be done, s on the clock of the run
    due: float

    def catch_up(self) -> None:
        """Do what is due."""


class Pace:
    """The clock of a run and the wish to stop it.

    :param should_stop: becomes true when the user asks for the end
    :param beside: is done in every step, and while the run waits
    """

    def __init__(
        self, clock: Clock, should_stop: Callable[[], bool] = lambda: False, beside: Beside | None = None
    ) -> None:
        self.clock = clock
        self.should_stop = should_stop
        self._beside = beside

    def step(self) -> None:
        """:raises Stopped: the user asked for the end"""
        if self.should_stop():
            raise Stopped
        if self._beside is not None and self.clock.now() >= self._beside.due:
            self._beside.catch_up()

    def wait(self, seconds: float) -> None:
        """Wait on the clock. :raises Stopped: the user asked for the end"""
        end = self.clock.now() + seconds
        self.step()
        while self._beside is not None and (pause := self._beside.due - self.clock.now()) < seconds:
            self.clock.sleep(pause, self.should_stop)
            self.step()
            seconds = end - self.clock.now()
        self.clock.sleep(seconds, self.should_stop)
        self.step()
