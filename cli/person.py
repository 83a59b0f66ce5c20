"""The person at the terminal, who changes samples where the station has no sample holder."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from antistokes.cli.output import notes
from antistokes.cli.progress import ProgressBar
from antistokes.instruments.errors import Refused
from antistokes.instruments.station import Station


def attend(station: Station, yes: bool, bar: ProgressBar) -> None:
    """Let *station* ask whoever is at the terminal; nobody where there is none.

    :param yes: everything is done at once, which only a virtual bench can
    :param bar: stands still while the person is asked
    :raises Refused: *yes* on hardware
    """
    if yes and not station.simulated:
        raise Refused(f"--yes: on hardware ('{station.name}') somebody must change the samples")
    if yes:
        station.ask = lambda wish: notes.print(f"{wish}: done (--yes)")
    elif sys.stdin.isatty():
        station.ask = partial(_ask, bar)


def _ask(bar: ProgressBar, wish: str) -> None:
    """:raises KeyboardInterrupt: Ctrl-C, or the end of all input"""
    with bar.paused(), _interruptible():
        try:
            notes.input(f"{wish}, then press Enter: ", markup=False)
        except EOFError:
            raise KeyboardInterrupt from None


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C interrupts inside the block; in a run it waits for the end of the step, so for Enter."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
