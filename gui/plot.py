"""What all plots have in common."""

from __future__ import annotations

import math

import pyqtgraph as pg

from antistokes.procedures.channels import RunHeader

_SIMULATED = "SIMULATED"
_WIDTH = 76  # pixels
_NUMBERED = (1, 2, 5, 10)


def plot(left: str, bottom: str) -> pg.PlotWidget:
    """An empty plot with these labels."""
    widget = pg.PlotWidget(axisItems={side: _Axis(side) for side in ("bottom", "left")})
    widget.setLabel("left", left)
    widget.setLabel("bottom", bottom)
    for side in ("bottom", "left"):  # else "x1e+09" where the axis is a power of ten anyway
        widget.getAxis(side).enableAutoSIPrefix(False)
    widget.getAxis("left").setWidth(_WIDTH)  # else each other number makes another layout
    return widget


class _Axis(pg.AxisItem):
    """On a logarithmic scale 1, 2 and 5 of each decade have numbers: more do not fit."""

    def logTickStrings(  # noqa: N802
        self, values: list[float], scale: float, spacing: float | None
    ) -> list[str]:
        texts = super().logTickStrings(values, scale, spacing)
        firsts = (round(10 ** (value - math.floor(value + 1e-9))) for value in values)
        return [text if first in _NUMBERED else "" for text, first in zip(texts, firsts, strict=True)]


def titled(widget: pg.PlotWidget, header: RunHeader) -> None:
    """What is measured, and whether it is simulated."""
    widget.setTitle(f"{header.title}{f' – {_SIMULATED}' if header.simulated else ''}")
