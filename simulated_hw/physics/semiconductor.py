"""Semiconductors: gap, line width and emission against temperature, recombination of carriers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .arguments import checked
from .processes import Array
from .thermal import boltzmann_factor, occupation

_NEWTON_STEPS = 5  # reach the rounding error for any A, B, C and G


def odonnell_chen_gap(temperature: npt.ArrayLike, zero: float, coupling: float, phonon: float) -> Array:
    """E(T) = E₀ - S·ħω·(coth(ħω/2kT) - 1) in eV (O'Donnell and Chen, Appl. Phys. Lett. 58, 2924 (1991)).

    dE/dT tends to -2·k·S when hot. In lead-halide perovskites the gap rises on heating: S is negative
    there, -1.45 for +0.25 meV/K.

    :param temperature: in K
    :param zero: E₀ in eV
    :param coupling: S, of either sign
    :param phonon: ħω, mean phonon energy in meV
    """
    strength = checked("coupling", coupling, low=-math.inf)
    return checked("gap at 0 K", zero, "eV", above=True) - 2e-3 * strength * phonon * occupation(
        phonon, temperature
    )


def varshni_gap(temperature: npt.ArrayLike, zero: float, slope: float, offset: float) -> Array:
    """E(T) = E₀ - a·T²/(T + b) in eV (Varshni, Physica 34, 149 (1967)).

    :param temperature: T in K
    :param zero: E₀ in eV
    :param slope: a in meV/K, negative where the gap rises on heating
    :param offset: b in K
    """
    kelvin = checked("temperature", temperature, "K")
    linear = checked("slope of the gap", slope, "meV/K", low=-math.inf)
    curvature = kelvin / (kelvin + checked("Varshni's b", offset, "K", above=True))
    return checked("gap at 0 K", zero, "eV", above=True) - 1e-3 * linear * kelvin * curvature


def linewidth(
    temperature: npt.ArrayLike, zero: float, acoustic: float, optical: float, phonon: float
) -> Array:
    """Width broadened by phonons, Γ₀ + s·T + Γ_LO·n(ħω_LO, T), in meV (Rudin et al., PRB 42, 11218 (1990)).

    :param temperature: T in K
    :param zero: Γ₀ in meV
    :param acoustic: s in meV/K
    :param optical: Γ_LO in meV
    :param phonon: ħω_LO in meV
    """
    kelvin = checked("temperature", temperature, "K")
    return (
        checked("width at 0 K", zero, "meV")
        + checked("acoustic broadening", acoustic, "meV/K") * kelvin
        + checked("optical broadening", optical, "meV") * occupation(phonon, kelvin)
    )


def thermal_quenching(
    temperature: npt.ArrayLike, quenching: float, activation: float, splitting: float = 0.0
) -> Array:
    """Quantum yield relative to that without losses, however the exciton was made.

    exp(-D/kT)/(1 + C·exp(-E_a/kT)): thermally activated quenching, and the share of a bright exciton
    that lies D above the dark one, for kT well below D (Zhang et al., Phys. Rev. Lett. 115, 257403
    (2015), WSe₂). C = 20 and E_a = 60 meV where nothing is known (assumed).

    :param temperature: T in K
    :param quenching: C
    :param activation: E_a in meV
    :param splitting: D in meV; 0: the lowest exciton is bright
    """
    loss = checked("quenching", quenching) * boltzmann_factor(activation, temperature)
    return boltzmann_factor(splitting, temperature) / (1 + loss)


@dataclass(frozen=True, slots=True)
class Recombination:
    """How carriers of density N recombine, A·N + B·N² + C·N³ per cm³ and s (the ABC model).

    :param single: A in s⁻¹, single carriers at traps and surfaces, or excitons at 1/τ; above 0
    :param pair: B in cm³/s, radiative recombination of two carriers
    :param auger: C in cm⁶/s
    """

    single: float
    pair: float = 0.0
    auger: float = 0.0

    def __post_init__(self) -> None:
        checked("single-carrier rate A", self.single, "s⁻¹", above=True)
        checked("pair coefficient B", self.pair, "cm³/s")
        checked("Auger coefficient C", self.auger, "cm⁶/s")

    def loss(self, density: npt.ArrayLike) -> Array:
        """A·N + B·N² + C·N³ in cm⁻³ s⁻¹ at a *density* N in cm⁻³."""
        n = checked("carrier density", density, "cm⁻³")
        return n * (self.single + n * (self.pair + n * self.auger))

    def density(self, generation: npt.ArrayLike) -> Array:
        """Steady density N in cm⁻³ at a *generation* G in cm⁻³ s⁻¹: the root of G = A·N + B·N² + C·N³.

        The smallest density that one term alone would give is from once to 1.84 times the root, and the
        loss is convex: Newton's method falls from there to the root without overshooting.
        """
        given = checked("generation", generation, "cm⁻³ s⁻¹")
        g = np.where(given > 0, given, 1.0)
        with np.errstate(divide="ignore"):  # a term that is absent bounds nothing
            bound = np.minimum(g / self.single, np.minimum(np.sqrt(g / self.pair), np.cbrt(g / self.auger)))
        a = self.single * bound / g
        b = self.pair * bound * (bound / g)
        c = self.auger * bound * bound * (bound / g)
        u = np.ones_like(g)
        for _ in range(_NEWTON_STEPS):
            u = u - (u * (a + u * (b + u * c)) - 1) / (a + u * (2 * b + 3 * u * c))
        return np.where(given > 0, u * bound, 0.0)
