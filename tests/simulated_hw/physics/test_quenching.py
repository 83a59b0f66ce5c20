import math

import numpy as np
import pint
import pytest
from scipy.optimize import brentq

from antistokes.simulated_hw.physics.processes import Decay, Ion, Pump, Transfer
from antistokes.simulated_hw.physics.quenching import (
    activator_brightness,
    cooperative_enhancement,
    quencher,
    surface_quenching,
)
from antistokes.simulated_hw.physics.rate_equations import RateEquations

YB, TB = Ion(0.2, ("Yb:2F7/2", "Yb:2F5/2")), Ion(0.15, ("Tb:7F6", "Tb:5D4"))
EXCITED = ("Yb:2F5/2", "Tb:5D4")


def cooperative(k_q: float) -> RateEquations:
    """Two Yb of 613 s⁻¹ excite one Tb of 3 ms; both are quenched."""
    decays = [Decay("Yb:2F5/2", "Yb:2F7/2", 613.0), Decay("Tb:5D4", "Tb:7F6", 1 / 3e-3)]
    together = Transfer(("Yb:2F5/2", "Yb:2F5/2", "Tb:7F6"), ("Yb:2F7/2", "Yb:2F7/2", "Tb:5D4"), 1e5)
    pump = Pump("Yb:2F7/2", "Yb:2F5/2", 980.0, 1e-20)
    return RateEquations([YB, TB], decays + quencher([YB, TB], EXCITED, k_q), [together], [pump])


def test_quenching_fades_under_a_shell():
    depth = np.linspace(0, 20, 100)
    rate = surface_quenching(depth, 1.2e3)
    assert rate[0] == 1.2e3
    assert surface_quenching(2.0, 7.4e3, 0.5) == pytest.approx(7.4e3 * math.exp(-4))
    assert np.all(np.diff(rate) < 0)
    assert surface_quenching(1e6, 7.4e3) == 0
    assert surface_quenching([], 1e3).shape == (0,)


def test_units_of_the_shell():
    unit: pint.UnitRegistry = pint.UnitRegistry()
    depth, length = 15 * unit.angstrom, 1 * unit.nm
    expected = 1.37e4 / unit.s * np.exp(-(depth / length).m_as(""))
    assert surface_quenching(depth.m_as("nm"), 1.37e4, 1.0) == pytest.approx(expected.m_as("1/s"))


def test_quencher_adds_to_every_decay_it_is_given():
    equations = cooperative(2e3)
    times = np.array([0.0, 1e-4])
    start = np.array([0.2 - 1e-9, 1e-9, 0.15 - 1e-9, 1e-9])
    y = equations.evolve(times, 0.0, start)
    assert y[1, 1] / y[0, 1] == pytest.approx(math.exp(-2613 * 1e-4), rel=1e-6)
    assert y[1, 3] / y[0, 3] == pytest.approx(math.exp(-(2000 + 1 / 3e-3) * 1e-4), rel=1e-6)


def test_quencher_leads_to_the_ground_level_of_the_same_ion():
    er = Ion(0.02, ("Er:0", "Er:1", "Er:2"))
    assert quencher([YB, er], ["Er:2", "Yb:2F5/2"], 5.0) == [
        Decay("Er:2", "Er:0", 5.0),
        Decay("Yb:2F5/2", "Yb:2F7/2", 5.0),
    ]
    assert quencher([YB], [], 5.0) == []


@pytest.mark.parametrize(("protection", "best"), [(0.10, 0.10), (0.02, 0.02)])
def test_brightest_content(protection, best):
    x = np.linspace(0, 1, 1001)
    brightness = activator_brightness(x, protection)
    assert x[brightness.argmax()] == pytest.approx(best)
    assert brightness.max() == pytest.approx(protection / 2)
    assert np.all(np.diff(brightness[x <= best]) > 0)
    assert np.all(np.diff(brightness[x >= best]) < 0)


def test_10_percent_is_the_best_of_5_10_20_30():
    content = np.array([0.05, 0.10, 0.20, 0.30])
    protected, bare = (activator_brightness(content, critical) for critical in (0.10, 0.02))
    assert protected.argmax() == 1
    assert protected / protected[1] == pytest.approx([0.8, 1.0, 0.8, 0.6])
    assert bare.argmax() == 0


def test_cooperative_enhancement_of_40():
    assert cooperative_enhancement(1.20e3) == pytest.approx(40, abs=0.5)
    assert brentq(lambda k: cooperative_enhancement(k) - 40, 1, 1e4) == pytest.approx(1.20e3, rel=5e-3)
    yb_only = brentq(lambda k: (1 + k / 613) ** 2 - 40, 1, 1e4)
    assert yb_only == pytest.approx(3.26e3, rel=2e-3)


def test_cooperative_enhancement_out_of_rate_equations():
    k_q = np.array([0.0, 300.0, 1.2e3, 8e3])
    tb = [cooperative(k).steady_state(1e-3)[0, 3] for k in k_q]
    np.testing.assert_allclose(tb[0] / np.array(tb), cooperative_enhancement(k_q), rtol=1e-4)


def test_cooperative_emission_goes_with_the_square_of_weak_light_and_saturates():
    irradiance = np.geomspace(1e-4, 1e7, 45)
    for k_q in (0.0, 1.2e3):
        tb = cooperative(k_q).steady_state(irradiance)[:, 3]
        slope = np.diff(np.log(tb)) / np.diff(np.log(irradiance))
        assert slope[0] == pytest.approx(2, abs=1e-3)
        assert slope[-1] < 0.1
        assert tb.max() <= 0.15


def test_thicker_shells_help_until_nothing_is_left_to_protect_from():
    depth = np.linspace(0, 8, 50)
    gain = cooperative_enhancement(1.2e3) / cooperative_enhancement(surface_quenching(depth, 1.2e3))
    assert gain[0] == 1
    assert np.all(np.diff(gain) > 0)
    assert gain[-1] == pytest.approx(float(cooperative_enhancement(1.2e3)), rel=5e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: surface_quenching(-1.0, 1e3), "shell thickness = -1 nm"),
        (lambda: surface_quenching(1.0, -1e3), "quenching rate = -1000"),
        (lambda: surface_quenching(1.0, 1e3, 0.0), "decay length = 0 nm"),
        (lambda: quencher([YB], ["Yb:2F7/2"], 1.0), "quenched level = 'Yb:2F7/2'"),
        (lambda: quencher([YB], EXCITED, 1.0), "quenched level = 'Tb:5D4'"),
        (lambda: quencher([YB], [], math.nan), "quenching rate = nan"),
        (lambda: activator_brightness(1.1, 0.1), "activator fraction = 1.1"),
        (lambda: activator_brightness(0.1, 0.0), "critical fraction = 0"),
        (lambda: cooperative_enhancement(-1.0), "quenching rate = -1"),
        (lambda: cooperative_enhancement(1.0, donor_decay=0.0), "decay of Yb = 0"),
    ],
)
def test_what_no_experiment_has_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
