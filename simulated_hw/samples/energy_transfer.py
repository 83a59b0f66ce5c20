"""Energy transfer between lanthanide ions: a sample file's tables as rate equations and lines."""

from __future__ import annotations

from typing import Any

import numpy as np

from antistokes.instruments.records import convert
from antistokes.simulated_hw.physics.periodic import periodic
from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, Transfer
from antistokes.simulated_hw.physics.rate_equations import RateEquations
from antistokes.simulated_hw.physics.thermal import boltzmann_ratio, multiphonon_factor

from .checks import EnergyTransferChecks, branches, ground_level, parse_process
from .mechanism import Array, Line, Response
from .schema import AbsorptionTable, EnergyTransferTable, NonradiativeTable

_WINGS = 4.0  # FWHM from its peak beyond which an absorption line is cut off


class EnergyTransfer:
    """Mean-field energy transfer (:mod:`~antistokes.simulated_hw.physics.rate_equations`)."""

    def __init__(self, table: EnergyTransferTable) -> None:
        """*table* must have passed :class:`~antistokes.simulated_hw.samples.checks.EnergyTransferChecks`."""
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
            Decay(f"{entry.ion}:{entry.start}", f"{entry.ion}:{end}", rate)
            for entry in table.radiative
            for end, rate in branches(entry, ground_level(self._energies[entry.ion])).items()
        ]
        self._transfers = [
            Transfer(*process, entry.rate * table.site_density)
            for entry in table.transfers
            if (process := parse_process(entry.process))
        ]
        self.levels = tuple(level for ion in self._ions for level in ion.levels)
        self.lines = tuple(
            Line(line.name, line.wavelength, line.fwhm)
            for entry in table.emission
            for line in (entry, entry.hot)
            if line is not None
        )

    @classmethod
    def read(cls, model: dict[str, Any], file: object) -> EnergyTransfer:
        """From the ``[model]`` table of *file*; :class:`FileRefused` where it cannot be used."""
        table = convert(model, EnergyTransferTable, file, "model")
        EnergyTransferChecks(table, file).run()
        return cls(table)

    def equations(self, temperature: float, wavelength: float) -> RateEquations:
        """The rate equations at a temperature in K under excitation at a wavelength in nm."""
        relaxations = [
            Decay(
                f"{entry.ion}:{entry.start}",
                f"{entry.ion}:{entry.end}",
                entry.rate * self._phonon_factor(entry, temperature),
            )
            for entry in self._table.nonradiative
        ]
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

    def respond(self, irradiance: Array, temperature: float, wavelength: float) -> Response:
        equations = self.equations(temperature, wavelength)
        populations = equations.steady_state(irradiance)
        sites = self._table.site_density
        return Response(
            sites * populations @ self._photon_rates(temperature),
            sites * equations.absorbed(populations, irradiance),
            populations,
        )

    def pulsed(
        self, high: Array, low: Array, width: float, times: Array, temperature: float, wavelength: float
    ) -> Array:
        populations = periodic(self.equations(temperature, wavelength), high, low, width, times)
        return self._table.site_density * np.maximum(populations, 0) @ self._photon_rates(temperature)

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

    def _phonon_factor(self, entry: NonradiativeTable, temperature: float) -> float:
        if not entry.temperature_scaling:
            return 1.0
        gap = self._energies[entry.ion][entry.start] - self._energies[entry.ion][entry.end]
        phonon, reference = self._table.phonon_energy, self._table.reference_temperature
        return multiphonon_factor(gap, phonon, temperature, reference)


def _line_shape(entry: AbsorptionTable, wavelength: float) -> float:
    """Cross-section over the one stated: a Gaussian in wavelength, zero in the far wings."""
    away, stated = ((x - entry.peak) / entry.fwhm for x in (wavelength, entry.wavelength))
    return float(np.exp(4 * np.log(2) * (stated**2 - away**2))) if abs(away) < _WINGS else 0.0
