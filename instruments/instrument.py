"""The base of all drivers on a wire.

A driver is a pymeasure ``Instrument`` with one declarative line per quantity, plus what a run needs:
a table of limits that are checked before anything is sent, :meth:`~Device.make_safe`,
:meth:`~Device.snapshot`, and errors that name the device.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection
from typing import Any, ClassVar

import pyvisa
from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pyvisa.constants import StatusCode
from pyvisa.errors import VisaIOError

from .answers import number, whole
from .clock import Clock
from .device import Device
from .errors import BadAnswer, ConnectionFailed, DeviceFault, DeviceTimeout, WrongModel
from .wire import CutShort, NoAnswer, WireAdapter

log = logging.getLogger(__name__)

#: at debug level all that goes over the wires: a logger for each device below it
WIRE_LOG = "antistokes.wire"
_NOT_A_NUMBER = 9.91e37  # SCPI 1999, volume 1, section 7.2.1.5
#: for ``known`` of :meth:`VisaInstrument.values`
YES_NO = (0, 1)
_READ: dict[Any, Callable[[str], float]] = {float: number, int: whole}
_LATE_ANSWERS = 16  # more than can be under way after a time-out


class VisaInstrument(Device, Instrument):
    """Base of drivers on VISA.

    :param adapter: a pymeasure adapter, or a VISA resource name
    :param name: the name it has in the station
    :param clock: waits go by this clock
    """

    #: keywords for pyvisa's ``open_resource``: terminations, time-out in ms, serial settings
    CONNECTION: ClassVar[dict[str, Any]] = {}
    #: one of these words must be in the answer to ``*IDN?``; empty: not asked
    IDN_WORDS: ClassVar[tuple[str, ...]] = ()

    # pymeasure's own asks at every access whether the name is reserved for a dynamic property: 1 µs each
    __getattribute__ = object.__getattribute__

    def __init__(
        self, adapter: Adapter | str, name: str = "", *, clock: Clock | None = None, **connection: Any
    ) -> None:
        self._begin(name or self.MODEL, clock)
        try:
            if isinstance(adapter, str):
                wire = logging.getLogger(f"{WIRE_LOG}.{self.name}")
                adapter = WireAdapter(adapter, log=wire, **(self.CONNECTION | connection))
            super().__init__(adapter, self.name, includeSCPI=False)
        except (VisaIOError, OSError, ValueError) as error:
            raise ConnectionFailed(self.name, f"cannot open {adapter}: {_one_line(error)}") from error
        self._unread = False
        self.check_model()

    def check_model(self) -> None:
        """Ask who is there. :raises WrongModel: another instrument answers."""
        if not self.IDN_WORDS:
            return
        answer = self.identity()
        if not self._is_model(answer):
            raise WrongModel(self.name, f"{self.MODEL} expected, but '{answer}' answers on {self._where()}")

    def _is_model(self, identity: str) -> bool:
        return any(word.lower() in identity.lower() for word in self.IDN_WORDS)

    def identity(self) -> str:
        """The answer to ``*IDN?``."""
        return self.ask("*IDN?").strip()

    def _where(self) -> str:
        return str(getattr(self.adapter, "resource_name", "this adapter"))

    # -- the wire, with errors that name the device ---------------------------------------------------

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Write *command* and read the answer; one thread at a time."""
        with self.lock:
            self._before(command)
            self.write(command)
            if query_delay:
                self.clock.sleep(query_delay)
            answer = self._answer(command)
            self._unread = False
            return answer

    def write(self, command: str, **kwargs: Any) -> None:
        """Write *command*, never between the question and the answer of another thread."""
        with self.lock:
            try:
                self.adapter.write(command, **kwargs)
            except Exception as error:
                raise self._named(error, command) from error

    def tell(self, command: str) -> None:
        """Send *command* whatever state the line is in, and drop the answer: to switch something off."""
        with self.lock:
            self.write(command)
            self._unread = True

    def read(self, **kwargs: Any) -> str:
        """Read one answer."""
        return self._answer("read", **kwargs)

    def _answer(self, command: str, **kwargs: Any) -> str:
        try:
            answer: str = self.adapter.read(**kwargs)
        except Exception as error:
            self._unread = True
            raise self._named(error, command) from error
        return answer

    # -- bytes, for devices whose messages are no lines of text ---------------------------------------

    def ask_bytes(self, message: bytes, *endings: bytes) -> bytes:
        """Write *message* and read the answer, which ends with one of *endings*; one thread at a time."""
        with self.lock:
            self._before(message.decode("latin-1").strip())
            self.write_bytes(message)
            answer = self.read_until(*endings, command=message.decode("latin-1").strip())
            self._unread = False
            return answer

    def write_bytes(self, content: bytes, **kwargs: Any) -> None:
        """Write *content* as it is, never between the question and the answer of another thread."""
        with self.lock:
            try:
                self.adapter.write_bytes(content, **kwargs)
            except Exception as error:
                raise self._named(error, str(content)) from error

    def read_bytes(self, count: int, **kwargs: Any) -> bytes:
        """Read *count* bytes. :raises DeviceTimeout: fewer came; the message says how many"""
        return self._bytes(count, f"read of {count} bytes", **kwargs)

    def _bytes(self, count: int, command: str, **kwargs: Any) -> bytes:
        try:
            content: bytes = self.adapter.read_bytes(count, **kwargs)
        except Exception as error:
            self._unread = True
            raise self._named(error, command) from error
        if count >= 0 and len(content) != count:
            self._unread = True
            raise BadAnswer(self.name, f"{len(content)} bytes came where {count} should have: {content!r}")
        return content

    def wrong_answer(self, question: str, answer: object, remark: str = "") -> BadAnswer:
        """The error to raise for *answer*; what may still come of it is dropped before the next question."""
        self._unread = True
        return BadAnswer(self.name, f"'{question}' was answered by {answer!r}{remark}")

    def read_until(self, *endings: bytes, command: str = "read") -> bytes:
        """Read up to and including one of *endings*, byte by byte: for answers without one last character.

        :param command: what is being answered, for messages
        """
        answer = b""
        while not answer.endswith(endings):
            try:
                answer += self._bytes(1, command)
            except DeviceTimeout as error:
                if not answer:
                    raise
                raise DeviceTimeout(self.name, f"{error.problem}; received so far: {answer!r}") from error
        return answer

    def read_block(self) -> bytes:
        """Read a definite-length block ``#<digits><length><bytes>`` (IEEE 488.2, 8.7.9), not what follows.

        Where the connection marks the end of a message, all of the message is taken off it.

        :raises BadAnswer: it does not begin as one, or is shorter than it says
        :raises DeviceTimeout: it is shorter than it says
        """
        message = self._read_message() if self._marks_ends() else b""
        head, message = self._block_part(message, 2)
        if not head.startswith(b"#") or not head[1:].isdigit() or head == b"#0":
            raise self.wrong_answer("read", head, ", which begins no binary block")
        length, message = self._block_part(message, int(head[1:]))
        if not length.isdigit():
            raise self.wrong_answer("read", head + length, ", which begins no binary block")
        return self._block_part(message, int(length))[0]

    def _block_part(self, message: bytes, count: int) -> tuple[bytes, bytes]:
        """The next *count* bytes of a block, and the rest of *message* when that is here already."""
        if not self._marks_ends():
            return self.read_bytes(count), b""
        if len(message) < count:
            raise BadAnswer(self.name, f"{len(message)} bytes came where {count} should have")
        return message[:count], message[count:]

    def _read_message(self) -> bytes:
        """Everything up to the mark that ends a message."""
        connection: Any = self.adapter.connection
        termination, connection.read_termination = connection.read_termination, None
        try:
            return self.read_bytes(-1, break_on_termchar=True)
        finally:
            connection.read_termination = termination

    def _marks_ends(self) -> bool:
        """Does the connection mark the end of a message? Serial lines, sockets and rehearsals do not."""
        connection: Any = getattr(self.adapter, "connection", None)
        return getattr(connection, "resource_class", "") == "INSTR" and not self._is_serial(connection)

    def values(
        self,
        command: str,
        count: int | None = 1,
        known: Collection[int] | None = None,
        least: float = -math.inf,
        **kwargs: Any,
    ) -> list[Any]:
        """Ask, and split the answer into *count* values; None: as many as come.

        :param known: the only values there are, such as :data:`YES_NO`
        :param least: none is below it
        :raises BadAnswer: more or fewer came, others than these, or something else than a finite number where
            one was expected
        """
        cast = kwargs.pop("cast", float)
        result: list[Any] = super().values(command, cast=_READ.get(cast, cast), **kwargs)
        told = ",".join(map(str, result))
        if cast in _READ and any(isinstance(value, str) or value == _NOT_A_NUMBER for value in result):
            raise self.wrong_answer(command, told, ", not a number")
        if count is not None and len(result) != count:
            raise self.wrong_answer(command, told, f", {len(result)} values where {count} should be")
        if known is not None and not set(result) <= set(known):
            raise self.wrong_answer(command, told, f"; must be one of {', '.join(map(str, known))}")
        if least > -math.inf and min(result, default=least) < least:
            raise self.wrong_answer(command, told, f"; cannot be below {least:g}")
        return result

    def _before(self, question: str) -> None:
        """Nothing that waits on the line is the answer to *question*, which is asked next."""
        self._drop_unread()
        if isinstance(self.adapter, WireAdapter):
            try:
                self.adapter.forget_unasked()
            except Exception as error:
                raise self._named(error, question) from error
        self._unread = True  # until the answer is here, whatever comes in between

    def _drop_unread(self) -> None:
        """After a time-out the late answer to the old question may still come: make sure it is not taken for
        the answer to the next one.

        Clearing the device withdraws what it has not sent yet. A serial line or a socket knows no such
        message (nor does pyvisa-py over USB): there the device is asked who it is until it says so.
        """
        if not self._unread:
            return
        connection: Any = getattr(self.adapter, "connection", None)
        try:
            kind = getattr(connection, "resource_class", "")
            if self._marks_ends():
                connection.clear()
                self._unread = False
                return
        except Exception as error:
            if getattr(error, "error_code", None) != StatusCode.error_nonsupported_operation:
                raise self._named(error, "clear") from error
        try:
            self.adapter.flush_read_buffer()
        except Exception as error:
            raise self._named(error, "clear") from error
        if kind in ("INSTR", "SOCKET"):  # not a rehearsed conversation
            self._resynchronise()
        self._unread = False

    def _resynchronise(self) -> None:
        if self.IDN_WORDS:
            self._read_up_to("*IDN?", self._is_model)

    def _read_up_to(self, question: str, is_answer: Callable[[str], bool]) -> None:
        """Answers come in the order of the questions: what comes before that to *question* is older.

        :raises BadAnswer: it does not come
        """
        self.write(question)
        for _ in range(_LATE_ANSWERS):
            if is_answer(self.read()):
                return
        raise BadAnswer(self.name, f"'{question}' was answered by {_LATE_ANSWERS} answers to something else")

    @staticmethod
    def _is_serial(connection: Any) -> bool:
        return bool(connection.interface_type == pyvisa.constants.InterfaceType.asrl)

    def _named(self, error: Exception, command: str) -> Exception:
        return named_error(self.name, error, command, self._timeout)

    def _timeout(self) -> float:
        connection = getattr(self.adapter, "connection", None)
        return (getattr(connection, "timeout", None) or 0) / 1000

    def close(self) -> None:
        if "adapter" in self.__dict__:
            self.adapter.close()


