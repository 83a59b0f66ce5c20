"""The loop every procedure shares: move what changed, read everything, hand over one record.

What fails (an answer that makes no sense or does not come, over-range, a fault the device reports) is
tried once more. A reading that fails again is stored as NaN with a flag; three such points in a row, a
move that fails again, or a device that stays silent end the run. Whatever happens, the light goes off.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from antistokes.instruments.errors import (
    BadAnswer,
    DeviceFault,
    DeviceTimeout,
    InstrumentError,
    OverRange,
    Refused,
)
from antistokes.instruments.station import Station

from .channels import Channel, Dimension, Flag, Record
from .detectors import Detector
from .setup import Setup

if TYPE_CHECKING:
    from .procedure import Procedure

log = logging.getLogger(__name__)
T = TypeVar("T")

_PATIENCE = 3  # points in a row without a reading


class Measurement:
    """One execution of a procedure on a station."""

    def __init__(
        self, procedure: Procedure, station: Station, should_stop: Callable[[], bool] = lambda: False
    ) -> None:
        procedure.check()
        self.setup = Setup(station, should_stop)
        self.axes = procedure.axes()
        self.detectors = procedure.detectors(station)
        self.channels: tuple[Channel, ...] = ()
        self.dimensions: tuple[Dimension, ...] = ()
        self._of: dict[int, tuple[Channel, ...]] = {}
        self._failed: dict[int, int] = {}

    @property
    def planned(self) -> int:
        """Number of points of the whole plan."""
        total = 1
        for axis in self.axes:
            total *= len(axis.setpoints)
        return total

    @property
    def excitation_wavelength(self) -> float | None:
        """Of the laser, in nm; None when the run uses none."""
        return self.setup.excitation.laser.wavelength if self._has_excitation() else None

    def _has_excitation(self) -> bool:
        return "excitation" in self.setup.__dict__  # a cached property that was asked for

    def bind(self) -> None:
        """Check everything that can be checked and declare the channels. Nothing moves.

        :raises Refused: the plan cannot be carried out on this station
        """
        channels: list[Channel] = []
        dimensions: dict[str, Dimension] = {}
        for axis in self.axes:
            if len(axis.setpoints) == 0:
                raise Refused(f"{axis.name}: 0 set-points; at least 1 is needed")
            channels += axis.bind(self.setup)
        for i, detector in enumerate(self.detectors):
            own, dims = detector.bind(self.setup)
            self._of[i] = own
            channels += own
            dimensions |= {dim.name: dim for dim in dims}
        self.channels, self.dimensions = tuple(channels), tuple(dimensions.values())

    def records(self) -> Iterator[Record]:
        """Calibrate, then yield a record per point; :raises Stopped: the user asked for the end."""
        try:
            for axis in self.axes:
                _twice(axis.prepare)
            # what an axis wrote stays in the record until that axis moves again
            written: list[Record] = [{} for _ in self.axes]
            flags = [Flag(0)] * len(self.axes)
            previous: tuple[int, ...] = (-1,) * len(self.axes)
            points = itertools.product(*(range(len(axis.setpoints)) for axis in self.axes))
            for number, indices in enumerate(points):
                self.setup.step()
                for i, axis in enumerate(self.axes):
                    if indices[i] != previous[i]:
                        written[i] = {}
                        flags[i] = _twice(axis.move, indices[i], written[i])
                previous = indices
                record: Record = {}
                flag = Flag(0)
                for i in range(len(self.axes)):
                    record |= written[i]
                    flag |= flags[i]
                for i, detector in enumerate(self.detectors):
                    flag |= self._read(i, detector, record)
                record["flags"] = int(flag)
                if flag:
                    log.info("point %d: %s", number, flag.words())
                yield record
        finally:
            self._light_off()

    def _light_off(self) -> None:
        if self._has_excitation():
            self.setup.excitation.off()

    def _read(self, index: int, detector: Detector, record: Record) -> Flag:
        try:
            flag = _twice(detector.read, record)
        except (BadAnswer, OverRange, DeviceFault) as error:
            for channel in self._of[index]:
                record.pop(channel.name, None)
            self._failed[index] = self._failed.get(index, 0) + 1
            if self._failed[index] >= _PATIENCE:
                raise InstrumentError(
                    error.device, f"no reading at {_PATIENCE} points in a row: {error.problem}"
                ) from error
            return Flag.READ_FAILED | (Flag.OVER_RANGE if isinstance(error, OverRange) else Flag(0))
        self._failed[index] = 0
        return flag


def _twice(action: Callable[..., T], *args: Any) -> T:
    """*action*, and once more when an instrument fails: one lost or garbled answer ends no run."""
    try:
        return action(*args)
    except (BadAnswer, OverRange, DeviceFault, DeviceTimeout) as error:
        log.warning("%s; once more", error)
    return action(*args)
