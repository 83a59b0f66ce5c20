"""What it does to emission that the power of the excitation was not quite what it should have been.

Emission goes with a power n of the irradiance. Where n is not known, two photons make it, give or take one;
the exponents of two bands differ by less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .bands import Array
from .emission_lines import Mask

if TYPE_CHECKING:
    import xarray as xr

#: n of a band of which nothing is known, and 1 σ (assumed)
UNKNOWN_EXPONENT = 2.0, 1.0
#: 1 σ of the difference of the exponents of two bands (assumed)
EXPONENT_DIFFERENCE = 0.5
#: the least 1 σ of an exponent that was measured: it is not the same at every temperature
_LEAST_DOUBT = 0.05
_SURE = 5.0  # standard errors; a weaker point says nothing of the exponent
_LEAST_SPAN = 0.1  # of ln P


class _Power(NamedTuple):
    """ln of the measured irradiance, its 1 σ, and whether it was measured; all (point,)."""

    log: Array
    noise: Array
    known: Mask


def at_equal_power(
    ds: xr.Dataset, value: Array, error: Array, exponent: tuple[float, float] = UNKNOWN_EXPONENT
) -> tuple[Array, Array]:
    """Intensities as they would be at the (geometric) mean of the measured irradiances, and 1 σ; (point,).

    :param ds: points at one set-point of the power; where ``irradiance_mean`` is not known nothing is done
    :param exponent: of the band, and 1 σ
    """
    power = _measured(ds)
    n, doubt = exponent
    off = np.where(power.known, power.log - power.log[power.known].mean(), 0.0) if power.known.any() else 0.0
    factor = np.exp(-n * off)
    return value * factor, factor * np.hypot(error, value * np.hypot(n * power.noise, doubt * off))


def ratio_doubt(ds: xr.Dataset) -> Array:
    """Relative 1 σ of a ratio of two bands at the set-point of the power, (point,): by how much the power was
    off, and how well it was measured."""
    return EXPONENT_DIFFERENCE * missed_power(ds)


def intensity_doubt(ds: xr.Dataset) -> Array:
    """The same of an intensity, whose exponent is not known."""
    return UNKNOWN_EXPONENT[0] * missed_power(ds)


def missed_power(ds: xr.Dataset) -> Array:
    """By how much the power was off its set-point, and how well it was measured, relative 1 σ, (point,)."""
    power = _measured(ds)
    target = power.log
    if "irradiance" in ds.coords:
        target = np.log(ds["irradiance"].values.astype(float))
    elif "power" in ds.coords and "pump_power" in ds:
        target = power.log + np.log(1e-3 * ds["power"].values / ds["pump_power"].values)
    off = np.where(power.known & np.isfinite(target), power.log - target, 0.0)
    missed: Array = np.hypot(off, power.noise)
    return missed


def measured_exponent(ds: xr.Dataset, value: Array, error: Array) -> tuple[float, float] | None:
    """n of ln I = a(T) + n·ln P and 1 σ, one a for every temperature; None where the power was not varied.

    :param ds: points at several powers and temperatures
    """
    power = _measured(ds)
    clear = power.known & (value > _SURE * error) & (error > 0)
    setpoint, x, y = ds["temperature"].values[clear], power.log[clear], np.log(value[clear])
    weight = 1 / ((error[clear] / value[clear]) ** 2 + power.noise[clear] ** 2)
    rise = lever = 0.0
    for target in np.unique(setpoint):
        here = setpoint == target
        if np.ptp(x[here]) > _LEAST_SPAN:
            away = x[here] - np.average(x[here], weights=weight[here])
            rise += float((weight[here] * away * y[here]).sum())
            lever += float((weight[here] * away**2).sum())
    return (rise / lever, max(lever**-0.5, _LEAST_DOUBT)) if lever else None


def _measured(ds: xr.Dataset) -> _Power:
    nothing = np.zeros(ds.sizes["point"])
    if "irradiance_mean" not in ds:
        return _Power(nothing, nothing, nothing > 0)
    irradiance = ds["irradiance_mean"].values.astype(float)
    known = np.isfinite(irradiance) & (irradiance > 0)
    positive = np.where(known, irradiance, 1.0)
    noise = ds["irradiance_mean_errors"].values if "irradiance_mean_errors" in ds else nothing
    return _Power(np.log(positive), np.where(known & np.isfinite(noise), noise / positive, 0.0), known)
