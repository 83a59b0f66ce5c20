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

from rich.console import Console
from rich.table import Table

from antistokes.instruments.clock import RealClock
from antistokes.instruments.stationfile import StationFile
from antistokes.simulated_hw.backend import build_world
from antistokes.simulated_hw.server import Endpoint, TwinServer
from antistokes.simulated_hw.stations import find_station


def serve(
    station: str | None = None,
    host: str = "127.0.0.1",
    json_lines: bool = False,
    sample: str | None = None,
    seed: int | None = None,
) -> None:
    """Serve every twin of *station* until SIGINT or SIGTERM.

    :param station: a file or a shipped station; None is the built-in one
    :param host: address to listen on
    :param json_lines: print one JSON object per instrument, then ``{"ready": true}``
    :param sample: id or file, in place of the one the station file names
    :param seed: of the bench, in place of the file's
    :raises Refused: a fault in the station file, or an address that cannot be had
    """
    file = StationFile.read(find_station(station or "virtual"))
    world = build_world(file, RealClock(), sample, seed)
    if not _is_loopback(host):
        print(f"warning: anybody who reaches {host} can control these simulated instruments", file=sys.stderr)
    with _interruption() as interrupted, TwinServer(world.on_wire(), host) as server:
        if json_lines:
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
    table = Table("instrument", "model", title=f"Station {name}, simulated", box=None)
    table.add_column("resource", overflow="fold")  # whole, to be copied
    for endpoint in endpoints:
        table.add_row(endpoint.name, endpoint.model, endpoint.resource)
        if endpoint.hislip is not None:
            table.add_row("", "", endpoint.hislip)
    console = Console()
    console.print(table)
    for missing in sorted(unserved):
        console.print(f"{missing} is reached through its maker's software and is not served")
    console.print("Ctrl-C stops")
