"""Pick-off ratio, attenuator curve and laser curve, from the powers that two meters show."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from .bands import AnalysisError, Array, good_points
from .findings import Finding, Findings
from .fitting import chi2_scale
from .weighted_fit import WeightedFit, weighted_fit

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_SURE = 3.0  # standard errors from which a drift or a dependence on power is one
_LEAST_DRIFT = 1e-3  # relative: what nobody needs to care for
_MISFIT = 0.01  # relative, rms: a laser curve that is no kinked line
_LEAST_POINTS = 5


@dataclass(frozen=True, eq=False)
class Readings:
    """Which points are usable, (points,); of these the time in s, and powers of the beam, the pick-off meter
    and the reference (None: not read), each in W with 1 σ, (n,)."""

    usable: npt.NDArray[np.bool_]
    time: Array
    beam: tuple[Array, Array]
    pickoff: tuple[Array, Array]
    reference: tuple[Array, Array] | None

    def along(self, ds: xr.Dataset, name: str) -> Array:
        """The channel *name* at these points, (n,)."""
        values: Array = ds[name].values[self.usable].astype(float)
        return values


@dataclass(frozen=True, eq=False)
class PickOff:
    """Reference over pick-off.

    :param ratio, stderr: weighted mean, 1 σ of the readings
    :param drift, by_power: relative change over the run, and per e-fold of the power, each with 1 σ
    :param lit: which of the readings show light on both meters, (n,)
    :param points: their ratios, and 1 σ
    """

    ratio: float
    stderr: float
    drift: tuple[float, float]
    by_power: tuple[float, float]
    lit: npt.NDArray[np.bool_]
    points: tuple[Array, Array]

    @property
    def drifts(self) -> bool:
        """By more than noise."""
        change, error = self.drift
        return abs(change) > max(_SURE * error, _LEAST_DRIFT)


@dataclass(frozen=True, eq=False)
class Curve:
    """Power against what was scanned.

    :param x, power, sigma: W, each (n,); a drift that repeats have shown is taken out
    :param fit: None: nothing is known of the shape
    :param model: of *fit*, at any x, W
    """

    x: Array
    power: Array
    sigma: Array
    fit: WeightedFit | None = None
    model: Callable[[Array], Array] | None = None


def readings(ds: xr.Dataset) -> Readings:
    """:raises AnalysisError: too few usable points"""
    names = ["beam_power", "pickoff_power", *(["reference_power"] if "reference_power" in ds else [])]
    usable = good_points(ds)
    for name in [*names, *(f"{name}_errors" for name in names)]:
        usable &= np.isfinite(ds[name].values)
    if usable.sum() < _LEAST_POINTS:
        raise AnalysisError(
            f"power calibration: {usable.sum()} usable points; at least {_LEAST_POINTS} are needed"
        )

    def pair(name: str) -> tuple[Array, Array]:
        return ds[name].values[usable].astype(float), ds[f"{name}_errors"].values[usable].astype(float)

    return Readings(
        usable,
        ds["time"].values[usable].astype(float),
        pair("beam_power"),
        pair("pickoff_power"),
        pair("reference_power") if "reference_power" in ds else None,
    )


def pick_off(of: Readings) -> PickOff | None:
    """Ratio of the two meters where both see light; None without a reference.

    :raises AnalysisError: both never do
    """
    if of.reference is None:
        return None
    (low, low_error), (high, high_error) = of.pickoff, of.reference
    lit = (low > 10 * low_error) & (high > 10 * high_error)
    if lit.sum() < _LEAST_POINTS:
        raise AnalysisError(f"pick-off ratio: {lit.sum()} points with light on both meters")
    ratio = high[lit] / low[lit]
    sigma = ratio * np.hypot(low_error[lit] / low[lit], high_error[lit] / high[lit])
    columns = [of.time[lit] - of.time[lit].mean(), np.log(low[lit]) - np.log(low[lit]).mean()]
    columns = [column if np.ptp(column) > 1e-6 else np.zeros(len(ratio)) for column in columns]
    span = max(float(np.ptp(columns[0])), 1e-9)
    design = np.stack([np.ones(len(ratio)), columns[0] / span, columns[1]], axis=1)
    covariance = np.linalg.pinv((design.T / sigma**2) @ design)
    beta = covariance @ (design.T @ (ratio / sigma**2))
    freedom = len(ratio) - np.linalg.matrix_rank(design)
    scale = chi2_scale(float((((ratio - design @ beta) / sigma) ** 2).sum()), int(freedom))
    errors = np.sqrt(np.diag(covariance) * scale)
    mean = float((ratio / sigma**2).sum() / (1 / sigma**2).sum())
    misfit = float((((ratio - mean) / sigma) ** 2).sum())
    stderr = math.sqrt(chi2_scale(misfit, len(ratio) - 1) / float((1 / sigma**2).sum()))
    return PickOff(
        mean,
        stderr,
        (float(beta[1] / mean), float(errors[1] / mean)),
        (float(beta[2] / mean), float(errors[2] / mean)),
        lit,
        (ratio, sigma),
    )


def attenuator_curve(ds: xr.Dataset, of: Readings) -> Curve:
    """Fit P = (A·cos²(2(θ - θ₀)) + C)·(1 + d·t), of a half-wave plate before a polariser."""
    (power, sigma), x = of.beam, of.along(ds, "attenuator_measured")
    if str(ds["attenuator"].attrs.get("units")) != "deg" or len(set(x.tolist())) < _LEAST_POINTS:
        return Curve(x, power, sigma)
    late = _late(of.time)
    turned = 4 * np.radians(x)
    design = np.stack([np.ones(len(x)), np.cos(turned), np.sin(turned)], axis=1)
    mean, even, odd = np.linalg.lstsq(design, power, rcond=None)[0]
    swing, angle = math.hypot(even, odd), math.degrees(math.atan2(odd, even)) / 4
    start = [2 * swing, angle, max(mean - swing, 1e-3 * swing), 0.0]

    def shape(beta: Array, at: Array) -> Array:
        result: Array = beta[0] * np.cos(2 * np.radians(at - beta[1])) ** 2 + beta[2]
        return result

    fit = weighted_fit(
        lambda beta, at: shape(beta, at) * (1 + beta[3] * late), x, power, sigma, start,
        [2 * swing, 1.0, 0.01 * swing, 0.01],
    )  # fmt: skip
    off = 1 + fit.beta[3] * late
    return Curve(x, power / off, sigma / off, fit, lambda at: shape(fit.beta, at))


def drive_curve(ds: xr.Dataset, of: Readings) -> Curve:
    """Fit P = b + s₀·min(x, x_th) + s·max(x - x_th, 0): slope s above a threshold x_th.

    P is the power with the attenuator open; the error of its transmission, which all points have in common,
    is not in it.
    """
    x, transmission = of.along(ds, "drive"), of.along(ds, "transmission")
    power, sigma = (part / transmission for part in of.beam)
    span = float(np.ptp(x))
    upper = power > 0.3 * power.max()
    if upper.sum() < 3 or not span > 0:
        raise AnalysisError(f"laser curve: {upper.sum()} drives with light; at least 3 are needed")
    slope, offset = np.polyfit(x[upper], power[upper], 1)
    threshold = float(np.clip(-offset / slope, x.min() + 1e-3 * span, x.max() - 0.1 * span))

    def shape(beta: Array, at: Array) -> Array:
        b, below, kink, above = beta
        result: Array = (
            b + below * np.minimum(at - x.min(), kink - x.min()) + above * np.maximum(at - kink, 0)
        )
        return result

    fit = weighted_fit(
        shape, x, power, sigma, [0.0, 0.0, threshold, slope],
        [1e-3 * power.max(), 1e-3 * slope, 0.01 * span, slope], errors_in_x=False,
    )  # fmt: skip
    return Curve(x, power, sigma, fit, lambda at: shape(fit.beta, at))


def analyse(ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None = None) -> Findings:
    """What the scan was for, and the pick-off ratio wherever a reference was read.

    A ratio that drifts by more than its noise is none: its value is NaN.

    :param ds: a run of ``calibrate-power``
    :param windows: not used
    :raises AnalysisError: too few points, or no light
    """
    parameters: Mapping[str, Any] = ds.attrs.get("parameters") or {}
    scan = str(parameters.get("scan", "power"))
    of = readings(ds)
    result = Findings(procedure="calibrate-power")
    date, nm = str(ds.attrs.get("start", ""))[:10], float(ds.attrs.get("excitation_wavelength") or math.nan)
    result.details["valid"] = {"date": date, "wavelength_nm": nm}
    valid = f"on {date}, at {nm:g} nm"
    ratio = pick_off(of)
    if ratio is not None:
        _tell_ratio(result, ds, ratio, valid)
    curve = None
    if scan == "attenuator":
        curve = attenuator_curve(ds, of)
        _tell_attenuator(result, ds, of.along(ds, "attenuator"), curve, valid)
    elif scan == "laser":
        curve = drive_curve(ds, of)
        _tell_laser(result, ds, curve, valid)

    def figure() -> Figure:
        from .figures.calibrate_power import calibrate_power_figure

        return calibrate_power_figure(ds, result.findings, of, ratio, curve)

    result.figure = figure
    return result


def _late(time: Array) -> Array:
    """-1/2 … 1/2 over the run."""
    late: Array = (time - time.mean()) / max(float(np.ptp(time)), 1e-9)
    return late


def _tell_ratio(result: Findings, ds: xr.Dataset, found: PickOff, valid: str) -> None:
    value, stderr = found.ratio, found.stderr
    note = f"sample over pick-off meter, {valid}; that of both meters' own calibration comes on top"
    change, error = found.drift
    if found.drifts:
        value = stderr = math.nan
        note = f"it drifts by {100 * change:+.2g} ± {100 * error:.1g} % during the run: no ratio"
    result.findings.append(Finding(quantity="pick-off ratio", value=value, stderr=stderr, note=note))
    slope, error = found.by_power
    if abs(slope) > max(_SURE * error, _LEAST_DRIFT):
        result.warnings.append(
            f"the ratio changes by {100 * slope:+.2g} % per e-fold of the power: a meter that is not linear, "
            "or light that is not the laser's"
        )
    recorded = (ds.attrs.get("beam") or {}).get("sample_to_pickoff")
    if math.isfinite(value):
        result.details["beam"] = f"sample_to_pickoff = {value:#.5g}\n"
        if recorded is not None and abs(value / recorded - 1) > max(_SURE * stderr / value, 0.01):
            result.warnings.append(
                f"the station file says sample_to_pickoff = {recorded:g}; measured {value:.4g}"
            )


def _tell_attenuator(result: Findings, ds: xr.Dataset, setpoints: Array, curve: Curve, valid: str) -> None:
    unit = str(ds["attenuator"].attrs.get("units", ""))
    positions, power, sigma = _by_position(setpoints, curve)
    top = float(power.max())
    if curve.fit is None:
        i, k = int(power.argmin()), int(power.argmax())
        value = power[i] / power[k]
        stderr = math.hypot(sigma[i], value * sigma[k]) / power[k]
    else:
        swing, zero, floor, _ = curve.fit.beta
        top, value = swing + floor, floor / (swing + floor)
        stderr = curve.fit.stderr([-floor / top**2, 0, swing / top**2, 0])
        result.findings.append(
            Finding(
                quantity="open position", value=float(zero % 90), unit=unit,
                stderr=float(curve.fit.covariance[1, 1]) ** 0.5, note=f"and every 90 deg; {valid}",
            )
        )  # fmt: skip
    note = f"least over most power, {valid}"
    result.findings.append(
        Finding(quantity="extinction", value=float(value), stderr=float(stderr), note=note)
    )
    result.details["attenuator"] = {
        "position": positions.tolist(),
        "unit": unit,
        "transmission": (power / top).tolist(),
        "stderr": (sigma / top).tolist(),
    }


def _by_position(setpoint: Array, curve: Curve) -> tuple[Array, Array, Array]:
    """Weighted mean power and 1 σ at each set-point."""
    positions = np.unique(setpoint)
    weight = 1 / curve.sigma**2
    sums = np.array(
        [[(weight * curve.power)[setpoint == p].sum(), weight[setpoint == p].sum()] for p in positions]
    )
    return positions, sums[:, 0] / sums[:, 1], sums[:, 1] ** -0.5


def _tell_laser(result: Findings, ds: xr.Dataset, curve: Curve, valid: str) -> None:
    assert curve.fit is not None
    fit, unit = curve.fit, str(ds["drive"].attrs.get("units", ""))
    common = float(np.nanmean(ds["transmission_errors"].values / ds["transmission"].values))
    _, _, threshold, slope = fit.beta.tolist()
    errors = np.sqrt(np.diag(fit.covariance))
    name = "threshold current" if unit in ("A", "mA") else "threshold drive"
    if threshold - curve.x.min() > _SURE * errors[2]:
        result.findings.append(
            Finding(quantity=name, value=threshold, stderr=float(errors[2]), unit=unit or "1", note=valid)
        )
    result.findings.append(
        Finding(
            quantity="slope efficiency", value=slope, stderr=math.hypot(errors[3], slope * common),
            unit={"": "W", "W": "1"}.get(unit, f"W/{unit}"),
            note=f"on the sample, attenuator open; {valid}",
        )
    )  # fmt: skip
    assert curve.model is not None
    freedom = len(curve.x) - 4
    off = float(np.std(curve.power - curve.model(curve.x))) / float(curve.power.max())
    by_chance = chi2.sf(fit.reduced_chi2 * freedom, freedom) if freedom > 0 else 1.0
    if off > _MISFIT and by_chance < 1e-4:
        result.warnings.append(
            f"the laser is {100 * off:.2g} % of its highest power off a line above threshold (rms): it rolls "
            "over, hops, or drifts"
        )
    result.details["laser"] = {"reduced_chi2": fit.reduced_chi2, "off_the_line": off}
