"""Sources and elements of the virtual bench."""

from __future__ import annotations

import pytest

from antistokes.simulated_hw.light_path import (
    Diode,
    DiodeSettings,
    ShortPass,
    ShortPassSettings,
    WavePlate,
    WavePlateSettings,
)


@pytest.fixture
def diode() -> Diode:
    return Diode(DiodeSettings(threshold_A=0.06, slope_W_per_A=0.6, spontaneous=1e-4))


def test_a_diode_without_current_is_dark(diode: Diode) -> None:
    assert diode.power() == 0
    assert diode.wavelength == 980


def test_above_threshold_power_rises_by_the_slope(diode: Diode) -> None:
    diode.current = 0.5
    low = diode.power()
    diode.current = 0.6
    assert diode.power() - low == pytest.approx(0.06)
    assert low == pytest.approx(0.6 * 0.44 + 0.6 * 1e-4 * 0.06)


def test_below_threshold_there_is_only_a_little_spontaneous_light(diode: Diode) -> None:
    diode.current = 0.03
    assert diode.power() == pytest.approx(0.6 * 1e-4 * 0.03)
    diode.current = 0.06
    assert diode.power() == pytest.approx(0.6 * 1e-4 * 0.06)


def test_a_warm_diode_needs_more_current(diode: Diode) -> None:
    assert diode.threshold() == pytest.approx(0.06)
    diode.temperature = 39.0
    assert diode.threshold() == pytest.approx(0.06 * 1.1052, rel=1e-4)  # e^(14/140)
    diode.current = 0.063
    assert diode.power() < 1e-5


def test_a_wave_plate_follows_the_cosine_squared_of_twice_its_angle() -> None:
    plate = WavePlate(WavePlateSettings(zero_deg=10, extinction=0, peak=0.9))
    seen = {}
    for angle in (10, 25, 32.5, 40, 55, 100, 190, -35):
        plate.angle = angle
        seen[angle] = plate.transmission(980)
    expected = {10: 0.9, 25: 0.675, 32.5: 0.45, 40: 0.225, 55: 0, 100: 0.9, 190: 0.9, -35: 0}
    assert seen == pytest.approx(expected, abs=1e-12)


def test_a_crossed_plate_leaks_its_extinction() -> None:
    plate = WavePlate(WavePlateSettings(zero_deg=0, extinction=1e-3, peak=1))
    assert plate.transmission(980) == pytest.approx(1)
    plate.angle = 45
    assert plate.transmission(980) == pytest.approx(1e-3 / 1.001)


def test_a_short_pass_transmits_below_its_edge_and_blocks_above() -> None:
    s = ShortPassSettings(edge_nm=875, edge_width_nm=2, pass_transmission=0.9, optical_density=6)
    element = ShortPass(s)
    assert element.transmission(540) == pytest.approx(0.9, rel=1e-5)
    assert element.transmission(875) == pytest.approx(0.45, rel=1e-5)
    assert element.transmission(980) == pytest.approx(1e-6, rel=1e-3)
    assert element.transmission(1e9) == pytest.approx(1e-6, rel=1e-3)
    values = [element.transmission(wavelength) for wavelength in range(300, 1200)]
    assert values == sorted(values, reverse=True)
    assert min(values) >= 0
    assert max(values) <= 1
