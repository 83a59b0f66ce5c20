"""Two bands as a thermometer: the gap, what light warms, and what needs a response."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.thermometry import (
    ERBIUM,
    K_CM,
    find_warming,
    fit_boltzmann,
    temperatures,
    thermometer_bands,
    thermometer_windows,
)

GAP, PREFACTOR = 650.0, 5.52
KELVIN = np.repeat(np.arange(250.0, 401.0, 15.0), 3)
IRRADIANCE = np.tile([25.0, 50.0, 100.0], 11)
WAVELENGTH = np.arange(480.0, 700.0, 0.4)


def log_ratio(kelvin):
    return np.log(PREFACTOR) - GAP / (K_CM * np.asarray(kelvin))


def measured(seed: int, warming: float, noise: float = 0.003):
    """ln R at every temperature and power; 1 W/cm² warms by *warming* K."""
    rng = np.random.default_rng(seed)
    return log_ratio(KELVIN + warming * IRRADIANCE) + noise * rng.standard_normal(len(KELVIN))


def spectra(kelvin, ground: float = 0.0) -> xr.Dataset:
    """Lines of 12 nm at 520 and 541 nm, exact, on a ground of *ground* counts in every pixel."""
    ratio = np.exp(log_ratio(kelvin))

    def line(nm: float):
        return np.exp(-0.5 * ((WAVELENGTH - nm) / 5.1) ** 2)

    spectrum = 1e6 * (ratio[:, None] * line(520) + line(541)) + ground
    return xr.Dataset(
        {
            "spectrum": (("point", "wavelength"), spectrum),
            "spectrum_errors": (("point", "wavelength"), np.full_like(spectrum, 100.0)),
        },
        coords={"wavelength": WAVELENGTH},
        attrs={"sample": {"formula": "beta-NaYF4:18 %Yb,2 %Er"}},
    )


@pytest.mark.parametrize("warming", [0.0, 0.1])
def test_the_gap_at_zero_power_has_pulls_of_mean_0_and_width_1(warming):
    laws = [
        fit_boltzmann(KELVIN, IRRADIANCE, measured(seed, warming), np.full(33, 0.003)) for seed in range(50)
    ]
    pulls = np.array([(law.gap - GAP) / law.stderr for law in laws])
    assert abs(pulls.mean()) <= 0.4
    assert 0.75 <= pulls.std() <= 1.3
    assert max(law.stderr for law in laws) < 0.01 * GAP


def test_what_the_light_warms_is_reported_and_not_taken_for_the_samples():
    value, error = measured(1, 0.1), np.full(33, 0.003)
    law = fit_boltzmann(KELVIN, IRRADIANCE, value, error)
    assert law.gap == pytest.approx(GAP, rel=0.02)
    kelvin, rate, sigma = law.warming.T
    assert kelvin.tolist() == np.unique(KELVIN).tolist()
    assert (np.abs(rate - 0.1) < 4 * sigma).all()
    # at the highest power alone the warming of 10 K is in the fit
    bright = IRRADIANCE == 100
    one = fit_boltzmann(KELVIN[bright], IRRADIANCE[bright], value[bright], error[bright])
    assert len(one.warming) == 0
    assert abs(one.gap - GAP) > 3 * one.stderr


def test_the_sensitivity_is_the_gap_over_kt_squared():
    law = fit_boltzmann(KELVIN, IRRADIANCE, log_ratio(KELVIN), np.full(33, 0.003))
    value, error = law.sensitivity(300.0)
    assert value == pytest.approx(650 / (0.695035 * 300**2), rel=1e-4)
    assert error / value == pytest.approx(law.stderr / law.gap)


def test_a_ratio_read_as_temperature_has_an_honest_error():
    rng = np.random.default_rng(0)
    pulls = []
    for seed in range(60):
        law = fit_boltzmann(KELVIN, np.zeros(33), measured(seed, 0.0), np.full(33, 0.003))
        kelvin, sigma = law.temperature(log_ratio(330.0) + 0.004 * rng.standard_normal(), 0.004)
        pulls.append((kelvin - 330) / sigma)
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls) <= 1.3


def test_two_temperatures_are_no_law():
    with pytest.raises(AnalysisError, match="2 temperatures with both bands; needs at least 3"):
        fit_boltzmann(np.array([300.0, 310.0]), np.zeros(2), np.zeros(2), np.ones(2))


def test_the_default_windows_do_not_overlap_and_give_the_gap():
    kelvin = np.arange(250.0, 401.0, 15.0)
    ds = spectra(kelvin)
    bands = thermometer_bands(ds, ERBIUM)
    value = np.log(bands["green 520"].values / bands["green 541"].values)
    assert fit_boltzmann(kelvin, np.zeros(11), value, np.full(11, 1e-3)).gap == pytest.approx(GAP, rel=1e-3)


def test_stray_light_on_all_pixels_does_not_change_the_gap():
    kelvin = np.arange(250.0, 401.0, 15.0)
    clean, stray = (thermometer_bands(spectra(kelvin, ground), ERBIUM) for ground in (0.0, 3e4))
    for name in ERBIUM:
        np.testing.assert_allclose(stray[name], clean[name], rtol=1e-9)


def test_erbium_is_known_by_the_formula_and_only_where_it_was_recorded():
    ds = spectra(np.array([300.0]))
    assert thermometer_windows(ds, None) == ERBIUM
    assert thermometer_windows(ds.sel(wavelength=slice(530, 700)), None) == {}
    ds.attrs["sample"] = {"formula": "NaYF4:8 %Tm"}
    assert thermometer_windows(ds, None) == {}
    by_hand = {"green 520": (510.0, 525.0), "green 541": (535.0, 550.0), "red": (640.0, 670.0)}
    assert list(thermometer_windows(ds, by_hand)) == ["green 520", "green 541"]


def test_temperatures_need_a_response_unless_forced():
    law = fit_boltzmann(KELVIN, np.zeros(33), log_ratio(KELVIN), np.full(33, 1e-3))
    ds = spectra(np.array([280.0, 350.0]))
    with pytest.raises(AnalysisError, match="not corrected for the spectrometer's response"):
        temperatures(ds, law)
    assert temperatures(ds, law, force=True)[0] == pytest.approx([280, 350], abs=0.6)
    ds.attrs["response_corrected"] = True
    assert temperatures(ds, law)[0] == pytest.approx([280, 350], abs=0.6)


def test_warming_in_a_power_sweep_has_pulls_of_mean_0_and_width_1():
    irradiance = np.geomspace(1, 1000, 30)
    error = np.full(30, 0.004)
    pulls, rates = [], []
    for seed in range(50):
        noise = 0.004 * np.random.default_rng(seed).standard_normal(30)
        warming = find_warming(irradiance, log_ratio(300 + 0.02 * irradiance) + noise, error, 300.0, GAP)
        pulls.append((warming.rate - 0.02) / warming.stderr)
        rates.append(warming.table[-1, 1:])
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls) <= 1.3
    change, sigma = np.mean(rates, axis=0)
    assert change == pytest.approx(20, abs=0.3)
    assert sigma == pytest.approx(np.std([rate[0] for rate in rates]), rel=0.3)
