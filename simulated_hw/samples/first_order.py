"""Emission of populations that decay exponentially, under a pump that is switched periodically."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from antistokes.simulated_hw.physics.arguments import checked

from .mechanism import Array


def periodic_emission(
    high: npt.ArrayLike,
    low: npt.ArrayLike,
    width: float,
    times: npt.ArrayLike,
    lifetimes: npt.ArrayLike,
    weights: npt.ArrayLike,
) -> Array:
    """Emission Σ wⱼ·Nⱼ/τⱼ, (n, k), of dNⱼ/dt = G(t) - Nⱼ/τⱼ in its periodic state, exactly.

    Its mean over a period is that of G times Σ wⱼ. Units are those of *high*: photons s⁻¹ cm⁻³.

    :param high, low: generation rates G (n,) until *width*, and from there to the end of the period
    :param width: s, at most the period
    :param times: (k,) from 0 to the period in s, the last one being the period
    :param lifetimes: τⱼ in s, (m,)
    :param weights: wⱼ, shares of the photons that come with each lifetime, (m,); they sum to 1, or less
    """
    t = checked("time", times, "s")
    tau = np.atleast_1d(checked("lifetime", lifetimes, "s", above=True))[:, None]
    share = np.atleast_1d(checked("weight", weights))
    period = t[-1]
    on = -np.expm1(-checked("pulse width", width, "s", high=period) / tau)
    off, both = (-np.expm1(-x / tau) for x in (period - width, period))
    lit = t <= width
    # response to a pump of 1 while on and 0 while off, every term positive
    after = np.exp(-np.maximum(t - width, 0.0) / tau) * on / both
    unit = share @ np.where(lit, 1 - np.exp(-np.where(lit, t, 0.0) / tau) * off / both, after)
    up, down = (np.asarray(rate, dtype=float)[:, None] for rate in (high, low))
    emission: Array = down * share.sum() + (up - down) * unit
    return emission
