"""The array detector: where photons go and how they are counted."""

from __future__ import annotations

import time

import numpy as np
import pytest

from antistokes.simulated_hw.detection import Detector, DetectorSettings
from antistokes.simulated_hw.light import Light

EVEN = {"sensitivity_spread": 0.0, "dark_spread": 0.0, "stray_light": 0.0}
BLIND = slice(0, 21)


def make(**settings) -> Detector:
    return Detector(DetectorSettings(**EVEN | settings), np.random.default_rng(3))


def test_pixels_span_340_to_1030_nm_with_falling_dispersion():
    wavelengths = make().wavelengths
    assert wavelengths.shape == (2048,)
    assert wavelengths[[0, -1]] == pytest.approx([340, 1030], abs=1)
    steps = np.diff(wavelengths)
    assert np.all(np.diff(steps) < 0)
    assert 0.28 < steps.min() < steps.max() < 0.38


def test_every_photon_of_a_line_is_found_once():
    detector = make(throughput=0.4)
    # 541 nm: quantum efficiency 0.5 in the table
    assert detector.light_rate([Light(541.0, 2.0, 1e6)]).sum() == pytest.approx(1e6 * 0.4 * 0.5, rel=1e-6)


def test_lines_are_as_wide_as_line_and_instrument_in_quadrature():
    detector = make(resolution_nm=1.5)
    nm = detector.wavelengths
    for fwhm in (0.01, 2.0, 12.0):
        rate = detector.light_rate([Light(541.0, fwhm, 1e6)])
        center = np.average(nm, weights=rate)
        sigma = np.sqrt(np.average((nm - center) ** 2, weights=rate) - np.diff(nm)[500] ** 2 / 12)
        assert center == pytest.approx(541, abs=0.01)
        assert sigma * 2.3548 == pytest.approx(np.hypot(fwhm, 1.5), rel=1e-3)


def test_light_adds_up():
    detector = make()
    one, two = Light(541.0, 12.0, 1e6), Light(654.0, 12.0, 3e6)
    both = detector.light_rate([one, two])
    np.testing.assert_allclose(both, detector.light_rate([one]) + detector.light_rate([two]))
    np.testing.assert_array_equal(detector.light_rate([]), np.zeros(2048))


def test_stray_light_is_a_pedestal_that_can_be_turned_off():
    light = [Light(541.0, 12.0, 1e8)]
    far = slice(1500, 1600)
    assert make().light_rate(light)[far].max() < 1e-9
    pedestal = make(stray_light=1e-5).light_rate(light)
    assert pedestal[far] == pytest.approx(1e-5 * 1e8 * 0.4 * 0.5, rel=1e-6)
    assert np.all(pedestal[BLIND] == 0)


def test_covered_pixels_see_no_light_but_have_dark_current():
    detector = make(dark_e_per_s=1e4)
    frame = detector.expose([Light(345.0, 20.0, 1e9)], 1.0)
    assert frame[BLIND].mean() == pytest.approx(1500 + 1e4, rel=0.02)
    assert frame[25] > 20_000


def test_variance_against_mean_gives_the_gain():
    """Photon transfer curve (PHYSICS.md 2h.2: the gain within 3 %)."""
    gain = 2.5
    detector = make(gain_e_per_count=gain, dark_e_per_s=0.0, full_well_e=1e6)
    lit = slice(400, 700)
    means, variances = [], []
    for photons in (2e7, 1e8, 4e8):
        frames = np.array([detector.expose([Light(541.0, 300.0, photons)], 1.0)[lit] for _ in range(300)])
        means.append(frames.mean(axis=0) - 1500)
        variances.append(frames.var(axis=0, ddof=1))
    slope = np.polyfit(np.concatenate(means), np.concatenate(variances), 1)[0]
    assert 1 / slope == pytest.approx(gain, rel=0.03)


@pytest.mark.parametrize("mean", [0.5, 20.0, 990.0, 1010.0, 50_000.0])
def test_electrons_have_the_mean_and_variance_of_a_poisson_number(mean):
    detector = make(dark_e_per_s=mean, read_noise_e=0.0, offset_counts=0.0)
    counts = np.concatenate([detector.expose([], 1.0) for _ in range(20)])
    assert counts.mean() == pytest.approx(mean, abs=5 * np.sqrt(mean / counts.size))
    assert counts.var() == pytest.approx(mean + (1 / 12 if mean > 1000 else 0), rel=0.05)


def test_counts_are_whole_and_end_at_full_well_and_converter():
    bright = [Light(541.0, 12.0, 1e12)]
    frame = make().expose(bright, 1.0)
    assert frame.max() == 65535
    assert np.all(frame == np.rint(frame))
    shallow = make(full_well_e=20_000.0, read_noise_e=0.0).expose(bright, 1.0)
    assert shallow.max() == 21_500


