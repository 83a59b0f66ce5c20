"""Phonon-assisted upconversion: absorption below the gap with the lattice's help, emission at the gap.

Above the gap the absorption is constant, below it falls as an Urbach tail or by numbers of phonons. With a
fixed laser the gap decides how much energy the lattice must add: the line moves, and the signal with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.constants import e

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.constants import EV_NM, GM, WAVENUMBERS_PER_EV
from antistokes.simulated_hw.physics.multiphoton import RECTANGULAR, PulseShape, rate_from_mean_flux
from antistokes.simulated_hw.physics.phonon_assisted import (
    phonon_absorption,
    trap_filling,
    urbach_absorption,
    urbach_energy,
)
from antistokes.simulated_hw.physics.processes import photons
from antistokes.simulated_hw.physics.semiconductor import Recombination, linewidth, thermal_quenching

from .first_order import periodic_emission
from .mechanism import Array, Diagram, Line, Response, Transition
from .phonon_assisted_tables import PhononAssistedTable, check
from .units import read_table


class PhononAssisted:
    """One kind of emitter with one line (:mod:`~antistokes.simulated_hw.physics.phonon_assisted`)."""

    levels: tuple[str, ...] = ("emitter:ground", "emitter:excited")

    def __init__(self, table: PhononAssistedTable) -> None:
        """*table* must have passed :func:`~antistokes.simulated_hw.samples.phonon_assisted_tables.check`."""
        self._table = table
        self.lines = (self._line(table.gap.temperature),)

    @classmethod
    def read(cls, model: dict[str, Any], file: object) -> PhononAssisted:
        """From the ``[model]`` table of *file*; :class:`FileRefused` where it cannot be used."""
        table = read_table(model, PhononAssistedTable, file, "model")
        check(table, file)
        return cls(table)

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        return (self._line(conditions.temperature),)

    def respond(self, irradiance: Array, conditions: Conditions) -> Response:
        absorption, temperature = self._table.absorption, conditions.temperature
        flux = photons(irradiance, conditions.wavelength)
        one, two = self._one_photon(irradiance, conditions), self._two_photons(flux, conditions)
        lifetime = self._lifetime(temperature)
        bunching = _bunching(lifetime, conditions)
        free = 1 / (1 + (one + two) * bunching * lifetime) if absorption.bleaching else 1.0
        excited = absorption.density * (one + two) * free
        absorbed = absorption.density * (one + 2 * two) * free + absorption.background * flux
        decaying = self._first_order(excited, lifetime, bunching)
        emission = decaying * self._efficiency(temperature)
        mean = decaying * lifetime / absorption.density  # excitations of an emitter
        share = mean if absorption.bleaching else -np.expm1(-mean)
        taken = absorbed * e * EV_NM / conditions.wavelength
        sent = emission * e * self._table.gap.at(temperature)
        return Response(emission[:, None], absorbed, np.stack([1 - share, share], axis=1), taken - sent)

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        """One lifetime; losses among many excitations and bleaching are those of the steady state."""
        lit, dark = (self.respond(level, conditions).emission[:, 0] for level in (high, low))
        lifetime = self._lifetime(conditions.temperature)
        return periodic_emission(lit, dark, width, times, lifetime, 1.0)[..., None]

    def diagram(self, conditions: Conditions) -> Diagram:
        """The photon's virtual level, what lifts from there to the exciton, and how the exciton decays."""
        table, temperature = self._table, conditions.temperature
        photon, gap = EV_NM / conditions.wavelength, table.gap.at(temperature)
        middle = "emitter:trap" if table.traps is not None and photon < gap else "emitter:photon"
        ground, excited = self.levels
        levels = {ground: 0.0, middle: photon * WAVENUMBERS_PER_EV, excited: gap * WAVENUMBERS_PER_EV}
        arrows = [Transition(ground, middle, "excitation")]
        if photon >= gap:
            arrows.append(Transition(middle, excited, "nonradiative", label="relaxation"))
        elif table.tail is not None or table.phonons is not None:
            label = f"{1000 * (gap - photon):.0f} meV of phonons"
            arrows.append(Transition(middle, excited, "transfer", label=label))
        if table.two_photon is not None and photon < gap <= 2 * photon:
            levels["emitter:two photons"] = 2 * photon * WAVENUMBERS_PER_EV
            arrows.append(Transition(middle, "emitter:two photons", "excitation"))
            arrows.append(Transition("emitter:two photons", excited, "nonradiative", label="relaxation"))
        if table.dark_exciton is not None:
            lower = 1e-3 * table.dark_exciton.splitting * WAVENUMBERS_PER_EV
            levels["emitter:dark"] = levels[excited] - lower
            arrows.append(Transition(excited, "emitter:dark", "nonradiative"))
        rate, light = 1 / self._lifetime(temperature), self._efficiency(temperature)
        arrows.append(Transition(excited, ground, "emission", rate * light))
        arrows.append(Transition(excited, ground, "nonradiative", rate * (1 - light)))
        return Diagram(levels, tuple(arrows))

    def _line(self, temperature: float) -> Line:
        line, energy = self._table.emission, self._table.gap.at(temperature)
        width = linewidth(temperature, line.width, line.acoustic, line.optical, line.phonon)
        wavelength = EV_NM / energy
        return Line(line.name, wavelength, float(1e-3 * width * wavelength / energy))

    def _one_photon(self, irradiance: Array, conditions: Conditions) -> Array:
        """Absorptions per emitter and second, (n,)."""
        table, temperature = self._table, conditions.temperature
        photon, gap = EV_NM / conditions.wavelength, table.gap.at(temperature)
        at_gap = table.absorption.cross_section * photons(irradiance, conditions.wavelength)
        if photon >= gap:
            return at_gap
        share = 0.0
        if (tail := table.tail) is not None:
            urbach = urbach_energy(temperature, tail.phonon, tail.steepness)
            share = float(urbach_absorption(photon, gap, urbach))
        if (phonons := table.phonons) is not None:
            relative = phonon_absorption(1000 * (gap - photon), phonons.phonon, temperature)
            share = max(share, min(phonons.strength * float(relative), 1.0))
        if (traps := table.traps) is None:
            return at_gap * share
        all_filled = table.absorption.cross_section * photons(traps.saturation, conditions.wavelength)
        by_traps = all_filled * share * trap_filling(irradiance, traps.saturation, traps.stretch)
        return np.minimum(by_traps, at_gap)

    def _two_photons(self, flux: Array, conditions: Conditions) -> Array:
        """Absorptions of two photons per emitter and second, (n,)."""
        table = self._table.two_photon
        if table is None or 2 * EV_NM / conditions.wavelength < self._table.gap.at(conditions.temperature):
            return np.zeros_like(flux)
        pulses = conditions.pulses
        duty = 1.0 if pulses is None else pulses.width * pulses.repetition
        shape = RECTANGULAR if pulses is None else PulseShape(pulses.shape)
        return rate_from_mean_flux(table.cross_section * GM, 2, flux, duty, shape)

    def _first_order(self, excited: Array, lifetime: float, bunching: float) -> Array:
        """Excitations s⁻¹ cm⁻³ that decay with the lifetime, (n,), not by meeting others."""
        if (auger := self._table.auger) is None:
            return excited
        losses = Recombination(1 / lifetime, auger.pair, auger.triple)
        return np.minimum(losses.density(excited * bunching) / (lifetime * bunching), excited)

    def _efficiency(self, temperature: float) -> float:
        """Photons that leave per excitation that decays with the lifetime."""
        dark = self._table.dark_exciton
        return self._table.emission.efficiency * self._unquenched(
            temperature, 0.0 if dark is None else dark.splitting
        )

    def _lifetime(self, temperature: float) -> float:
        """In s: quenching shortens it."""
        reference = self._unquenched(self._table.gap.temperature)
        return self._table.emission.lifetime * self._unquenched(temperature) / reference

    def _unquenched(self, temperature: float, splitting: float = 0.0) -> float:
        quenching = self._table.quenching
        strength, activation = (0.0, 0.0) if quenching is None else (quenching.strength, quenching.activation)
        return float(thermal_quenching(temperature, strength, activation, splitting))


def _bunching(lifetime: float, conditions: Conditions) -> float:
    """How many times more excitations than on average there are while there are any.

    After each pulse N₀·exp(-t/τ), with f pulses per second N₀ = N/(f·τ·(1 - exp(-1/(f·τ)))): 1 where the
    lifetime spans many pulses, 1/(f·τ) where it is short. Exact for few excitations, and for all bleached.
    """
    if conditions.pulses is None:
        return 1.0
    gaps = 1 / (conditions.pulses.repetition * lifetime)
    return float(gaps / -np.expm1(-gaps))
