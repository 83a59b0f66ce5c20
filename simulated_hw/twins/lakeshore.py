"""What the Lake Shore twins have in common: inputs A (stage), B (sample), C (cold head), output 1 heats.

One input may be a sensor on the lit sample itself instead.

Wire behaviour from the user's manuals of the Models 335 and 336, chapter 6. Zone control works like closed
loop with the PID values set. The other outputs accept everything and heat nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, Literal

from antistokes.instruments.records import NonNegative, Record

from ..cryostat import Control, Cryostat, CryostatSettings
from ..twin import Answer
from .lakeshore_curves import DIODE_K, kelvin_of, volts_of
from .lakeshore_settings import Refused, command, first, integer, key_of, number, one_of, split
from .lakeshore_status import StatusTwin
from .lakeshore_tables import Table, power_up

#: of the event register: execution error, command error
EXE, CME = 16, 32
_NAMES = {"A": "Stage", "B": "Sample", "C": "Cold head"}


class LakeShoreSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    serial: str = "LSA12AB/1234567"
    cryostat: CryostatSettings = CryostatSettings()
    #: standard deviation of one reading
    noise_K: NonNegative = 0.002
    #: letter of the sensor on the lit sample, which light warms or cools (``[simulation.effects] heating``)
    crystal_input: Literal["", "A", "B", "C", "D"] = ""
    #: reading status of an input that is out of order, e.g. ``{ B = 128 }``
    sensor_status: dict[str, int] = {}
    heater: Literal["ok", "open", "short"] = "ok"


class LakeShoreTwin(StatusTwin):
    """Measures and heats the cryostat, which it brings into the world."""

    Settings = LakeShoreSettings
    settings: LakeShoreSettings
    answer_terminator = b"\r\n"
    latency = 5e-3

    #: letters of its inputs, numbers of its outputs
    inputs: ClassVar[str]
    outputs: ClassVar[str]
    #: the settings it keeps
    table: ClassVar[Table]
    #: commands the others have and it does not
    lacks: ClassVar[frozenset[str]] = frozenset()
    #: answer to ``*IDN?``
    identification: ClassVar[str]
    #: A, by the code of HTRSET; 0 means the user's own
    currents: ClassVar[tuple[float, ...]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.values = self.defaults()
        self.extremes: dict[str, tuple[float, float]] = {}
        self.cryostat = Cryostat(self.clock, self.settings.cryostat, Control(**self._control()))
        self.bench.thermostat = self.cryostat

    def defaults(self) -> dict[tuple[str, str], tuple[Any, ...]]:
        """Everything at power-up: output 1 holds the temperature there is by input A, medium range."""
        values = power_up(self.table, self.settings.cryostat.start_K)
        values |= {("INNAME", name): (text,) for name, text in _NAMES.items() if name in self.inputs}
        if "D" in self.inputs and self.settings.crystal_input != "D":
            values["INTYPE", "D"] = (0, 0, 0, 0, 1)
        return values | {("OUTMODE", "1"): (1, 1, 0), ("RANGE", "1"): (2,)}

    # -- messages ---------------------------------------------------------------------------------

    def respond(self, message: str) -> Answer:
        """Answer the parts of a line, joined by ``;`` as they came."""
        self.cryostat.advance()
        if self.cryostat.tripped:
            self._heaters_off()
        replies = []
        for part in message.split(";"):
            try:
                reply = self._part(part.strip())
            except Refused:
                self.esr |= EXE
                continue
            if isinstance(reply, str):
                replies.append(reply)
        return ";".join(replies) if replies else None

    def _part(self, part: str) -> Answer:
        if not part:
            return None
        header = re.match(r"[*A-Z]+\??", part.upper())
        return self.unknown(part) if header and header[0] in self.lacks else super().respond(part)

    def unknown(self, message: str) -> Answer:
        """Settings that are only kept: look them up in the table; else a command error."""
        match = re.fullmatch(r"([*A-Z]+)(\?|\s|(?=\d)|$)\s*(.*)", message.upper())
        name = match[1] if match else ""
        if match is None or name not in self.table or "_" in name:
            self.esr |= CME
            return None
        setting = self.table[name]
        parameters = split(message[match.start(3) :])
        key, parameters = key_of(setting, parameters)
        if match[2] == "?":
            return setting.show(self.values[name, key])
        new = setting.read(parameters, self.values[name, key])
        if name == "RANGE" and new[0] > self._highest_range(key):
            raise Refused
        self.values[name, key] = new
        self.cryostat.adjust(**self._control())
        return None

    def _highest_range(self, output: str) -> int:
        """A voltage output is on or off."""
        return 1 if output in ("3", "4") else 3

    def _control(self) -> dict[str, Any]:
        """What the settings of output 1 mean for the cryostat."""
        drive, source = self._drive()
        on, rate = self.values["RAMP", "1"]
        p, i, d = self.values["PID", "1"]
        senses = source in ("A", "B") and not self.settings.sensor_status.get(source)
        heats = self.settings.heater == "ok" and (drive == "manual" or (drive == "closed" and senses))
        return {
            "setpoint": self.values["SETPOINT_K", "1"][0],
            "full_power": self._full_power() if heats else 0.0,
            "p": p,
            "i": i,
            "d": d,
            "manual": self.values["MOUT", "1"][0],
            "closed": drive != "manual",
            "rate": rate / 60 if on else 0.0,
            "on_sample": source == "B",
            "limit": min((limit for limit in self._limits() if limit > 0), default=float("inf")),
        }

    def _drive(self) -> tuple[str, str]:
        """What drives output 1: ``closed``, ``manual`` or nothing; and the letter of its control input."""
        mode = self.values["OUTMODE", "1"][0]
        return {1: "closed", 2: "closed", 3: "manual"}.get(mode, ""), self._input_of("1")

    def _input_of(self, output: str) -> str:
        source = int(self.values["OUTMODE", output][1])
        return self.inputs[source - 1] if 1 <= source <= len(self.inputs) else ""

    def _limits(self) -> list[float]:
        """K, at which the heaters are switched off."""
        return [self.values["TLIMIT", name][0] for name in "AB"]

    def _full_power(self) -> float:
        """W at 100 %: current squared times resistance, a decade less for each range below high."""
        resistance, code, own, _ = self.values["HTRSET", "1"][-4:]
        level = self.values["RANGE", "1"][0]
        current = self.currents[int(code)] or own
        return float(current**2 * (25.0 if resistance == 1 else 50.0) * 10.0 ** (level - 3)) if level else 0.0

    def _heaters_off(self) -> None:
        for name, key in self.values:
            if name == "RANGE":
                self.values[name, key] = (0,)
        self.cryostat.adjust(**self._control())

    # -- common commands --------------------------------------------------------------------------

    @command("*IDN?")
    def identify(self, _: str) -> str:
        return self.identification.format(serial=self.settings.serial)

    @command("*RST")
    def reset(self, _: str) -> None:
        """Power-up state: heaters and ramps off, the set-point kept."""
        for output in "12":
            self.values["RAMP", output] = (0, self.values["RAMP", output][1])
        self._heaters_off()

    @command("DFLT")
    def factory_defaults(self, text: str) -> None:
        if text.strip() != "99":
            raise Refused
        self.values = self.defaults()
        self.forget_curves()
        self.extremes.clear()
        self._heaters_off()

    # -- readings ---------------------------------------------------------------------------------

    @command("KRDG?")
    def kelvin(self, text: str) -> str:
        return self._each(text, lambda name: f"{self._reading(name):+08.3f}")

    @command("CRDG?")
    def celsius(self, text: str) -> str:
        return self._each(text, lambda name: f"{self._reading(name) - 273.15 * self._is_valid(name):+08.3f}")

    @command("SRDG?")
    def sensor_units(self, text: str) -> str:
        return self._each(text, lambda name: f"{volts_of(self._reading(name)) * self._is_valid(name):+08.5f}")

    @command("RDGST?")
    def reading_status(self, text: str) -> str:
        return f"{self._status(one_of(text, self.inputs)):03d}"

    @command("MDAT?")
    def extreme_readings(self, text: str) -> str:
        low, high = self.extremes.get(one_of(text, self.inputs), (0.0, 0.0))
        return f"{low:+08.3f},{high:+08.3f}"

    @command("MNMXRST")
    def forget_extremes(self, _: str) -> None:
        self.extremes.clear()

    @command("ALARMST?")
    def alarm_status(self, text: str) -> str:
        name = one_of(text, self.inputs)
        on, high, low = self._alarm(name)
        now = self._reading(name)
        return f"{int(bool(on) and now > high)},{int(bool(on) and now < low)}"

    def _alarm(self, name: str) -> tuple[Any, ...]:
        """On, high and low level."""
        return self.values["ALARM", name][:3]

    def _each(self, text: str, show: Callable[[str], str]) -> str:
        """One input, or with 0 all of them."""
        return ",".join(map(show, self.inputs if text.strip() == "0" else one_of(text, self.inputs)))

    def _reading(self, name: str) -> float:
        """K with the sensor's noise; 0 without a valid reading."""
        if not self._is_valid(name):
            return 0.0
        value = self._temperature(name) + self.settings.noise_K * self.rng.standard_normal()
        low, high = self.extremes.get(name, (value, value))
        self.extremes[name] = min(low, value), max(high, value)
        return value

    def _temperature(self, name: str) -> float:
        if name == self.settings.crystal_input:
            return self.bench.crystal_temperature()
        return {"A": self.cryostat.stage, "B": self.cryostat.sample}.get(name, self.settings.cryostat.bath_K)

    def _is_valid(self, name: str) -> bool:
        return self.values["INTYPE", name][0] != 0 and not self._status(name)

    def _status(self, name: str) -> int:
        """Sum of 1 invalid, 16, 32 temperature under, over range, 64, 128 sensor units zero, over range."""
        if name in self.settings.sensor_status:
            return self.settings.sensor_status[name]
        temperature = self._temperature(name)
        return 16 if temperature < DIODE_K[0] else 32 if temperature > DIODE_K[-1] else 0

    # -- outputs ----------------------------------------------------------------------------------

    @command("SETP")
    def set_setpoint(self, text: str) -> None:
        parameters = split(text)
        if len(parameters) != 2:
            raise Refused
        output = one_of(parameters[0], self.outputs)
        value = number(parameters[1], -9999, 9999)
        kelvin = {1: value, 2: value + 273.15}.get(self._units(output), kelvin_of(value))
        self.values["SETPOINT_K", output] = (number(str(kelvin), 0, 2000),)
        if output == "1":
            self.cryostat.adjust(**self._control())

    @command("SETP?")
    def setpoint(self, text: str) -> str:
        """During a ramp the set-point on its way."""
        output = one_of(text, self.outputs)
        kelvin = self.cryostat.aim if output == "1" else self.values["SETPOINT_K", output][0]
        return f"{ {1: kelvin, 2: kelvin - 273.15}.get(self._units(output), volts_of(kelvin)):+08.3f}"

    def _units(self, output: str) -> int:
        """Preferred units of the input that controls: 1 K, 2 °C, 3 sensor."""
        name = self._input_of(output)
        return int(self.values["INTYPE", name][4]) if name else 1

    @command("RAMPST?")
    def ramping(self, text: str) -> str:
        output = one_of(text, self.outputs)
        return str(int(output == "1" and self.cryostat.aim != self.values["SETPOINT_K", "1"][0]))

    @command("HTR?")
    def heater_output(self, text: str) -> str:
        return f"{self.cryostat.percent if one_of(text, '12') == '1' else self._manual('2'):+06.1f}"

    @command("AOUT?")
    def analog_output(self, text: str) -> str:
        return f"{self._manual(one_of(text, '34')):+06.1f}"

    def _manual(self, output: str) -> float:
        on = self.values["RANGE", output][0] and self.values["OUTMODE", output][0] == 3
        return float(self.values["MOUT", output][0]) if on else 0.0

    @command("HTRST?")
    def heater_status(self, text: str) -> str:
        output = one_of(text, "12")
        return str(("ok", "open", "short").index(self.settings.heater)) if output == "1" else "0"

    @command("ZONE?")
    def zone(self, text: str) -> str:
        output, which = first(2, text)
        key = f"{one_of(output, '12')}/{integer(which, 1, 10)}"
        return self.table["ZONE_TABLE"].show(self.values["ZONE_TABLE", key])

    @command("ZONE")
    def set_zone(self, text: str) -> None:
        parameters = split(text)
        if len(parameters) < 2:
            raise Refused
        key = f"{one_of(parameters[0], '12')}/{integer(parameters[1], 1, 10)}"
        self.values["ZONE_TABLE", key] = self.table["ZONE_TABLE"].read(
            parameters[2:], self.values["ZONE_TABLE", key]
        )

    @command("ATUNE")
    def tune(self, text: str) -> None:
        """Accepted; no tuning takes place."""
        output, mode = first(2, text)
        one_of(output, "12")
        integer(mode, 0, 2)

    @command("TUNEST?")
    def tuning(self, _: str) -> str:
        return "0,1,0,00"

    @command("RELAYST?")
    def relay_status(self, text: str) -> str:
        return str(int(self.values["RELAY", one_of(text, "12")][0] == 1))

    @command("OPST?")
    @command("OPSTR?")
    def operational_status(self, _: str) -> str:
        return "000"

    @command("TEMP?")
    def junction(self, _: str) -> str:
        return f"{self.settings.cryostat.surroundings_K:+08.3f}"
