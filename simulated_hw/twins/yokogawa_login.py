"""The login a Yokogawa analyser wants on a socket: ``OPEN "user"``, then the password, then ``READY``.

GPIB, VXI-11 and a serial line know none. Messages before the login have no effect and no answer, nor has
a wrong user or password (what the instrument says then is not known). A password may stand in quotes.
"""

from __future__ import annotations

import re
from typing import Any

from ..scpi_status import StatusTwin
from ..twin import Answer

_OPEN = re.compile(r'(?i:OPEN)\s*"?([^"]*)"?\s*')
_ANYBODY = "anonymous"  # logs in with any password


class LoginTwin(StatusTwin):
    """Answers a socket only after its login; stands before the class of the instrument.

    The settings have ``users``: passwords by user, besides the anonymous one.
    """

    settings: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._on_socket = False
        # by the connection's buffer, which is held so that no other gets its id: user who asked, or logged in
        self._asking: dict[int, tuple[bytearray, str]] = {}
        self._inside: dict[int, bytearray] = {}

    def feed(self, data: bytes, end: bool = False) -> None:
        serial = (self.resource_name or "").startswith("ASRL")
        self._on_socket = not end and not serial
        super().feed(data, end)

    def discard(self) -> None:
        """Also what happens to a connection that is closed: its login ends."""
        super().discard()
        self._log_out()

    def _match(self, query: bytes) -> Any:
        """On a socket, text answers end in CR LF."""
        answer = super()._match(query)
        if self._on_socket and isinstance(answer, bytes) and not answer.startswith(b"#"):
            answer = answer.removesuffix(b"\n") + b"\r\n"
        return answer

    def respond(self, message: str) -> Answer:
        here = id(self._inbox)
        if not self._on_socket or here in self._inside:
            if message.strip().upper() == "CLOSE":
                self._log_out()
                return None
            return super().respond(message)
        if opened := _OPEN.fullmatch(message):
            self._asking[here] = self._inbox, opened[1]
            return "AUTHENTICATE CRAM-MD5."
        _, user = self._asking.pop(here, (None, ""))
        if user == _ANYBODY or (user and self.settings.users.get(user) == message.strip().strip('"')):
            self._inside[here] = self._inbox
            return "READY"
        return None

    def _log_out(self) -> None:
        self._asking.pop(id(self._inbox), None)
        self._inside.pop(id(self._inbox), None)
