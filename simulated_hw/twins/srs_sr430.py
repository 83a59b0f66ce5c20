"""Twin of an SRS SR430 multichannel scaler.

Manual pages 8, 13, 81, 96 and what public programs send. The memory adds up until ``CLRS``; a bin holds
32767 and sets OVERFLOW when it should hold more; triggers during a record and the time after it are ignored
and set RATE. ``RSCN?`` of more than 32767 comes back negative. Assumed: values after ``*RST``, bins counted
from 1 in ``BINA? i``, a pause ends the record under way, a parameter out of range is an execution error and
changes nothing, so is a record reshaped before ``CLRS``, which numbers ``SPAR?`` other than 2 gives. Toggle
modes, math, plots and disk are not simulated.
"""

from __future__ import annotations

import math
import re

import numpy as np

from antistokes.instruments.records import Positive, Record

from ..photon_counting import Photomultiplier, PhotomultiplierSettings
from ..twin import Answer, Twin, answers

_WIDTHS = (5e-9, *(40e-9 * 2**i for i in range(19)))  # s
_BLOCK = 1024
_FULL = 32767
_PER_BIN, _PER_RECORD = 250e-9, 150e-6  # s of dead time
_TRIGGERED, _PAUSED = 1, 16  # MCSS?
_UNLOCKED, _RATE, _OVERFLOW = 32, 64, 128  # ERRS?
_QUERY, _EXECUTION, _COMMAND, _POWER_ON = 4, 16, 32, 128  # *ESR?
#: settings: default, lowest, highest, decimals (0: integer)
_SETTINGS = {
    "BWTH": (3, 0, 19, 0),
    "BREC": (1, 1, 16, 0),
    "BOFF": (0, 0, 16320, 0),
    "BCLK": (0, 0, 1, 0),
    "ACMD": (0, 0, 2, 0),
    "RSCN": (1000, 0, 65535, 0),
    "DCLV": (0.01, -0.3, 0.3, 4),
    "DCSL": (0, 0, 1, 0),
    "TRLV": (0.5, -2.0, 2.0, 3),
    "TRSL": (0, 0, 1, 0),
    "LLIM": (0, 0, 16383, 0),
    "RLIM": (1023, 0, 16383, 0),
    "OVRM": (0, 0, 1, 0),
    "*ESE": (0, 0, 255, 0),
    "*SRE": (0, 0, 255, 0),
    "ERRE": (0, 0, 255, 0),
    "MCSE": (0, 0, 255, 0),
    "*PSC": (1, 0, 1, 0),
}
_WHILE_CLEAR = ("BWTH", "BREC", "BOFF", "BCLK", "ACMD")


class SR430Settings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    serial: str = "00211"
    firmware: str = "1.06"
    #: heights of the detector's pulses, below 0 for pulses that go down, and of the trigger's
    pulse_V: float = 0.1
    trigger_V: Positive = 2.5
    detector: PhotomultiplierSettings = PhotomultiplierSettings()


