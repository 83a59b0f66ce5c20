"""A progress bar with remaining time, as a sink of the run.

On a terminal it moves from the beginning, while the excitation is calibrated and nothing can be counted yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from antistokes.cli.output import notes
from antistokes.instruments.clock import duration
from antistokes.procedures.channels import RunHeader
from antistokes.procedures.estimate import Estimate

_LATE = 600.0  # s; from then on it is also said when the run will be over


class ProgressBar:
    """See :class:`antistokes.procedures.channels.Sink`.

    :ivar news: gives once what a rehearsal expects: s from the beginning to each point
    """

    news: Callable[[], Sequence[float]] = staticmethod(lambda: ())

    def open(self, header: RunHeader) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("points{task.fields[left]}"),
            console=notes,
            transient=True,
        )
        doing = "preparing" if header.excitation_wavelength is None else "calibrating the excitation"
        self._task = self._bar.add_task(f"{header.title}: {doing}", total=None, left="")
        self._estimate, self._points, self._began = Estimate(header.planned), 0, time.monotonic()
        self._header, self._counting = header, False
        if notes.is_terminal:
            self._bar.start()

    def append(self, record: Mapping[str, Any]) -> None:
        if not self._counting:  # the time of the preparation says nothing of that of the points
            self._bar.reset(self._task, description=self._header.title, total=self._header.planned)
            self._counting = True
        self._points += 1
        self._bar.update(self._task, advance=1, left=self._left())

    def _left(self) -> str:
        """What is left, in words."""
        self._estimate.expected = self.news() or self._estimate.expected
        left = self._estimate.left(self._points, time.monotonic() - self._began)
        if left is None:
            return ""
        end = datetime.now() + timedelta(seconds=left)
        return f", {duration(left)} left" + (f", until {end:%A %H:%M}" if left > _LATE else "")

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
