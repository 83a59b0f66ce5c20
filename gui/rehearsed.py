"""What a rehearsal of a run says, and the process it is carried out in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from antistokes.instruments.errors import AntistokesError
from antistokes.instruments.station import Station
from antistokes.procedures.plan_file import planned_run
from antistokes.procedures.runner import run

from .curves import Curves
from .live_run import LiveRun


@dataclass(frozen=True)
class Rehearsed:
    """A run on twins, in virtual time.

    :ivar problems: what keeps it from working; empty: nothing does
    :ivar seconds: that one repeat takes
    :ivar points, usable: of these without a flag that keeps them from being analysed
    :ivar flags: points by flag
    :ivar dose: J/cm² that the sample gets; NaN: not known
    :ivar curves: that it will make
    """

    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    points: int = 0
    usable: int = 0
    flags: Mapping[str, int] = field(default_factory=dict)
    dose: float = float("nan")
    curves: Curves = field(default_factory=Curves)


def rehearse(to: Connection, table: Mapping[str, Any], station: str, sample: str | None) -> None:
    """Send a :class:`Rehearsed` of the ``[[runs]]`` *table* of a plan file; the process is for this alone."""
    try:
        found = _rehearsed(table, station, sample)
    except AntistokesError as error:
        found = Rehearsed(problems=tuple(str(error).splitlines()))
    to.send(found)
    to.close()


def _rehearsed(table: Mapping[str, Any], path: str, sample: str | None) -> Rehearsed:
    from antistokes.analysis import load
    from antistokes.analysis.overview import overview

    planned = planned_run(table, Path("queue"))
    station = Station.load(path, sample=planned.sample or sample, rehearsal=True)
    station.ask = lambda wish: None
    live = LiveRun()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "rehearsal.h5"
        outcome = run(planned.plan, station, file, [live])
        why: tuple[str, ...] = (outcome.reason,) if outcome.reason else ()
        if not outcome.points:
            return Rehearsed(problems=why, seconds=outcome.seconds)
        seen = overview(load(file))
    if not seen.usable:
        why += (f"none of its {seen.points} points can be used",)
    return Rehearsed(
        problems=why,
        seconds=outcome.seconds,
        points=seen.points,
        usable=seen.usable,
        flags=seen.flags,
        dose=seen.read["dose"].high if "dose" in seen.read else float("nan"),
        curves=Curves.of(live),
    )
