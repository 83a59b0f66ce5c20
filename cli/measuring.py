"""Carrying out a plan for the command line: the look before it, the run, and what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from antistokes.cli import person
from antistokes.cli.estimating import rehearsed
from antistokes.cli.logs import logged, unsaid
from antistokes.cli.options import free_path
from antistokes.cli.output import notes, screen
from antistokes.cli.progress import ProgressBar
from antistokes.cli.report import NOTHING_FOUND, found_nothing, report_of, tell
from antistokes.instruments.errors import AntistokesError, LimitError, Refused, RunFileError
from antistokes.instruments.records import SampleRecord
from antistokes.instruments.station import Station
from antistokes.instruments.stationfile import MonitorEntry, StationFile
from antistokes.procedures.feedback import OutOfReach
from antistokes.procedures.interrupted import Interrupted
from antistokes.procedures.measurement import Measurement, Plan, RecordedPlan
from antistokes.procedures.monitors import Monitors
from antistokes.procedures.plan_file import PlannedRun
from antistokes.procedures.problems import Problems
from antistokes.procedures.rehearsal import fails_at_first_light
from antistokes.procedures.run_copy import copy_run
from antistokes.procedures.runner import Outcome, resume, run
from antistokes.procedures.sequence import Sequence

_NEAR = 20.0  # nm from where a sample is meant to be excited


@dataclass(frozen=True)
class Place:
    """Where a plan is carried out.

    :ivar station: its file
    :ivar sample, seed: in place of those the file names
    :ivar yes: nobody is asked to change samples, they are changed
    :ivar monitors: recorded beside the run, and those the station file names
    :ivar rehearsal: twins in place of the instruments
    """

    station: Path
    sample: str | None = None
    seed: int | None = None
    yes: bool = False
    monitors: Mapping[str, MonitorEntry] = field(default_factory=dict)
    rehearsal: bool = False

    @property
    def virtual(self) -> bool:
        """No hardware is opened. :raises FileRefused: the station's file"""
        return self.rehearsal or StationFile.read(self.station).backend == "@sim"

    def of(self, run: PlannedRun) -> Place:
        """The same for *run*: its sample; each repeat has a noise of its own."""
        seed = run.repeat or None if self.seed is None else self.seed + run.repeat
        return replace(self, sample=run.sample, seed=seed)

    def twins(self) -> Station:
        """For a rehearsal: twins of the instruments, and somebody who changes samples at once."""
        station = Station.load(self.station, sample=self.sample, seed=self.seed, rehearsal=True)
        station.ask = lambda wish: None
        station.monitors |= self.monitors
        return station

    def load(self, bar: ProgressBar) -> Station:
        """:raises Refused: the station, its sample, or that nobody is asked"""
        if self.rehearsal:
            return self.twins()
        station = Station.load(self.station, sample=self.sample, seed=self.seed)
        station.monitors |= self.monitors
        person.attend(station, self.yes, bar)
        return station


def look(problems: Problems, plans: Iterable[tuple[str, RecordedPlan]], place: Place) -> None:
    """Add what keeps *plans* from being carried out, each after its name. Nothing moves.

    Where there are problems already, the plans have defaults in place of what is wrong; that those are beyond
    a limit is nobody's problem.

    :raises AntistokesError: an instrument fails, and nothing else is wrong
    """
    stand_ins = bool(problems.found)
    with problems.noted():
        station = _loaded(problems, place)
        station.watchdog = None
        try:
            station.open()
            Monitors(station).bind(problems)
            station.monitors, station.interlocks = {}, {}  # said once
            for name, plan in plans:
                of_defaults = _beyond_limits(_defaults(plan), station) if stand_ins else set()
                for refused in _refused(plan, station):
                    if str(refused) not in of_defaults:
                        problems.add(refused, name)
        except Refused:
            raise
        except AntistokesError as error:
            if not problems.found:
                raise
            problems.add(Refused(str(error)))
        finally:
            station.close(make_safe=False)  # to bind moves nothing


def look_by_light(problems: Problems, runs: list[PlannedRun], place: Place) -> None:
    """Add what ends *runs* at the first light, on a virtual bench: another one like it is lit."""
    if not place.virtual:
        return
    for one in runs:
        if not one.repeat:
            name = one.stem if len(runs) > 1 else ""
            with problems.noted(name), unsaid():
                for failed in fails_at_first_light(one.plan, place.of(one).twins):
                    problems.add(Refused(str(failed)), name)


def _loaded(problems: Problems, place: Place) -> Station:
    """The station; with its own sample where there is none such as *place* says."""
    try:
        return place.load(ProgressBar())
    except Refused as refused:
        if place.sample is None:
            raise
        problems.add(refused)
        return replace(place, sample=None).load(ProgressBar())


def _refused(plan: Plan, station: Station) -> list[Refused]:
    """What *station* cannot do of *plan*."""
    problems = Problems()
    with problems.noted():
        Measurement(plan, station).bind()
    return problems.found


def _beyond_limits(plan: Plan, station: Station) -> set[str]:
    return {str(refused) for refused in _refused(plan, station) if isinstance(refused, LimitError)}


