"""The status registers of IEEE 488.2 and SCPI (vol. 1, ch. 20) for twins that have them.

Bits of the status byte as Thorlabs uses them: 1 auxiliary, 2 measurement, 4 error queue,
8 questionable, 32 standard event, 64 master summary, 128 operation.
"""

from __future__ import annotations

from .scpi import ScpiError, ScpiTwin, number, scpi
from .twin import Answer, answers

_BITS = {"AUX": 1, "MEAS": 2, "QUES": 8, "OPER": 128}
_REGISTER = r"(?i::?STAT(?:US)?:(MEAS|OPER|QUES|AUX)[A-Z]*"


class StatusTwin(ScpiTwin):
    """A twin that says what state it is in by :meth:`condition`."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._standard_event, self._standard_enable, self._service_enable = 128, 0, 0
        self._event = dict.fromkeys(_BITS, 0)
        self._seen = dict.fromkeys(_BITS, 0)
        self._masks: dict[tuple[str, str], int] = {}
        self.preset_status("")

    def condition(self, register: str) -> int:
        """Condition register ``MEAS``, ``OPER``, ``QUES`` or ``AUX`` now."""
        return 0

    def respond(self, message: str) -> Answer:
        answer = super().respond(message)
        for register in _BITS:
            present, before = self.condition(register), self._seen[register]
            rising, falling = present & ~before, before & ~present
            self._event[register] |= (
                rising & self._masks[register, "PTR"] | falling & self._masks[register, "NTR"]
            )
            self._seen[register] = present
        return answer

    def push(self, error: ScpiError) -> None:
        super().push(error)
        self._standard_event |= 8 if error.code > 0 else {1: 32, 2: 16, 3: 8}.get(-error.code // 100, 4)

    @scpi("*CLS")
    def clear_status(self, _: str | None) -> None:
        super().clear_status(_)
        self._standard_event = 0
        self._event = dict.fromkeys(_BITS, 0)

    @scpi("*ESR?")
    def standard_event(self, _: str | None) -> str:
        value, self._standard_event = self._standard_event, 0
        return str(value)

    @scpi("*ESE?")
    def get_standard_enable(self, _: str | None) -> str:
        return str(self._standard_enable)

    @scpi("*ESE")
    def set_standard_enable(self, text: str | None) -> None:
        self._standard_enable = round(number(text, 0, 255, 0))

    @scpi("*SRE?")
    def get_service_enable(self, _: str | None) -> str:
        return str(self._service_enable)

    @scpi("*SRE")
    def set_service_enable(self, text: str | None) -> None:
        self._service_enable = round(number(text, 0, 255, 0))

    @scpi("*STB?")
    def status_byte(self, _: str | None) -> str:
        value = sum(bit for r, bit in _BITS.items() if self._event[r] & self._masks[r, "ENAB"])
        value |= (4 if self.errors else 0) | (32 if self._standard_event & self._standard_enable else 0)
        return str(value | (64 if value & self._service_enable else 0))

    @scpi("*TST?")
    def self_test(self, _: str | None) -> str:
        return "0"

    @scpi("*WAI")
    def wait(self, _: str | None) -> None:
        """Every command is done when the next one comes."""

    @scpi("*OPC")
    def note_completion(self, _: str | None) -> None:
        self._standard_event |= 1

    @scpi("STATus:PRESet")
    def preset_status(self, _: str | None) -> None:
        masks = ("ENAB", "PTR", "NTR")
        self._masks = {(r, mask): 0xFFFF if mask == "PTR" else 0 for r in _BITS for mask in masks}

    @answers(_REGISTER + r"(?::EVEN(?:T)?)?\?\s*)")
    def get_event(self, register: str) -> str:
        register = register.upper()
        value, self._event[register] = self._event[register], 0
        return str(value)

    @answers(_REGISTER + r":COND(?:ITION)?\?\s*)")
    def get_condition(self, register: str) -> str:
        return str(self.condition(register.upper()))

    @answers(_REGISTER + r":(ENAB|PTR|NTR)[A-Z]*\?\s*)")
    def get_mask(self, register: str, mask: str) -> str:
        return str(self._masks[register.upper(), mask.upper()])

    @answers(_REGISTER + r":(ENAB|PTR|NTR)[A-Z]*\s+(.*))")
    def set_mask(self, register: str, mask: str, text: str) -> None:
        self._masks[register.upper(), mask.upper()] = round(number(text.strip(), 0, 65535, 0))
