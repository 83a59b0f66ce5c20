"""What the spectrometer of an integrating sphere counts of the laser line and of the emission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .bands import AnalysisError, Array, good_points, pixel_fractions
from .calibrate_response import without_stray_light

if TYPE_CHECKING:
    import xarray as xr

Windows = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Counted:
    """What is read in the three measurements, photons s⁻¹ per W of pump, each with its 1 σ.

    :param laser, laser_errors: (3,) in a, b and c
    :param emission, emission_errors: the same by name of the window; "" is all emission
    :param pump_errors: (3,) relative, of the pump power: common to laser and emission
    """

    laser: Array
    laser_errors: Array
    emission: dict[str, Array]
    emission_errors: dict[str, Array]
    pump_errors: Array


def read_counts(ds: xr.Dataset, windows: Windows) -> Counted:
    """Laser line and emission of the three measurements, corrected for the response the run has with it.

    Of the laser line the light beside it is taken off, by a straight line through what lies as far again on
    both sides. Where a window of emission has the laser line in it, that is left out.

    :param windows: name to (low, high) in nm
    """
    parameters: Mapping[str, Any] = ds.attrs.get("parameters") or {}
    laser, half = ds.attrs.get("excitation_wavelength"), float(parameters.get("laser_window", 6.0))
    if laser is None:
        raise AnalysisError("quantum yield: the run does not say the wavelength of its laser")
    slots = list(dict.fromkeys(ds["slot"].values.tolist()))
    if len(slots) != 3:
        raise AnalysisError(
            f"quantum yield: {len(slots)} of 3 measurements: empty, sample aside, sample in the beam"
        )
    order = np.argsort(ds["wavelength"].values)
    nm = ds["wavelength"].values[order].astype(float)
    line = pixel_fractions(nm, (laser - half, laser + half), "laser line")
    beside = ((np.abs(nm - laser) > half) & (np.abs(nm - laser) <= 2 * half)).astype(float)
    line = line - line.sum() * beside / beside.sum()
    masked = np.abs(nm - laser) <= half
    weights = {name: pixel_fractions(nm, w, f"window '{name}'") * ~masked for name, w in windows.items()}
    response = np.ones(len(nm))
    if "response" in ds and not ds.attrs.get("response_corrected"):
        response = ds["response"].values[order].astype(float)
    stray = float(parameters.get("stray_light", 0.0))
    good, kept = good_points(ds), {}
    for slot in slots:
        points = good & (ds["slot"].values == slot)
        if not points.any():
            raise AnalysisError(
                f"quantum yield: every point in slot {slot:g} is saturated, or could not be read"
            )
        pump = ds["pump_power"].values[points]
        spectra = ds["spectrum"].transpose("point", "wavelength").values[points][:, order]
        errors = ds["spectrum_errors"].transpose("point", "wavelength").values[points][:, order]
        spectra = without_stray_light(spectra, stray) / (response * pump[:, None])
        errors = errors / (response * pump[:, None])
        relative = np.sqrt(((ds["pump_power_errors"].values[points] / pump) ** 2).mean() / len(pump))
        kept[slot] = spectra.mean(axis=0), (errors**2).mean(axis=0) / len(pump), relative
    spectrum, variance, pump_errors = (np.array(rows) for rows in zip(*kept.values(), strict=True))

    def total(weight: Array) -> Array:
        used = weight != 0  # a pixel that the response does not reach is no concern of another window
        result: Array = spectrum[:, used] @ weight[used]
        return result

    def error(weight: Array) -> Array:
        used = weight != 0
        result: Array = np.sqrt(variance[:, used] @ weight[used] ** 2)
        return result

    return Counted(
        laser=total(line),
        laser_errors=error(line),
        emission={name: total(weight) for name, weight in weights.items()},
        emission_errors={name: error(weight) for name, weight in weights.items()},
        pump_errors=pump_errors,
    )
