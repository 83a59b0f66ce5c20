"""What the axes and detectors of one run share: the station, its excitation, the pace."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from antistokes.instruments.station import Station

from .excitation import Excitation
from .pace import Pace


class Setup(Pace):
    """Shared by all axes and detectors of one run."""

    def __init__(self, station: Station, should_stop: Callable[[], bool] = lambda: False) -> None:
        super().__init__(station.clock, should_stop)
        self.station = station

    @cached_property
    def excitation(self) -> Excitation:
        """Laser, attenuator and meter as one knob."""
        return Excitation(self.station, self)
