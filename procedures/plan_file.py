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

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tomli_w
from msgspec import Meta

from antistokes.instruments.backend import plugin
from antistokes.instruments.errors import FileRefused, Refused, meant, nearest
from antistokes.instruments.records import Record, check_format, convert, read_toml

from .axes import Axis
from .axes.named import AXES, looked_at
from .measurement import RecordedPlan
from .parameters import MOST_POINTS
from .problems import Problems
from .procedure import Procedure
from .sequence import Sequence
from .units import number_in

FORMAT, VERSION = "antistokes-plan", 1
_NAME = r"^(?![\s.])[^/\\\x00-\x1f]{1,150}$"  # with .h5 and a number still a name of a file


class AxisEntry(Record, kw_only=True, frozen=True):
    """``[[runs.over]]``: *values*, or *points* from *start* to *stop*; with units, too: ``"20 ms"``."""

    axis: str
    values: list[Any] | None = None
    start: float | str | None = None
    stop: float | str | None = None
    points: Annotated[int, Meta(ge=1, le=MOST_POINTS)] | None = None
    spacing: Literal["linear", "log"] = "linear"
    #: further keywords of the axis: ``{ order = "shuffled", seed = 3 }``
    options: dict[str, Any] = {}

    def axis_of(self, others: Collection[str], problems: Problems, place: str) -> Axis | None:
        """The axis; of one that is not known the one that is probably meant, to look for what else is wrong.

        :param others: axes that are there already: none of them is meant
        :param problems: gets, with their *place*, the set-points and options that are left out
        :return: None where too little is left
        :raises Refused: no set-points at all
        """
        axis: str | None = self.axis
        if self.axis not in AXES:
            problems.add(Refused(f"axis '{self.axis}' is unknown; {nearest(self.axis, AXES)}"), place)
            axis = meant(self.axis, AXES)
            if axis is None or axis in others:
                return None
        assert axis is not None
        ends = (self.start, self.stop, self.points)
        if (self.values is None) == any(end is None for end in ends):
            raise Refused(f"axis '{self.axis}': needs either values, or start, stop and points")
        values = self._values(AXES[axis][1], problems, place)
        own = Problems()
        made = looked_at(axis, values, self.options, own) if values or self.values == [] else None
        for refused in own.found if axis == self.axis else ():
            problems.add(refused, place)
        return made

    def _values(self, unit: str | None, problems: Problems, place: str) -> list[Any]:
        """The set-points, in *unit*; those that cannot be are added to *problems*."""
        if self.values is not None:
            return problems.right(self.values, lambda i, v: self._number(f"values[{i}]", v, unit), place)
        asked = {"start": self.start, "stop": self.stop}
        ends = problems.right(asked.items(), lambda _, end: self._number(end[0], end[1], unit or ""), place)
        if len(ends) < len(asked):
            return []
        start, stop = ends
        if self.spacing == "log" and min(start, stop) <= 0:
            text = f"start = {start:g} and stop = {stop:g} must be above 0 {unit or ''}".rstrip()
            raise Refused(f"axis '{self.axis}': {text}")
        space = np.geomspace if self.spacing == "log" else np.linspace
        return list(space(start, stop, self.points or 1).tolist())

    def _number(self, key: str, value: Any, unit: str | None) -> Any:
        """A set-point in *unit*; without one it may be a name. :raises Refused: it is neither"""
        thing = f"axis '{self.axis}'"
        either: Any = float | str
        convert(value, either, thing, key)
        return value if unit is None else float(number_in(unit, value, f"{thing}: {key}"))


class StepEntry(Record, kw_only=True, frozen=True):
    """``[[runs.steps]]``."""

    procedure: str
    settings: dict[str, Any] = {}


class RunEntry(Record, kw_only=True, frozen=True):
    """``[[runs]]``: one file for each repeat."""

    steps: Annotated[list[Any], Meta(min_length=1)]
    over: list[Any] = []
    sample: str | None = None
    file: Annotated[str, Meta(pattern=_NAME, description="a name without a folder")] = ""
    repeats: Annotated[int, Meta(ge=1, le=10000)] = 1


