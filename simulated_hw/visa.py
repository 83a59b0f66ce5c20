"""A VISA library whose instruments are the twins of one bench.

``pyvisa.ResourceManager(VirtualVisaLibrary…)`` for our own station; ``"FILE@antistokes"`` or the
environment variable ``PYVISA_LIBRARY`` for any program that uses pyvisa (package pyvisa_antistokes).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from pyvisa import constants, errors, rname
from pyvisa.constants import ResourceAttribute, StatusCode
from pyvisa_sim.devices import Devices
from pyvisa_sim.highlevel import SimVisaLibrary
from pyvisa_sim.sessions.session import MessageBasedSession

from .twin import Line, Twin

_unique = itertools.count(1)
_DISCARD_READ = (
    constants.BufferOperation.discard_read_buffer
    | constants.BufferOperation.discard_read_buffer_no_io
    | constants.BufferOperation.discard_receive_buffer
    | constants.BufferOperation.discard_receive_buffer2
)


class TwinSession(MessageBasedSession):
    """An open connection to a twin: whole messages, time-outs on the bench's clock."""

    device: Twin

    def __init__(self, manager: Any, resource_name: str, parsed: Any, twin: Twin) -> None:
        # VISA asks which attributes exist for this kind of resource
        self.session_type = (parsed.interface_type_const, parsed.resource_class)
        super().__init__(manager, resource_name, parsed)
        self.device = twin
        # a new socket starts with nothing in it; other lines keep what the last user left unread
        self._line = Line(twin) if parsed.resource_class == "SOCKET" else twin
        self._number = twin.connection_number
        self._lock = twin.bench.lock
        self._clock = twin.clock
        # serial lines and sockets carry no end-of-message mark
        self._stream = (
            parsed.interface_type_const == constants.InterfaceType.asrl or parsed.resource_class == "SOCKET"
        )
        board = str(getattr(parsed, "board", 0))  # a number, or a device such as /dev/ttyUSB0
        self.attrs[ResourceAttribute.interface_number] = int(board) if board.isdigit() else 0

    def write(self, data: bytes) -> tuple[int, StatusCode]:
        attrs = self.attrs
        if (
            self.session_type[0] == constants.InterfaceType.asrl
            and attrs.get(ResourceAttribute.asrl_end_out) == constants.SerialTermination.termination_char
        ):
            data += bytes([attrs.get(ResourceAttribute.termchar, 10)])
        with self._lock:
            self._check_connection()
            self._line.feed(data, end=not self._stream)
        return len(data), StatusCode.success

    def read(self, count: int) -> tuple[bytes, StatusCode]:
        attrs = self.attrs
        timeout = attrs.get(ResourceAttribute.timeout_value, 2000) / 1000
        deadline = self._clock.now() + timeout
        termchar = self._termchar()
        got = b""
        while True:
            with self._lock:
                self._check_connection()
                part = self._line.take()
                if part is not None:
                    got += part
                    cut, status = self._cut(got, count, termchar)
                    if cut is not None:
                        if cut < len(got):
                            self._line.put_back(got[cut:])
                        return got[:cut], status
                    continue
                due = self._line.next_due()
            now = self._clock.now()
            if now >= deadline:
                # what was read stays read, as on a real line
                raise errors.VisaIOError(constants.VI_ERROR_TMO)
            self._clock.sleep((deadline if due is None else min(due, deadline)) - now)

    def _check_connection(self) -> None:
        """:raises VisaIOError: the line was interrupted since this session was opened"""
        if self._number != self.device.connection_number:
            raise errors.VisaIOError(StatusCode.error_connection_lost)

    def _termchar(self) -> bytes | None:
        attrs = self.attrs
        if self.session_type[0] == constants.InterfaceType.asrl:
            end_in = attrs.get(ResourceAttribute.asrl_end_in, constants.SerialTermination.termination_char)
            enabled = end_in == constants.SerialTermination.termination_char
        else:
            enabled = bool(attrs.get(ResourceAttribute.termchar_enabled, False))
        return bytes([attrs.get(ResourceAttribute.termchar, 10)]) if enabled else None

    def _cut(self, got: bytes, count: int, termchar: bytes | None) -> tuple[int | None, StatusCode]:
        """Where this read ends, if it does: at the termination character, the count, or END.

        END counts before the other two (VPP-4.3, rule 6.1.1).
        """
        position = got.find(termchar, 0, count) if termchar is not None else -1
        cut = position + 1 if position >= 0 else min(len(got), count)
        if not self._stream and cut == len(got):
            return cut, StatusCode.success
        if position >= 0:
            return cut, StatusCode.success_termination_character_read
        return (cut if cut == count else None), StatusCode.success_max_count_read

    def clear(self) -> StatusCode:
        """Clear the device; a serial line or socket has no such message and only forgets what arrived."""
        if self._stream:
            return self.flush(constants.BufferOperation.discard_read_buffer)
        with self._lock:
            self._line.discard()
        return StatusCode.success

    def flush(self, mask: int) -> StatusCode:
        """Forget what has arrived; what was written is on its way already."""
        if mask & _DISCARD_READ:
            with self._lock:
                while self._line.take() is not None:
                    continue
        return StatusCode.success

    def bytes_waiting(self) -> int:
        """Bytes that could be read now."""
        with self._lock:
            return self._line.bytes_due()

    def get_attribute(self, attribute: ResourceAttribute) -> tuple[Any, StatusCode]:
        if attribute == ResourceAttribute.asrl_avalaible_number:  # spelt so in pyvisa
            return self.bytes_waiting(), StatusCode.success
        result: tuple[Any, StatusCode] = super().get_attribute(attribute)
        return result


