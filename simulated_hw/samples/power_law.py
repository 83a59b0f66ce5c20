"""Emission as a power of the irradiance: nothing but measured exponents and brightness."""

from __future__ import annotations

from typing import Any

import numpy as np

from antistokes.instruments.records import convert
from antistokes.simulated_hw.physics.processes import photons

from .mechanism import Array, Line, Response
from .schema import PowerLawTable, check_unique


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
        table = convert(model, PowerLawTable, file, "model")
        check_unique([line.name for line in table.lines], file, "model.lines", "lines")
        return cls(table)

    def respond(self, irradiance: Array, temperature: float, wavelength: float) -> Response:
        relative = irradiance[:, None] / self._table.reference_irradiance
        absorbed = self._table.absorption_coefficient * photons(irradiance, wavelength)
        return Response(self._rates * relative**self._exponents, absorbed, np.empty((len(irradiance), 0)))

    def pulsed(
        self, high: Array, low: Array, width: float, times: Array, temperature: float, wavelength: float
    ) -> Array:
        """It has no memory: the emission follows the pump."""
        lit, dark = (self.respond(level, temperature, wavelength).emission for level in (high, low))
        return np.where((times <= width)[:, None], lit[:, None, :], dark[:, None, :])
