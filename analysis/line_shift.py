"""Position and width of a band against temperature, where it is one line that moves: what a gap does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .bands import Array, good_points
from .findings import Finding, Findings
from .line_shape import HC, fit_odonnell_chen, line_shapes
from .temperature_curve import sample_kelvin

if TYPE_CHECKING:
    import xarray as xr

_MOVED = 5.0  # standard errors by which a line must move


def tell_line(
    result: Findings, ds: xr.Dataset, name: str, window: tuple[float, float], at: dict[str, float]
) -> None:
    """Add to *result* by how much the band has moved, its position and width at every set-point, and the
    parameters of the gap's law (O'Donnell and Chen, 1991) where the temperatures fix them.

    :param ds: points at one power
    :param window: of the band, nm
    :param at: that power, where there are several
    """
    if "spectrum_errors" not in ds:
        return
    shapes, kelvin = line_shapes(ds, window), sample_kelvin(ds)
    usable = good_points(ds) & np.isfinite(shapes).all(axis=1) & np.isfinite(kelvin)
    if usable.sum() < 3:
        return
    rows = np.flatnonzero(usable)[np.argsort(kelvin[usable])]
    kelvin, shapes = kelvin[rows], shapes[rows]
    shift = float(shapes[-1, 0] - shapes[0, 0])
    stderr = float(np.hypot(shapes[0, 1], shapes[-1, 1]))
    if abs(shift) < _MOVED * stderr:
        return
    span = f"{kelvin[0]:.4g} to {kelvin[-1]:.4g} K"
    table = np.column_stack([kelvin, shapes])
    law = fit_odonnell_chen(*table[:, :3].T)
    details = result.details.setdefault("line", {}).setdefault(name, [])
    details.append({**at, "table": table.tolist(), "gap": law})
    result.findings.append(
        Finding(
            quantity="line shift", of=name, value=shift, stderr=stderr, unit="meV", at=at, note=f"from {span}"
        )
    )
    setpoint = ds["temperature"].values[rows].astype(float)
    for target in np.unique(setpoint):
        place, place_error, width, width_error = _mean(shapes[setpoint == target])
        here = {**at, "temperature": float(target)}
        result.findings += [
            Finding(quantity="gap", of=name, value=place, stderr=place_error, unit="meV", at=here,
                    note="maximum of a Gaussian over energy"),
            Finding(quantity="linewidth", of=name, value=1e3 * HC * width / place**2,
                    stderr=1e3 * HC * width_error / place**2, unit="nm", at=here,
                    note=f"{width:.4g} ± {width_error:.1g} meV, that of the instrument included"),
        ]  # fmt: skip
    if law is not None:
        words = {
            "energy_0": ("gap at 0 K", "meV"),
            "coupling": ("gap coupling", "1"),
            "phonon": ("phonon energy", "meV"),
        }
        result.findings += [
            Finding(quantity=words[key][0], of=name, value=value, stderr=error, unit=words[key][1], at=at,
                    note=f"O'Donnell-Chen law, {span}")
            for key, (value, error) in law.items()
        ]  # fmt: skip


def _mean(shapes: Array) -> Array:
    """Energy, 1 σ, width, 1 σ of the points at one set-point, (4,), each with its weight."""
    result = np.empty(4)
    for i in (0, 2):
        weight = shapes[:, i + 1] ** -2.0
        result[i], result[i + 1] = np.average(shapes[:, i], weights=weight), weight.sum() ** -0.5
    return result
