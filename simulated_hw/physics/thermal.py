"""Temperature dependence: phonons, detailed balance, multiphonon relaxation, thermally coupled levels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .arguments import checked
from .constants import BOLTZMANN, MEV_PER_WAVENUMBER
from .processes import Array


def occupation(phonon: npt.ArrayLike, temperature: npt.ArrayLike) -> Array:
    """Mean number of phonons in a mode, n = 1/(exp(ħω/kT) - 1) (Bose-Einstein); 0 at 0 K.

    :param phonon: ħω in meV
    :param temperature: in K
    """
    energy = checked("phonon energy", phonon, "meV", above=True)
    kelvin = checked("temperature", temperature, "K")
    with np.errstate(divide="ignore", over="ignore"):  # ħω/kT = inf at 0 K is right
        x = energy / (BOLTZMANN * kelvin)
    return np.exp(-x) / -np.expm1(-x)


def boltzmann_factor(energy: npt.ArrayLike, temperature: npt.ArrayLike) -> Array:
    """exp(-E/kT), in detailed balance the ratio of uphill to downhill rates; at 0 K it is 0, and 1 for E = 0.

    :param energy: E in meV, not negative
    :param temperature: in K
    """
    uphill = checked("energy", energy, "meV")
    kelvin = checked("temperature", temperature, "K")
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        return np.where(uphill > 0, np.exp(-uphill / (BOLTZMANN * kelvin)), 1.0)


def boltzmann_ratio(prefactor: float, gap: float, temperature: float) -> float:
    """Emission of the upper over the lower of two thermally coupled levels, C·exp(-ΔE/kT).

    :param gap: ΔE in cm⁻¹
    :param temperature: in K
    """
    return prefactor * float(boltzmann_factor(MEV_PER_WAVENUMBER * gap, temperature))


def multiphonon_factor(gap: float, phonon: float, temperature: float, reference: float) -> float:
    """k_NR(T)/k_NR(T₀) = [(1 + n(T))/(1 + n(T₀))]^(gap/phonon), n the occupation of the phonon.

    :param gap, phonon: energies in cm⁻¹
    :param temperature, reference: T and T₀ in K
    """
    warm, then = 1 + occupation(MEV_PER_WAVENUMBER * phonon, [temperature, reference])
    return float((warm / then) ** (gap / phonon))


def gap_law(
    gap: npt.ArrayLike,
    temperature: npt.ArrayLike = 0.0,
    *,
    phonon: float = 450.0,
    prefactor: float = 1e7,
    alpha: float = 3.5e-3,
    shift: float = 150.0,
) -> Array:
    """Multiphonon relaxation rate in s⁻¹ over an energy gap ΔE to the next lower level.

    W = W₀·exp(-α(ΔE - δ - 2ħω))·(1 + n)^(ΔE/ħω): the gap law that takes two phonons off the gap (J. M. F. van
    Dijk, M. F. H. Schuurmans, J. Chem. Phys. 78, 5317 (1983)), δ the Stokes shift, and stimulated emission of
    ΔE/ħω phonons (L. A. Riseberg, H. W. Moos, Phys. Rev. 174, 429 (1968)). The defaults are those of
    NanoParticleTools for NaYF₄. Rates of single levels scatter by 10 to 100 times about the law.

    :param gap: ΔE in cm⁻¹. Below δ + 2ħω the rate at 0 K is above W₀, below δ it rises no further
    :param temperature: in K; broadcasts with *gap*
    :param phonon: ħω of the phonons that take up the gap, in cm⁻¹
    :param prefactor: W₀ in s⁻¹
    :param alpha: α in cm
    :param shift: δ in cm⁻¹
    """
    energy = checked("energy gap", gap, "cm⁻¹")
    quantum = checked("phonon energy", phonon, "cm⁻¹", above=True)
    span = np.maximum(energy - checked("Stokes shift", shift, "cm⁻¹"), 0.0) - 2 * quantum
    cold = np.log(checked("prefactor", prefactor, "s⁻¹", above=True)) - checked("alpha", alpha, "cm") * span
    # one exponential: apart, the two factors of a wide gap would be 0 and inf
    return np.exp(cold + energy / quantum * np.log1p(occupation(MEV_PER_WAVENUMBER * phonon, temperature)))
