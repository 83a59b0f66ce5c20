"""Status registers of the Lake Shore twins (IEEE 488.2)."""

from __future__ import annotations

from typing import Any

from .lakeshore_curves import CurveTwin
from .lakeshore_settings import command

_OPC = 1  # of the event register


class StatusTwin(CurveTwin):
    """The commands that work alike in all models."""

    #: settings by command and key
    values: dict[tuple[str, str], tuple[Any, ...]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.esr = 0

    @command("*CLS")
    def clear_status(self, _: str) -> None:
        self.esr = 0

    @command("*ESR?")
    def event_status(self, _: str) -> str:
        value, self.esr = self.esr, 0
        return f"{value:03d}"

    @command("*STB?")
    def status_byte(self, _: str) -> str:
        event = 32 if self.esr & int(self.values["*ESE", ""][0]) else 0
        request = 64 if event & int(self.values["*SRE", ""][0]) else 0
        return f"{event | request:03d}"

    @command("*OPC")
    def note_completion(self, _: str) -> None:
        self.esr |= _OPC

    @command("*OPC?")
    def completion(self, _: str) -> str:
        return "1"

    @command("*TST?")
    def self_test(self, _: str) -> str:
        return "0"

    @command("*WAI")
    @command("ALMRST")
    def nothing_to_do(self, _: str) -> None:
        """Commands are executed in order; no alarm latches."""
