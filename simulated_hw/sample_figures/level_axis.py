"""The energy axis of a level diagram: inches for energies, round ticks, room for names."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from antistokes.simulated_hw.physics.constants import WAVENUMBERS_PER_EV

_MARGIN = 0.12  # inches below the ground and above the highest level
_BROKEN = 0.75  # of the highest level: above it the lowest excited level leaves the axis empty
_FOOT = 0.22  # of the height, for the part that is shortened


class LevelAxis:
    """Heights in inches of *energies* in cm⁻¹, linear but for a long empty part above the ground."""

    def __init__(self, energies: Iterable[float], height: float) -> None:
        found = sorted(set(energies))
        top = max(found[-1], 1.0)
        excited = next((energy for energy in found if energy > 0.05 * top), top)
        self._broken = excited > _BROKEN * top and len(found) > 2
        #: cm⁻¹, from where on it is linear
        self._foot = excited - max(top - excited, 0.02 * top) * 0.35 if self._broken else 0.0
        self._energies, self._heights = [0.0, top], [_MARGIN, height - _MARGIN]
        if self._broken:
            self._energies.insert(1, self._foot)
            self._heights.insert(1, _MARGIN + _FOOT * height)

    def __call__(self, energy: float) -> float:
        return float(np.interp(energy, self._energies, self._heights))

    def draw(self, axes: Axes) -> None:
        """In 10³ cm⁻¹ at the left of *axes*, in eV at the right; a mark where it is shortened."""
        axes.set_xticks([])
        right = axes.twinx()
        right.set_ylim(axes.get_ylim())
        scales = ((axes, 1e3, "energy (10³ cm⁻¹)"), (right, WAVENUMBERS_PER_EV, "energy (eV)"))
        for side, unit, label in scales:
            ticks = self._ticks(unit)
            side.set_yticks([self(tick * unit) for tick in ticks], [f"{tick:.6g}" for tick in ticks])
            side.set_ylabel(label, fontsize=9)
            side.tick_params(labelsize=8)
            side.spines[["top", "bottom"]].set_visible(False)
        if self._broken:
            for x in (0.0, 1.0):
                axes.text(
                    x, sum(self._heights[:2]) / 2, "≈", transform=axes.get_yaxis_transform(), ha="center",
                    va="center", fontsize=13, zorder=6,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.2},
                )  # fmt: skip

    def _ticks(self, unit: float) -> list[float]:
        """Round values in a *unit* (in cm⁻¹): the ground, and those where the axis is linear."""
        top = self._energies[-1] + (self._energies[-1] - self._foot) * 0.02
        ticks = MaxNLocator(9, steps=[1, 2, 2.5, 5, 10]).tick_values(self._foot / unit, top / unit)
        return sorted({0.0, *(float(tick) for tick in ticks if self._foot <= tick * unit <= top)})


def apart(places: list[float], distance: float, top: float) -> list[float]:
    """Increasing *places*, moved as little as it takes for each to have its *distance* from the next.

    Those that run into each other are centred on where they belong; none goes above *top*.
    """
    groups: list[tuple[float, int]] = []  # sum of the places wanted for the first of the group, number
    for i, place in enumerate(places):
        total, number = place - i * distance, 1
        while groups and groups[-1][0] / groups[-1][1] > total / number:
            before, more = groups.pop()
            total, number = total + before, number + more
        groups.append((total, number))
    firsts = [total / number for total, number in groups for _ in range(number)]
    moved = [first + i * distance for i, first in enumerate(firsts)]
    return [place - max(moved[-1] - top, 0.0) for place in moved]
