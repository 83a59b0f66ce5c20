"""Light emitted by the illuminated spot: the sample's answer to irradiance, summed over the beam.

For a Gaussian beam the area at irradiance I is dA = (π·w_x·w_y/2)·dI/I, so that the spot emits
(π·w_x·w_y/2)·∫ s(I) dlnI up to the peak: one running integral over log irradiance gives every power.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from antistokes.instruments.records import Beam

from .conditions import Conditions
from .waveform import PulseTrain, pulse_times

Array = npt.NDArray[np.float64]

_LOWEST, _HIGHEST, _PER_DECADE = 1e-6, 1e8, 24  # W/cm²
_PULSED_DECADES = 2.5  # below the peak that matter, for pulsed excitation
_PULSED_PER_DECADE = 4  # that are solved; between them ln(emission) over ln(irradiance) is interpolated
_SOLVED_AT_ONCE = 3  # decades
_BEAMS = 16  # peaks between two of them, for which the beam is summed up
_KEPT = 16  # pulsed conditions that are remembered
_KEPT_BLOCKS = 128  # and solutions for them
_KEPT_BEAMS = 64  # and sums over the beam
_KEPT_TABLES = 256  # and steady ones
_COLDEST = 1.0  # K
_FIRST = 0.5  # K; off the round temperatures, around which a cryostat stays for long
_KELVIN = 2.0  # spacing of the temperatures that are solved; between them the logarithm is interpolated


class Emission(Protocol):
    """What the spot needs of a sample's steady state."""

    @property
    def emission(self) -> Array:
        """Photons s⁻¹ cm⁻³, (n, lines)."""


class Emitter(Protocol):
    """What the spot needs of a sample."""

    def respond(self, irradiance: Array, conditions: Conditions) -> Emission:
        """Of a uniformly lit crystal at irradiances (n,) in W/cm²."""

    def pulsed(self, high: Array, low: Array, width: float, times: Array, conditions: Conditions) -> Array:
        """Emission at *times* of a period, (n, k, lines): *high* until *width*, then *low*."""


