"""Montana Instruments Cryostation, closed-cycle cryostat (TCP port 7773 of its computer).

Source: command list of the Cryostation Communication Specification 1.9 as public drivers quote it. Messages
have two decimal digits for their length, then the text, both ways, without terminator. The server has to be
enabled by hand at the Cryostation's computer. Read the safe way, because the list is silent: what runs
cannot be asked; the decimal mark to be sent is the one of the answers; a set-point is read back.
"""

from __future__ import annotations

import math
import re
from typing import Any, ClassVar, Literal

from pymeasure.adapters import Adapter
from pymeasure.instruments.validators import strict_discrete_set

from ..clock import Clock
from ..device import Limit, do_all, try_twice
from ..errors import BadAnswer, DeviceFault, DeviceTimeout, Refused, WrongModel
from ..instrument import VisaInstrument
from ..roles import TemperatureController

_QUESTIONS = {"sample": "GST", "platform": "GPT", "user": "GUT"}
_UNKNOWN = b"Error: Invalid command."
_REFUSALS = ("error", "system not able")
_NOT_AVAILABLE = -0.1
_COLD = 100.0  # K at stage 2: its cooler runs
_HEATER_OFF_MAX = 5.0  # s
_PAUSE = 0.5  # s


class Cryostation(VisaInstrument):
    """A Cryostation. Fulfils :class:`~antistokes.instruments.roles.TemperatureController`.

    A set-point only has an effect while the automatic cooldown runs or has ended: switching
    :attr:`control` on starts it (``SCD``), which takes hours from room temperature; the platform then goes
    to the set-point by itself. :attr:`control` reads true from then on, or when the platform heater works:
    the device does not tell what it is doing.

    Switching it off, and the safe state, is the automation stopped (``STP``) and the platform heater at
    0 W. Its power is read to check that; where the device says that this is not available, its confirmation
    of the 0 W must do. The cooler keeps running: cold and evacuated, the cryostat harms nobody, while a
    warm-up would cost a day and is a decision of the user's (``SWU``, :meth:`warm_up`).

    :param thermometer: the one at the sample: ``sample``, ``platform`` or ``user``
    :param keep_control: being made safe leaves the automation running, so that a cold sample stays where it
        is between two runs
    """

    MODEL = "Montana Cryostation"
    INTERFACES = ("TCP 7773",)
    VERIFIED = (
        "Against its twin, which the driver of qcodes_contrib_drivers also drives; texts of the answers from "
        "another public driver's tests; no real device was at hand."
    )
    ROLES = (TemperatureController,)
    CONNECTION: ClassVar[dict[str, Any]] = {"write_termination": "", "timeout": 6000}
    LIMITS: ClassVar[dict[str, Limit]] = {"setpoint": Limit(2, 350, "K")}
    SNAPSHOT = ("temperature", "setpoint", "control", "thermometer")

    #: the temperature itself is watched
    settle_time = 0.0

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        thermometer: Literal["sample", "platform", "user"] = "sample",
        keep_control: bool = False,
        **connection: Any,
    ) -> None:
        self.thermometer = strict_discrete_set(thermometer, tuple(_QUESTIONS))
        self.keep_control = keep_control
        self._started = False  # the cooldown, through this connection
        self._decimal_mark = "."
        super().__init__(adapter, name, clock=clock, **connection)
        _ = self.setpoint  # shows the decimal mark

    # -- who is there -----------------------------------------------------------------------------

    def identity(self) -> str:
        """The answer to ``GAS``, ``T`` (alarm) or ``F``: a Cryostation has no name to tell."""
        return self.ask("GAS")

    def check_model(self) -> None:
        """Ask for the alarm state, which only a Cryostation answers like this. :raises WrongModel: others"""
        try:
            answer = self.identity()
        except BadAnswer as error:
            raise WrongModel(
                self.name, f"{self.MODEL} expected on {self._where()}, but {error.problem}"
            ) from None
        except DeviceTimeout:
            answer = self._name_of_another()
            if not answer:
                raise
        if answer not in ("T", "F"):
            raise WrongModel(self.name, f"{self.MODEL} expected, but '{answer}' answers on {self._where()}")

    def _name_of_another(self) -> str:
        """What an instrument that speaks lines, and has only heard half of one, says to ``*IDN?``."""
        self.write_bytes(b"\n*IDN?\n")
        answer = b""
        try:
            while True:
                answer += self.read_until(b"\n")
        except DeviceTimeout:
            return " ".join(answer.decode("ascii", "replace").split())

    # -- temperatures -----------------------------------------------------------------------------

    @property
    def temperature(self) -> float:
        """Measure the temperature of the thermometer at the sample, in K.

        :raises DeviceFault: that thermometer is not available
        """
        return self._kelvin(_QUESTIONS[self.thermometer])

    @property
    def platform_temperature(self) -> float:
        """Measure the temperature of the platform, which the set-point belongs to, in K."""
        return self._kelvin("GPT")

    @property
    def stage_2_temperature(self) -> float:
        """Measure the temperature of the cooler's second stage, in K."""
        return self._kelvin("GS2T")

    @property
    def chamber_pressure(self) -> float:
        """Measure the pressure in the chamber, in mTorr."""
        return self._number("GCP")

    def _kelvin(self, question: str) -> float:
        kelvin = self._number(question)
        if kelvin <= 0:
            raise BadAnswer(self.name, f"'{question}' was answered by {kelvin:g} K")
        return kelvin

    # -- set-point and heater ---------------------------------------------------------------------

    @property
    def setpoint(self) -> float:
        """Control the temperature to reach at the platform, in K; the device keeps two decimals.

        :raises DeviceFault: the device refuses it
        """
        return self._kelvin("GTSP")

    @setpoint.setter
    def setpoint(self, kelvin: float) -> None:
        text = f"{kelvin:.2f}"
        with self.lock:
            self._command(f"STSP {text.replace('.', self._decimal_mark)}")
            if abs((taken := self.setpoint) - float(text)) > 0.005:
                raise DeviceFault(self.name, f"set-point {text} K was taken for {taken:g} K")

    @property
    def setpoint_range(self) -> tuple[float, float]:
        """Get the set-points allowed, in K."""
        limit = self.limits["setpoint"]
        return limit.low, limit.high

    @property
    def heater_power(self) -> float:
        """Measure the power of the platform heater, in W."""
        return self._number("GPHP")

    @property
    def control(self) -> bool:
        """Control whether the Cryostation cools down and holds the set-point by itself.

        :raises DeviceFault: it is in alarm, or not able to cool down now
        """
        return self._started or self._heats()

    @control.setter
    def control(self, on: bool) -> None:
        with self.lock:
            if on:
                self._cool_down()
            else:
                self._stop()

    def warm_up(self) -> None:
        """Start the automatic warm-up to room temperature. :raises DeviceFault: not possible now"""
        with self.lock:
            self._command("SWU")
            self._started = False

    def make_safe(self) -> None:
        """Stop the automation and the platform heater, unless the station says ``keep_control``.

        :raises DeviceFault: the heater stays on
        """
        if not self.keep_control:
            with self.lock:
                self._stop()

    def check_errors(self) -> list[Any]:
        """Ask for the alarm state. :raises DeviceFault: there is one"""
        answer = self.ask("GAS")
        if answer not in ("T", "F"):
            raise self.wrong_answer("GAS", answer)
        if answer == "T":
            raise DeviceFault(self.name, "in alarm; its computer's screen says which")
        return []

    def _cool_down(self) -> None:
        self.check_errors()
        try:
            self._command("SCD")
        except DeviceFault:
            # refused also while it runs
            if not self._started and self.stage_2_temperature > _COLD:
                raise
        self._started = True

    def _stop(self) -> None:
        try:
            # nothing to stop is a refusal, too
            try_twice(lambda: do_all(lambda: self._is_taken("STP"), self._heater_off))
        except (BadAnswer, DeviceTimeout):
            # it may hear what it does not answer
            self.tell("STP")
            self.tell(self._no_power())
            self._started = False
            raise
        self._started = False

    def _no_power(self) -> str:
        return f"SPHP 0{self._decimal_mark}0"

    def _heater_off(self) -> None:
        confirmed = self._is_taken(self._no_power())
        if not self.wait_for(lambda: not self._heats(not confirmed), _HEATER_OFF_MAX, _PAUSE):
            raise DeviceFault(self.name, f"the platform heater stays on at {self.heater_power:g} W")

    def _heats(self, unless_told: bool = False) -> bool:
        """Does the platform heater work? *unless_told* where its power is not available."""
        power = self._value("GPHP")
        return unless_told if power is None else power > 0

    # -- messages ---------------------------------------------------------------------------------

    def _number(self, question: str) -> float:
        value = self._value(question)
        if value is None:
            raise DeviceFault(self.name, f"'{question}': not available ({_NOT_AVAILABLE})")
        return value

    def _value(self, question: str) -> float | None:
        """A number; None: not available."""
        answer = self.ask(question)
        if answer.lower().startswith(_REFUSALS):
            raise DeviceFault(self.name, f"'{question}' was answered by {answer!r}")
        if not re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?", answer):
            raise self.wrong_answer(question, answer)
        if mark := re.search("[.,]", answer):
            self._decimal_mark = mark[0]
        value = float(answer.replace(",", "."))
        if not math.isfinite(value):
            raise self.wrong_answer(question, answer)
        return None if abs(value - _NOT_AVAILABLE) < 1e-6 else value

    def _command(self, command: str) -> None:
        answer = self.ask(command)
        if answer.lower().startswith(_REFUSALS):
            raise DeviceFault(self.name, f"'{command}' was answered by {answer!r}")
        if not answer.startswith("OK"):
            raise self.wrong_answer(command, answer)

    def _is_taken(self, command: str) -> bool:
        """Send *command*; False: it is refused."""
        try:
            self._command(command)
        except DeviceFault:
            return False
        return True

    def write(self, command: str, **kwargs: Any) -> None:
        """Send *command* with its length before it."""
        text = command.encode("ascii")
        if len(text) > 99:
            raise Refused(f"{self.name}: '{command}' is longer than 99 characters")
        self.write_bytes(b"%02d%b" % (len(text), text))

    def _answer(self, command: str, **kwargs: Any) -> str:
        got = b""
        try:
            while len(got) < 2 or len(got) < 2 + int(got[:2]):
                got += self.read_bytes(1)
                if not got[:2].isdigit():
                    raise self.wrong_answer(command, got, ", no length")
        except DeviceTimeout:
            rest = f"; received so far: {got!r}" if got else ""
            raise DeviceTimeout(
                self.name, f"no answer to '{command}' within {self._timeout():g} s{rest}"
            ) from None
        return got[2:].decode("ascii", "replace").strip()

    def _resynchronise(self) -> None:
        """Answers come in the order of the questions; only an unknown command has this answer."""
        self.write("*IDN?")
        self.read_until(_UNKNOWN)
