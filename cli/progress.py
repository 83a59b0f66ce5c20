"""A progress bar with remaining time, as a sink of the run.

On a terminal it moves from the beginning, while the excitation is calibrated and nothing can be counted yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from antistokes.cli.output import notes
from antistokes.procedures.channels import RunHeader


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
        doing = "preparing" if header.excitation_wavelength is None else "calibrating the excitation"
        self._task = self._bar.add_task(f"{header.title}: {doing}", total=None)
        self._header, self._counting = header, False
        if notes.is_terminal:
            self._bar.start()

    def append(self, record: Mapping[str, Any]) -> None:
        if not self._counting:  # the time of the preparation says nothing of that of the points
            self._bar.reset(self._task, description=self._header.title, total=self._header.planned)
            self._counting = True
        self._bar.advance(self._task)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Out of the way inside the block."""
        moving = self._bar.live.is_started
        if moving:
            self._bar.stop()
        yield
        if moving:
            self._bar.start()

    def close(self, status: str, reason: str, snapshot: Mapping[str, Mapping[str, Any]]) -> None:
        if self._bar.live.is_started:  # else it prints an empty line
            self._bar.stop()
