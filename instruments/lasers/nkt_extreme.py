"""NKT SuperK EXTREME supercontinuum laser: what its drivers with different filters share (Interbus).

Sources: SDK register files and manual as quoted by public drivers. Not settled, and read on the safe side:
the time from the command to light (the status is asked until it says so); whether emission is refused or
ignored while the interlock is not OK (both end in an error that names the interlock); whether the mode may
change under emission (it goes off before).
"""

from __future__ import annotations

from typing import Any

from pymeasure.adapters import Adapter

from ..clock import Clock
from ..device import do_all
from ..errors import BadAnswer, DeviceFault, WrongModel
from ..light_switch import LightSwitch
from ..roles import Laser, TunableLaser
from .nkt_interbus import InterbusInstrument
from .steps import range_in_steps

_TYPE, _SERIAL, _STATUS, _ERROR = 0x61, 0x65, 0x66, 0x67  # in every module
_NAMES = {
    0x60: "SuperK EXTREME",
    0x61: "front panel",
    0x66: "SELECT RF driver",
    0x67: "SELECT",
    0x68: "VARIA",
    0x7D: "SuperK EVO",
    0x88: "SuperK FIANIUM",
}
EXTREME, EXTREME_TYPE = 15, 0x60  # address of the laser and its module type
_EMISSION, _MODE, _INTERLOCK, _WATCHDOG, _LEVEL = 0x30, 0x31, 0x32, 0x36, 0x37  # its registers
_ON, _CONSTANT_POWER, _INTERLOCK_OK = 3, 1, 2
_EMITS, _FAULT = 1, 0x8000
_CAUSES = {
    4: "the interlock has no supply (short circuit?)",
    0x10: "the external disable input is low",
    0x20: "the supply voltage is low",
    0x40: "the temperature is out of range",
}
#: of the filters, by module type
_PROBLEMS = {
    0x66: {
        0x20: "the supply voltage is low",
        0x40: "the temperature is out of range",
        0x2000: "no connection to the acousto-optic filter",
        0x4000: "needs the data of a crystal",
    },
    0x68: {0x20: "the supply voltage is low", 0x40: "the temperature is out of range"},
}
_OPEN_AT = {
    0: "the interlock is open",
    1: "the key switch is off",
    2: "the door interlock is open",
    3: "the interlock is open at an external module",
    4: "the interlock is open at the application",
    5: "the interlock is open at an internal module",
    6: "the interlock has no supply",
    7: "the interlock is disabled by the light source",
    255: "the interlock circuit has failed",
}
_ON_MAX, _OFF_MAX = 15.0, 2.0  # s
TENTHS = 10  # steps of most registers in one unit


