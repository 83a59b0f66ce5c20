"""Photons after the pulse, on a logarithmic scale."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy import QtWidgets

from antistokes.analysis.figures import band_colours
from antistokes.procedures.channels import RunHeader

from .live_run import Array, LiveRun
from .plot import plot, titled

_POINTS = 1000  # more bins are put together
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"), (1e-12, "ps"))
_SHARE = 0.1  # of the histogram, by which its unit is chosen
_COLOURS = band_colours(["green", "red"])
_CURVES = {"irf": _COLOURS["green"], "decay_dark": "#8C8C8C", "decay": _COLOURS["red"]}
_WORDS = {"irf": "instrument response", "decay_dark": "without light", "decay": "photons per bin"}


class DecayView(QtWidgets.QWidget):
    """See :class:`.live_views.View`."""

    def __init__(self, live: LiveRun) -> None:
        super().__init__()
        self._live = live
        self.plot = plot("photons per bin", "time")
        self.plot.setLogMode(y=True)
        self.plot.addLegend(offset=(-10, 10))
        self.curves: dict[str, pg.PlotDataItem] = {}
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)

    def begin(self, header: RunHeader) -> bool:
        for item in self.curves.values():
            self.plot.removeItem(item)
        there = {channel.name for channel in header.channels}
        self.curves = {
            name: self.plot.plot(pen=pg.mkPen(colour, width=1), name=_WORDS[name])
            for name, colour in _CURVES.items()
            if name in there
        }
        times = self._live.dimension("decay_time")
        if times is not None:
            long = _SHARE * float(times[-1])
            self._unit, unit = next((one for one in _UNITS if long >= one[0]), _UNITS[-1])
            self.plot.setLabel("bottom", f"time after the pulse begins ({unit})")
        titled(self.plot, header)
        return times is not None

    def draw(self) -> None:
        times = self._live.dimension("decay_time")
        for name, item in self.curves.items():
            counts = self._live.last(name)
            if times is not None and counts is not None:
                at, mean = together(times, counts)
                item.setData(at / self._unit, np.where(mean > 0, mean, np.nan), connect="finite")


def together(times: Array, counts: Array) -> tuple[Array, Array]:
    """The mean of neighbouring bins, so that there are no more than can be seen, (n,) each."""
    size = -(-len(counts) // _POINTS)
    whole = len(counts) // size * size
    return times[:whole:size], counts[:whole].reshape(-1, size).mean(axis=1)
