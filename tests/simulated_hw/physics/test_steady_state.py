"""Which steady state is found, and what is said when there is none."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from antistokes.simulated_hw.physics import evolution, rate_equations, steady_state
from antistokes.simulated_hw.physics import periodic as periodic_states
from antistokes.simulated_hw.physics.convergence import ConvergenceError
from antistokes.simulated_hw.physics.periodic import periodic
from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, Transfer, photons
from antistokes.simulated_hw.physics.rate_equations import RateEquations
from antistokes.simulated_hw.samples.sample import Sample

PUMP = [Pump("A:0", "A:1", 980.0, 1e-20)]


def autocatalytic(rate: float) -> RateEquations:
    """Two excited ions excite a third: the second model of Schlögl, Z. Phys. 253, 147 (1972)."""
    third = Transfer(("A:1", "A:1", "A:0"), ("A:1", "A:1", "A:1"), rate)
    return RateEquations([Ion(0.1, ("A:0", "A:1"))], [Decay("A:1", "A:0", 500.0)], [third], PUMP)


def lively() -> RateEquations:
    """Strong light empties its levels in less time than the pulse's steps take."""
    mechanism: Any = Sample.load("css82").mechanism
    equations: RateEquations = mechanism.equations(300.0, 980.0)
    return equations


def roots(rate: float, irradiance: float) -> np.ndarray:
    """Its steady populations, from the polynomial, smallest first."""
    pump = 1e-20 * float(photons(irradiance, 980.0))
    found = np.roots([-rate, rate * 0.1, -(500.0 + pump), pump * 0.1])
    return np.sort(found[np.abs(found.imag) < 1e-9 * np.abs(found)].real)


@pytest.mark.parametrize("rate", [1e4, 1e5, 1.6e5])
def test_three_ions_together_follow_their_polynomial(rate):
    irradiance = np.geomspace(1e-2, 1e5, 60)
    expected = [roots(rate, value)[0] for value in irradiance]
    np.testing.assert_allclose(autocatalytic(rate).steady_state(irradiance)[:, 1], expected, rtol=1e-10)


@pytest.mark.parametrize("rate", [1.8e5, 2e5, 3e5, 1e6, 1e7])
def test_of_several_steady_states_the_one_reached_from_the_dark_is_found(rate):
    """Up to where it folds back, which is reported: beyond, no state is near the one before."""
    irradiance = np.geomspace(1.0, 3000.0, 2000)
    several = [len(roots(rate, value)) == 3 for value in irradiance]
    fold = irradiance[several][-1]
    below = irradiance[irradiance <= fold]
    expected = [roots(rate, value)[0] for value in below]
    np.testing.assert_allclose(autocatalytic(rate).steady_state(below)[:, 1], expected, rtol=1e-8)
    with pytest.raises(
        ConvergenceError, match=r"no steady state found at .* W/cm², worst at level A:[01]"
    ) as error:
        autocatalytic(rate).steady_state(1e4)
    assert float(str(error.value).split(" W/cm²")[0].split()[-1]) == pytest.approx(fold, rel=0.02)


def test_cooperative_sensitization_is_quadratic_and_leaves_two_donors():
    """2 Yb + Tb: weak populations of Yb and Tb from their balances, to leading order."""
    ions = [Ion(0.2, ("Yb:0", "Yb:1")), Ion(0.1, ("Tb:0", "Tb:1"))]
    decays = [Decay("Yb:1", "Yb:0", 500.0), Decay("Tb:1", "Tb:0", 300.0)]
    transfer = Transfer(("Yb:1", "Yb:1", "Tb:0"), ("Yb:0", "Yb:0", "Tb:1"), 1e5)
    equations = RateEquations(ions, decays, [transfer], [Pump("Yb:0", "Yb:1", 980.0, 1e-20)])
    ytterbium = 1e-20 * float(photons(1e-6, 980.0)) * 0.2 / 500.0
    found = equations.steady_state(1e-6)[0]
    np.testing.assert_allclose(found[[1, 3]], [ytterbium, 1e5 * ytterbium**2 * 0.1 / 300.0], rtol=1e-6)
    alone, together = (
        RateEquations(ions, decays, processes).rates(np.array([0.1, 0.1, 0.06, 0.04]), 0.0)
        for processes in ([], [transfer])
    )
    event = 1e5 * 0.1**2 * 0.06
    np.testing.assert_allclose(together - alone, [2 * event, -2 * event, -event, event])


