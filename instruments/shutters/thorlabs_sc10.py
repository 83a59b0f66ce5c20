"""Thorlabs SC10 controller of a beam shutter (SH05, SH1).

Source: SC10 manual 8654-D02, command table; public drivers for the framing. Read on the safe side where
these are silent: a tripped interlock may clear the enable or leave it set; ``closed?`` is believed, not
``ens?``, and where no light may pass both must say so. Assumed: another mode clears the enable.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.instruments import Instrument
from pyvisa.constants import Parity, StopBits

from ..device import Limit
from ..errors import BadAnswer, DeviceFault, DeviceTimeout
from ..light_switch import LightSwitch
from ..prompted import PromptedInstrument
from ..roles import Shutter

_MODES = {"manual": 1, "auto": 2, "single": 3, "repeat": 4, "external gate": 5}
_MOVE_MAX = 1.0  # s for the blade
_PAUSE = 0.01  # s between questions while it moves


class SC10Shutter(LightSwitch, PromptedInstrument):
    """Thorlabs SC10. Fulfils :class:`~antistokes.instruments.roles.Shutter`.

    Opening the connection changes nothing. Setting :attr:`is_open` puts the controller into manual mode
    with its internal trigger, where the blade follows the enable.
    """

    MODEL = "Thorlabs SC10"
    INTERFACES = ("RS-232",)
    VERIFIED = (
        "Against its twin, on which InstrumentKit's driver ran too where the prompt has no blank; not on a "
        "device, and what a tripped interlock does to the enable is assumed."
    )
    ROLES = (Shutter,)
    IDN_WORDS = ("SC10",)
    NAME_QUESTION = "id?"
    CONNECTION: ClassVar[dict[str, Any]] = {
        "timeout": 2000,
        "asrl": {"baud_rate": 9600, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {
        "open_time": Limit(0.001, 999.999, "s"),
        "shut_time": Limit(0.001, 999.999, "s"),
        "repeats": Limit(1, 99, "times"),
    }
    SNAPSHOT = ("is_open", "mode", "interlock_tripped", "open_time", "shut_time", "repeats")

    settle_time = 0.0

    mode = Instrument.measurement(
        "mode?",
        "Get what an enabled shutter does: manual, auto, single, repeat or external gate.",
        values=_MODES,
        map_values=True,
        cast=int,
        values_kwargs={"known": _MODES.values()},
    )

    open_time = Instrument.control(
        "open?",
        "open=%d",
        "Control how long it stays open in the modes that open by themselves, in s.",
        set_process=lambda seconds: round(seconds * 1000),
        get_process=lambda milliseconds: milliseconds / 1000,
    )

    shut_time = Instrument.control(
        "shut?",
        "shut=%d",
        "Control how long it stays shut in the modes that open by themselves, in s.",
        set_process=lambda seconds: round(seconds * 1000),
        get_process=lambda milliseconds: milliseconds / 1000,
    )

    repeats = Instrument.control(
        "rep?", "rep=%d", "Control how many times it opens in the mode repeat (times).", cast=int
    )

    @property
    def interlock_tripped(self) -> bool:
        """Get whether the interlock is open."""
        return self._flag("interlock?")

    @property
    def is_open(self) -> bool:
        """Control whether light passes; returns when the blade has moved. It is closed when opening fails.

        :raises DeviceFault: the interlock is open, or the blade does not move
        """
        return not self._flag("closed?")

    @is_open.setter
    def is_open(self, wanted: bool) -> None:
        with self.lock:
            self.switch(wanted)

    def make_safe(self) -> None:
        """Close it."""
        with self.lock:
            self.switch_off()

    def switch_off(self) -> None:
        try:
            super().switch_off()
        except (BadAnswer, DeviceTimeout):
            # it may hear what it does not answer; unseen, the toggle could open it
            self.tell(f"mode={_MODES['single']}")
            raise

    def _light_up(self) -> None:
        self._refuse_tripped()
        self._choose_manual()
        self._enable(True)
        self._confirm(True)

    def _go_dark(self) -> None:
        # a cycle that ends just before the toggle makes that open it: then it is not confirmed
        self._enable(False)
        self._confirm(False)

    def _refuse_tripped(self) -> None:
        if self.interlock_tripped:
            raise DeviceFault(self.name, "the interlock is open: the shutter stays closed")

    def _choose_manual(self) -> None:
        if self.mode != "manual" or self._flag("trig?"):
            self._enable(False)
            self.write("mode=1")
            self.write("trig=0")

    def _enable(self, wanted: bool) -> None:
        """``ens`` toggles."""
        if self._flag("ens?") != wanted:
            self.write("ens")

    def _confirm(self, wanted: bool) -> None:
        if self.wait_for(lambda: self.is_open == wanted and self._flag("ens?") == wanted, _MOVE_MAX, _PAUSE):
            return
        if wanted:
            self._refuse_tripped()
        word = "open" if wanted else "closed"
        raise DeviceFault(
            self.name, f"is not {word} {_MOVE_MAX:g} s after it was told to be (mode {self.mode})"
        )
