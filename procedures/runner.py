"""The runner: pulls points from a measurement and hands them to the sinks.

    idle → checking → running ⇄ paused → ending → completed | stopped | failed

Between two points a run may be paused: the beam is shut, and everything is set anew when it goes on.
Whatever ends a run (the last point, a wish to stop, an exception), the light goes off, every
instrument is made safe, and the file is closed with the outcome and its reason.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from antistokes.instruments.clock import Stopped
from antistokes.instruments.errors import AntistokesError, Refused
from antistokes.instruments.station import SafeStep, Station
from antistokes.instruments.watchdog import Progress

from .channels import RunHeader, Sink
from .interrupted import Interrupted
from .measurement import Measurement, RecordedPlan
from .recorder import Recorder
from .resumption import Resumption
from .setup import Setup
from .signals import steered_by_signals, undisturbed
from .sinks import Sinks

log = logging.getLogger(__name__)

State = Literal["idle", "checking", "running", "paused", "ending", "completed", "stopped", "failed"]
_LOOK = 0.02  # s; how often a paused run looks after its monitors, and whether it should end
_PACKAGES = ("antistokes", "pymeasure", "pyvisa", "pyvisa-sim", "pyvisa-py", "numpy", "h5py")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. ``reason`` is one line, empty when completed; ``error`` is what ended it."""

    status: Literal["completed", "stopped", "failed"]
    reason: str
    points: int
    path: Path | None
    seconds: float
    error: BaseException | None = None
    safe: list[SafeStep] = field(default_factory=list)


