"""Quantities that are recorded beside a run: read in between its steps, on its clock, in its thread."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from antistokes.instruments.errors import InstrumentError, Refused, nearest
from antistokes.instruments.roles import Role
from antistokes.instruments.roleview import members_of
from antistokes.instruments.station import Station
from antistokes.instruments.stationfile import MonitorEntry

from .channels import Channel

log = logging.getLogger(__name__)

#: of quantities as the roles have them
_UNITS = {
    "temperature": "K",
    "crystal_temperature": "K",
    "setpoint": "K",
    "power": "W",
    "rated_power": "W",
    "wavelength": "nm",
    "polarisation": "deg",
    "exposure": "s",
    "period": "s",
    "width": "s",
}


@dataclass
class _Monitor:
    """One quantity of one device."""

    name: str
    device: Any
    quantity: str
    every: float
    #: when it is read next, s on the clock of the run
    due: float = math.inf
    #: the last reading failed
    failing: bool = False

    def read(self) -> float:
        """NaN when it cannot be read; the first such reading in a row is logged."""
        try:
            with self.device.lock:
                value = float(getattr(self.device, self.quantity))
        except Exception as error:
            if not self.failing:
                log.warning("monitor '%s': NaN from now on: %s", self.name, error or type(error).__name__)
            self.failing = True
            return math.nan
        if self.failing:
            log.info("monitor '%s': is read again", self.name)
        self.failing = False
        return value


class Monitors:
    """All monitors of a run. Fulfils :class:`~antistokes.procedures.pace.Beside`.

    What they are is in :attr:`~antistokes.instruments.station.Station.monitors`. They are read when a step of
    the run begins and while it waits, never while a device is at work: an exposure that cannot be interrupted
    delays them. What cannot be read is NaN and one line in the log; it ends no run.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._all: list[_Monitor] = []
        #: one for each, in the order they were bound
        self.channels: list[Channel] = []
        self.due = math.inf

    def bind(self, name: str) -> None:
        """Find the quantity of the monitor called *name*, and read it once.

        :raises Refused: there is no such quantity, or it is no number
        """
        entry = self._station.monitors[name]
        instrument, _, quantity = entry.of.partition(".")
        try:
            device: Any = self._station[instrument]
        except Refused as problem:
            raise Refused(f"monitor '{name}': {problem}") from None
        value: Any = math.nan
        try:
            value = getattr(device, quantity)
        except AttributeError:
            known = {*device.SNAPSHOT}.union(*map(members_of, device.ROLES)) - members_of(Role)
            said = f"{instrument} has no '{quantity}'; {nearest(quantity, known)}"
            raise Refused(f"monitor '{name}': {said}") from None
        except InstrumentError as error:  # what answers later is a monitor all the same
            log.warning("monitor '%s': %s", name, error)
        if not isinstance(value, Real):
            found = "an action" if callable(value) else repr(value)
            raise Refused(f"monitor '{name}': {entry.of} is {found}; must be a number")
        self._all.append(_Monitor(name, device, quantity, entry.every_s))
        about = f"{entry.of}, every {entry.every_s:g} s"
        self.channels.append(Channel(name, _unit(entry, device, quantity), about))

    def begin(self, write: Callable[[str, float], None]) -> None:
        """Read them from now on.

        :param write: takes the name of a monitor and what it reads
        """
        self._write = write
        for one in self._all:
            one.due = self.due = self._station.clock.now()

    def catch_up(self) -> None:
        """Read what is due. One that is late, since the run had no time for it, is read once."""
        clock = self._station.clock
        for one in self._all:
            late = clock.now() - one.due
            if late >= 0:
                one.due += one.every * (late // one.every + 1)
                self._write(one.name, one.read())
        self.due = min(one.due for one in self._all)


def _unit(entry: MonitorEntry, device: Any, quantity: str) -> str:
    if entry.unit:
        return entry.unit
    if quantity in device.limits:
        return str(device.limits[quantity].unit)
    return str(getattr(device, f"{quantity}_unit", _UNITS.get(quantity, "")))
