"""Twin of the Thorlabs CLD1015: a 980 nm pump diode on its temperature controller.

Wire behaviour from the SCPI reference of the 4000/CLD series, status bits from the vendor's header
TL4000.h. Where the manuals are silent this twin does the strict thing, and it is assumed: a set-point
above the limit is refused (-222) and left unchanged; the output cannot be switched on with an open
interlock, a turned key or (temperature protection on, as delivered) without a TEC in its window (-221);
``OUTP:STAT?`` says 1 only after the switch-on delay; ``*RST`` keeps the current limit; the text of +20.
"""

from __future__ import annotations

import math

from antistokes.instruments.records import NonNegative, Positive, Record

from ..light_path import Diode, DiodeSettings
from ..scpi import ILLEGAL_VALUE, ScpiError, boolean, number, query_number, scpi
from ..scpi_status import StatusTwin
from ..twin import answers

_CURRENT_MAX = 1.5  # A
_TEC_CURRENT_MAX = 3.0  # A
_MODULATION = 0.15  # A/V of the analogue modulation input
_NO_READING = 9.9e37
_AMPERE = {"A": 1.0, "MA": 1e-3, "UA": 1e-6}
_WATT = {"W": 1.0, "MW": 1e-3, "UW": 1e-6}
_SECOND = {"S": 1.0, "MS": 1e-3}
_SETTINGS_CONFLICT = (-221, "Settings conflict")
_OUTPUT_IS_ON = (20, "Not allowed while LD output is on")

# STAT:MEAS:COND? of the CLD family
_KEY, _LD_OPEN, _INTERLOCK, _I_LIMIT, _TEC_LIMIT = 1, 2, 4, 8, 128
_WINDOW_TRIP, _WINDOW_FAIL, _NO_SENSOR, _TEC_OPEN = 256, 512, 1024, 2048
_MOUNT, _OVER_TEMPERATURE = 8192, 16384
_STOPS_LASER = _KEY | _INTERLOCK | _MOUNT | _OVER_TEMPERATURE
_STOPS_TEC = _NO_SENSOR | _TEC_OPEN | _MOUNT | _OVER_TEMPERATURE
# STAT:OPER:COND?
_LD_ON, _TEC_ON = 0x0800, 0x1000


class CLD1015Settings(Record, kw_only=True, frozen=True):
    """``[simulation.twins.NAME]``."""

    diode: DiodeSettings = DiodeSettings()
    serial: str = "M00000001"
    #: from OUTP ON to current
    switch_on_delay_s: NonNegative = 1.0
    #: from no current to the set-point
    soft_start_s: NonNegative = 0.1
    #: current limit as left at the front panel
    current_limit_A: Positive = _CURRENT_MAX
    #: time constant of the diode's temperature with the TEC on and with the TEC off
    tec_time_s: Positive = 3.0
    idle_time_s: Positive = 60.0
    ambient_C: float = 25.0
    #: distance from the set-point the temperature protection accepts
    window_K: Positive = 10.0


class _Fault:
    """Something a person, or a test, may do to the instrument; doing it trips what it must."""

    def __init__(self, bit: int) -> None:
        self.bit = bit

    def __get__(self, twin: CLD1015Twin, owner: type) -> bool:
        return bool(twin.faults & self.bit)

    def __set__(self, twin: CLD1015Twin, present: bool) -> None:
        twin.faults = twin.faults | self.bit if present else twin.faults & ~self.bit
        twin.trip()


class _PumpDiode(Diode):
    """A diode at the controller's present current and temperature."""

    def __init__(self, settings: DiodeSettings, twin: CLD1015Twin) -> None:
        super().__init__(settings)
        self._twin = twin

    def power(self, volts: float = 0.0) -> float:
        self.temperature = self._twin.temperature()
        self.current = self._twin.current(volts)
        return super().power()


