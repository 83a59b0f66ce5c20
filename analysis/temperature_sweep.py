"""What a temperature sweep shows.

Of every band at every power: activation energy, where it vanishes, its strength over that at a reference
(:mod:`~antistokes.analysis.temperature_curve`), all at equal power (:mod:`~antistokes.analysis.held_power`);
position and width of its line, and the law of the gap that moves it (:mod:`~antistokes.analysis.line_shift`).
Of two bands in thermal equilibrium: the thermometer they are (:mod:`~antistokes.analysis.thermometry`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from .bands import AnalysisError, band_windows, good_points, integrate_bands
from .drift_correction import drift_taken_out
from .findings import Finding, Findings
from .fitting import DETECTION
from .ground import integrate_less_ground
from .held_power import UNKNOWN_EXPONENT, at_equal_power, measured_exponent
from .line_shift import tell_line
from .pump_light import laser_line
from .sweep_thermometer import tell_thermometer
from .temperature_curve import POWERS, Curve, activation_energy, last_detected, sample_kelvin
from .thermometry import thermometer_windows

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_BENT = 4.0  # standard deviations of a curvature


@drift_taken_out
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
    exponents = {name: _exponent(integrated, name) for name in shown}
    for power, at, block in _powers(integrated):
        for name in shown:
            curve = _curve(block, name, exponents[name])
            if len(np.unique(curve.setpoint)) < 2:
                continue
            curves[name] = curve  # of the highest power, where there are several
            result.findings += _of_intensity(result, name, curve, at, reference_temperature)
            part = ds if not at else ds.isel(point=ds[power].values == at[power])
            tell_line(result, part, name, shown[name], at)
    if shown:
        result.warnings += laser_line(ds, shown)
    law = tell_thermometer(result, ds, pair, reference_temperature) if pair else None
    if not result.findings:
        raise AnalysisError("temperature sweep: no band has a signal at two temperatures")

    def figure() -> Figure:
        from .figures.temperature_sweep import temperature_sweep_figure

        return temperature_sweep_figure(ds, curves, law, pair)

    result.figure = figure
    return result


def _powers(ds: xr.Dataset) -> Iterator[tuple[str, dict[str, float], xr.Dataset]]:
    """Each power: the name of its set-point, where it is (empty if it is the only one), and its points."""
    name = next((key for key in POWERS if key in ds.coords), "")
    values = np.unique(ds[name].values) if name else np.zeros(1)
    if len(values) == 1:
        yield name, {}, ds
        return
    for value in values:
        yield name, {name: float(value)}, ds.isel(point=ds[name].values == value)


def _exponent(integrated: xr.Dataset, name: str) -> tuple[float, float]:
    """Of the band *name* over all powers, and 1 σ; with one power only, that of any band."""
    good = integrated.isel(point=good_points(integrated))
    return measured_exponent(good, good[name].values, good[f"{name}_errors"].values) or UNKNOWN_EXPONENT


def _curve(integrated: xr.Dataset, name: str, exponent: tuple[float, float]) -> Curve:
    """Of the points at one power, what they were off the mean of it taken out."""
    usable = good_points(integrated) & np.isfinite(sample_kelvin(integrated))
    for key in (name, f"{name}_errors"):
        usable &= np.isfinite(integrated[key].values)
    part = integrated.isel(point=usable)
    value, error = at_equal_power(part, part[name].values, part[f"{name}_errors"].values, exponent)
    kelvin = sample_kelvin(part)
    rows = np.argsort(kelvin, kind="stable")
    return Curve(part["temperature"].values.astype(float)[rows], kelvin[rows], value[rows], error[rows])


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
