"""What spectra under pulses of several widths show: band ratios and colours against the width."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .band_ratio import band_ratio
from .bands import AnalysisError, Array, good_points
from .emission_colour import NOT_CORRECTED, Colours, colours
from .findings import Finding, Findings
from .pump_light import laser_line

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class WidthColour:
    """Everything against the width of the pulses, in s, (point,).

    :param ratios: band to its ratio over the band *over* and 1 σ, both (point,)
    :param colour: None: it must not be told, *warnings* say why
    """

    width: Array
    over: str
    ratios: dict[str, tuple[Array, Array]]
    colour: Colours | None
    warnings: list[str]


def width_colour(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    over: str = "red",
    uncorrected: bool = False,
) -> WidthColour:
    """Ratios of bands and chromaticities at every width.

    :raises AnalysisError: neither can be told
    """
    warnings, problems = [], []
    ratios: dict[str, tuple[Array, Array]] = {}
    colour = None
    try:
        ratios = band_ratio(ds, over, windows)
    except AnalysisError as error:
        problems.append(str(error))
    try:
        colour = colours(ds, windows, uncorrected=uncorrected)
        warnings += colour.warnings
    except AnalysisError as error:
        problems.append(str(error))
    if colour is None and not ratios:
        raise AnalysisError("; ".join(problems))
    if ratios:
        warnings += laser_line(ds, windows)
    if left_out := int((~good_points(ds)).sum()):
        warnings.append(f"{left_out} of {ds.sizes['point']} points are left out: saturated, or not read")
    width = ds["pulse_width"].values.astype(float)
    return WidthColour(width, over, ratios, colour, warnings + problems)


def analyse(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    over: str = "red",
    uncorrected: bool | None = None,
) -> Findings:
    """Band ratios and chromaticities, at each width.

    :param ds: a run with ``pulse_width``; see :func:`~antistokes.analysis.emission_colour.colours`
    :param over: the band that the others are divided by
    :param uncorrected: colours although the response is not known; by default as the run was asked
    :raises AnalysisError: there is neither a ratio nor a colour
    """
    parameters = ds.attrs.get("parameters", {})
    forced = bool(parameters.get("uncorrected", False)) if uncorrected is None else uncorrected
    found = width_colour(ds, windows, over, forced)
    corrected = found.colour is not None and found.colour.corrected
    findings, points = [], []
    for i, width in enumerate(found.width):
        at, here = {"pulse_width": float(width)}, []
        for name, (ratio, error) in found.ratios.items():
            if np.isfinite(ratio[i]):
                here.append(
                    Finding(
                        quantity="band ratio",
                        of=name,
                        value=float(ratio[i]),
                        stderr=float(error[i]),
                        at=at,
                        note=f"over {over}" + ("" if corrected else f"; {NOT_CORRECTED}"),
                    )
                )
        if found.colour is not None and np.isfinite(found.colour.chromaticity.xy[i]).all():
            here += found.colour.findings(i, at)
            points.append(at | found.colour.as_dict(i))
        findings += [replace(one, note=f"{one.note}; {_light(ds, i)}".strip("; ")) for one in here]

    def figure() -> Figure:
        from .figures.pulse_width_colour import pulse_width_colour_figure

        return pulse_width_colour_figure(ds, found)

    details = {"hold": parameters.get("hold", ""), "over": over, "colours": points}
    return Findings(
        procedure="pulse-width-colour",
        findings=findings,
        warnings=found.warnings,
        details=details,
        figure=figure,
    )


def _light(ds: xr.Dataset, point: int) -> str:
    """At which irradiance a *point* was measured, in words; nothing where it was not."""
    if "irradiance_mean" not in ds:
        return ""
    value = float(ds["irradiance_mean"].values[point])
    error = float(ds["irradiance_mean_errors"].values[point]) if "irradiance_mean_errors" in ds else np.nan
    return f"at {value:.4g} ± {error:.2g} W/cm²" if np.isfinite(error) else f"at {value:.4g} W/cm²"
