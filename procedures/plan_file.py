"""Plan files: what is measured on which samples, one file each, unattended.

::

    format = "antistokes-plan"
    version = 1
    station = "lab.toml"

    [[runs]]
    file = "map"                       # map.h5; with repeats map-1.h5, map-2.h5 …
    sample = "yber-micro"
    repeats = 2

    [[runs.over]]                      # for T: for wavelength: …, the slowest first
    axis = "temperature"
    values = [77, 150, 300]            # or start, stop, points, spacing = "log"

    [[runs.over]]
    axis = "excitation_wavelength"
    start = 970
    stop = 985
    points = 4

    [[runs.steps]]                     # … power sweep, then lifetime
    procedure = "power-sweep"
    settings = { start = 1, stop = 100 }

    [[runs.steps]]
    procedure = "lifetime"
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.backend import plugin
from antistokes.instruments.errors import FileRefused, PlanRefused, Refused, nearest
from antistokes.instruments.records import Record, check_format, convert, read_toml

from .axes import Axis
from .axes.named import AXES, make_axis
from .procedure import Procedure, number_in
from .sequence import Sequence

FORMAT, VERSION = "antistokes-plan", 1


class AxisEntry(Record, kw_only=True, frozen=True):
    """``[[runs.over]]``: *values*, or *points* from *start* to *stop*; with units, too: ``"20 ms"``."""

    axis: str
    values: list[float | str] | None = None
    start: float | str | None = None
    stop: float | str | None = None
    points: Annotated[int, Meta(ge=1)] | None = None
    spacing: Literal["linear", "log"] = "linear"
    #: further keywords of the axis: ``{ order = "shuffled", seed = 3 }``
    options: dict[str, Any] = {}

    def axis_of(self) -> Axis:
        """:raises Refused: an unknown axis, or set-points that are none"""
        if self.axis not in AXES:
            raise Refused(f"axis '{self.axis}' is unknown; {nearest(self.axis, AXES)}")
        unit = AXES[self.axis][1]
        ends = (self.start, self.stop, self.points)
        if (self.values is None) == any(end is None for end in ends):
            raise Refused(f"axis '{self.axis}': needs either values, or start, stop and points")
        if self.values is not None:
            return make_axis(self.axis, [self._number(v, unit) for v in self.values], **self.options)
        start, stop = self._number(self.start, unit), self._number(self.stop, unit)
        if self.spacing == "log" and min(start, stop) <= 0:
            raise Refused(f"axis '{self.axis}': start = {start:g} and stop = {stop:g} must be above 0 {unit}")
        space = np.geomspace if self.spacing == "log" else np.linspace
        return make_axis(self.axis, space(start, stop, self.points or 1), **self.options)

    def _number(self, value: Any, unit: str) -> float:
        return float(number_in(unit, value, f"axis '{self.axis}'"))


class StepEntry(Record, kw_only=True, frozen=True):
    """``[[runs.steps]]``."""

    procedure: str
    settings: dict[str, Any] = {}

    def procedure_of(self) -> Procedure:
        """:raises Refused: an unknown procedure, or settings it cannot have"""
        kind: type[Procedure] = plugin("antistokes.procedures", self.procedure).load()
        return kind.of(self.settings)


class RunEntry(Record, kw_only=True, frozen=True):
    """``[[runs]]``: one file for each repeat."""

    steps: Annotated[list[StepEntry], Meta(min_length=1)]
    over: list[AxisEntry] = []
    sample: str | None = None
    file: str = ""
    repeats: Annotated[int, Meta(ge=1, le=10000)] = 1


class _File(Record, kw_only=True, frozen=True):
    runs: Annotated[list[RunEntry], Meta(min_length=1)]
    station: str | None = None
    sample: str | None = None
    seed: Annotated[int, Meta(ge=0)] | None = None


@dataclass(frozen=True)
class PlannedRun:
    """One file to be made."""

    plan: Sequence
    sample: str | None
    #: of the file, without suffix
    stem: str
    #: from 0; each gets a noise of its own on the virtual bench
    repeat: int = 0


@dataclass(frozen=True)
class PlanFile:
    """A plan file, checked as far as that is possible without a station."""

    path: Path
    station: str | None
    seed: int | None
    runs: tuple[PlannedRun, ...]

    @classmethod
    def read(cls, path: str | Path) -> PlanFile:
        """:raises FileRefused: the file; :raises PlanRefused: several things in it, all at once"""
        path = Path(path)
        file = convert(check_format(read_toml(path), path, FORMAT, VERSION), _File, path)
        runs: list[PlannedRun] = []
        problems: list[str] = []
        for i, entry in enumerate(file.runs):
            axes = [
                _read(f"{path}: runs[{i}].over[{k}]", e.axis_of, problems) for k, e in enumerate(entry.over)
            ]
            steps = [
                _read(f"{path}: runs[{i}].steps[{k}]", e.procedure_of, problems)
                for k, e in enumerate(entry.steps)
            ]
            plan = Sequence([a for a in axes if a], [s for s in steps if s])
            stem = entry.file.removesuffix(".h5") or "-".join(e.procedure for e in entry.steps)
            runs += _repeated(plan, entry.sample or file.sample, stem, entry.repeats)
        taken: set[str] = set()
        for run in runs:
            if run.stem in taken:
                problems.append(f"{path}: two runs write the file {run.stem}.h5; give them names: file = …")
            taken.add(run.stem)
        if len(problems) == 1:
            raise FileRefused(path, "", problems[0].removeprefix(f"{path}: "))
        if problems:
            raise PlanRefused(problems)
        return cls(path, file.station, file.seed, tuple(runs))


def _repeated(plan: Sequence, sample: str | None, stem: str, repeats: int) -> Iterator[PlannedRun]:
    for number in range(repeats):
        yield PlannedRun(plan, sample, stem if repeats == 1 else f"{stem}-{number + 1}", number)


def _read(key: str, make: Any, problems: list[str]) -> Any:
    """What *make* gives; None, and one more problem, when it refuses."""
    try:
        return make()
    except Refused as problem:
        problems.append(f"{key}: {problem}")
        return None
