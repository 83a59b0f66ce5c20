"""Twin of the MercuryiTC on the bench's cryostat: MB1.T1 (stage), DB6.T1 (sample), heater MB0.H1.

Wire behaviour from the operator's manual (see the nouns) and public drivers. Assumed: P is a gain in % of
full power per K, full power is VLIM²/RES, an output in % is one of power. As on the device, a loop that is
switched off holds its last output until HSET is set. Gas flow and level boards answer and do nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from antistokes.instruments.records import NonNegative, Record

from ..cryostat import Control, Cryostat, CryostatSettings
from ..twin import Answer, Twin
from .oxford_mercuryitc_nouns import NOUNS, Noun, below, walk

_STAGE, _SAMPLE, _HEATER = "MB1.T1", "DB6.T1", "MB0.H1"
_PARTS = {_STAGE: "TEMP", _HEATER: "HTR", _SAMPLE: "TEMP", "DB4.G1": "AUX", "DB5.L1": "LVL"}
#: a silicon diode, falling
_DIODE_K = (1.0, 10.0, 25.0, 77.0, 300.0, 500.0)
_EXCITATION_MA = 0.01  # whatever is set
_DIODE_MV = (1650.0, 1420.0, 1110.0, 1020.0, 560.0, 91.0)


class MercuryITCSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    serial: str = "132750010"
    cryostat: CryostatSettings = CryostatSettings()
    #: standard deviation of one reading
    noise_K: NonNegative = 0.002
    #: what a sensor out of order answers instead of a temperature, e.g. ``{ "DB6.T1" = "N/A" }``
    sensor_faults: dict[str, str] = {}
    heater: Literal["ok", "open", "short"] = "ok"
    #: somebody has taken control at the front panel: nothing can be set
    locked: bool = False


class MercuryITCTwin(Twin):
    """Measures and heats the cryostat, which it brings into the world."""

    model = "Oxford MercuryiTC"
    Settings = MercuryITCSettings
    settings: MercuryITCSettings
    latency = 20e-3

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        start = self.settings.cryostat.start_K
        self.values: dict[tuple[str, str], Any] = {
            (uid, name): noun.start
            for uid, kind in [("SYS", "SYS"), *_PARTS.items()]
            for name, noun in NOUNS[kind].items()
        }
        self.values |= {(uid, "NICK"): uid for uid in _PARTS}
        self.values |= {(uid, "LOOP:TSET"): start for uid in (_STAGE, _SAMPLE)}
        self.values |= {(_STAGE, "LOOP:HTR"): _HEATER, (_SAMPLE, "LOOP:HTR"): "None"}
        self.values[_STAGE, "LOOP:ENAB"] = "ON"
        self.values["SYS", "MAN:SERL"] = self.settings.serial
        self._live: dict[tuple[str, str], Callable[[str], str]] = {
            ("SYS", "TIME"): lambda _: f"{self.clock.date():%H:%M:%S}",
            ("SYS", "DATE"): lambda _: f"{self.clock.date():%Y:%m:%d}",
            ("SYS", "CAT"): lambda _: ":".join(f"DEV:{uid}:{kind}" for uid, kind in _PARTS.items()),
            ("SYS", "ALRM"): lambda _: "".join(f"{part}\t{text};" for part, text in self._alarms()),
            ("TEMP", "SIG:TEMP"): self._reading(lambda kelvin: f"{kelvin:.4f}K"),
            ("TEMP", "SIG:VOLT"): self._reading(lambda kelvin: f"{_millivolts(kelvin):.4f}mV"),
            ("TEMP", "SIG:CURR"): lambda uid: f"{self.values[uid, 'EXCT:MAG']:.4f}uA",
            ("TEMP", "SIG:RES"): self._reading(lambda kelvin: f"{_millivolts(kelvin) / _EXCITATION_MA:.4f}O"),
            ("TEMP", "SIG:SLOP"): self._reading(_slope),
            ("TEMP", "LOOP:TSET"): lambda uid: f"{self._aim(uid):.4f}K",
            ("TEMP", "LOOP:HSET"): lambda uid: f"{self._output(uid):.4f}",
            ("HTR", "SIG:VOLT"): lambda _: f"{math.sqrt(self._power() * self._ohms()):.4f}V",
            ("HTR", "SIG:CURR"): lambda _: f"{math.sqrt(self._power() / self._ohms()):.4f}A",
            ("HTR", "SIG:POWR"): lambda _: f"{self._power():.4f}W",
        }
        self.cryostat = Cryostat(self.clock, self.settings.cryostat, Control(**self._control()))
        self.bench.thermostat = self.cryostat

    # -- messages ---------------------------------------------------------------------------------

    def respond(self, message: str) -> Answer:
        """Answer one line; keywords are in capitals, an ISOBUS address before them is optional."""
        self.cryostat.advance()
        message = message.strip()
        if message[:1] == "@" and message[1:2].isdecimal():
            message = message[2:]
        if not message:
            return None
        if message == "*IDN?":
            firmware = self.values["SYS", "MAN:FVER"]
            return f"IDN:OXFORD INSTRUMENTS:MERCURY ITC:{self.settings.serial}:{firmware}"
        verb, *words = message.removesuffix("?").split(":")
        if verb not in ("READ", "SET"):
            return f"{verb}:INVALID"
        head = ["STAT"] if verb == "READ" else ["STAT", "SET"]
        where, refusal = self._address(words)
        if refusal:
            return ":".join([*head, *where, refusal])
        uid, kind = where[1:] if where[0] == "DEV" else ("SYS", "SYS")
        rest = self._read(uid, kind, words) if verb == "READ" else self._set(uid, kind, words)
        return ":".join([*head, *where, *rest])

    @staticmethod
    def _address(words: list[str]) -> tuple[list[str], str]:
        """Take the part a message is about off its *words*; also why there is none."""
        where = [words.pop(0)] if words else []
        if where == ["SYS"]:
            return where, ""
        if where != ["DEV"]:
            return where, "INVALID"
        where += [words.pop(0).strip() for _ in range(min(2, len(words)))]
        if len(where) < 3:
            return where, "INVALID"
        _, uid, kind = where
        if uid not in _PARTS:
            return where, "NOT_FOUND"
        return where, "" if kind == _PARTS[uid] else "N/A" if kind in NOUNS else "INVALID"

    def _read(self, uid: str, kind: str, words: list[str]) -> list[str]:
        answer: list[str] = []
        name = ":"
        for word, name, _ in walk(NOUNS[kind], words):
            answer.append(word)
            if not name or (name in NOUNS[kind] and not NOUNS[kind][name].fields):
                return [*answer, "N/A" if answer[-2:-1] == ["SIG"] else "INVALID"]
            if name in NOUNS[kind]:
                answer.append(self._show(uid, kind, name))
        return answer + self._list(uid, kind, name.removeprefix(":")) if name.endswith(":") else answer

    def _list(self, uid: str, kind: str, group: str) -> list[str]:
        """Everything in a group, names of groups within said once."""
        answer: list[str] = []
        said = ""
        for full in below(NOUNS[kind], group):
            if not NOUNS[kind][full].fields:
                continue
            inner, _, name = full.removeprefix(group).rpartition(":")
            answer += [inner] if inner and inner != said else []
            answer += [name, self._show(uid, kind, full)]
            said = inner
        return answer

    def _show(self, uid: str, kind: str, name: str) -> str:
        if live := self._live.get((kind, name)):
            return live(uid)
        return NOUNS[kind][name].kind.show(self.values[uid, name])

    def _set(self, uid: str, kind: str, words: list[str]) -> list[str]:
        """Each setting is echoed with its own verdict; what is valid takes effect, what is not does not."""
        answer: list[str] = []
        name = ""
        for word, name, rest in walk(NOUNS[kind], words):
            answer.append(word)
            if noun := NOUNS[kind].get(name):
                value = [rest.pop(0) for _ in range(min(noun.fields, len(rest)))]
                answer += [*value, self._verdict(uid, kind, name, noun, ":".join(value))]
        return answer if name in NOUNS[kind] else [*answer, "INVALID"]

    def _verdict(self, uid: str, kind: str, name: str, noun: Noun, text: str) -> str:
        if self.settings.locked or (name == "USER" and text == "ENG"):
            return "DENIED"
        if not noun.writable:
            return "INVALID"
        if not noun.fields:
            self.values |= {(uid, "LOOP:ENAB"): "OFF" for uid in (_STAGE, _SAMPLE)}
            self.values |= {(uid, "LOOP:HSET"): 0.0 for uid in (_STAGE, _SAMPLE)}
        elif (value := noun.kind.read(text)) is None or not self._store(uid, kind, name, value):
            return "INVALID"
        self.cryostat.adjust(**self._control())
        return "VALID"

    def _store(self, uid: str, kind: str, name: str, value: Any) -> bool:
        if name == "LOOP:HTR":
            if value not in (_HEATER, self.values[_HEATER, "NICK"], "None", "0"):
                return False
            if value not in ("None", "0"):  # a heater serves one loop
                self.values |= {(other, name): "None" for other in (_STAGE, _SAMPLE)}
            else:
                value = "None"
        elif name == "LOOP:ENAB" and value == "OFF" and self.values[uid, name] == "ON":
            self.values[uid, "LOOP:HSET"] = self._output(uid)
        elif kind == "HTR" and name.startswith("SIG:"):
            power = value**2 / self._ohms() if name == "SIG:VOLT" else value
            full = self._full_power()
            if power > full * (1 + 1e-9):
                return False
            if heated := self._heated():
                self.values[heated, "LOOP:HSET"] = 100 * power / full if full else 0.0
            return True
        self.values[uid, name] = value
        return True

    # -- what the settings mean for the cryostat --------------------------------------------------

    def _heated(self) -> str:
        """Sensor whose loop has the heater; empty: none."""
        loops = [uid for uid in (_STAGE, _SAMPLE) if self.values[uid, "LOOP:HTR"] != "None"]
        return loops[0] if loops else ""

    def _control(self) -> dict[str, Any]:
        uid = self._heated()
        loop = {name: self.values[uid or _STAGE, f"LOOP:{name}"] for name in ("TSET", "HSET", "P", "I", "D")}
        on = bool(uid) and self.values[uid, "LOOP:ENAB"] == "ON"
        rate = self.values[uid, "LOOP:RSET"] if uid and self.values[uid, "LOOP:RENA"] == "ON" else math.inf
        works = uid and self.settings.heater == "ok" and not (on and uid in self.settings.sensor_faults)
        return {
            "setpoint": loop["TSET"],
            "full_power": self._full_power() if works else 0.0,
            "p": loop["P"],
            "i": 1000 / (60 * loop["I"]) if loop["I"] else 0.0,
            "d": 60 * loop["D"],
            "manual": 0.0 if on else loop["HSET"],
            "closed": on,
            "rate": rate / 60 if math.isfinite(rate) else 0.0,
            "on_sample": uid == _SAMPLE,
        }

    def _ohms(self) -> float:
        return float(self.values[_HEATER, "RES"])

    def _full_power(self) -> float:
        """W at 100 %; the board delivers 80 W at most."""
        return min(float(self.values[_HEATER, "VLIM"]) ** 2 / self._ohms(), 80.0)

    def _power(self) -> float:
        return self.cryostat.percent / 100 * self.cryostat.control.full_power

    def _output(self, uid: str) -> float:
        on = self.values[uid, "LOOP:ENAB"] == "ON"
        return self.cryostat.percent if on and uid == self._heated() else self.values[uid, "LOOP:HSET"]

    def _aim(self, uid: str) -> float:
        """During a ramp the set-point on its way."""
        return self.cryostat.aim if uid == self._heated() else self.values[uid, "LOOP:TSET"]

    def _reading(self, show: Callable[[float], str]) -> Callable[[str], str]:
        def reading(uid: str) -> str:
            if uid in self.settings.sensor_faults:
                return self.settings.sensor_faults[uid]
            kelvin = self.cryostat.stage if uid == _STAGE else self.cryostat.sample
            return show(kelvin + self.settings.noise_K * self.rng.standard_normal())

        return reading

    def _alarms(self) -> list[tuple[str, str]]:
        alarms = [(uid, "Open Circuit") for uid in self.settings.sensor_faults]
        if self.settings.heater != "ok":
            alarms.append((_HEATER, f"{self.settings.heater.capitalize()} Circuit"))
        return alarms


def _millivolts(kelvin: float) -> float:
    return float(np.interp(kelvin, _DIODE_K, _DIODE_MV))


def _slope(kelvin: float) -> str:
    return f"{_millivolts(kelvin + 0.5) - _millivolts(kelvin - 0.5):.4f}mV/K"
