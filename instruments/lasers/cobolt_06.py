"""Hübner (Cobolt) 06-MLD and 06-DPL laser heads (USB, a serial port to the computer).

Sources: the maker's Python package, public drivers, and a log of a 488 nm head. Not settled, and read on the
safe side: whether the key switch can be asked for (some heads refuse ``@cobasks?``; the operating mode says
that the key is waited for); what the operating mode is while the head warms up (``l?`` is waited for).
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pymeasure.adapters import Adapter
from pyvisa.constants import Parity, StopBits

from ..answers import number
from ..clock import Clock
from ..device import Limit, do_all
from ..errors import DeviceFault, InstrumentError, Refused
from ..instrument import VisaInstrument
from ..light_switch import LightSwitch
from ..roles import GatedLaser, Laser
from .steps import range_in_steps

#: wavelength in nm, series, rated power in mW
_MODEL_NUMBER = re.compile(r"(\d{4})-06-(\d\d)-(\d{4})")
_DIODE_PUMPED = ("91", "93")
_OPERATING = {
    0: "off",
    1: "waiting for key",
    2: "continuous",
    3: "on/off modulation",
    4: "modulation",
    5: "fault",
    6: "start aborted",
}
_WAITS_FOR_KEY, _CONTINUOUS, _MODULATION, _FAULT = 1, 2, 4, 5
_MODES = {0: "constant current", 1: "constant power", 2: "modulation"}
_CONSTANT_CURRENT = 0
_FAULTS = {
    1: "the temperature is out of range",
    3: "the interlock has been opened",
    4: "the power could not be kept constant",
}
_WARM_UP_MAX = 300.0  # s
_MICRO = 1e6  # steps of the power in 1 W


class Cobolt06(LightSwitch, VisaInstrument):
    """Cobolt 06-MLD or 06-DPL. Fulfils :class:`~antistokes.instruments.roles.Laser`, driven in W, and
    :class:`~antistokes.instruments.roles.GatedLaser`: a 06-MLD follows its digital input in modulation mode
    only (``em`` with ``sdmes 1``), and ignores it at constant power (``cp``).

    Heads with a key switch start only after the key has been turned, every time. So no light means constant
    current at 0 mA, in which the head stays warm and needs no key; :meth:`make_safe` switches it off, and
    the key must be turned before the next light. A head that the key has started after it was made safe
    stays dark until :attr:`emission` is set.

    :param wavelength: nm; None: the one in its model number
    :param gated: a pulse generator is connected to the digital input and gates the light (06-MLD only), until
        :attr:`gated` says otherwise; the drive is the power while it is high
    """

    MODEL = "Cobolt 06"
    INTERFACES = ("USB", "RS-232")
    VERIFIED = (
        "Checked against its twin, and the twin against the drivers of pylablib and microscope; not yet "
        "tried on a laser."
    )
    ROLES = (Laser, GatedLaser)
    IDN_WORDS = ("-06-",)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "\r\n",
        "write_termination": "\r",
        "timeout": 2000,
        "asrl": {"baud_rate": 115200, "data_bits": 8, "parity": Parity.none, "stop_bits": StopBits.one},
    }
    LIMITS: ClassVar[dict[str, Limit]] = {"drive": Limit(0, 5, "W")}
    SNAPSHOT = ("head", "serial_number", "drive", "mode", "operating_mode", "fault", "hours")

    drive_unit = "W"
    #: regulation of the power after a new set-point
    settle_time = 0.5

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        wavelength: float | None = None,
        gated: bool = False,
        **connection: Any,
    ) -> None:
        super().__init__(adapter, name, clock=clock, **connection)
        self.head = self.identity()
        parts = _MODEL_NUMBER.search(self.head)
        if parts is None:
            raise self.wrong_answer("glm?", self.head)
        self.wavelength = float(parts[1]) if wavelength is None else wavelength
        self.gate_connected = self.gated = gated
        if gated and parts[2] in _DIODE_PUMPED:
            raise Refused(f"{self.name}: gated = true; a 06-DPL head has no set-point of the gated power")
        self.told_limit("drive", 0, self._number("gmlp?") / 1000)

    def identity(self) -> str:
        """The model number, e.g. ``0808-06-01-0150-100``."""
        return self.ask("glm?").strip()

    def check_model(self) -> None:
        try:
            super().check_model()
        except InstrumentError:  # what an earlier user left half sent was in front of the first question
            super().check_model()

    def _is_model(self, identity: str) -> bool:
        return _MODEL_NUMBER.search(identity) is not None

    def _resynchronise(self) -> None:
        """An answer does not say what it answers; they come in the order of the questions."""
        self._read_up_to("glm?", self._is_model)

    # -- power ------------------------------------------------------------------------------------

    @property
    def drive(self) -> float:
        """Control the set-point of the power, in W."""
        return self._number("p?")

    @drive.setter
    def drive(self, power: float) -> None:
        power = round(power * _MICRO) / _MICRO
        self.check_limit("drive", power)
        self._set_drive(power)

    def _set_drive(self, power: float) -> None:
        with self.lock:
            self._set(f"p {power:.6f}")
            if self.gate_connected:
                self._set(f"slmp {1000 * power:.3f}")  # mW

    @property
    def drive_limits(self) -> tuple[float, float]:
        """Get the lowest and highest power allowed, in W."""
        low, high, _ = self.limits["drive"]
        return range_in_steps(low, high, _MICRO)

    @property
    def rated_power(self) -> float | None:
        """Get the most it may emit within its limits, in W."""
        return self.drive_limits[1]

    @property
    def power(self) -> float:
        """Measure the power by the monitor diode in the head, in W."""
        return self._number("pa?")

    @property
    def current(self) -> float:
        """Measure the current through the diode, in mA."""
        return self._number("i?")

    # -- state ------------------------------------------------------------------------------------

    @property
    def mode(self) -> str:
        """Get what is held: constant current, constant power or modulation."""
        return self._one_of("gam?", _MODES)

    @property
    def operating_mode(self) -> str:
        """Get what it does: off, waiting for key, continuous, modulation, on/off modulation, fault, …"""
        return self._one_of("gom?", _OPERATING)

    @property
    def fault(self) -> str:
        """Get the fault in words; empty when there is none."""
        code = self._whole("f?")
        return _FAULTS.get(code, f"fault {code}") if code else ""

    @property
    def interlock_open(self) -> bool:
        """Get whether the interlock circuit is open."""
        return self._flag("ilk?")

    @property
    def hours(self) -> float:
        """Get the hours it has worked."""
        return self._number("hrs?")

    @property
    def serial_number(self) -> str:
        """Get the serial number."""
        return self._query("gsn?")

    def clear_fault(self) -> None:
        """Forget a fault; for a person who has seen that its cause is gone.

        :raises DeviceFault: it comes back at once
        """
        self._set("cf")
        self.check_errors()

    def check_errors(self) -> list[Any]:
        """:raises DeviceFault: the head reports a fault, or its interlock is open."""
        found = ["the interlock is open"] if self.interlock_open else []
        if fault := self.fault:
            found.append(f"{fault}: clear_fault() when the cause is gone, or turn the key")
        if found:
            raise DeviceFault(self.name, "; ".join(found))
        return []

    # -- light ------------------------------------------------------------------------------------

    @property
    def emission(self) -> bool:
        """Control the light.

        True starts the head where it is off, which takes minutes when it is cold, and returns when it emits;
        False returns when it is dark, and leaves it warm.

        :raises DeviceFault: it waits for its key, an interlock is open, …
        """
        if not self._flag("l?"):
            return False
        return self._whole("gam?") != _CONSTANT_CURRENT or self._number("glc?") > 0

    @emission.setter
    def emission(self, on: bool) -> None:
        self.switch(on)

    def _light_up(self) -> None:
        try:
            self.check_errors()
            if not self._flag("l?"):
                self._hold_dark()
                self._start()
            self._set(f"sdmes {self.gated:d}")
            if self.gated:
                self._set_drive(self.drive)
            self._set("em" if self.gated else "cp")
            self.clock.sleep(self.settle_time)
            self.check_errors()
            self._check_operation(_MODULATION if self.gated else _CONTINUOUS)
        except DeviceFault as error:
            raise DeviceFault(self.name, f"no light: {error.problem}") from error

    def _start(self) -> None:
        self._set("@cob1")
        found = self.wait_for(
            lambda: self._flag("l?") or self._whole("gom?") in (_WAITS_FOR_KEY, _FAULT), _WARM_UP_MAX
        )
        self.check_errors()
        if self._whole("gom?") == _WAITS_FOR_KEY:
            raise DeviceFault(
                self.name, "it waits for its key: turn the key switch off and on, then start again"
            )
        if not found:
            raise DeviceFault(self.name, f"not warm after {_WARM_UP_MAX:g} s ({self.operating_mode})")

    def _check_operation(self, wanted: int) -> None:
        found = self._whole("gom?")
        if found != wanted:
            word = _OPERATING.get(found, f"code {found}")
            raise DeviceFault(self.name, f"its operating mode is {word}, where {_OPERATING[wanted]} was set")

    def _hold_dark(self) -> None:
        """Constant current at 0; the current first, so that its old value is never taken."""
        with self.lock:
            self._set("slc 0")
            self._set("ci")

    def _go_dark(self) -> None:
        try:
            self._hold_dark()
            dark = not self.emission
        except InstrumentError:
            dark = False
        if not dark:
            # one lost or garbled message must not leave light behind; this needs the key afterwards
            self._switch_off()

    def _switch_off(self) -> None:
        try:
            self._set("l0")
        except InstrumentError:
            self.write("l0")  # a head whose answers are lost may still hear
            self._unread = True
            raise
        if self._flag("l?"):
            raise DeviceFault(self.name, "it is still on after it was switched off: use the key switch")

    def _disarm(self) -> None:
        do_all(self._switch_off, self._set_no_drive)

    def _set_no_drive(self) -> None:
        # not through the limits: a station may have narrowed 0 out of them
        self._set_drive(0.0)
        if left := self.drive:
            raise DeviceFault(self.name, f"the power's set-point is {left:g} W after it was set to 0")

    # -- messages ---------------------------------------------------------------------------------

    def _query(self, question: str) -> str:
        """The answer to *question*. :raises DeviceFault: the head does not accept it"""
        answer = self.ask(question).strip()
        if "error" in answer.lower():
            raise DeviceFault(self.name, f"'{question}': {answer}")
        return answer

    def _set(self, command: str) -> None:
        """Send *command*, which is answered OK."""
        answer = self._query(command)
        if answer != "OK":
            raise self.wrong_answer(command, answer)

    def _number(self, question: str) -> float:
        answer = self._query(question)
        try:
            return number(answer)
        except ValueError:
            raise self.wrong_answer(question, answer) from None

    def _whole(self, question: str) -> int:
        answer = self._query(question)
        if not answer.isdecimal():
            raise self.wrong_answer(question, answer)
        return int(answer)

    def _flag(self, question: str) -> bool:
        answer = self._query(question)
        if answer not in ("0", "1"):
            raise self.wrong_answer(question, answer)
        return answer == "1"

    def _one_of(self, question: str, words: dict[int, str]) -> str:
        code = self._whole(question)
        return words.get(code, f"code {code}")
