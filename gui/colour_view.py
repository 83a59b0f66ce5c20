"""What colour it is: the CIE 1931 diagram with the points of the run."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy import QtCore, QtGui, QtWidgets

from antistokes.analysis.colour import VISIBLE, chromaticity, error_ellipse, pixel_weights, pure_chromaticity
from antistokes.analysis.figures.chromaticity import diagram_colours
from antistokes.procedures.channels import RunHeader

from .live_run import Array, Column, LiveRun
from .plot import plot, titled

_LOCUS = np.arange(390.0, 701.0)
_EXTENT = (0.8, 0.9)  # of the diagram, x and y
_ELLIPSE = np.linspace(0, 2 * np.pi, 49)
_UNCORRECTED = "the response of the emission path is not known: the station has no [response]"


class ColourView(QtWidgets.QWidget):
    """The last point with its 68 % error ellipse. See :class:`.live_views.View`."""

    def __init__(self, live: LiveRun) -> None:
        super().__init__()
        self._live = live
        self.plot = plot("CIE 1931 y", "CIE 1931 x")
        self.plot.setAspectLocked(True)
        self._draw_diagram()
        self.track = self.plot.plot(
            pen=pg.mkPen("#404040"), symbol="o", symbolSize=5, symbolBrush="#404040", symbolPen=None
        )
        self.last = self.plot.plot(pen=None, symbol="o", symbolSize=9, symbolBrush="w", symbolPen="k")
        self.ellipse = self.plot.plot(pen=pg.mkPen("k", width=1))
        self.note = QtWidgets.QLabel()
        self.note.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.note)

    def begin(self, header: RunHeader) -> bool:
        self._weights: Array | None = None
        self._x, self._y, self._points = Column(), Column(), 0
        for item in (self.track, self.last, self.ellipse):
            item.setData([], [])
        titled(self.plot, header)
        wavelength = self._live.dimension("wavelength")
        if wavelength is None or not ((wavelength > VISIBLE[0]) & (wavelength < VISIBLE[1])).any():
            return False
        units = next((channel.units for channel in header.channels if channel.name == "spectrum"), "")
        laser = header.excitation_wavelength
        self._weights = pixel_weights(
            wavelength,
            "power" if units.endswith("/nm") else "photons",
            header.response,
            [] if laser is None else [laser],
            header.sample.get("bands"),
        )
        self._uncorrected = header.response is None
        self.note.setToolTip(_UNCORRECTED if self._uncorrected else "")
        return True

    def draw(self) -> None:
        """The colours of spectra that are kept no longer are missing."""
        if self._weights is None:
            return
        spectra = self._live.spectra()
        new = min(self._live.points - self._points, len(spectra))
        self._points = self._live.points
        for spectrum in spectra[len(spectra) - new :]:
            x, y = chromaticity(spectrum, np.zeros_like(spectrum), self._weights).xy
            self._x.append(float(x))
            self._y.append(float(y))
        self.track.setData(self._x.values, self._y.values, connect="finite")
        self._draw_last()

    def _draw_last(self) -> None:
        spectrum, errors = self._live.last("spectrum"), self._live.last("spectrum_errors")
        if spectrum is None or self._weights is None:
            return
        found = chromaticity(spectrum, np.zeros_like(spectrum) if errors is None else errors, self._weights)
        x, y = (float(value) for value in found.xy)
        if not np.isfinite(found.covariance).all():
            self.last.setData([], [])
            self.ellipse.setData([], [])
            return
        self.last.setData([x], [y])
        major, minor, angle = error_ellipse(found.covariance)
        along, across = major * np.cos(_ELLIPSE), minor * np.sin(_ELLIPSE)
        c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        self.ellipse.setData(x + c * along - s * across, y + s * along + c * across)
        spread = np.sqrt(np.diagonal(found.covariance))
        text = f"x = {x:.4f} ± {spread[0]:.4f}   y = {y:.4f} ± {spread[1]:.4f}"
        self.note.setText(f"{text}   (uncorrected)" if self._uncorrected else text)

    def _draw_diagram(self) -> None:
        locus = pure_chromaticity(_LOCUS)
        rgb = diagram_colours()
        rows, columns = rgb.shape[:2]
        outline = QtGui.QPolygonF([QtCore.QPointF(x, y) for x, y in locus])
        x, y = np.meshgrid(np.linspace(0, _EXTENT[0], columns), np.linspace(0, _EXTENT[1], rows))
        inside = [
            outline.containsPoint(QtCore.QPointF(*at), QtCore.Qt.FillRule.OddEvenFill)
            for at in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)
        ]
        alpha = np.reshape(inside, (rows, columns, 1))
        image = pg.ImageItem(np.concatenate([rgb, alpha], axis=2), axisOrder="row-major", levels=(0, 1))
        image.setRect(QtCore.QRectF(0, 0, *_EXTENT))
        self.plot.addItem(image)
        closed = np.vstack([locus, locus[:1]])
        self.plot.plot(closed[:, 0], closed[:, 1], pen=pg.mkPen("#707070"))
        self.plot.setRange(xRange=(0, _EXTENT[0]), yRange=(0, _EXTENT[1]))
        self.plot.disableAutoRange()
