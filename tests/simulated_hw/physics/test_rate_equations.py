from fractions import Fraction

import numpy as np
import pytest

from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, Transfer, photons
from antistokes.simulated_hw.physics.rate_equations import ConvergenceError, RateEquations
from antistokes.simulated_hw.samples.sample import Sample

TOTALS = {"Yb": 0.171, "Er": 0.019}


@pytest.fixture(scope="module")
def yber() -> RateEquations:
    return Sample.load("yber-micro").mechanism.equations(300.0, 980.0)  # type: ignore[attr-defined]


def two_level(emission: float = 0.0) -> RateEquations:
    ions = [Ion(0.2, ("A:0", "A:1"))]
    return RateEquations(ions, [Decay("A:1", "A:0", 500.0)], [], [Pump("A:0", "A:1", 980.0, 1e-20, emission)])


def avalanche(fraction: float) -> RateEquations:
    """Tm3+ at 1064 nm: weak ground-state absorption, strong excited-state absorption, cross relaxation."""
    decays = [Decay("Tm:2", "Tm:1", 125.0), Decay("Tm:3", "Tm:2", 87.0), Decay("Tm:3", "Tm:1", 783.0)]
    transfers = [Transfer(("Tm:1", "Tm:3"), ("Tm:2", "Tm:2"), 3.23e5)]
    pumps = [Pump("Tm:1", "Tm:2", 1064.0, 1e-25), Pump("Tm:2", "Tm:3", 1064.0, 1e-21)]
    return RateEquations([Ion(fraction, ("Tm:1", "Tm:2", "Tm:3"))], decays, transfers, pumps)


def random_system(seed: int) -> RateEquations:
    """One to three ions with up to seven levels; decays, transfers and pumps that never create energy."""
    rng = np.random.default_rng(seed)
    ions, decays, transfers = [], [], []
    for k in range(rng.integers(1, 4)):
        levels = tuple(f"{k}:{i}" for i in range(rng.integers(2, 8)))
        ions.append(Ion(10 ** rng.uniform(-4, -0.5), levels))
        for i in range(1, len(levels)):
            ends = [j for j in range(i) if j == i - 1 or rng.random() < 0.4]
            decays += [Decay(levels[i], levels[j], 10 ** rng.uniform(1, 6)) for j in ends]
    for _ in range(rng.integers(1, 15)):
        a, b = rng.integers(0, len(ions), 2)
        one, other = ((rng.choice(ions[a].levels), rng.choice(ions[b].levels)) for _ in range(2))
        energy = [sum(int(level[2:]) for level in pair) for pair in (one, other)]
        start, end = (one, other) if energy[0] >= energy[1] else (other, one)
        transfers.append(Transfer(start, end, 10 ** rng.uniform(3, 9)))
    pumps = [Pump("0:0", "0:1", 980.0, 1e-20, 1e-20 * rng.integers(0, 2))]
    if len(ions[-1].levels) > 2:
        pumps.append(Pump(ions[-1].levels[1], ions[-1].levels[2], 980.0, 10 ** rng.uniform(-22, -18)))
    return RateEquations(ions, decays, transfers, pumps)


def conserved(equations: RateEquations, populations: np.ndarray) -> float:
    """Largest relative change of an ion's total against the dark."""
    ions = np.array([level.split(":")[0] for level in equations.levels])
    of_ion = [
        (populations[..., ions == k].sum(axis=-1), equations.ground[ions == k].sum()) for k in set(ions)
    ]
    return max(float(np.abs(found / expected - 1).max()) for found, expected in of_ion)


def test_photon_flux_of_one_watt_at_980_nm():
    assert photons(1.0, 980.0) == pytest.approx(4.9334e18, rel=1e-4)


@pytest.mark.parametrize("emission", [0.0, 0.8e-20])
def test_two_level_steady_state_is_the_analytic_one(emission):
    irradiance = np.array([1e-6, 1.0, 1e3, 1e5])
    up, down = 1e-20 * photons(irradiance, 980.0), emission * photons(irradiance, 980.0)
    found = two_level(emission).steady_state(irradiance)
    np.testing.assert_allclose(found[:, 1], 0.2 * up / (up + down + 500.0), rtol=1e-12)


