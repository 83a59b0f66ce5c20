"""pymeasure instruments of others in a station file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from antistokes.instruments import Station
from antistokes.instruments.errors import DeviceTimeout, FileRefused, InstrumentError, LimitError, Refused
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


def test_what_the_mapping_says_of_a_range_is_a_limit_too(load: Callable[..., Station]) -> None:
    with load() as station:
        with pytest.raises(LimitError, match=r"^meter: wavelength = 1200 is outside the allowed 400 to 1100"):
            station.find(PowerMeter).wavelength = 1200.0
        station["meter"].wavelength = 1100.0  # type: ignore[attr-defined]


def test_what_no_role_names_can_be_read_as_the_instrument_has_it(load: Callable[..., Station]) -> None:
    with load() as station:
        meter: Any = station["meter"]
        meter.wavelength = 808.0
        assert meter.wavelength_max == pytest.approx(meter.instrument.wavelength_max)
        with pytest.raises(AttributeError, match="has no 'wavelength_mix'"):
            _ = meter.wavelength_mix
        twin: Any = station.backend.world.twins["meter"]  # type: ignore[attr-defined]
        twin.feed = lambda data, end=False: None
        with pytest.raises(DeviceTimeout, match="^meter: no answer to 'wavelength_max' within"):
            _ = meter.wavelength_max


def test_a_silent_one_is_named(load: Callable[..., Station]) -> None:
    with load() as station:
        twin: Any = station.backend.world.twins["meter"]  # type: ignore[attr-defined]
        twin.feed = lambda data, end=False: None
        with pytest.raises(DeviceTimeout, match="^meter: no answer to 'wavelength' within"):
            _ = station.find(PowerMeter).wavelength


def test_what_it_raises_gets_its_name(load: Callable[..., Station]) -> None:
    with (
        load(_MAPPING.replace('attribute = "power"', 'attribute = "sensor_name"')) as station,
        pytest.raises(InstrumentError, match=r"^meter: 'sensor_name' failed: TypeError"),
    ):
        _ = station.find(PowerMeter).power


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"wavelength"', '"wavelenght"'),
        ("[instruments.meter.role", "safe = { wavelenght = 900 }\n[instruments.meter.role"),
    ],
)
def test_a_misspelt_attribute_is_refused_when_it_opens(
    load: Callable[..., Station], old: str, new: str
) -> None:
    text = _METER.replace("{mapping}", _MAPPING)
    assert old in text
    message = r"^meter: a ThorlabsPM100USB has no 'wavelenght'; did you mean 'wavelength'\?$"
    with pytest.raises(Refused, match=message):
        load(text=text.replace(old, new, 1)).open()


_GENERATOR = """
backend = "@sim"
[instruments.generator]
driver = "pymeasure.instruments.agilent:Agilent33500"
twin = "keysight_33500b"
resource = "GPIB0::10::INSTR"
safe = { "ch_2.output" = false }
[instruments.generator.role.pulse_generator]
period = "ch_1.pulse_period"
width = "ch_1.pulse_width"
output = "ch_1.output"
period_limits = [1e-6, 1.0]
width_limits = [1e-6, 1e-2]
"""


def test_it_is_made_safe_by_its_role_and_by_what_the_file_says(load: Callable[..., Station]) -> None:
    with load(text=_GENERATOR) as station:
        device: Any = station["generator"]
        device.output = device.instrument.ch_2.output = True
        assert station.make_safe()[0].problem == ""
        assert device.instrument.ch_1.output is False
        assert device.instrument.ch_2.output is False


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("power = {", "powr = {", "role.power_meter.powr: unknown member; did you mean 'power'?"),
        ('wavelength = "wavelength"\n', "", "role.power_meter: lacks wavelength;"),
        ("[400, 1100]", "7", "role.power_meter.wavelength_range: is 7; must be [low, high]"),
        ('"wavelength"', '""', "role.power_meter.wavelength: is ''; must be an attribute, or { value = … }"),
        ("scale = 1e-3", "scale = 0", "role.power_meter.power: scale = 0 leaves nothing"),
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
        ("pymeasure.instruments.thorlabs:ThorlabsPM100USB", "collections:OrderedDict", "it is no pymeasure"),
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
