"""What a histogram of photons after pulses shows: lifetimes, rise, and how sure one may be of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from .bands import AnalysisError
from .decay_counts import Histogram, histogram_of
from .decay_definitions import as_alone, definitions
from .decay_doubts import PILE_UP, disagreements, doubts, swamped
from .decay_fit import DecayFit, averaged, determined, fit_decay
from .decay_models import MODELS, Decay
from .decay_times import Time
from .findings import Finding, Findings
from .maximum_likelihood import deviance

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

Definition = Literal["model", "tail", "1/e", "mean arrival", "step"]
Background = Literal["free", "dark"]
_BACKGROUNDS: tuple[Background, Background] = ("free", "dark")

_ALIKE = 4.0  # standard deviations
_DEAD_TIME_DOUBT = 0.05  # of what is stated: data sheets give typical values
_SUPPORT = 4.0  # AIC
_SHOWN = 25.0  # less deviance than a constant's, five standard deviations


def analyse(
    ds: xr.Dataset,
    windows: Mapping[str, tuple[float, float]] | None = None,
    definition: Definition | None = None,
    background: Background = "free",
    tail_range: Sequence[float] = (0.30, 0.01),
) -> Findings:
    """Lifetime and rise time by all models, and by every definition that needs none.

    What is called ``lifetime`` is, with the definition ``model``, the time in which the light still to come
    falls to 1/e, by all models that describe the counts (:meth:`~antistokes.analysis.decay_models.Model.
    lifetime`, :func:`~antistokes.analysis.decay_fit.averaged`). What the counts do not determine, with 1 σ
    above half of it, is no finding but a warning.

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
    fits = _fits(histogram, background)
    best = fits[0]
    _check_course(best, histogram)
    shares = float(tail_range[0]), float(tail_range[1])
    times, moved = as_alone(definitions(histogram, best, shares), histogram, best, shares)
    result = Findings(procedure="lifetime")
    found = [
        *_chosen(fits, times, chosen, band, _by_dead_time(ds, histogram, background, best)),
        *_of_model(best, band),
        *(
            Finding(
                quantity=_NAMES[name][0], of=band, value=value, stderr=error, unit="s", note=_NAMES[name][1]
            )
            for name, (value, error) in times.items()
            if math.isfinite(value)
        ),
    ]
    result.findings += [one for one in found if determined(one.value, one.stderr)]
    result.warnings += [*doubts(ds, histogram, fits), *disagreements(histogram, best, times, shares)]
    result.warnings += _left_out(found, moved, histogram, best)
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


def _fits(histogram: Histogram, background: Background) -> list[DecayFit]:
    """All models, the best first.

    Light that is left when the next pulse comes looks like a background. Where there is more than without
    light it is taken for that of earlier pulses, if that explains the counts as well and as simply.
    """
    left, sigma = histogram.left
    if not (background == "free" and left > _ALIKE * sigma):
        return fit_decay(decay_of(histogram, background), _models(histogram))
    free, known = (_tried(decay_of(histogram, which), histogram) for which in _BACKGROUNDS)
    if not (free or known):
        raise AnalysisError(
            f"decay of {histogram.counts.sum():g} counts: none of the models describes it; light is left "
            f"when the next pulse comes: the period of {histogram.period:.3g} s is too short"
        )
    if not free or not known:
        return free or known
    as_simple = known[0].model.parameters <= free[0].model.parameters
    return known if as_simple and known[0].aic < free[0].aic + _SUPPORT else free


def _check_course(best: DecayFit, histogram: Histogram) -> None:
    """:raises AnalysisError: a constant describes the counts as well: every time would be one of noise"""
    decay = best.decay
    counts, open_for = decay.counts, decay.exposure * (1.0 if decay.sizes is None else decay.sizes)
    if deviance(open_for * counts.sum() / open_for.sum(), counts) - best.estimate.deviance < _SHOWN:
        seen = f"decay: {counts.sum():.0f} counts, as many at all times"
        left, sigma = histogram.left
        if left > _ALIKE * sigma:
            raise AnalysisError(
                f"{seen} and more than without light: what decays much more slowly than the period of "
                f"{histogram.period:.3g} s looks so; expect a longer lifetime"
            )
        raise AnalysisError(f"{seen}: no light that decays; needs more light or time")


