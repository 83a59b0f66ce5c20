"""Twin of the Montana Cryostation on the bench's cryostat: platform (stage), sample, heater, cooler.

Wire behaviour from the Communication Specification 1.9 as public drivers quote it. Assumed: the times, the
temperatures of the cooler's stages, that the platform heater only follows the set-point once the cooldown
has ended, that standby heats nothing, that stopping leaves the cooler as it is.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from antistokes.instruments.records import NonNegative, Positive, Record

from ..cryostat import Control, Cryostat, CryostatSettings
from ..twin import Answer, Handler, Twin, answers

_INVALID = "Error: Invalid command."
_ROOM_K = 295.0  # where a warm-up ends
_FULL_POWER = 10.0  # W, the most the platform heater gives
_AIR, _VACUUM = 760000.0, 0.5  # mTorr
_WINDOW = 60.0  # s, for the stability


class CryostationSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    cryostat: CryostatSettings = CryostatSettings()
    #: standard deviation of one reading
    noise_K: NonNegative = 0.002
    #: begins at the end of a cooldown instead of warm and at rest
    cold: bool = False
    #: s to pump the chamber, then to cool the stages
    pump_s: Positive = 600.0
    cooldown_s: Positive = 3600.0
    #: its computer writes numbers with a comma
    decimal_comma: bool = False
    #: a fault is shown on its screen; nothing can be started
    alarm: bool = False
    #: questions answered by "not available"
    not_available: tuple[str, ...] = ("GUT", "GUS")


def command(name: str) -> Callable[[Handler], Handler]:
    """Mark a handler by a command; it gets the text after it, a blank between is optional."""
    return answers(rf"(?i){name}\s*([-+0-9.,e]*)")


def asked(name: str) -> Callable[[Handler], Handler]:
    """Mark a handler by a question."""
    return answers(rf"(?i)({name})\s*")


class CryostationTwin(Twin):
    """Cools and heats the cryostat, which it brings into the world."""

    model = "Montana Cryostation"
    Settings = CryostationSettings
    settings: CryostationSettings
    latency = 10e-3

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: what runs: "", "cooldown", "standby" or "warmup"
        self.running = ""
        self.setpoint = self.settings.cryostat.start_K
        #: K of W/K, F in Hz, T in s
        self.pid = {"K": 5.0, "F": 0.02, "T": 0.0}
        self.by_hand: float | None = None  # W set by hand
        self._magnet = False
        self._history: deque[tuple[float, float, float]] = deque()
        #: when the cooler was switched on; None while it is off
        self._cooling_since: float | None = None
        control = Control(setpoint=self.setpoint, full_power=0.0)
        self.cryostat = Cryostat(self.clock, self._surroundings(), control)
        self.bench.thermostat = self
        if self.settings.cold:
            self.running = "cooldown"
            self._cooling_since = self.clock.now() - self.settings.pump_s - self.settings.cooldown_s
            control = Control(**self._control())
            self.cryostat = Cryostat(self.clock, self.settings.cryostat, control)

    def sample_temperature(self) -> float:
        """For the bench, in K."""
        self._advance()
        return self.cryostat.sample

    # -- messages ---------------------------------------------------------------------------------

    def next_message(self, end: bool) -> bytes | None:
        """Two digits, then as many bytes; line ends between messages are no part of them."""
        inbox = self._inbox
        del inbox[: len(inbox) - len(inbox.lstrip(b"\r\n"))]
        head = bytes(inbox[:2])
        length = 2 + int(head) if len(head) == 2 and head.isdigit() else 0
        if length and len(inbox) >= length:
            message = bytes(inbox[2:length])
            del inbox[:length]
            return message
        if inbox and (end or not head.isdigit()):  # nothing that could become a message
            inbox.clear()
            return b"?"
        return None

    def respond(self, message: str) -> Answer:
        self._advance()
        answer = str(super().respond(message.strip()))
        return f"{len(answer):02d}{answer}".encode("latin-1")

    def unknown(self, message: str) -> Answer:
        return _INVALID

    def _show(self, value: float, decimals: int) -> str:
        text = f"{value:.{decimals}f}"
        return text.replace(".", ",") if self.settings.decimal_comma else text

    def _parse(self, text: str, low: float, high: float) -> float | None:
        """A number as its computer reads it: the other mark separates thousands."""
        if self.settings.decimal_comma:
            text = text.replace(".", "").replace(",", ".")
        else:
            text = text.replace(",", "")
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text, re.IGNORECASE):
            return None
        return value if low <= (value := float(text)) <= high else None

    # -- readings ---------------------------------------------------------------------------------

    @asked("GPT|GST|GUT")
    def temperature(self, name: str) -> str:
        kelvin = self.cryostat.stage if name.upper() == "GPT" else self.cryostat.sample
        return self._reading(name, kelvin + self._noise(), 3)

    @asked("GS1T|GS2T")
    def stage_temperature(self, name: str) -> str:
        end = self.settings.cryostat.bath_K + (26.0 if name[2] == "1" else -0.5)
        room = self.settings.cryostat.surroundings_K
        return self._reading(name, room + (end - room) * self._cooled() + self._noise(), 2)

    @asked("GPS|GSS|GUS")
    def stability(self, name: str) -> str:
        """The spread over the last minute; not available sooner than after 10 s."""
        kelvins = [stage if name.upper() == "GPS" else sample for _, stage, sample in self._history]
        seen = self._history[-1][0] - self._history[0][0] if self._history else 0.0
        spread = max(kelvins) - min(kelvins) if seen >= 10 else -0.1
        return self._reading(name, spread, 5)

    @asked("GPHP")
    def heater_power(self, name: str) -> str:
        return self._reading(name, self.cryostat.percent / 100 * _FULL_POWER, 3)

    @asked("GS1HP")
    def stage_heater_power(self, name: str) -> str:
        return self._reading(name, 0.0, 3)

    @asked("GCP")
    def chamber_pressure(self, name: str) -> str:
        if self._cooling_since is None:
            return self._reading(name, _AIR, 1)
        pumped = min((self.clock.now() - self._cooling_since) / self.settings.pump_s, 1.0)
        return self._reading(name, _AIR * (_VACUUM / _AIR) ** pumped, 1)

    @asked("GAS")
    def alarm_state(self, _: str) -> str:
        return "T" if self.settings.alarm else "F"

    def _reading(self, name: str, value: float, decimals: int) -> str:
        return self._show(-0.1 if name.upper() in self.settings.not_available else value, decimals)

    def _noise(self) -> float:
        return float(self.settings.noise_K * self.rng.standard_normal())

    # -- set-points -------------------------------------------------------------------------------

    @asked("GTSP")
    def get_setpoint(self, _: str) -> str:
        return self._show(self.setpoint, 2)

    @command("STSP")
    def set_setpoint(self, text: str) -> str:
        value = self._parse(text, 2, 350)
        if value is None:
            return "Error: Invalid set point"
        self.setpoint = round(value, 2)
        self.by_hand = None
        self._adjust()
        return f"OK, Temperature Set Point = {self._show(self.setpoint, 2)}"

    @command("SPHP")
    def set_heater_power(self, text: str) -> str:
        value = self._parse(text, 0, _FULL_POWER)
        if value is None:
            return "Error: Invalid heater power"
        self.by_hand = value
        self._adjust()
        return f"OK, Platform Heater Power Set Point = {self._show(value, 4)}"

    @answers(r"(?i)GPID([KFT])\s*")
    def get_pid(self, letter: str) -> str:
        return self._show(self.pid[letter.upper()], 3)

    @answers(r"(?i)SPID([KFT])\s*([-+0-9.,e]*)")
    def set_pid(self, letter: str, text: str) -> str:
        value = self._parse(text, 0.001 if letter in "Kk" else 0, 100)
        if value is None:
            return "Error: Invalid PID parameter"
        self.pid[letter.upper()] = value
        return self._pid_changed()

    @command("RPID")
    def reset_pid(self, _: str) -> str:
        self.pid = {"K": 5.0, "F": 0.02, "T": 0.0}
        return self._pid_changed()

    def _pid_changed(self) -> str:
        self._adjust()
        gain, frequency, time = (self._show(self.pid[letter], 3) for letter in "KFT")
        return f"OK, Gain = {gain}, Freq = {frequency}, Time = {time}"

    @answers(r"(?i)(?:GMS|GMTF|SME|SMD|SMTF.*)")
    def magnet(self) -> str:
        return "System not able to execute command at this time. Activate the magnet module first. "

    # -- what runs --------------------------------------------------------------------------------

    @command("SCD")
    def start_cooldown(self, _: str) -> str:
        return self._start("cooldown", self.running != "cooldown")

    @command("SSB")
    def start_standby(self, _: str) -> str:
        return self._start("standby", self.running != "standby" and self._cooled() == 1)

    @command("SWU")
    def start_warmup(self, _: str) -> str:
        return self._start("warmup", self.running != "warmup" and self._cooling_since is not None)

    @command("STP")
    def stop(self, _: str) -> str:
        if not self.running:
            return "System not able to stop at this time"
        self.running = ""
        self._adjust()
        return "OK"

    def _start(self, what: str, possible: bool) -> str:
        if not possible or self.settings.alarm:
            return f"System not able to {what} at this time"
        self.running, self.by_hand = what, None
        self._cool(what != "warmup")
        self._adjust()
        return "OK"

    def _cool(self, on: bool) -> None:
        """Switch the cooler: without it the stage slowly takes the temperature of the surroundings."""
        if on == (self._cooling_since is not None):
            return
        self._cooling_since = self.clock.now() if on else None
        old = self.cryostat
        settings = self.settings.cryostat if on else self._surroundings()
        self.cryostat = Cryostat(self.clock, settings, replace(old.control, full_power=0.0))
        self.cryostat.stage, self.cryostat.sample = old.stage, old.sample

    def _surroundings(self) -> CryostatSettings:
        settings = self.settings.cryostat
        return CryostatSettings(
            **{name: getattr(settings, name) for name in settings.__struct_fields__}
            | {"bath_K": settings.surroundings_K}
        )

    def _cooled(self) -> float:
        """How much of the cooldown is done, 0 to 1."""
        if self._cooling_since is None:
            return 0.0
        done = self.clock.now() - self._cooling_since - self.settings.pump_s
        return min(max(done / self.settings.cooldown_s, 0.0), 1.0)

    def _advance(self) -> None:
        self.cryostat.advance()
        if self.cryostat.control != Control(**self._control()):
            self._adjust()
        if self.running == "warmup" and self.cryostat.stage >= _ROOM_K - 0.5:
            self.running = ""
            self._adjust()
        now = self.clock.now()
        if not self._history or now - self._history[-1][0] >= 1:
            self._history.append((now, self.cryostat.stage, self.cryostat.sample))
        while now - self._history[0][0] > _WINDOW:
            self._history.popleft()

    def _adjust(self) -> None:
        self.cryostat.adjust(**self._control())

    def _control(self) -> dict[str, Any]:
        """What the heater does."""
        holds = self.running == "warmup" or (self.running == "cooldown" and self._cooled() == 1)
        by_hand = self.by_hand is not None
        return {
            "setpoint": _ROOM_K if self.running == "warmup" else self.setpoint,
            "full_power": _FULL_POWER if holds or by_hand else 0.0,
            "p": 100 * self.pid["K"] / _FULL_POWER,
            "i": 1000 * self.pid["F"],
            "d": self.pid["T"],
            "manual": 100 * (self.by_hand or 0.0) / _FULL_POWER,
            "closed": not by_hand,
        }
