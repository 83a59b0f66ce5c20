"""Steady states of a network of events, on the branch that starts in the dark.

The unknowns are z = ln(y), and every equation is ln(gain/loss) = 0 of one level, or ln(sum/total) = 0 of
one ion in place of that of its ground level. Gains and losses are sums of positive terms
exp(ln(k) + M·z + x), with x = ln(irradiance) only where the pump drives the term, so that

* nothing cancels: a population of 1e-16 gets as many digits as one of 0.1;
* where one term dominates, which is a power law, the equations are linear and Newton's method is exact.

The branch is followed in x by Euler's prediction and Newton's correction (Allgower and Georg,
Introduction to Numerical Continuation Methods, SIAM 2003, chapter 6). A step counts only if Newton's steps
are small and shrink, and if it agrees with the slopes at its two ends: else another steady state was found,
or the branch folds back (hysteresis), where it ends and :class:`ConvergenceError` says so. A fold so slight
that the populations before and after it lie on one smooth curve may be stepped over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.linalg.lapack import dgesv

from .convergence import ConvergenceError
from .network import Network
from .processes import Array

_WEAK = 0.05  # share of an ion that is excited where the branch begins
_FLOOR = 1e-14  # share of the irradiance for this, below which populations are pure powers of it
_TOLERANCE = 1e-7  # last Newton step, in ln(y); convergence is quadratic, so the error left is ~1e-13
_ROUNDED = 1e-5  # one step after such a one, only rounding is left
_ROUGH = 0.1  # the same while the branch is followed
_LEAP = 2.0  # largest first correction of a prediction, in ln(y): beyond, it may be another branch's
_GAP = 0.3  # largest, in ln(y), between a step and what the slopes at its two ends say: beyond, it is a jump
_STEP = 3.0  # first step, in ln(irradiance)
_WEAKER = 10.0 ** -np.arange(0, 25, 2)  # shares of the irradiance for this, tried until one is weak enough
_SHORTEST_STEP = 1e-6
_TRACE = 1e-200  # of an ion that is excited: products of two such vanish
_ITERATIONS = 40


class _Solution(NamedTuple):
    """Populations (n, m), their slopes d ln(y)/d ln(irradiance), and how far from solved they are (n, m)."""

    populations: Array
    slopes: Array
    error: Array


class _Point(NamedTuple):
    """A point of the branch: ln(irradiance), ln(populations) and slopes (m,)."""

    x: float
    z: Array
    slope: Array


class Branch:
    """Steady states under irradiances above zero; the branch is followed as far as is ever asked for.

    Arrays are about the m levels that ions get to, and t terms.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._reached = np.flatnonzero(network.occupied)
        m = len(self._reached)
        rank = np.append(np.cumsum(network.occupied) - 1, m)
        events = np.append(network.occupied, True)[network.reactants].all(axis=0)
        r = int(events.sum())

        # terms: the events, then the populations for the sums of the ions, then the constant 1
        self._factors = np.full((len(network.reactants), r + m + 1), m)
        self._factors[:, :r] = rank[network.reactants[:, events]]
        self._factors[0, r:-1] = np.arange(m)
        self._rate = np.append(network.rate[events], np.ones(m + 1))
        self._pumped = np.append(network.pumped[events], np.zeros(m + 1, dtype=bool))

        change = np.zeros((m, r + m + 1))
        change[:, :r] = network.change[np.ix_(self._reached, events)]
        sides = np.array([np.maximum(change, 0), np.maximum(-change, 0)])  # gain, loss: (2, m, t)
        ions = network.totals > 0
        ground = rank[network.ground_rows[ions]]
        sides[:, ground] = 0
        sides[0, ground, r:-1] = network.members[np.ix_(ions, self._reached)] / network.totals[ions, None]
        sides[1, ground, -1] = 1

        self._order = np.zeros((r + m + 1, m + 1))  # of terms in the populations and, last, the irradiance
        for factor in self._factors:
            self._order[np.arange(len(factor)), factor] += 1
        self._order[:, m] = self._pumped
        self._sides = sides.reshape(2 * m, -1)
        self._sums = self._sides.T.copy()

        self._ground = np.append(network.ground[self._reached], 1.0)
        self._excited = np.flatnonzero(self._ground == 0)
        self._gain = self._sums[:, self._excited]
        self._shares = sides[0, ground, r:-1]
        with np.errstate(all="ignore"):
            self._response = self._dark_response()
            fed = [(self._terms(self._ground[None], self._rates(i)) @ self._gain)[0] for i in (0.0, 1.0)]
            linear = self._response @ (fed[1] - fed[0])  # what each W/cm² adds, as long as it is weak
            weak = _WEAK / np.max(self._shares[:, self._excited] @ linear, initial=0)
            self._weak = weak if 0 < weak < np.inf else 1.0
            self._powers = self._leading_powers()
            self._leading_order = self._leading_populations()
        self._floor = np.log(_FLOOR * self._weak)
        self._points: tuple[_Point, ...] = ()

    def at(self, irradiance: Array) -> Array:
        """Populations (n, all levels) at irradiances (n,) above 0, in W/cm².

        :raises ConvergenceError: when the branch cannot be followed that far
        """
        if not len(self._excited) or not len(irradiance):
            return np.tile(self._network.ground, (len(irradiance), 1))
        with np.errstate(all="ignore"):  # what overflows does not converge, and is reported
            x = np.log(irradiance)
            inside = np.maximum(x, self._floor)
            points = self._follow(inside.min(), inside.max())
            found = self._newton(_predicted(points, inside), np.exp(inside), _TOLERANCE)
            solved = found.error < _ROUNDED
            if not solved.all():
                row = int(solved.all(axis=1).argmin())
                raise self._failure(irradiance[row], found.error[row])
            result = np.zeros((len(x), len(self._network.levels)))
            result[:, self._reached] = found.populations * np.exp(found.slopes * (x - inside)[:, None])
        return result

    def sizes(self, start: Array, irradiance: float) -> Array:
        """How large populations (all levels) may get from *start* at an irradiance in W/cm², above zero."""
        most = self._network.totals @ self._network.members
        sizes = start.copy()
        if irradiance > 0:
            with np.errstate(all="ignore"):
                sizes[self._reached] = np.maximum(sizes[self._reached], self._leading(irradiance))
        sizes = np.where(sizes > 0, np.minimum(sizes, most), most)
        return np.where(sizes > 0, sizes, 1.0)

    def _follow(self, lowest: float, highest: float) -> tuple[_Point, ...]:
        """The branch between two ln(irradiance), or beyond."""
        known = self._points or (self._beginning(float(np.exp(highest))),)
        below = self._walk(known[0], lowest, -1)
        self._points = (*reversed(below), *known, *self._walk(known[-1], highest, 1))
        return self._points

    def _walk(self, point: _Point, target: float, direction: int) -> list[_Point]:
        """Further points from *point* to *target*, if that lies in this direction."""
        points: list[_Point] = []
        step = _STEP
        while (left := direction * (target - point.x)) > 0:
            x = target if step >= left else point.x + direction * step
            guess = np.exp(point.z + (x - point.x) * point.slope)
            found = self._newton(guess[None], np.exp([x]), _ROUGH, _LEAP)
            next_point = _Point(x, np.log(found.populations[0]), found.slopes[0])
            gap = next_point.z - point.z - (x - point.x) * (point.slope + next_point.slope) / 2
            if found.error.max() < _ROUGH and np.abs(gap).max() < _GAP:
                point = next_point
                points.append(point)
                step *= 2
            elif (step := min(step, left) / 2) < _SHORTEST_STEP:
                raise self._failure(np.exp(target if direction < 0 else x), found.error[0])
        return points

    def _beginning(self, asked: float) -> _Point:
        """Under an excitation weak enough for the leading order to be near; *asked* is for the message."""
        for share in _WEAKER:
            irradiance = np.array([self._weak * share])
            for guess in (self._leading, self._fed):
                found = self._newton(guess(irradiance[0])[None], irradiance, _ROUGH, _LEAP)
                if found.error.max() < _ROUGH:
                    return _Point(np.log(irradiance[0]), np.log(found.populations[0]), found.slopes[0])
        raise self._failure(asked, found.error[0])

    def _leading(self, irradiance: float) -> Array:
        """Populations (m,) to leading order in the irradiance, in W/cm²."""
        leading: Array = self._leading_order * (irradiance / self._weak) ** self._powers[:-1]
        return leading

    def _fed(self, irradiance: float) -> Array:
        """Populations (m,) by every route, where a route of more photons outdoes that of the fewest."""
        padded, rate = np.append(self._leading(irradiance), 1.0), self._rates(irradiance)
        excited_factors = np.isin(self._factors, self._excited).sum(axis=0)
        rate = np.where((excited_factors == 1) & ~self._pumped, 0.0, rate)  # those are in the response
        for _ in self._excited:  # each round adds an order
            padded[self._excited] = self._response @ (self._terms(padded[None], rate) @ self._gain)[0]
        return padded[:-1]

    def _leading_powers(self) -> Array:
        """Fewest photons that fill each level, (m + 1,): its power of a weak irradiance; 0 for the 1."""
        powers = np.where(self._ground > 0, 0.0, np.inf)
        not_gained = np.where(self._gain > 0, 0.0, np.inf)
        while True:
            fewest = (self._powers_of_terms(powers)[:, None] + not_gained).min(axis=0)
            if not (fewest < powers[self._excited]).any():
                return powers
            powers[self._excited] = np.minimum(powers[self._excited], fewest)

    def _leading_populations(self) -> Array:
        """Populations (m,) to leading order where the branch begins, by every route of the fewest photons.

        Levels are filled in the order of their powers: what feeds a power is of lower ones, but for the
        linear processes in the dark, which the response has in it.
        """
        padded, rate, powers = self._ground.copy(), self._rates(self._weak), self._powers[self._excited]
        of_terms = self._powers_of_terms(self._powers)
        for power in np.unique(powers):
            terms = self._terms(padded[None], rate)[0]
            fed = np.where(of_terms == power, terms, 0.0) @ self._gain
            padded[self._excited[powers == power]] = (self._response @ fed)[powers == power]
        return padded[:-1]

    def _powers_of_terms(self, powers: Array) -> Array:
        """Powers (t,) of the terms when those of the populations are (m + 1,)."""
        of_terms: Array = powers.take(self._factors).sum(axis=0) + self._pumped
        return of_terms

    def _dark_response(self) -> Array:
        """Populations of the excited levels per rate at which each is fed, few of them, in s."""
        m = len(self._reached)
        padded = np.where(self._ground > 0, self._ground, _TRACE)
        slopes = (self._sides * self._terms(padded[None], self._rates(0.0))) @ self._order
        gain, loss = slopes.reshape(2, m, m + 1)[:, self._excited][:, :, self._excited] / _TRACE
        decay = loss - gain
        decay[np.diag_indices(len(decay))] += decay.diagonal() <= 0
        return _solve(decay[None], np.eye(len(decay))[None])[0]

    def _rates(self, irradiance: float | Array) -> Array:
        return np.where(self._pumped, self._rate * irradiance, self._rate)

    def _terms(self, padded: Array, rate: Array) -> Array:
        """Terms (n, t) of populations (n, m + 1), the last of which is 1."""
        terms = rate * padded.take(self._factors[0], axis=1)
        for factor in self._factors[1:]:
            terms *= padded.take(factor, axis=1)
        return terms

    def _newton(self, y: Array, irradiance: Array, tolerance: float, leap: float = np.inf) -> _Solution:
        """Refine populations (n, m) at irradiances (n,).

        :param leap: largest first step, in ln(y), after which each must be less than half of the last;
            infinite for any
        """
        n, m = y.shape
        padded = np.ones((n, m + 1))
        populations = padded[:, :m]
        populations[:] = y
        rate = self._rates(irradiance[:, None])
        system = np.empty((n, m, m + 2))  # derivatives by z and by x, then the equations
        matrix, right = system[:, :, :m], system[:, :, m:]
        derivatives, residual = system[:, :, : m + 1], system[:, :, m + 1]
        last = np.inf
        for _ in range(_ITERATIONS):
            terms = self._terms(padded, rate)
            sides = terms @ self._sums
            slopes = (self._sides * terms[:, None, :]) @ self._order
            slopes /= sides[:, :, None]
            np.subtract(slopes[:, m:], slopes[:, :m], out=derivatives)
            np.log(sides[:, :m] / sides[:, m:], out=residual)
            solved = _solve(matrix, right)
            step = solved[:, :, 1]
            populations *= np.exp(step)
            error = np.abs(step)
            largest = error.max()
            if largest < tolerance or last < _ROUNDED or not largest < leap:
                break
            last, leap = largest, leap if leap == np.inf else largest / 2
        if not largest < np.inf:
            error = np.abs(residual)
        return _Solution(populations, -solved[:, :, 0], error)

    def _failure(self, irradiance: float, error: Array) -> ConvergenceError:
        trapped = self._network.trapped[self._reached]
        size = np.where(np.isnan(error), np.inf, error)
        if trapped.any():
            size[~trapped] = -1
        level = self._network.levels[self._reached[size.argmax()]]
        return ConvergenceError("no steady state found", irradiance, level)


def _solve(matrix: Array, right: Array) -> Array:
    """x with matrix·x = right, for (n, m, m) and (n, m, k); nan where there is none."""
    if len(matrix) == 1 and matrix.size:  # spares what numpy does around LAPACK, which is most of the time
        _, _, x, info = dgesv(matrix[0], right[0])
        return x[None] if info == 0 else np.full(right.shape, np.nan)
    try:
        return np.asarray(np.linalg.solve(matrix, right), dtype=float)
    except np.linalg.LinAlgError:
        return np.full(right.shape, np.nan)


def _predicted(points: tuple[_Point, ...], x: Array) -> Array:
    """Populations (n, m) at ln(irradiances) (n,): power laws from the points below."""
    xs, zs, slopes = (np.array(column) for column in zip(*points, strict=True))
    j = np.maximum(xs.searchsorted(x, side="right") - 1, 0)
    guess: Array = np.exp(zs[j] + slopes[j] * (x - xs[j])[:, None])
    return guess
