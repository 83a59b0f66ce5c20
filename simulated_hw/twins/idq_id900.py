"""Twin of an ID Quantique ID900 time controller: SCPI over ZeroMQ.

From the maker's manual (chapters 8 and 9) and replies that public programs expect. Every message has one
reply, an error ends it with ``SCPI_ERR_…`` and the commands after it are not done. Assumed: the text of
``*IDN?`` and of confirmations other programs do not look at, that a setting is confirmed by its value, that
what is out of range is a wrong parameter, that a chain's replies are joined by ``;``. Histograms count
photons after START (or, without a trigger, after the gate has opened). A combiner lets its first source
pass, coincidences are not counted; time stamps are not sent.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from antistokes.instruments.records import Positive, Record

from ..bench import Bench
from ..faulty_messages import SdkTwin
from ..photon_counting import Photomultiplier, PhotomultiplierSettings
from ..zmq_sockets import zmq_module
from .idq_id900_commands import (
    KINDS,
    NO_COMMAND,
    PARAM_COUNT,
    STATES,
    CommandError,
    Grammar,
    Header,
    commands,
)

_PS = 1e12
_INPUTS = ("STAR", "INPU1", "INPU2", "INPU3", "INPU4")
_CONFIGURATIONS = ("INIT", "HISTO", "COUNT", "BLANK")


class ID900Settings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    identity: str = "ID QUANTIQUE,ID900,1908029T010,1.21"
    #: where the cables are: STAR or INPU1 to INPU4
    trigger_input: str = "STAR"
    photon_input: str = "INPU1"
    #: height of the detector's pulses
    pulse_V: Positive = 2.0
    detector: PhotomultiplierSettings = PhotomultiplierSettings()


class ID900Twin(SdkTwin):
    """A time controller that sees the detector's pulses and the pulse generator's trigger.

    :param name: the instrument's name in the station
    :param bench: the shared world
    :param settings: the twin's own table ``[simulation.twins.NAME]``
    """

    model = "ID Quantique ID900"
    Settings = ID900Settings
    #: the world sets it to the station file's resource
    resource_name = "tcp://192.168.1.50:5555"
    latency = 1e-3

    def __init__(self, name: str, bench: Bench, settings: ID900Settings | None = None) -> None:
        self.name, self.bench = name, bench
        self.settings = ID900Settings() if settings is None else settings
        self.detector = Photomultiplier(bench, self.settings.detector, bench.rng(name))
        self._grammar = Grammar(list(_ACTIONS))
        self._actions = {_name(pattern): method for pattern, method in _ACTIONS.items()}
        self._time = bench.clock.now()
        self._counts = dict.fromkeys(_INPUTS, 0)
        self._reset_at = dict.fromkeys(_INPUTS, self._time)
        self._cycle = dict.fromkeys(_INPUTS, (0, 0))  # number and count of the last complete one
        self._gates: dict[str, tuple[float, float]] = {}  # open from, until
        self._data: dict[int, npt.NDArray[np.float64]] = {}
        self._values: dict[str, Any] = {}
        self.load(Header("", 0), "INIT")

    def sdk(self) -> Any:
        """The object that plays the module ``zmq``."""
        return zmq_module(self)

    # -- messages ---------------------------------------------------------------------------------------

    def reply(self, request: bytes) -> bytes:
        """The one reply to a message."""
        answers = []
        with self.bench.lock:
            self._advance()
            try:
                for header, parameter in commands(request.decode("latin-1")):
                    answers.append(self._do(header, parameter))
                if not answers:
                    raise CommandError(NO_COMMAND)
            except CommandError as error:
                answers.append(str(error))
        return ";".join(answers).encode()

    def _do(self, text: str, parameter: str) -> str:
        header = self._grammar.find(text)
        if header.name in self._actions:
            answer: str = getattr(self, self._actions[header.name])(header, parameter)
            return answer
        if not header.name.endswith("?"):
            self._set(header, parameter)
        name = header.name.removesuffix("?")
        return KINDS[name].show(self.value(Header(name, header.number).key))

    def _set(self, header: Header, parameter: str) -> None:
        kind = KINDS[header.name]
        if not parameter and kind.choices != ("ON", "OFF"):
            raise CommandError(PARAM_COUNT)
        value = kind.parse(parameter or "ON")
        self._values[header.key] = value
        if header.name == "TSGE#:ENAB":
            gate = f"TSGE{header.number}"
            pulse = "ONES" if self.value(f"{gate}:MODE") == "ONESHOT" else "SPUL"
            self._move_gate(gate, value == "ON", f"{gate}:{pulse}:PWID")
        if header.name in ("HIST#:BCOU", "HIST#:BWID", "HIST#:MIN"):
            self._data.pop(header.number, None)

    def value(self, key: str) -> Any:
        """Of the setting *key*, such as ``HIST1:BWID``, now."""
        block, _, rest = key.partition(":")
        known = self._values.get(key)
        name = key if key in KINDS else f"{block.rstrip('0123456789')}#:{rest}"
        return KINDS[name].default if known is None else known

    def _move_gate(self, gate: str, opened: bool, width: str) -> None:
        now = self.bench.clock.now()
        begin, end = self._gates.get(gate, (now, now))
        self._gates[gate] = (now, now + self.value(width) / _PS) if opened else (begin, min(end, now))

    # -- commands that are no settings ------------------------------------------------------------------

    def identify(self, header: Header, parameter: str) -> str:
        return self.settings.identity

    def load(self, header: Header, parameter: str) -> str:
        name = next((c for c in _CONFIGURATIONS if parameter and c.startswith(parameter.upper())), None)
        if name is None:
            raise CommandError(PARAM_COUNT if not parameter else "SCPI_ERR_PARAM_TYPE")
        self._values.clear()
        self._data.clear()
        self._gates.clear()
        if name != "BLANK":
            for n in range(1, 5):
                self._values |= {
                    f"DELA{n}:LINK": f"INPU{n}",
                    f"TSCO{n + 4}:FIR:LINK": f"DELA{n}",
                    f"HIST{n}:REF:LINK": "STAR",
                    f"HIST{n}:STOP:LINK": f"TSCO{n + 4}",
                    f"HIST{n}:ENAB:LINK": "TSGE8",
                }
        return f"Configuration {name} loaded"

    def recalibrate(self, header: Header, parameter: str) -> str:
        return "Sampling recalibrated"

    def resolution(self, header: Header, parameter: str) -> str:
        return "100TB"

    def count(self, header: Header, parameter: str) -> str:
        block = self._source(_input(header))[0]
        if block not in _INPUTS:
            return "0"
        if self.value(f"{block}:COUN:MODE") != "CYCLE":
            return str(self._counts[block])
        length = self.value(f"{block}:COUN:INTE") / 1e3
        begin = self._reset_at[block]
        number = math.floor((self.bench.clock.now() - begin) / length)
        if number != self._cycle[block][0]:
            end = begin + number * length
            self._cycle[block] = (number, self._seen(block, end - length, end))
        return str(self._cycle[block][1])

    def restart_count(self, header: Header, parameter: str) -> str:
        block = self._source(_input(header))[0]
        if block in _INPUTS:
            self._counts[block], self._cycle[block] = 0, (0, 0)
            self._reset_at[block] = self.bench.clock.now()
        return "Counter value set to 0 "

    def highres_error(self, header: Header, parameter: str) -> str:
        return "0"

    def clear_highres_error(self, header: Header, parameter: str) -> str:
        return "Cleared Highres errors"

    def stamp_errors(self, header: Header, parameter: str) -> str:
        return "0"

    def flush(self, header: Header, parameter: str) -> str:
        self._data.pop(header.number, None)
        return "Flushed Histogram!"

    def data(self, header: Header, parameter: str) -> str:
        return "[" + ",".join(f"{n:.0f}" for n in self._histogram(header.number)) + "]"

    def play(self, header: Header, parameter: str) -> str:
        self._move_gate("REC1", self.value("REC1:ENAB") == "ON", "REC1:DUR")
        return self.stage(header, parameter)

    def stop(self, header: Header, parameter: str) -> str:
        self._move_gate("REC1", False, "REC1:DUR")
        return self.stage(header, parameter)

    def stage(self, header: Header, parameter: str) -> str:
        return "PLAYING" if self._gates.get("REC1", (0.0, 0.0))[1] > self.bench.clock.now() else "STOPPED"

    def state(self, header: Header, parameter: str) -> str:
        """Settings of a block, each as the command that makes it."""
        block = header.key.partition(":")[0]
        parts = []
        for text, name in STATES[header.name.partition(":")[0]]:
            key = f"{block}:{name}"
            shown = KINDS[key if key in KINDS else f"{block[:4]}#:{name}"].show(self.value(key))
            parts.append(f"{text.replace('#', str(header.number))} {shown}")
        return ";".join(parts) + (";" if block[:4] in ("DELA", "HIST") else "")

    # -- what it sees -------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Counters and histograms up to now."""
        begin, self._time = self._time, self.bench.clock.now()
        if self._time <= begin:
            return
        for block in _INPUTS:
            self._counts[block] += self._seen(block, begin, self._time)
        for number in range(1, 5):
            opened, closed = self._gates.get(self.value(f"HIST{number}:ENAB:LINK"), (0.0, 0.0))
            start, end = max(begin, opened), min(self._time, closed)
            if start < end:
                self._collect(number, start, end, opened)

    def _crossed(self, block: str, volts: float) -> bool:
        return self.value(f"{block}:ENAB") == "ON" and 0 < self.value(f"{block}:THRE") < volts

    def _period(self, block: str) -> float | None:
        """Of the triggers that *block* sees, s."""
        train = self.bench.triggers()
        wired = train is not None and block == self.settings.trigger_input
        return train.period if train and wired and self._crossed(block, train.high) else None

    def _has_photons(self, block: str) -> bool:
        return block == self.settings.photon_input and self._crossed(block, self.settings.pulse_V)

    def _seen(self, block: str, begin: float, end: float) -> int:
        if self._has_photons(block):
            return self.detector.counts(end - begin)
        period = self._period(block)
        return math.ceil(end / period) - math.ceil(begin / period) if period else 0

    def _source(self, link: str) -> tuple[str, float]:
        """The input at the beginning of a chain of blocks, and the delay on the way, s."""
        delay = 0.0
        for _ in range(8):
            if link.startswith("DELA"):
                delay += self.value(f"{link}:VALU") / _PS
                link = self.value(f"{link}:LINK")
            elif link.startswith("TSCO"):
                link = self.value(f"{link}:FIR:LINK")
        return link, delay + (self.value(f"{link}:DELA") / _PS if link in _INPUTS else 0.0)

    def _histogram(self, number: int) -> npt.NDArray[np.float64]:
        return self._data.setdefault(number, np.zeros(round(self.value(f"HIST{number}:BCOU"))))

    def _collect(self, number: int, begin: float, end: float, opened: float) -> None:
        """A photon is timed from the last trigger; without triggers from the opening of the gate."""
        block = f"HIST{number}"
        stop, stop_delay = self._source(self.value(f"{block}:STOP:LINK"))
        start, start_delay = self._source(self.value(f"{block}:REF:LINK"))
        if not self._has_photons(stop):
            return
        data = self._histogram(number)
        edges = (self.value(f"{block}:MIN") + np.arange(len(data) + 1) * self.value(f"{block}:BWID")) / _PS
        period = self._period(start)
        if period is None:
            seconds = np.diff(np.clip(edges, begin - opened, end - opened))
            data += self.detector.rng.poisson(self.detector.rate() * seconds)
            return
        inside = np.minimum(edges, period)[: int(np.searchsorted(edges, period)) + 1]
        if len(inside) > 1:
            shift = stop_delay - start_delay
            triggers = self._seen(start, begin, end)
            data[: len(inside) - 1] += self.detector.histogram(inside - shift, triggers)


