"""The figure of a run over pulse widths: spectra, band ratios, the track in the chromaticity diagram."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..bands import Array, good_points, is_corrected
from ..emission_colour import NOT_CORRECTED
from .chromaticity import draw_colours, draw_diagram
from .style import band_colours, draw_title

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..pulse_width_colour import WidthColour


def pulse_width_colour_figure(ds: xr.Dataset, found: WidthColour) -> Figure:
    """Spectra normalised to their maximum, band ratios against the width, and the colours."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 6.2), dpi=130, layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[1.0, 1.05])
    upper, lower = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    right = figure.add_subplot(grid[:, 1])
    low, high = float(found.width.min()), float(found.width.max())
    scale = ScalarMappable(LogNorm(low * 1e3, max(high, 1.001 * low) * 1e3), "viridis")
    good = [int(i) for i in np.flatnonzero(good_points(ds))]
    marks = [scale.to_rgba(1e3 * found.width[i]) for i in range(len(found.width))]
    _draw_spectra(upper, ds, good, marks)
    _draw_ratios(lower, found)
    draw_diagram(right)
    if found.colour is not None:
        xy = found.colour.chromaticity.xy
        track = [i for i in np.argsort(found.width, kind="stable") if np.isfinite(xy[i]).all()]
        right.plot(*xy[track].T, color="0.2", linewidth=0.9)
        draw_colours(right, found.colour.chromaticity, track, [marks[i] for i in track])
        right.set_title("68 % ellipses", fontsize="small", loc="right")
    else:
        right.text(0.5, 0.5, "no colours", transform=right.transAxes, ha="center")
    if found.colour is None or not found.colour.corrected:
        right.set_title(NOT_CORRECTED, color="#D55E00", weight="bold", loc="left", fontsize="medium")
    label = f"pulse width (ms){_held(ds)}"
    figure.colorbar(scale, ax=[upper, lower, right], location="bottom", aspect=80, pad=0.02, label=label)
    draw_title(figure, ds)
    return figure


def _held(ds: xr.Dataset) -> str:
    """What the run has kept the same, in words."""
    p = ds.attrs.get("parameters", {})
    texts = {
        "period": f", every {1e3 * p.get('period', 0):g} ms, {p.get('irradiance', 0):g} W/cm²",
        "duty": f", duty {p.get('duty', 0):g}, {p.get('irradiance', 0):g} W/cm²",
        "energy": f", every {1e3 * p.get('period', 0):g} ms, {p.get('pulse_energy', 0):g} µJ each",
    }
    return texts.get(p.get("hold", ""), "")


def _draw_spectra(axes: Axes, ds: xr.Dataset, points: list[int], marks: list[Array]) -> None:
    wavelength = ds["wavelength"].values
    shown = (wavelength >= 380) & (wavelength <= 780)
    spectra = ds["spectrum"].transpose("point", "wavelength").values[:, shown]
    if "response" in ds:
        spectra = spectra / ds["response"].values[shown]
    for i in points:
        axes.plot(wavelength[shown], spectra[i] / np.nanmax(spectra[i]), color=marks[i], linewidth=0.8)
    unit = "photons" if is_corrected(ds) else "counts"
    axes.set(xlabel="wavelength (nm)", ylabel=f"{unit} / maximum", xlim=(380, 780), ylim=(-0.05, 1.08))


def _draw_ratios(axes: Axes, found: WidthColour) -> None:
    colours = band_colours(list(found.ratios))
    for name, (ratio, error) in found.ratios.items():
        detected = ratio > 3 * error
        if detected.any():
            axes.errorbar(
                1e3 * found.width[detected], ratio[detected], error[detected], fmt="o", color=colours[name],
                markersize=3.5, elinewidth=0.8, label=f"{name} over {found.over}",
            )  # fmt: skip
    axes.set(xscale="log", xlabel="pulse width (ms)", ylabel=f"band over {found.over}")
    if axes.get_legend_handles_labels()[0]:
        axes.set_yscale("log")
        axes.legend(fontsize="small", frameon=False)
    axes.grid(alpha=0.3, linewidth=0.5)
