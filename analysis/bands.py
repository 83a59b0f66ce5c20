"""From spectra to band intensities: the sum over a window of the spectrum, with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import xarray as xr

Array = npt.NDArray[np.float64]

#: A point with one of these flags is not a measurement of the sample. ``off_target`` is none of them,
#: because what was measured is used, not what was asked for; ``below_noise`` is none either, because
#: leaving weak points out makes a power law too flat.
EXCLUDED_FLAGS = ("saturated", "read_failed", "over_range")

#: What is carried along from the run, so that the result can be used alone.
_CARRIED = ("irradiance", "irradiance_mean", "irradiance_mean_errors", "direction", "flags")


class AnalysisError(ValueError):
    """Something that cannot be evaluated: the thing, its value, and what would be right, in one line."""


def good_points(ds: xr.Dataset) -> npt.NDArray[np.bool_]:
    """Which points carry none of :data:`EXCLUDED_FLAGS`; shape (point,). All of them if there are no flags.

    The bits are read from the CF attributes ``flag_masks`` and ``flag_meanings``.
    """
    if "flags" not in ds:
        return np.ones(ds.sizes["point"], dtype=bool)
    masks = np.atleast_1d(ds["flags"].attrs["flag_masks"])
    meanings = ds["flags"].attrs["flag_meanings"].split()
    bad = sum(int(mask) for mask, name in zip(masks, meanings, strict=True) if name in EXCLUDED_FLAGS)
    return (ds["flags"].values.astype(np.int64) & bad) == 0


class Spectra(NamedTuple):
    """By rising nm: spectra and 1 σ (point, pixels); response and what turns a pixel into its share of an
    integral, both (pixels,).

    :param response: 1 where the run does not know it, NaN where it is not calibrated
    :param widths: of the pixels in nm where the spectrum is a density, else 1
    """

    wavelength: Array
    spectrum: Array
    errors: Array
    response: Array
    widths: Array


def spectra(ds: xr.Dataset) -> Spectra:
    """The spectra of a run. Without ``spectrum_errors`` σ is the same for all pixels of a spectrum and comes
    from the scatter between neighbours (see :func:`pixel_scatter`).

    :param ds: ``spectrum`` and ``spectrum_errors`` (point, wavelength), ``response`` (wavelength)
    """
    order = np.argsort(ds["wavelength"].values)
    wavelength = ds["wavelength"].values[order].astype(float)
    spectrum = ds["spectrum"].transpose("point", "wavelength").values[:, order].astype(float)
    if "spectrum_errors" in ds:
        errors = ds["spectrum_errors"].transpose("point", "wavelength").values[:, order].astype(float)
    else:
        errors = np.broadcast_to(pixel_scatter(spectrum)[:, None], spectrum.shape)
    response = ds["response"].values[order].astype(float) if "response" in ds else np.ones(len(order))
    density = str(ds["spectrum"].attrs.get("units", "")).endswith("/nm")
    widths = pixel_widths(wavelength) if density else np.ones(len(order))
    return Spectra(wavelength, spectrum, errors, response, widths)


def band_weights(seen: Spectra, windows: Mapping[str, tuple[float, float]]) -> Array:
    """What each pixel counts in each band, (pixels, bands): the part of it inside, over the response.

    :raises AnalysisError: a band reaches beyond what was recorded, or where the response is known
    """
    columns = []
    for name, window in windows.items():
        fraction = pixel_fractions(seen.wavelength, window, f"band '{name}'")
        if not np.isfinite(seen.response[fraction > 0]).all():
            raise AnalysisError(
                f"band '{name}': {window[0]:g} to {window[1]:g} nm is outside of where the response is known"
            )
        columns.append(np.where(fraction > 0, fraction / seen.response * seen.widths, 0.0))
    return np.stack(columns, axis=1)


def integrate_bands(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    weights: Array | None = None,
) -> xr.Dataset:
    """Intensity of each band at each point: counts per second; W where the spectrum is in W/nm.

    The intensity is the sum of the pixels inside the window: I = Σ fᵢ·Sᵢ, where fᵢ is the fraction of
    pixel i that lies inside. A pixel reaches half way to its neighbours, and its counts are taken as
    spread evenly over it, so that moving an edge of the window moves the intensity without steps and
    two adjoining windows add up to the joint one. No baseline is subtracted (see
    :mod:`~antistokes.analysis.ground`). Where the run holds the response of the emission path, it is divided
    by that first: then the intensity counts photons, on a relative scale.

    The uncertainty is √Σ(fᵢ·σᵢ)², the pixels being independent.

    :param ds: see :func:`spectra`
    :param windows: band name to (low, high) in nm; by default the bands of ``ds.attrs["sample"]``
    :param weights: (pixels, bands) to use instead of :func:`band_weights`
    :return: per band ``<name>`` and ``<name>_errors`` (1 σ), both (point,), with irradiances, direction
        and flags carried along. A point with a NaN pixel inside the window is NaN.
    """
    import xarray as xr

    windows = band_windows(ds, windows)
    seen = spectra(ds)
    weights = band_weights(seen, windows) if weights is None else weights
    units = str(ds["spectrum"].attrs.get("units", "1/s")).removesuffix("/nm")
    result = ds[[name for name in _CARRIED if name in ds]].drop_vars("wavelength", errors="ignore")
    result.attrs = dict(ds.attrs)
    for (name, window), weight in zip(windows.items(), weights.T, strict=True):
        used = weight != 0  # a NaN elsewhere in the spectrum is no concern of this band
        attrs = {"units": units, "window": list(window)}
        intensity = seen.spectrum[:, used] @ weight[used]
        sigma = np.sqrt(seen.errors[:, used] ** 2 @ weight[used] ** 2)
        result[name] = xr.DataArray(intensity, dims="point", attrs={**attrs, "long_name": f"{name} band"})
        result[f"{name}_errors"] = xr.DataArray(sigma, dims="point", attrs={**attrs, "long_name": "1 sigma"})
    return result


def is_corrected(ds: xr.Dataset) -> bool:
    """Whether intensities are free of the response: it is known, the unit is power, or somebody says so."""
    in_power = str(ds["spectrum"].attrs.get("units", "")).endswith("/nm")
    return "response" in ds or in_power or bool(ds.attrs.get("response_corrected", False))


def pixel_fractions(wavelength: Array, window: tuple[float, float], thing: str = "window") -> Array:
    """The fraction of each pixel that lies inside the window; shape (wavelength,), 0 to 1.

    :param wavelength: pixel centres in nm, increasing; a pixel ends half way to its neighbour
    :param thing: the subject of the message when the window cannot be used
    """
    low, high = window
    edges = _edges(wavelength)
    if not low < high:
        raise AnalysisError(f"{thing}: {low:g} to {high:g} nm is empty; the lower edge comes first")
    if low < edges[0] or high > edges[-1]:
        raise AnalysisError(
            f"{thing}: {low:g} to {high:g} nm is outside the recorded {edges[0]:.6g} to {edges[-1]:.6g} nm"
        )
    overlap = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    return np.clip(overlap / np.diff(edges), 0.0, 1.0)


def pixel_widths(wavelength: Array) -> Array:
    """Width of each pixel in nm, shape (wavelength,); a pixel ends half way to its neighbour."""
    return np.diff(_edges(wavelength))


def _edges(wavelength: Array) -> Array:
    middle = (wavelength[1:] + wavelength[:-1]) / 2
    return np.concatenate([[2 * wavelength[0] - middle[0]], middle, [2 * wavelength[-1] - middle[-1]]])


def pixel_scatter(spectrum: Array) -> Array:
    """1 σ of a pixel from the scatter between neighbours, per spectrum; shape (point,).

    σ = 1.4826/√6 · median|2Fᵢ − Fᵢ₋₂ − Fᵢ₊₂| (DER_SNR, Stoehr et al., ADASS XVII, ASP 394, 505, 2008).
    It is the noise of the many dark pixels; the shot noise of the few bright ones is not in it.
    """
    second = 2 * spectrum[:, 2:-2] - spectrum[:, :-4] - spectrum[:, 4:]
    usable = np.isfinite(second).any(axis=1)
    sigma = np.full(len(spectrum), np.nan)
    sigma[usable] = 1.4826 / np.sqrt(6) * np.nanmedian(np.abs(second[usable]), axis=1)
    return sigma


def band_windows(
    ds: xr.Dataset, windows: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, tuple[float, float]]:
    """Band name to (low, high) in nm: *windows*, or the sample's bands, where recorded and calibrated."""
    if windows is None:
        pixels = ds["wavelength"].values
        if "response" in ds:
            pixels = pixels[np.isfinite(ds["response"].values)]
        recorded = float(np.min(pixels, initial=np.inf)), float(np.max(pixels, initial=0.0))
        known = (ds.attrs.get("sample") or {}).get("bands") or {}
        windows = {name: w for name, w in known.items() if recorded[0] <= w[0] and w[1] <= recorded[1]}
        if known and not windows:
            raise AnalysisError(
                f"bands: none of {', '.join(known)} lies within the recorded "
                f"{recorded[0]:.6g} to {recorded[1]:.6g} nm"
            )
    if not windows:
        raise AnalysisError("bands: the run names none for its sample; pass windows={'green': (515, 560)}")
    return {name: (float(low), float(high)) for name, (low, high) in windows.items()}
