"""Malus' law in spectra, with honest errors of the ratio; and what is too weak or too little to tell."""

import math

import numpy as np
import pytest
import xarray as xr

from antistokes.analysis.analyse import analyse
from antistokes.analysis.bands import AnalysisError, integrate_bands
from antistokes.analysis.polarisation_scan import malus

WAVELENGTH = np.linspace(780, 820, 40)
ANGLES = tuple(np.linspace(0, 180, 13))


def scan(seed=0, ratio=5.0, drift=0.0, off=0.01, exponent=2.0, power=0.004, peak=1e4, angles=ANGLES):
    """There and back; the maximum at 20 degrees, the power off by up to *power*, the angles by *off*."""
    random = np.random.default_rng(seed)
    setpoint = np.concatenate([angles, angles[::-1]])
    number = len(setpoint)
    angle = setpoint + random.uniform(-off, off, number)
    t = 10.0 * np.arange(number)
    more = 1 + random.uniform(-power, power, number)
    signal = 1 / ratio + (1 - 1 / ratio) * np.cos(np.radians(angle - 20)) ** 2
    signal = signal * more**exponent * (1 + drift * t / t[-1])
    mean = peak * signal[:, None] * np.exp(-(((WAVELENGTH - 800) / 6) ** 2))
    frames = mean[..., None] + np.sqrt(mean + 100)[..., None] * random.normal(size=(*mean.shape, 5))
    return xr.Dataset(
        {
            "spectrum": (("point", "wavelength"), frames.mean(-1), {"units": "1/s"}),
            "spectrum_errors": (("point", "wavelength"), frames.std(-1, ddof=1) / np.sqrt(5)),
            "irradiance_mean": ("point", 10 * more * (1 + 1e-3 * random.normal(size=number))),
            "irradiance_mean_errors": ("point", np.full(number, 1e-2)),
            "polarisation_measured": ("point", angle),
            "time": ("point", t),
        },
        coords={"polarisation": ("point", setpoint), "wavelength": WAVELENGTH},
        attrs={"procedure": "polarisation-scan", "sample": {"bands": {"band": [785, 815]}}},
    )


@pytest.mark.parametrize(
    "case",
    [{}, {"ratio": 100.0}, {"ratio": 1.5}, {"drift": 0.05}, {"exponent": 1.0}, {"peak": 300.0}],
    ids=str,
)
def test_the_error_of_the_ratio_is_honest(case):
    true = case.get("ratio", 5.0)
    found = [malus(ds, integrate_bands(ds), "band") for ds in (scan(seed, **case) for seed in range(50))]
    for pulls in (
        [(one.ratio[0] - true) / one.ratio[1] for one in found],
        [(one.axis[0] - 20) / one.axis[1] for one in found],
    ):
        assert abs(np.mean(pulls)) < 0.4
        assert 0.75 < np.std(pulls, ddof=1) < 1.3


def test_intensities_are_those_at_the_set_points():
    ds = scan(off=3.0, ratio=1e3, peak=1e6)
    (found,) = analyse(ds)
    whole = 1e6 * np.exp(-(((WAVELENGTH - 800) / 6) ** 2)).sum()
    for angle in (30.0, 75.0, 105.0):
        share = 1e-3 + 0.999 * math.cos(math.radians(angle - 20)) ** 2
        one = found.find("intensity", "band", polarisation=angle)
        assert one.unit == "1/s"
        assert one.value == pytest.approx(whole * share, rel=0.02)
    assert found.find("polarisation angle", "band").value == pytest.approx(20, abs=0.1)


def test_without_light_at_the_minimum_there_is_a_bound_and_no_ratio():
    (found,) = analyse(scan(ratio=1e6))
    one = found.find("polarisation ratio", "band")
    assert math.isnan(one.value)
    assert "above" in one.note
    assert found.find("degree of polarisation", "band").value == pytest.approx(1, abs=0.01)


def test_light_that_does_not_mind_the_polarisation_has_no_angle():
    (found,) = analyse(scan(ratio=1.0))
    assert found.find("polarisation ratio", "band").value == pytest.approx(1, abs=0.01)
    with pytest.raises(KeyError):
        found.find("polarisation angle", "band")


def test_two_angles_give_their_intensities_alone():
    (found,) = analyse(scan(angles=(0.0, 90.0)))
    assert {one.quantity for one in found.findings} == {"intensity"}
    assert "usable points at 2 angles" in found.warnings[0]
    assert found.figure is None


def test_emission_that_follows_something_else_is_warned_of():
    ds = scan(peak=1e6)
    ds["spectrum"] = ds["spectrum"] * (1 + 0.3 * (ds["polarisation"] > 100))
    assert any("does not follow" in text for text in analyse(ds)[0].warnings)


def test_darkness_is_refused():
    ds = scan()
    ds["spectrum"] = 0 * ds["spectrum"]
    with pytest.raises(AnalysisError, match="no light at any angle"):
        malus(ds, integrate_bands(ds), "band")


@pytest.mark.parametrize("ratio", [5.0, 1e4])
def test_the_figure_says_the_ratio(ratio):
    (found,) = analyse(scan(ratio=ratio, peak=1e6))
    assert found.figure is not None
    (legend,) = [text.get_text() for text in found.figure().axes[0].get_legend().get_texts()]
    assert legend.startswith("band: max/min")
