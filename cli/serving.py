"""``antistokes serve``: the virtual bench over TCP."""

from __future__ import annotations

from typing import Annotated

import typer

from antistokes.cli import options


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    station: options.Station = None,
    sample: options.Sample = None,
    seed: options.Seed = None,
    host: Annotated[
        str, typer.Option(help="address to listen on; loopback unless told otherwise")
    ] = "127.0.0.1",
    json: options.Json = False,
) -> None:
    """Serve the twins of a station over TCP (raw socket and HiSLIP) until interrupted."""
    from antistokes.cli.serve import serve as serve_station

    serve_station(station, host, json, sample, seed)