def _defaults(plan: RecordedPlan) -> Sequence:
    """The procedures of *plan* as they are without any settings."""
    return Sequence([], [step for each in plan.steps() if (step := type(each).stand_in({})) is not None])


def measure(
    plan: RecordedPlan,
    place: Place,
    path: Path,
    figure: bool = False,
    before: Interrupted | None = None,
    accept_changes: bool = False,
) -> tuple[dict[str, Any], int]:
    """Carry out *plan*, tell what came of it; the report and the exit code.

    :param before: the run at *path* goes on, also where *accept_changes* and not all is as it was
    """
    started = time.perf_counter()
    bar = ProgressBar()
    station = place.load(bar)
    try:
        with logged(), ExitStack() as stack:
            if not station.clock.virtual and notes.is_terminal:
                bar.news = stack.enter_context(rehearsed(plan, place))
            outcome = _carried_out(plan, station, path, bar, before, accept_changes)
    finally:
        station.close()
    file = str(path) if path.exists() else None
    report: dict[str, Any] = {"file": file, "status": outcome.status, "reason": outcome.reason}
    try:
        report |= report_of(path, figure=figure) if outcome.points else {"points": 0}
    except KeyboardInterrupt:
        notes.print(f"the run has {outcome.status}; to analyse it: antistokes plot {path}")
        raise
    report |= {"virtual_seconds": outcome.seconds, "wall_seconds": time.perf_counter() - started}
    _tell(report, station.simulated, station.clock.virtual)
    _tell_other_wavelength(report.get("excitation_wavelength"), station.sample)
    if outcome.status == "completed":
        return report | _responses(plan, path, place.station), NOTHING_FOUND if found_nothing(report) else 0
    refused = isinstance(outcome.error, Refused) and not outcome.points
    word = "refused" if refused else f"run {outcome.status}"
    notes.print(f"antistokes: {word}: {outcome.reason}", markup=False)
    if file and not refused and not isinstance(outcome.error, OutOfReach):
        notes.print(f"to go on with it: antistokes resume {file}", markup=False)
    if outcome.status == "stopped":
        return report, 130
    return report, 2 if refused else 1


def copied(path: Path, folder: Path) -> str | None:
    """The copy of a run file that there is in *folder*; a copy that fails is told, the run is safe."""
    if not path.exists():
        return None
    try:
        copy = copy_run(path, folder)
    except RunFileError as error:
        notes.print(f"antistokes: {error}")
        return None
    screen.print(f"copied to {copy}")
    return str(copy)


def _carried_out(
    plan: RecordedPlan,
    station: Station,
    path: Path,
    bar: ProgressBar,
    before: Interrupted | None,
    accept_changes: bool,
) -> Outcome:
    if before is None:
        return run(plan, station, path, [bar])
    return resume(before, station, plan, [bar], accept_changes=accept_changes)


def _responses(plan: RecordedPlan, path: Path, station: Path) -> dict[str, Any]:
    """The tables of a run that calibrates the response, beside its file; and how a station gets them."""
    if not any(step.NAME == "calibrate-response" for step in plan.steps()):
        return {}
    from antistokes.analysis import load
    from antistokes.analysis.analyse import blocks
    from antistokes.analysis.bands import AnalysisError
    from antistokes.analysis.calibrate_response import spectral_response, write_response

    dataset, tables = load(path), []
    for name, _, block in blocks(dataset):
        if name != "calibrate-response":
            continue
        try:
            response = spectral_response(block)
        except AnalysisError:
            continue  # the report says why
        table = free_path(path.with_suffix(".response.csv"))
        write_response(response, table, str(dataset.attrs["start"])[:10])
        tables.append(str(table))
        key = f"[response]\nfile = {json.dumps(_seen_from(station, table), ensure_ascii=False)}"
        screen.print(f"response: {table}; a station uses it when its file says:\n{key}", markup=False)
    return {"response_files": tables}


def _seen_from(station: Path, table: Path) -> str:
    """The path of *table* as the station's file may say it."""
    whole, folder = table.resolve(), station.resolve().parent
    return (whole.relative_to(folder) if whole.is_relative_to(folder) else whole).as_posix()


def _tell_other_wavelength(laser: float | None, sample: SampleRecord | None) -> None:
    """Say so where the sample is not meant to be excited at the laser's wavelength (nm)."""
    if laser is None or sample is None or not sample.excitation:
        return
    if min(abs(laser - nm) for nm in sample.excitation) > _NEAR:
        meant = ", ".join(f"{nm:g}" for nm in sample.excitation)
        what = f"sample '{sample.id}' is meant to be excited at {meant} nm"
        notes.print(f"{what}; the laser is at {laser:g} nm")


def _tell(report: dict[str, Any], simulated: bool, virtual: bool) -> None:
    """The result in a few lines."""
    if report["file"]:
        mark = " (simulated)" if simulated else ""
        screen.print(f"{report['points']} points in {report['file']}{mark}", markup=False)
    if report["points"]:
        tell(report)
    kind = "virtual" if virtual else "measuring"
    screen.print(f"{report['virtual_seconds']:.0f} s of {kind} time in {report['wall_seconds']:.1f} s")
