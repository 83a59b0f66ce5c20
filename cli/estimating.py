"""A rehearsal beside a run, in a process of its own, that tells how long the run will take."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from antistokes.instruments.errors import AntistokesError
from antistokes.procedures.estimate import expected_times
from antistokes.procedures.interrupted import recorded_plan

if TYPE_CHECKING:
    from antistokes.cli.measuring import Place
    from antistokes.procedures.measurement import RecordedPlan


@contextmanager
def rehearsed(plan: RecordedPlan, place: Place) -> Iterator[Callable[[], Sequence[float]]]:
    """Gives what tells s from the beginning to each point: nothing before the rehearsal is over.

    Nor ever where a plan or a station cannot be rehearsed: they are carried out all the same.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    arguments = (there, plan.NAME, plan.parameters(), replace(place, rehearsal=True))
    process = context.Process(target=_rehearse, args=arguments, name="rehearsal", daemon=True)
    process.start()
    there.close()

    def news() -> Sequence[float]:
        try:
            return here.recv() if here.poll() else ()
        except (EOFError, OSError):  # it has told, or failed
            return ()

    try:
        yield news
    finally:
        process.kill()
        process.join()
        here.close()


def _rehearse(to: Connection, name: str, parameters: dict[str, Any], place: Place) -> None:
    try:
        to.send(expected_times(recorded_plan(name, parameters, "the plan"), place.twins()))
    except AntistokesError:
        to.close()
