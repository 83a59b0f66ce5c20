"""The temperature controller in the twins of the Thorlabs series 4000 and CLD101x."""

from __future__ import annotations

import math
from typing import ClassVar

from antistokes.instruments.records import NonNegative, Positive, Record

from ..light_path import DiodeSettings
from ..scpi import ILLEGAL_VALUE, ScpiError, boolean, number, query_number, scpi
from ..scpi_status import StatusTwin
from ..twin import answers
from .thorlabs_4000_values import AMPERE, DEGREE, NO_READING, SECOND, SETTINGS_CONFLICT, choice, real

# STAT:MEAS:COND?
NO_SENSOR, TEC_OPEN, OVER_TEMPERATURE = 1024, 2048, 16384
_LOOP = r"(?i::?SOUR(?:CE)?2:TEMP(?:ERATURE)?:LCON(?:STANTS)?:(GAIN|INT|DER|PER)[A-Z]*"


class ControllerSettings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    diode: DiodeSettings = DiodeSettings()
    serial: str = "M00000001"
    #: from OUTP ON to current
    switch_on_delay_s: NonNegative = 1.0
    #: from no current to the set-point
    soft_start_s: NonNegative = 0.1
    #: current limit as left at the front panel
    current_limit_A: Positive = 1.0
    #: time constant of the diode's temperature with the TEC on and with the TEC off
    tec_time_s: Positive = 3.0
    idle_time_s: Positive = 60.0
    ambient_C: float = 25.0
    #: distance from the set-point the temperature protection accepts
    window_K: Positive = 10.0


