"""The loop every procedure shares: move what changed, read everything, hand over one record.

What fails (an answer that makes no sense or does not come, over-range, a fault the device reports) is
tried once more. A reading that fails again is stored as NaN with a flag; three such points in a row, a
move that fails again, or a device that stays silent end the run. An instrument's ``failing`` in the station
file may say otherwise (:mod:`.failures`). Whatever happens, the light goes off.
"""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

import numpy as np

from antistokes.instruments.errors import (
    InstrumentError,
    OverRange,
    Refused,
)
from antistokes.instruments.station import Station

from .axes import Adaptive, Axis, Finished
from .channels import STEP, Channel, Dimension, Flag, Past, Record
from .detectors import Detector, Remembers
from .failures import PASSING, Failures
from .problems import Problems
from .setup import Setup

if TYPE_CHECKING:
    from .procedure import Procedure

log = logging.getLogger(__name__)
T = TypeVar("T")
_Indices = tuple[int, ...]


class Plan(Protocol):
    """What a measurement carries out: a procedure, or a sequence of them at every combination of axes."""

    def check(self) -> None:
        """:raises Refused: parameters that contradict each other"""

    def over(self) -> Sequence[Axis]:
        """The axes around all steps, the slowest first."""

    def steps(self) -> Sequence[Procedure]:
        """What is carried out, one after the other, at each of their combinations."""


class RecordedPlan(Plan, Protocol):
    """A plan with what the run file says of it."""

    NAME: ClassVar[str]

    @property
    def SIGNAL(self) -> str:  # noqa: N802 (of a procedure it belongs to the class)
        """Channel of the default plot."""

    def parameters(self) -> dict[str, Any]:
        """All parameters as plain values."""


@dataclass
class _Step:
    """One procedure of a plan, bound."""

    axes: list[Axis]
    detectors: list[Detector]
    #: the channels of each detector
    channels: list[tuple[Channel, ...]] = field(default_factory=list)
    #: how often in a row each detector gave no reading
    failed: list[int] = field(default_factory=list)

    @property
    def points(self) -> int:
        return math.prod(len(axis.setpoints) for axis in self.axes)


class _Moved:
    """Where axes stand, and what they wrote: it stays in the record until that axis moves again."""

    def __init__(self, axes: list[Axis], failures: Failures) -> None:
        self._axes, self._failures = axes, failures
        self._written: list[Record] = [{} for _ in axes]
        self._flags = [Flag(0)] * len(axes)
        self._at: _Indices = ()
        self.unsettle()

    def unsettle(self) -> None:
        """All move again before the next point, also those that are where they should be."""
        self._at = (-1,) * len(self._axes)

    def to(self, indices: _Indices, record: Record) -> Flag:
        """Move to this combination of set-points, add to *record* what the axes write."""
        moved = False
        for i, axis in enumerate(self._axes):
            # what is set inside depends on what is set around it: one power at several wavelengths
            if moved := moved or indices[i] != self._at[i]:
                self._written[i] = {}
                self._flags[i] = self._failures.tried(axis.move, indices[i], self._written[i])
            record.update(self._written[i])
        self._at = indices
        return _union(self._flags)

    def skipped(self, indices: _Indices) -> Record:
        """What is known of a point that could not be reached; all move again before the next one."""
        self.unsettle()
        return {axis.name: axis.setpoints[i] for axis, i in zip(self._axes, indices, strict=True)}

    def recall(self, indices: _Indices, past: Past) -> None:
        """*past* was measured there. :raises Finished: it was not: nothing was left to do there"""
        for axis, index in zip(self._axes, indices, strict=True):
            if isinstance(axis, Adaptive):
                axis.recall(index, past)


