"""What the pump does to a laser: its threshold, how steep its light rises there, how narrow its line is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError, Array, band_windows, spectra
from .findings import Finding, Findings
from .fitting import Points
from .ground import integrate_less_stray
from .laser_curve import LaserCurve, laser_curve
from .laser_widths import LineAt, line_widths, lines_of, tuning_range
from .lasing_signs import has_kink, narrows
from .pixel_pattern import pixel_covariance
from .power_law import band_points, lit_points
from .slit_width import narrowest_seen, pixel_at

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


class Laser(NamedTuple):
    """One band of which it is asked whether it lases.

    :param points: its light, the pump in W/cm²
    :param curve: None: no lasing was found, and *why* not
    :param lines: by rising irradiance, where a line stands out
    :param why: or what leaves it in doubt
    """

    points: Points
    curve: LaserCurve | None
    lines: list[LineAt]
    why: str = ""


_BAD_FIT = 2.0  # χ²/ν


def analyse(ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None = None) -> Findings:
    """Threshold, exponent at it, line width above and below, and how far the line is tuned.

    A threshold is told where the light shows a kink and the line becomes narrower
    (:mod:`~antistokes.analysis.lasing_signs`), else NaN and why. Stray light of the spectrometer is taken off
    the bands; unequal pixels are in the errors.

    Of a mode-locked laser (``repetition_MHz`` in the beam record) the threshold is the fluence of one pulse,
    mean irradiance over repetition rate, in mJ/cm².

    :param ds: a run, see :func:`~antistokes.analysis.power_law.power_law`
    :raises AnalysisError: in no band there is enough light to tell
    """
    known = band_windows(ds, windows)
    ds = _with_mean_power(ds)
    integrated = integrate_less_stray(ds, known)
    resolution = float((ds.attrs.get("parameters") or {}).get("resolution", 0.0))
    lasers: dict[str, Laser] = {}
    problems = []
    for name, window in known.items():
        try:
            lasers[name] = _laser(ds, integrated, name, window, resolution)
        except AnalysisError as problem:
            problems.append(f"band '{name}': {problem}")
    if not lasers:
        raise AnalysisError("; ".join(problems))
    rate = float((ds.attrs.get("beam") or {}).get("repetition_MHz") or 0.0) * 1e6
    findings, warnings, details = [], problems, {}
    for name, laser in lasers.items():
        if laser.curve is None:
            findings.append(_no_threshold(name, laser, rate))
            continue
        findings += list(_findings(name, laser, laser.curve, rate))
        threshold, _ = laser.curve.threshold
        pixel = pixel_at(ds["wavelength"].values, float(np.mean(known[name])))
        widths, doubts = line_widths(name, laser.lines, threshold, resolution, pixel)
        findings += widths
        warnings += doubts + list(_doubts(name, laser, laser.curve))
        details[name] = _details(laser.curve)

    def figure() -> Figure:
        from .figures.lasing_threshold import lasing_figure

        return lasing_figure(ds, integrated, lasers)

    return Findings(
        procedure="lasing-threshold",
        findings=findings,
        warnings=warnings,
        details={"bands": details},
        figure=figure,
    )


def _laser(
    ds: xr.Dataset, integrated: xr.Dataset, name: str, window: tuple[float, float], resolution: float
) -> Laser:
    """Whether the band *name* lases.

    :raises AnalysisError: there is too little light to tell
    """
    points, lines = band_points(integrated, name), lines_of(ds, window)
    if not has_kink(points):
        return Laser(points, None, lines, "nowhere does its light rise more steeply than below and above")
    try:
        curve = laser_curve(points, _shared(ds, integrated, name, window))
    except AnalysisError as problem:
        return Laser(points, None, lines, str(problem))
    threshold, _ = curve.threshold
    pixel = pixel_at(ds["wavelength"].values, float(np.mean(window)))
    narrow = narrows(lines, threshold, narrowest_seen(resolution, pixel))
    if narrow is False:
        why = f"its light has a kink at {threshold:.3g} W/cm², but its line is not narrower above it"
        return Laser(points, None, lines, why)
    why = "" if narrow else "whether the line becomes narrower is not seen; its light has a kink"
    return Laser(points, curve, lines, why)


def _shared(ds: xr.Dataset, integrated: xr.Dataset, name: str, window: tuple[float, float]) -> Array:
    """Covariance of the band's points from unequal pixels, in the order of :func:`band_points`."""
    usable = lit_points(integrated) & np.isfinite(integrated[name].values)
    usable &= np.isfinite(integrated[f"{name}_errors"].values)
    irradiance = integrated["irradiance_mean"].values
    rows = np.flatnonzero(usable)[np.argsort(irradiance[usable], kind="stable")]
    return pixel_covariance(spectra(ds.isel(point=rows)), window)


def _with_mean_power(ds: xr.Dataset) -> xr.Dataset:
    """*ds* with the mean of the power before and after each point, where the run has both.

    How well that is known the differences tell: together far better than the few readings of a calibration.
    """
    if "pump_power_after" not in ds or "irradiance_mean_errors" not in ds:
        return ds
    irradiance, error = ds["irradiance_mean"], ds["irradiance_mean_errors"]
    change = ds["pump_power_after"].values / ds["pump_power"].values - 1
    seen = np.isfinite(change) & lit_points(ds)
    if not seen.any():
        return ds
    stated = error.values[seen] / irradiance.values[seen]
    factor = np.sqrt(np.mean((change[seen] / stated) ** 2) / 2)
    change = np.where(seen, change, 0.0)
    return ds.assign(
        irradiance_mean=irradiance.copy(data=irradiance.values * (1 + change / 2)),
        irradiance_mean_errors=error.copy(data=error.values * factor * np.where(seen, np.sqrt(0.5), 1.0)),
    )


