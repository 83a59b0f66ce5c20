"""Twins of the Thorlabs series 4000 and CLD101x: a pump diode on its current and temperature controller.

Wire behaviour from the SCPI reference of the 4000 series and of the CLD1010LP, status bits from the vendor's
header TL4000.h. Where the manuals are silent these twins do the strict thing, and it is assumed: a set-point
above the limit is refused (-222) and left unchanged; the output cannot be switched on with an open
interlock, a turned key or (temperature protection on, as delivered) without a TEC in its window (-221);
``OUTP:STAT?`` says 1 only after the switch-on delay; ``*RST`` keeps the current limit; the text of +20.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from ..light_path import Diode, DiodeSettings
from ..scpi import UNDEFINED_HEADER, ScpiError, boolean, number, query_number, scpi
from ..twin import answers
from .thorlabs_4000_readings import ReadingTwin
from .thorlabs_4000_tec import NO_SENSOR, OVER_TEMPERATURE, TEC_OPEN, TemperatureTwin
from .thorlabs_4000_values import AMPERE, OUTPUT_IS_ON, SECOND, SETTINGS_CONFLICT, WATT, choice, real

# STAT:MEAS:COND? of all models
_KEY, LD_OPEN, _INTERLOCK, _I_LIMIT, _WINDOW_TRIP, _WINDOW_FAIL = 1, 2, 4, 8, 256, 512
# STAT:OPER:COND?
_LD_ON, _TEC_ON = 0x0800, 0x1000


class Fault:
    """Something a person, or a test, may do to the instrument; doing it trips what it must."""

    def __init__(self, bit: int) -> None:
        self.bit = bit

    def __get__(self, twin: ControllerTwin, owner: type) -> bool:
        return bool(twin.faults & self.bit)

    def __set__(self, twin: ControllerTwin, present: bool) -> None:
        twin.faults = twin.faults | self.bit if present else twin.faults & ~self.bit
        twin.trip()


class _PumpDiode(Diode):
    """A diode at the controller's present current and temperature."""

    def __init__(self, settings: DiodeSettings, twin: ControllerTwin) -> None:
        super().__init__(settings)
        self._twin = twin

    def power(self, volts: float = 0.0) -> float:
        return self.power_at(self._twin.current(volts))

    def power_at(self, current: float) -> float:
        """Optical power at *current* A and the present temperature, W."""
        self.temperature, self.current = self._twin.temperature(), current
        return super().power()


