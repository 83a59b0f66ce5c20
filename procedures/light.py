"""The light of a laser: on and off, and what the sample got of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from antistokes.instruments.errors import DeviceFault
from antistokes.instruments.roles import Laser, Shutter
from antistokes.instruments.station import Station

from .dose import Dose
from .gate import Gate
from .pace import Pace


class Light:
    """A laser, and the shutter in its beam.

    :param station: an open station with a Laser
    :param pace: waits, and stops when the user asks for it
    :param laser: one among several, by its name: it is dark without emission, because the shutter would act
        on all of them
    """

    def __init__(self, station: Station, pace: Pace, laser: str | None = None) -> None:
        self.laser = station.find(Laser, laser)
        self.shutter = station.find_optional(Shutter) if laser is None else None
        self.gate = Gate(station, self.laser)
        self._check_watched = station.check_watched
        self.pace = pace
        #: what the sample has got
        self.dose = Dose(pace.clock)
        self._interrupted = False  # light that should be on again after :meth:`blocked`
        self._blocked = False

    def on(self) -> None:
        """Light, as bright as the drive says. :raises AntistokesError: nobody watches over it any more"""
        self._check_watched()
        self.laser.emission = True
        if self.shutter is None:
            self.dose.light(True)
        self.pace.wait(self.laser.settle_time)
        if self.shutter is not None:
            self._set(True)

    def off(self) -> None:
        """No light: the laser off, the shutter closed, the second even if the first fails."""
        self._interrupted = False
        try:
            self.laser.emission = False
            self.dose.light(False)
        finally:
            if self.shutter is not None:
                self.shutter.is_open = False

    @contextmanager
    def blocked(self) -> Iterator[None]:
        """No light inside the block; the same light as before after it, none if the block fails.

        A shutter does it where the station has one, so that the laser stays as warm as it is. A block inside
        another changes nothing.

        :raises DeviceFault: the light has gone off by itself before
        """
        if self._blocked:
            yield
            return
        lit = self._interrupted = self._passes or self._interrupted
        if not lit:
            self.check_lit()
        self._blocked = True
        try:
            self._set(False)
            yield
        finally:
            self._blocked = False
        if lit:
            self._set(True)
        self._interrupted = False

    @property
    def is_on(self) -> bool:
        return self.laser.emission and self._passes

    def restore(self) -> None:
        """Light again where a block that failed has left none."""
        if self._interrupted and not self._blocked:
            self._set(True)
            self._interrupted = False

    def check_lit(self) -> None:
        """:raises DeviceFault: light that was switched on has gone off by itself"""
        if not self.dose.dark and not self.is_on:
            raise DeviceFault(self.laser.name, "the light has gone off by itself")

    @property
    def _passes(self) -> bool:
        return self.laser.emission if self.shutter is None else self.shutter.is_open

    def _set(self, on: bool) -> None:
        if on:
            self._check_watched()
        if self.shutter is None:
            self.laser.emission = on
            self.dose.light(on)
            self.pace.wait(self.laser.settle_time)
        else:
            self.shutter.is_open = on
            self.dose.light(on)
            self.pace.wait(self.shutter.settle_time)
