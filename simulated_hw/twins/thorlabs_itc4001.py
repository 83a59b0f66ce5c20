"""Twin of the Thorlabs ITC4001; see :mod:`.thorlabs_4000`.

Assumed beside what is assumed there: the ranges of pulse width, period and modulation frequency; pulses are
refused (-221) together with modulation or constant power, and a pulse that is not shorter than its period;
the limit of the optical power switches the output off; a trigger that comes during a pulse is lost; internal
modulation leaves the mean current as it is (its waveform is not simulated).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ..scpi import OUT_OF_RANGE, ScpiError, boolean, number, query_number, scpi
from ..waveform import PulseSource, PulseTrain
from .thorlabs_4000 import ControllerTwin, Fault
from .thorlabs_4000_values import (
    HERTZ,
    NO_READING,
    PERCENT,
    SECOND,
    SETTINGS_CONFLICT,
    VOLT,
    WATT,
    choice,
    real,
)

# STAT:MEAS:COND?, beside those of all models
_INHIBIT, _POWER_LIMIT, _WINDOW_FAIL, _TEC_CABLE = 16, 32, 512, 4096
_PERIOD = (1e-3, 5.0)  # s
_WIDTH = (1e-4, 1.0)  # s
_FREQUENCY = (20.0, 1e5)  # Hz
_DEPTH = (0.1, 100.0)  # %
_POWER_MAX = 10.0  # W
_COMPLIANCE = (1.0, 11.0)  # V
_TTL = 1.5  # V


class ITC4001Twin(ControllerTwin):
    """A diode that may also be pulsed by the controller itself.

    While it is set to pulses it is the bench's pulse generator: each trigger, its own or one of the generator
    that was there before, starts a pulse of its width.
    """

    model = "Thorlabs ITC4001"
    current_max = 1.0
    modulation_A_per_V = 0.1
    stops_tec = ControllerTwin.stops_tec | _TEC_CABLE
    trips = ControllerTwin.trips | {"EXT": _INHIBIT}

    #: the LD ENABLE input is low
    inhibited = Fault(_INHIBIT)
    tec_unplugged = Fault(_TEC_CABLE)

    def __init__(self, *args: object, **kwargs: object) -> None:
        self.pulsed = False
        self._outer: PulseSource | None = None
        super().__init__(*args, **kwargs)
        self.power_limit = _POWER_MAX
        self.compliance = _COMPLIANCE[1]
        self.polarity = "AG"

    def _power_on(self) -> None:
        super()._power_on()
        self.period, self.width, self.hold, self.trigger = 1.0, 0.01, "WIDT", "INT"
        self.am_source, self.am_shape, self.am_frequency, self.am_depth = "EXT", "SIN", 1000.0, 50.0
        self._set_enable_mode("OFF")
        self._set_pulsed(False)

    # -- what is so now ---------------------------------------------------------------------------

    def pulses(self) -> PulseTrain | None:
        """Its pulses while light comes, otherwise those of the generator that was there before."""
        outer = None if self._outer is None else self._outer.pulses()
        if not self.laser_on():
            return outer
        if self.trigger == "INT":
            return PulseTrain(self.period, self.width)
        if outer is None:
            return None
        every = math.floor(self.width / outer.period) + 1
        return PulseTrain(every * outer.period, self.width, outer.delay)

    def current(self, volts: float = 0.0) -> float:
        blocked = self.enable_mode == "ENAB" and self.inhibited
        return 0.0 if blocked or (self.pulsed and volts < _TTL) else super().current(volts)

    def wanted_current(self, volts: float = 0.0) -> float:
        return super().wanted_current(volts if self.am_source == "EXT" else 0.0)

    def _ends_with_current(self) -> bool:
        if self.diode.power_at(min(self.wanted_current(), self.limit)) > self.power_limit:
            self._latched |= _POWER_LIMIT
        return super()._ends_with_current() or bool(self._latched & _POWER_LIMIT)

    def condition(self, register: str) -> int:
        ignored = _INHIBIT if register == "MEAS" and self.enable_mode == "OFF" else 0
        return super().condition(register) & ~ignored

    def quantities(self) -> dict[str, Callable[[], float]]:
        return super().quantities() | {
            "POW1": lambda: self.mean_current() * self.voltage(),
            "POW2": self.mean_power,
            "POW3": lambda: NO_READING,
        }

    def _set_pulsed(self, pulsed: bool) -> None:
        if pulsed and not self.pulsed:
            self._outer, self.bench.generator = self.bench.generator, self
        elif self.pulsed and not pulsed:
            self.bench.generator, self._outer = self._outer, None
        self.pulsed = pulsed

    # -- pulses -----------------------------------------------------------------------------------

    @scpi("[SOURce[1]:]FUNCtion:SHAPe?")
    def get_shape(self, _: str | None) -> str:
        return "PULS" if self.pulsed else "DC"

    @scpi("[SOURce[1]:]FUNCtion:SHAPe")
    def set_shape(self, text: str | None) -> None:
        pulsed = choice(text, "PULSe", "DC") == "PULS"
        self.refuse_while_on()
        if pulsed and (self.modulation or self.constant_power):
            raise ScpiError(*SETTINGS_CONFLICT)
        self._set_pulsed(pulsed)

    @scpi("[SOURce[1]:]FUNCtion[:MODE]")
    def set_mode(self, text: str | None) -> None:
        if choice(text, "CURRent", "POWer") == "POW" and self.pulsed:
            raise ScpiError(*SETTINGS_CONFLICT)
        super().set_mode(text)

    @scpi("TRIGger:SOURce?")
    def get_trigger(self, _: str | None) -> str:
        return self.trigger

    @scpi("TRIGger:SOURce")
    def set_trigger(self, text: str | None) -> None:
        self.trigger = choice(text, "INTernal", "EXTernal")

    @scpi("[SOURce[1]:]PULSe:PERiod?")
    def get_period(self, text: str | None) -> str:
        return real(query_number(text, *_PERIOD, 1.0, self.period))

    @scpi("[SOURce[1]:]PULSe:PERiod")
    def set_period(self, text: str | None) -> None:
        period = number(text, *_PERIOD, 1.0, SECOND)
        self._set_times(period, self.width * (period / self.period if self.hold == "DCYC" else 1.0))

    @scpi("[SOURce[1]:]PULSe:WIDTh?")
    def get_width(self, text: str | None) -> str:
        return real(query_number(text, *_WIDTH, 0.01, self.width))

    @scpi("[SOURce[1]:]PULSe:WIDTh")
    def set_width(self, text: str | None) -> None:
        self._set_times(self.period, number(text, *_WIDTH, 0.01, SECOND))

    @scpi("[SOURce[1]:]PULSe:DCYCle?")
    def get_duty(self, text: str | None) -> str:
        return real(query_number(text, 0, 100, 1.0, 100 * self.width / self.period))

    @scpi("[SOURce[1]:]PULSe:DCYCle")
    def set_duty(self, text: str | None) -> None:
        self._set_times(self.period, self.period * number(text, 0, 100, 1.0, PERCENT) / 100)

    def _set_times(self, period: float, width: float) -> None:
        if not _WIDTH[0] <= width <= _WIDTH[1]:
            raise ScpiError(*OUT_OF_RANGE)
        if width >= period:
            raise ScpiError(*SETTINGS_CONFLICT)
        self.period, self.width = period, width

    @scpi("[SOURce[1]:]PULSe:HOLD?")
    def get_hold(self, _: str | None) -> str:
        return self.hold

    @scpi("[SOURce[1]:]PULSe:HOLD")
    def set_hold(self, text: str | None) -> None:
        self.hold = choice(text, "WIDTh", "DCYCle")

    # -- modulation -------------------------------------------------------------------------------

    @scpi("[SOURce[1]:]AM[:STATe]")
    def set_modulation(self, text: str | None) -> None:
        if boolean(text) and self.pulsed:
            raise ScpiError(*SETTINGS_CONFLICT)
        super().set_modulation(text)

    @scpi("[SOURce[1]:]AM:SOURce?")
    def get_am_source(self, _: str | None) -> str:
        return self.am_source

    @scpi("[SOURce[1]:]AM:SOURce")
    def set_am_source(self, text: str | None) -> None:
        self.am_source = choice(text, "INTernal", "EXTernal")

    @scpi("[SOURce[1]:]AM:INTernal:SHAPe?")
    def get_am_shape(self, _: str | None) -> str:
        return self.am_shape

    @scpi("[SOURce[1]:]AM:INTernal:SHAPe")
    def set_am_shape(self, text: str | None) -> None:
        self.am_shape = choice(text, "SINusoid", "SQUare", "TRIangle")

    @scpi("[SOURce[1]:]AM:INTernal:FREQuency?")
    def get_am_frequency(self, text: str | None) -> str:
        return real(query_number(text, *_FREQUENCY, 1000.0, self.am_frequency))

    @scpi("[SOURce[1]:]AM:INTernal:FREQuency")
    def set_am_frequency(self, text: str | None) -> None:
        self.am_frequency = number(text, *_FREQUENCY, 1000.0, HERTZ)

    @scpi("[SOURce[1]:]AM:INTernal[:DEPTh]?")
    def get_am_depth(self, text: str | None) -> str:
        return real(query_number(text, *_DEPTH, 50.0, self.am_depth))

    @scpi("[SOURce[1]:]AM:INTernal[:DEPTh]")
    def set_am_depth(self, text: str | None) -> None:
        self.am_depth = number(text, *_DEPTH, 50.0, PERCENT)

    # -- protection -------------------------------------------------------------------------------

    @scpi("OUTPut[1]:PROTection:EXTernal[:MODE]?")
    def get_enable_mode(self, _: str | None) -> str:
        return self.enable_mode

    @scpi("OUTPut[1]:PROTection:EXTernal[:MODE]")
    def set_enable_mode(self, text: str | None) -> None:
        self._set_enable_mode(choice(text, "OFF", "PROTection", "ENABle"))
        self.trip()

    def _set_enable_mode(self, mode: str) -> None:
        self.enable_mode = mode
        self.stops_laser = ControllerTwin.stops_laser | (_INHIBIT if mode == "PROT" else 0)

    @scpi("OUTPut[1]:POLarity?")
    def get_polarity(self, _: str | None) -> str:
        return self.polarity

    @scpi("OUTPut[1]:POLarity")
    def set_polarity(self, text: str | None) -> None:
        wanted = choice(text, "CG", "AG")
        self.refuse_while_on()
        self.polarity = wanted

    @scpi("OUTPut[1]:PROTection:VOLTage?")
    def get_compliance(self, text: str | None) -> str:
        return real(query_number(text, *_COMPLIANCE, _COMPLIANCE[1], self.compliance))

    @scpi("OUTPut[1]:PROTection:VOLTage")
    def set_compliance(self, text: str | None) -> None:
        self.compliance = number(text, *_COMPLIANCE, _COMPLIANCE[1], VOLT)

    @scpi("SENSe[1]:POWer[:DC]:PROTection[:LEVel]?")
    def get_power_limit(self, text: str | None) -> str:
        return real(query_number(text, 0, _POWER_MAX, _POWER_MAX, self.power_limit))

    @scpi("SENSe[1]:POWer[:DC]:PROTection[:LEVel]")
    def set_power_limit(self, text: str | None) -> None:
        self.power_limit = number(text, 0, _POWER_MAX, _POWER_MAX, WATT)

    @scpi("SENSe[1]:POWer[:DC]:PROTection:TRIPped?")
    def get_power_tripped(self, _: str | None) -> str:
        return str(int(bool(self._latched & _POWER_LIMIT)))

    # -- temperature, whose sense number is another one than the CLD's ------------------------------

    @scpi("SENSe3:TEMPerature[:DATA]?")
    def sense_temperature(self, _: str | None) -> str:
        return self.measure("TEMP", "")

    @scpi("SENSe3:TEMPerature:PROTection:TRIPped?")
    def get_window_tripped(self, _: str | None) -> str:
        return str(int(bool(self.condition("MEAS") & _WINDOW_FAIL)))
