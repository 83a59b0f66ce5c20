"""Many short runs in one process: does anything stay behind? One JSON line; exit code 1 when something does.

    python benchmarks/soak.py                        # 10,000 runs
    python benchmarks/soak.py --runs 500

Each run opens the virtual station, measures a power sweep of two points into a file and closes everything;
every tenth file is read and analysed. Memory is the resident set after a collection, in MB, at 10 %, 50 %
and 100 % of the runs: it may grow by 5 % from the first to the last. Threads and open files are counted
before the first run and after the last.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sys
import tempfile
import threading
import time
from pathlib import Path

from antistokes.analysis import analyse, load
from antistokes.instruments import Station
from antistokes.procedures import PowerSweep, run
from antistokes.simulated_hw.stations import find_station

SWEEP = PowerSweep(
    start=100, stop=200, points_per_decade=1, order="up", frames=2, readings=1, longest_exposure=0.01
)
MOST_GROWTH = 0.05
_WARM_UP = 20  # runs that fill caches and load modules


def short_run(path: Path, look: bool) -> None:
    """One run, recorded at *path*; *look*: its file is read and analysed, too."""
    with Station.load(find_station("virtual")) as station:
        outcome = run(SWEEP, station, path)
    if outcome.status != "completed":
        raise SystemExit(f"a run ended otherwise: {outcome}")
    if look:
        analyse(load(path))


def resident() -> float:
    """MB of memory in use, what can be collected left out."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def soak(runs: int) -> dict[str, object]:
    """Carry out *runs*; what was used at the beginning, on the way and at the end."""
    marks = {max(1, runs * share // 100): share for share in (10, 50, 100)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        memory, seconds = {}, 0.0
        for number in range(-_WARM_UP, runs + 1):
            if number == 0:
                files, threads, begin = open_files(), threading.active_count(), time.perf_counter()
                continue
            short_run(path, look=number % 10 == 0)
            for each in Path(folder).iterdir():
                each.unlink()
            if number in marks:
                memory[f"{marks[number]} %"] = round(resident(), 1)
        seconds = time.perf_counter() - begin
    return {
        "resident_MB": memory,
        "growth": round(memory["100 %"] / memory["10 %"] - 1, 4),
        "files_left": open_files() - files,
        "threads_left": threading.active_count() - threads,
        "ms_per_run": round(seconds / runs * 1e3, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    a = parser.parse_args()
    found = soak(a.runs)
    flat = found["growth"] <= MOST_GROWTH and not found["files_left"] and not found["threads_left"]
    case = {"runs": a.runs, "python": platform.python_version()}
    print(json.dumps({"benchmark": "soak", **case, **found, "nothing_left": flat}))
    sys.exit(not flat)


if __name__ == "__main__":
    main()
