"""What messages to a device on a wire, calls of a maker's SDK, and their answers meet on the way."""

from __future__ import annotations

from typing import Any, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from antistokes.instruments.clock import Clock

MessageKind = Literal["lost", "silent", "garbage", "half", "late", "stuck", "nan", "over-range", "dropped"]
MESSAGE_KINDS: tuple[MessageKind, ...] = get_args(MessageKind)

#: answers of an instrument that has no number: SCPI 1999, volume 1, section 7.2.1
_NOT_A_NUMBER, _OVER_RANGE = b"9.91E37", b"9.9E37"
_PRINTABLE = (33, 127)
Array = npt.NDArray[Any]


class Told(Protocol):
    """Who keeps the faults that struck."""

    def __call__(self, message: int | None, kind: MessageKind, text: str) -> None: ...


class Spoiler:
    """Says which messages to one device go wrong, and how.

    :param kinds: of random faults
    :param late: s, by how much an answer is late
    :ivar probability: of a fault at each message
    :ivar messages: so many have come
    :ivar planned: what happens to the message of a number
    """

    def __init__(
        self, told: Told, kinds: tuple[MessageKind, ...], late: float, rng: np.random.Generator
    ) -> None:
        self._told, self._kinds, self._late, self._rng = told, kinds, late, rng
        self.probability = 0.0
        self.planned: dict[int, MessageKind] = {}
        self.messages = 0

    def strikes(self, message: str) -> MessageKind | None:
        """What goes wrong with this *message*, the next one."""
        self.messages += 1
        kind = self.planned.pop(self.messages, None)
        if kind is None and self.probability and self._rng.random() < self.probability:
            kind = self._kinds[self._rng.integers(len(self._kinds))]
        if kind is not None:
            self._told(self.messages, kind, message)
        return kind


class FaultyLine(Spoiler):
    """What messages to one device on a wire meet."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._last: dict[bytes, bytes] = {}
        self._stuck: dict[bytes, bytes] = {}

    def spoilt(self, kind: MessageKind | None, message: bytes, answer: bytes) -> tuple[bytes, float]:
        """What arrives in place of *answer* to *message*, and by how many s later."""
        ending = answer[len(answer.rstrip(b"\r\n")) :]
        body = answer[: len(answer) - len(ending)]
        if kind == "stuck":
            self._stuck[message] = self._last.get(message, answer)
        self._last[message] = answer
        answer = self._stuck.get(message, answer)
        if kind == "silent":
            return b"", 0.0
        if kind == "garbage":
            return bytes(self._rng.integers(*_PRINTABLE, len(body), dtype=np.uint8)) + ending, 0.0
        if kind == "half":
            return answer[: len(answer) // 2], 0.0
        if kind in ("nan", "over-range"):
            return (_NOT_A_NUMBER if kind == "nan" else _OVER_RANGE) + ending, 0.0
        return answer, self._late if kind == "late" else 0.0


class FaultyCalls(Spoiler):
    """What calls of the SDK of one device meet.

    A ``lost`` call is not carried out and fails, a ``silent`` one hangs before that, a ``late`` one hangs and
    works; after a ``dropped`` one all fail. The others change an array that is handed over.
    """

    def __init__(self, *args: Any, clock: Clock) -> None:
        super().__init__(*args)
        self._clock = clock
        self._kind: MessageKind | None = None
        self._gone = False
        self._last: dict[str, Array] = {}
        self._stuck: dict[str, Array] = {}
        self._call = ""

    def fails(self, call: str) -> bool:
        """Count a *call*, which may hang; True: the SDK says that it failed."""
        kind = self._kind = self.strikes(call)
        self._call = call
        self._gone = self._gone or kind == "dropped"
        if kind in ("late", "silent"):
            self._clock.sleep(self._late)
        return self._gone or kind in ("lost", "silent")

    def spoilt(self, answer: Array) -> Array:
        """What the last call hands over in place of *answer*."""
        kind, self._kind = self._kind, None
        if kind == "stuck":
            self._stuck[self._call] = self._last.get(self._call, answer)
        self._last[self._call] = answer
        answer = self._stuck.get(self._call, answer)
        if kind == "garbage":
            return np.frombuffer(self._rng.bytes(answer.nbytes), answer.dtype).reshape(answer.shape)
        if kind == "half":
            return answer[: len(answer) // 2]
        is_float = np.issubdtype(answer.dtype, np.floating)
        if kind == "nan" and is_float:
            return np.full_like(answer, np.nan)
        if kind == "over-range":
            return np.full_like(answer, float(_OVER_RANGE) if is_float else np.iinfo(answer.dtype).max)
        return answer


class SdkTwin:
    """What a twin behind a maker's SDK has for faults of its calls.

    :cvar call_faults: None: nothing goes wrong
    """

    call_faults: FaultyCalls | None = None

    def call_fails(self, call: str) -> bool:
        """Does the SDK say that this *call* has failed?"""
        return self.call_faults is not None and self.call_faults.fails(call)

    def handed_over(self, answer: Array) -> Array:
        """What the caller gets in place of *answer*."""
        return answer if self.call_faults is None else self.call_faults.spoilt(answer)
