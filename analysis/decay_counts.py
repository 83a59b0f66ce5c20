"""From a run to the counts of a decay: points added, what dead time has hidden, where it begins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError, Array, good_points
from .photon_timing import coates, dead_time_corrected

if TYPE_CHECKING:
    import xarray as xr

_LAST = 0.05  # of the bins: before the next pulse
_BRIGHT = 10.0  # standard deviations of the dark that the highest bin of a response must reach


@dataclass(frozen=True, eq=False)
class Histogram:
    """Counts of one period.

    :param time: start of each bin, s after the pulse begins, (bins,), evenly spaced
    :param counts: as the counter gave them, (bins,)
    :param live: share of the cycles in which the counter was ready, (bins,)
    :param triggers: cycles
    :param period: s
    :param pulse_width: s; NaN: not known
    :param gated: the pulses are as long as they are wanted; else they are those of a mode-locked laser
    :param dark: counts per bin without light, in as many cycles, and 1 σ; NaN: not measured
    :param response: instrument response, Σ = 1, (bins,)
    :param response_is_dark: it was measured, but no pump reached the detector
    """

    time: Array
    counts: Array
    live: Array
    triggers: float
    period: float
    pulse_width: float
    gated: bool
    dark: tuple[float, float] = (math.nan, math.nan)
    response: Array | None = None
    response_is_dark: bool = False

    @property
    def width(self) -> float:
        """Of a bin, s."""
        return float(self.time[-1] - self.time[0]) / (len(self.time) - 1)

    @property
    def left(self) -> tuple[float, float]:
        """Light in the last bins of the period, counts per bin above those without light, and 1 σ."""
        last = slice(-max(int(_LAST * len(self.counts)), 1), None)
        counts, share = self.counts[last], self.live[last].mean()
        error = math.sqrt(counts.sum()) / share / len(counts)
        return float(counts.mean() / share) - self.dark[0], math.hypot(error, self.dark[1])

    @property
    def decay_begins(self) -> int:
        """The first bin after the pulse; with pulses shorter than a bin the highest one."""
        if self.gated and self.pulse_width >= self.width / 2:
            first = int(np.searchsorted(self.time, self.pulse_width - 1e-6 * self.width))
        elif self.gated:
            first = int(np.searchsorted(self.time, -1e-6 * self.width))
        else:
            first = int(self.counts.argmax())
        if first > len(self.time) - 10:
            raise AnalysisError(
                f"decay: begins {self.time[0] + first * self.width:g} s after the trigger, where bins end"
            )
        return first


def histogram_of(ds: xr.Dataset, dead_time: float = 1.0) -> Histogram:
    """The histogram of all good points of *ds*, added.

    :param ds: ``decay`` (point, decay_time), ``triggers``, ``bin_width``, ``pulse_period``; with
        ``decay_dark`` and ``irf`` where they were measured
    :param dead_time: in units of the one stated
    :raises AnalysisError: no point is good
    """
    ds = ds.isel(point=good_points(ds) & (np.nan_to_num(ds["triggers"].values) > 0))
    if not ds.sizes["point"]:
        raise AnalysisError("decay: no point to evaluate; all are flagged or without a trigger")
    parameters: Mapping[str, Any] = ds.attrs.get("parameters") or {}
    period, width = float(ds["pulse_period"].mean()), float(ds["bin_width"].mean())
    time = ds["decay_time"].values.astype(float) - float(parameters.get("delay", 0.0))
    inside = (ds["decay_time"].values + width <= period * (1 + 1e-9)) & (time >= -1e-6 * width)
    triggers = float(ds["triggers"].sum())
    counts = _added(ds, "decay")
    live = live_share(counts, triggers, dead_time * float(ds["dead_time"].mean()) / width)
    dark, response, measured = (math.nan, math.nan), None, False
    if "decay_dark" in ds and float(ds["triggers_dark"].sum()) > 0:
        ratio = triggers / float(ds["triggers_dark"].sum())
        total, bins = float(_added(ds, "decay_dark")[inside].sum()), int(inside.sum())
        # at least one count's worth of doubt
        dark = ratio * total / bins, ratio * math.sqrt(max(total, 1.0)) / bins
    if "irf" in ds and float(ds["triggers_irf"].sum()) > 0:
        response, measured = _response(ds, inside, dark[0] / triggers, width), True
    return Histogram(
        time[inside],
        counts[inside],
        live[inside],
        triggers,
        period,
        float(ds["pulse_width"].mean()),
        bool(ds["gated"].all()),
        dark,
        response,
        measured and response is None,
    )


def live_share(counts: Array, triggers: float, dead_bins: float) -> Array:
    """Share of the cycles in which each bin could count, (bins,).

    A counter that is blind for longer than the histogram holds one photon of a cycle (Coates); one blind for
    less than a bin loses by its rate; in between a bin is blind where the *dead_bins* before it counted.
    """
    number = len(counts)
    if dead_bins >= number:
        waiting = 1 - (np.cumsum(counts) - counts) / triggers
        return np.divide(counts, coates(counts, triggers).counts, out=waiting, where=counts > 0)
    if dead_bins < 1:
        rates = counts / triggers  # per bin, as the dead time
        right = dead_time_corrected(rates, dead_bins)
        return np.divide(rates, right, out=np.ones(number), where=right > 0)
    before = np.concatenate([[0.0], np.cumsum(counts)])
    # from a photon anywhere in a bin the last one it blinds is half blind
    start = np.arange(number) - dead_bins + 0.5
    waiting = 1 - (before[:-1] - np.interp(start, np.arange(number + 1), before)) / triggers
    if waiting.min() <= 0:
        raise AnalysisError(f"dead time: {dead_bins:g} bins with more photons than triggers; it is shorter")
    share = np.minimum(counts / triggers / waiting, 1 - 1e-9)
    lost = np.divide(share, -np.log1p(-share), out=np.ones(number), where=share > 0)
    return np.asarray(waiting * lost)


def _added(ds: xr.Dataset, name: str) -> Array:
    return np.asarray(ds[name].transpose("point", "decay_time").values.astype(float).sum(axis=0))


def _response(ds: xr.Dataset, inside: npt.NDArray[np.bool_], dark: float, width: float) -> Array | None:
    """Of scattered pump, corrected like the decay; *dark* is in counts per bin and cycle. None: too dark."""
    triggers = float(ds["triggers_irf"].sum())
    counts = _added(ds, "irf")
    live = live_share(counts, triggers, float(ds["dead_time"].mean()) / width)
    light = (counts / live)[inside]
    background = dark * triggers if math.isfinite(dark) else float(np.median(light))
    noise = math.sqrt(max(background, 1.0))
    if light.max() < background + _BRIGHT * noise:
        return None
    light = np.where(light > background + 3 * noise, light - background, 0.0)
    return np.asarray(light / light.sum())