def test_two_level_pulse_is_the_analytic_one():
    times = np.array([0.0, 1e-3, 2e-3, 3e-3, 5e-3])
    rate = 1e-20 * float(photons(1e4, 980.0))
    found = two_level().evolve(times, [(1e-3, 1e4), (3e-3, 0.0)])[:, 1]
    bright = 0.2 * rate / (rate + 500)
    peak = bright * -np.expm1(-(rate + 500) * 2e-3)
    rise = bright * -np.expm1(-(rate + 500) * 1e-3)
    np.testing.assert_allclose(found, [0, 0, rise, peak, peak * np.exp(-1.0)], rtol=1e-6, atol=0)


def test_jacobian_equals_finite_differences(yber):
    y = np.random.default_rng(1).uniform(0.001, 0.1, len(yber.levels))
    step = 1e-6
    columns = [
        (yber.rates(y + step * unit, 50.0) - yber.rates(y - step * unit, 50.0)) / (2 * step)
        for unit in np.eye(len(y))
    ]
    expected = np.array(columns).T
    np.testing.assert_allclose(yber.jacobian(y, 50.0), expected, rtol=1e-6, atol=1e-3)


def test_two_ions_leave_a_level_that_meets_itself():
    ions = [Ion(0.1, ("A:0", "A:1", "A:2"))]
    equations = RateEquations(ions, [], [Transfer(("A:1", "A:1"), ("A:2", "A:0"), 10.0)])
    rates = equations.rates(np.array([0.05, 0.04, 0.01]), 0.0)
    np.testing.assert_allclose(rates, [0.016, -0.032, 0.016])


def test_ions_are_conserved_over_many_random_irradiances(yber):
    irradiance = 10 ** np.random.default_rng(0).uniform(-6, 5, 500)
    assert conserved(yber, yber.steady_state(irradiance)) < 1e-10


@pytest.mark.parametrize("irradiance", [1e-12, 1e-6, 1e-3, 1.0, 1e2, 1e5])
def test_every_population_is_good_to_1e_8_however_small(yber, irradiance):
    """The residual in exact arithmetic, divided by how fast each level empties, bounds the error."""
    y = yber.steady_state(irradiance)[0]
    exact = [Fraction(float(value)) for value in y]
    residual = np.array(
        [
            float(
                sum(Fraction(float(w)) * v for w, v in zip(yber._linear[i], exact, strict=True))
                + Fraction(irradiance)
                * sum(Fraction(float(p)) * v for p, v in zip(yber._pump[i], exact, strict=True))
                + sum(
                    Fraction(float(s)) * exact[a] * exact[b]
                    for s, a, b in zip(yber._pairs[i], yber._a, yber._b, strict=True)
                )
            )
            for i in range(len(y))
        ]
    )
    excited = yber.ground == 0
    jacobian = yber.jacobian(y, irradiance)
    conservation = np.array([[level.startswith(ion) for level in yber.levels] for ion in TOTALS], dtype=float)
    relative = (
        np.vstack([jacobian[excited] / np.abs(jacobian[excited] * y).sum(axis=1)[:, None], conservation]) * y
    )
    error = [
        *(residual[excited] / np.abs(jacobian[excited] * y).sum(axis=1)),
        *(conservation @ y - [0.171, 0.019]),
    ]
    assert np.abs(np.linalg.solve(relative, error)).max() < 1e-8
    assert y.min() > 0


@pytest.mark.parametrize("irradiance", [0.1, 10.0, 1e4])
def test_newton_equals_a_long_stiff_integration(yber, irradiance):
    integrated = yber.evolve([0.0, 0.5], irradiance)[-1]
    np.testing.assert_allclose(yber.steady_state(irradiance)[0], integrated, rtol=1e-6)


def test_the_order_of_the_irradiances_does_not_matter(yber):
    irradiance = np.geomspace(1e-6, 1e5, 40)
    order = np.random.default_rng(3).permutation(len(irradiance))
    np.testing.assert_allclose(
        yber.steady_state(irradiance[order]), yber.steady_state(irradiance)[order], rtol=1e-12
    )
    alone = np.vstack([yber.steady_state(value) for value in irradiance])
    np.testing.assert_allclose(alone, yber.steady_state(irradiance), rtol=1e-12)


