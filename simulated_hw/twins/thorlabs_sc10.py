"""Twin of the Thorlabs SC10 shutter controller with an SH05-like shutter in the excitation beam.

Commands from the SC10 manual 8654-D02, framing from public drivers. Assumed where these are silent: an open
interlock closes the shutter and clears the enable, which then cannot be set; with the external trigger a
sequence starts at :meth:`SC10Twin.trigger`; the enable is cleared at the end of a sequence and by a change of
mode; a key that is turned off takes the power away, and settings that were not saved.
"""

from __future__ import annotations

import math

from antistokes.instruments.records import NonNegative

from ..prompted import PromptedTwin, PromptSettings, whole
from ..twin import answers

_MANUAL, _AUTO, _SINGLE, _REPEAT, _GATE = 1, 2, 3, 4, 5
#: settings: factory value, least, most
_RANGES = {
    "mode": (_MANUAL, _MANUAL, _GATE),
    "open": (500, 0, 999999),  # ms
    "shut": (500, 0, 999999),
    "rep": (1, 1, 99),
    "trig": (0, 0, 1),
    "xto": (0, 0, 1),
    "baud": (0, 0, 1),
}
_SAVED_BY_SAVE = ("mode", "trig", "xto", "baud")
_BY_ITSELF = (_AUTO, _SINGLE, _REPEAT)  # opens and closes
_QUESTIONS = ("id?", "ens?", *(f"{name}?" for name in _RANGES), "closed?", "interlock?")
_COMMANDS = ("ens", *(f"{name}=n" for name in _RANGES), "save", "savp", "resp", "default")


class SC10Settings(PromptSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    #: from a command to the blade's new position
    move_s: NonNegative = 0.008


class _Blade:
    """What the beam sees."""

    def __init__(self, twin: SC10Twin) -> None:
        self._twin = twin

    def transmission(self, wavelength: float) -> float:
        return float(self._twin.blade_is_open())


class SC10Twin(PromptedTwin):
    """Opens and closes the excitation beam."""

    model = "Thorlabs SC10"
    Settings = SC10Settings
    settings: SC10Settings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.saved = {name: factory for name, (factory, _, _) in _RANGES.items()}
        self.values = dict(self.saved)
        #: the blade is stuck where it is
        self.stuck: bool | None = None
        self._interlock_open = False
        self._key_on = True
        self._gate_high = False
        self._enabled = False
        # from when to when the blade follows what the mode says
        self._start, self._stop = math.inf, math.inf
        self.shutter = _Blade(self)
        self.bench.shutters[self.name] = self.shutter

    # -- what a person, or another device, does to it -----------------------------------------------

    @property
    def interlock_open(self) -> bool:
        """The interlock circuit is interrupted."""
        return self._interlock_open

    @interlock_open.setter
    def interlock_open(self, is_open: bool) -> None:
        self._interlock_open = is_open
        if is_open:
            self._disable()

    @property
    def key_on(self) -> bool:
        """The key switch gives it power."""
        return self._key_on

    @key_on.setter
    def key_on(self, on: bool) -> None:
        self._disable()
        self._key_on = on
        self.values = dict(self.saved)
        self.discard()

    @property
    def gate_high(self) -> bool:
        """Level at the trigger input, which mode 5 follows."""
        return self._gate_high

    @gate_high.setter
    def gate_high(self, high: bool) -> None:
        self._gate_high = high
        if self.values["mode"] == _GATE and self._enabled:
            self._begin() if high else self._end()

    def trigger(self) -> None:
        """A pulse at the trigger input."""
        if self.values["trig"] and self.enabled() and self.values["mode"] != _GATE:
            self._begin()

    # -- what is so now -----------------------------------------------------------------------------

    def blade_is_open(self) -> bool:
        """Does light pass?"""
        return self._told(self.clock.now() - self.settings.move_s) if self.stuck is None else self.stuck

    def enabled(self) -> bool:
        """Is the enable set? The end of a sequence clears it."""
        if self.values["mode"] in (_SINGLE, _REPEAT):
            end = self._start + (self._times() - 1) * self._period() + self.values["open"] / 1000
            self._enabled = self._enabled and self.clock.now() < end
        return self._enabled

    def _told(self, time: float) -> bool:
        """What the blade is told to be at *time*."""
        if not self._start <= time < self._stop:
            return False
        if self.values["mode"] not in _BY_ITSELF:
            return True
        cycle, within = divmod(time - self._start, self._period())
        return cycle < self._times() and within < self.values["open"] / 1000

    def _times(self) -> float:
        return {_AUTO: math.inf, _REPEAT: self.values["rep"]}.get(self.values["mode"], 1)

    def _period(self) -> float:
        return max(1, self.values["open"] + self.values["shut"]) / 1000

    def _begin(self) -> None:
        self._start, self._stop = self.clock.now(), math.inf

    def _end(self) -> None:
        self._stop = min(self._stop, self.clock.now())

    def _disable(self) -> None:
        self._enabled = False
        self._end()

    # -- the wire -----------------------------------------------------------------------------------

    def feed(self, data: bytes, end: bool = False) -> None:
        if self._key_on:
            super().feed(data, end)

    @answers(r"id\?|\*idn\?")
    def identify(self) -> str:
        return "THORLABS SC10 VERSION 1.07"

    @answers(r"\?")
    def list_commands(self) -> str:
        return "\r".join((*_COMMANDS, *_QUESTIONS))

    @answers("ens")
    def toggle(self) -> None:
        if self.enabled():
            self._disable()
        elif not self._interlock_open:
            self._enabled = True
            # otherwise it waits for its trigger
            self._start = math.inf
            if self._gate_high if self.values["mode"] == _GATE else not self.values["trig"]:
                self._begin()

    @answers(r"ens\?")
    def get_enabled(self) -> str:
        return str(int(self.enabled()))

    @answers(r"closed\?")
    def get_closed(self) -> str:
        return str(int(not self.blade_is_open()))

    @answers(r"interlock\?")
    def get_interlock(self) -> str:
        return str(int(self._interlock_open))

    @answers(rf"({'|'.join(_RANGES)})\?")
    def get_value(self, name: str) -> str:
        return str(self.values[name])

    @answers(rf"({'|'.join(_RANGES)})=(.*)")
    def set_value(self, name: str, text: str) -> None:
        _, low, high = _RANGES[name]
        value = whole(text, low, high)
        if name == "mode" and value != self.values["mode"]:
            self._disable()
        self.values[name] = value

    @answers("savp")
    def save(self) -> None:
        self.saved = dict(self.values)

    @answers("save")
    def save_modes(self) -> None:
        self.saved |= {name: self.values[name] for name in _SAVED_BY_SAVE}

    @answers("resp")
    def recall(self) -> None:
        self._disable()
        self.values = dict(self.saved)

    @answers("default")
    def restore(self) -> None:
        self._disable()
        self.values = {name: factory for name, (factory, _, _) in _RANGES.items()}
