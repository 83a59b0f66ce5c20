"""What the rate equations cost: a 10-level Er/Yb system in ms, beside another program in the same run.

    python benchmarks/bench_rates.py
    python benchmarks/bench_rates.py --peer /path/to/bench.py

The peer is a script that solves the same system and prints one JSON object whose ``ms`` has the medians
``steady_newton_numba``, ``power50_newton_numba_continued`` and ``dyn_odeint_numba_jac``; it runs in a
process of its own, in this environment. The first steady state follows the branch from the dark; a
further one of the same equations starts from it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, Transfer, photons
from antistokes.simulated_hw.physics.rate_equations import RateEquations

IONS = [
    Ion(0.9, ("Yb:2F7/2", "Yb:2F5/2")),
    Ion(0.1, tuple(f"Er:{x}" for x in ("I15/2", "I13/2", "I11/2", "I9/2", "F9/2", "S3/2", "F7/2", "H9/2"))),
]
LEVELS = [level for ion in IONS for level in ion.levels]
# start, end, s⁻¹
DECAYS = [
    *[(1, 0, 500.0), (3, 2, 100.0), (4, 3, 3e3), (4, 2, 120.0), (5, 4, 1e6), (5, 2, 150.0), (6, 5, 1.5e4)],
    *[(6, 2, 1.2e3), (6, 3, 60.0), (7, 6, 8e3), (7, 2, 900.0), (7, 3, 350.0), (8, 7, 5e6), (8, 2, 2e3)],
    *[(9, 8, 3e5), (9, 2, 1.5e3), (9, 3, 1.2e3)],
]
# two levels, to two levels, s⁻¹
TRANSFERS = [
    *[(1, 2, 0, 4, 2e5), (4, 0, 2, 1, 5e4), (1, 4, 0, 8, 4e5), (1, 3, 0, 6, 1.5e5), (1, 6, 0, 9, 1e5)],
    *[(4, 4, 2, 8, 2e4), (3, 3, 2, 5, 1e4), (7, 2, 5, 3, 3e4), (8, 4, 6, 6, 2e4), (8, 0, 4, 1, 5e3)],
]
# lower, upper, s⁻¹ per W/cm²; stimulated emission is 0.9 of it
PUMPS = [(0, 1, 1.0), (2, 4, 0.1), (4, 8, 0.08)]

IRRADIANCE = 200.0
POWERS = np.geomspace(1e-2, 1e4, 50)
PULSE = 2e-4
TIMES = np.concatenate([[0.0, PULSE], PULSE + np.geomspace(1e-8, 2e-2, 999)])


def equations() -> RateEquations:
    cross_section = 1 / float(photons(1.0, 980.0))  # of 1 s⁻¹ per W/cm²
    return RateEquations(
        IONS,
        [Decay(LEVELS[a], LEVELS[b], rate) for a, b, rate in DECAYS],
        [Transfer((LEVELS[a], LEVELS[b]), (LEVELS[c], LEVELS[d]), rate) for a, b, c, d, rate in TRANSFERS],
        [
            Pump(LEVELS[a], LEVELS[b], 980.0, rate * cross_section, 0.9 * rate * cross_section)
            for a, b, rate in PUMPS
        ],
    )


def milliseconds(work: Callable[[RateEquations], object], repeats: int, fresh: bool) -> tuple[float, float]:
    """Median and least time of *work*, on equations never used before or always the same."""
    took = []
    for ours in [equations() for _ in range(repeats)] if fresh else repeats * [equations()]:
        mark = time.perf_counter()
        work(ours)
        took.append(1e3 * (time.perf_counter() - mark))
    return statistics.median(took), min(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=Path, help="a script to run in the same run")
    arguments = parser.parse_args()
    peer = {}
    if arguments.peer:
        script = arguments.peer.resolve()
        printed = subprocess.run(
            [sys.executable, script.name], cwd=script.parent, check=True, capture_output=True, text=True
        ).stdout
        peer = json.loads(printed.splitlines()[-1])["ms"]

    def decay(ours: RateEquations) -> object:
        return ours.evolve(TIMES, [(0.0, IRRADIANCE), (PULSE, 0.0)], rtol=1e-6)

    rows = [
        ("construction of the equations", lambda _: equations(), 100, False, ""),
        (
            f"steady state, the first, {IRRADIANCE:g} W/cm²",
            lambda e: e.steady_state(IRRADIANCE),
            300,
            True,
            "steady_newton_numba",
        ),
        (
            f"steady state, a further one, {IRRADIANCE:g}",
            lambda e: e.steady_state(IRRADIANCE),
            300,
            False,
            "steady_newton_numba",
        ),
        (
            "50 irradiances, 1e-2 to 1e4",
            lambda e: e.steady_state(POWERS),
            100,
            True,
            "power50_newton_numba_continued",
        ),
        ("pulse and decay, 1000 times, 1e-6", decay, 50, False, "dyn_odeint_numba_jac"),
    ]
    print(f"{'ms':<38}{'median':>9}{'least':>9}{'peer':>9}{'ours/peer':>11}   {os.cpu_count()} cores")
    for name, work, repeats, fresh, key in rows:
        median, least = milliseconds(work, repeats, fresh)
        beside = f"{peer[key]['median']:9.3f}{median / peer[key]['median']:11.2f}" if key in peer else ""
        print(f"{name:<38}{median:9.3f}{least:9.3f}{beside}")


if __name__ == "__main__":
    main()