class Spot:
    """Photon rate of each line of a sample under one beam.

    :param thickness: of the emitting layer, cm (thin: the pump is not depleted)
    """

    def __init__(self, sample: Emitter, beam: Beam, thickness: float) -> None:
        self._sample, self._beam, self._thickness = sample, beam, thickness
        # as far as the light path can go; what may be beyond is nobody's business
        peak = max(beam.peak_irradiance(beam.max_power_mW * 1e-3), 10 * _LOWEST)
        number = int(np.ceil(np.log10(min(peak, _HIGHEST) / _LOWEST) * _PER_DECADE))
        self._grid: Array = _LOWEST * 10.0 ** (np.arange(number + 1) / _PER_DECADE)
        self._log_grid = np.log(self._grid)
        self._tables: dict[Conditions, Array] = {}
        self._evenly_lit: dict[tuple[float, Conditions], Array] = {}
        self._courses: dict[tuple[float, float, float, float, Conditions], Array] = {}
        self._blocks: dict[tuple[int, _Gating, Conditions], Array] = {}
        self._beam_tables: dict[tuple[int, _Gating, Conditions], Array] = {}

    def rates(self, power: float, conditions: Conditions) -> Array:
        """Photons per second into all directions, one per line, at *power* W on the sample."""
        at = self._at if self._beam.profile == "gaussian" else self._at_top
        if power <= 0:
            return np.zeros_like(at(_LOWEST, _around(conditions)[0][0]))
        irradiance = self._beam.peak_irradiance(power)
        logs = sum(share * at(irradiance, one) for one, share in _around(conditions))
        rates: Array = np.exp(logs) * self._beam.area_cm2 * self._thickness
        return rates

    def pulsed_rates(self, high: float, low: float, train: PulseTrain, conditions: Conditions) -> Array:
        """Photons per second into all directions at :func:`~.waveform.pulse_times`, shape (times, lines).

        :param high, low: power on the sample during and between the pulses, W
        """
        key = (high, low, train.width, train.period, conditions)
        if key not in self._courses:
            if len(self._courses) >= _KEPT:
                self._courses.clear()
            self._courses[key] = self._pulsed(*key)
        return self._courses[key]

    def _pulsed(self, high: float, low: float, width: float, period: float, conditions: Conditions) -> Array:
        brightest = max(high, low)
        # rounded: what flickers is the laser, not what its gate lets through
        gating = _Gating(round(high / brightest, 9), round(low / brightest, 9), width, period)
        peak = self._beam.peak_irradiance(brightest)
        if self._beam.profile == "gaussian":
            course = self._over_the_beam(peak, gating, conditions)
        else:
            logs = sum(
                share * self._gated(np.array([peak]), gating, one) for one, share in _around(conditions)
            )
            course = np.exp(logs)[0]
        rates: Array = course * self._beam.area_cm2 * self._thickness
        return rates

    def _over_the_beam(self, peak: float, gating: _Gating, conditions: Conditions) -> Array:
        """Mean emission over π·w_x·w_y at *peak* W/cm² on the axis, (times, lines)."""
        node, rest = divmod(float(np.log10(peak)) * _PULSED_PER_DECADE, 1.0)
        parts = [share * self._beams(int(node), gating, one) for one, share in _around(conditions)]
        logs = parts[0] if len(parts) == 1 else parts[0] + parts[1]
        step = min(int(rest * _BEAMS), _BEAMS - 1)
        result: Array = np.exp(logs[step] + (rest * _BEAMS - step) * (logs[step + 1] - logs[step]))
        return result

    def _beams(self, node: int, gating: _Gating, conditions: Conditions) -> Array:
        """ln of that for peaks from 10^(*node*/4) to 10^((*node* + 1)/4) W/cm², (peaks, times, lines)."""
        key = (node, gating, conditions)
        if key not in self._beam_tables:
            if len(self._beam_tables) >= _KEPT_BEAMS:
                self._beam_tables.clear()
            lowest = node - round(_PULSED_DECADES * _PULSED_PER_DECADE)
            wanted = np.arange(lowest, node + 2)
            below = np.linspace(lowest, node, round(_PULSED_DECADES * _PER_DECADE) + 1)
            at = np.append(below, node + np.arange(1, _BEAMS + 1) / _BEAMS)
            solved = self._nodes(wanted, gating, conditions)
            emission = np.exp(PchipInterpolator(wanted, solved.reshape(len(wanted), -1))(at))
            mean = 0.5 * _integral_over_log(at * np.log(10) / _PULSED_PER_DECADE, emission)[len(below) - 1 :]
            self._beam_tables[key] = np.log(mean).reshape(_BEAMS + 1, *solved.shape[1:])
        return self._beam_tables[key]

    def _nodes(self, wanted: npt.NDArray[np.intp], gating: _Gating, conditions: Conditions) -> Array:
        """ln of the emission at 10^(*wanted*/4) W/cm², (n, times, lines); solved three decades at once.

        Always the same ones together: what was asked before changes no digit.
        """
        size = _SOLVED_AT_ONCE * _PULSED_PER_DECADE
        rows = []
        for node in wanted:
            key = (int(node) // size, gating, conditions)
            if key not in self._blocks:
                if len(self._blocks) >= _KEPT_BLOCKS:
                    self._blocks.clear()
                irradiance = 10.0 ** (np.arange(key[0] * size, (key[0] + 1) * size) / _PULSED_PER_DECADE)
                self._blocks[key] = self._gated(irradiance, gating, conditions)
            rows.append(self._blocks[key][node % size])
        return np.array(rows)

    def _gated(self, irradiance: Array, gating: _Gating, conditions: Conditions) -> Array:
        """ln of the emission under *irradiance* (n,) while it is brightest, (n, times, lines)."""
        times = pulse_times(gating.width, gating.period)
        high, low = irradiance * gating.high, irradiance * gating.low
        emission = self._sample.pulsed(high, low, gating.width, times, conditions)
        return np.log(np.maximum(emission, 1e-300))

    def _at(self, irradiance: float, conditions: Conditions) -> Array:
        """ln of the emission per line; beyond the grid the power law at its end goes on."""
        x, table = np.log(irradiance), self._table(conditions)
        i = int(np.clip(np.searchsorted(self._log_grid, x) - 1, 0, len(self._grid) - 2))
        share = (x - self._log_grid[i]) / (self._log_grid[i + 1] - self._log_grid[i])
        result: Array = table[i] + share * (table[i + 1] - table[i])
        return result

    def _at_top(self, irradiance: float, conditions: Conditions) -> Array:
        """The same of an evenly lit spot, which needs no integral: however steep, not smeared over a grid."""
        key = (irradiance, conditions)
        if key not in self._evenly_lit:
            if len(self._evenly_lit) >= _KEPT_TABLES:
                self._evenly_lit.clear()
            emission = self._sample.respond(np.array([irradiance]), conditions).emission[0]
            self._evenly_lit[key] = np.log(np.maximum(emission, 1e-300))
        return self._evenly_lit[key]

    def _table(self, conditions: Conditions) -> Array:
        """ln of the mean emission over π·w_x·w_y against peak irradiance, shape (grid, lines)."""
        if conditions not in self._tables:
            if len(self._tables) >= _KEPT_TABLES:
                self._tables.clear()
            signal = np.maximum(self._sample.respond(self._grid, conditions).emission, 1e-300)
            signal = 0.5 * _integral_over_log(self._log_grid, signal)
            self._tables[conditions] = np.log(signal)
        return self._tables[conditions]


class _Gating(NamedTuple):
    """How a laser's power changes: shares of its brightest until *width* and from there to *period*, in s."""

    high: float
    low: float
    width: float
    period: float


def _around(conditions: Conditions) -> list[tuple[Conditions, float]]:
    """The temperatures solved next to that of *conditions*, and their shares in it."""
    steps, rest = divmod(conditions.temperature - _FIRST, _KELVIN)
    lower = max(_FIRST + steps * _KELVIN, _COLDEST)
    share = rest / _KELVIN
    at = [(replace(conditions, temperature=lower), 1 - share)]
    if share > 0:
        at.append((replace(conditions, temperature=_FIRST + (steps + 1) * _KELVIN), share))
    return at


def _integral_over_log(x: Array, signal: Array) -> Array:
    """∫ s dx from −∞ to each x, every step a power law, the first one continued to zero."""
    log_signal = np.log(signal)
    slope = np.diff(log_signal, axis=0) / np.diff(x)[:, None]
    flat = np.abs(slope) < 1e-9
    steps = np.where(
        flat, signal[1:] * np.diff(x)[:, None], np.diff(signal, axis=0) / np.where(flat, 1.0, slope)
    )
    below = signal[0] / np.maximum(slope[0], 0.1)
    result: Array = below + np.concatenate([np.zeros((1, signal.shape[1])), np.cumsum(steps, axis=0)])
    return result
