"""Handing a run over to all that follow it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from antistokes.instruments.errors import RunFileError

from .channels import Record, RunHeader, Sink
from .recorder import Recorder

log = logging.getLogger(__name__)


class Sinks:
    """All sinks of a run as one; what fails in closing one does not keep the others from closing.

    :param recorders: those of *sinks* that take the log and the readings of monitors, too
    """

    def __init__(self, sinks: list[Sink], recorders: list[Recorder]) -> None:
        self._sinks, self._recorders = sinks, recorders
        self._open: list[Sink] = []
        self._logs = [_LogOfRun(recorder) for recorder in recorders]
        self.points = 0

    def open(self, header: RunHeader) -> None:
        for sink in self._sinks:
            sink.open(header)
            self._open.append(sink)
        for log_of_run in self._logs:
            log_of_run.attach()

    def append(self, record: Record) -> None:
        for sink in self._open:
            sink.append(record)
        self.points += 1

    def monitor(self, name: str, value: float) -> None:
        for recorder in self._recorders:
            recorder.monitor(name, value)

    def close(self, status: str, reason: str, snapshot: Mapping[str, Mapping[str, Any]]) -> Exception | None:
        for log_of_run in self._logs:
            log_of_run.detach()
        problem: Exception | None = None
        for sink in self._open:
            try:
                sink.close(status, reason, snapshot)
            except Exception as error:
                log.error("%s: %s", type(sink).__name__, error)
                problem = problem or error
        return problem


class _LogOfRun(logging.Handler):
    """Copies what antistokes logs, from INFO on, into the run file."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(logging.INFO)
        self._recorder = recorder
        self._logger = logging.getLogger("antistokes")
        self._level = logging.NOTSET

    def attach(self) -> None:
        self._level = self._logger.level
        if self._logger.getEffectiveLevel() > logging.INFO:
            self._logger.setLevel(logging.INFO)
        self._logger.addHandler(self)

    def detach(self) -> None:
        if self in self._logger.handlers:
            self._logger.removeHandler(self)
            self._logger.setLevel(self._level)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._recorder.log(record.levelno, record.getMessage())
        except RunFileError:
            self.detach()  # the next point says what is wrong with the file
