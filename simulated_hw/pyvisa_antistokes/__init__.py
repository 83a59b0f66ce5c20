"""pyvisa backend ``antistokes``: ``pyvisa.ResourceManager("lab.toml@antistokes")``.

The twins of one station file, in real time, for any program that uses pyvisa: also through the
environment variable ``PYVISA_LIBRARY=lab.toml@antistokes``. Without a file: the built-in station.
All programs of one process that name the same file share one bench; like a real one, it keeps its
state when they close it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from pyvisa.util import LibraryPath

from antistokes.instruments.clock import RealClock
from antistokes.instruments.stationfile import StationFile
from antistokes.simulated_hw.backend import World, build_world
from antistokes.simulated_hw.stations import find_station
from antistokes.simulated_hw.visa import VirtualVisaLibrary


class AntistokesVisaLibrary(VirtualVisaLibrary):
    """The library pyvisa opens by name; its path is the station file."""

    @staticmethod
    def get_library_paths() -> tuple[LibraryPath]:
        return (LibraryPath("virtual"),)

    @staticmethod
    def get_debug_info() -> dict[str, Any]:
        from importlib.metadata import version

        return {"Version": version("antistokes")}

    def _init(self) -> None:
        super()._init()
        station = find_station(Path(str(self.library_path)))
        self.add(_world(station.resolve()).on_wire().values())


@cache
def _world(station: Path) -> World:
    # pyvisa drops a library when its last resource manager is gone: the bench must not go with it
    return build_world(StationFile.read(station), RealClock())


WRAPPER_CLASS = AntistokesVisaLibrary
