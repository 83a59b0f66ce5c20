"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from antistokes.cli.output import notes
from antistokes.instruments.errors import Refused
from antistokes.instruments.free_path import free_path as unused

if TYPE_CHECKING:
    from antistokes.instruments.stationfile import MonitorEntry

Station = Annotated[
    str | None,
    typer.Option("--station", metavar="FILE", help="station file, or the name of a shipped station"),
]
Sample = Annotated[str | None, typer.Option("--sample", metavar="ID|FILE", help="sample id or sample file")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="seed of the virtual bench")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="a parameter of the procedure")
]
Monitors = Annotated[
    list[str] | None,
    typer.Option(
        "--monitor",
        metavar="INSTRUMENT.QUANTITY[:EVERY]",
        help="record it beside the run, e.g. cryostat.temperature:10s",
    ),
]
Errand = Annotated[
    str,
    typer.Argument(
        metavar="PROCEDURE|PLAN.toml", help="name of the procedure, e.g. power-sweep, or a plan file"
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes", help="on a virtual bench: change samples without asking somebody to")
]
Transcript = Annotated[
    Path | None,
    typer.Option("--transcript", metavar="FILE", help="write down all that goes over the wires"),
]
Json = Annotated[bool, typer.Option("--json", help="print one JSON object as the last line")]

BUILT_IN = "virtual"


def station_path(station: str | None) -> Path:
    """The station file to use; says so when it is the built-in one."""
    from antistokes.simulated_hw.stations import find_station

    if station is None:
        notes.print("no --station given: using the built-in virtual bench (simulated)")
    return find_station(station or BUILT_IN)


@contextmanager
def using(path: Path) -> Iterator[None]:
    """:raises Refused: the system says no to what the block does with *path*"""
    try:
        yield
    except OSError as error:
        raise Refused(f"{path}: cannot be used: {error.strerror or error}") from None


@contextmanager
def folder_made(folder: Path) -> Iterator[None]:
    """The folder is there inside the block; what was made of it is gone again if nothing came into it.

    :raises Refused: it cannot be made
    """
    with using(folder):
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        for each in made:
            if each.is_dir() and not any(each.iterdir()):
                each.rmdir()


def free_path(path: Path) -> Path:
    """*path*, or the first of path-2, path-3 … that does not exist: a run file is never overwritten."""
    with using(path):
        return unused(path)


def find_built_in() -> Path:
    """The built-in virtual station."""
    from antistokes.simulated_hw.stations import find_station

    return find_station(BUILT_IN)


def monitors(texts: list[str]) -> dict[str, MonitorEntry]:
    """What ``--monitor`` names, by that name: ``cryostat.temperature``, or with how often ``…:10s``.

    :raises Refused: a text that names no quantity, or no time above 0 s
    """
    from antistokes.instruments.stationfile import MonitorEntry
    from antistokes.procedures.units import number_in

    found = {}
    for text in texts:
        of, colon, every = text.partition(":")
        if not all(of.partition(".")):
            raise Refused(f"--monitor {text}: must be INSTRUMENT.QUANTITY, or INSTRUMENT.QUANTITY:10s")
        found[of] = MonitorEntry(of=of)
        if not colon:
            continue
        try:
            seconds = float(every)
        except ValueError:
            seconds = number_in("s", every, f"--monitor {text}: time")
        if not 0 < seconds < math.inf:
            raise Refused(f"--monitor {text}: time is {seconds:g} s; must be above 0 s")
        found[of] = MonitorEntry(of=of, every_s=seconds)
    return found
