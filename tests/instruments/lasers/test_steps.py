"""Ranges in whole steps."""

import pytest

from antistokes.instruments.lasers.steps import range_in_steps


@pytest.mark.parametrize(
    ("limit", "per_unit", "inside"),
    [
        ((0, 100), 10, (0, 100)),
        ((0.01, 33.37), 10, (0.1, 33.3)),
        ((0.3, 8.2), 10, (0.3, 8.2)),
        ((700.4, 900.6), 1, (701, 900)),
        ((0, 0.79999995), 1e6, (0, 0.799999)),
    ],
)
def test_the_range_is_the_steps_inside_the_limit(
    limit: tuple[float, float], per_unit: float, inside: tuple[float, float]
) -> None:
    assert range_in_steps(*limit, per_unit) == inside


def test_every_step_is_in_the_range_it_ends() -> None:
    for steps in range(2000):
        assert range_in_steps(steps / 10, steps / 10, 10) == (steps / 10, steps / 10)
