"""Ratios of bands in one spectrum, with all that is between the counts and the ratio of what was emitted.

Light of the laser and what strays over the detector is taken off (:mod:`~antistokes.analysis.ground`); what
the wings of the lines carry beyond their bands is put back (:mod:`~antistokes.analysis.line_wings`); that the
power was not quite what it should have been is in the error (:mod:`~antistokes.analysis.held_power`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from .bands import AnalysisError, Array, band_windows, good_points, spectra
from .ground import stray_free
from .held_power import ratio_doubt
from .line_wings import whole_lines

if TYPE_CHECKING:
    import xarray as xr


def band_ratio(
    ds: xr.Dataset, over: str, windows: Mapping[str, tuple[float, float]] | None = None
) -> dict[str, tuple[Array, Array]]:
    """Each band over the band *over*, and 1 σ; both (point,), NaN where a point is flagged.

    Photons (on a relative scale where the response is known) of whole lines, at the set-point of the power.

    :raises AnalysisError: there is no band *over*
    """
    windows = band_windows(ds, windows)
    if over not in windows:
        raise AnalysisError(f"band '{over}': there is none to divide by; known: {', '.join(windows)}")
    seen, good = spectra(ds), good_points(ds)
    kept, weights, quiet = stray_free(ds, seen, windows)
    used = np.nan_to_num(weights, nan=1.0).any(axis=1)  # a NaN elsewhere is no concern of the ratio
    intensity = seen.spectrum[:, used] @ weights[used]
    whole = whole_lines(seen, good, windows, kept, quiet)
    doubt = ratio_doubt(ds)
    below = list(windows).index(over)
    under = np.where(good & (intensity[:, below] > 0), intensity[:, below], np.nan)
    found = {}
    for i, name in enumerate(windows):
        if name == over:
            continue
        ratio = intensity[:, i] / under
        moves = (weights[:, i] - ratio[:, None] * weights[:, below])[:, used]
        noise = np.sqrt(((moves * seen.errors[:, used]) ** 2).sum(axis=1)) / under
        factor = whole[name].factor / whole[over].factor
        relative = np.sqrt(whole[name].stderr ** 2 + whole[over].stderr ** 2 + doubt**2)
        found[name] = ratio * factor, factor * np.hypot(noise, ratio * relative)
    return found