class CLD1015Twin(StatusTwin):
    """Drives a pump diode that shines into the excitation path."""

    model = "Thorlabs CLD1015"
    Settings = CLD1015Settings
    settings: CLD1015Settings

    key_locked = _Fault(_KEY)
    laser_open = _Fault(_LD_OPEN)
    interlock_open = _Fault(_INTERLOCK)
    sensor_missing = _Fault(_NO_SENSOR)
    tec_open = _Fault(_TEC_OPEN)
    mount_missing = _Fault(_MOUNT)
    over_temperature = _Fault(_OVER_TEMPERATURE)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.faults = 0
        self.limit = self.settings.current_limit_A
        self.delay = self.settings.switch_on_delay_s
        self.tec_limit = _TEC_CURRENT_MAX
        self.temperature_limits = [5.0, 60.0]  # °C, lower and upper
        self.temperature_unit = "C"
        self.window_protection = True
        # temperature = aim + (start - aim)·exp(-(t - since)/time)
        self._start = self.settings.ambient_C
        self._since = self.clock.now()
        self._power_on()
        self.diode = _PumpDiode(self.settings.diode, self)
        self.bench.sources[self.name] = self.diode

    def _power_on(self) -> None:
        self.setpoint = self.power_setpoint = 0.0
        self.constant_power = self.modulation = False
        self._switched_on: float | None = None  # when OUTP ON came
        self._window_tripped = False
        self.tec_on = False
        self.tec_setpoint = 25.0

    # -- what is so now ---------------------------------------------------------------------------

    def laser_on(self) -> bool:
        """Is the output on, the switch-on delay over?"""
        if self._switched_on is None or self.clock.now() < self._switched_on + self.delay:
            return False
        if self.faults & _LD_OPEN:  # shows only when current should flow
            self._switched_on = None
            return False
        return True

    def wanted_current(self, volts: float = 0.0) -> float:
        """What set-point and modulation ask for with *volts* at the modulation input, A."""
        current = self.setpoint
        if self.constant_power:
            current = self.diode.threshold() + self.power_setpoint / self.settings.diode.slope_W_per_A
        return max(0.0, current + (_MODULATION * volts if self.modulation else 0.0))

    def current(self, volts: float = 0.0) -> float:
        """Current through the diode with *volts* at the modulation input, A."""
        if not self.laser_on() or self._switched_on is None:
            return 0.0
        since = self.clock.now() - self._switched_on - self.delay
        ramp = min(1.0, since / self.settings.soft_start_s) if self.settings.soft_start_s else 1.0
        return ramp * min(self.wanted_current(volts), self.limit)

    def mean_current(self) -> float:
        """Current through the diode, averaged over the pulses at the modulation input, A."""
        train = self.bench.pulses()
        if train is None:
            return self.current()
        high, low = self.current(train.high), self.current(train.low)
        return low + (high - low) * train.width / train.period

    def _highest_wanted(self) -> float:
        train = self.bench.pulses()
        return self.wanted_current() if train is None else self.wanted_current(max(train.high, train.low))

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

    def _off_window(self) -> bool:
        return self.tec_on and abs(self.temperature() - self.tec_setpoint) > self.settings.window_K

    def trip(self) -> None:
        """Switch off what may not be on."""
        if self.tec_on and self.faults & _STOPS_TEC:
            self.set_tec(False, self.tec_setpoint)
        window = self.window_protection and (not self.tec_on or self._off_window())
        if self._switched_on is not None and (window or self.faults & _STOPS_LASER):
            self._switched_on = None
            self._window_tripped = window

    def condition(self, register: str) -> int:
        if register == "OPER":
            return self.laser_on() * _LD_ON | self.tec_on * _TEC_ON
        if register != "MEAS":
            return 0
        bits = self.faults | self._window_tripped * _WINDOW_TRIP | self._off_window() * _WINDOW_FAIL
        if self.laser_on() and self._highest_wanted() > self.limit:
            bits |= _I_LIMIT
        if self.tec_on and abs(self.temperature() - self.tec_setpoint) > 5.0:
            bits |= _TEC_LIMIT
        return bits

    # -- identity ---------------------------------------------------------------------------------

    @scpi("*IDN?")
    def identify(self, _: str | None) -> str:
        return f"Thorlabs,CLD1015,{self.settings.serial},1.2.0/1.0.0/1.1.0"

    @scpi("*RST")
    def reset(self, _: str | None) -> None:
        self.set_tec(False, self.tec_setpoint)
        self._power_on()

    # -- laser ------------------------------------------------------------------------------------

    @scpi("[SOURce[1]:]CURRent[:LEVel][:IMMediate][:AMPLitude]?")
    def get_current(self, text: str | None) -> str:
        return _real(query_number(text, 0, self.limit, 0, self.setpoint))

    @scpi("[SOURce[1]:]CURRent[:LEVel][:IMMediate][:AMPLitude]")
    def set_current(self, text: str | None) -> None:
        self.setpoint = number(text, 0, self.limit, 0, _AMPERE)

    @scpi("[SOURce[1]:]CURRent:LIMit[:AMPLitude]?")
    def get_limit(self, text: str | None) -> str:
        return _real(query_number(text, 0, _CURRENT_MAX, _CURRENT_MAX, self.limit))

    @scpi("[SOURce[1]:]CURRent:LIMit[:AMPLitude]")
    def set_limit(self, text: str | None) -> None:
        self.limit = number(text, 0, _CURRENT_MAX, _CURRENT_MAX, _AMPERE)
        self.setpoint = min(self.setpoint, self.limit)

    @scpi("[SOURce[1]:]CURRent:LIMit:TRIPped?")
    def get_limit_tripped(self, _: str | None) -> str:
        return str(int(bool(self.condition("MEAS") & _I_LIMIT)))

    @scpi("[SOURce[1]:]FUNCtion[:MODE]?")
    def get_mode(self, _: str | None) -> str:
        return "POW" if self.constant_power else "CURR"

    @scpi("[SOURce[1]:]FUNCtion[:MODE]")
    def set_mode(self, text: str | None) -> None:
        mode = {"CURR": False, "CURRENT": False, "POW": True, "POWER": True}.get((text or "").upper())
        if mode is None:
            raise ScpiError(*ILLEGAL_VALUE)
        if self._switched_on is not None:
            raise ScpiError(*_OUTPUT_IS_ON)
        self.constant_power = mode

    @scpi("[SOURce[1]:]POWer[:LEVel][:IMMediate][:AMPLitude]?")
    def get_power(self, text: str | None) -> str:
        return _real(query_number(text, 0, self._power_max(), 0, self.power_setpoint))

    @scpi("[SOURce[1]:]POWer[:LEVel][:IMMediate][:AMPLitude]")
    def set_power(self, text: str | None) -> None:
        self.power_setpoint = number(text, 0, self._power_max(), 0, _WATT)

    def _power_max(self) -> float:
        return self.limit * self.settings.diode.slope_W_per_A

    @scpi("[SOURce[1]:]AM[:STATe]?")
    def get_modulation(self, _: str | None) -> str:
        return str(int(self.modulation))

    @scpi("[SOURce[1]:]AM[:STATe]")
    def set_modulation(self, text: str | None) -> None:
        self.modulation = boolean(text)

    @scpi("OUTPut[1][:STATe]?")
    def get_output(self, _: str | None) -> str:
        return str(int(self.laser_on()))

    @scpi("OUTPut[1][:STATe]")
    def set_output(self, text: str | None) -> None:
        if not boolean(text):
            self._switched_on = None
        elif self._switched_on is None:
            self._switched_on, self._window_tripped = self.clock.now(), False
            self.trip()
            if self._switched_on is None:
                raise ScpiError(*_SETTINGS_CONFLICT)

    @scpi("OUTPut[1]:DELay?")
    def get_delay(self, text: str | None) -> str:
        return _real(query_number(text, 0, 10, 1, self.delay))

    @scpi("OUTPut[1]:DELay")
    def set_delay(self, text: str | None) -> None:
        self.delay = number(text, 0, 10, 1, _SECOND)

    @answers(r"(?i::?OUTP(?:UT)?1?:PROT(?:ECTION)?:(INTL|KEYL|OTEM|CONN)[A-Z]*:TRIP(?:PED)?\?\s*)")
    def get_tripped(self, what: str) -> str:
        bit = {"INTL": _INTERLOCK, "KEYL": _KEY, "OTEM": _OVER_TEMPERATURE, "CONN": _MOUNT}[what.upper()]
        return str(int(bool(self.faults & bit)))

    @scpi("OUTPut[1]:CONDition?")
    def get_output_condition(self, _: str | None) -> str:
        return str(self.faults & _STOPS_LASER)

    @scpi("OUTPut[1]:PROTection:TEMPerature:MODE?")
    def get_window_protection(self, _: str | None) -> str:
        return "PROT" if self.window_protection else "OFF"

    @scpi("OUTPut[1]:PROTection:TEMPerature:MODE")
    def set_window_protection(self, text: str | None) -> None:
        mode = {"PROT": True, "PROTECTION": True, "OFF": False}.get((text or "").upper())
        if mode is None:
            raise ScpiError(*ILLEGAL_VALUE)
        self.window_protection = mode
        self.trip()

    # -- temperature controller -------------------------------------------------------------------

    @scpi("OUTPut2[:STATe]?")
    def get_tec(self, _: str | None) -> str:
        return str(int(self.tec_on))

    @scpi("OUTPut2[:STATe]")
    def switch_tec(self, text: str | None) -> None:
        on = boolean(text)
        if on and self.faults & _STOPS_TEC:
            raise ScpiError(*_SETTINGS_CONFLICT)
        self.set_tec(on, self.tec_setpoint)

    @scpi("SOURce2:TEMPerature[:SPOint]?")
    def get_tec_setpoint(self, text: str | None) -> str:
        low, high = self.temperature_limits
        return _real(self._shown(query_number(text, low, high, 25.0, self.tec_setpoint)))

    @scpi("SOURce2:TEMPerature[:SPOint]")
    def set_tec_setpoint(self, text: str | None) -> None:
        self.set_tec(self.tec_on, self._temperature(text, *self.temperature_limits))

    @answers(r"(?i::?SOUR(?:CE)?2:TEMP(?:ERATURE)?:LIM(?:IT)?:(UPP|LOW)(?:ER)?\?\s*)")
    def get_temperature_limit(self, end: str) -> str:
        return _real(self._shown(self.temperature_limits[end.upper() == "UPP"]))

    @answers(r"(?i::?SOUR(?:CE)?2:TEMP(?:ERATURE)?:LIM(?:IT)?:(UPP|LOW)(?:ER)?\s+(.*))")
    def set_temperature_limit(self, end: str, text: str) -> None:
        self.temperature_limits[end.upper() == "UPP"] = self._temperature(text, -55.0, 150.0)

    @scpi("SOURce2:CURRent:LIMit[:AMPLitude]?")
    def get_tec_limit(self, text: str | None) -> str:
        return _real(query_number(text, 0.1, _TEC_CURRENT_MAX, _TEC_CURRENT_MAX, self.tec_limit))

    @scpi("SOURce2:CURRent:LIMit[:AMPLitude]")
    def set_tec_limit(self, text: str | None) -> None:
        self.tec_limit = number(text, 0.1, _TEC_CURRENT_MAX, _TEC_CURRENT_MAX, _AMPERE)

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
        shown = number(text, self._shown(low), self._shown(high), self._shown(25.0), _DEGREE)
        return {"C": shown, "K": shown - 273.15, "F": (shown - 32) / 1.8}[self.temperature_unit]

    # -- readings ---------------------------------------------------------------------------------

    @scpi("SENSe3:CURRent[:DC][:DATA]?")
    @scpi("MEASure[:SCALar]:CURRent[1][:DC]?")
    def measure_current(self, _: str | None) -> str:
        return _real(self.mean_current() + 1e-5 * self.rng.standard_normal())

    @scpi("SENSe4:VOLTage[:DC][:DATA]?")
    @scpi("MEASure[:SCALar]:VOLTage[1][:DC]?")
    def measure_voltage(self, _: str | None) -> str:
        current = self.mean_current()
        return _real((1.25 + 0.4 * current if current > 0 else 0.0) + 1e-4 * self.rng.standard_normal())

    @scpi("[SENSe2:]TEMPerature[:DATA]?")
    @scpi("MEASure[:SCALar]:TEMPerature?")
    def measure_temperature(self, _: str | None) -> str:
        if self.faults & _NO_SENSOR:
            return _real(_NO_READING)
        return _real(self._shown(self.temperature() + 1e-3 * self.rng.standard_normal()))

    @scpi("MEASure[:SCALar]:POWer[1]?")
    def measure_power(self, _: str | None) -> str:
        return _real(self.diode.power())


_DEGREE = {"C": 1.0, "CEL": 1.0, "K": 1.0, "F": 1.0, "FAR": 1.0}  # whatever the suffix: UNIT:TEMP decides


def _real(value: float) -> str:
    return f"{value:.8E}"
