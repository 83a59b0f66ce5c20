"""The figure of a quantum yield."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .style import OTHER_COLOURS, band_colours, draw_title

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..quantum_yield import Yield

_MEASUREMENTS = ("empty", "sample aside", "sample in the beam")


def quantum_yield_figure(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]],
    found: Mapping[str, Yield],
    absorptance: tuple[float, float],
) -> Figure:
    """The spectra of the three measurements, and what their errors make of the yields.

    :param ds: the run
    :param windows, found: by name; "" is all emission
    :param absorptance: and its 1 σ
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 5.0), dpi=130, layout="constrained")
    spectra, draws = figure.subplots(1, 2, width_ratios=[1.25, 1.0])
    bands = [name for name in windows if name]
    colours = {"": "0.35"} | band_colours(bands, windows)
    _draw_spectra(spectra, ds, {name: windows[name] for name in bands}, colours)
    _draw_yields(draws, found, colours)
    value, sigma = absorptance
    draws.set_title(f"absorptance {100 * value:.2f} ± {100 * sigma:.2f} %", fontsize="medium", loc="right")
    draw_title(figure, ds)
    return figure


def _draw_spectra(
    axes: Axes, ds: xr.Dataset, windows: Mapping[str, tuple[float, float]], colours: Mapping[str, str]
) -> None:
    """Per W of pump, of each slot; what lies below the noise of most pixels is cut off."""
    wavelength = ds["wavelength"].values
    slots = list(dict.fromkeys(ds["slot"].values.tolist()))
    top, floor = 0.0, np.inf
    for slot, label, colour in zip(slots, _MEASUREMENTS, (*OTHER_COLOURS[:2], "black"), strict=False):
        chosen = ds["slot"].values == slot
        pump = ds["pump_power"].values[chosen][:, None]
        spectrum = (ds["spectrum"].transpose("point", "wavelength").values[chosen] / pump).mean(axis=0)
        noise = (ds["spectrum_errors"].transpose("point", "wavelength").values[chosen] / pump).mean(axis=0)
        top, floor = max(top, float(np.nanmax(spectrum))), min(floor, float(np.nanmedian(noise)))
        axes.plot(
            wavelength, np.where(spectrum > 0, spectrum, np.nan), color=colour, linewidth=0.8, label=label
        )
    axes.set_yscale("log")
    axes.set_ylim(floor, top * 30)
    axes.set_xlim(float(wavelength.min()), float(wavelength.max()))
    for name, (low, high) in windows.items():
        axes.axvspan(low, high, color=colours[name], alpha=0.13, linewidth=0)
        axes.text(
            (low + high) / 2, 0.91, name, color=colours[name], weight="bold", ha="center", va="top",
            transform=axes.get_xaxis_transform(), rotation=0 if high - low > 25 else 90,
        )  # fmt: skip
    if (laser := ds.attrs.get("excitation_wavelength")) is not None:
        axes.axvline(laser, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
    axes.set_xlabel("wavelength (nm)")
    axes.set_ylabel("as recorded (counts/s per W of pump and pixel)")
    axes.legend(fontsize="small", frameon=False, loc="upper left", ncols=3)


def _draw_yields(axes: Axes, found: Mapping[str, Yield], colours: Mapping[str, str]) -> None:
    """Distribution of each yield about its value, in units of its error, with the 68 % interval below."""
    names = list(found)
    for row, name in enumerate(names):
        one, y, colour = found[name], len(names) - row, colours[name]
        density, edges = np.histogram((one.draws - one.value) / one.stderr, bins=80, range=(-4, 4))
        axes.stairs(0.7 * density / density.max() + y, edges, baseline=y, fill=True, color=colour, alpha=0.35)
        low, high = ((x - one.value) / one.stderr for x in one.interval)
        axes.plot([low, high], [y, y], color=colour, linewidth=3, solid_capstyle="butt")
        axes.plot(0, y, "o", color=colour, markersize=5)
        above, below = one.interval[1] - one.value, one.value - one.interval[0]
        digits = max(1 - int(np.floor(np.log10(100 * one.stderr))), 0)
        axes.text(
            0.02, y + 0.72, name or "all emission", color=colour, weight="bold", va="top",
            transform=axes.get_yaxis_transform(),
        )  # fmt: skip
        text = f"{100 * one.value:.{digits}f} %\n+{100 * above:.{digits}f} −{100 * below:.{digits}f}"
        axes.text(0.02, y + 0.52, text, color=colour, va="top", transform=axes.get_yaxis_transform())
    axes.set_yticks([])
    axes.set_ylim(0.85, len(names) + 1)
    axes.set_xlim(-8, 4)
    axes.set_xticks(range(-4, 5))
    axes.set_xlabel("deviation in errors, with the 68 % interval")
