import math

import numpy as np
import pint
import pytest
from scipy.integrate import solve_ivp

from antistokes.simulated_hw.physics.avalanche import AvalancheIon, threshold_rate

TM = AvalancheIon()
EASY = AvalancheIon(contrast=1e3)  # ground-state absorption ten times stronger
GRID = 10 ** (3 + np.arange(61) / 20)  # W/cm²


def emission(ion: AvalancheIon, fraction: float, irradiance: np.ndarray) -> np.ndarray:
    return ion.equations(fraction).steady_state(irradiance)[:, 2]


def slopes(y: np.ndarray, irradiance: np.ndarray) -> np.ndarray:
    return np.diff(np.log(y)) / np.diff(np.log(irradiance))


@pytest.mark.parametrize(("fraction", "kilowatts"), [(0.08, 24.88), (0.01, 39.10)])
def test_threshold(fraction, kilowatts):
    assert TM.threshold(fraction) == pytest.approx(1e3 * kilowatts, abs=5)


def test_a_dilute_sample_has_no_threshold():
    assert TM.threshold(0.0005) == math.inf
    assert TM.threshold([0.0, 0.08]) == pytest.approx([math.inf, 24876.5], abs=0.5)


def test_units_of_the_threshold():
    unit: pint.UnitRegistry = pint.UnitRegistry()
    s = 3.23e5 * 0.08
    rate = 125.0 / ((87.0 + 2 * s) / (870.0 + s) - 1) / unit.s
    energy = unit.planck_constant * unit.speed_of_light / (1064 * unit.nm)
    expected = (rate * energy / (1e-21 * unit.cm**2)).m_as("W/cm^2")
    assert TM.threshold(0.08) == pytest.approx(expected, rel=1e-9)


def test_threshold_is_where_the_linearised_loop_stops_decaying():
    rng = np.random.default_rng(2)
    for _ in range(50):
        w2, w3, a, s = 10 ** rng.uniform(0, 4), 10 ** rng.uniform(0, 5), rng.random(), 10 ** rng.uniform(0, 6)
        r2 = float(threshold_rate(w2, w3, a, s))
        if not math.isfinite(r2):
            assert s <= (1 - a) * w3
            continue
        loop = np.array([[-r2 - w2, a * w3 + 2 * s], [r2, -w3 - s]])
        assert abs(np.linalg.det(loop)) < 1e-9 * (r2 + w2) * (w3 + s)


def test_threshold_falls_with_content_and_loops_that_lose_nothing_start_at_zero():
    assert np.all(np.diff(TM.threshold(np.geomspace(0.003, 1, 50))) < 0)
    assert threshold_rate(0.0, 870.0, 0.1, 1e5) == 0
    assert threshold_rate([125.0], 870.0, 0.1, []).shape == (0,)


@pytest.mark.parametrize(
    ("ion", "fraction", "on_grid"),
    [(TM, 0.08, 45.49), (EASY, 0.08, 28.42), (TM, 0.01, 28.66), (TM, 0.0005, 1.97)],
)
def test_steepest_slope_between_20_points_per_decade(ion, fraction, on_grid):
    assert slopes(emission(ion, fraction, GRID), GRID).max() == pytest.approx(on_grid, abs=0.01)


@pytest.mark.parametrize(
    ("ion", "fraction", "least", "most"), [(TM, 0.08, 36, 55), (EASY, 0.08, 24, 35), (TM, 0.01, 23, 32.4)]
)
def test_where_the_grid_starts_decides_what_slope_is_seen(ion, fraction, least, most):
    found = []
    for offset in np.arange(20) / 20:
        irradiance = GRID * 10 ** (offset / 20)
        found.append(slopes(emission(ion, fraction, irradiance), irradiance).max())
    assert [min(found), max(found)] == pytest.approx([least, most], abs=0.5)


