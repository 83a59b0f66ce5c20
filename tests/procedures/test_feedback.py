"""Steering towards a colour, without instruments."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.procedures.feedback import (
    amounts,
    corrected_powers,
    exponents,
    nearest_on_track,
    nearest_shares,
)

CORNERS = np.array([[0.14, 0.10], [0.22, 0.76], [0.73, 0.27]])


def test_a_colour_inside_is_mixed_and_its_parts_are_found_again() -> None:
    target = np.array([0.333, 0.333])
    shares = nearest_shares(target, CORNERS)
    np.testing.assert_allclose(shares @ CORNERS, target, atol=1e-6)
    parts = np.column_stack([CORNERS, 1 - CORNERS.sum(axis=1)])
    np.testing.assert_allclose(amounts(5 * shares @ parts, CORNERS), 5 * shares, atol=1e-9)


def test_a_colour_outside_has_its_nearest_on_the_edge_or_the_corner() -> None:
    middle = (CORNERS[0] + CORNERS[1]) / 2
    normal = np.array([-(CORNERS[1] - CORNERS[0])[1], (CORNERS[1] - CORNERS[0])[0]])
    shares = nearest_shares(middle + 0.2 * normal, CORNERS)
    np.testing.assert_allclose(shares, [0.5, 0.5, 0], atol=1e-4)
    np.testing.assert_allclose(nearest_shares(np.array([0.1, 0.9]), CORNERS), [0, 1, 0], atol=1e-4)


def test_the_nearest_of_a_track_lies_between_its_points_or_at_its_end() -> None:
    track = np.array([[0.5, 0.45], [0.3, 0.65], [0.4, 0.55]])
    position, nearest = nearest_on_track(np.array([0.36, 0.61]), np.array([2.0, 0.0, 1.0]), track)
    assert position == pytest.approx(0.5)
    np.testing.assert_allclose(nearest, [0.35, 0.60])
    assert nearest_on_track(np.array([0.9, 0.0]), np.array([2.0, 0.0, 1.0]), track)[0] == 2.0


def test_powers_follow_the_measured_exponent_in_steps_that_are_not_too_large() -> None:
    powers = np.array([[1.0, 1.0, 0.0], [2.0, 1.01, 1.0]])
    signals = np.array([[1.0, 1.0, 0.0], [8.0, 1.5, 1.0]])
    slope = exponents(powers, signals, np.full(3, 2.0))
    np.testing.assert_allclose(slope, [3.0, 2.0, 2.0])
    new = corrected_powers(powers[1], signals[1], np.array([64.0, 1.5, 1e9]), slope)
    np.testing.assert_allclose(new, [4.0, 1.01, 5.0])
