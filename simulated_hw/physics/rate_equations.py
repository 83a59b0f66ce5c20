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
from .flow import Flow
from .network import Network
from .power_balance import PowerBalance, power_balance
from .processes import Array, Decay, Ion, Pump, Transfer
from .steady_state import Branch

_KEPT = 10.0  # times rtol, the largest relative drift of an ion's total in a time evolution
_STEADY_DRIFT = 1e-6  # largest relative difference from an ion's total in a steady state
_SUMMED = 1e-6  # largest relative difference of the populations at the start from an ion's total
_RTOL = (1e-12, 1e-2)
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
    :raises ValueError: for a rate or a total that is none, a level that is unknown or there twice, a
        transfer of other than two or three ions, or a process that changes the number of ions of a kind
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

    def under(self, irradiance: Array) -> Flow:
        """The same at irradiances (n,) in W/cm², for populations (n, m) one after the other."""
        return Flow(self._network, irradiance)

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
        result = np.empty((len(irradiance), len(self.levels)))
        if lit.any():
            result[lit] = self._branch.at(irradiance[lit])
        if not lit.all():
            result[~lit] = Branch(Network(*self._unpumped, ())).at(np.ones(1))
        # rates too far apart for what numbers can hold may solve into no state at all
        totals = self._network.totals
        drift = np.abs(result @ self._network.members.T - totals)
        for row in np.flatnonzero(~(drift <= _STEADY_DRIFT * totals).all(axis=1))[:1]:
            self._check_totals(self.ground, result[row], float(irradiance[row]), _STEADY_DRIFT)
        return result

    def evolve(
        self,
        times: npt.ArrayLike,
        pump: float | Sequence[tuple[float, float]],
        start: Array | None = None,
        *,
        rtol: float = 1e-7,
    ) -> Array:
        """Populations (n, m) at increasing *times* (n,) in s, the first of which is where it starts.

        :param pump: irradiance in W/cm², or steps ``[(from time, irradiance), …]`` of a piecewise
            constant one, dark before the first step
        :param start: populations (m,) at the first time; the ground state unless given
        :param rtol: relative error of a step of the integration, 1e-12 to 1e-2. Those of the steps add up: at
            1e-7, populations of five samples in a pulse and after it are good to 1e-6 of their largest value,
            and to 2e-4 of themselves down to 1e-4 of it; at 1e-6, to 6e-5 and 3e-2 in two thirds of the time
        :raises ValueError: for times, irradiances or populations that are none
        :raises ConvergenceError: when the integration fails or an ion's total drifts
        """
        times = np.asarray(times, dtype=float)
        if times.ndim != 1 or not len(times) or not np.all(np.diff(times) > 0):
            raise ValueError("times must increase")
        if not np.isfinite(times).all():
            raise ValueError(f"times are {times[0]:g} to {times[-1]:g} s; allowed are finite ones")
        if not _RTOL[0] <= rtol <= _RTOL[1]:
            raise ValueError(f"rtol is {rtol:g}; allowed is {_RTOL[0]:g} to {_RTOL[1]:g}")
        steps = list(pump) if isinstance(pump, Sequence) else [(times[0], pump)]
        for t, _ in steps:
            if not np.isfinite(t):
                raise ValueError(f"a step of the pump is at {t:g} s; allowed are finite times")
        if any(later[0] <= earlier[0] for earlier, later in pairwise(steps)):
            raise ValueError("the steps of the pump must follow each other in time")
        strengths = irradiances([0.0, *(value for _, value in steps)])
        inside = (t for t, _ in steps if times[0] < t < times[-1])
        edges = sorted({times[0], *inside, times[-1]})

        result = np.empty((len(times), len(self.levels)))
        result[0] = y = self.ground if start is None else self._checked(start)
        for begin, end in pairwise(edges):
            irradiance = float(strengths[sum(t <= begin for t, _ in steps)])
            first, last = times.searchsorted([begin, end], side="right")
            seconds = np.concatenate([[0.0], times[first:last] - begin, [end - begin]])
            atol = rtol * _NEGLIGIBLE * self._branch.sizes(y, irradiance)
            course = evolved(self._network, y, seconds, irradiance, rtol, atol)
            result[first:last], y = course[1:-1], course[-1]
            self._check_totals(result[0], y, irradiance, _KEPT * rtol)
        return result

    def _checked(self, start: Array) -> Array:
        """*start* as populations (m,) that sum to the ions' totals."""
        y = np.asarray(start, dtype=float)
        if y.shape != self.ground.shape:
            raise ValueError(f"populations at the start have shape {y.shape}; allowed is {self.ground.shape}")
        wrong = ~np.isfinite(y)
        if wrong.any():
            level = int(wrong.argmax())
            raise ValueError(f"population of {self.levels[level]} is {y[level]:g}; allowed are finite ones")
        sums, totals = self._network.members @ y, self._network.totals
        wrong = ~(np.abs(sums - totals) <= _SUMMED * totals)
        if wrong.any():
            ion = int(wrong.argmax())
            ground = self.levels[self._network.ground_rows[ion]]
            raise ValueError(
                f"populations of the ion of {ground} sum to {sums[ion]:g} at the start; "
                f"allowed is its total, {totals[ion]:g}"
            )
        return y

    def _check_totals(self, start: Array, y: Array, irradiance: float, kept: float) -> None:
        drift = np.abs(self._network.members @ (y - start))
        if not np.all(drift <= kept * self._network.totals):
            of_worst = self._network.members[drift.argmax()]
            worst = (np.abs(y - start) * of_worst).argmax()
            raise ConvergenceError("an ion's total is not conserved", irradiance, self.levels[worst])

    def conserved_solution(self, matrix: Array, right: Array) -> Array:
        """x (n, m) with matrix·x = right that changes no ion's total, for (n, m, m) and (n, m)."""
        matrix, right = matrix.copy(), right.copy()
        matrix[:, self._network.ground_rows] = self._network.members
        right[:, self._network.ground_rows] = 0.0
        return np.asarray(np.linalg.solve(matrix, right[..., None])[..., 0], dtype=float)
