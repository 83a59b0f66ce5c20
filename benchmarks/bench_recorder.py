"""What recording costs: µs per point in the acquiring thread, and in total with the writer. One JSON line.

    python benchmarks/bench_recorder.py              # scalars: 10 channels, 10,000 points
    python benchmarks/bench_recorder.py --pixels 2048

``append`` is the loop of appends; ``total`` adds what close() needs beyond the close of an empty run, so
it includes all writing; ``cpu`` is the same in processor time of both threads. ``growth`` is the append
cost of the last quarter over that of the first, for a run of ``--grow`` times as many points; with
hundreds of megabytes it shows the system's page cache and not the recorder (try ``--folder``).
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np

from antistokes.instruments.clock import RealClock
from antistokes.procedures.channels import Channel, Dimension, RunHeader
from antistokes.procedures.recorder import Recorder


def header(pixels: int, scalars: int) -> RunHeader:
    channels = [Channel(f"c{i}", "W", coordinate=i == 0) for i in range(scalars)]
    dimensions = []
    if pixels:
        channels.append(Channel("spectrum", "counts", dims=("wavelength",)))
        dimensions.append(Dimension("wavelength", np.linspace(400.0, 900.0, pixels), "nm"))
    signal = channels[-1].name
    start = datetime.now(UTC)
    return RunHeader("b", "bench", {}, tuple(channels), tuple(dimensions), signal, "c0", 0, start, False)


def run(folder: Path, pixels: int, scalars: int, points: int) -> tuple[list[float], float, float]:
    """Seconds of each quarter of the appends, of close(), and of processor time for both."""
    path = folder / "bench.h5"
    recorder = Recorder(path, RealClock())
    recorder.open(header(pixels, scalars))
    names = [f"c{i}" for i in range(scalars)]
    bank = np.random.default_rng(1).random((16, pixels)) if pixels else None
    quarters = []
    cpu = time.process_time()
    mark = time.perf_counter()
    for i in range(points):
        record = dict.fromkeys(names, 0.5 * i)
        if bank is not None:
            record["spectrum"] = bank[i & 15]
        recorder.append(record)
        if (i + 1) % max(1, points // 4) == 0:
            now = time.perf_counter()
            quarters.append(now - mark)
            mark = now
    recorder.close("completed", "", {})
    closing = time.perf_counter() - mark
    cpu = time.process_time() - cpu
    path.unlink()
    return quarters, closing, cpu


def measure(folder: Path, pixels: int, scalars: int, points: int, reps: int, grow: int) -> dict[str, float]:
    append, total, cpu = [], [], []
    run(folder, pixels, scalars, min(points, 1000))
    for _ in range(reps):
        _, empty, empty_cpu = run(folder, pixels, scalars, 0)
        quarters, closing, used = run(folder, pixels, scalars, points)
        append.append(sum(quarters))
        total.append(sum(quarters) + closing - empty)
        cpu.append(used - empty_cpu)
    long, _, _ = run(folder, pixels, scalars, points * grow)
    return {
        "append_us": round(statistics.median(append) / points * 1e6, 2),
        "total_us": round(statistics.median(total) / points * 1e6, 2),
        "total_us_min": round(min(total) / points * 1e6, 2),
        "total_us_max": round(max(total) / points * 1e6, 2),
        "cpu_us": round(statistics.median(cpu) / points * 1e6, 2),
        "growth": round(long[-1] / long[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--pixels", type=int, default=0, help="width of a float64 spectrum; 0: none")
    parser.add_argument("--scalars", type=int, default=10, help="scalar channels")
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--grow", type=int, default=4)
    parser.add_argument("--folder", type=Path, help="where to write; default: a temporary folder")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=a.folder) as folder:
        figures = measure(Path(folder), a.pixels, a.scalars, a.points, a.reps, a.grow)
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "h5py": h5py.__version__,
        "hdf5": h5py.version.hdf5_version,
    }
    case = {"points": a.points, "pixels": a.pixels, "scalars": a.scalars, "reps": a.reps}
    print(json.dumps({"benchmark": "recorder", **case, **figures, "versions": versions}))


if __name__ == "__main__":
    main()
