"""The figure of one emission spectrum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .style import band_colours, draw_title, plus_minus, unit_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..emission_lines import Line, Mask
    from ..spectrum import MeanSpectrum, Windows


def spectrum_figure(
    ds: xr.Dataset, mean: MeanSpectrum, lines: Mapping[str, Line], windows: Windows
) -> Figure:
    """The spectrum with its bands, each line with its wavelength, and the laser where it is in range."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.0), dpi=130, layout="constrained")
    axes = figure.subplots()
    colours = band_colours(windows, windows)
    signal = np.where(mean.usable, mean.signal, np.nan)
    axes.plot(mean.wavelength, signal, color="black", linewidth=0.9)
    for name, (low, high) in windows.items():
        axes.axvspan(low, high, color=colours[name], alpha=0.18, linewidth=0, label=name)
    top = max((line.height for line in lines.values()), default=float(np.nanmax(signal)))
    for line in lines.values():
        text = f"{plus_minus(line.wavelength, line.wavelength_stderr)} nm"
        axes.annotate(
            text, (line.wavelength, line.height), (0, 6), textcoords="offset points",
            rotation=90, ha="center", va="bottom", fontsize="small",
        )  # fmt: skip
    axes.set_ylim(-0.04 * top, 2.0 * top)  # room for the labels
    if lines:
        margin = 40.0
        shown = [line.wavelength for line in lines.values()] + [nm for w in windows.values() for nm in w]
        axes.set_xlim(
            max(min(shown) - margin, mean.wavelength[0]), min(max(shown) + margin, mean.wavelength[-1])
        )
    mark_masked(axes, mean.wavelength, mean.usable)
    axes.set_xlabel("wavelength (nm)")
    axes.set_ylabel(f"emission ({unit_label(ds['spectrum'])})")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize="small", frameon=False, loc="upper right")
    draw_title(figure, ds)
    return figure


def mark_masked(axes: Axes, wavelength: np.ndarray, usable: Mask) -> None:
    """Grey where the laser is masked, within the present limits of the axis."""
    low, high = axes.get_xlim()
    starts = np.flatnonzero(np.diff(np.r_[True, usable].astype(int)) < 0)
    label: str | None = "laser (masked)"
    for start in starts:
        end = start + int(np.argmax(np.r_[usable[start:], True]))
        first, last = float(wavelength[start]), float(wavelength[end - 1])
        if last > low and first < high:
            axes.axvspan(max(first, low), min(last, high), color="0.6", alpha=0.4, linewidth=0, label=label)
            label = None
    axes.set_xlim(low, high)
