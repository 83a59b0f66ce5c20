"""What a mechanism of upconversion has to offer, whatever physics is inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """An emission line: centre and full width at half maximum in nm. Its shape is a Gaussian."""

    name: str
    wavelength: float
    fwhm: float


@dataclass(frozen=True, slots=True)
class Response:
    """Steady state under uniform irradiances (n,).

    :ivar emission: photons s⁻¹ per cm³ of crystal into all directions, (n, lines)
    :ivar absorbed: photons taken out of the excitation, s⁻¹ cm⁻³, (n,)
    :ivar populations: fractions of the cation sites, (n, levels)
    """

    emission: Array
    absorbed: Array
    populations: Array


class Mechanism(Protocol):
    """Turns excitation into emission. Built from the ``[model]`` table of a sample file."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """Emission lines in the order of :attr:`Response.emission`."""

    @property
    def levels(self) -> tuple[str, ...]:
        """``Ion:level`` names in the order of :attr:`Response.populations`; may be empty."""

    def respond(self, irradiance: Array, temperature: float, wavelength: float) -> Response:
        """Steady state at irradiances (n,) in W/cm², a temperature in K, an excitation wavelength in nm."""

    def pulsed(
        self, high: Array, low: Array, width: float, times: Array, temperature: float, wavelength: float
    ) -> Array:
        """Emission as :attr:`Response.emission` at *times* (k,) of a period, (n, k, lines).

        The irradiance is *high* (n,) until *width* and *low* (n,) to the end of the period, for ever.
        """
