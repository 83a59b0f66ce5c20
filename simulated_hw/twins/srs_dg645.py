"""Twin of an SRS DG645 digital delay generator.

Commands, ranges and error numbers as the drivers of EPICS and lantz have them; answers in the shape
InstrumentKit's tests show. Assumed: the digits of answers, which of two errors a doubly wrong command is,
what ``*RST`` sets, that a change of settings ends the cycle under way, that triggers are taken again 100 ns
after the last delay; one that comes before is ignored, as on the device. Settings kept but not acted on:
prescalers, hold-off, inhibit, display; of a burst only its first pulse reaches the bench.
"""

from __future__ import annotations

import math
import re
from collections import deque

from antistokes.instruments.records import Record

from ..twin import Answer, Twin
from ..waveform import PulseTrain
from .srs_dg645_delays import A, B, Delays, channel_number
from .srs_dg645_settings import (
    ACTIONS,
    EXTRA_PARAMETERS,
    ILLEGAL_COMMAND,
    ILLEGAL_QUERY,
    ILLEGAL_SET,
    ILLEGAL_VALUE,
    INTERFACE,
    KEPT,
    MISSING_PARAMETERS,
    RECALL_FAILED,
    SETTINGS,
    STEPS,
    TOO_MANY_ERRORS,
    UNDEFINED_COMMAND,
    DG645Error,
    Setting,
    integer,
    real,
)

_LEVEL_MAX = 6.0  # V, amplitude and offset together
_RECOVERY = 100e-9  # s from the last delay to the next trigger
_INTERNAL, _SINGLE_SHOT = 0, 5
_QUEUE = 20
_TRIGGERED, _RATE, _END_OF_DELAY, _END_OF_BURST = 1, 2, 4, 8  # INSR
_OPERATION_COMPLETE, _QUERY_ERROR, _EXECUTION_ERROR, _COMMAND_ERROR, _POWER_ON = 1, 4, 16, 32, 128  # *ESR


class DG645Settings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    serial: str = "001776"
    firmware: str = "1.14.10E"
    #: the first query after switching on gets lost, as some programs have met it. Off, because most public
    #: programs could not open a device that always does so
    first_query_lost: bool = False


