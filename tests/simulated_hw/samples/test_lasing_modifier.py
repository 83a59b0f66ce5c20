"""A line that lases: threshold, slope, width, what stays of the rest, and energy."""

from typing import Any

import numpy as np
import pytest
from scipy.constants import c, h

from antistokes.analysis.lasing_threshold import extrapolated_threshold, extrapolation_bias
from antistokes.instruments.errors import FileRefused
from antistokes.simulated_hw.conditions import Conditions, LaserPulses
from antistokes.simulated_hw.physics.lasing import maximum_slope
from antistokes.simulated_hw.samples.lasing import Lasing
from antistokes.simulated_hw.samples.mechanism import Mechanism
from antistokes.simulated_hw.samples.multiphoton import Multiphoton
from antistokes.simulated_hw.samples.power_law import PowerLaw
from antistokes.simulated_hw.samples.sample import Sample

SAID = {"source": "made up"}
MODE: dict[str, Any] = {
    **SAID,
    "line": "b",
    "threshold": 5.0,
    "unit": "W/cm^2",
    "order": 2,
    "coupling": 0.01,
    "cold": 6.0,
    "narrowest": 0.27,
}
FLUENCE = {"unit": "mJ/cm^2", "threshold": 1.0}
PULSES = LaserPulses(100e-15, 80e6)
CW = Conditions(300.0, 980.0)


def two_lines() -> Mechanism:
    """Lines a and b that go with the square of the irradiance, and take a hundredth of what is absorbed."""
    lines = [
        {**SAID, "name": name, "wavelength": nm, "fwhm": 20, "exponent": 2.0, "photon_rate": rate}
        for name, nm, rate in (("a", 600, 1e15), ("b", 540, 2e15))
    ]
    model = {**SAID, "reference_irradiance": 5.0, "absorption_coefficient": 0.01, "lines": lines}
    return PowerLaw.read(model, "test.toml")


def emitter() -> Mechanism:
    model = {
        **SAID,
        "density": 1e17,
        "gap": "2.3 eV",
        "emission": {**SAID, "name": "b", "wavelength": 540, "fwhm": 20, "efficiency": 0.5, "lifetime": 1e-8},
        "orders": [{**SAID, "order": 2, "cross_section": 1e-45}],
    }
    return Multiphoton.read(model, "test.toml")


def lasing(inner: Mechanism | None = None, **changes: Any) -> Lasing:
    return Lasing.read(inner or two_lines(), MODE | changes, "test.toml")


def test_far_below_threshold_the_mode_has_its_share_of_the_line():
    irradiance = np.array([1e-3, 1e-2])
    before, after = (m.respond(irradiance, CW).emission for m in (two_lines(), lasing()))
    np.testing.assert_allclose(after[:, 1], 0.01 * before[:, 1], rtol=1e-4)
    np.testing.assert_array_equal(after[:, 0], before[:, 0])


def test_above_threshold_every_further_excitation_goes_into_the_mode():
    ratio = np.array([9.0, 16.0, 25.0])
    found = lasing().respond(5.0 * np.sqrt(ratio), CW).emission[:, 1]
    np.testing.assert_allclose(found, 2e15 * (ratio - 1), rtol=2e-3)


def test_the_steepest_slope_is_at_the_threshold():
    irradiance = 5.0 * np.array([0.999, 1.001])
    emission = lasing().respond(irradiance, CW).emission[:, 1]
    slope = np.diff(np.log(emission)) / np.diff(np.log(irradiance))
    assert slope[0] == pytest.approx(2 * maximum_slope(0.01), rel=1e-3)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_line_through_the_signal_finds_the_threshold(order):
    irradiance = 5.0 * np.geomspace(3, 20, 50) ** (1 / order)
    signal = lasing(order=order).respond(irradiance, CW).emission[:, 1]
    found = extrapolated_threshold(irradiance, signal, order) / extrapolation_bias(0.01, order=order)
    assert found == pytest.approx(5.0, rel=1e-3)


@pytest.mark.parametrize(("unit", "threshold"), [("mJ/cm^2", 1.0), ("uJ/cm^2", 1000.0)])
def test_a_fluence_is_that_of_one_pulse(unit, threshold):
    mechanism = lasing(emitter(), unit=unit, threshold=threshold)
    spontaneous = emitter()
    for repetition in (1e3, 80e6):
        conditions = Conditions(300.0, 800.0, LaserPulses(100e-15, repetition))
        irradiance = np.array([0.5, 0.999, 1.001, 4.0]) * 1e-3 * repetition
        ratio = mechanism.respond(irradiance, conditions).emission[:, 0]
        ratio /= spontaneous.respond(irradiance, conditions).emission[:, 0]
        assert ratio[0] == pytest.approx(0.0133, rel=0.01)
        assert np.log(ratio[2] / ratio[1]) / np.log(1.001 / 0.999) > 8


def test_continuous_light_never_reaches_a_fluence():
    mechanism = lasing(emitter(), **FLUENCE)
    conditions = Conditions(300.0, 800.0)
    irradiance = np.geomspace(1.0, 1e12, 13)
    found = mechanism.respond(irradiance, conditions).emission
    np.testing.assert_allclose(found, 0.01 * emitter().respond(irradiance, conditions).emission)
    assert mechanism.lines_at(1e12, conditions)[0].fwhm == pytest.approx(6, rel=0.01)


