"""What the axes and detectors of one run share: the station, its excitation, the pace, who moves what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from antistokes.instruments.errors import InterlockBroken, Refused
from antistokes.instruments.station import Station

from .channels import Record
from .excitation import Excitation
from .monitors import Monitors
from .pace import Pace

_LOOK, _VIRTUAL_LOOK = 0.05, 1.0  # s; how often it is looked whether a wait in the dark is over
_FOR_EVER = 14400.0  # s of virtual time, in which nobody comes to see to it


class Setup(Pace):
    """Shared by all axes and detectors of one run."""

    def __init__(self, station: Station, should_stop: Callable[[], bool] = lambda: False) -> None:
        #: read beside the run
        self.monitors = Monitors(station)
        super().__init__(station.clock, should_stop, self.monitors)
        self.station = station
        #: nm, shortest and longest, where an axis tunes the laser
        self.wavelengths: tuple[float, float] | None = None
        #: s, shortest and longest, where an axis pulses the laser
        self.pulse_widths: tuple[float, float] | None = None
        #: what the last point has shown, for an axis that finds its own way
        self.last: Record = {}
        #: whose axes claim what they move at present, where there are several: the plan, or a procedure
        self.owner = ""
        self._excitations: dict[str | None, Excitation] = {}
        self._moved_by: dict[str, str] = {}
        self._owners: dict[str, str] = {}

    @property
    def excitation(self) -> Excitation:
        """Laser, attenuator and meter as one knob."""
        return self.laser(None)

    def laser(self, name: str | None) -> Excitation:
        """The same of one laser among several, by its name in the station."""
        if name not in self._excitations:
            self._excitations[name] = Excitation(self.station, self, name)
        return self._excitations[name]

    @property
    def excitations(self) -> list[Excitation]:
        """All that the run uses."""
        return list(self._excitations.values())

    @property
    def pulse_period(self) -> float | None:
        """s from one pulse of a generator to the next, at present; None: the light is continuous."""
        return next((e.gate.period for e in self.excitations if e.gate.pulsed), None)

    @contextmanager
    def dark(self) -> Iterator[None]:
        """No light inside the block, where the run uses any; the same light as before after it."""
        with ExitStack() as stack:
            for excitation in self.excitations:
                stack.enter_context(excitation.blocked())
            yield

    def restore(self) -> None:
        """Light again where something that failed in the dark has left none."""
        for excitation in self.excitations:
            excitation.restore()

    def held(self) -> bool:
        """Wait in the dark for as long as an interlock wants it; True if one did.

        :raises InterlockBroken: it does, in virtual time, for four hours
        """
        if not self.monitors.trouble:
            return False
        virtual, begun = self.clock.virtual, self.clock.now()
        with self.dark():
            while trouble := self.monitors.trouble:
                self.wait(_VIRTUAL_LOOK if virtual else _LOOK)
                if virtual and self.clock.now() > begun + _FOR_EVER:
                    raise InterlockBroken(f"{trouble}: it would pause for ever")
        return True

    def light_off(self) -> None:
        """No light of any laser the run uses, the others even if one fails."""
        with self.station.waits.ended_by(None), ExitStack() as stack:
            for excitation in self.excitations:
                stack.callback(excitation.off)

    def claim(self, what: str, axis: str) -> None:
        """*axis* is the one that moves *what*, e.g. ``laser: drive``.

        :raises Refused: another axis moves it already
        """
        if what in self._moved_by:
            first, second = f"{self._moved_by[what]}{self._owners[what]}", f"{axis}{self.owner}"
            raise Refused(f"{what} is moved by two axes: {first} and {second}")
        self._moved_by[what], self._owners[what] = axis, self.owner

    @property
    def movers(self) -> set[str]:
        """Names of the axes that move something, as far as they are bound."""
        return set(self._moved_by.values())

    def mover(self, what: str) -> str | None:
        """The axis that moves *what*; None when none does so far."""
        return self._moved_by.get(what)

    @contextmanager
    def claims_end(self) -> Iterator[None]:
        """What is claimed inside the block is free again after it: the next step may move it."""
        before = dict(self._moved_by), self.wavelengths, self.pulse_widths
        yield
        self._moved_by, self.wavelengths, self.pulse_widths = before
