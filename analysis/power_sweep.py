"""What a power sweep shows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .avalanche import steepest
from .bands import AnalysisError, band_windows
from .drift import Drift, find_drift, with_mean_power, without_references
from .drift_correction import tell_drift
from .findings import Finding, Findings
from .ground import integrate_less_stray
from .hysteresis import hysteresis
from .local_exponents import SLACK
from .power_law import PowerLaw, band_points, fit_bands, power_law
from .pump_light import laser_line, pump_light
from .sample_warming import tell_warming
from .saturation import CriticalPowerDensity, critical_power_density, find_saturation

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_AVALANCHE = 3.0  # a local exponent above that has a threshold
_NOTED_DRIFT = 0.01  # relative, over the run
_POOR_FIT = 0.1  # relative
_RISES, _LEAST_RISE = 4.0, 0.1  # standard errors, of neighbours that share points; and of an exponent


def analyse(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    bands: Iterable[str] | None = None,
    irradiance_range: tuple[float, float] | None = None,
    heating_limit: float = 5.0,
) -> Findings:
    """Exponents of all bands, where they saturate or set in, two branches, drift, and what the light warms.

    Drift, seen at reference points, is taken out first; its uncertainty goes into that of the exponents.

    :param ds: a run, see :func:`~antistokes.analysis.power_law.power_law`
    :param bands, irradiance_range: see there too
    :param heating_limit: K; more is warned of
    :raises AnalysisError: there is nothing to fit
    """
    ds = with_mean_power(ds)
    plain = without_references(ds)
    bands = None if bands is None else list(bands)
    try:
        laws = power_law(plain, windows, bands, irradiance_range)
    except AnalysisError as error:
        raise AnalysisError("; ".join([str(error), *laser_line(plain, windows)])) from error
    drift = find_drift(ds, _windows(ds, windows, laws), _reference_exponents(ds, laws))
    result = Findings(procedure="power-sweep", warnings=pump_light(plain, windows, laws))
    if drift is not None:
        plain = drift.removed(ds)
        corrected = power_law(plain, windows, bands, irradiance_range)
        other = power_law(drift.removed(ds, sigmas=1.0), windows, bands, irradiance_range)
        laws = {name: _with_doubt(law, other.get(name)) for name, law in corrected.items()}
        tell_drift(result, drift)
    integrated = integrate_less_stray(plain, _windows(ds, windows, laws))
    for name, law in laws.items():
        result.findings += _findings(name, law)
        if not irradiance_range and (missed := _low_power_missed(law)):
            result.warnings.append(f"{name}: {missed}")
        if irradiance_range and law.saturation_onset and law.saturation_onset < 0.9 * irradiance_range[1]:
            result.warnings.append(
                f"{name}: the range given goes beyond the onset of saturation at {law.saturation_onset:.3g} "
                "W/cm²; its exponent is no photon number"
            )
        result.findings += _beyond_the_power_law(result, integrated, name, law)
        _tell_branches(result, integrated, name, law, drift)
    tell_warming(result, plain, windows, heating_limit)
    if bands is None:
        _, problems = fit_bands(plain, windows)
        result.warnings += [f"no exponent: {problem}" for problem in problems]
    result.details["bands"] = {name: _details(law) for name, law in laws.items()}

    def figure() -> Figure:
        from .figures.power_sweep import power_sweep_figure

        return power_sweep_figure(plain, laws)

    result.figure = figure
    return result


def _windows(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None, laws: Mapping[str, PowerLaw]
) -> dict[str, tuple[float, float]]:
    return {name: window for name, window in band_windows(ds, windows).items() if name in laws}


def _reference_exponents(ds: xr.Dataset, laws: Mapping[str, PowerLaw]) -> dict[str, float]:
    """Local exponent of each band where the reference points are."""
    if "reference" not in ds:
        return {}
    here = np.log(float(np.nanmean(ds["irradiance_mean"].values[ds["reference"].values == 1])))
    result = {}
    for name, law in laws.items():
        known = np.isfinite(law.local[:, 1])
        at = np.log(law.local[known, 0])
        result[name] = float(np.interp(here, at, law.local[known, 1])) if known.any() else law.exponent
    return result


def _with_doubt(law: PowerLaw, other: PowerLaw | None) -> PowerLaw:
    """*law*, its errors enlarged by what one standard error of the drift does to it."""
    if other is None or not law.prefactor > 0 or not other.prefactor > 0:
        return law
    apart = np.array([math.log(other.prefactor / law.prefactor), other.exponent - law.exponent])
    return replace(law, covariance=law.covariance + np.outer(apart, apart))


def _findings(name: str, law: PowerLaw) -> list[Finding]:
    low, high = law.irradiance_range
    found = [
        Finding(
            quantity="exponent",
            of=name,
            value=law.exponent,
            stderr=law.stderr,
            note=f"{low:.3g} to {high:.3g} W/cm²{_kind(law)}",
        )
    ]
    if law.saturation_onset is not None and law.saturation_onset_stderr is not None:
        found.append(
            Finding(
                quantity="saturation onset",
                of=name,
                value=law.saturation_onset,
                stderr=law.saturation_onset_stderr,
                unit="W/cm^2",
                note="local exponent at 90 % of the exponent",
            )
        )
    return found


def _kind(law: PowerLaw) -> str:
    """What the exponent is."""
    if _rise(law) is not None:
        return ", mean: the local exponent rises within it"
    if not law.reached:
        return ", mean: not of the low-power regime"
    return ", with its bend: extrapolated to lower power" if law.bend > 0.5 else ", one straight line"


def _rise(law: PowerLaw) -> tuple[float, float, float, float] | None:
    """Where the local exponent rises with the irradiance, by far more than its errors: W/cm² and exponent
    before and after it; None where it only falls, as that of populations that saturate does."""
    inside = np.isfinite(law.local[:, 1]) & (law.local[:, 0] <= law.irradiance_range[1] * (1 + SLACK))
    (at, slope), sigma = law.local[inside].T, law.local_stderr[inside]
    if len(at) < 2:
        return None
    rise = slope[None, :] - slope[:, None]
    sure = rise - _RISES * np.hypot(sigma[None, :], sigma[:, None])
    sure[np.tril_indices(len(at))] = -np.inf
    i, j = np.unravel_index(int(np.argmax(sure)), sure.shape)
    if not (sure[i, j] > 0 and rise[i, j] > _LEAST_RISE):
        return None
    return float(at[i]), float(slope[i]), float(at[j]), float(slope[j])


def _low_power_missed(law: PowerLaw) -> str:
    """Why the exponent is no photon number: the sweep begins above the low-power regime; empty if not."""
    low, high = law.irradiance_range
    if not law.reached:
        return (
            f"the low-power range was not reached: the exponent already changes from {low:.3g} to {high:.3g} "
            f"W/cm², its mean of {law.exponent:.3g} there is no photon number; begin the sweep lower"
        )
    if (rise := _rise(law)) is not None:
        return (
            "the local exponent rises from {1:.3g} at {0:.3g} W/cm² to {3:.3g} at {2:.3g} W/cm²: steps of "
            "different order feed it; its exponent is a mean, and no limit of low power"
        ).format(*rise)
    seen = law.local[np.isfinite(law.local[:, 1]), 0]
    begins_late = law.bend > 0.5 and len(seen) > 0 and high < 10 * seen[0]
    if begins_late and abs(law.exponent - round(law.exponent)) > 2 * law.stderr:
        return (
            f"the low-power range was perhaps not reached: the exponent of {law.exponent:.3g} is no whole "
            "number, and changes within the first decade in which there is a signal; begin the sweep lower"
        )
    return ""


def _beyond_the_power_law(
    result: Findings, integrated: xr.Dataset, name: str, law: PowerLaw
) -> Iterator[Finding]:
    """Saturation irradiance, critical power density, threshold: as far as the curve has them."""
    points = band_points(integrated, name)
    if (bend := find_saturation(points, law)) is not None:
        yield Finding(
            quantity="saturation irradiance",
            of=name,
            value=bend.irradiance,
            stderr=bend.stderr,
            unit="W/cm^2",
            note=f"exponent {bend.exponent:.3g} to {bend.high_exponent:.3g}, sharpness {bend.sharpness:.2g}; "
            f"of a sweep up to {np.exp(points.x[-1]):.3g} W/cm², on which it depends",
        )
        if bend.misfit > _POOR_FIT:
            result.warnings.append(
                f"{name}: the curve with a saturation irradiance is off by {100 * bend.misfit:.2g} %"
            )
    if (critical := critical_power_density(points, law)) is not None:
        yield _critical(name, critical)
    up = integrated
    if "direction" in integrated and (integrated["direction"].values > 0).any():
        up = integrated.isel(point=integrated["direction"].values > 0)
    rise = steepest(band_points(up, name))
    if rise is not None and rise[2] - 2 * rise[3] > _AVALANCHE:
        yield Finding(
            quantity="threshold",
            of=name,
            value=rise[0],
            stderr=rise[1],
            unit="W/cm^2",
            note=f"steepest local exponent, {rise[2]:.3g} ± {rise[3]:.2g}",
        )


def _critical(name: str, critical: CriticalPowerDensity) -> Finding:
    """A lower limit has no value, so that nobody compares it with one."""
    if critical.reached:
        value, stderr = critical.irradiance, critical.stderr
        note = "the lines of low and of high power meet there"
    else:
        value, stderr = math.nan, math.nan
        least = critical.irradiance - 2 * critical.stderr
        note = "the exponent still falls at the highest irradiance, or might" + (
            f": lower limit {least:.2g} W/cm²" if least > 0 else ""
        )
    return Finding(
        quantity="critical power density", of=name, value=value, stderr=stderr, unit="W/cm^2", note=note
    )


def _tell_branches(
    result: Findings, integrated: xr.Dataset, name: str, law: PowerLaw, drift: Drift | None
) -> None:
    loop = hysteresis(integrated, name, law)
    if loop is None:
        return
    result.findings.append(
        Finding(
            quantity="hysteresis index",
            of=name,
            value=loop.index,
            stderr=loop.stderr,
            note=f"mean ln(down/up); at most {loop.largest:+.2g} ± {loop.largest_stderr:.2g} "
            f"at {loop.irradiance:.3g} W/cm²",
        )
    )
    if abs(loop.index) > 3 * loop.stderr and abs(loop.index) > _NOTED_DRIFT:
        reason = (
            "" if drift is not None else ", or the emission drifts: a run with reference points would tell"
        )
        result.warnings.append(
            f"{name}: down is {100 * np.expm1(loop.index):+.2g} % from up on average{reason}"
        )
    result.details.setdefault("hysteresis", {})[name] = loop.loop.tolist()


def _details(law: PowerLaw) -> dict[str, Any]:
    return {
        "exponent": law.exponent,
        "stderr": law.stderr,
        "range": list(law.irradiance_range),
        "saturation_onset": law.saturation_onset,
        "local": [row for row in law.local.tolist() if math.isfinite(row[1])],
    }
