"""The sink that writes run.h5.

The acquiring thread copies a point into a ring of rows and goes on. One writer thread owns the file:
it writes what is in the ring and commits every 50 ms of real time, whatever the experiment's clock does.
After ``kill -9`` everything committed is in the file.

A row stays in the ring until it is committed. When the disk is full or gone the writer opens the file anew,
as often as it takes, and writes what is missing; until then :attr:`Recorder.trouble` says what is wrong.
"""

from __future__ import annotations

import logging
import math
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from antistokes.instruments.clock import Clock
from antistokes.instruments.errors import RunFileError

from .channels import RunHeader
from .interrupted import Interrupted
from .reopening import reopen
from .runfile_layout import LOG, cause_of, monitor_path
from .runfile_lock import RunFileLock
from .runfile_writer import Entry, RunFileWriter, split_message

log = logging.getLogger(__name__)

_HEARTBEAT = 1.0  # s; how often a commit is made when there is nothing to commit
_SWITCH_INTERVAL = 5e-4  # s; at the usual 5 ms a busy acquiring thread starves the writer
_PATIENCE = 60.0  # s; how long close() waits for a disk that does not answer
_RETRY = 0.5  # s; between two attempts to write again
_LAST_TRIES = 3.0  # s; after the end of the run, before what is left is written elsewhere
_SLOW = 5.0  # s; a disk that takes longer for one commit is in trouble


class _End(NamedTuple):
    status: str
    reason: str
    end: datetime
    snapshot: Mapping[str, Mapping[str, Any]]


