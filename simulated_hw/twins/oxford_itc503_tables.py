"""The tables of the ITC503's twin behind its two pointers: sweep, auto-PID, heater voltages, gas flow."""

from __future__ import annotations

import re
from typing import Any

from ..twin import Twin, answers

_SIZES = {"s": (16, 3), "p": (32, 4), "v": (64, 1), "c": (6, 1)}  # rows and columns
_READ_BY = {"r": "s", "q": "p", "t": "v", "d": "c"}


class Refused(Exception):
    """Not recognised, not allowed now, or a parameter out of range."""


def number(text: str, low: float, high: float) -> float:
    """A decimal number in [low, high]."""
    if not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*", text) or not low <= float(text) <= high:
        raise Refused
    return float(text)


class TableTwin(Twin):
    """The lower-case commands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.x = self.y = 0
        self.tables = {
            name: [[0.0] * columns for _ in range(rows)] for name, (rows, columns) in _SIZES.items()
        }

    @answers(r"x(.*)")
    def point_x(self, text: str) -> str:
        self.x = int(number(text, 0, 128))
        return "x"

    @answers(r"y(.*)")
    def point_y(self, text: str) -> str:
        self.y = int(number(text, 0, 128))
        return "y"

    @answers(r"([spvc])(.+)")
    def store(self, name: str, text: str) -> str:
        row, column = self._place(name)
        self.tables[name][row][column] = number(text, 0, 9999)
        return name

    @answers(r"([rqtd])")
    def stored(self, name: str) -> str:
        table = _READ_BY[name]
        row, column = self._place(table)
        return f"{name}{self.tables[table][row][column]:.1f}"

    @answers(r"w")
    def wipe(self) -> str:
        """The sweep table alone."""
        rows, columns = _SIZES["s"]
        self.tables["s"] = [[0.0] * columns for _ in range(rows)]
        return "w"

    def _place(self, name: str) -> tuple[int, int]:
        rows, columns = _SIZES[name]
        column = self.y if columns > 1 else 1
        if not (1 <= self.x <= rows and 1 <= column <= columns):
            raise Refused
        return self.x - 1, column - 1
