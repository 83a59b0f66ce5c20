"""The figure of a knife-edge scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .style import OTHER_COLOURS, draw_title, plus_minus

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from ..beam_profile import BladeCurve


def beam_profile_figure(ds: xr.Dataset, curve: BladeCurve, along: str) -> Figure:
    """Power against the position of the blade with the fitted beam, and what the points are off it.

    :param ds: the run
    :param along: the direction, of the axis label
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 6.5), dpi=130, layout="constrained")
    power, rest = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1.0])
    blue, black = OTHER_COLOURS[0], OTHER_COLOURS[-1]
    centre, radius = curve.centre[0], 1e-3 * curve.radius[0]
    x = np.linspace(curve.position.min(), curve.position.max(), 400)
    top = float(curve.at(np.array([centre - curve.fall * 3 * radius]))[0])
    power.axvspan(
        centre - radius, centre + radius, color=blue, alpha=0.1, linewidth=0,
        label=f"w_{along} = {plus_minus(*curve.radius)} µm",
    )  # fmt: skip
    power.plot(x, curve.at(x) * 1e3, color=blue, linewidth=1.4, label="Gaussian beam")
    power.errorbar(
        curve.position,
        curve.power * 1e3,
        curve.sigma * 1e3,
        fmt="o",
        color=black,
        markersize=3,
        elinewidth=0.8,
    )
    power.set_ylabel("power past the blade (mW)")
    power.legend(fontsize="small", frameon=False, loc="center left" if curve.fall > 0 else "center right")
    off = 100 * (curve.power - curve.at(curve.position)) / top
    rest.errorbar(
        curve.position, off, 100 * curve.sigma / top, fmt="o", color=black, markersize=3, elinewidth=0.8
    )
    rest.axhline(0, color=blue, linewidth=1.0)
    rest.set_ylabel("off the curve\n(% of the beam)")
    rest.set_xlabel("position of the blade (mm)")
    for axes in (power, rest):
        axes.grid(alpha=0.3, linewidth=0.5)
    draw_title(figure, ds)
    return figure
