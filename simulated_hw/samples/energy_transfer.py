"""Energy transfer between lanthanide ions: a sample file's tables as rate equations and lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.periodic import periodic
from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, Transfer
from antistokes.simulated_hw.physics.quenching import quencher, surface_quenching
from antistokes.simulated_hw.physics.rate_equations import RateEquations
from antistokes.simulated_hw.physics.thermal import boltzmann_ratio, multiphonon_factor

from .absorption_line import line_shape
from .energy_transfer_checks import EnergyTransferChecks
from .energy_transfer_process import branches, ground_level, parse_process, transfer_label
from .energy_transfer_tables import AbsorptionTable, EnergyTransferTable, NonradiativeTable
from .mechanism import Array, Diagram, Line, Response, Transition
from .units import read_table

_KEPT = 16  # rate equations, which remember their steady states


class EnergyTransfer:
    """Mean-field energy transfer (:mod:`~antistokes.simulated_hw.physics.rate_equations`)."""

    def __init__(self, table: EnergyTransferTable) -> None:
        """*table* must have passed :class:`~.energy_transfer_checks.EnergyTransferChecks`."""
        self._table = table
        self._energies = {ion.name: ion.levels for ion in table.ions}
        self._ions = [
            Ion(
                ion.fraction * ion.active,
                tuple(f"{ion.name}:{level}" for level in sorted(ion.levels, key=ion.levels.__getitem__)),
            )
            for ion in table.ions
        ]
        self._radiative = [
            Decay(f"{entry.ion}:{entry.start}", f"{entry.ion}:{end}", rate, radiative=True)
            for entry in table.radiative
            for end, rate in branches(entry, ground_level(self._energies[entry.ion])).items()
        ]
        self._transfers = [
            Transfer(*process, entry.rate * table.site_density)
            for entry in table.transfers
            if (process := parse_process(entry.process))
        ]
        self._transfers += [
            Transfer(*process, entry.rate * table.site_density**2)
            for entry in table.cooperative
            if (process := parse_process(entry.process))
        ]
        self.levels = tuple(level for ion in self._ions for level in ion.levels)
        self._wavenumbers = {
            f"{ion.name}:{level}": energy for ion in table.ions for level, energy in ion.levels.items()
        }
        self._solved: dict[tuple[float, float], RateEquations] = {}
        self.lines = tuple(
            Line(line.name, line.wavelength, line.fwhm)
            for entry in table.emission
            for line in (entry, entry.hot)
            if line is not None
        )

    @classmethod
    def read(cls, model: dict[str, Any], file: object) -> EnergyTransfer:
        """From the ``[model]`` table of *file*; :class:`FileRefused` where it cannot be used."""
        table = read_table(model, EnergyTransferTable, file, "model")
        EnergyTransferChecks(table, file).run()
        return cls(table)

    def equations(self, temperature: float, wavelength: float) -> RateEquations:
        """The rate equations at a temperature in K under excitation at a wavelength in nm."""
        key = temperature, wavelength
        if key not in self._solved:
            if len(self._solved) >= _KEPT:
                self._solved.clear()
            self._solved[key] = self._equations(temperature, wavelength)
        return self._solved[key]

    def _equations(self, temperature: float, wavelength: float) -> RateEquations:
        relaxations = self._relaxations(temperature)
        pumps = [
            Pump(
                f"{entry.ion}:{entry.start}",
                f"{entry.ion}:{entry.end}",
                wavelength,
                entry.cross_section * _line_shape(entry, wavelength),
                entry.emission_cross_section * _line_shape(entry, wavelength),
            )
            for entry in self._table.absorption
        ]
        return RateEquations(self._ions, self._radiative + relaxations, self._transfers, pumps)

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        """Transitions within the 4f shell stay where they are."""
        return self.lines

    def respond(self, irradiance: Array, conditions: Conditions) -> Response:
        temperature, wavelength = conditions.temperature, conditions.wavelength
        equations = self.equations(temperature, wavelength)
        populations = equations.steady_state(irradiance)
        sites = self._table.site_density
        absorbed = sites * equations.absorbed(populations, irradiance)
        return Response(
            sites * populations @ self._photon_rates(temperature),
            absorbed,
            populations,
            sites * equations.power_balance(populations, irradiance, self._wavenumbers).heat,
        )

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        temperature = conditions.temperature
        equations = self.equations(temperature, conditions.wavelength)
        populations = periodic(equations, high, low, width, times)
        return self._table.site_density * np.maximum(populations, 0) @ self._photon_rates(temperature)

    def diagram(self, conditions: Conditions) -> Diagram:
        """Everything the file says, with the rates at this temperature; pumps that reach this wavelength."""
        pumps = [
            Transition(f"{entry.ion}:{entry.start}", f"{entry.ion}:{entry.end}", "excitation")
            for entry in self._table.absorption
            if _line_shape(entry, conditions.wavelength) > 0
        ]
        light = [Transition(d.start, d.end, "emission", d.rate) for d in self._radiative if d.rate > 0]
        phonons = [
            Transition(d.start, d.end, "nonradiative", d.rate)
            for d in self._relaxations(conditions.temperature)
            if d.rate > 0
        ]
        transfers = [
            Transition(start, end, "transfer", label=transfer_label(transfer.start, transfer.end))
            for transfer in self._transfers
            if transfer.rate > 0
            for start, end in zip(transfer.start, transfer.end, strict=True)
            if start != end
        ]
        return Diagram(self._wavenumbers, (*pumps, *light, *phonons, *transfers))

    def _photon_rates(self, temperature: float) -> Array:
        """Photons per second and ion, (levels, lines)."""
        rates = {(decay.start, decay.end): decay.rate for decay in self._radiative}
        columns = []
        for entry in self._table.emission:
            start, end = f"{entry.ion}:{entry.start}", f"{entry.ion}:{entry.end}"
            column = np.zeros(len(self.levels))
            column[self.levels.index(start)] = entry.fraction * rates[start, end]
            if entry.hot is None:
                columns.append(column)
            else:
                ratio = boltzmann_ratio(entry.hot.prefactor, entry.hot.gap, temperature)
                columns += [column / (1 + ratio), column * ratio / (1 + ratio)]
        return np.reshape(columns, (len(columns), len(self.levels))).T

    def _relaxations(self, temperature: float) -> list[Decay]:
        """Nonradiative decays of single ions at a temperature in K, those at the surface included."""
        inside = [
            Decay(
                f"{entry.ion}:{entry.start}",
                f"{entry.ion}:{entry.end}",
                entry.rate * self._phonon_factor(entry, temperature),
            )
            for entry in self._table.nonradiative
        ]
        table = self._table.quenching
        if table is None:
            return inside
        rate = float(surface_quenching(table.shell, table.rate, table.reach))
        return inside + quencher(self._ions, table.levels, rate)

    def _phonon_factor(self, entry: NonradiativeTable, temperature: float) -> float:
        if not entry.temperature_scaling:
            return 1.0
        gap = self._energies[entry.ion][entry.start] - self._energies[entry.ion][entry.end]
        phonon, reference = self._table.phonon_energy, self._table.reference_temperature
        return multiphonon_factor(gap, phonon, temperature, reference)


def _line_shape(entry: AbsorptionTable, wavelength: float) -> float:
    """Cross-section over the one stated."""
    here, stated = (line_shape(x, entry.peak, entry.fwhm) for x in (wavelength, entry.wavelength))
    return here / stated
