"""Rehearsing a plan on the twins of a station's instruments, in virtual time: no light, nothing moves.

The twins know the plan's sample by its model, and the optics as the station file says under ``[simulation]``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from antistokes.instruments.errors import AntistokesError
from antistokes.instruments.station import Station

from .channels import RunHeader
from .measurement import RecordedPlan
from .runner import Runner
from .sequence import Sequence


def fails_at_first_light(plan: RecordedPlan, twins: Callable[[], Station]) -> Iterator[AntistokesError]:
    """What ends each step of *plan* between the first light and the first point.

    An exposure that saturates at every power, a meter that sees nothing, a laser that no generator pulses:
    what cannot be known without light. Each step is carried out as far as its first point, into no file.

    :param twins: the station for a rehearsal, anew with each call
    :raises KeyboardInterrupt: Ctrl-C
    """
    for step in plan.steps():
        end = _FirstPoint()
        runner = Runner(twins(), [end])
        end.stop = runner.stop
        outcome = runner.run(Sequence(plan.over(), [step]))
        if isinstance(outcome.error, KeyboardInterrupt):
            raise outcome.error  # whoever wanted this to end does not want the run that follows
        if end.begun and not outcome.points and isinstance(outcome.error, AntistokesError):
            yield outcome.error


class _FirstPoint:
    """Ends the run at its first point; see :class:`antistokes.procedures.channels.Sink`."""

    stop: Callable[[], None]
    begun = False

    def open(self, header: RunHeader) -> None:
        self.begun = bool(header.channels)  # none where a device fails to open: that is not the plan's fault

    def append(self, record: Mapping[str, Any]) -> None:
        self.stop()

    def close(self, status: str, reason: str, snapshot: Mapping[str, Mapping[str, Any]]) -> None:
        """Nothing was kept."""
