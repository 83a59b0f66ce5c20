"""Laser cooling of semiconductors: efficiency, zero crossings and the temperature of the sample.

Formulas after Sheik-Bahae and Epstein, Phys. Rev. Lett. 92, 247403 (2004). Published coolings of
semiconductors are disputed (Nature 570, E60 (2019)): numbers put in here reproduce them, they prove nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from .arguments import checked
from .constants import EV_NM
from .phonon_assisted import urbach_absorption
from .processes import Array, photons
from .semiconductor import Recombination


def carrier_density(
    recombination: Recombination,
    extraction: float,
    absorption: float,
    irradiance: npt.ArrayLike,
    wavelength: float,
) -> Array:
    """Steady N in cm⁻³ of dN/dt = α·I/hν - A·N - η_e·B·N² - C·N³: the trapped luminescence is absorbed again.

    :param extraction: η_e, share of the luminescence that leaves the sample
    :param absorption: α in cm⁻¹
    :param irradiance: I in W/cm²
    :param wavelength: of the laser in nm
    """
    checked("laser wavelength", wavelength, "nm", above=True)
    flux = photons(checked("irradiance", irradiance, "W/cm²"), wavelength)
    return _extracting(recombination, extraction).density(checked("absorption", absorption, "cm⁻¹") * flux)


def external_efficiency(
    recombination: Recombination, density: npt.ArrayLike, extraction: float = 1.0
) -> Array:
    """Photons that leave per electron-hole pair, η_ext = η_e·B·N/(A + η_e·B·N + C·N²).

    :param density: N in cm⁻³
    :param extraction: η_e
    """
    n = checked("carrier density", density, "cm⁻³")
    escaping = _extracting(recombination, extraction).pair * n
    return escaping / (recombination.single + escaping + recombination.auger * n**2)


def highest_efficiency(recombination: Recombination, extraction: float = 1.0) -> tuple[float, float]:
    """Density N = √(A/C) in cm⁻³ where the external efficiency is highest, and its value there.

    1/(1 + 2·√(A·C)/(η_e·B)), to first order 1 - 2·√(A·C)/(η_e·B).
    """
    checked("Auger coefficient C", recombination.auger, "cm⁶/s", above=True)
    density = math.sqrt(recombination.single / recombination.auger)
    return density, float(external_efficiency(recombination, density, extraction))


def cooling_efficiency(
    wavelength: npt.ArrayLike, emission: float, external: npt.ArrayLike, absorbing: npt.ArrayLike = 1.0
) -> Array:
    """η_c = η_ext·η_abs·λ/λ_f - 1: heat taken from the lattice per absorbed energy; it cools where above 0.

    :param wavelength: λ of the laser in nm
    :param emission: λ_f, mean wavelength of the emission in nm (of its mean photon energy)
    :param external: η_ext
    :param absorbing: η_abs = α/(α + α_b), share of the absorption that makes carriers
    """
    ratio = checked("laser wavelength", wavelength, "nm", above=True) / checked(
        "emission wavelength", emission, "nm", above=True
    )
    efficiency = checked("external efficiency", external, high=1.0)
    return efficiency * checked("absorption efficiency", absorbing, high=1.0) * ratio - 1


def conductance(change: float, efficiency: float, absorbed: float) -> float:
    """K_th = -η_c·P_abs/ΔT in W/K that makes a steady *change* ΔT in K, below 0 for cooling.

    :param efficiency: η_c
    :param absorbed: P_abs in mW
    """
    heat = -efficiency * 1e-3 * checked("absorbed power", absorbed, "mW", above=True)
    if not heat * change > 0:
        raise ValueError(f"temperature change = {change:.6g} K: must have the sign of the heat, {heat:.6g} W")
    return float(heat / change)


@dataclass(frozen=True, slots=True)
class LaserCooler:
    """A sample with an Urbach tail and a background absorption, on supports of little heat conduction.

    Linear response: neither the absorption nor the efficiencies follow the sample's temperature.

    :param emission: λ_f, mean wavelength of the emission in nm
    :param external: η_ext
    :param gap: E_g in eV, above which the absorption rises no more
    :param urbach: E_U in meV
    :param reference: wavelength in nm at which *absorbance* holds
    :param absorbance: α·L at *reference*
    :param background: α_b·L, equal at all wavelengths
    :param conductance: K_th in W/K
    :param time_constant: C_th/K_th in s
    :param ambient: temperature of the surroundings in K
    """

    emission: float
    external: float
    gap: float
    urbach: float
    reference: float
    absorbance: float
    background: float
    conductance: float
    time_constant: float = 1.0
    ambient: float = 290.0

    def __post_init__(self) -> None:
        checked("emission wavelength", self.emission, "nm", above=True)
        checked("external efficiency", self.external, high=1.0, above=True)
        checked("gap", self.gap, "eV", above=True)
        checked("Urbach energy", self.urbach, "meV", above=True)
        checked("reference wavelength", self.reference, "nm", above=True)
        tail = urbach_absorption(EV_NM / self.reference, self.gap, self.urbach)
        checked("tail absorption at the reference wavelength, relative to the gap's", tail, above=True)
        checked("absorbance", self.absorbance, above=True)
        checked("background absorbance", self.background)
        checked("thermal conductance", self.conductance, "W/K", above=True)
        checked("time constant", self.time_constant, "s", above=True)
        checked("ambient temperature", self.ambient, "K", above=True)

    def efficiency(self, wavelength: npt.ArrayLike) -> Array:
        """η_c at a *wavelength* in nm."""
        resonant = self._resonant(wavelength)
        share = resonant / (resonant + self.background) if self.background else 1.0
        return cooling_efficiency(wavelength, self.emission, self.external, share)

    def absorbed(self, power: npt.ArrayLike, wavelength: npt.ArrayLike) -> Array:
        """P_abs = P·(1 - exp(-(α + α_b)·L)) in mW of an incident *power* in mW."""
        incident = checked("power", power, "mW")
        return incident * -np.expm1(-(self._resonant(wavelength) + self.background))

    def emitted(self, power: npt.ArrayLike, wavelength: npt.ArrayLike) -> Array:
        """Emitted power in mW: the absorbed power and the heat taken from the lattice, (1 + η_c)·P_abs."""
        return (1 + self.efficiency(wavelength)) * self.absorbed(power, wavelength)

    def change(self, power: npt.ArrayLike, wavelength: npt.ArrayLike) -> Array:
        """Steady change of temperature ΔT = -η_c·P_abs/K_th in K, below 0 for cooling.

        :param power: incident, in mW
        :param wavelength: in nm
        :raises ValueError: the linear model would cool to 0 K or below
        """
        kelvin = -self.efficiency(wavelength) * 1e-3 * self.absorbed(power, wavelength) / self.conductance
        checked("temperature of the cooled sample (linear model)", self.ambient + kelvin, "K", above=True)
        return kelvin

    def course(
        self, time: npt.ArrayLike, power: npt.ArrayLike, wavelength: npt.ArrayLike, start: npt.ArrayLike = 0.0
    ) -> Array:
        """Change of temperature in K at a *time* in s after the light came on.

        Exponential, from *start* to the steady change.

        :param power, wavelength: as for :meth:`change`; power 0 is the way back
        :param start: change of temperature in K at time 0
        """
        steady = self.change(power, wavelength)
        begin = checked("start", start, "K", low=-self.ambient)
        return steady + (begin - steady) * np.exp(-checked("time", time, "s") / self.time_constant)

    def best_wavelength(self) -> float:
        """Wavelength in nm of the highest η_c; inf without background.

        η_c is highest where E·(1 + ρ·exp((E_g - E)/E_U)) is lowest, ρ = α_b/α(E_g): with
        y = E/E_U - 1 that is y - ln y = E_g/E_U - 1 + ln ρ, the larger root; at most at the gap.
        """
        ratio = self.background / float(self._resonant(EV_NM / self.gap))
        if ratio == 0:
            return math.inf
        level = 1000 * self.gap / self.urbach - 1 + math.log(ratio)
        if level <= 1:
            return math.inf
        y = brentq(lambda y: y - math.log(y) - level, 1.0, 2 * level + 2)
        return EV_NM / min(1e-3 * self.urbach * (1 + y), self.gap)

    def zero_crossings(self) -> tuple[float, float] | None:
        """Wavelengths in nm between which it cools, None if nowhere; the second is inf without background."""
        best = self.best_wavelength()
        if math.isinf(best):
            return self.emission / self.external, math.inf
        if self.efficiency(best) <= 0:
            return None
        shortest = brentq(self.efficiency, self.emission, best)
        far = EV_NM / (2e-3 * self.urbach)  # beyond 2·E_U the tail is no tail
        return shortest, brentq(self.efficiency, best, far) if self.efficiency(far) < 0 else math.inf

    def _resonant(self, wavelength: npt.ArrayLike) -> Array:
        """α·L at a *wavelength* in nm."""
        energy = EV_NM / checked("laser wavelength", wavelength, "nm", above=True)
        here, there = (urbach_absorption(x, self.gap, self.urbach) for x in (energy, EV_NM / self.reference))
        return self.absorbance * here / there


def _extracting(recombination: Recombination, extraction: float) -> Recombination:
    """The same with only the pairs whose light leaves, η_e·B."""
    checked("extraction efficiency", extraction, high=1.0, above=True)
    return replace(recombination, pair=extraction * recombination.pair)
