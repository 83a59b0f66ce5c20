"""``antistokes run PLAN.toml``: all runs of a plan file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from antistokes.cli import options
from antistokes.cli.measuring import Place, look, look_by_light, measure
from antistokes.cli.output import emit
from antistokes.cli.report import NOTHING_FOUND
from antistokes.instruments.errors import Refused
from antistokes.procedures.plan_file import PlanFile, PlannedRun
from antistokes.procedures.problems import Problems

#: exit codes of runs: interrupted, failed, refused, not analysed
_WORST_FIRST = (130, 1, 2, NOTHING_FOUND)


def run_plan(
    path: Path,
    station: str | None,
    sample: str | None,
    seed: int | None,
    yes: bool,
    out: Path,
    as_json: bool,
    monitors: list[str],
) -> int:
    """All runs of the plan file at *path*, each into a file of its own in the folder *out*.

    All are checked before the first one begins. One that fails does not keep the next from being tried; one
    that is stopped does.

    :raises Refused: all that is wrong, at once; nothing has moved
    """
    problems = Problems()
    plan = PlanFile.looked_at(path, problems)
    with problems.noted(), options.using(out):
        if out.suffix == ".h5" or out.is_file():
            raise Refused(f"--out = {out}: must be a folder, for the files of a plan")
    seed = plan.seed if seed is None else seed
    runs = [replace(run, sample=sample or run.sample) for run in plan.runs]
    with problems.noted():
        place = Place(_station_of(plan, station), None, seed, yes, options.monitors(monitors))
        of_sample = {
            which: [(run.stem, run.plan) for run in runs if run.sample == which and not run.repeat]
            for which in dict.fromkeys(run.sample for run in runs)
        }
        for which, plans in of_sample.items():
            look(problems, plans, replace(place, sample=which))
    problems.refuse()
    reports, codes = [], []
    with options.folder_made(out):
        for which, plans in of_sample.items():
            look_by_light(problems, plans, replace(place, sample=which))
        problems.refuse()
        for run in runs:
            there = replace(place, sample=run.sample, seed=_seed_of(run, seed))
            report, code = measure(run.plan, there, options.free_path(out / f"{run.stem}.h5"))
            reports.append(report)
            codes.append(code)
            if code == 130:
                break
    if as_json:
        emit({"runs": reports})
    return next((code for code in _WORST_FIRST if code in codes), 0)


def _station_of(plan: PlanFile, station: str | None) -> Path:
    """The one named on the command line, or that of the plan: beside it, or shipped."""
    beside = plan.path.parent / plan.station if station is None and plan.station else None
    return options.station_path(
        str(beside) if beside is not None and beside.exists() else station or plan.station
    )


def _seed_of(run: PlannedRun, seed: int | None) -> int | None:
    """Each repeat has a noise of its own."""
    if seed is None:
        return run.repeat or None
    return seed + run.repeat
