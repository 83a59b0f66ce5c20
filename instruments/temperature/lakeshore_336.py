"""Lake Shore 336 temperature controller (TCP port 7777, USB serial, GPIB).

Source: Model 336 user's manual, chapter 6. Not in the manual at hand and read the safe way: the device
is given one message per 50 ms; whether ``SETP?`` answers the end or the moving set-point of a ramp is
open, so that during a ramp :attr:`LakeShore336.setpoint` is what was asked for.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pymeasure.instruments.validators import strict_discrete_set
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..errors import BadAnswer, DeviceFault, OverRange
from ..instrument import Limit, VisaInstrument
from ..roles import TemperatureController

_SPACING = 0.05  # s between two messages
_RANGES = {"off": 0, "low": 1, "medium": 2, "high": 3}
_INPUTS = ("A", "B", "C", "D")
_UNITS = {1: "K", 2: "°C", 3: "sensor units"}
_SENSOR_FAULTS = {1: "invalid reading", 64: "sensor shows zero (shorted?)"}
_SENSOR_RANGE = {
    16: "temperature below the curve",
    32: "temperature above the curve",
    128: "sensor over-range (open?)",
}
_EVENTS = {4: "query error", 8: "device error", 16: "execution error", 32: "command error"}
_HEATER_FAULTS = {1: "heater open", 2: "heater shorted"}


class LakeShore336(VisaInstrument):
    """Output 1 of a Lake Shore 336. Fulfils :class:`~antistokes.instruments.roles.TemperatureController`.

    Output 1 must be set up for closed loop on a sensor shown in kelvin; the driver checks that, it does
    not change it.

    :param sample_input: letter of the sensor at the sample; by default the one output 1 controls on
    :param keep_control: being made safe leaves the heater on, so that a cold sample stays where it is
        between two runs
    :param heater_range: ``low``, ``medium`` or ``high``, used when :attr:`control` is switched on
    """

    MODEL = "Lake Shore 336"
    ROLES = (TemperatureController,)
    IDN_WORDS = ("MODEL336",)
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
        keep_control: bool = False,
        heater_range: str = "medium",
        **connection: Any,
    ) -> None:
        self.keep_control = keep_control
        self.sample_input = strict_discrete_set(sample_input.upper(), _INPUTS)
        self.heater_range = strict_discrete_set(heater_range, ("low", "medium", "high"))
        super().__init__(adapter, name, clock=clock, **connection)
        self._target: float | None = None
        self.ask("*ESR?")  # reading clears what happened before
        source = self._output_mode()[1]
        #: letter of the sensor that output 1 controls; empty: none
        self.control_input = _INPUTS[source - 1] if 1 <= source <= len(_INPUTS) else ""
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
    def control_temperature(self) -> float:
        """Measure the temperature of the sensor that the set-point belongs to, in K."""
        return self._kelvin(self._controlled())

    def _kelvin(self, letter: str) -> float:
        """Reading and its status in one message, so that they belong together."""
        question = f"KRDG? {letter};RDGST? {letter}"
        answer = self.ask(question).strip()
        try:
            reading, status = answer.split(";")
            kelvin, bits = float(reading), int(status)
        except ValueError:
            raise BadAnswer(self.name, f"'{question}' was answered by {answer!r}") from None
        for faults, kind in ((_SENSOR_RANGE, OverRange), (_SENSOR_FAULTS, DeviceFault)):
            if found := [text for bit, text in faults.items() if bits & bit]:
                raise kind(self.name, f"input {letter}: {', '.join(found)} (reading status {bits})")
        if bits or not 0 < kelvin < float("inf"):
            raise BadAnswer(self.name, f"'{question}' was answered by {answer!r}")
        return kelvin

    # -- set-point --------------------------------------------------------------------------------

    _setpoint = Instrument.control(
        "SETP? 1", "SETP 1,%.4f", "Control the device's set-point, in K.", check_set_errors=True
    )
    _ramp = Instrument.control(
        "RAMP? 1",
        "RAMP 1,%d,%g",
        "Control (on, rate in K/min) of the set-point's ramp.",
        check_set_errors=True,
    )

    ramping = Instrument.measurement(
        "RAMPST? 1",
        "Get whether the set-point is on its way.",
        cast=int,
        map_values=True,
        values={False: 0, True: 1},
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
        self._ramp = (1, rate) if rate else (0, 0)

    # -- heater -----------------------------------------------------------------------------------

    range = Instrument.control(
        "RANGE? 1",
        "RANGE 1,%d",
        "Control the heater range of output 1: ``off``, ``low``, ``medium`` or ``high``.",
        validator=strict_discrete_set,
        cast=int,
        map_values=True,
        values=_RANGES,
        check_set_errors=True,
    )

    heater_output = Instrument.measurement(
        "HTR? 1", "Measure the heater output, in % of the range's full power."
    )

    pid = Instrument.control(
        "PID? 1",
        "PID 1,%g,%g,%g",
        "Control P, I (1000/s) and D (s) of output 1: a tuple.",
        check_set_errors=True,
        get_process_list=tuple,
    )

    @property
    def control(self) -> bool:
        """Control whether the heater may work.

        Switching it on with a ramp starts the ramp afresh at the present temperature.

        :raises DeviceFault: output 1 is not in closed loop, or its heater is open or shorted
        """
        return bool(self.range != "off")

    @control.setter
    def control(self, on: bool) -> None:
        with self.lock:
            if on:
                self._switch_on()
            else:
                self.range = "off"

    def _switch_on(self) -> None:
        mode, _ = self._output_mode()
        if mode not in (1, 2):
            raise DeviceFault(self.name, f"output 1 is not in closed loop (OUTMODE {mode})")
        self._controlled()
        if not self.control and self.ramp:
            self.setpoint = self.setpoint
        self.range = self.heater_range
        (status,) = self.values("HTRST? 1", cast=int)
        if status:
            raise DeviceFault(self.name, f"output 1: {_HEATER_FAULTS.get(status, f'heater status {status}')}")

    def make_safe(self) -> None:
        """Switch the heaters of all outputs off, unless the station says ``keep_control``.

        :raises DeviceFault: one of them stays on
        """
        if self.keep_control:
            return
        with self.lock:
            self.write("RANGE 1,0;RANGE 2,0;RANGE 3,0;RANGE 4,0")
            question = "RANGE? 1;RANGE? 2;RANGE? 3;RANGE? 4"
            answer = self.ask(question).strip()
            if [part.strip() for part in answer.split(";")] != ["0"] * 4:
                raise DeviceFault(self.name, f"a heater stays on: '{question}' was answered by {answer!r}")

    # -- how output 1 is set up -------------------------------------------------------------------

    def _output_mode(self) -> tuple[int, int]:
        """Mode (1 closed loop, 2 zone) and number of the control input."""
        mode, source, *_ = self._integers("OUTMODE? 1", 2)
        return mode, source

    def _input_units(self) -> int:
        return self._integers(f"INTYPE? {self.control_input}", 5)[4]

    def _integers(self, question: str, at_least: int) -> list[int]:
        answer = self.values(question, cast=int)
        if len(answer) < at_least:
            raise BadAnswer(self.name, f"'{question}' was answered by {answer}")
        return answer

    def _controlled(self) -> str:
        if not self.control_input:
            raise DeviceFault(self.name, "output 1 has no control input (OUTMODE)")
        return self.control_input
