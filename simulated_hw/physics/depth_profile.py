"""Where in a crystal light is absorbed, one photon against two, and how fields near a structure change it.

One photon: dI/dz = -α·I, absorbed near the surface, where recombination is fast. Two photons:
dI/dz = -β·I², absorbed through the whole depth (Sutherland, Handbook of Nonlinear
Optics, ch. 9). The share of the excitation in a surface layer sets the weights of a decay of two
populations.
Depths are in µm, α in cm⁻¹, β in cm/W, irradiance in W/cm².
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .arguments import checked
from .processes import Array

_CM_PER_UM = 1e-4


def one_photon_irradiance(depth: npt.ArrayLike, absorption: npt.ArrayLike) -> Array:
    """I(z)/I₀ = exp(-α·z), dimensionless; *depth* in µm, *absorption* α in cm⁻¹.

    Excitations per volume follow it: α·I(z)/hν.
    """
    return np.exp(-_one_photon_strength(depth, absorption))


def two_photon_irradiance(
    depth: npt.ArrayLike, coefficient: npt.ArrayLike, irradiance: npt.ArrayLike
) -> Array:
    """I(z)/I₀ = 1/(1 + β·I₀·z), dimensionless; *depth* in µm, *coefficient* β in cm/W, I₀ in W/cm².

    Excitations per volume follow its square: β·I(z)²/(2hν).
    """
    remaining: Array = 1 / (1 + _two_photon_strength(depth, coefficient, irradiance))
    return remaining


def one_photon_share(depth: npt.ArrayLike, thickness: npt.ArrayLike, absorption: npt.ArrayLike) -> Array:
    """Share of a crystal's excitations that lies above *depth*: (1 - e^(-αz))/(1 - e^(-αL)); z/L at α = 0.

    :param depth, thickness: z and L in µm, z at most L
    :param absorption: α in cm⁻¹
    """
    part = _part(depth, thickness)
    strength = _one_photon_strength(thickness, absorption)
    whole = -np.expm1(-strength)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, -np.expm1(-part * strength) / whole, part)


def two_photon_share(
    depth: npt.ArrayLike, thickness: npt.ArrayLike, coefficient: npt.ArrayLike, irradiance: npt.ArrayLike
) -> Array:
    """Share of a crystal's excitations that lies above *depth*: z·(1 + β·I₀·L)/(L·(1 + β·I₀·z)).

    :param depth, thickness: z and L in µm, z at most L
    :param coefficient: β in cm/W
    :param irradiance: I₀ in W/cm²
    """
    part = _part(depth, thickness)
    strength = _two_photon_strength(thickness, coefficient, irradiance)
    share: Array = part * ((1 + strength) / (1 + part * strength))
    return share


def one_photon_median_depth(thickness: npt.ArrayLike, absorption: npt.ArrayLike) -> Array:
    """Depth in µm above which half of the excitations lie; ln2/α in a thick crystal, L/2 in a thin one."""
    length = checked("thickness", thickness, "µm", above=True)
    strength = _one_photon_strength(length, absorption)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(strength > 0, -np.log1p(0.5 * np.expm1(-strength)) / strength, 0.5)
    return length * part


def two_photon_median_depth(
    thickness: npt.ArrayLike, coefficient: npt.ArrayLike, irradiance: npt.ArrayLike
) -> Array:
    """Depth in µm above which half of the excitations lie: L/(2 + β·I₀·L)."""
    length = checked("thickness", thickness, "µm", above=True)
    depth: Array = length / (2 + _two_photon_strength(length, coefficient, irradiance))
    return depth


def two_population_decay(
    times: npt.ArrayLike, surface_share: npt.ArrayLike, surface: npt.ArrayLike, bulk: npt.ArrayLike
) -> Array:
    """Emission after a short pulse, 1 at t = 0: w·exp(-t/τ_s) + (1 - w)·exp(-t/τ_b).

    Both populations have the same radiative rate, the surface an additional loss; they do not mix.

    :param times: ns
    :param surface_share: w, share of the excitations near the surface, 0 to 1
    :param surface, bulk: lifetimes in ns
    """
    t, weight = checked("time", times, "ns"), checked("surface share", surface_share, high=1)
    near = np.exp(-t / checked("surface lifetime", surface, "ns", above=True))
    deep = np.exp(-t / checked("bulk lifetime", bulk, "ns", above=True))
    decay: Array = weight * near + (1 - weight) * deep
    return decay


def near_field_factor(enhancement: npt.ArrayLike, order: float, weights: npt.ArrayLike = 1.0) -> Array:
    """⟨|E/E₀|²ⁿ⟩, by which n-photon excitation is enhanced in an uneven field, dimensionless.

    :param enhancement: |E/E₀|² at the emitters, along the last axis
    :param order: n
    :param weights: number of emitters at each, along the last axis, not all zero
    """
    local, n = checked("local enhancement", enhancement), checked("number of photons", order, above=True)
    local, number = np.broadcast_arrays(np.atleast_1d(local), checked("weight", weights))
    total = checked("sum of the weights", number.sum(axis=-1), above=True)
    factor: Array = (number * local**n).sum(axis=-1) / total
    return factor


def _one_photon_strength(depth: npt.ArrayLike, absorption: npt.ArrayLike) -> Array:
    """α·z, dimensionless."""
    alpha = checked("absorption coefficient", absorption, "cm⁻¹")
    strength: Array = alpha * (_CM_PER_UM * checked("depth", depth, "µm"))
    return strength


def _two_photon_strength(
    depth: npt.ArrayLike, coefficient: npt.ArrayLike, irradiance: npt.ArrayLike
) -> Array:
    """β·I₀·z, dimensionless."""
    beta = checked("two-photon absorption coefficient", coefficient, "cm/W")
    flux = checked("irradiance", irradiance, "W/cm²")
    strength: Array = beta * flux * (_CM_PER_UM * checked("depth", depth, "µm"))
    return strength


def _part(depth: npt.ArrayLike, thickness: npt.ArrayLike) -> Array:
    """z/L; ValueError when z is beyond L."""
    z, length = checked("depth", depth, "µm"), checked("thickness", thickness, "µm", above=True)
    return checked("depth over thickness", z / length, high=1)
