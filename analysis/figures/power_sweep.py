"""The figure of a power sweep."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..bands import AnalysisError, Array, band_windows, pixel_scatter
from ..ground import integrate_less_stray
from ..power_law import PowerLaw, lit_points, power_law
from .style import IRRADIANCE_LABEL, band_colours, draw_title, plus_minus, unit_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure, SubFigure


_NARROW = 25.0  # nm; the name of a narrower band is upright
_MANY = 4  # bands, beyond which they need less room each


def power_sweep_figure(
    ds: xr.Dataset,
    results: Mapping[str, PowerLaw] | None = None,
    windows: Mapping[str, tuple[float, float]] | None = None,
    problem: str = "",
) -> Figure:
    """Spectra, band intensities with the fitted power laws, and local exponents of a power sweep.

    :param ds: the run
    :param results: what :func:`~antistokes.analysis.power_law` gave for it; by default it is called here
    :param windows: bands to show beside the fitted ones, (low, high) in nm; by default those of the sample
    :param problem: why there are no results, shown in their place
    """
    from matplotlib.figure import Figure

    results = power_law(ds) if results is None else results
    windows = _shown_windows(ds, results, windows)
    colours = band_colours(windows, windows)
    figure = Figure(figsize=(11.0, 6.2), dpi=130, layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=[1.05, 1.0])
    left, right = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    upper, lower = right.subplots(2, 1, sharex=True, height_ratios=[1.5, 1.0])
    _draw_spectra(left, ds, windows, colours)
    _draw_intensities(upper, integrate_less_stray(ds, windows), results, colours)
    if results:
        _draw_local_exponents(lower, results, colours)
    else:
        _draw_problem(lower, problem)
    draw_title(figure, ds)
    return figure


def _shown_windows(
    ds: xr.Dataset, results: Mapping[str, PowerLaw], windows: Mapping[str, tuple[float, float]] | None
) -> dict[str, tuple[float, float]]:
    """Those that were fitted, and *windows* or the sample's other bands as far as there are any."""
    fitted = {name: result.window for name, result in results.items()}
    known = band_windows(ds, windows) if windows or (ds.attrs.get("sample") or {}).get("bands") else {}
    return band_windows(ds, {**known, **fitted} or None)


def _both_ways(ds: xr.Dataset) -> npt.NDArray[np.bool_] | None:
    """Which points of a sweep up and down belong to the way up; None where there are no two ways.

    The direction of a shuffled sweep only says where the point before was.
    """
    if "direction" not in ds or (ds.attrs.get("parameters") or {}).get("order", "up_down") != "up_down":
        return None
    up = ds["direction"].values > 0
    return up if up.any() and not up.all() else None


