"""Time evolution of populations under a constant pump."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.integrate import ODEintWarning, odeint

from .convergence import ConvergenceError
from .network import Network
from .processes import Array

_EVALUATIONS = 200_000  # of the rates; what can be integrated takes some thousands


def evolved(
    network: Network, start: Array, seconds: Array, irradiance: float, rtol: float, atol: Array
) -> Array:
    """Populations (n, m) at increasing *seconds* (n,) from 0, when they are *start* (m,).

    Integrated by LSODA (Petzold, SIAM J. Sci. Stat. Comput. 4, 136 (1983)) with the exact jacobian.

    :param irradiance: in W/cm²
    :param rtol, atol: error allowed in a step, relative to a population and absolute (m,)
    :raises ConvergenceError: when the integration fails
    """
    rates = _Rates(network, irradiance, start)
    try:
        with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", ODEintWarning)
            result: Array = odeint(
                rates,
                start,
                seconds,
                Dfun=rates.jacobian,
                tfirst=True,
                rtol=rtol,
                atol=atol,
                mxstep=_EVALUATIONS,
            )
    except (FloatingPointError, ODEintWarning) as error:
        raise ConvergenceError(
            "no time evolution found", irradiance, network.levels[rates.fastest(atol)]
        ) from error
    return result


class _Rates:
    """dy/dt as a quadratic form of the m populations and 1, and what three ions do together on top.

    A total that rounding changed is restored (Baumgarte, Comput. Methods Appl. Mech. Eng. 1, 1 (1972)): the
    ground level gains what is missing times a rate, which is zero as long as nothing is.

    Called some thousand times per evolution, each a few µs.
    """

    def __init__(self, network: Network, irradiance: float, start: Array) -> None:
        m, constants = len(start), network.constants(irradiance)
        change = network.change * constants
        pairs = (network.reactants[2:] == m).all(axis=0)
        first, second = network.reactants[:2, pairs]
        form = np.zeros((m, m + 1, m + 1))
        for a, b in ((first, second), (second, first)):
            np.add.at(form.transpose(1, 2, 0), (a, b), change[:, pairs].T / 2)
        single = pairs & (network.reactants[1] == m)
        restoring = np.median(constants[single]) if single.any() else 0.0  # does not make them stiffer
        form[network.ground_rows, :m, m] -= restoring * network.members
        form[network.ground_rows, m, m] += restoring * (network.members @ start)
        self._form = form.reshape(-1, m + 1)
        self._gradient = (form + form.swapaxes(1, 2))[:, :m].reshape(-1, m + 1)
        self._triples = network.reactants[:, ~pairs]
        self._change = change[:, ~pairs]
        self._derivatives = (network.derivatives * constants[:, None])[:, ~pairs]
        self._others = network.others
        self._padded = np.append(start, 1.0)
        self._inner = np.empty((m, m + 1))
        self._left = _EVALUATIONS

    def __call__(self, _: float, y: Array) -> Array:
        self._left -= 1
        if not self._left:
            raise FloatingPointError("too many steps")
        padded = self._padded
        padded[:-1] = y
        np.dot(self._form, padded, self._inner.reshape(-1))
        result: Array = self._inner.dot(padded)
        if self._triples.size:
            result += self._change @ padded.take(self._triples).prod(axis=0)
        return result

    def jacobian(self, _: float, y: Array) -> Array:
        self._padded[:-1] = y
        flat = self._gradient @ self._padded
        if self._triples.size:
            factors = self._padded.take(self._triples)
            for others, derivative in zip(self._others, self._derivatives, strict=True):
                flat += factors[others].prod(axis=0) @ derivative
        return flat.reshape(len(y), len(y))

    def fastest(self, sizes: Array) -> int:
        """The level that changed most for its size when the rates were asked for last."""
        y = self._padded[:-1].copy()
        self._left = 0  # no longer counted
        with np.errstate(all="ignore"):
            speed = np.abs(self(0.0, y)) / np.maximum(np.abs(y), sizes)
        return int(np.where(np.isnan(speed), np.inf, speed).argmax())
