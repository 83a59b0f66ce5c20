"""Oxford Instruments ITC503 temperature controller (RS-232 with two stop bits, ISOBUS, GPIB).

Source: ITC503 operator's handbook, remote operation, checked against public drivers. Every message ends
with CR and is answered: a setting by its letter, a question by its letter and a value, what is refused by
``?`` and the message. Settings are taken under remote control only. Read on the safe side where the handbook
at hand is silent: a sensor beyond its range shows the end of the scale, or nothing above 0 K.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from pymeasure.adapters import Adapter
from pymeasure.instruments.validators import strict_discrete_set
from pyvisa.constants import Parity, StopBits

from ..clock import Clock
from ..device import Limit, do_all, try_twice
from ..errors import BadAnswer, DeviceFault, DeviceTimeout, OverRange, Refused
from ..instrument import VisaInstrument
from ..roles import TemperatureController

_STATUS = re.compile(r"X(\d)A(\d)C(\d)S(\d{1,2})H(\d)L(\d)")
_NUMBER = re.compile(r"R\s*([+-]?\d+\.?\d*|[+-]?\.\d+)")
_HEATER_AUTO, _GAS_AUTO = 1, 2  # bits of A
_REMOTE = 1  # bit of C
_REMOTE_UNLOCKED = 3
_FULL_SCALE = 1677.7  # K
_SENSORS = (1, 2, 3)
_OFF_MAX, _PAUSE = 2.0, 0.25  # s, until the output shows 0, and between questions for it


class Status(NamedTuple):
    """The answer to ``X``: numbers as the commands of the same letter take them."""

    system: int
    auto: int
    remote: int
    sweep: int
    sensor: int
    auto_pid: int


class ITC503(VisaInstrument):
    """Oxford ITC503. Fulfils :class:`~antistokes.instruments.roles.TemperatureController`.

    The first setting takes the remote control; the front panel stays unlocked, so that a person can take it
    back. Which sensor controls is set at the instrument: changing it would move the set-point.

    :param sample_sensor: number of the sensor at the sample
    :param keep_control: being made safe leaves the heater on, so that a cold sample stays where it is
        between two runs
    :param isobus: address of the controller where several share one line
    """

    MODEL = "Oxford ITC503"
    INTERFACES = ("RS-232 (9600 baud, two stop bits)", "ISOBUS", "GPIB")
    VERIFIED = (
        "Its twin, which the drivers of pymeasure and qcodes_contrib_drivers (mended) also drive. "
        "Not checked on a device; what a sensor out of range reads is assumed."
    )
    ROLES = (TemperatureController,)
    IDN_WORDS = ("ITC503",)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\r",
        "write_termination": "\r",
        "timeout": 3000,
        "asrl": {"baud_rate": 9600, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.two},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {"setpoint": Limit(1.4, 420, "K"), "gas_flow": Limit(0, 99.9, "%")}
    SNAPSHOT = (
        "temperature",
        "setpoint",
        "control",
        "heater_output",
        "gas_flow",
        "gas_auto",
        "pid",
        "auto_pid",
        "sample_sensor",
        "control_sensor",
    )

    #: the temperature itself is watched
    settle_time = 0.0

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        sample_sensor: int = 1,
        keep_control: bool = False,
        isobus: int | None = None,
        **connection: Any,
    ) -> None:
        if isobus is not None and isobus not in range(10):
            raise Refused(f"{name or self.MODEL}: isobus = {isobus!r}: must be 0 to 9")
        self._prefix = "" if isobus is None else f"@{isobus}"
        self.keep_control = keep_control
        self.sample_sensor = strict_discrete_set(sample_sensor, _SENSORS)
        super().__init__(adapter, name, clock=clock, **connection)

    # -- messages ---------------------------------------------------------------------------------

    def write(self, command: str, **kwargs: Any) -> None:
        super().write(self._prefix + command, **kwargs)

    def identity(self) -> str:
        """The answer to ``V``: model and firmware."""
        return self.ask("V").strip()

    def _resynchronise(self) -> None:
        """Readings do not say what they read: whatever comes before the version is an older answer."""
        self._read_up_to("V", self._is_model)

    def _answer_to(self, command: str) -> str:
        """The answer, which begins with the letter of *command*.

        :raises DeviceFault: the controller refuses the command
        """
        answer = self.ask(command).strip()
        if answer.startswith("?"):
            raise DeviceFault(self.name, f"'{command}' is refused: {answer!r}")
        if answer[:1] != command[0]:
            raise self.wrong_answer(command, answer)
        return answer

    def _status(self) -> Status:
        answer = self._answer_to("X")
        match = _STATUS.fullmatch(answer)
        if match is None:
            raise self.wrong_answer("X", answer)
        return Status(*map(int, match.groups()))

    def _number(self, parameter: int) -> float:
        command = f"R{parameter}"
        answer = self._answer_to(command)
        match = _NUMBER.fullmatch(answer)
        if match is None:
            raise self.wrong_answer(command, answer)
        return float(match[1])

    def _set(self, *commands: str) -> None:
        """Give orders under remote control."""
        with self.lock:
            if not self._status().remote & _REMOTE:
                self._order(f"C{_REMOTE_UNLOCKED}")
            for command in commands:
                self._order(command)

    def _order(self, command: str) -> None:
        if (answer := self._answer_to(command)) != command[0]:
            raise self.wrong_answer(command, answer)

    # -- temperatures -----------------------------------------------------------------------------

    @property
    def temperature(self) -> float:
        """Measure the temperature of the sensor at the sample, in K.

        :raises OverRange: beyond what the sensor can tell
        """
        return self._kelvin(self.sample_sensor)

    @property
    def control_temperature(self) -> float:
        """Measure the temperature of the sensor that the set-point belongs to, in K."""
        return self._kelvin(self.control_sensor)

    def _kelvin(self, sensor: int) -> float:
        kelvin = self._number(sensor)
        if not 0 < kelvin < _FULL_SCALE:
            raise OverRange(
                self.name, f"sensor {sensor} shows {kelvin:g} K: out of its range, open or shorted"
            )
        return kelvin

    @property
    def setpoint(self) -> float:
        """Control the temperature to reach at the control sensor, in K; setting it ends a sweep."""
        kelvin = self._number(0)
        if kelvin < 0:
            raise self.wrong_answer("R0", kelvin)
        return kelvin

    @setpoint.setter
    def setpoint(self, kelvin: float) -> None:
        with self.lock:
            sweeps = self._status().sweep
            self._set(*["S0"] * bool(sweeps), f"T{kelvin:.3f}")

    @property
    def setpoint_range(self) -> tuple[float, float]:
        """Get the set-points allowed, in K."""
        limit = self.limits["setpoint"]
        return limit.low, limit.high

    @property
    def control_sensor(self) -> int:
        """Get the number of the sensor that controls."""
        return self._status().sensor

    # -- heater and gas ---------------------------------------------------------------------------

    @property
    def control(self) -> bool:
        """Control whether the heater follows the set-point; off, its output is 0.

        :raises DeviceFault: the heater stays on
        """
        return bool(self._status().auto & _HEATER_AUTO)

    @control.setter
    def control(self, on: bool) -> None:
        with self.lock:
            if on:
                self._set_auto(_HEATER_AUTO)
            else:
                self._by_all_means(self._heater_off)

    def _by_all_means(self, *steps: Callable[[], None]) -> None:
        try:
            try_twice(lambda: do_all(*steps))
        except (BadAnswer, DeviceTimeout):
            # it may hear what it does not answer; the gas stays as it is, by hand
            for command in (f"C{_REMOTE_UNLOCKED}", "A0", "O0"):
                self.tell(command)
            raise

    def _set_auto(self, heater: int) -> None:
        self._set(f"A{heater | self._status().auto & _GAS_AUTO}")

    def _heater_off(self) -> None:
        do_all(lambda: self._set_auto(0), lambda: self._set("O0"))
        if not self.wait_for(lambda: not (self.control or self.heater_output), _OFF_MAX, _PAUSE):
            raise DeviceFault(self.name, f"the heater is not off {_OFF_MAX:g} s after it was told to be")

    @property
    def heater_output(self) -> float:
        """Measure the heater output, in % of its limit."""
        return self._number(5)

    @property
    def gas_auto(self) -> bool:
        """Control whether the gas flow is the controller's affair."""
        return bool(self._status().auto & _GAS_AUTO)

    @gas_auto.setter
    def gas_auto(self, on: bool) -> None:
        with self.lock:
            heater = self._status().auto & _HEATER_AUTO
            self._set(f"A{heater | _GAS_AUTO * bool(on)}")

    @property
    def gas_flow(self) -> float:
        """Control the opening of the gas valve, in % of the full flow.

        :raises DeviceFault: on setting while the controller sets it by itself
        """
        return self._number(7)

    @gas_flow.setter
    def gas_flow(self, percent: float) -> None:
        with self.lock:
            if self.gas_auto:
                raise DeviceFault(self.name, "the gas flow is automatic; set gas_auto = False first")
            self._set(f"G{percent:.1f}")

    @property
    def pid(self) -> tuple[float, float, float]:
        """Control proportional band (K), integral and derivative time (both in minutes): a tuple.

        :raises DeviceFault: on setting while they come from the controller's table
        """
        return self._number(8), self._number(9), self._number(10)

    @pid.setter
    def pid(self, values: tuple[float, float, float]) -> None:
        with self.lock:
            if self.auto_pid:
                raise DeviceFault(self.name, "P, I and D come from its table; set auto_pid = False first")
            self._set(*(f"{letter}{value:.1f}" for letter, value in zip("PID", values, strict=True)))

    @property
    def auto_pid(self) -> bool:
        """Control whether P, I and D come from the controller's table."""
        return bool(self._status().auto_pid)

    @auto_pid.setter
    def auto_pid(self, on: bool) -> None:
        self._set(f"L{int(on)}")

    def make_safe(self) -> None:
        """Switch the heater off and end a sweep, unless the station says ``keep_control``.

        The gas flow stays as it is: it only cools.

        :raises DeviceFault: the heater stays on
        """
        if self.keep_control:
            return
        with self.lock:
            self._by_all_means(lambda: self._set("S0"), self._heater_off)