def test_weak_excitation_gives_pure_powers_down_to_nothing(yber):
    y = yber.steady_state([1e-40, 1e-30, 0.0])
    powers = np.log10(y[1] / y[0]) / 10
    expected = {"Yb:2F5/2": 1, "Er:4I11/2": 1, "Er:4S3/2": 2, "Er:4G11/2": 3}
    assert {level: powers[yber.levels.index(level)] for level in expected} == pytest.approx(
        expected, abs=1e-9
    )
    np.testing.assert_array_equal(y[2], yber.ground)


@pytest.mark.parametrize("seed", range(40))
def test_any_system_is_solved_from_dark_to_1e5(seed):
    equations = random_system(seed)
    y = equations.steady_state([0.0, *np.geomspace(1e-6, 1e5, 25)])
    assert y.min() >= 0
    assert conserved(equations, y) < 1e-10


def test_levels_that_no_ion_gets_to_stay_exactly_empty():
    ions = [Ion(0.2, ("A:0", "A:1", "A:2"))]
    decays = [Decay("A:1", "A:0", 500.0), Decay("A:2", "A:1", 1e4)]
    y = RateEquations(ions, decays, [], [Pump("A:0", "A:1", 980.0, 1e-20)]).steady_state([1.0, 1e5])
    np.testing.assert_array_equal(y[:, 2], 0)


@pytest.mark.parametrize(("fraction", "threshold"), [(0.08, 2.488e4), (0.01, 3.910e4)])
def test_avalanche_rises_at_its_analytic_threshold(fraction, threshold):
    irradiance = threshold * np.linspace(0.8, 1.2, 2001)
    population = avalanche(fraction).steady_state(irradiance)[:, 2]
    slope = np.gradient(np.log(population), np.log(irradiance))
    assert slope.max() > 10
    assert irradiance[slope.argmax()] == pytest.approx(threshold, rel=0.02)


def test_no_avalanche_in_a_dilute_sample():
    irradiance = np.geomspace(1e3, 1e5, 201)
    population = avalanche(0.0005).steady_state(irradiance)[:, 2]
    assert np.gradient(np.log(population), np.log(irradiance)).max() == pytest.approx(2.0, abs=0.05)


def test_evolution_keeps_the_ions_and_starts_where_told(yber):
    start = yber.steady_state(100.0)[0]
    y = yber.evolve(np.linspace(0, 0.02, 50), 0.0, start)
    np.testing.assert_array_equal(y[0], start)
    assert conserved(yber, y) < 1e-10
    assert y.min() > -1e-15


def test_one_time_is_the_start(yber):
    np.testing.assert_array_equal(yber.evolve([0.5], 10.0), yber.ground[None])


def test_a_level_without_a_way_down_is_reported_not_guessed():
    ions = [Ion(0.2, ("A:0", "A:1")), Ion(0.2, ("B:0", "B:1"))]
    decays = [Decay("A:1", "A:0", 500.0)]
    trap = Transfer(("A:1", "B:0"), ("A:0", "B:1"), 1e6)
    equations = RateEquations(ions, decays, [trap], [Pump("A:0", "A:1", 980.0, 1e-20)])
    with pytest.raises(ConvergenceError, match=r"no steady state found .* W/cm²"):
        equations.steady_state([1.0])


def test_processes_that_lose_ions_are_refused():
    ions = [Ion(0.2, ("A:0", "A:1")), Ion(0.1, ("B:0", "B:1"))]
    with pytest.raises(ValueError, match="a decay changes the number of ions"):
        RateEquations(ions, [Decay("A:1", "B:0", 500.0)])
    with pytest.raises(ValueError, match="a transfer changes the number of ions"):
        RateEquations(ions, [Decay("A:1", "A:0", 5.0)], [Transfer(("A:1", "B:0"), ("A:0", "A:1"), 1.0)])


def test_times_and_pump_steps_must_increase(yber):
    with pytest.raises(ValueError, match="times must increase"):
        yber.evolve([0.0, 2.0, 1.0], 1.0)
    with pytest.raises(ValueError, match="must follow each other"):
        yber.evolve([0.0, 1.0], [(0.5, 1.0), (0.2, 0.0)])
