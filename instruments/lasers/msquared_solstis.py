"""M Squared SolsTiS titanium-sapphire laser (JSON over TCP to its ICE-BLOC), tuned by its table.

Facts as public drivers use them. Not settled, and read on the safe side: whether a report carries the
transmission id of its request (one that does not is passed over, and the laser is asked instead); how
exactly the table tunes (0.5 nm off is an error). The wavemeter's operations are not used: table tuning
needs the wavemeter unlinked.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, ClassVar

from pymeasure.adapters import Adapter

from ..clock import Clock
from ..device import Limit, try_twice
from ..errors import BadAnswer, ConnectionFailed, DeviceFault, DeviceTimeout, WrongModel
from ..instrument import VisaInstrument
from ..roles import TunableLaser

_TUNING_MAX = 300.0  # s
_TOLERANCE = 0.5  # nm between where a tuning should and did end
_LAST_ID = 16383
_OTHERS = 16  # messages to older questions, and reports, that may come before an answer
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}"]', re.DOTALL)  # a string, a brace, or a string without end
_PARSE_ERRORS = {
    1: "no JSON",
    2: "no message",
    3: "no transmission id",
    4: "an empty transmission id",
    5: "no operation",
    6: "an empty operation",
    7: "an unknown operation",
    8: "no parameters",
    9: "an invalid parameter",
}
_MOVE_ERRORS = {1: "command failed (is a wavemeter linked?)", 2: "out of its range"}
_DONE, _TUNING, _FAILED = range(3)
_STATUS = {"wavelength", "etalon_lock", "cavity_lock", "output_monitor"}  # a SolsTiS reports these


class SolsTiS(VisaInstrument):
    """M Squared SolsTiS. Fulfils :class:`~antistokes.instruments.roles.TunableLaser` only.

    Nothing here switches its light: a shutter is needed, with the role of its own.

    :param client_address: of this computer, as entered in the laser's network settings (remote interface)
    """

    MODEL = "M Squared SolsTiS"
    INTERFACES = ("TCP 39933",)
    VERIFIED = (
        "Checked against its twin, and the twin against the drivers of pylablib and qcodes_contrib_drivers; "
        "not yet tried on a laser."
    )
    ROLES = (TunableLaser,)
    CONNECTION: ClassVar[dict[str, Any]] = {
        "read_termination": "}",  # answers end with one, though not every one ends an answer
        "write_termination": "",
        "timeout": 5000,
    }
    LIMITS: ClassVar[dict[str, Limit]] = {"wavelength": Limit(700, 1000, "nm")}
    SNAPSHOT = ("wavelength", "etalon_lock", "cavity_lock", "output")

    #: the etalon's lock after a tuning has been reported
    settle_time = 0.5

    def __init__(
        self,
        adapter: Adapter | str,
        name: str = "",
        *,
        clock: Clock | None = None,
        client_address: str = "127.0.0.1",
        **connection: Any,
    ) -> None:
        self.client_address = client_address
        self._received = b""
        self._id = 0
        super().__init__(adapter, name, clock=clock, **connection)

    def check_model(self) -> None:
        try:
            reply = self.command("start_link", ip_address=self.client_address)
            if reply.get("status") != "ok":
                raise ConnectionFailed(
                    self.name,
                    f"the laser refuses a link from {self.client_address} ({reply}); client_address must be "
                    "what its network settings say of the remote interface",
                )
            identity, complete = self.identity(), self._status().keys() >= _STATUS
        except BadAnswer as error:
            raise WrongModel(
                self.name, f"{self.MODEL} expected, but on {self._where()} {error.problem}"
            ) from error
        if not complete:
            raise WrongModel(self.name, f"{self.MODEL} expected, but '{identity}' answers on {self._where()}")

    def identity(self) -> str:
        """What the status of the laser has; it has no other name."""
        return f"ICE-BLOC with {', '.join(sorted(self._status()))}"

    # -- wavelength -------------------------------------------------------------------------------

    @property
    def wavelength(self) -> float:
        """Control the wavelength, in nm; returns when the laser has tuned.

        :raises DeviceFault: it cannot be tuned there, or ended elsewhere
        """
        return self._number(self._status(), "wavelength")

    @wavelength.setter
    def wavelength(self, wavelength: float) -> None:
        with self.lock:
            reply = self.command("move_wave_t", wavelength=[float(wavelength)], report="finished")
            if status := int(self._number(reply, "status")):
                problem = _MOVE_ERRORS.get(status, f"status {status}")
                raise DeviceFault(self.name, f"wavelength = {wavelength:g} nm: {problem}")
            self._wait(self._id, wavelength)
            reached = self.wavelength
        if abs(reached - wavelength) > _TOLERANCE:
            raise DeviceFault(self.name, f"tuned to {reached:.3f} nm instead of {wavelength:.3f} nm")

    @property
    def wavelength_range(self) -> tuple[float, float]:
        """Get the lowest and highest wavelength allowed, in nm; the optics fitted may reach less."""
        low, high, _ = self.limits["wavelength"]
        return low, high

    def _wait(self, move: int, wavelength: float) -> None:
        """Wait for the report of the move with this transmission id."""
        failed = DeviceFault(self.name, f"the tuning to {wavelength:g} nm has failed")
        end = self.clock.now() + _TUNING_MAX
        while self.clock.now() < end:
            try:
                op, number, content = self._message("move_wave_t")
            except DeviceTimeout:
                # a long way, or a report that got lost
                status = int(self._number(self.command("poll_move_wave_t"), "status"))
                if status == _TUNING:
                    continue
                if status != _DONE:
                    raise failed from None
                return
            if op == "move_wave_t_f_r" and number == move:
                if self._number(content, "report"):
                    raise failed
                return
        self.make_safe()
        raise DeviceTimeout(
            self.name, f"the tuning to {wavelength:g} nm has not ended after {_TUNING_MAX:g} s"
        )

    # -- state ------------------------------------------------------------------------------------

    @property
    def etalon_lock(self) -> str:
        """Get the state of the etalon's lock: on, off, search, low, error or debug. Off, modes may hop."""
        return str(self._status()["etalon_lock"])

    @property
    def cavity_lock(self) -> str:
        """Get the state of the lock to the reference cavity: on, off, search, low, error or debug."""
        return str(self._status()["cavity_lock"])

    @property
    def output(self) -> float:
        """Measure the light on the output monitor, in V."""
        return self._number(self._status(), "output_monitor")

    def make_safe(self) -> None:
        """Stop a tuning. The light stays: only a shutter takes it away."""
        try_twice(lambda: self.command("stop_move_wave_t"))

    def _status(self) -> dict[str, Any]:
        status = self.command("get_status")
        if "status" in status and self._number(status, "status"):
            raise DeviceFault(self.name, "'get_status' failed")
        return status

    # -- messages ---------------------------------------------------------------------------------

    def command(self, op: str, **parameters: Any) -> dict[str, Any]:
        """Send an operation; the parameters of its reply.

        :raises DeviceFault: the laser does not understand it
        """
        with self.lock:
            if self._unread:
                self._received = b""
            self._drop_unread()
            self._id = self._id % _LAST_ID + 1
            message: dict[str, Any] = {"transmission_id": [self._id], "op": op}
            if parameters:
                message["parameters"] = parameters
            self._unread = True
            self.write_bytes(json.dumps({"message": message}).encode())
            for _ in range(_OTHERS):
                answer, number, content = self._message(op)
                if answer == f"{op}_reply" and number == self._id:
                    self._unread = False
                    return content
                if answer == "parse_fail" and number in (0, self._id):
                    self._unread = False
                    error = int(self._number(content, "protocol_error"))
                    text = _PARSE_ERRORS.get(error, f"error {error}")
                    raise DeviceFault(self.name, f"'{op}' was not understood: {text}")
        raise BadAnswer(self.name, f"'{op}' was answered by {_OTHERS} messages to other questions")

    def _resynchronise(self) -> None:
        """Not needed: answers carry the id of their question."""

    def _message(self, op: str) -> tuple[str, int, dict[str, Any]]:
        """Operation, transmission id and parameters of the next message."""
        while not (text := self._cut_object()):
            try:
                self._received += self.adapter.read_bytes(-1, break_on_termchar=True)
            except Exception as error:
                self._unread = True
                raise self._with_what_came(self._named(error, op), op) from error
        try:
            message = json.loads(text)["message"]
            number = message["transmission_id"]
            return (
                message["op"],
                int(number[0] if isinstance(number, list) else number),
                message["parameters"],
            )
        except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError):
            raise self.wrong_answer(op, text) from None

    def _with_what_came(self, error: Exception, op: str) -> Exception:
        if self._received and isinstance(error, DeviceTimeout):
            if b"{" not in self._received:
                return self.wrong_answer(op, self._received)
            return DeviceTimeout(self.name, f"{error.problem}; received so far: {self._received!r}")
        return error

    def _cut_object(self) -> bytes:
        """Take the next complete JSON object from what was received; nothing while there is none."""
        begin = self._received.find(b"{")
        depth = 0
        for token in _TOKEN.finditer(self._received, begin) if begin >= 0 else ():
            if token[0] == b'"':
                break
            depth += {b"{": 1, b"}": -1}.get(token[0], 0)
            if not depth:
                result, self._received = self._received[begin : token.end()], self._received[token.end() :]
                return result
        return b""

    def _number(self, content: dict[str, Any], key: str) -> float:
        """A number of a reply: in a list of one, or bare."""
        value = content.get(key)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self.wrong_answer(key, value, f" in {content}; must be a finite number")
        return float(value)