@pytest.mark.parametrize(
    ("ion", "fraction", "true"), [(TM, 0.08, 192), (EASY, 0.08, 61), (TM, 0.01, 53), (EASY, 0.01, 17)]
)
def test_true_derivative_at_its_steepest(ion, fraction, true):
    irradiance = float(ion.threshold(fraction)) * np.linspace(0.98, 1.02, 4001)
    found = slopes(emission(ion, fraction, irradiance), irradiance)
    assert found.max() == pytest.approx(true, abs=0.6)
    middle = irradiance[found.argmax()]
    assert middle == pytest.approx(float(ion.threshold(fraction)), rel=5e-3)


def test_without_avalanche_emission_goes_with_the_square():
    irradiance = np.geomspace(1, 1e3, 31)
    found = slopes(emission(TM, 0.0005, irradiance), irradiance)
    assert found[0] == pytest.approx(2, abs=1e-4)
    assert np.all(np.diff(found) < 0)


@pytest.mark.parametrize(
    ("irradiance", "seconds"), [(1e3, 0.025), (23e3, 0.320), (25e3, 5.118), (50e3, 0.0741)]
)
def test_emission_takes_its_time_near_threshold(irradiance, seconds):
    equations = TM.equations(0.08)
    final = equations.steady_state(irradiance)[0, 2]
    times = np.linspace(0, 4 * seconds, 4001)
    rising = equations.evolve(times, irradiance)[:, 2]
    assert np.interp(0.95 * final, rising, times) == pytest.approx(seconds, rel=2e-3)


def test_slow_rise_by_an_independent_integration():
    w2, w3, a, s = 125.0, 870.0, 0.1, 3.23e5 * 0.08
    r2 = 25e3 / (6.62607015e-34 * 299792458 / 1064e-9) * 1e-21

    def rates(_, y):
        n1 = 1 - y[0] - y[1]
        gained = s * n1 * y[1]
        return [
            1e-4 * r2 * n1 - (r2 + w2) * y[0] + a * w3 * y[1] + 2 * gained,
            r2 * y[0] - w3 * y[1] - gained,
        ]

    times = np.linspace(0, 20, 20001)
    y = solve_ivp(rates, (0, 20), [0, 0], t_eval=times, method="Radau", rtol=1e-8, atol=1e-14).y[1]
    assert np.interp(0.95 * y[-1], y, times) == pytest.approx(5.118, abs=0.01)
    assert np.interp(0.90 * y[-1], y, times) == pytest.approx(4.357, abs=0.01)
    ours = TM.equations(0.08).steady_state(25e3)[0, 2] / 0.08
    assert y[-1] == pytest.approx(ours, rel=1e-5)


def test_no_more_light_comes_out_than_goes_in():
    irradiance = np.geomspace(1e-3, 1e8, 60)
    for fraction in (0.0005, 0.08):
        equations = TM.equations(fraction)
        y = equations.steady_state(irradiance)
        assert y.min() >= 0
        assert y.max() <= fraction * (1 + 1e-12)
        absorbed = equations.absorbed(y, irradiance)
        # a quantum of 1064 nm, 9398 cm⁻¹; 3F4 at 5828 and 3H4 at 12735 cm⁻¹
        emitted = 125 * y[:, 1] * 5828 + y[:, 2] * (783 * 12735 + 87 * (12735 - 5828))
        assert np.all(emitted < absorbed * 9398)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: TM.threshold(-0.01), "fraction of the cations = -0.01"),
        (lambda: TM.equations(0.0), "fraction of the cations = 0"),
        (lambda: AvalancheIon(branching=1.1), "branching = 1.1"),
        (lambda: AvalancheIon(contrast=0.0), "contrast = 0"),
        (lambda: AvalancheIon(cross_section=-1e-21), "cross-section = -1e-21"),
        (lambda: threshold_rate(125.0, 0.0, 0.1, 1.0), "decay of the upper level = 0"),
        (lambda: threshold_rate(math.nan, 1.0, 0.1, 1.0), "decay of the intermediate level = nan"),
    ],
)
def test_what_no_experiment_has_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
