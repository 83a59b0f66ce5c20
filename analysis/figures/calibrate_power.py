"""The figure of a power calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .style import OTHER_COLOURS, draw_title, plus_minus

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..calibrate_power import Curve, PickOff, Readings


def calibrate_power_figure(
    ds: xr.Dataset, scan: str, of: Readings, ratio: PickOff | None, curve: Curve | None
) -> Figure:
    """The curve that was scanned, and the ratio of the meters against power and time, as far as there are any.

    :param ds: the run
    :param scan: ``power``, ``attenuator`` or ``laser``
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 6.5), dpi=130, layout="constrained")
    panels = figure.subplots((curve is not None) + 2 * (ratio is not None), 1, squeeze=False)[:, 0].tolist()
    if curve is not None:
        _draw_curve(panels.pop(0), ds, scan, curve)
    if ratio is not None:
        _draw_ratio(panels, of, ratio)
    for axes in figure.axes:
        axes.grid(alpha=0.3, linewidth=0.5)
    draw_title(figure, ds)
    return figure


def _draw_curve(axes: Axes, ds: xr.Dataset, scan: str, curve: Curve) -> None:
    blue, black = OTHER_COLOURS[0], OTHER_COLOURS[-1]
    axes.errorbar(
        curve.x, curve.power * 1e3, curve.sigma * 1e3, fmt="o", color=black, markersize=3, elinewidth=0.8
    )
    if curve.model is not None:
        x = np.linspace(curve.x.min(), curve.x.max(), 1000)
        axes.plot(x, curve.model(x) * 1e3, color=blue, linewidth=1.4)
    channel = "attenuator" if scan == "attenuator" else "drive"
    thing = "position of the attenuator" if scan == "attenuator" else "drive of the laser"
    unit = str(ds[channel].attrs.get("units", ""))
    axes.set_xlabel(f"{thing} ({unit})" if unit else thing)
    axes.set_ylabel("power on the sample (mW)")
    if scan == "attenuator":
        axes.set_yscale("log", nonpositive="mask")


def _draw_ratio(panels: list[Axes], of: Readings, ratio: PickOff) -> None:
    blue, black = OTHER_COLOURS[0], OTHER_COLOURS[-1]
    values, sigma = ratio.points
    label = "no ratio: it drifts" if ratio.drifts else f"ratio {plus_minus(ratio.ratio, ratio.stderr)}"
    for axes, x, name in (
        (panels[0], of.pickoff[0][ratio.lit] * 1e3, "power on the pick-off meter (mW)"),
        (panels[1], of.time[ratio.lit] - of.time.min(), "time (s)"),
    ):
        axes.errorbar(x, values, sigma, fmt="o", color=black, markersize=3, elinewidth=0.8)
        axes.axhspan(
            ratio.ratio - ratio.stderr, ratio.ratio + ratio.stderr, color=blue, alpha=0.3, linewidth=0
        )
        axes.axhline(ratio.ratio, color=blue, linewidth=1.2, label=label)
        axes.set_xlabel(name)
        axes.set_ylabel("sample over pick-off")
    panels[0].set_xscale("log")
    panels[0].legend(fontsize="small", frameon=False)
