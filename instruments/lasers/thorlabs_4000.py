"""Thorlabs laser diode and temperature controllers of the series 4000 and CLD101x (SCPI over USBTMC).

Sources: SCPI reference of the 4000 series and of the CLD1010LP; status bits from the vendor's header
TL4000.h. Not settled by them, and read on the safe side here: whether a set-point above the device's own
limit is clipped or refused (it is never sent), how long the switch-on delay is (the output is asked until
it is on), what the set-point does while the output is on in constant-power mode (the mode is set to
constant current before the output goes on).
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument

from ..clock import Clock
from ..errors import DeviceFault, LimitError
from ..instrument import YES_NO, ScpiInstrument
from ..light_switch import LightSwitch
from ..roles import Laser
from .steps import range_in_steps

_ON_MAX = 15.0  # s from OUTP ON to light: switch-on delay (up to 10 s) and some more
_OFF_MAX = 2.0  # s
_TEMPERATURE_MAX = 120.0  # s from TEC on to a temperature inside the protection window
_NO_READING = 9.0e37  # the device says 9.9E+37

_WINDOW_FAILURE = 512
_MICRO = 1e6  # steps of a current in 1 A


def setting(get: str, set_to: str, doc: str, **options: Any) -> property:
    """A quantity of the device; no other thread's message comes between the setting and its errors."""
    plain: Any = Instrument.control(get, set_to, doc, check_set_errors=True, **options)

    def set_alone(device: LaserDiodeController, value: Any) -> None:
        with device.lock:
            plain.fset(device, value)

    return property(plain.fget, set_alone, doc=plain.__doc__)


