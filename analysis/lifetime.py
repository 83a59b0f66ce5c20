"""What a histogram of photons after pulses shows: lifetimes, rise, and how sure one may be of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .bands import AnalysisError
from .decay_counts import Histogram, histogram_of
from .decay_fit import DecayFit, fit_decay
from .decay_models import MODELS, Decay
from .decay_times import Counted, Time, mean_arrival, measured, rise_to_end, rise_to_peak, tail, to_one_over_e
from .findings import Finding, Findings
from .photon_timing import LIFETIMES, period_suffices

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Definition = Literal["model", "tail", "1/e", "mean arrival", "step"]
Background = Literal["free", "dark"]

_ALIKE = 4.0  # standard deviations
_PILE_UP = 0.05  # share of the cycles in which a bin was blind
_FEW = 1000  # counts
_TURNED_DOWN = 0.99
_FINE = 2.0  # the smooth curve follows features so much shorter than the fastest time of the model
_FINEST = 4.0  # bins


def analyse(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    definition: Definition | None = None,
    background: Background = "free",
    tail_range: Sequence[float] = (0.30, 0.01),
) -> Findings:
    """Lifetime and rise time by the best of all models, and by every definition that needs none.

    :param ds: a run of ``lifetime``, see :func:`~antistokes.analysis.decay_counts.histogram_of`
    :param windows: of no use here: the band was chosen before the light was counted
    :param definition: which one is called ``lifetime`` (and ``rise time``); that of the run by default
    :param background: fitted, or known from the histogram without light
    :param tail_range: shares of the peak between which the tail lies
    :raises AnalysisError: there is no decay
    """
    parameters: Mapping[str, Any] = ds.attrs.get("parameters") or {}
    chosen = definition or str(parameters.get("definition", "model"))
    band = str(parameters.get("band", ""))
    histogram = histogram_of(ds)
    decay = decay_of(histogram, background)
    fits = fit_decay(decay, _models(histogram))
    best = fits[0]
    times = definitions(histogram, best, (tail_range[0], tail_range[1]))
    result = Findings(procedure="lifetime")
    result.findings += _chosen(best, times, chosen, band)
    result.findings += _of_model(best, band)
    result.findings += [
        Finding(quantity=_NAMES[name][0], of=band, value=value, stderr=error, unit="s", note=_NAMES[name][1])
        for name, (value, error) in times.items()
        if math.isfinite(value)
    ]
    result.warnings += _warnings(ds, histogram, fits)
    result.details["models"] = [_details(fit) for fit in fits]
    result.details["pulse"] = {
        name: float(ds[name].mean())
        for name in ("pulse_width", "pulse_period", "irradiance_mean", "fluence", "photons_per_trigger")
        if name in ds
    }

    def figure() -> Figure:
        from .figures.lifetime import lifetime_figure

        return lifetime_figure(ds, histogram, fits)

    result.figure = figure
    return result


def decay_of(histogram: Histogram, background: Background = "free") -> Decay:
    """What is fitted: all of the histogram where the response is known, else from the end of the pulse."""
    dark = None
    if background == "dark":
        level, sigma = histogram.dark
        if not math.isfinite(level):
            raise AnalysisError("background: no histogram without light was measured; must be 'free'")
        # Poisson counts with that mean and error
        total = (level / sigma) ** 2 if level > 0 else 0.0
        dark = total, total / level if level > 0 else 1 / sigma
    if histogram.response is not None:
        response, first = histogram.response, 0
    else:
        response, first = None, histogram.decay_begins
    time = histogram.time[first:]
    origin = (
        0.0
        if response is not None
        else (
            histogram.pulse_width
            if histogram.gated and histogram.pulse_width >= histogram.width / 2
            else (0.0 if histogram.gated else float(time[0]))
        )
    )
    return Decay(
        time - origin, histogram.counts[first:], histogram.live[first:], histogram.period, response, dark
    )


def _models(histogram: Histogram) -> Sequence[Any]:
    """A rise can be told from the instrument's only where that is known, or short beside a gated pulse."""
    if histogram.gated or histogram.response is not None:
        return MODELS
    return [model for model in MODELS if not model.rise]


