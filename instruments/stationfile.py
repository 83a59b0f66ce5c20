"""The station file: which instruments a laboratory has, how they are reached, what they may do.

Read by :class:`~antistokes.instruments.station.Station` and by the virtual bench, so that one file
drives both. Documented in docs/station-files.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta
from msgspec.structs import replace

from .errors import FileRefused, Refused, nearest
from .interlock import Condition, InterlockEntry
from .records import Beam, Range, Record, SampleRecord, check_format, convert, read_toml

FORMAT, VERSION = "antistokes-station", 1
_BACKENDS = ("", "@py", "@ivi", "@sim")


class FailingEntry(Record, kw_only=True, frozen=True):
    """``failing`` of an instrument: what a run does when it fails.

    After *retries*: ``"flag"`` leaves out the reading, or the point that cannot be reached, and flags the
    point; ``"pause"`` waits in the dark until somebody lets the run go on, and tries again; ``"abort"`` ends
    the run. None: a reading is left out, silence or a move that fails ends the run.
    """

    retries: Annotated[int, Meta(ge=0, le=1000)] = 1
    then: Literal["flag", "pause", "abort"] | None = None
    #: readings missing one after the other that end the run
    in_a_row: Annotated[int, Meta(ge=1)] = 3


class InstrumentEntry(Record, kw_only=True, frozen=True):
    """``[instruments.NAME]``."""

    #: name of a driver (``antistokes instruments`` lists them), or ``module:Class`` of a pymeasure instrument
    driver: str
    #: VISA resource name; for an SDK device its serial number; none for a driver that is made of *parts*
    resource: str = ""
    #: other instruments of the station, by the word the driver calls them: ``{ counter = "sr400" }``
    parts: dict[str, str] = {}
    #: narrower limits of settable quantities: ``{ current = [0, 0.8] }``
    limits: dict[str, Range] = {}
    #: keywords of the driver
    settings: dict[str, Any] = {}
    #: quantities and the values they are set to when the instrument has been opened
    set: dict[str, Any] = {}
    #: what a run does when it fails
    failing: FailingEntry = FailingEntry()
    #: of a pymeasure instrument: roles, and the attribute that serves each of their members (docs/drivers.md)
    role: dict[str, dict[str, Any]] = {}
    #: of a pymeasure instrument: attributes and the values that make it safe
    safe: dict[str, Any] = {}
    #: of a pymeasure instrument: the twin that plays it on the virtual bench
    twin: str = ""


class ResponseEntry(Record, kw_only=True, frozen=True):
    """``[response]``: of everything between the sample and the spectrometer's counts."""

    #: table that ``calibrate-response`` writes (:mod:`antistokes.instruments.response`), beside this file
    file: str


class MonitorEntry(Record, kw_only=True, frozen=True):
    """``[monitors]``: a quantity that is recorded beside every run, between its steps."""

    #: instrument and quantity: ``cryostat.temperature``
    of: str
    #: s between two readings
    every_s: Annotated[float, Meta(gt=0)] = 10.0
    #: empty: as the roles of the instrument say
    unit: str = ""


class WatchdogEntry(Record, kw_only=True, frozen=True):
    """``[watchdog]``: the process that switches light off when the program cannot; of real instruments."""

    enabled: bool = True
    #: s for which a run may not move: longer than any call of an instrument that cannot be interrupted
    hang_s: Annotated[float, Meta(ge=1)] = 120.0


