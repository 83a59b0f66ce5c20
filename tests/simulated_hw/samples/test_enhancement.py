"""What stands around an emitter: field, emission, polarisation, and where the energy goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.constants import c, h

from antistokes.instruments.errors import FileRefused
from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.samples.sample import Sample

BARE = Sample.load("yber-micro")
IRRADIANCE = np.array([0.1, 10.0, 1000.0])


def around(tmp_path: Path, text: str) -> Sample:
    path = tmp_path / "enhanced.toml"
    head = 'extends = "yber-micro"\n[sample]\nid = "enhanced"\n[model.enhancement]\nsource = "made up"\n'
    path.write_text(head + text, encoding="utf-8")
    return Sample.load(path)


def test_a_field_is_more_irradiance(tmp_path: Path) -> None:
    found = around(tmp_path, "field = 30\n").respond(IRRADIANCE, Conditions())
    expected = BARE.respond(30 * IRRADIANCE, Conditions())
    for one, other in zip(
        (found.emission, found.absorbed, found.heat),
        (expected.emission, expected.absorbed, expected.heat),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_more_light_leaves_less_heat(tmp_path: Path) -> None:
    found = around(tmp_path, "emission = 1.2\n").respond(IRRADIANCE, Conditions())
    bare = BARE.respond(IRRADIANCE, Conditions())
    np.testing.assert_allclose(found.emission, 1.2 * bare.emission)
    photon = h * c / np.array([line.wavelength * 1e-9 for line in BARE.lines])
    np.testing.assert_allclose(found.heat + found.emission @ photon, bare.heat + bare.emission @ photon)


def test_no_more_leaves_than_would_have_heated(tmp_path: Path) -> None:
    found = around(tmp_path, "emission = 1e6\n").respond(IRRADIANCE, Conditions())
    photon = h * c / np.array([line.wavelength * 1e-9 for line in BARE.lines])
    absorbed = found.absorbed * h * c / 980e-9
    assert (found.emission @ photon <= absorbed).all()
    np.testing.assert_allclose(found.heat, 0, atol=1e-12 * absorbed.max())
    bare = BARE.respond(IRRADIANCE, Conditions())
    np.testing.assert_allclose(found.emission @ photon, bare.emission @ photon + bare.heat)


def test_a_factor_that_is_lowest_along_the_axis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="polarised.minimum: is 5; must be at most the maximum, 1"):
        around(tmp_path, "polarised = { minimum = 5, maximum = 1 }\n")


@pytest.mark.parametrize(("angle", "factor"), [(30.0, 0.8), (75.0, 0.5), (120.0, 0.2), (210.0, 0.8)])
def test_the_factor_turns_with_the_polarisation(tmp_path: Path, angle: float, factor: float) -> None:
    sample = around(tmp_path, "polarised = { minimum = 0.2, maximum = 0.8, axis = 30 }\n")
    found = sample.respond(IRRADIANCE, Conditions(polarisation=angle)).emission
    np.testing.assert_allclose(found, factor * BARE.respond(IRRADIANCE, Conditions()).emission)
    times = np.array([0.0, 1e-3, 2e-3])
    course = sample.pulsed(IRRADIANCE, IRRADIANCE, 1e-3, times, Conditions(polarisation=angle))
    np.testing.assert_allclose(course[:, 0], found, rtol=1e-6)
