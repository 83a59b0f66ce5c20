"""What a run went through, at a glance: from where to where all was set and read, and what is flagged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .bands import good_points

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, slots=True)
class Span:
    """Lowest and highest of a channel in *units*, and how many different values it took."""

    low: float
    high: float
    units: str
    different: int


@dataclass(frozen=True, slots=True)
class Overview:
    """See :func:`overview`.

    :param points, usable: of these without a flag that keeps them from being analysed
    :param asked: set-points by channel
    :param read: readings by channel; of an array the sum over it, of a spectrum its highest pixel
    :param flags: points by flag, those that occur
    """

    points: int
    usable: int
    asked: dict[str, Span]
    read: dict[str, Span]
    flags: dict[str, int]


def overview(ds: xr.Dataset) -> Overview:
    """Of the run *ds* (:func:`~antistokes.analysis.load`); channels without a finite value are left out."""
    asked: dict[str, Span] = {}
    read: dict[str, Span] = {}
    for name, channel in ds.variables.items():
        if (
            channel.dims[:1] != ("point",)
            or name in ("point", "flags", "step")
            or str(name).endswith("_errors")
        ):
            continue
        values = np.asarray(channel.values, dtype=float)
        if values.ndim > 1:
            # a dark frame and a raw one say nothing that the spectrum does not
            if name not in ("spectrum", "decay"):
                continue
            inner = tuple(range(1, values.ndim))
            values = values.max(axis=inner) if name == "spectrum" else values.sum(axis=inner)
        values = values[np.isfinite(values)]
        if values.size:
            span = Span(
                float(values.min()),
                float(values.max()),
                channel.attrs.get("units", ""),
                len(np.unique(values)),
            )
            (asked if name in ds.coords else read)[str(name)] = span
    return Overview(ds.sizes["point"], int(good_points(ds).sum()), asked, read, _flags(ds))


def _flags(ds: xr.Dataset) -> dict[str, int]:
    if "flags" not in ds:
        return {}
    set_ = ds["flags"].values.astype(np.int64)
    masks, words = np.atleast_1d(ds["flags"].attrs["flag_masks"]), ds["flags"].attrs["flag_meanings"].split()
    counts = {word: int(((set_ & int(mask)) != 0).sum()) for mask, word in zip(masks, words, strict=True)}
    return {word: count for word, count in counts.items() if count}
