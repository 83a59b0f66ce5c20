"""``antistokes demo`` and ``antistokes run``: experiments."""

from __future__ import annotations

import time
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from antistokes.cli import options
from antistokes.cli.output import emit
from antistokes.instruments.errors import Refused

if TYPE_CHECKING:
    from antistokes.procedures.problems import Problems
    from antistokes.procedures.procedure import Procedure


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
        typer.Option("--out", metavar="FILE", help="the run file, ends in .h5; or the folder for it"),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="on a virtual bench: change samples without asking somebody to")
    ] = False,
    monitor: Annotated[
        list[str] | None,
        typer.Option(
            "--monitor",
            metavar="INSTRUMENT.QUANTITY[:EVERY]",
            help="record it beside the run, e.g. cryostat.temperature:10s",
        ),
    ] = None,
    json: options.Json = False,
) -> int:
    """Run a procedure, or all runs of a plan file, on a station and record them."""
    if procedure.endswith(".toml"):
        if settings:
            raise Refused("--set: a plan file has its settings in it")
        from antistokes.cli.plans import run_plan

        return run_plan(Path(procedure), station, sample, seed, yes, out or Path(), json, monitor or [])
    kind = _procedure(procedure, context)
    from antistokes.cli.measuring import Place, look, look_by_light, measure
    from antistokes.procedures.problems import Problems
    from antistokes.procedures.runner import check_path

    problems = Problems()
    values = _settings(settings or [], problems)
    plan = None
    with problems.noted():
        plan = kind.of(values)
    with problems.noted():
        path = _file(out or Path(), procedure)
    with problems.noted():
        monitors = options.monitors(monitor or [])
        place = Place(options.station_path(station), sample, seed, yes, monitors)
        if plan is None and (stand_in := kind.stand_in(values)):
            look(problems, [("", stand_in)], place)
    problems.refuse()
    assert plan is not None, "else there is a problem"
    with options.folder_made(path.parent):
        check_path(path)
        look_by_light(problems, [("", plan)], place)
        problems.refuse()
        report, code = measure(plan, place, path)
    if json:
        emit(report)
    return code


def _procedure(name: str, context: typer.Context) -> type[Procedure]:
    """:raises Refused: there is no such procedure; says what was meant"""
    from antistokes.instruments.backend import plugin

    group = "antistokes.procedures"
    if not any(point.name == name for point in entry_points(group=group)):
        commands = context.find_root().command
        if name in getattr(commands, "commands", ()):
            raise Refused(f"run {name}: is no procedure but a command: did you mean 'antistokes {name}'?")
        if Path(name).suffix:
            raise Refused(f"run {name}: is no procedure, and no plan file: that ends in .toml")
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


def _settings(texts: list[str], problems: Problems) -> dict[str, Any]:
    """What ``--set`` says, each once."""
    values: dict[str, Any] = {}
    for text in texts:
        with problems.noted():
            name, value = _setting(text)
            if name in values:
                raise Refused(f"--set {text}: {name} is set twice")
            values[name] = value
    return values


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
