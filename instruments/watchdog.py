"""The watchdog of a station: another process that switches the light off when this one cannot.

It is started before the instruments are opened, told every half second that all is well, and told goodbye
when the instruments have been made safe. It acts (:mod:`.watchdog_process`) when this process ends without
goodbye, when nothing is heard of it, and when it says that a run does not move. None of this replaces a
hardware interlock.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .device import Device
from .errors import AntistokesError, Refused
from .stationfile import StationFile

#: words on the pipe, a line each
BEAT, GOODBYE, ACT, READY = "beat", "goodbye", "act", "ready"
_PERIOD = 0.5  # s, between two beats
_START = 30.0  # s that the process may take to begin
_PROMPT = 5.0  # s in which a run that is asked to stop must move


@dataclass
class Progress:
    """Of a run.

    :ivar moved: when it last moved, ``time.monotonic()``
    :ivar stopping: somebody wishes its end
    """

    moved: float
    stopping: bool = False


class Watchdog:
    """This process' end. It may be started again after it was stopped.

    :param file: of a station of real instruments
    """

    def __init__(self, file: StationFile) -> None:
        self._file = file
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._progress: Progress | None = None
        self._owner = 0
        self._problem = ""

    def start(self) -> None:
        """Returns when it watches; nothing to do if it does. :raises Refused: it cannot be started"""
        if self._process is not None:
            if not self._trouble():
                return
            self.stop()  # one that has acted, or was killed, watches no more
        path = str(Path(self._file.path).resolve())
        command = [sys.executable, "-P", "-m", "antistokes.instruments.watchdog_process", path]
        # drivers are found where this program finds them, such as beside its script
        paths = {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
        detached: dict[str, Any] = (
            {"creationflags": 0x200} if sys.platform == "win32" else {"start_new_session": True}
        )
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                env=os.environ | paths,
                **detached,
            )
        except OSError as error:
            raise self._refusal(error.strerror or str(error)) from None
        said = _line(self._process)
        if said != READY:
            self._process.kill()
            self._close()
            raise self._refusal(said or f"it does not answer within {_START:g} s")
        if sys.platform != "win32":
            assert self._process.stdin is not None
            os.set_blocking(self._process.stdin.fileno(), False)
        self._over.clear()
        self._problem = ""
        self._thread = threading.Thread(target=self._beat, name="watchdog", daemon=True)
        self._thread.start()

    def _refusal(self, why: str) -> Refused:
        cure = "[watchdog] enabled = false in the station file does without it"
        return Refused(f"station '{self._file.name}': its watchdog cannot be started: {why}; {cure}")

    def check(self) -> None:
        """:raises AntistokesError: nobody watches any more"""
        if problem := self._trouble():
            raise AntistokesError(problem)

    def _trouble(self) -> str:
        if not self._problem and self._process is not None and self._process.poll() is not None:
            self._problem = self._ended()
        return self._problem

    def _ended(self) -> str:
        return f"station '{self._file.name}': its watchdog has ended"

    @contextmanager
    def watching(self, progress: Progress) -> Iterator[None]:
        """A run, in this thread, must move inside the block."""
        self._owner, self._progress = threading.get_ident(), progress
        try:
            yield
        finally:
            self._progress = None

    def act(self, reason: str) -> None:
        """Make all safe at once, by other connections, whatever hangs here. From any thread."""
        self._say(f"{ACT} {reason}")
        self._problem = self._problem or f"station '{self._file.name}': its watchdog made all safe: {reason}"

    def stop(self) -> None:
        """All is safe: the process ends."""
        self._over.set()
        self._say(GOODBYE)
        if self._process is not None:
            self._thread.join()
            self._close()

    def _close(self) -> None:
        assert self._process is not None
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                assert pipe is not None
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_START)
        self._process = None

    def _say(self, words: str) -> None:
        with self._lock:
            if self._process is None or self._process.stdin is None or self._problem:
                return
            try:
                heard = self._process.stdin.write(f"{words}\n".encode())
            except (OSError, ValueError):
                heard = 0
            if not heard:  # it is gone, or does not listen
                self._problem = self._ended()

    def _beat(self) -> None:
        while not self._over.wait(_PERIOD):
            self._say(BEAT)
            progress = self._progress
            if progress is None:
                continue
            limit = _PROMPT if progress.stopping else self._file.watchdog.hang_s
            if (still := time.monotonic() - progress.moved) > limit:
                self.act(f"{_stuck(self._owner)} has not moved for {still:.0f} s")
                progress.moved = time.monotonic()


def _stuck(thread: int) -> str:
    """The device whose call the thread is in, or else the run."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        device = frame.f_locals.get("self")
        if isinstance(device, Device):
            return f"{device.name}: {frame.f_code.co_name}"
        frame = frame.f_back
    return "the run"


def _line(process: subprocess.Popen[bytes]) -> str:
    """What it says first; empty when it says nothing."""
    said: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        said.append(process.stdout.readline().decode(errors="replace").strip())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(_START)
    return said[0] if said else ""
