"""What a sample is exposed to, besides irradiance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class LaserPulses:
    """The pulses of a mode-locked laser.

    :ivar width: full width at half maximum, s
    :ivar repetition: pulses per second
    """

    width: float
    repetition: float
    shape: Literal["gaussian", "sech2"] = "sech2"

    def __post_init__(self) -> None:
        if not (self.width > 0 and self.repetition > 0 and self.duty <= 1):
            raise ValueError(
                f"laser pulses of {self.width:g} s at {self.repetition:g} Hz: must be positive, "
                "and no longer than the time between them"
            )

    @property
    def duty(self) -> float:
        """Width times repetition rate."""
        return self.width * self.repetition


@dataclass(frozen=True, slots=True)
class Conditions:
    """Around a sample while it is excited.

    :ivar temperature: of the crystal, K
    :ivar wavelength: of the excitation, nm
    :ivar pulses: of the laser; None for a continuous one. Irradiances are then means over its pulses
    :ivar polarisation: angle of the excitation's electric field to the sample's axis, degrees
    """

    temperature: float = 300.0
    wavelength: float = 980.0
    pulses: LaserPulses | None = None
    polarisation: float = 0.0
