"""Times that need no model, from a whole histogram: where they begin, what is background, what was not seen.

Light that goes on when the next pulse comes is counted early in the next period, or taken for background.
How far that moves a time is known from the best model alone: it is put right by that, the whole correction is
in the error, and where it is more than a tenth the time is left out.
"""

from __future__ import annotations

import math

import numpy as np

from .decay_counts import Histogram
from .decay_fit import DecayFit
from .decay_models import Array
from .decay_times import Counted, Time, mean_arrival, measured, rise_to_end, rise_to_peak, tail, to_one_over_e

_ALIKE = 4.0  # standard deviations
_FINE = 2.0  # the smooth curve follows features so much shorter than the fastest time of the model
_FINEST = 4.0  # bins
_MOST_CORRECTED = 0.1
_WHOLE = 40.0  # lifetimes
_CURVE = 4000  # points


def definitions(histogram: Histogram, best: DecayFit, tail_range: tuple[float, float]) -> dict[str, Time]:
    """Times in s and 1 σ that need no model, by name; NaN where the counts do not show it."""
    first = histogram.decay_begins
    level, sigma, raised = _background(histogram, best, len(histogram.time) - first)
    origin = histogram.time[first] if not histogram.gated else histogram.pulse_width
    fastest = min(value for value, _ in (*best.lifetimes, best.rise_time) if math.isfinite(value))
    if best.excess > 1:  # a wrong model may know no rise where there is one
        fastest = min(fastest, float(histogram.counts[first:].argmax()) * histogram.width / _FINE)
    scale = max(fastest / _FINE, _FINEST * histogram.width)
    after = Counted(
        histogram.time[first:] - origin,
        histogram.counts[first:],
        histogram.live[first:],
        (level, sigma),
        scale,
        raised,
    )
    light = best.model.to_come(best.estimate.theta, after.time)
    shape = -np.diff(light)
    bright = np.flatnonzero(shape > tail_range[1] / 3 * shape.max())
    shown = after[: max(int(bright[-1]) + 2, 10)]
    found = measured(shown, tail(*tail_range), to_one_over_e, rise_to_peak)
    times = dict(zip(("tail", "1/e", "63 %"), found, strict=True))
    times["mean arrival"] = mean_arrival(after)
    pulse = int(np.searchsorted(histogram.time + histogram.width, histogram.pulse_width * (1 + 1e-9)))
    if histogram.gated and pulse >= 10:
        during = Counted(
            histogram.time[:pulse], histogram.counts[:pulse], histogram.live[:pulse], (level, sigma), scale
        )
        times["step"] = measured(during, rise_to_end)[0]
    return times


def as_alone(
    times: dict[str, Time], histogram: Histogram, best: DecayFit, tail_range: tuple[float, float]
) -> tuple[dict[str, Time], list[str]]:
    """*times* as of a pulse that none follows, and the names of those which that would move too far."""
    alone, moved = dict(times), []
    seen, whole = (modelled(histogram, best, tail_range, lonely) for lonely in (False, True))
    for name in times.keys() & seen.keys():
        value, error = times[name]
        correction = whole[name] - seen[name]
        if not (math.isfinite(value) and math.isfinite(correction)):
            continue
        if abs(correction) > _MOST_CORRECTED * abs(value):
            alone[name] = math.nan, math.nan
            moved.append(name)
        else:
            alone[name] = value + correction, math.hypot(error, correction)
    return alone, sorted(moved)


def modelled(
    histogram: Histogram, best: DecayFit, tail_range: tuple[float, float], alone: bool
) -> dict[str, float]:
    """The same times of the light of the best model: all of it, or what is seen between two pulses; s."""
    end = float(histogram.time[-1]) + histogram.width - float(histogram.time[histogram.decay_begins])
    if alone:
        end = max(end, _WHOLE * max(value for value, _ in best.lifetimes))
    period = math.inf if alone else histogram.period
    edges = np.append(0.0, np.geomspace(min(histogram.width, end / _CURVE), end, _CURVE))
    counts = -np.diff(best.model.to_come(best.estimate.theta, edges, period))
    middle, light = (edges[1:] + edges[:-1]) / 2, counts / np.diff(edges)
    light = np.maximum(light, 1e-12 * light.max())
    return {
        "mean arrival": float((middle * counts).sum() / counts.sum()),
        "tail": tail(*tail_range)(middle, light),
        "1/e": to_one_over_e(middle, light),
    }


def _background(histogram: Histogram, best: DecayFit, bins: int) -> tuple[float, float, Array | None]:
    """Counts per bin, 1 σ, and what each count of the last *bins* has raised it by: fitted, or without light.

    The error of a model that is wrong is so large that what was measured without light is taken.
    """
    level, sigma = best.background
    dark, doubt = histogram.dark
    if doubt < sigma and abs(level - dark) < _ALIKE * math.hypot(sigma, doubt):
        return dark, doubt, None
    return level, sigma, best.background_slopes[-bins:]
