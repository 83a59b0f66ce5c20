"""What the light of a power sweep does to the temperature of its sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .findings import Finding, Findings
from .thermometry import ERBIUM_GAP, Warming, find_warming, log_ratios, thermometer_bands, thermometer_windows

if TYPE_CHECKING:
    import xarray as xr


def tell_warming(
    result: Findings, ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None, limit: float
) -> None:
    """Add to *result* by how much the light warms the sample, where two of its bands are a thermometer.

    :param limit: K; more is warned of
    """
    warming = _warming(ds, windows)
    if warming is None:
        return
    top = float(warming.table[:, 0].max())
    change, error = warming.rate * top, warming.stderr * top
    result.findings.append(
        Finding(
            quantity="temperature change",
            value=change,
            stderr=error,
            unit="K",
            at={"irradiance": float(ds["irradiance"].max()) if "irradiance" in ds.coords else top},
            note=f"by the light, 520 over 541 nm and {ERBIUM_GAP:g} 1/cm; {warming.sensor:.4g} K without",
        )
    )
    if change > limit and change > 2 * error:
        result.warnings.append(
            f"the light warms the sample by {change:.2g} ± {error:.1g} K at {top:.3g} W/cm²; "
            f"above {limit / warming.rate:.3g} W/cm² it is more than {limit:g} K"
        )
    result.details["temperature change"] = warming.table.tolist()


def _warming(ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None) -> Warming | None:
    pair = thermometer_windows(ds, windows)
    if not pair or "sample_temperature" not in ds:
        return None
    value, error, clear = log_ratios(thermometer_bands(ds, pair), *pair)
    irradiance = ds["irradiance_mean"].values.astype(float)
    clear &= np.isfinite(ds["sample_temperature"].values) & (irradiance > 0)
    if not clear.any():
        return None
    sensor = float(ds["sample_temperature"].values[clear].mean())
    return find_warming(irradiance[clear], value[clear], error[clear], sensor)
