"""``antistokes demo`` and ``antistokes run``: experiments."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from antistokes.cli import options
from antistokes.cli.output import emit, notes, screen
from antistokes.cli.report import report_of, tell
from antistokes.instruments.errors import PlanRefused, Refused
from antistokes.instruments.records import SampleRecord

_NEAR = 20.0  # nm from where a sample is meant to be excited


def register(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(run)


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="folder for the run file and the figure")
    ] = Path(),
    seed: options.Seed = None,
    json: options.Json = False,
) -> int:
    """Measure the power dependence of NaYF4:Yb,Er on the virtual bench; writes a run file and a figure."""
    from antistokes.procedures import PowerSweep

    with options.using(out):
        if out.exists() and not out.is_dir():
            raise Refused(f"--out = {out}: is a file; must be a folder")
        out.mkdir(parents=True, exist_ok=True)
    path = options.free_path(out / "demo.h5")
    return _carry_out(PowerSweep(), options.find_built_in(), None, seed, path, json, figure=True)


def run(
    procedure: Annotated[
        str, typer.Argument(help="name of the procedure, e.g. power-sweep, or a plan file, e.g. night.toml")
    ],
    station: options.Station = None,
    sample: options.Sample = None,
    seed: options.Seed = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="a parameter of the procedure")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="the run file, must not exist; or the folder for it"),
    ] = None,
    json: options.Json = False,
) -> int:
    """Run a procedure, or all runs of a plan file, on a station and record them."""
    if procedure.endswith(".toml"):
        if settings:
            raise Refused("--set: a plan file has its settings in it")
        return run_plan(Path(procedure), station, sample, seed, out or Path(), json)
    from antistokes.instruments.backend import plugin

    kind = plugin("antistokes.procedures", procedure).load()
    plan = kind.of(dict(_setting(text) for text in settings or ()))
    path = out or Path()
    with options.using(path):
        folder = path.is_dir()
    if folder:
        path = options.free_path(path / f"{procedure}-{time.strftime('%Y%m%d-%H%M%S')}.h5")
    return _carry_out(plan, options.station_path(station), sample, seed, path, json, figure=False)


def _setting(text: str) -> tuple[str, Any]:
    """``name=value``; the value is read as TOML (numbers, lists, booleans), else as text."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise Refused(f"--set {text}: must be NAME=VALUE")
    for literal in (value, f"[{value}]") if "," in value else (value,):  # 77, 300 is a list as well
        try:
            return name.strip(), tomllib.loads(f"v = {literal}")["v"]
        except tomllib.TOMLDecodeError:
            continue
    return name.strip(), value


def _carry_out(
    plan: Any,
    station_path: Path,
    sample: str | None,
    seed: int | None,
    path: Path,
    as_json: bool,
    figure: bool,
) -> int:
    report, code = measure(plan, station_path, sample, seed, path, figure)
    if as_json:
        emit(report)
    return code


def measure(
    plan: Any, station_path: Path, sample: str | None, seed: int | None, path: Path, figure: bool
) -> tuple[dict[str, Any], int]:
    """Carry out *plan*, tell what came of it; the report and the exit code."""
    from antistokes.cli.progress import ProgressBar
    from antistokes.instruments.station import Station
    from antistokes.procedures.runner import run as run_on

    started = time.perf_counter()
    station = Station.load(station_path, sample=sample, seed=seed)
    try:
        outcome = run_on(plan, station, path, [ProgressBar()])
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
        return report, 0
    refused = isinstance(outcome.error, Refused) and not outcome.points
    word = "refused" if refused else f"run {outcome.status}"
    notes.print(f"antistokes: {word}: {outcome.reason}", markup=False)
    if outcome.status == "stopped":
        return report, 130
    return report, 2 if refused else 1


def run_plan(
    plan_path: Path, station: str | None, sample: str | None, seed: int | None, folder: Path, as_json: bool
) -> int:
    """All runs of a plan file, each into a file of its own in *folder*.

    All are checked before the first one begins. One that fails does not keep the next from being tried; one
    that is stopped does.
    """
    from antistokes.procedures.plan_file import PlanFile

    plan = PlanFile.read(plan_path)
    with options.using(folder):
        if folder.suffix == ".h5" or not folder.is_dir():
            raise Refused(f"--out = {folder}: must be a folder that exists, for the files of a plan")
    seed = plan.seed if seed is None else seed
    beside = plan_path.parent / plan.station if plan.station else None
    named = str(beside) if station is None and beside is not None and beside.exists() else None
    station_path = options.station_path(station or named or plan.station)
    runs = [
        (run.plan, sample or run.sample, options.free_path(folder / f"{run.stem}.h5")) for run in plan.runs
    ]
    _check_all(runs, station_path, seed)
    reports, codes = [], []
    for (sequence, which, path), run in zip(runs, plan.runs, strict=True):
        own_seed = run.repeat if seed is None and run.repeat else None if seed is None else seed + run.repeat
        report, code = measure(sequence, station_path, which, own_seed, path, figure=False)
        reports.append(report)
        codes.append(code)
        if code == 130:
            break
    if as_json:
        emit({"runs": reports})
    return max(codes)


def _check_all(runs: list[tuple[Any, str | None, Path]], station_path: Path, seed: int | None) -> None:
    """:raises Refused: a run that cannot be carried out; nothing has moved"""
    from antistokes.instruments.station import Station
    from antistokes.procedures.measurement import Measurement

    problems: list[str] = []
    for sample in dict.fromkeys(which for _, which, _ in runs):
        station = Station.load(station_path, sample=sample, seed=seed).open()
        try:
            for sequence, which, path in runs:
                if which != sample:
                    continue
                try:
                    Measurement(sequence, station).bind()
                except PlanRefused as refused:
                    problems += [f"{path.stem}: {problem}" for problem in refused.problems]
                except Refused as refused:
                    problems.append(f"{path.stem}: {refused}")
        finally:
            station.close(make_safe=False)  # to bind moves nothing
    if len(problems) == 1:
        raise Refused(problems[0])
    if problems:
        raise PlanRefused(problems)


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
