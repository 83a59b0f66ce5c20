"""How the size of nanocrystals shows: cross-sections, emission energy, and ensembles of unequal crystals.

In an ensemble light picks the larger crystals, n photons more strongly than one: absorption goes with
d³ for one photon and d^3.3 or d^3.6 for two (CsPbBr₃, references 41 and 116 of Zhang, Du & Liu,
Nanoscale 2024, 16, 2747). Two-photon excited emission is therefore redder and slower.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .arguments import checked
from .constants import FWHM_PER_SIGMA
from .processes import Array

#: exponents of the diameter: one-photon absorption goes with volume, two-photon as measured on CsPbBr₃
ONE_PHOTON, TWO_PHOTON, TWO_PHOTON_STEEP = 3.0, 3.3, 3.6

_CUT = 4.0  # standard deviations at which the distribution ends
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)


def size_law(diameter: npt.ArrayLike, reference: float, exponent: float) -> Array:
    """σ(d)/σ(d₀) = (d/d₀)^exponent, dimensionless; *diameter* and *reference* in nm."""
    d, d0 = (checked("diameter", value, "nm", above=True) for value in (diameter, reference))
    ratio: Array = (d / d0) ** exponent
    return ratio


def emission_energy(diameter: npt.ArrayLike, gap: float = 2.34, confinement: float = 4.18) -> Array:
    """E = E_g + C/d² in eV, effective-mass confinement of CsPbBr₃, *diameter* in nm.

    :param gap: E_g of the bulk, eV (assumed 2.34)
    :param confinement: C in eV nm²; 4.18 is 0.35 (assumed, for emission at 489 to 523 nm from 4.6 to
        11.4 nm) of the strong confinement 2π²ħ²/μ (Brus, J. Chem. Phys. 1984, 80, 4403) = 11.94 eV nm²
        with μ = 0.126 electron masses (Yang et al., ACS Energy Lett. 2017, 2, 1621)
    """
    checked("gap", gap, "eV", above=True)
    checked("confinement", confinement, "eV nm²")
    energy: Array = gap + confinement / checked("diameter", diameter, "nm", above=True) ** 2
    return energy


@dataclass(frozen=True, slots=True)
class SizeDistribution:
    """Diameters of an ensemble: Gaussian by number, cut at ±4 standard deviations.

    Averages are over the excited crystals, N(d)·d^q, q the exponent of absorption; the quantum yield
    does not depend on size.

    :param mean: of the diameter, nm
    :param relative_width: standard deviation over mean; below 0.25, so that no crystal is smaller than 0
    """

    mean: float
    relative_width: float

    def __post_init__(self) -> None:
        checked("mean diameter", self.mean, "nm", above=True)
        if not 0 <= self.relative_width < 1 / _CUT:
            width = self.relative_width
            raise ValueError(f"relative width = {width:g}: must be at least 0, below {1 / _CUT:g}")

    @property
    def diameters(self) -> Array:
        """Quadrature nodes in nm, shape (64,)."""
        nodes: Array = self.mean * (1 + _CUT * self.relative_width * _NODES)
        return nodes

    def excited(self, exponent: float) -> Array:
        """Share of the excited crystals at each of :attr:`diameters`, (64,), sum 1, for absorption ∝ d^q."""
        number = _WEIGHTS * np.exp(-0.5 * (_CUT * _NODES) ** 2)
        share = number * size_law(self.diameters, self.mean, exponent)
        weights: Array = share / share.sum()
        return weights

    def centroid(self, exponent: float) -> float:
        """Mean photon energy of the emission in eV."""
        return float(self.excited(exponent) @ emission_energy(self.diameters))

    def centroid_shift(self, exponent: float, reference: float = ONE_PHOTON) -> float:
        """Centroid with absorption ∝ d^exponent minus that with d^reference, in meV; negative is redder."""
        return 1e3 * (self.centroid(exponent) - self.centroid(reference))

    def spectrum(self, energies: npt.ArrayLike, exponent: float, width: float = 80.0) -> Array:
        """Photons per eV, area 1, same shape as *energies*: a Gaussian line for every size.

        :param energies: photon energies in eV
        :param width: homogeneous full width at half maximum, meV (assumed 80)
        """
        sigma = 1e-3 * float(checked("line width", width, "meV", above=True)) / FWHM_PER_SIGMA
        x = checked("photon energy", energies, "eV")[..., None] - emission_energy(self.diameters)
        lines = np.exp(-0.5 * (x / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
        spectrum: Array = lines @ self.excited(exponent)
        return spectrum

    def lifetimes(self, lifetime: float, scaling: float = 1.0) -> Array:
        """τ = *lifetime*·(d/mean)^scaling in ns at :attr:`diameters`; *lifetime* in ns, scaling assumed."""
        checked("lifetime", lifetime, "ns", above=True)
        return lifetime * size_law(self.diameters, self.mean, scaling)

    def decay(self, times: npt.ArrayLike, exponent: float, lifetime: float, scaling: float = 1.0) -> Array:
        """Photons per ns after a short pulse, area 1, Σ share·exp(-t/τ)/τ, shape of *times* (ns)."""
        tau = self.lifetimes(lifetime, scaling)
        t = checked("time", times, "ns")[..., None]
        decay: Array = np.exp(-t / tau) @ (self.excited(exponent) / tau)
        return decay

    def lifetime_ratio(self, exponent: float, reference: float = ONE_PHOTON, scaling: float = 1.0) -> float:
        """Mean arrival time of :meth:`decay` with absorption ∝ d^exponent over that with d^reference."""
        tau = self.lifetimes(1.0, scaling)
        return float((self.excited(exponent) @ tau) / (self.excited(reference) @ tau))
