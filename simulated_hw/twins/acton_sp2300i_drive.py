"""The grating drive of the Acton SP-2300i's twin: where it stands at any time.

Speeds from a status listing of an SP-2300i: 17000 steps/s, 12800 steps per degree, backlash 25600 steps.
Assumed: at full speed, a move towards shorter wavelengths goes beyond by the backlash and comes back.
"""

from __future__ import annotations

from ..grating import Grating

_SPEED = 17000 / 12800  # degrees per s
_BACKLASH = 25600 / 12800  # degrees
_START = 0.1  # s to get going, assumed


class Drive:
    """Moves from one wavelength to the next, in nm; times in s."""

    def __init__(self, time: float, wavelength: float) -> None:
        # (time, wavelength) between which it moves evenly
        self._way = [(time, wavelength)]

    @property
    def arrival(self) -> float:
        """When it stands again."""
        return self._way[-1][0]

    def at(self, time: float) -> float:
        """Where it is at *time*."""
        before = self._way[0]
        for after in self._way:
            if time < after[0]:
                share = (time - before[0]) / (after[0] - before[0])
                return before[1] + share * (after[1] - before[1])
            before = after
        return before[1]

    def stand(self, time: float, wavelength: float) -> None:
        """Stand there from *time* on."""
        self._way = [(time, wavelength)]

    def go(self, time: float, target: float, grating: Grating) -> None:
        """Leave at *time* at full speed."""
        start = self.at(time)
        degrees = grating.angle(target) - grating.angle(start)
        self._way = [(time, start)]
        if degrees < 0:
            turned = time + _START + (_BACKLASH - degrees) / _SPEED
            self._way.append((turned, target - _BACKLASH * (start - target) / -degrees))
            self._way.append((turned + _START + _BACKLASH / _SPEED, target))
        elif degrees > 0:
            self._way.append((time + _START + degrees / _SPEED, target))

    def scan(self, time: float, target: float, rate: float) -> None:
        """Leave at *time* with *rate* nm/min."""
        start = self.at(time)
        self._way = [(time, start), (time + _START + abs(target - start) / rate * 60, target)]
