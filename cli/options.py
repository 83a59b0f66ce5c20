"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from antistokes.cli.output import notes
from antistokes.instruments.errors import Refused

Station = Annotated[
    str | None,
    typer.Option("--station", metavar="FILE", help="station file, or the name of a shipped station"),
]
Sample = Annotated[str | None, typer.Option("--sample", metavar="ID|FILE", help="sample id or sample file")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="seed of the virtual bench")]
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


def free_path(path: Path) -> Path:
    """*path*, or the first of path-2, path-3 … that does not exist: a run file is never overwritten."""
    candidate, number = path, 1
    with using(path):
        while candidate.exists():
            number += 1
            candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def find_built_in() -> Path:
    """The built-in virtual station."""
    from antistokes.simulated_hw.stations import find_station

    return find_station(BUILT_IN)
