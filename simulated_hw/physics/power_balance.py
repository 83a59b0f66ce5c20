"""Where the power of the excitation goes: light and heat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .constants import JOULES_PER_WAVENUMBER
from .network import Network
from .processes import Array


@dataclass(frozen=True, slots=True)
class PowerBalance:
    """Powers per cation site in W, each (n,), and each summed over its own processes.

    In a steady state absorbed = emitted + heat (energy conservation; for the cooling regime see Epstein
    and Sheik-Bahae, Optical Refrigeration, Wiley 2009, chapter 1).

    :ivar absorbed: taken from the excitation by absorption, less what stimulated emission gives back
    :ivar emitted: by radiative decays
    :ivar heat: to the lattice by phonons: in decays that are not radiative, in transfers, and where the
        excitation's photon is not the gap it drives; negative where the lattice gives it
    """

    absorbed: Array
    emitted: Array
    heat: Array


def power_balance(
    network: Network, populations: Array, irradiance: Array, energies: Mapping[str, float]
) -> PowerBalance:
    """For populations (n, m) under irradiances (n,) in W/cm²; *energies* of the levels in cm⁻¹.

    :raises ValueError: for a level without an energy, or a radiative decay that goes uphill
    """
    missing = [level for level in network.levels if level not in energies]
    if missing:
        raise ValueError(f"energy of level {missing[0]} is missing; give every level's in cm⁻¹")
    joules = JOULES_PER_WAVENUMBER * np.array([energies[level] for level in network.levels])
    released = -joules @ network.change
    if np.any(released[network.radiative] < 0):
        raise ValueError("a radiative decay goes uphill; its start must lie above its end")
    events = network.event_rates(populations, irradiance)
    return PowerBalance(
        absorbed=events @ network.photon,
        emitted=events @ np.where(network.radiative, released, 0.0),
        heat=events @ np.where(network.radiative, 0.0, released + network.photon),
    )
