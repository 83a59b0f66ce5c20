"""What a cooling scan shows: how much light of each wavelength warms or cools, and where it does neither."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .bands import AnalysisError, Array, band_windows, good_points, pixel_fractions
from .findings import Finding, Findings
from .heat_balance import HeatBalance, HeatPoints, heat_balance
from .laser_lines import LASER_MASK, excitation_wavelengths, laser_free

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Windows = Mapping[str, tuple[float, float]]

DISPUTED = (
    "that light cools semiconductors is disputed (Nature 2019, 570, E60; NPG Asia Mater. 2019, 11, 54): "
    "a thermometer of another kind should confirm it"
)
#: K, beyond which absorption and emission are no longer those of the unlit sample
_LARGE = 2.0
_EV_NM = 1239.84193


def analyse(
    ds: xr.Dataset,
    windows: Windows | None = None,
    emission_wavelength: float | None = None,
    absorptance: Sequence[tuple[float, float]] | None = None,
) -> Findings:
    """Temperature change per wavelength, per power, its zero, and the efficiencies behind it.

    :param ds: a run with ``delta_t``, ``pump_power`` and, for the efficiencies, ``spectrum``
    :param emission_wavelength: λ_f in nm, of the mean energy of all emitted photons; by default from a
        spectrum excited outside of the sample's bands
    :param absorptance: (nm, fraction of the light that the sample absorbs), interpolated; without it changes
        are given per incident power
    :raises AnalysisError: no usable point
    """
    return analyse_runs([ds], windows, emission_wavelength, absorptance)


def analyse_runs(
    runs: Iterable[xr.Dataset],
    windows: Windows | None = None,
    emission_wavelength: float | None = None,
    absorptance: Sequence[tuple[float, float]] | None = None,
) -> Findings:
    """The same of several runs of one sample together, such as one for each of several lasers.

    Their emission is compared: spectrometer and filters must have been the same.
    """
    runs = list(runs)
    if not runs:
        raise AnalysisError("cooling scan: 0 runs; at least 1 is needed")
    points = _points(runs, windows)
    findings = list(_changes(points, absorptance))
    warnings = [DISPUTED] if any(f.value < -3 * f.stderr for f in findings) else []
    several = len(np.unique(points.setpoint)) > 1
    if several and (largest := float(np.abs(points.change).max())) > _LARGE:
        warnings.append(
            f"the temperature changes by up to {largest:.3g} K, and absorption and emission with it; "
            f"what changes it by over {_LARGE:g} K takes no part in the heat balance"
        )
    if (unsettled := sum(_unsettled(ds) for ds in runs)) > 0:
        warnings.append(f"{unsettled} of {len(points.change)} points had not come to rest")
    mean = (emission_wavelength, 0.0) if emission_wavelength else _mean_emission(runs, windows)
    balance: HeatBalance | None = None
    try:
        balance = heat_balance(points, _LARGE)
        findings += _of_balance(balance, points, mean)
    except AnalysisError as problem:
        findings += _interpolated(points)
        if several:
            warnings.append(str(problem))

    def figure() -> Figure:
        from .figures.cooling_scan import cooling_figure

        return cooling_figure(runs[0], points, balance)

    details = {} if balance is None else {"reduced_chi2": balance.reduced_chi2}
    return Findings(
        procedure="cooling-scan", findings=findings, warnings=warnings, details=details, figure=figure
    )


def _points(runs: Sequence[xr.Dataset], windows: Windows | None) -> HeatPoints:
    """Of all runs; emission is NaN where a run has no spectrum or no band free of lasers."""
    lasers = [excitation_wavelengths(ds) for ds in runs]
    known = np.concatenate(lasers)
    if not np.isfinite(known).all():
        raise AnalysisError("cooling scan: a run does not say its excitation wavelength")
    parts = []
    for ds, laser in zip(runs, lasers, strict=True):
        good = np.isfinite(ds["delta_t"].values) & np.isfinite(ds["pump_power"].values)
        counts, errors = _emission(ds, windows, known)
        counts = np.where(good_points(ds), counts, np.nan)  # a saturated spectrum spoils no temperature
        setpoint = ds["excitation_wavelength"].values if "excitation_wavelength" in ds else laser
        power, power_error = _power(ds)
        digits = [float(f"{p:.1e}") for p in power]  # what was measured scatters by less
        nominal = 1e-3 * ds["power"].values if "power" in ds.coords else digits
        change, change_error = ds["delta_t"].values, ds["delta_t_errors"].values
        columns = [setpoint, laser, power, power_error, nominal, change, change_error, counts, errors]
        parts.append(np.stack([np.asarray(column, float) for column in columns])[:, good])
    table = np.concatenate(parts, axis=1)
    if not table.shape[1]:
        raise AnalysisError("cooling scan: no usable point; all are flagged or NaN")
    return HeatPoints(*table[:, np.lexsort((table[2], table[1]))])


def _power(ds: xr.Dataset) -> tuple[Array, Array]:
    """While the temperature was measured, in W, and 1 σ: the mean of before and after where known."""
    before, error = (ds[name].values.astype(float) for name in ("pump_power", "pump_power_errors"))
    after = ds["pump_power_after"].values if "pump_power_after" in ds else np.full(len(before), np.nan)
    both = np.isfinite(after)
    return np.where(both, (before + after) / 2, before), np.where(both, error / math.sqrt(2), error)


def _emission(ds: xr.Dataset, windows: Windows | None, lasers: Array) -> tuple[Array, Array]:
    """Counts in the sample's bands where no laser of the scan stands, and 1 σ; (point,)."""
    nothing = np.full(ds.sizes["point"], np.nan)
    if "spectrum" not in ds:
        return nothing, nothing
    wavelength = ds["wavelength"].values
    order = np.argsort(wavelength)
    share = np.zeros(len(wavelength))
    for name, window in band_windows(ds, windows).items():
        share += pixel_fractions(wavelength[order], window, f"band '{name}'")
    distance = float((ds.attrs.get("parameters") or {}).get("laser_mask", LASER_MASK))
    for laser in np.unique(lasers):
        share *= laser_free(wavelength[order], float(laser), distance)
    if not share.any():
        return nothing, nothing
    spectrum = ds["spectrum"].transpose("point", "wavelength").values[:, order]
    errors = ds["spectrum_errors"].transpose("point", "wavelength").values[:, order]
    used = share > 0
    return spectrum[:, used] @ share[used], np.sqrt(errors[:, used] ** 2 @ share[used] ** 2)


