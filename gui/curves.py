"""Curves that a run has made, or will make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from antistokes.instruments.errors import Refused

from .live_run import Array, LiveRun


@dataclass(frozen=True)
class Curves:
    """:ivar axes: set-points by their names, the outermost first, (points,) each
    :ivar columns: of :class:`.LiveRun`, those that are drawn, (points,) each
    """

    axes: Mapping[str, Array] = field(default_factory=dict)
    columns: Mapping[str, Array] = field(default_factory=dict)

    @classmethod
    def of(cls, live: LiveRun) -> Curves:
        return cls(
            {name: live.column(name) for name in live.axes},
            {name: live.column(name) for name in live.curves},
        )

    @classmethod
    def read(cls, path: str | Path) -> Curves:
        """Of a run file. :raises Refused: it is none, or cannot be read"""
        # takes half a second, which the window does not wait for
        from antistokes.analysis.runfile import NotARunFile, load

        try:
            ds = load(path)
        except (NotARunFile, OSError) as error:
            raise Refused(str(error)) from None
        axes = {
            str(name): np.asarray(values)
            for name, values in ds.coords.items()
            if values.dims == ("point",) and values.dtype == float and name != "time"
        }
        columns = {}
        if "spectrum" in ds:
            wavelength = ds["wavelength"].values
            for name, (low, high) in (ds.attrs["sample"].get("bands") or {}).items():
                inside = (wavelength >= low) & (wavelength <= high)
                columns[f"band {name}"] = ds["spectrum"].values[:, inside].sum(axis=1)
        elif "decay" in ds:
            columns["photons"] = ds["decay"].values.sum(axis=1)
        return cls(axes, columns)
