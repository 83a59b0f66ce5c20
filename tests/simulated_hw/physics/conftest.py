"""Random systems of ions, for properties that must hold whatever the numbers are."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

import numpy as np
import pytest

from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, Transfer
from antistokes.simulated_hw.physics.rate_equations import RateEquations


class RandomSystem(NamedTuple):
    """Equations of ions ``0``, ``1`` … with levels ``0:0``, ``0:1`` …, and their energies in cm⁻¹."""

    equations: RateEquations
    energies: dict[str, float]

    def unconserved(self, populations: np.ndarray) -> float:
        """Largest relative change of an ion's total against the dark."""
        ions = np.array([level.split(":")[0] for level in self.equations.levels])
        totals = [
            (populations[..., ions == k].sum(axis=-1), self.equations.ground[ions == k].sum())
            for k in set(ions)
        ]
        return max(float(np.abs(found / expected - 1).max()) for found, expected in totals)


def random_system(seed: int) -> RandomSystem:
    """One to three ions with up to seven levels, and transfers of two or three ions, never upwards in all."""
    rng = np.random.default_rng(seed)
    ions, decays, transfers, energies = [], [], [], {}
    for k in range(rng.integers(1, 4)):
        levels = tuple(f"{k}:{i}" for i in range(rng.integers(2, 8)))
        ions.append(Ion(10 ** rng.uniform(-4, -0.5), levels))
        energies |= dict(zip(levels, accumulate(rng.uniform(500, 9000, len(levels))), strict=True))
        for i in range(1, len(levels)):
            ends = [j for j in range(i) if j == i - 1 or rng.random() < 0.4]
            decays += [
                Decay(levels[i], levels[j], 10 ** rng.uniform(1, 6), bool(rng.integers(2))) for j in ends
            ]
    for _ in range(rng.integers(1, 15)):
        members = rng.integers(0, len(ions), 2 if rng.random() < 0.8 else 3)
        one, other = (tuple(str(rng.choice(ions[a].levels)) for a in members) for _ in range(2))
        steps = [sum(int(level[2:]) for level in levels) for levels in (one, other)]
        start, end = (one, other) if steps[0] >= steps[1] else (other, one)
        transfers.append(Transfer(start, end, 10 ** rng.uniform(3, 9)))
    pumps = [Pump("0:0", "0:1", 980.0, 1e-20, 1e-20 * rng.integers(0, 2))]
    if len(ions[-1].levels) > 2:
        pumps.append(Pump(ions[-1].levels[1], ions[-1].levels[2], 980.0, 10 ** rng.uniform(-22, -18)))
    return RandomSystem(RateEquations(ions, decays, transfers, pumps), energies)


@pytest.fixture
def system(request: pytest.FixtureRequest) -> RandomSystem:
    """The random system whose seed is the parameter."""
    return random_system(request.param)
