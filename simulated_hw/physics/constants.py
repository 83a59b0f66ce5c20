"""Units of spectroscopy in each other, from the constants of nature (CODATA)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.constants import c, e, h, k

#: h·c/e in eV·nm: a photon energy in eV is this over the wavelength in nm
EV_NM = 1e9 * h * c / e
#: k_B in meV/K
BOLTZMANN = 1000 * k / e

#: an energy in cm⁻¹ times this is in J
JOULES_PER_WAVENUMBER = 100 * h * c
#: an energy in cm⁻¹ times this is in meV
MEV_PER_WAVENUMBER = 1e5 * h * c / e
#: an energy in eV times this is in cm⁻¹
WAVENUMBERS_PER_EV = 1e7 / EV_NM

#: Göppert-Mayer, the unit of two-photon cross-sections, in cm⁴ s per photon
GM = 1e-50

#: full width at half maximum of a Gaussian in its standard deviations
FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))


def photon_energy(wavelength: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """J per photon at wavelengths in nm, any shape."""
    energy: npt.NDArray[np.float64] = h * c / (np.asarray(wavelength, dtype=float) * 1e-9)
    return energy