class Measurement:
    """One execution of a plan on a station.

    :param hold: asked before each point; waits while the run is paused, and says whether it was
    :param pause: waits in the dark, for a reason, until the user goes on; None: there is no user
    """

    def __init__(
        self,
        plan: Plan,
        station: Station,
        should_stop: Callable[[], bool] = lambda: False,
        hold: Callable[[Setup], bool] = Setup.held,
        pause: Callable[[Setup, str], None] | None = None,
    ) -> None:
        plan.check()
        self._hold = hold
        self.setup = Setup(station, should_stop)
        self._failures = Failures(station, pause and (lambda reason: pause(self.setup, reason)))
        self._over = list(plan.over())
        self._procedures = list(plan.steps())
        self._steps: list[_Step] = []
        self.channels: tuple[Channel, ...] = ()
        self.dimensions: tuple[Dimension, ...] = ()

    @property
    def planned(self) -> int:
        """Number of points of the whole plan."""
        around = math.prod(len(axis.setpoints) for axis in self._over)
        return around * sum(step.points for step in self._steps)

    @property
    def axis(self) -> str:
        """Name of the axis that moves fastest in the first step; empty without one."""
        axes = [*self._over, *(self._steps[0].axes if self._steps else ())]
        return axes[-1].name if axes else ""

    @property
    def excitation_wavelength(self) -> float | None:
        """Of the (first) laser, in nm; None when the run uses none."""
        excitations = self.setup.excitations
        return excitations[0].laser.wavelength if excitations else None

    def bind(self) -> None:
        """Check everything that can be checked and declare the channels. Nothing moves.

        :raises Refused: the plan cannot be carried out on this station; all that is wrong at once
        """
        problems = self._problems = Problems()
        self._declared: dict[str, Channel] = {}
        self._dimensions: dict[str, Dimension] = {}
        if len(self._procedures) > 1:
            self._declare((STEP,), ())
        self.setup.owner = " of the plan"
        for axis in self._over:
            self._bind_axis(axis)
        for procedure in self._procedures:
            self.setup.owner = f" of {procedure.NAME}" if self._over else ""
            with self.setup.claims_end():
                self._bind_step(procedure)
        self.setup.monitors.bind(problems)
        problems.refuse()
        self.channels = tuple(self._declared.values())
        self.dimensions = tuple(self._dimensions.values())

    def _bind_step(self, procedure: Procedure) -> None:
        step = _Step([], [])
        self._steps.append(step)
        with self._problems.noted():
            step.axes += procedure.axes()
        for axis in step.axes:
            self._bind_axis(axis)
        with self._problems.noted():
            step.detectors += procedure.detectors(self.setup.station)
        for detector in step.detectors:
            own: tuple[Channel, ...] = ()
            with self._problems.noted():
                own, dims = detector.bind(self.setup)
                self._declare(own, dims)
            step.channels.append(own)
            step.failed.append(0)

    def _bind_axis(self, axis: Axis) -> None:
        with self._problems.noted():
            if len(axis.setpoints) == 0:
                raise Refused(f"{axis.name}: 0 set-points; at least 1 is needed")
            self._declare(axis.bind(self.setup), ())

    def _declare(self, channels: Sequence[Channel], dimensions: Sequence[Dimension]) -> None:
        """:raises Refused: two steps mean different things by one name"""
        for channel in channels:
            if self._declared.setdefault(channel.name, channel) != channel:
                raise Refused(f"channel '{channel.name}' means different things in two steps")
        for dim in dimensions:
            if not np.array_equal(self._dimensions.setdefault(dim.name, dim).values, dim.values):
                raise Refused(f"'{dim.name}' differs between two steps; they need files of their own")

    def records(self, done: Iterable[Past] = ()) -> Iterator[Record]:
        """Calibrate, then yield a record per point; :raises Stopped: the user asked for the end.

        :param done: the first points of this plan, measured before: they are yielded again, nothing moves
        """
        self._done = iter(done)
        self._next_done = next(self._done, None)
        self._prepared = False
        try:
            for number, record in enumerate(self._points()):
                if record["flags"]:
                    log.info("point %d: %s", number, Flag(record["flags"]).words())
                self.setup.last = record
                yield record
        finally:
            self.setup.light_off()

    def _points(self) -> Iterator[Record]:
        around = _Moved(self._over, self._failures)
        for outside in _combinations(self._over):
            for i, step in enumerate(self._steps):
                inside = _Moved(step.axes, self._failures)
                for indices in _combinations(step.axes):
                    try:
                        record = self._point(around, outside, inside, indices, step, i)
                    except Finished:
                        break
                    yield record

    def _point(
        self, around: _Moved, outside: _Indices, inside: _Moved, indices: _Indices, step: _Step, number: int
    ) -> Record:
        """The record of one point; :raises Finished: the axes of *step* have nothing left to do"""
        if (known := self._next_done) is not None:
            around.recall(outside, known)
            inside.recall(indices, known)
            for detector in step.detectors:
                if isinstance(detector, Remembers):
                    detector.recall(known.record)
            self._next_done = next(self._done, None)
            return known.record
        if not self._prepared:
            for axis in [*self._over, *(axis for each in self._steps for axis in each.axes)]:
                self._failures.tried(axis.prepare)
            self._prepared = True
        self.setup.step()
        if self._hold(self.setup):  # what stood still meanwhile has to settle again
            around.unsettle()
            inside.unsettle()
        record: Record = {}
        if len(self._steps) > 1:
            record[STEP.name] = number
        try:
            flags = [around.to(outside, record), inside.to(indices, record)]
        except PASSING as error:
            if not self._failures.may_be_skipped(error):
                raise
            log.warning("point left out: %s", error)
            return (
                around.skipped(outside) | inside.skipped(indices) | record | {"flags": int(Flag.READ_FAILED)}
            )
        for k in range(len(step.detectors)):
            flags.append(self._read(step, k, record))
        record["flags"] = int(_union(flags))
        return record

    def _read(self, step: _Step, index: int, record: Record) -> Flag:
        try:
            flag = self._failures.tried(self._read_lit, step.detectors[index], record)
        except PASSING as error:
            for channel in step.channels[index]:
                record.pop(channel.name, None)
            step.failed[index] += 1
            points = step.failed[index]
            if not self._failures.may_be_missing(error, points):
                if points == 1:
                    raise
                problem = f"no reading at {points} points in a row: {error.problem}"
                raise InstrumentError(error.device, problem) from error
            return Flag.READ_FAILED | (Flag.OVER_RANGE if isinstance(error, OverRange) else Flag(0))
        step.failed[index] = 0
        return flag

    def _read_lit(self, detector: Detector, record: Record) -> Flag:
        self.setup.restore()
        return detector.read(record)


def _union(flags: list[Flag]) -> Flag:
    """All of them; quick where there are none."""
    result = Flag(0)
    for flag in flags:
        if flag:
            result |= flag
    return result


def _combinations(axes: list[Axis]) -> Iterator[_Indices]:
    """Of set-points, the last axis moving fastest; one, empty, without axes."""
    return itertools.product(*(range(len(axis.setpoints)) for axis in axes))
