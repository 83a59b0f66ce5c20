"""Runs beside each other: ratios at one irradiance with honest errors; nothing beyond what was measured."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.compare import (
    best_concentration,
    centroid_shift,
    compare,
    enhancement,
    lifetime_ratio,
    size_exponent,
)
from antistokes.analysis.findings import Finding

WAVELENGTH = np.linspace(500, 600, 201)
EV_NM = 1239.84193e3
TWO_DECADES = np.geomspace(1, 100, 17)


def sweep(
    brightness: float = 1.0,
    exponent: float = 2.0,
    irradiance: np.ndarray | list[float] = TWO_DECADES,
    centre: float = 541.0,
    seed: int = 0,
    name: str = "bare",
    units: str = "1/s",
) -> xr.Dataset:
    """A green line that follows a power law, with shot noise and a pump that is known to 0.5 %."""
    rng = np.random.default_rng(seed)
    setpoint = np.array(irradiance)
    pump = setpoint * (1 + 5e-3 * rng.standard_normal(len(setpoint)))
    line = np.exp(-4 * np.log(2) * ((WAVELENGTH - centre) / 10) ** 2)
    truth = brightness * setpoint[:, None] ** exponent * line
    errors = np.sqrt(truth + 4)
    return xr.Dataset(
        {
            "irradiance_mean": ("point", pump),
            "irradiance_mean_errors": ("point", 5e-3 * pump),
            "spectrum": (("point", "wavelength"), rng.normal(truth, errors), {"units": units}),
            "spectrum_errors": (("point", "wavelength"), errors),
        },
        coords={"irradiance": ("point", setpoint), "wavelength": WAVELENGTH},
        attrs={"sample": {"id": name, "bands": {"green": [520, 562]}}},
    )


def test_enhancements_between_set_points_have_honest_errors() -> None:
    pulls = []
    for seed in range(50):
        other = sweep(3, 1.5, np.geomspace(0.7, 60, 13), seed=seed + 100)
        found = enhancement(sweep(50, 2.0, seed=seed), other, 8.0, "green")
        pulls.append((found.value - 50 / 3 * 8**0.5) / found.stderr)
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls, ddof=1) <= 1.3


def test_one_set_point_is_enough_where_both_have_it() -> None:
    found = enhancement(sweep(40, irradiance=[10.0]), sweep(2, irradiance=[10.0], seed=1), 10.0, "green")
    assert found.value == pytest.approx(20, abs=4 * found.stderr)
    assert 0.005 < found.stderr / found.value < 0.05


@pytest.mark.parametrize("irradiance", [0.0, 0.5, 150.0])
def test_nothing_is_claimed_beyond_what_was_measured(irradiance: float) -> None:
    said = r"bare: .* W/cm² was not measured; must be from .* to .* W/cm²"
    for measure in (enhancement, centroid_shift):
        with pytest.raises(AnalysisError, match=said):
            measure(sweep(40), sweep(2), irradiance, "green")
    with pytest.raises(AnalysisError, match=r"nothing that all runs have measured:\n  over bare: " + said):
        compare([sweep(40), sweep(2)], irradiance)


def test_what_cannot_be_compared_is_refused() -> None:
    dark = sweep(0.0)
    with pytest.raises(AnalysisError, match="no signal at 10 W/cm²"):
        enhancement(sweep(40), dark, 10.0, "green")
    with pytest.raises(AnalysisError, match="one spectrum is in 1/s, the other in W/nm"):
        enhancement(sweep(40), sweep(2, units="W/nm"), 10.0, "green")
    with pytest.raises(AnalysisError, match="band 'red' is unknown; known: green"):
        enhancement(sweep(40), sweep(2), 10.0, "red")
    with pytest.raises(AnalysisError, match="the runs share no irradiance"):
        compare([sweep(irradiance=[1.0, 2, 3]), sweep(irradiance=[10.0, 20])])
    with pytest.raises(AnalysisError, match="1 run; at least 2"):
        compare([sweep()])


def test_the_first_run_is_compared_with_all_others() -> None:
    runs = [sweep(90, name="shell"), sweep(30, seed=1, name="thin"), sweep(3, seed=2, name="bare")]
    found = compare(runs, irradiance=10.0)
    ratios = [one for one in found.findings if one.quantity == "enhancement"]
    assert [one.value for one in ratios] == pytest.approx([3, 30], rel=0.05)
    assert [one.note for one in ratios] == [
        "shell over thin at 10 W/cm²",
        "shell over bare at 10 W/cm²",
    ]
    assert len(found.figure().axes) == 2
    assert compare(runs).findings[0].at["irradiance"] == pytest.approx(10, rel=0.02)


def test_a_band_that_one_run_does_not_show_is_told() -> None:
    found = compare([sweep(90), sweep(30, seed=1), sweep(0.0, name="dark")], irradiance=10.0)
    assert len([one for one in found.findings if one.quantity == "enhancement"]) == 1
    assert found.warnings[0] == "over dark: band 'green' of dark: no signal at 10 W/cm²"


def test_centroid_shifts_have_honest_errors() -> None:
    true = EV_NM / 541.5 - EV_NM / 541.0
    pulls = []
    for seed in range(50):
        a, b = sweep(50, centre=541.5, seed=seed), sweep(20, seed=seed + 100)
        found = centroid_shift(a, b, 30.0, "green")
        pulls.append((found.value - true) / found.stderr)
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls, ddof=1) <= 1.3


def test_lifetimes_give_a_ratio() -> None:
    a = Finding(quantity="lifetime", of="green", value=200.0, stderr=2.0, unit="us")
    b = Finding(quantity="lifetime", of="green", value=100.0, stderr=2.0, unit="us")
    found = lifetime_ratio(a, b)
    assert (found.value, found.stderr) == (pytest.approx(2), pytest.approx(2 * np.hypot(0.01, 0.02)))
    with pytest.raises(AnalysisError, match="one is in us, the other in ms"):
        lifetime_ratio(a, Finding(quantity="lifetime", value=1.0, unit="ms"))


def test_size_exponents_have_honest_errors() -> None:
    sizes, pulls = np.array([4.6, 7.0, 11.4]), []
    for seed in range(50):
        truth = sizes**3.3
        found = size_exponent(sizes, truth * np.random.default_rng(seed).normal(1, 0.02, 3), 0.02 * truth)
        pulls.append((found.value - 3.3) / found.stderr)
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls, ddof=1) <= 1.3
    with pytest.raises(AnalysisError, match="positive values at two sizes"):
        size_exponent([4.6], [1.0], [0.1])


def test_the_best_concentration_is_one_of_those_measured() -> None:
    found = best_concentration({5: (1.0, 0.1), 10: (4.0, 0.1), 20: (2.0, 0.1), 30: (1.5, 0.1)}, "green")
    assert (found.value, found.stderr, found.unit) == (10, 0, "%")
    assert found.note == "of 5, 10, 20, 30 %; 2 ± 0.1 times 20 %"
    assert best_concentration({5: (1.0, 0.1), 10: (4.0, 0.1), 20: (3.9, 0.1)}).stderr == 10
    with pytest.raises(AnalysisError, match="1 sample; at least 2"):
        best_concentration({10: (1.0, 0.1)})
