"""What the pump does to a laser: its threshold, how steep its light rises there, how narrow its line is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError, Array, band_windows, good_points, integrate_bands, pixel_widths
from .emission_lines import Line, background, find_lines, smooth_errors
from .findings import Finding, Findings
from .laser_curve import LaserCurve, laser_curve
from .laser_lines import LASER_MASK, laser_free
from .power_law import band_points

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

#: a line narrower than this, in units of the resolution or of two pixels, is not resolved
_RESOLVED = 1.2
#: a resolution above this part of the line's own width makes that width a small difference
_WIDEST_SLIT = 0.5
#: of the light in the band that a line's height times its width must be
_LEAST_AREA = 0.5


class LineAt(NamedTuple):
    """The line at one point: mean irradiance in W/cm², and what was fitted."""

    irradiance: float
    line: Line


class Laser(NamedTuple):
    """One band that lases.

    :param curve: pump in W/cm²
    :param lines: by rising irradiance, where a line stands out
    """

    curve: LaserCurve
    lines: list[LineAt]


_BAD_FIT = 2.0  # χ²/ν


def analyse(ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None = None) -> Findings:
    """Threshold, exponent at it, line width above and below, and how far the line is tuned.

    Of a mode-locked laser (``repetition_MHz`` in the beam record) the threshold is the fluence of one pulse,
    mean irradiance over repetition rate, in mJ/cm².

    :param ds: a run, see :func:`~antistokes.analysis.power_law.power_law`
    :raises AnalysisError: no band shows a threshold
    """
    known = band_windows(ds, windows)
    integrated = integrate_bands(ds, known)
    parameters: dict[str, Any] = ds.attrs.get("parameters") or {}
    resolution = float(parameters.get("resolution", 0.0))
    lasers: dict[str, Laser] = {}
    problems = []
    for name, window in known.items():
        try:
            curve = laser_curve(band_points(integrated, name))
        except AnalysisError as problem:
            problems.append(f"band '{name}': {problem}")
            continue
        lasers[name] = Laser(curve, _lines(ds, window))
    if not lasers:
        raise AnalysisError("; ".join(problems))
    rate = float((ds.attrs.get("beam") or {}).get("repetition_MHz") or 0.0) * 1e6
    findings, warnings = [], []
    for name, laser in lasers.items():
        findings += list(_findings(name, laser, rate))
        widths, doubts = _widths(name, laser, resolution, _pixel(ds, known[name]))
        findings += widths
        warnings += doubts

    def figure() -> Figure:
        from .figures.lasing_threshold import lasing_figure

        return lasing_figure(ds, integrated, lasers)

    warnings += [
        f"{name}: the curve is not that of the model (χ²/ν = {laser.curve.reduced_chi2:.2g}); "
        "the threshold may be off by more than its error"
        for name, laser in lasers.items()
        if laser.curve.reduced_chi2 > _BAD_FIT
    ]
    details = {
        name: {
            "coupling": laser.curve.coupling,
            "order_above": float(laser.curve.beta[3]),
            "order_below": float(laser.curve.beta[4]),
            "reduced_chi2": laser.curve.reduced_chi2,
        }
        for name, laser in lasers.items()
    }
    return Findings(
        procedure="lasing-threshold",
        findings=findings,
        warnings=warnings,
        details={"bands": details},
        figure=figure,
    )


def _findings(name: str, laser: Laser, rate: float) -> Iterator[Finding]:
    """Threshold, exponent there, tuning of the line above it."""
    threshold, stderr = laser.curve.threshold
    if rate:
        yield Finding(
            quantity="threshold", of=name, value=threshold / rate * 1e3, stderr=stderr / rate * 1e3,
            unit="mJ/cm^2", note=f"of one pulse; {threshold:.4g} W/cm² on average at {rate / 1e6:g} MHz",
        )  # fmt: skip
    else:
        yield Finding(quantity="threshold", of=name, value=threshold, stderr=stderr, unit="W/cm^2")
    slope, slope_stderr = laser.curve.kink
    yield Finding(quantity="exponent", of=name, value=slope, stderr=slope_stderr, note="at the threshold")
    above = [one.line for one in laser.lines if one.irradiance > threshold]
    if len(above) > 1:
        first, last = min(above, key=lambda x: x.wavelength), max(above, key=lambda x: x.wavelength)
        yield Finding(
            quantity="tuning range", of=name, value=last.wavelength - first.wavelength,
            stderr=math.hypot(first.wavelength_stderr, last.wavelength_stderr), unit="nm",
            note="of the line above threshold",
        )  # fmt: skip


def _widths(name: str, laser: Laser, resolution: float, pixel: float) -> tuple[list[Finding], list[str]]:
    """Line widths at the highest and the lowest pump, the instrument's taken out, and what is doubtful."""
    threshold, _ = laser.curve.threshold
    above = [one for one in laser.lines if one.irradiance > threshold]
    below = [one for one in laser.lines if one.irradiance < threshold]
    found, doubts = [], []
    for one, where in ((above[-1:], "above threshold"), (below[:1], "below threshold")):
        for irradiance, line in one:
            value, stderr, note = _own_width(line, resolution, pixel)
            at = {"irradiance_mean": irradiance}
            found.append(
                Finding(
                    quantity="linewidth", of=name, value=value, stderr=stderr, unit="nm", at=at,
                    note=f"{where}; {note}",
                )
            )  # fmt: skip
            if not math.isfinite(value):
                doubts.append(f"band '{name}', {where}: the line is {note}")
            elif resolution > _WIDEST_SLIT * value:
                doubts.append(
                    f"band '{name}', {where}: a resolution of {resolution:g} nm is coarse for a line of "
                    f"{value:.2g} nm; at most {_WIDEST_SLIT * value:.2g} nm is needed"
                )
            elif not resolution:
                doubts.append(f"band '{name}', {where}: the resolution is not known; it is in the line width")
    return found, doubts


