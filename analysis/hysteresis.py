"""Two branches of one power sweep: does the emission depend on where the power came from?

Bistable emitters do (Skripka et al., Nature Photonics 2025, doi 10.1038/s41566-024-01577-x); so do, in a
less interesting way, drift, warming and bleaching, which therefore have to be excluded first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .bands import Array, good_points
from .fitting import DETECTION
from .power_law import PowerLaw

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Hysteresis:
    """h = ln(I_down/I_up) at equal irradiance, at every set-point where both branches are seen.

    :param index, stderr: mean of h over the set-points, and 1 σ: the area of the loop in the log-log plane
        per decade swept, in units of a decade. It has a sign, so that noise alone gives 0 on average. It is
        our definition; there is no common one
    :param largest, largest_stderr: the h that is furthest from 0, and 1 σ; noise alone gives some 2 σ
    :param irradiance: W/cm², where that is
    :param loop: (m, 3): irradiance, h and its 1 σ
    """

    index: float
    stderr: float
    largest: float
    largest_stderr: float
    irradiance: float
    loop: Array


def hysteresis(integrated: xr.Dataset, name: str, law: PowerLaw) -> Hysteresis | None:
    """Compares the branches of band *name*; None where the sweep has only one, or fewer than 3 set-points.

    Irradiances that differ a little between the branches are allowed for by the local exponent.

    :param integrated: what :func:`~antistokes.analysis.bands.integrate_bands` gives, ``direction`` +1 and −1
    """
    if "direction" not in integrated:
        return None
    y, sigma = integrated[name].values, integrated[f"{name}_errors"].values
    irradiance = integrated["irradiance_mean"].values.astype(float)
    pump = np.zeros(len(y))
    if "irradiance_mean_errors" in integrated:
        pump = np.nan_to_num(integrated["irradiance_mean_errors"].values / irradiance)
    setpoint = integrated[integrated.attrs.get("axis") or "irradiance"].values
    usable = good_points(integrated) & (y > DETECTION * sigma) & (irradiance > 0)
    known = np.isfinite(law.local[:, 1])
    rows = []
    for value in np.unique(setpoint[usable]):
        branches = [
            np.flatnonzero(usable & (setpoint == value) & (integrated["direction"].values == way))
            for way in (1, -1)
        ]
        if not all(len(branch) for branch in branches):
            continue
        here = float(irradiance[np.concatenate(branches)].mean())
        exponent = law.exponent
        if known.any():
            exponent = float(np.interp(np.log(here), np.log(law.local[known, 0]), law.local[known, 1]))
        level = np.log(np.where(usable, y, 1.0)) - exponent * np.log(irradiance / here)
        variance = (sigma / np.where(usable, y, 1.0)) ** 2 + (exponent * pump) ** 2
        up, down = branches
        h = level[down].mean() - level[up].mean()
        rows.append((here, h, np.sqrt(sum(variance[b].sum() / len(b) ** 2 for b in branches))))
    if len(rows) < 3:
        return None
    loop = np.array(rows)
    peak = int(np.abs(loop[:, 1]).argmax())
    return Hysteresis(
        index=float(loop[:, 1].mean()),
        stderr=float(np.sqrt((loop[:, 2] ** 2).sum()) / len(loop)),
        largest=float(loop[peak, 1]),
        largest_stderr=float(loop[peak, 2]),
        irradiance=float(loop[peak, 0]),
        loop=loop,
    )
