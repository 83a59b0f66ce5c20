"""What surrounds an emitter and changes its light: a silver shell, a cavity, a microsphere, a rod antenna."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.constants import c, h

from antistokes.instruments.records import NonNegative, Positive, Record, convert
from antistokes.simulated_hw.conditions import Conditions

from .mechanism import Array, Diagram, Line, Mechanism, Response
from .schema import Source
from .units import in_units


class PolarisedTable(Record, kw_only=True, frozen=True):
    """``[model.enhancement.polarised]``: *maximum* along *axis* (degrees), *minimum* across it."""

    minimum: NonNegative
    maximum: Positive
    axis: float = 0.0


class EnhancementTable(Record, kw_only=True, frozen=True):
    """``[model.enhancement]``: *field* multiplies the irradiance at the emitter, *emission* its photons."""

    field: Positive = 1.0
    emission: Positive = 1.0
    polarised: PolarisedTable | None = None
    source: Source
    doubtful: bool = False


class Enhanced:
    """A mechanism in a near field: emission·factor(angle)·E(field·I).

    With polarised light at an angle θ to the axis the factor is min + (max − min)·cos²θ.
    """

    def __init__(self, inner: Mechanism, table: EnhancementTable) -> None:
        self._inner, self._table = inner, table
        self.lines, self.levels = inner.lines, inner.levels

    @classmethod
    def read(cls, inner: Mechanism, table: Any, file: object) -> Enhanced:
        """Around *inner*, from the table ``[model.enhancement]`` of *file*."""
        key = "model.enhancement"
        return cls(inner, convert(in_units(table, EnhancementTable, file, key), EnhancementTable, file, key))

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        return self._inner.lines_at(irradiance * self._table.field, conditions)

    def respond(self, irradiance: Array, conditions: Conditions) -> Response:
        response = self._inner.respond(irradiance * self._table.field, conditions)
        factor = self._factor(conditions)
        # what leaves as light in addition does not heat, what no longer leaves does
        photon = h * c / (1e-9 * np.array([line.wavelength for line in self.lines]))
        heat = response.heat - (factor - 1) * response.emission @ photon
        return replace(response, emission=response.emission * factor, heat=heat)

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        field = self._table.field
        emission = self._inner.pulsed(high * field, low * field, width, times, conditions)
        return emission * self._factor(conditions)

    def diagram(self, conditions: Conditions) -> Diagram:
        return self._inner.diagram(conditions)

    def _factor(self, conditions: Conditions) -> float:
        polarised = self._table.polarised
        if polarised is None:
            return self._table.emission
        along = np.cos(np.radians(conditions.polarisation - polarised.axis)) ** 2
        turned = polarised.minimum + (polarised.maximum - polarised.minimum) * along
        return float(self._table.emission * turned)
