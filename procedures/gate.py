"""Light in time: continuous, or the pulses that a generator makes of it."""

from __future__ import annotations

from antistokes.instruments.errors import Refused
from antistokes.instruments.roles import GatedLaser, Laser, PulseGenerator
from antistokes.instruments.station import Station


class Gate:
    """Pulses of a laser, or none.

    A laser with a gate input, to which a generator is connected, follows it for pulses only. Of any other
    laser it is not known whether, and by what, pulses gate its light: that is seen when there is some.
    """

    def __init__(self, station: Station, laser: Laser) -> None:
        self._name = laser.name
        found = station.find_optional(GatedLaser, laser.name)
        self._laser = found if found is not None and found.gate_connected else None
        #: what helps where pulses do not gate the light
        self.cure = (
            "its driver knows no gate input"
            if found is None
            else "settings = { gated = true } says that its gate input is connected"
        )
        self._planned: set[bool] = set()
        #: whose pulses gate the light; None: it is continuous, or pulsed by the laser itself
        self.generator: PulseGenerator | None = None
        #: s, of the pulses, and from one to the next; nan without a generator
        self.width = self.period = float("nan")
        #: fraction of the time that pulses are on
        self.duty = 1.0

    @property
    def pulsed(self) -> bool:
        return self.generator is not None

    def plan(self, pulsed: bool) -> None:
        """The run needs pulses, or continuous light.

        :raises Refused: it needs both, and the laser cannot change between them
        """
        self._planned.add(pulsed)
        if len(self._planned) > 1 and self._laser is None:
            raise Refused(
                f"{self._name}: cannot change between pulses and continuous light, which need runs of their "
                f"own; {self.cure}"
            )

    def is_set(self, pulsed: bool) -> bool:
        """Is the light pulsed, or continuous, without anything to be switched?"""
        return self.pulsed == pulsed and (self._laser is None or self._laser.gated == pulsed)

    def pulse(self, generator: PulseGenerator) -> None:
        """The light is gated by the pulses that *generator* sends now. From or in the dark: see is_set()."""
        self.generator = generator
        self.width, self.period = generator.width, generator.period
        self.duty = self.width / self.period
        if self._laser is not None:
            self._laser.gated = True

    def open(self) -> None:
        """The light is continuous. In the dark."""
        if self.generator is not None:
            self.generator.output = False
        self.generator = None
        self.width = self.period = float("nan")
        self.duty = 1.0
        if self._laser is not None:
            self._laser.gated = False
