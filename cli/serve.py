"""``antistokes serve``: the virtual bench over TCP, for programs that are not ours."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import queue
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from antistokes.cli import options
from antistokes.cli.output import screen, table
from antistokes.instruments.errors import Refused

if TYPE_CHECKING:
    from antistokes.simulated_hw.server import Endpoint

_LOOK = 0.05  # s; how often the bench is asked for its light
_BY_SOFTWARE = "is reached through its maker's software and is not served"


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
    """Serve the twins of a station over TCP (raw socket and HiSLIP, or ZeroMQ) until interrupted.

    Says when light goes on and off.
    """
    from antistokes.instruments.clock import RealClock
    from antistokes.instruments.stationfile import StationFile
    from antistokes.simulated_hw.backend import build_world
    from antistokes.simulated_hw.server import TwinServer
    from antistokes.simulated_hw.zmq_server import HINT, ZmqServer, can_serve
    from antistokes.simulated_hw.zmq_sockets import Replier

    file = StationFile.read(options.station_path(station))
    world = build_world(file, RealClock(), sample, seed)
    if not host:
        raise Refused("--host: is empty; must be an address of this computer, such as 127.0.0.1")
    if not _is_loopback(host):
        print(f"warning: anybody who reaches {host} can control these simulated instruments", file=sys.stderr)
    repliers = {name: twin for name, twin in world.twins.items() if isinstance(twin, Replier)}
    on_zmq = repliers if can_serve() else {}
    with (
        _interruption() as interrupted,
        TwinServer(world.on_wire(), host) as server,
        ZmqServer(on_zmq, host) as zmq_server,
    ):
        endpoints = [*server.endpoints, *zmq_server.endpoints]
        if as_json:
            for line in (*map(asdict, endpoints), {"ready": True}):
                print(json.dumps(line), flush=True)
        else:
            missing = sorted(world.twins.keys() - {endpoint.name for endpoint in endpoints})
            unpacked = f"is not served: it {HINT}"
            _show(file.name, endpoints, {n: unpacked if n in repliers else _BY_SOFTWARE for n in missing})
        lit = False
        # in slices: on Windows a wait without an end cannot be interrupted
        while True:
            with contextlib.suppress(queue.Empty):
                interrupted.get(timeout=_LOOK)
                break
            with world.bench.lock:
                before, lit = lit, world.bench.light_is_on()
            if lit != before:
                _tell_light(lit, as_json)


def _tell_light(lit: bool, as_json: bool) -> None:
    """The bench's own record of when light gets past the shutters, in Unix time."""
    if as_json:
        print(json.dumps({"light": lit, "time": time.time()}), flush=True)
    else:
        screen.print(f"{time.strftime('%H:%M:%S')} light is {'on' if lit else 'off'}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def _interruption() -> Iterator[queue.SimpleQueue[int]]:
    """Where SIGINT and SIGTERM arrive; the lock of an event would not stand a second one meanwhile."""
    interrupted: queue.SimpleQueue[int] = queue.SimpleQueue()
    before = {
        number: signal.signal(number, lambda number, _: interrupted.put(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(name: str, endpoints: Iterable[Endpoint], unserved: dict[str, str]) -> None:
    listing = table("instrument", "model", "resource", title=f"station {name}, simulated")
    for endpoint in endpoints:
        listing.add_row(endpoint.name, endpoint.model, endpoint.resource)
        if endpoint.hislip is not None:
            listing.add_row("", "", endpoint.hislip)
    screen.print(listing)
    for missing, reason in unserved.items():
        screen.print(f"{missing} {reason}", markup=False)
    screen.print("Ctrl-C stops")
