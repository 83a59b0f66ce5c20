"""The NKT SuperK EXTREME supercontinuum laser itself: what its twins with different filters share.

Registers from the SDK's register files and manual as public drivers quote them (module types 60h and 61h).
Assumed where they are silent: emission is refused (NACK) while the interlock is not OK and comes on after
a delay; how the power follows the level.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from antistokes.instruments.records import Fraction, NonNegative, Positive, Record

from ..interbus import InterbusTwin, Nack, Register

EXTREME, _PANEL = 15, 1  # addresses
_TYPE, _FIRMWARE, _SERIAL, _STATUS, _ERROR = 0x61, 0x64, 0x65, 0x66, 0x67
_EMISSION_ON = 3
_OPEN, _WAITS, _OK = range(3)
_CONSTANT_POWER = 1
_DOOR = 2
_TRIPPED = 20  # no list of codes is public


class SuperKSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]`` of both."""

    serial: str = "012345"
    #: from the command to light
    switch_on_delay_s: NonNegative = 1.5
    #: time constant of the power after a new level
    level_time_s: Positive = 0.1
    #: level below which the fibre makes no continuum
    threshold: Fraction = 0.1


class _Light:
    """The light behind the filter now; see :class:`~antistokes.simulated_hw.light_path.Source`."""

    def __init__(self, twin: SuperKTwin) -> None:
        self._twin = twin

    @property
    def wavelength(self) -> float:
        return self._twin.light()[0]

    def power(self, volts: float = 0.0) -> float:
        return self._twin.light()[1]


