"""The colours of a sample's figure: of light as paper shows it, and of curves that must be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from matplotlib.colors import to_hex

#: nm to red, green, blue: as the eye sees it, darkened to stand out on white; dark red is invisible
_LIGHT = np.array(
    [
        (360, 0.35, 0.20, 0.50),
        (400, 0.45, 0.05, 0.70),
        (430, 0.35, 0.10, 0.85),
        (460, 0.05, 0.25, 0.90),
        (490, 0.00, 0.55, 0.75),
        (520, 0.00, 0.62, 0.20),
        (555, 0.40, 0.66, 0.00),
        (580, 0.85, 0.68, 0.00),
        (605, 0.95, 0.45, 0.00),
        (640, 0.88, 0.08, 0.05),
        (700, 0.70, 0.00, 0.05),
        (780, 0.42, 0.00, 0.05),
    ]
)
#: colour-blind safe (Okabe & Ito, 2008), by the name of a band and the middle of it in nm
_SAFE = {
    ("violet", 400): "#CC79A7",
    ("blue", 465): "#0072B2",
    ("cyan", 490): "#56B4E9",
    ("green", 540): "#009E73",
    ("orange", 595): "#E69F00",
    ("red", 650): "#D55E00",
}
_OTHER = ("#000000", "#8C564B", "#7F7F7F")
LineStyle = Literal["-", "--", "-.", ":"]
_DASHES: tuple[LineStyle, ...] = ("-", "--", "-.", ":")


def light_colours(wavelength: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Red, green, blue from 0 to 1 of light of wavelengths (n,) in nm: (n, 3).

    Ultraviolet is drawn as dark violet, infrared as dark red.
    """
    columns = [np.interp(wavelength, _LIGHT[:, 0], _LIGHT[:, i]) for i in (1, 2, 3)]
    return np.stack(columns, axis=-1)


def light_colour(wavelength: float) -> str:
    """Of one wavelength in nm: ``#rrggbb``."""
    return to_hex(light_colours(np.array([wavelength]))[0].tolist())


def curve_styles(middles: Mapping[str, float]) -> dict[str, tuple[str, LineStyle]]:
    """Colour and line style of each band, from the middle of the band in nm.

    What is named after a colour gets it. Neighbours differ in line style too: print and eyes lack colours.
    """
    free = {nm: colour for (name, nm), colour in _SAFE.items() if name not in middles}
    named = {name: colour for (name, _), colour in _SAFE.items()}
    others = [*_OTHER, *_SAFE.values()]
    styles: dict[str, tuple[str, LineStyle]] = {}
    for i, name in enumerate(sorted(middles, key=middles.__getitem__)):
        nearest = min(free, key=lambda nm: abs(nm - middles[name]), default=0)
        if name in named:
            colour = named[name]
        elif abs(nearest - middles[name]) < 60:
            colour = free.pop(nearest)
        else:
            colour = others[0]
            others.append(others.pop(0))
        styles[name] = (colour, _DASHES[i % len(_DASHES)])
    return styles