class DG645Twin(Twin):
    """Gates the bench with its output AB and triggers the counters with T0."""

    model = "SRS DG645"
    Settings = DG645Settings
    settings: DG645Settings
    answer_terminator = b"\r\n"

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.errors: deque[int] = deque()
        self._lose_query = self.settings.first_query_lost
        self._event, self._instrument_event = _POWER_ON, 0
        self._stored: dict[int, tuple[dict[str, float], Delays]] = {}
        self._interface = dict(INTERFACE)
        self._display = (0, 0)
        self._values = {key: setting.default for key, setting in _every()}
        self.reset()
        self.bench.generator = self

    def reset(self) -> None:
        kept = {name: self._values[name] for name in KEPT}
        self._values = {key: setting.default for key, setting in _every()} | kept
        self.delays = Delays()

    # -- pulses -----------------------------------------------------------------------------------------

    def trigger_period(self) -> float:
        """Of the triggers that are not ignored, s."""
        period = 1 / self._values["TRAT"]
        cycle = self.delays.last() + _RECOVERY
        if self._values["BURM"]:
            cycle += self._values["BURD"] + (self._values["BURC"] - 1) * self._values["BURP"]
        return period * max(1, math.ceil(cycle / period * (1 - 1e-9)))

    def pulses(self) -> PulseTrain | None:
        """Output AB; None with any trigger that does not come by itself."""
        if self._values["TSRC"] != _INTERNAL:
            return None
        a, b = self.delays.time(A), self.delays.time(B)
        delay = min(a, b) + (self._values["BURD"] if self._values["BURM"] else 0.0)
        rest = self._values["LOFF1"]
        pulse = rest + self._values["LAMP1"]
        if not self._values["LPOL1"]:
            rest, pulse = pulse, rest
        return PulseTrain(self.trigger_period(), abs(b - a), delay, pulse, rest)

    # -- messages ---------------------------------------------------------------------------------------

    def respond(self, message: str) -> Answer:
        """Answer each command of a message, in a line of its own."""
        replies = []
        for unit in message.split(";"):
            if not (unit := unit.strip()):
                continue
            try:
                reply = self._command(unit)
            except DG645Error as error:
                self._push(error.code)
                continue
            if reply is None:
                continue
            if self._lose_query:
                self._lose_query = False
            else:
                replies.append(reply)
        return replies or None

    def _push(self, code: int) -> None:
        query = {ILLEGAL_QUERY: _QUERY_ERROR}
        self._event |= query.get(code, _COMMAND_ERROR if code >= ILLEGAL_COMMAND else _EXECUTION_ERROR)
        if len(self.errors) < _QUEUE:
            self.errors.append(code)
        else:
            self.errors[-1] = TOO_MANY_ERRORS

    def _command(self, unit: str) -> str | None:
        match = re.fullmatch(r"(\*?[A-Z]{3,4})\s*(\?)?\s*(.*)", unit.upper())
        if match is None:
            raise DG645Error(ILLEGAL_COMMAND)
        name, query, rest = match.groups()
        words = [word.strip() for word in rest.split(",")] if rest else []
        known = (name in SETTINGS, name in STEPS, f"{name}?" in ACTIONS, name in ACTIONS)
        if not any(known):
            raise DG645Error(UNDEFINED_COMMAND)
        if name in SETTINGS:
            return self._setting(name, bool(query), words)
        if name in STEPS:
            if query:
                raise DG645Error(ILLEGAL_QUERY)
            self._step(name, words)
            return None
        action = ACTIONS.get(name + (query or ""))
        if action is None:
            raise DG645Error(ILLEGAL_QUERY if query else ILLEGAL_SET)
        method, least, most = action
        _count(words, least, most)
        reply: str | None = getattr(self, method)(*words)
        return reply

    def _setting(self, name: str, query: bool, words: list[str]) -> str | None:
        setting = SETTINGS[name]
        indexed = setting.indices is not None
        _count(words, indexed + (not query), indexed + (not query))
        key = name
        if setting.indices is not None:
            index = integer(words[0])
            if index not in setting.indices:
                raise DG645Error(ILLEGAL_VALUE)
            key = f"{name}{index}"
        if query:
            return setting.show(self._values[key])
        value = setting.parse(words[-1])
        if name in ("LAMP", "LOFF"):
            other = {"LAMP": "LOFF", "LOFF": "LAMP"}[name] + key[-1]
            if value + self._values[other] > _LEVEL_MAX + 1e-9:
                raise DG645Error(ILLEGAL_VALUE)
        self._values[key] = value
        return None

    def _step(self, name: str, words: list[str]) -> None:
        """One step of a setting, down (0) or up (1)."""
        size, what = STEPS[name]
        indexed = SETTINGS[size].indices is not None
        _count(words, indexed + 1, indexed + 1)
        index = words[0] if indexed else ""
        if integer(words[-1]) not in (0, 1) or size + index not in self._values:
            raise DG645Error(ILLEGAL_VALUE)
        change = self._values[size + index] * (1 if words[-1] == "1" else -1)
        if what == "DLAY":
            reference, delay = self.delays[int(index)]
            self.set_delay(index, str(reference), f"{delay + change:.12f}")
        else:
            value = self._values[what + index] + change
            self._setting(what, False, [*words[:-1], SETTINGS[what].show(value)])

    # -- delays -----------------------------------------------------------------------------------------

    def get_delay(self, channel: str) -> str:
        reference, delay = self.delays[channel_number(channel)]
        return f"{reference},{delay:+.12f}"

    def set_delay(self, channel: str, reference: str, seconds: str) -> None:
        self.delays.link(channel_number(channel), channel_number(reference), real(seconds))

    def get_link(self, channel: str) -> str:
        return str(self.delays[channel_number(channel)][0])

    def set_link(self, channel: str, reference: str) -> None:
        c = channel_number(channel)
        self.delays.link(c, channel_number(reference), self.delays[c][1])

    # -- the rest ---------------------------------------------------------------------------------------

    def identify(self) -> str:
        return f"Stanford Research Systems,DG645,s/n{self.settings.serial},ver{self.settings.firmware}"

    def last_error(self) -> str:
        return str(self.errors.popleft()) if self.errors else "0"

    def clear_status(self) -> None:
        self.errors.clear()
        self._event = self._instrument_event = 0

    def trigger(self) -> None:
        if self._values["TSRC"] == _SINGLE_SHOT:
            self._instrument_event |= _TRIGGERED | _END_OF_DELAY
            if self._values["BURM"]:
                self._instrument_event |= _END_OF_BURST

    def event(self, bit: str = "") -> str:
        value, self._event = self._event, 0
        return _bit(value, bit)

    def instrument_event(self, bit: str = "") -> str:
        value, self._instrument_event = self._instrument_event, 0
        if self._values["TSRC"] == _INTERNAL:
            value |= _TRIGGERED | _END_OF_DELAY
            value |= _RATE if self.trigger_period() > 1.5 / self._values["TRAT"] else 0
        return _bit(value, bit)

    def status_byte(self, bit: str = "") -> str:
        value = 1 if self._instrument_event & round(self._values["INSE"]) else 0
        value |= 32 if self._event & round(self._values["*ESE"]) else 0
        return _bit(value | (64 if value & round(self._values["*SRE"]) else 0), bit)

    def complete(self) -> None:
        self._event |= _OPERATION_COMPLETE

    def one(self) -> str:
        return "1"

    def zero(self) -> str:
        return "0"

    def nothing(self, *words: str) -> None:
        """Taken, and without effect here."""

    def save(self, place: str) -> None:
        self._stored[_place(place)] = dict(self._values), Delays(self.delays)

    def recall(self, place: str) -> None:
        if _place(place) == 0:
            self.reset()
            return
        if _place(place) not in self._stored:
            raise DG645Error(RECALL_FAILED)
        values, delays = self._stored[_place(place)]
        self._values, self.delays = dict(values), Delays(delays)

    def get_display(self) -> str:
        return f"{self._display[0]},{self._display[1]}"

    def set_display(self, mode: str, channel: str) -> None:
        if integer(mode) not in range(15):
            raise DG645Error(ILLEGAL_VALUE)
        self._display = integer(mode), channel_number(channel)

    def get_interface(self, number: str) -> str:
        if integer(number) not in self._interface:
            raise DG645Error(ILLEGAL_VALUE)
        return self._interface[integer(number)]

    def set_interface(self, number: str, value: str) -> None:
        self.get_interface(number)
        self._interface[integer(number)] = value

    def hardware_address(self) -> str:
        return "00.19.B3.02.06.F0"


def _every() -> list[tuple[str, Setting]]:
    """Each value of each setting by its command and index."""
    return [
        (name if index is None else f"{name}{index}", setting)
        for name, setting in SETTINGS.items()
        for index in setting.indices or [None]
    ]


def _count(words: list[str], least: int, most: int) -> None:
    if len(words) < least:
        raise DG645Error(MISSING_PARAMETERS)
    if len(words) > most:
        raise DG645Error(EXTRA_PARAMETERS)


def _place(text: str) -> int:
    if (number := integer(text)) not in range(10):
        raise DG645Error(ILLEGAL_VALUE)
    return number


def _bit(value: int, bit: str) -> str:
    return str(value if not bit else value >> integer(bit) & 1)
