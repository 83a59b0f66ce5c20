"""Carrying out the runs of sample files and analysing the files, each in a process of its own."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import structs

from antistokes.instruments.errors import AntistokesError, Refused
from antistokes.simulated_hw.samples.facts import Run
from antistokes.simulated_hw.samples.sample import Sample

from .stations import CORRECTED, lamp_station, station_of

if TYPE_CHECKING:
    from antistokes.analysis.findings import Findings


@dataclass(frozen=True)
class Job:
    """One run of one sample: its own, or that of another one which it is compared with (*owner*).

    :param source: id of a shipped sample, or the path of a sample file
    :param wavelength: of the laser, nm
    :param analyses: keywords of the analyses wanted, as JSON
    """

    source: str
    sample: str
    owner: str
    run: Run
    wavelength: float
    analyses: tuple[str, ...] = ("{}",)

    @property
    def stem(self) -> str:
        """Of its files."""
        name = self.sample if self.sample == self.owner else f"{self.sample}-as-{self.owner}"
        return f"{name}-{self.run.name}".replace(" ", "-")


@dataclass(frozen=True)
class Measured:
    """What became of a job: a file and what it shows, by keywords of the analysis; or why there is none."""

    job: Job
    path: Path
    problem: str = ""
    found: dict[str, list[Findings]] = field(default_factory=dict)
    wall_seconds: float = 0.0
    virtual_seconds: float = 0.0


def job_of(source: str, owner: str, name: str, wavelength: float | None = None) -> Job:
    """The run *name* of the sample *owner*, on the sample *source*; both ids or paths.

    :param wavelength: of another laser than that of the run, nm
    :raises Refused: *owner* has no run of that name
    """
    own = Sample.load(owner)
    run = next((run for run in own.runs if run.name == name), None)
    if run is None:
        raise Refused(f"sample '{own.record.id}' has no run '{name}'")
    sample = own if source == owner else Sample.load(source)
    if wavelength is not None:
        run = structs.replace(run, name=f"{name} {wavelength:g} nm", wavelength=wavelength)
    return Job(source, sample.record.id, own.record.id, run, run.wavelength or own.excitation)


def measure_response(folder: Path, seed: int) -> str:
    """Calibrate the spectrometer with a lamp; the name of the file with its response, in *folder*.

    :raises AntistokesError: that was not possible
    """
    from antistokes.analysis import load
    from antistokes.analysis.calibrate_response import spectral_response, write_response
    from antistokes.instruments.station import Station
    from antistokes.procedures.calibrate_response import CalibrateResponse
    from antistokes.procedures.runner import run as run_on

    file = folder / "lamp.station.toml"
    _write(file, lamp_station("yber-micro", seed))
    with Station.load(file) as station:
        # of the lamp and the spectrometer: their data sheets
        run_on(CalibrateResponse(emissivity_slope=-2.5e-4, stray_light=1e-5), station, folder / "lamp.h5")
    write_response(spectral_response(load(folder / "lamp.h5")), folder / "response.csv")
    return "response.csv"


def _write(file: Path, tables: dict[str, Any]) -> None:
    import tomli_w

    file.write_text(tomli_w.dumps(tables), encoding="utf-8")


def carry_out(jobs: list[Job], folder: Path, seed: int, processes: int) -> Iterator[Measured]:
    """All jobs, as they are finished; a run that fails says why and keeps no other from being made."""
    response = measure_response(folder, seed) if any(j.run.procedure in CORRECTED for j in jobs) else ""
    if processes == 1:
        for job in jobs:
            yield _measure(job, folder, seed, response)
        return
    # not forked: a process that has threads must not be
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_measure, job, folder, seed, response) for job in jobs]):
            yield future.result()


def _measure(job: Job, folder: Path, seed: int, response: str = "") -> Measured:
    from antistokes.instruments.station import Station
    from antistokes.procedures.runner import run as run_on

    logging.getLogger("antistokes").setLevel(logging.CRITICAL)
    started = time.perf_counter()
    path, file = folder / f"{job.stem}.h5", folder / f"{job.stem}.station.toml"
    done = Measured(job, path)
    try:
        _write(file, station_of(job.run, job.source, job.wavelength, seed, response))
        with Station.load(file) as station:
            outcome = run_on(_plan(job.run), station, path)
        done = replace(done, problem=outcome.reason, virtual_seconds=outcome.seconds)
        if outcome.points:
            done = _analysed(done)
    except (AntistokesError, ValueError) as error:
        done = replace(done, problem=str(error))
    return replace(done, wall_seconds=time.perf_counter() - started)


def _plan(run: Run) -> Any:
    from antistokes.instruments.backend import plugin
    from antistokes.procedures.axes.named import make_axis
    from antistokes.procedures.sequence import Sequence

    procedure = plugin("antistokes.procedures", run.procedure).load().of(run.settings)
    if not run.over:
        return procedure
    return Sequence([make_axis(name, values) for name, values in run.over.items()], [procedure])


def _analysed(done: Measured) -> Measured:
    from antistokes.analysis import analyse, load

    dataset = load(done.path)
    found = {
        # a figure cannot be sent to another process
        options: [replace(block, figure=None) for block in analyse(dataset, **json.loads(options))]
        for options in done.job.analyses
    }
    return replace(done, found=found)