def _own_width(line: Line, resolution: float, pixel: float) -> tuple[float, float, str]:
    """FWHM in nm without the instrument, 1 σ, and how it was found; NaN where it is not resolved."""
    least = _RESOLVED * max(resolution, 2 * pixel)
    if line.fwhm < least:
        return math.nan, math.nan, f"{line.fwhm:.3g} nm wide and not resolved; must be above {least:.2g} nm"
    own = math.sqrt(line.fwhm**2 - resolution**2)
    note = f"resolution of {resolution:g} nm taken out" if resolution else "as measured"
    return own, line.fwhm_stderr * line.fwhm / own, note


def _lines(ds: xr.Dataset, window: tuple[float, float]) -> list[LineAt]:
    """The highest line in *window* at each usable point, by rising irradiance."""
    order = np.argsort(ds["wavelength"].values)
    wavelength = ds["wavelength"].values[order].astype(float)
    usable = (wavelength >= window[0]) & (wavelength <= window[1])
    free = laser_free(wavelength, ds.attrs.get("excitation_wavelength"), LASER_MASK)
    spectra = ds["spectrum"].transpose("point", "wavelength").values[:, order]
    errors = ds["spectrum_errors"].transpose("point", "wavelength").values[:, order]
    irradiance = ds["irradiance_mean"].values
    widths, good = pixel_widths(wavelength), good_points(ds)
    found = []
    for i in np.argsort(irradiance, kind="stable"):
        if not good[i] or not np.isfinite(spectra[i]).all():
            continue
        sigma = smooth_errors(spectra[i], errors[i])
        offset, _ = background(spectra[i], sigma, free)
        signal = spectra[i] - offset
        lines = find_lines(wavelength, signal, sigma, usable & free)
        area = float((signal * widths)[usable].sum())
        # less than that is a spike of the noise, not the line that is in the band
        whole = [line for line in lines if line.height * line.fwhm > _LEAST_AREA * area]
        if whole:
            found.append(LineAt(float(irradiance[i]), max(whole, key=lambda line: line.height)))
    return found


def _pixel(ds: xr.Dataset, window: tuple[float, float]) -> float:
    """nm between two pixels in the middle of *window*."""
    wavelength: Array = np.sort(ds["wavelength"].values)
    i = int(np.clip(np.searchsorted(wavelength, sum(window) / 2), 1, len(wavelength) - 1))
    return float(wavelength[i] - wavelength[i - 1])


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