class SuperKExtreme(LightSwitch, InterbusInstrument):
    """What both systems share; the filter is a subclass's business.

    Opening sends nothing but questions. The interlock is reset by a person, or by
    :meth:`reset_interlock`, never by switching on.
    """

    ROLES = (Laser, TunableLaser)
    VERIFIED = (
        "Checked against its twin and the twin against pylablib's NKT driver; not yet tried on a laser."
    )
    drive_unit = "%"
    #: the pump's power regulation
    settle_time = 0.5

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        rated_power: float | None = None,
        **connection: Any,
    ) -> None:
        #: the most behind the filter by its data sheet, W
        self.rated_power = rated_power
        super().__init__(adapter, name, clock=clock, **connection)

    def modules(self) -> dict[int, int]:
        """Type that must answer at each address."""
        return {EXTREME: EXTREME_TYPE}

    def check_model(self) -> None:
        for address, kind in self.modules().items():
            try:
                found = self.read_number(address, _TYPE, "B")
            except BadAnswer as error:
                raise WrongModel(
                    self.name, f"{self.MODEL} expected, but on {self._where()} {error.problem}"
                ) from error
            if found != kind:
                raise WrongModel(
                    self.name,
                    f"{self.MODEL} expected, but a module of type {found:02X}h "
                    f"({_NAMES.get(found, 'unknown')}) answers at address {address} of {self._where()}",
                )

    def identity(self) -> str:
        """Type and serial number of the laser."""
        kind = self.read_number(EXTREME, _TYPE, "B")
        serial = self.read_register(EXTREME, _SERIAL).decode("latin-1").strip(" \0")
        return f"{_NAMES.get(kind, f'type {kind:02X}h')} {serial}"

    # -- power ------------------------------------------------------------------------------------

    @property
    def drive(self) -> float:
        """Control the power level of the supercontinuum, in %, in steps of 0.1 %."""
        return self.read_number(EXTREME, _LEVEL, "<H") / TENTHS

    @drive.setter
    def drive(self, level: float) -> None:
        self.write_number(EXTREME, _LEVEL, "<H", self._steps("drive", level))
        self.check_errors()

    @property
    def drive_limits(self) -> tuple[float, float]:
        """Get the lowest and highest power level allowed, in %."""
        low, high, _ = self.limits["drive"]
        return range_in_steps(low, high, TENTHS)

    @property
    def watchdog(self) -> int:
        """Control after how long without a message the laser switches off, in s; 0: never."""
        return self.read_number(EXTREME, _WATCHDOG, "B")

    @watchdog.setter
    def watchdog(self, seconds: float) -> None:
        self.write_number(EXTREME, _WATCHDOG, "B", self._steps("watchdog", seconds, 1))

    def _steps(self, quantity: str, value: float, per_unit: int = TENTHS) -> int:
        """What the register holds for *value*. :raises LimitError: that is outside the limit of *quantity*"""
        steps = round(value * per_unit)
        self.check_limit(quantity, steps / per_unit)
        return steps

    @property
    def inlet_temperature(self) -> float:
        """Measure the temperature of the cooling air, in °C."""
        return self.read_number(EXTREME, 0x11, "<h") / 10

    # -- interlock and faults ---------------------------------------------------------------------

    @property
    def interlock(self) -> str:
        """Get the state of the interlock in words; ``ok`` when light is possible."""
        state = self.read_number(EXTREME, _INTERLOCK, "<H")
        low, where = state & 0xFF, state >> 8
        if where == 255 or low == 0:
            return _OPEN_AT.get(where, f"the interlock is open (code {where})")
        if low == _INTERLOCK_OK:
            return "ok"
        return "the interlock waits for a reset"

    def reset_interlock(self) -> None:
        """Close the interlock's relays; for a person who has seen that the laser may be used.

        :raises DeviceFault: it stays open
        """
        if self.interlock != "ok":
            self.write_number(EXTREME, _INTERLOCK, "<H", 1)
        if (state := self.interlock) != "ok":
            raise DeviceFault(self.name, f"{state}, also after a reset")

    def causes(self) -> list[str]:
        """What keeps the light off now, in words; empty when nothing does."""
        status = self.read_number(EXTREME, _STATUS, "<H")
        found = [text for bit, text in _CAUSES.items() if status & bit]
        if (interlock := self.interlock) != "ok":
            found.insert(0, interlock)
        return found

    def check_errors(self) -> list[Any]:
        """:raises DeviceFault: a module of the system reports an error."""
        for address, kind in self.modules().items():
            problem = self._problem(address, self.read_number(address, _STATUS, "<H"))
            if problem:
                raise DeviceFault(self.name, f"{_NAMES[kind]}: {problem}")
        return []

    def _problem(self, address: int, status: int) -> str:
        if status & _FAULT:
            return f"error code {self.read_number(address, _ERROR, '<H')}"
        bits = _PROBLEMS.get(self.modules()[address], {})
        return "; ".join(text for bit, text in bits.items() if status & bit)

    # -- light ------------------------------------------------------------------------------------

    @property
    def emission(self) -> bool:
        """Control the light behind the filter.

        True returns when the laser emits, False when it says that it does not.

        :raises DeviceFault: the light did not follow; the message names the cause
        """
        return self._emits() and self._filter_is_open()

    @emission.setter
    def emission(self, on: bool) -> None:
        self.switch(on)

    def _emits(self) -> bool:
        return bool(self.read_number(EXTREME, _STATUS, "<H") & _EMITS)

    def _light_up(self) -> None:
        try:
            if self.read_number(EXTREME, _MODE, "<H") != _CONSTANT_POWER:
                self._go_dark()
                self.write_number(EXTREME, _MODE, "<H", _CONSTANT_POWER)
            self._open_filter()
            self.write_number(EXTREME, _EMISSION, "B", _ON)
            self.wait_for(lambda: self._emits() or self.interlock != "ok", _ON_MAX)
            self.clock.sleep(self.settle_time)
            if not self._emits():
                raise DeviceFault(self.name, "the emission did not come on")
            self.check_errors()
        except DeviceFault as error:
            raise DeviceFault(self.name, "; ".join(["no light", *self.causes(), error.problem])) from error

    def _go_dark(self) -> None:
        do_all(self._stop_emission, self._close_filter)

    def _stop_emission(self) -> None:
        self.write_number(EXTREME, _EMISSION, "B", 0)
        if not self.wait_for(lambda: not self._emits(), _OFF_MAX):
            raise DeviceFault(self.name, "it still emits after it was switched off: use the key switch")

    def _disarm(self) -> None:
        # not through the limits: a station may have narrowed 0 out of them
        self.write_number(EXTREME, _LEVEL, "<H", 0)
        if left := self.drive:
            raise DeviceFault(self.name, f"the power level is {left:g} % after it was set to 0")

    def _filter_is_open(self) -> bool:
        return True

    def _open_filter(self) -> None:
        """Let the wanted wavelength pass."""

    def _close_filter(self) -> None:
        """Let nothing pass, where the filter can do so."""
