"""Runs that wait for their turn. They are kept as a plan file: what a window has not measured yet,
``antistokes run lab.queue.toml`` does, and so does the next window of that station and folder.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy import QtCore

from antistokes.instruments.errors import FileRefused, Refused
from antistokes.instruments.free_path import free_path
from antistokes.instruments.records import check_format, read_toml
from antistokes.procedures.plan_file import FORMAT, VERSION, planned_run, planned_runs, write_plan
from antistokes.procedures.problems import Problems
from antistokes.procedures.runner import Outcome

from .lab import Lab
from .rehearsed import Rehearsed


@dataclass
class Waiting:
    """One line of the queue.

    :ivar table: as it stands in a plan file, ``[[runs]]``
    :ivar problem: why it was not measured, or not to its end; the queue goes on with the next
    :ivar rehearsed: None: not yet
    """

    table: dict[str, Any]
    problem: str = ""
    rehearsed: Rehearsed | None = None

    @property
    def repeats(self) -> int:
        return int(self.table.get("repeats", 1))

    @property
    def seconds(self) -> float | None:
        """That all its repeats will take; None: not known."""
        found = self.rehearsed
        return None if found is None or found.problems else found.seconds * self.repeats


class RunQueue(QtCore.QObject):
    """The queue of a window.

    A run that fails or is refused stays in it, with the reason, and the next one begins; one that is stopped
    by hand stays, too, and the queue rests.

    Signals: ``changed``, ``failed`` (the queue cannot be kept, and why).

    :param folder: where it is kept, and where run files go
    """

    changed = QtCore.Signal()
    failed = QtCore.Signal(str)

    def __init__(self, lab: Lab, folder: Path) -> None:
        super().__init__()
        self._lab, self._folder = lab, folder
        self.runs: list[Waiting] = []
        self.going = False
        self._now: Waiting | None = None
        lab.ended.connect(self._ended)
        lab.refused.connect(self._refused)
        lab.ending.connect(self.hold)

    @property
    def path(self) -> Path:
        return self._folder / f"{Path(self._lab.station.file.path).stem}.queue.toml"

    @property
    def now(self) -> Waiting | None:
        """What is being measured of it."""
        return self._now

    @property
    def seconds(self) -> float | None:
        """That all of it will take, as rehearsed; None: not known of all."""
        times = [one.seconds for one in self.runs if not one.problem]
        known = [seconds for seconds in times if seconds is not None]
        return sum(known) if len(known) == len(times) else None

    # -- what is in it ----------------------------------------------------------------------------

    def read(self, path: Path) -> None:
        """Add the runs of a plan file. :raises Refused: it is none, or runs of it cannot be"""
        problems = self._added(path)
        self._keep()
        problems.refuse()

    def take_up(self) -> None:
        """Add what another window has left. :raises Refused: that cannot be, or not all; its file is kept"""
        if not self.path.exists():
            return
        problems = Problems()
        with problems.noted():
            problems.found += self._added(self.path).found
        if problems.found:
            aside = free_path(self.path.with_suffix(".kept"))
            try:
                self.path.rename(aside)
                problems.add(Refused(f"as it was it is kept in {aside}"))
                self._keep()
            except OSError as error:
                problems.add(Refused(f"{self.path}: cannot be kept: {error.strerror or error}"))
        self.changed.emit()
        problems.refuse()

    def _added(self, path: Path) -> Problems:
        """Add those runs of a plan file that can be; what is wrong with the others."""
        data = check_format(read_toml(path), path, FORMAT, VERSION)
        tables = data.get("runs")
        if not isinstance(tables, list):
            raise FileRefused(path, "runs", "is missing; a plan file has [[runs]]")
        sample = {"sample": data["sample"]} if "sample" in data else {}
        problems = Problems()
        for i, table in enumerate(tables):
            found = len(problems.found)
            list(planned_runs(table, f"runs[{i}]", path, problems))
            if len(problems.found) == found:
                self.runs.append(Waiting(sample | table))
        return problems

    def add(self, table: Mapping[str, Any]) -> Waiting:
        """:raises Refused: what is wrong with it"""
        planned_run(table, self.path)
        waiting = Waiting(dict(table))
        self.runs.append(waiting)
        self._keep()
        return waiting

    def remove(self, row: int) -> None:
        """Nothing, where it is being measured."""
        if self._free(row):
            del self.runs[row]
            self._keep()

    def move(self, row: int, by: int) -> int:
        """Change places with the one *by* rows below; the row it then has."""
        to = min(max(row + by, 0), len(self.runs) - 1)
        if self._free(row) and self._free(to):
            self.runs.insert(to, self.runs.pop(row))
            self._keep()
            return to
        return row

    def repeat(self, row: int, times: int) -> None:
        """Measure it *times* times, into as many files."""
        if 0 <= row < len(self.runs):
            self.runs[row].table["repeats"] = max(int(times), 1)
            self._keep()

    def rehearsed(self, table: Mapping[str, Any], found: Rehearsed) -> None:
        """What a rehearsal of *table* has said."""
        for one in self.runs:
            if one.table is table:
                one.rehearsed = found
                self.changed.emit()

    # -- what is done with it ---------------------------------------------------------------------

    def start(self) -> None:
        """Measure one after the other, also those that did not come to their end before."""
        for one in self.runs:
            one.problem = ""
        self.going = True
        if not self._lab.running:
            self._next()
        self.changed.emit()

    def hold(self) -> None:
        """None begins any more; the one that goes on comes to its end."""
        self.going = False
        self.changed.emit()

    def _next(self) -> None:
        for one in self.runs:
            if one.problem:
                continue
            try:
                run = planned_run(one.table, self.path)
            except Refused as refused:
                one.problem = str(refused)
                continue
            station = self._lab.station
            has = station.sample.id if station.sample is not None else None
            if run.sample is not None and run.sample not in (has, station.sample_path):
                one.problem = f"is for sample '{run.sample}'; this window has '{has}'"
                continue
            self._now = one
            self._lab.run(run.plan, new_file(self._folder, run.stem))
            break
        else:
            self.going = False
        self.changed.emit()

    def _ended(self, outcome: Outcome) -> None:
        one, self._now = self._now, None
        if one is not None and outcome.status == "completed":
            if one.repeats > 1:
                one.table["repeats"] = one.repeats - 1
            else:
                self.runs.remove(one)
            self._keep()
        elif one is not None:
            file = f", {outcome.path.name}" if outcome.path is not None else ""
            one.problem = f"{outcome.status}: {outcome.reason}{file}"
        if outcome.status == "stopped":
            self.going = False
        self._go_on()

    def _refused(self, why: str) -> None:
        one, self._now = self._now, None
        if one is not None:
            one.problem = f"refused: {why}"
        self._go_on()

    def _go_on(self) -> None:
        if self.going:
            self._next()
        self.changed.emit()

    def _free(self, row: int) -> bool:
        return 0 <= row < len(self.runs) and self.runs[row] is not self._now

    def _keep(self) -> None:
        try:
            if self.runs:
                write_plan(self.path, (one.table for one in self.runs), self._lab.station.file.path)
            else:
                self.path.unlink(missing_ok=True)
        except OSError as error:
            self.failed.emit(f"the queue cannot be kept in {self.path}: {error.strerror or error}")
        self.changed.emit()


def new_file(folder: Path, stem: str) -> Path:
    """A name for a run file that no other has."""
    return free_path(folder / f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}.h5")