class SuperKTwin(InterbusTwin):
    """The laser: main module and front panel."""

    settings: SuperKSettings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        #: plain registers, by address and number
        self.values: dict[tuple[int, int], Any] = {(EXTREME, 0x37): 0, (EXTREME, 0x6C): ""}
        self.interlock = _OK
        #: where the interlock circuit is open: 1 key switch, 2 door, 3 external module, …
        self.open_at = 0
        #: sum of status bits a test sets: supply low, temperature, …
        self.alarms = 0
        self.error_code = 0
        self._emission = 0
        self._since = self.clock.now()  # emission was asked for
        self._heard = self.clock.now()
        self._level = (0.0, self.clock.now())  # power level at that time, on its way to the set one
        self.modules = {
            EXTREME: self._main(),
            _PANEL: self.module(_PANEL, 0x61)
            | {0x3D: self.plain(_PANEL, 0x3D, "B", 0, 1), 0x72: Register("s", lambda: "SuperK EXTREME")},
        }
        del self.modules[_PANEL][_STATUS]
        self.bench.sources[self.name] = _Light(self)

    # -- registers --------------------------------------------------------------------------------

    def module(self, address: int, kind: int, status: Callable[[], int] = lambda: 0) -> dict[int, Register]:
        """What every module has."""
        return {
            _TYPE: Register("B", lambda: kind),
            _FIRMWARE: Register("<H", lambda: 0x0114),
            _SERIAL: Register("s", lambda: f"{self.settings.serial}-{address:02d}"),
            _STATUS: Register("<H", status),
        }

    def plain(
        self, address: int, number: int, form: str, value: int, high: float, low: float = 0, **options: Any
    ) -> Register:
        """A register that only keeps its value."""
        key = address, number
        self.values[key] = value
        return Register(
            form, lambda: self.values[key], partial(self.values.__setitem__, key), low, high, **options
        )

    def _main(self) -> dict[int, Register]:
        plain = partial(self.plain, EXTREME)
        return self.module(EXTREME, 0x60, self._status) | {
            0x11: Register("<h", lambda: 253),
            0x30: Register("B", self._get_emission, self._set_emission, 0, _EMISSION_ON),
            0x31: plain(0x31, "<H", _CONSTANT_POWER, 4),
            0x32: Register("<H", lambda: self.interlock | self.open_at << 8, self._set_interlock),
            0x34: plain(0x34, "<H", 1, 512, 1),
            0x36: plain(0x36, "B", 0, 255),
            0x37: Register("<H", lambda: self.values[EXTREME, 0x37], self._set_level, 0, 1000),
            0x38: plain(0x38, "<H", 0, 1000),
            0x39: plain(0x39, "<H", 0, 1023),
            _ERROR: Register("<H", lambda: self.error_code),
            0x6B: Register("B", lambda: 0),
            0x6C: Register("s", lambda: self.values[EXTREME, 0x6C], self._set_text),
        }

    def _set_text(self, text: str) -> None:
        self.values[EXTREME, 0x6C] = text[:20]

    def _status(self) -> int:
        open_circuit = self.interlock != _OK
        bits = self.emitting() | open_circuit << 1 | (self.interlock == _OPEN) << 3
        return bits | self.alarms | bool(self.error_code) << 15

    # -- emission ---------------------------------------------------------------------------------

    def heard(self) -> None:
        self._bark()
        self._heard = self.clock.now()

    def _bark(self) -> None:
        """The watchdog switches off when nothing was heard for its time."""
        interval = self.values[EXTREME, 0x36]
        if interval and self.clock.now() > self._heard + interval:
            self._emission = 0

    def _get_emission(self) -> int:
        self._bark()
        return self._emission

    def _set_emission(self, value: int) -> None:
        if value and self.interlock != _OK:
            raise Nack
        if value and not self._emission:
            self._since = self.clock.now()
        self._emission = value

    def emitting(self) -> bool:
        """Does light leave the laser?"""
        return (
            self._get_emission() == _EMISSION_ON
            and self.clock.now() >= self._since + self.settings.switch_on_delay_s
        )

    def trip_by_itself(self) -> None:
        """Emission ends with an error code; the interlock waits for a reset, which forgets it (assumed)."""
        self._emission, self.error_code, self.interlock = 0, _TRIPPED, _WAITS

    @property
    def interlock_open(self) -> bool:
        """The interlock circuit is interrupted, at the door."""
        return self.interlock == _OPEN

    @interlock_open.setter
    def interlock_open(self, is_open: bool) -> None:
        if is_open:
            self.open_interlock(_DOOR)
        elif self.interlock == _OPEN:
            self.close_interlock()

    def open_interlock(self, where: int) -> None:
        """Somebody turns the key (1), opens the door (2), …"""
        self.interlock, self.open_at, self._emission = _OPEN, where, 0

    def close_interlock(self) -> None:
        """The circuit is whole again; the laser waits for a reset."""
        self.interlock, self.open_at = _WAITS, 0

    def _set_interlock(self, value: int) -> None:
        if self.interlock == _OPEN:
            if value:
                raise Nack
        elif value:
            self.interlock, self.error_code = _OK, 0
        else:
            self.interlock, self._emission = _WAITS, 0

    # -- power ------------------------------------------------------------------------------------

    def _set_level(self, value: int) -> None:
        self._level = self.level(), self.clock.now()
        self.values[EXTREME, 0x37] = value

    def level(self) -> float:
        """Level of the pump now, a fraction."""
        start, since = self._level
        aim = self.values[EXTREME, 0x37] / 1000
        return aim + (start - aim) * math.exp(-(self.clock.now() - since) / self.settings.level_time_s)

    def continuum(self) -> float:
        """Light from the fibre as a fraction of the most."""
        if not self.emitting():
            return 0.0
        constant_power = self.values[EXTREME, 0x31] % 2 == _CONSTANT_POWER
        level = self.level() if constant_power else self.values[EXTREME, 0x38] / 1000
        threshold = self.settings.threshold
        return max(0.0, (level - threshold) / (1 - threshold)) / self.values[EXTREME, 0x34]

    def light(self) -> tuple[float, float]:
        """(wavelength nm, power W) behind the filter."""
        raise NotImplementedError
