"""``antistokes demo``, ``run`` and ``check``: experiments."""

from __future__ import annotations

import time
from contextlib import ExitStack
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from antistokes.cli import options
from antistokes.cli.output import emit, notes
from antistokes.cli.report import NOTHING_FOUND
from antistokes.instruments.errors import Refused

if TYPE_CHECKING:
    from antistokes.procedures.plan_file import PlannedRun
    from antistokes.procedures.procedure import Procedure

_INTERRUPTED = 130
#: exit codes: interrupted, failed, refused, nothing could be analysed
_WORST_FIRST = (_INTERRUPTED, 1, 2, NOTHING_FOUND)


def register(app: typer.Typer) -> None:
    app.command()(demo)
    app.command()(run)
    app.command()(check)


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="folder for the run file and the figure")
    ] = Path(),
    seed: options.Seed = None,
    json: options.Json = False,
) -> int:
    """Measure the power dependence of NaYF4:Yb,Er on the virtual bench; writes a run file and a figure."""
    from antistokes.cli.measuring import Place, measure
    from antistokes.procedures import PowerSweep

    with options.using(out):
        if out.exists() and not out.is_dir():
            raise Refused(f"--out = {out}: is a file; must be a folder")
    place = Place(options.find_built_in(), seed=seed)
    with options.folder_made(out):
        report, code = measure(PowerSweep(), place, options.free_path(out / "demo.h5"), figure=True)
    if json:
        emit(report)
    return code


def run(
    context: typer.Context,
    what: options.Errand,
    station: options.Station = None,
    sample: options.Sample = None,
    seed: options.Seed = None,
    settings: options.Settings = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="the run file, ends in .h5; or the folder for it"),
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN", help="of a plan: only this run and those after it"),
    ] = None,
    yes: options.Yes = False,
    monitor: options.Monitors = None,
    copy_to: Annotated[
        Path | None,
        typer.Option("--copy-to", metavar="DIR", help="copy each run file there when its run is over"),
    ] = None,
    transcript: options.Transcript = None,
    json: options.Json = False,
) -> int:
    """Run a procedure, or all runs of a plan file, on a station and record them.

    All are checked before the first one begins. One that fails does not keep the next from being tried; one
    that is stopped does.

    Exit codes: 0 done, 1 a run failed, 2 refused, 3 measured and nothing of it could be analysed (the data
    are safe), 130 interrupted; of several runs the worst.
    """
    from antistokes.cli.errand import Errand
    from antistokes.cli.measuring import copied, look_by_light, measure
    from antistokes.cli.transcript import transcript as written_down
    from antistokes.procedures.problems import Problems
    from antistokes.procedures.runner import check_path

    kind = _procedure(what, context)
    errand = Errand(what, kind, station, sample, seed, tuple(settings or ()), tuple(monitor or ()), yes)
    problems = Problems()
    reports, codes = [], []
    with ExitStack() as stack:
        with problems.noted():
            path = _file(out or Path(), what) if kind else _folder(out or Path()) / "plan.h5"
            stack.enter_context(options.folder_made(path.parent))
            if kind:
                check_path(path)
        with problems.noted():
            if copy_to is not None and not _folder(copy_to).is_dir():
                raise Refused(f"--copy-to = {copy_to}: there is no such folder")
        place, runs = errand.read(problems)
        with problems.noted():
            runs = _from(begin, runs, kind)
        look_by_light(problems, runs, place)
        problems.refuse()
        stack.enter_context(written_down(transcript))
        for one in runs:
            file = path if kind else options.free_path(path.with_name(f"{one.stem}.h5"))
            report, code = measure(one.plan, place.of(one), file)
            if copy_to is not None:
                report["copy"] = copied(file, copy_to)
            reports.append(report)
            codes.append(code)
            if code == _INTERRUPTED:
                _tell_left(what, runs[len(codes) :])
                break
    if json:
        emit(reports[0] if kind else {"runs": reports})
    return next((code for code in _WORST_FIRST if code in codes), 0)


def _from(begin: str | None, runs: list[PlannedRun], kind: type[Procedure] | None) -> list[PlannedRun]:
    """*runs* from the one called *begin* on. :raises Refused: there is none"""
    if begin is None:
        return runs
    if kind is not None:
        raise Refused(f"--from = {begin}: is for plan files; {kind.NAME} is a procedure")
    names = [one.stem for one in runs]
    if begin not in names:
        raise Refused(f"--from = {begin}: there is no such run; the plan has {', '.join(names)}")
    return runs[names.index(begin) :]


def _tell_left(what: str, left: list[PlannedRun]) -> None:
    """Which runs of the plan have not begun, and how to go on with them."""
    if left:
        names = ", ".join(one.stem for one in left)
        way = f"antistokes run {what} --from {left[0].stem}"
        notes.print(f"not begun: {names}; to go on with them: {way}", markup=False)


def check(
    context: typer.Context,
    what: options.Errand,
    station: options.Station = None,
    sample: options.Sample = None,
    seed: options.Seed = None,
    settings: options.Settings = None,
    monitor: options.Monitors = None,
    json: options.Json = False,
) -> int:
    """Rehearse a procedure, or all runs of a plan file, on virtual twins of the station's instruments.

    Tells how long it will take, what the sample gets, what will be flagged, and what may come out. No
    instrument is opened. Exit code 2: it cannot work.
    """
    from antistokes.cli.errand import Errand
    from antistokes.cli.rehearsing import rehearse
    from antistokes.procedures.problems import Problems

    kind = _procedure(what, context)
    texts = tuple(settings or ()), tuple(monitor or ())
    errand = Errand(what, kind, station, sample, seed, *texts, yes=True, rehearsal=True)
    problems = Problems()
    place, runs = errand.read(problems)
    results = rehearse(runs, place, problems)
    problems.refuse()
    if json:
        emit({"runs": results})
    return 0


def _procedure(name: str, context: typer.Context) -> type[Procedure] | None:
    """None: *name* is that of a plan file. :raises Refused: there is none such; says what was meant"""
    if name.endswith(".toml"):
        return None
    from antistokes.instruments.backend import plugin

    group = "antistokes.procedures"
    if not any(point.name == name for point in entry_points(group=group)):
        commands = context.find_root().command
        if name in getattr(commands, "commands", ()):
            raise Refused(f"'{name}' is no procedure but a command: did you mean 'antistokes {name}'?")
        if Path(name).suffix:
            raise Refused(f"'{name}' is no procedure, and no plan file: that ends in .toml")
    kind: type[Procedure] = plugin(group, name).load()
    return kind


def _file(out: Path, procedure: str) -> Path:
    """The run file: *out*, or a new one in that folder."""
    with options.using(out):
        if out.suffix == ".h5" and not out.is_dir():
            return out
        if (out.suffix and not out.is_dir()) or out.is_file():
            raise Refused(f"--out = {out}: must end in .h5, or be a folder")
        return options.free_path(out / f"{procedure}-{time.strftime('%Y%m%d-%H%M%S')}.h5")


def _folder(out: Path) -> Path:
    """For the files of a plan."""
    with options.using(out):
        if out.suffix == ".h5" or out.is_file():
            raise Refused(f"--out = {out}: must be a folder, for the files of a plan")
    return out
