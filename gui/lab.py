"""The station behind a window. One thread works for it, so that no call of an instrument holds the window up.

window --jobs--> worker (opens, reads, sets, runs)          worker --signals--> window
window --stop, pause, emergency--> at once, whatever the worker waits for
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from qtpy import QtCore

from antistokes.instruments.emergency import make_all_safe
from antistokes.instruments.errors import AntistokesError
from antistokes.instruments.station import Station
from antistokes.procedures.channels import RunHeader
from antistokes.procedures.measurement import RecordedPlan
from antistokes.procedures.runner import Outcome, Runner

from .live_run import LiveRun

_WITHIN = 10.0  # s; an instrument that does not answer an emergency stop is given up then


class Lab(QtCore.QObject):
    """A station, its instruments and its runner.

    Signals: ``opened`` (instrument, what is wrong or ""), ``seen`` (settings of each instrument), ``failed``
    (what a wish came to), ``ended`` (:class:`.Outcome`), ``refused`` (why a plan is not carried out),
    ``safe`` (after STOP: a :class:`.SafeStep` of each instrument).
    """

    opened = QtCore.Signal(str, str)
    seen = QtCore.Signal(dict)
    failed = QtCore.Signal(str)
    ended = QtCore.Signal(object)
    refused = QtCore.Signal(str)
    safe = QtCore.Signal(list)
    #: a run, or all, is to end by somebody's wish; what waits is not to begin
    ending = QtCore.Signal()
    _over = QtCore.Signal(object)

    def __init__(self, station: Station) -> None:
        super().__init__()
        self.station = station
        self.live = LiveRun()
        self.runner = Runner(station, [self.live, _Late(self)])
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._looking = self._emergency = self._end = False
        #: nothing is open any more, whatever is still on its way to the window
        self.closed = False
        self._running = False
        self._over.connect(self._told)
        self._thread = threading.Thread(target=self._work, name="lab", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """A run has been asked for, and nobody has been told yet that it is over.

        It changes in the window's thread only: between two events of the window it is as it was.
        """
        return self._running

    # -- wishes of the window ---------------------------------------------------------------------

    def open(self) -> None:
        """Open every instrument; one that fails keeps no other from it."""
        self._jobs.put(self._open_all)

    def look(self) -> None:
        """Read the settings of all that is open, unless that is being done or a run goes on."""
        if not self._looking and not self.running:
            self._looking = True
            self._jobs.put(self._look)

    def set(self, instrument: str, quantity: str, value: float) -> None:
        """Give a quantity a value; limits are those of the driver."""
        self._jobs.put(lambda: self._set(instrument, quantity, value))

    def run(self, plan: RecordedPlan, path: Path) -> None:
        """Carry out *plan* when what was asked for before is done."""
        self._emergency = self._end = False
        self._running = True
        self._jobs.put(lambda: self._run(plan, path))

    def stop(self) -> None:
        """The run ends, also one that has not begun yet; the light goes off with it."""
        self._end = True
        self.ending.emit()
        self.runner.stop()

    def emergency_stop(self) -> None:
        """Light off, at once; a run ends. Whatever hangs: real instruments get connections of their own."""
        self._end = True
        self.ending.emit()
        simulated, watchdog = self.station.simulated, self.station.watchdog
        if self.running:
            self._emergency = True
            self.runner.emergency_stop()
        elif simulated:
            self._jobs.put(self._make_own_safe)
        if not simulated and not (self.running and watchdog is not None):
            threading.Thread(target=self._make_safe, name="emergency stop", daemon=True).start()

    def close(self, wait: float = 30.0) -> bool:
        """End the run, make all safe, close all; False: something hangs, and was made safe from outside."""
        self.closed = True
        self.stop()
        self._jobs.put(self._close)
        self._jobs.put(None)
        self._thread.join(wait)
        if self._thread.is_alive():
            make_all_safe(self.station.file, _WITHIN)
            return False
        self._running = False
        return True

    def _told(self, over: Outcome | str) -> None:
        """A run is over: how, or why it was refused."""
        self._running, emergency = False, self._emergency
        if isinstance(over, Outcome):
            self.ended.emit(over)
            if emergency:
                self.safe.emit(over.safe)
        else:
            self.refused.emit(over)
            if emergency:  # a run that is refused leaves what was switched on by hand
                self._jobs.put(self._make_own_safe)

    # -- the worker -------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except AntistokesError as error:
                self.failed.emit(str(error))
            except Exception as error:
                self.failed.emit(f"unexpected {type(error).__name__}: {error}")

    def _open_all(self) -> None:
        if self.station.watchdog is not None:
            self.station.watchdog.start()
        for name in self.station.file.instruments:
            try:
                self.station.open_one(name)
                self.opened.emit(name, "")
            except AntistokesError as error:
                self.opened.emit(name, str(error))
        self._look()

    def _look(self) -> None:
        try:
            self.seen.emit(self.station.snapshot())
        finally:
            self._looking = False

    def _set(self, instrument: str, quantity: str, value: float) -> None:
        setattr(self.station[instrument], quantity, value)
        self._look()

    def _run(self, plan: RecordedPlan, path: Path) -> None:
        over: Outcome | str
        try:
            over = self.runner.run(plan, path)
        except AntistokesError as refused:
            over = str(refused)
        except Exception as error:
            over = f"unexpected {type(error).__name__}: {error}"
        self._over.emit(over)
        self._look()

    def _make_own_safe(self) -> None:
        self.safe.emit(self.station.make_safe())

    def _make_safe(self) -> None:
        """Beside the worker, which may hang in one instrument: the others are safe meanwhile."""
        self.safe.emit(make_all_safe(self.station.file, _WITHIN))

    def _close(self) -> None:
        self.station.close()

    def end_if_wished(self) -> None:
        """A runner forgets, when a run begins, what was wished before."""
        if self._end:
            self.runner.stop()


class _Late:
    """A sink that ends a run for which a wish came while it began, before there is light."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def open(self, header: RunHeader) -> None:
        self._lab.end_if_wished()

    def append(self, record: Mapping[str, Any]) -> None:
        """Nothing."""

    def close(self, status: str, reason: str, snapshot: Mapping[str, Mapping[str, Any]]) -> None:
        """Nothing."""