def test_the_line_narrows_to_its_floor():
    widths = [lasing().lines_at(irradiance, CW)[1].fwhm for irradiance in (0.0, 4.0, 5.0, 10.0, 100.0)]
    assert widths[0] == pytest.approx(np.hypot(6, 0.27))
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(0.27, abs=1e-3)
    assert lasing().lines_at(100.0, CW)[0] == two_lines().lines[0]


def test_the_mode_is_tuned_by_temperature_and_irradiance_within_its_range():
    tuned = lasing(wavelength=541.0, per_kelvin=0.01, per_irradiance=-0.1, tuning_limit=2.0)
    at = {
        (kelvin, pump): tuned.lines_at(pump, Conditions(kelvin, 980.0))[1].wavelength
        for kelvin, pump in ((295.0, 0.0), (345.0, 0.0), (295.0, 10.0), (295.0, 1e9))
    }
    assert list(at.values()) == pytest.approx([541.0, 541.5, 540.0, 539.0])


def test_a_share_of_the_light_outside_the_mode_is_collected_if_so_said():
    mechanism, irradiance = lasing(background=0.1), np.array([0.1, 50.0])
    assert [line.name for line in mechanism.lines] == ["a", "b", "b outside the mode"]
    lines = mechanism.lines_at(50.0, CW)
    assert (lines[1].fwhm, lines[2].fwhm) == (pytest.approx(0.27, abs=1e-3), 20)
    before, after = (m.respond(irradiance, CW).emission for m in (two_lines(), mechanism))
    np.testing.assert_allclose(after[:, 2], 0.1 * (before[:, 1] - after[:, 1]))
    times = np.array([0.0, 1e-6, 2e-6])
    assert mechanism.pulsed(irradiance, irradiance, 1e-6, times, CW).shape == (2, 3, 3)


@pytest.mark.parametrize("background", [0.0, 0.2])
def test_a_pump_that_does_not_change_gives_the_steady_state(background):
    mechanism = lasing(Sample.load("yber-micro").mechanism, line="green 541", background=background)
    irradiance, times = np.array([0.5, 5.0, 50.0]), np.array([0.0, 1e-3, 2e-3])
    steady = mechanism.respond(irradiance, CW).emission
    found = mechanism.pulsed(irradiance, irradiance, 1e-3, times, CW)
    np.testing.assert_allclose(found, np.broadcast_to(steady[:, None], found.shape), rtol=1e-4)


def test_lasing_ends_with_the_pump():
    conditions = Conditions(300.0, 800.0, PULSES)
    mechanism = lasing(emitter(), **FLUENCE)
    times = np.array([0.0, 5e-7, 1e-6, 1.001e-6, 2e-6])
    high, low = np.array([160e3]), np.zeros(1)
    course = mechanism.pulsed(high, low, 1e-6, times, conditions)[0, :, 0]
    alone = emitter().pulsed(high, low, 1e-6, times, conditions)[0, :, 0]
    steady = mechanism.respond(high, conditions).emission[0, 0]
    assert course[2] == pytest.approx(steady, rel=0.01)
    assert course[3] == pytest.approx(0.01 * alone[3])


@pytest.mark.parametrize("pulses", [None, PULSES])
@pytest.mark.parametrize(
    ("inner", "nm", "line"), [("multiphoton", 800.0, "b"), ("yber-micro", 980.0, "green 541")]
)
def test_no_more_energy_leaves_than_is_absorbed(inner, nm, line, pulses):
    """Even where the threshold does not fit the emitter, and at any irradiance."""
    alone = emitter() if inner == "multiphoton" else Sample.load(inner).mechanism
    conditions = Conditions(300.0, nm, pulses)
    photon = h * c / (next(one.wavelength for one in alone.lines if one.name == line) * 1e-9)
    irradiance = np.concatenate([[0.0], np.geomspace(1e-6, 1e12, 19)])
    for changes in ({"order": 5}, {"order": 1}, FLUENCE | {"order": 3}):
        mechanism = lasing(alone, line=line, **changes)
        found = mechanism.respond(irradiance, conditions)
        before = alone.respond(irradiance, conditions)
        assert np.all(np.isfinite(found.emission))
        assert np.all(found.emission >= 0)
        more = np.maximum((found.emission - before.emission).sum(axis=1), 0)
        np.testing.assert_allclose(before.heat - found.heat, more * photon, rtol=1e-6, atol=1e-300)
        assert np.all(found.heat >= 0)
        assert np.all(np.isfinite([mechanism.lines_at(i, conditions)[0].fwhm for i in irradiance]))


def test_levels_are_those_of_the_emitter():
    inner = emitter()
    assert lasing(inner, **FLUENCE).levels == inner.levels
    assert lasing(inner, **FLUENCE).diagram(CW) == inner.diagram(CW)


@pytest.mark.parametrize(
    ("changes", "key", "problem"),
    [
        ({"line": "c"}, "model.lasing.line", "is 'c'; known: a, b"),
        ({"unit": "J"}, "model.lasing.unit", "must be one of"),
        ({"threshold": 0}, "model.lasing.threshold", "expected float >= 1e-12"),
        ({"coupling": 2}, "model.lasing.coupling", "expected float <= 1"),
        ({"narrowest": 7}, "model.lasing.narrowest", "is 7 nm; must be at most the cold width, 6 nm"),
        ({"source": ""}, "model.lasing.source", "is ''"),
    ],
)
def test_a_resonator_that_cannot_be_is_refused(changes, key, problem):
    with pytest.raises(FileRefused) as refusal:
        lasing(**changes)
    assert str(refusal.value).startswith(f"test.toml: {key}")
    assert problem in str(refusal.value)