class Runner:
    """Carries out procedures on one station.

    :param sinks: follow every run beside the recorder (a progress bar, a live plot)
    """

    def __init__(self, station: Station, sinks: Sequence[Sink] = ()) -> None:
        self.station = station
        self.sinks = list(sinks)
        self.state: State = "idle"
        self._recorders: list[Recorder] = []
        self._progress = Progress(time.monotonic())
        self._last_point, self._why = False, ""
        self._stop = threading.Event()
        self._go = threading.Event()
        self._go.set()

    def stop(self, *, after_point: bool = False) -> None:
        """Ask the present run to end, whatever it waits for. May be called from any thread.

        :param after_point: what it measures now is finished
        """
        if after_point:
            self._last_point = True
            return
        self._progress.stopping = True
        self._stop.set()

    def emergency_stop(self) -> None:
        """Light off at once, whatever hangs, and the run ends. May be called from any thread.

        The watchdog does it, by connections of its own; on a virtual bench, which has none, the run itself.
        """
        self.stop()
        if self.station.watchdog is not None:
            self.station.watchdog.act("emergency stop")

    def pause(self) -> None:
        """Ask the present run to wait in the dark before its next point. May be called from any thread."""
        self._go.clear()

    def resume(self) -> None:
        """Let a paused run go on. May be called from any thread."""
        self._go.set()

    @property
    def pausing(self) -> bool:
        """The run is asked to wait, or does."""
        return not self._go.is_set()

    def steered(self) -> AbstractContextManager[None]:
        """Signals to end or to wait are wishes to this runner, inside the block."""
        return steered_by_signals(self.stop, lambda: self.resume() if self.pausing else self.pause())

    def run(self, plan: RecordedPlan, path: str | Path | None = None) -> Outcome:
        """Carry out *plan*, record it in a new file at *path* (none: only the sinks see it).

        A station that is not open is opened, and closed again at the end. What a refused plan has opened is
        left as it was: not made safe, because nothing has moved.

        :raises Refused: the plan cannot be carried out; nothing has moved and no file was made
        """
        if path is None:
            return self._run(plan, None, [])
        check_path(Path(path))
        return self._run(plan, Path(path), [Recorder(path, self.station.clock)])

    def go_on(
        self, before: Interrupted, plan: RecordedPlan | None = None, *, accept_changes: bool = False
    ) -> Outcome:
        """Carry out what an interrupted run has not measured, and record it in the same file.

        Instruments are brought to where the next point needs them, the excitation is calibrated anew. A
        virtual bench is gone with the process it was in: it lives through the run again, in no time, and
        what it measures must be what the file says.

        :param plan: where it is one that the file cannot tell
        :param accept_changes: of station, sample, seed and instruments; they are written into the file
        :raises Refused: not the same station, sample, seed or instruments, or other channels; nothing has
            moved and the file is as it was
        """
        plan = plan or before.plan()
        recorder = Recorder(before.path, self.station.clock, before=before)
        return self._run(plan, before.path, [recorder], Resumption(before, accept_changes))

    def _run(
        self,
        plan: RecordedPlan,
        path: Path | None,
        recorder: list[Recorder],
        earlier: Resumption | None = None,
    ) -> Outcome:
        self.state, self._recorders = "checking", recorder
        self._stop.clear()
        self._go.set()
        self._progress, self._last_point = Progress(time.monotonic()), False
        opened = not list(self.station)
        start = self.station.clock.now()
        sinks = Sinks([*recorder, *self.sinks], recorder)
        status: Literal["completed", "stopped", "failed"] = "failed"
        reason = "ended by force"
        error: BaseException | None = None
        safe: list[SafeStep] = []
        try:
            with self.station.waits.ended_by(self._wish), self._watched():
                self._pull(plan, sinks, earlier)
            status, reason = "completed", ""
        except Stopped:
            status, reason = "stopped", "stopped by the user"
        except KeyboardInterrupt as caught:
            status, reason, error = "stopped", "interrupted by the user", caught
        except AntistokesError as caught:
            reason, error = str(caught), caught
        except Exception as caught:
            log.exception("run failed")
            reason, error = f"unexpected {type(caught).__name__}: {caught}", caught
        finally:
            refused = self.state == "checking" and isinstance(error, Refused)
            self.state = "ending"
            with undisturbed():
                snapshot: dict[str, dict[str, Any]] = {}
                if not refused:
                    safe = self.station.make_safe()
                    snapshot = self.station.snapshot()
                closing = self.station.close(make_safe=not refused) if opened else []
                problems = list(dict.fromkeys(str(step) for step in (*safe, *closing) if step.problem))
                if error is None:  # else the device that failed is named already
                    problems += _unanswered(snapshot)
                if problems:
                    status, reason = "failed", "; ".join(filter(None, [reason, *problems]))
                log.info("%s after %d points%s", status, sinks.points, reason and f": {reason}")
                problem = sinks.close(status, reason, snapshot)
                if problem is not None:
                    status, error = "failed", error or problem
                    reason = "; ".join(filter(None, [reason, str(problem)]))
            self.state = "idle" if refused else status
        if refused and error is not None:
            raise error
        return Outcome(status, reason, sinks.points, path, self.station.clock.now() - start, error, safe)

    def _pull(self, plan: RecordedPlan, sinks: Sinks, earlier: Resumption | None) -> None:
        """Check, open the sinks, and hand them all points."""
        measurement: Measurement | None = None
        try:
            measurement = Measurement(plan, self.station, self._wish, self._hold, self._pause_for)
            self.station.open()
            measurement.bind()
            header = self._header(plan, measurement)
            for problem in _unanswered(header.snapshot):
                raise AntistokesError(problem)
            if earlier is not None:
                header = earlier.compared(header, self.station)
        except Refused:
            raise
        except Exception:
            if earlier is None:  # a device that fails before the first point leaves a file that says so
                sinks.open(self._header(plan, None))
            raise
        sinks.open(header)
        file = "" if earlier is None else f", after {earlier.before.points} points"
        log.info("%s on station '%s' begins%s", header.title, header.station_name, file)
        measurement.setup.monitors.begin(sinks.monitor)
        self.state = "running"
        if earlier is None:
            for record in measurement.records():
                sinks.append(record)
        else:
            earlier.go_on(measurement, sinks, self.station.clock)

    def _wish(self) -> bool:
        """Should the run end? Who asks, moves."""
        self._progress.moved = time.monotonic()
        return self._stop.is_set()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """The watchdog, if there is one, sees to it that the run moves."""
        with ExitStack() as stack:
            if self.station.watchdog is not None:
                stack.enter_context(self.station.watchdog.watching(self._progress))
            yield

    def _hold(self, setup: Setup) -> bool:
        """Wait in the dark while the run is paused, by a rule too, or its file not written; monitors go on.

        True if it had to wait.
        """
        if self._last_point:
            raise Stopped
        self.station.check_watched()
        trouble = self._trouble() or setup.monitors.trouble
        if self._go.is_set() and not trouble:
            return False
        cause = f"until this ends: {trouble}" if trouble else self._why or "by the user"
        with setup.dark():
            log.warning("paused %s; the beam is shut", cause)
            self.state = "paused"
            while setup.held() or not self._go.wait(_LOOK) or self._trouble():
                setup.step()
                self._stop.wait(_LOOK)
        self._why = ""
        log.warning("goes on")
        self.state = "running"
        return True

    def _pause_for(self, setup: Setup, reason: str) -> None:
        """Until the user, who has seen to *reason*, lets the run go on."""
        self._why = f"until you go on: {reason}"
        self.pause()
        self._hold(setup)

    def _trouble(self) -> str:
        """Why the file cannot be written at present."""
        return next((recorder.trouble for recorder in self._recorders if recorder.trouble), "")

    def _header(self, plan: RecordedPlan, measurement: Measurement | None) -> RunHeader:
        """What the file says of the run; *measurement* is missing or unbound when a device failed early."""
        station = self.station
        sample, beam = station.sample, station.file.beam
        axis = measurement.axis if measurement else ""
        name = ", ".join(step.NAME for step in plan.steps()) + (f" of {sample.id}" if sample else "")
        channels = measurement.channels if measurement else ()
        bound = {channel.name for channel in channels}
        return RunHeader(
            title=name,
            procedure=plan.NAME,
            parameters=plan.parameters(),
            channels=channels,
            dimensions=measurement.dimensions if measurement else (),
            signal=plan.SIGNAL if plan.SIGNAL in bound else "time",
            axis=axis if axis in bound else "point",
            planned=measurement.planned if measurement else 0,
            start=station.clock.date(),
            simulated=station.simulated,
            seed=station.backend.seed,
            station_name=station.name,
            station_file=station.file.text,
            sample_file=station.backend.sample_text,
            sample=msgspec.to_builtins(sample) if sample else {},
            beam=msgspec.to_builtins(beam) if beam else {},
            excitation_wavelength=measurement.excitation_wavelength if measurement and channels else None,
            response=_response(station, measurement),
            snapshot=station.snapshot(),
            software={name: version(name) for name in _PACKAGES},
            monitors=tuple(measurement.setup.monitors.channels) if measurement else (),
            monitor_entries=msgspec.to_builtins(station.monitors),
            station_path=station.file.path,
            sample_path=station.sample_path,
        )


