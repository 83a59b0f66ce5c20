"""What changes with time or dose while a run goes on: seen at its reference points, and taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from .bands import Array, good_points, integrate_bands
from .fitting import chi2_scale

if TYPE_CHECKING:
    import xarray as xr

_LEAST_POINTS = 3
_SURE = 5.0  # standard errors that a band must have at every reference point


@dataclass(frozen=True, eq=False)
class Drift:
    """Emission at equal excitation ∝ exp(slope·(x − x₀)), x being the time or the dose, x₀ that of the first
    point.

    :param rate, stderr: relative change per hour, the mean of the run, and 1 σ
    :param against: what explains the reference points better
    :param slope, slope_stderr: per s, or per J/cm²
    :param x: (points,) of all points of the run, from the first one
    :param change: relative, over the whole run
    :param points: how many reference points that is from
    """

    rate: float
    stderr: float
    against: Literal["time", "dose"]
    slope: float
    slope_stderr: float
    x: Array
    change: float
    points: int

    def removed(self, ds: xr.Dataset, sigmas: float = 0.0) -> xr.Dataset:
        """*ds* as it were without drift, its reference points left out.

        :param sigmas: by how many standard errors another drift is taken out
        """
        factor = np.exp(-(self.slope + sigmas * self.slope_stderr) * self.x)
        changed = {
            name: ds[name].copy(data=ds[name].transpose("point", ...).values * factor[:, None])
            for name in ("spectrum", "spectrum_errors")
            if name in ds
        }
        return without_references(ds.assign(changed))


def with_mean_power(ds: xr.Dataset) -> xr.Dataset:
    """*ds* with the mean of the power before and after each point, where the run has both.

    What it did in between is not known: the error gets 1/√12 of the difference.
    """
    if "pump_power_after" not in ds or "irradiance_mean_errors" not in ds:
        return ds
    ratio = ds["pump_power_after"].values / ds["pump_power"].values
    ratio = np.where(np.isfinite(ratio), ratio, 1.0)
    before, error = ds["irradiance_mean"], ds["irradiance_mean_errors"]
    between = before.values * (ratio - 1) / np.sqrt(12)
    return ds.assign(
        irradiance_mean=before.copy(data=before.values * (1 + ratio) / 2),
        irradiance_mean_errors=error.copy(data=np.hypot(error.values / np.sqrt(2), between)),
    )


def without_references(ds: xr.Dataset) -> xr.Dataset:
    """*ds* without its reference points."""
    return ds.isel(point=ds["reference"].values == 0) if "reference" in ds else ds


def find_drift(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]], exponents: Mapping[str, float]
) -> Drift | None:
    """From the bands at the reference points, brought to equal irradiance; None where these are too few.

    ln I of all bands together, weighted, is fitted by a straight line against time and against dose (where
    the run has it). What the bands have in common is found, not what one of them does alone.

    :param exponents: d ln I/d ln P of the bands at the reference irradiance
    """
    if "reference" not in ds:
        return None
    chosen = (ds["reference"].values == 1) & good_points(ds)
    series = _common_series(ds.isel(point=chosen), windows, exponents)
    if series is None or len(series[0]) < _LEAST_POINTS:
        return None
    y, sigma = series
    axes: dict[Literal["time", "dose"], Array] = {"time": ds["time"].values.astype(float)}
    if "dose" in ds and np.isfinite(ds["dose"].values).all():
        axes["dose"] = ds["dose"].values.astype(float)
    fits = {name: _line(x[chosen] - x[0], y, sigma) for name, x in axes.items()}
    best = min(fits, key=lambda name: fits[name][2])
    slope, error, _ = fits[best]
    x = axes[best] - axes[best][0]
    hours = float(np.ptp(axes["time"])) / 3600
    span = float(np.ptp(x))
    return Drift(
        slope * span / hours,
        error * span / hours,
        best,
        slope,
        error,
        x,
        float(np.expm1(slope * span)),
        len(y),
    )


def _common_series(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]], exponents: Mapping[str, float]
) -> tuple[Array, Array] | None:
    """ln I at equal irradiance, mean of the bands that are seen at every point, about 0; and its 1 σ."""
    integrated = integrate_bands(ds, windows)
    irradiance = ds["irradiance_mean"].values
    x = np.log(irradiance / irradiance.mean())
    pump = np.zeros(len(x))
    if "irradiance_mean_errors" in ds:
        pump = ds["irradiance_mean_errors"].values / irradiance
    rows, noise, weights, powers = [], [], [], []
    for name in windows:
        value, error = integrated[name].values, integrated[f"{name}_errors"].values
        if name not in exponents or not len(value) or not (value > _SURE * error).all():
            continue
        y = np.log(value) - exponents[name] * x
        rows.append(y - y.mean())
        noise.append(error / value)
        weights.append(1 / np.mean(noise[-1] ** 2 + 1e-12))
        powers.append(exponents[name])
    if not rows:
        return None
    share = np.array(weights) / np.sum(weights)
    # an error of the irradiance is common to all bands
    variance = share**2 @ np.square(noise) + (share @ np.array(powers) * pump) ** 2
    return share @ np.array(rows), np.sqrt(variance)


def _line(x: Array, y: Array, sigma: Array) -> tuple[float, float, float]:
    """Slope of the weighted straight line, its 1 σ, and χ²."""
    design = np.stack([np.ones_like(x), x / np.ptp(x)], axis=1)
    weight = 1 / np.maximum(sigma, 1e-9)
    covariance = np.linalg.inv((design.T * weight**2) @ design)
    beta = covariance @ (design.T @ (weight**2 * y))
    chi2 = float((((y - design @ beta) * weight) ** 2).sum())
    error = np.sqrt(covariance[1, 1] * chi2_scale(chi2, len(x) - 2))
    return float(beta[1] / np.ptp(x)), float(error / np.ptp(x)), chi2
