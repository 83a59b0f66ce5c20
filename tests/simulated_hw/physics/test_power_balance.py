"""Absorbed and emitted power and heat, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from pint import UnitRegistry

from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, Transfer
from antistokes.simulated_hw.physics.rate_equations import RateEquations

UNITS = UnitRegistry()
IRRADIANCE = np.array([1e-3, 1.0, 1e3])


def joules(wavenumber: float) -> float:
    return (
        (UNITS.Quantity(wavenumber, "1/cm") * UNITS.planck_constant * UNITS.speed_of_light).to("J").magnitude
    )


def two_levels(radiative: float, phonons: float) -> RateEquations:
    decays = [Decay("A:1", "A:0", radiative, radiative=True), Decay("A:1", "A:0", phonons)]
    return RateEquations([Ion(0.2, ("A:0", "A:1"))], decays, [], [Pump("A:0", "A:1", 980.0, 1e-20, 0.9e-20)])


def test_two_levels_share_the_power_as_their_rates():
    equations, energies = two_levels(400.0, 100.0), {"A:0": 0.0, "A:1": 1e7 / 980.0}
    y = equations.steady_state(IRRADIANCE)
    power = equations.power_balance(y, IRRADIANCE, energies)
    np.testing.assert_allclose(power.emitted, y[:, 1] * 400 * joules(1e7 / 980), rtol=1e-12)
    np.testing.assert_allclose(power.heat, y[:, 1] * 100 * joules(1e7 / 980), rtol=1e-12)
    np.testing.assert_allclose(power.absorbed, power.emitted + power.heat, rtol=1e-10)


def test_absorbed_power_is_irradiance_times_cross_section_where_it_is_weak():
    """1 W/cm² on 1e-20 cm² is 1e-20 W an ion."""
    equations = two_levels(400.0, 0.0)
    y = equations.steady_state(1e-6)
    power = equations.power_balance(y, 1e-6, {"A:0": 0.0, "A:1": 10200.0})
    assert power.absorbed[0] == pytest.approx(0.2 * 1e-26, rel=1e-6)


def test_light_bluer_than_the_excitation_cools():
    """Heat = absorbed·(1 - ν_f/ν), ν_f the mean emission (Epstein et al., Nature 377, 500 (1995))."""
    ion = Ion(0.1, ("Yb:0", "Yb:1", "Yb:2"))
    energies = {"Yb:0": 0.0, "Yb:1": 400.0, "Yb:2": 10200.0}
    decays = [
        Decay("Yb:1", "Yb:0", 1e7),
        Decay("Yb:0", "Yb:1", 1.5e6),
        Decay("Yb:2", "Yb:0", 700.0, radiative=True),
        Decay("Yb:2", "Yb:1", 300.0, radiative=True),
    ]
    equations = RateEquations([ion], decays, [], [Pump("Yb:1", "Yb:2", 1e7 / 9800, 1e-20)])
    irradiance = IRRADIANCE[1:]  # weaker, the phonons that come and go in the dark round the difference off
    y = equations.steady_state(irradiance)
    power = equations.power_balance(y, irradiance, energies)
    mean = 0.7 * 10200 + 0.3 * 9800
    np.testing.assert_allclose(power.heat, power.absorbed * (1 - mean / 9800), rtol=1e-5)
    assert np.all(power.heat < 0)


def test_each_transfer_gives_or_takes_the_difference_of_its_levels():
    ions = [Ion(0.1, ("A:0", "A:1")), Ion(0.1, ("B:0", "B:1"))]
    transfers = [Transfer(("A:1", "B:0"), ("A:0", "B:1"), 1e4), Transfer(("A:0", "B:1"), ("A:1", "B:0"), 2e3)]
    equations = RateEquations(ions, [], transfers)
    y = np.array([[0.06, 0.04, 0.07, 0.03]])
    energies = {"A:0": 0.0, "A:1": 10200.0, "B:0": 0.0, "B:1": 10000.0}
    power = equations.power_balance(y, 0.0, energies)
    net = 1e4 * 0.04 * 0.07 - 2e3 * 0.06 * 0.03
    assert power.heat[0] == pytest.approx(net * joules(200.0), rel=1e-12)
    uphill = equations.power_balance(y, 0.0, energies | {"B:1": 10400.0})
    assert uphill.heat[0] == pytest.approx(-net * joules(200.0), rel=1e-12)


def test_a_pump_off_its_gap_heats_or_cools_by_the_difference():
    equations = two_levels(400.0, 0.0)
    y = equations.steady_state(IRRADIANCE)
    above, below = (
        equations.power_balance(y, IRRADIANCE, {"A:0": 0.0, "A:1": 1e7 / 980 + shift}).heat
        for shift in (-100.0, 100.0)
    )
    np.testing.assert_allclose(above, y[:, 1] * 400 * joules(100.0), rtol=1e-7)
    np.testing.assert_allclose(below, -above, rtol=1e-7)


def test_energies_must_be_complete_and_light_must_go_down():
    equations = two_levels(400.0, 100.0)
    with pytest.raises(ValueError, match="energy of level A:1 is missing"):
        equations.power_balance(equations.ground[None], 1.0, {"A:0": 0.0})
    with pytest.raises(ValueError, match="a radiative decay goes uphill"):
        equations.power_balance(equations.ground[None], 1.0, {"A:0": 0.0, "A:1": -1.0})