class VirtualVisaLibrary(SimVisaLibrary):
    """All twins with a VISA resource, behind the interface of a VISA library."""

    def _init(self) -> None:
        self.sessions: dict[int, Any] = {}
        self.devices = Devices()

    @classmethod
    def of(cls, twins: Iterable[Twin]) -> VirtualVisaLibrary:
        """A library of its own (pyvisa keeps one per name) for *twins*."""
        library = cls(f"virtual bench {next(_unique)}")
        library.add(twins)
        return library

    def add(self, twins: Iterable[Twin]) -> None:
        """Make *twins* reachable under their resource names."""
        for twin in twins:
            self.devices._internal[twin.resource_name] = twin

    def open(
        self,
        session: Any,
        resource_name: str,
        access_mode: Any = constants.AccessModes.no_lock,
        open_timeout: Any = 0,
    ) -> Any:
        try:
            parsed = rname.parse_resource_name(resource_name)
            twin = self.devices[str(parsed)]
        except rname.InvalidResourceName:
            raise errors.VisaIOError(StatusCode.error_invalid_resource_name) from None
        except KeyError:
            raise errors.VisaIOError(StatusCode.error_resource_not_found) from None
        return self._register(TwinSession(session, resource_name, parsed, twin)), StatusCode.success

    def read(self, session: Any, count: int) -> Any:
        return self.sessions[session].read(count)

    def write(self, session: Any, data: bytes) -> Any:
        return self.sessions[session].write(data)

    def clear(self, session: Any) -> StatusCode:
        status: StatusCode = self.sessions[session].clear()
        return status

    def flush(self, session: Any, mask: Any) -> StatusCode:
        status: StatusCode = self.sessions[session].flush(mask)
        return status

    def read_stb(self, session: Any) -> tuple[int, StatusCode]:
        return (0x10 if self.sessions[session].bytes_waiting() else 0), StatusCode.success

    def list_resources(self, session: Any, query: str = "?*::INSTR") -> tuple[str, ...]:
        return tuple(rname.filter(self.devices.list_resources(), query))
