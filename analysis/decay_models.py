"""How light decays after a pulse, as counters see it: in bins, periodically, through an instrument response.

Every shape is a sum of a·exp(−(t/τ)^β), for which the light still to come after a time is known exactly; the
counts of a bin are a difference of two of these. With a rise the light does not begin at once::

    I(t) = Σ aᵢ·exp(−(t/τᵢ)^β) − r·Σ aᵢ·exp(−t/τ_r)

r = 1 begins in the dark. Where a slow level feeds a fast one it is the feeding that shows as the decay: the
slower of the two times is called lifetime whatever it belongs to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from .bands import AnalysisError

Array = npt.NDArray[np.float64]

_PULSES = 8  # before this one, at most, whose stretched decay may still be seen
_GONE = 25.0  # (t/τ)^β after which none is
_GROUP = 0.03
_FLOOR = 1e-2  # counts
_NODES = (
    0.5 - 0.5 / np.sqrt(3),
    0.5 + 0.5 / np.sqrt(3),
)  # two-point Gauss rule, where in a bin a photon came
_BETA_STEP = 1e-4  # of ln β, whose slope has no simple form
_APART = 1e-9  # relative; times nearer than that are the same
_MOST_BETA, _LEAST_BETA, _MOST_RISE = 2.0, 0.2, 1.5


@dataclass(frozen=True, eq=False)
class Decay:
    """Counts after a pulse, and what is known of how they were counted.

    :param time: start of each bin, s after the pulse, (bins,), one bin behind the other
    :param counts: (bins,)
    :param live: share of the cycles in which each bin could count, (bins,); none: all of them
    :param period: s from pulse to pulse; infinite: one pulse only
    :param response: instrument response in the same bins, which then begin before the pulse; (bins,)
    :param dark: counts without light, and how many bins of the decay they are worth, where the background
        is to be known from them
    :param sizes: bins of the counter that make one of these, (bins,); none: one
    """

    time: Array
    counts: Array
    live: Array | None = None
    period: float = np.inf
    response: Array | None = None
    dark: tuple[float, float] | None = None
    sizes: Array | None = None

    def __post_init__(self) -> None:
        if len(self.counts) < 10 or len(self.time) != len(self.counts):
            raise AnalysisError(
                f"decay: {len(self.counts)} bins at {len(self.time)} times; must be as many, at least 10"
            )
        if not np.isfinite(self.counts).all() or self.counts.min() < 0 or not self.counts.sum() > 0:
            raise AnalysisError("decay: counts must be finite, not negative, and not all zero")

    @property
    def width(self) -> float:
        """Of a bin of the counter, s."""
        bins = len(self.time) - 1 if self.sizes is None else self.sizes[:-1].sum()
        return float((self.time[-1] - self.time[0]) / bins)

    def grouped(self) -> Decay:
        """The same with late bins put together, by 3 % of the time since the pulse: nothing is lost by that.

        As it is where a response has to be folded in.
        """
        if self.response is not None or self.sizes is not None:
            return self
        first = [0]
        while first[-1] < len(self.counts):
            first.append(first[-1] + max(1, int(_GROUP * first[-1])))
        start = np.array(first[:-1])
        sizes = np.diff(np.append(start, len(self.counts))).astype(float)
        return replace(
            self,
            time=self.time[start],
            counts=np.add.reduceat(self.counts, start),
            live=np.add.reduceat(self.exposure, start) / sizes,
            sizes=sizes,
        )

    @cached_property
    def exposure(self) -> Array:
        """:attr:`live` with ones where nothing is lost."""
        return np.ones(len(self.counts)) if self.live is None else self.live

    @property
    def data(self) -> Array:
        """What is fitted: counts, and those without light."""
        return self.counts if self.dark is None else np.append(self.counts, self.dark[0])


@dataclass(frozen=True)
class Model:
    """One shape of a decay.

    Its parameters are, in this order, ln of each amplitude (counts per bin when the pulse ends) and lifetime
    (s), ln β where it is stretched, r and ln of the rise time where it rises, and the background (counts per
    bin).
    """

    exponentials: int = 1
    stretched: bool = False
    rise: bool = False

    @property
    def name(self) -> str:
        kind = "stretched" if self.stretched else {1: "mono", 2: "bi"}.get(self.exponentials, "multi")
        return f"{kind}-exponential" + (" with rise" if self.rise else "")

    @property
    def parameters(self) -> int:
        return 2 * self.exponentials + self.stretched + 2 * self.rise + 1

    def amplitudes(self, theta: Array) -> Array:
        """Counts per bin, (exponentials,)."""
        return np.asarray(np.exp(theta[: 2 * self.exponentials : 2]))

    def lifetimes(self, theta: Array) -> Array:
        """s, (exponentials,)."""
        return np.asarray(np.exp(theta[1 : 2 * self.exponentials : 2]))

    def lifetime(self, theta: Array) -> float:
        """Time in which the light still to come falls to 1/e, s; the rise is not part of it.

        τ of one exponential. Of all that are in use this is the mean time on which models that describe the
        counts alike agree best: weak light at late times, that might be background as well, weighs little in
        it (unlike in ∫tI/∫I), and so does the begin (unlike in ∫I/I(0)).
        """
        from scipy.optimize import brentq
        from scipy.special import gammainccinv

        lifetimes, amplitudes, beta = self.lifetimes(theta), self.amplitudes(theta), self.beta(theta)
        times = lifetimes * gammainccinv(1 / beta, np.exp(-1)) ** (1 / beta)
        low, high = times.min() * (1 - _APART), times.max() * (1 + _APART)
        if high < low * (1 + 3 * _APART):
            return float(times[0])

        def to_come(time: float) -> float:
            at = np.array([time])
            parts = zip(amplitudes, lifetimes, strict=True)
            return float(sum(a * _to_come(at, tau, beta, np.inf)[0] for a, tau in parts))

        share = to_come(0.0) / np.e
        return float(brentq(lambda time: np.log(to_come(time) / share), low, high, xtol=1e-12 * low))

    def beta(self, theta: Array) -> float:
        return float(np.exp(theta[2 * self.exponentials])) if self.stretched else 1.0

    def rise_fraction(self, theta: Array) -> float:
        return float(theta[-3]) if self.rise else 0.0

    def rise_time(self, theta: Array) -> float:
        """s; NaN without a rise."""
        return float(np.exp(theta[-2])) if self.rise else np.nan

    def to_come(self, theta: Array, time: Array, period: float = np.inf) -> Array:
        """Integral of the light, without background, from *time* (s) on; of all of it for times before 0.

        With a finite *period* that of all earlier pulses is added, whose light goes on meanwhile.
        """
        result = np.zeros(len(time))
        beta = self.beta(theta)
        amplitudes = self.amplitudes(theta)
        for amplitude, lifetime in zip(amplitudes, self.lifetimes(theta), strict=True):
            result += amplitude * _to_come(time, lifetime, beta, period)
        if self.rise:
            result -= theta[-3] * amplitudes.sum() * _to_come(time, self.rise_time(theta), 1.0, period)
        return result

    def expected(self, theta: Array, decay: Decay) -> Array:
        """Expected :attr:`Decay.data`."""
        light = self._light if decay.response is None else self._smeared
        background = theta[-1]
        sizes = 1.0 if decay.sizes is None else decay.sizes
        expected = _positive(decay.exposure * (light(theta, decay) + background * sizes))
        return expected if decay.dark is None else np.append(expected, background * decay.dark[1])

    def slopes(self, theta: Array, decay: Decay) -> Array:
        """Derivatives of :meth:`expected` by the parameters, (data, parameters)."""
        light = self._light if decay.response is None else self._smeared
        columns = np.empty((len(theta), len(decay.counts)))
        columns[:-1] = self._through(decay, partial(self._slopes_to_come, theta, period=decay.period))
        columns[-1] = 1.0 if decay.sizes is None else decay.sizes
        seen = decay.exposure * (light(theta, decay) + theta[-1] * columns[-1])
        columns *= decay.exposure * (1 + seen / np.hypot(seen, _FLOOR)) / 2
        if decay.dark is None:
            return columns.T
        return np.vstack([columns.T, np.append(np.zeros(len(theta) - 1), decay.dark[1])])

    def _slopes_to_come(self, theta: Array, time: Array, period: float) -> Array:
        """Derivatives of :meth:`to_come` by all parameters but the background, (parameters - 1, times)."""
        rows = []
        beta, amplitudes, fraction = self.beta(theta), self.amplitudes(theta), self.rise_fraction(theta)
        risen = np.zeros(len(time))
        if self.rise:
            risen, slower = _to_come_and_slope(time, self.rise_time(theta), 1.0, period)
        for amplitude, lifetime in zip(amplitudes, self.lifetimes(theta), strict=True):
            light, longer = _to_come_and_slope(time, lifetime, beta, period)
            rows += [amplitude * (light - fraction * risen), amplitude * longer]
        if self.stretched:
            step = np.zeros(len(theta))
            step[2 * self.exponentials] = _BETA_STEP
            between = self.to_come(theta + step, time, period) - self.to_come(theta - step, time, period)
            rows.append(between / (2 * _BETA_STEP))
        if self.rise:
            rows += [-amplitudes.sum() * risen, -fraction * amplitudes.sum() * slower]
        return np.array(rows)

    def bounds(self, decay: Decay) -> tuple[Array, Array]:
        """Lowest and highest parameters that can be told from the counts."""
        top, span = np.log(decay.counts.max() + 1), float(decay.time[-1] - decay.time[0])
        times = np.log(decay.width / 20), np.log(100 * span)
        low, high = [top - 25, times[0]] * self.exponentials, [top + 12, times[1]] * self.exponentials
        if self.stretched:
            low, high = [*low, np.log(_LEAST_BETA)], [*high, np.log(_MOST_BETA)]
        if self.rise:
            low, high = [*low, 0.0, times[0]], [*high, _MOST_RISE, times[1]]
        return np.array([*low, 0.0]), np.array([*high, 2 * decay.counts.max() + 1])

    def _light(self, theta: Array, decay: Decay) -> Array:
        return self._through(decay, partial(self.to_come, theta, period=decay.period))

    def _smeared(self, theta: Array, decay: Decay) -> Array:
        return np.maximum(self._light(theta, decay), 0.0)  # rounding of the transform

    @staticmethod
    def _through(decay: Decay, to_come: Callable[[Array], Array]) -> Array:
        """Counts (…, bins) of light that is *to_come* (…, times), through the response where there is one.

        Light and response are taken as even inside a bin.
        """
        if decay.response is None:
            edges = np.append(decay.time, decay.time[-1])
            edges[-1] += decay.width * (1.0 if decay.sizes is None else decay.sizes[-1])
            return -np.diff(to_come(edges)) / decay.width
        from scipy.signal import fftconvolve

        number = len(decay.counts)
        shifts = np.arange(1 - number, number + 1) * decay.width
        kernel = np.mean([-np.diff(to_come(shifts - node * decay.width)) for node in _NODES], axis=0)
        response = decay.response.reshape((1,) * (kernel.ndim - 1) + (-1,))
        smeared: Array = fftconvolve(kernel / decay.width, response, mode="valid", axes=-1)
        return smeared


def _positive(expected: Array) -> Array:
    """The same, but above 0 where a rise has taken too much, with a slope that leads out of there."""
    return np.asarray((expected + np.hypot(expected, _FLOOR)) / 2)


def _to_come(time: Array, lifetime: float, beta: float, period: float) -> Array:
    """∫ exp(−(t/τ)^β) dt from *time* on, exact in the far tail too, and the same of all earlier pulses."""
    from scipy.special import gamma, gammaincc

    late = np.maximum(time, 0.0)
    if beta == 1.0:
        light = lifetime * np.exp(-late / lifetime)
        if np.isfinite(period):
            light += lifetime * np.exp(-(time + period) / lifetime) / -np.expm1(-period / lifetime)
        return np.asarray(light)
    order = 1 / beta
    since = [late]
    if np.isfinite(period):
        numbers = range(1, _earlier(lifetime, beta, period) + 1)
        since += [np.maximum(time + number * period, 0.0) for number in numbers]
    to_come = gammaincc(order, (np.stack(since) / lifetime) ** beta).sum(axis=0)
    return np.asarray(lifetime * order * gamma(order) * to_come)


def _to_come_and_slope(time: Array, lifetime: float, beta: float, period: float) -> tuple[Array, Array]:
    """:func:`_to_come`, and its derivative by ln of the lifetime.

    As it is homogeneous in all times, that is itself and Σ t·exp(−(t/τ)^β) over this pulse and the earlier.
    """
    light = _to_come(time, lifetime, beta, period)
    late = np.maximum(time, 0.0) / lifetime
    slope = light + lifetime * late * np.exp(-(late**beta))
    if not np.isfinite(period):
        return light, slope
    if beta == 1.0:
        gone, since = period / lifetime, (time + period) / lifetime
        left = -np.expm1(-gone)
        return light, slope + lifetime * np.exp(-since) / left * (since + gone * np.exp(-gone) / left)
    for number in range(1, _earlier(lifetime, beta, period) + 1):
        since = np.maximum(time + number * period, 0.0) / lifetime
        slope += lifetime * since * np.exp(-(since**beta))
    return light, slope


def _earlier(lifetime: float, beta: float, period: float) -> int:
    """Pulses before this one whose stretched decay is still seen."""
    return min(_PULSES, int(np.ceil(lifetime / period * _GONE ** (1 / beta))))


#: from the simplest to the richest
MODELS = (
    Model(),
    Model(stretched=True),
    Model(exponentials=2),
    Model(rise=True),
    Model(stretched=True, rise=True),
    Model(exponentials=2, rise=True),
)
