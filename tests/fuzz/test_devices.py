"""Answers that no instrument should give, and messages that no program should send."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antistokes.instruments import Station
from antistokes.instruments.errors import AntistokesError
from antistokes.instruments.instrument import VisaInstrument
from antistokes.instruments.roleview import members_of

DRIVERS: dict[str, Any] = {point.name: point.load() for point in entry_points(group="antistokes.drivers")}
ON_WIRE = [name for name, driver in DRIVERS.items() if issubclass(driver, VisaInstrument)]
_RESOURCES = ["USB0::0x1313::0x8078::P0012345::INSTR", "ASRL1::INSTR", "TCPIP0::192.168.1.36::7777::SOCKET"]
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")
_SECONDS = 0.01  # of a histogram


class Odd(NamedTuple):
    """What is done to an answer: all of it, its second half or its first number is replaced."""

    what: str
    by: bytes

    def of(self, answer: bytes) -> bytes:
        body = answer.rstrip(b"\r\n")
        ending = answer[len(body) :]
        if self.what == "number":
            return _NUMBER.sub(lambda found: self.by, body, count=1) + ending
        if self.what == "end":
            return body[: len(body) // 2] + self.by + ending
        return self.by + (ending if self.what == "text" else b"")


_NUMBERS = [b"nan", b"-inf", b"1e999", b"-1", b"0", b"2", b"1_0", b"9.91E37", b"1E300", b"9" * 400, b"1,2,3"]
_WORDS = [b"", b"OK", b"ERR", b"?", b"#", b"#0", b"#9999999999", b"#3 12", b"{}", b"[[", b"\xd9\xa3", b"\0"]
_BYTES = st.one_of(
    st.sampled_from(_NUMBERS),
    st.sampled_from(_WORDS),
    st.integers(-(10**20), 10**20).map(lambda number: str(number).encode()),
    st.floats().map(lambda number: repr(number).encode()),
    st.binary(max_size=12),
)
_ODD = st.builds(Odd, st.sampled_from(["number", "number", "end", "text", "bytes"]), _BYTES)


class OddLine:
    """In the place of a line's faults: some right answers, then odd ones, then right ones again."""

    def __init__(self, right: int, odd: list[Odd]) -> None:
        self._next: list[Odd | None] = [*([None] * right), *odd]

    def strikes(self, message: str) -> Odd | None:
        return self._next.pop(0) if self._next else None

    def spoilt(self, odd: Odd | None, message: bytes, answer: bytes) -> tuple[bytes, float]:
        return (answer if odd is None else odd.of(answer)), 0.0


@contextmanager
def opened(folder: Path, driver: str, resource: str) -> Iterator[tuple[Any, Any]]:
    """The device and its twin."""
    path = folder / "station.toml"
    path.write_text(f'backend = "@sim"\n[instruments.it]\ndriver = "{driver}"\nresource = "{resource}"\n')
    with Station.load(path) as station:
        backend: Any = station.backend
        yield station["it"], backend.world.twins["it"]


def questions(device: Any) -> list[Callable[[], Any]]:
    """All that can be asked of *device* and all that can be set, to what it is."""

    def value_of(member: str) -> Any:
        value = getattr(device, member)
        if not callable(value):
            return value
        needed = [p for p in inspect.signature(value).parameters.values() if p.default is p.empty]
        result = value(*[_SECONDS for _ in needed])
        return list(result) if isinstance(result, Iterator) else result

    def set_again(member: str) -> None:
        low, high, _ = device.limits[member]
        setattr(device, member, low + (high - low) / 3)

    asked = sorted({m for role in device.ROLES for m in members_of(role)} - {"check_limit"})
    found: list[Callable[[], Any]] = [
        lambda member=member: value_of(member) for member in (*asked, *device.SNAPSHOT, "identity")
    ]
    return [*found, *(lambda member=member: set_again(member) for member in device.limits)]


def sensible(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype != object and (value.dtype.kind != "f" or bool(np.isfinite(value).all()))
    return not isinstance(value, float) or math.isfinite(value)


@pytest.mark.parametrize("driver", ON_WIRE)
@given(
    resource=st.sampled_from(_RESOURCES),
    which=st.integers(0, 999),
    right=st.integers(0, 3),
    odd=st.lists(_ODD, min_size=1, max_size=3),
)
def test_an_odd_answer_is_refused_or_means_something(
    tmp_path: Path, driver: str, resource: str, which: int, right: int, odd: list[Odd]
) -> None:
    with opened(tmp_path, driver, resource) as (device, twin):
        possible = questions(device)
        twin.line_faults = OddLine(right, odd)
        with suppress(AntistokesError):
            value = possible[which % len(possible)]()
            assert sensible(value), repr(value)
        twin.line_faults = None


@pytest.mark.parametrize("driver", ON_WIRE)
@given(data=st.data(), resource=st.sampled_from(_RESOURCES))
def test_a_twin_hears_anything(tmp_path: Path, driver: str, data: st.DataObject, resource: str) -> None:
    """It answers or is silent, and goes on: what its driver says, changed, and what its patterns take."""
    with opened(tmp_path, driver, resource) as (device, twin):
        messages = st.builds(lambda message, odd: odd.of(message), st.sampled_from(said(device, twin)), _ODD)
        if patterns := [pattern.pattern for pattern, _ in twin._patterns]:
            taken = st.sampled_from(patterns).flatmap(lambda text: st.from_regex(text, fullmatch=True))
            messages |= taken.map(lambda text: text.encode("latin-1", "replace"))
        for message in data.draw(st.lists(messages, min_size=1, max_size=6)):
            twin.feed(message + twin.terminator)
            twin.clock.sleep(1.0)
            while twin.take() is not None:
                pass


def said(device: Any, twin: Any) -> list[bytes]:
    """What the driver sends when it is asked all it can be asked."""
    heard: list[bytes] = []
    hears = twin.feed

    def listening(data: bytes, end: bool = False) -> None:
        heard.append(data)
        hears(data, end)

    twin.feed = listening
    for question in questions(device):
        with suppress(AntistokesError):
            question()
    del twin.feed
    return sorted(set(heard))
