"""``antistokes plot`` and ``antistokes info``: run files."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from antistokes.cli import options
from antistokes.cli.output import emit, notes, screen
from antistokes.cli.report import NOTHING_FOUND, found_nothing, glance, report_of, tell
from antistokes.instruments.clock import duration
from antistokes.instruments.errors import Refused, RunFileError

File = Annotated[Path, typer.Argument(metavar="FILE", help="a run file")]


def register(app: typer.Typer) -> None:
    app.command()(plot)
    app.command()(info)
    app.command()(report)
    app.command()(compare)
    app.command()(recover)


def plot(
    file: File,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="IMAGE", help="PNG, SVG or PDF; beside the run file otherwise"),
    ] = None,
    band: Annotated[
        list[str] | None,
        typer.Option("--band", metavar="NAME=LOW:HIGH", help="band by hand, in nm; repeatable"),
    ] = None,
    json: options.Json = False,
) -> int:
    """Analyse a run file again and draw its figure.

    Exit code 3: nothing in it can be analysed.
    """
    if out is not None and out.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise Refused(f"--out = {out}: must end in .png, .svg or .pdf")
    windows = dict(_band(text) for text in band) if band else None
    described = _read(file)
    report = {"file": str(file), "status": described["status"]}
    with _refused():
        report |= report_of(file, windows, figure=out or True)
    blocks = report.get("blocks", [report])
    nothing = found_nothing(report)
    if (windows or not nothing) and not any("figure" in block for block in blocks):
        raise Refused(_why_none(blocks[0], file))
    tell(report)
    if json:
        emit(report)
    return NOTHING_FOUND if nothing else 0


def info(file: File, json: options.Json = False) -> int:
    """Say what is in a run file."""
    from antistokes.analysis import load
    from antistokes.analysis.overview import overview

    described = _read(file)
    points, planned = described["points"], described["planned"]
    screen.print(f"{described['title']}: {described['status']}, {points} of {planned or '?'} points")
    if described["reason"]:
        screen.print(described["reason"])
    if points:
        with _refused():
            seen = overview(load(file, arrays=False))
        glance(asdict(seen))
        screen.print(_arrays(described["channels"]))
    if described["end"]:
        took = datetime.fromisoformat(described["end"]) - datetime.fromisoformat(described["start"])
        screen.print(f"took {duration(took.total_seconds())}")
    table = Table(show_header=False, box=None, pad_edge=False)
    for key, value in described.items():
        if key not in _SAID:
            table.add_row(key, _SPECIAL.get(key, _short)(value))
    screen.print(table)
    if json:
        emit({"file": str(file)} | described)
    return 0


def report(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="run files")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="PAGE", help="the page; beside the first file otherwise")
    ] = None,
    json: options.Json = False,
) -> int:
    """Write one HTML page about run files: figures, values, flags, settings, provenance."""
    from antistokes.cli.page import damaged_section, page, run_section
    from antistokes.procedures.problems import Problems

    problems = Problems()
    readable = []
    for file in files:
        with problems.noted():
            _read(file)
            readable.append(file)
    if not readable:
        problems.refuse()
    target = out or options.free_path(readable[0].with_suffix(".html"))
    with options.using(target):
        if target.suffix.lower() not in (".html", ".htm") or not target.parent.is_dir():
            raise Refused(f"--out = {target}: must be a page that ends in .html, in a folder that exists")
    sections = []
    for file in readable:
        with problems.noted(), options.using(file), _refused():
            sections.append(run_section(file))
    sections += [damaged_section(str(problem)) for problem in problems.found]
    title = readable[0].stem if len(readable) == 1 else f"{len(readable)} runs"
    with options.using(target):
        target.write_text(page(title, sections), encoding="utf-8")
    screen.print(f"page: {target}", markup=False)
    for problem in problems.found:
        notes.print(f"antistokes: not in the page: {problem}", markup=False)
    if json:
        emit({"page": str(target), "files": [str(file) for file in files]})
    return 1 if problems.found else 0


def compare(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE FILE...", help="run files; the first over each other")
    ],
    irradiance: Annotated[
        float | None,
        typer.Option("--irradiance", min=0, help="W/cm²; else in the middle of what all have measured"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="IMAGE", help="draw the figure there")] = None,
    json: options.Json = False,
) -> int:
    """Enhancement of the first run's sample over the others' at equal irradiance."""
    from antistokes.analysis.bands import AnalysisError
    from antistokes.analysis.compare import compare as compare_runs
    from antistokes.analysis.figures import save_figure

    for file in files:
        _read(file)
    try:
        with _refused():
            found = compare_runs(files, irradiance)
        if out is not None and found.figure is not None:
            save_figure(found.figure(), out)
    except AnalysisError as problem:
        raise Refused(str(problem)) from None
    result = found.as_dict() | ({"figure": str(out)} if out is not None else {})
    tell(result)
    if json:
        emit({"files": [str(file) for file in files]} | result)
    return 0


def recover(file: File, json: options.Json = False) -> int:
    """Repair a run file whose program was killed, so that every program can open it."""
    from antistokes.procedures.recovery import recover as repair

    _check_file(file)
    try:
        with options.using(file):
            points = repair(file)
    except RunFileError as error:
        raise Refused(str(error)) from None
    screen.print(f"{file}: {points} points", markup=False)
    if json:
        emit({"file": str(file), "points": points})
    return 0


def _read(file: Path) -> dict[str, Any]:
    from antistokes.analysis import describe

    _check_file(file)
    with _refused(), options.using(file):
        return describe(file)


@contextmanager
def _refused() -> Iterator[None]:
    """:raises Refused: what is read in the block is no run file, or damaged"""
    from antistokes.analysis.runfile import NotARunFile

    try:
        yield
    except NotARunFile as error:
        raise Refused(str(error)) from None


def _check_file(file: Path) -> None:
    """:raises Refused: it is not there, or may not be looked at, or is a folder"""
    with options.using(file):
        if file.is_dir():
            raise Refused(f"{file}: is a folder; must be a run file")
        if not file.exists():
            raise Refused(f"{file}: no such file")


def _why_none(block: dict[str, Any], file: Path) -> str:
    """Why there is no figure of the run."""
    said = block.get("problem") or "; ".join(block.get("warnings", ())) or "nothing in it is drawn"
    return f"{file}: {said}"


def _band(text: str) -> tuple[str, tuple[float, float]]:
    name, _, window = text.partition("=")
    low, _, high = window.partition(":")
    with suppress(ValueError):
        edges = float(low), float(high)
        if name and all(map(math.isfinite, edges)):
            return name, edges
    raise Refused(f"--band {text}: must be NAME=LOW:HIGH in nm, e.g. green=515:560")


def _channels(channels: dict[str, dict[str, Any]]) -> str:
    """One line per channel: name, unit, what it is."""
    return "\n".join(
        f"{name} ({channel['units'] or '-'}) {channel['long_name']}"
        + "".join(f" × {dim}" for dim in channel["dims"])
        for name, channel in channels.items()
    )


def _arrays(channels: dict[str, dict[str, Any]]) -> str:
    """What is no single number at a point: ``along wavelength (2048): spectrum, dark``."""
    names: dict[str, list[str]] = {}
    for name, channel in channels.items():
        sizes = zip(channel["dims"], channel["shape"], strict=True)
        names.setdefault(", ".join(f"{dim} ({size})" for dim, size in sizes), []).append(name)
    return "\n".join(f"along {sizes}: {', '.join(each)}" for sizes, each in names.items() if sizes)


def _monitors(monitors: dict[str, dict[str, Any]]) -> str:
    """One line per monitor: what it is, and between what it has been."""
    return (
        "\n".join(
            f"{name} ({m['units'] or '-'}) {m['long_name']}: {m['readings']} readings, "
            f"{m['lowest']:.6g} to {m['highest']:.6g}, the last {m['last']:.6g}"
            for name, m in monitors.items()
        )
        or "-"
    )


def _interruptions(told: list[dict[str, Any]]) -> str:
    return "\n".join(f"after {each['points']} points: {each['reason']}" for each in told)


def _log(lines: list[tuple[float, int, str]]) -> str:
    """One line per entry: when, how serious, what."""
    return (
        "\n".join(f"{time:.1f} s {logging.getLevelName(level)} {text}" for time, level, text in lines) or "-"
    )


_SAID = ("title", "status", "reason", "points", "planned")
_SPECIAL: dict[str, Callable[[Any], str]] = {
    "channels": _channels,
    "monitors": _monitors,
    "log": _log,
    "interruptions": _interruptions,
}


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_short(item)}" for key, item in value.items()) or "-"
    if isinstance(value, (list, tuple)):
        separator = "\n" if any(isinstance(item, (dict, list, tuple)) for item in value) else ", "
        return separator.join(_short(item) for item in value) or "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