def _mean_emission(runs: Sequence[xr.Dataset], windows: Windows | None) -> tuple[float, float] | None:
    """λ_f in nm, of the mean photon energy, and 1 σ; None where every laser stands in or near a band.

    The error contains what bands half as wide again to both sides would change: light that they cut off.
    """
    sums, wider = np.zeros(2), np.zeros(2)
    variance = 0.0
    for ds in runs:
        laser = excitation_wavelengths(ds)
        if "spectrum" not in ds:
            continue
        order = np.argsort(ds["wavelength"].values)
        wavelength = ds["wavelength"].values[order]
        known = band_windows(ds, windows)
        low, high = min(w[0] for w in known.values()), max(w[1] for w in known.values())
        clear = good_points(ds) & ((laser < low - LASER_MASK) | (laser > high + LASER_MASK))
        if not clear.any():
            continue
        share = sum(pixel_fractions(wavelength, w, f"band '{name}'") for name, w in known.items())
        spectrum = ds["spectrum"].transpose("point", "wavelength").values[clear][:, order].sum(axis=0)
        errors = ds["spectrum_errors"].transpose("point", "wavelength").values[clear][:, order]
        energy = _EV_NM / wavelength
        sums += [float(share @ spectrum), float((share * energy) @ spectrum)]
        wide = np.zeros(len(wavelength))
        for first, last in known.values():
            beyond = (last - first) / 2
            wide[(wavelength >= first - beyond) & (wavelength <= last + beyond)] = 1.0
        for one in np.unique(laser):
            wide *= laser_free(wavelength, float(one), LASER_MASK)
        wider += [float(wide @ spectrum), float((wide * energy) @ spectrum)]
        mean = sums[1] / sums[0]
        variance += float(((share * (energy - mean)) ** 2) @ (errors**2).sum(axis=0))
    if not sums[0] > 0:
        return None
    mean = sums[1] / sums[0]
    cut = _EV_NM / mean - _EV_NM * wider[0] / wider[1] if wider[1] > 0 else 0.0
    return _EV_NM / mean, math.hypot(_EV_NM / mean**2 * math.sqrt(variance) / sums[0], cut)