class ControllerTwin(TemperatureTwin, ReadingTwin):
    """Drives a pump diode that shines into the excitation path."""

    #: most current, A
    current_max: ClassVar[float]
    #: of the analogue modulation input, A/V
    modulation_A_per_V: ClassVar[float]
    #: faults that switch the laser off
    stops_laser: int = _KEY | _INTERLOCK | OVER_TEMPERATURE
    #: OUTP:PROT:<word>:TRIP?
    trips: ClassVar[dict[str, int]] = {
        "INTL": _INTERLOCK,
        "KEYL": _KEY,
        "OTEM": OVER_TEMPERATURE,
        "TEMP": _WINDOW_TRIP,
        "VOLT": LD_OPEN,
    }

    key_locked = Fault(_KEY)
    laser_open = Fault(LD_OPEN)
    interlock_open = Fault(_INTERLOCK)
    sensor_missing = Fault(NO_SENSOR)
    tec_open = Fault(TEC_OPEN)
    over_temperature = Fault(OVER_TEMPERATURE)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.limit = self.settings.current_limit_A
        self.delay = self.settings.switch_on_delay_s
        self.window_protection = True
        self._power_on()
        self.diode = _PumpDiode(self.settings.diode, self)
        self.bench.sources[self.name] = self.diode

    def _power_on(self) -> None:
        self.setpoint = self.power_setpoint = 0.0
        self.constant_power = self.modulation = False
        self._switched_on: float | None = None  # when OUTP ON came
        self._latched = 0  # bits of the condition that stay until the next OUTP ON
        self.tec_on = False
        self.tec_setpoint = 25.0

    # -- what is so now ---------------------------------------------------------------------------

    def laser_on(self) -> bool:
        """Is the output on, the switch-on delay over?"""
        if self._switched_on is None or self.clock.now() < self._switched_on + self.delay:
            return False
        if self._ends_with_current():
            self._switched_on = None
            return False
        return True

    def _ends_with_current(self) -> bool:
        """Does something switch the laser off that shows only when current should flow?"""
        return bool(self.faults & LD_OPEN)

    def wanted_current(self, volts: float = 0.0) -> float:
        """What set-point and modulation ask for with *volts* at the modulation input, A."""
        current = self.setpoint
        if self.constant_power:
            current = self.diode.threshold() + self.power_setpoint / self.settings.diode.slope_W_per_A
        return max(0.0, current + (self.modulation_A_per_V * volts if self.modulation else 0.0))

    def current(self, volts: float = 0.0) -> float:
        """Current through the diode with *volts* at the modulation input, A."""
        if not self.laser_on() or self._switched_on is None:
            return 0.0
        since = self.clock.now() - self._switched_on - self.delay
        ramp = min(1.0, since / self.settings.soft_start_s) if self.settings.soft_start_s else 1.0
        return ramp * min(self.wanted_current(volts), self.limit)

    def mean_current(self) -> float:
        """Current through the diode, averaged over pulses, A."""
        return self.bench.mean_over_pulses(self.current)

    def mean_power(self) -> float:
        """Optical power, averaged over pulses, W."""
        return self.bench.mean_over_pulses(self.diode.power)

    def voltage(self) -> float:
        """Voltage of the diode, V."""
        current = self.mean_current()
        return 1.25 + 0.4 * current if current > 0 else 0.0

    def _highest_wanted(self) -> float:
        train = self.bench.pulses()
        return self.wanted_current() if train is None else self.wanted_current(max(train.high, train.low))

    def _off_window(self) -> bool:
        return self.off_setpoint() > self.settings.window_K

    def trip(self) -> None:
        super().trip()
        window = self.window_protection and (not self.tec_on or self._off_window())
        if self._switched_on is not None and (window or self.faults & self.stops_laser):
            self._switched_on = None
            self._latched = window * _WINDOW_TRIP

    def trip_by_itself(self) -> None:
        """The temperature protection acts; the bit stays until the output is switched on again."""
        if self._switched_on is not None:
            self._switched_on, self._latched = None, _WINDOW_TRIP

    def condition(self, register: str) -> int:
        if register == "OPER":
            return self.laser_on() * _LD_ON | self.tec_on * _TEC_ON
        if register != "MEAS":
            return 0
        bits = self.faults | self._latched | self._off_window() * _WINDOW_FAIL
        if self.laser_on() and self._highest_wanted() > self.limit:
            bits |= _I_LIMIT
        return bits

    def refuse_while_on(self) -> None:
        """:raises ScpiError: the output is on"""
        if self._switched_on is not None:
            raise ScpiError(*OUTPUT_IS_ON)

    def quantities(self) -> dict[str, Callable[[], float]]:
        noise = self.rng.standard_normal
        return {
            "CURR1": lambda: self.mean_current() + 1e-5 * noise(),
            "VOLT1": lambda: self.voltage() + 1e-4 * noise(),
            "TEMP1": self.shown_temperature,
        }

    # -- identity ---------------------------------------------------------------------------------

    @scpi("*IDN?")
    def identify(self, _: str | None) -> str:
        return f"Thorlabs,{self.model.split()[-1]},{self.settings.serial},1.2.0/1.0.0/1.1.0"

    @scpi("*RST")
    def reset(self, _: str | None) -> None:
        self.set_tec(False, self.tec_setpoint)
        self._power_on()

    @scpi("SYSTem:BEEPer[:IMMediate]")
    def beep(self, _: str | None) -> None:
        """Nobody hears it."""

    @scpi("SYSTem:VERSion?")
    def get_version(self, _: str | None) -> str:
        return "1999.0"

    # -- laser ------------------------------------------------------------------------------------

    @scpi("[SOURce[1]:]CURRent[:LEVel][:IMMediate][:AMPLitude]?")
    def get_current(self, text: str | None) -> str:
        return real(query_number(text, 0, self.limit, 0, self.setpoint))

    @scpi("[SOURce[1]:]CURRent[:LEVel][:IMMediate][:AMPLitude]")
    def set_current(self, text: str | None) -> None:
        self.setpoint = number(text, 0, self.limit, 0, AMPERE)

    @scpi("[SOURce[1]:]CURRent:LIMit[:AMPLitude]?")
    def get_limit(self, text: str | None) -> str:
        return real(query_number(text, 0, self.current_max, self.current_max, self.limit))

    @scpi("[SOURce[1]:]CURRent:LIMit[:AMPLitude]")
    def set_limit(self, text: str | None) -> None:
        self.limit = number(text, 0, self.current_max, self.current_max, AMPERE)
        self.setpoint = min(self.setpoint, self.limit)

    @scpi("[SOURce[1]:]CURRent:LIMit:TRIPped?")
    def get_limit_tripped(self, _: str | None) -> str:
        return str(int(bool(self.condition("MEAS") & _I_LIMIT)))

    @scpi("[SOURce[1]:]FUNCtion[:MODE]?")
    def get_mode(self, _: str | None) -> str:
        return "POW" if self.constant_power else "CURR"

    @scpi("[SOURce[1]:]FUNCtion[:MODE]")
    def set_mode(self, text: str | None) -> None:
        wanted = choice(text, "CURRent", "POWer") == "POW"
        self.refuse_while_on()
        self.constant_power = wanted

    @scpi("[SOURce[1]:]POWer[:LEVel][:IMMediate][:AMPLitude]?")
    def get_power(self, text: str | None) -> str:
        return real(query_number(text, 0, self._power_max(), 0, self.power_setpoint))

    @scpi("[SOURce[1]:]POWer[:LEVel][:IMMediate][:AMPLitude]")
    def set_power(self, text: str | None) -> None:
        self.power_setpoint = number(text, 0, self._power_max(), 0, WATT)

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
            self._switched_on, self._latched = self.clock.now(), 0
            self.trip()
            if self._switched_on is None:
                raise ScpiError(*SETTINGS_CONFLICT)

    @scpi("OUTPut[1]:DELay?")
    def get_delay(self, text: str | None) -> str:
        return real(query_number(text, 0, 10, 1, self.delay))

    @scpi("OUTPut[1]:DELay")
    def set_delay(self, text: str | None) -> None:
        self.delay = number(text, 0, 10, 1, SECOND)

    @answers(r"(?i::?OUTP(?:UT)?1?:PROT(?:ECTION)?:([A-Z]+):TRIP(?:PED)?\?\s*)")
    def get_tripped(self, what: str) -> str:
        for word, bit in self.trips.items():
            if what.upper().startswith(word):
                return str(int(bool(self.condition("MEAS") & bit)))
        raise ScpiError(*UNDEFINED_HEADER)

    @scpi("OUTPut[1]:CONDition?")
    def get_output_condition(self, _: str | None) -> str:
        return str(self.faults & self.stops_laser)

    @scpi("OUTPut[1]:PROTection:TEMPerature:MODE?")
    def get_window_protection(self, _: str | None) -> str:
        return "PROT" if self.window_protection else "OFF"

    @scpi("OUTPut[1]:PROTection:TEMPerature:MODE")
    def set_window_protection(self, text: str | None) -> None:
        self.window_protection = choice(text, "PROTection", "OFF") == "PROT"
        self.trip()
