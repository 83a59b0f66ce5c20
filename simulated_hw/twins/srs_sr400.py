"""Twin of the SRS SR400 gated photon counter with a photomultiplier at INPUT 1.

From the chapter on remote programming of the SR400 manual, rev. 2.6. Assumed: how echoed characters and the
prompt are mixed with answers; that ``CL`` also recalls the default setup.

On RS-232 (and where the transport is a stream) an answer ends with CR, on GPIB with CR LF. Whoever does not
send ``SW 0`` waits 20 ms for each character. Whether it echoes is set at the front panel.
"""

from __future__ import annotations

import inspect
import re
from collections import deque
from typing import Any

from antistokes.instruments.records import Record

from ..photon_counting import Photomultiplier, PhotomultiplierSettings
from ..twin import Answer, Twin
from .srs_sr400_counting import A_FOR_B, CHANGED, COMMAND, Counting
from .srs_sr400_settings import SCANNED, SETTINGS, Unusable, checked, defaults, number, written

_LONGEST_LINE = 240
_WAIT = 3.33e-3  # s per character and unit of the wait interval
_POINTS = 2000
_FRESH = {"SW": 6, "SV": 0, "MI": 0}
_HIGHEST = {"SW": 25, "SV": 255, "MI": 2}
_STOP, _RESET, _START = 5, 7, 13  # keys
_OF_COUNTER = {"A": 0, "B": 1}


class SR400Settings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    detector: PhotomultiplierSettings = PhotomultiplierSettings()
    #: as set at the front panel
    echo: bool = False


