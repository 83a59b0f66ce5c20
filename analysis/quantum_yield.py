"""Quantum yields from what the spectrometer of an integrating sphere counts.

Measurements: a, the empty sphere; b, the sample inside but out of the beam; c, the sample in the beam.
Each gives L, photons of the laser, and P, photons emitted, per second and corrected for the spectral
response of the empty sphere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError, Array, band_windows
from .findings import Finding, Findings
from .held_power import UNKNOWN_EXPONENT, missed_power
from .sphere_counts import Counted, Windows, read_counts

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

#: an absorptance must exceed its error so many times, or the yield is skewed (B. van Dam et al.,
#: arXiv:1711.06200)
LEAST_CERTAINTY = 10.0
_DRAWS = 20000
_SURE = 3.0  # standard errors
_68_PERCENT = (15.865, 84.135)


@dataclass(frozen=True)
class Corrections:
    """What has to be known from elsewhere.

    :param transmission: of the filter that weakens the laser line only
    :param calibration_error: relative, of that and of the response between laser line and emission
    :param reabsorption, reabsorption_error: fraction of the emission that the sample absorbs again, 1 σ
    """

    transmission: float = 1.0
    calibration_error: float = 0.0
    reabsorption: float = 0.0
    reabsorption_error: float = 0.0


@dataclass(frozen=True, eq=False)
class Yield:
    """A quantum yield and where it may lie.

    :param interval: 68 %
    :param draws: what the errors make of it, (n,)
    """

    value: float
    interval: tuple[float, float]
    draws: Array

    @property
    def stderr(self) -> float:
        """Half of the interval."""
        return (self.interval[1] - self.interval[0]) / 2


def three_measurements(laser: npt.ArrayLike, emission: npt.ArrayLike) -> tuple[Array, Array]:
    """Absorptance and yield by de Mello's formulas, each (...); nan where nothing was absorbed.

        A = 1 − L_c/L_b,   η = (P_c − (1 − A)·P_b)/(L_a·A)

    L_b and L_c hold the same sample, so that A does not depend on the blank; η does, as 1/L_a.
    J. C. de Mello, H. F. Wittmann and R. H. Friend, Adv. Mater. 9, 230 (1997).

    :param laser, emission: L and P in a, b and c, s⁻¹, (3, ...)
    """
    laser_a, laser_b, laser_c = np.asarray(laser, dtype=float)
    _, emission_b, emission_c = np.asarray(emission, dtype=float)
    absorptance = 1 - _ratio(laser_c, laser_b)
    return absorptance, _ratio(emission_c - (1 - absorptance) * emission_b, laser_a * absorptance)


def two_measurements(laser: npt.ArrayLike, emission: npt.ArrayLike) -> tuple[Array, Array]:
    """Absorptance and yield from the empty sphere and the sample in the beam alone, each (...).

        A = 1 − L_c/L_a,   η = (P_c − P_a)/(L_a − L_c)

    Light that the sample absorbs from the wall is counted like that of the beam: right only where both are
    emitted with the same yield, and it is too low for upconversion. nan where nothing was absorbed.

    :param laser, emission: L and P in a and c, s⁻¹, (2, ...)
    """
    laser_a, laser_c = np.asarray(laser, dtype=float)
    emission_a, emission_c = np.asarray(emission, dtype=float)
    return 1 - _ratio(laser_c, laser_a), _ratio(emission_c - emission_a, laser_a - laser_c)


def without_reabsorption(measured: npt.ArrayLike, reabsorption: npt.ArrayLike) -> Array:
    """The yield before reabsorption, η = η'/(1 − a + a·η'), from the *measured* one η'.

    What is absorbed again can emit again. T.-S. Ahn et al., Rev. Sci. Instrum. 78, 086105 (2007).

    :param reabsorption: a, fraction of the emitted photons that the sample absorbs again, below 1
    """
    found, again = np.asarray(measured, dtype=float), np.asarray(reabsorption, dtype=float)
    before: Array = found / (1 - again + again * found)
    return before


def _ratio(above: Array, below: Array) -> Array:
    """nan where nothing was absorbed, or there was no light to absorb."""
    return np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below != 0)


def yields(
    counted: Counted, corrections: Corrections, missed: float = 0.0, seed: int = 0
) -> tuple[float, float, dict[str, Yield]]:
    """Absorptance, its 1 σ, and the yield in each window with an interval by Monte Carlo.

    All that was read is drawn anew from its errors, and evaluated each time like the readings themselves:
    the yield is a ratio with a small difference below, and its errors are not symmetric.

    :param missed: relative 1 σ of the irradiance: the yield of two photons (assumed) goes with it
    :raises AnalysisError: a laser line is not seen, or the absorptance is too uncertain
    """
    rng = np.random.default_rng(seed)

    def drawn(values: Array, errors: Array) -> Array:
        return values[:, None] + errors[:, None] * rng.standard_normal((len(values), _DRAWS))

    _refuse_unseen(counted)
    pump = 1 + counted.pump_errors[:, None] * rng.standard_normal((3, _DRAWS))
    lasers = drawn(counted.laser, counted.laser_errors) / pump
    absorptance, _ = three_measurements(counted.laser, np.zeros(3))
    sigma = float(np.std(three_measurements(lasers, np.zeros_like(lasers))[0]))
    if not float(absorptance) > LEAST_CERTAINTY * sigma:
        raise AnalysisError(
            f"absorptance: {float(absorptance):.2g} ± {sigma:.2g}; must be above {LEAST_CERTAINTY:g} errors, "
            f"or the yield is skewed: {_remedy(counted, float(absorptance))}"
        )
    scale = corrections.transmission * (1 + corrections.calibration_error * rng.standard_normal(_DRAWS))
    scale = scale * np.exp((UNKNOWN_EXPONENT[0] - 1) * missed * rng.standard_normal(_DRAWS))
    again = corrections.reabsorption + corrections.reabsorption_error * rng.standard_normal(_DRAWS)
    found = {}
    for name, emission in counted.emission.items():
        _, seen = three_measurements(counted.laser, emission)
        _, draws = three_measurements(lasers, drawn(emission, counted.emission_errors[name]) / pump)
        value = without_reabsorption(seen * corrections.transmission, corrections.reabsorption)
        draws = without_reabsorption(draws * scale, np.clip(again, 0.0, 0.99))
        low, high = np.percentile(draws, _68_PERCENT)
        found[name] = Yield(float(value), (float(low), float(high)), draws)
    return float(absorptance), sigma, found


def _refuse_unseen(counted: Counted) -> None:
    """:raises AnalysisError: there is no laser line to be absorbed, so that a ratio to it says nothing"""
    places = ("in the empty sphere", "with the sample beside the beam")
    for place, value, error in zip(places, counted.laser, counted.laser_errors, strict=False):
        if not value > _SURE * error:
            raise AnalysisError(
                f"laser line {place}: {value:.2g} ± {error:.2g} photons/s per W, not above its noise; needs "
                "more of its light: longer exposures, more frames, a spectrometer that responds there"
            )


def _remedy(counted: Counted, absorptance: float) -> str:
    """What would make the *absorptance* more certain, by what its error is mostly of."""
    passed = 1 - absorptance
    _, beside, inside = counted.laser_errors / counted.laser[1]
    counts = float(np.hypot(passed * beside, inside))
    pump = float(abs(passed) * np.hypot(*counted.pump_errors[1:]))
    least = "more readings of the power" if pump > counts else "longer exposures or more frames"
    return least if absorptance > 0.5 else f"a sample that absorbs more, or {least}"


def analyse(ds: xr.Dataset, windows: Windows | None = None) -> Findings:
    """Quantum yield of all emission and of each band, photons emitted per photon absorbed.

    :param ds: a run of ``quantum-yield`` with the spectral ``response`` per photon
    :raises AnalysisError: no response, a measurement is missing, or the absorptance is too uncertain
    """
    parameters: Mapping[str, Any] = ds.attrs.get("parameters") or {}
    warnings = []
    if "response" not in ds and not ds.attrs.get("response_corrected"):
        if not parameters.get("force"):
            raise AnalysisError(
                "quantum yield: the spectral response is not known; the station needs [response]"
            )
        warnings.append("not corrected for the spectral response: the yield is wrong")
    low, high = parameters.get("emission", (400.0, 700.0))
    bands = (
        {}
        if windows is None and not (ds.attrs.get("sample") or {}).get("bands")
        else band_windows(ds, windows)
    )
    shown = {"": (float(low), float(high)), **bands}
    counted = read_counts(ds, shown)
    corrections = Corrections(
        float(parameters.get("filter_transmission", 1.0)),
        float(parameters.get("calibration_error", 0.0)),
        float(parameters.get("reabsorption", 0.0)),
        float(parameters.get("reabsorption_error", 0.0)),
    )
    absorptance, sigma, found = yields(counted, corrections, float(np.mean(missed_power(ds))))
    if found[""].value > 1 + _SURE * found[""].stderr:
        warnings.append(
            f"quantum yield: {100 * found[''].value:.3g} % is more than was absorbed; is there a filter that "
            "weakens the laser line, and filter_transmission its transmission?"
        )
    at, note = _conditions(ds)
    findings = [
        Finding(
            quantity="quantum yield",
            of=name,
            value=one.value,
            stderr=one.stderr,
            at=at,
            interval=one.interval,
            note=f"{shown[name][0]:g} to {shown[name][1]:g} nm; {note}",
        )
        for name, one in found.items()
    ]
    findings.append(Finding(quantity="absorptance", value=absorptance, stderr=sigma, at=at, note=note))

    def figure() -> Figure:
        from .figures.quantum_yield import quantum_yield_figure

        return quantum_yield_figure(ds, shown, found, (absorptance, sigma))

    return Findings(procedure="quantum-yield", findings=findings, warnings=warnings, figure=figure)


def _conditions(ds: xr.Dataset) -> tuple[dict[str, float], str]:
    """Set-points of irradiance and temperature, and what was measured, in words."""
    at = {key: float(ds[key].values[0]) for key in ("irradiance", "temperature") if key in ds.coords}
    words = f"{float(ds['irradiance_mean'].mean()):.4g} W/cm²"
    if "sample_temperature" in ds:
        return at, f"{words}, {float(ds['sample_temperature'].mean()):.1f} K"
    return at, f"{words}, temperature not measured"
