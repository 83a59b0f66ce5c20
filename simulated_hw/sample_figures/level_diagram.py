"""A level diagram: a column per ion, an arrow per process, whatever the mechanism.

Everything is placed in inches, so that what does not fit is known before it is drawn: each arrow has a lane
of its own in its column, and is labelled where it is long enough for the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch

from antistokes.simulated_hw.samples.mechanism import Diagram, Transition

from .level_axis import LevelAxis, apart
from .light_colour import light_colour
from .notation import ion_text, level_text, plain_level, ranges_text, rate_text, split_level

_PITCH = (0.15, 0.27)  # from lane to lane, least and most
_EDGE = 0.05  # from the end of a level's bar to the first lane
_GAP = 0.12  # between columns
_LINE = 0.125  # from name to name, one above the other
_CHARACTER = 0.068  # width of a character of a level's name
_SMALL = 6.5  # points, of the labels on arrows
_SMALL_CHARACTER = 0.058
_HEAD = 0.10  # of an arrow
_TRANSFER = "#0072B2"
_GROUPS = ("transfer", "excitation", "emission", "nonradiative")  # from left to right
#: share that an arrow must have to be drawn, and most lanes of its kind, tried until all lanes fit
_CHOICES = [(share, 99) for share in (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)]
_CHOICES += [(1.0, most) for most in (12, 10, 8, 7, 6, 5, 4, 3, 2, 1)]
_ASKED_FOR = 2.0  # share of light in a band of the sample, above all others


@dataclass(slots=True)
class _Arrow:
    """*start*, *end* in cm⁻¹, *rate* in s⁻¹; *share* of its level's ways of its kind, 1 for the likeliest."""

    start: float
    end: float
    kind: str
    text: str
    share: float
    rate: float | None = None
    lane: int = 0

    @property
    def span(self) -> tuple[float, float]:
        return min(self.start, self.end), max(self.start, self.end)


@dataclass(slots=True)
class _Column:
    name: str
    levels: dict[str, float]
    arrows: list[_Arrow] = field(default_factory=list)
    shown: list[_Arrow] = field(default_factory=list)
    lanes: int = 0

    @property
    def margin(self) -> float:
        """For the names at the right of the bars."""
        return 0.16 + _CHARACTER * max(len(plain_level(name)) for name in self.levels)

    def assign_lanes(self, least: float, most: int) -> None:
        """Give arrows lanes, one kind beside the other: those with a share of at least *least*.

        Of a kind that would need more than *most* lanes the slower ones are left out.
        """
        self.shown, self.lanes = [], 0
        for kind in _GROUPS:
            arrows = [arrow for arrow in self.arrows if arrow.kind == kind and arrow.share >= least]
            arrows.sort(key=lambda arrow: (arrow.share, arrow.rate or 0.0), reverse=True)
            chosen: list[_Arrow] = []
            for arrow in arrows:
                if max(_lanes([*chosen, arrow])) < most:
                    chosen.append(arrow)
            lanes = _lanes(chosen)
            for arrow, lane in zip(chosen, lanes, strict=True):
                arrow.lane = self.lanes + lane
            self.shown += chosen
            self.lanes += max(lanes, default=-1) + 1


