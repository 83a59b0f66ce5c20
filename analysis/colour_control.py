"""What a run that steered towards a colour shows: where it ended, how it got there, what can be reached."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .band_ratio import band_ratio
from .bands import AnalysisError
from .emission_colour import Colours, colours
from .findings import Finding, Findings

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_LASER = "wavelength_"


def analyse(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    over: str = "red",
    uncorrected: bool | None = None,
) -> Findings:
    """The colour reached (without ``at``), then colours and band ratios of the points, by what was set.

    :param ds: a run; see :func:`~antistokes.analysis.emission_colour.colours`
    :param over: the band that the others are divided by
    :param uncorrected: colours although the response is not known; by default as the run was asked
    :raises AnalysisError: the response is not known
    """
    parameters = ds.attrs.get("parameters", {})
    forced = bool(parameters.get("uncorrected", False)) if uncorrected is None else uncorrected
    lines = [float(ds[f"{_LASER}{name}"][0]) for name in lasers_of(ds)]
    found = colours(ds, windows, lines, forced)
    if not np.isfinite(found.chromaticity.xy).all(axis=1).any():
        raise AnalysisError("chromaticity: no point shows one; all are flagged, or dark")
    warnings = list(found.warnings)
    target = None if parameters.get("x") is None else (float(parameters["x"]), float(parameters["y"]))
    findings: list[Finding] = []
    details: dict[str, Any] = {}
    if target is not None:
        findings, details = _outcome(ds, found, target, float(parameters.get("tolerance", 0.01)))
        if not details["reached"]:
            x, y = details["nearest"]
            warnings.append(
                f"colour ({target[0]:.3f}, {target[1]:.3f}) was not reached; the nearest one measured is "
                f"({x:.3f}, {y:.3f}), {details['distance']:.3f} away"
            )
    findings += _points(ds, found)
    try:
        findings += _ratios(ds, over, windows)
    except AnalysisError as error:
        warnings.append(str(error))

    def figure() -> Figure:
        from .figures.colour_control import colour_control_figure

        return colour_control_figure(ds, found, target)

    return Findings(
        procedure="colour-control", findings=findings, warnings=warnings, details=details, figure=figure
    )


def lasers_of(ds: xr.Dataset) -> list[str]:
    """Names of the lasers that were mixed; none where pulses were steered."""
    return [str(name).removeprefix(_LASER) for name in ds if str(name).startswith(_LASER)]


def settings_of(ds: xr.Dataset, point: int) -> dict[str, float]:
    """What was set at a point: the width of the pulses, or the irradiance of each laser."""
    names = [f"irradiance_{name}" for name in lasers_of(ds)] or ["pulse_width"]
    return {name: float(ds[name][point]) for name in names}


def _outcome(
    ds: xr.Dataset, found: Colours, target: tuple[float, float], tolerance: float
) -> tuple[list[Finding], dict[str, Any]]:
    """Of the last attempt; the nearest of all points where it is too far off."""
    away = np.hypot(*(found.chromaticity.xy - target).T)
    readable = np.flatnonzero(np.isfinite(away))
    last = int(readable[-1])
    reached = bool(away[last] <= tolerance and ds["attempt"][last] > 0)
    point = last if reached else int(readable[away[readable].argmin()])
    direction = (found.chromaticity.xy[point] - target) / max(away[point], 1e-12)
    stderr = math.sqrt(direction @ found.chromaticity.covariance[point] @ direction)
    details = {
        "target": list(target),
        "reached": reached,
        "nearest": found.chromaticity.xy[point].tolist(),
        "distance": float(away[point]),
        "distance_stderr": stderr,
        "attempts": int(ds["attempt"].values.max()),
        "settings": settings_of(ds, point),
        "reason": str(ds.attrs.get("reason", "")),
    }
    return found.findings(point, {}), details


def _points(ds: xr.Dataset, found: Colours) -> list[Finding]:
    readable = np.flatnonzero(np.isfinite(found.chromaticity.xy).all(axis=1))
    return [one for i in readable for one in found.findings(int(i), settings_of(ds, int(i)))]


def _ratios(ds: xr.Dataset, over: str, windows: Mapping[str, tuple[float, float]] | None) -> list[Finding]:
    """Of the points without feedback."""
    return [
        Finding(
            quantity="band ratio",
            of=name,
            value=float(ratio[i]),
            stderr=float(error[i]),
            at=settings_of(ds, int(i)),
            note=f"over {over}",
        )
        for i in np.flatnonzero(ds["attempt"].values == 0)
        for name, (ratio, error) in band_ratio(ds, over, windows).items()
        if np.isfinite(ratio[i])
    ]
