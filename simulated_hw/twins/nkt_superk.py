"""Twins of the NKT SuperK EXTREME with a SELECT (acousto-optic filter) or a VARIA (edge filters) behind it.

Registers from the SDK's register files and manual as public drivers quote them (module types 66h, 67h, 68h).
Assumed where they are silent: a RF switch under power, RF without a crystal and edges that cross are
refused (NACK); a change of crystal takes some time; the ND register is a transmission; all powers.
"""

from __future__ import annotations

import math
from functools import partial

from antistokes.instruments.records import NonNegative, Positive, Range

from ..interbus import Nack, Register
from .nkt_extreme import SuperKSettings, SuperKTwin

_LINES = 8


class SelectSettings(SuperKSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]`` of a system with a SELECT."""

    rf_address: int = 18
    select_address: int = 16
    #: ranges of its two crystals; (0, 0) where there is none
    crystals_nm: tuple[Range, Range] = ((500.0, 900.0), (800.0, 1400.0))
    #: one line at full level and amplitude
    line_power_W: Positive = 5e-3
    #: until the driver knows a crystal it was switched to
    crystal_time_s: NonNegative = 0.3
    #: numbers in the answer for a line: some firmware sends all values of the frequency shift keying
    values_per_line: int = 4


class VariaSettings(SuperKSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]`` of a system with a VARIA."""

    varia_address: int = 16
    range_nm: Range = (400.0, 840.0)
    power_W_per_nm: Positive = 1e-3
    speed_nm_per_s: Positive = 60.0


class SuperKSelectTwin(SuperKTwin):
    """With a SELECT: eight lines, two crystals of which one is connected.

    The light has the wavelength of its brightest line and the power of all together.
    """

    model = "NKT SuperK EXTREME + SELECT"
    Settings = SelectSettings
    settings: SelectSettings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.rf_on = False
        self._switch = 0
        self._switched = -math.inf
        #: e.g. bit 13, the driver lost its crystal
        self.rf_alarms = 0
        self.modules[self.settings.rf_address] = self._rf_driver(self.settings.rf_address)
        self.modules[self.settings.select_address] = self._select(self.settings.select_address)

    def _rf_driver(self, address: int) -> dict[int, Register]:
        result = self.module(address, 0x66, self._rf_status) | {
            0x30: Register("B", lambda: int(self.rf_on), self._set_rf, 0, 1),
            0x31: self.plain(address, 0x31, "<H", 1, 7),
            0x34: Register("<I", lambda: round(self.crystal_range()[0] * 1000)),
            0x35: Register("<I", lambda: round(self.crystal_range()[1] * 1000)),
            0x38: Register("<h", lambda: 241),
            0x3B: self.plain(address, 0x3B, "B", 0, 2),
            0x3C: self.plain(address, 0x3C, "B", 0, 1),
            0x75: Register("B", self.crystal),
        }
        low, high = self._reach()
        for line in range(_LINES):
            options = {"values": self.settings.values_per_line}
            start = round(self.settings.crystals_nm[0][0] + 150) * 1000
            result[0x90 + line] = self.plain(address, 0x90 + line, "<I", start, high, low, **options)
            result[0xB0 + line] = self.plain(address, 0xB0 + line, "<H", 0, 1000, **options)
            result[0xC0 + line] = self.plain(address, 0xC0 + line, "<H", 1000, 1000)
        return result

    def _select(self, address: int) -> dict[int, Register]:
        plain = partial(self.plain, address)
        result = self.module(address, 0x67) | {
            0x10: Register("<H", lambda: round(500 * self.continuum())),
            0x11: Register("<H", lambda: round(500 * self.continuum())),
            0x32: plain(0x32, "B", 0, 7),
            0x33: plain(0x33, "B", 0, 7),
            0x34: Register("B", lambda: self._switch, self._set_switch, 0, 1),
            0x35: plain(0x35, "B", 0, 1),
        }
        for number, bounds in zip((0x90, 0xA0), self.settings.crystals_nm, strict=True):
            for end in range(2):
                result[number + end] = Register("<I", partial(round, bounds[end] * 1000))
        return result

    def _reach(self) -> tuple[float, float]:
        """Lowest and highest wavelength of any crystal, pm."""
        ends = [end * 1000 for bounds in self.settings.crystals_nm if any(bounds) for end in bounds]
        return min(ends), max(ends)

    def _rf_status(self) -> int:
        return self.rf_on | (not self.crystal()) << 14 | self.rf_alarms

    def crystal(self) -> int:
        """Number of the connected crystal; 0 while the driver looks for it, or where there is none."""
        known = self.clock.now() >= self._switched + self.settings.crystal_time_s
        return self._switch + 1 if known and any(self.settings.crystals_nm[self._switch]) else 0

    def crystal_range(self) -> Range:
        """Of the connected crystal, nm."""
        return self.settings.crystals_nm[self._switch] if self.crystal() else (0.0, 0.0)

    def _set_rf(self, value: int) -> None:
        if value and not self.crystal():
            raise Nack
        self.rf_on = bool(value)

    def _set_switch(self, value: int) -> None:
        if self.rf_on:
            raise Nack
        if value != self._switch:
            self._switch, self._switched = value, self.clock.now()

    def light(self) -> tuple[float, float]:
        address, (low, high) = self.settings.rf_address, self.crystal_range()
        lines = [
            (self.values[address, 0xB0 + line] / 1000, self.values[address, 0x90 + line] / 1000)
            for line in range(_LINES)
        ]
        _, wavelength = max(lines, key=lambda line: line[0] * (low <= line[1] <= high))
        if not self.rf_on:
            return wavelength, 0.0
        total = sum(amplitude for amplitude, wavelength in lines if low <= wavelength <= high)
        return wavelength, total * self.continuum() * self.settings.line_power_W


