"""Files that nobody meant: whatever stands in a station, sample, plan or run file, it is read or refused."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from antistokes.analysis import describe, load
from antistokes.analysis.runfile import NotARunFile
from antistokes.instruments import Station
from antistokes.instruments.errors import AntistokesError
from antistokes.procedures import PowerSweep, run
from antistokes.procedures.interrupted import Interrupted
from antistokes.procedures.plan_file import PlanFile
from antistokes.procedures.recovery import recover
from antistokes.simulated_hw import samples, stations
from antistokes.simulated_hw.samples.sample import Sample
from antistokes.simulated_hw.stations import find_station

_DOCUMENTED_PLANS = Path(__file__).parents[2] / "docs" / "plans.md"
_ODD: list[Any] = [
    *(
        "",
        " ",
        "x" * 5000,
        "nan",
        "1e999 nm",
        "-5 K",
        "1 m**9**9**9",
        "../../etc/passwd",
        "\0",
        "\u202eé",
        "٣",
    ),
    *(0, -1, True, 2**62, -(2**62), 1e308, -1e308, 1e-308, float("nan"), float("inf")),
    *([], [[[]]], ["a", 1], [float("nan")], [5, -5], [1, 2, 3], {}, {"a": {"b": {}}}),
]
_ANYTHING = st.one_of(
    st.sampled_from(_ODD), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=20)
)


def places(tables: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Keys that lead to every entry of *tables*."""
    entries = tables.items() if isinstance(tables, dict) else enumerate(tables)
    for key, value in entries:
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from places(value, (*path, key))


@st.composite
def mutated(draw: st.DrawFn, sources: list[dict[str, Any]]) -> bytes:
    """The text of one of *sources* with entries removed, renamed, replaced or added, or with other bytes."""
    tables = copy.deepcopy(draw(st.sampled_from(sources)))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(tables))
        *way, last = draw(st.sampled_from(found)) if found else ["x"]
        holder: Any = tables
        for key in way:
            holder = holder[key]
        kind = draw(st.sampled_from(["remove", "replace", "replace", "replace", "other"]))
        if kind == "replace" or not found:
            holder[last] = copy.deepcopy(draw(_ANYTHING))
        elif kind == "remove" or isinstance(holder, list):
            del holder[last]
        else:
            holder[draw(st.text(min_size=1, max_size=8))] = holder.pop(last)
    with suppress(UnicodeEncodeError):  # of a lone half of a character
        text = bytearray(tomli_w.dumps(tables).encode())
        if draw(st.integers(0, 9)) == 0:
            where = draw(st.integers(0, len(text)))
            text[where : where + draw(st.integers(0, 9))] = draw(st.binary(max_size=4))
        return bytes(text)
    return b"\xed\xa0\x80"


def shipped(package: Any) -> list[dict[str, Any]]:
    """All TOML files of *package*."""
    found = [path for folder in package.__path__ for path in sorted(Path(folder).glob("*.toml"))]
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in found]


def documented_plans() -> list[dict[str, Any]]:
    text = _DOCUMENTED_PLANS.read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    return [tomllib.loads(block) for block in blocks if "[[runs]]" in block]


def read_or_refused(read: Callable[[Path], Any], path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with suppress(AntistokesError, NotARunFile):
        read(path)


def opened(path: Path) -> None:
    with Station.load(path) as station:
        station.snapshot()


@given(mutated(shipped(stations)))
def test_a_station_file_opens_or_is_refused(tmp_path: Path, content: bytes) -> None:
    read_or_refused(opened, tmp_path / "station.toml", content)


@given(mutated(shipped(samples)))
def test_a_sample_file_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    read_or_refused(Sample.load, tmp_path / "sample.toml", content)


@given(mutated(documented_plans()))
def test_a_plan_file_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    read_or_refused(PlanFile.read, tmp_path / "plan.toml", content)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short sweep with spectra."""
    path = tmp_path_factory.mktemp("run") / "run.h5"
    sweep = PowerSweep(start=100, stop=300, points_per_decade=2, order="up", frames=2, readings=1)
    with Station.load(find_station("virtual")) as station:
        run(sweep, station, path)
    return path


_PLACE = st.one_of(st.floats(0, 1), st.floats(0, 0.01), st.floats(0, 0.0005))
_DAMAGE = st.tuples(_PLACE, st.one_of(st.binary(min_size=1, max_size=16), st.just(bytes(256))))


@pytest.mark.parametrize("read", [load, describe, Interrupted.read, recover], ids=lambda f: f.__qualname__)
@given(damage=st.lists(_DAMAGE, min_size=1, max_size=6), cut=st.none() | st.floats(0, 1))
def test_a_damaged_run_file_is_read_or_refused(
    tmp_path: Path, recorded: Path, read: Callable[[Path], Any], damage: list[Any], cut: float | None
) -> None:
    content = bytearray(recorded.read_bytes())
    for place, other in damage:
        where = int(place * (len(content) - len(other)))
        content[where : where + len(other)] = other
    if cut is not None:
        del content[int(cut * len(content)) :]
    read_or_refused(read, tmp_path / "run.h5", bytes(content))
