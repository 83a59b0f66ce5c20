import numpy as np
import pint
import pytest

from antistokes.simulated_hw.physics.lasing import (
    ModeTuning,
    linewidth,
    local_slope,
    maximum_slope,
    mode_spacing,
    photon_number,
    pump_ratio,
)

u: pint.UnitRegistry = pint.UnitRegistry()

P_TH = 4.7  # W/cm²


@pytest.mark.parametrize("coupling", [1e-6, 1e-3, 0.1, 1.0])
def test_photon_number_solves_its_equation_at_every_pump(coupling):
    p = np.geomspace(1e-6, 1e6, 61)
    s = photon_number(p, coupling)
    np.testing.assert_allclose(coupling * s**2 + s, p * (s + 1), rtol=1e-9)
    assert np.all(s >= p * (1 - 1e-12))
    assert np.all(coupling * s <= p * (1 + 1e-12))  # no more photons than the pump pays for
    assert np.all(np.diff(s) > 0)


@pytest.mark.parametrize(("coupling", "slope"), [(1e-2, 5.50), (1e-3, 16.31), (0.1, 2.08)])
def test_maximum_slope_lies_at_threshold(coupling, slope):
    assert maximum_slope(coupling) == pytest.approx(slope, abs=5e-3)
    assert local_slope(1.0, coupling) == pytest.approx(float(maximum_slope(coupling)), rel=1e-12)
    slopes = local_slope(np.geomspace(0.01, 100, 2001), coupling)
    assert slopes.max() == pytest.approx(float(maximum_slope(coupling)), rel=1e-9)


def test_local_slope_is_the_derivative_of_the_photon_number():
    p, step = np.geomspace(1e-4, 1e4, 81), 1e-5
    up, down = (np.log(photon_number(p * np.exp(s), 0.01)) for s in (step, -step))
    np.testing.assert_allclose(local_slope(p, 0.01), (up - down) / (2 * step), rtol=1e-6)


def test_slope_below_threshold_is_the_number_of_photons_that_pump():
    fluence = np.geomspace(1e-3, 2e-3, 5)
    for order in (1, 2, 3):
        s = photon_number(pump_ratio(fluence, 1.0, order), 1e-2)
        assert np.polyfit(np.log(fluence), np.log(s), 1)[0] == pytest.approx(order, abs=0.01)


def test_line_narrows_to_its_floor():
    widths = linewidth(photon_number([0.0, 1.0, 2.0, 3.0, 1e9], 1e-2))
    assert widths[0] == pytest.approx(np.hypot(6, 0.27), rel=1e-12)
    assert np.all(np.diff(widths) < 0)
    assert widths[-1] == pytest.approx(0.27, abs=1e-9)
    without = linewidth(photon_number([2.0, 3.0], 1e-2), narrowest=0.0)
    assert without == pytest.approx([0.058, 0.030], abs=5e-4)


def test_spectrometer_must_resolve_the_line():
    fine, coarse = linewidth(1e9, instrument=0.1), linewidth(1e9, instrument=0.5)
    assert fine == pytest.approx(np.sqrt(0.27**2 + 0.1**2), rel=1e-9)
    assert coarse > 0.5


def test_mode_spacing_of_a_microsphere():
    assert mode_spacing(541.0, 2.44, 1.5) == pytest.approx(25.45, abs=5e-3)
    frequency = u.speed_of_light / (np.pi * 2.44 * u.um * 1.5)
    spacing = ((541 * u.nm) ** 2 * frequency / u.speed_of_light).to("nm").magnitude
    assert mode_spacing(541.0, 2.44, 1.5) == pytest.approx(spacing, rel=1e-12)


def test_pump_ratio_and_line_width_with_units():
    fluence, threshold = 6.8 * u.mJ / u.cm**2, 34 * u.J / u.m**2
    assert pump_ratio(6.8, 3.4, 2) == pytest.approx(((fluence / threshold).to("") ** 2).magnitude, rel=1e-12)
    width = ((0.27 * u.nm) ** 2 + (500 * u.pm) ** 2 + (6 * u.nm / 3) ** 2) ** 0.5
    assert linewidth(2.0, instrument=0.5) == pytest.approx(width.to("nm").magnitude, rel=1e-12)


def test_mode_moves_with_temperature_and_pump_as_far_as_it_can():
    tuning = ModeTuning(per_kelvin=0.02, per_irradiance=0.1)
    assert tuning.shift(295.0, 0.0) == 0
    assert tuning.shift(300.0, 2.0) == pytest.approx(0.3, rel=1e-12)
    assert tuning.shift(280.0, 2.0, reference=290.0) == pytest.approx(0.0, abs=1e-12)
    assert tuning.shift([0.0, 295.0, 295.0], [0.0, 1e12, 5.0]).tolist() == pytest.approx([-3.56, 3.56, 0.5])


def test_random_lasers_obey_what_every_laser_must():
    rng = np.random.default_rng(150)
    for _ in range(50):
        coupling, order = 10 ** rng.uniform(-6, -0.01), rng.integers(1, 4)
        p = pump_ratio(np.geomspace(1e-3, 1e3, 100), 10 ** rng.uniform(-1, 1), order)
        slopes, s = local_slope(p, coupling), photon_number(p, coupling)
        assert np.all((slopes >= 1 - 1e-9) & (slopes <= maximum_slope(coupling) * (1 + 1e-9)))
        assert np.all(np.diff(s) > 0)
        assert np.all(coupling * s <= p * (1 + 1e-12))
        assert np.all(np.diff(linewidth(s)) <= 0)


def test_limits_are_finite():
    assert photon_number(0.0, 0.01) == pump_ratio(0.0, P_TH, 2) == 0
    assert local_slope(0.0, 0.01) == pytest.approx(1, rel=1e-12)
    assert local_slope(1e150, 0.01) == pytest.approx(1, rel=1e-12)
    assert photon_number(1e150, 0.01) == pytest.approx(1e152, rel=1e-12)
    assert photon_number(5.0, 1.0) == pytest.approx(5, rel=1e-12)
    assert photon_number([], 0.01).shape == local_slope([], 0.01).shape == linewidth([]).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pump_ratio(-1.0, P_TH), "pump = -1: must be finite, at least 0"),
        (lambda: pump_ratio(1.0, 0.0), "threshold = 0: must be finite, above 0"),
        (lambda: photon_number(1.0, 0.0), "spontaneous coupling = 0: must be finite, above 0, at most 1"),
        (lambda: photon_number(float("nan"), 0.1), "pump ratio = nan"),
        (lambda: maximum_slope(1.5), "spontaneous coupling = 1.5"),
        (lambda: linewidth(-1.0), "photon number = -1"),
        (lambda: mode_spacing(541.0, -2.44, 1.5), "diameter = -2.44 µm"),
        (lambda: ModeTuning(float("nan"), 0.0), "tuning by temperature = nan nm/K"),
        (lambda: ModeTuning(0.02, 0.1).shift(-1.0, 0.0), "temperature = -1 K"),
    ],
)
def test_what_no_experiment_can_have_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
