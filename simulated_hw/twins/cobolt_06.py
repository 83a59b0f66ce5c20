"""Twin of a Hübner (Cobolt) 06-MLD or 06-DPL laser head.

Commands, answers and codes as the maker's Python package, public drivers and a log of a 488 nm head have
them. Assumed where they are silent: ``p`` and ``slc`` do not change the mode; while a start warms up the
operating mode is 0 (off); a start that is refused because of a fault is answered OK; a fault stays until it
is cleared or the key is turned; 1 V at the analogue input is full power; what ``ra?`` says but for the mode.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

from antistokes.instruments.records import NonNegative, Positive, Record

from ..twin import Answer, Twin

_OFF, _WAITS_FOR_KEY, _CONTINUOUS, _ON_OFF, _MODULATION, _FAULT, _ABORTED = range(7)
_CURRENT, _POWER, _MODULATED = range(3)
_INTERLOCK, _TIMED_OUT = 3, 4
_GATE = 1.5  # V
_AUTOSTART_TIME = 2.0  # s of an autostart that finds the head warm
_ILLEGAL = "illegal command"
_OTHER_NAMES = {"@cobasp": "p"}
_Question = Callable[[], str]


class Refusal(Exception):
    """What follows ``Syntax error:``."""


class Cobolt06Settings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    kind: Literal["MLD", "DPL"] = "MLD"
    wavelength_nm: Positive = 808.0
    rated_W: Positive = 0.15
    serial: str = "17706"
    #: a head with key switch (CDRH): every start waits until the key is turned
    key_needed: bool = False
    #: of the first start
    warm_up_s: NonNegative = 30.0
    threshold_mA: NonNegative = 40.0
    slope_W_per_A: Positive = 1.0
    #: time constant of the light after a new set-point of the power
    level_time_s: Positive = 0.05


class _Beam:
    """See :class:`~antistokes.simulated_hw.light_path.Source`."""

    def __init__(self, twin: Cobolt06Twin) -> None:
        self._twin = twin
        self.wavelength = twin.settings.wavelength_nm

    def power(self, volts: float = 0.0) -> float:
        return self._twin.light(volts)


class Cobolt06Twin(Twin):
    """Shines into the excitation path; a digital input gates it, an analogue one scales it."""

    model = "Cobolt 06"
    Settings = Cobolt06Settings
    settings: Cobolt06Settings
    terminator = b"\n"  # whatever line end comes, see feed
    answer_terminator = b"\r\n"

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        s = self.settings
        self.autostart = s.key_needed
        self.mode = _POWER
        self.on_off = False
        #: set-points by the command that sets them: W, mA, mW, flags, °C
        self.values = {"p": 0.0, "slc": 0.0, "sames": 0.0, "sdmes": 0.0, "@cobasdr": 0.0}
        most = {"p": s.rated_W, "slc": self._current(s.rated_W), "sames": 1, "sdmes": 1, "@cobasdr": 1}
        if s.kind == "MLD":
            self.values |= {"slmp": 0.0, "salis": 0.0}
            most |= {"slmp": 1000 * s.rated_W, "salis": 1}
        else:
            self.values |= {"smc": 0.0, "slth": 0.0, "stec4t": 25.0}
            most |= {"smc": most["slc"], "slth": most["slc"], "stec4t": 60}
        self._most = most
        self._fault = 0
        self._interlock_open = False
        self._aborted = False
        self._waits = s.key_needed
        self._started: float | None = None  # when the last start is over, if the head is warm by then
        self._warm_at: float | None = None  # s; the first start warms the head up
        self._before = (0.0, 0.0)  # W and the time of the last change
        self.bench.sources[self.name] = _Beam(self)
        self._questions = self._make_questions()
        self._actions = {
            "?": lambda: None,
            "l1": self._switch_on,
            "l0": self._stop,
            "@cob1": self._autostart,
            "@cob0": self._stop,
            "restart": self._autostart,
            "abort": self._abort,
            "cf": self._clear_fault,
            "cp": lambda: self._enter(_POWER),
            "ci": lambda: self._enter(_CURRENT),
            "em": lambda: self._enter(_MODULATED),
            "eoom": lambda: self._gate_on_off(True),
            "xoom": lambda: self._gate_on_off(False),
        }

    # -- what a person does -------------------------------------------------------------------------

    def turn_key(self) -> None:
        """Off and on again: faults whose cause is gone are forgotten, autostart begins."""
        self._clear_fault()
        self._stop()
        if self.settings.key_needed:
            self._start(_AUTOSTART_TIME)

    @property
    def interlock_open(self) -> bool:
        """The interlock circuit is interrupted."""
        return self._interlock_open

    @interlock_open.setter
    def interlock_open(self, is_open: bool) -> None:
        self._interlock_open = is_open
        if is_open:
            self.fail(_INTERLOCK)

    def fail(self, code: int) -> None:
        """A fault: 1 temperature, 3 interlock, 4 time-out of constant power. The light goes off."""
        self._stop()
        self._fault = code

    def trip_by_itself(self) -> None:
        """The power could not be kept constant; ``cf`` or the key forgets it."""
        self.fail(_TIMED_OUT)

    # -- what is so now -----------------------------------------------------------------------------

    def running(self) -> bool:
        """Is the start over, so that there is light where the set-points want it?"""
        return self._started is not None and self.clock.now() >= self._begin()

    def _begin(self) -> float:
        assert self._started is not None
        return max(self._started, self._warm_at or 0.0)

    def level(self) -> float:
        """W with all gates open; constant power is reached with a delay."""
        if not self.running():
            return 0.0
        if self.mode == _CURRENT:
            return self._emitted(self.values["slc"])
        if self.mode == _MODULATED:
            v = self.values
            return self._emitted(v["smc"]) if "smc" in v else v["slmp"] / 1000
        target = self.values["p"]
        before, since = self._before
        passed = self.clock.now() - max(since, self._begin())
        return target + (before - target) * math.exp(-passed / self.settings.level_time_s)

    def light(self, volts: float = 0.0) -> float:
        """W with *volts* at both inputs."""
        level = self.level()
        modulated = self.mode == _MODULATED
        if (modulated and self.values["sdmes"]) or self.on_off:
            level *= volts >= _GATE
        if modulated and self.values["sames"]:
            level *= min(max(volts, 0.0), 1.0)
        return level

    def mean_light(self) -> float:
        """W, what the monitor diode sees."""
        train = self.bench.pulses()
        if train is None:
            return self.light()
        high, low = self.light(train.high), self.light(train.low)
        return low + (high - low) * train.width / train.period

    def operating_mode(self) -> int:
        if self._fault:
            return _FAULT
        if self._aborted:
            return _ABORTED
        if not self.running():
            return _WAITS_FOR_KEY if self._waits else _OFF
        if self.on_off:
            return _ON_OFF
        return _MODULATION if self.mode == _MODULATED else _CONTINUOUS

    def _current(self, power: float) -> float:
        """mA that give *power* W."""
        return self.settings.threshold_mA + 1000 * power / self.settings.slope_W_per_A

    def _emitted(self, current: float) -> float:
        """W at a current in mA."""
        return max(0.0, current - self.settings.threshold_mA) * self.settings.slope_W_per_A / 1000

    # -- start and stop -----------------------------------------------------------------------------

    def _start(self, seconds: float) -> None:
        if self._fault:
            return
        now = self.clock.now()
        self._waits = False
        self._started = now + seconds
        self._before = (0.0, now)
        if self._warm_at is None:
            self._warm_at = now + self.settings.warm_up_s

    def _stop(self) -> None:
        self._started = None
        self._waits = self._aborted = False

    def _switch_on(self) -> None:
        if self.autostart:
            raise Refusal("not allowed in autostart mode.")
        self._stop()
        self._start(0.0)

    def _autostart(self) -> None:
        self._stop()
        if self.settings.key_needed:
            self._waits = True
        else:
            self._start(_AUTOSTART_TIME)

    def _abort(self) -> None:
        self._stop()
        self._aborted = True

    def _clear_fault(self) -> None:
        self._fault = _INTERLOCK if self._interlock_open else 0

    def _enter(self, mode: int) -> None:
        self._before = (self.level(), self.clock.now())
        self.mode = mode

    def _gate_on_off(self, on: bool) -> None:
        self.on_off = on

    # -- the wire -----------------------------------------------------------------------------------

    def feed(self, data: bytes, end: bool = False) -> None:
        super().feed(data.replace(b"\r", b"\n"), end)

    def respond(self, message: str) -> Answer:
        command, _, argument = message.strip().partition(" ")
        command = _OTHER_NAMES.get(command, command)
        try:
            if not command:
                return None
            if command in self._questions and not argument:
                return self._questions[command]()
            if command in self._actions and not argument:
                self._actions[command]()
            elif command == "@cobas":
                self.autostart = bool(self._number(argument, 1))
            elif command in self.values:
                self._set(command, self._number(argument, self._most[command]))
            else:
                raise Refusal(_ILLEGAL)
        except Refusal as refusal:
            return f"Syntax error: {refusal}"
        return "OK"

    def _number(self, text: str, most: float) -> float:
        try:
            value = float(text)
        except ValueError:
            raise Refusal(_ILLEGAL) from None
        if not 0 <= value <= most * (1 + 1e-9):
            raise Refusal("Value is out of range.")
        return value

    def _set(self, command: str, value: float) -> None:
        self._before = (self.level(), self.clock.now())
        self.values[command] = value

    def _make_questions(self) -> dict[str, _Question]:
        s, v = self.settings, self.values
        family = {"MLD": "01", "DPL": "91"}[s.kind]
        number = f"{s.wavelength_nm:04.0f}-06-{family}-{1000 * s.rated_W:04.0f}-100"
        questions: dict[str, _Question] = {
            "gsn?": lambda: s.serial,
            "sn?": lambda: s.serial,
            "glm?": lambda: number,
            "gcn?": lambda: f"Cobolt 06-{s.kind}",
            "gfv?": lambda: "1.7.18",
            "gfd?": lambda: "2020-01-20",
            "gfbd?": lambda: "Jan 20 2020",
            "hrs?": lambda: "828.98",
            "rbpt?": lambda: "27.5",
            "rtect?": lambda: "25.0",
            "@cobas?": lambda: f"{self.autostart:d}",
            # a key that is on; turn_key turns it off and on
            "@cobasks?": lambda: f"{s.key_needed:d}",
            "@cobasdr?": lambda: f"{v['@cobasdr']:.0f}",
            "l?": lambda: f"{self.running():d}",
            "p?": lambda: f"{v['p']:.4f}",
            "pa?": lambda: f"{self.mean_light():.4f}",
            "gmlp?": lambda: f"{1000 * s.rated_W:.6f}",
            "i?": lambda: f"{self._current_now():.1f}",
            "rlc?": lambda: f"{self._current_now():.1f}",
            "glc?": lambda: f"{v['slc']:.1f}",
            "gmlc?": lambda: f"{self._most['slc']:.1f}",
            "gam?": lambda: str(self.mode),
            "ra?": lambda: (
                f"{self._current_now():.1f} 25.0 27.5 0 0 {self.mean_light():.4f} {v['p']:.4f} {self.mode} "
                f"{self._fault}"
            ),
            "games?": lambda: f"{v['sames']:.0f}",
            "gdmes?": lambda: f"{v['sdmes']:.0f}",
            "ilk?": lambda: f"{self._interlock_open:d}",
            "f?": lambda: str(self._fault),
            "gom?": lambda: str(self.operating_mode()),
        }
        if s.kind == "MLD":
            return questions | {
                "glmp?": lambda: f"{v['slmp']:.4f}",
                "galis?": lambda: f"{v['salis']:.0f}",
            }
        return questions | {
            "gmc?": lambda: f"{v['smc']:.1f}",
            "glth?": lambda: f"{v['slth']:.1f}",
            "gtec4t?": lambda: f"{v['stec4t']:.2f}",
            "rtec4t?": lambda: f"{v['stec4t']:.2f}",
        }

    def _current_now(self) -> float:
        if not self.running():
            return 0.0
        if self.mode == _CURRENT:
            return self.values["slc"]
        light = self.mean_light()
        return self._current(light) if light else 0.0
