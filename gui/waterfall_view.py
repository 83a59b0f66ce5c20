"""All spectra so far, one line each, the last one at the top."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from qtpy import QtCore, QtWidgets

from antistokes.procedures.channels import RunHeader

from .live_run import LiveRun
from .plot import plot, titled

_DECADES = 5  # below the brightest pixel that are told apart
_COLUMNS = 512  # more pixels than these are put together


class WaterfallView(QtWidgets.QWidget):
    """On a logarithmic scale of colours. See :class:`.live_views.View`."""

    def __init__(self, live: LiveRun) -> None:
        super().__init__()
        self._live = live
        self.plot = plot("point", "wavelength (nm)")
        self.image = pg.ImageItem(axisOrder="row-major")
        self.image.setColorMap(pg.colormap.get("viridis"))
        self.plot.addItem(self.image)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)

    def begin(self, header: RunHeader) -> bool:
        self.image.clear()
        titled(self.plot, header)
        return self._live.dimension("wavelength") is not None

    def draw(self) -> None:
        wavelength, spectra = self._live.dimension("wavelength"), self._live.spectra()
        if wavelength is None or not spectra:
            return
        rows = together(np.array(spectra))
        brightest = float(np.nanmax(rows, initial=0.0))
        if brightest <= 0:
            return
        shown = np.log10(np.maximum(rows / brightest, 10.0**-_DECADES))
        self.image.setImage(shown, levels=(-_DECADES, 0))
        last, low = self._live.points, float(wavelength[0])
        first = last - len(spectra)
        self.image.setRect(QtCore.QRectF(low, first, float(wavelength[-1]) - low, len(spectra)))


def together(spectra: np.ndarray) -> np.ndarray:
    """Spectra (n, pixels) with neighbouring pixels put together, the brightest of them, (n, at most 512)."""
    size = -(-spectra.shape[1] // _COLUMNS)
    if size == 1:
        return spectra
    whole = spectra[:, : spectra.shape[1] // size * size]
    return np.asarray(whole.reshape(len(spectra), -1, size).max(axis=2))
