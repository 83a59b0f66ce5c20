"""Spectra-Physics Mai Tai titanium-sapphire laser (RS-232).

Sources: user manual, chapter 6, and logs of real lasers (values come with units, settings may be ignored in
local mode without an error). Not settled, and read on the safe side: the layout of ``SYST:ERR?`` (only its
first number is used); whether the shutter opens with the pump off (the pump comes on behind a closed one).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pyvisa.constants import ControlFlow, Parity, StopBits

from ..clock import Clock
from ..device import Limit
from ..errors import DeviceFault, LimitError
from ..instrument import VisaInstrument
from ..light_switch import LightSwitch
from ..roles import Laser, TunableLaser
from .steps import range_in_steps

_EMISSION, _MODE_LOCKED = 1, 2  # bits of *STB?; the others are reserved, and not always 0
_ERRORS = {1: "command error", 2: "execution error", 32: "system error (an interlock is open?)"}
_MOST_ERRORS = 32  # more than its buffer holds
_FULL = 100.0  # %
_LOCAL = "is it in local mode, or its key off?"
_WARM_UP_MAX, _RAMP_MAX, _LOCK_MAX, _TUNING_MAX = 600.0, 60.0, 60.0, 120.0  # s
_SHUTTER_MAX, _OFF_MAX = 5.0, 10.0  # s
_PAUSE = 0.25  # s between two looks
_WATCHDOG = 7200.0  # s
_SHUTTER_LATE = 1.5  # s after SHUT 1 in which SHUT? may still say closed


class MaiTai(LightSwitch, VisaInstrument):
    """Spectra-Physics Mai Tai. Fulfils :class:`~antistokes.instruments.roles.Laser` and
    :class:`~antistokes.instruments.roles.TunableLaser`.

    It finds its best power at each wavelength by itself: the drive is 100 % always, and an attenuator sets
    the power. Light means: pump on, mode-locked, shutter open. No light means: shutter closed; the pump stays
    on, so that the laser stays as stable as it is until :meth:`make_safe` turns it off; the oven stays warm.

    :param rated_power: the most it emits by its data sheet, W
    :param watchdog: s without a message after which it turns its pump off by itself, set whenever light is
        asked for. It ends the light of a program that was killed. It must be longer than the longest pause
        of a run, which is one exposure or one change of temperature; the default is two hours. 0: never
    """

    MODEL = "Spectra-Physics Mai Tai"
    INTERFACES = ("RS-232", "USB (serial)")
    VERIFIED = (
        "Checked against its twin, written from the manual and logs of real lasers; no third-party driver "
        "was at hand and no laser was tried."
    )
    ROLES = (Laser, TunableLaser)
    IDN_WORDS = ("MaiTai", "Mai Tai")
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",
        "write_termination": "\n",
        "timeout": 3000,
        "asrl": {
            "baud_rate": 9600,
            "data_bits": 8,
            "parity": Parity.none,
            "stop_bits": StopBits.one,
            "flow_control": ControlFlow.xon_xoff,
        },
    }
    LIMITS: ClassVar[dict[str, Limit]] = {"wavelength": Limit(680, 1080, "nm")}
    SNAPSHOT = ("wavelength", "drive", "watchdog", "warmed_up", "pump_power", "mode_locked", "shutter_open")

    drive_unit = "%"
    drive_limits = (_FULL, _FULL)
    #: the shutter has moved when it says so
    settle_time = 0.1

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        rated_power: float | None = None,
        watchdog: float = _WATCHDOG,
        **connection: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, **connection)
        self.rated_power = rated_power
        self._wanted_watchdog = round(watchdog)
        self._opened = -_SHUTTER_LATE  # when SHUT 1 was sent
        # what was wrong before this driver came does not concern it
        self._read_errors()
        self.told_limit("wavelength", self._value("WAV:MIN?", "nm"), self._value("WAV:MAX?", "nm"))

    # -- wavelength -------------------------------------------------------------------------------

    @property
    def wavelength(self) -> float:
        """Control the wavelength, in whole nm (the nearest is taken); returns when it emits there.

        :raises DeviceFault: it does not accept it, or does not arrive
        """
        return self._value("READ:WAV?", "nm")

    @wavelength.setter
    def wavelength(self, wavelength: float) -> None:
        wanted = round(wavelength)
        self.check_limit("wavelength", wanted)
        self._order(f"WAV {wanted}", lambda: self._value("WAV?", "nm") == wanted, _OFF_MAX)
        if not self.wait_for(lambda: round(self.wavelength) == wanted, _TUNING_MAX, _PAUSE):
            raise DeviceFault(
                self.name, f"at {self.wavelength:g} nm {_TUNING_MAX:g} s after {wanted} nm was set"
            )
        if self._pumped():
            self._wait_for_lock()

    @property
    def wavelength_range(self) -> tuple[float, float]:
        """Get the lowest and highest wavelength allowed, in nm."""
        low, high, _ = self.limits["wavelength"]
        return range_in_steps(low, high, 1)

    # -- power ------------------------------------------------------------------------------------

    @property
    def drive(self) -> float:
        """Control the drive, in %: 100, it has no other."""
        return _FULL

    @drive.setter
    def drive(self, drive: float) -> None:
        if drive != _FULL:
            raise LimitError(f"{self.name}: drive", drive, *self.drive_limits, self.drive_unit)

    @property
    def power(self) -> float:
        """Measure the power in front of its shutter, in W."""
        return self._value("READ:POW?", "W")

    @property
    def pump_power(self) -> float:
        """Measure the power of the pump laser, in W."""
        return self._value("READ:PLAS:POW?", "W")

    # -- state ------------------------------------------------------------------------------------

    @property
    def warmed_up(self) -> float:
        """Get how far it is warmed up, in %; 0 when the warm-up has not begun."""
        return self._value("READ:PCTW?", "%")

    @property
    def mode_locked(self) -> bool:
        """Get whether it emits pulses."""
        return bool(self._status() & _MODE_LOCKED)

    @property
    def shutter_open(self) -> bool:
        """Get whether its shutter is open; says so a second after it has moved."""
        answer = self.ask("SHUT?").strip()
        if answer not in ("0", "1"):
            raise self.wrong_answer("SHUT?", answer)
        return answer == "1"

    @property
    def watchdog(self) -> float:
        """Get after how many s without a message it turns its pump off; 0: never."""
        return self._value("TIM:WATC?", "s", optional=True)

    def check_errors(self) -> list[Any]:
        """Empty the error buffer. :raises DeviceFault: with what was in it"""
        found = self._read_errors()
        if found:
            raise DeviceFault(self.name, "; ".join(dict.fromkeys(found)))
        return []

    def _read_errors(self) -> list[str]:
        found = []
        for _ in range(_MOST_ERRORS):
            answer = self.ask("SYST:ERR?").strip()
            number = re.match(r"\+?(\d+)\b", answer)
            if number is None:
                raise self.wrong_answer("SYST:ERR?", answer)
            errors = [text for bit, text in _ERRORS.items() if int(number[1]) & bit]
            if not errors:
                break
            found += errors
        return found

    def _status(self) -> int:
        answer = self.ask("*STB?").strip()
        if not answer.isdecimal() or int(answer) > 0xFFFF:
            raise self.wrong_answer("*STB?", answer)
        return int(answer)

    def _pumped(self) -> bool:
        return bool(self._status() & _EMISSION)

    # -- light ------------------------------------------------------------------------------------

    @property
    def emission(self) -> bool:
        """Control the light.

        True warms the laser up, turns its pump on and waits for mode lock before it opens the shutter, which
        takes minutes when it is cold; False returns when the shutter is closed.

        :raises DeviceFault: it did not follow; the message says at what
        """
        return self._pumped() and self.shutter_open

    @emission.setter
    def emission(self, on: bool) -> None:
        self.switch(on)

    def _light_up(self) -> None:
        try:
            if self.watchdog != self._wanted_watchdog:
                # first, so that it does not turn off what is turned on now
                self._order(
                    f"TIM:WATC {self._wanted_watchdog}",
                    lambda: self.watchdog == self._wanted_watchdog,
                    _OFF_MAX,
                )
            if not self._pumped():
                self.switch_off()
                self._warm_up()
                self._order("ON", self._pumped, _RAMP_MAX)
            self._wait_for_lock()
            self._opened = self.clock.now()
            self._order("SHUT 1", lambda: self.shutter_open, _SHUTTER_MAX)
            self.clock.sleep(self.settle_time)
            if not self.emission:
                raise DeviceFault(self.name, "the pump has gone off")
        except DeviceFault as error:
            raise DeviceFault(self.name, f"no light: {error.problem}") from error

    def _warm_up(self) -> None:
        if self.warmed_up == 0:
            self._order("ON", lambda: self.warmed_up > 0, _OFF_MAX)
        # ON is refused until then
        if not self.wait_for(lambda: self.warmed_up >= 100, _WARM_UP_MAX, _PAUSE):
            raise DeviceFault(self.name, f"warmed up to {self.warmed_up:g} % after {_WARM_UP_MAX:g} s")

    def _wait_for_lock(self) -> None:
        if not self.wait_for(lambda: self.mode_locked, _LOCK_MAX, _PAUSE):
            raise DeviceFault(self.name, f"no mode lock within {_LOCK_MAX:g} s at {self.wavelength:g} nm")

    def _go_dark(self) -> None:
        self.write("SHUT 0")
        self.clock.sleep(self._opened + _SHUTTER_LATE - self.clock.now())
        if not self.wait_for(lambda: not self.shutter_open, _SHUTTER_MAX, _PAUSE):
            raise DeviceFault(
                self.name,
                f"the shutter is still open after it was told to close; use the key switch ({_LOCAL})",
            )

    def _disarm(self) -> None:
        self.write("OFF")
        if not self.wait_for(lambda: not self._pumped(), _OFF_MAX, _PAUSE):
            raise DeviceFault(self.name, f"the pump is still on after OFF; use the key switch ({_LOCAL})")

    # -- messages ---------------------------------------------------------------------------------

    def _order(self, command: str, obeyed: Callable[[], bool], maximum: float) -> None:
        """Send a command, which is not answered, and look whether it is obeyed.

        :raises DeviceFault: it is refused, or silently ignored
        """
        with self.lock:
            self.write(command)
            self.check_errors()
        if not self.wait_for(obeyed, maximum, _PAUSE):
            self.check_errors()
            raise DeviceFault(self.name, f"'{command}' had no effect within {maximum:g} s; {_LOCAL}")

    def _value(self, question: str, unit: str, optional: bool = False) -> float:
        """A number with its unit."""
        answer = self.ask(question)
        match = re.fullmatch(rf"\s*(\d+(?:\.\d*)?)\s*({unit})?\s*", answer, re.IGNORECASE)
        if match is None or not (match[2] or optional):
            raise self.wrong_answer(question, answer)
        return float(match[1])
