"""One run beside another: samples, or two excitation wavelengths, at equal irradiance.

Intensities are compared where both were measured. Between measured irradiances they are interpolated, in the
log-log plane; beyond them nothing is claimed, because an emission that grows with a power of the irradiance
says nothing about its brightness elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .analyse import blocks
from .bands import AnalysisError, band_windows, good_points, integrate_bands, pixel_fractions
from .emission_lines import EV_NM
from .findings import Finding, Findings
from .fitting import Points, fit
from .local_exponents import SLACK
from .power_law import band_points
from .runfile import load

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Windows = Mapping[str, tuple[float, float]]
#: value and 1 σ
Measured = tuple[float, float]

#: standard errors by which the brightest sample must lead
_CLEAR = 3.0
#: points around an irradiance that a parabola is fitted to, and the farthest they may be, in ln P
_NEIGHBOURS, _REACH = 6, math.log(10.0)


def compare(
    files: Sequence[str | Path | xr.Dataset],
    irradiance: float | None = None,
    windows: Windows | None = None,
) -> Findings:
    """The first run over each of the others: enhancement and centroid shift of every band they share.

    :param files: run files, or runs as :func:`~antistokes.analysis.runfile.load` gives them; at least two
    :param irradiance: W/cm²; by default in the middle of what all have measured, on a logarithmic scale
    :param windows: band name to (low, high) in nm; by default those of the first run's sample
    :raises AnalysisError: nothing that all runs have measured
    """
    runs = [load(file) if isinstance(file, (str, Path)) else file for file in files]
    if len(runs) < 2:
        raise AnalysisError(f"compare: {len(runs)} run; at least 2 are needed")
    for ds in runs:
        if "procedure" in ds.attrs and (parts := sum(1 for _ in blocks(ds))) > 1:
            raise AnalysisError(
                f"{sample_name(ds)}: the run has {parts} parts (temperatures, procedures); must be one sweep"
            )
    known = band_windows(runs[0], windows)
    if irradiance is None:
        low, high = common_range(runs)
        irradiance = math.sqrt(low * high)
    findings: list[Finding] = []
    warnings: list[str] = []
    for other in runs[1:]:
        name = sample_name(other)
        try:
            for ds in (runs[0], other):
                _check_measured(ds, irradiance)
        except AnalysisError as problem:
            warnings.append(f"over {name}: {problem}")
            continue
        for band in known:
            for measure in (enhancement, centroid_shift):
                try:
                    findings.append(measure(runs[0], other, irradiance, band, known))
                except AnalysisError as problem:
                    warnings.append(f"over {name}: {problem}")
    if not findings:
        raise AnalysisError("compare: nothing that all runs have measured:\n  " + "\n  ".join(warnings))
    chosen = irradiance

    def figure() -> Figure:
        from .figures.compare import comparison_figure

        return comparison_figure(runs, known, chosen, findings)

    return Findings(procedure="compare", findings=findings, warnings=warnings, figure=figure)


def sample_name(ds: xr.Dataset) -> str:
    """Id of the run's sample, else the run's title."""
    return str((ds.attrs.get("sample") or {}).get("id") or ds.attrs.get("title") or "the other run")


def common_range(runs: Sequence[xr.Dataset]) -> tuple[float, float]:
    """Irradiances that all *runs* have measured, W/cm². :raises AnalysisError: there is none"""
    ranges = [_measured_range(ds) for ds in runs]
    low, high = max(r[0] for r in ranges), min(r[1] for r in ranges)
    if low > high * (1 + SLACK):
        told = ", ".join(f"{a:.3g} to {b:.3g}" for a, b in ranges)
        raise AnalysisError(f"compare: the runs share no irradiance ({told} W/cm²)")
    return low, max(low, high)


def _measured_range(ds: xr.Dataset) -> tuple[float, float]:
    """W/cm². :raises AnalysisError: no point is usable"""
    irradiance = ds["irradiance_mean"].values[good_points(ds)]
    irradiance = irradiance[np.isfinite(irradiance) & (irradiance > 0)]
    if not len(irradiance):
        raise AnalysisError(f"compare: {sample_name(ds)} has no usable point")
    return float(irradiance.min()), float(irradiance.max())


def _check_measured(ds: xr.Dataset, irradiance: float) -> None:
    """:raises AnalysisError: *irradiance*, W/cm², is beyond what was measured"""
    low, high = _measured_range(ds)
    if not low * (1 - SLACK) <= irradiance <= high * (1 + SLACK):
        raise AnalysisError(
            f"{sample_name(ds)}: {irradiance:g} W/cm² was not measured; must be from {low:.3g} to {high:.3g} "
            "W/cm²"
        )


def intensity(ds: xr.Dataset, irradiance: float, band: str, windows: Windows | None = None) -> Measured:
    """Intensity of *band* at *irradiance* W/cm² and 1 σ, the error of the irradiance included.

    :raises AnalysisError: no such band, or *irradiance* is beyond what was measured, or nothing is detected
    """
    known = band_windows(ds, windows)
    if band not in known:
        raise AnalysisError(f"band '{band}' is unknown; known: {', '.join(known)}")
    _check_measured(ds, irradiance)
    points = band_points(integrate_bands(ds, {band: known[band]}), band)
    return _at(points, irradiance, f"band '{band}' of {sample_name(ds)}")


def _at(points: Points, irradiance: float, thing: str) -> Measured:
    """Curve through the neighbours of *irradiance*: a parabola or a line; their mean where all lie there."""
    x = math.log(irradiance)
    if not len(points.x):
        raise AnalysisError(f"{thing}: no usable point")
    low, high = float(points.x.min()), float(points.x.max())
    if not low - SLACK <= x <= high + SLACK:
        raise AnalysisError(
            f"{thing}: {irradiance:g} W/cm² was not measured; must be from {math.exp(low):.3g} to "
            f"{math.exp(high):.3g} W/cm²"
        )
    distance = np.abs(points.x - x)
    reach = min(float(np.sort(distance)[:_NEIGHBOURS][-1]), _REACH)
    near = points[(distance <= reach) & points.detected]
    if not len(near.x):
        raise AnalysisError(f"{thing}: no signal at {irradiance:g} W/cm²")
    places = len(np.unique(near.setpoint))
    if np.ptp(near.x) <= SLACK or places == 1:
        weight = near.sigma**-2.0
        value = float(np.average(near.y, weights=weight))
        # how the emission goes with the pump is not known from one power: its square is assumed
        pump = 2 * value * float(near.pump.mean())
        return value, math.hypot(float(weight.sum() ** -0.5), pump)
    if not near.x.min() - SLACK <= x <= near.x.max() + SLACK:
        raise AnalysisError(f"{thing}: no signal on both sides of {irradiance:g} W/cm²")
    curve = fit(near, 2 if places >= 4 else 1, x)
    if not math.isfinite(curve.chi2):
        raise AnalysisError(f"{thing}: no smooth curve around {irradiance:g} W/cm²")
    value = math.exp(curve.beta[0])
    return value, value * math.sqrt(curve.covariance[0, 0])


def enhancement(
    ds_a: xr.Dataset,
    ds_b: xr.Dataset,
    irradiance: float,
    band: str,
    windows: Windows | None = None,
    quantity: str = "enhancement",
) -> Finding:
    """Intensity of *band* in *ds_a* over that in *ds_b* at *irradiance* W/cm².

    Spectrometer, filters and layer must have been the same.

    :param quantity: what it is called: ``enhancement``, ``band ratio`` or ``cross-section ratio``
    :raises AnalysisError: see :func:`intensity`
    """
    same_unit(ds_a, ds_b)
    a, b = (intensity(ds, irradiance, band, windows) for ds in (ds_a, ds_b))
    value, stderr = ratio(a, b)
    return Finding(
        quantity=quantity, of=band, value=value, stderr=stderr, at={"irradiance": irradiance},
        note=f"{sample_name(ds_a)} over {sample_name(ds_b)} at {irradiance:.4g} W/cm²",
    )  # fmt: skip


def same_unit(ds_a: xr.Dataset, ds_b: xr.Dataset) -> None:
    """:raises AnalysisError: one spectrum is in counts, the other in W"""
    units = [str(ds["spectrum"].attrs.get("units", "1/s")) for ds in (ds_a, ds_b)]
    if units[0] != units[1]:
        raise AnalysisError(f"compare: one spectrum is in {units[0]}, the other in {units[1]}")


def ratio(a: Measured, b: Measured) -> Measured:
    """a/b and 1 σ of independent *a* and *b*, such as two lifetimes."""
    if not b[0] > 0:
        raise AnalysisError(f"ratio: the divisor is {b[0]:g}; must be above 0")
    value = a[0] / b[0]
    return value, math.hypot(a[1], value * b[1]) / b[0]


def lifetime_ratio(a: Finding, b: Finding, note: str = "") -> Finding:
    """Of two lifetimes of one band, in the same unit."""
    if a.unit != b.unit:
        raise AnalysisError(f"lifetime ratio: one is in {a.unit}, the other in {b.unit}")
    value, stderr = ratio((a.value, a.stderr), (b.value, b.stderr))
    return Finding(quantity="lifetime ratio", of=a.of, value=value, stderr=stderr, note=note)


def centroid_shift(
    ds_a: xr.Dataset, ds_b: xr.Dataset, irradiance: float, band: str, windows: Windows | None = None
) -> Finding:
    """Mean photon energy of *band* in *ds_a* minus that in *ds_b*, in meV; spectra nearest *irradiance*."""
    known = band_windows(ds_a, windows)
    (a, sa), (b, sb) = (_centroid(ds, irradiance, band, known) for ds in (ds_a, ds_b))
    return Finding(
        quantity="centroid shift", of=band, value=a - b, stderr=math.hypot(sa, sb), unit="meV",
        at={"irradiance": irradiance}, note=f"{sample_name(ds_a)} against {sample_name(ds_b)}",
    )  # fmt: skip


def _centroid(ds: xr.Dataset, irradiance: float, band: str, windows: Windows) -> Measured:
    """In meV, of counts (a power spectrum is divided by the photon energy).

    :raises AnalysisError: *irradiance* is beyond what was measured, or nothing is detected
    """
    _check_measured(ds, irradiance)
    order = np.argsort(ds["wavelength"].values)
    wavelength = ds["wavelength"].values[order].astype(float)
    share = pixel_fractions(wavelength, windows[band], f"band '{band}'")
    energy = EV_NM / wavelength
    if str(ds["spectrum"].attrs.get("units", "1/s")).startswith("W"):
        share = share / energy
    usable = good_points(ds) & (ds["irradiance_mean"].values > 0)
    distance = np.abs(np.log(ds["irradiance_mean"].values[usable] / irradiance))
    nearest = np.flatnonzero(usable)[distance <= distance.min() + SLACK]
    spectra = ds["spectrum"].transpose("point", "wavelength").values[nearest][:, order]
    errors = ds["spectrum_errors"].transpose("point", "wavelength").values[nearest][:, order]
    signal, variance = spectra.mean(axis=0), (errors**2).sum(axis=0) / len(nearest) ** 2
    total = float(share @ signal)
    if not total > 3 * math.sqrt(float(share**2 @ variance)):
        raise AnalysisError(f"band '{band}' of {sample_name(ds)}: no signal near {irradiance:g} W/cm²")
    mean = float((share * energy) @ signal) / total
    return mean, math.sqrt(float((share * (energy - mean)) ** 2 @ variance)) / total


def size_exponent(
    sizes: npt.ArrayLike, values: npt.ArrayLike, errors: npt.ArrayLike, of: str = ""
) -> Finding:
    """k of value ∝ size^k through several samples: weighted straight line in the log-log plane.

    :param values, errors: positive, such as intensities or cross-sections, and 1 σ
    :raises AnalysisError: fewer than two sizes, or a value that is not positive
    """
    x = np.log(np.asarray(sizes, float))
    y, sigma = np.asarray(values, float), np.asarray(errors, float)
    if len(np.unique(x)) < 2 or not (y > 0).all():
        raise AnalysisError("size exponent: needs positive values at two sizes or more")
    points = Points(x, y, sigma, np.zeros_like(x), x)
    line = fit(points, 1, float(x.mean()))
    return Finding(
        quantity="size exponent", of=of, value=float(line.beta[1]),
        stderr=math.sqrt(line.covariance[1, 1]), note=f"{len(x)} sizes",
    )  # fmt: skip


def best_concentration(intensities: Mapping[float, Measured], of: str = "") -> Finding:
    """The concentration, in %, of the brightest of several samples; nothing is claimed between them.

    Which of them it is has no error where it leads by more than three standard errors; else the error is the
    distance to the second one. The note says by how much that one is dimmer.
    """
    if len(intensities) < 2:
        raise AnalysisError(f"best concentration: {len(intensities)} sample; at least 2 are needed")
    order = sorted(intensities, key=lambda c: -intensities[c][0])
    first, second = order[0], order[1]
    value, stderr = ratio(intensities[first], intensities[second])
    doubt = 0.0 if value - 1 > _CLEAR * stderr else abs(second - first)
    known = ", ".join(f"{c:g}" for c in sorted(intensities))
    return Finding(
        quantity="best concentration", of=of, value=float(first), stderr=doubt, unit="%",
        note=f"of {known} %; {value:.3g} ± {stderr:.1g} times {second:g} %",
    )  # fmt: skip
