"""Emission against irradiance: exponent of the low-power regime, local exponents, onset of saturation.

Which points belong to the low-power regime
-------------------------------------------
One number over a saturating curve is no exponent (Pollnau et al., Phys. Rev. B 61, 3337, 2000): see
:func:`low_power_range`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError, Array, band_windows, good_points, integrate_bands
from .fitting import DETECTION, Points, chi2_scale, fit

if TYPE_CHECKING:
    import xarray as xr

DECADE = float(np.log(10.0))
#: The least the low-power regime must span to be fitted: decades, and detected points.
LEAST_SPAN, LEAST_POINTS = 0.5 * DECADE, 4
#: A bend is seen when the curvature exceeds this many standard deviations ...
BEND = 2.0
#: ... and is certain from this many on, whatever a longer range may look like.
CERTAIN_BEND = 4.0
#: A bend that changes the exponent by less than this, from the middle of the range to its end, is none.
NEGLIGIBLE_BEND = 0.02
#: Half width of the window of a local exponent, and its least whole width at the ends of the sweep.
HALF_WINDOW, END_WINDOW = DECADE / 3, DECADE * 5 / 6
#: The least number of set-points in that window.
LOCAL_SETPOINTS = 5
#: Saturation has set in where the local exponent is this fraction of the low-power exponent.
ONSET = 0.9
#: By what fraction measured irradiances may lie beyond a range given by hand, or beyond a window.
SLACK = 0.02


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """The power law of one band. Irradiances are measured mean irradiances P/(πw²) in W/cm².

    :param window: of the band, in nm
    :param exponent, stderr: of the low-power regime (or of the range given by hand), and 1 σ
    :param prefactor: counts/s at 1 W/cm²
    :param irradiance_range: lowest and highest irradiance used
    :param points: how many points that are
    :param reduced_chi2: χ²/ν of the straight line; NaN without degrees of freedom
    :param local: (m, 2): irradiance and local exponent d ln I/d ln P, one row per set-point, rising.
        The exponent is NaN where the signal is not detected or too few neighbours are
    :param local_stderr: (m,), 1 σ; neighbouring rows share points
    :param saturation_onset: where the local exponent has fallen to 90 % of ``exponent``; None when it
        does not, or not significantly
    :param saturation_onset_stderr: 1 σ
    """

    window: tuple[float, float]
    exponent: float
    stderr: float
    prefactor: float
    irradiance_range: tuple[float, float]
    points: int
    reduced_chi2: float
    local: Array
    local_stderr: Array
    saturation_onset: float | None
    saturation_onset_stderr: float | None


def power_law(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    bands: Iterable[str] | None = None,
    irradiance_range: tuple[float, float] | None = None,
) -> dict[str, PowerLaw]:
    """Fit I = prefactor·P^exponent to each band of a power sweep.

    Points flagged saturated, read_failed or over_range, points with a NaN, and points whose irradiance is
    below 3 of its standard errors take no part.

    :param ds: a run, see :func:`~antistokes.analysis.bands.integrate_bands`; irradiances in W/cm²
    :param windows: band name to (low, high) in nm; by default the bands of the sample
    :param bands: which of them; by default all in which there is something to fit
    :param irradiance_range: fit here (measured irradiance, ±2 %); by default in the low-power regime
    :raises AnalysisError: no such band, or fewer than three detected points
    """
    windows = band_windows(ds, windows)
    integrated = integrate_bands(ds, windows)
    wanted = list(windows) if bands is None else list(bands)
    results: dict[str, PowerLaw] = {}
    refusal = AnalysisError("bands: an empty list leaves nothing to fit")
    for name in wanted:
        if name not in windows:
            raise AnalysisError(f"band '{name}' is unknown; known: {', '.join(windows)}")
        try:
            points = band_points(integrated, name)
            results[name] = _fit_band(points, name, windows[name], irradiance_range)
        except AnalysisError as error:
            if bands is not None:
                raise
            refusal = error
    if not results:
        if left_out := int((~good_points(ds)).sum()):
            raise AnalysisError(f"{refusal} ({left_out} more are saturated, or could not be read)")
        raise refusal
    return results


def low_power_range(points: Points) -> tuple[Points, float]:
    """The points of the low-power regime, and how much the exponent may still change within it.

    The regime is the longest straight range from the lowest irradiance. A range is straight when the
    curvature c of a parabola fitted to it is below 2 σ, or when it changes the exponent by less than
    0.02 between the middle and the end of the range. Longer ranges are not looked at once c exceeds
    4 σ: a curve that bends twice is not straight because the bends cancel.

    Where c reaches 2 σ the exponent has long begun to fall: for evenly spread points its change from the
    middle of the range to the low end is then some 8 times the standard error of the straight line.
    Therefore, if a bend ends the range, only its lower half is used, up to the centre of gravity of its
    points in log irradiance, and the change that is left counts as a systematic error: 2c·Δu, from the
    centre of gravity down to the lowest detected point, but over one unit of u at most, because a
    departure that begins in proportion to P has died away there. No range is shorter than half a decade
    and four detected points.

    :return: the points, and the systematic error (1 σ): 0 when no bend was seen in the whole sweep
    """
    detected = points.detected
    first = points.x[np.argmax(detected)]  # below lies nothing that could show a bend
    count = np.cumsum(detected)
    ends = [
        k
        for k in range(LEAST_POINTS, len(points.x) + 1)
        if count[k - 1] >= LEAST_POINTS and points.x[k - 1] - first >= LEAST_SPAN
    ]
    if not ends:
        return points, 0.0
    straight, curvature = ends[0], 0.0
    for k in ends:
        c, bend = _curvature(points[:k])
        if not abs(c) * np.ptp(points.x[:k]) > NEGLIGIBLE_BEND:
            bend = 0.0
        if k == ends[0] or bend <= BEND:
            straight, curvature = k, c
        if bend > CERTAIN_BEND:
            break
    if straight == len(points.x):
        return points, 0.0
    middle = _middle(points[:straight])
    chosen = points[: next(k for k in ends if points.x[k - 1] >= middle)]
    return chosen, abs(2 * curvature) * min(_middle(chosen) - first, 1.0)


def _curvature(points: Points) -> tuple[float, float]:
    """c of ln I = … + c·u², and how many standard deviations it is away from 0.

    The latter is the root of the gain in χ² over a straight line, not c/σ_c: where most points are noise
    the parabola is far from linear in its parameters, and c/σ_c finds bends that are none.
    """
    centre = float(points.x.mean())
    line, parabola = fit(points, 1, centre), fit(points, 2, centre)
    gain = (line.chi2 - parabola.chi2) / chi2_scale(parabola.chi2, parabola.freedom)
    return float(parabola.beta[2]), float(np.sqrt(max(gain, 0.0)))


def _middle(points: Points) -> float:
    """The centre of gravity of ln P, each detected point with its weight in the fit of a line."""
    seen = points[points.detected]
    return float(np.average(seen.x, weights=1 / ((seen.sigma / seen.y) ** 2 + seen.pump**2 + 1e-18)))


def local_exponents(points: Points) -> tuple[Array, Array]:
    """Slope of the curve in the log-log plane at each set-point: (m, 2) irradiance and slope, (m,) 1 σ.

    A parabola is fitted to the points of both sweep directions within a third of a decade and its slope
    taken at the set-point, so that a bend does no harm where the window is one-sided. Towards the ends
    of the sweep the window is widened, to 5/6 of a decade at the very end; everywhere it takes in at
    least five set-points. With three detected set-points only, a straight line has to do.
    """
    rows = []
    for x, window in _neighbourhoods(points):
        detected = window.detected
        known = len(np.unique(window.setpoint[detected]))
        slope = error = np.nan
        if known >= 3 and detected[np.abs(window.x - x) <= SLACK].all():
            local = fit(window, 2 if known > 3 else 1, x)
            slope, error = local.beta[1], np.sqrt(local.covariance[1, 1])
        rows.append((np.exp(x), slope, error))
    table = np.array(rows)
    return table[:, :2], table[:, 2]


def _neighbourhoods(points: Points) -> Iterator[tuple[float, Points]]:
    """For each set-point, rising: ln of the irradiance measured there, and the points around it."""
    centres = np.sort([points.x[points.setpoint == value].mean() for value in np.unique(points.setpoint)])
    for x in centres:
        nearest = np.sort(np.abs(centres - x))[:LOCAL_SETPOINTS]
        to_end = min(x - centres[0], centres[-1] - x)
        reach = max(HALF_WINDOW, END_WINDOW - 2 * to_end, nearest[-1])
        yield float(x), points[np.abs(points.x - x) <= reach + SLACK]


def saturation_onset(
    local: Array, local_stderr: Array, exponent: float, stderr: float, above: float
) -> tuple[float, float] | None:
    """Where the local exponent falls to 90 % of the low-power exponent, with 1 σ; W/cm².

    That is the lowest crossing after which the local exponent, before it recovers, is at least once
    3 σ below the low-power exponent; interpolated in log irradiance. The uncertainty is that of both
    exponents divided by the steepness of the fall, taken from a line through the neighbourhood.

    :param above: the lowest irradiance to look at (the lower end of the range of the exponent)
    :return: None when there is no such crossing
    """
    known = np.isfinite(local_stderr) & (local[:, 0] >= above * (1 - SLACK))
    x, slope, sigma = np.log(local[known, 0]), local[known, 1], local_stderr[known]
    limit = ONSET * exponent
    low = slope < limit
    significant = exponent - slope > 3 * np.hypot(sigma, stderr)
    for i in range(1, len(x)):
        if not low[i] or low[i - 1]:
            continue
        recovered = i + int(np.argmin(np.append(low[i:], False)))
        if not significant[i:recovered].any():
            continue
        part = (slope[i - 1] - limit) / (slope[i - 1] - slope[i])
        crossing = x[i - 1] + part * (x[i] - x[i - 1])
        near = np.abs(x - crossing) <= max(HALF_WINDOW, x[i] - x[i - 1]) + SLACK
        steepness = abs(np.polyfit(x[near], slope[near], 1)[0])
        error = np.hypot(np.interp(crossing, x, sigma), ONSET * stderr) / steepness
        onset = float(np.exp(crossing))
        return onset, float(onset * error)
    return None


def _fit_band(
    points: Points, name: str, window: tuple[float, float], irradiance_range: tuple[float, float] | None
) -> PowerLaw:
    chosen = points
    if irradiance_range is not None:
        low, high = irradiance_range
        irradiance = np.exp(points.x)
        chosen = points[(irradiance >= low * (1 - SLACK)) & (irradiance <= high * (1 + SLACK))]
    usable = int(chosen.detected.sum())
    if usable < 3 or np.ptp(chosen.x[chosen.detected]) <= SLACK:
        where = "" if irradiance_range is None else " from {:g} to {:g} W/cm²".format(*irradiance_range)
        raise AnalysisError(
            f"band '{name}': {usable} points with a signal{where}; needs 3 at different irradiances"
        )
    systematic = 0.0
    if irradiance_range is None:
        chosen, systematic = low_power_range(points)
    line = fit(chosen, 1, 0.0)
    if not np.isfinite(line.chi2):
        raise AnalysisError(
            f"band '{name}': {len(chosen.x)} points show no power law; the fit does not settle"
        )
    exponent, stderr = float(line.beta[1]), float(np.hypot(np.sqrt(line.covariance[1, 1]), systematic))
    lowest, highest = float(np.exp(chosen.x[0])), float(np.exp(chosen.x[-1]))
    local, local_stderr = local_exponents(points)
    onset = saturation_onset(local, local_stderr, exponent, stderr, lowest)
    return PowerLaw(
        window=window,
        exponent=exponent,
        stderr=stderr,
        prefactor=float(np.exp(line.beta[0])),
        irradiance_range=(lowest, highest),
        points=len(chosen.x),
        reduced_chi2=line.chi2 / line.freedom if line.freedom else np.nan,
        local=local,
        local_stderr=local_stderr,
        saturation_onset=onset[0] if onset else None,
        saturation_onset_stderr=onset[1] if onset else None,
    )


def not_fitted(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None, fitted: Iterable[str]
) -> list[str]:
    """Why :func:`power_law` passes over the bands that are not among *fitted*, one line for each."""
    reasons = []
    for name in [name for name in band_windows(ds, windows) if name not in fitted]:
        try:
            power_law(ds, windows, [name])
        except AnalysisError as error:
            reasons.append(str(error))
    return reasons


def lit_points(ds: xr.Dataset) -> npt.NDArray[np.bool_]:
    """Good points whose light the meter has seen, (point,): below 3 σ a positive irradiance is noise."""
    irradiance = ds["irradiance_mean"].values.astype(float)
    lit: npt.NDArray[np.bool_] = good_points(ds) & (irradiance > 0)
    if "irradiance_mean_errors" in ds:
        lit &= ~(irradiance < DETECTION * ds["irradiance_mean_errors"].values)  # an unknown error: believed
    return lit


def band_points(integrated: xr.Dataset, name: str) -> Points:
    """One band's usable points, by rising measured irradiance."""
    irradiance = integrated["irradiance_mean"].values.astype(float)
    y, sigma = integrated[name].values, integrated[f"{name}_errors"].values
    usable = lit_points(integrated) & np.isfinite(y) & np.isfinite(sigma)
    rows = np.flatnonzero(usable)[np.argsort(irradiance[usable], kind="stable")]
    pump = np.full(len(rows), np.nan)
    if "irradiance_mean_errors" in integrated:
        pump = integrated["irradiance_mean_errors"].values[rows] / irradiance[rows]
    known = np.isfinite(pump)
    if known.any():
        pump = np.where(known, pump, np.median(pump[known]))
    setpoint = integrated[integrated.attrs.get("axis") or "irradiance"].values[rows].astype(float)
    points = Points(np.log(irradiance[rows]), y[rows], sigma[rows], pump, setpoint)
    return points if known.any() or not len(rows) else _with_pump_scatter(points)


def _with_pump_scatter(points: Points) -> Points:
    """The relative error of the irradiance, common to all points, that explains the scatter.

    It is the one that makes χ² equal ν over all local parabolas together.
    """
    relative = 0.01
    for _ in range(20):
        points = replace(points, pump=np.full(len(points.x), relative))
        local = [
            fit(window, 2, x)
            for x, window in _neighbourhoods(points)
            if len(np.unique(window.setpoint[window.detected])) > 3
        ]
        freedom = sum(one.freedom for one in local)
        if not freedom:
            return replace(points, pump=np.zeros(len(points.x)))
        relative *= float(np.sqrt(sum(one.chi2 for one in local if one.freedom) / freedom))
    return replace(points, pump=np.full(len(points.x), relative))
