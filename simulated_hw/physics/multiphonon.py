"""Multiphonon relaxation between levels of an ion: the energy-gap law."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.constants import c, e, h

from .arguments import checked
from .processes import Array
from .semiconductor import occupation

_MEV = 1e5 * h * c / e  # in 1 cm⁻¹


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
    return np.exp(cold + energy / quantum * np.log1p(occupation(phonon * _MEV, temperature)))
