"""Thresholds of simulated lasers: as a straight line far above finds them, and from the whole curve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.bands import AnalysisError, spectra
from antistokes.analysis.emission_lines import Line
from antistokes.analysis.fitting import Points
from antistokes.analysis.laser_curve import laser_curve
from antistokes.analysis.laser_widths import LineAt, tuning_range
from antistokes.analysis.lasing_signs import has_kink
from antistokes.analysis.lasing_threshold import analyse, extrapolated_threshold, extrapolation_bias
from antistokes.analysis.pixel_pattern import pixel_covariance, pixel_spread
from antistokes.simulated_hw.physics.lasing import photon_number, pump_ratio

P_TH = 4.7  # W/cm²


@pytest.mark.parametrize(("coupling", "threshold"), [(1e-2, 4.636), (1e-3, 4.694), (0.1, 4.088)])
def test_straight_line_finds_too_low_a_threshold(coupling, threshold):
    pump = P_TH * np.geomspace(3, 20, 50)
    found = extrapolated_threshold(pump, 1e3 * photon_number(pump / P_TH, coupling))
    assert found == pytest.approx(threshold, abs=5e-4)
    assert found / extrapolation_bias(coupling) == pytest.approx(P_TH, rel=1e-9)


@pytest.mark.parametrize(("high", "thresholds"), [(10, (4.63, 4.69, 4.04)), (100, (4.64, 4.69, 4.15))])
def test_bias_depends_on_the_range_of_the_fit(high, thresholds):
    found = [P_TH * extrapolation_bias(coupling, 3, high) for coupling in (1e-2, 1e-3, 0.1)]
    assert found == pytest.approx(thresholds, abs=5e-3)


@pytest.mark.parametrize(("order", "right", "naive"), [(2, 0.995, 3.0), (3, 0.997, 3.8)])
def test_two_and_three_photon_thresholds_need_the_power_of_the_pump(order, right, naive):
    fluence = np.linspace(3, 10, 20)
    s = photon_number(pump_ratio(fluence, 1.0, order), 1e-2)
    assert extrapolated_threshold(fluence, s, order) == pytest.approx(right, abs=5e-4)
    assert extrapolated_threshold(fluence, s) == pytest.approx(naive, abs=0.05)


def test_correction_forgives_a_range_that_was_only_guessed():
    fluence = 3.4 * np.geomspace(3.5, 17, 12) ** 0.5
    s = photon_number(pump_ratio(fluence, 3.4, 2), 1e-2)
    found = extrapolated_threshold(fluence, s, 2) / extrapolation_bias(1e-2, order=2)
    assert found == pytest.approx(3.4, rel=1e-3)


def test_bias_tends_to_its_asymptote():
    for order in (1, 2):
        assert extrapolation_bias(0.01, 1e3, 1e5, order) == pytest.approx(0.99 ** (1 / order), rel=1e-4)
    assert extrapolation_bias(1e-9) == pytest.approx(1, abs=1e-8)


def test_bias_is_small_where_little_light_goes_into_the_mode():
    rng = np.random.default_rng(150)
    for _ in range(50):
        coupling = 10 ** rng.uniform(-6, -1)
        low, high = np.sort(rng.uniform(2, 50, 2))
        assert 1 - 2 * coupling < extrapolation_bias(coupling, low, high + 1) < 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: extrapolated_threshold([2.0, 2.0], [1.0, 1.0]), "a line needs at least 2 different ones"),
        (lambda: extrapolated_threshold([], []), "pump takes 0 value"),
        (
            lambda: extrapolated_threshold([2.0, 3.0], [2.0, 1.0]),
            "slope against pump.* is -1; must be above",
        ),
        (
            lambda: extrapolated_threshold([2.0, 3.0], [9.0, 10.0]),
            "no signal at pump.m = -7; must be above",
        ),
        (lambda: extrapolated_threshold([-2.0, 3.0], [1.0, 2.0], 1.5), "the pump not negative"),
        (lambda: extrapolated_threshold([2.0, 3.0], [1.0, np.nan]), "must be finite"),
        (lambda: extrapolation_bias(0.0), "coupling = 0; must be above 0, at most 1"),
        (lambda: extrapolation_bias(0.1, 0.5, 20.0), "p from 0.5 to 20; must rise from at least 1"),
    ],
)
def test_what_gives_no_threshold_is_refused(call: Callable[[], float], message: str) -> None:
    with pytest.raises(AnalysisError, match=message):
        call()


def light(pump, threshold: float, coupling: float, order: float, below: float | None) -> np.ndarray:
    """Counts of a mode; what feeds it goes with pump^below until it is clamped at threshold.

    Without *below* with 1 - exp(-x^order): absorbers that are being used up.
    """
    x = pump / threshold
    v = np.minimum(x, 1)
    feed = v**below if below else np.expm1(-(v**order)) / np.expm1(-1)
    return 3e5 * coupling * photon_number(x**order, coupling) * feed / v**order


def curve_points(seed: int, threshold: float, coupling: float, order: float, below: float | None) -> Points:
    rng = np.random.default_rng(seed)
    pump = threshold * np.geomspace(0.2, 15, 30)
    y = light(pump * (1 + 3e-3 * rng.standard_normal(30)), threshold, coupling, order, below)
    sigma = np.sqrt(y + 20**2)
    return Points(np.log(pump), rng.normal(y, sigma), sigma, np.full(30, 3e-3), pump)


@pytest.mark.parametrize(
    ("threshold", "coupling", "order", "below"),
    [(4.7, 1e-2, 1, 1.3), (3.4, 3e-3, 2, 2), (3.4, 1e-2, 2, None)],
)
def test_thresholds_from_the_whole_curve_have_honest_errors(threshold, coupling, order, below) -> None:
    found = np.array(
        [laser_curve(curve_points(seed, threshold, coupling, order, below)).threshold for seed in range(50)]
    )
    pulls = (found[:, 0] - threshold) / found[:, 1]
    assert abs(pulls.mean()) <= 0.4
    assert 0.75 <= pulls.std(ddof=1) <= 1.3


def laser_run(
    width: float = 0.27, resolution: float = 0.1, repetition: float | None = None, stop: float = 15.0
) -> xr.Dataset:
    """A line at 541 nm, 0.02 nm per pixel; narrows from 6 nm to *width*, moves by 0.01 nm per W/cm²."""
    rng = np.random.default_rng(7)
    wavelength = np.arange(530.0, 552.0, 0.02)
    pump = P_TH * np.geomspace(0.2, stop, 28)
    total = 100 * light(pump, P_TH, 1e-2, 1, 1)
    number = photon_number(pump / P_TH, 1e-2)
    fwhm = np.sqrt(resolution**2 + width**2 + (6 / (1 + number)) ** 2)
    centre = 541 + 0.01 * pump
    shape = np.exp(-4 * np.log(2) * ((wavelength - centre[:, None]) / fwhm[:, None]) ** 2)
    spectrum = (total / shape.sum(axis=1))[:, None] * shape
    errors = np.sqrt(spectrum + 0.5**2)
    scale = 1.0 if repetition is None else repetition * 1e3 / P_TH  # 1 mJ/cm² at threshold
    return xr.Dataset(
        {
            "irradiance_mean": ("point", pump * scale),
            "irradiance_mean_errors": ("point", 1e-3 * pump * scale),
            "spectrum": (("point", "wavelength"), rng.normal(spectrum, errors)),
            "spectrum_errors": (("point", "wavelength"), errors),
        },
        coords={"irradiance": ("point", pump * scale), "wavelength": wavelength},
        attrs={
            "sample": {"bands": {"green": [535, 547]}},
            "parameters": {"resolution": resolution},
            "beam": {} if repetition is None else {"repetition_MHz": repetition},
            "excitation_wavelength": 980.0,
        },
    )


def test_a_run_shows_threshold_widths_and_tuning() -> None:
    found = analyse(laser_run())
    threshold = found.find("threshold", "green")
    assert threshold.unit == "W/cm^2"
    assert abs(threshold.value - P_TH) < 4 * threshold.stderr < 0.1
    narrow, wide = (one for one in found.findings if one.quantity == "linewidth")
    assert abs(narrow.value - 0.27) < max(4 * narrow.stderr, 0.01)
    assert "above threshold" in narrow.note
    assert wide.value == pytest.approx(5, abs=0.6)
    assert "below threshold" in wide.note
    assert found.find("tuning range", "green").value == pytest.approx(0.01 * P_TH * 14, rel=0.1)
    assert found.find("exponent", "green").value == pytest.approx(5.5, abs=0.6)
    assert not found.warnings
    assert len(found.figure().axes) == 3


def test_of_a_mode_locked_laser_the_threshold_is_a_fluence() -> None:
    threshold = analyse(laser_run(repetition=80.0)).find("threshold", "green")
    assert threshold.unit == "mJ/cm^2"
    assert threshold.value == pytest.approx(1.0, abs=4 * threshold.stderr)
    assert "W/cm² on average at 80 MHz" in threshold.note


def test_a_slit_too_wide_for_the_line_is_told() -> None:
    coarse = analyse(laser_run(resolution=0.25))
    assert any("a resolution of 0.25 nm is coarse for a line of 0.2" in text for text in coarse.warnings)
    blind = analyse(laser_run(width=0.05, resolution=0.25))
    assert np.isnan(blind.find("linewidth", "green").value)
    assert any("the slit is too coarse: resolution 0.25 nm" in text for text in blind.warnings)


def test_how_well_the_power_was_set_does_not_change_the_tuning_range() -> None:
    """1 nm per 100 W/cm², the highest set-point missed by up to 3 %."""
    ranges = []
    for missed in (-0.03, 0.0, 0.02):
        wanted = np.array([3.0, 5.0, 20.0, 60.0, 100.0])
        pump = wanted * (1 + missed * np.array([0.5, -1, 0.2, -0.3, 1]))
        lines = [Line(541 + 0.01 * x, 1e-3, 0.3, 1e-3, 1.0) for x in pump]
        some = [LineAt(x, 1e-3 * x, w, line) for x, w, line in zip(pump, wanted, lines, strict=True)]
        ranges.append(tuning_range("green", some, 4.7))
    assert [one.value for one in ranges] == pytest.approx([0.95] * 3, abs=1e-9)
    assert [one.stderr for one in ranges] == pytest.approx([np.hypot(2**0.5, 1) * 1e-3] * 3, rel=0.03)
    assert "from 5 to 100 W/cm²" in ranges[0].note


def test_a_run_that_ends_below_the_threshold_finds_none() -> None:
    found = analyse(laser_run(stop=0.6))
    threshold = found.find("threshold", "green")
    assert np.isnan(threshold.value)
    assert threshold.note.startswith("no lasing found up to 2.8")
    assert [one.quantity for one in found.findings] == ["threshold"]
    assert len(found.figure().axes) == 3


def test_a_kink_in_a_line_that_stays_as_wide_is_no_laser() -> None:
    ds = laser_run()
    total = ds["spectrum"].sum("wavelength")
    shape = np.exp(-4 * np.log(2) * ((ds["wavelength"] - 541) / 3.0) ** 2)
    avalanche = ds.assign(spectrum=(total * shape / shape.sum()).transpose("point", "wavelength"))
    threshold = analyse(avalanche).find("threshold", "green")
    assert np.isnan(threshold.value)
    assert "its light has a kink at 4.7" in threshold.note
    assert "its line is not narrower above it" in threshold.note


def test_stray_light_on_all_pixels_does_not_move_the_threshold() -> None:
    ds, beside = laser_run(), {"green": (537.0, 545.0)}  # the run records 3 nm and more to both sides
    stray = 0.05 * ds["irradiance_mean"] ** 1.3 * ds["spectrum"].max("wavelength")[0]
    moved = analyse(ds.assign(spectrum=(ds["spectrum"] + stray).transpose("point", "wavelength")), beside)
    clean = analyse(ds, beside).find("threshold", "green")
    assert moved.find("threshold", "green").value == pytest.approx(clean.value, abs=0.3 * clean.stderr)


def emitter(seed: int, scatter: float, signal: Callable[[np.ndarray], np.ndarray]) -> Points:
    """30 points over two decades; *scatter* relative, beyond the stated errors of 0.2 %."""
    rng = np.random.default_rng(seed)
    pump = np.geomspace(1, 100, 30)
    y = signal(pump) * (1 + np.hypot(2e-3, scatter) * rng.standard_normal(30))
    return Points(np.log(pump), y, 2e-3 * y, np.full(30, 1e-3), pump)


@pytest.mark.parametrize("scatter", [0.0, 0.05], ids=["steady", "unsteady"])
@pytest.mark.parametrize(
    "signal",
    [
        lambda x: x,
        lambda x: x**2,
        lambda x: x**3,
        lambda x: x**2 / (1 + x / 8),
        lambda x: x**2 / (1 + (x / 8) ** 2),
        lambda x: x + x**3 / 100,
    ],
    ids=["order 1", "order 2", "order 3", "saturating to 1", "saturating to 0", "order 1 to 3"],
)
def test_an_emitter_that_does_not_lase_has_no_kink(signal, scatter) -> None:
    assert not any(has_kink(emitter(seed, scatter, signal)) for seed in range(10))


@pytest.mark.parametrize("coupling", [0.1, 1e-2, 1e-4])
def test_lasers_with_hard_and_soft_thresholds_have_a_kink(coupling) -> None:
    kinks = [has_kink(emitter(s, 0.0, lambda x: light(x, 10.0, coupling, 1, 1.3))) for s in range(20)]
    assert all(kinks)


def test_five_points_are_too_few_to_tell() -> None:
    with pytest.raises(AnalysisError, match="5 points with a signal; at least 8"):
        has_kink(emitter(1, 0.0, np.square)[:5])


@pytest.mark.parametrize("spread", [0.0, 0.01])
def test_unequal_pixels_are_seen_beside_the_noise(spread: float) -> None:
    rng = np.random.default_rng(3)
    x = np.arange(400.0)
    sensitivity = 1 + spread * rng.standard_normal(400)
    lines = [h * np.exp(-4 * np.log(2) * ((x - 200) / width) ** 2) for h, width in [(2e4, 80), (5e4, 200)]]
    mean = np.stack(lines * 4) * sensitivity
    frames = rng.poisson(mean, (5, *mean.shape))
    found = pixel_spread(frames.mean(axis=0), frames.std(axis=0, ddof=1) / np.sqrt(5))
    assert found == pytest.approx(spread, abs=1.5e-3)


def test_unequal_pixels_make_the_light_of_narrow_lines_uncertain() -> None:
    ds = laser_run()
    window = 535.0, 547.0
    light = []
    for seed in range(100):
        sensitivity = 1 + 0.01 * np.random.default_rng(seed).standard_normal(ds.sizes["wavelength"])
        seen = spectra(ds.assign(spectrum=ds["spectrum"] * sensitivity))
        light.append(seen.spectrum[:, (seen.wavelength > 535) & (seen.wavelength < 547)].sum(axis=1))
    expected = pixel_covariance(seen, window)
    assert np.std(light, axis=0) == pytest.approx(np.sqrt(np.diag(expected)), rel=0.25)
    # the line of 0.3 nm stays on much the same pixels from one point to the next, not to the last
    relative = expected / np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    together = np.corrcoef(np.transpose(light))
    assert relative[-2:, 14] == pytest.approx(together[-2:, 14], abs=0.25)
    assert relative[14, 13] == pytest.approx(together[14, 13], abs=0.1)
