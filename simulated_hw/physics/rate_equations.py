"""Mean-field rate equations of ions that exchange energy: any ions, levels and transfers, from data.

Populations are fractions of the cation sites. With W the rates of single ions, P the pump per
irradiance I, and S the stoichiometry of the pair transfers (a, b)::

    dy/dt = (W + I·P)·y + S·(y[a]·y[b])

Every process moves ions between levels of the same kind of ion, so the total of each ion is
conserved: this is checked once for the equations and again for every time evolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicHermiteSpline

from antistokes.instruments.errors import AntistokesError

from .processes import Array, Decay, Ion, Pump, Transfer, photons

_FLOOR = 1e-16  # pump rate in slowest decay rates below which populations are pure powers of the irradiance
_TOLERANCE = 1e-9  # last relative Newton step; convergence is quadratic, so the error left is ~1e-16
_LONGEST_STEP = np.log(100.0)  # of the continuation, in ln(irradiance)
_SHORTEST_STEP = 1e-6
_KEPT = 1e-9  # largest relative drift of an ion's total in a time evolution


class ConvergenceError(AntistokesError):
    """The rate equations could not be solved to their accuracy."""


class RateEquations:
    """The equations of one sample at one temperature and excitation wavelength.

    :ivar levels: level names in the order of every population array, (m,)
    :ivar ground: populations in the dark, (m,)
    :raises ValueError: for a process that changes the number of ions of a kind
    """

    def __init__(
        self,
        ions: Sequence[Ion],
        decays: Sequence[Decay],
        transfers: Sequence[Transfer] = (),
        pumps: Sequence[Pump] = (),
    ) -> None:
        self.levels = tuple(level for ion in ions for level in ion.levels)
        self._totals = np.array([ion.total for ion in ions])
        at = {level: i for i, level in enumerate(self.levels)}
        m = len(at)

        self._ground_rows = np.array([at[ion.levels[0]] for ion in ions])
        self._members = np.array(
            [[level in ion.levels for level in self.levels] for ion in ions], dtype=float
        )
        self.ground = np.zeros(m)
        self.ground[self._ground_rows] = self._totals

        self._linear = np.zeros((m, m))
        for decay in decays:
            self._linear[at[decay.start], at[decay.start]] -= decay.rate
            self._linear[at[decay.end], at[decay.start]] += decay.rate

        self._pump = np.zeros((m, m))  # s⁻¹ per W/cm²
        self._absorbing = np.zeros(m)  # photons taken out of the beam, likewise
        for pump in pumps:
            low, high = at[pump.lower], at[pump.upper]
            up, down = np.array([pump.absorption, pump.emission]) * photons(1.0, pump.wavelength)
            self._pump[[low, high], low] += -up, up
            self._pump[[high, low], high] += -down, down
            self._absorbing[low] += up
            self._absorbing[high] -= down

        active = [t for t in transfers if t.rate > 0]
        self._a = np.array([at[t.start[0]] for t in active], dtype=np.intp)
        self._b = np.array([at[t.start[1]] for t in active], dtype=np.intp)
        self._pairs = np.zeros((m, len(active)))
        for column, transfer in enumerate(active):
            for sign, level in [*((-1, s) for s in transfer.start), *((1, e) for e in transfer.end)]:
                self._pairs[at[level], column] += sign * transfer.rate
        # d(y[a]·y[b])/dy = y[b] in column a and y[a] in column b: flat so that J is two matrix products
        self._jac_a = np.einsum("ik,kj->kij", self._pairs, np.eye(m)[self._a]).reshape(len(active), m * m)
        self._jac_b = np.einsum("ik,kj->kij", self._pairs, np.eye(m)[self._b]).reshape(len(active), m * m)
        decaying = -np.diag(self._linear)
        self._slowest = float(np.min(decaying, where=decaying > 0, initial=1e15))  # s⁻¹
        self._check_conservation()

    def _check_conservation(self) -> None:
        for name, matrix in (("decay", self._linear), ("transfer", self._pairs), ("pump", self._pump)):
            lost = np.abs(self._members @ matrix)
            if np.any(lost > 1e-12 * np.abs(matrix).sum(axis=0)):
                raise ValueError(f"a {name} changes the number of ions of one kind")

    def rates(self, populations: Array, irradiance: npt.ArrayLike) -> Array:
        """dy/dt in s⁻¹ for populations (..., m) at irradiances (...) in W/cm²."""
        pumped = np.asarray(irradiance)[..., None] * (populations @ self._pump.T)
        return populations @ self._linear.T + pumped + self._products(populations) @ self._pairs.T

    def jacobian(self, populations: Array, irradiance: npt.ArrayLike) -> Array:
        """∂(dy/dt)/∂y in s⁻¹, (..., m, m)."""
        m = len(self.levels)
        pairs = populations[..., self._b] @ self._jac_a + populations[..., self._a] @ self._jac_b
        linear = self._linear + np.asarray(irradiance)[..., None, None] * self._pump
        return linear + pairs.reshape(*populations.shape[:-1], m, m)

    def absorbed(self, populations: Array, irradiance: Array) -> Array:
        """Photons absorbed less photons stimulated, per site and second, for (n, m) at (n,) W/cm²."""
        return irradiance * (populations @ self._absorbing)

    def steady_state(self, irradiance: npt.ArrayLike) -> Array:
        """Populations (n, m) under constant irradiances (n,) in W/cm², in any order; zero is the dark.

        The branch that starts in the ground state is followed to the highest irradiance
        (continuation in ln I along its tangent); Newton then refines every irradiance asked for.
        Every population, however small, is good to a relative 1e-8.

        :raises ConvergenceError: when the branch cannot be followed
        """
        irradiance = np.atleast_1d(np.asarray(irradiance, dtype=float))
        result = np.tile(self.ground, (len(irradiance), 1))
        if not np.any(irradiance > 0) or not np.any(self._pump):
            return result
        reached, branch = self._follow(float(irradiance.max()))
        lowest = branch.x[0]
        x = np.log(np.where(irradiance > 0, irradiance, 1.0))
        weak = (irradiance > 0) & (x <= lowest)
        strong = (irradiance > 0) & (x > lowest)

        powers = branch(lowest) + branch(lowest, 1) * (x[weak, None] - lowest)
        result[np.ix_(weak, reached)] = np.exp(powers)
        guess = np.zeros((int(strong.sum()), len(self.levels)))
        guess[:, reached] = np.exp(branch(x[strong]))
        result[strong], converged = self._newton(guess, irradiance[strong])
        if not converged.all():
            raise ConvergenceError(f"no steady state found at {irradiance[strong][~converged][0]:.6g} W/cm²")
        return result

    def evolve(
        self,
        times: npt.ArrayLike,
        pump: float | Sequence[tuple[float, float]],
        start: Array | None = None,
    ) -> Array:
        """Populations (n, m) at increasing *times* (n,) in s, the first of which is where it starts.

        :param pump: irradiance in W/cm², or steps ``[(from time, irradiance), …]`` of a piecewise
            constant one, dark before the first step
        :param start: populations (m,) at the first time; the ground state unless given
        :raises ConvergenceError: when the integration fails or an ion's total drifts
        """
        times = np.asarray(times, dtype=float)
        if times.ndim != 1 or not len(times) or np.any(np.diff(times) <= 0):
            raise ValueError("times must increase")
        steps = list(pump) if isinstance(pump, Sequence) else [(times[0], pump)]
        if any(later[0] <= earlier[0] for earlier, later in pairwise(steps)):
            raise ValueError("the steps of the pump must follow each other in time")
        inside = (t for t, _ in steps if times[0] < t < times[-1])
        edges = sorted({times[0], *inside, times[-1]})

        result = np.empty((len(times), len(self.levels)))
        result[0] = y = self.ground if start is None else np.asarray(start, dtype=float)
        for begin, end in pairwise(edges):
            irradiance = next((value for t, value in reversed(steps) if t <= begin), 0.0)
            wanted = (times > begin) & (times <= end)
            y, result[wanted] = self._integrate(y, begin, end, times[wanted], irradiance)
        drift = np.abs((result - result[0]) @ self._members.T) / self._totals
        if drift.max() > _KEPT:
            raise ConvergenceError(f"an ion's total drifts by {drift.max():.2g} of it; allowed {_KEPT:g}")
        return result

    def _integrate(
        self, y: Array, begin: float, end: float, times: Array, irradiance: float
    ) -> tuple[Array, Array]:
        solution = solve_ivp(
            lambda _, y: self.rates(y, irradiance),
            (begin, end),
            y,
            method="LSODA",
            t_eval=np.append(times, end) if not len(times) or times[-1] < end else times,
            jac=lambda _, y: self.jacobian(y, irradiance),
            rtol=1e-8,
            atol=np.maximum(1e-14 * self._seed(y, irradiance), 1e-300),
        )
        if not solution.success:
            raise ConvergenceError(f"time evolution fails at {irradiance:.6g} W/cm²: {solution.message}")
        return solution.y[:, -1], solution.y[:, : len(times)].T

    def conserved_solution(self, matrix: Array, right: Array) -> Array:
        """x (n, m) with matrix·x = right that changes no ion's total, for (n, m, m) and (n, m)."""
        matrix, right = matrix.copy(), right.copy()
        matrix[:, self._ground_rows] = self._members
        right[:, self._ground_rows] = 0.0
        return np.asarray(np.linalg.solve(matrix, right[..., None])[..., 0], dtype=float)

    def _products(self, populations: Array) -> Array:
        return populations[..., self._a] * populations[..., self._b]

    def _follow(self, highest: float) -> tuple[npt.NDArray[np.bool_], CubicHermiteSpline]:
        """The branch from the weak limit to *highest* W/cm².

        :return: which levels ever hold ions (m,), and their ln(populations) over ln(irradiance)
        """
        floor = _FLOOR * self._slowest / np.abs(self._pump).max()
        y, converged = self._newton(self._seed(self.ground, floor)[None], np.array([floor]), iterations=60)
        if not converged[0]:
            raise ConvergenceError(f"no steady state found in the weak limit, at {floor:.3g} W/cm²")
        reached = y[0] > 0
        x, end, step = float(np.log(floor)), float(np.log(highest)), _LONGEST_STEP
        level, slope = np.log(y[0, reached]), self._tangent(y, floor)[reached]
        points = [(x - 1, level - slope, slope), (x, level, slope)]
        while x < end:
            target = min(x + step, end)
            guess = np.zeros_like(y)
            guess[0, reached] = np.exp(points[-1][1] + points[-1][2] * (target - x))
            trial, converged = self._newton(guess, np.exp([target]), iterations=6)
            if converged[0]:
                x, y, step = target, trial, min(2 * step, _LONGEST_STEP)
                points.append((x, np.log(y[0, reached]), self._tangent(y, np.exp(x))[reached]))
            elif (step := step / 2) < _SHORTEST_STEP:
                raise ConvergenceError(f"no steady state found beyond {np.exp(x):.6g} W/cm²")
        return reached, CubicHermiteSpline(*map(np.array, zip(*points, strict=True)))

    def _seed(self, y: Array, irradiance: float) -> Array:
        """Sizes to expect (m,) when starting from *y*: gain over loss, positive wherever ions can get to."""
        single = self._linear + irradiance * self._pump
        for _ in self.levels:
            gain = np.maximum(single, 0) @ y + np.maximum(self._pairs, 0) @ self._products(y)
            loss = np.maximum(-np.diag(single), self._slowest)
            y = np.where(y > 0, y, gain / loss)
        return y

    def _newton(
        self, guess: Array, irradiance: Array, iterations: int = 12
    ) -> tuple[Array, npt.NDArray[np.bool_]]:
        """Refine populations (n, m); levels that are exactly empty stay so. Second: which converged (n,).

        Unknowns are relative changes and equations are relative to the traffic through a level, so
        that populations of 1e-16 get as many digits as those of 0.1. A step never takes away
        more than 90 % of a population.
        """
        y, converged = guess, np.zeros(len(guess), dtype=bool)
        for _ in range(iterations):
            with np.errstate(all="ignore"):  # a guess far off may overflow: it does not converge then
                matrix, residual, _ = self._scaled(y, irradiance)
                try:
                    step = -np.linalg.solve(matrix, residual[..., None])[..., 0]
                except np.linalg.LinAlgError:
                    return y, np.zeros(len(guess), dtype=bool)
                y = y * np.maximum(1 + step, 0.1)
            converged = np.abs(step).max(axis=-1) < _TOLERANCE
            if converged.all():
                break
        return y, converged

    def _tangent(self, y: Array, irradiance: float) -> Array:
        """d ln(y)/d ln(irradiance) (m,) at a steady state (1, m)."""
        matrix, _, traffic = self._scaled(y, np.array([irradiance]))
        change = -irradiance * (y @ self._pump.T) / traffic
        change[:, self._ground_rows] = 0
        return np.asarray(np.linalg.solve(matrix, change[..., None])[0, :, 0], dtype=float)

    def _scaled(self, y: Array, irradiance: Array) -> tuple[Array, Array, Array]:
        """Matrix and residual of the Newton step in relative units, and the traffic in s⁻¹.

        The equation of each ion's ground level is replaced by the conservation of that ion.
        """
        pumped = irradiance[:, None] * (y @ np.abs(self._pump).T)
        traffic = y @ np.abs(self._linear).T + pumped + self._products(y) @ np.abs(self._pairs).T
        traffic = np.where(traffic > 0, traffic, 1.0)
        residual = self.rates(y, irradiance) / traffic
        matrix = self.jacobian(y, irradiance) * y[:, None, :] / traffic[:, :, None]
        matrix += (y == 0)[:, None, :] * np.eye(y.shape[1])
        matrix[:, self._ground_rows] = self._members * y[:, None, :] / self._totals[:, None]
        residual[:, self._ground_rows] = y @ self._members.T / self._totals - 1
        return matrix, residual, traffic
