"""The figure of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..bands import good_points, integrate_bands
from ..compare import sample_name
from ..power_law import band_points
from .style import IRRADIANCE_LABEL, NAMED_COLOURS, OTHER_COLOURS, draw_title, plus_minus, unit_label

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from ..findings import Finding

_COLOURS = (OTHER_COLOURS[0], NAMED_COLOURS["orange"], NAMED_COLOURS["green"], *OTHER_COLOURS[1:])


def comparison_figure(
    runs: Sequence[xr.Dataset],
    windows: Mapping[str, tuple[float, float]],
    irradiance: float,
    findings: Sequence[Finding],
) -> Figure:
    """Spectra near *irradiance* W/cm², and intensity against irradiance in the band that is known best."""
    from matplotlib.figure import Figure

    band = min(findings, key=lambda one: one.stderr / max(abs(one.value), 1e-30)).of
    figure = Figure(figsize=(10.5, 4.6), dpi=130, layout="constrained")
    left, right = figure.subplots(1, 2)
    for ds, colour in zip(runs, _COLOURS * len(runs), strict=False):
        name = sample_name(ds)
        usable = np.flatnonzero(good_points(ds) & (ds["irradiance_mean"].values > 0))
        i = usable[np.argmin(np.abs(np.log(ds["irradiance_mean"].values[usable] / irradiance)))]
        spectrum = ds["spectrum"].transpose("point", "wavelength").values[i]
        label = f"{name}, {float(ds['irradiance_mean'][i]):.3g} W/cm²"
        shown = np.where(spectrum > 0, spectrum, np.nan)
        left.plot(ds["wavelength"], shown, color=colour, linewidth=0.8, label=label)
        points = band_points(integrate_bands(ds, {band: windows[band]}), band)
        seen = points[points.detected]
        right.errorbar(
            np.exp(seen.x),
            seen.y,
            seen.sigma,
            fmt="o-",
            color=colour,
            markersize=4,
            linewidth=0.8,
            label=name,
        )
    left.set_yscale("log")
    left.set_xlabel("wavelength (nm)")
    left.set_ylabel(f"spectrum ({unit_label(runs[0]['spectrum'])})")
    left.legend(fontsize="small", frameon=False)
    right.axvline(irradiance, color="0.35", linestyle=":", linewidth=1.0)
    told = [
        f"{one.quantity} {plus_minus(one.value, one.stderr)} {one.unit}".removesuffix(" 1")
        for one in findings
        if one.of == band
    ]
    right.set_title(", ".join(told), fontsize="small", loc="left")
    right.set_xscale("log")
    right.set_yscale("log")
    right.margins(y=0.15)
    for axis, limits in (("x", right.dataLim.intervalx), ("y", right.dataLim.intervaly)):
        if limits[1] < 4 * limits[0]:  # hardly a range: one point, perhaps
            right.set(**{f"{axis}lim": (limits[0] / 3, limits[1] * 3)})
    right.set_xlabel(IRRADIANCE_LABEL)
    right.set_ylabel(f"{band} band")
    right.legend(fontsize="small", frameon=False, loc="upper left")
    names = " against ".join(dict.fromkeys(sample_name(ds) for ds in runs))
    draw_title(figure, runs[0].assign_attrs(title=f"comparison of {names}", sample={}))
    return figure
