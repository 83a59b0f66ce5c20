"""Thorlabs FW102C motorised filter wheel (six filters; FW212C: twelve).

Source: FW102C manual rev. H, command table; public drivers for the framing and the times of a move. Whether
the prompt comes before or after the move is not documented, nor what ``pos?`` says on the way: this driver
waits for the prompt, for as long as such a move takes, and then until ``pos?`` says so.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..device import Limit
from ..errors import BadAnswer, DeviceFault, Refused
from ..instrument import YES_NO
from ..prompted import PromptedInstrument
from ..roles import FilterWheel

_HALF_TURN = {True: 3.0, False: 7.0}  # s, fast and slow; measured by others: 2.9 s and 6.8 s
_START = 0.3  # s until it is at speed, assumed
_LATE = 5.0  # s more than a move should take
_PAUSE = 0.1  # s between questions while it moves


class FW102CFilterWheel(PromptedInstrument):
    """Thorlabs FW102C or FW212C. Fulfils :class:`~antistokes.instruments.roles.FilterWheel`.

    Opening does not move it, and has its position sensors lit only during a move: their light would be
    measured. On its way the wheel passes other filters, so close the beam before where that matters.
    """

    MODEL = "Thorlabs FW102C"
    INTERFACES = ("USB (serial port)", "RS-232")
    VERIFIED = (
        "Against its twin with the prompt after a move and before it; pylablib's driver ran on that twin "
        "too; not on a device."
    )
    ROLES = (FilterWheel,)
    IDN_WORDS = ("FW102C", "FW212C")
    NAME_QUESTION = "*idn?"
    CONNECTION: ClassVar[dict[str, Any]] = {
        "timeout": 10000,  # ms; the prompt may come after the move
        "asrl": {"baud_rate": 115200, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {"slot": Limit(1, 12, "")}
    SNAPSHOT = ("slot", "slots", "fast", "sensors_always_on")

    settle_time = 0.0

    def __init__(
        self, adapter: Adapter | str, name: str = "", *, clock: Clock | None = None, **connection: Any
    ) -> None:
        super().__init__(adapter, name, clock=clock, **connection)
        self.slots = self._whole("pcount?")
        if self.slots < 2:
            raise BadAnswer(self.name, f"'pcount?' was answered by '{self.slots}', not 6 or 12")
        self.told_limit("slot", 1, self.slots)
        self.sensors_always_on = False

    fast = Instrument.control(
        "speed?",
        "speed=%d",
        "Control whether it moves at high speed.",
        values={True: 1, False: 0},
        map_values=True,
        cast=int,
        values_kwargs={"known": YES_NO},
    )

    sensors_always_on = Instrument.control(
        "sensors?",
        "sensors=%d",
        "Control whether its position sensors shine also while it stands.",
        values={True: 1, False: 0},
        map_values=True,
        cast=int,
        values_kwargs={"known": YES_NO},
    )

    @property
    def slot(self) -> int:
        """Control which filter is in the beam, from 1; returns when it is there.

        :raises DeviceFault: it stands elsewhere
        """
        return self._whole("pos?")

    @slot.setter
    def slot(self, number: int) -> None:
        if number != int(number):
            raise Refused(f"{self.name}: slot = {number}: must be a whole number")
        with self.lock:
            apart = abs(self.slot - number)
            way = min(apart, self.slots - apart)
            if way == 0:
                return
            move = _START + _HALF_TURN[self.fast] * way / (self.slots // 2)
            begin = self.clock.now()
            self.write(f"pos={int(number)}")
            self.clock.sleep(max(0.0, begin + move - self.clock.now()))
            while self.slot != number:
                if self.clock.now() > begin + move + _LATE:
                    raise DeviceFault(self.name, f"stands at {self.slot} when it should be at {int(number)}")
                self.clock.sleep(_PAUSE)
