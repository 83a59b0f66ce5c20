"""What the Lake Shore temperature controllers have in common, in the words of the 335 and 336.

Sources: user's manuals of the Models 335 and 336, chapter 6. Not in the manuals at hand and read the safe
way: the device is given one message per 50 ms; whether ``SETP?`` answers the end or the moving set-point
of a ramp is open, so that during a ramp :attr:`LakeShore.setpoint` is what was asked for.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pymeasure.instruments.validators import strict_discrete_set
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..device import Limit, try_twice
from ..errors import DeviceFault, OverRange
from ..instrument import YES_NO, VisaInstrument
from ..roles import TemperatureController, Thermometer

_SPACING = 0.05  # s between two messages
_RANGES = {"off": 0, "low": 1, "medium": 2, "high": 3}
_UNITS = {1: "K", 2: "°C", 3: "sensor units"}
_SENSOR_FAULTS = {1: "invalid reading", 64: "sensor shows zero (shorted?)"}
_SENSOR_RANGE = {
    16: "temperature below the curve",
    32: "temperature above the curve",
    128: "sensor over-range (open?)",
}
_EVENTS = {4: "query error", 8: "device error", 16: "execution error", 32: "command error"}
_HEATER_FAULTS = {1: "heater open", 2: "heater shorted"}


def range_property(question: str, setting: str) -> Any:
    """The property for the heater range."""
    return Instrument.control(
        question,
        setting,
        "Control the heater range of output 1: ``off``, ``low``, ``medium`` or ``high``.",
        validator=strict_discrete_set,
        cast=int,
        map_values=True,
        values=_RANGES,
        check_set_errors=True,
        values_kwargs={"known": _RANGES.values()},
    )


def output_property(question: str) -> Any:
    """The property for the heater output."""
    return Instrument.measurement(question, "Measure the heater output, in % of the range's full power.")


class LakeShore(VisaInstrument):
    """Output 1 of a Lake Shore. Fulfils :class:`~antistokes.instruments.roles.TemperatureController`.

    With a *crystal_input* also :class:`~antistokes.instruments.roles.Thermometer`.

    Output 1 must be set up for closed loop on a sensor shown in kelvin; the driver checks that, it does
    not change it.

    :param sample_input: letter of the sensor at the sample
    :param crystal_input: letter of a sensor on the lit sample itself; empty: there is none
    :param keep_control: being made safe leaves the heater on, so that a cold sample stays where it is
        between two runs
    :param heater_range: ``low``, ``medium`` or ``high``, used when :attr:`control` is switched on
    """

    #: letters of its inputs
    INPUTS: ClassVar[str]
    #: messages that switch a heater off, and the question that 0 must answer then
    HEATERS_OFF: ClassVar[dict[str, str]]
    #: K/min, the rate that goes with a ramp that is off
    NO_RATE: ClassVar[float] = 0.0

    ROLES = (TemperatureController, Thermometer)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\n",  # the device ends with CR LF
        "write_termination": "\n",
        "timeout": 3000,
        "asrl": {"baud_rate": 57600, "data_bits": 7, "parity": Parity.odd, "stop_bits": StopBits.one},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {"setpoint": Limit(1.4, 420, "K"), "ramp": Limit(0, 100, "K/min")}
    SNAPSHOT = (
        "temperature",
        "setpoint",
        "range",
        "heater_output",
        "ramp",
        "pid",
        "sample_input",
        "crystal_input",
        "control_input",
    )

    #: the temperature itself is watched
    settle_time = 0.0

    _free_at = float("-inf")  # when the device takes the next message

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        sample_input: str = "A",
        crystal_input: str = "",
        keep_control: bool = False,
        heater_range: str = "medium",
        **connection: Any,
    ) -> None:
        self.keep_control = keep_control
        self.sample_input = strict_discrete_set(sample_input.upper(), tuple(self.INPUTS))
        self.crystal_input = strict_discrete_set(crystal_input.upper(), ("", *self.INPUTS))
        self.heater_range = strict_discrete_set(heater_range, ("low", "medium", "high"))
        super().__init__(adapter, name, clock=clock, **connection)
        self._target: float | None = None
        self.ask("*ESR?")  # reading clears what happened before
        #: letter of the sensor that output 1 controls; empty: none
        self.control_input = self._control_input()
        if self.control_input and (units := self._input_units()) != 1:
            shown = _UNITS.get(units, f"unit {units}")
            raise DeviceFault(self.name, f"input {self.control_input} is set to {shown}; it must be set to K")

    # -- the wire ---------------------------------------------------------------------------------

    def write(self, command: str, **kwargs: Any) -> None:
        """Write *command*, not sooner than the device can take it."""
        with self.lock:
            self.clock.sleep(max(0.0, self._free_at - self.clock.now()))
            super().write(command, **kwargs)
            self._free_at = self.clock.now() + _SPACING

    def check_errors(self) -> list[Any]:
        """Read the event register. :raises DeviceFault: it holds an error."""
        (events,) = self.values("*ESR?", cast=int)
        if found := [text for bit, text in _EVENTS.items() if events & bit]:
            raise DeviceFault(self.name, f"{', '.join(found)} (event register {events})")
        return []

    # -- temperatures -----------------------------------------------------------------------------

    @property
    def temperature(self) -> float:
        """Measure the temperature of the sensor at the sample, in K.

        :raises OverRange: beyond what the sensor can tell
        :raises DeviceFault: the sensor is out of order
        """
        return self._kelvin(self.sample_input)

    @property
    def crystal_temperature(self) -> float | None:
        """Measure the temperature of the lit sample, in K; None without a sensor on it."""
        return self._kelvin(self.crystal_input) if self.crystal_input else None

    @property
    def control_temperature(self) -> float:
        """Measure the temperature of the sensor that the set-point belongs to, in K."""
        return self._kelvin(self._controlled())

    def _kelvin(self, letter: str) -> float:
        question = f"KRDG? {letter};RDGST? {letter}"
        answer = self._reading_and_status(letter)
        try:
            reading, status = answer.split(";")
            kelvin, bits = float(reading), int(status)
        except ValueError:
            raise self.wrong_answer(question, answer) from None
        for faults, kind in ((_SENSOR_RANGE, OverRange), (_SENSOR_FAULTS, DeviceFault)):
            if found := [text for bit, text in faults.items() if bits & bit]:
                raise kind(self.name, f"input {letter}: {', '.join(found)} (reading status {bits})")
        if bits or not 0 < kelvin < float("inf"):
            raise self.wrong_answer(question, answer)
        return kelvin

    def _reading_and_status(self, letter: str) -> str:
        """Both in one message, so that they belong together."""
        return self.ask(f"KRDG? {letter};RDGST? {letter}").strip()

    # -- set-point --------------------------------------------------------------------------------

    _setpoint = Instrument.control(
        "SETP? 1",
        "SETP 1,%.4f",
        "Control the device's set-point, in K.",
        check_set_errors=True,
        values_kwargs={"least": 0},
    )
    _ramp = Instrument.control(
        "RAMP? 1",
        "RAMP 1,%d,%g",
        "Control (on, rate in K/min) of the set-point's ramp.",
        check_set_errors=True,
        values_kwargs={"count": 2},
    )

    ramping = Instrument.measurement(
        "RAMPST? 1",
        "Get whether the set-point is on its way.",
        cast=int,
        map_values=True,
        values={False: 0, True: 1},
        values_kwargs={"known": YES_NO},
    )

    @property
    def setpoint(self) -> float:
        """Control the temperature to reach at the control sensor, in K.

        With a :attr:`ramp` the approach starts at the present temperature, wherever the set-point was.
        """
        if self._target is not None and self.ramping:
            return self._target
        value: float = self._setpoint
        return value

    @setpoint.setter
    def setpoint(self, kelvin: float) -> None:
        with self.lock:
            if rate := self.ramp:
                # with the ramp off the set-point jumps: let it, to where the temperature is
                here = self.control_temperature
                self.ramp = 0.0
                self._setpoint = here
                self.ramp = rate
            self._setpoint = kelvin
            self._target = float(kelvin)

    @property
    def setpoint_range(self) -> tuple[float, float]:
        """Get the set-points allowed, in K."""
        limit = self.limits["setpoint"]
        return limit.low, limit.high

    @property
    def ramp(self) -> float:
        """Control how fast the set-point moves, in K/min (the device takes 0.1 to 100); 0: it jumps."""
        on, rate = self._ramp
        return float(rate) if on else 0.0

    @ramp.setter
    def ramp(self, rate: float) -> None:
        self._ramp = (1, rate) if rate else (0, self.NO_RATE)

    # -- heater -----------------------------------------------------------------------------------

    range = range_property("RANGE? 1", "RANGE 1,%d")
    heater_output = output_property("HTR? 1")

    pid = Instrument.control(
        "PID? 1",
        "PID 1,%g,%g,%g",
        "Control P, I (1000/s) and D (s) of output 1: a tuple.",
        check_set_errors=True,
        get_process_list=tuple,
        values_kwargs={"count": 3},
    )

    @property
    def control(self) -> bool:
        """Control whether the heater may work.

        Switching it on with a ramp starts the ramp afresh at the present temperature.

        :raises DeviceFault: output 1 is not in closed loop, its heater is open or shorted, or stays on
        """
        return bool(self.range != "off")

    @control.setter
    def control(self, on: bool) -> None:
        with self.lock:
            if on:
                self._switch_on()
            else:
                try_twice(self._switch_off)

    def _switch_on(self) -> None:
        if mode := self._other_mode():
            raise DeviceFault(self.name, f"output 1 is not in closed loop ({mode})")
        self._controlled()
        if not self.control and self.ramp:
            self.setpoint = self.setpoint
        self.range = self.heater_range
        if status := self._heater_status():
            raise DeviceFault(self.name, f"output 1: {_HEATER_FAULTS.get(status, f'heater status {status}')}")

    def _switch_off(self) -> None:
        self.range = "off"
        if self.control:
            raise DeviceFault(self.name, "the heater of output 1 stays on")

    def make_safe(self) -> None:
        """Switch the heaters of all outputs off, unless the station says ``keep_control``.

        :raises DeviceFault: one of them stays on
        """
        if not self.keep_control:
            with self.lock:
                try_twice(self._heaters_off)

    def _heaters_off(self) -> None:
        self.write(";".join(self.HEATERS_OFF))
        question = ";".join(self.HEATERS_OFF.values())
        answer = self.ask(question).strip()
        if [part.strip() for part in answer.split(";")] != ["0"] * len(self.HEATERS_OFF):
            raise DeviceFault(self.name, f"a heater stays on: '{question}' was answered by {answer!r}")

    # -- how output 1 is set up -------------------------------------------------------------------

    def _control_input(self) -> str:
        source = self._integers("OUTMODE? 1", 2)[1]
        return self.INPUTS[source - 1] if 1 <= source <= len(self.INPUTS) else ""

    def _other_mode(self) -> str:
        """What output 1 does instead of closed loop or zone control; empty when it does one of these."""
        mode = self._integers("OUTMODE? 1", 2)[0]
        return "" if mode in (1, 2) else f"OUTMODE {mode}"

    def _input_units(self) -> int:
        return self._integers(f"INTYPE? {self.control_input}", 5)[4]

    def _heater_status(self) -> int:
        return self._integers("HTRST? 1", 1)[0]

    def _integers(self, question: str, at_least: int) -> list[int]:
        answer = self.values(question, cast=int, count=None)
        if len(answer) < at_least:
            raise self.wrong_answer(question, answer)
        return answer

    def _controlled(self) -> str:
        if not self.control_input:
            raise DeviceFault(self.name, "output 1 has no control input")
        return self.control_input
