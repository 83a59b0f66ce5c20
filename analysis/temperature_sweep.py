"""What a temperature sweep shows.

Of every band at every power: activation energy, where it vanishes, its strength over that at a reference
(:mod:`~antistokes.analysis.temperature_curve`), and how its line moves. Of two bands in thermal equilibrium:
the thermometer they are (:mod:`~antistokes.analysis.thermometry`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from .bands import AnalysisError, Array, band_windows, good_points, integrate_bands
from .findings import Finding, Findings
from .fitting import DETECTION
from .ground import integrate_less_ground
from .line_shape import fit_odonnell_chen, line_shapes
from .temperature_curve import Curve, activation_energy, last_detected
from .thermometry import Boltzmann, fit_boltzmann, log_ratios, thermometer_bands, thermometer_windows

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_POWERS = ("irradiance", "power", "photon_flux", "pulse_energy")
_BENT = 4.0  # standard deviations of a curvature
_MOVED = 5.0  # standard errors by which a line must move


def analyse(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    reference_temperature: float = 300.0,
    ground: tuple[float, float] | None = None,
) -> Findings:
    """What the head of this file says.

    :param ds: a run with ``temperature`` (set-points)
    :param windows: bands by hand; ``green 520`` and ``green 541`` are those of a thermometer
    :param reference_temperature: K; the set-point nearest to it is what band ratios are over
    :param ground: (low, high) in nm, a stretch without emission, whose mean is taken off all bands: stray
        light looks like a band where that is nearly gone
    :raises AnalysisError: fewer than two temperatures
    """
    if "temperature" not in ds or len(np.unique(ds["temperature"].values)) < 2:
        raise AnalysisError("temperature sweep: fewer than 2 temperatures; needs a curve")
    pair = thermometer_windows(ds, windows)
    shown = {name: w for name, w in band_windows(ds, windows).items() if name not in pair}
    integrated = integrate_bands(ds, shown) if ground is None else integrate_less_ground(ds, shown, ground)
    result = Findings(procedure="temperature-sweep")
    curves = {}
    for power, at, block in _powers(integrated):
        for name in shown:
            curve = _curve(block, name)
            if len(np.unique(curve.setpoint)) < 2:
                continue
            curves[name] = curve  # of the highest power, where there are several
            result.findings += _of_intensity(result, name, curve, at, reference_temperature)
            part = ds if not at else ds.isel(point=ds[power].values == at[power])
            result.findings += _of_shape(result, part, name, shown[name], at, reference_temperature)
    law = _thermometer(result, ds, pair, reference_temperature) if pair else None
    if not result.findings:
        raise AnalysisError("temperature sweep: no band has a signal at two temperatures")

    def figure() -> Figure:
        from .figures.temperature_sweep import temperature_sweep_figure

        return temperature_sweep_figure(ds, curves, law, pair)

    result.figure = figure
    return result


def _powers(ds: xr.Dataset) -> Iterator[tuple[str, dict[str, float], xr.Dataset]]:
    """Each power: the name of its set-point, where it is (empty if it is the only one), and its points."""
    name = next((key for key in _POWERS if key in ds.coords), "")
    values = np.unique(ds[name].values) if name else np.zeros(1)
    if len(values) == 1:
        yield name, {}, ds
        return
    for value in values:
        yield name, {name: float(value)}, ds.isel(point=ds[name].values == value)


def _curve(integrated: xr.Dataset, name: str) -> Curve:
    setpoint = integrated["temperature"].values.astype(float)
    kelvin = _kelvin(integrated)
    value, error = integrated[name].values, integrated[f"{name}_errors"].values
    usable = good_points(integrated) & np.isfinite(value) & np.isfinite(error) & np.isfinite(kelvin)
    rows = np.flatnonzero(usable)[np.argsort(kelvin[usable], kind="stable")]
    return Curve(setpoint[rows], kelvin[rows], value[rows], error[rows])


def _kelvin(ds: xr.Dataset) -> Array:
    """Temperature of the sample at every point: measured where it is, else the set-point."""
    name = "sample_temperature" if "sample_temperature" in ds else "temperature"
    return ds[name].values.astype(float)


# -- intensity ---------------------------------------------------------------------------------------------


def _of_intensity(
    result: Findings, name: str, curve: Curve, at: dict[str, float], reference: float
) -> Iterator[Finding]:
    energy = activation_energy(curve)
    if energy is not None:
        value, error, bend = energy
        note = f"ln I against 1/kT, {curve.kelvin[0]:.4g} to {curve.kelvin[-1]:.4g} K"
        yield Finding(
            quantity="activation energy", of=name, value=value, stderr=error, unit="meV", at=at, note=note
        )
        if bend > _BENT:
            problem = f"{name}: ln I against 1/kT is no straight line; its slope is a mean"
            result.warnings += [problem] if problem not in result.warnings else []
    last = last_detected(curve)
    if last is not None:
        value, error, way = last
        yield Finding(
            quantity="last detected temperature",
            of=name,
            value=value,
            stderr=error,
            unit="K",
            at=at,
            note=f"{way}, 3 standard errors of one point",
        )
    means = curve.means
    base = int(np.abs(means.setpoint - reference).argmin())
    if not means.value[base] > DETECTION * means.error[base]:
        return
    relative = means.error / means.value[base]
    for i, target in enumerate(means.setpoint):
        if i != base:
            ratio = means.value[i] / means.value[base]
            yield Finding(
                quantity="band ratio",
                of=name,
                value=float(ratio),
                stderr=float(np.hypot(relative[i], ratio * relative[base])),
                at={**at, "temperature": float(target)},
                note=f"over {means.setpoint[base]:g} K",
            )


# -- shape -------------------------------------------------------------------------------------------------


def _of_shape(
    result: Findings,
    ds: xr.Dataset,
    name: str,
    window: tuple[float, float],
    at: dict[str, float],
    reference: float,
) -> Iterator[Finding]:
    """Position and width of the band against temperature, where it is one line that moves."""
    if "spectrum_errors" not in ds:
        return
    shapes, kelvin = line_shapes(ds, window), _kelvin(ds)
    usable = good_points(ds) & np.isfinite(shapes).all(axis=1) & np.isfinite(kelvin)
    if usable.sum() < 3:
        return
    kelvin, (energy, energy_error, width, width_error) = kelvin[usable], shapes[usable].T
    order = np.argsort(kelvin)
    low, high = order[0], order[-1]
    shift = energy[high] - energy[low]
    if abs(shift) < _MOVED * np.hypot(energy_error[high], energy_error[low]):
        return
    table = np.stack([kelvin, energy, energy_error, width, width_error], axis=1)[order]
    details = result.details.setdefault("line", {}).setdefault(name, [])
    details.append({**at, "table": table.tolist(), "gap": fit_odonnell_chen(*table[:, :3].T)})
    yield Finding(
        quantity="line shift",
        of=name,
        value=float(shift),
        stderr=float(np.hypot(energy_error[high], energy_error[low])),
        unit="meV",
        at=at,
        note=f"from {kelvin[low]:.4g} to {kelvin[high]:.4g} K; near {reference:g} K "
        f"{np.interp(reference, table[:, 0], table[:, 1]):.2f} meV, "
        f"{np.interp(reference, table[:, 0], table[:, 3]):.2f} meV wide",
    )


# -- thermometer -------------------------------------------------------------------------------------------


def _thermometer(
    result: Findings, ds: xr.Dataset, pair: Mapping[str, tuple[float, float]], reference: float
) -> Boltzmann | None:
    upper, lower = pair
    value, error, clear = log_ratios(thermometer_bands(ds, pair), upper, lower)
    kelvin, setpoint = _kelvin(ds), ds["temperature"].values.astype(float)
    clear &= np.isfinite(kelvin)
    for target in np.unique(setpoint):  # what the sensor shows at one set-point is one temperature
        here = clear & (setpoint == target)
        kelvin[here] = kelvin[here].mean() if here.any() else np.nan
    irradiance = np.zeros(len(value))
    if "irradiance_mean" in ds:
        irradiance = ds["irradiance_mean"].values.astype(float)
        clear &= np.isfinite(irradiance)
    try:
        law = fit_boltzmann(kelvin[clear], irradiance[clear], value[clear], error[clear])
    except AnalysisError as problem:
        result.warnings.append(str(problem))
        return None
    extrapolated = len(law.warming) > 0
    result.findings.append(
        Finding(
            quantity="activation energy",
            of=upper,
            value=law.gap,
            stderr=law.stderr,
            unit="1/cm",
            note=f"over {lower}, " + ("extrapolated to zero power" if extrapolated else "at one power"),
        )
    )
    sensitivity = law.sensitivity(reference)
    result.findings.append(
        Finding(
            quantity="relative sensitivity",
            of=upper,
            value=float(sensitivity[0]),
            stderr=float(sensitivity[1]),
            unit="1/K",
            at={"temperature": reference},
            note=f"over {lower}",
        )
    )
    temperatures = np.unique(kelvin[clear])
    result.details["thermometer"] = {
        "bands": list(pair),
        "log_prefactor": law.log_prefactor,
        "covariance": law.covariance.tolist(),
        "sensitivity": np.stack([temperatures, *law.sensitivity(temperatures)], axis=1).tolist(),
        "warming": law.warming.tolist(),
    }
    if not extrapolated:
        result.warnings.append(
            "one power only: what the light warms the sample by is not known, and is taken for the sample's"
        )
        return law
    top = float(irradiance[clear].max())
    power = next((key for key in _POWERS if key in ds.coords), "")
    near = int(np.abs(law.warming[:, 0] - reference).argmin())
    where, rate, sigma = law.warming[near]
    result.findings.append(
        Finding(
            quantity="temperature change",
            value=float(rate * top),
            stderr=float(sigma * top),
            unit="K",
            at={"temperature": float(where)} | ({power: float(ds[power].max())} if power else {}),
            note="by the light, from the ratio at several powers",
        )
    )
    if rate > 3 * sigma:
        result.warnings.append(
            f"the light warms the sample by {rate * top:.2g} ± {sigma * top:.1g} K at {top:.3g} W/cm²; "
            "the thermometer is extrapolated to zero power"
        )
    return law
