"""pymeasure instruments of others in a station file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from antistokes.instruments import Station
from antistokes.instruments.errors import DeviceTimeout, FileRefused, InstrumentError, LimitError
from antistokes.instruments.roles import PowerMeter

_METER = """
backend = "@sim"
[instruments.meter]
driver = "pymeasure.instruments.thorlabs:ThorlabsPM100USB"
twin = "thorlabs_pm100d"
resource = "USB0::0x1313::0x8078::P0012345::INSTR"
{extra}
[instruments.meter.role.power_meter]
{mapping}
"""
_MAPPING = """
wavelength = "wavelength"
wavelength_range = [400, 1100]
power = { attribute = "power", scale = 1e-3 }
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Station]:
    def load(mapping: str = _MAPPING, extra: str = "", text: str = _METER) -> Station:
        path = tmp_path / "lab.toml"
        path.write_text(text.replace("{mapping}", mapping).replace("{extra}", extra))
        return Station.load(path)

    return load


def test_a_pymeasure_instrument_serves_a_role(load: Callable[..., Station]) -> None:
    with load() as station:
        meter = station.find(PowerMeter)
        meter.wavelength = 808.0
        assert meter.wavelength == pytest.approx(808)
        assert station["meter"].instrument.wavelength == pytest.approx(808)  # type: ignore[attr-defined]
        assert meter.wavelength_range == (400, 1100)
        assert abs(meter.power) < 1e-6  # a pymeasure power in mW
        snapshot = station.snapshot()["meter"]
        assert snapshot["model"] == "ThorlabsPM100USB"
        assert snapshot["wavelength"] == pytest.approx(808)


def test_its_limits_are_checked_before_anything_is_sent(load: Callable[..., Station]) -> None:
    with load(extra="limits = { wavelength = [900, 1000] }") as station:
        twin: Any = station.backend.world.twins["meter"]  # type: ignore[attr-defined]
        before = twin.wavelength
        with pytest.raises(LimitError, match=r"^meter: wavelength = 808"):
            station.find(PowerMeter).wavelength = 808.0
        assert twin.wavelength == before


def test_a_silent_one_is_named(load: Callable[..., Station]) -> None:
    with load() as station:
        twin: Any = station.backend.world.twins["meter"]  # type: ignore[attr-defined]
        twin.feed = lambda data, end=False: None
        with pytest.raises(DeviceTimeout, match="^meter: no answer to 'wavelength' within"):
            _ = station.find(PowerMeter).wavelength


def test_what_it_raises_gets_its_name(load: Callable[..., Station]) -> None:
    with (
        load('wavelength = "wavelenght"\nwavelength_range = [400, 1100]\npower = "power"') as station,
        pytest.raises(InstrumentError, match=r"^meter: 'wavelenght' failed: AttributeError"),
    ):
        _ = station.find(PowerMeter).wavelength


_SHUTTER = """
backend = "@sim"
[instruments.laser]
driver = "pymeasure.instruments.thorlabs:ThorlabsPM100USB"
twin = "thorlabs_pm100d"
resource = "ASRL1::INSTR"
settings = { read_termination = "\\n", write_termination = "\\n" }
safe = { wavelength = 950.0 }
[instruments.laser.role.shutter]
is_open = "shut"
"""


def test_it_is_made_safe_by_its_role_and_by_what_the_file_says(load: Callable[..., Station]) -> None:
    with load(text=_SHUTTER) as station:
        device: Any = station["laser"]
        device.instrument.shut = True
        steps = station.make_safe()
        assert steps[0].problem == ""
        assert device.instrument.shut is False
        assert device.instrument.wavelength == pytest.approx(950)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("power = {", "powr = {", "role.power_meter.powr: unknown member; did you mean 'power'?"),
        ('wavelength = "wavelength"\n', "", "role.power_meter: lacks wavelength;"),
        ("scale = 1e-3", "scal = 1e-3", "role.power_meter.power.scal: unknown key; did you mean 'scale'?"),
    ],
)
def test_a_wrong_mapping_is_refused(load: Callable[..., Station], old: str, new: str, message: str) -> None:
    assert old in _MAPPING
    with pytest.raises(FileRefused) as refused:
        load(_MAPPING.replace(old, new))
    assert f"instruments.meter.{message}" in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "ThorlabsPM100USB",
            "ThorlabsPM10",
            "driver: is 'pymeasure.instruments.thorlabs:ThorlabsPM10', which",
        ),
        ("pymeasure.instruments.thorlabs", "pymeasure.instruments.thorlbs", "cannot be imported: No module"),
        ("role.power_meter", "role.powermeter", "role.powermeter: unknown role; did you mean 'power_meter'?"),
        ('twin = "thorlabs_pm100d"', "", "has no twin; say which one plays it"),
    ],
)
def test_a_wrong_entry_is_refused(load: Callable[..., Station], old: str, new: str, message: str) -> None:
    assert old in _METER
    with pytest.raises(FileRefused) as refused:
        load(text=_METER.replace(old, new))
    assert message in str(refused.value)


def test_our_own_drivers_take_no_mapping(load: Callable[..., Station]) -> None:
    text = _METER.replace("pymeasure.instruments.thorlabs:ThorlabsPM100USB", "thorlabs_pm100d")
    with pytest.raises(FileRefused, match=r"instruments\.meter\.role: is for drivers named as module:Class"):
        load(text=text)
