"""Emission against temperature, from synthetic runs whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.line_shape import K_MEV, fit_odonnell_chen, line_shapes
from antistokes.analysis.temperature_curve import Curve, activation_energy, last_detected
from antistokes.analysis.temperature_sweep import analyse

WAVELENGTH = np.arange(560.0, 660.0, 0.5)
BAND = {"line": (585.0, 625.0)}


def curve(intensity, seed: int, sigma: float, kelvin) -> Curve:
    kelvin = np.asarray(kelvin, float)
    value = intensity(kelvin) + sigma * np.random.default_rng(seed).standard_normal(len(kelvin))
    return Curve(kelvin, kelvin, value, np.full(len(kelvin), sigma))


def arrhenius(energy: float):
    """Intensity 1 at 300 K; *energy* in meV."""
    return lambda kelvin: np.exp(-energy / K_MEV * (1 / kelvin - 1 / 300))


def run(energy: float = 100.0, shift: float = 0.0, powers=(10.0,), seed: int = 0) -> xr.Dataset:
    """A line at 605 nm at 250 to 400 K; *shift* in meV/K moves it."""
    rng = np.random.default_rng(seed)
    kelvin, irradiance = (
        array.ravel() for array in np.meshgrid(np.arange(250.0, 401.0, 15.0), powers, indexing="ij")
    )
    energies = 1239841.984 / WAVELENGTH
    centre = 2049.3 + shift * (kelvin - 300)
    shape = np.exp(-0.5 * ((energies - centre[:, None]) / 13.55) ** 2) * (605 / WAVELENGTH) ** 2
    spectrum = 1e4 * (irradiance * arrhenius(energy)(kelvin))[:, None] * shape
    errors = np.sqrt(50.0**2 + spectrum)
    return xr.Dataset(
        {
            "spectrum": (("point", "wavelength"), spectrum + errors * rng.standard_normal(spectrum.shape)),
            "spectrum_errors": (("point", "wavelength"), errors),
            "sample_temperature": ("point", kelvin + 0.05),
            "irradiance_mean": ("point", irradiance),
        },
        coords={
            "temperature": ("point", kelvin),
            "irradiance": ("point", irradiance),
            "wavelength": WAVELENGTH,
        },
        attrs={"title": "A sweep", "sample": {"id": "s", "bands": {"line": [585, 625]}}, "simulated": True},
    )


# -- activation energy ------------------------------------------------------------------------------


@pytest.mark.parametrize(("energy", "sigma"), [(103.0, 0.02), (-60.0, 0.02), (103.0, 0.3)])
def test_activation_energies_have_pulls_of_mean_0_and_width_1(energy, sigma):
    found = [
        activation_energy(curve(arrhenius(energy), seed, sigma, np.arange(250, 401, 10)))
        for seed in range(50)
    ]
    pulls = np.array([(value - energy) / error for value, error, _ in found])
    assert abs(pulls.mean()) <= 0.4
    assert 0.75 <= pulls.std() <= 1.3


def test_a_bend_against_one_over_t_is_seen():
    def bent(kelvin):
        return arrhenius(150)(kelvin) / (1 + 5 * arrhenius(200)(kelvin))

    kelvin = np.arange(250, 401, 10)
    assert activation_energy(curve(bent, 0, 1e-3, kelvin))[2] > 10
    assert activation_energy(curve(arrhenius(100), 0, 1e-3, kelvin))[2] < 4


# -- last detected temperature ----------------------------------------------------------------------


def test_the_last_detected_temperature_is_where_the_signal_is_three_sigma():
    """ln I falls by 0.05 per K; 3σ is 12.5 % of the signal at 300 K: 300 − ln(8)/0.05 = 258.4 K."""
    found = [
        last_detected(curve(lambda k: np.exp((k - 300) / 20), seed, 0.125 / 3, np.arange(200, 301, 5)))
        for seed in range(50)
    ]
    truth = 300 - 20 * np.log(8)
    values, errors = np.array([row[:2] for row in found]).T
    assert {row[2] for row in found} == {"cooling"}
    pulls = (values - truth) / errors
    assert abs(pulls.mean()) <= 0.4
    assert 0.75 <= pulls.std() <= 1.3
    assert np.median(errors) < 3.0


def test_a_longer_exposure_moves_it_down():
    short, long = (
        last_detected(curve(lambda k: np.exp((k - 300) / 20), 0, sigma, np.arange(200, 301, 5)))[0]
        for sigma in (0.125 / 3, 0.125 / 3 / np.sqrt(10))
    )
    assert short - long == pytest.approx(20 * np.log(np.sqrt(10)), abs=6)


def test_with_few_points_it_lies_half_way_with_half_the_step_as_error():
    kelvin = np.array([250.0, 270.0, 290.0])
    rows = Curve(kelvin, kelvin, np.array([0.0, 100.0, 1000.0]), np.ones(3))
    assert last_detected(rows) == (260.0, 10.0, "cooling")


def test_emission_that_is_quenched_by_heat_is_lost_on_warming():
    value, error, way = last_detected(
        curve(lambda k: np.exp((300 - k) / 20), 3, 0.02, np.arange(300, 421, 5))
    )
    assert way == "warming"
    assert abs(value - (300 - 20 * np.log(0.06))) < 4 * error


def test_a_band_that_is_always_seen_or_never_has_none():
    kelvin = np.arange(250.0, 301.0, 5.0)
    assert last_detected(Curve(kelvin, kelvin, np.ones(11), np.full(11, 0.01))) is None
    assert last_detected(Curve(kelvin, kelvin, np.ones(11), np.ones(11))) is None


# -- lines ------------------------------------------------------------------------------------------


def test_a_line_that_moves_is_followed_with_honest_errors():
    pulls = []
    for seed in range(6):
        ds = run(shift=-0.3, seed=seed)
        energy, error, width, width_error = line_shapes(ds, BAND["line"]).T
        pulls += ((energy - (2049.3 - 0.3 * (ds["temperature"].values - 300))) / error).tolist()
        assert (np.abs(width - 31.91) < 5 * width_error).all()
    assert abs(np.mean(pulls)) <= 0.4
    assert 0.75 <= np.std(pulls) <= 1.3


def test_the_law_of_the_gap_is_recovered():
    kelvin = np.arange(10.0, 301.0, 10.0)
    energy = 1653 - 2.06 * 15 * (1 / np.tanh(15 / (2 * K_MEV * kelvin)) - 1)
    noisy = energy + 0.1 * np.random.default_rng(0).standard_normal(len(kelvin))
    law = fit_odonnell_chen(kelvin, noisy, np.full(len(kelvin), 0.1))
    for name, truth in (("energy_0", 1653), ("coupling", 2.06), ("phonon", 15)):
        assert abs(law[name][0] - truth) < 4 * law[name][1]
    assert fit_odonnell_chen(kelvin[-5:], noisy[-5:], np.full(5, 0.5)) is None


# -- the whole --------------------------------------------------------------------------------------


def test_the_findings_of_a_run():
    found = analyse(run(energy=100, shift=-0.1))
    energy = found.find("activation energy", "line")
    assert energy.unit == "meV"
    assert abs(energy.value - 100) < 4 * energy.stderr
    ratio = found.find("band ratio", "line", temperature=400.0)
    truth = arrhenius(100)(400.0) / arrhenius(100)(295.0)
    assert abs(ratio.value - truth) < 4 * ratio.stderr
    assert ratio.note == "over 295 K"
    shift = found.find("line shift", "line")
    assert abs(shift.value - -15) < 4 * shift.stderr


def test_position_width_and_the_law_of_the_gap_are_told():
    """At 20 K steps from 20 K: O'Donnell and Chen with 2060 meV, S = 1 and phonons of 25 meV."""
    ds = run()
    kelvin = np.linspace(20.0, 400.0, ds.sizes["point"])
    energies = 1239841.984 / WAVELENGTH
    centre = 2060 - 25 * (1 / np.tanh(25 / (2 * K_MEV * kelvin)) - 1)
    clean = 1e5 * np.exp(-0.5 * ((energies - centre[:, None]) / 13.55) ** 2) * (605 / WAVELENGTH) ** 2
    errors = np.sqrt(50.0**2 + clean)
    noise = np.random.default_rng(0).standard_normal(clean.shape)
    ds["spectrum"], ds["spectrum_errors"] = (
        (("point", "wavelength"), x) for x in (clean + errors * noise, errors)
    )
    ds["sample_temperature"] = "point", kelvin
    found = analyse(ds.assign_coords(temperature=("point", kelvin)))
    for quantity, truth in (("gap at 0 K", 2060), ("gap coupling", 1), ("phonon energy", 25)):
        one = found.find(quantity, "line")
        assert abs(one.value - truth) < 4 * one.stderr < truth
    gap, width = (found.find(quantity, "line", temperature=400.0) for quantity in ("gap", "linewidth"))
    assert abs(gap.value - centre[-1]) < 4 * gap.stderr
    assert width.unit == "nm"
    assert width.value == pytest.approx(1239841.984 * 31.91 / centre[-1] ** 2, abs=5 * width.stderr)


