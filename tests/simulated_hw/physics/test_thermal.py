import numpy as np
import pytest

from antistokes.simulated_hw.physics.thermal import boltzmann_ratio, multiphonon_factor


def test_nothing_changes_at_the_reference_temperature():
    assert multiphonon_factor(3300.0, 359.0, 300.0, 300.0) == 1.0


def test_multiphonon_factor_from_occupation_numbers():
    n_300, n_77 = (1 / np.expm1(359.0 * 1.438777 / kelvin) for kelvin in (300.0, 77.0))
    expected = ((1 + n_77) / (1 + n_300)) ** (3300.0 / 359.0)
    assert multiphonon_factor(3300.0, 359.0, 77.0, 300.0) == pytest.approx(expected, rel=1e-6)


def test_rates_freeze_to_spontaneous_emission_of_phonons():
    cold = multiphonon_factor(1600.0, 359.0, 1.0, 300.0)
    assert cold == pytest.approx((-np.expm1(-359.0 * 1.438777 / 300)) ** (1600.0 / 359.0), rel=1e-6)


def test_green_lines_share_their_light_as_published():
    assert boltzmann_ratio(5.52, 650.0, 300.0) == pytest.approx(0.2444, abs=1e-4)
