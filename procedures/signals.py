"""Signals that ask a program to end, or to wait."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

#: Ctrl-C, kill, and a terminal or connection that is closed
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

#: Ctrl-Z, which suspends a program with its lasers on
_SUSPEND = [getattr(signal, name) for name in ("SIGTSTP",) if hasattr(signal, name)]


@contextmanager
def undisturbed() -> Iterator[None]:
    """No Ctrl-C and no other signal to end or to wait while the light is being switched off."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in _SIGNALS + _SUSPEND}
    try:
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)


@contextmanager
def steered_by_signals(stop: Callable[[], None], pause_or_resume: Callable[[], None]) -> Iterator[None]:
    """The first signal to end calls *stop*, a second one interrupts at once; Ctrl-Z calls the other.

    Only in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(number: int, frame: FrameType | None) -> None:
        if handler_state["asked"]:
            raise KeyboardInterrupt
        handler_state["asked"] = True
        stop()

    handler_state = {"asked": False}
    previous = {number: signal.signal(number, handler) for number in _SIGNALS}
    for number in _SUSPEND:
        previous[number] = signal.signal(number, lambda number, frame: pause_or_resume())
    try:
        yield
    finally:
        for number, old in previous.items():
            signal.signal(number, old)
