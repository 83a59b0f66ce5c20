"""What a mechanism of upconversion has to offer, whatever physics is inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from antistokes.simulated_hw.conditions import Conditions

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """An emission line: centre and full width at half maximum in nm. Its shape is a Gaussian."""

    name: str
    wavelength: float
    fwhm: float


@dataclass(frozen=True, slots=True)
class Response:
    """Steady state under uniform irradiances (n,), with a mode-locked laser the mean over its pulses.

    :ivar emission: photons s⁻¹ per cm³ of crystal into all directions, (n, lines)
    :ivar absorbed: photons taken out of the excitation, s⁻¹ cm⁻³, (n,)
    :ivar populations: fractions of the cation sites, (n, levels)
    :ivar heat: power given to the lattice, W/cm³, (n,); negative where the light cools
    """

    emission: Array
    absorbed: Array
    populations: Array
    heat: Array


@dataclass(frozen=True, slots=True)
class Transition:
    """An arrow of a level diagram.

    :ivar rate: s⁻¹ per ion where the process is one of single ions; None where it is no such number
    """

    start: str
    end: str
    kind: Literal["excitation", "emission", "nonradiative", "transfer"]
    rate: float | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Diagram:
    """Levels and what happens between them.

    :ivar levels: name to energy in cm⁻¹, the columns of the diagram apart: ``Ion:level``
    """

    levels: Mapping[str, float]
    transitions: tuple[Transition, ...]


class Mechanism(Protocol):
    """Turns excitation into emission. Built from the ``[model]`` table of a sample file."""

    @property
    def lines(self) -> tuple[Line, ...]:
        """Emission lines in the order of :attr:`Response.emission`, as they are nominally."""

    @property
    def levels(self) -> tuple[str, ...]:
        """``Ion:level`` names in the order of :attr:`Response.populations`; may be empty."""

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        """:attr:`lines` as they are at an irradiance in W/cm²: shifted, broadened, narrowed."""

    def respond(self, irradiance: Array, conditions: Conditions) -> Response:
        """Steady state at irradiances (n,) in W/cm²."""

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        """Emission as :attr:`Response.emission` at *times* (k,) of a period, (n, k, lines).

        The irradiance is *high* (n,) until *width* and *low* (n,) to the end of the period, for ever.
        """

    def diagram(self, conditions: Conditions) -> Diagram:
        """Levels with their energies, and the processes between them."""
