"""Rehearsals for people: how long, how much light, what is flagged, what may come out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from antistokes.analysis import load
from antistokes.analysis.overview import overview
from antistokes.cli.measuring import Place
from antistokes.cli.output import screen
from antistokes.cli.progress import ProgressBar
from antistokes.cli.report import flagged, found_nothing, glance, report_of, tell
from antistokes.instruments.clock import duration
from antistokes.instruments.errors import Refused
from antistokes.procedures.plan_file import PlannedRun
from antistokes.procedures.problems import Problems
from antistokes.procedures.runner import run

#: blocks of each procedure; a fit takes longer than its measurement in virtual time
_ANALYSED = 4


def rehearse(runs: list[PlannedRun], place: Place, problems: Problems) -> list[dict[str, Any]]:
    """Carry out *runs* at *place*, where all instruments are twins; print and give back what was seen.

    *problems* gets what keeps them from working: a run that fails, and one of which no point could be used.
    Nothing of them is kept.
    """
    results = []
    seconds, size = 0.0, 0
    for one in (each for each in runs if not each.repeat):
        name, repeats = one.stem, sum(each.plan is one.plan for each in runs)
        with problems.noted(name if len(runs) > 1 else ""):
            result = _rehearsed(one, place)
            results.append({"name": name, "repeats": repeats} | result)
            seconds, size = seconds + repeats * result["seconds"], size + repeats * result["bytes"]
            _tell(name, repeats, result)
            for problem in result["problems"]:
                problems.add(Refused(f"{name}: {problem}"))
    end = datetime.now() + timedelta(seconds=seconds)
    screen.print(f"in all {duration(seconds)}, begun now until {end:%A %H:%M}; {_size(size)}")
    return results


def _rehearsed(one: PlannedRun, place: Place) -> dict[str, Any]:
    """:raises Refused: before there is light"""
    bar = ProgressBar()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rehearsal.h5"
        outcome = run(one.plan, place.of(one).load(bar), path, [bar])
        if outcome.status == "stopped":
            raise KeyboardInterrupt
        seen = overview(load(path)) if outcome.points else None
        report: dict[str, Any] = report_of(path, most=_ANALYSED) if outcome.points else {"points": 0}
        size = path.stat().st_size
    problems = [outcome.reason] if outcome.reason else []
    if seen is not None and not seen.usable:
        problems.append(f"none of its {seen.points} points can be used: {flagged(seen.flags)}")
    elif outcome.points and found_nothing(report):
        block = report.get("blocks", [report])[0]
        problems.append(f"nothing of it could be analysed: {block['problem']}")
    result = {"seconds": outcome.seconds, "bytes": size, "problems": problems}
    return result | ({"seen": asdict(seen)} if seen else {}) | report


def _tell(name: str, repeats: int, result: dict[str, Any]) -> None:
    times = f"{repeats} times " if repeats > 1 else ""
    screen.print(f"{name}: {times}{duration(result['seconds'])}, {_size(result['bytes'])}")
    if "seen" in result:
        glance(result["seen"])
        tell(result)


def _size(count: int) -> str:
    return f"{count / 1e9:.3g} GB" if count > 1e9 else f"{count / 1e6:.3g} MB"
