"""Thresholds of simulated lasers, as a straight line far above finds them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.lasing_threshold import extrapolated_threshold, extrapolation_bias
from antistokes.simulated_hw.physics.lasing import photon_number, pump_ratio

P_TH = 4.7  # W/cm²


@pytest.mark.parametrize(("coupling", "threshold"), [(1e-2, 4.636), (1e-3, 4.694), (0.1, 4.088)])
def test_straight_line_finds_too_low_a_threshold(coupling, threshold):
    pump = P_TH * np.geomspace(3, 20, 50)
    found = extrapolated_threshold(pump, 1e3 * photon_number(pump / P_TH, coupling))
    assert found == pytest.approx(threshold, abs=5e-4)
    assert found / extrapolation_bias(coupling) == pytest.approx(P_TH, rel=1e-9)


@pytest.mark.parametrize(("high", "thresholds"), [(10, (4.63, 4.69, 4.04)), (100, (4.64, 4.69, 4.15))])
def test_bias_depends_on_the_range_of_the_fit(high, thresholds):
    found = [P_TH * extrapolation_bias(coupling, 3, high) for coupling in (1e-2, 1e-3, 0.1)]
    assert found == pytest.approx(thresholds, abs=5e-3)


@pytest.mark.parametrize(("order", "right", "naive"), [(2, 0.995, 3.0), (3, 0.997, 3.8)])
def test_two_and_three_photon_thresholds_need_the_power_of_the_pump(order, right, naive):
    fluence = np.linspace(3, 10, 20)
    s = photon_number(pump_ratio(fluence, 1.0, order), 1e-2)
    assert extrapolated_threshold(fluence, s, order) == pytest.approx(right, abs=5e-4)
    assert extrapolated_threshold(fluence, s) == pytest.approx(naive, abs=0.05)


def test_correction_forgives_a_range_that_was_only_guessed():
    fluence = 3.4 * np.geomspace(3.5, 17, 12) ** 0.5
    s = photon_number(pump_ratio(fluence, 3.4, 2), 1e-2)
    found = extrapolated_threshold(fluence, s, 2) / extrapolation_bias(1e-2, order=2)
    assert found == pytest.approx(3.4, rel=1e-3)


def test_bias_tends_to_its_asymptote():
    for order in (1, 2):
        assert extrapolation_bias(0.01, 1e3, 1e5, order) == pytest.approx(0.99 ** (1 / order), rel=1e-4)
    assert extrapolation_bias(1e-9) == pytest.approx(1, abs=1e-8)


def test_bias_is_small_where_little_light_goes_into_the_mode():
    rng = np.random.default_rng(150)
    for _ in range(50):
        coupling = 10 ** rng.uniform(-6, -1)
        low, high = np.sort(rng.uniform(2, 50, 2))
        assert 1 - 2 * coupling < extrapolation_bias(coupling, low, high + 1) < 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: extrapolated_threshold([2.0, 2.0], [1.0, 1.0]), "a line needs at least 2 different ones"),
        (lambda: extrapolated_threshold([], []), "pump takes 0 value"),
        (
            lambda: extrapolated_threshold([2.0, 3.0], [2.0, 1.0]),
            "slope against pump.* is -1; must be above",
        ),
        (
            lambda: extrapolated_threshold([2.0, 3.0], [9.0, 10.0]),
            "no signal at pump.m = -7; must be above",
        ),
        (lambda: extrapolated_threshold([-2.0, 3.0], [1.0, 2.0], 1.5), "the pump not negative"),
        (lambda: extrapolated_threshold([2.0, 3.0], [1.0, np.nan]), "must be finite"),
        (lambda: extrapolation_bias(0.0), "coupling = 0; must be above 0, at most 1"),
        (lambda: extrapolation_bias(0.1, 0.5, 20.0), "p from 0.5 to 20; must rise from at least 1"),
    ],
)
def test_what_gives_no_threshold_is_refused(call: Callable[[], float], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        call()
