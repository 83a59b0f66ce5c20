"""Rehearsals of runs, one after the other, each in a process of its own: no window waits for them."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Mapping
from typing import Any

from qtpy import QtCore

from .lab import Lab
from .rehearsed import Rehearsed, rehearse

_PERIOD = 100  # ms


class Rehearsals(QtCore.QObject):
    """On virtual twins of the station's instruments.

    Signals: ``done`` (the table that was rehearsed, :class:`.Rehearsed`).
    """

    done = QtCore.Signal(object, object)

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._lab = lab
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._table: Mapping[str, Any] = {}
        self._process: multiprocessing.process.BaseProcess | None = None
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(_PERIOD)

    @property
    def busy(self) -> bool:
        return self._process is not None or bool(self._waiting)

    def rehearse(self, table: Mapping[str, Any]) -> None:
        """Rehearse the ``[[runs]]`` *table* of a plan file when those before it are done."""
        self._waiting.append(table)

    def end(self) -> None:
        """None goes on, and none begins."""
        self._timer.stop()
        self._waiting.clear()
        if self._process is not None:
            self._process.kill()
            self._close()

    def _look(self) -> None:
        if self._process is None:
            if self._waiting:
                self._begin(self._waiting.popleft())
        elif self._news.poll():
            try:
                found = self._news.recv()
            except (EOFError, OSError):
                found = Rehearsed(problems=("the rehearsal ended without a result",))
            self._close()
            self.done.emit(self._table, found)

    def _begin(self, table: Mapping[str, Any]) -> None:
        context = multiprocessing.get_context("spawn")
        self._table = table
        self._news, there = context.Pipe(duplex=False)
        station = self._lab.station
        arguments = (there, table, station.file.path, station.sample_path or None)
        self._process = context.Process(target=rehearse, args=arguments, name="rehearsal", daemon=True)
        self._process.start()
        there.close()

    def _close(self) -> None:
        assert self._process is not None
        self._process.join()
        self._process = None
        self._news.close()
