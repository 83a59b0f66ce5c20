"""What a run costs beside the instruments: µs per point of the whole runner. One JSON line.

    python benchmarks/bench_runner.py

``scalar_us`` and ``spectrum_us`` are a run of one axis of set-points and one detector that answers from
memory, no instrument being asked: measurement loop, runner, recorder and the closing of the file,
beyond a run of one point. ``query_us`` is one VISA query (pyvisa, no driver) to a simulated power meter.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvisa

from antistokes.instruments import Station
from antistokes.procedures import Procedure, run
from antistokes.procedures.axes import Axis
from antistokes.procedures.channels import Channel, Dimension, Flag, Record
from antistokes.procedures.detectors import Detector
from antistokes.procedures.setup import Setup
from antistokes.simulated_hw.stations import find_station

BUDGET = {"scalar_us": 20.0, "spectrum_us": 30.0, "query_us": 25.0}


class Steps:
    """An axis that has arrived as soon as it moves."""

    name = "step"

    def __init__(self, points: int) -> None:
        self.setpoints = np.arange(float(points))

    def bind(self, setup: Setup) -> tuple[Channel, ...]:
        return (Channel("step", "s", coordinate=True),)

    def prepare(self) -> None:
        """Nothing to calibrate."""

    def move(self, index: int, record: Record) -> Flag:
        record["step"] = self.setpoints[index]
        return Flag(0)


class Memory:
    """A detector that answers *value*."""

    def __init__(self, value: float | npt.NDArray[np.float64]) -> None:
        self.value = value

    def bind(self, setup: Setup) -> tuple[tuple[Channel, ...], tuple[Dimension, ...]]:
        if isinstance(self.value, float):
            return (Channel("value", "V"),), ()
        wavelength = Dimension("wavelength", np.linspace(400.0, 900.0, len(self.value)), "nm")
        return (Channel("value", "V", dims=("wavelength",)),), (wavelength,)

    def read(self, record: Record) -> Flag:
        record["value"] = self.value
        return Flag(0)


class Trivial(Procedure, kw_only=True):
    """Nothing but points."""

    NAME = "trivial"
    SIGNAL = "value"

    points: int
    pixels: int

    def axes(self) -> list[Axis]:
        return [Steps(self.points)]

    def detectors(self, station: Station) -> list[Detector]:
        return [Memory(np.random.default_rng(1).random(self.pixels) if self.pixels else 1.0)]


def per_point(points: int, pixels: int, reps: int) -> float:
    """µs per point, the median of *reps* runs."""
    costs = []
    for _ in range(reps):
        seconds = []
        for n in (1, points):
            with tempfile.TemporaryDirectory() as folder, Station.load(find_station("virtual")) as station:
                start = time.perf_counter()
                outcome = run(Trivial(points=n, pixels=pixels), station, Path(folder) / "run.h5")
                seconds.append(time.perf_counter() - start)
                if outcome.status != "completed" or outcome.points != n:
                    raise SystemExit(f"run of {n} points: {outcome}")
        costs.append((seconds[1] - seconds[0]) / (points - 1) * 1e6)
    return statistics.median(costs)


def per_query(number: int, reps: int) -> float:
    """µs per query, the median of *reps* loops."""
    station = Station.load(find_station("virtual"))
    backend: Any = station.backend
    meter = pyvisa.ResourceManager(backend.visa_library()).open_resource(
        station.file.instruments["power_meter"].resource, read_termination="\n", write_termination="\n"
    )
    costs = []
    for _ in range(reps):
        start = time.perf_counter()
        for _ in range(number):
            meter.query("SENS:CORR:WAV?")  # type: ignore[attr-defined]
        costs.append((time.perf_counter() - start) / number * 1e6)
    meter.close()
    return statistics.median(costs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--reps", type=int, default=3)
    a = parser.parse_args()
    figures = {
        "scalar_us": per_point(a.points, 0, a.reps),
        "spectrum_us": per_point(a.points, 2048, a.reps),
        "query_us": per_query(a.points, a.reps),
    }
    rounded = {name: round(value, 2) for name, value in figures.items()}
    within = all(figures[name] <= most for name, most in BUDGET.items())
    versions = {"python": platform.python_version(), "numpy": np.__version__, "pyvisa": pyvisa.__version__}
    case = {"points": a.points, "reps": a.reps}
    print(
        json.dumps({"benchmark": "runner", **case, **rounded, "within_budget": within, "versions": versions})
    )


if __name__ == "__main__":
    main()
