"""Units of spectroscopy against a library of units."""

from __future__ import annotations

import numpy as np
import pint
import pytest

from antistokes.simulated_hw.physics import constants

unit: pint.UnitRegistry = pint.UnitRegistry()
HC = 1 * unit.planck_constant * unit.speed_of_light


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (constants.EV_NM, HC.to("eV*nm")),
        (constants.BOLTZMANN, (1 * unit.boltzmann_constant).to("meV/K")),
        (constants.JOULES_PER_WAVENUMBER, (HC / unit.cm).to("J")),
        (constants.MEV_PER_WAVENUMBER, (HC / unit.cm).to("meV")),
        (constants.WAVENUMBERS_PER_EV, (unit.eV / HC).to("1/cm")),
        (constants.photon_energy(980.0), (HC / (980 * unit.nm)).to("J")),
    ],
)
def test_constants_have_their_units(found: float, expected: pint.Quantity) -> None:
    assert found == pytest.approx(expected.magnitude, rel=1e-12, abs=0)


def test_photon_energies_keep_the_shape_of_the_wavelengths() -> None:
    assert constants.photon_energy([[500.0, 1000.0]]).shape == (1, 2)


def test_a_gaussian_is_half_as_high_half_its_width_away() -> None:
    assert np.exp(-((constants.FWHM_PER_SIGMA / 2) ** 2) / 2) == pytest.approx(0.5, rel=1e-12)