def _draw_spectra(
    panel: SubFigure, ds: xr.Dataset, windows: Mapping[str, tuple[float, float]], colours: Mapping[str, str]
) -> None:
    """Spectra of the way up (of all points if there is no way down), on a logarithmic scale.

    The weak ones lie on top, and what does not stand out of its noise over a few pixels is left out: else
    the noise of bright spectra, whose exposures are short, would hide them.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm

    axes = panel.subplots(1, 1)
    shown = lit_points(ds)
    if (up := _both_ways(ds)) is not None and (shown & up).any():
        shown &= up
    irradiance = ds["irradiance_mean"].values[shown]
    spectra = ds["spectrum"].transpose("point", "wavelength").values[shown]
    top = float(np.nanmax(spectra, initial=0.0))
    if not top > 0:
        raise AnalysisError("spectrum: no point to show; all are flagged, NaN, or without a count")
    if "spectrum_errors" in ds:
        errors = ds["spectrum_errors"].transpose("point", "wavelength").values[shown]
    else:
        errors = np.broadcast_to(pixel_scatter(spectra)[:, None], spectra.shape)
    visible = np.where(_stands_out(spectra, errors), spectra, np.nan)
    floor = max(float(np.nanmin(visible, initial=top)), top * 1e-6)
    scale = ScalarMappable(LogNorm(*_wide(irradiance)), "viridis")
    for i in np.argsort(irradiance)[::-1]:
        axes.plot(ds["wavelength"], visible[i], color=scale.to_rgba(irradiance[i]), linewidth=0.8)
    if not np.isfinite(visible).any():
        _write(axes, "nothing stands out of the noise")
    axes.set_yscale("log")
    # room for the names of the bands
    narrow = {name for name, (low, high) in windows.items() if high - low <= _NARROW or len(windows) > _MANY}
    upright = max(map(len, narrow), default=1)
    share = min(0.06 + 0.018 * upright, 0.4)
    axes.set_ylim(floor / 1.5, top * (1.5 * top / floor) ** (share / (1 - share)))
    axes.set_xlim(float(ds["wavelength"].min()), float(ds["wavelength"].max()))
    for name, (low, high) in windows.items():
        axes.axvspan(low, high, color=colours[name], alpha=0.13, linewidth=0)
        axes.text(
            (low + high) / 2, 0.985, name, color=colours[name], weight="bold", ha="center", va="top",
            transform=axes.get_xaxis_transform(), rotation=90 if name in narrow else 0,
        )  # fmt: skip
    axes.set_xlabel("wavelength (nm)")
    unit = unit_label(ds["spectrum"])
    axes.set_ylabel(f"intensity ({unit})" if unit.endswith("/nm") else f"intensity ({unit} per pixel)")
    bar = panel.colorbar(scale, ax=axes, label=IRRADIANCE_LABEL, location="bottom", aspect=40, pad=0.02)
    _label(bar.ax.xaxis, irradiance)


def _wide(irradiance: Array) -> tuple[float, float]:
    """From the lowest to the highest; a scale that has hardly two ends is made a factor 4 long."""
    low, high = float(irradiance.min()), float(irradiance.max())
    return (low, high) if high > 1.1 * low else (low / 2, high * 2)


def _label(axis: Axis, irradiance: Array) -> None:
    """Numbers that do not run into each other: 1, 2, 5 or more on a short logarithmic scale, else decades."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = _wide(irradiance)
    if high < 100 * low:
        subs = (1.0, 2.0, 5.0) if high > 8 * low else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _stands_out(spectra: Array, errors: Array) -> npt.NDArray[np.bool_]:
    """Where the mean of 7 neighbours exceeds 6 standard errors, these smoothed over 41 pixels."""

    def running(rows: Array, pixels: int) -> Array:
        kernel = np.ones(min(pixels, rows.shape[1]))
        return np.apply_along_axis(np.convolve, 1, rows, kernel / kernel.size, mode="same")

    variance = running(np.nan_to_num(errors) ** 2, 41) / 7
    clear: npt.NDArray[np.bool_] = running(np.nan_to_num(spectra), 7) > 6 * np.sqrt(variance)
    return clear & (spectra > 0)


def _draw_intensities(
    axes: Axes, integrated: xr.Dataset, results: Mapping[str, PowerLaw], colours: Mapping[str, str]
) -> None:
    """Band intensity against irradiance: filled, downwards open, points that are not fitted as crosses."""
    from matplotlib.lines import Line2D

    good = lit_points(integrated)
    irradiance = integrated["irradiance_mean"].values
    both_ways = _both_ways(integrated)
    up = np.ones(len(good), dtype=bool) if both_ways is None else both_ways
    pump = np.zeros(len(good))
    if "irradiance_mean_errors" in integrated:
        pump = integrated["irradiance_mean_errors"].values
    lowest, highest = np.inf, 0.0
    for name, colour in colours.items():
        y, sigma = integrated[name].values, integrated[f"{name}_errors"].values
        for chosen, filling, size in ((good & ~up, "none", 6.5), (good & up, colour, 3.2)):
            axes.errorbar(
                irradiance[chosen], y[chosen], sigma[chosen], pump[chosen], fmt="o", color=colour,
                markerfacecolor=filling, markersize=size, markeredgewidth=0.9, elinewidth=0.8,
            )  # fmt: skip
        axes.plot(irradiance[~good], y[~good], "x", color="0.35", markersize=6, zorder=4)
        detected = y[good & (y > 3 * sigma)]
        lowest, highest = np.min(detected, initial=lowest), np.max(detected, initial=highest)
        if name in results:
            _draw_power_law(axes, results[name], f"{name}: ", irradiance[good], colour)
    axes.set_xscale("log")
    if (shown := irradiance[irradiance > 0]).size:
        _label(axes.xaxis, shown)
        low, high = _wide(shown)
        axes.set_xlim(low / 1.25, high * 1.25)
    axes.set_yscale("log", nonpositive="mask")
    if highest:
        axes.set_ylim(lowest / 4, highest * 4)
    axes.set_ylabel(f"band intensity ({unit_label(integrated[next(iter(colours))])})")
    handles, labels = axes.get_legend_handles_labels()
    marks = [
        ("up", both_ways is not None, "o", "0.3", 3.2),
        ("down", both_ways is not None, "o", "none", 6.5),
        ("excluded", (~good).any(), "x", "none", 6),
    ]
    for label, needed, marker, filling, size in marks:
        if needed:
            handles.append(
                Line2D(
                    [],
                    [],
                    marker=marker,
                    linestyle="",
                    color="0.35",
                    markerfacecolor=filling,
                    markersize=size,
                )
            )
            labels.append(label)
    font, more = ("small", 0) if len(labels) <= 2 * _MANY else ("x-small", len(labels) - 2 * _MANY)
    axes.set_ylim(top=axes.get_ylim()[1] * 10 ** (0.5 * more))
    axes.legend(handles, labels, fontsize=font, frameon=False, loc="upper left", labelspacing=0.3)


