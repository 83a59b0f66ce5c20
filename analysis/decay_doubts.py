"""What a careful person should know before believing a lifetime."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .decay_counts import Histogram
from .decay_definitions import modelled
from .decay_fit import DecayFit
from .decay_times import Time
from .photon_timing import LIFETIMES, period_suffices

if TYPE_CHECKING:
    import xarray as xr

#: share of the cycles in which a bin was blind, above which it is said
PILE_UP = 0.05
_ALIKE = 4.0  # standard deviations
_FEW = 1000  # counts
_TURNED_DOWN = 0.99
_LEFT = 0.01  # of the highest light
_SWAMPED = 1.0  # background over the highest light
_PUMP = 10.0  # light in the last bin of the pulse over that in the first after it
_COMPARED = ("mean arrival", "tail")


def doubts(ds: xr.Dataset, histogram: Histogram, fits: Sequence[DecayFit]) -> Iterator[str]:
    """One line for each.

    :param fits: the best model first
    """
    best = fits[0]
    if histogram.response_is_dark:
        yield (
            "instrument response: no light above the background, is the pump filtered away? "
            "The decay is fitted without it"
        )
    blind = 1 - float(histogram.live.min())
    if blind > PILE_UP:
        yield f"pile-up: {100 * blind:.2g} % of the cycles were blind to some photons; corrected for that"
    if "power_share" in ds and (share := float(ds["power_share"].min())) < _TURNED_DOWN:
        yield f"the light was turned down to {100 * share:.2g} % of what was asked for, because of pile-up"
    yield from _period(histogram, best)
    if (counts := float(histogram.counts.sum())) < _FEW:
        yield f"only {counts:.0f} counts; models cannot be told apart"
    chi, sigma = best.chi_square
    if chi > 1 + _ALIKE * sigma:
        yield f"{best.model.name}: fits poorly (chi2/nu = {chi:.3g}); none of the models is right"
    if (times := swamped(histogram, best)) > _SWAMPED:
        yield (
            f"background: {times:.2g} times the highest light after the pulse swamps the decay; "
            "less light from elsewhere, or a darker detector, would show it"
        )
    yield from _pump(histogram)
    level, doubt = best.background
    if level - histogram.dark[0] > _ALIKE * math.hypot(doubt, histogram.dark[1]):
        yield (
            f"background: {level:.3g} counts per bin with light, {histogram.dark[0]:.3g} without; "
            "light leaks between the pulses, or something decays more slowly than the period"
        )


def swamped(histogram: Histogram, best: DecayFit) -> float:
    """Background over the highest light of the model after the pulse."""
    edges = histogram.time[histogram.decay_begins :] - histogram.time[histogram.decay_begins]
    highest = float((-np.diff(best.model.to_come(best.estimate.theta, edges))).max())
    return float(best.background[0] / max(highest / histogram.width, 1e-9))


def _pump(histogram: Histogram) -> Iterator[str]:
    """Does light end with the pulse?"""
    first = histogram.decay_begins
    if not histogram.gated or first < 2 or not math.isfinite(histogram.dark[0]):
        return
    light = histogram.counts / np.maximum(histogram.live, 1e-6)
    # the pulse may end anywhere in the bin before the first of the decay
    during, after = light[first - 2] - histogram.dark[0], light[first] - histogram.dark[0]
    noise = math.sqrt(max(light[first], 1.0))
    if during > _PUMP * (max(after, 0.0) + noise):
        yield (
            f"pump: {during:.3g} counts per bin in the pulse, {max(after, 0.0):.3g} after it; what ends with "
            "it is scattered pump, a filter of higher optical density would let more of the light be counted"
        )


def _period(histogram: Histogram, best: DecayFit) -> Iterator[str]:
    """Has the light ended when the next pulse comes?"""
    slowest = best.lifetimes[-1][0]
    dark_time = histogram.period - (histogram.pulse_width if histogram.gated else 0.0)
    if not period_suffices(dark_time, slowest):
        yield (
            f"the light has {dark_time:.3g} s to decay, {dark_time / slowest:.2g} lifetimes; "
            f"must be at least {LIFETIMES:g}"
        )
    left, sigma = histogram.left
    highest = float((histogram.counts / np.maximum(histogram.live, 1e-6)).max()) - histogram.dark[0]
    if left > _ALIKE * sigma and left > _LEFT * highest:
        yield (
            f"period: {100 * left / highest:.2g} % of the highest light is left when the next pulse comes, "
            f"{histogram.period:.3g} s after the one before; a longer period would show how it decays"
        )


def disagreements(
    histogram: Histogram, best: DecayFit, times: Mapping[str, Time], tail_range: tuple[float, float]
) -> Iterator[str]:
    """Where the best model, read as the counts are, gives another time than they do."""
    doubt = best.lifetime[1] / best.lifetime[0]
    for name, value in modelled(histogram, best, tail_range, alone=True).items():
        measured, error = times[name]
        if name in _COMPARED and abs(value - measured) > _ALIKE * math.hypot(error, doubt * value):
            yield (
                f"{best.model.name}: its {name} time is {value:.4g} s, that of the counts {measured:.4g} s; "
                "believe the counts, no model is right"
            )
