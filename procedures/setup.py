"""What the axes and detectors of one run share: the station, its excitation, the pace, who moves what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

from antistokes.instruments.errors import Refused
from antistokes.instruments.station import Station

from .excitation import Excitation
from .pace import Pace


class Setup(Pace):
    """Shared by all axes and detectors of one run."""

    def __init__(self, station: Station, should_stop: Callable[[], bool] = lambda: False) -> None:
        super().__init__(station.clock, should_stop)
        self.station = station
        #: nm, shortest and longest, where an axis tunes the laser
        self.wavelengths: tuple[float, float] | None = None
        #: s, shortest and longest, where an axis pulses the laser
        self.pulse_widths: tuple[float, float] | None = None
        self._moved_by: dict[str, str] = {}

    @cached_property
    def excitation(self) -> Excitation:
        """Laser, attenuator and meter as one knob."""
        return Excitation(self.station, self)

    def claim(self, what: str, axis: str) -> None:
        """*axis* is the one that moves *what*, e.g. ``laser: drive``.

        :raises Refused: another axis moves it already
        """
        if what in self._moved_by:
            raise Refused(f"{what} is moved by two axes: {self._moved_by[what]} and {axis}")
        self._moved_by[what] = axis

    @contextmanager
    def claims_end(self) -> Iterator[None]:
        """What is claimed inside the block is free again after it: the next step may move it."""
        before = dict(self._moved_by)
        yield
        self._moved_by = before
