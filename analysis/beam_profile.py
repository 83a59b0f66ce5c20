"""Radius of the beam from the power that passes a blade."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import erfc

from .bands import AnalysisError, Array, good_points
from .findings import Finding, Findings
from .weighted_fit import WeightedFit, weighted_fit

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_WHOLE = 1.2  # radii on either side that the scan must cover
_LEAST_POINTS, _FLANK = 5, 3  # inside the beam: positions in all; one way
_NO_GAUSSIAN = 0.02  # of the radius: a larger error of the positions is rather a beam of another shape
_UNEXPLAINED = 3.0  # of the covariance
_DIFFERENT = 3.0  # standard errors


class BladeCurve(NamedTuple):
    """Power against position, and what was fitted.

    :param position, power, sigma: mm, W, W, each (n,)
    :param fall: +1: the power falls as the position grows; -1: it rises
    :param fit: of ln A is no part: A in W, centre and radius in mm, background in W, drift
    """

    position: Array
    power: Array
    sigma: Array
    fall: int
    fit: WeightedFit

    @property
    def centre(self) -> tuple[float, float]:
        """mm and 1 σ."""
        return float(self.fit.beta[1]), float(self.fit.covariance[1, 1]) ** 0.5

    @property
    def radius(self) -> tuple[float, float]:
        """1/e² radius of the irradiance in µm, and 1 σ."""
        return 1e3 * float(self.fit.beta[2]), 1e3 * float(self.fit.covariance[2, 2]) ** 0.5

    def at(self, position: Array) -> Array:
        """Power at *position* mm in the middle of the run, W."""
        return _passed(self.fit.beta[:4], position, self.fall)


def blade_curve(ds: xr.Dataset) -> BladeCurve:
    """Fit P = A·(1 + d·t)·½ erfc(±√2·(x - x₀)/w) + B to a run of ``beam-profile``.

    That is the part of a Gaussian beam exp(-2x²/w²) beyond a straight edge (A. H. Firester et al., Appl.
    Opt. 16, 1971 (1977)). Background B and linear drift d of the laser are fitted as well, and how well the
    positions are known.

    :raises AnalysisError: the blade has not passed the whole beam
    """
    usable = good_points(ds) & np.isfinite(ds["beam_power"].values)
    position = ds["blade_measured"].values[usable].astype(float)
    power = ds["beam_power"].values[usable].astype(float)
    sigma = ds["beam_power_errors"].values[usable].astype(float)
    time = ds["time"].values[usable].astype(float)
    if len(power) < 8:
        raise AnalysisError(f"beam profile: {len(power)} usable points; at least 8 are needed")
    late = (time - time.mean()) / max(float(np.ptp(time)), 1e-9)
    order = np.argsort(position)
    ends = max(len(power) // 10, 1)
    low, high = power[order[:ends]].mean(), power[order[-ends:]].mean()
    fall = 1 if low > high else -1
    top, bottom = max(low, high), min(low, high)
    inside = np.flatnonzero((power > bottom + 0.1 * (top - bottom)) & (power < bottom + 0.9 * (top - bottom)))
    if top - bottom <= 5 * float(np.median(sigma)):
        raise AnalysisError(
            f"beam profile: the power is the same at both ends, within {5 * float(np.median(sigma)):.2g} W: "
            "the blade does not cut the beam"
        )
    if len(inside) < _FLANK:
        raise AnalysisError(
            f"beam profile: {len(inside)} positions on the beam's flank; at least {_FLANK} are needed"
        )
    centre, radius = float(np.median(position[inside])), float(np.ptp(position[inside])) / 1.28
    start = (top - bottom, centre, max(radius, 1e-4), bottom, 0.0)
    scale = (top - bottom, start[2], start[2], top - bottom, 0.1)

    def model(beta: Array, x: Array) -> Array:
        return beta[3] + (_passed(beta[:4], x, fall) - beta[3]) * (1 + beta[4] * late)

    fit = weighted_fit(model, position, power, sigma, start, scale)
    fit.beta[2] = abs(fit.beta[2])
    curve = BladeCurve(position, power, sigma, fall, fit)
    centre, radius = fit.beta[1], fit.beta[2]
    if position.min() > centre - _WHOLE * radius or position.max() < centre + _WHOLE * radius:
        raise AnalysisError(
            f"beam profile: the blade went from {position.min():.4g} to {position.max():.4g} mm; must pass "
            f"the whole beam, {centre - _WHOLE * radius:.4g} to {centre + _WHOLE * radius:.4g} mm"
        )
    return curve


def _passed(beta: Array, x: Array, fall: int) -> Array:
    amplitude, centre, radius, background = beta
    result: Array = background + amplitude * 0.5 * erfc(fall * math.sqrt(2) * (x - centre) / radius)
    return result


def analyse(ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None = None) -> Findings:
    """Radius and centre of the beam, and the lines of a station file's ``[beam]`` that follow.

    :param windows: not used
    :raises AnalysisError: the blade has not passed the whole beam
    """
    curve = blade_curve(ds)
    parameters: Mapping[str, Any] = ds.attrs.get("parameters") or {}
    along = str(parameters.get("along", "x"))
    radius, stderr = curve.radius
    centre, centre_stderr = curve.centre
    note = "1/e² radius of the irradiance of a Gaussian beam"
    findings = [
        Finding(quantity="beam radius", of=along, value=radius, stderr=stderr, unit="um", note=note),
        Finding(quantity="beam centre", of=along, value=centre, stderr=centre_stderr, unit="mm"),
    ]
    date = str(ds.attrs.get("start", ""))[:10]
    text = f'w_{along}_um = {radius:.5g}\nprofile = "gaussian"\nmethod = "knife edge"\ndate = "{date}"\n'

    def figure() -> Figure:
        from .figures.beam_profile import beam_profile_figure

        return beam_profile_figure(ds, curve, along)

    return Findings(
        procedure="beam-profile",
        findings=findings,
        warnings=_warnings(ds, curve, along),
        details={
            "beam": text,
            "position_error_um": 1e3 * curve.fit.x_error,
            "reduced_chi2": curve.fit.reduced_chi2,
            "drift": float(curve.fit.beta[4]),
        },
        figure=figure,
    )


def _warnings(ds: xr.Dataset, curve: BladeCurve, along: str) -> list[str]:
    radius, stderr = curve.radius
    found = []
    error = 1e3 * curve.fit.x_error
    if error > _NO_GAUSSIAN * radius or curve.fit.unexplained > _UNEXPLAINED:
        found.append("the beam is not Gaussian, or blade or beam do not hold still: the curve does not fit")
    setpoints = np.unique(ds["blade"].values)
    inside = np.count_nonzero(np.abs(setpoints - curve.centre[0]) < 1e-3 * radius)
    if inside < _LEAST_POINTS:
        found.append(f"{inside} positions within the radius; take smaller steps")
    recorded = (ds.attrs.get("beam") or {}).get(f"w_{along}_um")
    if recorded is not None and abs(radius - recorded) > max(_DIFFERENT * stderr, 0.02 * radius):
        found.append(f"the station file says w_{along}_um = {recorded:g}; measured {radius:.4g} um")
    return found
