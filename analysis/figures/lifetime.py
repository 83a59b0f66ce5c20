"""The figure of a lifetime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..decay_counts import Histogram
from ..decay_fit import DecayFit, determined
from ..decay_models import Array
from .style import NAMED_COLOURS, draw_title, plus_minus

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"), (1e-12, "ps"))
_DATA, _BEST, _OTHER, _RESPONSE = "0.55", NAMED_COLOURS["red"], "#56B4E9", NAMED_COLOURS["green"]
_TICK = 0.1  # of the histogram
_SHOWN = 400  # points; more are put together
_REST = 3  # models drawn besides the best


def lifetime_figure(ds: xr.Dataset, histogram: Histogram, fits: Sequence[DecayFit]) -> Figure:
    """The counts with the best model, its residuals, and how the other models compare.

    :param fits: as :func:`~antistokes.analysis.decay_fit.fit_decay` gave them, the best one first
    """
    from matplotlib.figure import Figure

    best = fits[0]
    scale, unit = _unit(_TICK * float(histogram.time[-1]))
    figure = Figure(figsize=(9.0, 6.2), dpi=130, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3.0, 1.0])
    _draw_counts(upper, histogram, fits, scale, unit)
    _draw_residuals(lower, histogram, best, scale)
    lower.set_xlabel(f"time after the pulse begins ({unit})")
    band = str((ds.attrs.get("parameters") or {}).get("band", ""))
    upper.set_title(band, loc="right", fontsize="medium", weight="bold")
    draw_title(figure, ds)
    return figure


def _draw_counts(axes: Axes, histogram: Histogram, fits: Sequence[DecayFit], scale: float, unit: str) -> None:
    best = fits[0]
    counts = histogram.counts / np.maximum(histogram.live, 1e-6)
    time, mean = _together(histogram.time, counts)
    axes.plot(time / scale, mean, ".", color=_DATA, markersize=3, label="photons per bin")
    if histogram.gated and histogram.pulse_width > histogram.width:
        axes.axvspan(0, histogram.pulse_width / scale, color="0.9", linewidth=0, label="pulse")
    if histogram.response is not None:
        response = histogram.response / histogram.response.max() * mean.max()
        axes.plot(
            histogram.time / scale, response, color=_RESPONSE, linewidth=0.9, label="instrument response"
        )
    if np.isfinite(histogram.dark[0]) and histogram.dark[0] > 0:
        axes.axhline(histogram.dark[0], color="0.3", linewidth=0.8, linestyle=":", label="without light")
    for fit in fits[: _REST + 1]:
        at, expected = _expected(fit, histogram)
        chosen = fit is best
        axes.plot(
            at / scale, expected, color=_BEST if chosen else _OTHER, linewidth=1.5 if chosen else 0.7,
            label=_label(fit, best, scale, unit), zorder=3 if chosen else 2,
        )  # fmt: skip
    top = float(counts.max())
    floor = max(fits[0].background[0] / 3, top / 1e6, 0.1)
    axes.set_yscale("log", nonpositive="mask")
    axes.set_ylim(min(floor, top / 20), 3 * top)
    axes.set_ylabel("photons per bin")
    axes.legend(fontsize="small", frameon=False, loc="upper right")


def _label(fit: DecayFit, best: DecayFit, scale: float, unit: str) -> str:
    if fit is not best:
        doubt = "" if fit.is_distinct else ", not distinct"
        return f"{fit.model.name}: AIC {fit.aic - best.aic:+.1f}{doubt}"
    times = " and ".join(_told(*time, scale, unit) for time in fit.lifetimes)
    text = f"{fit.model.name}: τ = {times}"
    if fit.model.stretched:
        text += f", β = {plus_minus(*fit.beta)}"
    if fit.model.rise:
        text += f", rise {_told(*fit.rise_time, scale, unit)}"
    return text


def _told(value: float, error: float, scale: float, unit: str) -> str:
    return (
        f"{plus_minus(value / scale, error / scale)} {unit}" if determined(value, error) else "not determined"
    )


def _draw_residuals(axes: Axes, histogram: Histogram, best: DecayFit, scale: float) -> None:
    expected = np.maximum(best.estimate.expected[: len(best.decay.counts)], 1e-9)
    at, _ = _expected(best, histogram)
    residuals = (best.decay.counts - expected) / np.sqrt(expected)
    axes.axhline(0, color=_BEST, linewidth=1.0)
    axes.plot(at / scale, residuals, ".", color=_DATA, markersize=3)
    widest = min(max(4.0, float(np.abs(residuals).max()) * 1.1), 10.0)
    axes.set_ylim(-widest, widest)
    chi, sigma = best.chi_square
    axes.set_ylabel("residual (σ)")
    axes.text(
        0.99, 0.95, f"χ²/ν = {plus_minus(chi, sigma)}", transform=axes.transAxes, ha="right", va="top",
        fontsize="small",
    )  # fmt: skip
    axes.grid(alpha=0.3, linewidth=0.5)


def _expected(fit: DecayFit, histogram: Histogram) -> tuple[Array, Array]:
    """Middle of each bin of the fit, s after the pulse begins, and the model there per bin of the counter."""
    decay = fit.decay
    sizes = np.ones(len(decay.counts)) if decay.sizes is None else decay.sizes
    offset = histogram.time[-1] - (decay.time[-1] + (sizes[-1] - 1) * decay.width)
    light = fit.estimate.expected[: len(sizes)] / sizes / np.maximum(decay.exposure, 1e-6)
    return np.asarray(decay.time + offset + sizes * decay.width / 2), light


def _together(time: Array, counts: Array) -> tuple[Array, Array]:
    """Means of a few bins each, so that no more than some are drawn."""
    group = max(1, len(counts) // _SHOWN)
    number = len(counts) // group
    width = float(time[1] - time[0])
    return (
        time[: number * group].reshape(number, group).mean(axis=1) + width / 2,
        counts[: number * group].reshape(number, group).mean(axis=1),
    )


def _unit(seconds: float) -> tuple[float, str]:
    """The unit in which a time is a number of one to three digits: its size in s, and its name."""
    return next(((size, name) for size, name in _UNITS if seconds >= size), _UNITS[-1])
