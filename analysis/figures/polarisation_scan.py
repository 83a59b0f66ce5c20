"""The figure of a polarisation scan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .style import band_colours, draw_title, plus_minus

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from ..polarisation_scan import Malus

_MARKERS = "osD^vPX"
_DEEP = 30.0  # a ratio from which a logarithmic scale shows the minimum better


def polarisation_figure(ds: xr.Dataset, found: Mapping[str, Malus]) -> Figure:
    """Intensity of the bands over that of their maximum, with the fitted curves, and what is off them.

    :param ds: the run
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 6.5), dpi=130, layout="constrained")
    shown, rest = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1.0])
    colours = band_colours(list(found))
    deep, faintest = False, 1.0
    for i, (name, one) in enumerate(found.items()):
        marker = _MARKERS[i % len(_MARKERS)]
        colour, (lowest, doubt) = colours[name], one.lowest
        high = (lowest + 2 * one.modulation[0]) * one.unit
        x = np.linspace(one.angle.min() - 5, one.angle.max() + 5, 600)
        label = (
            f"{name}: max/min {_rounded(*one.ratio)}"
            if lowest > 3 * doubt
            else f"{name}: no light at the minimum"
        )
        shown.plot(x, one.at(x) / high, color=colour, linewidth=1.2)
        shown.errorbar(
            one.angle, one.intensity / high, one.sigma / high, fmt=marker, color=colour, markersize=3.5,
            elinewidth=0.8, label=label,
        )  # fmt: skip
        off = (one.intensity - one.at(one.angle)) / one.sigma
        rest.plot(one.angle, off, marker, color=colour, markersize=3.5)
        faintest = min(faintest, float(one.sigma.min()) / high)
        deep = deep or (lowest > 0 and one.ratio[0] > _DEEP)
    if deep:
        shown.set_yscale("log", nonpositive="mask")
        shown.set_ylim(faintest / 3, 3)  # what lies below its error says nothing
    else:
        shown.set_ylim(0, 1.12)
    shown.set_ylabel("band intensity over its maximum")
    shown.legend(fontsize="small", frameon=False, loc="lower left")
    rest.axhline(0, color="0.3", linewidth=1.0)
    rest.set_ylabel("off the curve\n(standard errors)")
    rest.set_xlabel("polarisation (degrees)")
    for axes in (shown, rest):
        axes.grid(alpha=0.3, linewidth=0.5)
    draw_title(figure, ds)
    return figure


def _rounded(value: float, error: float) -> str:
    """Large ratios in three figures, with the relative error."""
    return plus_minus(value, error) if value < 1e4 else f"{value:.3g} ± {100 * error / value:.2g} %"
