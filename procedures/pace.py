"""Waiting and stopping: every step of a run asks here whether it should go on."""

from __future__ import annotations

from collections.abc import Callable

from antistokes.instruments.clock import Clock


class Stopped(Exception):
    """The user asked for the run to end."""


class Pace:
    """The clock of a run and the wish to stop it.

    :param should_stop: becomes true when the user asks for the end
    """

    def __init__(self, clock: Clock, should_stop: Callable[[], bool] = lambda: False) -> None:
        self.clock = clock
        self.should_stop = should_stop

    def step(self) -> None:
        """:raises Stopped: the user asked for the end"""
        if self.should_stop():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Wait on the clock. :raises Stopped: the user asked for the end"""
        self.step()
        self.clock.sleep(seconds, self.should_stop)
        self.step()
