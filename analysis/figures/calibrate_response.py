"""The figure of a spectral response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .style import OTHER_COLOURS, draw_title

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from ..calibrate_response import Response


def calibrate_response_figure(ds: xr.Dataset, found: Response) -> Figure:
    """The lamp as it was recorded, the response, and its error.

    :param ds: the run
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 6.5), dpi=130, layout="constrained")
    lamp, response, error = figure.subplots(3, 1, sharex=True, height_ratios=[1.0, 1.4, 0.8])
    wavelength = ds["wavelength"].values
    lamp.plot(wavelength, ds["spectrum"].mean("point").values, color="0.35", linewidth=0.8)
    lamp.set_ylabel("lamp (counts/s)")
    lamp.set_ylim(bottom=0)
    blue = OTHER_COLOURS[0]
    response.plot(found.wavelength, found.response, color=blue, linewidth=0.9, label=found.source)
    response.set_ylabel("relative response\n(counts per photon)")
    response.set_ylim(0, 1.08)
    response.legend(fontsize="small", frameon=False, loc="lower center")
    error.plot(found.wavelength, 100 * found.errors / found.response, color=blue, linewidth=0.9)
    error.set_yscale("log")
    error.set_ylabel("error (%)")
    error.set_xlabel("wavelength (nm)")
    for axes in (lamp, response, error):
        for low, high in ((wavelength.min(), found.wavelength[0]), (found.wavelength[-1], wavelength.max())):
            axes.axvspan(low, high, color="0.85", linewidth=0)
        axes.grid(alpha=0.3, linewidth=0.5)
    error.set_xlim(float(np.min(wavelength)), float(np.max(wavelength)))
    draw_title(figure, ds)
    return figure