class _Edge:
    """A filter on its way from one position to another, nm."""

    def __init__(self, twin: SuperKVariaTwin, position: float) -> None:
        self._twin = twin
        self._from = self.target = position
        self._since = twin.clock.now()

    def position(self) -> float:
        gone = (self._twin.clock.now() - self._since) * self._twin.settings.speed_nm_per_s
        distance = self.target - self._from
        return self.target if gone >= abs(distance) else self._from + math.copysign(gone, distance)

    def moving(self) -> bool:
        return self.position() != self.target

    def move(self, target: float) -> None:
        self._from, self._since, self.target = self.position(), self._twin.clock.now(), target


class SuperKVariaTwin(SuperKTwin):
    """With a VARIA: a band between a lower and an upper edge."""

    model = "NKT SuperK EXTREME + VARIA"
    Settings = VariaSettings
    settings: VariaSettings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.upper, self.lower = _Edge(self, 655.0), _Edge(self, 645.0)
        #: neutral density filter, %; it moves like an edge
        self.density = _Edge(self, 100.0)
        #: e.g. bit 1, its interlock is off
        self.varia_alarms = 0
        address = self.settings.varia_address
        low, high = (round(end * 10) for end in self.settings.range_nm)
        self.modules[address] = self.module(address, 0x68, self._varia_status) | {
            0x13: Register("<H", lambda: round(500 * self.continuum())),
            0x32: self._edge(self.density, 0, 1000),
            0x33: self._edge(self.upper, low, high),
            0x34: self._edge(self.lower, low, high),
            0x67: Register("<H", lambda: 0),
        }

    def _edge(self, edge: _Edge, low: float, high: float) -> Register:
        def move(value: int) -> None:
            before, edge.target = edge.target, value / 10
            crossed = self.lower.target >= self.upper.target
            edge.target = before
            if crossed:
                raise Nack
            edge.move(value / 10)

        return Register("<H", lambda: round(edge.target * 10), move, low, high)

    def _varia_status(self) -> int:
        moving = (self.upper.moving(), self.lower.moving(), self.density.moving())
        return sum(bit << 12 + i for i, bit in enumerate(moving)) | self.varia_alarms

    def light(self) -> tuple[float, float]:
        low, high = self.lower.position(), self.upper.position()
        share = self.continuum() * self.density.position() / 100
        return (low + high) / 2, max(0.0, high - low) * self.settings.power_W_per_nm * share