def run(
    plan: RecordedPlan, station: Station, path: str | Path | None = None, sinks: Sequence[Sink] = ()
) -> Outcome:
    """Carry out *plan* on *station* and record it at *path*; the short form of :class:`Runner`.

    The first Ctrl-C (or SIGTERM, or a closed terminal) ends the run after the step it is in, the light off.
    Ctrl-Z does not suspend the program, which would leave light on, but pauses the run; again, it goes on.
    """
    runner = Runner(station, sinks)
    with runner.steered():
        return runner.run(plan, path)


def resume(
    before: str | Path | Interrupted,
    station: Station,
    plan: RecordedPlan | None = None,
    sinks: Sequence[Sink] = (),
    *,
    accept_changes: bool = False,
) -> Outcome:
    """Go on with an interrupted run, or that whose file this is; short form of :meth:`Runner.go_on`."""
    runner = Runner(station, sinks)
    if not isinstance(before, Interrupted):
        before = Interrupted.read(before)
    with runner.steered():
        return runner.go_on(before, plan, accept_changes=accept_changes)


def _response(station: Station, measurement: Measurement | None) -> npt.NDArray[np.float64] | None:
    """Of the emission path at the pixels that are recorded."""
    for dimension in measurement.dimensions if measurement and station.response else ():
        if dimension.name == "wavelength" and station.response is not None:
            return station.response.at(dimension.values)
    return None


def check_path(path: Path) -> None:
    """Look whether a run file can be made at *path*; leaves nothing there.

    :raises Refused: no new file can be made there
    """
    try:
        if path.exists():
            raise Refused(f"{path}: exists already; a run file is never overwritten")
        if not path.parent.is_dir():
            raise Refused(f"{path}: there is no folder {path.parent}")
        with tempfile.TemporaryFile(dir=path.parent):
            pass  # a file can be made there
    except OSError as error:
        raise Refused(f"{path}: cannot be written: {error.strerror or error}") from None


def _unanswered(snapshot: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The devices that did not tell their settings, and why."""
    return [
        f"{name}: its settings cannot be read: {facts['error']}"
        for name, facts in snapshot.items()
        if "error" in facts
    ]
