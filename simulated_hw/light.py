"""Light on the virtual bench, as records: what arrives somewhere, what excites, what follows a trigger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .conditions import LaserPulses


@dataclass(frozen=True, slots=True)
class Light:
    """A spectral line arriving somewhere: centre and full width in nm, photons per second."""

    wavelength: float
    fwhm: float
    photons: float


@dataclass(frozen=True, slots=True)
class Excitation:
    """Pump light somewhere: wavelength in nm, power in W while it is gated on and between."""

    wavelength: float
    high: float
    low: float
    #: fraction of the time that is high
    duty: float = 1.0
    #: of a mode-locked laser, much shorter than any gate
    pulses: LaserPulses | None = None

    @property
    def mean(self) -> float:
        return self.low + (self.high - self.low) * self.duty

    def weaker(self, share: float) -> Excitation:
        return replace(self, high=self.high * share, low=self.low * share)


@dataclass(frozen=True, slots=True)
class Flashes:
    """Collected light in time after a trigger.

    :ivar times: s, (k,), from 0 to the period
    :ivar lights: (lines,) with their mean photon rates
    :ivar rates: photons per second, (lines, k)
    :ivar delay: s from the trigger to time 0
    """

    times: npt.NDArray[np.float64]
    lights: Sequence[Light]
    rates: npt.NDArray[np.float64]
    delay: float = 0.0
