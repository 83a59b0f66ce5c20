"""Instruments made of others: parts in the station file, opened before, seen through their roles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from antistokes.instruments import Station, drivers
from antistokes.instruments.backend import plugin
from antistokes.instruments.device import CompositeInstrument
from antistokes.instruments.errors import FileRefused
from antistokes.instruments.roles import PowerMeter

_STATION = """
backend = "@sim"
[instruments.meter]
driver = "thorlabs_pm100d"
resource = "ASRL1::INSTR"
[instruments.cryostat]
driver = "lakeshore_336"
resource = "ASRL2::INSTR"
[instruments.doubled]
driver = "doubler"
parts = { meter = "meter" }
"""


class Doubler(CompositeInstrument):
    """Twice what a meter says."""

    MODEL = "Doubler"
    ROLES = (PowerMeter,)
    PARTS: ClassVar[dict[str, type]] = {"meter": PowerMeter}

    @property
    def power(self) -> float:
        return 2 * float(self.parts["meter"].power)


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Station]:
    class Entry:
        @staticmethod
        def load() -> type:
            return Doubler

    def found(group: str, name: str) -> Any:
        return Entry if name == "doubler" else plugin(group, name)

    monkeypatch.setattr(drivers, "plugin", found)

    def load(old: str = "", new: str = "") -> Station:
        assert old in _STATION
        path = tmp_path / "lab.toml"
        path.write_text(_STATION.replace(old, new))
        return Station.load(path)

    return load


def test_it_sees_its_parts_through_their_roles(load: Callable[..., Station]) -> None:
    with load() as station:
        device: Any = station["doubled"]
        assert abs(device.power) < 1e-6
        with pytest.raises(AttributeError, match="a PowerMeter has no 'averaging'"):
            _ = device.parts["meter"].averaging
        assert device.clock is station.waits


def test_opening_it_alone_opens_its_parts_first(load: Callable[..., Station]) -> None:
    station = load()
    station.open_one("doubled")
    assert list(station) == ["meter", "doubled"]
    station.close()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('{ meter = "meter" }', '{ meter = "metre" }', "parts.meter: is 'metre'; must be an instrument that"),
        ('{ meter = "meter" }', '{ meter = "doubled" }', "parts.meter: is 'doubled'; must be an instrument"),
        ('{ meter = "meter" }', '{ metre = "meter" }', "parts.metre: unknown part; did you mean 'meter'?"),
        ('{ meter = "meter" }', '{ meter = "cryostat" }', "is 'cryostat', a Lake Shore 336, which is no"),
        ("parts = {", 'resource = "ASRL3::INSTR"\nparts = {', "resource: is not needed: its parts have"),
        ('parts = { meter = "meter" }', "", "instruments.doubled.resource: is missing"),
        ('resource = "ASRL1::INSTR"', "", "instruments.meter.resource: is missing"),
    ],
)
def test_wrong_parts_are_refused(load: Callable[..., Station], old: str, new: str, message: str) -> None:
    with pytest.raises(FileRefused) as refused:
        load(old, new)
    assert message in str(refused.value)