def test_powers_that_were_missed_are_taken_out_with_the_exponent_that_several_powers_tell():
    pulls, errors, raw = [], [], []
    for seed in range(20):
        ds = run(seed=seed, powers=(10.0, 20.0))
        off = 1 + 0.02 * np.random.default_rng(seed).standard_normal(ds.sizes["point"])
        ds["spectrum"] *= xr.DataArray(off, dims="point")
        measured = analyse(ds.assign(irradiance_mean=ds["irradiance"] * off))
        one, other = (
            found.find("activation energy", "line", irradiance=20.0) for found in (measured, analyse(ds))
        )
        pulls.append((one.value - 100) / one.stderr)
        errors.append(one.stderr)
        raw.append(abs(other.value - 100))
    assert abs(np.mean(pulls)) <= 0.5
    assert 0.7 <= np.std(pulls) <= 1.35
    assert np.median(errors) < 0.5 * np.median(raw)


def test_every_power_is_told_apart():
    found = analyse(run(powers=(10.0, 20.0)))
    for power in (10.0, 20.0):
        one = found.find("activation energy", "line", irradiance=power)
        assert abs(one.value - 100) < 4 * one.stderr


def test_a_ground_of_stray_light_can_be_taken_off():
    ds = run(energy=300)
    ds["spectrum"] = ds["spectrum"] + 300.0
    plain, less = (analyse(ds, ground=ground) for ground in (None, (560.0, 580.0)))
    truth = arrhenius(300)(250.0) / arrhenius(300)(295.0)
    one, two = (found.find("band ratio", "line", temperature=250.0) for found in (plain, less))
    assert abs(one.value - truth) > 5 * one.stderr
    assert abs(two.value - truth) < 4 * two.stderr


def test_one_temperature_is_no_curve():
    with pytest.raises(AnalysisError, match="fewer than 2 temperatures"):
        analyse(run().isel(point=[0]))


def test_the_figure_shows_the_bands_and_the_floor():
    figure = analyse(run(powers=(10.0, 20.0))).figure()
    shown = "\n".join(text.get_text() for text in figure.findobj(Text))
    for expected in ("temperature (K)", "3 standard errors", "line", "SIMULATED", "A sweep"):
        assert expected in shown