def definitions(histogram: Histogram, best: DecayFit, tail_range: tuple[float, float]) -> dict[str, Time]:
    """Times in s and 1 σ that need no model, by name; NaN where the counts do not show it."""
    level, sigma = best.background
    first = histogram.decay_begins
    origin = histogram.time[first] if not histogram.gated else histogram.pulse_width
    fastest = min(value for value, _ in (*best.lifetimes, best.rise_time) if math.isfinite(value))
    scale = max(fastest / _FINE, _FINEST * histogram.width)
    after = Counted(
        histogram.time[first:] - origin,
        histogram.counts[first:],
        histogram.live[first:],
        (level, sigma),
        scale,
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


_NAMES = {
    "tail": ("lifetime of the tail", "one exponential through the tail, all times counted alike"),
    "1/e": ("lifetime to 1/e", "from the peak to 1/e of it"),
    "mean arrival": ("mean arrival time", "of all photons after the pulse"),
    "63 %": ("rise time to 63 %", "from the end of the pulse to 63 % of the peak"),
    "step": ("rise time in the pulse", "from its begin to 63 % of the light at its end"),
}


def _chosen(best: DecayFit, times: Mapping[str, Time], chosen: str, band: str) -> Iterator[Finding]:
    """What is called lifetime and rise time here."""
    value, error = best.lifetime if chosen in ("model", "step") else times[chosen]
    note = best.model.name if chosen in ("model", "step") else _NAMES[chosen][1]
    if chosen in ("model", "step") and (best.model.exponentials > 1 or best.model.stretched):
        note += ", mean time of the light"
    if not math.isfinite(value):
        note += "; the counts do not show it"
    yield Finding(quantity="lifetime", of=band, value=value, stderr=error, unit="s", note=note)
    value, error = best.rise_time
    note = f"{best.model.name}; the faster of two times"
    if chosen != "model":
        key = "step" if chosen == "step" else "63 %"
        value, error = times.get(key, (math.nan, math.nan))
        note = _NAMES[key][1]
    if math.isfinite(value):
        yield Finding(quantity="rise time", of=band, value=value, stderr=error, unit="s", note=note)


def _of_model(best: DecayFit, band: str) -> Iterator[Finding]:
    parts = zip(best.lifetimes, best.amplitudes, strict=True)
    for number, ((lifetime, stderr), (amplitude, doubt)) in enumerate(parts, 1):
        note = f"{best.model.name}, the fastest is 1"
        yield Finding(
            quantity=f"lifetime {number}", of=band, value=lifetime, stderr=stderr, unit="s", note=note
        )
        note = "counts per bin when the pulse ends"
        yield Finding(quantity=f"amplitude {number}", of=band, value=amplitude, stderr=doubt, note=note)
    if best.model.stretched:
        value, stderr = best.beta
        yield Finding(quantity="beta", of=band, value=value, stderr=stderr, note="exp(-(t/tau)^beta)")
    if best.model.rise:
        value, stderr = best.rise_fraction
        note = "share that is missing when the pulse ends; 1: it begins in the dark"
        yield Finding(quantity="rise fraction", of=band, value=value, stderr=stderr, note=note)


def _warnings(ds: xr.Dataset, histogram: Histogram, fits: Sequence[DecayFit]) -> Iterator[str]:
    best = fits[0]
    blind = 1 - float(histogram.live.min())
    if blind > _PILE_UP:
        yield f"pile-up: {100 * blind:.2g} % of the cycles were blind to some photons; corrected for that"
    if "power_share" in ds and (share := float(ds["power_share"].min())) < _TURNED_DOWN:
        yield f"the light was turned down to {100 * share:.2g} % of what was asked for, because of pile-up"
    slowest = best.lifetimes[-1][0]
    dark_time = histogram.period - (histogram.pulse_width if histogram.gated else 0.0)
    if not period_suffices(dark_time, slowest):
        yield (
            f"the light has {dark_time:.3g} s to decay, {dark_time / slowest:.2g} lifetimes; "
            f"must be at least {LIFETIMES:g}"
        )
    if (counts := float(histogram.counts.sum())) < _FEW:
        yield f"only {counts:.0f} counts; models cannot be told apart"
    chi, sigma = best.chi_square
    if chi > 1 + _ALIKE * sigma:
        yield f"{best.model.name}: fits poorly (chi2/nu = {chi:.3g}); none of the models is right"
    level, doubt = best.background
    if level - histogram.dark[0] > _ALIKE * math.hypot(doubt, histogram.dark[1]):
        yield (
            f"background: {level:.3g} counts per bin with light, {histogram.dark[0]:.3g} without; "
            "light leaks between the pulses, or something decays more slowly than the period"
        )


def _details(fit: DecayFit) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "model": fit.model.name,
        "aic": fit.aic,
        "chi2_per_freedom": fit.chi_square[0],
        "usable": fit.is_distinct,
        "lifetimes_s": fit.lifetimes,
        "amplitudes": fit.amplitudes,
        "background": fit.background,
    }
    if fit.model.stretched:
        plain["beta"] = fit.beta
    if fit.model.rise:
        plain |= {"rise_time_s": fit.rise_time, "rise_fraction": fit.rise_fraction}
    return plain