def test_a_thermally_filled_level_is_so_in_the_dark_too():
    """Boltzmann's ratio of two rates; weak light adds to it, strong light empties it."""
    ion = Ion(0.2, ("Y:0", "Y:1", "Y:2"))
    decays = [Decay("Y:1", "Y:0", 1e10), Decay("Y:0", "Y:1", 3e9), Decay("Y:2", "Y:0", 400.0)]
    equations = RateEquations([ion], decays, [], [Pump("Y:1", "Y:2", 1020.0, 1e-20)])
    y = equations.steady_state([0.0, 1e-30, 1.0])
    np.testing.assert_allclose(y[:2, :2], [[0.2 / 1.3, 0.06 / 1.3]] * 2, rtol=1e-12)
    assert y[0, 2] == 0
    assert y[1, 2] == pytest.approx(y[2, 2] * 1e-30, rel=1e-4)
    assert equations.steady_state(1e12)[0, 2] == pytest.approx(0.2, rel=1e-5)


def test_an_ion_that_is_not_there_stays_so():
    ions = [Ion(0.2, ("A:0", "A:1")), Ion(0.0, ("B:0", "B:1"))]
    decays = [Decay("A:1", "A:0", 500.0), Decay("B:1", "B:0", 500.0)]
    transfer = Transfer(("A:1", "B:0"), ("A:0", "B:1"), 1e6)
    equations = RateEquations(ions, decays, [transfer], PUMP)
    assert np.all(equations.steady_state([1.0, 1e4])[:, 2:] == 0)
    assert np.all(equations.evolve([0.0, 1.0], 10.0)[:, 2:] == 0)


def ladder(transfer: float, thermal: float = 0.0) -> RateEquations:
    """X:4 gets four photons' ions from X:3 by stimulated emission, and by a transfer between two in X:2.

    A thermal transition from X:1 is a route of one photon.
    """
    levels = tuple(f"X:{i}" for i in range(5))
    one = 1 / float(photons(1.0, 980.0))  # absorbs 1 s⁻¹ per W/cm²
    pairs = [*pairwise(levels[:4]), ("X:4", "X:3")]
    pumps = [Pump(lower, upper, 980.0, one, one * (lower == "X:4")) for lower, upper in pairs]
    decays = [Decay(levels[i], levels[i - 1], 1e3) for i in (1, 2, 3)]
    decays += [Decay("X:4", "X:0", 1e3), Decay("X:1", "X:4", thermal)]
    return RateEquations(
        [Ion(1.0, levels)], decays, [Transfer(("X:2", "X:2"), ("X:4", "X:1"), transfer)], pumps
    )


@pytest.mark.parametrize("transfer", [1e3, 1.0, 1e-3, 0.0])
@pytest.mark.parametrize("thermal", [0.0, 1e-60])
def test_a_level_is_fed_by_every_route(transfer, thermal):
    """However weak the one of fewest processes, or the one of fewest photons, is."""
    equations = ladder(transfer, thermal)
    y = equations.steady_state([1e-3, 1.0, 1e3])
    late = equations.evolve([0.0, 1.0], 1.0, rtol=1e-9)[-1]
    np.testing.assert_allclose(y[1], late, rtol=1e-7)
    assert y[0, 4] == pytest.approx((1e-21 * 1e-3 + transfer * 1e-24) / 1e3, rel=1e-4)


