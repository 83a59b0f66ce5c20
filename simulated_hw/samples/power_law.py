"""Emission as a power of the irradiance: nothing but measured exponents and brightness."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from antistokes.instruments.records import Record
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.processes import photons

from .mechanism import Array, Diagram, Line, Response, Transition
from .schema import Absorption, Irradiance, Source, Wavelength, Width, check_unique
from .units import read_table


class PowerLawLineTable(Record, kw_only=True, frozen=True):
    """``[[model.lines]]``: *photon_rate* photons s⁻¹ cm⁻³ at the reference irradiance."""

    name: str
    wavelength: Wavelength
    fwhm: Width
    exponent: Annotated[float, Meta(gt=0, le=20)]
    photon_rate: Annotated[float, Meta(ge=0, le=1e40)]
    source: Source
    doubtful: bool = False


class PowerLawTable(Record, kw_only=True, frozen=True):
    """``[model]`` with ``mechanism = "power-law"``; *absorption_coefficient* in cm⁻¹."""

    reference_irradiance: Irradiance
    absorption_coefficient: Absorption = 0.0
    source: Source
    doubtful: bool = False
    lines: Annotated[tuple[PowerLawLineTable, ...], Meta(min_length=1)]


class PowerLaw:
    """rate = photon_rate·(I/I_ref)^exponent for each line, at any temperature."""

    levels: tuple[str, ...] = ()

    def __init__(self, table: PowerLawTable) -> None:
        self.lines = tuple(Line(line.name, line.wavelength, line.fwhm) for line in table.lines)
        self._table = table
        self._exponents = np.array([line.exponent for line in table.lines])
        self._rates = np.array([line.photon_rate for line in table.lines])

    @classmethod
    def read(cls, model: dict[str, Any], file: object) -> PowerLaw:
        """From the ``[model]`` table of *file*; :class:`FileRefused` where it cannot be used."""
        table = read_table(model, PowerLawTable, file, "model")
        check_unique([line.name for line in table.lines], file, "model.lines", "lines")
        return cls(table)

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        return self.lines

    def respond(self, irradiance: Array, conditions: Conditions) -> Response:
        relative = irradiance[:, None] / self._table.reference_irradiance
        emission = self._rates * relative**self._exponents
        absorbed = self._table.absorption_coefficient * photons(irradiance, conditions.wavelength)
        # how much of what is absorbed comes out again is not known: all of it heats
        heat = self._table.absorption_coefficient * irradiance
        return Response(emission, absorbed, np.empty((len(irradiance), 0)), heat)

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        """It has no memory: the emission follows the pump."""
        lit, dark = (self.respond(level, conditions).emission for level in (high, low))
        return np.where((times <= width)[:, None], lit[:, None, :], dark[:, None, :])

    def diagram(self, conditions: Conditions) -> Diagram:
        """The pump's photon and the lines': there is nothing more."""
        levels = {"photon": 1e7 / conditions.wavelength, "ground": 0.0}
        levels |= {line.name: 1e7 / line.wavelength for line in self.lines}
        emission = (Transition(line.name, "ground", "emission") for line in self.lines)
        return Diagram(levels, (Transition("ground", "photon", "excitation"), *emission))