class LevelDiagram:
    """*diagram*, excited at *wavelength* (nm), planned to be drawn *height* inches high.

    What does not fit into the *available* inches is left out: of the ways out of a level the less likely,
    then the slow ones of all, light within *windows* (nm) last.

    :ivar width: inches it takes
    """

    def __init__(
        self,
        diagram: Diagram,
        wavelength: float,
        windows: Iterable[tuple[float, float]],
        available: float,
        height: float,
    ) -> None:
        self._height = height
        self._columns = _columns(diagram.levels)
        self._at = {n: (column, energy) for column in self._columns for n, energy in column.levels.items()}
        self._between: list[Transition] = []
        self._fill(diagram.transitions, wavelength, tuple(windows))
        fixed = sum(column.margin + 2 * _EDGE + _GAP for column in self._columns)
        for least, most in _CHOICES:
            for column in self._columns:
                column.assign_lanes(least, most)
            lanes = sum(max(column.lanes, 2) for column in self._columns)
            if fixed + lanes * _PITCH[0] <= available:
                break
        self._pitch = float(np.clip((available - fixed) / lanes, *_PITCH))
        self.width = fixed + lanes * self._pitch
        self._y = LevelAxis(diagram.levels.values(), height)

    def draw(self, axes: Axes) -> None:
        """Onto *axes*, which must be :attr:`width` wide and as high as planned."""
        axes.set_xlim(0, self.width)
        axes.set_ylim(0, self._height)
        left = 0.0
        bars: dict[str, tuple[float, float]] = {}
        for column in self._columns:
            right = left + 2 * _EDGE + max(column.lanes, 2) * self._pitch
            bars |= dict.fromkeys(column.levels, (left, right))
            self._draw_levels(axes, column, left, right)
            for arrow in column.shown:
                x = left + _EDGE + (arrow.lane + 0.5) * self._pitch
                self._draw_arrow(axes, column, arrow, x)
            left = right + column.margin + _GAP
        for transition in self._between:
            self._draw_between(axes, transition, bars)
        self._y.draw(axes)

    def key(self) -> list[Line2D]:
        """Legend entries: the kinds of arrows that are drawn, how many are not."""
        shown = [arrow for column in self._columns for arrow in column.shown]
        rated = {arrow.kind for arrow in shown if arrow.rate is not None}
        drawn = {arrow.kind for arrow in shown} | {transition.kind for transition in self._between}
        entries = {
            "excitation": Line2D([], [], color="black", linewidth=2),
            "emission": Line2D([], [], color=light_colour(545), linewidth=1.4),
            "nonradiative": Line2D([], [], color="0.45", linestyle=":"),
            "transfer": Line2D([], [], color=_TRANSFER, linestyle="--"),
        }
        for kind, entry in entries.items():
            entry.set_label(f"{kind} (s⁻¹)" if kind in rated else kind)
        if self._numbered:
            entries["transfer"].set_label("transfer (number: together)")
        key = [entry for kind, entry in entries.items() if kind in drawn]
        left_out = sum(len(column.arrows) - len(column.shown) for column in self._columns)
        if left_out:
            key.append(Line2D([], [], linestyle="none", label=f"{left_out} more are not drawn"))
        return key

    def _fill(
        self, transitions: tuple[Transition, ...], wavelength: float, windows: tuple[tuple[float, float], ...]
    ) -> None:
        """Give each column its arrows; those of one process bear its number, those alike are one."""
        processes: dict[str, int] = {}
        labels = [t.label for t in transitions if t.kind == "transfer"]
        shared = {label for label in labels if labels.count(label) > 1 or "->" in label}
        merged: dict[tuple[str, str, str], list[int]] = {}
        totals: dict[tuple[str, str], list[float]] = {}
        for t in transitions:
            totals.setdefault((t.start, t.kind), []).append(t.rate or 0.0)
        for t in transitions:
            column, start = self._at[t.start]
            other, end = self._at[t.end]
            if column is not other:
                self._between.append(t)
            elif t.label in shared:
                number = processes.setdefault(t.label, len(processes) + 1)
                merged.setdefault((t.start, t.end, t.kind), []).append(number)
            elif start != end:
                light = 1e7 / abs(start - end)
                rate, rates = t.rate or 0.0, totals[t.start, t.kind]
                share = 1.0 if rate == max(rates) else rate / sum(rates)
                if t.kind == "emission" and any(low <= light <= high for low, high in windows):
                    share = _ASKED_FOR
                column.arrows.append(_Arrow(start, end, t.kind, _label(t, wavelength), share, t.rate))
        self._numbered = bool(processes)
        for (source, target, kind), numbers in merged.items():
            column, start = self._at[source]
            column.arrows.append(_Arrow(start, self._at[target][1], kind, ranges_text(numbers), 1.0))

    def _draw_levels(self, axes: Axes, column: _Column, left: float, right: float) -> None:
        """Bars and their names, which are moved apart where levels lie close."""
        axes.text(
            (left + right) / 2, self._height, ion_text(column.name), ha="center", va="bottom", weight="bold",
            fontsize=10,
        )  # fmt: skip
        names = sorted(column.levels, key=column.levels.__getitem__)
        bars = [self._y(column.levels[name]) for name in names]
        for name, bar, y in zip(names, bars, apart(bars, _LINE, self._height), strict=True):
            axes.plot(
                [left, right], [bar, bar], color="black", linewidth=1.2, solid_capstyle="butt", zorder=3
            )
            axes.plot([right, right + 0.09], [bar, y], color="0.5", linewidth=0.6)
            axes.text(right + 0.11, y, level_text(name), ha="left", va="center", fontsize=7.5)

    def _draw_arrow(self, axes: Axes, column: _Column, arrow: _Arrow, x: float) -> None:
        start, end = self._y(arrow.start), self._y(arrow.end)
        style = _style(arrow)
        if arrow.kind == "nonradiative":
            head = min(_HEAD, abs(end - start) / 2)
            tip = end - np.sign(end - start) * head
            y = np.linspace(start, tip, max(int(abs(tip - start) * 60), 3))
            axes.plot(x + 0.022 * np.sin((y - start) * 2 * np.pi / 0.09), y, zorder=2, **style)
            start, style = tip, {**style, "linewidth": 0.8}
        axes.add_patch(
            FancyArrowPatch(
                (x, start), (x, end), arrowstyle="-|>", mutation_scale=6.5, shrinkA=0, shrinkB=0, zorder=4,
                **style,
            )
        )  # fmt: skip
        self._draw_label(axes, column, arrow, x)

    def _draw_label(self, axes: Axes, column: _Column, arrow: _Arrow, x: float) -> None:
        """On the arrow, between two levels where there is room for it; none on an arrow that is too short."""
        low, high = (self._y(energy) for energy in arrow.span)
        upright = len(arrow.text) <= 2
        length = 0.1 if upright else _SMALL_CHARACTER * len(arrow.text)
        if not arrow.text or high - low < length + 1.4 * _HEAD:
            return
        crossed = sorted({low, high, *(y for y in map(self._y, column.levels.values()) if low < y < high)})
        middle = (low + high) / 2
        rooms = [(a + b) / 2 for a, b in pairwise(crossed) if b - a > length + _HEAD]
        axes.text(
            x, min(rooms, key=lambda y: abs(y - middle), default=middle), arrow.text,
            ha="center", va="center", rotation=0 if upright else 90, fontsize=_SMALL, zorder=5,
            color=_style(arrow)["color"], bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )  # fmt: skip

    def _draw_between(
        self, axes: Axes, transition: Transition, bars: Mapping[str, tuple[float, float]]
    ) -> None:
        """From a level of one column to one of another, from the ends of the bars that are nearest."""
        (_, start), (_, end) = self._at[transition.start], self._at[transition.end]
        here, there = bars[transition.start], bars[transition.end]
        x, to = (here[1], there[0]) if here[0] < there[0] else (here[0], there[1])
        low, high = self._y(start), self._y(end)
        style = _style(_Arrow(start, end, transition.kind, "", 1.0))
        axes.add_patch(
            FancyArrowPatch(
                (x, low), (to, high), arrowstyle="-|>", mutation_scale=6.5, shrinkA=0, shrinkB=0, zorder=4,
                **style,
            )
        )  # fmt: skip
        if text := _label(transition, 0.0):
            axes.text(
                (x + to) / 2, (low + high) / 2 + 0.04, text, ha="center", va="bottom", fontsize=_SMALL,
                color=style["color"],
            )  # fmt: skip


