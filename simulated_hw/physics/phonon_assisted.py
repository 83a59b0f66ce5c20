"""Phonon-assisted upconversion: phonons, Urbach tail, traps, competition with two-photon absorption."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.constants import e
from scipy.special import expit, wrightomega

from .arguments import checked
from .constants import EV_NM, GM
from .processes import Array
from .thermal import boltzmann_factor, occupation


def energy_gain(emission: npt.ArrayLike, wavelength: npt.ArrayLike) -> Array:
    """Energy in meV that the lattice adds, ΔE = E_X - E_L; below 0 the emission is down-converted.

    With a fixed laser the gain follows the gap: ΔE(T) = E_X(T) - E_L.

    :param emission: photon energy E_X of the emission in eV
    :param wavelength: of the laser in nm
    """
    emitted = checked("emission energy", emission, "eV", above=True)
    return 1000 * (emitted - EV_NM / checked("laser wavelength", wavelength, "nm", above=True))


def phonon_absorption(gain: npt.ArrayLike, phonon: float, temperature: npt.ArrayLike) -> Array:
    """Rate of absorbing p = ΔE/ħω phonons relative to excitation at resonance, n(ħω, T)^p.

    p may be fractional. No phonon is needed, and the rate is 1, for ΔE ≤ 0. At most 1: where n > 1 the
    power law of weak coupling ends, and absorption below the resonance never exceeds that at it (assumed).

    :param gain: ΔE in meV
    :param phonon: ħω in meV
    :param temperature: T in K
    """
    supply = np.minimum(occupation(phonon, temperature), 1.0)
    return supply ** (np.maximum(checked("energy gain", gain, "meV", low=-math.inf), 0.0) / phonon)


def upconversion(
    temperature: npt.ArrayLike, gain: npt.ArrayLike, phonon: float, splitting: float = 0.0
) -> Array:
    """Phonon-assisted emission relative to resonant excitation of a bright exciton.

    n(ħω, T)^(ΔE/ħω)·exp(-D/kT), the last factor as in :func:`.semiconductor.thermal_quenching`.

    :param temperature: T in K
    :param gain: ΔE in meV at each temperature (:func:`energy_gain`)
    :param phonon: ħω in meV
    :param splitting: D in meV, the bright exciton above the dark one; 0: the lowest exciton is bright
    """
    return phonon_absorption(gain, phonon, temperature) * boltzmann_factor(splitting, temperature)


def urbach_energy(temperature: npt.ArrayLike, phonon: float, sigma_0: float) -> Array:
    """E_U = (ħω/2σ₀)·coth(ħω/2kT) in meV (Kurik, phys. stat. sol. (a) 8, 9 (1971)).

    ħω/2σ₀ at 0 K, kT/σ₀ when hot.

    :param temperature: T in K
    :param phonon: ħω in meV
    :param sigma_0: steepness σ₀
    """
    steepness = checked("steepness", sigma_0, above=True)
    return phonon / (2 * steepness) * (1 + 2 * occupation(phonon, temperature))


def urbach_absorption(energy: npt.ArrayLike, gap: npt.ArrayLike, urbach: npt.ArrayLike) -> Array:
    """Absorption relative to that at the gap: exp((E - E_g)/E_U) below it, 1 above.

    Urbach, Phys. Rev. 92, 1324 (1953); the rise above the gap is left out.

    :param energy: photon energy E in eV
    :param gap: E_g in eV
    :param urbach: E_U in meV
    """
    photon = checked("photon energy", energy, "eV", above=True)
    below = np.minimum(photon - checked("gap", gap, "eV", above=True), 0.0)
    return np.exp(1000 * below / checked("Urbach energy", urbach, "meV", above=True))


def gain_limit(temperature: npt.ArrayLike, floor: float, phonon: float, sigma_0: float) -> Array:
    """Largest energy gain in meV whose signal reaches the detection floor, E_U(T)·ln(1/floor).

    :param temperature: T in K
    :param floor: smallest signal seen, relative to that of resonant excitation, in (0, 1]
    :param phonon, sigma_0: as for :func:`urbach_energy`
    """
    return -np.log(checked("detection floor", floor, high=1.0, above=True)) * urbach_energy(
        temperature, phonon, sigma_0
    )


def trap_filling(power: npt.ArrayLike, saturation: float, stretch: float = 1.0) -> Array:
    """Emission through traps relative to that of all traps filled, x^m/(1 + x^m), x = P/P_sat.

    m = 1 for traps of one kind (steady state of dn/dt = W·(N_t - n) - k_d·n with W ∝ P); m < 1 for traps
    spread in energy (0.7 assumed for h-BN): the exponent is m at low power. Local exponent: m/(1 + x^m).

    :param power, saturation: P and P_sat, both in W/cm² or both in mW
    :param stretch: m in (0, 1]
    """
    x = checked("power", power) / checked("saturation power", saturation, above=True)
    with np.errstate(divide="ignore"):
        return expit(checked("stretching exponent", stretch, high=1.0, above=True) * np.log(x))


@dataclass(frozen=True, slots=True)
class TailOrTwoPhotons:
    """Excitation below the gap by one photon in the Urbach tail or by two, σ₁(E)·φ + σ₂·φ²/2 per particle.

    The photon flux φ = I/E is uniform and continuous: the signal of a pulse or of a Gaussian spot is an
    average over I. Two photons reach the gap only if it is at most twice the photon energy.

    :param gap: E_g in eV
    :param urbach: E_U in meV
    :param sigma_1: cross-section at the gap in cm²
    :param sigma_2: two-photon cross-section in GM (10⁻⁵⁰ cm⁴ s)
    """

    gap: float
    urbach: float
    sigma_1: float
    sigma_2: float

    def __post_init__(self) -> None:
        checked("gap", self.gap, "eV", above=True)
        checked("Urbach energy", self.urbach, "meV", above=True)
        checked("one-photon cross-section", self.sigma_1, "cm²", above=True)
        checked("two-photon cross-section", self.sigma_2, "GM")

    def rate(self, detuning: npt.ArrayLike, irradiance: npt.ArrayLike) -> Array:
        """Excitations per particle in s⁻¹.

        :param detuning: E_g - E in meV
        :param irradiance: I in W/cm²
        """
        photon, flux, sigma_2 = self._light(detuning, irradiance)
        return flux * (self.sigma_1 * urbach_absorption(photon, self.gap, self.urbach) + 0.5 * sigma_2 * flux)

    def exponent(self, detuning: npt.ArrayLike, irradiance: npt.ArrayLike) -> Array:
        """Local power exponent d ln(rate)/d ln I, from 1 to 2; arguments as for :meth:`rate`."""
        photon, flux, sigma_2 = self._light(detuning, irradiance)
        depth = (
            np.maximum(self.gap - photon, 0.0) * 1000 / self.urbach
        )  # -ln of the tail, which may underflow
        with np.errstate(divide="ignore"):
            return 1 + expit(np.log(0.5 * sigma_2 * flux) - math.log(self.sigma_1) + depth)

    def crossing(self, irradiance: npt.ArrayLike) -> Array:
        """Detuning in meV where both processes are equal, the exponent 1.5; *irradiance* in W/cm².

        0 where two photons win even at the gap, E_g/2 where one photon wins as far as two can excite.
        With y = E_g - ΔE, y·exp(y/E_U) is known: y/E_U is a Wright omega function.
        """
        watts = checked("irradiance", irradiance, "W/cm²")
        gap = 1000 * self.gap
        with np.errstate(divide="ignore"):
            ratio = np.log(watts * (self.sigma_2 * GM / (2e-3 * e * self.sigma_1 * self.urbach)))
        return np.clip(gap - self.urbach * wrightomega(ratio + gap / self.urbach), 0.0, gap / 2)

    def _light(self, detuning: npt.ArrayLike, irradiance: npt.ArrayLike) -> tuple[Array, Array, Array]:
        """Photon energy in eV, flux in cm⁻² s⁻¹, and the two-photon cross-section in cm⁴ s."""
        photon = self.gap - 1e-3 * checked("detuning", detuning, "meV", low=-math.inf)
        checked("photon energy", photon, "eV", above=True)
        flux = checked("irradiance", irradiance, "W/cm²") / (photon * e)
        return photon, flux, np.where(2 * photon >= self.gap, self.sigma_2 * GM, 0.0)
