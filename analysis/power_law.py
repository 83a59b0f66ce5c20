"""Emission against irradiance: exponent of the low-power regime, local exponents, onset of saturation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError, Array, band_windows, good_points
from .fitting import DETECTION, Points, fit_each
from .ground import integrate_less_stray
from .local_exponents import SLACK, local_exponents, neighbourhoods, saturation_onset
from .low_power import asymptote, straight_line

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class PowerLaw:
    """The power law of one band. Irradiances are measured mean irradiances P/(πw²) in W/cm².

    :param window: of the band, in nm
    :param exponent, prefactor: of the low-power regime (or of the range given by hand); counts/s at 1 W/cm²
    :param covariance: of ln prefactor and exponent, (2, 2)
    :param irradiance_range: lowest and highest irradiance used
    :param points: how many points that are
    :param reduced_chi2: χ²/ν of the fit; NaN without degrees of freedom
    :param bend: how sure it is that the exponent begins to change within the range, 0 to 1
    :param reached: is this the low-power regime? False where the exponent changes by more than a tenth in the
        lowest half decade: then ``exponent`` is the mean over that, and there is no onset
    :param local: (m, 2): irradiance and local exponent d ln I/d ln P, one row per set-point, rising.
        The exponent is NaN where the signal is not detected or too few neighbours are
    :param local_stderr: (m,), 1 σ; neighbouring rows share points
    :param saturation_onset: where the local exponent has fallen to 90 % of ``exponent``; None when it
        does not, or not significantly
    :param saturation_onset_stderr: 1 σ
    """

    window: tuple[float, float]
    exponent: float
    prefactor: float
    covariance: Array
    irradiance_range: tuple[float, float]
    points: int
    reduced_chi2: float
    bend: float
    reached: bool
    local: Array
    local_stderr: Array
    saturation_onset: float | None
    saturation_onset_stderr: float | None

    @property
    def stderr(self) -> float:
        """1 σ of the exponent."""
        return float(np.sqrt(self.covariance[1, 1]))


def power_law(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    bands: Iterable[str] | None = None,
    irradiance_range: tuple[float, float] | None = None,
) -> dict[str, PowerLaw]:
    """Fit I = prefactor·P^exponent to each band of a power sweep.

    Without what the laser sends into the spectrum, as far as it can be told (see
    :func:`~antistokes.analysis.ground.integrate_less_stray`). Points flagged saturated, read_failed or
    over_range, points with a NaN, and points whose irradiance is below 3 of its standard errors take no part.

    :param ds: a run, see :func:`~antistokes.analysis.bands.integrate_bands`; irradiances in W/cm²
    :param windows: band name to (low, high) in nm; by default the bands of the sample
    :param bands: which of them; by default all in which there is something to fit
    :param irradiance_range: fit here (measured irradiance, ±2 %); by default in the low-power regime
    :raises AnalysisError: no such band, or fewer than three detected points
    """
    laws, problems = fit_bands(ds, windows, bands, irradiance_range)
    if problems and bands is not None:
        raise AnalysisError(problems[0])
    if not laws:
        refusal = problems[-1] if problems else "bands: an empty list leaves nothing to fit"
        if left_out := int((~good_points(ds)).sum()):
            refusal += f" ({left_out} more are saturated, or could not be read)"
        raise AnalysisError(refusal)
    return laws


def fit_bands(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    bands: Iterable[str] | None = None,
    irradiance_range: tuple[float, float] | None = None,
) -> tuple[dict[str, PowerLaw], list[str]]:
    """As :func:`power_law`, and why the other bands could not be fitted; there may be none that could.

    :raises AnalysisError: no such band
    """
    windows = band_windows(ds, windows)
    wanted = list(windows) if bands is None else list(bands)
    for name in wanted:
        if name not in windows:
            raise AnalysisError(f"band '{name}' is unknown; known: {', '.join(windows)}")
    integrated = integrate_less_stray(ds, windows)
    laws, problems = {}, []
    for name in wanted:
        try:
            laws[name] = _fit_band(band_points(integrated, name), name, windows[name], irradiance_range)
        except AnalysisError as error:
            problems.append(str(error))
    return laws, problems


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
    law = asymptote(points) if irradiance_range is None else straight_line(chosen)
    chosen = law.points
    if not np.isfinite(law.beta).all():
        raise AnalysisError(
            f"band '{name}': {len(chosen.x)} points show no power law; the fit does not settle"
        )
    exponent, stderr = float(law.beta[1]), float(np.sqrt(law.covariance[1, 1]))
    lowest, highest = float(np.exp(chosen.x[0])), float(np.exp(chosen.x[-1]))
    local, local_stderr = local_exponents(points)
    onset = saturation_onset(local, local_stderr, exponent, stderr, lowest) if law.reached else None
    return PowerLaw(
        window=window,
        exponent=exponent,
        prefactor=float(np.exp(law.beta[0])),
        covariance=law.covariance,
        irradiance_range=(lowest, highest),
        points=len(chosen.x),
        reduced_chi2=law.reduced_chi2,
        bend=law.bend,
        reached=law.reached,
        local=local,
        local_stderr=local_stderr,
        saturation_onset=onset[0] if onset else None,
        saturation_onset_stderr=onset[1] if onset else None,
    )


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
        around = [
            (x, window)
            for x, window in neighbourhoods(points)
            if len(np.unique(window.setpoint[window.detected])) > 3
        ]
        local = fit_each([window for _, window in around], 2, [x for x, _ in around])
        freedom = sum(one.freedom for one in local)
        if not freedom:
            return replace(points, pump=np.zeros(len(points.x)))
        missing = float(np.sqrt(sum(one.chi2 for one in local if one.freedom) / freedom))
        relative *= missing
        if abs(missing - 1) < 1e-4:
            break
    return replace(points, pump=np.full(len(points.x), relative))
