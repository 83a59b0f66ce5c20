"""The station file: what is read, and what is refused with file, key and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from antistokes.instruments.errors import FileRefused
from antistokes.instruments.stationfile import StationFile
from antistokes.simulated_hw.stations import find_station, shipped

LASER = "USB0::0x1313::0x804F::M00000001::INSTR"
POWER_METER = "USB0::0x1313::0x8078::P0012345::INSTR"


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_station_is_right(name: str) -> None:
    station = StationFile.read(find_station(name))
    assert station.name == name
    assert station.text == Path(station.path).read_text(encoding="utf-8")


def test_entries_keep_the_order_of_the_file(station_file: Callable[..., Path]) -> None:
    station = StationFile.read(station_file())
    assert list(station.instruments) == ["laser", "attenuator", "power_meter", "cryostat", "spectrometer"]
    laser = station.instruments["laser"]
    assert (laser.driver, laser.resource) == ("thorlabs_cld1015", LASER)
    assert (laser.limits, laser.settings) == (
        {"current": (0, 0.8)},
        {"wavelength": 980, "threshold": 0.06, "slope": 0.6},
    )
    assert station.beam is not None
    assert station.beam.w_x_um == 100


def test_a_station_without_a_name_has_the_name_of_its_file(station_file: Callable[..., Path]) -> None:
    assert StationFile.read(station_file(('name = "virtual"', ""), name="lab7.toml")).name == "lab7"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version = 1", "version = 2", "version: is 2; this antistokes reads version 1"),
        ('"antistokes-station"', '"antistokes-sample"', "format: is 'antistokes-sample'; this must be "),
        ("version = 1", "verson = 1", "verson: unknown key; did you mean 'version'?"),
        ("version = 1", "path = 1", "path: unknown key; known: backend, beam, format, "),
        ("version = 1", "text = 1", "text: unknown key; known: backend, beam, format, "),
        ('backend = "@sim"', "", "backend: is missing"),
        ('backend = "@sim"', 'backend = "@vxi"', 'backend: is \'@vxi\'; must be one of "", "@py", '),
        ('backend = "@sim"', "backend = 1", "backend: is 1; expected str, got int"),
        ('name = "virtual"', "name = 1", "name: is 1; expected str, got int"),
        ("limits =", "limit =", "instruments.laser.limit: unknown key; did you mean 'limits'?"),
        ('driver = "thorlabs_ell14"', "", "instruments.attenuator.driver: is missing"),
        (f'resource = "{LASER}"', "", "instruments.laser.resource: is missing"),
        (f'resource = "{LASER}"', "resource = 7", "instruments.laser.resource: is 7; expected str, got int"),
        ("[0, 0.8]", "[0]", "instruments.laser.limits.current: is [0]; expected array of length 2, got 1"),
        ("[0, 0.8]", "0.8", "instruments.laser.limits.current: is 0.8; expected array, got float"),
        ("[0, 0.8]", '[0, "x"]', "instruments.laser.limits.current[1]: is 'x'; expected float, got str"),
        ("[0, 0.8]", "[0, nan]", "instruments.laser.limits.current[1]: is nan; must be a finite number"),
        ("[0, 0.8]", "[0.8, 0]", "instruments.laser.limits.current: is [0.8, 0]; low must not be above high"),
        ("w_x_um = 100", "w_x_um = -100", "beam.w_x_um: is -100; expected float > 0"),
        ("w_x_um = 100", "", "beam.w_x_um: is missing"),
        ("w_x_um = 100", "w_um = 100", "beam.w_um: unknown key; did you mean "),
        ("seed = 980", "seed = inf", "simulation.seed: is inf; must be a finite number"),
    ],
)
def test_a_mistake_is_refused_in_one_line(
    station_file: Callable[..., Path], old: str, new: str, message: str
) -> None:
    refuses(station_file((old, new)), message)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ('[roles]\nlaser = "lasre"', "roles.laser: is 'lasre'; did you mean 'laser'?"),
        ('[roles]\nlaser = ["laser"]', "roles.laser: is ['laser']; expected str, got array"),
        ("[sample]\nname = 'x'", "sample.id: is missing"),
        ("[instruments]\nlaser = 1", "is not valid TOML: "),
    ],
)
def test_a_mistake_in_a_further_table_is_refused(
    station_file: Callable[..., Path], extra: str, message: str
) -> None:
    refuses(station_file(extra=extra), message)


@pytest.mark.parametrize(
    "same", [LASER, LASER.lower(), LASER.replace("USB0", "USB"), LASER.removesuffix("::INSTR"), f" {LASER} "]
)
def test_two_devices_on_one_resource_are_refused(station_file: Callable[..., Path], same: str) -> None:
    refuses(
        station_file((POWER_METER, same)),
        f"instruments.power_meter.resource: is '{same}', which 'laser' has already; two devices cannot",
    )


def test_a_station_without_instruments_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text('backend = "@py"\n[instruments]\n')
    refuses(path, "instruments: is empty; a station has at least one instrument")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    refuses(tmp_path / "lab.toml", "no such file")


def refuses(path: Path, message: str) -> None:
    with pytest.raises(FileRefused) as refusal:
        StationFile.read(path)
    assert str(refusal.value).startswith(f"{path}: {message}")
    assert "\n" not in str(refusal.value)