class SR400Twin(Twin):
    """Counts the light behind the monochromator."""

    model = "SRS SR400"
    Settings = SR400Settings
    settings: SR400Settings

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.echo = self.settings.echo
        self.set = defaults()
        self.stored: dict[int, dict[tuple[str, str], float]] = {}
        tube = Photomultiplier(self.bench, self.settings.detector, self.rng)
        self.counting = Counting(self.bench, tube, self.rng, self.set)
        self.interface = dict(_FRESH)
        self._end: bytes | None = None
        self._menu = 1, 1
        self._stream = True
        self._refused = False

    # -- the wire -----------------------------------------------------------------------------------

    def feed(self, data: bytes, end: bool = False) -> None:
        self._stream = not end
        super().feed(data, end)

    def next_message(self, end: bool) -> bytes | None:
        """A command line ends with CR, LF or both."""
        found = re.search(rb"\r\n|\r|\n", self._inbox)
        if found:
            line = bytes(self._inbox[: found.start()])
            del self._inbox[: found.end()]
            return line
        line = bytes(self._inbox)
        if len(line) > _LONGEST_LINE:
            self._error()
        if end and line:
            self._inbox.clear()
            return line
        return None

    @property
    def ending(self) -> bytes:
        """Of an answer."""
        on_gpib = str(self.resource_name).startswith("GPIB")
        return self._end or (b"\r\n" if on_gpib or self._echoes else b"\r")

    @property
    def _echoes(self) -> bool:
        return self.echo and self._stream

    def respond(self, message: str) -> Answer:
        self.counting.advance()
        self._refused = False
        said = b""
        for command in message.replace(" ", "").upper().split(";"):
            if not command:
                continue
            try:
                said += b"".join(text.encode() + self.ending for text in self._do(command, message))
            except Unusable:
                self._error()
                break
        if self._stream:
            self.take_time(len(said) * self.interface["SW"] * _WAIT)
        if self._echoes:
            prompt = b"??>" if self._refused else b"OK>"
            return message.encode("latin-1") + b"\r\n" + said + prompt
        return said or None

    def _error(self) -> None:
        self._refused = True
        self.counting.status |= COMMAND

    def turn_knob(self, name: str, index: str, value: float) -> None:
        """Change a setting at the front panel."""
        self.set[name, index] = value
        self.counting.status |= CHANGED

    # -- commands -----------------------------------------------------------------------------------

    def _do(self, command: str, line: str) -> list[str]:
        """What it answers, one text per line. :raises Unusable: it is no command"""
        name, rest = command[:2], command[2:]
        if name == "MS":  # a text for the display
            return []
        arguments = rest.split(",") if rest else []
        if name in SETTINGS:
            return self._setting(name, arguments)
        if name in SCANNED and len(arguments) == 1:
            start = SCANNED[name][0]
            if arguments[0] not in SETTINGS[start].values:
                raise Unusable
            return [written(start, self.counting.scanned(name, arguments[0]))]
        if name in _FRESH:
            return self._interface(name, arguments)
        method = getattr(self, f"do_{name.lower()}", None)
        if method is None:
            raise Unusable
        try:
            inspect.signature(method).bind(*arguments)
        except TypeError:  # too many or too few
            raise Unusable from None
        return method(*arguments) or []

    def _setting(self, name: str, arguments: list[str]) -> list[str]:
        values = SETTINGS[name].values
        index = "" if "" in values else (arguments.pop(0) if arguments else None)
        if index not in values or len(arguments) > 1:
            raise Unusable
        if not arguments:
            return [written(name, self.set[name, index])]
        self.set[name, index] = checked(name, index, arguments[0])
        if name == "CM":
            self.counting.reset()
        elif name == "CP":
            self.counting.pause()
        return []

    def _interface(self, name: str, arguments: list[str]) -> list[str]:
        """The wait interval is of RS-232 only, the mask of GPIB only."""
        if len(arguments) != 1:
            raise Unusable
        self.interface[name] = self._whole(arguments[0], 0, _HIGHEST[name])
        return []

    @staticmethod
    def _whole(text: str, low: int, high: int) -> int:
        value = number(text)
        if value != int(value) or not low <= value <= high:
            raise Unusable
        return int(value)

    def do_nn(self) -> list[str]:
        return [str(len(self.counting.points))]

    def do_cs(self) -> None:
        self.counting.start()

    def do_ch(self) -> None:
        self.counting.pause()

    def do_cr(self) -> None:
        """What a scan was still to send is not sent."""
        self.counting.reset()
        now = self.clock.now()
        self._outbox = deque(item for item in self._outbox if item[0] <= now)

    def do_ck(self, key: str) -> None:
        """Press a key; those of the menus do nothing here."""
        pressed = {_STOP: self.counting.pause, _RESET: self.do_cr, _START: self.counting.start}
        pressed.get(self._whole(key, 0, 13), lambda: None)()

    def do_sc(self) -> list[str]:
        """The cursor is not in use."""
        return ["2"]

    def do_md(self, menu: str, line: str) -> None:
        self._menu = self._whole(menu, 1, 6), self._whole(line, 1, 14)

    def do_mm(self) -> list[str]:
        return [str(self._menu[0])]

    def do_ml(self) -> list[str]:
        return [str(self._menu[1])]

    def do_cl(self) -> None:
        self._recall(defaults())
        self.interface = dict(_FRESH) | {"MI": self.interface["MI"]}
        self._end = None
        self.discard()

    def do_se(self, *codes: str) -> None:
        if len(codes) > 4:
            raise Unusable
        self._end = bytes(self._whole(code, 0, 127) for code in codes) or None

    def do_st(self, place: str) -> None:
        self.stored[self._whole(place, 1, 9)] = dict(self.set)

    def do_rc(self, place: str) -> None:
        """A place that was never stored to holds the defaults."""
        self._recall(self.stored.get(self._whole(place, 0, 9), defaults()))

    def _recall(self, settings: dict[tuple[str, str], float]) -> None:
        self.set.update(settings)
        self.counting.reset()

    def do_ss(self, bit: str = "") -> list[str]:
        """Reading clears."""
        mask = 1 << self._whole(bit, 0, 7) if bit else 0xFF
        read = self.counting.status & mask
        self.counting.status &= ~mask
        return [str(int(bool(read)) if bit else read)]

    def do_si(self, bit: str = "") -> list[str]:
        triggered = self.counting.trigger_period() is not None
        byte = triggered | self.counting.is_counting() << 2
        return [str(byte >> self._whole(bit, 0, 2) & 1 if bit else byte)]

    # -- data ---------------------------------------------------------------------------------------

    def do_qa(self, point: str = "") -> list[str]:
        return [self._point("A", point)]

    def do_qb(self, point: str = "") -> list[str]:
        return [self._point("B", point)]

    def _point(self, counter: str, text: str) -> str:
        points = self.counting.points
        number = self._whole(text, 1, _POINTS) if text else len(points)
        return str(points[number - 1][_OF_COUNTER[counter]]) if 0 < number <= len(points) else "-1"

    def do_ea(self) -> list[str]:
        return self._columns("A", self.counting.points)

    def do_eb(self) -> list[str]:
        return self._columns("B", self.counting.points)

    def do_et(self) -> list[str]:
        return self._columns("AB", self.counting.points)

    def _columns(self, counters: str, points: list[tuple[int, int]]) -> list[str]:
        if "B" in counters and self.set["CM", ""] == A_FOR_B:
            raise Unusable
        return [str(point[_OF_COUNTER[c]]) for point in points for c in counters]

    def do_fa(self) -> None:
        self._scan("A")

    def do_fb(self) -> None:
        self._scan("B")

    def do_ft(self) -> None:
        self._scan("AB")

    def _scan(self, counters: str) -> None:
        """Start a scan and send each point when it is complete."""
        if not self.counting.in_reset or ("B" in counters and self.set["CM", ""] == A_FOR_B):
            raise Unusable
        for seconds, point in self.counting.start_planned():
            for text in self._columns(counters, [point]):
                self.send(text.encode() + self.ending, seconds)

    def do_xa(self) -> list[str]:
        return [str(self.counting.live()[0])]

    def do_xb(self) -> list[str]:
        return [str(self.counting.live()[1])]
