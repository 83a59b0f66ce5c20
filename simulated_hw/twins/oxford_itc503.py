"""Twin of the Oxford ITC503 on the bench's cryostat: sensor 1 at the stage, 2 at the sample, 3 in the bath.

Wire behaviour from the operator's handbook, remote operation. Assumed: a sensor out of order shows the end
of the scale; P, I and D are refused while auto-PID is on; choosing another control sensor moves the set-point
to what that sensor shows (seen by users of the instrument). The gas flow is only kept: the cooling power of
the cryostat is fixed. A step of a sweep takes effect with the first message after its beginning.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import Meta

from antistokes.instruments.records import NonNegative, Positive, Record

from ..cryostat import Control, Cryostat, CryostatSettings
from ..twin import Answer, answers
from .oxford_itc503_tables import Refused, TableTwin, number

_FULL_SCALE = 1677.7  # K
_LIMIT_V = 40.0  # the highest heater voltage
_HEATER, _GAS = 1, 2  # bits of A
_REMOTE = 1  # bit of C
_CONTROL_COMMANDS = "AFGHLMOPIDSTspvcw~"
_KEYS = (0, 1, 1234, 4321, 9999)
_STORING = 1.0  # s


class ITC503Settings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    version: str = "ITC503 Version 1.11 (c) OXFORD 1997"
    cryostat: CryostatSettings = CryostatSettings()
    #: standard deviation of one reading
    noise_K: NonNegative = 0.002
    #: digits shown after the point of a temperature
    decimals: Annotated[int, Meta(ge=0, le=3)] = 1
    #: at the highest heater voltage
    heater_W: Positive = 40.0
    #: numbers of sensors that are out of order
    broken_sensors: list[int] = []
    #: its address on the ISOBUS
    isobus: Annotated[int, Meta(ge=0, le=9)] = 1


class ITC503Twin(TableTwin):
    """Measures and heats the cryostat, which it brings into the world; at first in local control."""

    model = "Oxford ITC503"
    Settings = ITC503Settings
    settings: ITC503Settings
    terminator: ClassVar[bytes] = b"\r"
    latency = 10e-3

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = self.settings.isobus
        self.auto, self.remote, self.sensor, self.auto_pid = _HEATER, 0, 1, 0
        self.setpoint = self.settings.cryostat.start_K
        self.pid = [5.0, 0.9, 0.0]  # K, min, min
        self.manual, self.gas, self.limit_V = 0.0, 0.0, 0.0
        self.key = self.ending = self.character_ms = 0
        #: when the sweep began and the set-point it began at; None: no sweep
        self.sweep: tuple[float, float] | None = None
        self.cryostat = Cryostat(self.clock, self.settings.cryostat, Control(**self._control()))
        self.bench.thermostat = self.cryostat

    # -- messages ---------------------------------------------------------------------------------

    def respond(self, message: str) -> Answer:
        """Obey one message; ``$`` before it silences the answer, ``@n`` and ``&`` are the ISOBUS'."""
        self._advance_sweep()
        text, silent = message.lstrip("\n").rstrip("\n "), False
        while text[:1] in ("$", "&", "@"):
            if text[0] == "@":
                if text[1:2] != str(self.address):
                    return None
                text = text[1:]
            silent = silent or text[0] == "$"
            text = text[1:]
        if not text:
            return None
        try:
            if text[0] in _CONTROL_COMMANDS and not self.remote & _REMOTE:
                raise Refused
            reply = super().respond(text)
        except Refused:
            reply = f"?{text}"
        if silent or not isinstance(reply, str):
            return None
        self.take_time(len(reply) * self.character_ms / 1000)
        return f"{reply}\r{chr(10) * bool(self.ending)}".encode("latin-1")

    def unknown(self, message: str) -> Answer:
        raise Refused

    def _apply(self, letter: str) -> str:
        """A setting is in force; the answer is its letter."""
        self.cryostat.adjust(**self._control())
        return letter

    def _control(self) -> dict[str, Any]:
        p, i, d = self._pid_in_force()
        loop = self.auto & _HEATER and self.sensor in (1, 2)
        # a sensor in the bath never feels the heater
        manual = 99.9 * (self.setpoint > self._kelvin(3)) if self.auto & _HEATER else self.manual
        broken = bool(self.auto & _HEATER) and self.sensor in self.settings.broken_sensors
        return {
            "setpoint": self.setpoint,
            "full_power": 0.0 if broken else self.settings.heater_W * (self._limit() / _LIMIT_V) ** 2,
            "p": 100 / max(p, 0.1),
            "i": 1000 / (60 * i) if i else 0.0,
            "d": 60 * d,
            "manual": 0.0 if loop else manual,
            "closed": bool(loop),
            "on_sample": self.sensor == 2,
        }

    def _pid_in_force(self) -> list[float]:
        if self.auto_pid:
            for upper, *pid in self.tables["p"]:
                if upper >= self.setpoint and pid[0]:
                    return pid
        return self.pid

    def _limit(self) -> float:
        """V; a limit of 0 is one that the controller chooses."""
        return self.limit_V or _LIMIT_V

    def _kelvin(self, sensor: int) -> float:
        if sensor == 3:
            return self.settings.cryostat.bath_K
        return self.cryostat.sample if sensor == 2 else self.cryostat.stage

    def _shown(self, sensor: int) -> float:
        """What a sensor shows, in K."""
        if sensor in self.settings.broken_sensors:
            return _FULL_SCALE
        return self._kelvin(sensor) + self.settings.noise_K * float(self.rng.standard_normal())

    # -- monitor commands -------------------------------------------------------------------------

    @answers(r"V")
    def version(self) -> str:
        return self.settings.version

    @answers(r"X")
    def status(self) -> str:
        return f"X0A{self.auto}C{self.remote}S{self._sweep_state()[0]:02d}H{self.sensor}L{self.auto_pid}"

    @answers(r"R(\d+)")
    def reading(self, which: str) -> str:
        self.cryostat.advance()
        parameter, percent = int(which), self.cryostat.percent
        if parameter in (0, 1, 2, 3, 4):
            kelvin = {0: self.setpoint, 4: self.setpoint}.get(parameter, 0.0)
            shown = self._shown(self.sensor if parameter == 4 else parameter) if parameter else 0.0
            value = {0: kelvin, 4: kelvin - shown}.get(parameter, shown)
            return f"R{value:.{self.settings.decimals}f}"
        others = {
            5: percent,
            6: self._limit() * (percent / 100) ** 0.5,
            7: self.gas,
            **dict(zip((8, 9, 10), self._pid_in_force(), strict=True)),
        }
        if parameter in others:
            return f"R{others[parameter]:.1f}"
        if parameter in (11, 12, 13):
            return f"R{250 * self._kelvin(parameter - 10):.0f}"
        raise Refused

    @answers(r"C([0-3])")
    def set_remote(self, text: str) -> str:
        self.remote = int(text)
        return "C"

    @answers(r"Q([02])")
    def set_protocol(self, text: str) -> None:
        """2: LF after each CR; not answered."""
        self.ending = int(text)

    @answers(r"U(\d+)")
    def unlock(self, text: str) -> str:
        if int(text) not in _KEYS:
            raise Refused
        self.key = int(text)
        return "U"

    @answers(r"!(\d)")
    def set_address(self, text: str) -> str:
        if not self.key:
            raise Refused
        self.address = int(text)
        return "!"

    @answers(r"W(.+)")
    def slow_down(self, text: str) -> str:
        self.character_ms = int(number(text, 0, 9999))
        return "W"

    @answers(r"([mno])")
    def gas_diagnostics(self, which: str) -> str:
        """Of the gas flow control; valid while that is automatic."""
        if not self.auto & _GAS:
            raise Refused
        return {"m": "m0", "n": "n10.0", "o": "o1.0"}[which]

    # -- control commands -------------------------------------------------------------------------

    @answers(r"A([0-3])")
    def set_auto(self, text: str) -> str:
        """Manual control begins with the output there is."""
        before, self.auto = self.auto, int(text)
        if before & _HEATER and not self.auto & _HEATER:
            self.cryostat.advance()
            self.manual = round(self.cryostat.percent, 1)
        return self._apply("A")

    @answers(r"O(.+)")
    def set_heater(self, text: str) -> str:
        self.manual = number(text, 0, 99.9)
        return self._apply("O")

    @answers(r"M(.+)")
    def set_limit(self, text: str) -> str:
        self.limit_V = number(text, 0, _LIMIT_V)
        return self._apply("M")

    @answers(r"G(.+)")
    def set_gas(self, text: str) -> str:
        self.gas = number(text, 0, 99.9)
        return "G"

    @answers(r"F(.+)")
    def show(self, text: str) -> str:
        number(text, 0, 13)
        return "F"

    @answers(r"H([1-3])")
    def set_sensor(self, text: str) -> str:
        if int(text) != self.sensor:
            self.sensor = int(text)
            self.setpoint = round(self._shown(self.sensor), self.settings.decimals)
        return self._apply("H")

    @answers(r"L([01])")
    def set_auto_pid(self, text: str) -> str:
        self.auto_pid = int(text)
        return self._apply("L")

    @answers(r"([PID])(.+)")
    def set_pid(self, letter: str, text: str) -> str:
        if self.auto_pid:
            raise Refused
        place = "PID".index(letter)
        self.pid[place] = number(text, 0, (_FULL_SCALE, 140, 273)[place])
        return self._apply(letter)

    @answers(r"T(.+)")
    def set_setpoint(self, text: str) -> str:
        self.setpoint = round(number(text, 0, _FULL_SCALE), self.settings.decimals)
        return self._apply("T")

    @answers(r"~")
    def save(self) -> str:
        self.take_time(_STORING)
        return "~"

    # -- sweeps -----------------------------------------------------------------------------------

    @answers(r"S(\d+)")
    def set_sweep(self, text: str) -> str:
        """0 stops, 2P − 1 begins with the sweep to step P, 2P with the hold at it."""
        state = int(number(text, 0, 32))
        if not state:
            self.sweep = None
            return "S"
        minutes = [part for _, *parts in self.tables["s"] for part in parts]
        self.sweep = self.clock.now() - 60 * sum(minutes[: state - 1]), self.setpoint
        self._advance_sweep()
        return "S"

    def _sweep_state(self) -> tuple[int, float]:
        """Number of the present part of the sweep, 0 after its end, and the set-point there in K."""
        if self.sweep is None:
            return 0, self.setpoint
        begin, before = self.sweep
        left = (self.clock.now() - begin) / 60
        for step, (aim, sweep, hold) in enumerate(self.tables["s"], 1):
            if left < sweep:
                return 2 * step - 1, before + (aim - before) * left / sweep
            left -= sweep
            if left < hold:
                return 2 * step, aim
            left -= hold
            before = aim if sweep or hold else before
        return 0, before

    def _advance_sweep(self) -> None:
        if self.sweep is not None:
            state, kelvin = self._sweep_state()
            self.setpoint = round(kelvin, self.settings.decimals)
            self.cryostat.adjust(**self._control())
            if not state:
                self.sweep = None
