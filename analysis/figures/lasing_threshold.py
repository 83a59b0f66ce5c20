"""The figure of a lasing threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..bands import Array, good_points
from ..fitting import DETECTION
from .style import IRRADIANCE_LABEL, band_colours, draw_title, plus_minus, unit_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..lasing_threshold import Laser


def lasing_figure(ds: xr.Dataset, integrated: xr.Dataset, lasers: Mapping[str, Laser]) -> Figure:
    """Light–light curves, with the rate equation where one lases, line widths, and normalised spectra."""
    from matplotlib.figure import Figure

    colours = band_colours(list(lasers))
    figure = Figure(figsize=(12.0, 5.6), dpi=130, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[1.2, 1.0], height_ratios=[1.6, 1.0])
    upper = figure.add_subplot(grid[0, 0])
    lower = figure.add_subplot(grid[1, 0], sharex=upper)
    for name, laser in lasers.items():
        _draw_curve(upper, name, laser, colours[name])
        if laser.lines:
            lower.plot(
                [one.irradiance for one in laser.lines], [one.line.fwhm for one in laser.lines],
                "o-", color=colours[name], markersize=3.5, linewidth=0.8,
            )  # fmt: skip
    upper.set_xscale("log")
    upper.set_yscale("log", nonpositive="mask")
    seen = np.concatenate([laser.points.y[laser.points.detected] for laser in lasers.values()])
    upper.set_ylim(seen.min() / 3, seen.max() * 5)
    upper.set_ylabel(f"light in the band ({unit_label(integrated[next(iter(lasers))])})")
    upper.legend(fontsize="small", frameon=False, loc="upper left")
    upper.tick_params(labelbottom=False)
    lower.margins(y=0.1)
    lower.set_ylim(bottom=0)
    lower.set_ylabel("line width as\nmeasured (nm)")
    lower.set_xlabel(IRRADIANCE_LABEL)
    _draw_spectra(figure.add_subplot(grid[:, 1]), ds, integrated, lasers)
    draw_title(figure, ds)
    return figure


def _draw_curve(axes: Axes, name: str, laser: Laser, colour: str) -> None:
    points = laser.points
    pump = np.exp(points.x)
    label = f"{name}: no lasing found" if laser.curve is None else None
    axes.errorbar(
        pump, points.y, points.sigma, fmt="o", color=colour, markersize=3.5, elinewidth=0.8, label=label
    )
    if laser.curve is None:
        return
    fine = np.geomspace(pump[0], pump[-1], 300)
    threshold, stderr = laser.curve.threshold
    axes.plot(fine, laser.curve.signal(fine), color=colour, linewidth=1.2, label=f"{name}: rate equation")
    axes.axvline(
        threshold, color="0.35", linestyle=":", linewidth=1.0,
        label=f"threshold {plus_minus(threshold, stderr)} W/cm²",
    )  # fmt: skip


def _draw_spectra(axes: Axes, ds: xr.Dataset, integrated: xr.Dataset, lasers: Mapping[str, Laser]) -> None:
    """Of the first laser: a spectrum below its threshold, one near it, one far above, each to its maximum.

    Where none lases: of the first band, at the lowest, the middle and the highest pump.
    """
    name, laser = next((item for item in lasers.items() if item[1].curve), next(iter(lasers.items())))
    low, high = integrated[name].attrs["window"]
    inside = (ds["wavelength"].values >= low) & (ds["wavelength"].values <= high)
    spectra: Array = ds["spectrum"].transpose("point", "wavelength").values[:, inside]
    x = laser.points.x
    middle = 1.2 * laser.curve.threshold[0] if laser.curve else float(np.exp((x.min() + x.max()) / 2))
    irradiance = ds["irradiance_mean"].values
    shown = integrated[name].values > DETECTION * integrated[f"{name}_errors"].values
    if laser.lines:
        shown &= np.isin(irradiance, [one.irradiance for one in laser.lines])
    usable = np.flatnonzero(good_points(ds) & shown & (spectra.max(axis=1) > 0))
    for wanted, colour in ((0.0, "0.65"), (middle, "#56B4E9"), (np.inf, "#0072B2")):
        clipped = np.clip(wanted, irradiance[usable].min(), irradiance[usable].max())
        i = usable[np.argmin(np.abs(irradiance[usable] - clipped))]
        axes.plot(
            ds["wavelength"].values[inside], spectra[i] / spectra[i].max(), color=colour, linewidth=1.0,
            label=f"{irradiance[i]:.3g} W/cm²",
        )  # fmt: skip
    axes.set_xlabel("wavelength (nm)")
    axes.set_ylabel("spectrum (relative to its maximum)")
    axes.legend(fontsize="small", frameon=False)
