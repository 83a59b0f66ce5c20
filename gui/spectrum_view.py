"""The last spectrum, with the bands of the sample."""

from __future__ import annotations

import pyqtgraph as pg
from qtpy import QtWidgets

from antistokes.analysis.figures import band_colours
from antistokes.procedures.channels import RunHeader

from .live_run import LiveRun
from .plot import plot, titled


class SpectrumView(QtWidgets.QWidget):
    """See :class:`.live_views.View`."""

    def __init__(self, live: LiveRun) -> None:
        super().__init__()
        self._live = live
        self.plot = plot("spectrum (counts/s)", "wavelength (nm)")
        self.line = self.plot.plot(pen=pg.mkPen("k", width=1))
        self._regions: list[pg.LinearRegionItem] = []
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)

    def begin(self, header: RunHeader) -> bool:
        for region in self._regions:
            self.plot.removeItem(region)
        self._regions = []
        for name, colour in band_colours(self._live.bands).items():
            faint = pg.mkColor(colour)
            faint.setAlpha(40)
            window = header.sample["bands"][name]
            region = pg.LinearRegionItem(window, movable=False, brush=faint, pen=pg.mkPen(None))
            self.plot.addItem(region)
            self._regions.append(region)
        units = next((channel.units for channel in header.channels if channel.name == "spectrum"), "")
        self.plot.setLabel("left", f"spectrum ({'counts/s' if units == '1/s' else units})")
        titled(self.plot, header)
        return self._live.dimension("wavelength") is not None

    def draw(self) -> None:
        wavelength, spectrum = self._live.dimension("wavelength"), self._live.last("spectrum")
        if wavelength is not None and spectrum is not None:
            self.line.setData(wavelength, spectrum)
