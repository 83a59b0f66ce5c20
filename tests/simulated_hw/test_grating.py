"""What a monochromator passes, against plain geometry."""

import math

import pytest

from antistokes.simulated_hw.grating import Grating, OpticsSettings

_IDEAL = OpticsSettings(blur_um=0.0, stray=0.0, efficiency=(0.0, 1.0, 0.0), image_um=1000.0)
_G1200 = Grating(1200, _IDEAL)


def test_the_dispersion_of_a_monochromator_of_300_mm() -> None:
    # SP-2300i data sheet: 2.7 nm/mm with 1200 grooves per mm
    assert _G1200.dispersion(435.8) == pytest.approx(2.7, rel=0.15)
    assert Grating(300, _IDEAL).dispersion(435.8) == pytest.approx(4 * 2.7, rel=0.05)


def test_a_sharp_line_traces_a_triangle_behind_equal_slits() -> None:
    width = _G1200.bandpass(540, 200, 200)
    passed = [_G1200.transmission(540 + x * width, 200, 200, 540, 1e-6) for x in (-1, -0.5, 0, 0.5, 1)]
    assert passed == pytest.approx([0, 0.1, 0.2, 0.1, 0], abs=0.005)  # of what fills the image of 1000 µm


def test_unequal_slits_give_a_flat_top() -> None:
    width = _G1200.bandpass(540, 100, 300)
    assert _G1200.transmission(540, 100, 300, 540, 1e-6) == pytest.approx(0.1)
    assert _G1200.transmission(540 + width / 4, 100, 300, 540, 1e-6) == pytest.approx(0.1, rel=0.01)
    assert _G1200.transmission(540 + width / 2, 100, 300, 540, 1e-6) == pytest.approx(0.05, rel=0.01)


def test_scanning_over_a_line_finds_all_of_it() -> None:
    """The area of the scanned line is the bandpass, however wide the line is."""
    steps = [520 + 0.02 * i for i in range(2001)]
    for fwhm in (0.1, 2.0):
        area = 0.02 * sum(_G1200.transmission(s, 1000, 200, 540, fwhm) for s in steps)
        assert area == pytest.approx(_G1200.dispersion(540) * 0.2, rel=0.01)


def test_a_wide_entrance_lets_no_more_in_than_there_is() -> None:
    assert _G1200.transmission(540, 3000, 3000, 540, 1) == pytest.approx(1.0)


def test_orders_and_stray_light() -> None:
    grating = Grating(600, OpticsSettings(efficiency=(0.3, 0.6, 0.03), stray=1e-6))
    assert grating.transmission(0, 500, 500, 540, 1) == pytest.approx(0.3, rel=0.01)
    assert grating.transmission(1080, 500, 500, 540, 0.1) == pytest.approx(0.03, rel=0.01)
    assert grating.transmission(700, 500, 500, 540, 1) == pytest.approx(1e-6)


def test_a_mirror_passes_every_wavelength() -> None:
    mirror = Grating(0, OpticsSettings())
    assert mirror.transmission(0, 500, 500, 400, 1) == mirror.transmission(0, 500, 500, 900, 1) == 0.3


def test_the_angle_follows_the_grating_equation() -> None:
    angle = math.radians(_G1200.angle(500))
    assert 2 * 1e6 / 1200 * math.cos(math.radians(15.2)) * math.sin(angle) == pytest.approx(500)


@pytest.mark.parametrize(("line", "setting"), [(541, 1082), (473, 946), (532, 1064)])
def test_visible_light_appears_again_at_twice_its_wavelength(line: float, setting: float) -> None:
    grating = Grating(600, OpticsSettings(stray=0.0))
    first = grating.transmission(line, 500, 500, line, 0.1)
    assert 0.02 < grating.transmission(setting, 500, 500, line, 0.1) / first < 0.3


def test_a_pump_in_the_infrared_is_never_in_the_visible_but_as_stray_light() -> None:
    """A grating set to S passes S/m: 980 nm appears at 1960 nm, not below 980 nm."""
    grating = Grating(600, OpticsSettings(stray=0.0))
    assert max(grating.transmission(setting, 500, 500, 980, 0.5) for setting in range(400, 960)) < 1e-9
    assert Grating(600, OpticsSettings(stray=1e-5)).transmission(541, 500, 500, 980, 0.5) == pytest.approx(
        1e-5
    )


def test_the_dispersion_of_600_grooves_and_300_mm_is_5_56_nm_per_mm_times_the_cosine() -> None:
    grating = Grating(600, OpticsSettings(focal_length_mm=300.0, half_angle_deg=15.2))
    cosine = math.cos(math.radians(grating.angle(541) + 15.2))
    assert grating.dispersion(541) == pytest.approx(5.556 * cosine, rel=1e-4)
