"""Where instruments are: behind an installed VISA, behind pyvisa-py, or on the virtual bench.

A station file names its backend. ``@sim`` is looked up among the entry points ``antistokes.backends``,
so that nothing here imports the virtual bench.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .clock import Clock, RealClock
from .errors import MissingDependency, Refused, nearest
from .records import SampleRecord, check_format, convert, read_toml
from .registered import registered

if TYPE_CHECKING:
    from .stationfile import StationFile


class Backend(Protocol):
    """What a station needs of the world its instruments live in."""

    clock: Clock
    simulated: bool
    seed: int | None
    #: the sample in the holder, when the backend knows it; and the text of its file
    sample: SampleRecord | None
    sample_text: str

    def visa_library(self) -> Any:
        """What ``pyvisa.ResourceManager`` takes."""

    def sdk(self, module: str, instrument: str) -> Any:
        """The SDK module of the instrument called *instrument*."""

    def by_hand(self, sample: str) -> Callable[[], object]:
        """What a person does who puts *sample* into the beam. :raises Refused: there is no such sample"""

    def close(self) -> None:
        """Give back whatever was opened."""


class RealBackend:
    """Hardware through VISA (``""`` the installed one, ``"@py"`` pyvisa-py) and the makers' SDKs."""

    simulated = False
    seed: int | None = None

    def __init__(self, visa: str, sample: SampleRecord | None, sample_text: str) -> None:
        self.clock: Clock = RealClock()
        self.sample, self.sample_text = sample, sample_text
        self._visa = visa

    def visa_library(self) -> str:
        return self._visa

    def sdk(self, module: str, instrument: str) -> Any:
        try:
            return importlib.import_module(module)
        except ImportError as error:
            package = module.partition(".")[0]
            raise MissingDependency(
                f"{instrument}: needs the package '{package}', which is not installed ({error})"
            ) from error

    def by_hand(self, sample: str) -> Callable[[], object]:
        """Nothing: who was asked does it."""
        return lambda: None

    def close(self) -> None:
        """Instruments close their own connections."""


def open_backend(station: StationFile, sample: str | Path | None, seed: int | None) -> Backend:
    """The backend that *station* names; *sample* and *seed* replace what the file says.

    :raises Refused: a seed for hardware, or a backend nobody provides
    """
    name = station.backend
    if name in ("", "@py", "@ivi"):
        if seed is not None:
            raise Refused(f"seed = {seed}: station '{station.name}' is real hardware and takes no seed")
        if sample is None:
            return RealBackend(name, station.sample, "")
        return RealBackend(name, sample_record(sample), Path(sample).read_text(encoding="utf-8"))
    backend: Backend = plugin("antistokes.backends", name.removeprefix("@")).load()(station, sample, seed)
    return backend


def sample_record(sample: str | Path) -> SampleRecord:
    """The public part of a sample file, for a run on hardware."""
    data = check_format(read_toml(sample), sample, "antistokes-sample", 1)
    return convert(data.get("sample", {}), SampleRecord, sample, "sample")


def plugin(group: str, name: str) -> EntryPoint:
    """The entry point *name* of *group*. :raises Refused: there is none."""
    found = registered(group)
    if name not in found:
        kind = group.rpartition(".")[2].removesuffix("s")
        raise Refused(f"{kind} '{name}': there is none; {nearest(name, found)}")
    return found[name]
