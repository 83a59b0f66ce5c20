"""The backend ``@sim``: a station file becomes a bench with twins."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from antistokes.instruments import Station
from antistokes.instruments.clock import RealClock, VirtualClock
from antistokes.instruments.errors import FileRefused, Refused
from antistokes.instruments.stationfile import StationFile
from antistokes.simulated_hw import samples
from antistokes.simulated_hw.backend import VirtualBackend, World, build_world
from antistokes.simulated_hw.stations import find_station

StationFileFactory = Callable[..., Path]


def world_of(path: Path, sample: str | Path | None = None, seed: int | None = None) -> World:
    return build_world(StationFile.read(path), VirtualClock(), sample, seed)


def backend_of(path: Path, sample: str | Path | None = None, seed: int | None = None) -> VirtualBackend:
    return VirtualBackend(StationFile.read(path), sample, seed)


def test_every_instrument_has_its_twin_under_its_resource() -> None:
    world = world_of(find_station("virtual"))
    assert list(world.twins) == ["laser", "attenuator", "power_meter", "cryostat", "spectrometer"]
    assert list(world.on_wire()) == ["laser", "attenuator", "power_meter", "cryostat"]
    assert world.twins["attenuator"].resource_name == "ASRL1::INSTR"
    assert world.twins["spectrometer"].resource_name == "USB2+H00980"
    assert list(world.bench.sources) == ["laser"]
    assert list(world.bench.elements) == ["attenuator"]
    assert world.bench.thermostat is not None


def test_the_virtual_station_is_simulated_in_virtual_time_with_sample_and_seed() -> None:
    backend = backend_of(find_station("virtual"))
    assert backend.simulated
    assert isinstance(backend.clock, VirtualClock)
    assert backend.seed == backend.world.bench.seed == 980
    assert backend.sample is not None
    assert backend.sample.id == "yber-micro"
    assert 'id = "yber-micro"' in backend.sample_text


def test_a_station_may_run_in_real_time(station_file: StationFileFactory) -> None:
    assert isinstance(backend_of(station_file(("seed = 980", 'time = "real"'))).clock, RealClock)


def test_what_the_caller_says_replaces_what_the_file_says(
    station_file: StationFileFactory, tmp_path: Path
) -> None:
    mine = copy_of_sample(tmp_path / "mine.toml")
    backend = backend_of(station_file(), sample=mine, seed=3)
    assert (backend.seed, backend.sample and backend.sample.id) == (3, "mine")
    assert backend_of(station_file(), sample="yber-micro").sample == backend_of(station_file()).sample


def test_without_a_seed_it_is_zero_and_the_runs_are_alike(station_file: StationFileFactory) -> None:
    path = station_file(("seed = 980", ""))
    assert backend_of(path).seed == 0
    assert list(noise(path)) == list(noise(path))


def test_a_sample_file_is_looked_for_beside_the_station_file(
    station_file: StationFileFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    copy_of_sample(tmp_path / "own" / "mine.toml")
    path = station_file(('"yber-micro"', '"own/mine.toml"'))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    sample = backend_of(path).sample
    assert sample is not None
    assert sample.id == "mine"


def test_without_a_sample_the_station_still_opens(station_file: StationFileFactory) -> None:
    path = station_file(('sample = "yber-micro"', ""))
    with Station.load(path) as lab:
        assert lab.sample is None
    path = station_file(('sample = "yber-micro"', ""), extra='[sample]\nid = "unknown powder"')
    sample = backend_of(path).sample
    assert sample is not None
    assert sample.id == "unknown powder"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 980", "sead = 980", "simulation.sead: unknown key; did you mean 'seed'?"),
        ("seed = 980", "seed = -1", "simulation.seed: is -1; expected int >= 0"),
        ("seed = 980", "seed = 1.5", "simulation.seed: is 1.5; expected int, got float"),
        ("seed = 980", 'time = "fast"', "simulation.time: is 'fast'; must be one of 'real', 'virtual'"),
        ("seed = 980", "sample2 = 1", "simulation.sample2: unknown key; did you mean 'sample'?"),
        (
            "seed = 980",
            "optics.pickoff = 1.5",
            "simulation.optics.pickoff: is 1.5; expected float <= 1",
        ),
        (
            "seed = 980",
            "optics.filter.edge = 700",
            "simulation.optics.filter.edge: unknown key; did you mean 'edge_nm'?",
        ),
        (
            "seed = 980",
            'twins.lazer.serial = "x"',
            "simulation.twins.lazer: no such instrument; did you mean 'laser'?",
        ),
        (
            "seed = 980",
            'twins.laser.seriel = "x"',
            "simulation.twins.laser.seriel: unknown key; did you mean 'serial'?",
        ),
        (
            "seed = 980",
            "twins.laser.diode.threshold_A = -1",
            "simulation.twins.laser.diode.threshold_A: is -1; expected float >= 0",
        ),
        ("seed = 980", "twins.laser = 3", "simulation.twins.laser: is 3; expected table, got int"),
        (
            '"ASRL1::INSTR"',
            '"the left one"',
            "instruments.attenuator.resource: is 'the left one'; must be a VISA resource name, such as ",
        ),
        (
            '"thorlabs_ell14"',
            '"thorlabs_el14"',
            "instruments.attenuator.driver: 'thorlabs_el14' has no twin; did you mean",
        ),
    ],
)
def test_a_mistake_is_refused_with_file_key_and_what_would_be_right(
    station_file: StationFileFactory, old: str, new: str, message: str
) -> None:
    path = station_file((old, new))
    with pytest.raises(FileRefused) as refusal:
        world_of(path)
    assert str(refusal.value).startswith(f"{path}: {message}")
    assert "\n" not in str(refusal.value)


def test_an_unknown_sample_is_refused(station_file: StationFileFactory, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"^sample 'yber-mikro' is unknown; did you mean 'yber-micro'\?$"):
        world_of(station_file(("yber-micro", "yber-mikro")))
    missing, path = tmp_path / "mine.toml", station_file(("yber-micro", "mine.toml"))
    with pytest.raises(FileRefused) as refusal:
        world_of(path)
    assert str(refusal.value) == f"{path}: simulation.sample: is 'mine.toml'; there is no file {missing}"


def test_a_seed_below_zero_is_refused(station_file: StationFileFactory) -> None:
    with pytest.raises(Refused, match=r"^seed = -3: must be 0 to 9223372036854775807$"):
        world_of(station_file(), seed=-3)


def test_the_settings_of_a_twin_reach_it_alone(station_file: StationFileFactory) -> None:
    second = '[instruments.pump2]\ndriver = "thorlabs_cld1015"\nresource = "ASRL7::INSTR"\n'
    path = station_file(
        extra=second + '[simulation.twins.pump2]\nserial = "M7"\ndiode = { wavelength_nm = 808 }'
    )
    with Station.load(path) as lab:
        assert ",M7," in cast(Any, lab["pump2"]).identity()
        assert ",M00000001," in cast(Any, lab["laser"]).identity()
        sources = cast(Any, lab.backend).world.bench.sources
        assert [sources[name].wavelength for name in ("laser", "pump2")] == [980, 808]


def test_a_laser_shines_at_the_wavelength_of_its_settings_unless_its_twin_has_another(
    station_file: StationFileFactory,
) -> None:
    lasers = {"mld": ("cobolt_06", 976), "other": ("cobolt_06", 976), "diode": ("toptica_ibeam_smart", 915)}
    entries = [
        f'[instruments.{name}]\ndriver = "{driver}"\nresource = "ASRL2{i}::INSTR"\n'
        f"settings = {{ wavelength = {nm} }}\n"
        for i, (name, (driver, nm)) in enumerate(lasers.items())
    ]
    path = station_file(extra="".join(entries) + "[simulation.twins.other]\nwavelength_nm = 690\n")
    sources = world_of(path).bench.sources
    assert {name: sources[name].wavelength for name in lasers} == {"mld": 976, "other": 690, "diode": 915}


def test_another_instrument_changes_nobody_s_random_numbers(station_file: StationFileFactory) -> None:
    second = '[instruments.{}]\ndriver = "thorlabs_pm100d"\nresource = "ASRL7::INSTR"\n'
    path = station_file()
    alone = noise(path)
    beside = noise(station_file(extra=second.format("meter2")))
    before = noise(station_file(("[instruments.laser]", second.format("a_meter") + "[instruments.laser]")))
    assert list(alone) == list(beside) == list(before)
    assert list(noise(path, seed=981)) != list(alone)


def test_instruments_of_one_model_have_their_own_random_numbers(station_file: StationFileFactory) -> None:
    second = '[instruments.meter2]\ndriver = "thorlabs_pm100d"\nresource = "ASRL7::INSTR"\n'
    with Station.load(station_file(extra=second)) as lab:
        assert cast(Any, lab["power_meter"]).power != cast(Any, lab["meter2"]).power


def noise(path: Path, seed: int | None = None) -> list[float]:
    """Readings of the meter and of the spectrometer in the dark."""
    with Station.load(path, seed=seed) as lab:
        meter, spectrometer = cast(Any, lab["power_meter"]), cast(Any, lab["spectrometer"])
        return [*(meter.power for _ in range(3)), *spectrometer.frame()[:5]]


def copy_of_sample(path: Path) -> Path:
    """The shipped sample as a user's own."""
    shutil.copy(Path(samples.__file__).parent / "yber_micro.toml", path)
    text = path.read_text(encoding="utf-8")
    assert text.count('id = "yber-micro"') == 1
    path.write_text(text.replace('id = "yber-micro"', 'id = "mine"'), encoding="utf-8")
    return path
