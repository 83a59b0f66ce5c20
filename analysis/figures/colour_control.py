"""The figure of a run that steered towards a colour: the diagram, the way in detail, and what was set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..colour_control import lasers_of
from ..emission_colour import NOT_CORRECTED, Colours
from .chromaticity import draw_colours, draw_diagram, zoom
from .style import NAMED_COLOURS, band_colours, draw_title

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOK, _ATTEMPT = "white", NAMED_COLOURS["orange"]


def colour_control_figure(ds: xr.Dataset, found: Colours, target: tuple[float, float] | None) -> Figure:
    """Points to look around in white, attempts numbered, the wanted colour as a cross in its tolerance.

    :param target: wanted (x, y); None: there was none
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 6.2), dpi=130, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[1.15, 1.0], height_ratios=[1.35, 1.0])
    diagram, near = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1])
    settings = figure.add_subplot(grid[1, 1])
    draw_diagram(diagram)
    xy, attempt = found.chromaticity.xy, ds["attempt"].values
    shown = [int(i) for i in np.flatnonzero(np.isfinite(xy).all(axis=1))]
    tried = [i for i in shown if attempt[i] > 0] or shown
    _draw_reach(diagram, ds, found, shown)
    tolerance = float(ds.attrs.get("parameters", {}).get("tolerance", 0.01))
    for axes, points in ((diagram, shown), (near, tried)):
        way = [i for i in points if attempt[i] > 0]
        axes.plot(*xy[way].T, color="0.2", linewidth=0.8)
        draw_colours(axes, found.chromaticity, points, [_ATTEMPT if attempt[i] else _LOOK for i in points])
        if target is not None:
            _draw_target(axes, target, tolerance)
    for i in tried if attempt[tried].any() else []:
        near.annotate(
            str(int(attempt[i])), xy[i], xytext=(5, 4), textcoords="offset points", fontsize="small"
        )
    zoom(near, np.vstack([xy[tried], [target] if target else xy[tried][:1]]), least=2 * tolerance)
    near.set(aspect="equal", xlabel="CIE 1931 x", ylabel="CIE 1931 y")
    near.set_title("attempts, 68 % ellipses" if target else "", fontsize="small", loc="right")
    if not found.corrected:
        diagram.set_title(NOT_CORRECTED, color=NAMED_COLOURS["red"], weight="bold", loc="left")
    _draw_settings(settings, ds)
    draw_title(figure, ds)
    return figure


def _draw_reach(axes: Axes, ds: xr.Dataset, found: Colours, shown: list[int]) -> None:
    """The polygon of the lasers alone, or the track of pulse widths."""
    lasers, xy = lasers_of(ds), found.chromaticity.xy
    if not lasers:
        track = sorted(shown, key=lambda i: float(ds["pulse_width"][i]))
        axes.plot(*xy[track].T, "--", color="0.4", linewidth=0.8)
        return
    alone = [i for i in shown if i < len(lasers)]
    axes.plot(*xy[[*alone, *alone[:1]]].T, "--", color="0.4", linewidth=0.8)
    for i in alone:
        text = f"{lasers[i]}, {float(ds[f'wavelength_{lasers[i]}'][i]):.0f} nm"
        inwards = {"xytext": (-4, -12), "ha": "right"} if xy[i, 0] > 0.5 else {"xytext": (6, 6)}
        axes.annotate(text, xy[i], textcoords="offset points", fontsize="small", **inwards)


def _draw_target(axes: Axes, target: tuple[float, float], tolerance: float) -> None:
    from matplotlib.patches import Circle

    axes.plot(*target, "x", color="black", markersize=7, zorder=5)
    axes.add_patch(Circle(target, tolerance, facecolor="none", edgecolor="black", linestyle=":", zorder=5))


def _draw_settings(axes: Axes, ds: xr.Dataset) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    number = np.arange(ds.sizes["point"])
    lasers = lasers_of(ds)
    colours = band_colours(lasers)
    for name in lasers:
        values = ds[f"irradiance_{name}_measured"].values
        axes.plot(
            number, np.where(values > 0, values, np.nan), "o-", color=colours[name], label=name, markersize=4
        )
    if lasers:
        axes.set_ylabel("mean irradiance (W/cm²)")
        axes.legend(fontsize="small", frameon=False)
    else:
        axes.plot(number, 1e3 * ds["pulse_width"].values, "o-", color=NAMED_COLOURS["blue"], markersize=4)
        axes.set_ylabel("pulse width (ms)")
    looks = int((ds["attempt"].values == 0).sum())
    if looks < len(number):
        axes.axvline(looks - 0.5, color="0.5", linewidth=0.8, linestyle="--")
    axes.set(xlabel="point", yscale="log")
    for ticks in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        ticks(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3, linewidth=0.5)
