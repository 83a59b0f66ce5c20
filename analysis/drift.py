"""What changes with time or dose while a run goes on, as its reference points show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from .analyse import axes_of
from .bands import Array, good_points, integrate_bands
from .fitting import chi2_scale

if TYPE_CHECKING:
    import xarray as xr

Rows = npt.NDArray[np.intp]

_LEAST_POINTS = 3
#: how emission goes with power, where the run does not tell: exponent and 1 σ
_EXPONENT = (1.5, 1.0)
_BETTER = 4.0  # of χ², in units of χ²/ν: from there on one explanation is better than the other
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
    :param rival: the same against the other, where that explains the reference points nearly as well
    """

    rate: float
    stderr: float
    against: Literal["time", "dose"]
    slope: float
    slope_stderr: float
    x: Array
    change: float
    points: int
    rival: Drift | None = None

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
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]],
    exponents: Mapping[str, float] | None = None,
) -> Drift | None:
    """From the bands at the reference points, brought to equal irradiance; None where these are too few.

    ln I of all bands together, weighted, is fitted by a straight line against time and against dose (where
    the run has it). What the bands have in common is found, not what one of them does alone. Where there are
    reference points at several set-points (two powers at one wavelength) the lines have the same slope.

    :param exponents: d ln I/d ln P of the bands at the reference irradiance; None: not known
    """
    if "reference" not in ds or not windows:
        return None
    chosen = np.flatnonzero((ds["reference"].values == 1) & good_points(ds))
    parts = []
    for rows in _same_setpoints(ds, chosen):
        series = _common_series(ds.isel(point=rows), windows, exponents)
        if series is not None and len(rows) > 1:
            parts.append((rows, *series))
    if not parts or sum(len(rows) - 1 for rows, _, _ in parts) < _LEAST_POINTS - 1:
        return None
    chosen, y, sigma = (np.concatenate(column) for column in zip(*parts, strict=True))
    group = np.repeat(np.arange(len(parts)), [len(rows) for rows, _, _ in parts])
    axes = _in_the_middle(ds)
    hours = float(np.ptp(axes["time"])) / 3600
    drifts, misfit = [], []
    for against, x in axes.items():
        slope, error, chi2 = _line(x[chosen] - x[0], y, sigma, group)
        span = float(np.ptp(x))
        change = float(np.expm1(slope * span))
        rates = slope * span / hours, error * span / hours
        drifts.append(Drift(*rates, against, slope, error, x - x[0], change, len(y)))
        misfit.append(chi2)
    best = int(np.argmin(misfit))
    enough = misfit[best] + _BETTER * max(misfit[best] / max(len(y) - len(parts) - 1, 1), 1.0)
    rivals = [drifts[i] for i in range(len(drifts)) if i != best and misfit[i] < enough]
    return replace(drifts[best], rival=rivals[0] if rivals else None)


def _in_the_middle(ds: xr.Dataset) -> dict[Literal["time", "dose"], Array]:
    """When each spectrum was taken, in s, and at which dose, in J/cm²: in the middle of its exposures.

    The run notes the time after them, and the dose before them.
    """
    half = np.zeros(ds.sizes["point"])
    if "exposure" in ds and "frames" in ds:
        half = np.nan_to_num(ds["exposure"].values * ds["frames"].values / 2)
    axes: dict[Literal["time", "dose"], Array] = {"time": ds["time"].values - half}
    if "dose" in ds and np.isfinite(ds["dose"].values).all():
        axes["dose"] = ds["dose"].values + np.nan_to_num(ds["irradiance_mean"].values) * half
    return axes


def _same_setpoints(ds: xr.Dataset, chosen: Rows) -> Iterator[Rows]:
    """The points *chosen*, in groups that have all set-points in common."""
    axes = axes_of(ds)
    setpoints = np.stack([ds[name].values[chosen].astype(float) for name in axes] or [0.0 * chosen], axis=1)
    _, group = np.unique(setpoints, axis=0, return_inverse=True)
    for number in range(group.max(initial=-1) + 1):
        yield chosen[group.ravel() == number]


def _common_series(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]], exponents: Mapping[str, float] | None
) -> tuple[Array, Array] | None:
    """ln I at equal irradiance, mean of the bands that are seen at every point, about 0; and its 1 σ."""
    integrated = integrate_bands(ds, windows)
    irradiance = ds["irradiance_mean"].values
    x = np.log(irradiance / irradiance.mean())
    pump = np.zeros(len(x))
    if "irradiance_mean_errors" in ds:
        pump = ds["irradiance_mean_errors"].values / irradiance
    known = dict.fromkeys(windows, _EXPONENT[0]) if exponents is None else exponents
    doubt = _EXPONENT[1] * x if exponents is None else np.zeros(len(x))
    rows, noise, weights, powers = [], [], [], []
    for name in windows:
        value, error = integrated[name].values, integrated[f"{name}_errors"].values
        if name not in known or not len(value) or not (value > _SURE * error).all():
            continue
        y = np.log(value) - known[name] * x
        rows.append(y - y.mean())
        noise.append(error / value)
        weights.append(1 / np.mean(noise[-1] ** 2 + 1e-12))
        powers.append(known[name])
    if not rows:
        return None
    share = np.array(weights) / np.sum(weights)
    # an error of the irradiance is common to all bands
    variance = share**2 @ np.square(noise) + (share @ np.array(powers) * pump) ** 2 + doubt**2
    return share @ np.array(rows), np.sqrt(variance)


def _line(x: Array, y: Array, sigma: Array, group: Rows) -> tuple[float, float, float]:
    """Slope of weighted straight lines, one for each *group*, all with this slope; its 1 σ, and χ²."""
    offsets = (group[:, None] == np.unique(group)).astype(float)
    design = np.column_stack([offsets, x / np.ptp(x)])
    weight = 1 / np.maximum(sigma, 1e-9)
    covariance = np.linalg.inv((design.T * weight**2) @ design)
    beta = covariance @ (design.T @ (weight**2 * y))
    chi2 = float((((y - design @ beta) * weight) ** 2).sum())
    error = np.sqrt(covariance[-1, -1] * chi2_scale(chi2, len(x) - len(beta)))
    return float(beta[-1] / np.ptp(x)), float(error / np.ptp(x)), chi2
