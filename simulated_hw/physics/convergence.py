"""The one error of equations that could not be solved."""

from __future__ import annotations

from antistokes.instruments.errors import AntistokesError


class ConvergenceError(AntistokesError):
    """The rate equations could not be solved to their accuracy; there is no number then.

    :param problem: what was not found
    :param irradiance: at which irradiance, W/cm²
    :param level: the level furthest from solved
    """

    def __init__(self, problem: str, irradiance: float, level: str) -> None:
        super().__init__(f"{problem} at {irradiance:.6g} W/cm², worst at level {level}")