class TemperatureTwin(StatusTwin):
    """Holds the diode at a temperature; see the models."""

    Settings = ControllerSettings
    settings: ControllerSettings
    #: most current of the TEC, A
    tec_current_max: ClassVar[float] = 3.0
    #: faults that switch the TEC off
    stops_tec: ClassVar[int] = NO_SENSOR | TEC_OPEN | OVER_TEMPERATURE

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.faults = 0
        self.tec_limit = self.tec_current_max
        self.tec_current = 0.0  # for its constant-current mode, which the twin does not have
        self.temperature_limits = [5.0, 60.0]  # °C, lower and upper
        self.temperature_unit = "C"
        self.loop = {"GAIN": 1.0, "INT": 0.1, "DER": 0.0, "PER": 2.0}  # without effect
        # temperature = aim + (start - aim)·exp(-(t - since)/time)
        self._start = self.settings.ambient_C
        self._since = self.clock.now()
        self.tec_on = False
        self.tec_setpoint = 25.0

    def trip(self) -> None:
        """Switch off what may not be on."""
        if self.tec_on and self.faults & self.stops_tec:
            self.set_tec(False, self.tec_setpoint)

    def temperature(self) -> float:
        """Temperature of the diode, °C."""
        aim, time = self._aim()
        return aim + (self._start - aim) * math.exp(-(self.clock.now() - self._since) / time)

    def _aim(self) -> tuple[float, float]:
        s = self.settings
        return (self.tec_setpoint, s.tec_time_s) if self.tec_on else (s.ambient_C, s.idle_time_s)

    def set_tec(self, on: bool, setpoint: float) -> None:
        """Turn the temperature somewhere else from where it is now."""
        self._start, self._since = self.temperature(), self.clock.now()
        self.tec_on, self.tec_setpoint = on, setpoint
        self.trip()

    def off_setpoint(self) -> float:
        """How far the temperature is from its set-point, K; 0 while the TEC is off."""
        return abs(self.temperature() - self.tec_setpoint) if self.tec_on else 0.0

    def shown_temperature(self) -> float:
        """A reading of the temperature, in the unit of UNIT:TEMP."""
        if self.faults & NO_SENSOR:
            return NO_READING
        return self._shown(self.temperature() + 1e-3 * self.rng.standard_normal())

    # -- the wire ---------------------------------------------------------------------------------

    @scpi("OUTPut2[:STATe]?")
    def get_tec(self, _: str | None) -> str:
        return str(int(self.tec_on))

    @scpi("OUTPut2[:STATe]")
    def switch_tec(self, text: str | None) -> None:
        on = boolean(text)
        if on and self.faults & self.stops_tec:
            raise ScpiError(*SETTINGS_CONFLICT)
        self.set_tec(on, self.tec_setpoint)

    @scpi("SOURce2:FUNCtion[:MODE]?")
    def get_tec_function(self, _: str | None) -> str:
        return "TEMP"

    @scpi("SOURce2:FUNCtion[:MODE]")
    def set_tec_function(self, text: str | None) -> None:
        choice(text, "TEMPerature")

    @scpi("SOURce2:TEMPerature[:SPOint]?")
    def get_tec_setpoint(self, text: str | None) -> str:
        low, high = self.temperature_limits
        return real(self._shown(query_number(text, low, high, 25.0, self.tec_setpoint)))

    @scpi("SOURce2:TEMPerature[:SPOint]")
    def set_tec_setpoint(self, text: str | None) -> None:
        self.set_tec(self.tec_on, self._temperature(text, *self.temperature_limits))

    @answers(r"(?i::?SOUR(?:CE)?2:TEMP(?:ERATURE)?:LIM(?:IT)?:(UPP|LOW)(?:ER)?\?\s*)")
    def get_temperature_limit(self, end: str) -> str:
        return real(self._shown(self.temperature_limits[end.upper() == "UPP"]))

    @answers(r"(?i::?SOUR(?:CE)?2:TEMP(?:ERATURE)?:LIM(?:IT)?:(UPP|LOW)(?:ER)?\s+(.*))")
    def set_temperature_limit(self, end: str, text: str) -> None:
        self.temperature_limits[end.upper() == "UPP"] = self._temperature(text, -55.0, 150.0)

    @scpi("SOURce2:CURRent[:LEVel][:IMMediate][:AMPLitude]?")
    def get_tec_current(self, text: str | None) -> str:
        return real(query_number(text, -self.tec_limit, self.tec_limit, 0, self.tec_current))

    @scpi("SOURce2:CURRent[:LEVel][:IMMediate][:AMPLitude]")
    def set_tec_current(self, text: str | None) -> None:
        self.tec_current = number(text, -self.tec_limit, self.tec_limit, 0, AMPERE)

    @scpi("SOURce2:CURRent:LIMit[:AMPLitude]?")
    def get_tec_limit(self, text: str | None) -> str:
        return real(query_number(text, 0.1, self.tec_current_max, self.tec_current_max, self.tec_limit))

    @scpi("SOURce2:CURRent:LIMit[:AMPLitude]")
    def set_tec_limit(self, text: str | None) -> None:
        self.tec_limit = number(text, 0.1, self.tec_current_max, self.tec_current_max, AMPERE)

    @answers(rf"{_LOOP}\?\s*)")
    def get_loop_constant(self, word: str) -> str:
        return real(self.loop[word.upper()])

    @answers(rf"{_LOOP}\s+(.*))")
    def set_loop_constant(self, word: str, text: str) -> None:
        self.loop[word.upper()] = number(text, 0, 1e4, 1.0, SECOND)

    @scpi("UNIT:TEMPerature?")
    def get_temperature_unit(self, _: str | None) -> str:
        return self.temperature_unit

    @scpi("UNIT:TEMPerature")
    def set_temperature_unit(self, text: str | None) -> None:
        unit = (text or "").upper()[:1]
        if unit not in ("C", "F", "K"):
            raise ScpiError(*ILLEGAL_VALUE)
        self.temperature_unit = unit

    def _shown(self, celsius: float) -> float:
        return {"C": celsius, "K": celsius + 273.15, "F": celsius * 1.8 + 32}[self.temperature_unit]

    def _temperature(self, text: str | None, low: float, high: float) -> float:
        """A temperature parameter in the unit of UNIT:TEMP, as °C."""
        shown = number(text, self._shown(low), self._shown(high), self._shown(25.0), DEGREE)
        return {"C": shown, "K": shown - 273.15, "F": (shown - 32) / 1.8}[self.temperature_unit]