def _changes(points: HeatPoints, absorptance: Sequence[tuple[float, float]] | None) -> Iterator[Finding]:
    """ΔT at every wavelength and power set, in proportion to it, and per power; several visits to one are
    averaged."""
    several = len(np.unique(points.nominal)) > 1
    for nm, watts in dict.fromkeys(zip(points.setpoint.tolist(), points.nominal.tolist(), strict=True)):
        here = points[(points.setpoint == nm) & (points.nominal == watts)]
        changes = here.change * watts / here.power
        errors = np.hypot(here.change_errors * watts / here.power, changes * here.power_errors / here.power)
        weight = 1 / np.maximum(errors, 1e-9) ** 2
        change, stderr = float(np.average(changes, weights=weight)), float(weight.sum() ** -0.5)
        at = {"excitation_wavelength": nm} | ({"power": watts * 1e3} if several else {})
        yield Finding(
            quantity="temperature change", value=change, stderr=stderr, unit="K", at=at,
            note=f"of the lit sample, at {watts * 1e3:.3g} mW",
        )  # fmt: skip
        per, note = watts, "per incident power"
        if absorptance is not None:
            known, fraction = np.array(sorted(absorptance)).T
            if not known[0] <= nm <= known[-1]:
                raise AnalysisError(f"absorptance: {nm:g} nm is outside of {known[0]:g} to {known[-1]:g} nm")
            per, note = watts * float(np.interp(nm, known, fraction)), "per absorbed power"
        yield Finding(
            quantity="temperature change per power", value=change / per, stderr=stderr / per, unit="K/W",
            at=at, note=note,
        )  # fmt: skip


def _of_balance(
    balance: HeatBalance, points: HeatPoints, mean: tuple[float, float] | None
) -> Iterator[Finding]:
    value = math.nan if balance.zero is None else balance.zero
    note = "heat balance with the emission as measure of what is absorbed"
    if balance.zero is None:
        note = "the temperature change keeps its sign within the measured wavelengths"
    yield Finding(
        quantity="zero-crossing wavelength", value=value, stderr=balance.zero_stderr, unit="nm", note=note
    )
    ratio, error = balance.background(points)
    last = int(np.argmax(points.wavelength))
    if balance.parameters[2] > 0:
        yield Finding(
            quantity="background absorption", value=float(ratio[last]), stderr=float(error[last]),
            at={"excitation_wavelength": float(points.wavelength[last])}, note="over that of the emitter",
        )  # fmt: skip
    if mean is None:
        return
    wavelength, stderr = mean
    yield Finding(
        quantity="emission wavelength", value=wavelength, stderr=stderr, unit="nm",
        note="of the mean photon energy of the counts in the bands",
    )  # fmt: skip
    slope, slope_stderr = balance.efficiency
    yield Finding(
        quantity="external efficiency", value=slope * wavelength,
        stderr=math.hypot(slope_stderr * wavelength, slope * stderr),
        note="photons that leave per photon the emitter absorbs",
    )  # fmt: skip


def _interpolated(points: HeatPoints) -> Iterator[Finding]:
    """The zero by a straight line between the two wavelengths around it."""
    per = points.change / points.power
    wavelength = np.unique(points.setpoint)
    if len(wavelength) < 2:
        return
    mean = np.array([per[points.setpoint == nm].mean() for nm in wavelength])
    changes = np.flatnonzero((mean[:-1] > 0) & (mean[1:] <= 0))
    if not len(changes):
        return
    i = int(changes[0])
    low, high = wavelength[i], wavelength[i + 1]
    yield Finding(
        quantity="zero-crossing wavelength",
        value=float(low + (high - low) * mean[i] / (mean[i] - mean[i + 1])),
        stderr=float((high - low) / math.sqrt(12)),
        unit="nm",
        note="between two wavelengths; absorption changes from one to the other",
    )


def _unsettled(ds: xr.Dataset) -> int:
    if "flags" not in ds:
        return 0
    flags = ds["flags"]
    bits = dict(
        zip(flags.attrs["flag_meanings"].split(), np.atleast_1d(flags.attrs["flag_masks"]), strict=True)
    )
    return int((flags.values & int(bits.get("not_settled", 0)) > 0).sum())