def _no_threshold(name: str, laser: Laser, rate: float) -> Finding:
    highest = float(np.exp(laser.points.x.max()))
    up_to = f"{highest / rate * 1e3:.3g} mJ/cm²" if rate else f"{highest:.3g} W/cm²"
    unit = "mJ/cm^2" if rate else "W/cm^2"
    note = f"no lasing found up to {up_to}: {laser.why}"
    return Finding(quantity="threshold", of=name, value=np.nan, unit=unit, note=note)


def _findings(name: str, laser: Laser, curve: LaserCurve, rate: float) -> Iterator[Finding]:
    """Threshold, exponent there, tuning of the line above it."""
    threshold, stderr = curve.threshold
    if rate:
        yield Finding(
            quantity="threshold", of=name, value=threshold / rate * 1e3, stderr=stderr / rate * 1e3,
            unit="mJ/cm^2", note=f"of one pulse; {threshold:.4g} W/cm² on average at {rate / 1e6:g} MHz",
        )  # fmt: skip
    else:
        yield Finding(quantity="threshold", of=name, value=threshold, stderr=stderr, unit="W/cm^2")
    slope, slope_stderr = curve.kink
    yield Finding(quantity="exponent", of=name, value=slope, stderr=slope_stderr, note="at the threshold")
    if tuning := tuning_range(name, laser.lines, threshold):
        yield tuning


def _doubts(name: str, laser: Laser, curve: LaserCurve) -> Iterator[str]:
    if laser.why:
        yield f"band '{name}': {laser.why}"
    if curve.reduced_chi2 > _BAD_FIT:
        yield (
            f"{name}: the curve is not that of the model (χ²/ν = {curve.reduced_chi2:.2g}); "
            "the threshold may be off by more than its error"
        )


def _details(curve: LaserCurve) -> dict[str, Any]:
    return {
        "coupling": curve.coupling,
        "order_above": curve.order_above,
        "order_below": curve.order_below,
        "reduced_chi2": curve.reduced_chi2,
    }


def extrapolated_threshold(pump: npt.ArrayLike, signal: npt.ArrayLike, order: float = 1.0) -> float:
    """Where the straight line through *signal* against pump^m meets zero, unit of *pump*; unweighted.

    It lies below the threshold, by :func:`extrapolation_bias`. Regressed on the pump itself (m = 1)
    although two or three photons feed the gain, it would lie far above.

    :param pump, signal: shape (n,), at or beyond three times the threshold; any units
    :param order: m
    :raises AnalysisError: where no line that rises meets zero above zero
    """
    power, y = np.asarray(pump, dtype=float), np.asarray(signal, dtype=float)
    if not (np.all(np.isfinite(power)) and np.all(power >= 0) and np.all(np.isfinite(y))):
        raise AnalysisError("lasing threshold: pump and signal must be finite, the pump not negative")
    x = power**order
    if x.size < 2 or np.ptp(x) == 0:
        taken = min(x.size, 1)
        raise AnalysisError(
            f"lasing threshold: pump takes {taken} value; a line needs at least 2 different ones"
        )
    slope = np.polyfit(x, y, 1)[0]
    if not slope > 0:
        raise AnalysisError(
            f"lasing threshold: the signal's slope against pump^m is {slope:.4g}; must be above 0"
        )
    crossing = x.mean() - y.mean() / slope
    if not crossing > 0:
        raise AnalysisError(f"lasing threshold: no signal at pump^m = {crossing:.4g}; must be above 0")
    return float(crossing ** (1 / order))


def extrapolation_bias(
    coupling: float, low: float = 3.0, high: float = 20.0, order: float = 1.0, points: int = 50
) -> float:
    """F_ext/F_th that a noise-free regression finds, by which :func:`extrapolated_threshold` is divided.

    Of a single mode with S = [(p - 1) + √((p - 1)² + 4βp)]/(2β) photons (Björk & Yamamoto, IEEE J. Quantum
    Electron. 1991, 27, 2386, without transparency) at p = (F/F_th)^m. Far above threshold β·S = p - 1 + β +
    β/(p - 1) + …, so that it tends to (1 - β)^(1/m).

    :param coupling: β, share of the spontaneous emission that goes into the mode, above 0 and at most 1
    :param low, high: range of p, at least 1, spaced evenly in ln p
    :param order: m
    """
    if not 0 < coupling <= 1:
        raise AnalysisError(f"lasing threshold: coupling = {coupling:g}; must be above 0, at most 1")
    if not 1 <= low < high:
        raise AnalysisError(f"lasing threshold: p from {low:g} to {high:g}; must rise from at least 1")
    p = np.geomspace(low, high, points)
    photons = (p - 1 + np.hypot(p - 1, 2 * np.sqrt(coupling) * np.sqrt(p))) / (2 * coupling)
    return float(extrapolated_threshold(p, photons) ** (1 / order))
