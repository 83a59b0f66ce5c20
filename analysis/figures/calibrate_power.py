"""The figure of a power calibration."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .style import OTHER_COLOURS, draw_title

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..calibrate_power import Curve, PickOff, Readings
    from ..findings import Finding

_RATIO = "pick-off ratio"


def calibrate_power_figure(
    ds: xr.Dataset, findings: Sequence[Finding], of: Readings, ratio: PickOff | None, curve: Curve | None
) -> Figure:
    """The curve that was scanned, and the ratio of the meters against power and time, where there are any.

    :param ds: the run
    :param findings: what was found, for the headings
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 6.5), dpi=130, layout="constrained")
    panels = figure.subplots((curve is not None) + 2 * (ratio is not None), 1, squeeze=False)[:, 0].tolist()
    if curve is not None:
        _draw_curve(panels.pop(0), ds, curve)
        _head(figure.axes[0], [one for one in findings if one.quantity != _RATIO])
    if ratio is not None:
        _draw_ratio(panels, of, ratio)
        _head(panels[0], [one for one in findings if one.quantity == _RATIO])
    for axes in figure.axes:
        axes.grid(alpha=0.3, linewidth=0.5)
    draw_title(figure, ds)
    return figure


def _head(axes: Axes, findings: Sequence[Finding]) -> None:
    """Numbers above a panel; in place of one that could not be found, why."""
    texts = [
        f"{one.quantity} {one.value:.5g} ± {one.stderr:.2g} {'' if one.unit == '1' else one.unit}".strip()
        if math.isfinite(one.value)
        else f"{one.quantity}: {one.note}"
        for one in findings
    ]
    axes.set_title("   ·   ".join(texts), loc="left", fontsize="small")


def _draw_curve(axes: Axes, ds: xr.Dataset, curve: Curve) -> None:
    scan = "attenuator" if "attenuator" in ds.coords else "drive"
    blue, black = OTHER_COLOURS[0], OTHER_COLOURS[-1]
    axes.errorbar(
        curve.x, curve.power * 1e3, curve.sigma * 1e3, fmt="o", color=black, markersize=3, elinewidth=0.8
    )
    if curve.model is not None:
        x = np.linspace(curve.x.min(), curve.x.max(), 1000)
        axes.plot(x, curve.model(x) * 1e3, color=blue, linewidth=1.4)
    thing = "position of the attenuator" if scan == "attenuator" else "drive of the laser"
    unit = str(ds[scan].attrs.get("units", ""))
    axes.set_xlabel(f"{thing} ({unit})" if unit else thing)
    axes.set_ylabel("power on the sample (mW)" + ("" if scan == "attenuator" else ", attenuator open"))
    if scan == "attenuator":
        axes.set_yscale("log", nonpositive="mask")


def _draw_ratio(panels: list[Axes], of: Readings, ratio: PickOff) -> None:
    blue, black = OTHER_COLOURS[0], OTHER_COLOURS[-1]
    values, sigma = ratio.points
    for axes, x, name in (
        (panels[0], of.pickoff[0][ratio.lit] * 1e3, "power on the pick-off meter (mW)"),
        (panels[1], of.time[ratio.lit] - of.time.min(), "time (s)"),
    ):
        axes.errorbar(x, values, sigma, fmt="o", color=black, markersize=3, elinewidth=0.8)
        axes.axhspan(
            ratio.ratio - ratio.stderr, ratio.ratio + ratio.stderr, color=blue, alpha=0.3, linewidth=0
        )
        axes.axhline(ratio.ratio, color=blue, linewidth=1.2)
        axes.set_xlabel(name)
        axes.set_ylabel("sample over pick-off")
    panels[0].set_xscale("log")
