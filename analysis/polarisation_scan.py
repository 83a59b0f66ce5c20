"""Emission against the polarisation of the excitation: Malus' law on a background."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .bands import AnalysisError, Array, band_windows, good_points, integrate_bands
from .drift import with_mean_power
from .drift_correction import drift_taken_out
from .findings import Finding, Findings
from .weighted_fit import WeightedFit, weighted_fit

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

#: how emission goes with power, where the scan itself does not tell: exponent and 1 σ
_EXPONENT = (1.5, 1.0)
_LEAST_ANGLES = 4
_STEP = 1e-3  # degrees, for a slope
_SURE = 3.0  # standard errors of a modulation, for its angle to mean anything
_FAR = 10.0  # standard errors of the minimum, within which a ratio to it is not symmetric
_UNEXPLAINED = 3.0  # of the covariance
_POOR = 1.0  # degrees: a larger error of the angles is rather another shape


@dataclass(frozen=True, eq=False)
class Malus:
    """I(θ) = A + B·cos²(θ - θ₀) of one band, at the mean power and in the middle of the run.

    :param angle, intensity, sigma: what was measured, brought there: degrees, unit of the band, (n,)
    :param setpoint: degrees, (n,)
    :param fit: mean a, cos 2θ part, sin 2θ part, all in *unit*; exponent of the power; drift
    :param unit: of the amplitudes
    """

    angle: Array
    intensity: Array
    sigma: Array
    setpoint: Array
    fit: WeightedFit
    unit: float

    def at(self, angle: Array) -> Array:
        """Intensity at *angle* in degrees."""
        return self.unit * _malus(self.fit.beta, angle)

    @property
    def modulation(self) -> tuple[float, float]:
        """(max - min)/2 in *unit*, and 1 σ."""
        _, b, c = self.fit.beta[:3]
        m = math.hypot(b, c)
        return m, self.fit.stderr(self._gradient(0.0, b / m, c / m))

    @property
    def lowest(self) -> tuple[float, float]:
        """Intensity at the minimum in *unit*, and 1 σ."""
        a, b, c = self.fit.beta[:3]
        m = math.hypot(b, c)
        return a - m, self.fit.stderr(self._gradient(1.0, -b / m, -c / m))

    @property
    def ratio(self) -> tuple[float, float]:
        """Maximum over minimum, and 1 σ."""
        a, b, c = self.fit.beta[:3]
        m = math.hypot(b, c)
        # d ln((a + m)/(a - m)) = (da + dm)/(a + m) - (da - dm)/(a - m)
        by_a, by_m = 1 / (a + m) - 1 / (a - m), 1 / (a + m) + 1 / (a - m)
        value = (a + m) / (a - m)
        return value, value * self.fit.stderr(self._gradient(by_a, by_m * b / m, by_m * c / m))

    @property
    def axis(self) -> tuple[float, float]:
        """Angle of the maximum, -90 to 90 degrees, and 1 σ."""
        _, b, c = self.fit.beta[:3]
        stderr = self.fit.stderr(self._gradient(0.0, -c, b)) / (2 * (b * b + c * c))
        return math.degrees(math.atan2(c, b)) / 2, math.degrees(stderr)

    def _gradient(self, *of: float) -> Array:
        return np.pad(np.array(of), (0, len(self.fit.beta) - len(of)))


def _malus(beta: Array, angle: Array) -> Array:
    turned = 2 * np.radians(angle)
    result: Array = beta[0] + beta[1] * np.cos(turned) + beta[2] * np.sin(turned)
    return result


def malus(ds: xr.Dataset, integrated: xr.Dataset, name: str) -> Malus:
    """Fit the band *name*; what the power was off and a drift are taken out.

    Where each angle was visited more than once a linear drift is fitted, too.

    :param ds: a run of ``polarisation-scan``
    :param integrated: its bands
    :raises AnalysisError: too few angles, or no light
    """
    intensity, sigma = integrated[name].values, integrated[f"{name}_errors"].values
    irradiance = integrated["irradiance_mean"].values
    usable = good_points(ds) & np.isfinite(intensity) & np.isfinite(sigma) & (irradiance > 0)
    angle, setpoint = (
        ds[key].values[usable].astype(float) for key in ("polarisation_measured", "polarisation")
    )
    intensity, sigma, irradiance = intensity[usable], sigma[usable], irradiance[usable]
    angles = len(set((setpoint % 180).tolist()))
    if angles < _LEAST_ANGLES:
        raise AnalysisError(
            f"band '{name}': usable points at {angles} angles; Malus' law needs {_LEAST_ANGLES}"
        )
    unit = float(np.max(intensity))
    if not unit > _SURE * float(sigma[np.argmax(intensity)]):
        raise AnalysisError(f"band '{name}': no light at any angle")
    time = ds["time"].values[usable].astype(float)
    late = (time - time.mean()) / max(float(np.ptp(time)), 1e-9)
    more = np.log(irradiance / irradiance.mean())
    pump = np.zeros(len(more))
    if "irradiance_mean_errors" in integrated:
        pump = np.nan_to_num(integrated["irradiance_mean_errors"].values[usable] / irradiance)
    parameters = 5 if len(setpoint) > angles + 1 else 4

    def factor(beta: Array) -> Array:
        drift = beta[4] if parameters == 5 else 0.0
        result: Array = np.exp(beta[3] * more) * (1 + drift * late)
        return result

    y = intensity / unit
    design = np.stack([np.ones(len(y)), np.cos(2 * np.radians(angle)), np.sin(2 * np.radians(angle))], axis=1)
    start = [*np.linalg.lstsq(design, y, rcond=None)[0], _EXPONENT[0], 0.0][:parameters]
    for _ in range(2):  # the second time the exponent is known
        error = np.hypot(sigma / unit, start[3] * pump * _malus(np.array(start), angle))
        fit = weighted_fit(
            lambda beta, x: _malus(beta, x) * factor(beta),
            angle, y, error, start, [1, 1, 1, 1, 0.1][:parameters], [(3, *_EXPONENT)],
        )  # fmt: skip
        start = fit.beta.tolist()
    off = factor(fit.beta)
    return Malus(angle, intensity / off, error * unit / off, setpoint, fit, unit)


@drift_taken_out
def analyse(ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None = None) -> Findings:
    """Intensity at every angle, ratio of maximum and minimum, angle of the maximum, of every band.

    With fewer than 4 angles there are the intensities alone.

    :param ds: a run of ``polarisation-scan``
    :param windows: band name to (low, high) in nm; by default those of the sample
    :raises AnalysisError: no band shows light
    """
    ds = with_mean_power(ds)
    known = band_windows(ds, windows)
    integrated = integrate_bands(ds, known)
    result = Findings(procedure="polarisation-scan")
    found: dict[str, Malus] = {}
    for name in known:
        try:
            found[name] = malus(ds, integrated, name)
        except AnalysisError as problem:
            result.warnings.append(str(problem))
            result.findings += _plain_intensities(ds, integrated, name)
            continue
        result.findings += _findings(name, found[name], str(integrated[name].attrs["units"]))
        fit = found[name].fit
        if fit.x_error > _POOR or fit.unexplained > _UNEXPLAINED:
            result.warnings.append(
                f"band '{name}': the emission does not follow cos², or does not hold still"
            )
    if not result.findings:
        raise AnalysisError("; ".join(result.warnings))
    result.details["bands"] = {name: _details(one) for name, one in found.items()}

    def figure() -> Figure:
        from .figures.polarisation_scan import polarisation_figure

        return polarisation_figure(ds, found)

    result.figure = figure if found else None
    return result


def _findings(name: str, one: Malus, unit: str) -> Iterator[Finding]:
    residual = one.intensity - one.at(one.angle)
    for setpoint in sorted(set(one.setpoint.tolist())):
        here = one.setpoint == setpoint
        value, stderr = _mean((one.at(one.setpoint) + residual)[here], one.sigma[here])
        # from where the rotator really was it is brought there with the error of its angle
        slope = (one.at(one.angle[here] + _STEP) - one.at(one.angle[here] - _STEP)) / (2 * _STEP)
        stderr = math.hypot(stderr, one.fit.x_error * float(np.linalg.norm(slope)) / len(slope))
        at = {"polarisation": setpoint}
        yield Finding(quantity="intensity", of=name, value=value, stderr=stderr, unit=unit, at=at)
    (lowest, doubt), (modulation, error) = one.lowest, one.modulation
    value, stderr = one.ratio
    highest, note = lowest + 2 * modulation, "maximum over minimum of A + B cos²"
    interval = None
    if lowest < _SURE * doubt:
        least = highest / (max(lowest, 0.0) + 2 * doubt)
        value, stderr, note = math.nan, math.nan, f"no light is seen at the minimum; above {least:.3g} (2 σ)"
    elif lowest < _FAR * doubt:
        interval = highest / (lowest + doubt), highest / (lowest - doubt)
    yield Finding(
        quantity="polarisation ratio", of=name, value=value, stderr=stderr, interval=interval, note=note
    )
    mean = float(one.fit.beta[0])
    slopes = [-modulation / mean**2, *(x / modulation / mean for x in one.fit.beta[1:3])]
    yield Finding(
        quantity="degree of polarisation", of=name, value=modulation / mean,
        stderr=one.fit.stderr(np.pad(slopes, (0, len(one.fit.beta) - 3))), note="(max - min)/(max + min)",
    )  # fmt: skip
    if modulation > _SURE * error:
        axis, stderr = one.axis
        yield Finding(
            quantity="polarisation angle",
            of=name,
            value=axis,
            stderr=stderr,
            unit="deg",
            note="of the maximum",
        )


def _plain_intensities(ds: xr.Dataset, integrated: xr.Dataset, name: str) -> Iterator[Finding]:
    """As they were measured."""
    value, error = integrated[name].values, integrated[f"{name}_errors"].values
    unit = str(integrated[name].attrs["units"])
    setpoints = ds["polarisation"].values
    usable = good_points(ds) & np.isfinite(value) & np.isfinite(error)
    for setpoint in sorted(set(setpoints[usable].tolist())):
        here = usable & (setpoints == setpoint)
        mean, stderr = _mean(value[here], error[here])
        yield Finding(
            quantity="intensity", of=name, value=mean, stderr=stderr, unit=unit,
            at={"polarisation": float(setpoint)},
        )  # fmt: skip


def _mean(values: Array, sigma: Array) -> tuple[float, float]:
    """Weighted mean and 1 σ."""
    weight = 1 / sigma**2
    return float((weight * values).sum() / weight.sum()), float(weight.sum() ** -0.5)


def _details(one: Malus) -> dict[str, Any]:
    return {
        "exponent": float(one.fit.beta[3]),
        "exponent_stderr": float(one.fit.covariance[3, 3]) ** 0.5,
        "angle_error_deg": one.fit.x_error,
        "reduced_chi2": one.fit.reduced_chi2,
    }
