"""Curves of the run that goes on, drawn when there is time: what arrives meanwhile waits for nobody."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy import QtCore, QtWidgets

from antistokes.analysis.figures import band_colours

from .live_run import LiveRun
from .rehearsed import Rehearsed

_PERIOD = 100  # ms between two pictures; at 50 a run on twins goes at half the rate
_SLOPE_POINTS = 3  # on either side of the last one
_SIMULATED = "SIMULATED"


class LiveViews(QtWidgets.QWidget):
    """The last spectrum with the bands of the sample, and each band against the irradiance, log–log."""

    def __init__(self, live: LiveRun) -> None:
        super().__init__()
        self._live = live
        self._drawn = (-1, id(None))
        self.spectrum = pg.PlotWidget()
        self.spectrum.setLabel("bottom", "wavelength (nm)")
        self.spectrum.setLabel("left", "spectrum (counts/s)")
        self.power = pg.PlotWidget()
        self.power.setLogMode(x=True, y=True)
        self.power.setLabel("left", "band (counts/s)")
        self.power.addLegend(offset=(10, 10))
        for plot in (self.spectrum, self.power):  # else "x1e+09" where the axis is a power of ten anyway
            for side in ("bottom", "left"):
                plot.getAxis(side).enableAutoSIPrefix(False)
        self.curve = self.spectrum.plot(pen=pg.mkPen("k", width=1))
        self.bands: dict[str, pg.PlotDataItem] = {}
        self._regions: list[pg.LinearRegionItem] = []
        self._expected = Rehearsed()
        self._behind: list[pg.PlotDataItem] = []
        self.slopes = QtWidgets.QLabel()
        # another text makes no other layout of the window
        self.slopes.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.spectrum, 1)
        layout.addWidget(self.power, 1)
        layout.addWidget(self.slopes)
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.draw)
        self._timer.start(_PERIOD)

    def draw(self) -> None:
        """Show what has come since the last time."""
        live = self._live
        now = (live.points, id(live.header))
        if live.header is None or now == self._drawn:
            return
        if now[1] != self._drawn[1]:
            self._begin()
        self._drawn = now
        wavelength, spectrum = live.dimension("wavelength"), live.last("spectrum")
        if wavelength is not None and spectrum is not None:
            self.curve.setData(wavelength, spectrum)
        x = live.column(self._x)
        texts = []
        for name, item in self.bands.items():
            y = live.column(f"band {name}")
            n = min(len(x), len(y))
            with np.errstate(invalid="ignore"):
                shown = (x[:n] > 0) & (y[:n] > 0)
            item.setData(x[:n][shown], y[:n][shown])
            slope = local_slope(x[:n][shown], y[:n][shown])
            if np.isfinite(slope):
                texts.append(f"{name}: local slope {slope:.2f}")
        self.slopes.setText("   ".join(texts))

    def expect(self, found: Rehearsed) -> None:
        """Draw what the virtual twin predicts behind what is measured against the same set-point."""
        self._expected = found
        self._draw_expected(found.axis if self._live.header is None else self._live.header.axis)

    def _draw_expected(self, axis: str) -> None:
        for item in self._behind:
            self.power.removeItem(item)
        self._behind = []
        found = self._expected
        if found.x is None or axis != found.axis:
            return
        for name, colour in band_colours(list(found.bands)).items():
            y = found.bands[name]
            shown = (found.x > 0) & (y > 0)
            faint = pg.mkColor(colour)
            faint.setAlpha(110)
            item = self.power.plot(found.x[shown], y[shown], pen=pg.mkPen(faint, width=5))
            item.setZValue(-1)
            self._behind.append(item)

    def _begin(self) -> None:
        """Another run: other bands, another axis."""
        header = self._live.header
        assert header is not None
        for item in self.bands.values():
            self.power.removeItem(item)
        for region in self._regions:
            self.spectrum.removeItem(region)
        self.bands, self._regions = {}, []
        self._x = header.axis
        units = {channel.name: channel.units for channel in header.channels}
        self.power.setLabel("bottom", f"{self._x.replace('_', ' ')} ({units.get(self._x, '')})")
        self.power.setVisible(bool(self._live.bands))
        colours = band_colours(self._live.bands)
        for name in self._live.bands:
            colour = colours[name]
            self.bands[name] = self.power.plot(
                pen=pg.mkPen(colour), symbol="o", symbolSize=6, symbolBrush=colour, symbolPen=None, name=name
            )
            low, high = header.sample["bands"][name]
            faint = pg.mkColor(colour)
            faint.setAlpha(40)
            region = pg.LinearRegionItem((low, high), movable=False, brush=faint, pen=pg.mkPen(None))
            self.spectrum.addItem(region)
            self._regions.append(region)
        self._draw_expected(self._x)
        title = f"{header.title}{f' – {_SIMULATED}' if header.simulated else ''}"
        self.spectrum.setTitle(title)


def local_slope(x: np.ndarray, y: np.ndarray) -> float:
    """d ln y/d ln x of a straight line through the last few points; NaN where there are less than three."""
    x, y = np.log(x[-2 * _SLOPE_POINTS :]), np.log(y[-2 * _SLOPE_POINTS :])
    if len(x) < 3 or np.ptp(x) == 0:
        return float("nan")
    return float(np.polyfit(x, y, 1)[0])