class LaserDiodeController(LightSwitch, ScpiInstrument):
    """Base of the models. Fulfils :class:`~antistokes.instruments.roles.Laser`, driven in A.

    :meth:`make_safe` leaves the temperature controller as it is.

    :param wavelength: of the diode in the mount, nm; the controller does not know it
    :param threshold, slope: of its data sheet, in A and W/A; with both, :attr:`rated_power` is known
    """

    ROLES = (Laser,)
    INTERFACES = ("USB",)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",
        "write_termination": "\n",
        "timeout": 3000,
    }
    SNAPSHOT: ClassVar[tuple[str, ...]] = (
        "wavelength",
        "current",
        "current_limit",
        "emission",
        "modulation",
        "tec",
        "tec_setpoint",
    )

    #: what the model's bits of STAT:MEAS:COND? say keeps the output off
    CAUSES: ClassVar[dict[int, str]] = {
        1: "the key switch is locked",
        2: "the laser diode circuit is open (compliance voltage reached)",
        4: "the interlock is open",
        256: "the temperature protection has switched the laser off",
        _WINDOW_FAILURE: "the temperature is outside its window",
        1024: "no temperature sensor is connected",
        2048: "the TEC circuit is open (compliance voltage reached)",
        16384: "the controller is too hot",
    }
    #: those of them that waiting would not end
    BLOCKS: ClassVar[int] = 1 | 2 | 4 | 16384

    drive_unit = "A"
    #: soft start of the output
    settle_time = 0.2

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        wavelength: float = 980.0,
        threshold: float | None = None,
        slope: float | None = None,
        **connection: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, **connection)
        self.wavelength = wavelength
        self.threshold, self.slope = threshold, slope
        # the panel may show K or °F; what was wrong before this driver came does not concern it
        self.write("UNIT:TEMP C")
        self.write("*CLS")

    # -- current ----------------------------------------------------------------------------------

    _current = setting(
        "SOUR:CURR?",
        "SOUR:CURR %.6f",
        "Control the set-point of the current, in A.",
        values_kwargs={"least": 0},
    )

    current_limit = setting(
        "SOUR:CURR:LIM?",
        "SOUR:CURR:LIM %.6f",
        "Control the device's own current limit, in A.",
        values_kwargs={"least": 0},
    )

    @property
    def current(self) -> float:
        """Control the set-point of the laser current, in A.

        :raises LimitError: above :attr:`current_limit`; nothing is sent then
        """
        value: float = self._current
        return value

    @current.setter
    def current(self, value: float) -> None:
        value = round(value * _MICRO) / _MICRO
        self.check_limit("current", value)
        with self.lock:
            limit = self.current_limit
            if value > limit:
                raise LimitError(f"{self.name}: current (limit set in the device)", value, 0, limit, "A")
            self._current = value

    @property
    def drive(self) -> float:
        """Control the set-point of the laser current, in A: :attr:`current`."""
        return self.current

    @drive.setter
    def drive(self, value: float) -> None:
        self.current = value

    @property
    def drive_limits(self) -> tuple[float, float]:
        """Get the lowest and highest current allowed by this station and by the device, in A."""
        low, high, _ = self.limits["current"]
        return range_in_steps(low, min(high, self.current_limit), _MICRO)

    @property
    def rated_power(self) -> float | None:
        """Get the most the diode can emit within its limits by its data sheet, in W; None without it."""
        if self.threshold is None or self.slope is None:
            return None
        return max(0.0, self.slope * (self.drive_limits[1] - self.threshold))

    measured_current = Instrument.measurement("MEAS:CURR?", "Measure the laser current, in A.", dynamic=True)

    voltage = Instrument.measurement("MEAS:VOLT?", "Measure the voltage of the diode, in V.", dynamic=True)

    modulation = setting(
        "SOUR:AM:STAT?",
        "SOUR:AM:STAT %d",
        "Control whether the analogue modulation input adds to the current.",
        cast=int,
        get_process=bool,
        values_kwargs={"known": YES_NO},
    )

    _mode = setting(
        "SOUR:FUNC:MODE?", "SOUR:FUNC:MODE %s", "Control what is constant: CURR or POW.", cast=str
    )

    # -- temperature controller -------------------------------------------------------------------

    tec = setting(
        "OUTP2:STAT?",
        "OUTP2:STAT %d",
        "Control whether the temperature controller works.",
        cast=int,
        get_process=bool,
        values_kwargs={"known": YES_NO},
    )

    tec_setpoint = setting(
        "SOUR2:TEMP:SPO?", "SOUR2:TEMP:SPO %.3f", "Control the temperature the diode is held at, in °C."
    )

    _temperature = Instrument.measurement("MEAS:TEMP?", "Measure the diode temperature, in °C.", dynamic=True)

    @property
    def tec_temperature(self) -> float:
        """Measure the temperature of the diode, in °C. :raises DeviceFault: there is no sensor."""
        value: float = self._temperature
        if not abs(value) < _NO_READING:
            raise DeviceFault(self.name, "no temperature reading; is the sensor connected?")
        return value

    # -- light ------------------------------------------------------------------------------------

    condition = Instrument.measurement(
        "STAT:MEAS:COND?", "Get the measurement condition register, an integer of bits.", get_process=int
    )

    def causes(self) -> list[str]:
        """What keeps the output off now, in words; empty when nothing does."""
        condition = self.condition
        return [text for bit, text in self.CAUSES.items() if condition & bit]

    _output = Instrument.measurement(
        "OUTP:STAT?",
        "Get the state of the laser output.",
        cast=int,
        get_process=bool,
        values_kwargs={"known": YES_NO},
    )

    @property
    def emission(self) -> bool:
        """Control the laser output.

        True switches the temperature controller on first and returns when the output is on, at constant
        current, and its soft start over; False returns when the device says that it is off.

        :raises DeviceFault: the output did not follow; the message names the cause
        """
        on: bool = self._output
        return on

    @emission.setter
    def emission(self, on: bool) -> None:
        self.switch(on)

    def _light_up(self) -> None:
        if self.emission:
            if self._mode == "CURR":
                return
            self.switch_off()  # the mode cannot change while the output is on
        try:
            self._mode = "CURR"
            self.tec = True
            if not self.wait_for(lambda: not self.condition & _WINDOW_FAILURE, _TEMPERATURE_MAX):
                raise DeviceFault(self.name, f"not even {_TEMPERATURE_MAX:g} s after TEC on")
            with self.lock:
                self.write("OUTP:STAT 1")
                self.check_errors()
            self.wait_for(lambda: self.emission or bool(self.condition & self.BLOCKS), _ON_MAX)
            self.clock.sleep(self.settle_time)
            if not self.emission:
                raise DeviceFault(self.name, "the output did not come on")
        except DeviceFault as error:
            raise DeviceFault(self.name, "; ".join(["no light", *self.causes(), error.problem])) from error

    def _go_dark(self) -> None:
        self.write("OUTP:STAT 0")
        if not self.wait_for(lambda: not self.emission, _OFF_MAX):
            raise DeviceFault(
                self.name, "the output is still on after it was switched off: use the key switch"
            )

    def _disarm(self) -> None:
        # not through the limits: a station may have narrowed 0 out of them
        self.write("SOUR:CURR 0")
        if left := self._current:
            raise DeviceFault(self.name, f"the current set-point is {left:g} A after it was set to 0")