def _draw_power_law(axes: Axes, law: PowerLaw, label: str, irradiance: Array, colour: str) -> None:
    """The line over the range it was fitted to, and dashed beyond, where it is only a guide."""
    top = float(np.nanmax(irradiance))
    used, beyond = np.array(law.irradiance_range), np.array([law.irradiance_range[1], top])
    kind = "exponent" if law.reached else "mean exponent"
    text = f"{label}{kind} {plus_minus(law.exponent, law.stderr)}"
    axes.plot(used, law.prefactor * used**law.exponent, color=colour, linewidth=1.6, label=text)
    axes.plot(beyond, law.prefactor * beyond**law.exponent, color=colour, linewidth=1.0, linestyle=":")


def _draw_problem(axes: Axes, problem: str) -> None:
    """Words in place of the local exponents."""
    _write(axes, problem)
    axes.set_xlabel(IRRADIANCE_LABEL)
    axes.set_yticks([])


def _write(axes: Axes, words: str) -> None:
    axes.text(
        0.5, 0.5, textwrap.fill(words, 60), ha="center", va="center", color="0.35", transform=axes.transAxes
    )  # fmt: skip


def _draw_local_exponents(axes: Axes, results: Mapping[str, PowerLaw], colours: Mapping[str, str]) -> None:
    """Local exponents with a band of ±1 σ; a triangle where saturation sets in."""
    low, high = 0.0, 1.0
    for name, law in results.items():
        irradiance, exponent = law.local.T
        axes.plot(irradiance, exponent, color=colours[name], linewidth=1.4, marker=".", markersize=4)
        axes.fill_between(
            irradiance, exponent - law.local_stderr, exponent + law.local_stderr,
            color=colours[name], alpha=0.25, linewidth=0,
        )  # fmt: skip
        known = exponent[law.local_stderr < 0.3]
        low, high = np.min(known, initial=low), np.max(known, initial=max(high, law.exponent))
        if law.saturation_onset is not None and law.saturation_onset_stderr is not None:
            onset, finite = law.saturation_onset, np.isfinite(exponent)
            label = f"{name} saturates from {plus_minus(onset, law.saturation_onset_stderr)} W/cm²"
            height = np.interp(onset, irradiance[finite], exponent[finite])
            axes.plot(onset, height, "v", color=colours[name], markersize=9, label=label)
    labels = len(axes.get_legend_handles_labels()[0])
    bottom, share = low - 0.1 * (high - low), min(0.05 + 0.085 * labels, 0.55)
    axes.set_ylim(bottom, bottom + (high - bottom) / (1 - share))
    axes.set_xlabel(IRRADIANCE_LABEL)
    axes.set_ylabel("local exponent d ln I/d ln P")
    if labels:
        size = "small" if labels <= _MANY else "x-small"
        axes.legend(fontsize=size, frameon=False, loc="upper right", labelspacing=0.2)
    axes.grid(alpha=0.3, linewidth=0.5)
