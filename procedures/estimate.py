"""How long a run will still take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from antistokes.instruments.station import Station

from .channels import RunHeader
from .measurement import RecordedPlan
from .runner import Runner


class Estimate:
    """What a rehearsal expects of each point, corrected by what the points have taken so far.

    :param planned: points
    :ivar expected: s from the beginning to the end of each point; empty: not known, all points are alike
    """

    def __init__(self, planned: int) -> None:
        self._planned = planned
        self.expected: Sequence[float] = ()

    def left(self, done: int, seconds: float) -> float | None:
        """s, where *done* points have taken *seconds*; None: cannot be told."""
        expected = self.expected
        if not expected:
            return seconds / done * max(self._planned - done, 0) if done else None
        if not done:
            return max(expected[-1] - seconds, 0.0)
        until_now = expected[min(done, len(expected)) - 1]
        return (expected[-1] - until_now) * (seconds / until_now if until_now else 1.0)


def expected_times(plan: RecordedPlan, twins: Station) -> list[float]:
    """Carry out *plan* on *twins*, in virtual time: s from the beginning to the end of each point."""
    times = _Times(twins)
    Runner(twins, [times]).run(plan)
    return times.of_points


class _Times:
    """See :class:`antistokes.procedures.channels.Sink`."""

    def __init__(self, station: Station) -> None:
        self._clock = station.clock
        self.of_points: list[float] = []

    def open(self, header: RunHeader) -> None:
        self._began = self._clock.now()

    def append(self, record: Mapping[str, Any]) -> None:
        self.of_points.append(self._clock.now() - self._began)

    def close(self, status: str, reason: str, snapshot: Mapping[str, Mapping[str, Any]]) -> None:
        """Nothing was kept."""
