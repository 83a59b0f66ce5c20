"""The spectrum of a sample's figure: lines as Gaussians, the light's colours under them, bands named."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from antistokes.simulated_hw.conditions import Conditions
from antistokes.simulated_hw.physics.constants import FWHM_PER_SIGMA
from antistokes.simulated_hw.samples.mechanism import Array, Line
from antistokes.simulated_hw.samples.sample import Sample

from .level_axis import apart
from .light_colour import light_colours
from .panels import EMISSION, Band, Panel, members_of

_SMALLEST = (2.2, 2.1)  # inches, width and height of the panel
_LETTER, _LINE = 0.072, 0.13  # inches, of the names of bands
_WEAK = 0.03  # of the strongest band's peak; a weaker one needs a logarithmic axis to be seen


def spectrum_panel(
    sample: Sample, bands: list[Band], irradiance: float, emission: Array, conditions: Conditions
) -> Panel | None:
    """Emission (lines,) as Gaussians over wavelength, the colours of the light under it."""
    if not emission.any():
        return None
    lines = sample.lines_at(irradiance, conditions)
    low, high = _shown(lines, bands, emission, conditions.wavelength)
    wavelength = _grid(lines, low, high)
    spectrum = np.sum([_gaussian(wavelength, *pair) for pair in zip(lines, emission, strict=True)], axis=0)
    top = float(np.max(spectrum))
    if not top > 0:
        return None
    peaks = [
        float(np.max(spectrum[(wavelength >= b.window[0]) & (wavelength <= b.window[1])], initial=0.0))
        for b in bands
    ]
    weakest = min((peak for peak in peaks if peak > 0), default=top)
    beyond = sorted(
        line.wavelength
        for line, rate in zip(lines, emission, strict=True)
        if not low <= line.wavelength <= high and rate > 0
    )

    width, height = _SMALLEST
    upright = any(len(b.name) * _LETTER > (b.window[1] - b.window[0]) / (high - low) * width for b in bands)
    floor = max(weakest / 30, top * 1e-9) if weakest < _WEAK * top else 0.0
    ceiling = 1.05 * top
    for band, peak in zip(bands, peaks, strict=True):
        share = 0.95 - (len(band.name) * _LETTER if upright else _LINE) / height  # for what is below the name
        ceiling = max(ceiling, floor * (peak / floor) ** (1 / share) if floor and peak else peak / share)

    def draw(axes: Axes) -> None:
        for band in bands:
            axes.axvspan(*band.window, color=band.colour, alpha=0.13, linewidth=0)
        if floor:
            axes.set_yscale("log", nonpositive="clip")
        axes.set_xlim(low, high)
        axes.set_ylim(floor, ceiling)
        _fill_with_light(axes, wavelength, spectrum, floor)
        axes.plot(wavelength, np.maximum(spectrum, floor), color="0.15", linewidth=0.7)
        _name_bands(axes, bands, low, high, upright)
        if low < conditions.wavelength < high:
            axes.axvline(conditions.wavelength, color="black", linewidth=1, linestyle=":")
            axes.text(
                conditions.wavelength, 0.5, "excitation ", transform=axes.get_xaxis_transform(), ha="right",
                va="center", rotation=90, fontsize=7,
            )  # fmt: skip
        axes.set_xlabel(_wavelength_label(beyond))
        axes.set_ylabel(f"{EMISSION} nm⁻¹")
        axes.set_title("emission spectrum")

    return Panel(draw)


def _shown(
    lines: tuple[Line, ...], bands: list[Band], emission: Array, excitation: float
) -> tuple[float, float]:
    """Range of wavelengths with all bands in it, their lines where these have moved, a near excitation."""
    members = members_of(bands).any(axis=1) & (emission > 1e-3 * emission.max())
    edges = [edge for band in bands for edge in band.window]
    for line, member in zip(lines, members, strict=True):
        if member:
            edges += [line.wavelength - 1.5 * line.fwhm, line.wavelength + 1.5 * line.fwhm]
    if abs(excitation - sum(edges) / len(edges)) < max(edges) - min(edges):
        edges.append(excitation)
    margin = 0.06 * (max(edges) - min(edges))
    return min(edges) - margin, max(edges) + margin


def _grid(lines: tuple[Line, ...], low: float, high: float) -> Array:
    """Wavelengths that resolve every line, however narrow."""
    around = [line.wavelength + line.fwhm * np.linspace(-4, 4, 81) for line in lines]
    grid = np.unique(np.concatenate([np.linspace(low, high, 600), *around]))
    inside: Array = grid[(grid >= low) & (grid <= high)]
    return inside


def _gaussian(wavelength: Array, line: Line, rate: float) -> Array:
    sigma = line.fwhm / FWHM_PER_SIGMA
    shape: Array = np.exp(-(((wavelength - line.wavelength) / sigma) ** 2) / 2)
    return rate / (sigma * np.sqrt(2 * np.pi)) * shape


def _fill_with_light(axes: Axes, wavelength: Array, spectrum: Array, floor: float) -> None:
    """What lies under the curve in the colour of its wavelength."""
    low, high = float(wavelength[0]), float(wavelength[-1])
    bottom, top = axes.get_ylim()
    outline = np.column_stack([wavelength, np.maximum(spectrum, floor)])
    patch = PathPatch(
        Outline(np.vstack([[low, bottom], outline, [high, bottom], [low, bottom]])), facecolor="none",
        edgecolor="none",
    )  # fmt: skip
    axes.add_patch(patch)
    colours = light_colours(np.linspace(low, high, 512))[None]
    image = axes.imshow(colours, extent=(low, high, bottom, top), aspect="auto", alpha=0.75, zorder=1.5)
    image.set_clip_path(patch)


def _name_bands(axes: Axes, bands: list[Band], low: float, high: float, upright: bool) -> None:
    """At the top of the bands; upright ones are moved apart where bands are close to each other."""
    places = [sum(band.window) / 2 for band in bands]
    if upright:
        line = _LINE / _SMALLEST[0] * (high - low)
        places = apart(places, line, high - line / 2)
    for band, place in zip(bands, places, strict=True):
        axes.text(
            place, 0.985, band.name, color=band.colour, weight="bold", ha="center", va="top", fontsize=7.5,
            rotation=90 if upright else 0, transform=axes.get_xaxis_transform(), zorder=5,
        )  # fmt: skip


def _wavelength_label(beyond: list[float]) -> str:
    """Of the axis: what it does not show is said."""
    named = [f"{nm:.0f}" for nm in beyond]
    if len(named) > 5:
        named = [*named[:4], "…", named[-1]]
    return f"wavelength (nm)\nalso {', '.join(named)} nm" if named else "wavelength (nm)"