class _File(Record, kw_only=True, frozen=True):
    runs: Annotated[list[Any], Meta(min_length=1)]
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
        data = check_format(read_toml(path), path, FORMAT, VERSION)
        values = problems.fields(data, _File, path, later=("runs",))
        runs: list[PlannedRun] = []
        for i, entry in enumerate(values.get("runs", ())):
            runs += planned_runs(entry, f"runs[{i}]", path, problems)
        taken: set[str] = set()
        for run in runs:
            if run.stem in taken:
                text = f"two runs write the file {run.stem}.h5; give them names: file = …"
                problems.add(FileRefused(path, "", text))
            taken.add(run.stem)
        sample = values.get("sample")
        named = (replace(run, sample=run.sample or sample) for run in runs)
        return cls(path, values.get("station"), values.get("seed"), tuple(named))


def planned_runs(data: Any, key: str, path: Path, problems: Problems) -> Iterator[PlannedRun]:
    """The table *data* of a plan file, ``[[runs]]``: one for each repeat, of what can be understood.

    :param key, path: where it stands, in what is added to *problems*
    """
    entry = problems.fields(data, RunEntry, path, key, ("steps", "over"))
    axes, steps = [], []
    over = entry.get("over", ())
    named = _words(over, "axis")
    for k, table in enumerate(over):
        axes.append(_axis(table, named, f"{key}.over[{k}]", path, problems))
    for k, table in enumerate(entry.get("steps", ())):
        steps.append(_step(table, f"{key}.steps[{k}]", path, problems))
    plan = Sequence([axis for axis in axes if axis], [step for step in steps if step], over)
    stem = entry.get("file", "").removesuffix(".h5")
    if not _words([data], "file"):  # one that cannot be is not replaced by one that others have
        stem = "-".join(_words(entry.get("steps", ()), "procedure"))
    repeats = entry.get("repeats", 1)
    for number in range(repeats):
        name = stem or key if repeats == 1 else f"{stem or key}-{number + 1}"
        yield PlannedRun(plan, entry.get("sample"), name, number)


def planned_run(table: Mapping[str, Any], path: Path) -> PlannedRun:
    """The first repeat of a ``[[runs]]`` of the plan file *path*. :raises Refused: all that is wrong"""
    problems = Problems()
    run = next(planned_runs(table, "runs", path, problems))
    problems.refuse()
    return run


def write_plan(path: Path, tables: Iterable[Mapping[str, Any]], station: str) -> None:
    """A plan file of these ``[[runs]]``; it is there as a whole or as it was before. :raises OSError:"""
    plan = {"format": FORMAT, "version": VERSION, "station": station, "runs": list(tables)}
    part = path.with_name(f".{path.name}.part")
    part.write_text(tomli_w.dumps(plan), encoding="utf-8")
    part.replace(path)


def _words(tables: Iterable[Any], key: str) -> list[str]:
    """What the tables among *tables* say under *key*."""
    return [str(table[key]) for table in tables if isinstance(table, dict) and key in table]


def _axis(data: Any, others: Collection[str], key: str, path: Path, problems: Problems) -> Axis | None:
    """With the set-points that it can have; None where too little is right."""
    before = len(problems.found)
    values = problems.fields(data, AxisEntry, path, key, ("values", "options"))
    enough = "values" in values or {"start", "stop", "points"} <= values.keys()
    if len(problems.found) > before and not ("axis" in values and enough):
        return None
    place = f"{path}: {key}"
    with problems.noted(place):
        return AxisEntry(**values).axis_of(others, problems, place)
    return None


def _step(data: Any, key: str, path: Path, problems: Problems) -> Procedure | None:
    """A stand-in where its settings are wrong; None where it is not known at all."""
    values = problems.fields(data, StepEntry, path, key, ("settings",))
    if "procedure" not in values:
        return None
    with problems.noted(f"{path}: {key}"):
        kind: type[Procedure] = plugin("antistokes.procedures", values["procedure"]).load()
        settings = values.get("settings", {})
        with problems.noted(f"{path}: {key}"):
            return kind.of(settings)
        return kind.stand_in(settings)
    return None
