"""Twins of the Lake Shore 331, 335 and 336: what sets one apart from the others.

User's manuals of the three models, chapter 6. Of a line with several questions the 331 answers the last,
and its lines are at most 64 characters long; that it takes a longer one for a wrong command is assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..twin import Answer
from .lakeshore import CME, LakeShoreSettings, LakeShoreTwin
from .lakeshore_settings import command, one_of
from .lakeshore_tables import TABLE_331, TABLE_335, TABLE_336, power_up

_LONGEST = 64  # characters in a line to the 331
_OPEN_LOOP = 3  # CMODE
_MANUAL, _LOOP_2 = 2, 3  # ANALOG


class LakeShore336Twin(LakeShoreTwin):
    """Four inputs, two heaters and two voltage outputs, 100 W."""

    model = "Lake Shore 336"
    inputs, outputs = "ABCD", "1234"
    table = TABLE_336
    identification = "LSCI,MODEL336,{serial},2.9"
    currents = (0.0, 0.707, 1.0, 1.141, 2.0)

    @command("NETID?")
    def network(self, _: str) -> str:
        """LAN state, addresses, MAC address, names."""
        _, _, *addresses, host, domain, _ = self.table["NET"].show(self.values["NET", ""]).split(",")
        return ",".join(["1", *addresses, "00:00:00:00:00:00", host, domain])


class LakeShore335Twin(LakeShoreTwin):
    """Two inputs, two heaters of which the second may be a voltage output, 75 W."""

    model = "Lake Shore 335"
    inputs, outputs = "AB", "12"
    table = TABLE_335
    lacks = frozenset({"AOUT?"})
    identification = "LSCI,MODEL335,{serial},2.0"
    currents = (0.0, 0.707, 1.0, 1.141, 1.732)

    def _highest_range(self, output: str) -> int:
        return 1 if output == "2" and self.values["HTRSET", "2"][0] == 1 else 3


class LakeShore331Settings(LakeShoreSettings, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    serial: str = "123456"


class LakeShore331Twin(LakeShoreTwin):
    """A 331S: two inputs, one heater (50 W) with its range, loop 2 on the analog output."""

    model = "Lake Shore 331"
    Settings = LakeShore331Settings
    inputs, outputs = "AB", "12"
    table = TABLE_331
    lacks = frozenset({"ATUNE", "OPST?", "OPSTR?"})
    identification = "LSCI,MODEL331S,{serial},061404"
    last_curve = 41

    def respond(self, message: str) -> Answer:
        if len(message) > _LONGEST:
            self.esr |= CME
            return None
        answer = super().respond(message)
        return answer.rpartition(";")[2] if isinstance(answer, str) else answer

    def defaults(self) -> dict[tuple[str, str], tuple[Any, ...]]:
        """The high range: 5 W do not hold this cryostat at 300 K."""
        return power_up(self.table, self.settings.cryostat.start_K) | {("RANGE", ""): (3,)}

    def _drive(self) -> tuple[str, str]:
        return "manual" if self.values["CMODE", "1"][0] == _OPEN_LOOP else "closed", self._input_of("1")

    def _input_of(self, output: str) -> str:
        return str(self.values["CSET", output][0])

    def _units(self, output: str) -> int:
        return int(self.values["CSET", output][1])

    def _limits(self) -> list[float]:
        return []

    def _full_power(self) -> float:
        level = self.values["RANGE", ""][0]
        return float(50.0 * 10.0 ** (level - 3)) if level else 0.0

    def _is_valid(self, name: str) -> bool:
        return not self._status(name)

    def _alarm(self, name: str) -> tuple[Any, ...]:
        on, _, high, low, *_ = self.values["ALARM", name]
        return on, high, low

    def _each(self, text: str, show: Callable[[str], str]) -> str:
        """Without an input it is A."""
        return show(one_of(text or "A", self.inputs))

    def heater_output(self, _: str) -> str:
        return f"{self.cryostat.percent:+06.1f}"

    def analog_output(self, _: str) -> str:
        """Loop 2 heats nothing: in closed loop its output stays 0."""
        mode, manual = self.values["ANALOG", ""][1], self.values["ANALOG", ""][6]
        by_hand = self.values["CMODE", "2"][0] == _OPEN_LOOP
        percent = {_MANUAL: manual, _LOOP_2: self.values["MOUT", "2"][0] * by_hand}.get(mode, 0.0)
        return f"{percent:+06.1f}"

    def heater_status(self, _: str) -> str:
        return str(("ok", "open", "short").index(self.settings.heater))

    def tuning(self, _: str) -> str:
        return "0"

    @command("KEYST?")
    def key_pressed(self, _: str) -> str:
        return "0"

    @command("LDAT?")
    def linear_data(self, text: str) -> str:
        """The equation m·x + b on the reading in kelvin, whatever source is set."""
        _, slope, _, _, offset = self.values["LINEAR", one_of(text, self.inputs)]
        return f"{slope * self._reading(text.strip().upper()) + offset:+08.3f}"

    @command("REV?")
    def input_firmware(self, _: str) -> str:
        return "1.1"