class ScpiInstrument(VisaInstrument):
    """A VISA instrument with a SCPI error queue; settings with ``check_set_errors=True`` read it."""

    def check_errors(self) -> list[Any]:
        """Empty the error queue. :raises DeviceFault: with the first error in it."""
        found = []
        for _ in range(64):
            answer = self.ask("SYST:ERR?").strip()
            code, _, text = answer.partition(",")
            try:
                error = whole(code)
            except ValueError:
                raise self.wrong_answer("SYST:ERR?", answer) from None
            if error == 0:
                break
            found.append(f"error {error} {text.strip()}")
        if found:
            raise DeviceFault(self.name, "; ".join(found))
        return found


def named_error(device: str, error: Exception, command: str, timeout: Callable[[], float]) -> Exception:
    """The error of our tree that stands for *error*, which came when *command* was sent to *device*."""
    if isinstance(error, VisaIOError) and error.error_code == StatusCode.error_timeout:
        return DeviceTimeout(device, f"no answer to '{command}' within {timeout():g} s")
    if isinstance(error, NoAnswer):
        came = f"; received so far: {error.received!r}" if error.received else ""
        return DeviceTimeout(device, f"no answer to '{command}' within {timeout():g} s{came}")
    if isinstance(error, CutShort):
        return BadAnswer(device, f"'{command}' was answered by {error.received!r}, which has no end")
    if isinstance(error, UnicodeDecodeError):
        return BadAnswer(device, f"'{command}' was answered by bytes that are no text: {error.object!r}")
    # pyvisa-py says some of it by RuntimeError
    if isinstance(error, (VisaIOError, OSError, pyvisa.errors.InvalidSession, RuntimeError)):
        return ConnectionFailed(device, f"connection lost at '{command}': {_one_line(error)}")
    return error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
