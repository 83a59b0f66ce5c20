"""Excitation that wanders from an outer shell through a spacer into the core, where two make one photon.

A sensitizer (Nd) in the shell hands its energy to the migrating ions (Yb) of all layers, whose excitation
diffuses (:mod:`~antistokes.simulated_hw.physics.migration`) until emitters (Er) in the core take it. With N
the excitation in the core and n₀, m, g the emitters in their three levels, n of them altogether::

    dm/dt = N·(k₁·n₀ - k₂·m)/n - k_m·m          dg/dt = k₂·N·m/n - k_g·g

The cells of the sphere are levels of one kind of ion, so that these are rate equations as any others. All
cells share that ion's ground level: meant for excitation far from emptying it. Nothing depends on
temperature.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.constants import photon_energy
from antistokes.simulated_hw.physics.migration import Layer, ShellDiffusion
from antistokes.simulated_hw.physics.periodic import periodic
from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, Transfer
from antistokes.simulated_hw.physics.rate_equations import RateEquations

from .absorption_line import line_shape
from .energy_transfer_process import transfer_label
from .mechanism import Array, Diagram, Line, Response, Transition
from .shell_migration_tables import MigrationAbsorptionTable, ShellMigrationTable, check
from .units import read_table

_KEPT = 16  # rate equations, which remember their steady states


class ShellMigration:
    """Populations are fractions of the cation sites of the whole particle."""

    def __init__(self, table: ShellMigrationTable) -> None:
        """*table* must have passed :func:`~antistokes.simulated_hw.samples.shell_migration_tables.check`."""
        self._table = table
        self._solved: dict[float, RateEquations] = {}
        self.levels = tuple(table.energies)
        self.lines = tuple(Line(line.name, line.wavelength, line.fwhm) for line in table.emission)
        thicknesses = (table.layers.core, table.layers.spacer, table.layers.shell)
        diffusion, decay = table.migrating.diffusion, table.migrating.decay
        layers = [Layer(thickness, diffusion, decay) for thickness in thicknesses]
        self._sphere = ShellDiffusion(layers, step=table.layers.step)
        volumes = self._sphere.volumes
        #: of each cell, of the particle
        self._shares: Array = volumes / volumes.sum()
        self._cells = [f"{table.migrating.name}:{i}" for i in range(len(volumes))]
        self._core, self._shell = (np.flatnonzero(self._sphere.layer == i) for i in (0, 2))
        decays = self._decay_rates()
        #: photons per second and ion, (levels, lines)
        self._photon_rates = np.zeros((len(self.levels), len(self.lines)))
        for i, line in enumerate(table.emission):
            self._photon_rates[self.levels.index(line.level), i] = line.share * decays[line.level]

    @classmethod
    def read(cls, model: dict[str, Any], file: object) -> ShellMigration:
        """From the ``[model]`` table of *file*; :class:`FileRefused` where it cannot be used."""
        table = read_table(model, ShellMigrationTable, file, "model")
        check(table, file)
        return cls(table)

    def equations(self, wavelength: float) -> RateEquations:
        """The rate equations under excitation at a wavelength in nm."""
        if wavelength not in self._solved:
            if len(self._solved) >= _KEPT:
                self._solved.clear()
            self._solved[wavelength] = self._equations(wavelength)
        return self._solved[wavelength]

    def _equations(self, wavelength: float) -> RateEquations:
        a0, a1, b0, _, e0, e1, e2 = self.levels
        sensitizer, migrating, emitter = self._table.sensitizer, self._table.migrating, self._table.emitter
        cells, shares, core, shell = self._cells, self._shares, self._core, self._shell
        sensitizers = sensitizer.fraction * float(shares[shell].sum())
        emitters = emitter.fraction * float(shares[core].sum())
        ions = [
            Ion(sensitizers, (a0, a1)),
            Ion(migrating.fraction, (b0, *cells)),
            Ion(emitters, (e0, e1, e2)),
        ]
        _, hops = self._sphere.cells()
        rates = self._decay_rates()
        decays = [Decay(start, end, rates[start]) for start, end in ((a1, a0), (e1, e0), (e2, e0))]
        decays += [
            Decay(cell, b0, float(rate)) for cell, rate in zip(cells, self._sphere.losses, strict=True)
        ]
        decays += [Decay(cells[i], cells[j], float(hops[i, j])) for i, j in np.argwhere(hops > 0)]

        arriving = sensitizer.transfer / migrating.fraction * shares[shell] / shares[shell].sum()
        transfers = [
            Transfer((a1, b0), (a0, cells[i]), float(rate)) for i, rate in zip(shell, arriving, strict=True)
        ]
        for i in core:
            transfers.append(Transfer((cells[i], e0), (b0, e1), emitter.first / emitters))
            transfers.append(Transfer((cells[i], e1), (b0, e2), emitter.second / emitters))

        pumps = []
        for entry in self._table.absorption:
            cross_section = _cross_section(entry, wavelength)
            if entry.ion == sensitizer.name:
                pumps.append(Pump(a0, a1, wavelength, cross_section))
            else:
                pumps += [
                    Pump(b0, cell, wavelength, cross_section * float(share))
                    for cell, share in zip(cells, shares, strict=True)
                ]
        return RateEquations(ions, decays, transfers, pumps)

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        """Transitions within the 4f shell stay where they are."""
        return self.lines

    def respond(self, irradiance: Array, conditions: Conditions) -> Response:
        wavelength, sites = conditions.wavelength, self._table.site_density
        equations = self.equations(wavelength)
        populations = equations.steady_state(irradiance)
        absorbed = sites * equations.absorbed(populations, irradiance)
        together = self._together(populations)
        emission = sites * together @ self._photon_rates
        radiated = emission @ photon_energy([line.wavelength for line in self.lines])
        heat = absorbed * photon_energy(wavelength) - radiated
        return Response(emission, absorbed, together, heat)

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        populations = periodic(self.equations(conditions.wavelength), high, low, width, times)
        return self._table.site_density * self._together(np.maximum(populations, 0)) @ self._photon_rates

    def diagram(self, conditions: Conditions) -> Diagram:
        """Migration from cell to cell is an arrow from level to level of its own ion: not drawn."""
        a0, a1, b0, b1, e0, e1, e2 = self.levels
        sensitizer = self._table.sensitizer
        ends = {a1: a0, b1: b0, e1: e0, e2: e0}
        pumps = [
            Transition(*((a0, a1) if entry.ion == sensitizer.name else (b0, b1)), "excitation")
            for entry in self._table.absorption
            if _cross_section(entry, conditions.wavelength) > 0
        ]
        shares = dict.fromkeys(ends, 0.0)
        for line in self._table.emission:
            shares[line.level] += line.share
        rates = self._decay_rates()
        light = [
            Transition(level, ends[level], "emission", rates[level] * share)
            for level, share in shares.items()
            if share > 0
        ]
        dark = [
            Transition(level, ends[level], "nonradiative", rates[level] * (1 - share))
            for level, share in shares.items()
            if share < 1
        ]
        transfers = [
            Transition(start, end, "transfer", label=transfer_label(before, after))
            for before, after in (((a1, b0), (a0, b1)), ((b1, e0), (b0, e1)), ((b1, e1), (b0, e2)))
            for start, end in zip(before, after, strict=True)
        ]
        return Diagram(self._table.energies, (*pumps, *light, *dark, *transfers))

    def _decay_rates(self) -> dict[str, float]:
        """Of each excited level by itself, s⁻¹."""
        emitter = self._table.emitter
        excited = (self.levels[i] for i in (1, 3, 5, 6))
        rates = (
            self._table.sensitizer.decay,
            self._table.migrating.decay,
            emitter.intermediate_decay,
            emitter.upper_decay,
        )
        return dict(zip(excited, rates, strict=True))

    def _together(self, populations: Array) -> Array:
        """Populations (..., levels), all cells in one, of those of the rate equations."""
        last = 3 + len(self._cells)
        wandering = populations[..., 3:last].sum(axis=-1, keepdims=True)
        return np.concatenate([populations[..., :3], wandering, populations[..., last:]], axis=-1)


def _cross_section(entry: MigrationAbsorptionTable, wavelength: float) -> float:
    """In cm² at a wavelength in nm."""
    return entry.cross_section * line_shape(wavelength, entry.wavelength, entry.fwhm)
