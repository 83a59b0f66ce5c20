"""``antistokes safe``: light off and heaters off, from any shell."""

from __future__ import annotations

from typing import Annotated

import typer

from antistokes.cli import options
from antistokes.cli.output import emit, screen, table
from antistokes.instruments.errors import Refused


def register(app: typer.Typer) -> None:
    app.command()(safe)


def safe(
    station: options.Station = None,
    within: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="give an instrument up after that")
    ] = 10.0,
    json: options.Json = False,
) -> int:
    """Make every instrument of a station safe: light off, shutters closed, heaters off.

    Each by a connection of its own and all at once, also while another program hangs. Exit code 1: one could
    not be made safe; it is named.
    """
    from antistokes.cli.logs import logged
    from antistokes.instruments.emergency import make_all_safe

    if station is None:
        raise Refused("safe: --station is missing; which instruments are to be made safe?")
    with logged():
        steps = make_all_safe(options.station_path(station), within)
    rows = table("instrument", "", "s")
    for step in steps:
        state = f"NOT SAFE: {step.problem}" if step.problem else "safe"
        rows.add_row(step.device, state, f"{step.seconds:.2f}")
    screen.print(rows)
    if json:
        emit({"steps": [{"device": s.device, "seconds": s.seconds, "problem": s.problem} for s in steps]})
    return 1 if any(step.problem for step in steps) else 0
