"""Spectral response from a lamp whose photon spectrum is known."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .bands import AnalysisError, Array, good_points, pixel_widths
from .findings import Finding, Findings

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

_HC_OVER_K = 1.438776877e7  # nm K
_WORST = 0.05  # relative error up to which the response is used


@dataclass(frozen=True, eq=False)
class Response:
    """Counts per photon against wavelength, 1 at its highest; arrays (n,), where it is known.

    :param wavelength: nm, rising
    :param errors: 1 σ of *response*, of the counts alone
    :param source: how it was found
    """

    wavelength: Array
    response: Array
    errors: Array
    source: str


def lamp_photons(wavelength: Array, temperature: float, emissivity_slope: float = 0.0) -> Array:
    """Photons per nm of a glowing filament, in relative units, (n,).

    N ∝ ε(λ)·λ⁻⁴/(exp(hc/λkT) − 1) (Planck's law in photons), ε ∝ 1 + slope·(λ − 600 nm).

    :param wavelength: nm, (n,)
    :param temperature: in K; the colour temperature where *emissivity_slope* (1/nm) is 0
    """
    emissivity = 1 + emissivity_slope * (wavelength - 600)
    photons: Array = emissivity * (wavelength / 600) ** -4 / np.expm1(_HC_OVER_K / (wavelength * temperature))
    return photons


def spectral_response(ds: xr.Dataset) -> Response:
    """The response of what recorded *ds*: its mean spectrum over the lamp's photons in each pixel.

    :param ds: a run of ``calibrate-response``
    :raises AnalysisError: no point to use, or nowhere enough light
    """
    parameters: Mapping[str, Any] = ds.attrs.get("parameters") or {}
    good = good_points(ds)
    if not good.any():
        raise AnalysisError("lamp spectrum: every point is saturated, or could not be read")
    order = np.argsort(ds["wavelength"].values)
    wavelength = ds["wavelength"].values[order].astype(float)
    spectrum = ds["spectrum"].transpose("point", "wavelength").values[good][:, order].astype(float)
    errors = ds["spectrum_errors"].transpose("point", "wavelength").values[good][:, order].astype(float)
    spectrum = without_stray_light(spectrum, float(parameters.get("stray_light", 0.0)))
    temperature = float(parameters["temperature"])
    photons = lamp_photons(wavelength, temperature, float(parameters.get("emissivity_slope", 0.0)))
    photons = photons * pixel_widths(wavelength)
    ratio = spectrum.mean(axis=0) / photons
    noise = np.sqrt((errors**2).mean(axis=0) / len(errors)) / photons
    pixels = float(parameters.get("smoothing", 10.0)) / np.diff(wavelength).mean()
    smooth, sigma = without_noise(ratio, noise, max(int(pixels) // 2 * 2 + 1, 5))
    used = _longest((smooth > 0) & (sigma < _WORST * smooth))
    if used.stop - used.start < 2:
        raise AnalysisError(
            f"lamp spectrum: nowhere known to {100 * _WORST:.0f} %; more light or more frames"
        )
    highest = float(smooth[used].max())
    return Response(
        wavelength[used],
        smooth[used] / highest,
        sigma[used] / highest,
        f"tungsten lamp at {temperature:g} K",
    )


def without_stray_light(spectra: Array, fraction: float) -> Array:
    """*spectra* (..., pixels) in counts without the *fraction* of all counts that every pixel gets."""
    total = spectra.sum(axis=-1, keepdims=True) / (1 + fraction * spectra.shape[-1])
    clean: Array = spectra - fraction * total
    return clean


def without_noise(values: Array, noise: Array, width: int) -> tuple[Array, Array]:
    """*values* with their noise averaged and their structure kept, and what error is left, both (n,).

    A straight line through the *width* points around each one is the smooth curve; of the departure from it
    the part that scatters more than the noise stays (J.-S. Lee, IEEE Trans. Pattern Anal. 2, 165 (1980)):
    pixels differ in sensitivity, and filters have edges.

    :param noise: 1 σ of each value
    """
    from scipy.ndimage import uniform_filter1d
    from scipy.signal import savgol_filter

    smooth: Array = savgol_filter(values, width, 1, mode="interp")
    scatter = uniform_filter1d((values - smooth) ** 2, width)
    expected = uniform_filter1d(noise**2, width)
    real = np.divide(
        np.maximum(scatter - expected, 0.0), scatter, out=np.zeros_like(scatter), where=scatter > 0
    )
    sigma: Array = noise * np.sqrt(real**2 + (1 - real**2) / width)
    return smooth + real * (values - smooth), sigma


def write_response(response: Response, path: str | Path, date: str = "") -> None:
    """A CSV file for the station key ``[response]``: columns wavelength_nm, relative_response.

    :param date: of the measurement; today by default
    """
    low, high = response.wavelength[0], response.wavelength[-1]
    error = float(np.median(response.errors / response.response))
    head = (
        f"# relative spectral response, counts per photon; {response.source}",
        f"# date: {date or datetime.date.today().isoformat()}",
        f"# valid: {low:.6g} to {high:.6g} nm, typical error {100 * error:.2g} % without that of the lamp",
        "wavelength_nm,relative_response",
    )
    rows = (f"{x:.6g},{y:.6g}" for x, y in zip(response.wavelength, response.response, strict=True))
    Path(path).write_text("\n".join((*head, *rows)) + "\n", encoding="utf-8")


def analyse(ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None = None) -> Findings:
    """Where the response is known, and how well.

    :param windows: not used
    :raises AnalysisError: nowhere
    """
    found = spectral_response(ds)

    def figure() -> Figure:
        from .figures.calibrate_response import calibrate_response_figure

        return calibrate_response_figure(ds, found)

    step = float(np.diff(found.wavelength).mean())
    note = f"relative error below {100 * _WORST:.0f} %"
    findings = [
        Finding(quantity="valid from", value=float(found.wavelength[0]), stderr=step, unit="nm", note=note),
        Finding(quantity="valid to", value=float(found.wavelength[-1]), stderr=step, unit="nm", note=note),
        Finding(
            quantity="relative error",
            value=float(np.median(found.errors / found.response)),
            note="median over the range, of the counts; that of the lamp comes on top",
        ),
    ]
    details = {
        "response": {
            "wavelength_nm": [round(x, 4) for x in found.wavelength.tolist()],
            "relative_response": [float(f"{y:.6g}") for y in found.response.tolist()],
            "source": found.source,
        }
    }
    return Findings(procedure="calibrate-response", findings=findings, details=details, figure=figure)


def _longest(good: Any) -> slice:
    """The longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(int)))
    starts, stops = edges[::2], edges[1::2]
    if not len(starts):
        return slice(0, 0)
    best = int(np.argmax(stops - starts))
    return slice(int(starts[best]), int(stops[best]))
