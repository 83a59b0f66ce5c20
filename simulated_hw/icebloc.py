"""The TCP protocol of M Squared's ICE-BLOC: JSON objects back to back, numbers in lists of one.

As public drivers use it. Assumed where they are silent: a report carries the transmission id of its
request; what is no JSON object is answered by ``parse_fail`` with transmission id 0.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from .twin import Answer, Twin

# protocol_error of parse_fail
_NOT_JSON, _NO_MESSAGE, _NO_ID, _EMPTY_ID, _NO_OP, _EMPTY_OP, _UNKNOWN, _NO_PARAMETERS, _INVALID = range(
    1, 10
)
_HUGE = 1e300
_LONGEST = 1 << 16  # bytes; no object is as long
#: a string, a brace, or the begin of a string that has not ended
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}"]', re.DOTALL)


class _Refusal(Exception):
    """The message is refused. :ivar error: the number sent with it"""

    def __init__(self, error: int) -> None:
        super().__init__(error)
        self.error = error


class IceBlocTwin(Twin):
    """Base of twins of lasers behind an ICE-BLOC.

    :ivar operations: by name; they return the parameters of the reply
    """

    latency = 5e-3

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.operations: dict[str, Callable[[], dict[str, Any]]] = {}
        self._op, self._id = "", 0
        self._parameters: dict[str, Any] = {}
        self._report: tuple[float, bytes] | None = None  # waits in the outbox

    def next_message(self, end: bool) -> bytes | None:
        """One JSON object, or what stands before the next one and is none."""
        box = self._inbox
        while box[:1].isspace():
            del box[0]
        if len(box) > _LONGEST:
            box.clear()
        if not box:
            return None
        length = _object_length(bytes(box)) if box.startswith(b"{") else box.find(b"{") % (len(box) + 1)
        if not length:
            if not end:
                return None
            length = len(box)
        message = bytes(box[:length])
        del box[:length]
        return message

    def send(self, data: bytes, delay: float = 0.0) -> None:
        """An answer given during a tuning comes before the report at its end."""
        self._outbox.append((self.clock.now() + delay, data))
        self._outbox = deque(sorted(self._outbox, key=lambda entry: entry[0]))

    def respond(self, message: str) -> Answer:
        self._id = 0
        try:
            self._op = self._read(message)
            return self._say(f"{self._op}_reply", self.operations[self._op]())
        except _Refusal as refusal:
            fault = {
                "transmission": [self._id],
                "protocol_error": [refusal.error],
                "JSON_parse_error": message[:40],
            }
            return self._say("parse_fail", fault)

    def _read(self, message: str) -> str:
        """Take id and parameters from *message*; its operation."""
        try:
            content = json.loads(message)
        except (ValueError, RecursionError):
            raise _Refusal(_NOT_JSON) from None
        inner = content.get("message") if isinstance(content, dict) else None
        if not isinstance(inner, dict):
            raise _Refusal(_NO_MESSAGE)
        if "transmission_id" not in inner:
            raise _Refusal(_NO_ID)
        number = _first(inner["transmission_id"])
        if not _is_number(number):
            raise _Refusal(_EMPTY_ID)
        self._id = int(number)
        if "op" not in inner:
            raise _Refusal(_NO_OP)
        if not inner["op"]:
            raise _Refusal(_EMPTY_OP)
        if inner["op"] not in self.operations:
            raise _Refusal(_UNKNOWN)
        parameters = inner.get("parameters")
        self._parameters = parameters if isinstance(parameters, dict) else {}
        return str(inner["op"])

    def _say(self, op: str, parameters: dict[str, Any]) -> bytes:
        content = {"message": {"transmission_id": [self._id], "op": op, "parameters": parameters}}
        return json.dumps(content, separators=(",", ":")).encode()

    def parameter(self, name: str) -> Any:
        if not self._parameters:
            raise _Refusal(_NO_PARAMETERS)
        if name not in self._parameters:
            raise _Refusal(_INVALID)
        return _first(self._parameters[name])

    def number(self, name: str) -> float:
        value = self.parameter(name)
        if not _is_number(value):
            raise _Refusal(_INVALID)
        return float(value)

    def wanted(self) -> bool:
        """The parameter operation."""
        word = self.parameter("operation")
        if word not in ("on", "off"):
            raise _Refusal(_INVALID)
        return bool(word == "on")

    def announce(self, delay: float, *, failed: bool = False) -> None:
        """The report at the end of what takes time, where it was asked for."""
        self._report = None
        if self._parameters.get("report") == "finished":
            data = self._say(f"{self._op}_f_r", {"report": [int(failed)]})
            self.send(data, self.latency + delay)
            self._report = next(entry for entry in self._outbox if entry[1] is data)

    def fail_announced(self) -> None:
        """What was announced last has come to nothing."""
        if self._report is not None and self._report in self._outbox:
            self._outbox.remove(self._report)
            self.send(self._report[1].replace(b'"report":[0]', b'"report":[1]'), self.latency)


def status(number: int) -> dict[str, Any]:
    return {"status": [number]}


def _first(value: Any) -> Any:
    """Numbers come in lists of one."""
    return (value[0] if value else None) if isinstance(value, list) else value


def _is_number(value: Any) -> bool:
    """JSON also knows infinities, and whole numbers that are too large for any other."""
    return type(value) in (int, float) and abs(value) < _HUGE


def _object_length(text: bytes) -> int:
    """Length of the JSON object *text* begins with; 0 while it is not complete."""
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] == b'"':
            break
        depth += (token[0] == b"{") - (token[0] == b"}")
        if not depth:
            return token.end()
    return 0
