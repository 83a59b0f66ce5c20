"""What figures have in common: colours, titles, the mark of simulated data, saving. pyplot is not touched."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..bands import AnalysisError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

#: Families of colours and what they reach to, nm. The first shades are colour-blind safe (Okabe & Ito, 2008;
#: P. Tol, 2021), the others are for further bands of the same colour.
_FAMILIES: dict[str, tuple[float, tuple[str, ...]]] = {
    "ultraviolet": (400.0, ("#882255", "#AA4499")),
    "violet": (440.0, ("#CC79A7", "#6A3D9A")),
    "blue": (495.0, ("#0072B2", "#56B4E9", "#332288")),
    "green": (570.0, ("#009E73", "#66A61E", "#117733")),
    "yellow": (590.0, ("#C9A600", "#8C7A00")),
    "orange": (625.0, ("#E69F00", "#B36B00")),
    "red": (750.0, ("#D55E00", "#A50F15", "#FB6A4A")),
    "infrared": (np.inf, ("#7A5230", "#000000", "#8C8C8C")),
}
NAMED_COLOURS = {name: shades[0] for name, (_, shades) in _FAMILIES.items()}
OTHER_COLOURS = ("#0072B2", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

IRRADIANCE_LABEL = "mean irradiance P/(πw²) (W/cm²)"

#: axes whose only set-point belongs into a title
_SET_TO = {"slot": "slot {:g}", "temperature": "{:g} K", "excitation_wavelength": "{:g} nm"}
_BADGE = 1.7  # inch that the mark of simulated data takes from the title
_CHARACTER = 0.105  # inch, mean width in a title
#: Metadata that would change from one saving to the next, by the suffix of the file.
_NO_DATE = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def band_colours(
    names: Iterable[str], windows: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, str]:
    """A colour for each band: by its name, else by where its window is, else one that is not taken yet.

    Bands of one colour get different shades of it; no two are the same as long as there are any.

    :param windows: (low, high) in nm, of those that are known
    """
    families = {name: _family(name, (windows or {}).get(name)) for name in names}
    every = [*OTHER_COLOURS, *(shade for _, shades in _FAMILIES.values() for shade in shades)]
    taken: dict[str, str] = {}
    # "blue" before "violet-blue", then bands with other names, and those that may have any colour last
    rank = {n: (not family, family not in n.lower(), len(n)) for n, family in families.items()}
    for name in sorted(families, key=rank.__getitem__):
        own = _FAMILIES[families[name]][1] if families[name] else ()
        taken[name] = next((c for c in (*own, *every) if c not in taken.values()), every[0])
    return {name: taken[name] for name in families}


def _family(name: str, window: tuple[float, float] | None) -> str:
    """The colour that a band is called after, or has; empty: not known."""
    # the longest word: "infrared" is not "red"; and of several words the last, "violet-blue" is a blue
    words = [word for word in _FAMILIES if word in name.lower()]
    words = [word for word in words if not any(word in other for other in words if other != word)]
    if words:
        return max(words, key=name.lower().rfind)
    if window is None:
        return ""
    return next(family for family, (end, _) in _FAMILIES.items() if sum(window) / 2 < end)


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write PNG, SVG or PDF by the suffix of *path*; the same figure gives the same bytes every time.

    :raises AnalysisError: another suffix, or the file cannot be written there
    """
    import matplotlib as mpl

    suffix = Path(path).suffix.lower()
    if suffix not in _NO_DATE:
        raise AnalysisError(f"figure file {path}: suffix '{suffix}' is not one of {', '.join(_NO_DATE)}")
    with mpl.rc_context({"svg.hashsalt": "antistokes", "svg.fonttype": "path", "pdf.fonttype": 42}):
        try:
            figure.savefig(path, format=suffix[1:], metadata=_NO_DATE[suffix])
        except OSError as error:
            raise AnalysisError(
                f"figure file {path}: cannot be written: {error.strerror or error}"
            ) from error


def unit_label(values: xr.DataArray) -> str:
    """As a label says it: detectors count."""
    units = str(values.attrs.get("units", "1/s"))
    return "counts/s" if units == "1/s" else units


def plus_minus(value: float, error: float) -> str:
    """Both with the decimals that show two figures of the error, at most four."""
    digits = int(np.clip(1 - np.floor(np.log10(error)), 0, 4)) if error > 0 else 4
    return f"{value:.{digits}f} ± {error:.{digits}f}"


def draw_title(figure: Figure, ds: xr.Dataset) -> None:
    sample = ds.attrs.get("sample") or {}
    parts = [ds.attrs.get("title", ""), sample.get("name") or sample.get("id", "")]
    for axis, words in _SET_TO.items():
        if axis in ds and len(set(ds[axis].values.tolist())) == 1:
            parts.append(words.format(float(ds[axis][0])))
    title = "  ·  ".join(part for part in parts if part) or " "
    simulated = bool(ds.attrs.get("simulated"))
    room = figure.get_figwidth() - (_BADGE if simulated else 0.2)
    title = textwrap.fill(title, int(room / _CHARACTER), break_on_hyphens=False)
    figure.suptitle(title, x=0.01, ha="left", weight="bold")
    if simulated:
        figure.text(
            0.99, 0.985, "SIMULATED DATA", ha="right", va="top", color="white", weight="bold",
            bbox={"facecolor": NAMED_COLOURS["red"], "edgecolor": "none", "boxstyle": "round,pad=0.3"},
        )  # fmt: skip
