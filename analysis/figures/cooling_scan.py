"""The figure of a cooling scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..bands import Array
from ..heat_balance import HeatBalance, HeatPoints
from .style import NAMED_COLOURS, draw_title, plus_minus

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WARM, _COOL, _LINE = NAMED_COLOURS["red"], NAMED_COLOURS["blue"], "0.35"
#: values that differ by more than this factor get a scale on which all of them can be read
_WIDE = 30


def cooling_figure(ds: xr.Dataset, points: HeatPoints, balance: HeatBalance | None) -> Figure:
    """Temperature change per power against wavelength, and per emitted photon with the heat balance.

    :param ds: a run that says what the title needs
    :param balance: None: there is none, and no second panel
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0 if balance else 5.6, 4.4), dpi=130, layout="constrained")
    panels = figure.subplots(1, 2 if balance else 1, squeeze=False)[0]
    milliwatts = points.power * 1e3
    _draw(panels[0], points, points.change / milliwatts, points.change_errors / milliwatts)
    panels[0].set_ylabel("temperature change per incident power (K/mW)")
    if balance is not None:
        seen = points[points.counts > 3 * points.counts_errors]
        _draw_balance(panels[1], seen, balance)
    draw_title(figure, ds)
    return figure


def _draw_balance(axes: Axes, seen: HeatPoints, balance: HeatBalance) -> None:
    """ΔT/N, scaled so that the largest is 1, with the fit and its zero."""
    heat = seen.change / seen.counts
    scale = float(np.abs(heat).max())
    errors = np.hypot(seen.change_errors / seen.counts, heat * seen.counts_errors / seen.counts)
    wavelength, first = np.unique(seen.wavelength, return_index=True)
    fine = np.linspace(wavelength[0], wavelength[-1], 200)
    logs = np.log(seen.power[first] / seen.counts[first])
    curve = balance.per_count(fine, np.exp(np.interp(fine, wavelength, logs)))
    axes.plot(fine, curve / scale, color=_LINE, linewidth=1.2, label="heat balance")
    _draw(axes, seen, heat / scale, errors / scale)
    if balance.zero is not None:
        label = f"zero at {plus_minus(balance.zero, balance.zero_stderr)} nm"
        axes.axvline(balance.zero, color=_LINE, linewidth=1.0, linestyle=":", label=label)
    axes.set_ylabel("temperature change per emitted photon (relative)")
    axes.legend(fontsize="small", frameon=False)


def _draw(axes: Axes, points: HeatPoints, values: Array, errors: Array) -> None:
    axes.axhline(0.0, color="0.7", linewidth=0.8)
    for chosen, colour, label in (
        (values > 0, _WARM, "warms"),
        (values <= 0, _COOL, "cools"),
    ):
        if chosen.any():
            axes.errorbar(
                points.wavelength[chosen], values[chosen], errors[chosen], fmt="o", color=colour,
                markersize=4.5, elinewidth=1.0, capsize=2.0, label=label,
            )  # fmt: skip
    sizes = np.abs(values[values != 0])
    if len(sizes) and sizes.max() > _WIDE * sizes.min():
        axes.set_yscale("symlog", linthresh=float(max(sizes.min(), np.median(errors))))
    axes.set_xlabel("excitation wavelength (nm)")
    axes.legend(fontsize="small", frameon=False)
    axes.margins(y=0.15)
