"""Quantum yields from what the spectrometer of an integrating sphere counts.

Measurements: a, the empty sphere; b, the sample inside but out of the beam; c, the sample in the beam.
Each gives L, photons of the laser, and P, photons emitted, per second and corrected for the spectral
response of the empty sphere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .bands import Array


def three_measurements(laser: npt.ArrayLike, emission: npt.ArrayLike) -> tuple[Array, Array]:
    """Absorptance and yield by de Mello's formulas, each (...); nan where nothing was absorbed.

        A = 1 − L_c/L_b,   η = (P_c − (1 − A)·P_b)/(L_a·A)

    L_b and L_c hold the same sample, so that A does not depend on the blank; η does, as 1/L_a.
    J. C. de Mello, H. F. Wittmann and R. H. Friend, Adv. Mater. 9, 230 (1997).

    :param laser, emission: L and P in a, b and c, s⁻¹, (3, ...)
    """
    laser_a, laser_b, laser_c = np.asarray(laser, dtype=float)
    _, emission_b, emission_c = np.asarray(emission, dtype=float)
    absorptance = 1 - _ratio(laser_c, laser_b)
    return absorptance, _ratio(emission_c - (1 - absorptance) * emission_b, laser_a * absorptance)


def two_measurements(laser: npt.ArrayLike, emission: npt.ArrayLike) -> tuple[Array, Array]:
    """Absorptance and yield from the empty sphere and the sample in the beam alone, each (...).

        A = 1 − L_c/L_a,   η = (P_c − P_a)/(L_a − L_c)

    Light that the sample absorbs from the wall is counted like that of the beam: right only where both are
    emitted with the same yield, and it is too low for upconversion. nan where nothing was absorbed.

    :param laser, emission: L and P in a and c, s⁻¹, (2, ...)
    """
    laser_a, laser_c = np.asarray(laser, dtype=float)
    emission_a, emission_c = np.asarray(emission, dtype=float)
    return 1 - _ratio(laser_c, laser_a), _ratio(emission_c - emission_a, laser_a - laser_c)


def without_reabsorption(measured: npt.ArrayLike, reabsorption: npt.ArrayLike) -> Array:
    """The yield before reabsorption, η = η'/(1 − a + a·η'), from the *measured* one η'.

    What is absorbed again can emit again. T.-S. Ahn et al., Rev. Sci. Instrum. 78, 086105 (2007).

    :param reabsorption: a, fraction of the emitted photons that the sample absorbs again, below 1
    """
    found, again = np.asarray(measured, dtype=float), np.asarray(reabsorption, dtype=float)
    before: Array = found / (1 - again + again * found)
    return before


def _ratio(above: Array, below: Array) -> Array:
    """nan where nothing was absorbed, or there was no light to absorb."""
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below != 0)
