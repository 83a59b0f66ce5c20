"""From the flat list of points of a run to an array with one dimension per axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .analyse import axes_of, steps_of
from .bands import AnalysisError

if TYPE_CHECKING:
    import xarray as xr


def gridded(ds: xr.Dataset, step: int | str | None = None) -> xr.Dataset:
    """The points of a run along the axes that were moved: ``spectrum[temperature, irradiance, wavelength]``.

    Where a set-point was visited more than once (up and down, repeats) there is a dimension ``visit`` too.
    Points that were not reached are NaN.

    :param ds: a run, as :func:`~antistokes.analysis.runfile.load` gives it, or some of its points
    :param step: which procedure of a sequence, from 0 or by its name; None: the only one that has points
    :raises AnalysisError: there is no such step, or no axis
    """
    part = _step(ds, step)
    names = [name for name in axes_of(part) if len(set(part[name].values.tolist())) > 1]
    if not names:
        what = part.attrs["procedure"]
        raise AnalysisError(f"no axis was moved in this {what}: its points have no other order than time")
    # the slowest first
    names.sort(key=lambda name: np.count_nonzero(np.diff(part[name].values)))
    rows = list(zip(*(part[name].values.tolist() for name in names), strict=True))
    visits: dict[tuple[float, ...], int] = {}
    visit = np.zeros(len(rows), dtype=int)
    for i, row in enumerate(rows):
        visit[i] = visits.get(row, 0)
        visits[row] = visit[i] + 1
    part = part.drop_vars("point", errors="ignore").reset_coords(
        [name for name in ("time", "direction", "step", "reference") if name in part.coords]
    )
    if visit.any():
        part, names = part.assign_coords(visit=("point", visit)), [*names, "visit"]
    constant = [name for name in axes_of(part) if name not in names]
    constant += [
        str(name)
        for name, item in part.coords.items()
        if item.dims == ("point",) and item.dtype.kind == "f" and not np.isfinite(item.values).any()
    ]
    used = {dim for channel in part.values() for dim in channel.dims}
    constant += [str(dim) for dim in part.dims if dim not in used]
    flat = part.drop_vars(constant).set_index(point=names)
    return (flat.unstack("point") if len(names) > 1 else flat.rename(point=names[0])).transpose(*names, ...)


def _step(ds: xr.Dataset, which: int | str | None) -> xr.Dataset:
    """:raises AnalysisError: says which steps there are"""
    steps = [(i, str(part.attrs.get("procedure")), part) for i, part in enumerate(steps_of(ds))]
    known = ", ".join(f"{i} ({name})" for i, name, _ in steps)
    if which is None:
        chosen = [part for _, _, part in steps if part.sizes["point"]]
    else:
        chosen = [part for i, name, part in steps if which in (i, name)]
    if len(chosen) != 1:
        problem = "must be said, by its number" if which is None or chosen else f"there is no {which!r}"
        raise AnalysisError(f"step: {problem}; this run has {known}")
    return chosen[0]
