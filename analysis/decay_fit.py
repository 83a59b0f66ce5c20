"""From counts to lifetimes: every model fitted by maximum likelihood, the best one chosen by AIC.

AIC = −2·ln L + 2·k for k parameters (Akaike, IEEE Trans. Autom. Control 19, 716, 1974). A richer model is
believed only when it is better by more than 4, below which a simpler one still has support (Burnham &
Anderson, Model Selection and Multimodel Inference, 2002, 2.6): else noise would now and then add a component
to a single exponential. Where even the best model leaves more than noise, the likelihoods are taken to the
power 1/c, c its χ²/ν (QAIC, ibid., 2.5).

What all models know, as the lifetime, is the mean of what they say, and its error contains how far they are
apart (ibid., eq. 4.9). Models that describe the counts alike are weighted as values of unequal error are:
exp(−AIC/2)/σ², else one that hardly determines the lifetime would carry its vagueness into the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from .bands import AnalysisError
from .decay_models import MODELS, Array, Decay, Model
from .maximum_likelihood import Estimate, maximise

_SUPPORT = 4.0  # AIC
_SAY = 0.05  # weight
_LEAST_BINS = 2.0
_UNDETERMINED = 0.5  # relative 1 σ
_RARE = 0.1  # counts; bins with fewer scatter no more than that
_SAME = 1.1  # ratio of two times that cannot be told apart
_TOLERANCE, _EVALUATIONS = 1e-8, 120
_PATIENCE = 2000  # evaluations for the likeliest model if it has not come to rest by then
_TAIL = 0.1  # of the bins tell the background to begin with


@dataclass(frozen=True, eq=False)
class DecayFit:
    """One model at its best."""

    model: Model
    estimate: Estimate
    decay: Decay

    @property
    def aic(self) -> float:
        """Relative to a model that follows every count."""
        return self.estimate.deviance + 2 * self.model.parameters

    @property
    def lifetimes(self) -> list[tuple[float, float]]:
        """s and 1 σ of each component, the fastest first."""
        return self._parts(self.model.lifetimes)

    @property
    def amplitudes(self) -> list[tuple[float, float]]:
        """Counts per bin and 1 σ, in the same order."""
        return self._parts(self.model.amplitudes)

    @property
    def lifetime(self) -> tuple[float, float]:
        """Time in which the light still to come falls to 1/e, s, and 1 σ: it hardly depends on the model."""
        return self._of(self.model.lifetime)

    @property
    def beta(self) -> tuple[float, float]:
        return self._of(self.model.beta)

    @property
    def rise_time(self) -> tuple[float, float]:
        """s and 1 σ."""
        return self._of(self.model.rise_time)

    @property
    def rise_fraction(self) -> tuple[float, float]:
        """r and 1 σ: 1 begins in the dark."""
        return self._of(self.model.rise_fraction)

    @property
    def background(self) -> tuple[float, float]:
        """Counts per bin and 1 σ."""
        return self._of(lambda theta: theta[-1])

    @property
    def chi_square(self) -> tuple[float, float]:
        """χ² per degree of freedom, and its standard deviation when the model is right (Pearson)."""
        counts, expected = self.decay.data, np.maximum(self.estimate.expected, 1e-9)
        freedom = max(len(counts) - self.model.parameters, 1)
        # a bin where a wrong model expects next to nothing would outweigh all others
        value = min(float(((counts - expected) ** 2 / expected).sum()), self.estimate.deviance) / freedom
        return value, float(np.sqrt((2 + 1 / np.maximum(expected, _RARE)).sum())) / freedom

    @property
    def excess(self) -> float:
        """χ² per degree of freedom where it is more than counting explains, else 1."""
        chi, sigma = self.chi_square
        return chi if chi > 1 + 3 * sigma else 1.0

    @property
    def background_slopes(self) -> Array:
        """By how much one count more raises the background, for each bin of the counter, (bins,)."""
        estimate, decay = self.estimate, self.decay
        slopes = self.model.slopes(estimate.theta, decay)
        raised = estimate.covariance[-1] @ (slopes / np.maximum(estimate.expected, 1e-9)[:, None]).T
        sizes = np.ones(len(decay.counts)) if decay.sizes is None else decay.sizes
        return np.repeat(raised[: len(sizes)], sizes.astype(int))

    @property
    def is_distinct(self) -> bool:
        """Can all its parameters be told from the counts?"""
        theta, model = self.estimate.theta, self.model
        if not self.estimate.converged or self.estimate.on_bound[:-1].any():
            return False
        if not np.isfinite(np.diag(self.estimate.covariance)).all():
            return False
        times = [*model.lifetimes(theta), *([model.rise_time(theta)] if model.rise else [])]
        ordered = np.sort(times)
        return bool(np.all(ordered[1:] > _SAME * ordered[:-1]))

    def _parts(self, quantity: Callable[[Array], Array]) -> list[tuple[float, float]]:
        """Of each component, the fastest first."""
        order = np.argsort(self.model.lifetimes(self.estimate.theta))
        return [self._of(partial(_component, quantity, int(i))) for i in order]

    def _of(self, quantity: Callable[[Array], float]) -> tuple[float, float]:
        # scatter that counting cannot explain; see :mod:`.fitting`
        scale = float(np.sqrt(self.excess))
        return float(quantity(self.estimate.theta)), self.estimate.stderr(quantity) * scale


def _component(quantity: Callable[[Array], Array], number: int, theta: Array) -> float:
    return float(quantity(theta)[number])


def fit_decay(decay: Decay, models: Sequence[Model] = MODELS) -> list[DecayFit]:
    """Every model of *models* at its best, the one to believe first, then by AIC.

    :raises AnalysisError: none describes the counts
    """
    decay = decay.grouped()
    fits: list[DecayFit] = []
    for model in models:
        tried = [_fit(decay, model, start) for start in _starts(decay, model)]
        fits.append(min(tried, key=lambda fit: fit.aic))
    likely = min(fits, key=lambda fit: fit.aic)
    if not likely.estimate.converged:
        fits[fits.index(likely)] = _fit(decay, likely.model, likely.estimate.theta, _PATIENCE)
    usable = [fit for fit in fits if fit.is_distinct]
    if not usable:
        raise AnalysisError(
            f"decay of {decay.counts.sum():g} counts: none of {len(fits)} models describes it"
        )
    worse = _above_best(usable)
    supported = [fit for fit, above in zip(usable, worse, strict=True) if above <= _SUPPORT]
    best = min(supported, key=lambda fit: (fit.model.parameters, fit.aic))
    return [best, *sorted((fit for fit in fits if fit is not best), key=lambda fit: fit.aic)]


def averaged(
    fits: Sequence[DecayFit], quantity: Callable[[DecayFit], tuple[float, float]]
) -> tuple[float, float, int]:
    """A *quantity* (value, 1 σ) by all models that know it, its 1 σ, and how many models have a say in it."""
    known = [fit for fit in fits if np.isfinite(quantity(fit)[0])]
    if min(fit.excess for fit in fits) > 1:
        likely = min(known, key=lambda fit: fit.estimate.deviance)
        told = [
            fit
            for fit in known
            if fit is likely or determined(quantity(fit)[0], quantity(fit)[1] / np.sqrt(fit.excess))
        ]
        return _of_wrong_models(told, quantity)
    usable = [fit for fit in known if fit.is_distinct and determined(*quantity(fit))]
    if not usable:
        return *quantity(fits[0]), 1
    values, errors = np.transpose([quantity(fit) for fit in usable])
    above = _above_best(usable)
    if fits[0] in usable:  # none has more say than the one that is believed
        above = np.maximum(above, above[usable.index(fits[0])])
    weights = np.exp(-0.5 * (above - above.min())) / errors**2
    weights /= weights.sum()
    mean = float(weights @ values)
    return mean, float(weights @ np.hypot(errors, values - mean)), int((weights > _SAY).sum())


def _of_wrong_models(
    fits: Sequence[DecayFit], quantity: Callable[[DecayFit], tuple[float, float]]
) -> tuple[float, float, int]:
    """The same where none is right.

    What is left is alike in bins near each other, which are worth fewer the larger it is: of ν they count as
    n = ν/c², at least two, and likelihoods with an unknown size of what is left are deviance^(−n/2).
    Parameters need not be told apart. The error is how far the models are apart, and that of the best one.
    """
    values, errors = np.transpose([quantity(fit) for fit in fits])
    deviances = np.array([fit.estimate.deviance for fit in fits])
    likely = fits[int(deviances.argmin())]
    number = max(len(likely.decay.data) / likely.excess**2, _LEAST_BINS)
    weights = (deviances.min() / deviances) ** (number / 2)
    weights /= weights.sum()
    mean = float(weights @ values)
    error = float(
        np.hypot(np.nan_to_num(errors)[deviances.argmin()], np.sqrt(weights @ (values - mean) ** 2))
    )
    return mean, error, int((weights > _SAY).sum())


def determined(value: float, error: float) -> bool:
    """Do the counts tell a positive *value*? With an error above half of it, or none, they do not."""
    return bool(np.isfinite(error)) and error <= _UNDETERMINED * value


def _above_best(fits: Sequence[DecayFit]) -> Array:
    """QAIC above that of the best of *fits*, (fits,)."""
    excess = min(fit.excess for fit in fits)
    criteria = np.array([fit.estimate.deviance / excess + 2 * fit.model.parameters for fit in fits])
    return criteria - criteria.min()


def _fit(decay: Decay, model: Model, start: Array, most: int = _EVALUATIONS) -> DecayFit:
    best = maximise(
        lambda theta: model.expected(theta, decay),
        decay.data,
        start,
        model.bounds(decay),
        tolerance=_TOLERANCE,
        most=most,
        slopes=lambda theta: model.slopes(theta, decay),
    )
    return DecayFit(model, best, decay)


def _starts(decay: Decay, model: Model) -> list[Array]:
    """Where to search from: a first look at the counts, divided among the components."""
    background, height, peak, lifetime = _look(decay)
    late = max(peak, 3 * decay.width)
    rises = [late / 3, late] if model.rise else [np.nan]
    parts: list[list[tuple[float, float]]] = [[(1.0, 1.0)]]
    if model.exponentials == 2:
        parts = [[(0.6, 0.4), (0.4, 1.5)], [(0.9, 0.7), (0.1, 3.0)]]
    starts = []
    for components, rise in product(parts, rises):
        theta = [np.log(x) for share, ratio in components for x in (height * share, lifetime * ratio)]
        theta += [np.log(0.8)] if model.stretched else []
        theta += [0.9, np.log(rise)] if model.rise else []
        starts.append(np.array([*theta, background]))
    return starts


def _look(decay: Decay) -> tuple[float, float, float, float]:
    """Background and peak in counts per bin, time of the peak and lifetime in s, roughly."""
    number = len(decay.counts)
    sizes = np.ones(number) if decay.sizes is None else decay.sizes
    counts = decay.counts / np.maximum(decay.exposure, 1e-6) / sizes
    late = decay.time > decay.time[-1] - _TAIL * (decay.time[-1] - decay.time[0])
    background = float(np.average(counts[late], weights=sizes[late]))
    if decay.dark is not None:
        background = decay.dark[0] / decay.dark[1]
    together = max(1, number // 50)
    smooth = np.convolve(counts - background, np.ones(together) / together, mode="same")
    top = int(smooth.argmax())
    height = max(float(smooth[top]), 1.0)
    below = np.flatnonzero(smooth[top:] < height / np.e)
    end = decay.time[top + below[0]] if len(below) else decay.time[-1]
    lifetime = max(float(end - decay.time[top]), decay.width)
    return max(background, 1e-3), height, float(decay.time[top] - decay.time[0]), lifetime