def trap() -> RateEquations:
    """B:1 and B:2 exchange ions but never let one go."""
    ions = [Ion(0.2, ("A:0", "A:1")), Ion(0.2, ("B:0", "B:1", "B:2"))]
    decays = [Decay("A:1", "A:0", 500.0), Decay("B:1", "B:2", 1.0), Decay("B:2", "B:1", 1.0)]
    return RateEquations(ions, decays, [Transfer(("A:1", "B:0"), ("A:0", "B:1"), 1e6)], PUMP)


def absurd() -> RateEquations:
    """Rates whose products no floating-point number holds."""
    decays = [Decay("A:1", "A:0", 1e3), Decay("A:2", "A:0", 1e300)]
    return RateEquations(
        [Ion(0.2, ("A:0", "A:1", "A:2"))], decays, [Transfer(("A:1", "A:1"), ("A:2", "A:0"), 1e300)], PUMP
    )


TIMES = np.linspace(0, 1e-2, 11)
FAILURES = {
    "a trap": (lambda: trap().steady_state([1e-3, 7.0]), "B:[12]"),
    "a trap, periodically": (
        lambda: periodic(trap(), np.array([7.0]), np.zeros(1), TIMES[2], TIMES),
        "B:[12]",
    ),
    "absurd rates": (lambda: absurd().steady_state(7.0), "A:[012]"),
    "absurd rates in time": (lambda: absurd().evolve([0.0, 1.0], 7.0), "A:[012]"),
    "absurd rates, periodically": (
        lambda: periodic(absurd(), np.array([7.0]), np.array([7.0]), TIMES[2], TIMES),
        "A:[012]",
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_cannot_be_solved_is_reported_with_irradiance_and_level(failure):
    """Warnings are errors here, so that none was given either."""
    attempt, level = FAILURES[failure]
    with pytest.raises(
        ConvergenceError, match=rf"^no .* found.* at [0-9.e+-]+ W/cm², worst at level {level}$"
    ):
        attempt()


@pytest.mark.parametrize(
    ("module", "limit", "attempt"),
    [
        (steady_state, "_ITERATIONS", lambda: autocatalytic(1e4).steady_state(np.geomspace(1, 5, 9))),
        (evolution, "_EVALUATIONS", lambda: autocatalytic(1e4).evolve([0.0, 0.1], 5.0)),
        (
            periodic_states,
            "_ITERATIONS",
            lambda: periodic(lively(), np.array([0.0, 1e6]), np.zeros(2), TIMES[2], TIMES),
        ),
    ],
)
def test_too_few_iterations_are_reported(monkeypatch, module, limit, attempt):
    monkeypatch.setattr(module, limit, 1)
    with pytest.raises(ConvergenceError, match=r" at [0-9.e+]+ W/cm², worst at level (A:[01]|(Er|Yb):\S+)$"):
        attempt()


def test_a_total_that_drifts_is_reported(monkeypatch):
    def leaky(network, start, seconds, *_):
        return start + np.outer(seconds, [0.0, 1e-5])

    monkeypatch.setattr(rate_equations, "evolved", leaky)
    with pytest.raises(ConvergenceError, match="total is not conserved at 5 W/cm², worst at level A:1"):
        autocatalytic(1e4).evolve([0.0, 0.1], 5.0)


def test_rates_that_rounding_cannot_hold_give_no_number() -> None:
    ions = [Ion(0.01, ("a", "b", "c"))]
    decays = [Decay("b", "a", 1e28), Decay("c", "b", 87.0), Decay("c", "a", 783.0)]
    transfers = [Transfer(("a", "c"), ("b", "b"), 3.23e5)]
    pumps = [Pump("a", "b", 1064.0, 1e-25), Pump("b", "c", 1064.0, 1e-21)]
    equations = RateEquations(ions, decays, transfers, pumps)
    with pytest.raises(ConvergenceError, match="total is not conserved at .* W/cm², worst at level"):
        equations.steady_state([1.0, 1e4, 1e7])
