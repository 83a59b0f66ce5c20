"""What happens to ions, as data: the terms that rate equations are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .constants import photon_energy

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ion:
    """A kind of ion: its total as a fraction of the cation sites, its levels' names, the ground level first.

    Level names are unique among all ions (``Er:4I15/2``).
    """

    total: float
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decay:
    """A transition of a single ion with a rate in s⁻¹: radiative, or else by phonons (up or down)."""

    start: str
    end: str
    rate: float
    radiative: bool = False


@dataclass(frozen=True, slots=True)
class Transfer:
    """Two or three ions go from ``start`` to ``end`` together.

    Events per site and second are *rate* times the population of every level in ``start``; a level
    that stands there twice counts twice, and loses two ions per event. For a pair, rate = k·N₀ in
    s⁻¹, k in cm³/s, N₀ sites per cm³; for a cooperative transfer of three, k·N₀², k in cm⁶/s.
    """

    start: tuple[str, ...]
    end: tuple[str, ...]
    rate: float


@dataclass(frozen=True, slots=True)
class Pump:
    """Absorption of the excitation, and stimulated emission back; cross-sections in cm², wavelength in nm."""

    lower: str
    upper: str
    wavelength: float
    absorption: float
    emission: float = 0.0


def photons(irradiance: npt.ArrayLike, wavelength: float) -> Array:
    """Photon flux in cm⁻² s⁻¹ of an irradiance in W/cm² at a wavelength in nm: I·λ/(h·c)."""
    return np.asarray(irradiance, dtype=float) / photon_energy(wavelength)
