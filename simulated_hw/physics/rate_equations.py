"""Mean-field rate equations of ions that exchange energy: any ions, levels and transfers, from data.

Populations are fractions of the cation sites. Every process moves ions between levels of the same kind
of ion, so the total of each ion is conserved: this is checked once for the equations and again for every
time evolution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .convergence import ConvergenceError
from .evolution import evolved
from .network import Network
from .power_balance import PowerBalance, power_balance
from .processes import Array, Decay, Ion, Pump, Transfer
from .steady_state import Branch

__all__ = ["ConvergenceError", "RateEquations", "irradiances"]

_KEPT = 1e-9  # largest relative drift of an ion's total in a time evolution
_NEGLIGIBLE = 1e-2  # of a population's expected size: times rtol, the error that is always allowed


def irradiances(values: npt.ArrayLike) -> Array:
    """As an array (n,), in W/cm².

    :raises ValueError: for one that is negative or not finite
    """
    array = np.atleast_1d(np.asarray(values, dtype=float))
    wrong = ~((array >= 0) & (array < np.inf))
    if wrong.any():
        raise ValueError(f"irradiance is {array[wrong][0]:g} W/cm²; allowed is 0 and more")
    return array


class RateEquations:
    """The equations of one sample at one temperature and excitation wavelength.

    :ivar levels: level names in the order of every population array, (m,)
    :ivar ground: populations with every ion in its ground level, (m,)
    :raises ValueError: for a rate that is no rate, or a process that changes the number of ions of a kind
    """

    def __init__(
        self,
        ions: Sequence[Ion],
        decays: Sequence[Decay],
        transfers: Sequence[Transfer] = (),
        pumps: Sequence[Pump] = (),
    ) -> None:
        self._unpumped = (ions, decays, transfers)
        self._network = Network(ions, decays, transfers, pumps)
        self._branch = Branch(self._network)
        self.levels = self._network.levels
        self.ground = self._network.ground

    def rates(self, populations: Array, irradiance: npt.ArrayLike) -> Array:
        """dy/dt in s⁻¹ for populations (..., m) at irradiances (...) in W/cm²."""
        return self._network.rates(populations, irradiance)

    def jacobian(self, populations: Array, irradiance: npt.ArrayLike) -> Array:
        """∂(dy/dt)/∂y in s⁻¹, (..., m, m)."""
        return self._network.jacobian(populations, irradiance)

    def absorbed(self, populations: Array, irradiance: Array) -> Array:
        """Photons absorbed less photons stimulated, per site and second, for (n, m) at (n,) W/cm²."""
        return self._network.event_rates(populations, irradiance) @ np.sign(self._network.photon)

    def power_balance(
        self, populations: Array, irradiance: npt.ArrayLike, energies: Mapping[str, float]
    ) -> PowerBalance:
        """Absorbed and emitted power and heat, W per site (n,), of populations (n, m) at (n,) W/cm².

        :param energies: of every level, in cm⁻¹
        :raises ValueError: for a level without an energy, or a radiative decay that goes uphill
        """
        return power_balance(self._network, populations, irradiances(irradiance), energies)

    def steady_state(self, irradiance: npt.ArrayLike) -> Array:
        """Populations (n, m) under constant irradiances (n,) in W/cm², in any order; zero is the dark.

        The branch that starts in the dark is followed to the highest irradiance
        (:mod:`~antistokes.simulated_hw.physics.steady_state`), and remembered for the next time. Every
        population, however small, is good to a relative 1e-8, or to 1e-16 times the ratio of the fastest
        to the slowest process it depends on, if that is more (1e-6 at 1e12 W/cm²).

        :raises ConvergenceError: when the branch cannot be followed
        """
        irradiance = irradiances(irradiance)
        lit = irradiance > 0
        if lit.all():
            return self._branch.at(irradiance)
        result = np.empty((len(irradiance), len(self.levels)))
        result[lit] = self._branch.at(irradiance[lit])
        result[~lit] = Branch(Network(*self._unpumped, ())).at(np.ones(1))
        return result

    def evolve(
        self,
        times: npt.ArrayLike,
        pump: float | Sequence[tuple[float, float]],
        start: Array | None = None,
        *,
        rtol: float = 1e-8,
    ) -> Array:
        """Populations (n, m) at increasing *times* (n,) in s, the first of which is where it starts.

        :param pump: irradiance in W/cm², or steps ``[(from time, irradiance), …]`` of a piecewise
            constant one, dark before the first step
        :param start: populations (m,) at the first time; the ground state unless given
        :param rtol: relative error of a step of the integration
        :raises ConvergenceError: when the integration fails or an ion's total drifts
        """
        times = np.asarray(times, dtype=float)
        if times.ndim != 1 or not len(times) or not np.all(np.diff(times) > 0):
            raise ValueError("times must increase")
        steps = list(pump) if isinstance(pump, Sequence) else [(times[0], pump)]
        if any(later[0] <= earlier[0] for earlier, later in pairwise(steps)):
            raise ValueError("the steps of the pump must follow each other in time")
        strengths = irradiances([0.0, *(value for _, value in steps)])
        inside = (t for t, _ in steps if times[0] < t < times[-1])
        edges = sorted({times[0], *inside, times[-1]})

        result = np.empty((len(times), len(self.levels)))
        result[0] = y = self.ground if start is None else np.asarray(start, dtype=float)
        for begin, end in pairwise(edges):
            irradiance = float(strengths[sum(t <= begin for t, _ in steps)])
            first, last = times.searchsorted([begin, end], side="right")
            seconds = np.concatenate([[0.0], times[first:last] - begin, [end - begin]])
            atol = rtol * _NEGLIGIBLE * self._branch.sizes(y, irradiance)
            course = evolved(self._network, y, seconds, irradiance, rtol, atol)
            result[first:last], y = course[1:-1], course[-1]
            self._check_totals(result[0], y, irradiance)
        return result

    def _check_totals(self, start: Array, y: Array, irradiance: float) -> None:
        drift = np.abs(self._network.members @ (y - start))
        if not np.all(drift <= _KEPT * self._network.totals):
            of_worst = self._network.members[drift.argmax()]
            worst = (np.abs(y - start) * of_worst).argmax()
            raise ConvergenceError("an ion's total is not conserved", irradiance, self.levels[worst])

    def conserved_solution(self, matrix: Array, right: Array) -> Array:
        """x (n, m) with matrix·x = right that changes no ion's total, for (n, m, m) and (n, m)."""
        matrix, right = matrix.copy(), right.copy()
        matrix[:, self._network.ground_rows] = self._network.members
        right[:, self._network.ground_rows] = 0.0
        return np.asarray(np.linalg.solve(matrix, right[..., None])[..., 0], dtype=float)
