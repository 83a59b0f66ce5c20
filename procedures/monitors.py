"""Quantities that are recorded beside a run: read in between its steps, on its clock, in its thread."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

from antistokes.instruments.errors import FileRefused, InstrumentError, Refused, nearest
from antistokes.instruments.interlock import Condition
from antistokes.instruments.roles import Role
from antistokes.instruments.roleview import members_of
from antistokes.instruments.station import Station

from .channels import Channel
from .interlocks import Interlock
from .problems import Problems

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
    """One quantity of one device.

    :ivar rule: what is made of it; None: it is only recorded
    """

    name: str
    device: Any
    quantity: str
    every: float
    rule: Interlock | None = None
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
                log.warning("%s: NaN from now on: %s", self._label, error or type(error).__name__)
            self.failing = True
            return math.nan
        if self.failing:
            log.info("%s: is read again", self._label)
        self.failing = False
        return value

    @property
    def _label(self) -> str:
        return f"{'interlock' if self.rule else 'monitor'} '{self.name}'"


class Monitors:
    """All monitors of a run, and its interlocks. Fulfils :class:`~antistokes.procedures.pace.Beside`.

    What they are is in :attr:`~antistokes.instruments.station.Station.monitors` and ``interlocks``. They are
    read when a step of the run begins and while it waits, never while a device is at work: an exposure that
    cannot be interrupted delays them. What cannot be read is NaN and one line in the log; it ends no run,
    unless it is what a rule is about.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self._all: list[_Monitor] = []
        #: one for each, in the order they were bound
        self.channels: list[Channel] = []
        self.due = math.inf

    def bind(self, problems: Problems) -> None:
        """Find the quantities, and read each once; *problems* gets those that are missing or no numbers."""
        for name in self._station.monitors:
            with problems.noted():
                self._bind_monitor(name)
        for name in self._station.interlocks:
            with problems.noted():
                self._bind_interlock(name)

    def _bind_monitor(self, name: str) -> None:
        entry = self._station.monitors[name]
        try:
            device, quantity, _ = self._found(entry.of, f"monitor '{name}'")
        except Refused as problem:
            raise Refused(f"monitor '{name}': {problem}") from None
        self._all.append(_Monitor(name, device, quantity, entry.every_s))
        about = f"{entry.of}, every {entry.every_s:g} s"
        self.channels.append(Channel(name, entry.unit or _unit(device, quantity), about))

    def _bind_interlock(self, name: str) -> None:
        station = self._station
        entry, key = station.interlocks[name], f"interlocks.{name}"
        if name in station.monitors:
            raise FileRefused(station.file.path, key, "is the name of a monitor, too; each needs its own")
        try:
            condition = Condition.read(entry.when)
            device, quantity, value = self._found(condition.of, f"interlock '{name}'")
            rule = Interlock.on(name, entry, condition, value, _unit(device, quantity))
        except Refused as problem:
            raise FileRefused(station.file.path, f"{key}.when", f"is '{entry.when}'; {problem}") from None
        self._all.append(_Monitor(name, device, quantity, entry.every_s, rule))
        about = f"{condition.of}, every {entry.every_s:g} s; {entry.when}: {entry.do}"
        self.channels.append(Channel(name, rule.units, about))

    def _found(self, of: str, reader: str) -> tuple[Any, str, Any]:
        """Device, quantity, and what it reads now; NaN: it does not answer, which it may do later.

        :raises Refused: there is no such quantity, or it is no number
        """
        instrument, _, quantity = of.partition(".")
        device: Any = self._station[instrument]
        value: Any = math.nan
        try:
            value = getattr(device, quantity)
        except AttributeError:
            known = {*device.SNAPSHOT}.union(*map(members_of, device.ROLES)) - members_of(Role)
            raise Refused(f"{instrument} has no '{quantity}'; {nearest(quantity, known)}") from None
        except InstrumentError as error:
            log.warning("%s: %s", reader, error)
        if not isinstance(value, Real):
            found = "an action" if callable(value) else repr(value)
            raise Refused(f"{of} is {found}; must be a number")
        return device, quantity, value

    def begin(self, write: Callable[[str, float], None]) -> None:
        """Read them from now on.

        :param write: takes the name of a monitor and what it reads
        :raises InterlockBroken: a rule ends the run before there is any light
        """
        self._write = write
        for one in self._all:
            one.due = self.due = self._station.clock.now()
        if self._all:
            self.catch_up()

    def catch_up(self) -> None:
        """Read what is due. One that is late, since the run had no time for it, is read once.

        :raises InterlockBroken: a rule ends the run
        """
        clock = self._station.clock
        for one in self._all:
            late = clock.now() - one.due
            if late >= 0:
                one.due += one.every * (late // one.every + 1)
                value = one.read()
                self._write(one.name, value)
                if one.rule is not None:
                    one.due = min(one.due, one.rule.see(value, clock.now()))
        self.due = min(one.due for one in self._all)

    @property
    def trouble(self) -> str:
        """Why the run is to wait in the dark, by a rule; empty: it need not."""
        return next((one.rule.trouble for one in self._all if one.rule and one.rule.trouble), "")


def _unit(device: Any, quantity: str) -> str:
    if quantity in device.limits:
        return str(device.limits[quantity].unit)
    return str(getattr(device, f"{quantity}_unit", _UNITS.get(quantity, "")))
