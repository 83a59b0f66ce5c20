"""Colours of the points of a run, with errors: from spectra as recorded to CIE 1931 chromaticities.

What is taken care of: the response of the emission path, photons to energy, the laser and its second order
(masked), light that strays evenly over the detector (taken off, by the mean of the pixels between the bands),
the slit, which blurs the spectrum, and that the power was not quite what it should have been (in the error).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .bands import AnalysisError, Array, Spectra, good_points, is_corrected, spectra
from .colour import VISIBLE, Chromaticity, chromaticity, error_ellipse, pixel_weights
from .findings import Finding
from .held_power import ratio_doubt

if TYPE_CHECKING:
    import xarray as xr

NOT_CORRECTED = "not response corrected"
#: nm, FWHM of a slit that the run does not tell (assumed: that of a compact array spectrometer)
_SLIT = 1.5
#: error of what it then changes, which goes with its square: that is anything from 0 to twice the assumed
_SLIT_DOUBT = 1 / np.sqrt(3)


@dataclass(frozen=True, eq=False)
class Colours:
    """Chromaticity of every point, NaN where the point is flagged or dark.

    :param warnings: what to know before believing them
    :param corrected: for the response of the emission path
    """

    chromaticity: Chromaticity
    warnings: list[str]
    corrected: bool

    def findings(self, point: int, at: Mapping[str, float], of: str = "") -> list[Finding]:
        """x and y of one point; their correlation is in the note."""
        xy, covariance = self.chromaticity.xy[point], self.chromaticity.covariance[point]
        errors = np.sqrt(np.diag(covariance))
        note = f"correlation of x and y {covariance[0, 1] / errors.prod():.2f}" if errors.all() else ""
        if not self.corrected:
            note = f"{NOT_CORRECTED}; {note}".removesuffix("; ")
        return [
            Finding(
                quantity=f"chromaticity {axis}",
                of=of,
                value=float(value),
                stderr=float(error),
                at=dict(at),
                note=note,
            )
            for axis, value, error in zip("xy", xy, errors, strict=True)
        ]

    def as_dict(self, point: int) -> dict[str, list[float]]:
        """(x, y) and the 68 % error ellipse (major, minor, degrees) of one point, plain."""
        xy, covariance = self.chromaticity.xy[point], self.chromaticity.covariance[point]
        return {"xy": xy.tolist(), "ellipse": list(error_ellipse(covariance))}


def colours(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    lasers: Iterable[float] = (),
    uncorrected: bool = False,
) -> Colours:
    """The colour of every point.

    :param ds: ``spectrum`` (point, wavelength), with ``spectrum_errors`` and ``response`` where known
    :param windows: where emission is expected, nm; by default the bands of the sample
    :param lasers: nm; by default that of the run
    :param uncorrected: go on although the response is not known
    :raises AnalysisError: the response is not known, or nothing visible was recorded
    """
    corrected = is_corrected(ds)
    if not corrected and not uncorrected:
        raise AnalysisError(
            "chromaticity: the response of the emission path is not known: give the station a "
            "[response] file, or ask for uncorrected colours"
        )
    seen = spectra(ds)
    known = seen.wavelength[np.isfinite(seen.response)]
    if not ((known > VISIBLE[0]) & (known < VISIBLE[1])).any():
        raise AnalysisError("chromaticity: nothing visible was recorded")
    laser = ds.attrs.get("excitation_wavelength")
    bands = windows if windows else (ds.attrs.get("sample") or {}).get("bands") or {}
    slit = float((ds.attrs.get("parameters") or {}).get("resolution", 0.0))
    blurred, weights = (
        pixel_weights(
            seen.wavelength,
            "power" if str(ds["spectrum"].attrs.get("units", "")).endswith("/nm") else "photons",
            seen.response,
            list(lasers) or ([] if laser is None else [laser]),
            bands,
            width,
        )
        for width in (0.0, slit or _SLIT)
    )
    found = chromaticity(seen.spectrum, seen.errors, weights)
    moves = _moved_by_power(ds, seen, weights, bands, found.xy)
    if not slit:
        moves.append(_SLIT_DOUBT * (found.xy - chromaticity(seen.spectrum, seen.errors, blurred).xy))
    for move in moves:
        found.covariance[:] += move[:, :, None] * move[:, None, :]
    dark = ~good_points(ds)
    found.xy[dark], found.covariance[dark] = np.nan, np.nan
    return Colours(found, _warnings(known, corrected), corrected)


def _moved_by_power(
    ds: xr.Dataset, seen: Spectra, weights: Array, windows: Mapping[str, tuple[float, float]], xy: Array
) -> list[Array]:
    """What each band does to (x, y) by its share of what the power was off, 1 σ; each (point, 2).

    Any two bands differ by :func:`~antistokes.analysis.held_power.ratio_doubt`, no band more than the others.
    """
    doubt = ratio_doubt(ds) / np.sqrt(2)
    used = weights.any(axis=1)  # a NaN elsewhere is no concern of the colour
    total = (seen.spectrum[:, used] @ weights[used]).sum(axis=1)
    moves = []
    for low, high in windows.values():
        inside = used & (seen.wavelength >= low) & (seen.wavelength <= high)
        own = seen.spectrum[:, inside] @ weights[inside]
        moves.append(doubt[:, None] * (own[:, :2] - xy * own.sum(axis=1, keepdims=True)) / total[:, None])
    return moves


def _warnings(wavelength: Array, corrected: bool) -> list[str]:
    low, high = float(wavelength.min()), float(wavelength.max())
    found = [] if corrected else [f"colours and band ratios are {NOT_CORRECTED}"]
    if low > VISIBLE[0] or high < VISIBLE[1]:
        found.append(
            f"colours are of {low:.0f} to {high:.0f} nm only; the visible range is "
            f"{VISIBLE[0]:g} to {VISIBLE[1]:g} nm"
        )
    return found
