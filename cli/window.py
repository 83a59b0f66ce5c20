"""``antistokes gui``: the window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from antistokes.cli import options
from antistokes.instruments.errors import Refused


def register(app: typer.Typer) -> None:
    app.command()(gui)


def gui(
    station: options.Station = None,
    sample: options.Sample = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="folder for the run files")] = Path(),
) -> int:
    """Open the window on a station; on the built-in virtual bench where none is named."""
    from antistokes.instruments.station import Station

    path = options.station_path(station)
    try:
        from antistokes.gui.app import start
    except ImportError as error:
        raise Refused(f"gui: {error}; the window needs Qt: pip install 'antistokes[gui]'") from None
    with options.folder_made(out):
        return start(Station.load(path, sample=sample), out)
