"""All that ``antistokes reproduce`` does, from the samples to the report."""

from __future__ import annotations

import json as json_
import os
import time
from dataclasses import replace
from pathlib import Path

from rich.progress import Progress

from antistokes.cli.output import emit, notes, screen, table
from antistokes.cli.report import with_error
from antistokes.instruments.errors import Refused
from antistokes.simulated_hw.samples.facts import Fact
from antistokes.simulated_hw.samples.sample import Sample, shipped

from .judge import Verdict, compare, judge
from .measure import Job, Measured, carry_out, job_of
from .series import follow

#: the sample, the sample whose run it is, the run's name, and the laser's wavelength where it is another one
_Key = tuple[str, str, str, float | None]


def reproduce(samples: list[str] | None, out: Path, seed: int, jobs: int | None, json: bool) -> int:
    """Measure, judge, write the report; the exit code.

    :param samples: ids or files; None: all that are shipped
    :param jobs: runs at the same time; None: one per core
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refused(f"--out = {out}: exists already; must be a new or empty folder")
    started = time.perf_counter()
    # the station files, which name them, lie in another folder
    sources = [str(Path(s).resolve()) if s.endswith(".toml") else s for s in samples or shipped()]
    loaded = {source: Sample.load(source) for source in sources}
    facts = [(source, fact) for source in sources for fact in loaded[source].facts]
    wanted = _jobs(facts)
    keys = {job.stem: key for key, job in wanted.items()}
    out.mkdir(parents=True, exist_ok=True)
    done: dict[_Key, Measured] = {}
    with Progress(console=notes, transient=True, disable=not notes.is_terminal) as progress:
        bar = progress.add_task("measuring", total=len(wanted))
        for measured in carry_out(list(wanted.values()), out, seed, jobs or os.cpu_count() or 1):
            done[keys[measured.job.stem]] = measured
            progress.advance(bar)
    verdicts = [_verdict(source, loaded[source].record.id, fact, done) for source, fact in facts]
    report = out / "report.html"
    report.write_text(_page(verdicts, out), encoding="utf-8")
    _tell(verdicts, time.perf_counter() - started)
    screen.print(f"page: {report}", markup=False)
    if json:
        for verdict in verdicts:
            emit(verdict.as_dict())
    return 0 if all(v.ok or v.fact.doubtful or not v.fact.run for v in verdicts) else 1


def _jobs(facts: list[tuple[str, Fact]]) -> dict[_Key, Job]:
    """The runs that *facts* need, each once, with all the analyses they ask of it."""
    wanted: dict[_Key, Job] = {}
    for source, fact in facts:
        for key in _keys(source, fact):
            job = wanted.get(key) or job_of(*key)
            analyses = dict.fromkeys((*job.analyses, _options(fact)))
            wanted[key] = replace(job, analyses=tuple(analyses))
    return wanted


def _keys(source: str, fact: Fact) -> list[_Key]:
    """What gives the fact, and what it is compared with: another sample under the same light, another run."""
    if not fact.run:
        return []
    sample = fact.on or source
    if fact.series is not None:
        if fact.series.wavelength:
            return [(sample, source, fact.run, nm) for nm in fact.series.wavelength]
        return [(other, source, fact.run, None) for other in fact.series.on]
    first = sample, source, fact.run, None
    second = fact.over or sample, source, fact.against or fact.run, None
    return [first] if first == second else [first, second]


def _options(fact: Fact) -> str:
    return json_.dumps(fact.analysis, sort_keys=True)


def _verdict(source: str, system: str, fact: Fact, done: dict[_Key, Measured]) -> Verdict:
    keys = _keys(source, fact)
    if not keys:
        return Verdict(system, fact, problem=fact.unmeasured or "no run measures it")
    runs = [done[key] for key in keys]
    found = []
    for run in runs:
        if not run.found:
            return Verdict(system, fact, problem=run.problem or "the run gave no points")
        found.append(run.found[_options(fact)])
    if fact.series is not None:
        return follow(system, fact, fact.series.at, [run.path for run in runs], found)
    if len(runs) == 1:
        return judge(system, fact, found[0], runs[0].path)
    return compare(system, fact, runs[0].path, runs[1].path, found[0], found[1])


def _tell(verdicts: list[Verdict], seconds: float) -> None:
    """A table of all facts that were looked for, why the others were not, and how many were found again."""
    listing = table("system", "fact", "kind", "expected", "measured", "")
    for v in verdicts:
        if not v.fact.run:
            continue
        line = v.as_dict()
        listing.add_row(v.system, line["fact"], v.fact.kind, _expected(v.fact), _measured(v), _mark(v))
    screen.print(listing)
    for v in verdicts:
        if not v.fact.run:
            said = f"no run: {v.system}: {v.as_dict()['fact']} {_expected(v.fact)}: {v.problem}"
            screen.print(said, markup=False, highlight=False)
    screen.print(f"{_summary(verdicts)} ({seconds:.0f} s)")


def _page(verdicts: list[Verdict], folder: Path) -> str:
    """All facts, and the figures of the review, on one page."""
    from antistokes.cli.page import image, page, text
    from antistokes.cli.page import table as html_table

    from .review_figures import review_figures

    rows = [
        [
            text(v.system),
            text(v.as_dict()["fact"]),
            f"<span class='dim'>{text(v.fact.conditions)}</span>",
            text(v.fact.kind),
            text(_expected(v.fact)),
            text(_measured(v)),
            _mark(v) if v.ok else f"<span class='bad'>{_mark(v)}</span>",
        ]
        for v in verdicts
    ]
    parts = [f"<p>{text(_summary(verdicts))} <span class='mark'>simulated</span></p>"]
    for title, figure in review_figures(folder, verdicts):
        parts += [f"<h2>{text(title)}</h2>", image(figure)]
    head = ("system", "fact", "conditions", "kind", "expected", "measured", "")
    parts += ["<h2>All facts</h2>", html_table(head, rows)]
    return page("Virtual samples, measured again", parts)


def _summary(verdicts: list[Verdict]) -> str:
    measured = [v for v in verdicts if v.fact.run]
    rest = len(verdicts) - len(measured)
    more = f"; {rest} more have no run" if rest else ""
    return f"{sum(v.ok for v in measured)} of {len(measured)} facts within their tolerance{more}"


def _expected(fact: Fact) -> str:
    unit = "" if fact.unit == "1" else f" {fact.unit}"
    if fact.relation != "equal":
        return f"{fact.relation} {fact.value:g}{unit}"
    return f"{fact.value:g} ± {fact.margin:.2g}{unit}"


def _measured(verdict: Verdict) -> str:
    return verdict.problem or with_error(verdict.measured, verdict.stderr)


def _mark(verdict: Verdict) -> str:
    doubt = " (doubtful)" if verdict.fact.doubtful else ""
    mark = "ok" if verdict.ok else "MISSED" if verdict.fact.run else "no run"
    return mark + doubt
