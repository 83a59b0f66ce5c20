"""Ophir Vega, Nova II and StarLite optical power meters (RS-232, ``$`` commands).

Sources: Ophir's guide to programmers and user commands, and public drivers. Not settled by them, and read
on the safe side here: the blank after a command may be left out; how soon a reading follows a change of
range or wavelength (one waits); whether ``$SP`` answers in dBm when the display does (the unit is asked
before each reading). How a StarLite behaves on RS-232 is not public: it is taken to speak like a Vega. The
USB port of these meters needs the maker's driver: not supported.
"""

from __future__ import annotations

import math
import re
from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..device import Limit
from ..errors import DeviceFault, OverRange
from ..instrument import VisaInstrument
from ..roles import PowerMeter

_AUTOMATIC = -1
_MEASURES_POWER = 1  # bit of the head's abilities
_POWER_TIME = 1.0  # s from $FP to a reading
_CHANGE_TIME = 0.5  # s from a new range or wavelength to a reading with it
_EXPONENTS = {"": 0, "p": -12, "n": -9, "u": -6, "µ": -6, "m": -3, "k": 3}
#: s after a change of the light, by type of head; others are thermal
_SETTLE_TIMES = {"SI": 0.5}
_THERMAL_SETTLE_TIME = 3.0


class OphirVega(VisaInstrument):
    """Ophir Vega or Nova II. Fulfils :class:`~antistokes.instruments.roles.PowerMeter`.

    The limits of the wavelength are read from the head when the connection opens. A head that knows names
    of wavelengths only ("DISCRETE") is refused. Setting the wavelength overwrites the active favourite
    until the meter is switched off. Whether the head's filter is where the meter believes it is
    (:attr:`filter`), nobody can ask.
    """

    MODEL = "Ophir Vega"
    INTERFACES = ("RS-232",)
    VERIFIED = (
        "Against its twin, which pylablib's VegaPowerMeter was run against too; no instrument was tried."
    )
    ROLES = (PowerMeter,)
    IDN_WORDS: ClassVar[tuple[str, ...]] = ("VEGA", "NOVA-II", "NOVAII")
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\r\n",
        "write_termination": "\r\n",
        "timeout": 3000,
        "asrl": {"baud_rate": 9600, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {
        "wavelength": Limit(150, 20000, "nm"),
        "full_scale": Limit(0, 1e5, "W"),
    }
    SNAPSHOT = ("instrument", "head", "wavelength", "auto_range", "full_scale", "filter")

    def __init__(
        self, adapter: Adapter | str, name: str = "", *, clock: Clock | None = None, **connection: Any
    ) -> None:
        super().__init__(adapter, name, clock=clock, **connection)
        self.instrument = self.identity().lstrip("* ")
        self.head = self._command("$HI")
        self._check_head()
        low, high, _ = self._wavelengths()
        self.told_limit("wavelength", low, high)
        self.wavelength_range = (low, high)
        self._command("$FP")
        self.clock.sleep(_POWER_TIME)
        self.told_limit("full_scale", 0, max(self._ranges()[1]))
        self.auto_range = True

    def identity(self) -> str:
        """The answer to ``$II``: star, type, serial number, name."""
        return self.ask("$II").strip()

    def _resynchronise(self) -> None:
        """An answer does not say what it answers; they come in the order of the questions."""
        self._read_up_to("$II", self._is_model)

    def _check_head(self) -> None:
        """Type, serial number, name and abilities (bits, in hexadecimal)."""
        fields = self.head.split() or ["XX"]
        if fields[0] == "XX":
            raise DeviceFault(self.name, "no head is connected")
        try:
            able = int(fields[-1], 16) & _MEASURES_POWER
        except ValueError:
            raise self.wrong_answer("$HI", self.head) from None
        if not able:
            raise DeviceFault(self.name, f"its head '{self.head}' does not measure power")
        self.settle_time = _SETTLE_TIMES.get(fields[0], _THERMAL_SETTLE_TIME)

    # -- settings ---------------------------------------------------------------------------------

    @property
    def wavelength(self) -> float:
        """Control the wavelength the reading is corrected for, in whole nm (the nearest is taken)."""
        return self._wavelengths()[2]

    @wavelength.setter
    def wavelength(self, wavelength: float) -> None:
        nm = round(wavelength)
        self.check_limit("wavelength", nm)
        with self.lock:
            self._command(f"$WL{nm}")
            found = self.wavelength
            if found != nm:
                raise DeviceFault(self.name, f"stays at {found:g} nm where {nm} nm was set")
            self.clock.sleep(_CHANGE_TIME)

    def _wavelengths(self) -> tuple[float, float, float]:
        """Shortest, longest and present wavelength, nm."""
        answer = self._command("$AW")
        kind, *fields = answer.split() or [""]
        if kind.upper() == "DISCRETE":
            raise DeviceFault(
                self.name, f"its head knows names of wavelengths only ({' '.join(fields[1:])}), no nm"
            )
        try:
            low, high, active = float(fields[0]), float(fields[1]), int(fields[2])
            present = float(fields[2 + active])
        except (IndexError, ValueError):
            raise self.wrong_answer("$AW", answer) from None
        if not (active > 0 and low <= present <= high):
            raise self.wrong_answer("$AW", answer)
        return low, high, present

    @property
    def auto_range(self) -> bool:
        """Control whether the meter chooses its range by itself."""
        return self._ranges()[0] < 0

    @auto_range.setter
    def auto_range(self, on: bool) -> None:
        with self.lock:
            index, ranges = self._ranges()
            if on:
                self._take_range(_AUTOMATIC)
            elif index < 0:
                self._take_range(ranges.index(max(ranges)))

    @property
    def full_scale(self) -> float:
        """Control the upper end of the range, in W; setting it turns :attr:`auto_range` off.

        The meter takes the next range that holds the value. While it chooses by itself, the highest range.
        """
        index, ranges = self._ranges()
        return max(ranges) if index < 0 else ranges[index]

    @full_scale.setter
    def full_scale(self, power: float) -> None:
        with self.lock:
            ranges = self._ranges()[1]
            self._take_range(ranges.index(min(top for top in ranges if top >= power)))

    def _take_range(self, index: int) -> None:
        self._command(f"$WN{index}")
        self.clock.sleep(_CHANGE_TIME)

    def _ranges(self) -> tuple[int, list[float]]:
        """Present range (negative: automatic) and upper ends of all, W.

        Words that are no power (AUTO, dBm) stand before them and have negative numbers.
        """
        answer = self._command("$AR")
        index, *words = answer.split() or [""]
        powers = [re.fullmatch(r"([\d.]+)([pnuµmk]?)W", word) for word in words]
        try:
            # the float nearest to the number that is meant, which a product may miss
            ranges = [float(f"{power[1]}e{_EXPONENTS[power[2]]}") for power in powers if power]
            if not -3 < int(index) < len(ranges):
                raise ValueError(index)
            return int(index), ranges
        except ValueError:
            raise self.wrong_answer("$AR", answer) from None

    @property
    def filter(self) -> str:
        """Get where the meter believes the head's filter is: IN, OUT, or N/A for a head without."""
        answer = self._command("$FQ")
        index, *positions = answer.split() or [""]
        if not index.isdecimal():
            return "N/A"
        if not 0 < int(index) <= len(positions):
            raise self.wrong_answer("$FQ", answer)
        return positions[int(index) - 1]

    # -- reading ----------------------------------------------------------------------------------

    @property
    def power(self) -> float:
        """Measure the optical power, in W.

        :raises OverRange: the meter shows over-range
        :raises DeviceFault: no head, another unit than W, another screen than that of power
        """
        with self.lock:
            unit = self._command("$SI")
            answer = self._command("$SP")
        if unit != "W":
            raise DeviceFault(self.name, f"shows the unit {unit!r} where it was set to W")
        if answer.upper().startswith("OVER"):
            raise OverRange(self.name, f"power is above the range of {self.full_scale:g} W")
        try:
            power = float(answer)
        except ValueError:
            raise self.wrong_answer("$SP", answer) from None
        if not math.isfinite(power):
            raise self.wrong_answer("$SP", answer)
        return power

    # -- messages ---------------------------------------------------------------------------------

    def _command(self, command: str) -> str:
        """What stands behind the star of the answer. :raises DeviceFault: a question mark stands there"""
        answer = self.ask(command).strip()
        if answer.startswith("?"):
            raise DeviceFault(self.name, f"'{command}' was refused: {answer[1:].strip()}")
        if not answer.startswith("*"):
            raise self.wrong_answer(command, answer)
        return answer[1:].strip()


class OphirStarLite(OphirVega):
    """Ophir StarLite. Fulfils :class:`~antistokes.instruments.roles.PowerMeter`."""

    MODEL = "Ophir StarLite"
    VERIFIED = (
        "Against its twin only, which assumes that a StarLite speaks like a Vega: "
        "its wire behaviour is not public; no instrument was tried."
    )
    IDN_WORDS = ("STARLITE",)