class Recorder:
    """Fulfils :class:`~antistokes.procedures.channels.Sink`.

    Points, log lines and readings of monitors in the same order of calls give the same file to the byte when
    the clock is virtual. An error of the writer is raised by the next :meth:`append` or by :meth:`close`.
    That the disk cannot be written at present is none, until the run ends or the ring is full.

    :param path: of the new file; an existing one is refused
    :param clock: stamps points, log and end; its ``date`` is the heartbeat
    :param commit_period: real time between commits, in s
    :param before: the file is that of this run, which goes on: the points that it holds are appended first,
        and not written again
    """

    def __init__(
        self,
        path: str | Path,
        clock: Clock,
        commit_period: float = 0.05,
        before: Interrupted | None = None,
    ) -> None:
        self.path = Path(path)
        self._clock, self._period, self._before = clock, commit_period, before
        self._fault: RunFileError | None = RunFileError(f"{self.path}: is not open")
        self._thread: threading.Thread | None = None
        self._points = self._committed = 0
        self._cause = ""  # why the file cannot be written at present
        self._begun: float | None = None  # when the writer began to write
        self._last_try = math.inf  # to write again
        self._entries: deque[Entry] = deque()
        self._uncommitted: list[Entry] = []  # taken from them since the last commit
        self._wake, self._room = threading.Event(), threading.Event()
        self._end: _End | None = None

    @property
    def points(self) -> int:
        """Points appended."""
        return self._points

    @property
    def committed(self) -> int:
        """Points that a reader finds in the file, and that survive the death of this process."""
        return self._committed

    @property
    def trouble(self) -> str:
        """Why what is appended is kept in memory alone; empty while it is written."""
        begun = self._begun
        if not self._cause and begun is not None and time.monotonic() - begun > _SLOW:
            return f"{self.path}: the disk does not answer"
        return self._cause

    def open(self, header: RunHeader) -> None:
        """Create the file and start the writer; :class:`RunFileError` when that cannot be done."""
        if not self.path.parent.is_dir():
            raise RunFileError(f"{self.path}: there is no folder {self.path.parent}")
        self._lock = RunFileLock(self.path)
        try:
            if self._before is not None:
                reopen(self._before, self._clock.date(), header.software, header.changes)
            kept = self._before.points if self._before else None
            self._file = RunFileWriter(self.path, header, kept)
        except BaseException:
            self._lock.release()
            raise
        point, moment, *columns = self._file.columns
        self._point, self._time = point.slot, moment.slot
        self._slots = [(column.name, column.slot, column.fill) for column in columns]
        self._names = {column.name for column in columns}
        self._header, self._rows = header, self._file.rows
        self._start = self._clock.now() - (self._before.ago(self._clock.date()) if self._before else 0.0)
        self._committed = self._file.points
        # what a virtual bench logs while it lives through them again is in the file already
        self._again = self._before.points if self._before and self._before.simulated else 0
        self._fault = None
        self._switch_interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH_INTERVAL)
        self._thread = threading.Thread(target=self._write, name=f"writer of {self.path.name}")
        self._thread.start()

    def append(self, record: Mapping[str, Any]) -> None:
        """Add one point; what *record* does not hold stays NaN (0 for integers and ``flags``).

        One number for a channel with dimensions fills the whole row. Waits only when the disk cannot
        follow and the ring is full.
        """
        n = self._points
        if self._fault is not None or n - self._committed >= self._rows:
            self._wait_for_room()
        if not record.keys() <= self._names:
            unknown = ", ".join(sorted(record.keys() - self._names))
            raise RunFileError(f"{self.path}: point {n}: not a channel of this run: {unknown}")
        i = n % self._rows
        get = record.get
        name = ""
        try:
            for name, slot, fill in self._slots:
                slot[i] = get(name, fill)
        except (TypeError, ValueError, OverflowError) as error:
            raise RunFileError(f"{self.path}: point {n}: {name}: {error}") from error
        self._point[i] = n
        self._time[i] = self._clock.now() - self._start
        self._points = n + 1
        if (n + 1) % (self._rows >> 2) == 0:
            self._wake.set()

    def log(self, level: int, message: str) -> None:
        """Add a line to the log of the run; *level* as in :mod:`logging`, at least 1."""
        self._raise_fault()
        if self._points < self._again:
            return
        level = max(level, 1)
        moment = self._clock.now() - self._start
        # level 0 continues the line before
        for i, piece in enumerate(split_message(message)):
            self._entries.append(Entry(self._points, LOG, (moment, 0 if i else level, piece)))

    def monitor(self, name: str, value: float) -> None:
        """Add a reading of the monitor called *name*, which the header declares."""
        self._raise_fault()
        if self._points < self._again:
            return
        moment = self._clock.now() - self._start
        self._entries.append(Entry(self._points, monitor_path(name), (moment, value)))

    def close(self, status: str, reason: str, snapshot: Mapping[str, Mapping[str, Any]]) -> None:
        """Write what is left and the outcome; without effect when not open."""
        if self._thread is None:
            return
        self._end = _End(status, reason, self._clock.date(), snapshot)
        self._wake.set()
        self._thread.join(_PATIENCE)
        if self._thread.is_alive():
            self._fault = RunFileError(f"{self.path}: the disk has not answered for {_PATIENCE:g} s")
        self._thread = None
        sys.setswitchinterval(self._switch_interval)
        fault, self._fault = self._fault, RunFileError(f"{self.path}: is closed")
        if fault is not None:
            raise fault

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _wait_for_room(self) -> None:
        self._raise_fault()
        while self._points - self._committed >= self._rows:
            self._room.clear()
            self._wake.set()
            if self._cause:
                raise RunFileError(f"{self._cause}; nor is there more room in memory")
            self._room.wait(self._period)  # bounded: the writer may have set it just before it was cleared
            self._raise_fault()

    # In the writer thread from here on

    def _write(self) -> None:
        try:
            while True:
                try:
                    self._commit_until_end()
                    return
                except (OSError, RuntimeError) as error:  # HDF5 raises either
                    if not self._writes_again(error):
                        self._fail(error, self._written_elsewhere())
                        return
        except Exception as error:
            self._fail(error)
        finally:
            self._begun = None
            self._room.set()
            self._lock.release()

    def _fail(self, error: Exception, consolation: str = "") -> None:
        fault = RunFileError(f"{self.path}: cannot be written: {cause_of(error)}{consolation}")
        fault.__cause__ = error
        self._fault = fault
        self._file.abandon()

    def _writes_again(self, error: Exception) -> bool:
        """Open the file anew, as often as it takes; False when the run has ended and it still fails."""
        if not self._cause:
            self._cause = f"{self.path}: cannot be written: {cause_of(error)}"
            log.error("%s; what is measured is kept in memory", self._cause)
        self._begun = None
        self._file.abandon()
        while time.monotonic() < self._last_try:
            self._wake.clear()
            self._wake.wait(_RETRY)
            self._end_with_the_program()
            if self._last_try == math.inf and self._end is not None:
                log.warning("%s; it is tried for another %g s", self._cause, _LAST_TRIES)
                self._last_try = time.monotonic() + _LAST_TRIES
            try:
                self._file.open_again()
            except (OSError, RuntimeError, KeyError, RunFileError):
                self._file.abandon()
                continue
            self._committed = self._file.points
            self._entries.extendleft(reversed(self._uncommitted))
            self._uncommitted.clear()
            return True
        return False

    def _written_elsewhere(self) -> str:
        """The rows that are in memory alone, as a run file of their own; says where it is."""
        missing = self._points - self._committed
        try:
            path = Path(tempfile.mkdtemp(prefix="antistokes-")) / self.path.name
            rest = RunFileWriter(path, self._header)
            for new, old in zip(rest.columns, self._file.columns, strict=True):
                for i in range(missing):
                    new.slot[i % rest.rows] = old.slot[(self._committed + i) % self._rows]
            rest.write(missing, [])
            assert self._end is not None, "only then"
            rest.finish(*self._end)
        except Exception as error:
            return f"; its last {missing} points are lost: {cause_of(error)}"
        return f"; its last {missing} points are in {path}"

    def _commit_until_end(self) -> None:
        due = beat = time.monotonic() + self._period
        entries = 0
        while self._end is None:
            self._wake.wait(max(0.0, due - time.monotonic()))
            self._wake.clear()
            self._begun = time.monotonic()
            self._take()
            much = self._file.points - self._committed > self._rows >> 1
            if (now := time.monotonic()) < due and not much:
                self._begun = None
                continue
            if self._file.points > self._committed or self._file.entries > entries or now >= beat:
                self._file.commit(self._clock.date().timestamp())
                self._committed, entries = self._file.points, self._file.entries
                self._uncommitted.clear()
                self._room.set()
                if self._cause:
                    log.warning("%s: can be written again", self.path)
                    self._cause = ""
                beat = time.monotonic() + _HEARTBEAT
            self._begun = None
            due = time.monotonic() + self._period
            self._end_with_the_program()
        self._begun = time.monotonic()
        self._take()
        self._file.finish(*self._end)
        self._committed = self._file.points

    def _end_with_the_program(self) -> None:
        if self._end is None and not threading.main_thread().is_alive():
            reason = "the program ended without closing the run file"
            self._end = _End("failed", reason, self._clock.date(), {})

    def _take(self) -> None:
        """Write what has been appended so far, with the entries that belong before or to it."""
        points = self._points  # first: then no entry that was made before one of them is missing
        entries = []
        while self._entries and self._entries[0].after <= points:
            entries.append(self._entries.popleft())
        self._uncommitted += entries
        self._file.write(points, entries)
