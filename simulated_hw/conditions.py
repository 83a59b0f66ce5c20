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
