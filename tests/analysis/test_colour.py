"""Chromaticities against the CIE's own numbers and against colour-science 0.4.7."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from scipy.constants import c, h, k

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.colour import (
    line_chromaticity,
    matching_functions,
    pure_chromaticity,
    spectrum_chromaticity,
)

# pure lines, nm, computed with colour-science 0.4.7 (wavelength_to_XYZ)
PURE = {
    470.0: (0.124118, 0.057803),
    520.0: (0.074302, 0.833803),
    541.0: (0.236885, 0.748524),
    646.0: (0.723702, 0.276282),
    654.0: (0.727864, 0.272136),
}
# centre, FWHM in nm, intensity of lines; (x, y) of their photons and of their power by colour-science 0.4.7
# (sd_to_XYZ, "Integration", steps of 1 nm)
LINES = ((520.0, 12.0, 0.2), (541.0, 12.0, 1.0), (654.0, 12.0, 0.7), (475.0, 10.0, 0.5))
LINES_XY = {"photons": (0.225756, 0.508510), "power": (0.239270, 0.520294)}
# 541 to 646 nm photon ratio of the pulse-width colour model, 0.1 to 10 ms, and (x, y) for lines of 12 nm
GREEN_TO_RED = (1.773, 1.549, 0.987, 0.596, 0.362, 0.243, 0.206, 0.180)
COLOURS = (
    (0.313, 0.674),
    (0.322, 0.665),
    (0.357, 0.631),
    (0.407, 0.582),
    (0.466, 0.526),
    (0.513, 0.480),
    (0.532, 0.461),
    (0.548, 0.446),
)
GRID = np.arange(360.0, 831.0)


def gaussians(wavelength: Any) -> Any:
    return sum(i / f * np.exp(-4 * np.log(2) * ((wavelength - at) / f) ** 2) for at, f, i in LINES)


@pytest.fixture
def colour() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it names every optional package that is missing
        return pytest.importorskip("colour", exc_type=ImportError)


@pytest.mark.parametrize("wavelength", PURE)
def test_pure_lines_have_the_chromaticity_of_the_oracle(wavelength: float) -> None:
    assert pure_chromaticity(wavelength) == pytest.approx(PURE[wavelength], abs=1e-6)
    assert line_chromaticity([wavelength], [3.0], "photons") == pytest.approx(PURE[wavelength], abs=1e-6)


def test_the_table_is_that_of_colour_science(colour: Any) -> None:
    functions = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"]
    np.testing.assert_allclose(matching_functions(functions.wavelengths), functions.values, rtol=1e-12)


def test_the_colour_of_a_spectrum_is_that_of_colour_science(colour: Any) -> None:
    functions = colour.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"]
    spectrum = gaussians(GRID) / GRID
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        xyz = colour.sd_to_XYZ(
            colour.SpectralDistribution(spectrum, GRID),
            functions,
            colour.sd_ones(functions.shape),
            method="Integration",
        )
    expected = (xyz / xyz.sum())[:2]
    assert spectrum_chromaticity(GRID, gaussians(GRID), "photons") == pytest.approx(expected, abs=1e-5)


def test_matching_functions_have_the_sums_of_the_standard() -> None:
    """CIE 015:2018: 106.865469, 106.856917, 106.892251 over 360 to 830 nm; ȳ is 1 at 555 nm."""
    assert matching_functions(GRID).sum(axis=0) == pytest.approx(
        (106.865469, 106.856917, 106.892251), abs=1e-6
    )
    assert matching_functions(555.0)[1] == 1.0
    assert not matching_functions([300.0, 359.9, 830.1, 980.0]).any()


def test_an_incandescent_lamp_is_illuminant_a() -> None:
    """A Planckian radiator of 2856 K: (0.44758, 0.40745) by the CIE."""
    second = h * c / k * (1.435e-2 / 1.4388e-2)  # illuminant A is defined with c₂ = 0.01435 m·K at 2848 K
    power = GRID**-5.0 / np.expm1(second / (GRID * 1e-9 * 2848.0))
    assert spectrum_chromaticity(GRID, power, "power") == pytest.approx((0.44758, 0.40745), abs=2e-5)


def test_equal_energy_is_white() -> None:
    assert spectrum_chromaticity(GRID, np.ones(471), "power") == pytest.approx((1 / 3, 1 / 3), abs=1e-4)


@pytest.mark.parametrize("quantity", ["photons", "power"])
def test_lines_and_their_spectrum_have_one_colour(quantity: Any) -> None:
    centre, fwhm, intensity = np.transpose(LINES)
    from_lines = line_chromaticity(centre, intensity, quantity, fwhm)
    fine = 400.0 + 350.0 * np.linspace(0.0, 1.0, 1500) ** 2  # pixels of uneven width
    # summed in steps of 1 nm there, linear between the steps here
    assert from_lines == pytest.approx(LINES_XY[quantity], abs=4e-5)
    assert spectrum_chromaticity(fine, gaussians(fine), quantity) == pytest.approx(from_lines, abs=1e-5)


def test_the_colours_of_a_pulse_width_scan() -> None:
    """Green-to-red photon ratios against colours computed elsewhere; lines 12 nm wide."""
    intensity = np.stack([GREEN_TO_RED, np.ones(8)], axis=1)
    found = line_chromaticity([541.0, 646.0], intensity, "photons", 12.0)
    # ratios are known to 5e-4, which is 2e-4 in x, and colours to 5e-4
    np.testing.assert_allclose(found, COLOURS, atol=1.2e-3)
    sharp = line_chromaticity([541.0, 646.0], intensity, "photons")
    np.testing.assert_allclose(sharp[0], (0.310, 0.678), atol=1e-3)
    assert np.all(np.diff(sharp[:, 0]) > 0)


def test_photons_differ_from_power_by_their_energy() -> None:
    """n photons carry n·hc/λ."""
    photons = np.array([2.0, 3.0])
    power = photons * h * c / (np.array([475.0, 654.0]) * 1e-9)
    one = line_chromaticity([475.0, 654.0], photons, "photons")
    assert line_chromaticity([475.0, 654.0], power, "power") == pytest.approx(one, abs=1e-12)
    assert not np.allclose(one, line_chromaticity([475.0, 654.0], photons, "power"), atol=0.01)


def test_mixtures_lie_inside_the_locus() -> None:
    rng = np.random.default_rng(3)
    lines, shares = np.array([470.0, 520.0, 646.0]), rng.random((200, 3))
    found = line_chromaticity(lines, shares, "photons")
    corners = np.vstack([pure_chromaticity(lines).T, np.ones(3)])
    weights = np.linalg.solve(corners, np.vstack([found.T, np.ones(200)]))
    assert weights.min() >= -1e-12
    assert line_chromaticity(lines, 1e12 * shares, "photons") == pytest.approx(found)


def test_light_that_nobody_sees_has_no_colour() -> None:
    assert np.isnan(line_chromaticity([980.0], [1.0], "photons")).all()
    assert np.isnan(pure_chromaticity([300.0, 900.0])).all()
    dark = spectrum_chromaticity(GRID, [np.zeros(471), np.ones(471)], "power")
    assert np.isnan(dark[0]).all()
    assert np.isfinite(dark[1]).all()
    assert line_chromaticity([541.0], np.ones((0, 1)), "photons").shape == (0, 2)


def test_a_missing_pixel_matters_in_the_visible_only() -> None:
    wide = np.arange(300.0, 1000.0)
    spectrum = np.ones(len(wide))
    spectrum[wide > 850] = np.nan
    assert np.isfinite(spectrum_chromaticity(wide, spectrum, "power")).all()
    spectrum[wide == 600] = np.nan
    assert np.isnan(spectrum_chromaticity(wide, spectrum, "power")).all()


@pytest.mark.parametrize(
    "wavelength", [[500.0], [500.0, 500.0], [600.0, 500.0], [-1.0, 500.0], [np.nan, 500.0]]
)
def test_wavelengths_that_are_no_axis_are_refused(wavelength: list[float]) -> None:
    with pytest.raises(AnalysisError, match="increasing"):
        spectrum_chromaticity(wavelength, np.ones(len(wavelength)), "power")


@pytest.mark.parametrize(("centre", "fwhm"), [(-541.0, 0.0), (541.0, -1.0), (541.0, 600.0), (np.nan, 0.0)])
def test_lines_that_cannot_be_are_refused(centre: float, fwhm: float) -> None:
    with pytest.raises(AnalysisError, match="lines"):
        line_chromaticity([centre], [1.0], "power", fwhm)


def test_what_is_counted_must_be_said() -> None:
    with pytest.raises(AnalysisError, match="'photons' or 'power'"):
        line_chromaticity([541.0], [1.0], "counts")  # type: ignore[arg-type]
