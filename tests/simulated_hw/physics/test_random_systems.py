"""What must hold for any ions, levels and processes; see conftest.py for what is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from antistokes.simulated_hw.physics.processes import Pump
from antistokes.simulated_hw.physics.rate_equations import RateEquations

IRRADIANCES = np.array([0.0, *np.geomspace(1e-6, 1e5, 25), 1e8, 1e12])
SEEDS = pytest.mark.parametrize("system", range(60), indirect=True)


@SEEDS
def test_populations_stay_within_their_ion_from_dark_to_1e12(system):
    y = system.equations.steady_state(IRRADIANCES)
    assert y.min() >= 0
    assert system.unconserved(y) < 1e-12
    np.testing.assert_array_equal(y[0], system.equations.ground)


@SEEDS
def test_the_light_taken_is_the_light_sent_out_and_heat(system):
    irradiance = IRRADIANCES[:26]
    y = system.equations.steady_state(irradiance)
    power = system.equations.power_balance(y, irradiance, system.energies)
    scale = power.absorbed + power.emitted + np.abs(power.heat)
    assert np.all(np.abs(power.absorbed - power.emitted - power.heat) <= 1e-11 * scale)
    assert power.absorbed[0] == power.emitted[0] == power.heat[0] == 0
    assert np.all(power.absorbed[1:] > 0)


@SEEDS
def test_weak_excitation_gives_whole_powers(system):
    y = system.equations.steady_state([1e-40, 1e-35])
    excited = (y[0] > 0) & (system.equations.ground == 0)
    powers = np.log10(y[1, excited] / y[0, excited]) / 5
    np.testing.assert_allclose(powers, np.round(powers), atol=1e-8)
    assert powers.min(initial=1) >= 0.5


@pytest.mark.parametrize("system", [*range(100, 120), 206, 408, 501, 832], indirect=True)
def test_stimulated_emission_fills_levels_too(system):
    """Pumps that give up to 100 times what they take, also to levels they take nothing else from."""
    ions, decays, transfers = system.equations._unpumped
    rng = np.random.default_rng(1)
    pumps = [Pump("0:0", "0:1", 980.0, 1e-20)]
    for ion in ions:
        for upper in range(1, len(ion.levels)):
            absorption = 10 ** rng.uniform(-22, -18)
            ends = ion.levels[rng.integers(0, upper)], ion.levels[upper]
            pumps.append(Pump(*ends, 980.0, absorption, absorption * 10 ** rng.uniform(-1, 2)))
    equations = RateEquations(ions, decays, transfers, pumps)
    steady = equations.steady_state(1.0)[0]
    late = equations.evolve([0.0, 300.0], 1.0)[-1]
    np.testing.assert_allclose(late, steady, rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("system", range(20), indirect=True)
@pytest.mark.parametrize("irradiance", [1.0, 1e3])
def test_a_long_evolution_ends_in_the_steady_state(system, irradiance):
    steady = system.equations.steady_state(irradiance)[0]
    late = system.equations.evolve([0.0, 1e-3, 300.0], irradiance)
    assert system.unconserved(late) < 1e-10
    np.testing.assert_allclose(late[-1], steady, rtol=1e-6, atol=1e-30)


@pytest.mark.parametrize("system", range(20), indirect=True)
def test_the_jacobian_is_the_derivative_of_the_rates(system):
    """Rates are polynomials of third degree at most, for which Richardson's difference is exact."""
    equations = system.equations
    y = np.random.default_rng(0).uniform(0.1, 1, len(equations.levels))

    def difference(step: float) -> np.ndarray:
        columns = [
            equations.rates(y + step * unit, 3.0) - equations.rates(y - step * unit, 3.0)
            for unit in np.eye(len(y))
        ]
        return np.transpose(columns) / (2 * step)

    expected = (4 * difference(0.05) - difference(0.1)) / 3
    np.testing.assert_allclose(
        equations.jacobian(y, 3.0), expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max()
    )
