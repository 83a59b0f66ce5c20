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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.backend import plugin
from antistokes.instruments.errors import FileRefused, Refused, nearest
from antistokes.instruments.records import Record, check_format, read_toml

from .axes import Axis
from .axes.named import AXES, make_axis
from .measurement import RecordedPlan
from .problems import Problems
from .procedure import Procedure
from .sequence import Sequence
from .units import number_in

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

    def axis_of(self, problems: Problems, place: str) -> Axis | None:
        """*problems* gets, with their *place*, the set-points that are none; None: there is no other.

        :raises Refused: an unknown axis, or set-points that it cannot have
        """
        if self.axis not in AXES:
            raise Refused(f"axis '{self.axis}' is unknown; {nearest(self.axis, AXES)}")
        unit = AXES[self.axis][1]
        ends = (self.start, self.stop, self.points)
        if (self.values is None) == any(end is None for end in ends):
            raise Refused(f"axis '{self.axis}': needs either values, or start, stop and points")
        asked = [self.start, self.stop] if self.values is None else self.values
        numbers = []
        for value in asked:
            with problems.noted(place):
                numbers.append(float(number_in(unit, value, f"axis '{self.axis}'")))
        if self.values is not None:
            return make_axis(self.axis, numbers, **self.options) if numbers or not asked else None
        if len(numbers) < len(asked):
            return None
        start, stop = numbers
        if self.spacing == "log" and min(start, stop) <= 0:
            raise Refused(f"axis '{self.axis}': start = {start:g} and stop = {stop:g} must be above 0 {unit}")
        space = np.geomspace if self.spacing == "log" else np.linspace
        return make_axis(self.axis, space(start, stop, self.points or 1), **self.options)


class StepEntry(Record, kw_only=True, frozen=True):
    """``[[runs.steps]]``."""

    procedure: str
    settings: dict[str, Any] = {}


class RunEntry(Record, kw_only=True, frozen=True):
    """``[[runs]]``: one file for each repeat."""

    steps: Annotated[list[dict[str, Any]], Meta(min_length=1)]
    over: list[dict[str, Any]] = []
    sample: str | None = None
    file: Annotated[str, Meta(pattern=r"^[^/\\]*$", description="a name without a folder")] = ""
    repeats: Annotated[int, Meta(ge=1, le=10000)] = 1


class _File(Record, kw_only=True, frozen=True):
    runs: Annotated[list[dict[str, Any]], Meta(min_length=1)]
    station: str | None = None
    sample: str | None = None
    seed: Annotated[int, Meta(ge=0)] | None = None


@dataclass(frozen=True)
class PlannedRun:
    """One file to be made."""

    plan: RecordedPlan
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
        problems = Problems()
        plan = cls.looked_at(path, problems)
        problems.refuse()
        return plan

    @classmethod
    def looked_at(cls, path: str | Path, problems: Problems) -> PlanFile:
        """Like :meth:`read`, but what is wrong is left out, and added to *problems*."""
        path = Path(path)
        values = problems.fields(check_format(read_toml(path), path, FORMAT, VERSION), _File, path)
        runs: list[PlannedRun] = []
        for i, data in enumerate(values.get("runs", ())):
            runs += _runs(data, f"runs[{i}]", path, problems)
        taken: set[str] = set()
        for run in runs:
            if run.stem in taken:
                text = f"two runs write the file {run.stem}.h5; give them names: file = …"
                problems.add(FileRefused(path, "", text))
            taken.add(run.stem)
        sample = values.get("sample")
        named = (replace(run, sample=run.sample or sample) for run in runs)
        return cls(path, values.get("station"), values.get("seed"), tuple(named))


def _runs(data: dict[str, Any], key: str, path: Path, problems: Problems) -> Iterator[PlannedRun]:
    """One for each repeat, of what can be understood."""
    entry = problems.fields(data, RunEntry, path, key)
    axes, steps, names = [], [], []
    for k, table in enumerate(entry.get("over", ())):
        axes.append(_axis(table, f"{key}.over[{k}]", path, problems))
    for k, table in enumerate(entry.get("steps", ())):
        steps.append(_step(table, f"{key}.steps[{k}]", path, problems))
        names.append(str(table.get("procedure")))
    plan = Sequence([axis for axis in axes if axis], [step for step in steps if step])
    stem = entry.get("file", "").removesuffix(".h5") or "-".join(names) or key
    repeats = entry.get("repeats", 1)
    for number in range(repeats):
        name = stem if repeats == 1 else f"{stem}-{number + 1}"
        yield PlannedRun(plan, entry.get("sample"), name, number)


def _axis(data: dict[str, Any], key: str, path: Path, problems: Problems) -> Axis | None:
    """With the set-points that it can have; None where too little is right."""
    before = len(problems.found)
    values = problems.fields(data, AxisEntry, path, key)
    enough = "values" in values or {"start", "stop", "points"} <= values.keys()
    if len(problems.found) > before and not ("axis" in values and enough):
        return None
    place = f"{path}: {key}"
    with problems.noted(place):
        return AxisEntry(**values).axis_of(problems, place)
    return None


def _step(data: dict[str, Any], key: str, path: Path, problems: Problems) -> Procedure | None:
    """A stand-in where its settings are wrong; None where it is not known at all."""
    values = problems.fields(data, StepEntry, path, key)
    if "procedure" not in values:
        return None
    with problems.noted(f"{path}: {key}"):
        kind: type[Procedure] = plugin("antistokes.procedures", values["procedure"]).load()
        settings = values.get("settings", {})
        with problems.noted(f"{path}: {key}"):
            return kind.of(settings)
        return kind.stand_in(settings)
    return None
