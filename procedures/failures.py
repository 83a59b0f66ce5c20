"""What a run does when an instrument fails: it tries again, does without, waits in the dark, or ends.

``failing`` of an instrument in the station file says which; see :class:`FailingEntry`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from antistokes.instruments.errors import (
    BadAnswer,
    DeviceFault,
    DeviceTimeout,
    InstrumentError,
    OverRange,
)
from antistokes.instruments.station import Station
from antistokes.instruments.stationfile import FailingEntry

log = logging.getLogger(__name__)
T = TypeVar("T")

#: what may be over with the next attempt
PASSING = (BadAnswer, OverRange, DeviceFault, DeviceTimeout)


class Failures:
    """The policies of all instruments of a run.

    :param pause: waits in the dark, for a reason, until the user goes on; None: nobody can be waited for
    """

    def __init__(self, station: Station, pause: Callable[[str], None] | None = None) -> None:
        self._policies = {name: entry.failing for name, entry in station.file.instruments.items()}
        self._pause = pause

    def policy(self, error: InstrumentError) -> FailingEntry:
        """Of the instrument that failed."""
        return self._policies.get(error.device, FailingEntry())

    def tried(self, action: Callable[..., T], *args: Any) -> T:
        """*action*, again when an instrument fails, as often as that may fail."""
        failed = 0
        while True:
            try:
                return action(*args)
            except PASSING as error:
                policy = self.policy(error)
                if failed < policy.retries:
                    failed += 1
                    log.warning("%s; once more", error)
                elif policy.then == "pause" and self._pause is not None:
                    self._pause(str(error))
                    failed = 0
                else:
                    raise

    def may_be_missing(self, error: InstrumentError, points: int) -> bool:
        """May a reading be missing, the number *points* in a row?"""
        policy = self.policy(error)
        if policy.then is None:
            return points < policy.in_a_row and not isinstance(error, DeviceTimeout)
        return policy.then == "flag" and points < policy.in_a_row

    def may_be_skipped(self, error: InstrumentError) -> bool:
        """May a point be left out that cannot be reached?"""
        return self.policy(error).then == "flag"
