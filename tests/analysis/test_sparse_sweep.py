"""Power sweeps with something missing: an order, enough points, light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from antistokes.analysis import power_law, power_sweep_figure
from antistokes.analysis.bands import AnalysisError
from antistokes.analysis.figures import save_figure
from antistokes.analysis.power_sweep import analyse

WAVELENGTH = np.linspace(500, 700, 200)


def sweep(
    irradiance: Sequence[float] = tuple(np.logspace(0, 2, 9)),
    order: str = "up_down",
    direction: Sequence[int] | None = None,
    signal: Sequence[float] | None = None,
    doubt: float = 0.001,
) -> xr.Dataset:
    """A green line that grows with the square; no red one."""
    at = np.asarray(irradiance)
    height = 1e3 * np.asarray(at**2 if signal is None else signal)
    noise = np.random.default_rng(1).normal(0, 1, (len(at), 200))
    spectrum = height[:, None] * np.exp(-(((WAVELENGTH - 540) / 8) ** 2)) + noise
    way = np.repeat([1, -1], [len(at) - len(at) // 2, len(at) // 2]) if direction is None else direction
    return xr.Dataset(
        {
            "irradiance_mean": ("point", at),
            "irradiance_mean_errors": ("point", np.full(len(at), doubt)),
            "direction": ("point", way),
            "spectrum": (("point", "wavelength"), spectrum),
            "spectrum_errors": (("point", "wavelength"), np.sqrt(1 + np.clip(spectrum, 0, None))),
        },
        coords={"irradiance": ("point", at), "wavelength": WAVELENGTH},
        attrs={
            "parameters": {"order": order},
            "sample": {"id": "test", "bands": {"green": [515, 560], "red": [640, 670]}},
        },
    )


def texts(figure: Figure) -> list[str]:
    return [found.get_text() for found in figure.findobj(Text)]


def spectra(figure: Figure) -> list[object]:
    """Lines of the panel of the spectra."""
    panel: Axes = next(axes for axes in figure.axes if axes.get_xlabel().startswith("wavelength"))
    return [line for line in panel.get_lines() if len(np.atleast_1d(line.get_xdata())) == len(WAVELENGTH)]


# -- the order ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "shown", "both"), [("up_down", 5, True), ("shuffled", 9, False), ("down", 9, False)]
)
def test_only_a_sweep_up_and_down_has_two_ways(order: str, shown: int, both: bool) -> None:
    figure = power_sweep_figure(sweep(order=order))
    assert len(spectra(figure)) == shown
    assert ("down" in texts(figure)) == ("up" in texts(figure)) == both


# -- too few points -----------------------------------------------------------------------------------


@pytest.mark.parametrize("irradiance", [[10.0], [10.0, 10.01], [10.0, 100.0]])
def test_spectra_of_too_few_points_are_drawn_with_the_reason(
    irradiance: list[float], tmp_path: object
) -> None:
    ds = sweep(irradiance, order="up", direction=[1] * len(irradiance))
    with pytest.raises(AnalysisError) as refused:
        power_law(ds)
    figure = power_sweep_figure(ds, {}, problem=str(refused.value))
    assert len(spectra(figure)) == len(irradiance)
    assert str(refused.value) in " ".join(texts(figure)).replace("\n", " ")
    assert not any("exponent " in text for text in texts(figure))
    for axes in figure.axes:
        if axes.get_xlabel().startswith("mean irradiance"):
            low, high = axes.get_xlim()
            assert high >= 4 * low * (1 - 1e-9)
    save_figure(figure, f"{tmp_path}/a.png")  # no warning of what cannot be drawn


def test_a_spectrum_without_a_line_says_so() -> None:
    figure = power_sweep_figure(sweep([10.0, 20.0], signal=[0, 0]), {}, problem="nothing")
    assert "nothing stands out of the noise" in texts(figure)


def test_a_band_without_exponent_is_named_with_the_reason() -> None:
    (warning,) = analyse(sweep()).warnings
    assert warning.startswith("no exponent: band 'red': ")
    assert not analyse(sweep(), {"green": (515, 560)}).warnings


def test_a_figure_that_cannot_be_written_says_which(tmp_path: object) -> None:
    with pytest.raises(AnalysisError, match=r"figure file /proc/a\.png: cannot be written: "):
        save_figure(power_sweep_figure(sweep()), "/proc/a.png")


# -- too little light ---------------------------------------------------------------------------------


def test_points_whose_light_is_noise_take_no_part() -> None:
    bright = sweep()
    # set-points that the light path cannot reach: the meter reads noise, the sample glows in stray light
    noise = np.array([2e-3, -1e-3, 3e-4, 2.9e-3])
    dim = sweep([*noise, *bright["irradiance_mean"].values], signal=[3, 3, 3, 3, *np.logspace(0, 4, 9)])
    law, expected = power_law(dim)["green"], power_law(bright)["green"]
    assert law.points == expected.points == 9
    assert law.exponent == pytest.approx(2, abs=4 * law.stderr + 0.01)
    assert law.local[:, 0].min() == pytest.approx(1)
    assert len(spectra(power_sweep_figure(dim.assign_attrs(parameters={"order": "up"})))) == 9


def test_points_whose_error_is_unknown_take_part() -> None:
    assert power_law(sweep(doubt=np.nan))["green"].points == 9
