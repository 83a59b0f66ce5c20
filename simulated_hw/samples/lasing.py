"""A resonator around an emitter: one of its lines lases above a threshold, and narrows."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from msgspec import Meta

from antistokes.instruments.errors import FileRefused, nearest
from antistokes.instruments.records import Fraction, Record
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.constants import photon_energy
from antistokes.simulated_hw.physics.lasing import (
    TUNING_RANGE,
    ModeTuning,
    linewidth,
    photon_number,
    pump_ratio,
)

from .mechanism import Array, Diagram, Line, Mechanism, Response
from .schema import Nanometres, Share, Source, Wavelength, Width
from .units import read_table

_JOULES = {"mJ/cm^2": 1e-3, "uJ/cm^2": 1e-6}


class LasingTable(Record, kw_only=True, frozen=True):
    """``[model.lasing]``: *line* of the emitter lases in one mode.

    *threshold* is an irradiance or, in mJ/cm^2 or uJ/cm^2, the fluence of one pulse of a mode-locked laser.
    The gain goes with its power *order*. *coupling*: share of the spontaneous photons that go into the mode.
    Widths in nm: *cold* far below threshold, *narrowest* far above. The mode is at *wavelength* (that of the
    line unless given), shifts by *per_kelvin* (nm/K, from 295 K) and *per_irradiance* (nm per W/cm2), at
    most by *tuning_limit*. *background*: share of the light outside the mode that is collected.
    """

    line: str
    threshold: Annotated[float, Meta(ge=1e-12, le=1e15)]
    unit: Literal["W/cm^2", "mJ/cm^2", "uJ/cm^2"]
    order: Annotated[int, Meta(ge=1, le=8)]
    coupling: Share
    cold: Width
    narrowest: Width
    wavelength: Wavelength | None = None
    per_kelvin: Annotated[float, Meta(extra={"unit": "nm/K"})] = 0.0
    per_irradiance: Annotated[float, Meta(extra={"unit": "nm*cm**2/W"})] = 0.0
    tuning_limit: Nanometres = TUNING_RANGE
    background: Fraction = 0.0
    source: Source
    doubtful: bool = False


class Lasing:
    """A mechanism in a resonator (:mod:`~antistokes.simulated_hw.physics.lasing`).

    With p = (pump/threshold)^order, S photons in the mode and R the line's spontaneous emission, the line
    becomes R·β·S/p below threshold and R(threshold)·β·S above: β·R far below, R(threshold)·(p - 1) far
    above. It is taken from the light outside the mode and then from heat: no more energy than was absorbed.
    """

    def __init__(self, inner: Mechanism, table: LasingTable) -> None:
        self._inner, self._table = inner, table
        self._index = [line.name for line in inner.lines].index(table.line)
        self._tuning = ModeTuning(table.per_kelvin, table.per_irradiance, table.tuning_limit)
        self.lines, self.levels = self._lines(inner.lines, 0.0, 0.0), inner.levels

    @classmethod
    def read(cls, inner: Mechanism, table: Any, file: object) -> Lasing:
        """Around *inner*, from the table ``[model.lasing]`` of *file*."""
        key = "model.lasing"
        stated = read_table(table, LasingTable, file, key)
        names = [line.name for line in inner.lines]
        if stated.line not in names:
            raise FileRefused(file, f"{key}.line", f"is '{stated.line}'; {nearest(stated.line, names)}")
        if stated.narrowest > stated.cold:
            what = f"is {stated.narrowest:g} nm; must be at most the cold width, {stated.cold:g} nm"
            raise FileRefused(file, f"{key}.narrowest", what)
        return cls(inner, stated)

    def lines_at(self, irradiance: float, conditions: Conditions) -> tuple[Line, ...]:
        ratio = self._ratio(np.array([irradiance]), conditions)
        number = float(photon_number(ratio, self._table.coupling)[0])
        shift = float(self._tuning.shift(conditions.temperature, irradiance))
        return self._lines(self._inner.lines_at(irradiance, conditions), number, shift)

    def respond(self, irradiance: Array, conditions: Conditions) -> Response:
        response, mode = self._both(irradiance, conditions)
        spontaneous = response.emission[:, self._index]
        more = np.maximum(mode - spontaneous, 0.0) * self._photon
        heat = response.heat - np.minimum(more, np.maximum(response.heat, 0.0))  # but for rounding, more
        emission = self._changed(response.emission, mode / _above(spontaneous))
        return replace(response, emission=emission, heat=heat)

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        """The spontaneous course, times what lasing makes of it in the steady state while lit and while dark.

        Lifetimes stay as they are.
        """
        emission = self._inner.pulsed(high, low, width, times, conditions)
        lit, dark = (self._gain(level, conditions)[:, None] for level in (high, low))
        return self._changed(emission, np.where(times <= width, lit, dark))

    def diagram(self, conditions: Conditions) -> Diagram:
        return self._inner.diagram(conditions)

    @property
    def _photon(self) -> float:
        """J per photon of the mode."""
        return float(photon_energy(self.lines[self._index].wavelength))

    def _both(self, irradiance: Array, conditions: Conditions) -> tuple[Response, Array]:
        """What the emitter would do alone, and the photons s⁻¹ cm⁻³ in the mode, (n,)."""
        # its answer at threshold is the last
        threshold = self._threshold_irradiance(conditions)
        response = self._inner.respond(np.append(irradiance, threshold or 0.0), conditions)
        emission, heat = response.emission[:, self._index], response.heat[:-1]
        alone = Response(response.emission[:-1], response.absorbed[:-1], response.populations[:-1], heat)
        coupling, ratio = self._table.coupling, self._ratio(irradiance, conditions)
        in_mode = coupling * photon_number(ratio, coupling)
        share = np.where(ratio > 0, in_mode / _above(ratio), coupling)
        wanted = np.where(ratio > 1, emission[-1] * in_mode, emission[:-1] * share)
        return alone, np.minimum(wanted, emission[:-1] + np.maximum(heat, 0.0) / self._photon)

    def _gain(self, irradiance: Array, conditions: Conditions) -> Array:
        """Photons in the mode over those of the line without lasing, (n,)."""
        response, mode = self._both(irradiance, conditions)
        spontaneous = response.emission[:, self._index]
        return np.where(spontaneous > 0, mode / _above(spontaneous), self._table.coupling)

    def _changed(self, emission: Array, gain: Array) -> Array:
        """*emission* (..., lines) with the line times *gain*, and what is collected beside the mode."""
        result, alone = emission.copy(), emission[..., self._index]
        result[..., self._index] = alone * gain
        if not self._table.background:
            return result
        outside = self._table.background * alone * np.maximum(1 - gain, 0.0)
        return np.concatenate([result, outside[..., None]], axis=-1)

    def _threshold_irradiance(self, conditions: Conditions) -> float | None:
        """W/cm²; None for a fluence and continuous light, which never reaches it."""
        table = self._table
        if table.unit == "W/cm^2":
            return table.threshold
        if conditions.pulses is None:
            return None
        return table.threshold * _JOULES[table.unit] * conditions.pulses.repetition

    def _ratio(self, irradiance: Array, conditions: Conditions) -> Array:
        """p, (n,)."""
        threshold = self._threshold_irradiance(conditions)
        if threshold is None:
            return np.zeros_like(irradiance)
        return pump_ratio(irradiance, threshold, self._table.order)

    def _lines(self, lines: tuple[Line, ...], number: float, shift: float) -> tuple[Line, ...]:
        """*lines* with the mode at its place and width for *number* photons in it."""
        table, old = self._table, lines[self._index]
        centre = (table.wavelength or self._inner.lines[self._index].wavelength) + shift
        mode = Line(old.name, centre, float(linewidth(number, table.cold, table.narrowest)))
        changed = (*lines[: self._index], mode, *lines[self._index + 1 :])
        if not table.background:
            return changed
        return (*changed, replace(old, name=f"{old.name} outside the mode"))


def _above(values: Array) -> Array:
    """*values*, 1 instead of 0: to divide by."""
    return np.where(values > 0, values, 1.0)
