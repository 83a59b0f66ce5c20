"""Twin of a Keysight 33522B function generator, two channels (SCPI).

From the guide of the Agilent 33500 series and what public programs send and have seen. A value beyond its
range is clipped (-222), one that does not go with another one changes that one (-221). Telling another load
changes what is shown, not what comes out. Assumed: most of the texts after "Settings conflict", numbers of
the errors about arbitrary waveforms, that an open-circuit level is what the bench gets. Not simulated:
sweeps and modulations (kept as settings), the shape of anything but pulses, sequences, the file system.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from antistokes.instruments.records import Positive, Record

from ..scpi import DATA_TYPE, MISSING_PARAMETER, ScpiError, number, scpi
from ..scpi_status import StatusTwin
from ..twin import Answer, answers
from ..waveform import PulseTrain
from .keysight_33500b_channel import FUNCTIONS, Channel
from .keysight_33500b_items import ITEMS, Item
from .keysight_33500b_settings import CHANNEL, COMMON, Setting, choice, compiled

_BLOCK = re.compile(rb"#([1-9])")
#: channels and highest frequency in Hz
_MODELS = {
    "33509B": (1, 20e6),
    "33510B": (2, 20e6),
    "33511B": (1, 20e6),
    "33512B": (2, 20e6),
    "33519B": (1, 30e6),
    "33520B": (2, 30e6),
    "33521B": (1, 30e6),
    "33522B": (2, 30e6),
}


class Keysight33500BSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    model: Literal["33509B", "33510B", "33511B", "33512B", "33519B", "33520B", "33521B", "33522B"] = "33522B"
    maker: str = "Agilent Technologies"
    serial: str = "MY52802702"
    firmware: str = "2.09-1.19-2.00-52-00"
    #: what is connected to the outputs; without it an input of high impedance
    load_ohm: Positive | None = None
    #: channel that gates the bench
    gate_channel: Literal[1, 2] = 1


class Keysight33500BTwin(StatusTwin):
    """Gates the bench with one of its channels; its Sync signal triggers the counters."""

    model = "Keysight 33500B"
    Settings = Keysight33500BSettings
    settings: Keysight33500BSettings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        channels, fastest = _MODELS[self.settings.model]
        self.channels = [Channel(fastest, self.push) for _ in range(channels)]
        self.values: dict[str, Any] = {name: setting.default for name, setting in COMMON.items()}
        self._gate = self.channels[min(self.settings.gate_channel, channels) - 1]
        self._stored: dict[int, Any] = {}
        self._block: bytes | None = None
        self.bench.generator = self

    def pulses(self) -> PulseTrain | None:
        """See :class:`~antistokes.simulated_hw.waveform.PulseSource`."""
        load = self.settings.load_ohm
        share = 1.0 if load is None else load / (load + 50.0)
        return self._gate.pulses(share)

    # -- messages -------------------------------------------------------------------------------------------

    def next_message(self, end: bool) -> bytes | None:
        """A binary block may contain the terminator."""
        line = self._inbox.find(b"\n")
        found = _BLOCK.search(self._inbox, 0, line if line >= 0 else len(self._inbox))
        if found is None or b'"' in self._inbox[: found.start()]:
            return super().next_message(end)
        digits = int(found[1])
        begin = found.end() + digits
        length = bytes(self._inbox[found.end() : begin])
        if not (len(length) == digits and length.isdigit()):
            return super().next_message(end)
        if len(self._inbox) < begin + int(length):
            return super().next_message(end) if end else None
        self._block = bytes(self._inbox[begin : begin + int(length)])
        del self._inbox[found.start() : begin + int(length)]
        self._inbox[found.start() : found.start()] = b"#"
        return super().next_message(end)

    def respond(self, message: str) -> Answer:
        answer = super().respond(message)
        self._block = None
        return answer

    def unknown(self, message: str) -> Answer:
        """Commands from the tables: settings that stand for themselves, then those that do not."""
        if (found := _find(message)) is None:
            return super().unknown(message)
        what, name, numbers, query, text = found
        if isinstance(what, Item):
            act = what.get if query else what.put
            if act is None:
                return super().unknown(message)
            return act(self._channel(*numbers), (text or "").strip())
        values = self._channel(*numbers).values if numbers else self.values
        return self._setting(values, name, what, query, text)

    def _setting(
        self, values: dict[str, Any], name: str, setting: Setting, query: str | None, text: str | None
    ) -> Answer:
        if query:
            return setting.show(values[name], text or "")
        values[name] = setting.parse(text or "", self.push)
        return None

    def _channel(self, *numbers: str | None) -> Channel:
        index = int(next(filter(None, numbers), 1)) - 1
        if index >= len(self.channels):
            raise ScpiError(-114, "Header suffix out of range")
        return self.channels[index]

    # -- common commands ------------------------------------------------------------------------------------

    @scpi("*IDN?")
    def identify(self, _: str | None) -> str:
        s = self.settings
        return f"{s.maker},{s.model},{s.serial},{s.firmware}"

    @scpi("*RST")
    @scpi("SYSTem:PRESet")
    def reset(self, _: str | None) -> None:
        for channel in self.channels:
            channel.reset()
        self.values = {name: setting.default for name, setting in COMMON.items()}

    @scpi("*OPT?")
    def options(self, _: str | None) -> str:
        return '"002,MEM"'

    @scpi("*TRG")
    @scpi("ABORt")
    @scpi("INITiate:IMMediate:ALL")
    @scpi("PHASe:SYNChronize")
    @scpi("SYSTem:BEEPer[:IMMediate]")
    @scpi("SYSTem:LOCal")
    @scpi("SYSTem:REMote")
    @scpi("SYSTem:RWLock")
    @scpi("DISPlay:TEXT")
    @scpi("DISPlay:TEXT:CLEar")
    def nothing(self, _: str | None) -> None:
        """Taken, and without effect here."""

    @scpi("SYSTem:VERSion?")
    def version(self, _: str | None) -> str:
        return "1999.0"

    @scpi("*SAV")
    def save(self, text: str | None) -> None:
        kept = [dict(vars(c), values=dict(c.values)) for c in self.channels]
        self._stored[round(number(text, 0, 4, 0))] = kept, dict(self.values)

    @scpi("*RCL")
    def recall(self, text: str | None) -> None:
        place = round(number(text, 0, 4, 0))
        if place not in self._stored:
            raise ScpiError(810, "State has not been stored")
        channels, values = self._stored[place]
        for channel, kept in zip(self.channels, channels, strict=True):
            vars(channel).update(kept, values=dict(kept["values"]))
        self.values = dict(values)

    # -- channels -------------------------------------------------------------------------------------------

    @answers(r"(?i::?(?:SOUR(?:CE)?([12])?:)?APPL(?:Y)?:([A-Z]+)(?:\s+(.*?))?\s*)")
    def apply(self, channel: str | None, function: str, text: str | None) -> None:
        """``APPLy:SIN [frequency[,amplitude[,offset]]]``: sets all and switches the output on."""
        c = self._channel(channel)
        words = [word.strip() for word in (text or "").split(",")] if text else []
        if len(words) > 3:
            raise ScpiError(-108, "Parameter not allowed")
        c.set_function(choice(function, FUNCTIONS))
        for word, setter in zip(words, (c.set_frequency, c.set_amplitude, c.set_offset), strict=False):
            if word.upper() not in ("DEF", "DEFAULT"):
                setter(word)
        c.values["[SOURce#:]BURSt:STATe"] = "OFF"
        c.output = True

    @answers(r"(?i::?(?:SOUR(?:CE)?([12])?:)?DATA:ARB(?:ITRARY)?[12]?(:DAC)?\s+(.*?)\s*)")
    def load_arb(self, channel: str | None, dac: str | None, text: str) -> None:
        """``DATA:ARB[:DAC] name, values``: numbers, or a block of 32 bit floats or 16 bit integers."""
        name, comma, rest = (part.strip() for part in text.partition(","))
        if not comma or not name:
            raise ScpiError(*MISSING_PARAMETER)
        if rest == "#" and self._block is not None:
            points = self._decode(self._block, "i2" if dac else "f4")
        else:
            try:
                points = np.array([float(word) for word in rest.split(",")])
            except ValueError:
                raise ScpiError(*DATA_TYPE) from None
        self._channel(channel).add_arb(name.strip("\"'"), points / 32767 if dac else points)

    def _decode(self, block: bytes, kind: str) -> npt.NDArray[np.float64]:
        if len(block) % int(kind[1]):
            raise ScpiError(-161, "Invalid block data")
        order = ">" if self.values["FORMat:BORDer"] == "NORM" else "<"
        return np.frombuffer(block, order + kind).astype(np.float64)


_COMMON = [(compiled(name), name, setting) for name, setting in COMMON.items()]
_CHANNEL = [(compiled(name), name, setting) for name, setting in CHANNEL.items()]
_ITEMS = [(compiled(name), item) for name, item in ITEMS.items()]


@lru_cache(maxsize=512)
def _find(message: str) -> tuple[Any, str, tuple[str | None, ...], str | None, str | None] | None:
    """What *message* is about, its name, the channel's numbers (empty: common), its ``?`` and its text."""
    for pattern, name, setting in _COMMON:
        if match := pattern.fullmatch(message):
            query, text = match.groups()
            return setting, name, (), query, text
    for pattern, name, setting in _CHANNEL:
        if match := pattern.fullmatch(message):
            *numbers, query, text = match.groups()
            return setting, name, tuple(numbers), query, text
    for pattern, item in _ITEMS:
        if match := pattern.fullmatch(message):
            channel, query, text = match.groups()
            return item, "", (channel,), query, text
    return None