def _style(arrow: _Arrow) -> dict[str, Any]:
    if arrow.kind == "excitation":
        return {"color": "black", "linewidth": 2.0}
    if arrow.kind == "nonradiative":
        return {"color": "0.45", "linewidth": 0.9}
    if arrow.kind == "transfer":
        return {"color": _TRANSFER, "linewidth": 1.1, "linestyle": (0, (4, 2))}
    return {"color": light_colour(1e7 / max(abs(arrow.start - arrow.end), 1.0)), "linewidth": 1.4}


def _lanes(arrows: list[_Arrow]) -> list[int]:
    """A lane for each arrow so that no two lie on each other, as few as possible, from 0 on."""
    tops: list[float] = []
    lanes = {}
    for arrow in sorted(arrows, key=lambda arrow: arrow.span):
        low, high = arrow.span
        lane = next((i for i, top in enumerate(tops) if top <= low), len(tops))
        tops[lane : lane + 1] = [high]
        lanes[id(arrow)] = lane
    return [lanes[id(arrow)] for arrow in arrows]


def _columns(levels: Mapping[str, float]) -> list[_Column]:
    names = list(dict.fromkeys(split_level(level)[0] for level in levels))
    return [
        _Column(n, {level: e for level, e in levels.items() if split_level(level)[0] == n}) for n in names
    ]


def _label(transition: Transition, wavelength: float) -> str:
    if transition.rate is not None:
        return rate_text(transition.rate)
    if transition.label or transition.kind != "excitation":
        return transition.label
    return f"{wavelength:g} nm"
