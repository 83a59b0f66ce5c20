"""Heat balances of cooling scans: zero crossing, efficiency and background come back with honest errors."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.cooling_scan import analyse, analyse_runs
from antistokes.analysis.heat_balance import HeatPoints, heat_balance

EMISSION, EFFICIENCY, CONDUCTANCE = 632.0, 0.985, 7e-4  # nm, 1, W/K
NOISE = 6e-4  # K


def points(seed: int, wavelengths: np.ndarray, background: float = 0.0) -> HeatPoints:
    """0.1 W on an Urbach tail of 25 meV, 1e-2 absorbed at 640 nm; *background* is α_b/α there."""
    rng = np.random.default_rng(seed)
    resonant = 1e-2 * np.exp(1239.84193e3 * (1 / wavelengths - 1 / 640) / 25)
    power = np.full(len(wavelengths), 0.1)
    absorbed = power * (resonant + 1e-2 * background)
    photons = EFFICIENCY * power * resonant * wavelengths  # times h·c
    change = (absorbed - photons / EMISSION) / CONDUCTANCE
    counts = photons * 1e6
    return HeatPoints(
        wavelengths, wavelengths, power, 1e-3 * power, power,
        rng.normal(change, NOISE), np.full(len(change), NOISE),
        rng.normal(counts, 3e-3 * counts), 3e-3 * counts,
    )  # fmt: skip


LITMOS = np.array([632.0, 636, 640, 644, 648, 652, 660, 671])


@pytest.mark.parametrize("background", [0.0, 2e-3])
def test_zero_and_efficiency_are_found_with_honest_errors(background: float) -> None:
    found = [heat_balance(points(seed, LITMOS, background)) for seed in range(50)]
    slope = np.array([one.efficiency for one in found])
    efficiency = slope * EMISSION
    pulls = (efficiency[:, 0] - EFFICIENCY) / efficiency[:, 1]
    if not background:
        zero = np.array([(one.zero, one.zero_stderr) for one in found], float)
        for pull in (pulls, (zero[:, 0] - EMISSION / EFFICIENCY) / zero[:, 1]):
            assert abs(pull.mean()) <= 0.4
            assert 0.75 <= pull.std(ddof=1) <= 1.3
    else:
        assert abs(pulls.mean()) <= 0.4
        ratio = [one.background(points(0, LITMOS, background))[0][-1] for one in found]
        true = background * np.exp(1239.84193e3 * (1 / 640 - 1 / 671) / 25)
        assert np.mean(ratio) == pytest.approx(true, rel=0.2)


def test_background_moves_the_zero_to_longer_wavelengths() -> None:
    clean, dirty = (heat_balance(points(0, LITMOS, background)).zero for background in (0.0, 1.5e-3))
    assert clean == pytest.approx(EMISSION / EFFICIENCY, abs=0.2)
    assert dirty > clean + 0.8


def test_no_zero_is_claimed_where_the_sign_stays() -> None:
    assert heat_balance(points(0, np.array([650.0, 655, 660, 665]))).zero is None


def test_too_few_wavelengths_are_refused() -> None:
    with pytest.raises(AnalysisError, match="emission is seen at 2 wavelengths; at least 3"):
        heat_balance(points(0, np.array([650.0, 655.0])))


def run(wavelength: float, change: float, **attrs) -> xr.Dataset:
    """One point of a run without a spectrometer."""
    values = {"pump_power": 0.01, "pump_power_errors": 1e-5, "delta_t": change, "delta_t_errors": 1e-3}
    return xr.Dataset(
        {key: ("point", np.array([value])) for key, value in values.items()},
        attrs={"excitation_wavelength": wavelength} | attrs,
    )


def test_without_emission_the_zero_lies_between_two_wavelengths() -> None:
    found = analyse_runs([run(nm, change) for nm, change in ((620, 0.3), (640, 0.1), (660, -0.1))])
    zero = found.find("zero-crossing wavelength")
    assert (zero.value, zero.stderr) == (pytest.approx(650), pytest.approx(20 / 12**0.5))
    assert "at 0 wavelengths" in found.warnings[-1]
    assert len(found.figure().axes) == 1


def test_known_absorption_gives_changes_per_absorbed_power() -> None:
    found = analyse(run(650, -0.2), absorptance=[(600, 0.2), (700, 0.0)])
    one = found.find("temperature change per power", excitation_wavelength=650)
    assert one.value == pytest.approx(-0.2 / (0.01 * 0.1))
    assert one.note == "per absorbed power"
    assert one.stderr / abs(one.value) == pytest.approx(np.hypot(1e-3 / 0.2, 1e-3))
    with pytest.raises(AnalysisError, match="absorptance: 650 nm is outside of 660 to 700 nm"):
        analyse(run(650, -0.2), absorptance=[(660, 0.2), (700, 0.0)])


def test_changes_are_those_at_the_power_set_with_honest_errors() -> None:
    """10 mW set; set to 1 % and measured to 0.1 % before and after, K/W known."""
    pulls = []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        power = 0.01 * (1 + 0.01 * rng.standard_normal())
        ds = run(650, rng.normal(-4000 * power, 1e-3)).assign_coords(power=("point", [10.0]))
        for name in ("pump_power", "pump_power_after"):
            ds[name] = "point", [rng.normal(power, 1e-5)]
        one = analyse(ds).find("temperature change", excitation_wavelength=650)
        pulls.append((one.value + 40) / one.stderr)
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls) <= 1.3


def test_warming_is_not_disputed_and_nothing_measured_is_refused() -> None:
    assert not analyse(run(532, 0.2)).warnings
    with pytest.raises(AnalysisError, match="no usable point"):
        analyse(run(532, np.nan))
    with pytest.raises(AnalysisError, match="does not say its excitation wavelength"):
        analyse(run(np.nan, 1.0))
    with pytest.raises(AnalysisError, match="0 runs"):
        analyse_runs([])
