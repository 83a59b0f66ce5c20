"""``antistokes serve``: the virtual bench over TCP, for programs that are not ours."""

from __future__ import annotations

import ipaddress
import json
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from antistokes.cli import options
from antistokes.cli.output import screen, table

if TYPE_CHECKING:
    from antistokes.simulated_hw.server import Endpoint


def register(app: typer.Typer) -> None:
    app.command()(serve)


def serve(
    station: options.Station = None,
    sample: options.Sample = None,
    seed: options.Seed = None,
    host: Annotated[
        str, typer.Option(help="address to listen on; loopback unless told otherwise")
    ] = "127.0.0.1",
    as_json: Annotated[
        bool, typer.Option("--json", help="one JSON object per instrument, then ready")
    ] = False,
) -> None:
    """Serve the twins of a station over TCP (raw socket and HiSLIP) until interrupted."""
    from antistokes.instruments.clock import RealClock
    from antistokes.instruments.stationfile import StationFile
    from antistokes.simulated_hw.backend import build_world
    from antistokes.simulated_hw.server import TwinServer

    file = StationFile.read(options.station_path(station))
    world = build_world(file, RealClock(), sample, seed)
    if not _is_loopback(host):
        print(f"warning: anybody who reaches {host} can control these simulated instruments", file=sys.stderr)
    with _interruption() as interrupted, TwinServer(world.on_wire(), host) as server:
        if as_json:
            for line in (*map(asdict, server.endpoints), {"ready": True}):
                print(json.dumps(line), flush=True)
        else:
            _show(file.name, server.endpoints, world.twins.keys() - world.on_wire().keys())
        # in slices: on Windows a wait without an end cannot be interrupted
        while not interrupted.wait(1.0):
            continue


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _interruption() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set."""
    interrupted = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: interrupted.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(name: str, endpoints: Iterable[Endpoint], unserved: Iterable[str]) -> None:
    listing = table("instrument", "model", "resource", title=f"station {name}, simulated")
    for endpoint in endpoints:
        listing.add_row(endpoint.name, endpoint.model, endpoint.resource)
        if endpoint.hislip is not None:
            listing.add_row("", "", endpoint.hislip)
    screen.print(listing)
    for missing in sorted(unserved):
        screen.print(f"{missing} is reached through its maker's software and is not served")
    screen.print("Ctrl-C stops")
