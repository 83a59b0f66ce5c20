"""Simultaneous absorption of n photons: pulse statistics, rates per particle, saturation, exponents.

A particle absorbs σ_n·φⁿ/n times per second at the photon flux φ (cm⁻² s⁻¹). The cross-section σ_n
is in cm²ⁿ s⁽ⁿ⁻¹⁾: cm² for one photon, cm⁴ s per photon for two (1 GM = 10⁻⁵⁰), cm⁶ s² for three.
A flux from irradiance and wavelength: :func:`.processes.photons`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import exprel, gammaln

from .arguments import checked
from .processes import Array, photons

_LARGEST = math.log(np.finfo(float).max)


@dataclass(frozen=True, slots=True)
class PulseShape:
    """Irradiance of a pulse against time, f(t/τ), 1 at its maximum, τ its full width at half maximum.

    All it takes are the moments M_n = ∫ fⁿ(x) dx (Diels & Rudolph, Ultrashort Laser Pulse Phenomena, ch. 1):

    * gaussian: f = exp(-4·ln2·x²), M_n = √(π/(4n·ln2))
    * sech2: f = sech²(kx), k = 2·arcosh√2 = 1.763, M_n = √π·Γ(n)/(Γ(n + 1/2)·k)
    * rectangular: M_n = 1; with a duty cycle of 1 this is CW light
    """

    name: str

    def __post_init__(self) -> None:
        if self.name not in ("gaussian", "sech2", "rectangular"):
            raise ValueError(f"pulse shape = {self.name!r}: must be gaussian, sech2 or rectangular")

    def moment(self, order: npt.ArrayLike) -> Array:
        """M_n, dimensionless: ∫ φⁿ dt over a pulse is M_n·φ_peakⁿ·τ."""
        n = _order(order)
        if self.name == "gaussian":
            return np.sqrt(math.pi / (4 * math.log(2) * n))
        if self.name == "sech2":
            steepness = 2 * math.acosh(math.sqrt(2))
            moment: Array = math.sqrt(math.pi) * np.exp(gammaln(n) - gammaln(n + 0.5)) / steepness
            return moment
        return np.ones_like(n)

    def correlation(self, order: npt.ArrayLike) -> Array:
        """g_n = M_n/M_1ⁿ, dimensionless: mean of φⁿ is g_n·(mean of φ)ⁿ/(f·τ)ⁿ⁻¹ (Xu & Webb 1996)."""
        n = _order(order)
        correlation: Array = self.moment(n) * self.moment(1) ** -n
        return correlation


GAUSSIAN, SECH2, RECTANGULAR = PulseShape("gaussian"), PulseShape("sech2"), PulseShape("rectangular")


@dataclass(frozen=True, slots=True)
class PulsedBeam:
    """A train of pulses focused to a Gaussian spot; fluxes, irradiance and fluence are those on its axis.

    :param wavelength: nm
    :param width: τ, full width at half maximum of a pulse, s
    :param repetition: f, pulses per second
    :param radius: 1/e² radius of the spot, µm
    """

    wavelength: float
    width: float
    repetition: float
    radius: float
    shape: PulseShape = GAUSSIAN

    def __post_init__(self) -> None:
        checked("wavelength", self.wavelength, "nm", above=True)
        checked("spot radius", self.radius, "µm", above=True)
        checked("pulse width", self.width, "s", above=True)
        checked("repetition rate", self.repetition, "Hz", above=True)
        checked("duty cycle", self.duty, high=1, above=True)

    @property
    def duty(self) -> float:
        """f·τ, dimensionless."""
        return self.repetition * self.width

    def pulse_energy(self, power: npt.ArrayLike) -> Array:
        """J, at a mean power in W."""
        energy: Array = checked("mean power", power, "W") / self.repetition
        return energy

    def peak_power(self, power: npt.ArrayLike) -> Array:
        """W, at a mean power in W: E/(M_1·τ), which is 0.939·E/τ (Gaussian) or 0.881·E/τ (sech²)."""
        peak: Array = self.pulse_energy(power) / (self.shape.moment(1) * self.width)
        return peak

    def fluence(self, power: npt.ArrayLike) -> Array:
        """Peak fluence of a pulse in J/cm², 2E/(πw²), at a mean power in W."""
        return self._on_axis(self.pulse_energy(power))

    def peak_irradiance(self, power: npt.ArrayLike) -> Array:
        """W/cm² at the maximum of a pulse, at a mean power in W."""
        return self._on_axis(self.peak_power(power))

    def peak_flux(self, power: npt.ArrayLike) -> Array:
        """Photons cm⁻² s⁻¹ at the maximum of a pulse, at a mean power in W."""
        return photons(self.peak_irradiance(power), self.wavelength)

    def mean_flux(self, power: npt.ArrayLike) -> Array:
        """Photons cm⁻² s⁻¹ averaged over time, at a mean power in W."""
        return photons(self._on_axis(checked("mean power", power, "W")), self.wavelength)

    def _on_axis(self, total: Array) -> Array:
        per_cm2: Array = total * (2 / (math.pi * (self.radius * 1e-4) ** 2))
        return per_cm2


def rate_from_mean_flux(
    cross_section: npt.ArrayLike,
    order: npt.ArrayLike,
    flux: npt.ArrayLike,
    duty: npt.ArrayLike = 1.0,
    shape: PulseShape = RECTANGULAR,
) -> Array:
    """Absorptions per particle and second, σ_n·g_n·φⁿ/(n·(f·τ)ⁿ⁻¹); as it stands for CW light.

    :param cross_section: σ_n in cm²ⁿ s⁽ⁿ⁻¹⁾
    :param order: n
    :param flux: φ averaged over time, cm⁻² s⁻¹
    :param duty: f·τ, above 0 and at most 1
    """
    n, share = _order(order), checked("duty cycle", duty, high=1, above=True)
    return _power_law(cross_section, n, flux, np.log(shape.correlation(n) / n) - (n - 1) * np.log(share))


def rate_from_peak_flux(
    cross_section: npt.ArrayLike,
    order: npt.ArrayLike,
    flux: npt.ArrayLike,
    duty: npt.ArrayLike = 1.0,
    shape: PulseShape = RECTANGULAR,
) -> Array:
    """Absorptions per particle and second, σ_n·M_n·φⁿ·f·τ/n; arguments as in :func:`rate_from_mean_flux`.

    :param flux: φ at the maximum of the pulse, cm⁻² s⁻¹
    """
    n, share = _order(order), checked("duty cycle", duty, high=1, above=True)
    return _power_law(cross_section, n, flux, np.log(shape.moment(n) * share / n))


def excitations_per_pulse(
    cross_section: npt.ArrayLike,
    order: npt.ArrayLike,
    peak_flux: npt.ArrayLike,
    width: npt.ArrayLike,
    shape: PulseShape = GAUSSIAN,
) -> Array:
    """⟨N⟩ = σ_n·M_n·φ_peakⁿ·τ/n, what a particle would absorb from one pulse if it did not saturate.

    :param cross_section: σ_n in cm²ⁿ s⁽ⁿ⁻¹⁾
    :param peak_flux: cm⁻² s⁻¹
    :param width: τ in s
    """
    n, duration = _order(order), checked("pulse width", width, "s", above=True)
    return _power_law(cross_section, n, peak_flux, np.log(shape.moment(n) * duration / n))


def cross_section_from_excitations(
    excitations: npt.ArrayLike,
    order: npt.ArrayLike,
    peak_flux: npt.ArrayLike,
    width: npt.ArrayLike,
    shape: PulseShape = GAUSSIAN,
) -> Array:
    """σ_n in cm²ⁿ s⁽ⁿ⁻¹⁾ of a particle that absorbs ⟨N⟩ = *excitations* from a pulse of that peak flux.

    How a sample whose σ_n nobody has published is described: by the fluence at which ⟨N⟩ = 0.01.
    """
    n, duration = _order(order), checked("pulse width", width, "s", above=True)
    flux = checked("photon flux", peak_flux, "cm⁻² s⁻¹", above=True)
    log_rest = np.log(n / (shape.moment(n) * duration))
    return _power_law(excitations, -n, flux, log_rest, "excitations per pulse")


def excitation_probability(excitations: npt.ArrayLike) -> Array:
    """Share of the particles that a pulse excites, 1 - exp(-⟨N⟩) (Poisson; one emits at most once)."""
    probability: Array = -np.expm1(-checked("excitations per pulse", excitations))
    return probability


def local_exponent(order: npt.ArrayLike, excitations: npt.ArrayLike) -> Array:
    """d ln P_exc/d ln(power) = n·⟨N⟩/(exp⟨N⟩ - 1): 0.951·n at ⟨N⟩ = 0.1, 0.975·n at 0.05."""
    n = _order(order)
    exponent: Array = n / exprel(checked("excitations per pulse", excitations))
    return exponent


def mixed_exponent(orders: npt.ArrayLike, rates: npt.ArrayLike) -> Array:
    """d ln(signal)/d ln(power) = Σ n·R_n/Σ R_n where absorptions of several orders add up.

    :param orders: n along the last axis
    :param rates: R_n along the last axis, any unit common to all; not all zero
    """
    n, rate = _order(orders), checked("rate", rates)
    total = checked("sum of the rates", rate.sum(axis=-1), above=True)
    exponent: Array = (n * rate).sum(axis=-1) / total
    return exponent


def _order(order: npt.ArrayLike) -> Array:
    return checked("number of photons", order, above=True)


def _power_law(
    factor: npt.ArrayLike, order: Array, flux: npt.ArrayLike, log_rest: Array, name: str = "cross-section"
) -> Array:
    """factor·flux^order·exp(log_rest), at most the largest float; by logarithms, as fluxⁿ may exceed it."""
    a, phi = checked(name, factor), checked("photon flux", flux, "cm⁻² s⁻¹")
    with np.errstate(divide="ignore"):  # the logarithm of no light is -inf, and exp(-inf) is 0
        logarithm = np.log(a) + order * np.log(phi) + log_rest
    return np.exp(np.minimum(logarithm, _LARGEST))
