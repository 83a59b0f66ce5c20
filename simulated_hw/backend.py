"""The backend ``@sim``: twins of the station's instruments on one bench.

A station opened by antistokes runs in virtual time (``[simulation] time = "virtual"``, the default);
programs of others, in process or over TCP, always meet the same twins in real time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta

from antistokes.instruments.clock import Clock, RealClock, VirtualClock
from antistokes.instruments.errors import FileRefused, Refused, nearest
from antistokes.instruments.records import Record, SampleRecord, convert
from antistokes.instruments.registered import registered
from antistokes.instruments.stationfile import StationFile, check_resource

from .bench import Bench, OpticsSettings
from .effects import EffectsSettings
from .faults import Faults, FaultSettings
from .mounted import HolderSettings, Place, places
from .samples.sample import Sample
from .sphere_light import LampSettings, SphereSettings
from .twin import Twin
from .visa import VirtualVisaLibrary


class Simulation(Record, kw_only=True, frozen=True):
    """``[simulation]`` of a station file."""

    #: id of a shipped sample, or a sample file (relative to the station file)
    sample: str | None = None
    seed: Annotated[int, Meta(ge=0)] = 0
    time: Literal["virtual", "real"] = "virtual"
    optics: OpticsSettings = OpticsSettings()
    #: what goes wrong in a laboratory by itself; off unless stated
    effects: EffectsSettings = EffectsSettings()
    #: what goes wrong on the way to the instruments, with them, and around them
    faults: FaultSettings = FaultSettings()
    #: what stands in the slots of the sample holder
    holder: HolderSettings = HolderSettings()
    #: around the sample; none unless stated
    sphere: SphereSettings | None = None
    #: for the holder's slot "lamp"
    lamp: LampSettings = LampSettings()
    #: settings of single twins, by the instrument's name
    twins: dict[str, dict[str, Any]] = {}


@dataclass
class World:
    """A bench and its twins by the instrument's name; twins without a wire are SDK twins."""

    bench: Bench
    twins: dict[str, Any]
    sample: Sample | None
    faults: Faults = field(init=False)

    def on_wire(self) -> dict[str, Twin]:
        """Twins that speak VISA."""
        return {name: twin for name, twin in self.twins.items() if isinstance(twin, Twin)}


def build_world(
    station: StationFile, clock: Clock, sample: str | Path | None = None, seed: int | None = None
) -> World:
    """The bench that *station* describes, every instrument's twin on it.

    :raises FileRefused: a fault in ``[simulation]``, an instrument without a twin or with a wrong resource
    :raises Refused: a seed or a sample that cannot be
    """
    if seed is not None and not 0 <= seed < 2**63:
        raise Refused(f"seed = {seed}: must be 0 to {2**63 - 1}")
    simulation = _simulation(station)
    loaded = _load_sample(station, simulation, sample)
    bench = Bench(
        clock,
        station.beam,
        loaded,
        simulation.optics,
        simulation.seed if seed is None else seed,
        simulation.effects,
        simulation.sphere,
        simulation.lamp,
    )
    if simulation.holder.slots:
        bench.places = places(
            simulation.holder.slots,
            bench.main,
            bench.mount,
            lambda name: _sample_called(station, name, "holder.slots"),
        )
    kinds = registered("antistokes.twins")
    twins: dict[str, Any] = {}
    # of several that hold the sample's temperature or gate the pump the last one made counts
    for name, entry in reversed(station.instruments.items()):
        if entry.parts:
            continue  # made of instruments that have twins
        kind = entry.twin or entry.driver
        if kind not in kinds:
            key, cure = ("driver", "") if ":" not in entry.driver else ("twin", "say which one plays it; ")
            raise FileRefused(
                station.path,
                f"instruments.{name}.{key}",
                f"'{kind}' has no twin; {cure}{nearest(kind, kinds)}",
            )
        twin_class = kinds[kind].load()
        table = _coloured(
            twin_class.Settings, simulation.twins.get(name, {}), entry.settings.get("wavelength")
        )
        settings = convert(table, twin_class.Settings, station.path, f"simulation.twins.{name}")
        twins[name] = twin_class(name, bench, settings)
        if isinstance(twins[name], Twin):
            check_resource(station, name)
        twins[name].resource_name = entry.resource
    twins = {name: twins[name] for name in station.instruments if name in twins}
    world = World(bench, twins, loaded)
    try:
        world.faults = Faults(simulation.faults, twins, bench)
    except Refused as refused:
        raise FileRefused(station.path, "simulation.faults", str(refused)) from None
    return world


def _coloured(kind: type[Record], table: dict[str, Any], wavelength: object) -> dict[str, Any]:
    """*table* with the *wavelength* in nm that the station file says of a laser, unless it names another."""
    said = {"wavelength_nm": wavelength}
    if wavelength is not None and "wavelength_nm" in kind.__struct_fields__:
        return said | table
    if wavelength is not None and "diode" in kind.__struct_fields__:
        diode = table.get("diode", {})
        return table | {"diode": said | diode if isinstance(diode, dict) else diode}
    return table


class VirtualBackend:
    """See :class:`antistokes.instruments.backend.Backend`."""

    simulated = True

    def __init__(self, station: StationFile, sample: str | Path | None, seed: int | None) -> None:
        simulation = _simulation(station)
        self.clock: Clock = VirtualClock() if simulation.time == "virtual" else RealClock()
        self.world = build_world(station, self.clock, sample, seed)
        self.seed: int | None = self.world.bench.seed
        self.sample: SampleRecord | None = self.world.sample.record if self.world.sample else station.sample
        self.sample_text = self.world.sample.text if self.world.sample else ""
        self._library = VirtualVisaLibrary.of(list(self.world.on_wire().values()))
        self._station, self._brought = station, dict[str, Place]()

    def visa_library(self) -> VirtualVisaLibrary:
        return self._library

    def sdk(self, module: str, instrument: str) -> Any:
        return self.world.twins[instrument].sdk()

    def by_hand(self, sample: str) -> Callable[[], None]:
        """In the words of :class:`HolderSettings`; ``aside`` is the station's sample, beside the beam."""
        bench = self.world.bench
        if sample not in self._brought:
            word = "sample aside" if sample == "aside" else sample
            load = functools.partial(_sample_called, self._station, key="sample")
            self._brought[sample] = places([word], bench.main, bench.mount, load)[0]
            bench.places.append(self._brought[sample])

        def put() -> None:
            bench.advance()
            bench.by_hand = self._brought[sample]

        return put

    def close(self) -> None:
        """The world needs no closing: a station may be opened again on it."""


def _simulation(station: StationFile) -> Simulation:
    simulation = convert(station.simulation, Simulation, station.path, "simulation")
    for name in simulation.twins:
        if name not in station.instruments:
            raise FileRefused(
                station.path,
                f"simulation.twins.{name}",
                f"no such instrument; {nearest(name, station.instruments)}",
            )
    return simulation


def _load_sample(station: StationFile, simulation: Simulation, sample: str | Path | None) -> Sample | None:
    if sample is not None:
        return Sample.load(sample)
    return None if simulation.sample is None else _sample_called(station, simulation.sample, "sample")


def _sample_called(station: StationFile, name: str, key: str) -> Sample:
    """A shipped sample, or the file *name* beside the station file."""
    beside = Path(station.path).parent / name
    if beside.suffix == ".toml" and not beside.is_file():
        raise FileRefused(station.path, f"simulation.{key}", f"is '{name}'; there is no file {beside}")
    return Sample.load(beside if beside.suffix == ".toml" else name)
