"""What surrounds an emitter and changes its light: a silver shell, a cavity, a microsphere, a rod antenna."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.records import Record
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.constants import photon_energy

from .mechanism import Array, Diagram, Line, Mechanism, Response
from .schema import Source
from .units import read_table

Factor = Annotated[float, Meta(ge=1e-12, le=1e12)]


class PolarisedTable(Record, kw_only=True, frozen=True):
    """``[model.enhancement.polarised]``: *maximum* along *axis* (degrees), *minimum* across it."""

    minimum: Annotated[float, Meta(ge=0, le=1e12)]
    maximum: Factor
    axis: float = 0.0


class EnhancementTable(Record, kw_only=True, frozen=True):
    """``[model.enhancement]``: *field* multiplies the irradiance at the emitter, *emission* its photons."""

    field: Factor = 1.0
    emission: Factor = 1.0
    polarised: PolarisedTable | None = None
    source: Source
    doubtful: bool = False


class Enhanced:
    """A mechanism in a near field: emission·factor(angle)·E(field·I).

    With polarised light at an angle θ to the axis the factor is min + (max − min)·cos²θ. What leaves as light
    in addition is taken from the heat: more than that there is not. What no longer leaves heats.
    """

    def __init__(self, inner: Mechanism, table: EnhancementTable) -> None:
        self._inner, self._table = inner, table
        self.lines, self.levels = inner.lines, inner.levels

    @classmethod
    def read(cls, inner: Mechanism, table: Any, file: object) -> Enhanced:
        """Around *inner*, from the table ``[model.enhancement]`` of *file*."""
        key = "model.enhancement"
        read = read_table(table, EnhancementTable, file, key)
        if (turned := read.polarised) is not None and turned.minimum > turned.maximum:
            what = f"is {turned.minimum:g}; must be at most the maximum, {turned.maximum:g}"
            raise FileRefused(file, f"{key}.polarised.minimum", what)
        return cls(inner, read)

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        return self._inner.lines_at(irradiance * self._table.field, conditions)

    def respond(self, irradiance: Array, conditions: Conditions) -> Response:
        response = self._inner.respond(irradiance * self._table.field, conditions)
        photon = photon_energy(np.array([line.wavelength for line in self.lines]))
        sent = response.emission @ photon
        more = np.minimum((self._factor(conditions) - 1) * sent, np.maximum(response.heat, 0.0))
        gain = 1 + more / np.where(sent > 0, sent, 1.0)
        return replace(response, emission=response.emission * gain[:, None], heat=response.heat - more)

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        field = self._table.field
        emission = self._inner.pulsed(high * field, low * field, width, times, conditions)
        bare = self._inner.respond(np.maximum(high, low) * field, conditions).emission
        lit = self.respond(np.maximum(high, low), conditions).emission
        gain = np.divide(lit, bare, out=np.zeros_like(lit), where=bare > 0)
        return emission * gain[:, None, :]

    def diagram(self, conditions: Conditions) -> Diagram:
        return self._inner.diagram(conditions)

    def _factor(self, conditions: Conditions) -> float:
        polarised = self._table.polarised
        if polarised is None:
            return self._table.emission
        along = np.cos(np.radians(conditions.polarisation - polarised.axis)) ** 2
        turned = polarised.minimum + (polarised.maximum - polarised.minimum) * along
        return float(self._table.emission * turned)
