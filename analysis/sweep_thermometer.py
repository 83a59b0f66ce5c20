"""The thermometer that two bands of a temperature sweep are, and what the light does to the sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .bands import AnalysisError
from .findings import Finding, Findings
from .temperature_curve import POWERS, sample_kelvin
from .thermometry import Boltzmann, fit_boltzmann, log_ratios, thermometer_bands

if TYPE_CHECKING:
    import xarray as xr


def tell_thermometer(
    result: Findings, ds: xr.Dataset, pair: Mapping[str, tuple[float, float]], reference: float
) -> Boltzmann | None:
    """Add to *result* what the ratio of the *pair* shows; its law, where there is one.

    :param pair: the upper band, then the lower one
    :param reference: K, where the sensitivity is told
    """
    upper, lower = pair
    value, error, clear = log_ratios(thermometer_bands(ds, pair), upper, lower)
    kelvin, setpoint = sample_kelvin(ds), ds["temperature"].values.astype(float)
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
    power = next((key for key in POWERS if key in ds.coords), "")
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