class StationFile(Record, kw_only=True, frozen=True):
    """A station file, checked."""

    name: str = "station"
    backend: str
    instruments: dict[str, InstrumentEntry]
    #: which instrument serves a role, where several could: ``laser = "pump980"``
    roles: dict[str, str] = {}
    beam: Beam | None = None
    response: ResponseEntry | None = None
    sample: SampleRecord | None = None
    #: what is recorded beside a run, by the name it gets in the run file
    monitors: dict[str, MonitorEntry] = {}
    #: what may not be while a run goes on, by the name under which it is recorded, too
    interlocks: dict[str, InterlockEntry] = {}
    watchdog: WatchdogEntry = WatchdogEntry()
    #: read by the virtual bench only
    simulation: dict[str, Any] = {}
    path: str = ""
    text: str = ""

    @classmethod
    def read(cls, path: str | Path) -> StationFile:
        """:raises FileRefused: with the file, the key and what would be right"""
        data = check_format(read_toml(path), path, FORMAT, VERSION)
        for key in data:
            if key not in _KEYS:
                raise FileRefused(path, key, f"unknown key; {nearest(key, _KEYS)}")
        text = Path(path).read_text(encoding="utf-8")
        station = convert({"name": Path(path).stem} | data | {"path": str(path), "text": text}, cls, path)
        station._check()
        return station

    def rehearsed(self) -> StationFile:
        """The same with twins in place of the instruments, in virtual time."""
        return replace(self, backend="@sim", simulation=self.simulation | {"time": "virtual"})

    def _check(self) -> None:
        if self.backend not in _BACKENDS:
            known = ", ".join(f'"{name}"' for name in _BACKENDS)
            raise FileRefused(self.path, "backend", f"is {self.backend!r}; must be one of {known}")
        if not self.instruments:
            raise FileRefused(self.path, "instruments", "is empty; a station has at least one instrument")
        taken: dict[str, str] = {}
        for name, entry in self.instruments.items():
            self._check_parts(name, entry)
            resource = _canonical(entry.resource)
            if resource and resource in taken:
                raise FileRefused(
                    self.path,
                    f"instruments.{name}.resource",
                    f"is '{entry.resource}', which '{taken[resource]}' has already; "
                    "two devices cannot share one resource",
                )
            taken[resource] = name
            for quantity, (low, high) in entry.limits.items():
                if low > high:
                    raise FileRefused(
                        self.path,
                        f"instruments.{name}.limits.{quantity}",
                        f"is [{low:g}, {high:g}]; low must not be above high",
                    )
        for role, name in self.roles.items():
            if name not in self.instruments:
                raise FileRefused(
                    self.path, f"roles.{role}", f"is '{name}'; {nearest(name, self.instruments)}"
                )
        self._check_monitors()
        self._check_interlocks()

    def _check_monitors(self) -> None:
        for name, monitor in self.monitors.items():
            key, (instrument, _, quantity) = f"monitors.{name}", monitor.of.partition(".")
            self._check_recorded(key, name)
            if instrument not in self.instruments or not quantity:
                known = nearest(instrument, self.instruments)
                problem = f"is '{monitor.of}'; must be an instrument's quantity, INSTRUMENT.QUANTITY; {known}"
                raise FileRefused(self.path, f"{key}.of", problem)

    def _check_interlocks(self) -> None:
        for name, rule in self.interlocks.items():
            key = f"interlocks.{name}"
            self._check_recorded(key, name)
            if name in self.monitors:
                raise FileRefused(self.path, key, "is the name of a monitor, too; each needs its own")
            try:
                instrument = Condition.read(rule.when).instrument
                if instrument not in self.instruments:
                    raise Refused(f"no instrument '{instrument}'; {nearest(instrument, self.instruments)}")
            except Refused as problem:
                raise FileRefused(self.path, f"{key}.when", f"is '{rule.when}'; {problem}") from None

    def _check_recorded(self, key: str, name: str) -> None:
        """*name* can be one in a run file."""
        if not name or "/" in name:
            raise FileRefused(self.path, key, "is no name: it is empty or has a slash in it")

    def _check_parts(self, name: str, entry: InstrumentEntry) -> None:
        key = f"instruments.{name}"
        if bool(entry.resource) == bool(entry.parts):
            problem = "is missing" if not entry.resource else "is not needed: its parts have their own"
            raise FileRefused(self.path, f"{key}.resource", problem)
        before = list(self.instruments)[: list(self.instruments).index(name)]
        for part, other in entry.parts.items():
            if other not in before:
                problem = f"is '{other}'; must be an instrument that is listed before '{name}'"
                raise FileRefused(self.path, f"{key}.parts.{part}", problem)


def _canonical(resource: str) -> str:
    """*resource* in the one way to write it: ``ASRL1::INSTR`` for ``asrl1``; a serial number as it is."""
    from pyvisa import rname  # slow to import

    resource = resource.strip().upper()
    try:
        return str(rname.to_canonical_name(resource))
    except rname.InvalidResourceName:
        return resource


def check_resource(file: StationFile, name: str) -> None:
    """The resource of an instrument on VISA must at least be a VISA resource name."""
    from pyvisa.rname import InvalidResourceName, parse_resource_name

    resource = file.instruments[name].resource
    try:
        parse_resource_name(resource)
    except InvalidResourceName:
        problem = f"is '{resource}'; must be a VISA resource name, such as 'ASRL1::INSTR'"
        raise FileRefused(file.path, f"instruments.{name}.resource", problem) from None


_KEYS = (
    "backend",
    "beam",
    "format",
    "instruments",
    "interlocks",
    "monitors",
    "name",
    "response",
    "roles",
    "sample",
    "simulation",
    "version",
    "watchdog",
)
