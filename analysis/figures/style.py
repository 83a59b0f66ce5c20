"""What figures have in common: colours, titles, the mark of simulated data, saving. pyplot is not touched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..bands import AnalysisError

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

#: Colour-blind safe (Okabe & Ito, 2008); a band named after a colour gets the nearest one.
NAMED_COLOURS = {
    "violet": "#CC79A7",
    "blue": "#0072B2",
    "green": "#009E73",
    "yellow": "#F0E442",
    "orange": "#E69F00",
    "red": "#D55E00",
}
OTHER_COLOURS = ("#0072B2", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

IRRADIANCE_LABEL = "mean irradiance P/(πw²) (W/cm²)"

#: Metadata that would change from one saving to the next, by the suffix of the file.
_NO_DATE = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def band_colours(names: list[str]) -> dict[str, str]:
    """A colour for each band: by its name, else one that is not taken yet."""
    named = {n: colour for n in names for word, colour in NAMED_COLOURS.items() if word in n.lower()}
    free = [colour for colour in OTHER_COLOURS if colour not in named.values()]
    others = [n for n in names if n not in named]
    return named | {n: free[i % len(free)] for i, n in enumerate(others)}


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
    if "temperature" in ds and len(set(ds["temperature"].values.tolist())) == 1:
        parts.append(f"{float(ds['temperature'][0]):g} K")
    figure.suptitle("  ·  ".join(part for part in parts if part) or " ", x=0.01, ha="left", weight="bold")
    if ds.attrs.get("simulated"):
        figure.text(
            0.99, 0.985, "SIMULATED DATA", ha="right", va="top", color="white", weight="bold",
            bbox={"facecolor": NAMED_COLOURS["red"], "edgecolor": "none", "boxstyle": "round,pad=0.3"},
        )  # fmt: skip
