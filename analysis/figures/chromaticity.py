"""The CIE 1931 diagram as a panel: the colours there are, and measured ones with error ellipses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..colour import Array, Chromaticity, error_ellipse, pure_chromaticity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LOCUS = np.arange(390.0, 701.0)
_LABELLED = (470, 480, 490, 500, 510, 520, 530, 540, 550, 560, 570, 580, 590, 600, 620)
_WHITE = (1 / 3, 1 / 3)
_STEPS = 240
_PALENESS = 0.55
#: XYZ to linear sRGB (IEC 61966-2-1)
_SRGB = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


def draw_diagram(axes: Axes) -> None:
    """The spectral locus filled with pale colours, wavelengths at its edge in nm, the white point."""
    from matplotlib.patches import Polygon

    locus = pure_chromaticity(_LOCUS)
    outline = Polygon(locus, closed=True, facecolor="none", edgecolor="0.45", linewidth=0.9)
    axes.add_patch(outline)
    image = axes.imshow(
        diagram_colours(),
        extent=(0, 0.8, 0, 0.9),
        origin="lower",
        interpolation="bilinear",
        zorder=0,
        aspect="equal",
    )
    image.set_clip_path(outline)
    for nm in _LABELLED:
        x, y = pure_chromaticity(nm)
        away = np.array([x - _WHITE[0], y - _WHITE[1]])
        at = away / np.hypot(*away) * 0.02
        axes.plot([x, x + at[0] / 2], [y, y + at[1] / 2], color="0.45", linewidth=0.7)
        axes.annotate(
            str(nm), (x + at[0], y + at[1]), fontsize=6.5, color="0.35", va="center",
            ha="left" if away[0] > 0 else "right",
        )  # fmt: skip
    axes.plot(*_WHITE, "+", color="0.3", markersize=6, markeredgewidth=0.9)
    axes.set(xlim=(-0.06, 0.8), ylim=(-0.04, 0.9), xlabel="CIE 1931 x", ylabel="CIE 1931 y")


def draw_colours(axes: Axes, found: Chromaticity, points: list[int], colours: list[str]) -> None:
    """Measured chromaticities with their 68 % ellipses.

    :param points: which
    :param colours: of their marks
    """
    for i, colour in zip(points, colours, strict=True):
        axes.plot(
            *found.xy[i], "o", color=colour, markeredgecolor="black", markeredgewidth=0.6, markersize=4.5
        )
        draw_ellipse(axes, found, i)


def draw_ellipse(axes: Axes, found: Chromaticity, point: int) -> None:
    from matplotlib.patches import Ellipse

    major, minor, angle = error_ellipse(found.covariance[point])
    x, y = found.xy[point]
    patch = Ellipse(
        (x, y), 2 * major, 2 * minor, angle=angle, facecolor="none", edgecolor="black", linewidth=0.8
    )
    axes.add_patch(patch)


def zoom(axes: Axes, xy: Array, least: float = 0.02) -> None:
    """Limits that show the points *xy* (n, 2) and something around them, to scale."""
    centre = (np.nanmin(xy, axis=0) + np.nanmax(xy, axis=0)) / 2
    half = max(0.65 * float(np.nanmax(np.ptp(xy, axis=0))), least)
    axes.set(xlim=(centre[0] - half, centre[0] + half), ylim=(centre[1] - half, centre[1] + half))


def diagram_colours() -> Array:
    """The colours for x from 0 to 0.8 and y from 0 to 0.9, sRGB, (y, x, 3): as bright as they come, paler."""
    x, y = np.meshgrid(np.linspace(0, 0.8, _STEPS), np.linspace(1e-3, 0.9, _STEPS))
    rgb = np.stack([x, y, 1 - x - y], axis=-1) @ _SRGB.T
    rgb = np.clip(rgb, 0, None)
    rgb = rgb / np.maximum(rgb.max(axis=-1, keepdims=True), 1e-9)
    gamma = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return _PALENESS + (1 - _PALENESS) * gamma
