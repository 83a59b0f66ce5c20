"""Populations under a pump that is switched periodically between two irradiances.

The periodic solution is found by Newton's method on the map of one period; each period is integrated
by the L-stable Rosenbrock method of second order (ROS2: Verwer et al., SIAM J. Sci. Comput. 20, 1456
(1999), γ = 1 − 1/√2), all irradiances together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .rate_equations import ConvergenceError, RateEquations, irradiances

Array = npt.NDArray[np.float64]

_GAMMA = 1 - 1 / np.sqrt(2)
_ITERATIONS = 20
_TOLERANCE = 1e-7  # of each level's largest population
_TINY = 1e-293  # keeps levels that are never reached out of this


def periodic(equations: RateEquations, high: Array, low: Array, width: float, times: Array) -> Array:
    """Populations (n, k, m) at *times* (k,), from 0 to the period in s.

    :param high, low: irradiances (n,) in W/cm² until *width* and from there to the end of the period
    :param width: s; one of *times*
    :raises ConvergenceError: no periodic solution is found
    """
    period = times[-1]
    high, low = irradiances(high), irradiances(low)
    y = equations.steady_state((high * width + low * (period - width)) / period)
    error = np.full_like(y, np.inf)
    with np.errstate(all="ignore"):  # what overflows does not converge, and is reported
        for _ in range(_ITERATIONS):
            try:
                course, change = _one_period(equations, y, high, low, width, times)
                error = np.abs(course[:, -1] - y) / (course.max(axis=1) + _TINY)
                if np.all(error <= _TOLERANCE):
                    return course
                missing = equations.conserved_solution(np.eye(y.shape[1]) - change, course[:, -1] - y)
            except np.linalg.LinAlgError:
                break
            y = np.maximum(y + missing, 0.0)
    error[np.isnan(error)] = np.inf
    row, level = np.unravel_index(error.argmax(), error.shape)
    problem = f"no periodic state found with a period of {period:.3g} s"
    raise ConvergenceError(problem, float(high[row]), equations.levels[level])


def _one_period(
    equations: RateEquations, y: Array, high: Array, low: Array, width: float, times: Array
) -> tuple[Array, Array]:
    """Populations at *times*, and the derivative (n, m, m) of the last with respect to the first."""
    n, m = y.shape
    change = np.tile(np.eye(m), (n, 1, 1))
    course = np.empty((n, len(times), m))
    course[:, 0] = y
    for i, h in enumerate(np.diff(times)):
        irradiance = high if times[i] < width else low
        jacobian = equations.jacobian(y, irradiance)
        inverse = np.linalg.inv(np.eye(m) - _GAMMA * h * jacobian)
        k1 = (inverse @ equations.rates(y, irradiance)[..., None])[..., 0]
        inner = equations.rates(y + h * k1, irradiance) - 2 * k1
        k2 = (inverse @ inner[..., None])[..., 0]
        y = y + h * (1.5 * k1 + 0.5 * k2)
        s1 = inverse @ jacobian
        step = np.eye(m) + h * (2 * s1 - inverse @ s1 + 0.5 * h * s1 @ s1)
        change = step @ change
        course[:, i + 1] = y
    return course, change
