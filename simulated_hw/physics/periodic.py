"""Populations under a pump that is switched periodically between two irradiances.

The periodic solution is found by Newton's method on the map of one period; each period is integrated
by the L-stable Rosenbrock method of second order (ROS2: Verwer et al., SIAM J. Sci. Comput. 20, 1456
(1999), γ = 1 − 1/√2), all irradiances together. Between two such periods, steps whose error is too large
for any level at any irradiance are divided. That error is h³ times the third derivative, 0.040 of it by
ROS2 and 0.043 by what the step leaves of the trapezoidal rule; divided by (1 − γhJ)², as the step is, the
latter is near the former where the step is long for a level too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from antistokes.simulated_hw.waveform import pulse_times

from .convergence import ConvergenceError
from .flow import Flow
from .processes import Array
from .rate_equations import RateEquations, irradiances

_GAMMA = 1 - 1 / np.sqrt(2)
# coefficients of 1, (1 − γhJ)⁻¹ and its square in the derivative of a step by where it begins
_AT_ONE = 1 - 2 / _GAMMA + 0.5 / _GAMMA**2
_AT_INVERSE = 3 / _GAMMA - 1 / _GAMMA**2
_AT_SQUARED = 0.5 / _GAMMA**2 - 1 / _GAMMA
_ITERATIONS = 20
_STEP_ERROR = 3e-4  # of each level's largest population
_LINEAR = 3e-3  # what is missing at the begin of a period, and added to all of it; its square is lost
_STEPS = 20_000  # in a period
_FEWER, _ROUGH_ITERATIONS, _ROUGH = 10, 8, 1e-3  # steps at once to begin with, until so much is missing
_MARGIN = 3.0  # of the error of a step to be divided, so that it is once and with those like it
_PARTS = 8  # into which a step is divided at once
_TINY = 1e-293  # keeps levels that are never reached out of this


def periodic(equations: RateEquations, high: Array, low: Array, width: float, times: Array) -> Array:
    """Populations (n, k, m) at increasing *times* (k,) in s, the last of which is the period.

    However few times are asked for, the steps in between are as fine as the pulse and the levels need: each
    is good to 3e-4 of a level's largest population.

    :param high, low: irradiances (n,) in W/cm² until *width* and from there to the end of the period
    :param width: s
    :raises ConvergenceError: no periodic solution is found, or not in 20 000 steps
    """
    times = np.asarray(times, dtype=float)
    period = float(times[-1])
    grid = np.union1d(pulse_times(width, period), times)
    high, low = irradiances(high), irradiances(low)
    y = equations.steady_state((high * width + low * (period - width)) / period)
    unity = np.eye(y.shape[1])
    pump = [equations.under(irradiance) for irradiance in (high, low)]
    error = np.full_like(y, np.inf)
    with np.errstate(all="ignore"):  # what overflows does not converge, and is reported
        y = _roughly(equations, pump, y, width, grid)
        for _ in range(_ITERATIONS):
            try:
                course, change, step_error = _one_period(pump, y, width, grid)
                missing = equations.conserved_solution(unity - change[:, -1], course[:, -1] - y)
                largest = course.max(axis=1) + _TINY
                error = np.abs(missing) / largest
                rough = np.max(step_error / largest[:, None], axis=(0, 2)) / _STEP_ERROR
                if np.all(error <= _LINEAR) and np.all(rough <= 1):
                    at = np.searchsorted(grid, times)
                    added = (change[:, at] @ missing[:, None, :, None])[..., 0]
                    return np.asarray(np.maximum(course[:, at] + added, 0.0))
                if np.any(rough > 1):
                    grid = _refined(grid, _MARGIN * rough)
                if len(grid) > _STEPS:
                    error = step_error.max(axis=1) / largest
                    break
            except np.linalg.LinAlgError:
                break
            y = np.maximum(y + missing, 0.0)
    error[np.isnan(error)] = np.inf
    row, level = np.unravel_index(error.argmax(), error.shape)
    problem = f"no periodic state found with a period of {period:.3g} s"
    raise ConvergenceError(problem, float(high[row]), equations.levels[level])


def _roughly(equations: RateEquations, pump: Sequence[Flow], y: Array, width: float, grid: Array) -> Array:
    """Where the search with all the steps begins: what one with few of them finds, or else *y*."""
    few = np.union1d(grid[::_FEWER], [width, grid[-1]])
    found = y
    for _ in range(_ROUGH_ITERATIONS):
        try:
            course, change, _error = _one_period(pump, found, width, few)
            missing = equations.conserved_solution(np.eye(y.shape[1]) - change[:, -1], course[:, -1] - found)
        except np.linalg.LinAlgError:
            return y
        found = np.maximum(found + missing, 0.0)
        if np.all(np.abs(missing) <= _ROUGH * (course.max(axis=1) + _TINY)):
            break
    return found if np.all(np.isfinite(found)) else y


def _refined(times: Array, rough: Array) -> Array:
    """*times* (k,) with the steps divided whose error is *rough* (k - 1,) times what is allowed."""
    parts = np.ceil(np.clip(np.cbrt(np.nan_to_num(rough, nan=1.0)), 1, _PARTS)).astype(int)
    step = np.repeat(np.diff(times) / parts, parts)
    inside = np.arange(len(step)) - np.repeat(np.cumsum(parts) - parts, parts)
    return np.append(np.repeat(times[:-1], parts) + inside * step, times[-1])


def _one_period(pump: Sequence[Flow], y: Array, width: float, times: Array) -> tuple[Array, Array, Array]:
    """Populations at *times* (k,), their derivative (n, k, m, m) by the first, the steps' errors.

    :param pump: until *width*, and after it
    """
    n, m = y.shape
    unity = np.eye(m)
    change = np.empty((n, len(times), m, m))
    change[:, 0] = unity
    course = np.empty((n, len(times), m))
    error = np.empty((n, len(times) - 1, m))
    course[:, 0] = y
    flow = pump[0]
    rates, jacobian = flow.at(y)
    for i, h in enumerate(np.diff(times)):
        if flow is pump[0] and times[i] >= width:
            flow = pump[1]
            rates, jacobian = flow.at(y)
        inverse = np.linalg.inv(unity - (_GAMMA * h) * jacobian)
        k1 = (inverse @ rates[..., None])[..., 0]
        inner = flow.at(y + h * k1)[0] - 2 * k1
        k2 = (inverse @ inner[..., None])[..., 0]
        y = y + h * (1.5 * k1 + 0.5 * k2)
        # the step's derivative, 1 + 2·hk − hk·inverse + (hk)²/2 with hk = inverse·hJ = (inverse − 1)/γ
        squared = inverse @ inverse
        step = _AT_ONE * unity + _AT_INVERSE * inverse + _AT_SQUARED * squared
        change[:, i + 1] = step @ change[:, i]
        before = rates
        rates, jacobian = flow.at(y)
        left = y - course[:, i] - 0.5 * h * (before + rates)
        error[:, i] = np.abs(squared @ left[..., None])[..., 0]
        course[:, i + 1] = y
    return course, change, error
