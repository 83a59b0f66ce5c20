"""Readings of the twins of the Thorlabs series 4000 and CLD101x.

SCPI reference of the 4000 series, 3.3: MEASure reads a quantity, CONFigure chooses it for READ?; FETCh?
gives the last one measured, which here is measured anew.
"""

from __future__ import annotations

from collections.abc import Callable

from ..scpi import UNDEFINED_HEADER, ScpiError, scpi
from ..scpi_status import StatusTwin
from ..twin import answers
from .thorlabs_4000_values import real

_QUANTITY = r"(CURR|VOLT|POW|TEMP|TSEN)[A-Z]*(\d?)(?::DC)?"


class ReadingTwin(StatusTwin):
    """Answers with what :meth:`quantities` says."""

    _configured = "CURR1"

    def quantities(self) -> dict[str, Callable[[], float]]:
        """What can be measured, by its word and number: ``CURR1``."""
        return {}

    def _reading(self, quantity: str) -> str:
        measure = self.quantities().get(quantity)
        if measure is None:
            raise ScpiError(*UNDEFINED_HEADER)
        return real(measure())

    @answers(rf"(?i::?(?:MEAS(?:URE)?|READ|FETC(?:H)?)(?::SCAL(?:AR)?)?:{_QUANTITY}\?\s*)")
    def measure(self, word: str, number: str) -> str:
        self._configured = word.upper() + (number or "1")
        return self._reading(self._configured)

    @answers(rf"(?i::?CONF(?:IGURE)?(?::SCAL(?:AR)?)?:{_QUANTITY}\s*)")
    def configure(self, word: str, number: str) -> None:
        self._configured = word.upper() + (number or "1")

    @answers(r"(?i::?(?:READ|FETC(?:H)?)\?\s*)")
    def read(self) -> str:
        return self._reading(self._configured)

    @answers(r"(?i::?CONF(?:IGURE)?\?\s*)")
    def get_configured(self) -> str:
        return self._configured

    @scpi("INITiate[:IMMediate]")
    def initiate(self, _: str | None) -> None:
        """A reading is there when it is fetched."""

    @scpi("ABORt")
    def abort(self, _: str | None) -> None:
        """Nothing is under way."""
