"""The adapter of all drivers on VISA: pymeasure's, and it refuses answers that are cut short."""

from __future__ import annotations

from typing import Any

from pymeasure.adapters import VISAAdapter


class CutShort(Exception):
    """An answer without the end that every answer of this device has.

    :param received: what came
    """

    def __init__(self, received: str) -> None:
        self.received = received
        super().__init__(f"{received!r} has no end")


class WireAdapter(VISAAdapter):
    """pyvisa gives an answer without its termination back with a warning: 1.5 for 1.53E+2 is no number."""

    def _read(self, **kwargs: Any) -> str:
        connection: Any = self.connection
        text: str = connection.read_raw().decode(connection.encoding)
        end: str | None = connection.read_termination
        if not end:
            return text
        if not text.endswith(end):
            raise CutShort(text)
        return text.removesuffix(end)
