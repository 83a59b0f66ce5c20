import math
from fractions import Fraction

import numpy as np
import pytest

from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, Transfer, photons
from antistokes.simulated_hw.physics.rate_equations import RateEquations
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


def test_photon_flux_of_one_watt_at_980_nm():
    assert photons(1.0, 980.0) == pytest.approx(4.9334e18, rel=1e-4)


@pytest.mark.parametrize("emission", [0.0, 0.8e-20])
def test_two_level_steady_state_is_the_analytic_one(emission):
    irradiance = np.array([1e-6, 1.0, 1e3, 1e5])
    up, down = 1e-20 * photons(irradiance, 980.0), emission * photons(irradiance, 980.0)
    found = two_level(emission).steady_state(irradiance)
    np.testing.assert_allclose(found[:, 1], 0.2 * up / (up + down + 500.0), rtol=1e-12)


def test_a_saturated_pair_of_levels_has_the_ratio_of_the_cross_sections():
    assert two_level(emission=0.8e-20).steady_state(1e12)[0, 1] == pytest.approx(0.2 / 1.8, rel=1e-8)
    assert two_level().steady_state(1e12)[0, 1] == pytest.approx(0.2, rel=1.1e-8)


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
    y = yber.steady_state(irradiance)
    for ion, total in TOTALS.items():
        of_ion = [level.startswith(ion) for level in yber.levels]
        np.testing.assert_allclose(y[:, of_ion].sum(axis=1), total, rtol=1e-10)