def _input(header: Header) -> str:
    return header.key.partition(":")[0]


def _name(pattern: str) -> str:
    return "".join(c for c in pattern if not c.islower())


#: method by the pattern of its command
_ACTIONS = {
    "*IDN?": "identify",
    "DEVIce:CONFiguration:LOAD": "load",
    "DEVIce:SAMPling:RECAlibrate": "recalibrate",
    "DEVIce:RESolution:BWIDth?": "resolution",
    **{f"{block}:COUNter?": "count" for block in ("INPUt#", "STARt", "TSCOmbiner#")},
    **{f"{block}:COUNter:RESEt": "restart_count" for block in ("INPUt#", "STARt", "TSCOmbiner#")},
    **{f"{block}:HIREs:ERROr?": "highres_error" for block in ("INPUt#", "STARt")},
    **{f"{block}:HIREs:ERROr:CLEAr": "clear_highres_error" for block in ("INPUt#", "STARt")},
    **{f"{block}:FLUSh": "flush" for block in ("HISTogram#", "TSSTatistic#:DATA:HISTogram")},
    **{f"{block}?": "data" for block in ("HISTogram#:DATA", "TSSTatistic#:DATA:HISTogram")},
    "RAW#:ERRORs?": "stamp_errors",
    "RAW#:ERRORs:CLEAr": "stamp_errors",
    "RECord#:PLAY": "play",
    "RECord#:STOP": "stop",
    "RECord#:STAGe?": "stage",
    **{f"{block}:STATe?": "state" for block in ("INPUt#", "STARt", "DELAy#", "HISTogram#", "DEVIce")},
}
