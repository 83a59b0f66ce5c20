"""Thorlabs ELLx modules that go to any position: rotation mounts and linear stages.

How many pulses there are to a degree or a mm is what the module says of itself: travel and pulses, those of a
turn for a mount, those of 1 mm for a stage. Read on the safe side where the protocol manual is silent: ``st``
may be answered by a position, a status or not at all; whether the module was homed since power-up cannot be
asked, so it is homed once per connection.
"""

from __future__ import annotations

from .ellx import BUSY, PAUSE, ELLxInstrument
from .errors import BadAnswer, DeviceFault

_STOP_MAX = 2.0  # s


class ELLxMover(ELLxInstrument):
    """Base of drivers for such a module; one says in its own words where it is.

    Opening does not move it. The first position that is set homes it.
    """

    settle_time = 0.05
    #: pulses per degree or mm
    scale: float

    def read_scale(self, per_travel: bool) -> None:
        """Ask how many pulses there are to a unit.

        :param per_travel: the number it says is for its whole travel (a turn), not for 1 mm
        """
        information = self.information()
        try:
            travel, pulses = int(information[18:22], 16), int(information[22:30], 16)
        except ValueError:
            travel = pulses = 0
        if not (travel and pulses):
            raise BadAnswer(self.name, f"'in' was answered by {information!r}")
        self.scale = pulses / travel if per_travel else pulses

    def where(self) -> float:
        """The position, in degrees or mm from its home."""
        return self._pulses_of(self._question("gp", "PO")) / self.scale

    def go(self, position: float) -> float:
        """Go to *position* (degrees or mm); the one reached."""
        if not self.homed:
            self.home()
        pulses = round(position * self.scale)
        return self._move("ma", f"{pulses & 0xFFFFFFFF:08X}") / self.scale

    def make_safe(self) -> None:
        """Stop a move, and stay: nothing that is moved closes a beam for certain.

        :raises DeviceFault: it still moves
        """
        with self.lock:
            self._send("st")
            end = self.clock.now() + _STOP_MAX
            while True:
                self.clock.sleep(PAUSE)
                self._unread = True  # whatever answered st
                self._drop_unread()
                if self._status() != BUSY:
                    return
                if self.clock.now() >= end:
                    raise DeviceFault(self.name, f"still moves {_STOP_MAX:g} s after it was told to stop")