class SR430Twin(Twin):
    """A scaler that sees the detector's pulses and the pulse generator's trigger."""

    model = "SRS SR430"
    Settings = SR430Settings
    settings: SR430Settings

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.detector = Photomultiplier(self.bench, self.settings.detector, self.rng)
        self.to_gpib = True
        self._event = _POWER_ON
        self.clock_unlocked = False
        self._errors = self._mcs = 0
        self.reset()

    @answers(r"(?i:\*RST)\s*")
    def reset(self) -> None:
        self.values: dict[str, float] = {name: default for name, (default, *_) in _SETTINGS.items()}
        self._statistics = (0.0, 0.0, 0.0, 0.0)
        self.clear()

    # -- counting -----------------------------------------------------------------------------------------

    @property
    def bins(self) -> int:
        return round(self.values["BREC"]) * _BLOCK

    @property
    def bin_width(self) -> float:
        """In s."""
        return _WIDTHS[round(self.values["BWTH"])]

    @property
    def in_progress(self) -> bool:
        """A scan has begun and not all its records are here; also while it is paused."""
        return self.started and not (self.values["RSCN"] and self.records >= self.values["RSCN"])

    def record_time(self) -> float:
        """From one accepted trigger to the earliest next one, s."""
        bins = self.bins + self.values["BOFF"]
        return float(bins * (self.bin_width + _PER_BIN) + _PER_RECORD)

    @answers(r"(?i:CLRS)\s*")
    def clear(self) -> None:
        """Forget the scan."""
        self.counts = np.zeros(self.bins)
        self.records = 0
        self.started = self.counting = False

    @answers(r"(?i:SSCN)\s*")
    def start(self) -> None:
        """Start, or go on after a pause or an end; nothing is cleared."""
        if self.started and not self.in_progress:
            return
        self.started = self.counting = True
        self._time = self.clock.now()

    @answers(r"(?i:PAUS)\s*")
    def pause(self) -> None:
        if self.counting and self.in_progress:
            self._mcs |= _PAUSED
        self.counting = False

    def advance(self) -> None:
        """Records up to now."""
        if not (self.counting and self.in_progress):
            return
        begin, now = self._time, self.clock.now()
        train = self.bench.pulses()
        if train is None or self.values["BCLK"] or not self._crossed("TRLV", self.settings.trigger_V):
            self._time = now
            return
        every = math.ceil(self.record_time() / train.period * (1 - 1e-9))
        step = every * train.period
        new = math.floor(now / step) - math.floor(begin / step)
        if self.values["RSCN"]:
            new = min(new, round(self.values["RSCN"]) - self.records)
        self._time = now
        if new:
            self._mcs |= _TRIGGERED
            self._errors |= _RATE if every > 1 else 0
            self._count(new)

    def _count(self, records: int) -> None:
        self.records += records
        if self._crossed("DCLV", self.settings.pulse_V):
            edges = np.arange(self.bins + 1, dtype=np.float64) + self.values["BOFF"]
            self.counts += self.detector.histogram(edges * self.bin_width, records)
        if self.counts.max() > _FULL:
            self._errors |= _OVERFLOW
            self.counts = np.minimum(self.counts, _FULL)

    def _crossed(self, level: str, volts: float) -> bool:
        """A level inside a pulse is crossed by both its edges, whichever counts."""
        return 0 < self.values[level] * math.copysign(1, volts) < abs(volts)

    # -- messages -----------------------------------------------------------------------------------------

    def respond(self, message: str) -> Answer:
        """Every command of a message; answers go to the interface that ``OUTP`` names."""
        self.advance()
        replies: list[str | bytes] = []
        for unit in message.split(";"):
            if unit.strip():
                reply = super().respond(unit.strip())
                if isinstance(reply, (str, bytes)):
                    replies.append(reply)
        return replies if replies and self.to_gpib else None

    def unknown(self, message: str) -> Answer:
        """Settings, and what is no command."""
        match = re.fullmatch(r"(\*?[A-Z]{3,4})\s*(\?)?\s*(\S*)", message.upper())
        if match is None or match[1] not in _SETTINGS:
            self._event |= _COMMAND
            return None
        name, query, text = match.groups()
        if query:
            return self._shown(name)
        self._set(name, text)
        return None

    def _shown(self, name: str) -> str:
        value = self.values[name]
        decimals = _SETTINGS[name][3]
        if name == "RSCN" and value > _FULL:
            value -= 65536
        return f"{value:.{decimals}f}"

    def _set(self, name: str, text: str) -> None:
        _, low, high, decimals = _SETTINGS[name]
        try:
            value = round(float(text), decimals)
        except ValueError:
            self._event |= _COMMAND
            return
        unusable = (name == "RSCN" and value == _FULL + 1) or (name == "BOFF" and value % 16)
        if not low <= value <= high or unusable or (name in _WHILE_CLEAR and self.started):
            self._event |= _EXECUTION
            return
        self.values[name] = value
        if name == "BREC":
            self.clear()

    @answers(r"(?i:OUTP)\s*([01])\s*")
    def choose_interface(self, number: str) -> None:
        self.to_gpib = number == "1"

    @answers(r"(?i:OUTP)\s*\?\s*")
    def get_interface(self) -> str:
        return str(int(self.to_gpib))

    @answers(r"(?i:\*IDN)\s*\?\s*")
    def identify(self) -> str:
        s = self.settings
        return f"Stanford_Research_Systems,SR430,s/n{s.serial},ver{s.firmware}"

    @answers(r"(?i:SCAN)\s*\?\s*")
    def accumulated(self) -> str:
        return str(self.records)

    @answers(r"(?i:BINA)\s*\?\s*(\d*)\s*")
    def ascii_bins(self, number: str) -> str | None:
        if number:
            found = self._bin(number)
            return None if found is None else f"{self.counts[found]:.6e}".replace("e+", "e+0")
        return "".join(f"{count:.6e},".replace("e+", "e+0") for count in self.counts)

    @answers(r"(?i:BINB)\s*\?\s*(\d*)\s*")
    def binary_bins(self, number: str) -> bytes | None:
        if number:
            found = self._bin(number)
            return None if found is None else self.counts[found : found + 1].astype("<i2").tobytes()
        return bytes(self.counts.astype("<i2").tobytes())

    def _bin(self, number: str) -> int | None:
        if 1 <= int(number) <= self.bins:
            return int(number) - 1
        self._event |= _EXECUTION
        return None

    @answers(r"(?i:STAT)\s*")
    def compute_statistics(self) -> None:
        """Of the bins from LLIM to RLIM: mean, deviation, total, baseline."""
        left, right = round(self.values["LLIM"]), round(self.values["RLIM"])
        part = self.counts[left : right + 1]
        if not len(part):
            self._event |= _EXECUTION
            return
        self.take_time(0.5)
        self._statistics = float(part.mean()), float(part.std()), float(part.sum()), 0.0

    @answers(r"(?i:SPAR)\s*\?\s*([0-3])\s*")
    def statistic(self, number: str) -> str:
        return f"{self._statistics[int(number)]:.6e}".replace("e+", "e+0")

    @answers(r"(?i:AUTS|LOCL|KEYP|DISP|ASCL|STOR|TITL|DATE|TIME)\b.*")
    def nothing(self) -> None:
        """Taken, and without effect here."""

    # -- status -------------------------------------------------------------------------------------------

    @answers(r"(?i:\*CLS)\s*")
    def clear_status(self) -> None:
        self._event = self._errors = self._mcs = 0

    @answers(r"(?i:\*OPC)\s*\?\s*")
    def complete(self) -> str:
        return "1"

    @answers(r"(?i:\*ESR)\s*\?\s*([0-7]?)\s*")
    def standard_event(self, bit: str) -> str:
        value, self._event = self._event, 0
        return _bit(value, bit)

    @answers(r"(?i:ERRS)\s*\?\s*([0-7]?)\s*")
    def error_status(self, bit: str) -> str:
        value, self._errors = self._errors | (_UNLOCKED if self.clock_unlocked else 0), 0
        return _bit(value, bit)

    @answers(r"(?i:MCSS)\s*\?\s*([0-7]?)\s*")
    def mcs_status(self, bit: str) -> str:
        value, self._mcs = self._mcs, 0
        return _bit(value, bit)

    @answers(r"(?i:\*STB)\s*\?\s*([0-7]?)\s*")
    def status_byte(self, bit: str) -> str:
        """0 no scan in progress, 1 interface ready, 2 ERR, 3 MCS, 5 ESB, 6 SRQ."""
        value = (0 if self.in_progress else 1) | 2
        value |= 4 if self._errors & round(self.values["ERRE"]) else 0
        value |= 8 if self._mcs & round(self.values["MCSE"]) else 0
        value |= 32 if self._event & round(self.values["*ESE"]) else 0
        return _bit(value | (64 if value & round(self.values["*SRE"]) else 0), bit)


def _bit(value: int, bit: str) -> str:
    return str(value if not bit else value >> int(bit) & 1)
