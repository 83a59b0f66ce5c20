"""A station: the instruments of one experiment by name, opened together, made safe together."""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from .backend import Backend, open_backend
from .clock import Clock, InterruptedClock
from .drivers import check_role, driver_of, fulfils, role_name
from .errors import AntistokesError, ConnectionFailed, FileRefused, InstrumentError, Refused, nearest
from .interlock import InterlockEntry
from .response import Response
from .roleview import RoleView
from .stationfile import InstrumentEntry, MonitorEntry, StationFile
from .watchdog import Watchdog

if TYPE_CHECKING:
    from .device import Device
    from .records import Beam, SampleRecord

log = logging.getLogger(__name__)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class SafeStep:
    """What became of making one device safe, or of closing it; ``problem`` is empty when it worked."""

    device: str
    seconds: float
    problem: str = ""
    action: Literal["made safe", "closed"] = "made safe"

    def __str__(self) -> str:
        return f"{self.device} could not be {self.action}: {self.problem}" if self.problem else self.device


class Station:
    """Instruments by name. Leaving it makes all safe in reverse order, then closes.

    Only ``close(make_safe=False)`` leaves the instruments as they are: a cryostat that somebody keeps cold
    stays cold when a plan was refused, or when somebody only wanted to look.

    >>> with Station.load("lab.toml") as station:          # doctest: +SKIP
    ...     station["laser"].current = 0.2
    """

    def __init__(self, file: StationFile, sample: str | Path | None = None, seed: int | None = None) -> None:
        self.file = file
        #: as it was given; empty: the station's own sample
        self.sample_path = "" if sample is None else str(sample)
        self._drivers = {name: driver_of(file, name) for name in file.instruments}
        for word, name in file.roles.items():
            check_role(file, word, self._drivers[name])
        #: of the emission path; None where it has not been calibrated
        self.response: Response | None = None
        if file.response is not None:
            self.response = Response.read(Path(file.path).parent / file.response.file)
        self.backend: Backend = open_backend(file, sample, seed)
        #: what drivers wait by: a run that is to stop ends their waits
        self.waits = InterruptedClock(self.backend.clock)
        self._devices: dict[str, Device] = {}
        self._views: dict[tuple[str, str], Any] = {}
        #: asks whoever is at the experiment to do something, returns when it is done; None: nobody is there
        self.ask: Callable[[str], object] | None = None
        watched = file.watchdog.enabled and not self.simulated
        #: None: there is none, or it is not needed by who only looks and switches nothing on
        self.watchdog = Watchdog(file) if watched else None
        #: what the next run records beside its points; at first those of the station file
        self.monitors: dict[str, MonitorEntry] = dict(file.monitors)
        #: what may not be in the next run; at first those of the station file
        self.interlocks: dict[str, InterlockEntry] = dict(file.interlocks)

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        sample: str | Path | None = None,
        seed: int | None = None,
        rehearsal: bool = False,
    ) -> Station:
        """Read and check a station file. Nothing is opened before :meth:`open` or ``with``.

        :param sample: sample file (on the virtual bench also the id of a shipped sample), in place of the
            one the station file names
        :param seed: of the virtual bench, in place of the file's
        :param rehearsal: twins in place of the instruments, in virtual time, whatever the file says
        """
        file = StationFile.read(path)
        return cls(file.rehearsed() if rehearsal else file, sample, seed)

    # -- what it is -------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.file.name

    @property
    def clock(self) -> Clock:
        return self.backend.clock

    @property
    def simulated(self) -> bool:
        return self.backend.simulated

    @property
    def sample(self) -> SampleRecord | None:
        return self.backend.sample

    @property
    def beam(self) -> Beam:
        """The beam record. :raises FileRefused: the file has none."""
        if self.file.beam is None:
            raise FileRefused(
                self.file.path,
                "beam",
                "is missing; power cannot become irradiance without it: "
                "add w_x_um, w_y_um, max_power_mW, method and date",
            )
        return self.file.beam

    def __getitem__(self, name: str) -> Device:
        if name not in self._devices:
            known = nearest(name, self.file.instruments)
            state = "is not open" if name in self.file.instruments else f"is not in it; {known}"
            raise Refused(f"station '{self.name}': instrument '{name}' {state}")
        return self._devices[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._devices)

    def by_hand(self, sample: str) -> Callable[[], None]:
        """What has whoever is at the experiment (:attr:`ask`) put *sample* into the beam.

        :raises Refused: the virtual bench has no such sample
        """
        put = self.backend.by_hand(sample)

        def bring() -> None:
            assert self.ask is not None
            self.ask(f"bring '{sample}' into the beam")
            put()

        return bring

    # -- roles ------------------------------------------------------------------------------------

    def find(self, role: type[R], name: str | None = None) -> R:
        """The instrument that serves *role*, or the one called *name*, seen through that role only.

        :raises Refused: none does, or several do and ``[roles]`` does not say which
        """
        if name is not None and not (name in self._drivers and fulfils(self._drivers[name], role)):
            fitting = sorted(n for n, d in self._drivers.items() if fulfils(d, role))
            problem = f"'{name}' is no {role_name(role)}; it has {', '.join(fitting) or 'none'}"
            raise FileRefused(self.file.path, "instruments", problem)
        name = name or self._serving(role)
        if name is None:
            raise self._not_served(role)
        key = (name, role.__name__)
        if key not in self._views:
            self._views[key] = RoleView(self[name], role)
        return cast(R, self._views[key])

    def find_optional(self, role: type[R], name: str | None = None) -> R | None:
        """Like :meth:`find`; None when no instrument serves *role*, or the one called *name* does not."""
        fitting = [n for n, driver in self._drivers.items() if fulfils(driver, role) and name in (None, n)]
        return self.find(role, name) if fitting else None

    def _serving(self, role: type) -> str | None:
        named = self.file.roles.get(role_name(role))
        if named is not None:
            return named
        fitting = [name for name, driver in self._drivers.items() if fulfils(driver, role)]
        return fitting[0] if len(fitting) == 1 else None

    def _not_served(self, role: type) -> FileRefused:
        """No instrument serves *role*, or more than one could."""
        word = role_name(role)
        fitting = sorted(name for name, driver in self._drivers.items() if fulfils(driver, role))
        cure = "add one whose driver serves as that ('antistokes instruments' lists them)"
        if fitting:
            cure = f'say which one under [roles]: {word} = "{fitting[0]}"'
        problem = f"needs one instrument as {word} and has {', '.join(fitting) or 'none'}; {cure}"
        return FileRefused(self.file.path, "roles" if fitting else "instruments", problem)

    # -- opening and closing ------------------------------------------------------------------------

    def open(self) -> Station:
        """Open all instruments in the file's order; if one fails, those before are made safe and closed.

        What is refused meanwhile leaves them as they were. Real instruments have a watchdog from now on.
        """
        untouched = not self._devices
        if self.watchdog is not None:
            self.watchdog.start()
        try:
            for name in self.file.instruments:
                self.open_one(name)
        except BaseException as error:
            self.close(make_safe=not (untouched and isinstance(error, Refused)))
            raise
        return self

    def check_watched(self) -> None:
        """Asked before light goes on. :raises AntistokesError: the watchdog has ended, or acted"""
        if self.watchdog is not None:
            self.watchdog.check()

    def open_one(self, name: str, *, configure: bool = True) -> Device:
        """Open the instrument *name* alone, after its parts, if it is not open yet.

        :param configure: give it the values that the file says under ``set``
        """
        if name not in self._devices:
            for part in self.file.instruments[name].parts.values():
                self.open_one(part, configure=configure)
            device = self._open(name, self.file.instruments[name], configure)
            if not self._devices:
                atexit.register(self.close)
            self._devices[name] = device
        return self._devices[name]

    def _open(self, name: str, entry: InstrumentEntry, configure: bool) -> Device:
        driver = self._drivers[name]
        settings = {"clock": self.waits} | entry.settings
        sdk = self.backend.sdk(driver.SDK_MODULE, name) if getattr(driver, "SDK_MODULE", "") else None
        # made in two steps, so that a constructor that fails half way can be made to give its connection back
        device = driver.__new__(driver)
        try:
            if entry.parts:
                device.__init__(self._parts(driver, entry), name, **settings)
            elif sdk is not None:
                device.__init__(sdk, entry.resource, name, **settings)
            else:
                device.__init__(entry.resource, name, visa_library=self.backend.visa_library(), **settings)
            for quantity, (low, high) in entry.limits.items():
                device.narrow_limit(quantity, low, high)
            for quantity, value in entry.set.items() if configure else ():
                setattr(device, quantity, value)
        except BaseException as error:
            _close(name, device)
            if isinstance(error, AntistokesError) or not isinstance(error, Exception):
                raise
            raise InstrumentError(name, f"cannot be opened: {_in_words(error)}") from error
        log.info("%s: opened %s on %s", name, driver.MODEL, entry.resource or "its parts")
        return cast("Device", device)

    def _parts(self, driver: Any, entry: InstrumentEntry) -> dict[str, Any]:
        return {word: RoleView(self[entry.parts[word]], role) for word, role in driver.PARTS.items()}

    def snapshot(self) -> dict[str, dict[str, Any]]:
        """Settings of every instrument; one that does not answer gives its error instead."""
        result: dict[str, dict[str, Any]] = {}
        for name, device in self._devices.items():
            try:
                result[name] = device.snapshot()
            except Exception as error:
                result[name] = {"error": _in_words(error)}
        return result

    def make_safe(self) -> list[SafeStep]:
        """Make every instrument safe, last opened first; a failing one does not keep the next from it.

        Nor does a Ctrl-C: it is raised again at the end. One whose connection was lost gets a new one.
        """
        steps = []
        interrupt: BaseException | None = None
        for name, device in reversed(list(self._devices.items())):
            start = self.clock.now()
            problem = ""
            try:
                with self.waits.ended_by(None):
                    self._make_one_safe(name, device)
            except BaseException as error:
                problem = _in_words(error)
                log.error("%s: could not be made safe: %s", name, problem)
                if not isinstance(error, Exception):
                    interrupt = error
            steps.append(SafeStep(name, self.clock.now() - start, problem))
        if interrupt is not None:
            raise interrupt
        return steps

    def _make_one_safe(self, name: str, device: Device) -> None:
        try:
            device.make_safe()
        except ConnectionFailed as lost:
            try:
                self._reopen(name).make_safe()
            except Exception as error:
                raise lost from error
            log.warning("%s: made safe by a new connection: %s", name, lost)

    def _reopen(self, name: str) -> Device:
        """A new connection to the instrument *name*, and to its parts; its settings stay as they are."""
        _close(name, self._devices[name])
        for part in self.file.instruments[name].parts.values():
            self._reopen(part)
        self._views = {key: view for key, view in self._views.items() if key[0] != name}
        self._devices[name] = self._open(name, self.file.instruments[name], configure=False)
        return self._devices[name]

    def close(self, *, make_safe: bool = True) -> list[SafeStep]:
        """Make all safe, then close all; what became of it. May be called again.

        :param make_safe: False only for who has changed nothing: the instruments stay as they are
        """
        steps: list[SafeStep] = []
        try:
            if make_safe:
                steps += self.make_safe()
        finally:
            for name, device in reversed(list(self._devices.items())):
                steps += _close(name, device)
            self._devices.clear()
            self._views.clear()
            atexit.unregister(self.close)
            self.backend.close()
            if self.watchdog is not None:
                self.watchdog.stop()
        return steps

    def __enter__(self) -> Station:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()


def _close(name: str, device: Any) -> list[SafeStep]:
    """What went wrong: nothing, or one step."""
    try:
        device.close()
    except Exception as error:
        log.error("%s: could not be closed: %s", name, _in_words(error))
        return [SafeStep(name, 0.0, _in_words(error), "closed")]
    return []


def _in_words(error: BaseException) -> str:
    """On one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