@pytest.mark.parametrize("irradiance", [1e-12, 1e-6, 1e-3, 1.0, 1e2, 1e5])
def test_every_population_is_good_to_1e_8_however_small(yber, irradiance):
    """The residual in exact arithmetic, divided by how fast each level empties, bounds the error."""
    y = yber.steady_state(irradiance)[0]
    network = yber._network
    exact = [*(Fraction(float(value)) for value in y), Fraction(1)]
    residual = [Fraction(0)] * len(y)
    for rate, pumped, reactants, change in zip(
        network.rate, network.pumped, network.reactants.T, network.change.T, strict=True
    ):
        events = Fraction(float(rate)) * (Fraction(irradiance) if pumped else 1)
        events *= math.prod(exact[i] for i in reactants)
        residual = [r + Fraction(int(c)) * events for r, c in zip(residual, change, strict=True)]
    excited = yber.ground == 0
    jacobian = yber.jacobian(y, irradiance)
    conservation = np.array([[level.startswith(ion) for level in yber.levels] for ion in TOTALS], dtype=float)
    traffic = np.abs(jacobian[excited] * y).sum(axis=1)
    relative = np.vstack([jacobian[excited] / traffic[:, None], conservation]) * y
    error = [
        *(np.array([float(r) for r in residual])[excited] / traffic),
        *(conservation @ y - list(TOTALS.values())),
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
    np.testing.assert_allclose(y.sum(axis=1), sum(TOTALS.values()), rtol=1e-10)
    assert y.min() > -1e-15


@pytest.mark.parametrize("end", [1e4, 1e8])
def test_a_long_evolution_keeps_the_ions_and_ends_in_the_steady_state(yber, end):
    late = yber.evolve([0.0, end], 1e4, rtol=1e-9)[-1]
    np.testing.assert_allclose([late[:2].sum(), late[2:].sum()], list(TOTALS.values()), rtol=1e-12)
    np.testing.assert_allclose(late, yber.steady_state(1e4)[0], rtol=1e-9)


def test_an_evolution_is_as_good_as_it_says(yber):
    times = np.concatenate([[0.0, 2e-4], 2e-4 + np.geomspace(1e-8, 2e-2, 99)])
    usual, fine = (yber.evolve(times, [(0.0, 200.0), (2e-4, 0.0)], **rtol) for rtol in ({}, {"rtol": 1e-11}))
    largest = fine.max(axis=0)
    assert np.all(np.abs(usual - fine) <= 1e-6 * largest)
    kept = fine > 1e-4 * largest
    assert np.all(np.abs(usual / np.where(kept, fine, 1) - 1)[kept] <= 2e-4)


def test_one_time_is_the_start(yber):
    np.testing.assert_array_equal(yber.evolve([0.5], 10.0), yber.ground[None])


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


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_irradiances_that_no_laser_has_are_refused(wrong):
    for ask in (two_level().steady_state, lambda value: two_level().evolve([0.0, 1.0], value)):
        with pytest.raises(ValueError, match="irradiance is .* W/cm²; allowed is 0 and more"):
            ask(wrong)


@pytest.mark.parametrize(
    ("times", "pump", "options", "message"),
    [
        ([0.0, np.inf], 1.0, {}, "times are 0 to inf s; allowed are finite ones"),
        ([0.0, 1.0], [(np.nan, 1.0)], {}, "a step of the pump is at nan s; allowed are finite times"),
        ([0.0, 1.0], 1.0, {"rtol": 1e-13}, "rtol is 1e-13; allowed is 1e-12 to 0.01"),
        ([0.0, 1.0], 1.0, {"rtol": 0.1}, "rtol is 0.1; allowed is 1e-12 to 0.01"),
        ([0.0, 1.0], 1.0, {"rtol": np.nan}, "rtol is nan; allowed is 1e-12 to 0.01"),
        ([0.0, 1.0], 1.0, {"start": [0.2]}, r"the start have shape \(1,\); allowed is \(2,\)"),
        ([0.0, 1.0], 1.0, {"start": [0.2, np.nan]}, "population of A:1 is nan; allowed are finite ones"),
        ([0.0, 1.0], 1.0, {"start": [0.2, 0.1]}, "ion of A:0 sum to 0.3 at the start; .* its total, 0.2"),
    ],
)
def test_evolutions_that_mean_nothing_are_refused(times, pump, options, message):
    with pytest.raises(ValueError, match=message):
        two_level().evolve(times, pump, **options)


A, B = Ion(0.2, ("A:0", "A:1")), Ion(0.1, ("B:0",))


@pytest.mark.parametrize(
    ("ions", "decays", "transfers", "message"),
    [
        ([A, Ion(0.1, ("A:1",))], [], [], "level A:1 is there twice"),
        ([Ion(0.1, ())], [], [], "an ion with a total of 0.1 has no levels"),
        ([Ion(-0.1, ("A:0",))], [], [], "total of the ion of A:0 is -0.1; allowed is 0 and more"),
        ([Ion(np.nan, ("A:0",))], [], [], "total of the ion of A:0 is nan; allowed is 0 and more"),
        ([A], [Decay("A:2", "A:0", 0.0)], [], "level A:2 of the decay A:2 -> A:0 is unknown; .* A:0, A:1$"),
        (
            [A],
            [],
            [Transfer(("A:1",), ("A:0",), 1.0)],
            "the transfer A:1 -> A:0 is of 1 ions; allowed are 2 and 3",
        ),
        ([A], [], [Transfer(4 * ("A:1",), 4 * ("A:0",), 1.0)], "A:0 is of 4 ions; allowed are 2 and 3"),
        ([A, B], [], [Transfer(("A:1", "B:0"), ("A:0",), 1.0)], "transfer changes the number of ions"),
    ],
)
def test_ions_and_processes_that_mean_nothing_are_refused(ions, decays, transfers, message):
    with pytest.raises(ValueError, match=message):
        RateEquations(ions, decays, transfers)


@pytest.mark.parametrize("rate", [-1.0, np.nan, np.inf])
def test_rates_that_are_none_are_refused(rate):
    with pytest.raises(ValueError, match="rate of the decay A:1 -> A:0 is .*; allowed is 0 s⁻¹ and more"):
        RateEquations([Ion(0.2, ("A:0", "A:1"))], [Decay("A:1", "A:0", rate)])


def test_no_irradiance_gives_no_populations(yber):
    assert yber.steady_state([]).shape == (0, len(yber.levels))
