"""Radius of a beam from a blade's scan, with honest errors; and what is no such scan."""

import numpy as np
import pytest
import xarray as xr
from scipy.special import erfc

from antistokes.analysis.analyse import analyse
from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.beam_profile import blade_curve


def scan(seed=0, radius=0.1, jitter=0.0, noise=6e-4, drift=0.0, sign=1, low=29.5, high=30.5, passed=None):
    """There and back through a beam at 30.02 mm."""
    random = np.random.default_rng(seed)
    way = np.linspace(low, high, 51)
    x = np.concatenate([way, way[::-1]])
    t = np.arange(len(x), dtype=float)
    u = sign * (x - 30.02) / radius
    power = 1e-3 * (1 + drift * t / t[-1]) * (0.5 * erfc(np.sqrt(2) * u) if passed is None else passed(u))
    sigma = np.hypot(noise * power, 1e-9)
    return xr.Dataset(
        {
            "blade_measured": ("point", x + jitter * random.normal(size=len(x))),
            "beam_power": ("point", power + sigma * random.normal(size=len(x))),
            "beam_power_errors": ("point", sigma),
            "time": ("point", t),
        },
        coords={"blade": ("point", x)},
        attrs={
            "procedure": "beam-profile",
            "parameters": {"along": "x"},
            "start": "2026-11-02T10:00:00",
            "beam": {"w_x_um": 1e3 * radius},
        },
    )


@pytest.mark.parametrize(
    "case", [{}, {"jitter": 3e-4}, {"noise": 5e-3}, {"drift": 0.05}, {"sign": -1}], ids=str
)
def test_the_error_of_the_radius_is_honest(case):
    found = [blade_curve(scan(seed, **case)).radius for seed in range(50)]
    pulls = [(value - 100) / stderr for value, stderr in found]
    assert abs(np.mean(pulls)) < 0.4
    assert 0.75 < np.std(pulls, ddof=1) < 1.3


def test_what_a_station_file_needs_comes_with_it():
    (found,) = analyse(scan())
    radius = found.find("beam radius", "x")
    assert (radius.unit, radius.value) == ("um", pytest.approx(100, abs=4 * radius.stderr))
    assert found.find("beam centre", "x").value == pytest.approx(30.02, abs=1e-3)
    assert found.warnings == []
    for line in ("w_x_um = ", 'method = "knife edge"', 'date = "2026-11-02"'):
        assert line in found.details["beam"]
    assert found.figure is not None
    assert "w_x = " in "".join(t.get_text() for t in found.figure().axes[0].get_legend().get_texts())


def test_a_beam_of_another_shape_is_warned_of():
    def top_hat(u):
        u = np.clip(u, -1, 1)
        return (np.arccos(u) - u * np.sqrt(1 - u * u)) / np.pi

    (found,) = analyse(scan(passed=top_hat))
    assert any("not Gaussian" in text for text in found.warnings)


def test_a_radius_unlike_the_recorded_one_is_told():
    ds = scan()
    ds.attrs["beam"] = {"w_x_um": 80.0}
    assert any("says w_x_um = 80" in text for text in analyse(ds)[0].warnings)


def test_coarse_steps_are_warned_of():
    assert any(
        "smaller steps" in text for text in analyse(scan(radius=0.05, low=29.3, high=30.8))[0].warnings
    )


@pytest.mark.parametrize(("low", "high"), [(29.5, 30.03), (30.3, 30.5)])
def test_a_scan_of_a_part_of_the_beam_is_refused(low, high):
    with pytest.raises(AnalysisError, match="beam profile"):
        blade_curve(scan(low=low, high=high))


def test_a_blade_that_does_not_cut_the_beam_is_told():
    with pytest.raises(AnalysisError, match="the same at both ends, within .* W: the blade does not cut"):
        blade_curve(scan(passed=np.ones_like))
