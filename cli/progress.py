"""A progress bar with remaining time, as a sink of the run; shown when a run takes longer than 2 s."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from antistokes.cli.output import notes
from antistokes.procedures.channels import RunHeader

_PATIENCE = 2.0  # s


class ProgressBar:
    """See :class:`antistokes.procedures.channels.Sink`."""

    def open(self, header: RunHeader) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("points, remaining"),
            TimeRemainingColumn(),
            console=notes,
            transient=True,
        )
        self._task = self._bar.add_task(header.title, total=header.planned or None)
        self._show_at = time.monotonic() + _PATIENCE
        self._shown = False

    def append(self, record: Mapping[str, Any]) -> None:
        self._bar.advance(self._task)
        if not self._shown and time.monotonic() > self._show_at:
            self._bar.start()
            self._shown = True

    def close(self, status: str, reason: str, snapshot: Mapping[str, Mapping[str, Any]]) -> None:
        self._bar.stop()
