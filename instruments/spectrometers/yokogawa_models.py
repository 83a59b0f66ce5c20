"""The Yokogawa AQ637x family as data."""

from __future__ import annotations

from dataclasses import dataclass

from ..device import Limit

_RATED_SPAN, _RATED_POINTS = 100.0, 1001  # nm; up to which sweep times are rated


@dataclass(frozen=True)
class Model:
    """What the data sheet says of one model."""

    #: nm
    wavelengths: tuple[float, float]
    resolutions: tuple[float, ...]
    #: s by sensitivity, for up to 100 nm and 1001 points
    sweep: dict[str, float]
    #: W, the lowest of its maximum input powers over the range
    input_power: float

    def sweep_time(self, span: float, points: int, sensitivity: str) -> float:
        """s, of one sweep over *span* nm."""
        return self.sweep[sensitivity] * max(span / _RATED_SPAN, 1.0) * max(points / _RATED_POINTS, 1.0)

    def limits(self) -> dict[str, Limit]:
        """Of the driver's quantities."""
        return {
            "start": Limit(*self.wavelengths, "nm"),
            "stop": Limit(*self.wavelengths, "nm"),
            "resolution": Limit(self.resolutions[0], self.resolutions[-1], "nm"),
            "points": Limit(101, 50001, ""),
        }


_SLOW = {"NORM": 1.0, "MID": 2.0, "HIGH1": 5.0, "HIGH2": 20.0, "HIGH3": 75.0}
_FINE = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)

AQ6370D = Model((600.0, 1700.0), _FINE, {"NHLD": 0.2, "NAUT": 0.2} | _SLOW, 0.1)
AQ6373B = Model((350.0, 1200.0), (*_FINE, 5.0, 10.0), {"NHLD": 0.5, "NAUT": 0.5} | _SLOW, 0.01)
