"""Sources and elements of the virtual bench."""

from __future__ import annotations

import math

import pytest

from antistokes.simulated_hw.light_path import (
    Diode,
    DiodeSettings,
    NeutralDensity,
    NeutralDensitySettings,
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


@pytest.mark.parametrize("angle", [0.0, 10.0, 30.0, 45.0, 89.0])
def test_the_edge_of_a_tilted_filter_moves_to_the_blue(angle: float) -> None:
    element = ShortPass(ShortPassSettings(angle_deg=angle, effective_index=1.8))
    # the angle inside the coating, by Snell's law
    inside = math.asin(math.sin(math.radians(angle)) / 1.8)
    assert element.edge == pytest.approx(875 * math.cos(inside), rel=1e-12)
    assert element.transmission(element.edge) == pytest.approx(0.93 / 2, rel=1e-4)


def test_a_tilted_filter_can_lose_a_line_near_its_edge() -> None:
    straight, tilted = (ShortPass(ShortPassSettings(angle_deg=angle)) for angle in (0.0, 20.0))
    assert tilted.edge == pytest.approx(859.0, abs=0.1)
    assert straight.transmission(865) == pytest.approx(0.93, rel=0.01)
    assert tilted.transmission(865) < 0.06
    assert tilted.transmission(980) == straight.transmission(980)


def test_a_filter_glows_with_what_it_stops() -> None:
    """1e-6 of the pump's photons, even over 400 to 875 nm; nothing for what it passes."""
    element = ShortPass(ShortPassSettings(fluorescence=1e-6, fluorescence_nm=(400.0, 875.0)))
    assert element.fluorescence(980) * 475 == pytest.approx(0.93e-6, rel=1e-4)
    assert element.fluorescence(541) == pytest.approx(0.0, abs=1e-15)
    assert ShortPass(ShortPassSettings()).fluorescence(980) == 0


def test_a_fluorescence_without_a_band_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        ShortPassSettings(fluorescence_nm=(875.0, 400.0))


def test_a_neutral_filter_is_not_quite_neutral() -> None:
    density = NeutralDensity(NeutralDensitySettings(optical_density=3.0, nominal_nm=633, variation=0.05))
    assert density.transmission(633) == pytest.approx(1e-3)
    assert density.transmission(983) == pytest.approx(10**-3.15)
    assert density.transmission(2000) == density.transmission(983)
    assert density.transmission(200) == pytest.approx(10**-2.85)
    # 5 % of a density of 3 is a factor of 1.4 in power: calibrate, never trust the nominal value
    assert density.transmission(633) / density.transmission(983) == pytest.approx(1.41, abs=0.01)
    assert NeutralDensity(NeutralDensitySettings(optical_density=0)).transmission(980) == 1.0
