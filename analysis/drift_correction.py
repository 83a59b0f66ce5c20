"""Taking the drift that reference points show out of a run, and telling it."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .bands import band_windows
from .drift import Drift, find_drift, with_mean_power, without_references
from .findings import Finding, Findings
from .laser_lines import LASER_MASK, excitation_wavelengths, intruders

if TYPE_CHECKING:
    import xarray as xr

_NOTED = 0.01  # relative, over the run


def drift_taken_out(analyse: Callable[..., Findings]) -> Callable[..., Findings]:
    """Decorates the analysis of a run that may have reference points.

    It gets the run without them, and without the drift that they show. To the error of a finding is added
    what one standard error of the drift does to it, and, where it is open, whether time or dose drives it.
    """

    @functools.wraps(analyse)
    def analyse_without(
        ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None = None, **options: Any
    ) -> Findings:
        if "reference" not in ds or not ds["reference"].values.any():
            return analyse(ds, windows, **options)
        drift = find_drift(with_mean_power(ds), _undisturbed(ds, windows))
        if drift is None:
            result = analyse(without_references(ds), windows, **options)
            result.warnings.append("drift is not known: too few reference points, or too dim at them")
            return result
        result = analyse(drift.removed(ds), windows, **options)
        others = [drift.removed(ds, sigmas=1.0), *([drift.rival.removed(ds)] if drift.rival else [])]
        for other in others:
            doubtful = analyse(other, windows, **options)
            result.findings = [_with_doubt(one, doubtful) for one in result.findings]
        tell_drift(result, drift)
        return result

    return analyse_without


def _undisturbed(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None
) -> dict[str, tuple[float, float]]:
    """What is left of each band beside the laser at the reference points: stray light drifts otherwise."""
    known = band_windows(ds, windows)
    lasers = excitation_wavelengths(ds.isel(point=ds["reference"].values == 1)).tolist()
    result = {}
    for name, window in known.items():
        parts = [window]
        for one in intruders(name, known, lasers, LASER_MASK):
            if one.kind == "laser":
                beside = [((low, min(high, one.low)), (max(low, one.high), high)) for low, high in parts]
                parts = [part for pair in beside for part in pair if part[0] < part[1]]
        if parts:
            result[name] = max(parts, key=lambda part: part[1] - part[0])
    return result


def _with_doubt(one: Finding, other: Findings) -> Finding:
    """*one*, its error enlarged by how far it is from the same finding in *other*."""
    try:
        moved = other.find(one.quantity, one.of, **one.at).value - one.value
    except KeyError:
        return one
    if not math.isfinite(moved):
        return one
    interval = one.interval
    if interval is not None:
        below, above = (math.hypot(end - one.value, moved) for end in interval)
        interval = one.value - below, one.value + above
    return replace(one, stderr=math.hypot(one.stderr, moved), interval=interval)


def tell_drift(result: Findings, drift: Drift) -> None:
    """Add the drift, which has been taken out, to what was found."""
    note = f"{drift.points} reference points, against {drift.against}; taken out"
    result.findings.append(
        Finding(quantity="drift", value=drift.rate, stderr=drift.stderr, unit="1/h", note=note)
    )
    if abs(drift.change) > _NOTED and abs(drift.rate) > 2 * drift.stderr:
        result.warnings.append(
            f"emission at the reference has changed by {100 * drift.change:+.2g} % during the run; "
            f"that is taken out, in proportion to {drift.against}"
        )
