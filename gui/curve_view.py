"""The signal of each point against a set-point."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from qtpy import QtCore, QtWidgets

from antistokes.analysis.figures import band_colours
from antistokes.procedures.channels import RunHeader

from .curves import Curves
from .live_run import Array, LiveRun
from .no_wheel import NO_WHEEL
from .plot import plot
from .thinned import Thinned

_SLOPE_POINTS = 3  # on either side of the last one
_AUTO = "against what changes"
_INVERSE = "1/temperature"
_POWERS = ("irradiance", "power", "photon_flux", "pulse_energy")  # drawn log–log
_MARKS = 2000  # points; of more only the line is drawn


class CurveView(QtWidgets.QWidget):
    """Each band, or the scalar signal of the procedure; against powers log–log, with the local slope.

    Signals of less than a decade are on a linear scale. Against the inverse temperature it is an Arrhenius
    plot. See :class:`.live_views.View`.
    """

    def __init__(self, live: LiveRun) -> None:
        super().__init__()
        self._live = live
        self._scales = "", True  # the set-point, and whether signals are logarithmic
        self.plot = plot("band (counts/s)", "")
        self.plot.setLogMode(y=True)
        self.plot.addLegend(offset=(10, 10))
        self.curves: dict[str, pg.PlotDataItem] = {}
        self.others: list[pg.PlotDataItem] = []
        self._other = Curves()
        self.against = QtWidgets.QComboBox()
        self.against.addItem(_AUTO)
        self.against.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.against.installEventFilter(NO_WHEEL)
        self.against.currentTextChanged.connect(lambda _: self.draw())
        self.slopes = QtWidgets.QLabel()
        # another text makes no other layout of the window
        self.slopes.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)
        below = QtWidgets.QHBoxLayout()
        below.addWidget(self.slopes, 1)
        below.addWidget(self.against)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot, 1)
        layout.addLayout(below)

    def begin(self, header: RunHeader) -> bool:
        for item in self.curves.values():
            self.plot.removeItem(item)
        self._units = {channel.name: channel.units for channel in header.channels}
        names = self._live.curves
        colours = band_colours(names.values())
        self.curves = {
            column: self.plot.plot(
                pen=pg.mkPen(colours[name]),
                symbol="o",
                symbolSize=6,
                symbolBrush=colours[name],
                symbolPen=None,
                name=name,
            )
            for column, name in names.items()
        }
        what = "band" if self._live.bands else ", ".join(names.values())
        unit = "counts/s" if self._live.bands else self._units.get(header.signal, "")
        self.plot.setLabel("left", f"{what} ({unit})" if unit else what)
        self.against.blockSignals(True)
        self.against.clear()
        axes = self._live.axes
        self.against.addItems([_AUTO, *axes, *([_INVERSE] if "temperature" in axes else [])])
        self.against.blockSignals(False)
        self._scales = "", True
        self._thinned: dict[tuple[str, str], Thinned] = {}
        return bool(self.curves)

    def draw(self) -> None:
        x = self._against()
        where = self._column(x)
        whole, thin = {}, {}
        for column in self.curves:
            y = self._live.column(column)
            n = min(len(where), len(y))  # one may have got a point meanwhile
            whole[column] = where[:n], y[:n]
            thin[column] = self._thinned.setdefault((x, column), Thinned()).of(*whole[column])
        log = x in _POWERS or decades([y for _, y in thin.values()]) > 1
        if (x, log) != self._scales:
            self._turn(x, log)
        texts = []
        for column, item in self.curves.items():
            item.setSymbol("o" if len(whole[column][1]) <= _MARKS else None)
            item.setData(*drawn(x, *thin[column]))
            last = (values[-2 * _SLOPE_POINTS :] for values in whole[column])
            slope = local_slope(*drawn(x, *last)) if x in _POWERS else float("nan")
            if np.isfinite(slope):
                texts.append(f"{item.name()}: local slope {slope:.2f}")
        self.slopes.setText("   ".join(texts))

    def behind(self, curves: Curves) -> None:
        """Draw *curves* behind what is measured against the same set-point."""
        self._other = curves
        self._draw_other(self._scales[0] if self._live.header is not None else innermost(curves.axes))

    def _against(self) -> str:
        """What is chosen; else the innermost set-point that has changed."""
        if self.against.currentIndex() > 0:
            return self.against.currentText()
        return innermost({name: self._live.column(name) for name in self._live.axes})

    def _column(self, x: str) -> Array:
        return at(x, self._live.column("temperature" if x == _INVERSE else x))

    def _turn(self, x: str, log: bool) -> None:
        """Other axes."""
        self._scales = x, log
        self.plot.setLogMode(x=x in _POWERS, y=log)
        unit = "1000/K" if x == _INVERSE else self._units.get(x, "")
        self.plot.setLabel("bottom", f"{x.replace('_', ' ')} ({unit})" if x else "")
        self._draw_other(x)

    def _draw_other(self, axis: str) -> None:
        for item in self.others:
            self.plot.removeItem(item)
        self.others = []
        found = self._other
        values = found.axes.get("temperature" if axis == _INVERSE else axis)
        if values is None:
            return
        x = at(axis, values)
        self.plot.setLogMode(x=axis in _POWERS, y=self._scales[1])
        colours = band_colours(name.removeprefix("band ") for name in found.columns)
        for y, colour in zip(found.columns.values(), colours.values(), strict=True):
            faint = pg.mkColor(colour)
            faint.setAlpha(110)
            item = self.plot.plot(*drawn(axis, x, y), pen=pg.mkPen(faint, width=5))
            item.setZValue(-1)
            self.others.append(item)


def innermost(axes: Mapping[str, Array]) -> str:
    """The last of *axes* that changes, or else the last; empty: there is none."""
    changed = [name for name, values in axes.items() if len(values) and np.any(values != values[0])]
    return (changed or [*axes] or [""])[-1]


def at(axis: str, values: Array) -> Array:
    """Where set-points are drawn."""
    return 1000 / values if axis == _INVERSE else values


def drawn(axis: str, x: Array, y: Array) -> tuple[Array, Array]:
    """The points that have a place on the scales that *axis* has."""
    with np.errstate(invalid="ignore"):
        shown = (y > 0) & ((x > 0) if axis in _POWERS else np.isfinite(x))
    return x[shown], y[shown]


def decades(signals: list[Array]) -> float:
    """Between the lowest and the highest of all *signals* that are above 0."""
    lit = np.concatenate([*(y[y > 0] for y in signals), np.empty(0)])
    return float(np.log10(lit.max() / lit.min())) if len(lit) else 0.0


def local_slope(x: Array, y: Array) -> float:
    """d ln y/d ln x of a straight line through points; NaN where there are less than three."""
    x, y = np.log(x), np.log(y)
    if len(x) < 3 or np.ptp(x) == 0:
        return float("nan")
    return float(np.polyfit(x, y, 1)[0])
