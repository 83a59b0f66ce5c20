"""The figure of a scan of the excitation wavelength."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..bands import Array
from ..emission_lines import EV_NM, Mask, energy
from ..laser_lines import LASER_MASK, excitation_wavelengths, laser_free
from ..spectrum import pixels
from .style import band_colours, draw_title, plus_minus, unit_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..ple_scan import ExcitationSpectrum

_DECADES = 6.0  # at most, of the map's colours
_VISIBLE = 5.0  # standard deviations from which a pixel of the map has a colour


def ple_scan_figure(ds: xr.Dataset, spectra: Mapping[str, ExcitationSpectrum], floor: float) -> Figure:
    """Excitation–emission map, and the excitation spectrum of each band against the energy gained.

    :param spectra: by band
    :param floor: of the gain limit, relative to the signal at resonance; 0: none is drawn
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 5.2), dpi=130, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.0, 1.15])
    _draw_map(figure, left, ds, spectra)
    _draw_spectra(right, spectra, floor, unit_label(ds["spectrum"]))
    draw_title(figure, ds)
    return figure


def _draw_map(figure: Figure, axes: Axes, ds: xr.Dataset, spectra: Mapping[str, ExcitationSpectrum]) -> None:
    """Mean spectrum at each excitation, masked near the laser; logarithmic colours."""
    from matplotlib.colors import LogNorm

    laser = excitation_wavelengths(ds)
    known: Mask = np.isfinite(laser) & np.isfinite(ds["spectrum"].values).all(axis=1)
    wavelength, signal, errors = pixels(ds, known)
    distance = float((ds.attrs.get("parameters") or {}).get("laser_mask", LASER_MASK))
    setpoint = ds["excitation_wavelength"].values[known] if "excitation_wavelength" in ds else laser[known]
    rows, nms = [], np.unique(setpoint)
    for nm in nms:
        own = setpoint == nm
        mean, noise = signal[own].mean(axis=0), np.sqrt((errors[own] ** 2).mean() / own.sum())
        row = np.where(mean > _VISIBLE * noise, mean, 0.0)
        rows.append(np.where(laser_free(wavelength, float(nm), distance), row, np.nan))
    shown = [one.points.wavelength for one in spectra.values()]
    near = (wavelength >= min(s[0] for s in shown)) & (wavelength <= max(s[-1] for s in shown))
    image = np.array(rows)[:, near]
    axes.set_xlabel("emission wavelength (nm)")
    axes.set_ylabel("excitation wavelength (nm)")
    if not (image > 0).any():
        axes.set(xlim=(wavelength[near].min(), wavelength[near].max()), ylim=(nms[0] - 1, nms[-1] + 1))
        _write(axes, "nothing stands out from the noise")
        return
    top = float(np.nanmax(image))
    least = max(top * 10**-_DECADES, min(float(np.min(image[image > 0])), top / 10))
    if len(nms) == 1:  # a mesh needs two rows to know how high they are
        nms, image = nms[0] + np.array([-0.5, 0.5]), np.repeat(image, 2, axis=0)
    axes.set_facecolor("0.85")  # masked
    mesh = axes.pcolormesh(
        wavelength[near], nms, np.where(np.isnan(image), np.nan, np.maximum(image, least)),
        norm=LogNorm(least, top), cmap="viridis", shading="nearest", rasterized=True,
    )  # fmt: skip
    figure.colorbar(mesh, ax=axes, label=f"emission ({unit_label(ds['spectrum'])})", pad=0.02)


def _draw_spectra(axes: Axes, spectra: Mapping[str, ExcitationSpectrum], floor: float, unit: str) -> None:
    """Intensity against gain, with the Urbach tail; what is not detected stands at its 3 σ as a triangle.

    Without a tail, as where energy is added up from several photons, it is against the excitation.
    """
    by_gain = any(one.tail is not None for one in spectra.values())
    shown = {name: one for name, one in spectra.items() if one.line is not None}
    windows = {name: (one.points.wavelength[0], one.points.wavelength[-1]) for name, one in spectra.items()}
    colours = band_colours(spectra, windows)
    levels: list[float] = []
    for name, one in shown.items():
        assert one.line is not None
        points, centre = one.points, energy(one.line.wavelength)[0]
        x = centre - EV_NM / points.laser if by_gain else points.laser
        seen = points.intensity > 3 * points.errors
        levels += points.intensity[seen].tolist()
        axes.errorbar(
            x[seen], points.intensity[seen], points.errors[seen],
            fmt="o", markersize=4, capsize=2, color=colours[name], label=name,
        )  # fmt: skip
        lost = ~seen & np.isfinite(points.errors)
        axes.plot(x[lost], 3 * points.errors[lost], "v", color=colours[name], fillstyle="none")
        levels += (3 * points.errors[lost]).tolist()
        levels += _draw_tail(axes, one, centre, floor, colours[name])
    axes.set_yscale("log")
    if levels:
        axes.set_ylim(min(levels) / 3, max(levels) * 30)  # room for the legend
        axes.plot([], [], "v", color="0.35", fillstyle="none", label="not detected (3 σ)")
        axes.legend(fontsize="small", frameon=False, loc="upper right")
    else:
        axes.set(xticks=[], yticks=[])
        _write(axes, "no line stands out from the noise")
    if by_gain:
        axes.axvline(0.0, color="0.5", linewidth=0.8, linestyle=":")
    axes.set_xlabel(
        "energy gained, emission above excitation (meV)" if by_gain else "excitation wavelength (nm)"
    )
    axes.set_ylabel(f"band intensity ({unit})")
    axes.grid(alpha=0.3, linewidth=0.5)


def _write(axes: Axes, words: str) -> None:
    axes.text(0.5, 0.5, words, ha="center", va="center", color="0.35", transform=axes.transAxes)


def _draw_tail(axes: Axes, one: ExcitationSpectrum, centre: float, floor: float, colour: str) -> list[float]:
    """The tail over what was fitted and up to the line; returns levels that must be within the axes."""
    tail = one.tail
    if tail is None:
        return []
    energies: Array = np.linspace(tail.lowest, centre, 50)
    curve = [float(np.exp(tail.log_intensity(float(e))[0])) for e in energies]
    label = f"Urbach energy {plus_minus(*tail.urbach)} meV"
    axes.plot(centre - energies, curve, color=colour, linewidth=1.3, label=label)
    if not floor or one.resonance is None:
        return [curve[-1]]
    level = floor * one.resonance[0]
    axes.axhline(level, color=colour, linewidth=0.9, linestyle="--", label=f"{floor:.0e} of resonance")
    return [curve[-1], level]
