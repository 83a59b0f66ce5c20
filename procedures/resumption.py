"""Going on with an interrupted run: is all as it was, and what was measured before?"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from antistokes.instruments.clock import Clock, RealClock
from antistokes.instruments.errors import Refused, RunFileError
from antistokes.instruments.station import Station

from .channels import Record, RunHeader
from .interrupted import Interrupted, Mark
from .measurement import Measurement
from .sinks import Sinks

log = logging.getLogger(__name__)


@dataclass
class Resumption:
    """What has to be there again, and what follows.

    :param before: as far as the run went
    :param accept_changes: differences are told, not refused
    """

    before: Interrupted
    accept_changes: bool = False

    def compared(self, header: RunHeader, station: Station) -> RunHeader:
        """The *header* of the rest of the run, begun when the run was.

        :raises Refused: something is not as it was
        """
        path = self.before.path
        if station.simulated != self.before.simulated:
            kind = {True: "a virtual bench", False: "real instruments"}
            raise Refused(
                f"{path}: was measured on {kind[self.before.simulated]}; station '{station.name}' is "
                f"{kind[station.simulated]}"
            )
        self.before.same_channels(header)
        changes = self.before.differences(station, header.snapshot)
        if changes and not self.accept_changes:
            raise Refused(f"{path}: cannot go on with it, since not all is as it was: {'; '.join(changes)}")
        for change in changes:
            log.warning("accepted: %s", change)
        self._settings = list(_other_settings(self.before.devices, station, header.snapshot))
        return replace(header, start=self.before.start, changes=tuple(changes))

    def go_on(self, measurement: Measurement, sinks: Sinks, clock: Clock) -> None:
        """Hand all points to *sinks*: first those that the file holds."""
        before = self.before
        for setting in self._settings:
            log.warning(setting)
        log.info("resumed after %d points; %s: %s", before.points, before.status, before.reason)
        exact = before.simulated and clock.virtual and not self.accept_changes
        marks = list(before.marks()) if exact else []
        if before.simulated and isinstance(clock, RealClock):
            clock.hurries = before.points > 0
        try:
            for number, record in enumerate(measurement.records(before.past(clock.date()))):
                if number < len(marks):
                    self._compare(number, record, marks[number])
                sinks.append(record)
                if number + 1 == before.points and isinstance(clock, RealClock):
                    clock.hurries = False
        finally:
            if isinstance(clock, RealClock):
                clock.hurries = False

    def _compare(self, number: int, record: Record, marks: dict[str, Mark]) -> None:
        """:raises RunFileError: a virtual bench has measured something else than it did before"""
        other = [name for name, value in record.items() if not marks[name].fits(value)]
        if other:
            raise RunFileError(
                f"{self.before.path}: point {number}: the virtual bench, which lives through the run again, "
                f"gives another {', '.join(other)}; antistokes {self.before.software.get('antistokes', '?')} "
                "has measured it before"
            )


_Settings = Mapping[str, Mapping[str, Any]]


def _other_settings(was: _Settings, station: Station, now: _Settings) -> Iterator[str]:
    """What somebody, or the end of the run, has set otherwise than it was when the run began."""
    for name, settings in was.items():
        for quantity in settings.keys() & station[name].limits.keys():
            old, new = settings[quantity], now[name].get(quantity)
            if isinstance(old, float) and isinstance(new, float) and not math.isclose(old, new, rel_tol=1e-6):
                unit = station[name].limits[quantity].unit
                yield f"{name}: {quantity} was {old:g} {unit} when the run began, is {new:g} {unit}"
