"""The data store of the Newport 1936-R: readings at a fixed interval, in a fixed or a ring buffer."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from antistokes.instruments.clock import Clock

from .newport_1936r_messages import OUT_OF_RANGE, MessageTwin, NewportError, integer, newport

_TICK = 1e-4  # s; the interval counts these


class DataStore:
    """Filled when somebody looks: as if the reading had not changed since the last look but for noise."""

    def __init__(self, clock: Clock, read: Callable[[], float]) -> None:
        self.clock, self.read = clock, read
        self.ring = self.enabled = False
        self.interval = 1
        self.size = 10000
        self._values: list[float] = []
        self._next = 0.0

    def enable(self, on: bool) -> None:
        self.fill()
        if on and not self.enabled:
            self._next = self.clock.now()
        self.enabled = on

    def clear(self) -> None:
        self._values.clear()
        self._next = self.clock.now()

    def resize(self, size: int) -> None:
        self.clear()
        self.size = size

    def fill(self) -> list[float]:
        """All values up to now; a fixed buffer that is full stops the storing."""
        if self.enabled:
            step = self.interval * _TICK
            # a hair early: 0.1 s are 1000 ticks, whatever floating point says
            due = int((self.clock.now() - self._next) / step + 1e-6)
            self._next += due * step
            room = self.size if self.ring else self.size - len(self._values)
            self._values += [self.read() for _ in range(min(due, room))]
            self._values = self._values[-self.size :]
            self.enabled = self.ring or len(self._values) < self.size
        return self._values

    def values(self) -> npt.NDArray[np.float64]:
        """All values. :raises ValueError: there are none"""
        if not self.fill():
            raise ValueError("empty")
        return np.array(self._values)

    def listing(self, which: str) -> str:
        """``3`` the third value, ``1-10``, ``-5`` the oldest five, ``+5`` the newest five.

        :raises ValueError: no such selection, or no such value
        """
        match = re.fullmatch(r"([+-])?(\d+)(?:-(\d+))?", which.strip())
        if match is None or (match[1] and match[3]):
            raise ValueError(which)
        values, number = self.fill(), int(match[2])
        if match[1]:
            chosen = values[:number] if match[1] == "-" else values[-number:]
        else:
            chosen = values[number - 1 : int(match[3] or number)]
        if not number or not chosen:
            raise ValueError(which)
        header = [f"Interval {self.interval * _TICK * 1e3:g} ms", f"Samples {len(chosen)}", "End of Header"]
        return "\r\n".join([*header, *map(number_text, chosen), "End of Data"])


def number_text(value: float) -> str:
    """With an exponent of three digits."""
    mantissa, exponent = f"{value:.6E}".split("E")
    return f"{mantissa}E{int(exponent):+04d}"


class StoreTwin(MessageTwin):
    """The commands of the data store."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.store = DataStore(self.clock, self.reading)

    @abstractmethod
    def reading(self) -> float:
        """What the meter shows now."""

    @newport("PM:DS:BUFfer")
    def set_ring(self, text: str | None) -> None:
        self.store.ring = bool(integer(text, 0, 1))

    @newport("PM:DS:BUFfer?")
    def get_ring(self, _: str | None) -> str:
        return str(int(self.store.ring))

    @newport("PM:DS:INTerval")
    def set_interval(self, text: str | None) -> None:
        self.store.interval = integer(text, 1, 10_000_000)

    @newport("PM:DS:INTerval?")
    def get_interval(self, _: str | None) -> str:
        return str(self.store.interval)

    @newport("PM:DS:SIZE")
    def set_size(self, text: str | None) -> None:
        self.store.resize(integer(text, 1, 250_000))

    @newport("PM:DS:SIZE?")
    def get_size(self, _: str | None) -> str:
        return str(self.store.size)

    @newport("PM:DS:ENable")
    def set_storing(self, text: str | None) -> None:
        self.store.enable(bool(integer(text, 0, 1)))

    @newport("PM:DS:ENable?")
    def get_storing(self, _: str | None) -> str:
        self.store.fill()
        return str(int(self.store.enabled))

    @newport("PM:DS:Count?")
    def get_count(self, _: str | None) -> str:
        return str(len(self.store.fill()))

    @newport("PM:DS:CLear")
    def clear_store(self, _: str | None) -> None:
        self.store.clear()

    @newport("PM:DS:GET?")
    def get_values(self, text: str | None) -> str:
        return self._stored(lambda: self.store.listing(text or ""))

    @newport("PM:STAT:MEAN?")
    def mean(self, _: str | None) -> str:
        return self._stored(lambda: number_text(self.store.values().mean()))

    @newport("PM:STAT:SDEViation?")
    def deviation(self, _: str | None) -> str:
        return self._stored(lambda: number_text(self.store.values().std()))

    @newport("PM:STAT:MAX?")
    def largest(self, _: str | None) -> str:
        return self._stored(lambda: number_text(self.store.values().max()))

    @newport("PM:STAT:MIN?")
    def smallest(self, _: str | None) -> str:
        return self._stored(lambda: number_text(self.store.values().min()))

    @staticmethod
    def _stored(compute: Callable[[], str]) -> str:
        try:
            return compute()
        except ValueError:
            raise NewportError(*OUT_OF_RANGE) from None
