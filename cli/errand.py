"""What ``run`` and ``check`` are asked for: a procedure, or the runs of a plan file, on a station."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antistokes.cli import options
from antistokes.cli.measuring import Place, look
from antistokes.instruments.errors import InstrumentError, Refused
from antistokes.procedures.plan_file import PlanFile, PlannedRun
from antistokes.procedures.problems import Problems

if TYPE_CHECKING:
    from antistokes.procedures.procedure import Procedure


@dataclass(frozen=True)
class Errand:
    """In the words of the command line.

    :ivar what: name of a procedure, or a plan file
    :ivar kind: the procedure; None: *what* is a plan file
    :ivar settings: ``NAME=VALUE`` of the procedure
    :ivar monitors: ``INSTRUMENT.QUANTITY[:EVERY]``
    :ivar yes: nobody is asked to change samples
    :ivar rehearsal: on twins of the instruments
    """

    what: str
    kind: type[Procedure] | None
    station: str | None
    sample: str | None
    seed: int | None
    settings: tuple[str, ...]
    monitors: tuple[str, ...]
    yes: bool = False
    rehearsal: bool = False

    def read(self, problems: Problems) -> tuple[Place, list[PlannedRun]]:
        """Where, and what; *problems* gets all that is wrong, as far as nothing has to move for it.

        :raises Refused: *problems* had some before, or has some now
        """
        place, runs = self._procedure(self.kind, problems) if self.kind else self._plan_file(problems)
        problems.refuse()
        assert place is not None, "else there is a problem"
        return place, runs

    def _plan_file(self, problems: Problems) -> tuple[Place | None, list[PlannedRun]]:
        with problems.noted():
            if self.settings:
                raise Refused("--set: a plan file has its settings in it")
        plan = PlanFile.looked_at(Path(self.what), problems)
        runs = [replace(run, sample=self.sample or run.sample) for run in plan.runs]
        place = None
        with problems.noted():
            place = self._place(_station_of(plan, self.station), plan.seed)
            for which in dict.fromkeys(run.sample for run in runs):
                plans = [(run.stem, run.plan) for run in runs if run.sample == which and not run.repeat]
                look(problems, plans, replace(place, sample=which))
        return place, runs

    def _procedure(self, kind: type[Procedure], problems: Problems) -> tuple[Place | None, list[PlannedRun]]:
        values = _settings(self.settings, problems)
        place, runs = None, []
        with problems.noted():
            runs = [PlannedRun(kind.of(values), self.sample, self.what)]
        with problems.noted():
            place = self._place(options.station_path(self.station), None)
            plan = runs[0].plan if runs else kind.stand_in(values)
            # hardware is opened once: by the run, which looks first; for a file that cannot be made never
            if plan and not (runs and (problems.found or not place.virtual)):
                with suppress(InstrumentError):  # the run meets it again, and records it
                    look(problems, [("", plan)], replace(place, sample=self.sample))
        return place, runs

    def _place(self, station: Path, seed: int | None) -> Place:
        seed = seed if self.seed is None else self.seed
        return Place(station, None, seed, self.yes, options.monitors(list(self.monitors)), self.rehearsal)


def _station_of(plan: PlanFile, station: str | None) -> Path:
    """The one named on the command line, or that of the plan: beside it, or shipped."""
    beside = plan.path.parent / plan.station if station is None and plan.station else None
    return options.station_path(
        str(beside) if beside is not None and beside.exists() else station or plan.station
    )


def _settings(texts: tuple[str, ...], problems: Problems) -> dict[str, Any]:
    """What ``--set`` says, each once."""
    values: dict[str, Any] = {}
    for text in texts:
        with problems.noted():
            name, value = _setting(text)
            if name in values:
                raise Refused(f"--set {text}: {name} is set twice")
            values[name] = value
    return values


def _setting(text: str) -> tuple[str, Any]:
    """``name=value``; the value is read as TOML (numbers, lists, booleans), else as text."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise Refused(f"--set {text}: must be NAME=VALUE")
    for literal in (value, f"[{value}]") if "," in value else (value,):  # 77, 300 is a list as well
        try:
            return name.strip(), tomllib.loads(f"v = {literal}")["v"]
        except tomllib.TOMLDecodeError:
            continue
    return name.strip(), value
