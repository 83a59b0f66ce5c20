"""What one emission spectrum shows: lines, their widths, and how far they lie above the laser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .band_ratio import band_ratio
from .bands import (
    AnalysisError,
    Array,
    band_windows,
    good_points,
    is_corrected,
    pixel_fractions,
    pixel_scatter,
    pixel_widths,
)
from .emission_lines import (
    EV_NM,
    RESPONSE_SLOPE,
    Line,
    Mask,
    anti_stokes_shift,
    background,
    find_lines,
    smooth_errors,
)
from .findings import Finding, Findings
from .held_power import intensity_doubt
from .laser_lines import LASER_MASK, excitation_wavelengths, laser_free, overlaps, second_orders
from .pump_light import laser_line
from .slit_width import SlitWidth, own_width, pixel_at, too_coarse

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Windows = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class MeanSpectrum:
    """The mean of all usable points, background subtracted; arrays (wavelength,), rising in nm.

    :param usable: not near a laser line, nor where the response is not known
    :param offset: the background that was subtracted from every pixel, as recorded
    :param offset_stderr: what its error makes of each pixel, all in the same direction; (wavelength,)
    :param corrected: divided by the response of the spectrometer
    :param laser: nm; None when the run has none
    """

    wavelength: Array
    signal: Array
    errors: Array
    usable: Mask
    offset: float
    offset_stderr: Array
    laser: float | None
    corrected: bool = False


def analyse(ds: xr.Dataset, windows: Windows | None = None, over: str = "") -> Findings:
    """Position, width, shift, centroid and intensity of the sample's bands, and of all lines in them.

    :param ds: a run; points of one block are averaged
    :param over: a band that the others are divided by
    :raises AnalysisError: no usable point; no band *over*
    """
    parameters = ds.attrs.get("parameters") or {}
    distance = float(parameters.get("laser_mask", LASER_MASK))
    resolution = float(parameters.get("resolution", 0.0))
    known = _windows(ds, windows)
    mean = mean_spectrum(ds, known, distance)
    lines = named_lines(mean, known)
    findings, unresolved = [], set()
    for name, line in lines.items():
        pixel = pixel_at(mean.wavelength, line.wavelength)
        width = own_width(line, resolution, pixel)
        findings += line_findings(name, line, width, mean.laser)
        unresolved |= set() if np.isfinite(width.fwhm) else {too_coarse(resolution, pixel)}
    for name, window in known.items():
        clear = ~second_orders(mean.wavelength, name, known)
        of_band = _band_findings(name, window, mean, clear, str(ds["spectrum"].attrs.get("units", "1/s")))
        findings += [_at_set_power(ds, of_band[0]), *of_band[1:]]
    findings += _ratios(ds, over, known) if over else []
    warnings = overlaps(known, [] if mean.laser is None else [mean.laser], distance)
    if not lines:
        warnings.append("no line stands out from the noise")
    warnings += sorted(unresolved) + (laser_line(ds, known) if known else [])

    def figure() -> Figure:
        from .figures.spectrum import spectrum_figure

        return spectrum_figure(ds, mean, lines, known)

    return Findings(procedure="spectrum", findings=findings, warnings=warnings, figure=figure)


def _windows(ds: xr.Dataset, windows: Windows | None) -> Windows:
    """The bands by hand or of the sample; none where neither says any: lines are found without."""
    named = (ds.attrs.get("sample") or {}).get("bands")
    return band_windows(ds, windows) if windows or named else {}


def mean_spectrum(ds: xr.Dataset, windows: Windows, distance: float) -> MeanSpectrum:
    """All usable points of *ds* averaged.

    :raises AnalysisError: there is none
    """
    good = good_points(ds) & np.isfinite(ds["spectrum"].values).all(axis=1)
    if not good.any():
        raise AnalysisError("spectrum: 0 usable points (saturated, or not read); at least 1 is needed")
    wavelength, signal, errors = pixels(ds, good)
    laser = excitation_wavelengths(ds)
    nm = float(laser[good].mean()) if np.isfinite(laser[good]).any() else None
    free = laser_free(wavelength, nm, distance)
    mean, sigma = signal.mean(axis=0), np.sqrt((errors**2).sum(axis=0)) / good.sum()
    sigma = smooth_errors(mean, sigma)
    offset, doubt = background(mean, sigma, free & ~inside(wavelength, windows))
    response = np.ones(len(wavelength))
    if "response" in ds:
        response = ds["response"].values[np.argsort(ds["wavelength"].values)].astype(float)
    known = np.isfinite(response) & (response > 0)
    response = np.where(known, response, 1.0)
    return MeanSpectrum(
        wavelength,
        (mean - offset) / response,
        sigma / response,
        free & known,
        offset,
        doubt / response,
        nm,
        "response" in ds,
    )


def pixels(ds: xr.Dataset, points: Mask) -> tuple[Array, Array, Array]:
    """Wavelengths in rising order; spectra and their errors of the chosen *points*, (point, wavelength)."""
    order = np.argsort(ds["wavelength"].values)
    spectrum = ds["spectrum"].transpose("point", "wavelength").values[points][:, order].astype(float)
    if "spectrum_errors" in ds:
        errors = ds["spectrum_errors"].transpose("point", "wavelength").values[points][:, order].astype(float)
    else:
        errors = np.repeat(pixel_scatter(spectrum)[:, None], len(order), axis=1)
    return ds["wavelength"].values[order].astype(float), spectrum, errors


def inside(wavelength: Array, windows: Windows) -> Mask:
    """Pixels in one of the bands."""
    found = np.zeros(len(wavelength), dtype=bool)
    for low, high in windows.values():
        found |= (wavelength >= low) & (wavelength <= high)
    return found


def named_lines(mean: MeanSpectrum, windows: Windows) -> dict[str, Line]:
    """All lines, by the name of the band where it has one line, else that and the rounded wavelength."""
    lines = find_lines(
        mean.wavelength,
        mean.signal,
        mean.errors,
        mean.usable,
        0.0 if mean.corrected else RESPONSE_SLOPE,
    )
    named: dict[str, Line] = {}
    for band, (low, high) in windows.items():
        own = [line for line in lines if low <= line.wavelength <= high]
        for line in own:
            named[band if len(own) == 1 else f"{band} {line.wavelength:.0f}"] = line
    others = [line for line in lines if line not in named.values()]
    return named | {f"{line.wavelength:.0f} nm": line for line in others}


def _at_set_power(ds: xr.Dataset, intensity: Finding) -> Finding:
    """*intensity* with the error of what the power was off, which is that of two photons (assumed)."""
    doubt = float(np.mean(intensity_doubt(ds))) * abs(intensity.value)
    return replace(intensity, stderr=float(np.hypot(intensity.stderr, doubt)))


def line_findings(name: str, line: Line, width: SlitWidth, laser: float | None) -> list[Finding]:
    """Where a line lies, how wide it is, and how far above the laser."""
    found = [
        Finding(
            quantity="emission wavelength",
            of=name,
            value=line.wavelength,
            stderr=line.wavelength_stderr,
            unit="nm",
        ),
        Finding(
            quantity="linewidth",
            of=name,
            value=width.fwhm,
            stderr=width.stderr,
            unit="nm",
            note=width.note,
        ),
    ]
    if laser is not None:
        shift, stderr = anti_stokes_shift(line.wavelength, line.wavelength_stderr, laser)
        found.append(
            Finding(
                quantity="anti-Stokes shift",
                of=name,
                value=shift,
                stderr=stderr,
                unit="meV",
                note=f"above {laser:.6g} nm",
            )
        )
    return found


def _ratios(ds: xr.Dataset, over: str, windows: Windows) -> list[Finding]:
    """Each band over the one of that name, the mean of all points."""
    found = []
    for name, (ratio, error) in band_ratio(ds, over, windows).items():
        known = np.isfinite(ratio) & (error > 0)
        if known.any():
            weight = error[known] ** -2.0
            value = float(np.average(ratio[known], weights=weight))
            found.append(
                Finding(
                    quantity="band ratio", of=name, value=value, stderr=float(weight.sum() ** -0.5),
                    note=f"over {over}" + ("" if is_corrected(ds) else "; not response corrected"),
                )
            )  # fmt: skip
    return found


def _band_findings(
    name: str, window: tuple[float, float], mean: MeanSpectrum, clear: Mask, unit: str
) -> list[Finding]:
    """Centre of gravity in energy, and the integral, of what is *clear* of other bands and not masked."""
    part = pixel_fractions(mean.wavelength, window, f"band '{name}'") * (mean.usable & clear)
    if not part.any():
        return []
    widths = pixel_widths(mean.wavelength) if unit.endswith("/nm") else np.ones(len(part))
    weight, energies = part * widths, EV_NM / mean.wavelength
    total = float(weight @ mean.signal)
    doubt = float(np.hypot(np.sqrt(weight**2 @ mean.errors**2), weight @ mean.offset_stderr))
    cut = (
        "without what the laser or a second order masks"
        if (part < pixel_fractions(mean.wavelength, window)).any()
        else ""
    )
    intensity = Finding(
        quantity="intensity", of=name, value=total, stderr=doubt, unit=unit.removesuffix("/nm"), note=cut
    )
    if total < 3 * doubt:
        return [intensity]
    centre = float(weight @ (mean.signal * energies)) / total
    lever = weight * (energies - centre) / total  # d centre / d signal
    slope = 0.0 if mean.corrected else RESPONSE_SLOPE
    tilt = slope * float(lever @ (mean.signal * (mean.wavelength - EV_NM / centre)))
    noise = np.sqrt(lever**2 @ mean.errors**2)
    stderr = float(np.sqrt(noise**2 + (lever @ mean.offset_stderr) ** 2 + tilt**2))
    return [
        intensity,
        Finding(quantity="centroid", of=name, value=centre, stderr=stderr, unit="meV", note=cut),
    ]
