"""The figure of a temperature sweep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..bands import AnalysisError, good_points
from ..fitting import DETECTION
from ..thermometry import K_CM, Boltzmann, log_ratios, thermometer_bands
from .style import NAMED_COLOURS, band_colours, draw_title, plus_minus, unit_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from ..temperature_curve import Curve


def temperature_sweep_figure(
    ds: xr.Dataset,
    curves: Mapping[str, Curve],
    law: Boltzmann | None = None,
    pair: Mapping[str, tuple[float, float]] | None = None,
) -> Figure:
    """Spectra, band intensities with the floor of detection, and the thermometer where there is one.

    :param ds: the run
    :param curves: intensity of each band against temperature, at the highest power
    :param law: the thermometer's law, of the bands *pair*
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 6.2), dpi=130, layout="constrained")
    grid = figure.add_gridspec(1, 2, width_ratios=[1.05, 1.0])
    left, right = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    _draw_spectra(left, ds)
    if law is None or not pair:
        _draw_intensities(right.subplots(1, 1), ds, curves)
    else:
        upper, lower = right.subplots(2, 1)
        _draw_intensities(upper, ds, curves)
        _draw_thermometer(lower, ds, law, pair)
    draw_title(figure, ds)
    return figure


def _draw_spectra(panel: SubFigure, ds: xr.Dataset) -> None:
    """Mean spectrum at each set-point, at the highest power, smoothed over 5 pixels."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    shown = good_points(ds)
    if "irradiance_mean" in ds:
        shown &= ds["irradiance_mean"].values > 0.9 * np.nanmax(ds["irradiance_mean"].values)
    kelvin = ds["temperature"].values[shown]
    spectra = ds["spectrum"].transpose("point", "wavelength").values[shown]
    if not len(kelvin):
        raise AnalysisError("spectrum: no point to show; all are flagged")
    axes = panel.subplots(1, 1)
    scale = ScalarMappable(Normalize(kelvin.min(), kelvin.max()), "plasma")
    for value in np.unique(kelvin):
        mean = np.nanmean(spectra[kelvin == value], axis=0)
        smooth = np.convolve(mean, np.ones(5) / 5, mode="same")
        axes.plot(ds["wavelength"], smooth, color=scale.to_rgba(value), linewidth=0.9)
    bands = (ds.attrs.get("sample") or {}).get("bands") or {}
    low, high = float(ds["wavelength"].min()), float(ds["wavelength"].max())
    inside = [edge for window in bands.values() for edge in window if low <= edge <= high]
    if inside:
        margin = 0.1 * (max(inside) - min(inside)) + 5
        axes.set_xlim(max(low, min(inside) - margin), min(high, max(inside) + margin))
        part = (ds["wavelength"].values > axes.get_xlim()[0]) & (ds["wavelength"].values < axes.get_xlim()[1])
        top, noise = np.nanmax(spectra[:, part]), np.nanmedian(np.abs(np.diff(spectra[:, part])))
        axes.set_ylim(-0.05 * top - noise, 1.08 * top)
    axes.axhline(0, color="0.6", linewidth=0.5, zorder=0)
    axes.set_xlabel("wavelength (nm)")
    axes.set_ylabel(f"intensity ({unit_label(ds['spectrum'])} per pixel)")
    panel.colorbar(scale, ax=axes, label="temperature (K)", location="bottom", aspect=40, pad=0.02)


def _draw_intensities(axes: Axes, ds: xr.Dataset, curves: Mapping[str, Curve]) -> None:
    """Band intensity against temperature; the dashed line is three standard errors of a single point."""
    colours = band_colours(list(curves))
    lowest = np.inf
    for name, curve in curves.items():
        seen = curve.value > 0
        axes.errorbar(
            curve.kelvin[seen], curve.value[seen], curve.error[seen], fmt="o", color=colours[name],
            markersize=3.5, elinewidth=0.8, label=name,
        )  # fmt: skip
        floor = DETECTION * curve.error
        axes.plot(curve.kelvin, floor, color=colours[name], linestyle="--", linewidth=0.8, alpha=0.7)
        lowest = min(lowest, float(floor.min()))
    axes.set_yscale("log", nonpositive="mask")
    if np.isfinite(lowest) and lowest > 0:
        axes.set_ylim(bottom=lowest / 12)  # room for the legend
    axes.plot([], [], color="0.4", linestyle="--", linewidth=0.8, label="3 standard errors")
    axes.set_xlabel("temperature (K)")
    axes.set_ylabel(f"band intensity ({unit_label(ds['spectrum'])})")
    axes.legend(fontsize="small", frameon=False, ncols=2, loc="lower left")
    axes.grid(alpha=0.3, linewidth=0.5)


def _draw_thermometer(
    axes: Axes, ds: xr.Dataset, law: Boltzmann, pair: Mapping[str, tuple[float, float]]
) -> None:
    """ln R against 1000/T: points at all powers, and the law at zero power."""
    upper, lower = pair
    value, error, clear = log_ratios(thermometer_bands(ds, pair), upper, lower)
    name = "sample_temperature" if "sample_temperature" in ds else "temperature"
    inverse = 1e3 / ds[name].values[clear].astype(float)
    axes.errorbar(
        inverse,
        value[clear],
        error[clear],
        fmt="o",
        color=NAMED_COLOURS["blue"],
        markersize=3.5,
        elinewidth=0.8,
    )
    line = np.linspace(inverse.min(), inverse.max(), 50)
    text = f"ΔE = {plus_minus(law.gap, law.stderr)} cm⁻¹"
    text += " at zero power" if len(law.warming) else " at one power"
    axes.plot(
        line,
        law.log_prefactor - law.gap / K_CM * line / 1e3,
        color=NAMED_COLOURS["red"],
        linewidth=1.4,
        label=text,
    )
    axes.set_xlabel("1000/T (1/K)")
    axes.set_ylabel(f"ln({upper} / {lower})")
    axes.legend(fontsize="small", frameon=False)
    axes.grid(alpha=0.3, linewidth=0.5)
