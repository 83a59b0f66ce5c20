"""``antistokes resume``: going on with a run that was stopped, failed or killed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from antistokes.cli import options
from antistokes.cli.output import emit, screen
from antistokes.instruments.errors import Refused, RunFileError

if TYPE_CHECKING:
    from antistokes.procedures.interrupted import Interrupted


def register(app: typer.Typer) -> None:
    app.command()(resume)


def resume(
    file: Annotated[Path, typer.Argument(metavar="RUN.h5", help="run file")],
    station: options.Station = None,
    sample: options.Sample = None,
    accept_changes: Annotated[
        bool,
        typer.Option("--accept-changes", help="of station, sample, seed, instruments; the file tells them"),
    ] = False,
    yes: options.Yes = False,
    transcript: options.Transcript = None,
    json: options.Json = False,
) -> int:
    """Go on with a run that was stopped, failed or killed, at its first point that is not safely on disk.

    Station and sample are those of the run unless others are named; they must be as they were. A virtual
    bench lives through the run again first. Exit codes as of 'antistokes run'.
    """
    from antistokes.cli.measuring import Place, measure
    from antistokes.cli.transcript import transcript as written_down
    from antistokes.procedures.interrupted import Interrupted

    with options.using(file):
        if file.is_dir():
            raise Refused(f"{file}: is a folder; must be a run file")
        try:
            before = Interrupted.read(file)
        except RunFileError as error:
            raise Refused(str(error)) from None
    place = Place(
        _station(before) if station is None else options.station_path(station),
        sample or _sample(before),
        before.seed,
        yes,
        before.monitors,
    )
    if not place.virtual and before.simulated:
        raise Refused(f"{file}: was measured on a virtual bench; {place.station} is one of real instruments")
    plan = before.plan()
    screen.print(f"{file}: {before.points} of {before.planned} points; {before.status}: {before.reason}")
    with written_down(transcript):
        report, code = measure(plan, place, file, before=before, accept_changes=accept_changes)
    if json:
        emit(report)
    return code


def _station(before: Interrupted) -> Path:
    """The station file of the run. :raises Refused: it is nowhere"""
    from antistokes.simulated_hw.stations import find_station

    said = Path(before.station_path)
    for path in (said, before.path.parent / said, before.path.parent / said.name):
        if path.is_file():
            return path
    try:
        return find_station(said.stem)  # a shipped one, of another installation
    except Refused:
        raise Refused(f"{before.path}: its station file {said} is not there; say --station FILE") from None


def _sample(before: Interrupted) -> str | None:
    """What names the sample of the run; None: the station's own."""
    said = before.sample_path
    beside = before.path.parent / Path(said).name
    return str(beside) if said and not Path(said).is_file() and beside.is_file() else said or None
