"""Multiphoton absorption: several photons of a short pulse excite an emitter together, and it emits one.

Absorptions of all orders that the photons' energy allows add up. An emitter sends one photon at most in the
longer of its lifetime and the time between two pulses; further excitations become heat (Auger). No
temperature enters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.constants import c, e
from scipy.special import exprel

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.constants import (
    EV_NM,
    FWHM_PER_SIGMA,
    WAVENUMBERS_PER_EV,
    photon_energy,
)
from antistokes.simulated_hw.physics.depth_profile import one_photon_share
from antistokes.simulated_hw.physics.multiphoton import (
    RECTANGULAR,
    PulseShape,
    cross_section_from_excitations,
    rate_from_mean_flux,
)
from antistokes.simulated_hw.physics.nanocrystal_size import SizeDistribution, emission_energy, size_law
from antistokes.simulated_hw.physics.processes import photons

from .first_order import periodic_emission
from .mechanism import Array, Diagram, Line, Response, Transition
from .multiphoton_tables import REFERENCE_EXCITATIONS, MultiphotonTable, OrderTable, check
from .units import read_table


@dataclass(frozen=True, slots=True)
class _Order:
    """An order of absorption and the light that follows it.

    :ivar onset: of the photons' energies together, eV
    :ivar cross_section: cm²ⁿ s⁽ⁿ⁻¹⁾
    :ivar weights: photons per excitation that come with each lifetime, (m,)
    :ivar energy: mean energy of these photons, eV
    :ivar width: full width at half maximum of their line, eV
    """

    order: int
    photons: int
    onset: float
    cross_section: float
    weights: Array
    energy: float
    width: float


class Multiphoton:
    """One kind of emitter with one line (:mod:`~antistokes.simulated_hw.physics.multiphoton`)."""

    levels: tuple[str, ...] = ("emitter:ground", "emitter:excited")

    def __init__(self, table: MultiphotonTable) -> None:
        """*table* must have passed :func:`~antistokes.simulated_hw.samples.multiphoton_tables.check`."""
        self._density = table.density
        self._name = table.emission.name
        sizes = table.sizes
        #: of a crystal of mean size in the bulk, s
        self._lifetime = table.emission.lifetime
        if sizes is not None:
            self._lifetime *= float(size_law(sizes.mean, sizes.reference, sizes.lifetime_exponent))
        self._lifetimes = _lifetimes(table, self._lifetime)
        self._orders = [_order(entry, table) for entry in table.orders]
        self.lines = (self._line(self._orders[0].energy, self._orders[0].width),)

    @classmethod
    def read(cls, model: dict[str, Any], file: object) -> Multiphoton:
        """From the ``[model]`` table of *file*; :class:`FileRefused` where it cannot be used."""
        table = read_table(model, MultiphotonTable, file, "model")
        check(table, file)
        return cls(table)

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        """Of nanocrystals: several photons choose the larger ones, and their line is redder."""
        rates = self._rates(np.array([irradiance]), conditions)[0]
        if not rates.sum() > 0:
            return self.lines
        share = rates / rates.sum()
        energy = share @ [order.energy for order in self._orders]
        width = np.sqrt(share @ [order.width**2 for order in self._orders])
        return (self._line(float(energy), float(width)),)

    def respond(self, irradiance: Array, conditions: Conditions) -> Response:
        window, pulses = self._lifetime, conditions.pulses
        if pulses is not None:
            window = max(window, 1 / pulses.repetition)
        rates = self._rates(irradiance, conditions)
        excited = self._excited(rates, window)
        by_order = excited * [order.weights.sum() for order in self._orders]
        taken = self._density * rates @ [float(order.photons) for order in self._orders]
        sent = by_order @ [order.energy for order in self._orders]
        share = np.minimum(excited.sum(axis=1) * self._lifetime / self._density, 1.0)
        return Response(
            by_order.sum(axis=1)[:, None],
            taken,
            np.stack([1 - share, share], axis=1),
            e * (taken * EV_NM / conditions.wavelength - sent),
        )

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        courses = np.zeros((len(high), len(times)))
        lit, dark = (
            self._excited(self._rates(level, conditions), self._window(duration, conditions))
            for level, duration in ((high, width), (low, times[-1] - width))
        )
        for i, order in enumerate(self._orders):
            courses += periodic_emission(lit[:, i], dark[:, i], width, times, self._lifetimes, order.weights)
        return courses[..., None]

    def diagram(self, conditions: Conditions) -> Diagram:
        """Virtual levels of the fewest photons that reach the gap, and how the excitation decays."""
        photon = EV_NM / conditions.wavelength
        possible = [order for order in self._orders if self._possible(order, conditions)]
        order = min(possible or self._orders, key=lambda one: one.photons)
        ground, excited = self.levels
        levels = {ground: 0.0, excited: order.energy * WAVENUMBERS_PER_EV}
        arrows, below = [], ground
        for k in range(1, (order.photons if possible else 1) + 1):
            name = f"emitter:{k} photon{'s' if k > 1 else ''}"
            levels[name] = k * photon * WAVENUMBERS_PER_EV
            arrows.append(Transition(below, name, "excitation"))
            below = name
        if possible:
            arrows.append(Transition(below, excited, "nonradiative", label="relaxation"))
        rate, light = 1 / self._lifetime, float(order.weights.sum())
        arrows.append(Transition(excited, ground, "emission", rate * light))
        arrows.append(Transition(excited, ground, "nonradiative", rate * (1 - light)))
        return Diagram(levels, tuple(arrows))

    def _line(self, energy: float, width: float) -> Line:
        wavelength = EV_NM / energy
        return Line(self._name, wavelength, width * wavelength / energy)

    def _possible(self, order: _Order, conditions: Conditions) -> bool:
        return order.photons * EV_NM / conditions.wavelength >= order.onset

    def _rates(self, irradiance: Array, conditions: Conditions) -> Array:
        """Excitations per emitter and second by each order, (n, orders): at most one per cycle of light."""
        pulses = conditions.pulses
        duty = 1.0 if pulses is None else min(pulses.width * pulses.repetition, 1.0)
        shape = RECTANGULAR if pulses is None else PulseShape(pulses.shape)
        flux = photons(irradiance, conditions.wavelength)
        most = duty * c / (conditions.wavelength * 1e-9)
        rates = np.zeros((len(irradiance), len(self._orders)))
        for i, order in enumerate(self._orders):
            if self._possible(order, conditions):
                rate = rate_from_mean_flux(order.cross_section, order.order, flux, duty, shape)
                rates[:, i] = np.minimum(rate, most)
        return rates

    def _excited(self, rates: Array, window: float) -> Array:
        """Excitations s⁻¹ cm⁻³ that may emit: 1 - exp(-N) per emitter of the N within *window* s."""
        number = rates.sum(axis=1, keepdims=True) * window
        return self._density * rates * exprel(-number)

    def _window(self, duration: float, conditions: Conditions) -> float:
        """How long an emitter sends one photon at most while light of this *duration* shines, s."""
        if conditions.pulses is None:
            return min(self._lifetime, duration)
        return max(self._lifetime, 1 / conditions.pulses.repetition)


def _lifetimes(table: MultiphotonTable, mean: float) -> Array:
    """Of every size in the bulk, then at the surface, s, (m,)."""
    lifetimes = np.array([mean])
    if (sizes := table.sizes) is not None:
        distribution = SizeDistribution(sizes.mean, sizes.relative_width)
        lifetimes = mean * size_law(distribution.diameters, sizes.mean, sizes.lifetime_exponent)
    if table.surface is not None:
        shorter = table.surface.lifetime / table.emission.lifetime
        lifetimes = np.concatenate([lifetimes, shorter * lifetimes])
    return lifetimes


def _order(entry: OrderTable, table: MultiphotonTable) -> _Order:
    """An order of absorption in the crystals of *table*; the weights as :func:`_lifetimes`."""
    number = entry.photons or entry.order
    onset, energy = 1e-3 * (entry.onset or table.gap), EV_NM / table.emission.wavelength
    variance = (energy * table.emission.fwhm / table.emission.wavelength) ** 2
    cross_section, weights = _cross_section(entry, table), np.ones(1)
    if (sizes := table.sizes) is not None and entry.size_exponent is not None:
        distribution = SizeDistribution(sizes.mean, sizes.relative_width)
        weights = distribution.excited(entry.size_exponent)
        reference, energies = (emission_energy(d) for d in (sizes.reference, distribution.diameters))
        centroid = distribution.centroid(entry.size_exponent)
        onset += float(emission_energy(sizes.mean) - reference)
        energy += centroid - float(reference)
        variance += FWHM_PER_SIGMA**2 * float(weights @ (energies - centroid) ** 2)
        cross_section *= float(size_law(sizes.mean, sizes.reference, entry.size_exponent))
    if (surface := table.surface) is not None:
        near = surface.layer / surface.thickness
        if number == 1:
            near = float(one_photon_share(surface.layer, surface.thickness, surface.absorption))
        # the same radiative rate at the surface: the yield goes with the lifetime
        shorter = surface.lifetime / table.emission.lifetime
        weights = np.concatenate([(1 - near) * weights, near * shorter * weights])
    weights = table.emission.efficiency * weights
    onset = max(onset, energy)  # where unequal sizes lift the mean above the gap of the mean size
    return _Order(entry.order, number, onset, cross_section, weights, energy, float(np.sqrt(variance)))


def _cross_section(entry: OrderTable, table: MultiphotonTable) -> float:
    """In cm²ⁿ s⁽ⁿ⁻¹⁾."""
    if entry.cross_section is not None:
        return entry.cross_section
    if entry.coefficient is not None and entry.wavelength is not None:
        # dI/dz = -β·I², two photons for each of density·σ·φ²/2 excitations
        return 1e-9 * entry.coefficient * float(photon_energy(entry.wavelength)) / table.density
    assert entry.pulse is not None  # by check
    pulse, shape = entry.pulse, PulseShape(entry.pulse.shape)
    peak = 1e-3 * pulse.fluence / (float(shape.moment(1)) * pulse.width)
    flux = photons(peak, pulse.wavelength)
    return float(cross_section_from_excitations(REFERENCE_EXCITATIONS, entry.order, flux, pulse.width, shape))
