"""Transfer of energy from one ion to another: dipole–dipole rates, and their sums over a crystal.

A pair at distance r transfers at W(r) = C₆/r⁶. Three numbers say the same thing: C₆ in cm⁶/s, the
Förster radius R₀ = (C₆·τ)^(1/6), and the rate at a given distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gamma, gammaincc

from .arguments import checked
from .constants import FWHM_PER_SIGMA
from .processes import Array

_CLOSEST = 0.1  # nm; cations of real crystals are at least 0.3 nm apart
_SMOOTHING = 1 / 3  # inverse width of the cutoff of lattice sums, in 1/(mean distance of cations)
_REACH = 6.0  # erfc(6) is 2e-17: what lies beyond this many widths does not count
_ANGSTROM = 1e-8  # cm


def gaussian_band(energy: npt.ArrayLike, centre: float, fwhm: float) -> Array:
    """Gaussian line of unit area, in cm (per cm⁻¹), at energies in cm⁻¹."""
    sigma = float(checked("width of the band", fwhm, "cm⁻¹", above=True)) / FWHM_PER_SIGMA
    x = (np.asarray(energy, dtype=float) - checked("centre of the band", centre, "cm⁻¹")) / sigma
    return np.exp(-0.5 * x**2) / (sigma * math.sqrt(2 * math.pi))


def spectral_overlap(energy: npt.ArrayLike, emission: npt.ArrayLike, absorption: npt.ArrayLike) -> float:
    """∫ f_em(E)·f_abs(E)/E⁴ dE in cm⁵ of two bands, each divided by its own area (trapezoids).

    :param energy: increasing energies in cm⁻¹, (n,), n ≥ 2
    :param emission: spectrum of the donor in photons per energy interval, any scale, (n,)
    :param absorption: spectrum of the acceptor as cross-sections, any scale, (n,)
    :raises ValueError: for energies that do not increase, and for a band without area
    """
    energy = checked("energy", energy, "cm⁻¹", above=True)
    if energy.ndim != 1 or len(energy) < 2 or np.any(np.diff(energy) <= 0):
        raise ValueError("energies of a spectrum must increase, at least two of them")
    shapes = []
    for name, spectrum in (("emission", emission), ("absorption", absorption)):
        band = checked(f"{name} band", spectrum)
        area = np.trapezoid(band, energy)
        if area <= 0:
            raise ValueError(f"area of the {name} band = {area:.6g}; allowed: above 0")
        shapes.append(band / area)
    return float(np.trapezoid(shapes[0] * shapes[1] / energy**4, energy))


def dipole_strength(
    lifetime: npt.ArrayLike, cross_section: npt.ArrayLike, overlap: npt.ArrayLike, index: npt.ArrayLike = 1.5
) -> Array:
    """C₆ in cm⁶/s of electric dipoles averaged over directions (κ² = 2/3).

    Dexter, J. Chem. Phys. 21, 836 (1953), equal to Förster, Ann. Phys. 437, 55 (1948)::

        C₆ = 3·h⁴·c⁴/(64·π⁵·n⁴·τ) · ∫σ dE · ∫ f_em·f_abs/E⁴ dE

    with h, not ħ, which would give (2π)⁴ = 1558.5 times too little. With energies as wavenumbers
    h and c cancel, so that neither can be confused here.

    :param lifetime: radiative lifetime τ of the donor, s
    :param cross_section: ∫σ dE of the acceptor's band, cm (cm² times cm⁻¹)
    :param overlap: from :func:`spectral_overlap`, cm⁵
    :param index: refractive index n
    """
    strength = checked("integrated cross-section", cross_section, "cm") * checked("overlap", overlap, "cm⁵")
    medium = checked("refractive index", index, low=1.0) ** 4 * checked("lifetime", lifetime, "s", above=True)
    return 3 * strength / (64 * math.pi**5 * medium)


def forster_radius(c6: npt.ArrayLike, lifetime: npt.ArrayLike) -> Array:
    """R₀ in nm, where the donor transfers as fast as it decays: R₀⁶ = C₆·τ.

    :param c6: cm⁶/s
    :param lifetime: of the donor without acceptors, s
    """
    return 1e7 * (checked("C6", c6, "cm⁶/s") * checked("lifetime", lifetime, "s", above=True)) ** (1 / 6)


def transfer_rate(c6: npt.ArrayLike, distance: npt.ArrayLike) -> Array:
    """W = C₆/r⁶ in s⁻¹ of one pair.

    :param c6: cm⁶/s
    :param distance: r in nm, at least 0.1
    """
    return checked("C6", c6, "cm⁶/s") / (1e-7 * checked("distance", distance, "nm", low=_CLOSEST)) ** 6


def phonon_assisted_factor(mismatch: npt.ArrayLike, alpha: float = 3.5e-3, phonon: float = 450.0) -> Array:
    """W(ΔE)/W(0) = exp(-β·ΔE), β = α - ln2/ħω: the donor's surplus goes into phonons of both ions.

    Miyakawa and Dexter, Phys. Rev. B 1, 2961 (1970), both ions coupled alike, zero temperature.

    :param mismatch: energy ΔE ≥ 0 that donor gives and acceptor does not take, cm⁻¹
    :param alpha: exponent of the energy-gap law of a single ion, cm (NaYF₄: assumed)
    :param phonon: ħω in cm⁻¹ (NaYF₄: assumed)
    :raises ValueError: also where α < ln2/ħω: transfer would grow with the mismatch
    """
    beta = alpha - math.log(2) / float(checked("phonon energy", phonon, "cm⁻¹", above=True))
    return np.exp(-checked("α - ln2/ħω", beta, "cm") * checked("energy mismatch", mismatch, "cm⁻¹"))


@dataclass(frozen=True, slots=True)
class LatticeSum:
    """Σ_j p_j·r_j^(-n) in Å^(-n), p_j the occupancy: around each site (sites,), and the mean over donors."""

    sites: Array
    mean: float


@dataclass(frozen=True, slots=True)
class Lattice:
    """A crystal's cation sites.

    :ivar vectors: of the unit cell, Å, one per row
    :ivar sites: fractional coordinates of the sites in the cell
    :ivar occupancies: share of each site that such cations occupy, above 0 and up to 1
    """

    vectors: tuple[tuple[float, float, float], ...]
    sites: tuple[tuple[float, float, float], ...]
    occupancies: tuple[float, ...]

    @property
    def density(self) -> float:
        """Cations per cm³."""
        return sum(self.occupancies) / abs(float(np.linalg.det(self.vectors))) / _ANGSTROM**3

    def sums(self, power: float) -> LatticeSum:
        """Lattice sums of r^(-power), *power* 4 or more, to 10 digits.

        A cutoff as smooth as a Gaussian (Q(n/2, η²r²), as in Ewald's method) splits r^(-n): the near
        part is summed, the far part is smooth on the scale of the cell and is integrated over the mean
        density, less the share of the site in the origin.
        """
        power = float(checked("power of the lattice sum", power, low=4.0, high=20.0))
        vectors, occupancies = np.array(self.vectors), np.array(self.occupancies)
        rho = self.density * _ANGSTROM**3
        smoothing = _SMOOTHING * rho ** (1 / 3)
        reach = _REACH / smoothing
        planes = 1 / np.linalg.norm(np.linalg.inv(vectors), axis=0)  # spacing of the cell's faces
        counts = [np.arange(-n, n + 1) for n in np.ceil(reach / planes).astype(int) + 1]
        cells = np.stack(np.meshgrid(*counts, indexing="ij"), axis=-1).reshape(-1, 3)

        far = 2 * math.pi**1.5 * rho * smoothing ** (power - 3) / ((power - 3) * gamma(power / 2))
        sums = far - occupancies * smoothing**power / gamma(power / 2 + 1)
        for i, here in enumerate(self.sites):
            for there, occupancy in zip(self.sites, occupancies, strict=True):
                r = np.linalg.norm((cells + np.subtract(there, here)) @ vectors, axis=1)
                r = r[(r > 0) & (r < reach)]
                sums[i] += occupancy * np.sum(gammaincc(power / 2, (smoothing * r) ** 2) / r**power)
        return LatticeSum(sums, float(np.average(sums, weights=occupancies)))


#: β-NaYF₄, a = 5.9738 Å, c = 3.5297 Å: rare earths on one full and one half-filled site (simetuc 1.8.2)
BETA_NAYF4 = Lattice(
    vectors=((5.9738, 0.0, 0.0), (-5.9738 / 2, 5.9738 * math.sqrt(0.75), 0.0), (0.0, 0.0, 3.5297)),
    sites=((0.0, 0.0, 0.0), (2 / 3, 1 / 3, 1 / 2)),
    occupancies=(1.0, 0.5),
)


def pair_rate(c6: npt.ArrayLike, l6: npt.ArrayLike) -> Array:
    """K = C₆·L₆ in s⁻¹: transfer of a donor if every cation were an acceptor; times their fraction it
    is the mean-field rate, the ``rate`` of :class:`~.processes.Transfer`.

    Taking the mean over the lattice overstates transfer where acceptors are few and hops are slow.

    :param c6: cm⁶/s
    :param l6: lattice sum of r⁻⁶, Å⁻⁶
    """
    return checked("C6", c6, "cm⁶/s") * checked("lattice sum", l6, "Å⁻⁶") / _ANGSTROM**6


def rate_coefficient(rate: npt.ArrayLike, density: npt.ArrayLike = 1.38e22) -> Array:
    """k = K/N₀ in cm³/s, as transfer is tabulated.

    :param rate: K in s⁻¹
    :param density: cations N₀ per cm³ (β-NaYF₄)
    """
    return checked("pair rate", rate, "s⁻¹") / checked("cation density", density, "cm⁻³", above=True)
