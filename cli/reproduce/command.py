"""The command ``antistokes reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from antistokes.cli import options


def register(app: typer.Typer) -> None:
    app.command()(reproduce)


def reproduce(
    samples: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID|FILE]...", help="samples; all that are shipped otherwise"),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="folder for run files, figures and the report")
    ] = Path("reproduced"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="seed of the virtual bench")] = 980,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, help="runs at the same time; one per core otherwise")
    ] = None,
    json: options.Json = False,
) -> int:
    """Measure what is known of samples again, on the virtual bench; exit code 1 when a fact is missed."""
    from .reproduction import reproduce as reproduce_all

    return reproduce_all(samples, out, seed, jobs, json)