def _tried(decay: Decay, histogram: Histogram) -> list[DecayFit]:
    """None if no model describes the counts."""
    try:
        return fit_decay(decay, _models(histogram))
    except AnalysisError:
        return []


def _by_dead_time(ds: xr.Dataset, histogram: Histogram, background: Background, best: DecayFit) -> float:
    """Relative error of lifetimes from a dead time that is not known exactly; only where it matters."""
    if 1 - float(histogram.live.min()) < PILE_UP:
        return 0.0
    other = fit_decay(decay_of(histogram_of(ds, 1 + _DEAD_TIME_DOUBT), background), [best.model])[0]
    return abs(other.lifetime[0] / best.lifetime[0] - 1)


def _models(histogram: Histogram) -> Sequence[Any]:
    """A rise can be told from the instrument's only where that is known, or short beside a gated pulse."""
    if histogram.gated or histogram.response is not None:
        return MODELS
    return [model for model in MODELS if not model.rise]


_NAMES = {
    "tail": ("lifetime of the tail", "one exponential through the tail, all times counted alike"),
    "1/e": ("lifetime to 1/e", "from the peak to 1/e of it"),
    "mean arrival": ("mean arrival time", "of all photons after the pulse"),
    "63 %": ("rise time to 63 %", "from the end of the pulse to 63 % of the peak"),
    "step": ("rise time in the pulse", "from its begin to 63 % of the light at its end"),
}


def _chosen(
    fits: Sequence[DecayFit], times: Mapping[str, Time], chosen: str, band: str, by_dead_time: float
) -> Iterator[Finding]:
    """What is called lifetime and rise time here; *by_dead_time* is a relative error of it."""
    best = fits[0]
    if chosen in ("model", "step"):
        value, error, number = averaged(fits, lambda fit: fit.lifetime)
        note = best.model.name + (f" and others, {number} models by their AIC" if number > 1 else "")
        if number > 1 or best.model.exponentials > 1 or best.model.stretched:
            note += ", until 1/e of the light is still to come"
    else:
        value, error = times[chosen]
        note = _NAMES[chosen][1]
    error = math.hypot(error, value * by_dead_time)
    yield Finding(quantity="lifetime", of=band, value=value, stderr=error, unit="s", note=note)
    value, error = best.rise_time
    note = f"{best.model.name}; the faster of two times"
    if chosen == "model" and best.model.rise:
        value, error, _ = averaged([fit for fit in fits if fit.model.rise], lambda fit: fit.rise_time)
    elif chosen != "model":
        key = "step" if chosen == "step" else "63 %"
        value, error = times.get(key, (math.nan, math.nan))
        note = _NAMES[key][1]
    if math.isfinite(value):
        yield Finding(quantity="rise time", of=band, value=value, stderr=error, unit="s", note=note)


def _left_out(
    found: Sequence[Finding], moved: Sequence[str], histogram: Histogram, best: DecayFit
) -> Iterator[str]:
    """What was not determined, and what the next pulse would have made wrong."""
    vague = [one for one in found if not determined(one.value, one.stderr)]
    if vague:
        names = ", ".join(dict.fromkeys(one.quantity for one in vague))
        yield f"not determined: {names}; {_why(histogram, best)}"
    if moved:
        names = ", ".join(_NAMES[name][0] for name in moved)
        yield f"not determined: {names}; light outlasts the period of {histogram.period:.3g} s"


def _why(histogram: Histogram, best: DecayFit) -> str:
    if (times := swamped(histogram, best)) > 1:
        return f"the background is {times:.2g} times the highest light"
    if best.excess > 1:
        return "no model describes the counts"
    return f"{histogram.counts.sum():.0f} counts do not show it"


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