def test_the_pattern_of_the_pixels_stays():
    detector = Detector(DetectorSettings(sensitivity_spread=0.05), np.random.default_rng(5))
    light = [Light(541.0, 300.0, 1e9)]
    first, second = detector.light_rate(light), detector.light_rate(light)
    np.testing.assert_array_equal(first, second)
    rough = np.std(first[500:600] / make().light_rate(light)[500:600])
    assert rough == pytest.approx(0.05, rel=0.3)


def test_a_frame_costs_little():
    detector = Detector(DetectorSettings(), np.random.default_rng(1))
    lights = [Light(400.0 + 50 * i, 12.0, 1e8) for i in range(10)]
    detector.expose(lights, 0.01)

    def cost() -> float:
        start = time.perf_counter()
        detector.expose(lights, 0.01)
        return time.perf_counter() - start

    assert min(cost() for _ in range(50)) < 1e-3


def test_settings_that_are_off_leave_every_frame_as_it_was():
    """The new effects draw nothing from the random stream while they are off."""
    light = [Light(541.0, 12.0, 1e6)]
    plain = Detector(DetectorSettings(), np.random.default_rng(1)).expose(light, 0.1)
    off = DetectorSettings(em_gain=1.0, cosmics_per_min_cm2=0.0, sensor_C=-60.0, dark_C=-60.0)
    np.testing.assert_array_equal(plain, Detector(off, np.random.default_rng(1)).expose(light, 0.1))


@pytest.mark.parametrize(("kelvin", "factor"), [(0.0, 1.0), (6.5, 2.0), (-13.0, 0.25), (-100.0, 2.34e-5)])
def test_dark_current_doubles_every_few_kelvin(kelvin, factor):
    warm = make(
        dark_e_per_s=1e4, sensor_C=20.0 + kelvin, read_noise_e=0.0, full_well_e=1e9, gain_e_per_count=1e-3
    )
    cold = make(dark_e_per_s=1e4, read_noise_e=0.0, full_well_e=1e9)
    assert warm._dark / cold._dark == pytest.approx(factor, rel=2e-3)


@pytest.mark.parametrize("gain", [2.0, 10.0, 300.0])
def test_electron_multiplication_doubles_the_variance(gain):
    """F² = 2 − 1/G: variance F²·G²·n of a mean G·n, with dark electrons for light."""
    settings = {"read_noise_e": 0.0, "offset_counts": 0.0, "maximum_counts": 1e9}
    detector = make(dark_e_per_s=100.0, em_gain=gain, **settings)
    counts = np.concatenate([detector.expose([], 1.0) for _ in range(100)])
    assert counts.mean() == pytest.approx(100 * gain, rel=2e-3)
    assert counts.var() == pytest.approx((2 - 1 / gain) * gain**2 * 100, rel=0.02)
    assert not detector.expose([], 0.0).any()


def test_electron_multiplication_beats_the_read_noise():
    """A weak signal under 40 electrons of read noise: signal to noise rises towards √(n/F²)."""

    def signal_to_noise(gain):
        detector = make(dark_e_per_s=20.0, em_gain=gain, offset_counts=5000.0, maximum_counts=1e9)
        counts = np.concatenate([detector.expose([], 1.0) for _ in range(50)]) - 5000
        return counts.mean() / counts.std()

    assert signal_to_noise(1.0) == pytest.approx(20 / np.sqrt(20 + 40**2), rel=0.05)
    assert signal_to_noise(300.0) == pytest.approx(np.sqrt(20 / 2), rel=0.05)


def test_cosmic_rays_hit_one_to_three_pixels_and_three_frames_find_them():
    """2 per minute and cm²: over two minutes of a large chip. The median of three frames is free of them."""
    settings = {"dark_e_per_s": 0.0, "read_noise_e": 4.0, "offset_counts": 300.0, "area_cm2": 10.0}
    detector = make(cosmics_per_min_cm2=2.0, **settings)
    frames = np.array([detector.expose([], 60.0) for _ in range(90)]) - 300
    hit = frames > 200
    begins = np.diff(hit.astype(int), axis=1, prepend=0) == 1
    # two hits that touch are counted as one
    assert begins.sum() == pytest.approx(90 * 20, rel=0.1)
    assert 1.5 < hit.sum() / begins.sum() < 2.5
    deposits = frames[hit].sum() / (90 * 20)
    assert deposits == pytest.approx(9e3 / np.log(10), rel=0.1)  # mean of 1e3 to 1e4, even in the logarithm
    left = np.median(frames.reshape(30, 3, -1), axis=1) > 200
    assert left.sum() < 0.02 * hit.sum()


def test_more_time_collects_more_cosmic_rays():
    assert make(cosmics_per_min_cm2=2.0).expose([], 0.0).max() < 2000
    long = make(cosmics_per_min_cm2=2.0, dark_e_per_s=0.0, read_noise_e=0.0, area_cm2=1.0, full_well_e=1e6)
    assert np.count_nonzero(long.expose([], 6000.0) - 1500) == pytest.approx(200 * 2, rel=0.25)
