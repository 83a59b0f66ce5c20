"""Temperature dependence of ions: phonon-assisted rates and thermally coupled levels."""

from __future__ import annotations

import math

from scipy.constants import c, h, k

#: h·c/k_B in K·cm: an energy in cm⁻¹ times this is a temperature
CM_IN_KELVIN = 100 * h * c / k


def multiphonon_factor(gap: float, phonon: float, temperature: float, reference: float) -> float:
    """k_NR(T)/k_NR(T₀) = [(1 + n(T))/(1 + n(T₀))]^(gap/phonon), n the occupation of the phonon.

    :param gap, phonon: energies in cm⁻¹
    :param temperature, reference: T and T₀ in K
    """

    def stimulated(kelvin: float) -> float:  # 1 + n = 1/(1 - exp(-ħω/kT))
        return -1 / math.expm1(-phonon * CM_IN_KELVIN / kelvin)

    return (stimulated(temperature) / stimulated(reference)) ** (gap / phonon)


def boltzmann_ratio(prefactor: float, gap: float, temperature: float) -> float:
    """Emission of the upper over the lower of two thermally coupled levels, C·exp(-ΔE/kT).

    :param gap: ΔE in cm⁻¹
    :param temperature: in K
    """
    return prefactor * math.exp(-gap * CM_IN_KELVIN / temperature)
