"""What the rules of a station file make of what is read beside a run."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from typing import Any

from antistokes.instruments.errors import InterlockBroken, Refused
from antistokes.instruments.interlock import Condition, InterlockEntry

from .units import converted

log = logging.getLogger(__name__)


@dataclass
class Interlock:
    """One rule. What must not be may be for as long as its grace, then the light goes off.

    What cannot be read counts as what must not be.

    :ivar name: in the station file
    :ivar number: of the condition, in *units*, those of the quantity
    """

    name: str
    entry: InterlockEntry
    condition: Condition
    number: float
    units: str
    #: since when it is so, s on the clock of the run; inf: it is not
    _since: float = field(default=math.inf, init=False)
    #: since when it is no longer so, where the run waits for that; inf: it is
    _fine: float = field(default=math.inf, init=False)
    _paused: bool = field(default=False, init=False)
    _last: float = field(default=math.nan, init=False)

    @classmethod
    def on(cls, name: str, entry: InterlockEntry, condition: Condition, value: Any, units: str) -> Interlock:
        """The rule for a quantity in *units* that reads *value* at present; nan: it does not answer.

        :raises Refused: it does not fit the quantity
        """
        truth = isinstance(value, bool)
        of = condition.of
        if condition.of_truth:
            if not truth and not math.isnan(value):
                raise Refused(f"{of} is a number, not true or false; takes < <= > or >=")
            return cls(name, entry, condition, condition.number, "")
        if truth:
            raise Refused(f"{of} is true or false; takes 'is true' or 'is false'")
        if condition.unit and not units:
            raise Refused(f"the unit of {of} is not known; takes the number alone")
        if units and not condition.unit:
            raise Refused(f"{of} is in {units}; takes a unit, such as '{condition.number:g} {units}'")
        number = converted(condition.number, condition.unit, units, of) if units else condition.number
        return cls(name, entry, condition, number, units)

    @property
    def trouble(self) -> str:
        """Why the run is to wait in the dark; empty: it need not."""
        return self._told() if self._paused else ""

    def see(self, value: float, now: float) -> float:
        """Take a reading; when the next one is needed at the latest, s on the clock of the run.

        :raises InterlockBroken: it ends the run
        """
        self._last = value
        grace = self.entry.grace_s
        if math.isnan(value) or self.condition.holds(value, self.number):
            self._fine = math.inf
            if self._since == math.inf:
                self._since = now
                log.warning("%s; %s%s", self._told(), self.entry.do, f" in {grace:g} s" if grace else "")
            if now < self._since + grace:
                return self._since + grace
            self._act()
        elif self._since < math.inf:
            self._fine = min(self._fine, now)
            if self._paused and now < self._fine + grace:
                return self._fine + grace
            log.warning("%s; it is allowed again", self._told())
            self._since = self._fine = math.inf
            self._paused = False
        return math.inf

    def _act(self) -> None:
        if self.entry.do != "pause":
            raise InterlockBroken(f"{self._told()}: {self.entry.do}")
        self._paused = True

    def _told(self) -> str:
        """The rule, and what was read last."""
        condition = self.condition
        if math.isnan(self._last):
            said = "cannot be read"
        elif condition.of_truth:
            said = f"is {str(bool(self._last)).lower()}"
        else:
            said = f"is {self._last:.6g} {self.units}".rstrip()
        return f"interlock '{self.name}' ({self.entry.when}): {condition.quantity} {said}"
